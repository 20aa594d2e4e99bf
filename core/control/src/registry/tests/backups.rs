//! Back-ups and restores, with others writing in between, crashes and lost replies.

use std::collections::BTreeMap;

use super::mails::with_contract;
use super::*;
use crate::registry::testing::{Call, assert_trail, audit, copied};
use crate::registry::{Backup, Error, RestoreAsked};
use crate::whole_store::{Doing, Kept, PARTITION, Run, Stage, is_taken, run_key};
use latchkey_published::feed::{FeedRequest, Head, PieceRecord};
use latchkey_published::snapshot::{Piece, PieceId, WorkspaceSettings};
use latchkey_store::Write;
use latchkey_store::feed::read_feed;
use latchkey_store::replica::Progress;

/// A back-up, read.
#[derive(Clone)]
struct Taken {
    backup: Backup,
    pages: Vec<Vec<Kept>>,
}

impl Taken {
    /// What it says the store was.
    fn records(&self) -> Records {
        let mut records = Records::new();
        for Kept { key, value } in self.pages.iter().flatten().cloned() {
            match value {
                Some(value) => records.insert(key, value),
                None => records.remove(&key),
            };
        }
        records
    }

    fn asked(&self, replace: bool) -> RestoreAsked {
        let Backup { id, peppers, published_format, epoch, .. } = self.backup.clone();
        RestoreAsked { backup: id, format: 1, peppers, published_format, epoch, replace }
    }
}

/// Takes a back-up, with something done before each of its pages.
async fn back_up(registry: &TestRegistry<'_>, size: usize, mut between: impl AsyncFnMut()) -> Taken {
    let backup = registry.begin_backup().await.unwrap();
    let (mut pages, mut offset) = (Vec::new(), None);
    loop {
        between().await;
        let page = registry.backup_page(backup.id, size, offset.as_deref()).await.unwrap();
        assert!(page.records.len() <= size);
        pages.push(page.records);
        offset = page.offset;
        if offset.is_none() {
            break;
        }
    }
    registry.end_backup(backup.id).await.unwrap();
    Taken { backup, pages }
}

/// Restores as a program does that tries again while it may.
async fn restore(registry: &TestRegistry<'_>, taken: &Taken, replace: bool) -> Result<(), Error> {
    let (run, mut restoring) = loop {
        let found = registry.begin_restore(&taken.asked(replace)).await?;
        if found.1.stage == Stage::Loading {
            break found;
        }
    };
    while let Some(part) = taken.pages.get(usize::try_from(restoring.next_part).unwrap()) {
        restoring = registry.restore_part(run.id, restoring.next_part, part.clone()).await?.1;
    }
    registry.finish_restore(run.id, taken.pages.len() as u64).await
}

