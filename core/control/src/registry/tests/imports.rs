//! Imports: what they do, what they refuse, and that no crash and no lost reply changes it.

use super::*;
use crate::registry::{Error, ImportOptions, ImportReport};
use latchkey_published::key_sha256::KeySha256;
use latchkey_published::keys::{PlainKey, hex};
use latchkey_published::limits;

const IMPORT: Uuid = Uuid::from_u128(77);

fn options(parts: u32) -> ImportOptions {
    ImportOptions { parts, prune: false, dry_run: false, select_tags: Vec::new() }
}

fn part(entities: &[(&str, Value)]) -> Object {
    let entities: Vec<Value> =
        entities.iter().map(|(kind, entity)| json!({"kind": kind, "entity": entity})).collect();
    object(json!({"entities": entities}))
}

async fn send(registry: &TestRegistry<'_>, parts: &[Object]) {
    for (number, part) in (0..).zip(parts) {
        registry.receive_part(IMPORT, number, part).await.unwrap();
    }
}

/// Sends the parts and goes on until all is done. Answers how it ended, with all that was said.
async fn import_with(registry: &TestRegistry<'_>, parts: &[Object], options: &ImportOptions) -> ImportReport {
    send(registry, parts).await;
    go_on(registry, options).await
}

async fn go_on(registry: &TestRegistry<'_>, options: &ImportOptions) -> ImportReport {
    let mut said = registry.advance_import(IMPORT, options).await.unwrap();
    while !["done", "refused"].contains(&said.state) {
        let next = registry.advance_import(IMPORT, options).await.unwrap();
        said.differences.extend(next.differences);
        said.faults.extend(next.faults);
        said = ImportReport { differences: said.differences, faults: said.faults, ..next };
    }
    said
}

async fn import(registry: &TestRegistry<'_>, parts: &[Object]) -> ImportReport {
    let report = import_with(registry, parts, &options(parts.len() as u32)).await;
    registry.forget_import(IMPORT).await.unwrap();
    report
}

fn counts(report: &ImportReport) -> (&'static str, [u64; 4]) {
    (report.state, [report.created, report.changed, report.unchanged, report.deleted])
}

fn faults(report: &ImportReport) -> Vec<(Option<u32>, Option<u32>, &str, &str)> {
    let fault = |fault: &crate::registry::Fault| (fault.part, fault.entity);
    report.faults.iter().map(|it| (fault(it).0, fault(it).1, it.kind.as_str(), it.message.as_str())).collect()
}

/// In two parts, in an order in which nothing could be written as it comes.
fn everything() -> Vec<Object> {
    let digest = KeySha256::of(b"brought").to_text();
    vec![
        part(&[
            ("plugins", json!({"name": "key-auth", "service": {"name": "s"}})),
            ("keyauth_credentials", json!({"consumer": {"username": "bob"}, "key": "clear", "tags": ["t"]})),
            ("keyauth_credentials", json!({"consumer": {"custom_id": "7"}, "key": digest})),
            ("routes", json!({"paths": ["/a"], "service": {"name": "s"}})),
        ]),
        part(&[
            ("consumers", json!({"username": "bob"})),
            ("consumers", json!({"custom_id": "7", "tags": ["t", "u"]})),
            ("routes", json!({"name": "r", "paths": ["/b"], "service": {"name": "s"}})),
            ("services", json!({"name": "s", "url": "http://a.test/x"})),
            ("services", json!({"host": "nameless.test"})),
        ]),
    ]
}

