//! Rotation, its grace, and finding a key.

use super::*;
use crate::ports::Clock;
use crate::registry::testing::audit;
use crate::registry::{Error, FoundKey, KeyFault, Owner, Resealing};
use latchkey_published::key_sha256::{ImportedDigests, KeySha256};
use latchkey_published::limits;

const KEYS: EntityKind = EntityKind::KeyauthCredentials;
const CLIENT_IDS: EntityKind = EntityKind::Oauth2Credentials;

fn sha256(key: &str) -> String {
    KeySha256::of(key.as_bytes()).to_text()
}

async fn rotate(registry: &TestRegistry<'_>, kind: EntityKind, key: &str, grace: u64) -> Object {
    registry.rotate(&[step(kind, key)], &object(json!({"grace_seconds": grace}))).await.unwrap()
}

async fn give(registry: &TestRegistry<'_>, consumer: &str, key: &str) -> Result<Object, Error> {
    let scope = [step(EntityKind::Consumers, consumer)];
    registry.create(KEYS, &scope, &object(json!({"key": key}))).await
}

fn text<'o>(object: &'o Object, name: &str) -> &'o str {
    object[name].as_str().unwrap()
}

async fn find(registry: &TestRegistry<'_>, key: &str) -> Result<FoundKey, Error> {
    registry.find_key(&object(json!({"key": key}))).await
}

#[tokio::test]
async fn the_key_before_is_good_for_its_grace_and_no_longer() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_keys(&registry, 1).await;
    let before = registry.read(&[step(KEYS, "key-0")]).await.unwrap();
    let rotated = rotate(&registry, KEYS, "key-0", 60).await;
    let new = text(&rotated, "key").to_owned();
    assert!(new.starts_with("lk_") && text(&rotated, "key_start") == &new[..7]);
    assert_eq!((&rotated["id"], &rotated["rotated_at"]), (&before["id"], &json!(START_MS / 1000)));
    assert_eq!(rotated["previous_key_ends_at"], START_MS / 1000 + 60);
    assert_eq!(grant(&store, &new).await.unwrap().expires_at_ms, None);
    let old = grant(&store, "key-0").await.unwrap();
    assert_eq!((old.expires_at_ms, old.credential_id), (Some(START_MS + 60_000), uuid(&before)));
    audit(&store.records()).await;

    // Two at most; the path knows the new key alone.
    let again = registry.rotate(&[step(KEYS, &new)], &Object::new()).await;
    assert!(matches!(again, Err(Error::Schema(_))), "{again:?}");
    assert_eq!(registry.read(&[step(KEYS, "key-0")]).await, Err(Error::NotFound));
    registry.end_grace(&[step(KEYS, &new)]).await.unwrap();
    assert_eq!(grant(&store, "key-0").await, None);
    assert_eq!(registry.end_grace(&[step(KEYS, &new)]).await, Err(Error::NotFound));
    assert_eq!(registry.read(&[step(KEYS, &new)]).await.unwrap()["previous_key_ends_at"], json!(null));
    // Without a grace the key before ends at once.
    let third = rotate(&registry, KEYS, &new, 0).await;
    assert_eq!((grant(&store, &new).await, &third["previous_key_ends_at"]), (None, &json!(null)));
    assert_eq!(store.grants().await.len(), 1);
    audit(&store.records()).await;
    for wrong in [json!({"grace_seconds": -1}), json!({"grace_seconds": 2_592_001}), json!({"key": "k"})] {
        let refused = registry.rotate(&[step(KEYS, &id(&before))], &object(wrong)).await;
        assert!(matches!(refused, Err(Error::Schema(_))), "{refused:?}");
    }
}

