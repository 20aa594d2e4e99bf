//! Clock, randomness and request ids of the operating system.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use latchkey_core::ports::{Clock, Random};
use latchkey_core::request::Now;

/// Wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn unix_ms(&self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }
}

/// The system's secure random source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("an operating system without randomness cannot keep secrets");
    }
}

/// Time as core wants it, both clocks read together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer {
    origin: Instant,
}

impl Timer {
    /// Monotonic time counts from here.
    pub(crate) fn start() -> Self {
        Timer { origin: Instant::now() }
    }

    /// Reads the wall clock beside a monotonic time just read.
    pub(crate) fn now(self, instant: Instant) -> Now {
        Now { unix_ms: SystemClock.unix_ms(), monotonic_ms: whole_ms(instant - self.origin) }
    }
}

/// Whole milliseconds of a time.
pub(crate) fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Draws request ids: unlike each other, not secret.
pub(crate) struct RequestIds {
    state: Cell<u64>,
    high: u64,
}

impl RequestIds {
    /// A fresh sequence; the seed comes from the system, so that processes and threads differ.
    pub(crate) fn new() -> Self {
        let (mut state, mut high) = ([0; 8], [0; 8]);
        SystemRandom.fill(&mut state);
        SystemRandom.fill(&mut high);
        RequestIds { state: Cell::new(u64::from_le_bytes(state)), high: u64::from_le_bytes(high) }
    }

    /// The next id: SplitMix64 of a counter, twice, so that no two in one sequence are equal.
    pub(crate) fn next(&self) -> u128 {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        (u128::from(mix(state ^ self.high)) << 64) | u128::from(mix(state))
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_differ() {
        let (a, b) = (RequestIds::new(), RequestIds::new());
        let ids: std::collections::HashSet<u128> = (0..1000).flat_map(|_| [a.next(), b.next()]).collect();
        assert_eq!(ids.len(), 2000);
    }
}
