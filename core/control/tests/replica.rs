//! What is due at a replica, after real transactions.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_control::transaction::Transaction;
use latchkey_published::grant::Grant;
use latchkey_published::keys::KeyDigest;
use latchkey_store::feed::read_json;
use latchkey_store::memory::MemoryStore;
use latchkey_store::replica::{Due, Progress, mark_published, mark_signed, next_due};
use latchkey_store::{Batch, Store, Write};

async fn commit(store: &MemoryStore, digest: KeyDigest, record: Option<&str>) {
    let mut transaction = Transaction::new(store);
    transaction.publish_grant(digest, None);
    transaction.commit(0).await.unwrap();
    if let Some(record) = record {
        let write = Write::Put(Grant::record_key(&digest), record.into());
        store.commit(Batch { checks: vec![], writes: vec![write] }).await.unwrap();
    }
}

#[tokio::test]
async fn changes_are_due_in_order_and_settle_after_the_horizon() {
    let store = MemoryStore::default();
    let [a, b] = [1, 2].map(|byte| KeyDigest::from_bytes([byte; 32]));
    commit(&store, a, Some("first")).await;
    commit(&store, b, Some("second")).await;
    let first = Due { epoch: 1, records: vec![(a, Some(b"first".to_vec()))] };
    assert_eq!(next_due(&store).await, Ok(Some(first.clone())));
    assert_eq!(next_due(&store).await, Ok(Some(first)), "due until it is marked");
    mark_published(&store, 1, 100, 10).await.unwrap();
    commit(&store, a, None).await;
    store.commit(Batch { checks: vec![], writes: vec![Write::Delete(Grant::record_key(&a))] }).await.unwrap();
    for due in [
        Due { epoch: 2, records: vec![(b, Some(b"second".to_vec()))] },
        Due { epoch: 3, records: vec![(a, None)] },
    ] {
        let epoch = due.epoch;
        assert_eq!(next_due(&store).await, Ok(Some(due)));
        mark_published(&store, epoch, 100, 20).await.unwrap();
    }
    assert_eq!(next_due(&store).await, Ok(None));
    let progress: Progress = read_json(&store, &Progress::record_key()).await.unwrap().unwrap();
    assert_eq!([109, 110, 119, 120].map(|now| progress.settled(100, now)), [0, 1, 1, 3]);
}

#[tokio::test]
async fn signing_goes_on_where_it_was_and_begins_again_after_an_older_version() {
    let store = MemoryStore::default();
    commit(&store, KeyDigest::from_bytes([1; 32]), Some("first")).await;
    let saved = async || -> Progress { read_json(&store, &Progress::record_key()).await.unwrap().unwrap() };
    assert_eq!(Progress::default().unsigned_after(), Some(""));
    mark_signed(&store, Some("a cursor")).await.unwrap();
    assert_eq!(saved().await.unsigned_after(), Some("a cursor"));
    mark_published(&store, 1, 100, 10).await.unwrap();
    assert_eq!(saved().await.unsigned_after(), Some("a cursor"), "publishing leaves it as it is");
    mark_signed(&store, None).await.unwrap();
    assert_eq!(saved().await.unsigned_after(), None);
    assert_eq!(saved().await.published, 1, "and the other way round");
    // What an older version makes of the record: it knows of two fields.
    let by_older = r#"{"published":1,"marks":[[1,10]]}"#;
    let progress: Progress = serde_json::from_str(by_older).unwrap();
    assert_eq!((progress.published, progress.unsigned_after()), (1, Some("")));
}
