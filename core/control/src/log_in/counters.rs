//! What is counted of attempts, and how long each count holds up the next (docs/log-ins.md).

use serde::{Deserialize, Serialize};

const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Failures of an account from one address, or in one known browser, that hold nothing up.
const PAIR_FREE: u32 = 5;
/// The longest that the next ones hold up.
const PAIR_HOLD_MAX_MS: u64 = 15 * MINUTE_MS;
/// Failures of an account in a day, from anywhere, that hold nothing up.
const ACCOUNT_FREE: u32 = 20;
const ACCOUNT_HOLD_MAX_MS: u64 = MINUTE_MS;
/// Failures of an account in a day after which it takes a known browser, a reset or a link.
const ACCOUNT_DAY_MAX: u32 = 100;
/// Failures of an address, at whatever accounts, that shut it out.
const ADDRESS_MAX: u32 = 30;
const ADDRESS_WINDOW_MS: u64 = 10 * MINUTE_MS;
/// How long sums of an account are kept that its owner is told at the next success.
const SINCE_SUCCESS_KEPT_MS: u64 = 30 * DAY_MS;

/// How often something happened within a time that goes along, by sixtieths of it: each counts for up to a
/// sixtieth longer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Window(Vec<(u64, u32)>);

impl Window {
    fn slot(window_ms: u64, now_ms: u64) -> u64 {
        now_ms / (window_ms / 60)
    }

    /// Those that still count.
    fn count(&self, window_ms: u64, now_ms: u64) -> u32 {
        let now = Window::slot(window_ms, now_ms);
        self.0.iter().filter(|(slot, _)| slot + 60 >= now).map(|(_, count)| count).sum()
    }

    fn add(&mut self, window_ms: u64, now_ms: u64) {
        let now = Window::slot(window_ms, now_ms);
        self.0.retain(|(slot, _)| slot + 60 >= now);
        match self.0.last_mut() {
            Some((slot, count)) if *slot == now => *count += 1,
            _ => self.0.push((now, 1)),
        }
    }

    /// Takes one away that was added at `at_ms`, if it still counts.
    fn give_back(&mut self, window_ms: u64, at_ms: u64) {
        let at = Window::slot(window_ms, at_ms);
        if let Some((_, count)) = self.0.iter_mut().find(|(slot, _)| *slot == at) {
            *count = count.saturating_sub(1);
        }
    }

    /// When fewer than `most` still count.
    fn below_at_ms(&self, window_ms: u64, now_ms: u64, most: u32) -> u64 {
        let mut left = self.count(window_ms, now_ms);
        for (slot, count) in &self.0 {
            if left < most {
                break;
            }
            if slot + 60 >= Window::slot(window_ms, now_ms) {
                left -= count;
                if left < most {
                    return (slot + 61) * (window_ms / 60);
                }
            }
        }
        now_ms
    }
}

/// Failures of an account from one address, or in one known browser, since the last success there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pair {
    failures: u32,
    held_until_ms: u64,
    last_ms: u64,
}

impl Pair {
    pub(super) fn held_until_ms(&self) -> u64 {
        self.held_until_ms
    }

    /// A day without a failure is a new beginning.
    pub(super) fn fail(&mut self, now_ms: u64) {
        if self.until_ms() <= now_ms {
            *self = Pair::default();
        }
        self.failures += 1;
        self.last_ms = now_ms;
        self.held_until_ms = now_ms + doubling(self.failures, PAIR_FREE, PAIR_HOLD_MAX_MS);
    }

    pub(super) fn until_ms(&self) -> u64 {
        self.last_ms + DAY_MS
    }
}

/// Failures of an account from anywhere. A success takes none of them away, or somebody with an account
/// of their own could go on guessing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    day: Window,
    held_until_ms: u64,
    /// For the owner.
    since_success: u32,
    last_ms: u64,
}

impl Account {
    pub(super) fn held_until_ms(&self, now_ms: u64) -> u64 {
        match self.day.count(DAY_MS, now_ms) >= ACCOUNT_DAY_MAX {
            true => self.day.below_at_ms(DAY_MS, now_ms, ACCOUNT_DAY_MAX),
            false => self.held_until_ms,
        }
    }

    /// Of a known browser only its owner is told: it holds nobody else up.
    pub(super) fn fail(&mut self, now_ms: u64, is_known: bool) {
        self.since_success += 1;
        self.last_ms = now_ms;
        if !is_known {
            self.day.add(DAY_MS, now_ms);
            let failures = self.day.count(DAY_MS, now_ms);
            self.held_until_ms = now_ms + doubling(failures, ACCOUNT_FREE, ACCOUNT_HOLD_MAX_MS);
        }
    }

