//! Keys that are shown, and brought, as their SHA-256.

use super::*;
use crate::registry::testing::audit;
use crate::registry::{Error, Resealing};
use latchkey_published::key_sha256::{ImportedDigests, KeySha256};
use latchkey_store::Write;

const CREDENTIALS: EntityKind = EntityKind::KeyauthCredentials;

fn sha256(key: &str) -> String {
    KeySha256::of(key.as_bytes()).to_text()
}

fn place(pepper: &Pepper, key: &str) -> KeyDigest {
    ImportedDigests::new(pepper).digest(&KeySha256::of(key.as_bytes()))
}

async fn grant_at(store: &TestStore, digest: &KeyDigest) -> Option<Grant> {
    let record = store.inner.get(&Grant::record_key(digest)).await.unwrap();
    record.map(|record| Grant::decode(&record.value).unwrap())
}

async fn give<'s>(registry: &TestRegistry<'s>, consumer: &str, key: &str) -> Result<Object, Error> {
    let scope = [step(EntityKind::Consumers, consumer)];
    registry.create(CREDENTIALS, &scope, &object(json!({"key": key}))).await
}

async fn with_consumers(registry: &TestRegistry<'_>) {
    for name in ["bob", "eve"] {
        make(registry, EntityKind::Consumers, json!({"username": name})).await;
    }
}

async fn put_below(registry: &TestRegistry<'_>, id: &str, input: Value) -> Result<Object, Error> {
    let path = [step(EntityKind::Consumers, "bob"), step(CREDENTIALS, id)];
    registry.replace(&path, &object(input)).await
}

#[tokio::test]
async fn a_key_is_good_where_its_form_says_and_for_one_credential() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_consumers(&registry).await;
    let clear = give(&registry, "bob", "clear").await.unwrap();
    let brought =
        give(&registry, "bob", &sha256("brought").to_uppercase().replace("SHA256", "sha256")).await.unwrap();
    assert_eq!((&clear["key"], &brought["key"]), (&json!("clear"), &json!(sha256("brought"))));
    let pepper = peppers().current;
    for (key, own, imported) in [("clear", true, false), ("brought", false, true)] {
        assert_eq!(grant(&store, key).await.is_some(), own, "{key}");
        assert_eq!(grant_at(&store, &place(&pepper, key)).await.is_some(), imported, "{key}");
        // Nothing lies at the digest of the text that is listed.
        assert_eq!(grant(&store, &sha256(key)).await, None);
        let id = if own { id(&clear) } else { id(&brought) };
        for name in [key.to_owned(), sha256(key), format!("unknown:{id}"), id.clone()] {
            let found = registry.read(&[step(CREDENTIALS, &name)]).await.unwrap();
            assert_eq!((&found["id"], &found["key"]), (&json!(id), &json!(sha256(key))), "{name}");
        }
        for consumer in ["bob", "eve"] {
            for form in [key.to_owned(), sha256(key)] {
                let taken = give(&registry, consumer, &form).await;
                assert!(matches!(taken, Err(Error::NotUnique(_))), "{consumer} {form}: {taken:?}");
            }
        }
    }
    audit(&store.records()).await;
}

#[tokio::test]
async fn a_key_written_back_in_any_form_is_no_change() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_consumers(&registry).await;
    for (given, key) in [("clear".to_owned(), "clear"), (sha256("brought"), "brought")] {
        let made = give(&registry, "bob", &given).await.unwrap();
        let before = store.grants().await;
        for written in [sha256(key), format!("unknown:{}", id(&made)), key.to_owned()] {
            let patched = patch(&registry, CREDENTIALS, &id(&made), json!({"key": written})).await;
            let put = put_below(&registry, &id(&made), json!({"key": written})).await.unwrap();
            let answered = if written.starts_with("unknown") { sha256(key) } else { written };
            assert_eq!((&patched["key"], &put["key"]), (&json!(answered), &json!(answered)));
            assert_eq!(store.grants().await, before);
        }
        // As for whoever does not name it.
        let put = put_below(&registry, &id(&made), json!({"tags": ["t"]})).await.unwrap();
        assert_eq!((&put["key"], &put["key_start"]), (&json!(sha256(key)), &json!(&key[..1])), "{put:?}");
        audit(&store.records()).await;
    }
}