/// What a back-up holds of a store.
fn held(records: &Records) -> Records {
    records.iter().filter(|(key, _)| is_taken(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Records but for what says which change wrote them.
fn without_epochs(records: Records) -> Records {
    let same = |(key, value): (RecordKey, Vec<u8>)| match Grant::decode(&value) {
        Ok(grant) if key.partition.starts_with("grant/") => (key, Grant { epoch: 0, ..grant }.encode()),
        _ => (key, value),
    };
    records.into_iter().map(same).collect()
}

/// The same without the audit, to which restores add, and pieces whose number changes with a commit of
/// the tag keys.
fn entities_of(records: &Records) -> Comparable {
    let mut found = comparable(records);
    found.retain(|key, _| is_taken(key) && key.partition != PARTITION);
    found
}

fn assert_nothing_left(store: &TestStore) {
    for key in store.records().keys() {
        assert!(!key.partition.starts_with("before/") && *key != run_key(), "{key:?} is left");
    }
    let head = &store.records()[&Head::record_key()];
    assert_eq!(Head::decode(head).unwrap().backup, None);
}

#[tokio::test]
async fn a_back_up_is_of_the_moment_that_it_began() {
    let mut images = 0;
    for seed in 0..120 {
        let store = TestStore::default();
        let registry = open(&store, seed).await;
        let random = SeededRandom::new(seed);
        for _ in 0..20 {
            let _ = Call::any(&random).run(&registry).await;
        }
        let size = 1 + (seed as usize % 7) * 3;
        let taken = back_up(&registry, size, async || {
            if random.next().is_multiple_of(2) {
                let _ = Call::any(&random).run(&registry).await;
            }
            images += store.records().keys().filter(|key| key.partition.starts_with("before/")).count();
        })
        .await;
        let moment = store.at_backup.lock().unwrap().take().unwrap();
        assert_eq!(taken.records(), held(&moment), "seed {seed}");
        assert_nothing_left(&store);
        audit(&store.records()).await;
        assert_trail(&store.records());
    }
    assert!(images > 1_000, "{images} images");
}

/// Two write at once while a third takes the back-up, each at any point of the others' calls.
#[tokio::test]
async fn nobody_slips_by_who_began_to_write_before() {
    for seed in 0..60 {
        let store = TestStore::default();
        let [first, second, third] =
            [open(&store, seed).await, open(&store, seed + 100).await, open(&store, seed + 200).await];
        let write = async |registry: &TestRegistry<'_>, seed: u64| {
            let random = SeededRandom::new(seed);
            for _ in 0..25 {
                let _ = Call::any(&random).run(registry).await;
            }
        };
        let taken = async {
            for _ in 0..seed * 3 {
                let_others_go_on().await;
            }
            back_up(&third, 5, async || let_others_go_on().await).await
        };
        let ((), (), taken) = tokio::join!(write(&first, seed), write(&second, seed + 1_000), taken);
        let moment = store.at_backup.lock().unwrap().take().unwrap();
        assert_eq!(taken.records(), held(&moment), "seed {seed}");
        assert_nothing_left(&store);
        audit(&store.records()).await;
    }
}

/// Two hundred records in one change: their images take several commits.
#[tokio::test]
async fn a_large_change_saves_all_that_it_writes() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[40]).await;
    with_keys(&registry, 60).await;
    let mut steps = 0;
    let taken = back_up(&registry, 40, async || {
        steps += 1;
        match steps {
            2 => drop(patch(&registry, EntityKind::Developers, "a@b", json!({"status": 3})).await),
            3 => registry.delete(&[step(EntityKind::Consumers, "bob")]).await.unwrap(),
            _ => {}
        }
    })
    .await;
    let moment = store.at_backup.lock().unwrap().take().unwrap();
    assert_eq!(taken.records(), held(&moment));
}

#[tokio::test]
async fn one_goes_on_at_a_time_and_an_abandoned_one_ends() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let first = registry.begin_backup().await.unwrap();
    assert!(matches!(registry.begin_backup().await, Err(Error::Conflict(_))));
    assert_eq!(registry.backup_page(Uuid::nil(), 10, None).await, Err(Error::NotFound));
    registry.end_backup(Uuid::nil()).await.unwrap();
    assert!(registry.running_backup().await.unwrap().is_some(), "another's is not ended");
    make(&registry, EntityKind::Consumers, json!({"username": "bob"})).await;

    registry.clock().advance(3_599_000);
    registry.backup_page(first.id, 10, None).await.unwrap();
    registry.clock().advance(3_599_000);
    registry.end_abandoned_backup().await.unwrap();
    assert!(registry.running_backup().await.unwrap().is_some(), "it was used an hour ago");
    registry.clock().advance(100_000);
    let second = registry.begin_backup().await.unwrap();
    assert_eq!(registry.backup_page(first.id, 10, None).await, Err(Error::NotFound));
    registry.end_backup(second.id).await.unwrap();
    assert_nothing_left(&store);
}

