//! A map from key digests, bounded in bytes; the least recently used goes first.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use latchkey_published::keys::KeyDigest;

/// What one entry costs besides its value, in bytes: slot, map entry with its spare room, digest.
const ENTRY_OVERHEAD_BYTES: usize = 160;
const NONE: u32 = u32::MAX;
/// Start of a digest, by which it is found: 2^32 entries hold two alike with even chance, and then
/// the later takes the place of the earlier.
type Start = [u8; 8];

/// The map. Look-up, insertion and removal take constant time and, once grown, do not allocate.
#[derive(Debug)]
pub(crate) struct Lru<V> {
    slots: Vec<Slot<V>>,
    by_start: HashMap<Start, u32, BuildHasherDefault<DigestHasher>>,
    newest: u32,
    oldest: u32,
    free: u32,
    bytes: usize,
    bytes_max: usize,
}

#[derive(Debug)]
struct Slot<V> {
    digest: KeyDigest,
    value: Option<V>,
    bytes: usize,
    newer: u32,
    older: u32,
}

impl<V> Lru<V> {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Lru {
            slots: Vec::new(),
            by_start: HashMap::default(),
            newest: NONE,
            oldest: NONE,
            free: NONE,
            bytes: 0,
            bytes_max,
        }
    }

    /// The value of a digest, which becomes the most recently used.
    pub(crate) fn get(&mut self, digest: &KeyDigest) -> Option<&mut V> {
        let at = self.find(digest)?;
        if at != self.newest {
            self.unlink(at);
            self.link_newest(at);
        }
        self.slots[at as usize].value.as_mut()
    }

    /// Puts a value in that takes `value_bytes`, and lets others go until all fit. The newest
    /// entry always stays, so that what was just learned can be decided by.
    pub(crate) fn insert(&mut self, digest: KeyDigest, value: V, value_bytes: usize) {
        if let Some(at) = self.by_start.get(&start(&digest)) {
            self.remove_at(*at);
        }
        let bytes = ENTRY_OVERHEAD_BYTES + value_bytes;
        let at = self.take_slot(Slot { digest, value: Some(value), bytes, newer: NONE, older: NONE });
        self.by_start.insert(start(&digest), at);
        self.bytes += bytes;
        self.link_newest(at);
        while self.bytes > self.bytes_max && self.oldest != self.newest {
            self.remove_at(self.oldest);
        }
    }

    pub(crate) fn remove(&mut self, digest: &KeyDigest) {
        if let Some(at) = self.find(digest) {
            self.remove_at(at);
        }
    }

    fn find(&self, digest: &KeyDigest) -> Option<u32> {
        let at = *self.by_start.get(&start(digest))?;
        (self.slots[at as usize].digest == *digest).then_some(at)
    }

    fn remove_at(&mut self, at: u32) {
        self.unlink(at);
        let slot = &mut self.slots[at as usize];
        self.by_start.remove(&start(&slot.digest));
        slot.value = None;
        slot.newer = self.free;
        self.bytes -= slot.bytes;
        self.free = at;
    }

    pub(crate) fn clear(&mut self) {
        *self = Lru::new(self.bytes_max);
    }

    /// Entries held.
    pub(crate) fn len(&self) -> usize {
        self.by_start.len()
    }

    /// Bytes taken, as accounted.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn take_slot(&mut self, slot: Slot<V>) -> u32 {
        if self.free == NONE {
            self.slots.push(slot);
            // 2^32 slots of over 100 bytes do not fit any machine this runs on.
            return (self.slots.len() - 1) as u32;
        }
        let at = self.free;
        self.free = self.slots[at as usize].newer;
        self.slots[at as usize] = slot;
        at
    }

    fn unlink(&mut self, at: u32) {
        let Slot { newer, older, .. } = self.slots[at as usize];
        match newer {
            NONE => self.newest = older,
            newer => self.slots[newer as usize].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.slots[older as usize].newer = newer,
        }
    }

    fn link_newest(&mut self, at: u32) {
        let older = self.newest;
        self.slots[at as usize].newer = NONE;
        self.slots[at as usize].older = older;
        match older {
            NONE => self.oldest = at,
            older => self.slots[older as usize].newer = at,
        }
        self.newest = at;
    }
}