#[tokio::test]
async fn an_import_makes_all_and_a_second_one_nothing() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let first = import(&registry, &everything()).await;
    assert_eq!(counts(&first), ("done", [9, 0, 0, 0]), "{:?}", first.faults);
    assert_eq!(first.differences.len(), 9);
    assert!(first.differences.iter().all(|it| it.does == "create" && it.fields.is_empty()));
    testing::audit(&store.records()).await;
    testing::assert_trail(&store.records());
    let before = store.dump().await;
    let second = import(&registry, &everything()).await;
    assert_eq!(counts(&second), ("done", [0, 0, 9, 0]), "{:?} {:?}", second.faults, second.differences);
    assert_eq!(store.dump().await, before);
    assert!(store.records().keys().all(|key| !key.partition.starts_with("import")), "nothing is left");

    let mut third = everything();
    third[1]["entities"][3]["entity"]["url"] = json!("http://b.test/x");
    let third = import(&registry, &third).await;
    assert_eq!(counts(&third), ("done", [0, 1, 8, 0]));
    assert_eq!(third.differences[0].fields, ["host"]);
    assert_eq!(grant(&store, "clear").await.unwrap().consumer.username.as_deref(), Some("bob"));
    testing::audit(&store.records()).await;
}

#[tokio::test]
async fn what_is_stored_otherwise_is_found() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let service = make(&registry, EntityKind::Services, json!({"name": "s", "host": "a"})).await;
    make(&registry, EntityKind::Routes, json!({"paths": ["/a"], "service": {"id": id(&service)}})).await;
    with_keys(&registry, 1).await;
    let same = [part(&[
        ("routes", json!({"paths": ["/a"], "service": {"name": "s"}})),
        ("routes", json!({"paths": ["/a"], "service": {"id": id(&service)}})),
        ("keyauth_credentials", json!({"consumer": {"username": "bob"}, "key": "key-0"})),
        ("consumers", json!({"username": "bob"})),
    ])];
    let report = import(&registry, &same).await;
    assert_eq!(counts(&report), ("done", [0, 0, 4, 0]), "{:?} {:?}", report.faults, report.differences);
}

#[tokio::test]
async fn a_part_is_refused_by_place_and_leaves_nothing() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let before = store.records();
    let long = "k".repeat(600);
    let sent = part(&[
        ("services", json!({"name": "good", "host": "a"})),
        ("services", json!({"name": "bad"})),
        ("routes", json!({"name": "own", "paths": ["/-/health"]})),
        ("keyauth_credentials", json!({"consumer": {"username": "b"}, "key": "lk_made_up"})),
        ("keyauth_credentials", json!({"consumer": {"username": "b"}, "key": long})),
        ("keyauth_credentials", json!({"consumer": {"username": "b"}, "key": "sha256:x"})),
        ("keyauth_credentials", json!({"consumer": {"username": "b"}})),
        ("keyauth_credentials", json!({"consumer": {"username": "b"}, "key": "k", "ttl": -1})),
        ("keyauth_credentials", json!({"key": "k"})),
        ("developers", json!({"email": "a@b"})),
        ("plugins", json!({"name": "acl"})),
        ("consumers", json!([])),
    ]);
    let refused = registry.receive_part(IMPORT, 3, &sent).await.unwrap_err();
    let Error::Part { part: 3, faults } = &refused else { panic!("{refused:?}") };
    assert_eq!(faults.iter().map(|fault| fault.entity).collect::<Vec<_>>(), (1..12).collect::<Vec<_>>());
    assert_eq!(faults[0].name.as_deref(), Some("bad"));
    assert_eq!(faults[0].fields, json!({"host": "required field missing"}));
    let message = refused.to_string();
    assert!(message.starts_with("part 3, entity 1 (services 'bad'): schema violation (host: "), "{message}");
    assert!(message.ends_with("; and 1 more"), "{message}");
    assert!(!message.contains("lk_made_up") && !message.contains(&long));
    for broken in [
        json!({}),
        json!({"entities": {}}),
        json!({"entities": [1]}),
        json!({"entities": [{"kind": "services"}]}),
        json!({"entities": [{"kind": "services", "entity": {}, "x": 1}]}),
        json!({"entities": [], "x": 1}),
        json!({"entities": [], "tag_keys": ["x"]}),
        json!({"entities": [], "tag_keys": (0..33).map(|n| format!("{n:064x}")).collect::<Vec<_>>()}),
    ] {
        let refused = registry.receive_part(IMPORT, 0, &object(broken.clone())).await;
        assert!(matches!(refused, Err(Error::Part { .. } | Error::Schema(_))), "{broken}: {refused:?}");
    }
    let too_high = registry.receive_part(IMPORT, limits::IMPORT_PARTS_MAX, &part(&[])).await;
    assert!(matches!(too_high, Err(Error::Schema(_))));
    assert_eq!(store.records(), before);
}

