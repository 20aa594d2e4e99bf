//! Bulk changes: bursts of keys, more than an answer of the feed lists, and a publisher that is long
//! at writing them to the replica.

use std::ops::AddAssign;

use latchkey_control::transaction::Transaction;
use latchkey_gateway::ablation::Ablation;
use latchkey_published::feed::{FeedReply, FeedRequest, Shown};
use latchkey_published::grant::Grant;
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;
use latchkey_store::feed::{read_bounded_feed, read_feed};
use latchkey_store::memory::MemoryStore;
use latchkey_store::replica::Progress;
use uuid::Uuid;

use super::{Event, World, grant, now};
use crate::auditor::KeyState;
use crate::network::Dice;

/// Digests in a commit of an import.
const DIGESTS_AT_ONCE: u64 = 5;

/// How a world behaves under a bulk change.
pub(super) struct Bulk {
    /// Digests that an answer of the feed lists, and an instance remembers changes of.
    pub(super) digests_max: usize,
    /// Records that the publisher writes in one step, and the longest pause after it.
    pub(super) records_max: usize,
    pub(super) step_ms: u64,
    /// Keys of one import at most; 0: there is none.
    keys_max: u64,
    pace_ms: u64,
}

/// What happened of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BulkCounts {
    imports: u64,
    keys_imported: u64,
    answers_bounded: u64,
    answers_ahead: u64,
}

impl BulkCounts {
    pub(crate) fn each(&self) -> [(&'static str, u64); 4] {
        [
            ("import", self.imports),
            ("a key of the world imported", self.keys_imported),
            ("an answer that did not list everything", self.answers_bounded),
            ("an answer while the replica lacked keys", self.answers_ahead),
        ]
    }
}

impl AddAssign for BulkCounts {
    fn add_assign(&mut self, other: BulkCounts) {
        self.imports += other.imports;
        self.keys_imported += other.keys_imported;
        self.answers_bounded += other.answers_bounded;
        self.answers_ahead += other.answers_ahead;
    }
}

impl Bulk {
    /// A rule about keys that wait to be written shows only where they wait long: whether it is needed is
    /// looked for in such worlds.
    pub(super) fn draw(dice: &Dice, ablation: Ablation) -> Self {
        let bulk = Bulk {
            digests_max: *dice.pick(&[2, 6, 4_096]),
            records_max: *dice.pick(&[1, 10, 60]),
            step_ms: *dice.pick(&[50, 12_000]),
            keys_max: *dice.pick(&[0, 30, 100]),
            pace_ms: *dice.pick(&[10_000, 60_000]),
        };
        match ablation.awaiting_made || ablation.made_alone_waits {
            true => Bulk { records_max: 1, step_ms: 12_000, keys_max: 30.max(bulk.keys_max), ..bulk },
            false => bulk,
        }
    }
}

impl World {
    /// The first import, if there are any.
    pub(super) fn plan_imports(&mut self) {
        if self.bulk.keys_max > 0 {
            self.schedule_in(self.dice.below(self.bulk.pace_ms), Event::Import);
        }
    }

    /// Makes many keys in a row. Often a key was changed just before, so that the change is not among
    /// the newest; and some of the keys, the first or the last, are those that clients show.
    pub(super) fn import(&mut self) {
        self.schedule_in(self.dice.below(2 * self.bulk.pace_ms), Event::Import);
        self.counts.bulk.imports += 1;
        if self.dice.percent(70) {
            self.change_key();
        }
        let keys = self.dice.between(1, self.bulk.keys_max);
        self.note(format!("import of {keys} keys"));
        match self.dice.percent(50) {
            true => {
                self.import_shown_keys();
                self.import_others(keys);
            }
            false => {
                self.import_others(keys);
                self.import_shown_keys();
            }
        }
    }

    /// Those of the registry's credentials are its own.
    fn import_shown_keys(&mut self) {
        for number in 0..self.life.plain_keys() {
            if self.keys[number].history.now().is_none() && self.dice.percent(40) {
                self.import_key(number);
            }
        }
    }

    fn import_others(&mut self, mut left: u64) {
        while left > 0 {
            let some = left.min(DIGESTS_AT_ONCE);
            left -= some;
            let mut digests: Vec<KeyDigest> = Vec::new();
            for _ in 0..some {
                let mut bytes = [0; 32];
                self.random.fill(&mut bytes);
                digests.push(KeyDigest::from_bytes(bytes));
            }
            let state = self.made_key();
            self.commit_grants(&digests.into_iter().map(|digest| (digest, Some(state))).collect::<Vec<_>>());
        }
    }

    fn import_key(&mut self, number: usize) {
        let (state, now_ms) = (self.made_key(), self.now_ms.get());
        let acknowledged_ms = now_ms + self.dice.latency_ms();
        self.commit_grants(&[(self.keys[number].digest, Some(state))]);
        self.keys[number].history.change(now_ms, acknowledged_ms, Some(state));
        self.counts.bulk.keys_imported += 1;
        self.note(format!("key {number} is imported, {state:?}, acknowledged at {acknowledged_ms}"));
    }

    fn made_key(&self) -> KeyState {
        KeyState {
            credential_id: Uuid::from_u128(u128::from(self.dice.below(u64::MAX))),
            enabled: true,
            contract: true,
            expires_at_ms: None,
            tokens_not_before_ms: None,
        }
    }

    /// Publishes what keys are good for, and says of which there was no grant before.
    pub(super) fn commit_grants(&mut self, grants: &[(KeyDigest, Option<KeyState>)]) {
        let is_made = |digest: &KeyDigest| {
            let before = now(self.store.get(&Grant::record_key(digest))).unwrap();
            before.is_none() || self.ablation.made_alone_waits
        };
        let made: Vec<bool> = grants.iter().map(|(digest, _)| is_made(digest)).collect();
        self.commit(|transaction: &mut Transaction<'_, MemoryStore>, peppers| {
            for ((digest, state), is_made) in grants.iter().zip(made) {
                if is_made {
                    transaction.note_made(*digest);
                }
                transaction.publish_grant(*digest, state.map(|state| grant(*digest, state, peppers)));
            }
        });
    }

    /// What the authority answers to a poll; of `is_bounded` by how an instance asks.
    pub(super) fn read_feed(&mut self, wanted: FeedRequest, is_bounded: bool) -> FeedReply {
        let shown = self.replica.is_some().then(|| {
            let progress = now(self.store.get(&Progress::record_key())).unwrap();
            let progress: Progress = progress
                .map_or_else(Progress::default, |record| serde_json::from_slice(&record.value).unwrap());
            progress.shown(self.horizon_ms, self.now_ms.get())
        });
        if !is_bounded {
            return now(read_feed(&self.store, wanted, shown.map(|shown| shown.settled))).unwrap();
        }
        let reply = now(read_bounded_feed(&self.store, wanted, shown, self.bulk.digests_max)).unwrap();
        let Shown { settled, current } = reply.shown;
        self.counts.bulk.answers_bounded += u64::from(reply.unlisted > 0);
        self.counts.bulk.answers_ahead += u64::from(current > settled);
        reply
    }
}