fn start(digest: &KeyDigest) -> Start {
    *digest.as_bytes().first_chunk().expect("a digest has 32 bytes")
}

/// A digest is already uniform, and nobody without the pepper can steer it: its first bytes do.
#[derive(Debug, Default)]
pub(crate) struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(number: u8) -> KeyDigest {
        KeyDigest::from_bytes([number; 32])
    }

    #[test]
    fn least_recently_used_goes_first() {
        let mut lru = Lru::new(3 * (ENTRY_OVERHEAD_BYTES + 10));
        for number in 1..=3 {
            lru.insert(digest(number), number, 10);
        }
        assert_eq!(lru.get(&digest(1)), Some(&mut 1));
        lru.insert(digest(4), 4, 10);
        assert_eq!(lru.get(&digest(2)), None);
        assert_eq!([1, 3, 4].map(|number| lru.get(&digest(number)).is_some()), [true; 3]);
    }

    #[test]
    fn newest_stays_even_when_alone_too_large() {
        let mut lru = Lru::new(0);
        lru.insert(digest(1), 1, 1000);
        assert_eq!(lru.get(&digest(1)), Some(&mut 1));
        lru.insert(digest(2), 2, 1000);
        assert_eq!(lru.get(&digest(1)), None);
        assert_eq!(lru.len(), 1);
    }

    #[test]
    fn of_digests_that_start_alike_the_later_stays() {
        let mut lru = Lru::new(10 * ENTRY_OVERHEAD_BYTES);
        let mut other = [1; 32];
        other[31] = 2;
        let other = KeyDigest::from_bytes(other);
        lru.insert(digest(1), 1, 0);
        lru.remove(&other);
        assert_eq!((lru.get(&digest(1)).copied(), lru.get(&other).copied()), (Some(1), None));
        lru.insert(other, 2, 0);
        assert_eq!((lru.get(&digest(1)).copied(), lru.get(&other).copied()), (None, Some(2)));
        assert_eq!((lru.len(), lru.bytes()), (1, ENTRY_OVERHEAD_BYTES));
    }

    #[test]
    fn slots_are_reused() {
        let mut lru = Lru::new(10 * ENTRY_OVERHEAD_BYTES);
        for number in 0..100_000_u32 {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&number.to_le_bytes());
            lru.insert(KeyDigest::from_bytes(bytes), (), 0);
        }
        assert_eq!((lru.len(), lru.bytes()), (10, 10 * ENTRY_OVERHEAD_BYTES));
        assert!(lru.slots.len() <= 11);
    }

    proptest! {
        /// Against a list in order of use.
        #[test]
        fn behaves_as_a_list_in_order_of_use(operations in prop::collection::vec((0..3_u8, 0..12_u8), 0..200)) {
            let mut lru = Lru::new(5 * ENTRY_OVERHEAD_BYTES);
            let mut model: Vec<u8> = Vec::new();
            for (operation, number) in operations {
                let known = model.contains(&number);
                model.retain(|other| *other != number);
                match operation {
                    0 => {
                        lru.insert(digest(number), number, 0);
                        model.push(number);
                        if model.len() > 5 {
                            model.remove(0);
                        }
                    }
                    1 => lru.remove(&digest(number)),
                    _ => {
                        prop_assert_eq!(lru.get(&digest(number)).is_some(), known);
                        if known {
                            model.push(number);
                        }
                    }
                }
                prop_assert_eq!(lru.len(), model.len());
            }
            for number in model {
                prop_assert_eq!(lru.get(&digest(number)).copied(), Some(number));
            }
        }
    }
}