#[tokio::test]
async fn no_key_is_kept_in_clear() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    send(&registry, &everything()).await;
    let sha256 = KeySha256::of(b"clear").to_text();
    for (key, value) in store.records() {
        let text = String::from_utf8_lossy(&value).into_owned();
        assert!(!text.contains("\"clear\""), "{key:?}");
        for digest in [&sha256, &KeySha256::of(b"brought").to_text()] {
            assert!(!text.contains(digest.strip_prefix("sha256:").unwrap()), "{key:?}");
        }
    }
}

/// Two parts with ten faults.
fn faulty_parts() -> [Object; 2] {
    let given = Uuid::from_u128(5);
    [
        part(&[
            ("services", json!({"name": "s", "host": "a"})),
            ("services", json!({"name": "s", "host": "b"})),
            ("routes", json!({"name": "r", "paths": ["/"], "service": {"name": "gone"}})),
            ("routes", json!({"name": "r2", "paths": ["/"], "service": {"id": Uuid::from_u128(9)}})),
            ("consumers", json!({"username": "new", "id": given})),
            ("consumers", json!({"username": "other", "id": given})),
        ]),
        part(&[
            ("keyauth_credentials", json!({"consumer": {"username": "new"}, "key": "k"})),
            (
                "keyauth_credentials",
                json!({"consumer": {"username": "new"}, "key": KeySha256::of(b"k").to_text()}),
            ),
            ("keyauth_credentials", json!({"consumer": {"username": "eve"}, "key": "key-0"})),
            ("keyauth_credentials", json!({"consumer": {"username": "nobody"}, "key": "x"})),
            ("plugins", json!({"name": "key-auth", "service": {"name": "s"}})),
            ("plugins", json!({"name": "key-auth", "service": {"name": "s"}, "enabled": false})),
            ("consumers", json!({"username": "bob", "id": Uuid::from_u128(6)})),
            (
                "keyauth_credentials",
                json!({"id": given, "consumer": {"username": "new"}, "key": format!("unknown:{}", Uuid::nil())}),
            ),
        ]),
    ]
}

#[tokio::test]
async fn every_fault_is_named_and_nothing_written() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_keys(&registry, 1).await;
    make(&registry, EntityKind::Consumers, json!({"username": "eve"})).await;
    let before = store.dump().await;
    let parts = faulty_parts();
    let report = import_with(&registry, &parts, &options(2)).await;
    assert_eq!(report.state, "refused");
    let mut found: Vec<_> = faults(&report);
    found.sort_unstable();
    let told: Vec<_> =
        found.iter().map(|(part, entity, kind, _)| (part.unwrap(), entity.unwrap(), *kind)).collect();
    assert_eq!(
        told,
        [
            (0, 1, "services"),
            (0, 2, "routes"),
            (0, 3, "routes"),
            (0, 5, "consumers"),
            (1, 1, "keyauth_credentials"),
            (1, 2, "keyauth_credentials"),
            (1, 3, "keyauth_credentials"),
            (1, 5, "plugins"),
            (1, 6, "consumers"),
            (1, 7, "keyauth_credentials"),
        ],
        "{found:#?}"
    );
    assert_eq!(found[0].3, "its name is also that of part 0, entity 0");
    assert!(found[5].3.contains("<hidden>"), "{:?}", found[5]);
    assert_eq!(store.dump().await, before);
    // Asked again, it says the same; a part that is sent anew begins it anew.
    assert_eq!(go_on(&registry, &options(2)).await.faults.len(), 10);
    let good = [part(&[("services", json!({"name": "s", "host": "a"}))]), part(&[])];
    let report = import_with(&registry, &good, &options(2)).await;
    assert_eq!(counts(&report), ("done", [1, 0, 0, 0]));
    let refused = registry.receive_part(IMPORT, 0, &good[0]).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
}

