//! The contract of every store, and DynamoDB's bounds.

use latchkey_lambda::store::DynamoStore;
use latchkey_published::limits::BATCH_RECORDS_MAX;
use latchkey_store::{Batch, Check, Commit, RecordKey, Store, StoreError, Write, suite};

use crate::support::dynamodb::{Table, address, client};

async fn new_store() -> (DynamoStore, Table) {
    let table = Table::create();
    (DynamoStore::new(client(address()), &table.name), table)
}

fn put(sort: impl Into<String>, value: Vec<u8>) -> Write {
    Write::Put(RecordKey::new("p", sort), value)
}

fn writes(writes: Vec<Write>) -> Batch {
    Batch { checks: Vec::new(), writes }
}

#[track_caller]
fn check_refused(outcome: Result<Commit, StoreError>, words: &str) {
    match outcome {
        Err(StoreError::Failed(text)) if text.contains(words) => {}
        outcome => panic!("expected a refusal with {words:?}: {outcome:?}"),
    }
}

#[tokio::test]
async fn keeps_the_contract() {
    let (store, _table) = new_store().await;
    suite::run(&store).await;
}

/// DynamoDB ends a page of a query at 1 MB; the port knows no such end.
#[tokio::test]
async fn scan_goes_on_past_a_megabyte() {
    let (store, _table) = new_store().await;
    let value = |number: usize| vec![u8::try_from(number).unwrap(); 100_000];
    for chunk in (0..40).collect::<Vec<usize>>().chunks(10) {
        let records = chunk.iter().map(|&number| put(format!("n/{number:03}"), value(number))).collect();
        assert_eq!(store.commit(writes(records)).await, Ok(Commit::Committed));
    }
    let page = store.scan("p", "n/", None, 1_000).await.unwrap();
    assert_eq!(page.records.len(), 40);
    assert!(!page.more);
    for (number, (sort, record)) in page.records.iter().enumerate() {
        assert_eq!(*sort, format!("n/{number:03}"));
        assert_eq!(record.value, value(number));
    }
    let page = store.scan("p", "n/", Some("n/004"), 30).await.unwrap();
    assert_eq!((page.records.len(), page.more), (30, true));
    assert_eq!(page.records.last().unwrap().0, "n/034");
    let page = store.scan("p", "n/", Some("n/009"), 30).await.unwrap();
    assert_eq!((page.records.len(), page.more), (30, false));
}

#[tokio::test]
async fn scan_starts_within_its_prefix() {
    let (store, _table) = new_store().await;
    let records = ["a", "b/1", "b/2", "c"].map(|sort| put(sort, vec![1])).to_vec();
    store.commit(writes(records)).await.unwrap();
    for (prefix, after, expected) in [
        ("b/", None, vec!["b/1", "b/2"]),
        ("b/", Some("a"), vec!["b/1", "b/2"]),
        ("b/", Some("b/"), vec!["b/1", "b/2"]),
        ("b/", Some("b/11"), vec!["b/2"]),
        ("b/", Some("b/2"), vec![]),
        ("b/", Some("c"), vec![]),
        ("", None, vec!["a", "b/1", "b/2", "c"]),
        ("", Some("b/1"), vec!["b/2", "c"]),
    ] {
        let page = store.scan("p", prefix, after, 10).await.unwrap();
        let found: Vec<&str> = page.records.iter().map(|(sort, _)| sort.as_str()).collect();
        assert_eq!((found, page.more), (expected, false), "{prefix:?} after {after:?}");
    }
}

