//! An eventually consistent store in several places, as Workers KV is: writes reach a place after
//! a while, and a place goes on showing what it last read, "not found" included.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use latchkey_core::keys::KeyDigest;

use crate::network::Dice;

type Record = Option<Vec<u8>>;

pub(crate) struct StaleReplica {
    dice: Rc<Dice>,
    now_ms: Rc<Cell<u64>>,
    /// Every write of a digest, with its time.
    written: RefCell<HashMap<KeyDigest, Vec<(u64, Record)>>>,
    /// What a place shows, and until when.
    cached: RefCell<HashMap<(usize, KeyDigest), (Record, u64)>>,
    /// No read is staler than this.
    horizon_ms: u64,
    failing_percent: u64,
    pub(crate) stale_reads: Cell<u64>,
}

impl StaleReplica {
    pub(crate) fn new(dice: Rc<Dice>, now_ms: Rc<Cell<u64>>, horizon_ms: u64, failing_percent: u64) -> Self {
        StaleReplica {
            dice,
            now_ms,
            written: RefCell::default(),
            cached: RefCell::default(),
            horizon_ms,
            failing_percent,
            stale_reads: Cell::new(0),
        }
    }

    /// What a place answers now: what it remembers, or the state of some time within the horizon.
    pub(crate) fn read(&self, place: usize, digest: KeyDigest) -> Record {
        let now_ms = self.now_ms.get();
        let half = self.horizon_ms / 2;
        let remembered = self.cached.borrow().get(&(place, digest)).cloned();
        let record = match remembered {
            Some((record, until_ms)) if now_ms < until_ms => record,
            _ => {
                let delay = if self.dice.percent(50) { 0 } else { self.dice.below(half + 1) };
                let record = self.as_of(digest, now_ms.saturating_sub(delay));
                let until_ms = now_ms + self.dice.below(half);
                self.cached.borrow_mut().insert((place, digest), (record.clone(), until_ms));
                record
            }
        };
        if record != self.as_of(digest, now_ms) {
            self.stale_reads.set(self.stale_reads.get() + 1);
        }
        record
    }

    fn as_of(&self, digest: KeyDigest, at_ms: u64) -> Record {
        let written = self.written.borrow();
        let before = written.get(&digest)?.iter().rev().find(|(written_ms, _)| *written_ms <= at_ms);
        before.and_then(|(_, record)| record.clone())
    }

    /// Writes a record, or removes it. `false`: it may or may not have been written.
    pub(crate) fn write(&self, digest: KeyDigest, record: Record) -> bool {
        let fails = self.dice.percent(self.failing_percent);
        // A write that failed may have been applied all the same.
        if !fails || self.dice.percent(50) {
            let write = (self.now_ms.get(), record);
            self.written.borrow_mut().entry(digest).or_default().push(write);
        }
        !fails
    }
}