#[tokio::test]
async fn calls_at_the_wrong_time_are_conflicts() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    assert_eq!(registry.advance_import(IMPORT, &options(1)).await, Err(Error::NotFound));
    assert_eq!(registry.read_import(IMPORT).await, Err(Error::NotFound));
    assert_eq!(registry.forget_import(IMPORT).await, Err(Error::NotFound));
    registry.receive_part(IMPORT, 1, &part(&[])).await.unwrap();
    assert_eq!(registry.read_import(IMPORT).await.unwrap().state, "receiving");
    for parts in [1, 2, 3] {
        let refused = registry.advance_import(IMPORT, &options(parts)).await;
        assert!(matches!(refused, Err(Error::Schema(_))), "{parts}: {refused:?}");
    }
    registry.receive_part(IMPORT, 0, &many(1, 200)).await.unwrap();
    let begun = registry.advance_import(IMPORT, &options(2)).await.unwrap();
    assert_eq!((begun.state, begun.total), ("writing", 400));
    let dry = ImportOptions { dry_run: true, ..options(2) };
    for conflict in [
        registry.advance_import(IMPORT, &dry).await.map(drop),
        registry.receive_part(IMPORT, 0, &part(&[])).await.map(drop),
        registry.forget_import(IMPORT).await,
    ] {
        assert!(matches!(conflict, Err(Error::Conflict(_))), "{conflict:?}");
    }
    let list = registry.list_imports(&crate::registry::RecordPage::parse(None, None).unwrap()).await.unwrap();
    assert_eq!(list.data, [registry.read_import(IMPORT).await.unwrap()]);
    assert_eq!(counts(&go_on(&registry, &options(2)).await), ("done", [400, 0, 0, 0]));
    registry.forget_import(IMPORT).await.unwrap();
    assert_eq!(registry.read_import(IMPORT).await, Err(Error::NotFound));
}

/// So many consumers, each with a key.
fn many(from: usize, count: usize) -> Object {
    let consumer = |n| ("consumers", json!({"username": format!("user-{n}")}));
    let key = |n| {
        (
            "keyauth_credentials",
            json!({"consumer": {"username": format!("user-{n}")}, "key": format!("many-{n}")}),
        )
    };
    let entities: Vec<_> = (from..from + count).flat_map(|n| [key(n), consumer(n)]).collect();
    part(&entities)
}

#[tokio::test]
async fn a_dry_run_tells_and_writes_nothing() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_keys(&registry, 2).await;
    let before = store.dump().await;
    let dry = ImportOptions { dry_run: true, prune: true, ..options(2) };
    let report = import_with(&registry, &everything(), &dry).await;
    assert_eq!(counts(&report), ("done", [8, 0, 1, 2]), "{:?}", report.faults);
    let deleted = report.differences.iter().filter(|it| it.does == "delete").count();
    assert_eq!((report.differences.len(), deleted), (10, 2));
    assert_eq!(store.dump().await, before);
    // What it has left beside does not count for the next run.
    let real = ImportOptions { dry_run: false, ..dry };
    let report = import_with(&registry, &everything(), &real).await;
    assert_eq!(counts(&report), ("done", [8, 0, 1, 2]), "{:?}", report.faults);
    testing::audit(&store.records()).await;
}

