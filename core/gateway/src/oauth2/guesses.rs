//! Wrong client secrets, counted for each credential and for each address: past a number a minute they
//! are answered 429. A secret made here cannot be guessed; one that somebody chose might be.
//!
//! Only wrong secrets come here. A right one is let in whatever was counted, so that nobody keeps a
//! client out by guessing.

use std::net::IpAddr;

use uuid::Uuid;

use latchkey_published::limits::{
    SECRET_GUESSERS_MAX, SECRET_GUESSES_OF_ADDRESS_MAX, SECRET_GUESSES_OF_CREDENTIAL_MAX,
};
use latchkey_request::network::household;

const MINUTE_MS: u64 = 60_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guessed {
    /// The secret of a credential, whoever guesses.
    Credential(Uuid),
    /// Secrets of all credentials, by one address.
    By(IpAddr),
    /// All that no room was left for.
    Others,
}

impl Guessed {
    /// How many are answered like any other refusal in a minute.
    fn bound(self) -> u32 {
        match self {
            Guessed::Credential(_) => SECRET_GUESSES_OF_CREDENTIAL_MAX,
            Guessed::By(_) | Guessed::Others => SECRET_GUESSES_OF_ADDRESS_MAX,
        }
    }
}

#[derive(Debug)]
struct Count {
    of: Guessed,
    /// When the minute began that `wrong` counts.
    since_ms: u64,
    wrong: u32,
}

/// Counts of the last minute.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    counts: Vec<Count>,
}

impl Guesses {
    /// Counts a wrong secret. If it is one too many: in how many seconds to try again.
    pub(super) fn count(&mut self, credential: Uuid, by: Option<IpAddr>, now_ms: u64) -> Option<u64> {
        let address = by.map(|address| Guessed::By(household(address)));
        let of_credential = self.count_of(Guessed::Credential(credential), now_ms);
        let of_address = address.and_then(|address| self.count_of(address, now_ms));
        of_credential.max(of_address)
    }

    fn count_of(&mut self, of: Guessed, now_ms: u64) -> Option<u64> {
        let at = self.place(of, now_ms);
        let count = &mut self.counts[at];
        if is_over(count.since_ms, now_ms) {
            (count.since_ms, count.wrong) = (now_ms, 0);
        }
        count.wrong = count.wrong.saturating_add(1);
        let left_ms = MINUTE_MS.saturating_sub(now_ms.saturating_sub(count.since_ms));
        (count.wrong > count.of.bound()).then(|| left_ms.div_ceil(1_000).max(1))
    }

    /// Where something is counted. Past the bound it takes the place of what is over, or is counted with
    /// the rest.
    fn place(&mut self, of: Guessed, now_ms: u64) -> usize {
        if let Some(known) = self.counts.iter().position(|count| count.of == of) {
            return known;
        }
        let count = Count { of, since_ms: now_ms, wrong: 0 };
        if self.counts.len() < SECRET_GUESSERS_MAX || of == Guessed::Others {
            self.counts.push(count);
            return self.counts.len() - 1;
        }
        match self.counts.iter().position(|count| is_over(count.since_ms, now_ms)) {
            Some(at) => {
                self.counts[at] = count;
                at
            }
            None => self.place(Guessed::Others, now_ms),
        }
    }
}

/// Whether a minute has passed; a clock that was set back ends it too.
fn is_over(since_ms: u64, now_ms: u64) -> bool {
    now_ms.wrapping_sub(since_ms) >= MINUTE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some([198, 51, 100, last].into())
    }

    #[test]
    fn wrong_secrets_of_a_credential_are_slowed_whoever_sends_them() {
        let (mut guesses, credential) = (Guesses::default(), Uuid::from_u128(1));
        for guess in 0..10 {
            assert_eq!(guesses.count(credential, address(guess), 1_000), None);
        }
        assert_eq!(guesses.count(credential, address(77), 2_000), Some(59));
        assert_eq!(guesses.count(Uuid::from_u128(2), address(77), 2_000), None);
        assert_eq!(guesses.count(credential, None, 60_999), Some(1));
        assert_eq!(guesses.count(credential, None, 61_000), None, "the minute is over");
    }

    #[test]
    fn wrong_secrets_of_an_address_are_slowed_whosever_they_are() {
        let mut guesses = Guesses::default();
        for guess in 0..u128::from(SECRET_GUESSES_OF_ADDRESS_MAX) {
            assert_eq!(guesses.count(Uuid::from_u128(guess), address(1), 0), None);
        }
        assert_eq!(guesses.count(Uuid::from_u128(1 << 64), address(1), 0), Some(60));
        assert_eq!(guesses.count(Uuid::from_u128(1 << 64), address(2), 0), None);
    }

    #[test]
    fn memory_is_bounded_and_what_has_no_room_is_counted_together() {
        let mut guesses = Guesses::default();
        let count = |guesses: &mut Guesses, credential: u128, now_ms| {
            guesses.count(Uuid::from_u128(credential), None, now_ms)
        };
        for credential in 0..SECRET_GUESSERS_MAX as u128 {
            assert_eq!(count(&mut guesses, credential, 0), None);
        }
        let slowed = (0..1_000).filter(|n| count(&mut guesses, 1_000_000 + n, 0).is_some()).count();
        assert_eq!(slowed, 1_000 - SECRET_GUESSES_OF_ADDRESS_MAX as usize);
        assert_eq!(guesses.counts.len(), SECRET_GUESSERS_MAX + 1);
        // A minute later their places are free.
        assert_eq!(count(&mut guesses, 5_000_000, 60_000), None);
        assert_eq!(guesses.counts.len(), SECRET_GUESSERS_MAX + 1);
    }
}