#[tokio::test]
async fn what_begins_as_another_form_is_refused() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_consumers(&registry).await;
    let made = give(&registry, "bob", "own").await.unwrap();
    for text in ["sha256:", "sha256:abc", "unknown:", "unknown:k", &format!("unknown:{}", id(&made))] {
        let refused = give(&registry, "bob", text).await;
        assert!(matches!(refused, Err(Error::Schema(_))), "{text}: {refused:?}");
    }
    let other = give(&registry, "bob", "other").await.unwrap();
    let path = [step(CREDENTIALS, "own")];
    let refused = registry.update(&path, &object(json!({"key": format!("unknown:{}", id(&other))}))).await;
    assert!(matches!(refused, Err(Error::Schema(_))), "{refused:?}");
}

/// As decK does where the file has the key in clear: the same key at a new id, then the old one goes.
#[tokio::test]
async fn a_key_put_at_a_new_id_takes_it_in_one_commit() {
    let new = "00000000-0000-0000-0000-00000000004e";
    for reply_is_lost in [false, true] {
        for (given, written) in
            [("k".to_owned(), "k".to_owned()), ("k".to_owned(), sha256("k")), (sha256("k"), "k".to_owned())]
        {
            let store = TestStore::default();
            let registry = open(&store, 1).await;
            with_consumers(&registry).await;
            let old = give(&registry, "bob", &given).await.unwrap();
            let before = store.grants().await;
            let commits = store.commits.load(Ordering::Relaxed);
            if reply_is_lost {
                store.reply_lost_at.store(commits + 1, Ordering::Relaxed);
            }
            let put = put_below(&registry, new, json!({"key": written, "tags": ["t"]})).await.unwrap();
            assert_eq!((&put["id"], &put["key"]), (&json!(new), &json!(written)));
            assert_eq!(store.commits.load(Ordering::Relaxed) - commits, if reply_is_lost { 2 } else { 1 });
            let after = store.grants().await;
            assert!(after.keys().eq(before.keys()), "the grant is where it was");
            assert!(after.values().all(|grant| grant.credential_id.to_string() == new));
            let old_id = id(&old);
            let path = [step(EntityKind::Consumers, "bob"), step(CREDENTIALS, &old_id)];
            assert_eq!(registry.read(&path).await, Err(Error::NotFound));
            registry.delete(&path).await.unwrap();
            assert_eq!(registry.read(&[step(CREDENTIALS, "k")]).await.unwrap()["key"], sha256("k"));
            audit(&store.records()).await;
        }
    }
}

#[tokio::test]
async fn no_id_and_no_key_is_taken_from_another() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_consumers(&registry).await;
    let [first, _] =
        [give(&registry, "bob", "first").await.unwrap(), give(&registry, "bob", "second").await.unwrap()];
    give(&registry, "eve", &sha256("of-eve")).await.unwrap();
    let new = "00000000-0000-0000-0000-00000000004e";
    for (id, key) in [
        (new, "of-eve".to_owned()),
        (new, sha256("of-eve")),
        (&id(&first), sha256("second")),
        (&id(&first), "second".to_owned()),
    ] {
        let refused = put_below(&registry, id, json!({"key": key})).await;
        assert!(matches!(refused, Err(Error::NotUnique(_))), "{id} {key}: {refused:?}");
    }
    audit(&store.records()).await;
}

#[tokio::test]
async fn an_ended_key_may_be_given_again_in_the_other_form() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_consumers(&registry).await;
    let forms = [sha256("k"), "k".to_owned()];
    for form in [&forms[0], &forms[1], &forms[0]] {
        let input = object(json!({"key": form, "ttl": 1}));
        registry.create(CREDENTIALS, &[step(EntityKind::Consumers, "bob")], &input).await.unwrap();
        assert_eq!(store.grants().await.len(), 1);
        registry.clock().advance(1000);
        audit(&store.records()).await;
    }
}