/// A program from before back-ups publishes, and leaves out of the head what it does not know.
#[tokio::test]
async fn what_an_older_program_publishes_spoils_it() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let backup = registry.begin_backup().await.unwrap();
    let head = Head::decode(&store.records()[&Head::record_key()]).unwrap();
    let head = serde_json::to_vec(&Head { backup: None, epoch: head.epoch + 1, ..head }).unwrap();
    let writes = vec![Write::Put(Head::record_key(), head)];
    store.inner.commit(Batch { checks: vec![], writes }).await.unwrap();
    assert!(matches!(registry.backup_page(backup.id, 10, None).await, Err(Error::Conflict(_))));
    registry.end_backup(backup.id).await.unwrap();
    registry.begin_backup().await.unwrap();
}

/// Ends a back-up's beginning, its writers and its end at every commit, with the last one applied or not.
#[tokio::test]
async fn what_a_crash_leaves_of_a_back_up_is_cleared_up() {
    for dies_at in 1..60 {
        for applies_last in [false, true] {
            let store = TestStore::default();
            let registry = open(&store, dies_at as u64).await;
            with_keys(&registry, 3).await;
            store.die_in(dies_at, applies_last);
            let begun = registry.begin_backup().await;
            for name in ["a", "b", "c"] {
                let _ = registry.create(EntityKind::Consumers, &[], &object(json!({"username": name}))).await;
            }
            if let Ok(begun) = &begun {
                let _ = registry.end_backup(begun.id).await;
            }
            let was_dead = store.is_dead();
            store.revive();
            registry.resume_jobs().await.unwrap();
            if let Some(run) = registry.running_backup().await.unwrap() {
                registry.end_backup(run.id).await.unwrap();
            }
            assert_nothing_left(&store);
            audit(&store.records()).await;
            assert_trail(&store.records());
            if !was_dead {
                return;
            }
        }
    }
    panic!("it never got through");
}

/// A store with something of everything.
async fn furnished(seed: u64) -> TestStore {
    let store = TestStore::default();
    let registry = open(&store, seed).await;
    with_applications(&registry, &[3, 2]).await;
    with_keys(&registry, 4).await;
    let random = SeededRandom::new(seed);
    for _ in 0..30 {
        let _ = Call::any(&random).run(&registry).await;
    }
    store
}

#[tokio::test]
async fn what_was_backed_up_is_restored() {
    for seed in 0..30 {
        let source = furnished(seed).await;
        let taken = back_up(&open(&source, seed).await, 50, async || {}).await;
        let store = TestStore::default();
        let registry = open(&store, seed + 1).await;
        registry.set_admin_token_digest(Some(digest("token"))).await.unwrap();
        let before = read_feed(&store.inner, FeedRequest { since: None }, None).await.unwrap();
        restore(&registry, &taken, false).await.unwrap();
        assert_eq!(without_epochs(held_alike(&store)), without_epochs(alike(taken.records())), "seed {seed}");
        assert_eq!(registry.admin_token_digest().await.unwrap(), Some(digest("token")));
        assert_nothing_left(&store);
        audit(&store.records()).await;
        assert_trail(&store.records());
        // Whoever knew something of before starts over, and no grant is older than that.
        let since = Some(before.epoch);
        let feed = read_feed(&store.inner, FeedRequest { since }, None).await.unwrap();
        assert!(feed.reset && feed.epoch > taken.backup.epoch && !feed.format.is_newer());
        let grants = store.records().into_iter().filter(|(key, _)| key.partition.starts_with("grant/"));
        for (key, grant) in grants {
            assert_eq!(Grant::decode(&grant).unwrap().epoch, feed.epoch, "{key:?}");
        }
        for call in (0..20).map(|_| Call::any(&SeededRandom::new(seed))) {
            let _ = call.run(&registry).await;
        }
        audit(&store.records()).await;
    }
}

