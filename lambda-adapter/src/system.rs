//! Clock and randomness of the execution environment.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use latchkey_control::ports::{Clock, Random};
use latchkey_gateway::request::Now;

/// Wall clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_ms(&self) -> u64 {
        whole_ms(since_epoch())
    }
}

/// The system's secure random source.
#[derive(Clone, Copy, Debug)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("an operating system without randomness cannot keep secrets");
    }
}

/// Time as core wants it.
///
/// The platform freezes an environment between invocations, and its monotonic clock may stand still
/// meanwhile, which would make memory look younger than it is. So time goes on by what the
/// monotonic clock or the wall clock says has passed, whichever is more, and never back.
#[derive(Debug)]
pub struct Timer {
    last: Cell<Reading>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    instant: Instant,
    wall: Duration,
    passed: Duration,
}

impl Timer {
    /// Time counts from here.
    pub fn start() -> Self {
        Timer::start_at(Instant::now(), since_epoch())
    }

    /// Reads both clocks.
    pub fn now(&self) -> Now {
        self.advance(Instant::now(), since_epoch())
    }

    fn start_at(instant: Instant, wall: Duration) -> Self {
        Timer { last: Cell::new(Reading { instant, wall, passed: Duration::ZERO }) }
    }

    fn advance(&self, instant: Instant, wall: Duration) -> Now {
        let last = self.last.get();
        let by_instant = instant.saturating_duration_since(last.instant);
        let passed = last.passed + by_instant.max(wall.saturating_sub(last.wall));
        self.last.set(Reading { instant, wall, passed });
        Now { unix_ms: whole_ms(wall), monotonic_ms: whole_ms(passed) }
    }
}

/// Whole milliseconds of a time.
pub(crate) fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each step: what the monotonic clock and the wall clock go on by, in milliseconds, and the
    /// time expected then.
    fn check(steps: &[(u64, i64, u64)]) {
        let (mut instant, mut wall) = (Instant::now(), Duration::from_secs(1_700_000_000));
        let timer = Timer::start_at(instant, wall);
        for (by_instant, by_wall, expected) in steps {
            instant += Duration::from_millis(*by_instant);
            let by = Duration::from_millis(by_wall.unsigned_abs());
            wall = if *by_wall < 0 { wall - by } else { wall + by };
            let now = timer.advance(instant, wall);
            assert_eq!((now.monotonic_ms, now.unix_ms), (*expected, whole_ms(wall)), "{steps:?}");
        }
    }

    #[test]
    fn time_goes_on_by_the_faster_clock() {
        check(&[(10, 10, 10), (5, 5, 15)]);
        // Frozen for a minute: the monotonic clock stood still.
        check(&[(10, 10, 10), (1, 60_000, 60_010), (2, 2, 60_012)]);
        // The wall clock was set back, or ahead.
        check(&[(10, 10, 10), (20, -5_000, 30), (20, 20, 50)]);
        check(&[(10, 5_000, 5_000), (10, 10, 5_010)]);
        check(&[(0, 0, 0), (0, -10, 0)]);
    }

    #[test]
    fn parts_of_a_millisecond_add_up() {
        let (start, wall) = (Instant::now(), Duration::from_secs(1_700_000_000));
        let timer = Timer::start_at(start, wall);
        let passed = |step: u32| Duration::from_micros(400) * step;
        let last = (1..=10).map(|step| timer.advance(start + passed(step), wall + passed(step))).last();
        assert_eq!(last.unwrap().monotonic_ms, 4);
    }
}