/// A change of pepper: all that was sealed under the one before, and every key that was brought, moves
/// without being shown, in parts, by whoever goes on.
#[tokio::test]
async fn a_change_of_pepper_moves_what_is_sealed_in_parts() {
    const KEYS: usize = 60;
    let store = TestStore::default();
    let old = Peppers { current: Pepper::new(b"before"), previous: None };
    let before = Registry::open(&store, ManualClock::at(START_MS), SeededRandom::new(1), old).await.unwrap();
    with_consumers(&before).await;
    for number in 0..KEYS {
        let key = if number % 2 == 0 { sha256(&format!("k{number}")) } else { format!("k{number}") };
        give(&before, "bob", &key).await.unwrap();
    }
    with_applications(&before, &[2]).await;
    assert_eq!(before.reseal(1).await, Ok(Resealing::NotDue), "one pepper");

    let mut parts = 0;
    loop {
        // Another process each time; now and then a reply is lost, or the process dies.
        let registry = open(&store, 100 + parts).await;
        if parts % 3 == 1 {
            store.reply_lost_at.store(store.commits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        if parts % 5 == 2 {
            store.die_in(1, parts % 2 == 0);
            assert!(registry.reseal(1).await.is_err());
            store.revive();
        }
        assert_eq!(registry.resume_jobs().await.unwrap(), Vec::<String>::new());
        parts += 1;
        match registry.reseal(1).await.unwrap() {
            Resealing::GoesOn => {}
            // The process that did the last part may have died.
            Resealing::Done | Resealing::NotDue => break,
        }
    }
    assert!(parts > 3, "{parts}");
    assert!(!open(&store, 7).await.is_reseal_due().await.unwrap());
    audit(&store.records()).await;

    // The pepper before is withdrawn: what was brought is found, and all is shown.
    let current = Peppers { current: peppers().current, previous: None };
    let after =
        Registry::open(&store, ManualClock::at(START_MS), SeededRandom::new(2), current).await.unwrap();
    let shown = after.list(CREDENTIALS, &[], Default::default()).await.unwrap().data;
    let mut keys: Vec<_> = shown.iter().map(|shown| shown["key"].as_str().unwrap().to_owned()).collect();
    let mut expected: Vec<_> = (0..KEYS).map(|number| sha256(&format!("k{number}"))).collect();
    keys.sort();
    expected.sort();
    assert_eq!(keys, expected);
    for number in (0..KEYS).step_by(2) {
        let moved = grant_at(&store, &place(&peppers().current, &format!("k{number}"))).await.unwrap();
        assert_eq!(moved.pepper_id, peppers().current.id());
    }
    let taken = give(&after, "eve", "k1").await;
    assert!(matches!(taken, Err(Error::NotUnique(_))), "the claim is under the new pepper: {taken:?}");
}

/// What cannot be opened any more is shown by the id of its credential, and all else goes on.
#[tokio::test]
async fn a_pepper_withdrawn_too_early_costs_what_was_not_moved() {
    let store = TestStore::default();
    let old = Peppers { current: Pepper::new(b"before"), previous: None };
    let before = Registry::open(&store, ManualClock::at(START_MS), SeededRandom::new(1), old).await.unwrap();
    with_consumers(&before).await;
    let made = give(&before, "bob", "k").await.unwrap();
    give(&before, "bob", &sha256("brought")).await.unwrap();
    // A moment with both, so that the new one is known.
    open(&store, 2).await;
    let current = Peppers { current: peppers().current, previous: None };
    let after =
        Registry::open(&store, ManualClock::at(START_MS), SeededRandom::new(2), current).await.unwrap();
    for shown in after.list(CREDENTIALS, &[], Default::default()).await.unwrap().data {
        assert_eq!(shown["key"], format!("unknown:{}", id(&shown)));
        let path = [step(CREDENTIALS, shown["key"].as_str().unwrap())];
        let written = object(json!({"key": shown["key"], "tags": ["t"]}));
        assert_eq!(after.update(&path, &written).await.unwrap()["key"], shown["key"]);
    }
    audit(&store.records()).await;
    // Given again, it is known again.
    patch(&after, CREDENTIALS, &id(&made), json!({"key": "k"})).await;
    assert_eq!(after.read(&[step(CREDENTIALS, "k")]).await.unwrap()["key"], sha256("k"));
    audit(&store.records()).await;
}

/// A program from before this one changes the digest alone.
#[tokio::test]
async fn a_key_that_an_older_program_gave_is_unknown_and_frees_the_one_before() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_consumers(&registry).await;
    let made = give(&registry, "bob", "k").await.unwrap();
    let key = RecordKey::new("entity/keyauth_credentials", id(&made));
    let mut stored: Object = serde_json::from_slice(&store.records()[&key]).unwrap();
    stored.insert("_digest".to_owned(), json!(digest("other")));
    let writes = vec![Write::Put(key, serde_json::to_vec(&stored).unwrap())];
    store.inner.commit(Batch { checks: vec![], writes }).await.unwrap();
    let made_id = id(&made);
    let path = [step(CREDENTIALS, &made_id)];
    let written = json!(format!("unknown:{}", id(&made)));
    assert_eq!(registry.read(&path).await.unwrap()["key"], written);
    give(&registry, "eve", &sha256("k")).await.unwrap();
    assert_eq!(registry.read(&[step(CREDENTIALS, "k")]).await.unwrap()["key"], sha256("k"));
}