/// What was written ahead of its time is part of a back-up, unlike mails that were on their way.
#[tokio::test]
async fn the_end_of_a_key_is_told_after_a_restore() {
    let source = TestStore::default();
    let registry = open(&source, 1).await.with_mail(true);
    let (application, _) = with_contract(&registry).await;
    let end = object(json!({"expires_at": START_MS / 1000 + 10 * 86_400}));
    let scope = [step(EntityKind::Applications, &application)];
    registry.create(EntityKind::Oauth2Credentials, &scope, &end).await.unwrap();
    let taken = back_up(&registry, 100, async || ()).await;
    let store = TestStore::default();
    let restored = open(&store, 2).await.with_mail(true);
    restore(&restored, &taken, false).await.unwrap();
    let due = async || restored.due_mails("portal@example.org", "https://portal.example").await.unwrap();
    assert_eq!(due().await.next_ms, Some(START_MS + 3 * 86_400_000));
    restored.clock.advance(3 * 86_400_000);
    let subjects: Vec<String> = due().await.mails.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Developer portal: One of your API keys expires in a week"]);
}

/// What is compared of a restored store: neither the audit, to which a restore adds, nor the settings that
/// are published, which it writes itself.
fn alike(mut records: Records) -> Records {
    let settings = PieceRecord::record_key(PieceId::SETTINGS);
    records.retain(|key, _| key.partition != crate::audit::PARTITION && *key != settings);
    records
}

fn held_alike(store: &TestStore) -> Records {
    alike(held(&store.records()))
}

#[tokio::test]
async fn an_installation_in_use_is_replaced_only_where_that_is_said() {
    let taken = back_up(&open(&furnished(1).await, 1).await, 50, async || {}).await;
    let store = furnished(2).await;
    let registry = open(&store, 3).await;
    let before = store.records();
    let refused = registry.begin_restore(&taken.asked(false)).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert_eq!(store.records(), before);
    restore(&registry, &taken, true).await.unwrap();
    assert_eq!(without_epochs(held_alike(&store)), without_epochs(alike(taken.records())));
    audit(&store.records()).await;
    // The audit of before stays.
    for key in before.keys().filter(|key| key.partition == crate::audit::PARTITION) {
        assert!(store.records().contains_key(key));
    }
    for other in [furnished(4).await, TestStore::default()] {
        let only_consumers = open(&other, 1).await;
        let _ = only_consumers.create(EntityKind::Consumers, &[], &object(json!({"username": "x"}))).await;
        assert!(matches!(only_consumers.begin_restore(&taken.asked(false)).await, Err(Error::Conflict(_))));
    }
}

