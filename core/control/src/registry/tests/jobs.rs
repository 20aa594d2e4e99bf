//! Changes that take several commits, interrupted at every one of them.

use super::*;

/// What is done to a store, and from where.
struct Case {
    name: &'static str,
    credentials: &'static [usize],
    keys: usize,
    act: for<'a> fn(&'a TestRegistry<'a>) -> Action<'a>,
}

type Action<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), crate::registry::Error>> + 'a>>;

const CASES: [Case; 11] = [
    Case { name: "rename consumer", credentials: &[], keys: 130, act: |r| Box::pin(rename_consumer(r)) },
    Case {
        name: "delete consumer",
        credentials: &[],
        keys: 60,
        act: |r| Box::pin(delete(r, EntityKind::Consumers, "bob")),
    },
    Case {
        name: "stop developer",
        credentials: &[50, 1, 1, 30, 50],
        keys: 0,
        act: |r| Box::pin(set_developer(r, 3)),
    },
    Case {
        name: "delete developer",
        credentials: &[50, 1, 30],
        keys: 3,
        act: |r| Box::pin(delete(r, EntityKind::Developers, "a@b")),
    },
    Case {
        name: "delete service",
        credentials: &[50, 1, 30, 50],
        keys: 3,
        act: |r| Box::pin(delete(r, EntityKind::Services, "s")),
    },
    Case {
        name: "delete application",
        credentials: &[50],
        keys: 0,
        act: |r| Box::pin(delete_application(r)),
    },
    Case { name: "revoke", credentials: &[50], keys: 0, act: |r| Box::pin(revoke(r)) },
    Case {
        name: "delete small developer",
        credentials: &[1],
        keys: 0,
        act: |r| Box::pin(delete(r, EntityKind::Developers, "a@b")),
    },
    Case {
        name: "suspend consumer",
        credentials: &[],
        keys: 130,
        act: |r| Box::pin(suspend(r, EntityKind::Consumers, "bob", "enabled")),
    },
    Case {
        name: "suspend a developer's applications",
        credentials: &[50, 1, 30, 50],
        keys: 0,
        act: |r| Box::pin(suspend(r, EntityKind::Developers, "a@b", "applications_enabled")),
    },
    Case { name: "rotate", credentials: &[], keys: 3, act: |r| Box::pin(rotate(r)) },
];

async fn suspend(
    registry: &TestRegistry<'_>,
    kind: EntityKind,
    key: &str,
    field: &str,
) -> Result<(), crate::registry::Error> {
    registry.update(&[step(kind, key)], &object(json!({field: false}))).await.map(drop)
}

async fn rotate(registry: &TestRegistry<'_>) -> Result<(), crate::registry::Error> {
    let path = [step(EntityKind::KeyauthCredentials, "key-1")];
    registry.rotate(&path, &object(json!({"grace_seconds": 60}))).await.map(drop)
}

async fn rename_consumer(registry: &TestRegistry<'_>) -> Result<(), crate::registry::Error> {
    registry
        .update(&[step(EntityKind::Consumers, "bob")], &object(json!({"username": "rob"})))
        .await
        .map(|_| ())
}

async fn set_developer(registry: &TestRegistry<'_>, status: u8) -> Result<(), crate::registry::Error> {
    let path = [step(EntityKind::Developers, "a@b")];
    registry.update(&path, &object(json!({"status": status}))).await.map(|_| ())
}

async fn delete(
    registry: &TestRegistry<'_>,
    kind: EntityKind,
    key: &str,
) -> Result<(), crate::registry::Error> {
    registry.delete(&[step(kind, key)]).await
}

async fn delete_application(registry: &TestRegistry<'_>) -> Result<(), crate::registry::Error> {
    let list = registry.list(EntityKind::Applications, &[], Default::default()).await?;
    match list.data.first() {
        Some(application) => delete(registry, EntityKind::Applications, &id(application)).await,
        None => Ok(()),
    }
}

