//! What every store must do; each backend runs this against a fresh one.

use latchkey_published::limits::BATCH_RECORDS_MAX;

use super::{Batch, Check, Commit, RecordKey, Store, Version, Write};

/// Runs the suite. Panics at the first departure from the contract of [`Store`].
pub async fn run<S: Store>(store: &S) {
    absent_record_reads_as_none(store).await;
    batch_is_all_or_nothing(store).await;
    versions_are_never_reused(store).await;
    scan_is_ordered_bounded_and_continues(store).await;
    odd_bytes_come_back(store).await;
    a_batch_may_be_as_large_as_the_store_says(store).await;
    every_record_is_in_one_page_of_all(store).await;
}

fn put(partition: &str, sort: &str, value: &[u8]) -> Write {
    Write::Put(RecordKey::new(partition, sort), value.to_vec())
}

async fn commit<S: Store>(store: &S, checks: Vec<Check>, writes: Vec<Write>) -> Commit {
    store.commit(Batch { checks, writes }).await.expect("commit answers")
}

async fn read<S: Store>(store: &S, key: &RecordKey) -> Option<(Vec<u8>, Version)> {
    store.get(key).await.expect("get answers").map(|record| (record.value, record.version))
}

async fn absent_record_reads_as_none<S: Store>(store: &S) {
    assert_eq!(read(store, &RecordKey::new("suite/none", "")).await, None);
}

async fn batch_is_all_or_nothing<S: Store>(store: &S) {
    let (a, b) = (RecordKey::new("suite/batch", "a"), RecordKey::new("suite/batch", "b"));
    let first = vec![put("suite/batch", "a", b"1")];
    assert_eq!(commit(store, vec![Check::Absent(a.clone())], first.clone()).await, Commit::Committed);
    assert_eq!(commit(store, vec![Check::Absent(a.clone())], first).await, Commit::Conflict);
    let both = vec![put("suite/batch", "a", b"2"), put("suite/batch", "b", b"2")];
    let stale = Check::VersionIs(a.clone(), Version::MAX);
    assert_eq!(commit(store, vec![stale], both.clone()).await, Commit::Conflict);
    assert_eq!(read(store, &b).await, None);
    let (_, version) = read(store, &a).await.expect("a is there");
    let checks = vec![Check::VersionIs(a.clone(), version), Check::Absent(b.clone())];
    assert_eq!(commit(store, checks, both).await, Commit::Committed);
    let check_only = vec![Check::Absent(b.clone())];
    assert_eq!(commit(store, check_only, vec![put("suite/batch", "c", b"3")]).await, Commit::Conflict);
    assert_eq!(commit(store, vec![], vec![Write::Delete(a.clone())]).await, Commit::Committed);
    assert_eq!(commit(store, vec![], vec![Write::Delete(a.clone())]).await, Commit::Committed);
    assert_eq!(read(store, &a).await, None);
}

async fn a_batch_may_be_as_large_as_the_store_says<S: Store>(store: &S) {
    let most = store.batch_records_max();
    assert!(most >= BATCH_RECORDS_MAX, "everything that is written fits so many records");
    let key = |at: usize| RecordKey::new("suite/large", format!("{at:06}"));
    let checks = (0..most).map(|at| Check::Absent(key(at))).collect();
    let writes = (0..most).map(|at| Write::Put(key(at), vec![1])).collect();
    assert_eq!(commit(store, checks, writes).await, Commit::Committed);
    for at in [0, most - 1] {
        assert_eq!(read(store, &key(at)).await.map(|(value, _)| value), Some(vec![1]));
    }
    // None of them stays: what follows looks at all records.
    let all: Vec<Write> = (0..most).map(|at| Write::Delete(key(at))).collect();
    assert_eq!(commit(store, vec![], all).await, Commit::Committed);
    assert_eq!(read(store, &key(most - 1)).await, None);
}

async fn versions_are_never_reused<S: Store>(store: &S) {
    let key = RecordKey::new("suite/version", "");
    let mut seen = Vec::new();
    for value in [b"1", b"1", b"2"] {
        commit(store, vec![], vec![put("suite/version", "", value)]).await;
        seen.push(read(store, &key).await.expect("just written").1);
        commit(store, vec![], vec![Write::Delete(key.clone())]).await;
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 3, "a version came back after the record was deleted");
}

