//! Keeps a read copy of the grants near the data plane: an eventually consistent store such as
//! Workers KV, which may show an old state for a while, and "not found" too.
//!
//! The feed itself is the outbox: a change is in it from the commit on, and the publisher walks
//! it in order, writing to the replica what the authority holds *now* for each digest. So a crash
//! loses nothing, and publishing twice is harmless. How far it has come is what makes a change
//! [settled](latchkey_published::feed::FeedReply::settled). The writing itself is the adapter's.

use serde::{Deserialize, Serialize};

use crate::feed::{decode, read_head, read_json};
use crate::{Batch, Check, Commit, RecordKey, Store, StoreError, Write};
use latchkey_published::feed::{Change, Epoch};
use latchkey_published::grant::Grant;
use latchkey_published::keys::KeyDigest;

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
    /// Whether everything in the replica has a MAC. Versions from before drop this with each record
    /// that they write: then it is due again.
    #[serde(default)]
    signing: Signing,
}

/// The walk over what is in the replica from before its records had MACs
/// ([`latchkey_published::replica_mac`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Signing {
    /// Has not begun.
    #[default]
    Due,
    /// Has come to this cursor of the replica's own list.
    After(String),
    /// Is over.
    Done,
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

    /// Where in the replica's list signing goes on; empty: at its start; `None`: all is signed.
    pub fn unsigned_after(&self) -> Option<&str> {
        match &self.signing {
            Signing::Due => Some(""),
            Signing::After(cursor) => Some(cursor),
            Signing::Done => None,
        }
    }

    /// After a restore, whose change has this number: none before it is to be written any more, and what
    /// is in the replica is looked at anew.
    pub fn after_restore(epoch: Epoch) -> Self {
        Progress { published: epoch, ..Progress::default() }
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

/// A change that the replica does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its number, for [`mark_published`].
    pub epoch: Epoch,
    /// What the authority holds now at each digest concerned; `None`: to be removed.
    pub records: Vec<(KeyDigest, Option<Vec<u8>>)>,
}

/// The oldest change that the replica does not have yet; `None`: it has them all.
///
/// Whoever writes it to the replica writes nothing else meanwhile, so that writes of one digest
/// arrive in order, and then calls [`mark_published`].
pub async fn next_due<S: Store>(store: &S) -> Result<Option<Due>, StoreError> {
    let published = read_progress(store).await?.0.published;
    let head = read_head(store).await?;
    // What is below the floor was dropped before there was a replica; it is filled by reads.
    let epoch = published.max(head.floor) + 1;
    if epoch > head.epoch {
        return Ok(None);
    }
    let change: Option<Change> = read_json(store, &Change::record_key(epoch)).await?;
    let change = change.ok_or_else(|| StoreError::Failed(format!("change {epoch} is missing")))?;
    let mut records = Vec::with_capacity(change.digests.len());
    for digest in change.digests {
        let grant = store.get(&Grant::record_key(&digest)).await?;
        records.push((digest, grant.map(|record| record.value)));
    }
    Ok(Some(Due { epoch, records }))
}

/// Notes that the replica took everything of [`next_due`]'s change `epoch` before `now_ms`.
/// `StoreError::Unavailable` when somebody else publishes too.
pub async fn mark_published<S: Store>(
    store: &S,
    epoch: Epoch,
    horizon_ms: u64,
    now_ms: u64,
) -> Result<(), StoreError> {
    let (mut progress, check) = read_progress(store).await?;
    if progress.published >= epoch {
        return Ok(());
    }
    progress.advance(epoch, now_ms, horizon_ms);
    save_progress(store, &progress, check).await
}

/// Notes that whatever the replica listed up to `cursor` has a MAC; `None`: everything.
pub async fn mark_signed<S: Store>(store: &S, cursor: Option<&str>) -> Result<(), StoreError> {
    let (mut progress, check) = read_progress(store).await?;
    progress.signing = cursor.map_or(Signing::Done, |cursor| Signing::After(cursor.to_owned()));
    save_progress(store, &progress, check).await
}

async fn save_progress<S: Store>(store: &S, progress: &Progress, check: Check) -> Result<(), StoreError> {
    let value = serde_json::to_vec(progress).expect("records have string keys only");
    let batch = Batch { checks: vec![check], writes: vec![Write::Put(Progress::record_key(), value)] };
    match store.commit(batch).await? {
        Commit::Committed => Ok(()),
        Commit::Conflict => Err(StoreError::Unavailable("another publisher is at work".into())),
    }
}

async fn read_progress<S: Store>(store: &S) -> Result<(Progress, Check), StoreError> {
    let key = Progress::record_key();
    Ok(match store.get(&key).await? {
        Some(record) => (decode(&record.value)?, Check::VersionIs(key, record.version)),
        None => (Progress::default(), Check::Absent(key)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
