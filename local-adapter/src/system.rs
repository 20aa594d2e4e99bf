//! Clock and randomness of the operating system.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use latchkey_control::ports::{Clock, Random};
use latchkey_gateway::request::Now;

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