#[tokio::test]
async fn pruning_spares_what_others_hang_on() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[2]).await;
    with_keys(&registry, 150).await;
    let service =
        make(&registry, EntityKind::Services, json!({"name": "old", "host": "a", "tags": ["mine"]})).await;
    make(
        &registry,
        EntityKind::Routes,
        json!({"name": "old", "paths": ["/"], "service": {"id": id(&service)}}),
    )
    .await;
    make(&registry, EntityKind::Consumers, json!({"username": "eve", "tags": ["mine"]})).await;
    make(&registry, EntityKind::Consumers, json!({"username": "tim", "tags": ["mine"]})).await;
    let brought = [part(&[
        ("keyauth_credentials", json!({"consumer": {"username": "eve"}, "key": "eve"})),
        ("consumers", json!({"username": "new", "tags": ["mine"]})),
    ])];
    let mine = ImportOptions { prune: true, select_tags: vec!["mine".to_owned()], ..options(1) };
    let report = import_with(&registry, &brought, &mine).await;
    assert_eq!(counts(&report), ("done", [2, 0, 0, 1]), "{:?}", report.differences);
    let told: Vec<_> = faults(&report).into_iter().map(|(part, _, kind, _)| (part, kind)).collect();
    assert_eq!(told, [(None, "services"), (None, "consumers")], "{:?}", report.faults);
    assert!(registry.read(&[step(EntityKind::Consumers, "tim")]).await.is_err());
    registry.forget_import(IMPORT).await.unwrap();

    let all = ImportOptions { prune: true, ..options(1) };
    let report = import_with(&registry, &brought, &all).await;
    // The service that applications have contracts with stays, with its plugin, and whose key was brought.
    let told: Vec<_> = faults(&report).into_iter().map(|(part, _, kind, _)| (part, kind)).collect();
    assert_eq!(told, [(None, "plugins"), (None, "services"), (None, "consumers")]);
    assert_eq!(counts(&report), ("done", [0, 0, 2, 150 + 2 + 1]), "{:?}", report.faults);
    assert!(registry.read(&[step(EntityKind::Services, "s")]).await.is_ok());
    assert!(registry.read(&[step(EntityKind::Services, "old")]).await.is_err());
    assert!(grant(&store, "key-0-1").await.is_some());
    testing::audit(&store.records()).await;
    testing::assert_trail(&store.records());
}

/// Somebody takes a name between check and writing: that one is a fault, the rest is written, nothing pruned.
#[tokio::test]
async fn what_became_impossible_is_a_fault_and_the_rest_goes_on() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_keys(&registry, 1).await;
    let prune = ImportOptions { prune: true, ..options(1) };
    send(&registry, &[many(0, 300)]).await;
    let mut report = registry.advance_import(IMPORT, &prune).await.unwrap();
    while report.state == "checking" {
        report = registry.advance_import(IMPORT, &prune).await.unwrap();
    }
    assert_eq!(report.state, "writing");
    let taken = make(
        &registry,
        EntityKind::KeyauthCredentials,
        json!({"consumer": {"username": "bob"}, "key": "many-299"}),
    );
    let taken = taken.await;
    let report = go_on(&registry, &prune).await;
    assert_eq!(counts(&report), ("done", [599, 0, 0, 0]));
    let found = faults(&report);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (Some(0), Some(598)));
    assert!(found[1].3.starts_with("nothing is pruned"));
    assert!(registry.read(&[step(EntityKind::KeyauthCredentials, &id(&taken))]).await.is_ok());
    assert!(grant(&store, "key-0").await.is_some());
    testing::audit(&store.records()).await;
}

