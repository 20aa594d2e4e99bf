//! What is suspended, ends, or is kept by whoever does not know of it.

use super::*;
use crate::registry::Error;
use crate::registry::testing::audit;

const KEYS: EntityKind = EntityKind::KeyauthCredentials;
const CLIENT_IDS: EntityKind = EntityKind::Oauth2Credentials;

async fn first(registry: &TestRegistry<'_>, kind: EntityKind) -> String {
    let listed = match kind {
        CLIENT_IDS => client_ids(registry).await,
        _ => registry.list(kind, &[], Default::default()).await.unwrap().data,
    };
    id(&listed[0])
}

/// Every level suspends the keys below it, those in their grace too, and resumes them.
#[tokio::test]
async fn every_level_suspends_and_resumes() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_keys(&registry, 2).await;
    with_applications(&registry, &[2]).await;
    let (key, client_id) = (first(&registry, KEYS).await, first(&registry, CLIENT_IDS).await);
    let grace = object(json!({"grace_seconds": 60}));
    registry.rotate(&[step(KEYS, &key)], &grace).await.unwrap();
    registry.rotate(&[step(CLIENT_IDS, &client_id)], &grace).await.unwrap();
    let application = first(&registry, EntityKind::Applications).await;
    assert_eq!(store.grants().await.len(), 6);
    for (kind, name, field, suspended) in [
        (EntityKind::Consumers, "bob", "enabled", 3),
        (KEYS, &key, "enabled", 2),
        (EntityKind::Developers, "a@b", "applications_enabled", 3),
        (EntityKind::Applications, &application, "enabled", 3),
        (CLIENT_IDS, &client_id, "enabled", 2),
    ] {
        for enabled in [false, false, true] {
            let changed = patch(&registry, kind, name, json!({field: enabled})).await;
            assert_eq!(changed[field], enabled);
            let disabled = store.grants().await.values().filter(|grant| !grant.enabled).count();
            assert_eq!(disabled, if enabled { 0 } else { suspended }, "{kind:?}");
            audit(&store.records()).await;
        }
    }
    // A key that is made meanwhile is suspended as well.
    patch(&registry, EntityKind::Consumers, "bob", json!({"enabled": false})).await;
    let bob = [step(EntityKind::Consumers, "bob")];
    registry.create(KEYS, &bob, &object(json!({"key": "new"}))).await.unwrap();
    assert!(!grant(&store, "new").await.unwrap().enabled);
}

/// As decK and scripts of Kong's do, who know of none of it.
#[tokio::test]
async fn a_replacement_keeps_what_it_does_not_name() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let bob = make(&registry, EntityKind::Consumers, json!({"username": "bob", "enabled": false})).await;
    let own = json!({"key": "k", "ttl": 60, "name": "phone", "enabled": false, "consumer": {"id": id(&bob)}});
    let made = make(&registry, KEYS, own).await;
    let bob_id = id(&bob);
    let put = async |key: &str, value: Value| {
        let path = [step(EntityKind::Consumers, &bob_id), step(KEYS, key)];
        registry.replace(&path, &object(value)).await.unwrap()
    };
    let kept = |shown: &Object| {
        json!([shown["name"], shown["enabled"], shown["ttl"], shown["expires_at"]])
            == json!(["phone", false, 60, START_MS / 1000 + 60])
    };
    let new = "00000000-0000-0000-0000-00000000004e";
    assert!(kept(&made));
    assert!(kept(&put(&id(&made), json!({"key": "k", "tags": ["t"]})).await));
    assert!(kept(&put(&id(&made), json!({})).await));
    // At a new id, and with another key.
    assert!(kept(&put(new, json!({"key": "k"})).await));
    assert!(kept(&put(new, json!({"key": "l"})).await));
    assert_eq!(grant(&store, "l").await.unwrap().expires_at_ms, Some(START_MS + 60_000));
    assert!(!grant(&store, "l").await.unwrap().enabled);
    let replaced = registry.replace(&[step(EntityKind::Consumers, "bob")], &Object::new()).await.unwrap();
    assert_eq!(replaced["enabled"], false);
    // What is named is as it says.
    let named = put(new, json!({"enabled": true, "name": null, "expires_at": null})).await;
    assert_eq!(
        (&named["name"], &named["enabled"], &named["ttl"], &named["expires_at"]),
        (&json!(null), &json!(true), &json!(null), &json!(null))
    );
    audit(&store.records()).await;
}

#[tokio::test]
async fn a_suspended_consumer_is_nobodys_anonymous_one() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let plugin = json!({"name": "key-auth", "config": {"anonymous": "bob"}});
    make(&registry, EntityKind::Consumers, json!({"username": "bob"})).await;
    make(&registry, EntityKind::Plugins, plugin).await;
    for enabled in [false, true, false] {
        patch(&registry, EntityKind::Consumers, "bob", json!({"enabled": enabled})).await;
        audit(&store.records()).await;
    }
}

#[tokio::test]
async fn an_end_is_given_in_one_way_and_is_to_come() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_keys(&registry, 1).await;
    with_applications(&registry, &[1]).await;
    let now = START_MS / 1000;
    for kind in [KEYS, CLIENT_IDS] {
        let credential = first(&registry, kind).await;
        let path = [step(kind, &credential)];
        for (field, wrong) in [
            ("ttl", json!({"ttl": 5, "expires_at": now + 5})),
            ("expires_at", json!({"expires_at": now})),
            ("expires_at", json!({"expires_at": 0})),
            ("expires_at", json!({"expires_at": "soon"})),
        ] {
            let refused = registry.update(&path, &object(wrong)).await;
            let Err(Error::Schema(violation)) = refused else { panic!("{kind:?}: {refused:?}") };
            assert!(violation.message().contains(field), "{}", violation.message());
        }
        let wrong = registry.update(&path, &object(json!({"ttl": -1}))).await;
        assert!(matches!(wrong, Err(Error::InvalidOption { option: "ttl", .. })), "{wrong:?}");
        for (change, end) in [
            (json!({"expires_at": now + 5}), json!(now + 5)),
            (json!({"name": "n"}), json!(now + 5)),
            (json!({"ttl": 9}), json!(now + 9)),
            (json!({"ttl": 0}), json!(null)),
            (json!({"expires_at": now + 7, "ttl": null}), json!(now + 7)),
            (json!({"expires_at": null}), json!(null)),
            (json!({"ttl": 3}), json!(now + 3)),
        ] {
            assert_eq!(patch(&registry, kind, &credential, change).await["expires_at"], end);
            audit(&store.records()).await;
        }
        registry.clock().advance(2_999);
        assert_eq!(registry.read(&path).await.unwrap()["ttl"], 1);
        registry.clock().advance(1);
        assert_eq!(registry.read(&path).await, Err(Error::NotFound));
        registry.clock().advance(0u64.wrapping_sub(3_000));
    }
}