    /// The attempt of `at_ms` was none. Answers the failures since the success before.
    pub(super) fn succeed(&mut self, at_ms: u64, is_known: bool) -> u32 {
        if !is_known {
            self.day.give_back(DAY_MS, at_ms);
            if self.day.count(DAY_MS, at_ms) <= ACCOUNT_FREE {
                self.held_until_ms = 0;
            }
        }
        std::mem::take(&mut self.since_success).saturating_sub(1)
    }

    pub(super) fn until_ms(&self) -> u64 {
        self.last_ms + SINCE_SUCCESS_KEPT_MS
    }
}

/// How often an address did something that it may do so often in a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Address {
    window: Window,
    held_until_ms: u64,
    last_ms: u64,
}

/// What an address may do how often in which time, which is also how long it is shut out then.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    most: u32,
    window_ms: u64,
}

impl Bound {
    pub(super) const GUESSES: Bound = Bound { most: ADDRESS_MAX, window_ms: ADDRESS_WINDOW_MS };

    pub(super) fn sign_ups(per_hour: u32) -> Self {
        Bound { most: per_hour, window_ms: HOUR_MS }
    }
}

impl Address {
    pub(super) fn held_until_ms(&self) -> u64 {
        self.held_until_ms
    }

    pub(super) fn count(&mut self, bound: Bound, now_ms: u64) {
        // Who has waited begins anew.
        if self.held_until_ms > 0 && self.held_until_ms <= now_ms {
            *self = Address::default();
        }
        self.window.add(bound.window_ms, now_ms);
        self.last_ms = now_ms;
        if self.window.count(bound.window_ms, now_ms) >= bound.most {
            self.held_until_ms = now_ms + bound.window_ms;
        }
    }

    pub(super) fn give_back(&mut self, bound: Bound, at_ms: u64) {
        self.window.give_back(bound.window_ms, at_ms);
        if self.window.count(bound.window_ms, at_ms) < bound.most {
            self.held_until_ms = 0;
        }
    }

    pub(super) fn until_ms(&self, bound: Bound) -> u64 {
        // By a sixtieth more.
        self.held_until_ms.max(self.last_ms + 2 * bound.window_ms)
    }
}

/// Sums of one address in one minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sums {
    pub(super) failed: u32,
    pub(super) held: u32,
}

/// How long the last of so many failures holds up the next attempt: nothing, a second, two, four, …
fn doubling(failures: u32, free: u32, most_ms: u64) -> u64 {
    match failures.checked_sub(free + 1) {
        Some(beyond) => (SECOND_MS << beyond.min(20)).min(most_ms),
        None => 0,
    }
}

/// The start of the minute of a time.
pub(super) fn minute_of(now_ms: u64) -> u64 {
    now_ms / MINUTE_MS * MINUTE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_goes_along() {
        let mut window = Window::default();
        let hour = HOUR_MS;
        for minute in [0, 0, 30] {
            window.add(hour, minute * MINUTE_MS);
        }
        assert_eq!(window.count(hour, 30 * MINUTE_MS), 3);
        assert_eq!(window.count(hour, 61 * MINUTE_MS), 1);
        assert_eq!(window.count(hour, 91 * MINUTE_MS), 0);
        assert_eq!(window.below_at_ms(hour, 30 * MINUTE_MS, 3), 61 * MINUTE_MS);
        assert_eq!(window.below_at_ms(hour, 30 * MINUTE_MS, 1), 91 * MINUTE_MS);
        assert_eq!(window.below_at_ms(hour, 7, 9), 7);
        window.give_back(hour, 30 * MINUTE_MS);
        assert_eq!(window.count(hour, 61 * MINUTE_MS), 0);
        for minute in 0..1000 {
            window.add(hour, minute * MINUTE_MS);
        }
        assert!(window.0.len() <= 61, "{}", window.0.len());
    }

    #[test]
    fn a_hold_doubles_up_to_its_most() {
        let holds: Vec<u64> = [5, 6, 7, 8, 15, 16, 99, u32::MAX]
            .map(|failures| doubling(failures, PAIR_FREE, PAIR_HOLD_MAX_MS) / SECOND_MS)
            .into();
        assert_eq!(holds, [0, 1, 2, 4, 512, 900, 900, 900]);
    }
}
