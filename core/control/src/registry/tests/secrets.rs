//! Keys and secrets are stored as digests only, and move from one pepper to the next.

use super::*;

#[tokio::test]
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
        "client_id": "canary-id", "client_secret": "canary-secret"});
    make(&registry, EntityKind::Oauth2Credentials, credential).await;
    for (key, value) in store.dump().await {
        for secret in &secrets {
            let text = format!("{key:?} {value}");
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
