//! Decisions about many contracts at once.

use super::concurrency::interrupted;
use super::*;
use crate::registry::testing::{audit_records, trail};
use crate::registry::{Decided, Decision, Error};
use latchkey_published::limits::DECIDED_AT_ONCE;

const CONTRACTS: EntityKind = EntityKind::ApplicationInstances;
const APPROVE: i64 = 0;
const REJECT: i64 = 2;
const REVOKE: i64 = 3;

/// A service, a developer, and so many applications whose contracts wait: the ids of these.
async fn with_waiting(registry: &TestRegistry<'_>, contracts: usize) -> Vec<String> {
    let service = make(registry, EntityKind::Services, json!({"name": "asked", "host": "a"})).await;
    let plugin = json!({"name": "application-registration", "service": {"id": id(&service)},
        "config": {"display_name": "Asked"}});
    make(registry, EntityKind::Plugins, plugin).await;
    let developer = make(registry, EntityKind::Developers, json!({"email": "a@b.test", "status": 0})).await;
    let mut waiting = Vec::new();
    for number in 0..contracts {
        let application = json!({"name": format!("app{number}"), "redirect_uri": "https://e.test",
            "developer": {"id": id(&developer)}});
        let application = make(registry, EntityKind::Applications, application).await;
        let contract = json!({"application": {"id": id(&application)}, "service": {"id": id(&service)}});
        waiting.push(id(&make(registry, CONTRACTS, contract).await));
    }
    waiting
}

async fn decide<S: Store>(
    registry: &Registry<S, ManualClock, SeededRandom>,
    ids: &[String],
    to: i64,
) -> Result<Vec<Decided>, Error> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    registry.decide_contracts(&ids, &Decision::new(to, json!("since"))).await
}

async fn states(registry: &TestRegistry<'_>, ids: &[String]) -> Vec<i64> {
    let mut states = Vec::new();
    for id in ids {
        states.push(registry.read(&[step(CONTRACTS, id)]).await.unwrap()["status"].as_i64().unwrap());
    }
    states
}

/// Commits that changed contracts, and contracts that the audit says were changed, each as often as it does.
fn told(store: &TestStore) -> (usize, Vec<String>) {
    let is_of_contract = |line: &&Line| line.entity == CONTRACTS.name() && line.did == "changed";
    let of = |record: &AuditRecord| -> Vec<String> {
        record.changes.iter().filter(is_of_contract).map(|line| line.entity_id.unwrap().to_string()).collect()
    };
    let told: Vec<Vec<String>> =
        trail(&store.records()).iter().map(of).filter(|ids| !ids.is_empty()).collect();
    let mut ids = told.concat();
    ids.sort();
    (told.len(), ids)
}

/// Mails to developers in the outbox that tell of a decision.
fn mails(store: &TestStore) -> usize {
    let records = store.records();
    let values = records.iter().filter(|(key, _)| key.partition == "outbox").map(|(_, value)| value);
    let is_of_decision = |value: &&Vec<u8>| {
        let text = String::from_utf8_lossy(value);
        ["access_approved", "access_rejected", "access_revoked"].iter().any(|letter| text.contains(letter))
    };
    values.filter(is_of_decision).count()
}

fn sorted(ids: &[String]) -> Vec<String> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids
}

#[tokio::test]
async fn many_are_decided_in_as_few_commits_as_the_store_takes() {
    for (batch_records_max, contracts, commits) in
        [(None, 40, 4..=6), (Some(2_000), 40, 1..=1), (Some(5_000), DECIDED_AT_ONCE + 1, 2..=2)]
    {
        let store = TestStore { batch_records_max, ..TestStore::default() };
        let registry = open(&store, 1).await.with_mail(true);
        let ids = with_waiting(&registry, contracts).await;
        for (to, mails_by_then) in [(APPROVE, contracts), (REVOKE, 2 * contracts)] {
            let before = told(&store);
            assert_eq!(decide(&registry, &ids, to).await, Ok(vec![Decided::Done; contracts]));
            assert_eq!(states(&registry, &ids).await, vec![to; contracts]);
            let now = told(&store);
            assert!(
                commits.contains(&(now.0 - before.0)),
                "{batch_records_max:?}: {} commits",
                now.0 - before.0
            );
            assert_eq!(now.1.len() - before.1.len(), contracts);
            assert_eq!(mails(&store), mails_by_then);
            audit_records(&store.records());
        }
        assert_eq!(registry.count_waiting_contracts().await.unwrap().count, 0);
    }
}