/// The new key keeps the end of the credential, and the old one never outlives it.
#[tokio::test]
async fn nothing_lives_longer_for_a_rotation() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_keys(&registry, 0).await;
    let bob = [step(EntityKind::Consumers, "bob")];
    let made = registry.create(KEYS, &bob, &object(json!({"key": "k", "ttl": 50}))).await.unwrap();
    let rotated = rotate(&registry, KEYS, "k", 90).await;
    assert_eq!(rotated["previous_key_ends_at"], START_MS / 1000 + 50);
    let ends = async || {
        let grants = store.grants().await.into_values();
        let mut ends: Vec<_> = grants.map(|grant| grant.expires_at_ms.map(|end| end - START_MS)).collect();
        ends.sort();
        ends
    };
    assert_eq!(ends().await, [Some(50_000), Some(50_000)]);
    for (change, expected) in [
        (json!({"ttl": 20}), [Some(20_000), Some(20_000)]),
        (json!({"ttl": 0}), [None, Some(50_000)]),
        (json!({"ttl": 500}), [Some(50_000), Some(500_000)]),
    ] {
        patch(&registry, KEYS, &id(&made), change).await;
        assert_eq!(ends().await, expected);
        audit(&store.records()).await;
    }
}

/// A file, a script or decK that still has the key before: it does not undo the rotation.
#[tokio::test]
async fn a_key_in_its_grace_is_not_to_be_had() {
    let new = "00000000-0000-0000-0000-00000000004e";
    for given in ["k".to_owned(), sha256("k")] {
        let store = TestStore::default();
        let registry = open(&store, 1).await;
        with_keys(&registry, 0).await;
        make(&registry, EntityKind::Consumers, json!({"username": "eve"})).await;
        let made = give(&registry, "bob", &given).await.unwrap();
        let id = id(&made);
        rotate(&registry, KEYS, &id, 60).await;
        let before = store.dump().await;
        for form in ["k".to_owned(), sha256("k")] {
            let put = async |at: &str| {
                let path = [step(EntityKind::Consumers, "bob"), step(KEYS, at)];
                registry.replace(&path, &object(json!({"key": form}))).await
            };
            for refused in [
                give(&registry, "bob", &form).await,
                give(&registry, "eve", &form).await,
                put(&id).await,
                put(new).await,
                registry.update(&[step(KEYS, &id)], &object(json!({"key": form}))).await,
                registry
                    .replace(&[step(EntityKind::Consumers, "bob"), step(KEYS, &form)], &Object::new())
                    .await,
            ] {
                assert!(matches!(refused, Err(Error::NotUnique(_))), "{form}: {refused:?}");
            }
        }
        assert_eq!(store.dump().await, before);

        // As any key that has ended it is free: to another, and to the same credential.
        registry.clock().advance(60_000);
        let taken = give(&registry, "eve", "k").await.unwrap();
        audit(&store.records()).await;
        registry.delete(&[step(KEYS, text(&taken, "id"))]).await.unwrap();
        let back = registry.update(&[step(KEYS, &id)], &object(json!({"key": "k"}))).await.unwrap();
        assert_eq!((&back["key"], &back["previous_key_ends_at"]), (&json!("k"), &json!(null)));
        audit(&store.records()).await;
        assert_eq!(store.grants().await.len(), 1);
    }
}

/// As decK does where the file has the key of now in clear, while the one before is in its grace.
#[tokio::test]
async fn a_credential_at_a_new_id_keeps_both_keys() {
    let new = "00000000-0000-0000-0000-00000000004e";
    for given in ["k".to_owned(), sha256("k")] {
        let store = TestStore::default();
        let registry = open(&store, 1).await;
        with_keys(&registry, 0).await;
        let made = give(&registry, "bob", &given).await.unwrap();
        let rotated = rotate(&registry, KEYS, &id(&made), 60).await;
        let grants = store.grants().await;
        let path = [step(EntityKind::Consumers, "bob"), step(KEYS, new)];
        let put = registry.replace(&path, &object(json!({"key": rotated["key"]}))).await.unwrap();
        assert_eq!(
            (&put["id"], &put["previous_key_ends_at"]),
            (&json!(new), &rotated["previous_key_ends_at"])
        );
        let moved = store.grants().await;
        assert!(moved.keys().eq(grants.keys()), "both are where they were");
        assert!(moved.values().all(|grant| grant.credential_id.to_string() == new));
        audit(&store.records()).await;
        assert!(find(&registry, "k").await.unwrap().is_previous);
        registry.delete(&path).await.unwrap();
        assert!(store.grants().await.is_empty());
        audit(&store.records()).await;
    }
}