#[tokio::test]
async fn a_hundred_records_are_one_commit() {
    let (store, table) = new_store().await;
    let records = |value: u8| (0..BATCH_RECORDS_MAX).map(|n| put(n.to_string(), vec![value])).collect();
    assert_eq!(store.commit(writes(records(1))).await, Ok(Commit::Committed));
    assert_eq!(table.dump().await.len(), BATCH_RECORDS_MAX);
    // As many checks: of records that are written, they are one item with the write.
    let mut batch = writes(records(2));
    for write in &batch.writes {
        let version = store.get(write.key()).await.unwrap().unwrap().version;
        batch.checks.push(Check::VersionIs(write.key().clone(), version));
    }
    assert_eq!(store.commit(batch.clone()).await, Ok(Commit::Committed));
    assert!(table.dump().await.values().all(|value| *value == [2]));
    assert_eq!(store.commit(batch).await, Ok(Commit::Conflict));
}

#[tokio::test]
async fn what_dynamodb_would_refuse_is_not_sent() {
    let (store, table) = new_store().await;
    let records = (0..=BATCH_RECORDS_MAX).map(|n| put(n.to_string(), vec![1])).collect();
    check_refused(store.commit(writes(records)).await, "101 records");
    let mut batch = writes((0..BATCH_RECORDS_MAX).map(|n| put(n.to_string(), vec![1])).collect());
    batch.checks.push(Check::Absent(RecordKey::new("q", "")));
    check_refused(store.commit(batch).await, "101 records");
    check_refused(store.commit(writes(vec![put("a", vec![0; 410_000])])).await, "takes 409600");
    let records = (0..11).map(|n| put(n.to_string(), vec![0; 400_000])).collect();
    check_refused(store.commit(writes(records)).await, "takes 4194304");
    check_refused(
        store.commit(writes(vec![put("s".repeat(1024), vec![1])])).await,
        "takes 1 to 2048 and 1024",
    );
    let long = RecordKey::new("p".repeat(2049), "");
    check_refused(store.commit(writes(vec![Write::Put(long.clone(), vec![1])])).await, "takes 1 to 2048");
    assert!(matches!(store.get(&long).await, Err(StoreError::Failed(_))));
    let twice = vec![put("a", vec![1]), put("a", vec![2])];
    check_refused(store.commit(writes(twice)).await, "two writes");
    assert!(table.dump().await.is_empty());
}

/// The largest that is let through, DynamoDB takes.
#[tokio::test]
async fn what_is_sent_dynamodb_takes() {
    let (store, _table) = new_store().await;
    let longest = RecordKey::new("p".repeat(2048), "s".repeat(1023));
    let value = vec![7; 409_600 - 2048 - 1024 - 32];
    let batch = writes(vec![Write::Put(longest.clone(), value.clone())]);
    assert_eq!(store.commit(batch).await, Ok(Commit::Committed));
    assert_eq!(store.get(&longest).await.unwrap().unwrap().value, value);
    let records = (0..10).map(|n| put(n.to_string(), vec![0; 409_000])).collect();
    assert_eq!(store.commit(writes(records)).await, Ok(Commit::Committed));
}

#[tokio::test]
async fn a_batch_of_checks_alone_is_checked() {
    let (store, _table) = new_store().await;
    let absent = || Check::Absent(RecordKey::new("p", "a"));
    assert_eq!(store.commit(Batch::default()).await, Ok(Commit::Committed));
    let checks = |checks| Batch { checks, writes: Vec::new() };
    assert_eq!(store.commit(checks(vec![absent()])).await, Ok(Commit::Committed));
    store.commit(writes(vec![put("a", vec![1])])).await.unwrap();
    assert_eq!(store.commit(checks(vec![absent()])).await, Ok(Commit::Conflict));
}

#[tokio::test]
async fn a_missing_table_fails_at_once() {
    let store = DynamoStore::new(client(address()), "no-such-table");
    let started = std::time::Instant::now();
    let read = store.get(&RecordKey::new("p", "")).await;
    assert!(matches!(&read, Err(StoreError::Failed(text)) if text.contains("ResourceNotFound")), "{read:?}");
    let commit = store.commit(writes(vec![put("a", vec![1])])).await;
    assert!(matches!(commit, Err(StoreError::Failed(_))), "{commit:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(3));
}