/// Keys that were made under another pepper, as an export shows them: by their SHA-256, with the tag key.
#[tokio::test]
async fn keys_made_elsewhere_stay_good() {
    let elsewhere = Pepper::new(b"elsewhere");
    let made = latchkey_published::keys::generate_key(&elsewhere, |bytes| SeededRandom::new(3).fill(bytes));
    #[expect(clippy::disallowed_methods, reason = "the key is shown")]
    let text = made.reveal().to_owned();
    let tag_key = hex(&elsewhere.tag_key().to_bytes());
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let credential = |key: &str| {
        part(&[
            ("consumers", json!({"username": "bob"})),
            ("keyauth_credentials", json!({"consumer": {"username": "bob"}, "key": key})),
        ])
    };
    let refused = registry.receive_part(IMPORT, 0, &credential(&text)).await;
    assert!(matches!(refused, Err(Error::Part { .. })));
    for key in [KeySha256::of_key(&PlainKey::new(&text)).to_text(), text.clone()] {
        let mut sent = credential(&key);
        sent.insert("tag_keys".to_owned(), json!([tag_key.to_uppercase(), tag_key]));
        let report = import(&registry, &[sent]).await;
        assert_eq!(report.state, "done", "{:?}", report.faults);
        let mut transaction = crate::transaction::Transaction::new(registry.store());
        let settings = transaction.settings().await.unwrap();
        assert_eq!(settings.tag_keys.iter().filter(|key| **key == tag_key).count(), 1);
        assert!(settings.has_digest_keys && !settings.has_imported_keys);
        let lists = registry.list(EntityKind::KeyauthCredentials, &[], Default::default()).await.unwrap();
        assert_eq!(lists.data.len(), 1);
        assert_eq!(lists.data[0]["key"], KeySha256::of_key(&PlainKey::new(&text)).to_text());
    }
    testing::audit(&store.records()).await;
}

/// An import is forgotten a day after its last call, and not before.
#[tokio::test]
async fn old_imports_go() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    send(&registry, &[many(0, 3000)]).await;
    registry.advance_import(IMPORT, &options(1)).await.unwrap();
    registry.clock().advance(limits::IMPORT_KEPT_MS);
    assert!(!registry.drop_old_imports().await.unwrap());
    assert!(registry.read_import(IMPORT).await.is_ok());
    registry.clock().advance(1);
    while registry.drop_old_imports().await.unwrap() {}
    assert!(store.records().keys().all(|key| !key.partition.starts_with("import")));
}

/// Dies at every commit of an import, with the last one applied or not, or loses a reply: whoever goes on
/// comes to the same end.
#[tokio::test]
async fn no_crash_and_no_lost_reply_changes_what_an_import_does() {
    let prepared = TestStore::default();
    let registry = open(&prepared, 1).await;
    with_keys(&registry, 60).await;
    let renamed = object(json!({"username": "bob", "custom_id": "renamed"}));
    let mut parts = everything();
    parts.push(many(0, 30));
    parts.push(part(&[("consumers", Value::Object(renamed))]));
    parts[1]["entities"].as_array_mut().unwrap().remove(0);
    let prune = ImportOptions { prune: true, ..options(parts.len() as u32) };
    send(&registry, &parts).await;
    let whole = prepared.copy().await;
    let start = whole.commits.load(Ordering::Relaxed);
    let expected = go_on(&open(&whole, 2).await, &prune).await;
    assert_eq!(expected.state, "done");
    assert_eq!(expected.deleted, 60, "the keys of bob but the one that was brought: {:?}", expected.faults);
    let (end, commits) = (normal(&whole).await, whole.commits.load(Ordering::Relaxed) - start);
    assert!(commits > 20, "{commits}");
    for at in 1..=commits {
        for applies_last in [false, true] {
            let store = prepared.copy().await;
            store.die_in(at, applies_last);
            let died = async {
                let registry =
                    Registry::open(&store, ManualClock::at(START_MS), SeededRandom::new(2), peppers())
                        .await?;
                while registry.advance_import(IMPORT, &prune).await?.state != "done" {}
                Ok::<(), Error>(())
            };
            let _ = died.await;
            store.revive();
            let registry = open(&store, 3).await;
            registry.resume_jobs().await.unwrap();
            let report = go_on(&registry, &prune).await;
            assert_eq!(counts(&report), counts(&expected), "died at {at}");
            assert_eq!(normal(&store).await, end, "died at {at}");
            testing::audit(&store.records()).await;
        }
        let store = prepared.copy().await;
        store.reply_lost_at.store(at, Ordering::Relaxed);
        let report = go_on(&open(&store, 2).await, &prune).await;
        assert_eq!(counts(&report), counts(&expected), "reply {at} lost");
        assert_eq!(normal(&store).await, end, "reply {at} lost");
    }
}