#[tokio::test]
async fn the_secret_of_an_application_goes_with_its_key() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[1]).await;
    let made = id(&client_ids(&registry).await[0]);
    let secret = async |of_previous: bool| {
        let key = RecordKey::new("entity/oauth2_credentials", &made);
        let stored: Object = serde_json::from_slice(&store.records()[&key]).unwrap();
        match of_previous {
            true => stored["_previous"]["secret"]["digest"].clone(),
            false => stored["_secret_digest"].clone(),
        }
    };
    let before = secret(false).await;
    let rotated = rotate(&registry, CLIENT_IDS, &made, 60).await;
    assert!(text(&rotated, "client_id").starts_with("lk_") && text(&rotated, "client_secret").len() == 43);
    assert_eq!(text(&rotated, "client_id_start"), &text(&rotated, "client_id")[..7]);
    assert_eq!(secret(true).await, before);
    let digest = peppers().current.digest(text(&rotated, "client_secret").as_bytes());
    assert_eq!(secret(false).await, json!(digest));
    let grants = store.grants().await;
    assert_eq!(grants.len(), 2);
    assert!(grants.values().all(|grant| grant.application_id.is_some() && grant.service_ids.len() == 1));
    // Neither is changed by a PATCH, nor anything that belongs to them.
    for wrong in [
        json!({"client_id": "x"}),
        json!({"client_secret": "x"}),
        json!({"client_id": null}),
        json!({"redirect_uris": []}),
        json!({"tags": ["t"]}),
    ] {
        let refused = registry.update(&[step(CLIENT_IDS, &made)], &object(wrong.clone())).await;
        assert!(matches!(refused, Err(Error::Schema(_))), "{wrong}: {refused:?}");
    }
    audit(&store.records()).await;
}

#[tokio::test]
async fn an_application_has_fifty_keys_those_in_their_grace_included() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[limits::APPLICATION_KEYS_MAX - 1]).await;
    let list = client_ids(&registry).await;
    let [first, second] = [id(&list[0]), id(&list[1])];
    let application = json!({"application": list[0]["application"]});
    rotate(&registry, CLIENT_IDS, &first, 60).await;
    let refused = registry.create(CLIENT_IDS, &[], &object(application.clone())).await;
    assert!(matches!(refused, Err(Error::Schema(_))), "{refused:?}");
    let refused = registry.rotate(&[step(CLIENT_IDS, &second)], &object(json!({"grace_seconds": 1}))).await;
    assert!(matches!(refused, Err(Error::Schema(_))), "{refused:?}");
    rotate(&registry, CLIENT_IDS, &second, 0).await;
    registry.end_grace(&[step(CLIENT_IDS, &first)]).await.unwrap();
    let last = make(&registry, CLIENT_IDS, application.clone()).await;
    audit(&store.records()).await;

    // What has ended does not count, and gives its place in the store to the next.
    patch(&registry, CLIENT_IDS, &id(&last), json!({"ttl": 1})).await;
    registry.clock().advance(1_000);
    make(&registry, CLIENT_IDS, application.clone()).await;
    audit(&store.records()).await;
    let stored = store.records().into_keys().filter(|key| key.partition == "entity/oauth2_credentials");
    assert_eq!(stored.count(), limits::APPLICATION_KEYS_MAX);
    // One commit still takes all of them.
    patch(&registry, EntityKind::Applications, text_of(&list[0], "application"), json!({"enabled": false}))
        .await;
    assert!(store.grants().await.values().filter(|grant| grant.enabled).count() <= 1, "but what has ended");
}

fn text_of<'o>(object: &'o Object, reference: &str) -> &'o str {
    object[reference]["id"].as_str().unwrap()
}