async fn scan_is_ordered_bounded_and_continues<S: Store>(store: &S) {
    let sorts = ["a/1", "a/10", "a/2", "b/1", "a/", "a", "a0"];
    let writes = sorts.iter().map(|sort| put("suite/scan", sort, sort.as_bytes())).collect();
    commit(store, vec![], writes).await;
    commit(store, vec![], vec![put("suite/scan2", "a/3", b"other partition")]).await;
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.scan("suite/scan", "a/", after.as_deref(), 2).await.expect("scan answers");
        assert!(page.records.len() <= 2);
        found.extend(page.records.iter().map(|(sort, _)| sort.clone()));
        after = page.records.last().map(|(sort, _)| sort.clone());
        if !page.more {
            break;
        }
    }
    assert_eq!(found, ["a/", "a/1", "a/10", "a/2"]);
    let page = store.scan("suite/scan", "zzz", None, 5).await.expect("scan answers");
    assert!(page.records.is_empty() && !page.more);
}

async fn odd_bytes_come_back<S: Store>(store: &S) {
    let value: Vec<u8> = (0..=255).collect();
    let key = RecordKey::new("suite/bytes é", "ü/\u{10ffff}");
    commit(store, vec![], vec![Write::Put(key.clone(), value.clone())]).await;
    assert_eq!(read(store, &key).await.map(|(value, _)| value), Some(value));
    let empty = RecordKey::new("suite/empty", "");
    commit(store, vec![], vec![put("suite/empty", "", b"")]).await;
    assert_eq!(read(store, &empty).await.map(|(value, _)| value), Some(vec![]));
}

/// Every record, by pages of so many.
async fn all<S: Store>(store: &S, limit: usize) -> Vec<(RecordKey, Vec<u8>)> {
    let mut found: Vec<(RecordKey, Vec<u8>)> = Vec::new();
    loop {
        let after = found.last().map(|(key, _)| key.clone());
        let page = store.scan_all(after.as_ref(), limit).await.expect("scan_all answers");
        assert!(page.records.len() <= limit && (!page.more || !page.records.is_empty()));
        found.extend(page.records.into_iter().map(|(key, record)| (key, record.value)));
        if !page.more {
            return found;
        }
    }
}

async fn every_record_is_in_one_page_of_all<S: Store>(store: &S) {
    let keys =
        [("suite/all", ""), ("suite/all", "a"), ("suite/all", "ü"), ("suite/all/é", ""), ("suite/al", "z")];
    let writes = keys.iter().map(|(partition, sort)| put(partition, sort, sort.as_bytes())).collect();
    commit(store, vec![], writes).await;
    let sorted = |mut records: Vec<(RecordKey, Vec<u8>)>| {
        records.sort();
        records
    };
    let whole = all(store, 1_000).await;
    for (partition, sort) in keys {
        let record = (RecordKey::new(partition, sort), sort.as_bytes().to_vec());
        assert_eq!(whole.iter().filter(|found| **found == record).count(), 1, "{record:?}");
    }
    for limit in [1, 2, 3] {
        assert_eq!(all(store, limit).await, whole, "the order stays the same");
    }
    // What a page ended with may be gone when the next is asked for.
    let page = store.scan_all(None, 2).await.expect("scan_all answers");
    let last = page.records.last().map(|(key, _)| key.clone()).expect("there are more");
    commit(store, vec![], vec![Write::Delete(last.clone())]).await;
    let mut rest = page.records.into_iter().map(|(key, record)| (key, record.value)).collect::<Vec<_>>();
    let mut after = Some(last);
    while let Some(from) = after.take() {
        let next = store.scan_all(Some(&from), 3).await.expect("scan_all answers");
        after = next.records.last().map(|(key, _)| key.clone()).filter(|_| next.more);
        rest.extend(next.records.into_iter().map(|(key, record)| (key, record.value)));
    }
    assert_eq!(sorted(rest), sorted(whole));
}
