//! Keys and secrets are stored as digests only, and move from one pepper to the next.

use latchkey_published::grant::ClientSecret;
use latchkey_published::rehash::{self, MovedSecret, Rehash};
use latchkey_store::rehash::ask_for_rehash;
use latchkey_store::{Batch, RecordKey, Write};

use super::*;
use crate::registry::ClientSeen;

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

/// Of an OAuth2 client, long enough to be chosen.
const SECRET: &str = "a-secret-of-32-characters-at-least";

/// A registry whose pepper is the previous one to [`open`]'s, that pepper, and the consumer `bob` in it.
async fn under_the_pepper_before(store: &TestStore) -> (TestRegistry<'_>, Peppers, Object) {
    let peppers = Peppers { current: Pepper::new(b"before"), previous: None };
    let clock = ManualClock::at(START_MS);
    let before = Registry::open(store, clock, SeededRandom::new(1), peppers.clone()).await.unwrap();
    let bob = before.create(EntityKind::Consumers, &[], &object(json!({"username": "bob"}))).await.unwrap();
    (before, peppers, bob)
}

/// What gateways know of the secret of the client at a place.
async fn secret_at(store: &TestStore, place: KeyDigest) -> Option<ClientSecret> {
    let record = store.inner.get(&Grant::record_key(&place)).await.unwrap()?;
    Grant::decode(&record.value).unwrap().oauth2?.secret
}

#[tokio::test]
async fn key_moves_to_the_pepper_in_use() {
    let store = TestStore::default();
    let (before, old_peppers, bob) = under_the_pepper_before(&store).await;
    let scope = [step(EntityKind::Consumers, "bob")];
    before.create(EntityKind::KeyauthCredentials, &scope, &object(json!({"key": "k"}))).await.unwrap();

    let registry = open(&store, 2).await;
    let path = [step(EntityKind::KeyauthCredentials, "k")];
    let found = registry.read(&path).await.unwrap();
    let taken = registry.create(EntityKind::KeyauthCredentials, &scope, &object(json!({"key": "k"}))).await;
    assert!(matches!(taken, Err(crate::registry::Error::NotUnique(_))), "also under the previous pepper");

    let (old, new) = (old_peppers.current.digest(b"k"), digest("k"));
    for _ in 0..2 {
        registry.rehash(moved(old, new)).await.unwrap();
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
    registry.rehash(moved(old, new)).await.unwrap();
    assert!(store.grants().await.is_empty());
}

/// The client `shop-id`, made under the pepper before, with another id in its grace: what the registry holds
/// of their secrets.
#[tokio::test]
async fn a_client_secret_moves_to_the_pepper_in_use() {
    let store = TestStore::default();
    let (before, old_peppers, _) = under_the_pepper_before(&store).await;
    let client = object(json!({"name": "shop", "client_id": "shop-id", "client_secret": SECRET}));
    let clients = EntityKind::Oauth2Credentials;
    before.create(clients, &[step(EntityKind::Consumers, "bob")], &client).await.unwrap();
    let rotation = object(json!({"grace_seconds": 60}));
    let rotated = before.rotate(&[step(clients, "shop-id")], &rotation).await.unwrap();
    let text = |name: &str| rotated[name].as_str().unwrap().to_owned();
    let (new_id, new_secret) = (text("client_id"), text("client_secret"));

    let registry = open(&store, 2).await;
    let old = |text: &str| old_peppers.current.digest(text.as_bytes());
    let current = peppers().current.id();
    for (client_id, secret) in [("shop-id", SECRET), (&new_id, &new_secret)] {
        let place = old(client_id);
        let of_secret = |old| Some(MovedSecret { old, new: digest(secret) });
        // Not that secret, and not that key's.
        for (key, other) in [(place, old("another")), (old("another"), old(secret))] {
            registry.rehash(Rehash { secret: of_secret(other), ..moved(key, key) }).await.unwrap();
        }
        assert_eq!(secret_at(&store, place).await.unwrap().digest, old(secret));
        let alone = Rehash { secret: of_secret(old(secret)), ..moved(place, place) };
        for _ in 0..2 {
            registry.rehash(alone).await.unwrap();
            let kept = secret_at(&store, place).await.unwrap();
            assert_eq!((kept.digest, kept.pepper_id), (digest(secret), current), "{client_id}");
        }
        registry.rehash(moved(place, digest(client_id))).await.unwrap();
        assert_eq!(secret_at(&store, digest(client_id)).await.unwrap().digest, digest(secret));
        assert_eq!(secret_at(&store, place).await, None);
    }
    testing::audit(&store.records()).await;
    // Nothing under the pepper before is needed any more.
    let after = Peppers { current: peppers().current, previous: None };
    let after = Registry::open(&store, ManualClock::at(START_MS), SeededRandom::new(3), after).await.unwrap();
    for (client_id, secret) in [("shop-id", SECRET), (&new_id, &new_secret)] {
        let seen = after.authenticate_client(client_id, secret).await.unwrap();
        assert!(matches!(seen, ClientSeen::Authenticated(_)), "{seen:?}");
    }
}

/// Both at once, as a gateway asks for it that has found both under the pepper before; and where the secret is
/// shown at the control door.
#[tokio::test]
async fn a_client_secret_moves_with_the_key_and_when_it_is_shown_here() {
    let store = TestStore::default();
    let (before, old_peppers, _) = under_the_pepper_before(&store).await;
    for client_id in ["one", "two"] {
        let client = object(json!({"name": "shop", "client_id": client_id, "client_secret": SECRET}));
        let scope = [step(EntityKind::Consumers, "bob")];
        before.create(EntityKind::Oauth2Credentials, &scope, &client).await.unwrap();
    }
    let registry = open(&store, 2).await;
    let old = |text: &str| old_peppers.current.digest(text.as_bytes());
    let secret = Some(MovedSecret { old: old(SECRET), new: digest(SECRET) });
    let both = Rehash { secret, ..moved(old("one"), digest("one")) };
    ask_for_rehash(&&store, &both).await.unwrap();
    registry.carry_out_rehashes(1).await.unwrap();
    let one = grant(&store, "one").await.unwrap();
    assert_eq!(one.oauth2.unwrap().secret.unwrap().digest, digest(SECRET));
    let seen = registry.authenticate_client("two", "another secret").await.unwrap();
    assert!(matches!(seen, ClientSeen::WrongSecret(_)), "{seen:?}");
    let kept = async || secret_at(&store, old("two")).await.unwrap().digest;
    assert_eq!(kept().await, old(SECRET));
    let seen = registry.authenticate_client("two", SECRET).await.unwrap();
    assert!(matches!(seen, ClientSeen::Authenticated(_)), "{seen:?}");
    assert_eq!(kept().await, digest(SECRET));
    testing::audit(&store.records()).await;
}

#[tokio::test]
async fn moves_that_gateways_ask_for_are_carried_out_once() {
    let store = TestStore::default();
    let (before, old_peppers, _) = under_the_pepper_before(&store).await;
    let scope = [step(EntityKind::Consumers, "bob")];
    for key in ["k", "other", "third"] {
        before.create(EntityKind::KeyauthCredentials, &scope, &object(json!({"key": key}))).await.unwrap();
    }

    let registry = open(&store, 2).await;
    let old = |key: &str| old_peppers.current.digest(key.as_bytes());
    let asked = |key: &str, pepper_id| Rehash { old: old(key), new: digest(key), pepper_id, secret: None };
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