async fn revoke(registry: &TestRegistry<'_>) -> Result<(), crate::registry::Error> {
    let list = registry.list(EntityKind::ApplicationInstances, &[], Default::default()).await?;
    let contract = id(&list.data[0]);
    let path = [step(EntityKind::ApplicationInstances, &contract)];
    registry.update(&path, &object(json!({"status": 3}))).await.map(|_| ())
}

async fn prepared(case: &Case) -> TestStore {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    if !case.credentials.is_empty() {
        with_applications(&registry, case.credentials).await;
    }
    if case.keys > 0 {
        with_keys(&registry, case.keys).await;
    }
    store
}

fn jobs(dump: &BTreeMap<RecordKey, String>) -> usize {
    dump.keys().filter(|key| key.partition == "job").count()
}

/// Dies at every commit of every case, with the last one applied or not. At no point is a key good
/// for anything but what it was good for before or is after; when the job is resumed, all is as if
/// nothing had happened.
#[tokio::test]
async fn interrupted_changes_never_widen_and_are_completed() {
    for case in &CASES {
        let prepared = prepared(case).await;
        let store = prepared.copy().await;
        let before = store.dump().await;
        let grants_before = store.grants().await;
        let start = store.commits.load(Ordering::Relaxed);
        (case.act)(&open(&store, 2).await).await.unwrap();
        let commits = store.commits.load(Ordering::Relaxed) - start;
        let after = store.dump().await;
        let grants_after = store.grants().await;
        assert_eq!(jobs(&after), 0, "{}", case.name);

        for dies_at in 1..=commits {
            for applies_last in [false, true] {
                let at = format!("{}, commit {dies_at} of {commits}, applied: {applies_last}", case.name);
                let store = prepared.copy().await;
                let registry = open(&store, 2).await;
                store.die_in(dies_at, applies_last);
                assert!((case.act)(&registry).await.is_err(), "{at}");
                store.revive();
                for (digest, grant) in store.grants().await {
                    let same = |other: &BTreeMap<String, Grant>| other.get(&digest) == Some(&grant);
                    assert!(same(&grants_before) || same(&grants_after), "{at}: {grant:?}");
                }
                let registry = open(&store, 3).await;
                registry.resume_jobs().await.unwrap();
                let resumed = store.dump().await;
                let begun = dies_at > 1 || applies_last;
                assert!(resumed == if begun { after.clone() } else { before.clone() }, "{at}");
            }
        }
    }
}

/// Repeating the call does what resuming does.
#[tokio::test]
async fn repeated_deletion_completes_the_first() {
    let case = &CASES[3];
    let store = prepared(case).await;
    let registry = open(&store, 2).await;
    store.die_in(2, true);
    assert!((case.act)(&registry).await.is_err());
    store.revive();
    let registry = open(&store, 3).await;
    let path = [step(EntityKind::Developers, "a@b")];
    assert_eq!(registry.read(&path).await, Err(crate::registry::Error::NotFound), "hidden at once");
    let list = registry.list(EntityKind::Developers, &[], Default::default()).await.unwrap();
    assert!(list.data.is_empty());
    registry.delete(&path).await.unwrap();
    assert_eq!(jobs(&store.dump().await), 0);
    assert_eq!(store.grants().await.len(), case.keys);
}

/// Whoever repeats a change that was interrupted is answered when all of it is done.
#[tokio::test]
async fn repeated_change_completes_the_first() {
    let case = &CASES[2];
    let store = prepared(case).await;
    let registry = open(&store, 2).await;
    store.die_in(1, true);
    assert!((case.act)(&registry).await.is_err());
    store.revive();
    let enabled = async || store.grants().await.values().filter(|grant| grant.enabled).count();
    assert!(enabled().await > 0, "the job is not done");
    (case.act)(&registry).await.unwrap();
    assert_eq!(enabled().await, 0);
    assert_eq!(jobs(&store.dump().await), 0);
}

