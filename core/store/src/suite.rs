//! What every store must do; each backend runs this against a fresh one.

use super::{Batch, Check, Commit, RecordKey, Store, Version, Write};

/// Runs the suite. Panics at the first departure from the contract of [`Store`].
pub async fn run<S: Store>(store: &S) {
    absent_record_reads_as_none(store).await;
    batch_is_all_or_nothing(store).await;
    versions_are_never_reused(store).await;
    scan_is_ordered_bounded_and_continues(store).await;
    odd_bytes_come_back(store).await;
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
