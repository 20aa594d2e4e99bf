//! Totals: of counters, exact, without reading what is counted.

use super::*;
use crate::registry::testing::{Call, audit_records};
use crate::registry::{Error, PageRequest, Search};
use latchkey_store::Write;

const APPLICATIONS: EntityKind = EntityKind::Applications;
const CONTRACTS: EntityKind = EntityKind::ApplicationInstances;

/// Takes the counters away, as if a program from before had written everything.
async fn without_counters(store: &TestStore) {
    let is_counter = |key: &&RecordKey| key.partition.starts_with("count/") || key.sort == "counted";
    let counters: Vec<RecordKey> = store.records().keys().filter(is_counter).cloned().collect();
    for keys in counters.chunks(50) {
        let writes = keys.iter().cloned().map(Write::Delete).collect();
        store.inner.commit(Batch { checks: vec![], writes }).await.unwrap();
    }
}

async fn total(registry: &TestRegistry<'_>, kind: EntityKind, scope: &[Step<'_>]) -> usize {
    registry.count(kind, scope, None).await.unwrap()
}

#[tokio::test]
async fn totals_are_those_of_the_lists() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[3, 1, 1, 1]).await;
    make(&registry, EntityKind::Developers, json!({"email": "c@d"})).await;
    let service = [step(EntityKind::Services, "s")];
    let developer = [step(EntityKind::Developers, "a@b")];
    let first = registry.list(APPLICATIONS, &developer, PageRequest::default()).await.unwrap();
    let first = id(&first.data[0]);
    let application = [step(APPLICATIONS, &first)];
    assert_eq!(total(&registry, EntityKind::Developers, &[]).await, 2);
    assert_eq!(total(&registry, APPLICATIONS, &[]).await, 4);
    assert_eq!(total(&registry, APPLICATIONS, &developer).await, 4);
    assert_eq!(total(&registry, APPLICATIONS, &[step(EntityKind::Developers, "c@d")]).await, 0);
    assert_eq!(total(&registry, CONTRACTS, &service).await, 4);
    assert_eq!(total(&registry, CONTRACTS, &application).await, 1);
    registry.delete(&application).await.unwrap();
    assert_eq!(total(&registry, APPLICATIONS, &[]).await, 3);
    assert_eq!(total(&registry, APPLICATIONS, &developer).await, 3);
    assert_eq!(total(&registry, CONTRACTS, &service).await, 3);
    registry.delete(&developer).await.unwrap();
    assert_eq!(total(&registry, APPLICATIONS, &[]).await, 0);
    assert_eq!(total(&registry, EntityKind::Developers, &[]).await, 1);
    assert_eq!(total(&registry, CONTRACTS, &service).await, 0);
}

/// However many there are, a list reads its page, one more, and counters.
#[tokio::test]
async fn no_list_counts_by_reading() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let few = 12;
    with_applications(&registry, &vec![1; 60]).await;
    let (developer, service) = ([step(EntityKind::Developers, "a@b")], [step(EntityKind::Services, "s")]);
    for (kind, scope, all) in [
        (EntityKind::Developers, &[][..], 1),
        (APPLICATIONS, &[][..], 60),
        (APPLICATIONS, &developer[..], 60),
        (CONTRACTS, &service[..], 60),
    ] {
        let page = PageRequest::parse(Some("12"), None, None).unwrap();
        store.scanned.store(0, Ordering::Relaxed);
        registry.list(kind, scope, page).await.unwrap();
        assert!(store.scanned.swap(0, Ordering::Relaxed) <= few + 1);
        assert_eq!(total(&registry, kind, scope).await, all);
        let read = store.scanned.load(Ordering::Relaxed);
        assert!(read <= 16, "{read} records are read to count {kind:?} below {scope:?}");
    }
}

/// What there was before is counted while others change it, through crashes.
#[tokio::test]
async fn entities_from_before_are_counted_while_they_change() {
    for seed in 0..24 {
        let store = TestStore::default();
        let registry = open(&store, seed).await;
        with_applications(&registry, &[1; 90]).await;
        let random = SeededRandom::new(seed);
        for _ in 0..60 {
            let _ = Call::any(&random).run(&registry).await;
        }
        let known = store.dump().await;
        without_counters(&store).await;
        let (a, b) = (open(&store, seed + 500).await, open(&store, seed + 900).await);
        let everything = total(&a, APPLICATIONS, &[]).await;
        assert_eq!(everything, total(&b, APPLICATIONS, &[]).await, "it is read meanwhile");
        store.die_in(2, seed % 2 == 0);
        assert!(a.resume_jobs().await.is_err(), "it is done in several commits");
        store.revive();
        let change = async || {
            for _ in 0..12 {
                let outcome = Call::any(&random).run(&b).await;
                let broken = matches!(&outcome, Err(Error::Store(_) | Error::Busy));
                assert!(!broken, "seed {seed}: {outcome:?}");
            }
        };
        if seed % 4 > 0 {
            let (counted, ()) = tokio::join!(a.resume_jobs(), change());
            counted.unwrap();
            audit_records(&store.records());
        } else {
            a.resume_jobs().await.unwrap();
            assert_eq!(store.dump().await, known);
        }
        let listed = store.records().keys().filter(|key| key.partition == "entity/applications").count();
        assert_eq!(total(&a, APPLICATIONS, &[]).await, listed);
        assert_eq!(total(&b, APPLICATIONS, &[]).await, listed);
    }
}

/// What is being deleted is in no list, and in no count of one.
#[tokio::test]
async fn what_is_being_deleted_is_not_counted() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[3; 40]).await;
    let counted = async |kind| registry.count_found(&[], None, &Search::all(kind)).await.unwrap();
    assert_eq!(counted(CONTRACTS).await, Some(40));
    store.die_in(2, true);
    assert!(registry.delete(&[step(EntityKind::Developers, "a@b")]).await.is_err());
    store.revive();
    for kind in [EntityKind::Developers, APPLICATIONS, CONTRACTS] {
        let listed = registry.list(kind, &[], PageRequest::first(1000)).await.unwrap().data.len();
        assert_eq!(counted(kind).await, Some(listed), "{}", kind.name());
    }
    assert_eq!(counted(EntityKind::Developers).await, Some(0), "its record is there still");
    let key = EntityKind::Developers.name();
    assert!(store.records().keys().any(|record| record.partition.ends_with(key)));
}