/// Neither a lost reply nor a crash makes of one rotation two, or answers with a key that is not there.
#[tokio::test]
async fn a_rotation_is_made_once() {
    for grace in [0, 60] {
        let store = TestStore::default();
        let registry = open(&store, 1).await;
        with_keys(&registry, 1).await;
        // By its key, which names it no longer once the rotation is made.
        store.reply_lost_at.store(store.commits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        let rotated = rotate(&registry, KEYS, "key-0", grace).await;
        assert!(grant(&store, text(&rotated, "key")).await.is_some());
        assert_eq!(store.grants().await.len(), if grace == 0 { 1 } else { 2 });
        audit(&store.records()).await;
        if grace > 0 {
            store.reply_lost_at.store(store.commits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            registry.end_grace(&[step(KEYS, &id(&rotated))]).await.unwrap();
            assert_eq!(store.grants().await.len(), 1);
        }
    }
}

/// A change of pepper moves the key in its grace as it does the other.
#[tokio::test]
async fn a_key_in_its_grace_moves_to_the_pepper_in_use() {
    let store = TestStore::default();
    let old = Peppers { current: Pepper::new(b"before"), previous: None };
    let before =
        Registry::open(&store, ManualClock::at(START_MS), SeededRandom::new(1), old.clone()).await.unwrap();
    with_keys(&before, 0).await;
    for given in ["k".to_owned(), sha256("brought")] {
        let made = give(&before, "bob", &given).await.unwrap();
        rotate(&before, KEYS, &id(&made), 60).await;
    }
    let registry = open(&store, 2).await;
    while registry.reseal(1).await.unwrap() == Resealing::GoesOn {}
    audit(&store.records()).await;
    let place = ImportedDigests::new(&peppers().current).digest(&KeySha256::of(b"brought"));
    assert!(store.inner.get(&Grant::record_key(&place)).await.unwrap().is_some());
    registry.rehash(moved(old.current.digest(b"k"), digest("k"))).await.unwrap();
    assert_eq!(grant(&store, "k").await.unwrap().expires_at_ms, Some(START_MS + 60_000));
    audit(&store.records()).await;
    let current = Peppers { current: peppers().current, previous: None };
    let after =
        Registry::open(&store, ManualClock::at(START_MS), SeededRandom::new(3), current).await.unwrap();
    for key in ["k", "brought"] {
        assert!(find(&after, key).await.unwrap().is_previous, "{key}");
        let taken = give(&after, "bob", key).await;
        assert!(matches!(taken, Err(Error::NotUnique(_))), "{taken:?}");
    }
}

#[tokio::test]
async fn a_key_is_found_with_all_that_bears_on_it() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_keys(&registry, 2).await;
    with_applications(&registry, &[1]).await;
    let unknown = |is_forged| Err(Error::UnknownKey { is_forged });
    assert_eq!(find(&registry, "nobody's").await, unknown(false));
    assert_eq!(find(&registry, "lk_forged").await, unknown(true));
    for wrong in ["sha256:x", "unknown:00000000-0000-0000-0000-00000000004e", ""] {
        assert!(matches!(find(&registry, wrong).await, Err(Error::Schema(_))), "{wrong}");
    }
    // No route asks for keys yet.
    assert_eq!(find(&registry, "key-0").await.unwrap().faults, [KeyFault::Nowhere]);
    let alpha = make(&registry, EntityKind::Services, json!({"name": "alpha", "host": "a"})).await;
    let plugin = json!({"name": "key-auth", "service": {"id": id(&alpha)}});
    make(&registry, EntityKind::Plugins, plugin).await;
    let registered = registry.read(&[step(EntityKind::Services, "s")]).await.unwrap();
    let plugin = json!({"name": "key-auth", "service": {"id": id(&registered)}});
    make(&registry, EntityKind::Plugins, plugin).await;

    let found = find(&registry, &sha256("key-0")).await.unwrap();
    assert_eq!(find(&registry, "key-0").await.unwrap(), found);
    let Some(Owner::Consumer(bob)) = &found.owner else { panic!("{found:?}") };
    assert_eq!((&bob["username"], found.kind, found.is_previous), (&json!("bob"), KEYS, false));
    assert_eq!((found.since, found.ends_at, found.faults.len()), (START_MS / 1000, None, 0));
    // Where applications alone pass it is not good.
    assert_eq!(found.places.services.iter().map(id).collect::<Vec<_>>(), [id(&alpha)]);

    registry.clock().advance(5_000);
    let rotated = rotate(&registry, KEYS, "key-0", 60).await;
    let now = registry.clock().unix_ms() / 1000;
    let old = find(&registry, "key-0").await.unwrap();
    assert_eq!((old.is_previous, old.since, old.ends_at), (true, START_MS / 1000, Some(now + 60)));
    let new = find(&registry, text(&rotated, "key")).await.unwrap();
    assert_eq!((new.is_previous, new.since, new.ends_at), (false, now, None));
    patch(&registry, EntityKind::Consumers, "bob", json!({"enabled": false})).await;
    patch(&registry, KEYS, &id(&rotated), json!({"enabled": false})).await;
    registry.clock().advance(60_000);
    let ended = [KeyFault::CredentialSuspended, KeyFault::ConsumerSuspended, KeyFault::GraceEnded];
    assert_eq!(find(&registry, "key-0").await.unwrap().faults, ended);

    // Of an application.
    let listed = client_ids(&registry).await;
    let client_id = rotate(&registry, CLIENT_IDS, &id(&listed[0]), 0).await;
    let found = find(&registry, text(&client_id, "client_id")).await.unwrap();
    let Some(Owner::Application(application, developer)) = &found.owner else { panic!("{found:?}") };
    assert_eq!((&application["name"], &developer["email"]), (&json!("app0"), &json!("a@b")));
    assert_eq!(found.places.services.iter().map(id).collect::<Vec<_>>(), [id(&registered)]);
    let contracts = registry.list(EntityKind::ApplicationInstances, &[], Default::default()).await.unwrap();
    patch(&registry, EntityKind::ApplicationInstances, &id(&contracts.data[0]), json!({"status": 3})).await;
    patch(&registry, EntityKind::Developers, "a@b", json!({"status": 3, "applications_enabled": false}))
        .await;
    patch(&registry, EntityKind::Applications, &id(application), json!({"enabled": false})).await;
    patch(&registry, CLIENT_IDS, &id(&client_id), json!({"ttl": 1})).await;
    registry.clock().advance(1_000);
    let all = [
        KeyFault::CredentialEnded,
        KeyFault::ApplicationSuspended,
        KeyFault::DeveloperSuspended,
        KeyFault::DeveloperNotApproved,
        KeyFault::Nowhere,
    ];
    assert_eq!(find(&registry, text(&client_id, "client_id")).await.unwrap().faults, all);
}

/// The names of all members, and what kind of value each has.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(elements) => elements.iter().map(shape).collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) | Value::Null => value.clone(),
    }
}