/// What is stored, but for nonces.
async fn normal(store: &TestStore) -> Vec<(RecordKey, Value)> {
    let value = |value: &String| {
        let mut value: Value = serde_json::from_str(value).unwrap_or_else(|_| value.as_str().into());
        if let Some(sealed) = value.get_mut("_sha256") {
            sealed["sealed"] = Value::Null;
        }
        value
    };
    store.dump().await.iter().map(|(key, text)| (key.clone(), value(text))).collect()
}

/// Random imports among random calls, each with a crash or a lost reply somewhere: whoever goes on comes to
/// where a program without faults comes.
#[tokio::test]
async fn random_imports_end_as_without_faults() {
    let (mut done, mut refused) = (0, 0);
    for seed in 0..60 {
        let random = SeededRandom::new(seed);
        let store = TestStore::default();
        for number in 0..4 {
            let registry = open(&store, seed * 100 + number).await;
            for _ in 0..3 {
                let _ = testing::Call::any(&random).run(&registry).await;
            }
            let import = testing::AnyImport::any(&random);
            let id = Uuid::from_u128(u128::from(number) + 1);
            let model = store.copy().await;
            let expected = import.run(&open(&model, seed).await, id, false).await.unwrap();
            let commits = model.commits.load(Ordering::Relaxed);
            match random.next() % 3 {
                0 => store
                    .reply_lost_at
                    .store(store.commits.load(Ordering::Relaxed) + at(&random, commits), Ordering::Relaxed),
                kind => store.die_in(at(&random, commits), kind == 1),
            }
            let first = import.run(&registry, id, false).await;
            store.revive();
            let registry = open(&store, seed * 100 + number + 50).await;
            registry.resume_jobs().await.unwrap();
            let has_begun = registry.read_import(id).await.is_ok_and(|report| report.state != "receiving");
            let found = match first {
                Ok(found) => found,
                Err(_) => import.run(&registry, id, has_begun).await.unwrap(),
            };
            assert_eq!(found, expected, "seed {seed}, import {number}");
            let normal = |records: &Records| testing::without_seals(comparable(records));
            assert_eq!(normal(&store.records()), normal(&model.records()), "seed {seed}, import {number}");
            testing::audit(&store.records()).await;
            testing::assert_trail(&store.records());
            done += u32::from(found);
            refused += u32::from(!found);
        }
    }
    assert!(done > 40 && refused > 10, "{done} done, {refused} refused");
}

fn at(random: &SeededRandom, commits: i64) -> i64 {
    1 + (random.next() % u64::try_from(commits.max(1)).unwrap()) as i64
}

/// Somebody else changes the same between the calls of an import: what is left is consistent.
#[tokio::test]
async fn imports_and_calls_of_others_leave_a_consistent_store() {
    for seed in 0..40 {
        let random = SeededRandom::new(1000 + seed);
        let store = TestStore::default();
        let (registry, other) = (open(&store, seed).await, open(&store, seed + 500).await);
        let import = testing::AnyImport::any(&random);
        for (number, part) in (0..).zip(&import.parts) {
            registry.receive_part(IMPORT, number, part).await.unwrap();
        }
        let calls = async {
            for _ in 0..8 {
                let _ = testing::Call::any(&random).run(&other).await;
            }
        };
        let (run, ()) = tokio::join!(import.run(&registry, IMPORT, true), calls);
        run.unwrap();
        testing::audit(&store.records()).await;
        testing::assert_trail(&store.records());
    }
}