/// A suspension that was interrupted is not undone by the job of what was before it, nor the resumption
/// after it by the suspension's.
#[tokio::test]
async fn the_last_of_suspensions_and_resumptions_holds() {
    for (case, kind, key, field) in [
        (&CASES[8], EntityKind::Consumers, "bob", "enabled"),
        (&CASES[9], EntityKind::Developers, "a@b", "applications_enabled"),
    ] {
        let store = prepared(case).await;
        let all = store.grants().await.len();
        let enabled = async || store.grants().await.values().filter(|grant| grant.enabled).count();
        store.die_in(1, true);
        assert!((case.act)(&open(&store, 2).await).await.is_err());
        store.revive();
        assert!((1..all).contains(&enabled().await), "{}: the first part alone is done", case.name);
        // Resumed by another call, whose process dies in the midst of it too.
        store.die_in(1, true);
        let resume = object(json!({field: true}));
        assert!(open(&store, 3).await.update(&[step(kind, key)], &resume).await.is_err());
        store.revive();
        (case.act)(&open(&store, 4).await).await.unwrap();
        assert_eq!(enabled().await, 0, "{}", case.name);
        open(&store, 5).await.resume_jobs().await.unwrap();
        assert_eq!(enabled().await, 0, "{}", case.name);
        open(&store, 6).await.update(&[step(kind, key)], &resume).await.unwrap();
        assert_eq!(enabled().await, all, "{}", case.name);
        testing::audit(&store.records()).await;
    }
}

/// A reply is lost at every commit: the call goes on as if it had come.
#[tokio::test]
async fn lost_replies_make_no_difference() {
    for case in &CASES {
        let prepared = prepared(case).await;
        let store = prepared.copy().await;
        let start = store.commits.load(Ordering::Relaxed);
        (case.act)(&open(&store, 2).await).await.unwrap();
        let commits = store.commits.load(Ordering::Relaxed) - start;
        let after = store.dump().await;
        for lost in 1..=commits {
            let store = prepared.copy().await;
            let registry = open(&store, 2).await;
            store.reply_lost_at.store(store.commits.load(Ordering::Relaxed) + lost, Ordering::Relaxed);
            (case.act)(&registry).await.unwrap();
            assert!(store.dump().await == after, "{}, commit {lost}", case.name);
        }
    }
}

#[tokio::test]
async fn lost_replies_of_creations_make_no_difference() {
    let whole = TestStore::default();
    let registry = open(&whole, 1).await;
    with_applications(&registry, &[3]).await;
    with_keys(&registry, 2).await;
    let commits = whole.commits.load(Ordering::Relaxed);
    for lost in 1..=commits {
        let store = TestStore::default();
        store.reply_lost_at.store(lost, Ordering::Relaxed);
        let registry = open(&store, 1).await;
        with_applications(&registry, &[3]).await;
        with_keys(&registry, 2).await;
        assert!(store.dump().await == whole.dump().await, "commit {lost}");
    }
}

/// What a store holds from before there was an index of tags is indexed at the next start.
#[tokio::test]
async fn tags_from_before_their_index_are_indexed() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    for number in 0..150 {
        let tags: Vec<String> = (0..number % 5 * 8).map(|tag| format!("tag {tag}")).collect();
        let consumer = object(json!({"username": format!("c{number}"), "tags": tags}));
        registry.create(EntityKind::Consumers, &[], &consumer).await.unwrap();
    }
    let service = object(json!({"name": "s", "host": "a", "tags": ["x"]}));
    registry.create(EntityKind::Services, &[], &service).await.unwrap();
    let indexed = store.dump().await;
    let is_of_index = |key: &&RecordKey| {
        key.partition.starts_with("tagged/") || key.partition == "with-tags" || key.sort == "tags_indexed"
    };
    let old: Vec<RecordKey> = indexed.keys().filter(is_of_index).cloned().collect();
    assert!(old.len() > 2000, "{} records", old.len());
    for keys in old.chunks(50) {
        let writes = keys.iter().cloned().map(latchkey_store::Write::Delete).collect();
        store.inner.commit(Batch { checks: vec![], writes }).await.unwrap();
    }

    let registry = open(&store, 2).await;
    store.die_in(3, true);
    assert!(registry.resume_jobs().await.is_err(), "it is done in several commits");
    store.revive();
    open(&store, 3).await.resume_jobs().await.unwrap();
    assert_eq!(store.dump().await, indexed);
}
