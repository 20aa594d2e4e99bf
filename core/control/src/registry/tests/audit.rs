//! Random changes with faults, and an audit of what they leave: every index, copy, grant and piece
//! of configuration follows from the entities.

use super::*;
use crate::ports::Clock;
use crate::registry::Error;
use crate::registry::testing::{Call, Verb, assert_trail, audit, audit_records};
use latchkey_published::key_sha256::{ImportedDigests, KeySha256};

#[tokio::test]
async fn random_changes_leave_a_consistent_store() {
    let (mut done, mut rotated) = (0, 0);
    for seed in 0..12 {
        let store = TestStore::default();
        let registry = open(&store, 1000 + seed).await;
        let random = SeededRandom::new(seed);
        for number in 0..150 {
            match random.next() % 6 {
                0 => store.reply_lost_at.store(store.commits.load(Ordering::Relaxed) + 1, Ordering::Relaxed),
                1 => store.die_in(1 + (random.next() % 2) as i64, random.next().is_multiple_of(2)),
                _ => {}
            }
            let call = Call::any(&random);
            let outcome = call.run(&registry).await;
            done += usize::from(outcome.is_ok());
            rotated += usize::from(outcome.is_ok() && call.verb == Verb::Rotate);
            registry.clock().advance(random.next() % 300);
            let broken = matches!(&outcome, Err(Error::Store(StoreError::Failed(_)) | Error::Busy));
            assert!(!broken, "seed {seed}, step {number}: {outcome:?}");
            store.revive();
            registry.resume_jobs().await.unwrap();
            if number % 10 == 9 {
                audit(&store.records()).await;
                audit_keys(&store, &registry).await;
                assert_trail(&store.records());
            }
        }
    }
    assert!(done > 500 && rotated > 20, "only {done} changes were made, {rotated} of them rotations");
}

/// Every key that is given in these histories is good where a gateway looks for it, for the one
/// credential that shows it or whose key it was before a rotation, and for no other.
async fn audit_keys(store: &TestStore, registry: &TestRegistry<'_>) {
    let listed = registry.list(EntityKind::KeyauthCredentials, &[], Default::default()).await.unwrap().data;
    let now_ms = registry.clock().unix_ms();
    let mut shown = 0;
    for number in 1..=5 {
        let key = format!("k{number}");
        let sha256 = KeySha256::of(key.as_bytes());
        let mut grants = Vec::new();
        for pepper in [peppers().current, peppers().previous.unwrap()] {
            for place in [pepper.digest(key.as_bytes()), ImportedDigests::new(&pepper).digest(&sha256)] {
                let record = store.inner.get(&Grant::record_key(&place)).await.unwrap();
                grants.extend(record.map(|record| Grant::decode(&record.value).unwrap()));
            }
        }
        grants.retain(|grant| grant.oauth2.is_none());
        grants.retain(|grant| grant.expires_at_ms.is_none_or(|end_ms| end_ms > now_ms));
        assert!(grants.len() <= 1, "{key}: {grants:?}");
        let own: Vec<&Object> = listed.iter().filter(|shown| shown["key"] == sha256.to_text()).collect();
        shown += own.len();
        for credential in &own {
            assert_eq!(
                grants.iter().map(|grant| grant.credential_id).collect::<Vec<_>>(),
                [uuid(credential)]
            );
        }
        for grant in grants.iter().filter(|_| own.is_empty()) {
            let rotated = listed.iter().find(|shown| uuid(shown) == grant.credential_id).unwrap();
            let end_ms = grant.expires_at_ms.unwrap();
            assert_eq!(rotated["previous_key_ends_at"], end_ms / 1000, "{key}");
            // Nobody else can have it meanwhile.
            for form in [key.clone(), sha256.to_text()] {
                let taken = json!({"consumer": rotated["consumer"], "key": form});
                let refused = registry.create(EntityKind::KeyauthCredentials, &[], &object(taken)).await;
                assert!(matches!(refused, Err(Error::NotUnique(_))), "{key}: {refused:?}");
            }
        }
    }
    let made = listed.iter().filter(|shown| shown["key_start"].as_str().unwrap().starts_with("lk_"));
    assert_eq!(shown + made.count(), listed.len(), "all show their keys");
}

/// Three at a time, each deciding on what the others are about to change; also when publications
/// do not wait for each other.
#[tokio::test]
async fn concurrent_random_changes_leave_a_consistent_store() {
    let mut done = 0;
    for seed in 100..124 {
        let store = TestStore::default();
        store.ignores_head.store(seed % 2 == 0, Ordering::Relaxed);
        let (a, b, c) =
            (open(&store, seed).await, open(&store, seed + 500).await, open(&store, seed + 900).await);
        let random = SeededRandom::new(seed);
        for number in 0..80 {
            let calls: [Call; 3] = std::array::from_fn(|_| Call::any(&random));
            let outcomes = tokio::join!(calls[0].run(&a), calls[1].run(&b), calls[2].run(&c));
            for outcome in [outcomes.0, outcomes.1, outcomes.2] {
                done += usize::from(outcome.is_ok());
                let broken = matches!(&outcome, Err(Error::Store(_) | Error::Busy));
                assert!(!broken, "seed {seed}, step {number}: {outcome:?}");
            }
            if number % 5 == 4 {
                assert_trail(&store.records());
            }
            if number % 5 == 4 && seed % 2 == 0 {
                audit_records(&store.records());
            } else if number % 5 == 4 {
                audit(&store.records()).await;
            }
        }
    }
    assert!(done > 500, "only {done} changes were made");
}