/// What is left is what as many single calls leave.
#[tokio::test]
async fn many_at_once_come_to_the_same_as_one_by_one() {
    let store = TestStore::default();
    let registry = open(&store, 1).await.with_mail(true);
    let ids = with_waiting(&registry, 12).await;
    for to in [REJECT, APPROVE] {
        let alone = store.copy().await;
        let one_by_one = open(&alone, 2).await.with_mail(true);
        for id in &ids {
            let sent = json!({"status": to, "reason": "since"});
            one_by_one.update(&[step(CONTRACTS, id)], &object(sent)).await.unwrap();
        }
        let all = TestStore {
            inner: store.copy().await.inner,
            batch_records_max: Some(1000),
            ..TestStore::default()
        };
        let at_once = open(&all, 2).await.with_mail(true);
        assert_eq!(decide(&at_once, &ids, to).await, Ok(vec![Decided::Done; 12]));
        let entities = |store: &TestStore| -> Vec<(RecordKey, Vec<u8>)> {
            let is_state = |key: &RecordKey| {
                ["entity/", "child", "waiting", "guard", "refus", "unique", "count"]
                    .iter()
                    .any(|begin| key.partition.starts_with(begin))
            };
            store.records().into_iter().filter(|(key, _)| is_state(key)).collect()
        };
        assert_eq!(entities(&all), entities(&alone));
        assert_eq!(mails(&all), mails(&alone));
        assert_eq!(told(&all).1, told(&alone).1);
        audit_records(&all.records());
    }
}

#[tokio::test]
async fn each_is_decided_on_its_own() {
    for batch_records_max in [None, Some(2_000)] {
        let store = TestStore { batch_records_max, ..TestStore::default() };
        let registry = open(&store, 1).await.with_mail(true);
        let ids = with_waiting(&registry, 6).await;
        registry.delete(&[step(CONTRACTS, &ids[0])]).await.unwrap();
        patch(&registry, CONTRACTS, &ids[1], json!({"status": APPROVE})).await;
        patch(&registry, CONTRACTS, &ids[2], json!({"status": APPROVE})).await;
        patch(&registry, CONTRACTS, &ids[2], json!({"status": REVOKE})).await;
        patch(&registry, CONTRACTS, &ids[3], json!({"status": REJECT})).await;
        let mails_before = mails(&store);
        let twice = [ids.as_slice(), &["no id".to_owned(), ids[4].clone()]].concat();
        let decided = decide(&registry, &twice, APPROVE).await.unwrap();
        let expected = [
            Decided::Gone,
            Decided::Already,
            Decided::Left(REVOKE),
            Decided::Left(REJECT),
            Decided::Done,
            Decided::Done,
            Decided::Gone,
            Decided::Already,
        ];
        assert_eq!(decided, expected);
        assert_eq!(mails(&store), mails_before + 2);
        assert_eq!(decide(&registry, &ids[4..], REJECT).await, Ok(vec![Decided::Left(APPROVE); 2]));
        assert_eq!(decide(&registry, &ids[3..], REVOKE).await.unwrap()[0], Decided::Left(REJECT));
        assert_eq!(states(&registry, &ids[1..]).await, [APPROVE, REVOKE, REJECT, REVOKE, REVOKE]);
        assert_eq!(decide(&registry, &[], APPROVE).await, Ok(vec![]));
        audit_records(&store.records());
    }
}

