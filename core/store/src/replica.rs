//! Keeps a read copy of the grants near the data plane: an eventually consistent store such as
//! Workers KV, which may show an old state for a while, and "not found" too.
//!
//! The feed itself is the outbox: a change is in it from the commit on, and the publisher walks
//! it in order, writing to the replica what the authority holds *now* for each digest. So a crash
//! loses nothing, and publishing twice is harmless. How far it has come is what gateways may believe
//! the replica by ([`Shown`]). The writing itself is the adapter's.
//!
//! There are two walks, so that what bears on keys in use does not wait behind an import. The first,
//! ahead, leaves out keys that a change made: there was nothing at them that a replica could still
//! show. The second writes these, when the first has come to the end.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::feed::{decode, read_changes, read_head};
use crate::{Batch, Check, Commit, RecordKey, Store, StoreError, Write};
use latchkey_published::feed::{Epoch, Shown};
use latchkey_published::grant::Grant;
use latchkey_published::keys::KeyDigest;

/// Marks kept of when which epoch was published; more only tell the horizon more finely.
const MARKS_MAX: usize = 64;
/// Changes that one step of a walk goes over at most, so that it does not take long.
const CHANGES_WALKED_MAX: u64 = 256;

/// How far the replica has been written. The record is there only where there is a replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Every change up to this one has been written.
    pub published: Epoch,
    marks: Marks,
    /// Whether everything in the replica has a MAC. Versions from before drop this with each record
    /// that they write: then it is due again.
    #[serde(default)]
    signing: Signing,
    /// The walk ahead. Versions from before drop this, too: then it begins again where they are.
    #[serde(default, skip_serializing_if = "Walk::has_not_begun")]
    ahead: Walk,
}

/// A walk over the changes that leaves out keys that were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Walk {
    /// What every change up to this one replaced or removed has been written.
    published: Epoch,
    marks: Marks,
}

/// At such a time (milliseconds since the Unix epoch) all up to such a change had been written;
/// ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Marks(Vec<(Epoch, u64)>);

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
        self.marks.settled(horizon_ms, now_ms)
    }

    /// What every replica shows by now.
    pub fn shown(&self, horizon_ms: u64, now_ms: u64) -> Shown {
        let settled = self.settled(horizon_ms, now_ms);
        Shown { settled, current: self.ahead.marks.settled(horizon_ms, now_ms).max(settled) }
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

    /// Both walks have come so far. Answers whether that is further than before.
    fn advance(&mut self, reached: Reached, now_ms: u64, horizon_ms: u64) -> bool {
        let is_further =
            reached.published > self.published || reached.ahead > self.ahead.published.max(self.published);
        if reached.published > self.published {
            self.published = reached.published;
            self.marks.add(reached.published, now_ms, horizon_ms);
        }
        if reached.ahead > self.ahead.published {
            self.ahead.published = reached.ahead;
            self.ahead.marks.add(reached.ahead, now_ms, horizon_ms);
        }
        is_further
    }
}

impl Walk {
    fn has_not_begun(&self) -> bool {
        *self == Walk::default()
    }
}

impl Marks {
    fn settled(&self, horizon_ms: u64, now_ms: u64) -> Epoch {
        let old_enough = |(_, at_ms): &&(Epoch, u64)| at_ms + horizon_ms <= now_ms;
        self.0.iter().rev().find(old_enough).map_or(0, |(epoch, _)| *epoch)
    }

    fn add(&mut self, epoch: Epoch, now_ms: u64, horizon_ms: u64) {
        self.0.push((epoch, now_ms));
        let settled = self.settled(horizon_ms, now_ms);
        self.0.retain(|(epoch, _)| *epoch >= settled);
        if self.0.len() > MARKS_MAX {
            // Forgetting a mark only makes its change settle later, with the next.
            let mut number = 0;
            let last = self.0.len();
            self.0.retain(|_| {
                number += 1;
                number % 2 == 0 || number == last
            });
        }
    }
}

