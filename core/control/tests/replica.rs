//! What is due at a replica, after real transactions.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_control::transaction::Transaction;
use latchkey_published::grant::Grant;
use latchkey_published::keys::KeyDigest;
use latchkey_store::feed::read_json;
use latchkey_store::memory::MemoryStore;
use latchkey_store::replica::{Due, Progress, Reached, mark_published, mark_signed, next_due};
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

/// Records in a step.
const STEP: usize = 1;

fn both(epoch: u64) -> Reached {
    Reached { ahead: epoch, published: epoch }
}

/// One commit that changes some keys and makes others.
async fn commit_many(store: &MemoryStore, changed: &[KeyDigest], made: &[KeyDigest]) {
    let mut transaction = Transaction::new(store);
    made.iter().for_each(|digest| transaction.note_made(*digest));
    changed.iter().chain(made).for_each(|digest| transaction.publish_grant(*digest, None));
    transaction.commit(0).await.unwrap();
}

#[tokio::test]
async fn keys_that_were_made_wait_behind_changes_of_others() {
    let store = MemoryStore::default();
    let [a, b, c, d] = [1, 2, 3, 4].map(|byte| KeyDigest::from_bytes([byte; 32]));
    commit_many(&store, &[], &[c, b]).await;
    commit_many(&store, &[a], &[]).await;
    commit_many(&store, &[a], &[d]).await;
    let mut steps = Vec::new();
    let mut now_ms = 10;
    while let Some(Due { reached, records }) = next_due(&store, 2).await.unwrap() {
        steps.push((reached.ahead, reached.published, records.iter().map(|(digest, _)| *digest).collect()));
        mark_published(&store, reached, 100, now_ms).await.unwrap();
        now_ms += 10;
    }
    // The changed one is written once, for both changes; there is no room beside it for the first two.
    assert_eq!(steps, [(3, 0, vec![a]), (3, 2, vec![b, c]), (3, 3, vec![d])]);
    let progress: Progress = read_json(&store, &Progress::record_key()).await.unwrap().unwrap();
    let shown = [109, 110, 120, 130].map(|now| progress.shown(100, now)).map(|it| (it.current, it.settled));
    assert_eq!(shown, [(0, 0), (3, 0), (3, 2), (3, 3)]);
}

/// An import is walked through in steps, though it has nothing to write ahead.
#[tokio::test]
async fn a_long_way_is_walked_in_steps() {
    let store = MemoryStore::default();
    for number in 0..600_u32 {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        commit_many(&store, &[], &[KeyDigest::from_bytes(bytes)]).await;
    }
    let (mut steps, mut written) = (0, 0);
    while let Some(Due { reached, records }) = next_due(&store, 60).await.unwrap() {
        assert!(records.len() <= 60);
        written += records.len();
        steps += 1;
        mark_published(&store, reached, 100, 10).await.unwrap();
    }
    assert_eq!((steps, written), (12, 600), "two steps without a record, and with the last of them ten");
}

#[tokio::test]
async fn changes_are_due_in_order_and_settle_after_the_horizon() {
    let store = MemoryStore::default();
    let [a, b] = [1, 2].map(|byte| KeyDigest::from_bytes([byte; 32]));
    commit(&store, a, Some("first")).await;
    commit(&store, b, Some("second")).await;
    let first = Due { reached: both(1), records: vec![(a, Some(b"first".to_vec()))] };
    assert_eq!(next_due(&store, STEP).await, Ok(Some(first.clone())));
    assert_eq!(next_due(&store, STEP).await, Ok(Some(first)), "due until it is marked");
    mark_published(&store, both(1), 100, 10).await.unwrap();
    commit(&store, a, None).await;
    store.commit(Batch { checks: vec![], writes: vec![Write::Delete(Grant::record_key(&a))] }).await.unwrap();
    for due in [
        Due { reached: both(2), records: vec![(b, Some(b"second".to_vec()))] },
        Due { reached: both(3), records: vec![(a, None)] },
    ] {
        let reached = due.reached;
        assert_eq!(next_due(&store, STEP).await, Ok(Some(due)));
        mark_published(&store, reached, 100, 20).await.unwrap();
    }
    assert_eq!(next_due(&store, STEP).await, Ok(None));
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
    mark_published(&store, both(1), 100, 10).await.unwrap();
    assert_eq!(saved().await.unsigned_after(), Some("a cursor"), "publishing leaves it as it is");
    mark_signed(&store, None).await.unwrap();
    assert_eq!(saved().await.unsigned_after(), None);
    assert_eq!(saved().await.published, 1, "and the other way round");
    // What an older version makes of the record: it knows of two fields.
    let by_older = r#"{"published":1,"marks":[[1,10]]}"#;
    let progress: Progress = serde_json::from_str(by_older).unwrap();
    assert_eq!((progress.published, progress.unsigned_after()), (1, Some("")));
}