/// What comes between is seen: all are decided anew on what is stored then.
#[tokio::test]
async fn what_changes_meanwhile_is_not_run_over() {
    let store = TestStore { batch_records_max: Some(2_000), ..TestStore::default() };
    let first = open(&store, 1).await.with_mail(true);
    let ids = with_waiting(&first, 5).await;
    let second = interrupted(&store, async || {
        patch(&first, CONTRACTS, &ids[1], json!({"status": REJECT, "reason": "no plan"})).await;
        first.delete(&[step(CONTRACTS, &ids[3])]).await.unwrap();
    });
    let second = second.await.with_mail(true);
    let decided = decide(&second, &ids, APPROVE).await.unwrap();
    let done = Decided::Done;
    assert_eq!(decided, [done, Decided::Left(REJECT), done, Decided::Gone, done]);
    assert_eq!(first.read(&[step(CONTRACTS, &ids[1])]).await.unwrap()["reason"], json!("no plan"));
    assert_eq!(mails(&store), 4);
    audit_records(&store.records());
}

/// A commit whose reply is lost is not made twice, and what it came to is told.
#[tokio::test]
async fn a_lost_reply_loses_no_mail_and_sends_none_twice() {
    for lost in 1..=4 {
        let store = TestStore::default();
        let registry = open(&store, 1).await.with_mail(true);
        let ids = with_waiting(&registry, 20).await;
        store.reply_lost_at.store(store.commits.load(Ordering::Relaxed) + lost, Ordering::Relaxed);
        assert_eq!(decide(&registry, &ids, APPROVE).await, Ok(vec![Decided::Done; 20]), "commit {lost}");
        assert_eq!((mails(&store), told(&store).1), (20, sorted(&ids)), "commit {lost}");
        audit_records(&store.records());
    }
}

/// Where the store fails on the way, what is done is told, and the rest is as it was.
#[tokio::test]
async fn what_is_not_reached_can_be_decided_again() {
    for (fails_at, applies_last) in [(1, false), (2, false), (2, true), (3, true)] {
        let store = TestStore::default();
        let registry = open(&store, 1).await.with_mail(true);
        let ids = with_waiting(&registry, 30).await;
        store.die_in(fails_at, applies_last);
        let decided = decide(&registry, &ids, APPROVE).await;
        store.revive();
        let known_done = match decided {
            Ok(decided) => {
                let done = decided.iter().take_while(|one| **one == Decided::Done).count();
                assert!(
                    done > 0 && decided[done..].iter().all(|one| *one == Decided::NotReached),
                    "{decided:?}"
                );
                done
            }
            Err(error) => {
                assert!(fails_at == 1 && error.is_retryable(), "{error:?}");
                0
            }
        };
        let done = states(&registry, &ids).await.iter().filter(|state| **state == APPROVE).count();
        assert!(done >= known_done && (applies_last || done == known_done), "{done} of {known_done}");
        let again = decide(&registry, &ids, APPROVE).await.unwrap();
        assert_eq!(again.iter().filter(|one| **one == Decided::Already).count(), done);
        assert_eq!(states(&registry, &ids).await, [APPROVE; 30]);
        assert_eq!((mails(&store), told(&store).1), (30, sorted(&ids)));
        audit_records(&store.records());
    }
}

/// Contracts of one application, with many keys each: what is published of these is of all of its contracts.
#[tokio::test]
async fn contracts_of_one_application_are_published_together() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[20, 3]).await;
    let applications = registry.list(EntityKind::Applications, &[], Default::default()).await.unwrap().data;
    let mut ids = Vec::new();
    for number in 0..4 {
        let service = json!({"name": format!("more{number}"), "host": "a"});
        let service = id(&make(&registry, EntityKind::Services, service).await);
        let plugin = json!({"name": "application-registration", "service": {"id": service},
            "config": {"display_name": "More"}});
        make(&registry, EntityKind::Plugins, plugin).await;
        for application in &applications {
            let contract = json!({"application": {"id": id(application)}, "service": {"id": service}});
            ids.push(id(&make(&registry, CONTRACTS, contract).await));
        }
    }
    assert_eq!(decide(&registry, &ids, APPROVE).await, Ok(vec![Decided::Done; ids.len()]));
    assert!(store.grants().await.values().all(|grant| grant.service_ids.len() == 5));
    audit_records(&store.records());
}
