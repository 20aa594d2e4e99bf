//! Keys and secrets are stored as digests only, and move from one pepper to the next.

use latchkey_published::rehash::{self, Rehash};
use latchkey_store::rehash::ask_for_rehash;
use latchkey_store::{Batch, RecordKey, Write};

use super::*;

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a token to look for")]
async fn nothing_given_or_made_is_stored_in_clear() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[1]).await;
    with_keys(&registry, 0).await;
    let bob = [step(EntityKind::Consumers, "bob")];
    let mut secrets = vec![
        "canary-key".to_owned(),
        "canary-two".to_owned(),
        "canary-id".to_owned(),
        "canary-secret".to_owned(),
    ];
    let given = object(json!({"key": "canary-key"}));
    let given = registry.create(EntityKind::KeyauthCredentials, &bob, &given).await.unwrap();
    patch(&registry, EntityKind::KeyauthCredentials, &id(&given), json!({"key": "canary-two"})).await;
    let made = registry.create(EntityKind::KeyauthCredentials, &bob, &Object::new()).await.unwrap();
    secrets.push(made["key"].as_str().unwrap().to_owned());
    let developer = registry.read(&[step(EntityKind::Developers, "a@b")]).await.unwrap();
    let application =
        json!({"name": "x", "redirect_uri": "https://e.test", "developer": {"id": id(&developer)}});
    let application = make(&registry, EntityKind::Applications, application).await;
    for name in ["client_id", "client_secret"] {
        secrets.push(application["credential"][name].as_str().unwrap().to_owned());
    }
    let credential = json!({"application": {"id": id(&application)},
        "client_id": "canary-id", "client_secret": "canary-secret-of-32-characters-at-least"});
    make(&registry, EntityKind::Oauth2Credentials, credential).await;
    let (_, token) = registry.make_named_token(&object(json!({"name": "ci"})), None).await.unwrap();
    secrets.push(token.reveal().to_owned());
    let records = store.records();
    assert!(records.keys().any(|key| key.partition == crate::audit::PARTITION));
    for (key, value) in records {
        for secret in &secrets {
            let text = format!("{key:?} {}", String::from_utf8_lossy(&value));
            assert!(!text.contains(secret.as_str()), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn key_moves_to_the_pepper_in_use() {
    let store = TestStore::default();
    let old_peppers = Peppers { current: Pepper::new(b"before"), previous: None };
    let clock = ManualClock::at(START_MS);
    let before = Registry::open(&store, clock, SeededRandom::new(1), old_peppers.clone()).await.unwrap();
    let bob = before.create(EntityKind::Consumers, &[], &object(json!({"username": "bob"}))).await.unwrap();
    let scope = [step(EntityKind::Consumers, "bob")];
    before.create(EntityKind::KeyauthCredentials, &scope, &object(json!({"key": "k"}))).await.unwrap();

    let registry = open(&store, 2).await;
    let path = [step(EntityKind::KeyauthCredentials, "k")];
    let found = registry.read(&path).await.unwrap();
    let taken = registry.create(EntityKind::KeyauthCredentials, &scope, &object(json!({"key": "k"}))).await;
    assert!(matches!(taken, Err(crate::registry::Error::NotUnique(_))), "also under the previous pepper");

    let (old, new) = (old_peppers.current.digest(b"k"), digest("k"));
    for _ in 0..2 {
        registry.rehash(old, new, peppers().current.id()).await.unwrap();
        assert_eq!(registry.read(&path).await.as_ref(), Ok(&found));
        let grants = store.grants().await;
        assert_eq!(grants.len(), 1);
        let moved = grant(&store, "k").await.unwrap();
        assert_eq!(
            (moved.digest, moved.pepper_id, moved.consumer.id),
            (new, peppers().current.id(), uuid(&bob))
        );
    }
    registry.delete(&path).await.unwrap();
    registry.rehash(old, new, peppers().current.id()).await.unwrap();
    assert!(store.grants().await.is_empty());
}

#[tokio::test]
async fn moves_that_gateways_ask_for_are_carried_out_once() {
    let store = TestStore::default();
    let old_peppers = Peppers { current: Pepper::new(b"before"), previous: None };
    let clock = ManualClock::at(START_MS);
    let before = Registry::open(&store, clock, SeededRandom::new(1), old_peppers.clone()).await.unwrap();
    before.create(EntityKind::Consumers, &[], &object(json!({"username": "bob"}))).await.unwrap();
    let scope = [step(EntityKind::Consumers, "bob")];
    for key in ["k", "other", "third"] {
        before.create(EntityKind::KeyauthCredentials, &scope, &object(json!({"key": key}))).await.unwrap();
    }

    let registry = open(&store, 2).await;
    let old = |key: &str| old_peppers.current.digest(key.as_bytes());
    let asked = |key: &str, pepper_id| Rehash { old: old(key), new: digest(key), pepper_id };
    let current = peppers().current.id();
    for request in [asked("k", current), asked("other", old_peppers.current.id()), asked("unknown", current)]
    {
        ask_for_rehash(&&store, &request).await.unwrap();
    }
    // What is not stored where its own digest says, or does not read, is not believed.
    let misplaced = RecordKey::new(rehash::PARTITION, "misplaced");
    let odd = RecordKey::new(rehash::PARTITION, "odd");
    let writes =
        vec![Write::Put(misplaced, asked("third", current).encode()), Write::Put(odd, b"{}".to_vec())];
    store.inner.commit(Batch { checks: vec![], writes }).await.unwrap();

    registry.carry_out_rehashes(3).await.unwrap();
    assert_eq!(requests(&store).await, 2, "no more at once than was said");
    registry.carry_out_rehashes(3).await.unwrap();
    assert_eq!(requests(&store).await, 0);
    assert_eq!(grant(&store, "k").await.unwrap().pepper_id, current);
    let mut digests: Vec<_> = store.grants().await.into_values().map(|grant| grant.digest.to_hex()).collect();
    digests.sort_unstable();
    let mut expected = [digest("k"), old("other"), old("third")].map(|digest| digest.to_hex());
    expected.sort_unstable();
    assert_eq!(digests, expected);
}

async fn requests(store: &TestStore) -> usize {
    store.inner.scan(rehash::PARTITION, "", None, 100).await.unwrap().records.len()
}