/// Keys as the first program with rotation stored them, client ids as the first with tokens
/// (`core/published/golden`; client ids of before are read by `stored_credential.rs`).
#[tokio::test]
async fn a_rotated_credential_is_stored_in_the_form_that_programs_read() {
    let keys = include_str!("../../../../published/golden/1/entity-credentials-rotated.jsonl");
    let clients = include_str!("../../../../published/golden/1/entity-credentials-rotated-client.jsonl");
    let peppers =
        Peppers { current: Pepper::new(b"golden pepper of at least 32 bytes, fixed"), previous: None };
    let store = TestStore::default();
    let registry =
        Registry::open(&store, ManualClock::at(START_MS), SeededRandom::new(1), peppers).await.unwrap();
    with_keys(&registry, 1).await;
    with_applications(&registry, &[1]).await;
    for (kind, golden) in [(KEYS, keys), (CLIENT_IDS, clients)] {
        let listed = match kind {
            CLIENT_IDS => client_ids(&registry).await,
            _ => registry.list(kind, &[], Default::default()).await.unwrap().data,
        };
        let credential = id(&listed[0]);
        let grace = object(json!({"grace_seconds": 86_400}));
        registry.rotate(&[step(kind, &credential)], &grace).await.unwrap();
        let stored = &store.records()[&RecordKey::new(format!("entity/{}", kind.name()), &credential)];
        let stored = String::from_utf8(stored.clone()).unwrap();
        let line = golden.lines().next().unwrap_or("null");
        let parse = |text: &str| shape(&serde_json::from_str(text).unwrap());
        assert_eq!(parse(&stored), parse(line), "{stored}");
    }
}
