//! Chance, and the network between an instance and the authority.

use latchkey_control::ports::testing::SeededRandom;

/// Draws from a seed.
pub(crate) struct Dice(SeededRandom);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice(SeededRandom::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)))
    }

    /// From 0 up to, not including, `end`.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.0.next() % end.max(1)
    }

    pub(crate) fn between(&self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    pub(crate) fn percent(&self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<'t, T>(&self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// Mostly quick, sometimes slow, now and then very slow: milliseconds one way.
    pub(crate) fn latency_ms(&self) -> u64 {
        match self.below(100) {
            0..85 => self.between(1, 20),
            85..97 => self.between(20, 400),
            _ => self.between(400, 6_000),
        }
    }
}

/// A time in which the authority is out of reach for one instance, or for all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    pub(crate) from_ms: u64,
    pub(crate) to_ms: u64,
    pub(crate) instance: Option<usize>,
}

impl Outage {
    pub(crate) fn hits(&self, now_ms: u64, instance: usize) -> bool {
        (self.from_ms..self.to_ms).contains(&now_ms) && self.instance.is_none_or(|hit| hit == instance)
    }
}
