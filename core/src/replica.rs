//! Keeps a read copy of the grants near the data plane: an eventually consistent store such as
//! Workers KV, which may show an old state for a while, and "not found" too.
//!
//! The feed itself is the outbox: a change is in it from the commit on, and the publisher walks
//! it in order, writing to the replica what the authority holds *now* for each digest. So a crash
//! loses nothing, and publishing twice is harmless. How far it has come is what makes a change
//! [settled](crate::feed::FeedReply::settled).

use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::feed::{Change, Epoch, Head, decode, read_json};
use crate::grant::Grant;
use crate::keys::KeyDigest;
use crate::store::{Batch, Check, Commit, RecordKey, Store, StoreError, Write};

/// A copy of grants that is written here and read by the data plane.
pub trait Replica {
    /// Writes a grant's record, or removes it with `None`. `Err`: may or may not have been written.
    fn write(
        &self,
        digest: &KeyDigest,
        record: Option<&[u8]>,
    ) -> impl Future<Output = Result<(), ReplicaError>>;
}

/// A replica that did not take a write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("replica did not take a write: {0}")]
pub struct ReplicaError(pub String);

/// Marks kept of when which epoch was published; more only tell the horizon more finely.
const MARKS_MAX: usize = 64;

/// How far the replica has been written. The record is there only where there is a replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Every change up to this one has been written.
    pub published: Epoch,
    /// At such a time (milliseconds since the Unix epoch) all up to such a change had been written;
    /// ascending.
    marks: Vec<(Epoch, u64)>,
}

impl Progress {
    /// Where it is stored.
    pub fn record_key() -> RecordKey {
        RecordKey::new("replica", "progress")
    }

    /// Newest change that was written longer ago than the horizon: every replica shows it by now.
    pub fn settled(&self, horizon_ms: u64, now_ms: u64) -> Epoch {
        let old_enough = |(_, at_ms): &&(Epoch, u64)| at_ms + horizon_ms <= now_ms;
        self.marks.iter().rev().find(old_enough).map_or(0, |(epoch, _)| *epoch)
    }

    fn advance(&mut self, epoch: Epoch, now_ms: u64, horizon_ms: u64) {
        self.published = epoch;
        self.marks.push((epoch, now_ms));
        let settled = self.settled(horizon_ms, now_ms);
        self.marks.retain(|(epoch, _)| *epoch >= settled);
        if self.marks.len() > MARKS_MAX {
            // Forgetting a mark only makes its change settle later, with the next.
            let mut number = 0;
            let last = self.marks.len();
            self.marks.retain(|_| {
                number += 1;
                number % 2 == 0 || number == last
            });
        }
    }
}

/// What [`publish_next`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// One change was written; there may be more.
    One(Epoch),
    /// There was nothing to write.
    Nothing,
}

/// Why a change could not be published; it stays in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The authority failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The replica failed.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
}

/// Writes the oldest change that the replica does not have yet. Only one at a time may run, so
/// that writes of one digest reach the replica in order.
pub async fn publish_next<S: Store, R: Replica>(
    store: &S,
    replica: &R,
    horizon_ms: u64,
    now_ms: impl Fn() -> u64,
) -> Result<Published, PublishError> {
    let record = store.get(&Progress::record_key()).await?;
    let mut progress: Progress = match &record {
        Some(record) => decode(&record.value)?,
        None => Progress::default(),
    };
    let head: Head = read_json(store, &Head::record_key()).await?.unwrap_or_default();
    // What is below the floor was dropped before there was a replica; it is filled by reads.
    let next = progress.published.max(head.floor) + 1;
    if next > head.epoch {
        return Ok(Published::Nothing);
    }
    let change: Option<Change> = read_json(store, &Change::record_key(next)).await?;
    let change = change.ok_or_else(|| StoreError::Failed(format!("change {next} is missing")))?;
    for digest in &change.digests {
        let grant = store.get(&Grant::record_key(digest)).await?;
        replica.write(digest, grant.as_ref().map(|record| record.value.as_slice())).await?;
    }
    progress.advance(next, now_ms(), horizon_ms);
    let check = match record {
        Some(record) => Check::VersionIs(Progress::record_key(), record.version),
        None => Check::Absent(Progress::record_key()),
    };
    let value = serde_json::to_vec(&progress).expect("records have string keys only");
    let batch = Batch { checks: vec![check], writes: vec![Write::Put(Progress::record_key(), value)] };
    match store.commit(batch).await? {
        Commit::Committed => Ok(Published::One(next)),
        Commit::Conflict => Err(StoreError::Unavailable("another publisher is at work".into()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use crate::transaction::Transaction;
    use std::cell::RefCell;
    use std::collections::HashMap;

    #[derive(Default)]
    struct Map {
        records: RefCell<HashMap<KeyDigest, Vec<u8>>>,
        failing: std::cell::Cell<bool>,
    }

    impl Replica for Map {
        async fn write(&self, digest: &KeyDigest, record: Option<&[u8]>) -> Result<(), ReplicaError> {
            if self.failing.get() {
                return Err(ReplicaError("429".into()));
            }
            match record {
                Some(record) => self.records.borrow_mut().insert(*digest, record.to_vec()),
                None => self.records.borrow_mut().remove(digest),
            };
            Ok(())
        }
    }

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
    async fn changes_are_written_in_order_and_settle_after_the_horizon() {
        let (store, replica) = (MemoryStore::default(), Map::default());
        let [a, b] = [1, 2].map(|byte| KeyDigest::from_bytes([byte; 32]));
        commit(&store, a, Some("first")).await;
        commit(&store, b, Some("second")).await;
        replica.failing.set(true);
        assert!(publish_next(&store, &replica, 100, || 5).await.is_err());
        replica.failing.set(false);
        assert_eq!(publish_next(&store, &replica, 100, || 10).await, Ok(Published::One(1)));
        commit(&store, a, None).await;
        for expected in [Published::One(2), Published::One(3), Published::Nothing] {
            assert_eq!(publish_next(&store, &replica, 100, || 20).await, Ok(expected));
        }
        assert_eq!(*replica.records.borrow(), HashMap::from([(b, b"second".to_vec())]));
        let progress: Progress = read_json(&store, &Progress::record_key()).await.unwrap().unwrap();
        assert_eq!([109, 110, 119, 120].map(|now| progress.settled(100, now)), [0, 1, 1, 3]);
    }

    #[test]
    fn marks_stay_few_and_never_settle_early() {
        let mut progress = Progress::default();
        for epoch in 1..=10_000 {
            progress.advance(epoch, epoch * 10, 1_000_000);
            assert!(progress.marks.len() <= MARKS_MAX);
        }
        for now in (0..1_200_000).step_by(999) {
            let settled = progress.settled(1_000_000, now);
            assert!(settled * 10 + 1_000_000 <= now || settled == 0, "{settled} settled at {now}");
        }
        assert_eq!(progress.settled(1_000_000, 1_100_000), 10_000);
    }
}