#[tokio::test]
async fn a_back_up_that_cannot_be_read_changes_nothing() {
    let taken = back_up(&open(&furnished(1).await, 1).await, 50, async || {}).await;
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let before = store.records();
    let asked = taken.asked(false);
    for (what, asked) in [
        ("format", RestoreAsked { format: 2, ..asked.clone() }),
        ("published_format", RestoreAsked { published_format: 2, ..asked.clone() }),
        ("peppers", RestoreAsked { peppers: vec![Pepper::new(b"other").id()], ..asked.clone() }),
    ] {
        match registry.begin_restore(&asked).await {
            Err(Error::Schema(violation)) => assert!(violation.message().contains(what), "{violation:?}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    assert_eq!(store.records(), before);
}

/// A part is checked whole before any of it is written.
#[tokio::test]
async fn a_part_that_no_back_up_holds_is_refused() {
    let taken = back_up(&open(&furnished(1).await, 1).await, 50, async || {}).await;
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let (run, restoring) = registry.begin_restore(&taken.asked(false)).await.unwrap();
    assert_eq!(restoring.stage, Stage::Loading);
    let before = store.records();
    let record = |partition: &str, sort: &str, value: &[u8]| Kept {
        key: RecordKey::new(partition, sort),
        value: Some(value.to_vec()),
    };
    for bad in [
        record("", "", b""),
        record("a\0b", "", b""),
        record(&"p".repeat(2049), "", b""),
        record("p", &"s".repeat(1024), b""),
        record("whole-store", "run", b"{}"),
        record("before/x/0", "", b"{}"),
        record("setting", "admin_token", b"{}"),
        record("replica", "progress", b"{}"),
        record("rehash/requests", "x", b"{}"),
        record("published", "config", b"{}"),
        record("published", "log/00000000000000000001", b"{}"),
        record("published", "config/00", b"short"),
        record("published", "config/00", &[255; 8]),
        record("grant/ab", "", b"{}"),
        record("entity/consumers", "x", b"[]"),
        record("children/consumers/x", "x", b"\xff"),
    ] {
        let part = vec![record("p", "good", b""), bad.clone()];
        let refused = registry.restore_part(run.id, 0, part).await;
        assert!(matches!(refused, Err(Error::Schema(_))), "{bad:?}: {refused:?}");
    }
    assert!(
        matches!(registry.restore_part(run.id, 1, vec![]).await, Err(Error::Conflict(_))),
        "out of order"
    );
    assert_eq!(registry.restore_part(Uuid::nil(), 0, vec![]).await, Err(Error::NotFound));
    assert!(matches!(registry.finish_restore(run.id, 1).await, Err(Error::Conflict(_))), "too early");
    assert_eq!(store.records(), before);
    registry.give_up_restore(run.id).await.unwrap();
    assert_nothing_left(&store);
}

/// While a restore goes on, nothing else is written, and no start fails.
#[tokio::test]
async fn nothing_else_is_done_meanwhile() {
    let source = furnished(1).await;
    let taken = back_up(&open(&source, 1).await, 20, async || {}).await;
    let store = furnished(2).await;
    let registry = open(&store, 3).await;
    let (run, _) = registry.begin_restore(&taken.asked(true)).await.unwrap();
    assert!(read_feed(&store.inner, FeedRequest { since: None }, None).await.unwrap().format.is_newer());
    for number in 0..=taken.pages.len() {
        let before = store.records();
        let other = open(&store, 5).await;
        assert_eq!(other.resume_jobs().await, Ok(vec![]));
        other.reseal(3).await.unwrap();
        other.carry_out_rehashes(3).await.unwrap();
        assert!(!other.drop_audit_records(0).await.unwrap());
        assert!(matches!(other.refuse_while_restoring().await, Err(Error::Restoring(_))));
        assert!(matches!(other.begin_backup().await, Err(Error::Conflict(_))));
        for made in [json!({"username": "new"}), json!({"custom_id": "new"})] {
            let refused = other.create(EntityKind::Consumers, &[], &object(made)).await;
            assert!(matches!(refused, Err(Error::Store(StoreError::Unavailable(_)))), "{refused:?}");
        }
        let service = other.create(EntityKind::Services, &[], &object(json!({"host": "a"}))).await;
        assert!(matches!(service, Err(Error::Store(StoreError::Unavailable(_)))), "{service:?}");
        assert_eq!(store.records(), before);
        if let Some(part) = taken.pages.get(number) {
            registry.restore_part(run.id, number as u64, part.clone()).await.unwrap();
            // Once more: its reply was lost.
            let before = store.records();
            registry.restore_part(run.id, number as u64, part.clone()).await.unwrap();
            assert_eq!(store.records(), before);
        }
    }
    registry.finish_restore(run.id, taken.pages.len() as u64).await.unwrap();
    registry.finish_restore(run.id, taken.pages.len() as u64).await.unwrap();
    assert_eq!(registry.refuse_while_restoring().await, Ok(()));
    assert_eq!(without_epochs(held_alike(&store)), without_epochs(alike(taken.records())));
    audit(&store.records()).await;
}

/// The process dies at every commit of a restore, that one applied or not, and starts again; or only the
/// reply is lost.
#[tokio::test]
async fn an_interrupted_restore_is_gone_on_with() {
    let source = furnished(1).await;
    let taken = back_up(&open(&source, 1).await, 60, async || {}).await;
    let occupied = furnished(2).await;
    let expected = without_epochs(alike(taken.records()));
    for (replace, base) in [(false, TestStore::default()), (true, occupied)] {
        open(&base, 3).await;
        for dies_at in 1.. {
            let mut was_dead = false;
            for fault in 0..3 {
                let store = base.copy().await;
                let registry = open(&store, 4).await;
                match fault {
                    2 => store
                        .reply_lost_at
                        .store(store.commits.load(Ordering::Relaxed) + dies_at, Ordering::Relaxed),
                    fault => store.die_in(dies_at, fault == 1),
                }
                let outcome = restore(&registry, &taken, replace).await;
                was_dead |= store.is_dead();
                assert!(outcome.is_ok() || outcome.is_err_and(|error| error.is_retryable()));
                store.revive();
                store.reply_lost_at.store(0, Ordering::Relaxed);
                // A start.
                let registry = open(&store, 5).await;
                registry.resume_jobs().await.unwrap();
                let goes_on = registry.running_restore().await.unwrap().is_some();
                if goes_on || without_epochs(held_alike(&store)) != expected {
                    restore(&registry, &taken, replace).await.unwrap();
                }
                assert_eq!(without_epochs(held_alike(&store)), expected, "commit {dies_at}, {fault}");
                assert_nothing_left(&store);
                audit(&store.records()).await;
            }
            if !was_dead {
                assert!(dies_at > 5, "{dies_at} commits");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_restore_that_is_given_up_leaves_nothing() {
    let taken = back_up(&open(&furnished(1).await, 1).await, 50, async || {}).await;
    for dies_at in 1..40 {
        let store = furnished(2).await;
        let registry = open(&store, 3).await;
        let (run, _) = registry.begin_restore(&taken.asked(true)).await.unwrap();
        registry.restore_part(run.id, 0, taken.pages[0].clone()).await.unwrap();
        store.die_in(dies_at, dies_at % 2 == 0);
        let _ = registry.give_up_restore(run.id).await;
        let was_dead = store.is_dead();
        store.revive();
        let registry = open(&store, 4).await;
        registry.give_up_restore(run.id).await.unwrap();
        assert_nothing_left(&store);
        assert!(entities_of(&store.records()).keys().all(|key| key.partition == "setting"));
        let feed = read_feed(&store.inner, FeedRequest { since: None }, None).await.unwrap();
        assert!(!feed.format.is_newer());
        registry.give_up_restore(run.id).await.unwrap();
        restore(&registry, &taken, false).await.unwrap();
        if !was_dead {
            return;
        }
    }
    panic!("it never got through");
}

/// Calls, back-ups and restores in any order, with the process dying at any commit: what is there is what
/// a model without faults has, whose back-ups are copies.
#[tokio::test]
async fn random_histories_lose_nothing_and_double_nothing() {
    let mut restored = 0;
    for seed in 0..80 {
        let store = TestStore::default();
        let model = TestStore::default();
        open(&store, seed).await;
        open(&model, seed).await;
        let random = SeededRandom::new(seed);
        let mut kept: Vec<(Taken, Records)> = Vec::new();
        for number in 0..40 {
            let registry = open(&store, seed * 1_000 + number).await;
            let faulty = random.next().is_multiple_of(3);
            match random.next() % 10 {
                0 => kept.push((back_up(&registry, 30, async || {}).await, model.records())),
                1 if !kept.is_empty() => {
                    let (taken, was) = kept[(random.next() % kept.len() as u64) as usize].clone();
                    if faulty {
                        store.die_in(1 + (random.next() % 12) as i64, random.next().is_multiple_of(2));
                    }
                    let _ = restore(&registry, &taken, true).await;
                    store.revive();
                    restore(&open(&store, seed * 2_000 + number).await, &taken, true).await.unwrap();
                    model.replace(&was).await;
                    restored += 1;
                }
                _ => {
                    let call = Call::any(&random);
                    if faulty {
                        store.die_in(1 + (random.next() % 3) as i64, random.next().is_multiple_of(2));
                    }
                    let found = call.run(&registry).await;
                    store.revive();
                    let again = open(&store, seed * 1_000 + number).await;
                    again.resume_jobs().await.unwrap();
                    let before = model.copy().await;
                    let expected = call.run(&open(&model, seed * 1_000 + number).await).await;
                    let is_open = matches!(&found, Err(error) if error.is_retryable());
                    if is_open && entities_of(&store.records()) == entities_of(&before.records()) {
                        model.replace(&before.records()).await;
                    } else if !is_open {
                        assert_eq!(found.is_ok(), expected.is_ok(), "seed {seed}, {number}: {call:?}");
                    }
                }
            }
            assert_eq!(
                entities_of(&store.records()),
                entities_of(&model.records()),
                "seed {seed}, step {number}"
            );
            audit(&store.records()).await;
        }
    }
    assert!(restored > 100, "{restored} restores");
}

/// Where there is a replica, gateways are told from which change on it is believed; where there is none, a
/// back-up of a store with one does not bring that along.
#[tokio::test]
async fn a_replica_is_believed_from_the_restore_on() {
    async fn with_replica() -> TestStore {
        let store = TestStore::default();
        let progress = serde_json::to_vec(&Progress::default()).unwrap();
        let writes = vec![Write::Put(Progress::record_key(), progress)];
        store.inner.commit(Batch { checks: vec![], writes }).await.unwrap();
        store
    }
    fn settings(store: &TestStore) -> WorkspaceSettings {
        let record = &store.records()[&PieceRecord::record_key(PieceId::SETTINGS)];
        Piece::decode(&PieceRecord::decode(record).unwrap().packed).unwrap().settings.unwrap()
    }
    let taken = back_up(&open(&furnished(1).await, 1).await, 50, async || {}).await;
    let first = with_replica().await;
    let registry = open(&first, 2).await;
    restore(&registry, &taken, false).await.unwrap();
    let head = Head::decode(&first.records()[&Head::record_key()]).unwrap();
    assert_eq!(settings(&first).restored_at, head.floor);
    let progress: Progress = serde_json::from_slice(&first.records()[&Progress::record_key()]).unwrap();
    assert_eq!(progress, Progress::after_restore(head.floor));
    let again = back_up(&registry, 50, async || {}).await;
    let second = TestStore::default();
    restore(&open(&second, 3).await, &again, false).await.unwrap();
    assert_eq!((settings(&second).restored_at, settings(&second).has_imported_keys), (0, true));
    assert_eq!(without_epochs(held_alike(&second)), without_epochs(alike(taken.records())));
}

/// What is at stage `clearing` for long is gone on with by the same call.
#[tokio::test]
async fn clearing_takes_several_calls() {
    let taken = back_up(&open(&furnished(1).await, 1).await, 50, async || {}).await;
    let store = TestStore::default();
    let registry = open(&store, 2).await;
    let many: BTreeMap<RecordKey, Vec<u8>> =
        (0..12_000).map(|n| (RecordKey::new("later-kind", format!("{n:05}")), b"{}".to_vec())).collect();
    let writes = many.into_iter().map(|(key, value)| Write::Put(key, value)).collect();
    store.inner.commit(Batch { checks: vec![], writes }).await.unwrap();
    let (run, restoring) = registry.begin_restore(&taken.asked(true)).await.unwrap();
    assert_eq!(restoring.stage, Stage::Clearing);
    let again = registry.begin_restore(&taken.asked(true)).await.unwrap();
    assert_eq!((again.0.id, again.1.stage), (run.id, Stage::Loading));
    assert!(
        matches!(
            registry.begin_restore(&RestoreAsked { backup: run.id, ..taken.asked(true) }).await,
            Err(Error::Conflict(_))
        ),
        "another back-up's"
    );
    restore(&registry, &taken, true).await.unwrap();
    assert!(!store.records().keys().any(|key| key.partition == "later-kind"));
    let stored: Option<Run> = registry.run().await.unwrap();
    assert!(stored.is_none_or(|run| run.doing == Doing::Backup));
    drop(copied(&store.records()).await);
}
