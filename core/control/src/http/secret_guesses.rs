//! Wrong secrets of OAuth2 clients, counted for each client and each address, in memory: past so many in a
//! minute the next are answered 429 unseen. A secret that is made has 256 bits; this slows who guesses one
//! that was brought.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use latchkey_published::limits::{GUESSERS_MAX, SECRET_GUESSES_PER_MINUTE};
use latchkey_request::network::household;

const MINUTE_MS: u64 = 60_000;

/// What wrong secrets are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guessed {
    /// The client with this credential.
    Client(Uuid),
    /// Whoever guesses at an address; `None`: the platform says none.
    From(Option<IpAddr>),
}

impl Guessed {
    /// Those of an address.
    pub(super) fn from(address: Option<IpAddr>) -> Self {
        Guessed::From(address.map(household))
    }
}

/// Counts of the last minute.
#[derive(Debug, Default)]
pub(super) struct SecretGuesses(Mutex<Vec<Count>>);

#[derive(Debug)]
struct Count {
    of: Guessed,
    since_ms: u64,
    wrong: u32,
}

impl Count {
    /// A clock that was set back ends the minute too.
    fn left_ms(&self, now_ms: u64) -> u64 {
        MINUTE_MS.saturating_sub(now_ms.wrapping_sub(self.since_ms))
    }
}

impl SecretGuesses {
    /// After how many seconds the next secret is looked at; `None`: now.
    pub(super) fn held_s(&self, of: Guessed, now_ms: u64) -> Option<u32> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.iter().find(|count| count.of == of && count.left_ms(now_ms) > 0)?;
        let left_s = count.left_ms(now_ms).div_ceil(1_000);
        (count.wrong >= SECRET_GUESSES_PER_MINUTE).then_some(u32::try_from(left_s).unwrap_or(u32::MAX))
    }

    /// Counts a wrong one. The minute begins with the first.
    pub(super) fn count(&self, of: Guessed, now_ms: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|count| count.left_ms(now_ms) > 0);
        if let Some(count) = counts.iter_mut().find(|count| count.of == of) {
            count.wrong = count.wrong.saturating_add(1);
            return;
        }
        if counts.len() >= GUESSERS_MAX {
            let fewest = counts.iter().enumerate().min_by_key(|(_, count)| count.wrong).map(|(at, _)| at);
            counts.swap_remove(fewest.unwrap_or_default());
        }
        counts.push(Count { of, since_ms: now_ms, wrong: 1 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_of_a_minute_waits_for_its_end() {
        let guesses = SecretGuesses::default();
        let (one, other) = (Guessed::Client(Uuid::from_u128(1)), Guessed::Client(Uuid::from_u128(2)));
        for at in 0..10 {
            assert_eq!(guesses.held_s(one, at * 1_000), None, "{at}");
            guesses.count(one, at * 1_000);
        }
        assert_eq!(guesses.held_s(one, 10_000), Some(50));
        assert_eq!(guesses.held_s(other, 10_000), None);
        assert_eq!((guesses.held_s(one, 59_999), guesses.held_s(one, 60_000)), (Some(1), None));
        guesses.count(one, 60_000);
        assert_eq!(guesses.held_s(one, 60_001), None);
    }

    #[test]
    fn memory_has_a_bound_and_who_guesses_most_stays() {
        let guesses = SecretGuesses::default();
        let one = Guessed::from(Some([192, 0, 2, 7].into()));
        (0..10).for_each(|_| guesses.count(one, 0));
        for number in 0..2 * GUESSERS_MAX as u128 {
            guesses.count(Guessed::Client(Uuid::from_u128(number)), 1);
        }
        assert_eq!(guesses.0.lock().unwrap().len(), GUESSERS_MAX);
        assert_eq!(guesses.held_s(one, 1), Some(60));
    }

    #[test]
    fn an_ipv6_network_is_one_guesser() {
        let at = |text: &str| Guessed::from(Some(text.parse().unwrap()));
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2::ffff"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
    }
}
