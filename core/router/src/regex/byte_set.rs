use std::ops::RangeInclusive;

/// Any bytes of the 256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ByteSet([u64; 4]);

/// The letters `A` to `Z` in the second word; the small ones stand 32 bits above.
const CAPITALS: u64 = 0x07ff_fffe;

impl ByteSet {
    pub(super) const NONE: ByteSet = ByteSet([0; 4]);
    pub(super) const ALL: ByteSet = ByteSet([u64::MAX; 4]);

    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut set = ByteSet::NONE;
        bytes.iter().for_each(|byte| set.insert(*byte));
        set
    }

    /// From first to last of each two bytes.
    pub(super) fn of_ranges(ranges: &[u8]) -> Self {
        let mut set = ByteSet::NONE;
        for range in ranges.chunks_exact(2) {
            set.insert_range(range[0]..=range[1]);
        }
        set
    }

    pub(super) fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    pub(super) fn insert_range(&mut self, range: RangeInclusive<u8>) {
        range.for_each(|byte| self.insert(byte));
    }

    #[inline]
    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// Its byte, if it has just one.
    pub(super) fn only(&self) -> Option<u8> {
        let mut bytes = (0..=u8::MAX).filter(|byte| self.contains(*byte));
        bytes.next().filter(|_| bytes.next().is_none())
    }

    /// With both cases of every letter it has.
    pub(super) fn without_case(mut self) -> Self {
        let letters = (self.0[1] | self.0[1] >> 32) & CAPITALS;
        self.0[1] |= letters | letters << 32;
        self
    }

    pub(super) fn negated(self) -> Self {
        ByteSet(self.0.map(|word| !word))
    }

    pub(super) fn union(self, other: &ByteSet) -> Self {
        self.combine(other, |left, right| left | right)
    }

    pub(super) fn intersection(self, other: &ByteSet) -> Self {
        self.combine(other, |left, right| left & right)
    }

    pub(super) fn difference(self, other: &ByteSet) -> Self {
        self.combine(other, |left, right| left & !right)
    }

    pub(super) fn symmetric_difference(self, other: &ByteSet) -> Self {
        self.combine(other, |left, right| left ^ right)
    }

    fn combine(mut self, other: &ByteSet, by: fn(u64, u64) -> u64) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word = by(*word, other);
        }
        self
    }
}
