//! An eventually consistent store in several places, as Workers KV is: writes reach a place after
//! a while, and a place goes on showing what it last read, "not found" included. It may also lie:
//! others can write to it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use latchkey_published::grant::Grant;
use latchkey_published::keys::KeyDigest;

use crate::network::Dice;
use crate::world::SERVICE;

/// A record, and the MAC beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) record: Vec<u8>,
    pub(crate) mac: String,
}

/// A record as it was at some time; `None`: there was none.
type At = (u64, Option<Copied>);

/// What a place shows, and until when.
type Shown = (Option<Copied>, u64);

/// How a world's replica behaves.
pub(crate) struct Behaviour {
    /// No read is staler than this.
    pub(crate) horizon_ms: u64,
    /// Writes that fail, some of them after they took effect.
    pub(crate) failing_percent: u64,
    /// Reads that show what somebody else put there.
    pub(crate) lying_percent: u64,
}

pub(crate) struct StaleReplica {
    dice: Rc<Dice>,
    now_ms: Rc<Cell<u64>>,
    /// Every write of a digest, with its time.
    written: RefCell<BTreeMap<KeyDigest, Vec<At>>>,
    cached: RefCell<HashMap<(usize, KeyDigest), Shown>>,
    behaviour: Behaviour,
    pub(crate) stale_reads: Cell<u64>,
    pub(crate) lies: Cell<u64>,
}

impl StaleReplica {
    pub(crate) fn new(dice: Rc<Dice>, now_ms: Rc<Cell<u64>>, behaviour: Behaviour) -> Self {
        StaleReplica {
            dice,
            now_ms,
            written: RefCell::default(),
            cached: RefCell::default(),
            behaviour,
            stale_reads: Cell::new(0),
            lies: Cell::new(0),
        }
    }

    /// What a place answers now: what it remembers, the state of some time within the horizon, or a
    /// lie.
    pub(crate) fn read(&self, place: usize, digest: KeyDigest) -> Option<Copied> {
        let now_ms = self.now_ms.get();
        let half = self.behaviour.horizon_ms / 2;
        let remembered = self.cached.borrow().get(&(place, digest)).cloned();
        let copied = match remembered {
            Some((copied, until_ms)) if now_ms < until_ms => copied,
            _ => {
                let delay = if self.dice.percent(50) { 0 } else { self.dice.below(half + 1) };
                let copied = self.as_of(digest, now_ms.saturating_sub(delay));
                let until_ms = now_ms + self.dice.below(half);
                self.cached.borrow_mut().insert((place, digest), (copied.clone(), until_ms));
                copied
            }
        };
        if copied != self.as_of(digest, now_ms) {
            self.stale_reads.set(self.stale_reads.get() + 1);
        }
        match self.behaviour.lying_percent {
            0 => copied,
            chance if self.dice.percent(chance) => self.lie(digest).or(copied),
            _ => copied,
        }
    }

    fn as_of(&self, digest: KeyDigest, at_ms: u64) -> Option<Copied> {
        let written = self.written.borrow();
        let before = written.get(&digest)?.iter().rev().find(|(written_ms, _)| *written_ms <= at_ms);
        before.and_then(|(_, copied)| copied.clone())
    }

    /// What somebody put there who can read and write the replica, but has not the pepper. An old
    /// record is put back for as long as its change may not have come to every place: later it
    /// cannot be told from a current one.
    fn lie(&self, digest: KeyDigest) -> Option<Copied> {
        let edited = |copied: Option<Copied>, edit: &dyn Fn(Grant) -> Grant| {
            let Copied { record, mac } = copied?;
            let grant = edit(Grant::decode(&record).expect("it was written by the publisher"));
            Some(Copied { record: grant.encode(), mac })
        };
        // Good for everything, for ever, and newer than any change.
        let best = |grant: Grant| Grant {
            epoch: u64::MAX,
            service_ids: vec![SERVICE],
            expires_at_ms: None,
            enabled: true,
            ..grant
        };
        let lie = match self.dice.below(5) {
            0 => self.newest(|other| other != digest),
            1 => edited(self.newest(|other| other != digest), &|other| best(Grant { digest, ..other })),
            2 => edited(self.newest(|own| own == digest), &best),
            3 => edited(self.newest(|own| own == digest), &best)
                .map(|copied| Copied { mac: String::new(), ..copied }),
            _ => self.as_of(digest, self.now_ms.get().saturating_sub(self.behaviour.horizon_ms)),
        };
        self.lies.set(self.lies.get() + u64::from(lie.is_some()));
        lie
    }

    /// The newest record, deleted or not, at one of the digests that are wanted.
    fn newest(&self, wanted: impl Fn(KeyDigest) -> bool) -> Option<Copied> {
        let written = self.written.borrow();
        let records: Vec<&Copied> = written
            .iter()
            .filter(|(digest, _)| wanted(**digest))
            .filter_map(|(_, writes)| writes.iter().rev().find_map(|(_, copied)| copied.as_ref()))
            .collect();
        if records.is_empty() { None } else { Some((*self.dice.pick(&records)).clone()) }
    }

    /// Writes a record, or removes it. `false`: it may or may not have been written.
    pub(crate) fn write(&self, digest: KeyDigest, copied: Option<Copied>) -> bool {
        let fails = self.dice.percent(self.behaviour.failing_percent);
        // A write that failed may have been applied all the same.
        if !fails || self.dice.percent(50) {
            let write = (self.now_ms.get(), copied);
            self.written.borrow_mut().entry(digest).or_default().push(write);
        }
        !fails
    }
}