/// How far the two walks have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// What every change up to this one replaced or removed has been written.
    pub ahead: Epoch,
    /// Every change up to this one has been written.
    pub published: Epoch,
}

/// What the replica does not have yet: the next step of the walks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// How far they have come when it is written, for [`mark_published`].
    pub reached: Reached,
    /// What the authority holds now at each digest concerned, each of them once; `None`: to be removed.
    /// There may be none.
    pub records: Vec<(KeyDigest, Option<Vec<u8>>)>,
}

/// What the replica is to have next, in steps of `records_max` records, or those of one change;
/// `None`: it has all there is.
///
/// Whoever writes it to the replica writes nothing else meanwhile, so that writes of one digest
/// arrive in order, and then calls [`mark_published`].
pub async fn next_due<S: Store>(store: &S, records_max: usize) -> Result<Option<Due>, StoreError> {
    let progress = read_progress(store).await?.0;
    let head = read_head(store).await?;
    // What is below the floor was dropped before there was a replica; it is filled by reads.
    let published = progress.published.max(head.floor);
    if published >= head.epoch {
        return Ok(None);
    }
    let ahead = progress.ahead.published.max(published);
    let mut step = Step::default();
    let ahead = step.walk(store, ahead..head.epoch, records_max, |(replaced, _)| replaced).await?;
    // As long as the walk ahead has something to write, keys that were made wait.
    let room = if ahead == head.epoch { records_max } else { 0 };
    let published = step.walk(store, published..ahead, room, |(_, made)| made).await?;
    let mut records = Vec::with_capacity(step.digests.len());
    for digest in step.digests {
        let grant = store.get(&Grant::record_key(&digest)).await?;
        records.push((digest, grant.map(|record| record.value)));
    }
    Ok(Some(Due { reached: Reached { ahead, published }, records }))
}

/// A step of the walks, as it is put together.
#[derive(Default)]
struct Step {
    digests: BTreeSet<KeyDigest>,
}

impl Step {
    /// Goes over the changes after the first of `epochs`, as long as the digests of each that are
    /// `wanted` have room; where there is any, those of one change have. Answers how far that goes.
    async fn walk<S: Store>(
        &mut self,
        store: &S,
        epochs: Range<Epoch>,
        room: usize,
        wanted: impl for<'c> Fn((&'c [KeyDigest], &'c [KeyDigest])) -> &'c [KeyDigest],
    ) -> Result<Epoch, StoreError> {
        let mut reached = epochs.start;
        let end = epochs.end.min(epochs.start + CHANGES_WALKED_MAX);
        for change in read_changes(store, epochs.start, end).await? {
            let digests = wanted(change.replaced_and_made());
            let is_first = room > 0 && self.digests.is_empty();
            if !digests.is_empty() && !is_first && self.digests.len() + digests.len() > room {
                break;
            }
            self.digests.extend(digests);
            reached = change.epoch;
        }
        Ok(reached)
    }
}

/// Notes that the replica took everything of a step before `now_ms`; `reached` is [`Due`]'s.
/// `StoreError::Unavailable` when somebody else publishes too.
pub async fn mark_published<S: Store>(
    store: &S,
    reached: Reached,
    horizon_ms: u64,
    now_ms: u64,
) -> Result<(), StoreError> {
    let (mut progress, check) = read_progress(store).await?;
    match progress.advance(reached, now_ms, horizon_ms) {
        true => save_progress(store, &progress, check).await,
        false => Ok(()),
    }
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
            let reached = Reached { ahead: epoch, published: epoch };
            assert!(progress.advance(reached, epoch * 10, 1_000_000));
            assert!(progress.marks.0.len() <= MARKS_MAX);
        }
        for now in (0..1_200_000).step_by(999) {
            let settled = progress.settled(1_000_000, now);
            assert!(settled * 10 + 1_000_000 <= now || settled == 0, "{settled} settled at {now}");
        }
        assert_eq!(progress.settled(1_000_000, 1_100_000), 10_000);
    }
}
