//! Wrong secrets of OAuth2 clients, counted at a door for each client and each address: past so many in a minute
//! they are answered 429. A secret made here cannot be guessed; one that somebody chose might be.
//!
//! Only wrong secrets come here. A right one is let in whatever was counted, so that nobody keeps a client out
//! by guessing.

use std::net::IpAddr;

use uuid::Uuid;

use crate::network::household;
use latchkey_published::limits::{
    SECRET_GUESSERS_MAX, SECRET_GUESSES_OF_ADDRESS_MAX, SECRET_GUESSES_OF_CREDENTIAL_MAX,
};

const MINUTE_MS: u64 = 60_000;

/// What wrong secrets are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guessed {
    /// The secret of a credential, whoever guesses.
    Credential(Uuid),
    /// Secrets of all, by whoever is at an address; `None`: the platform says none.
    By(Option<IpAddr>),
}

impl Guessed {
    /// How many are answered like any other refusal in a minute.
    fn bound(self) -> u32 {
        match self {
            Guessed::Credential(_) => SECRET_GUESSES_OF_CREDENTIAL_MAX,
            Guessed::By(_) => SECRET_GUESSES_OF_ADDRESS_MAX,
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

impl Count {
    /// A clock that was set back ends the minute too.
    fn left_ms(&self, now_ms: u64) -> u64 {
        MINUTE_MS.saturating_sub(now_ms.wrapping_sub(self.since_ms))
    }
}

/// Counts of the last minute.
#[derive(Debug, Default)]
pub struct SecretGuesses(Vec<Count>);

impl SecretGuesses {
    /// Counts a wrong secret of a credential, or of none that is there. If it is one too many: in how many
    /// seconds to try again.
    pub fn count(&mut self, credential: Option<Uuid>, by: Option<IpAddr>, now_ms: u64) -> Option<u64> {
        self.0.retain(|count| count.left_ms(now_ms) > 0);
        let of_address = self.count_of(Guessed::By(by.map(household)), now_ms);
        let of_credential = credential.and_then(|id| self.count_of(Guessed::Credential(id), now_ms));
        of_address.max(of_credential)
    }

    /// Where there is no room, who has guessed least makes it: others are not answered for who guesses much.
    fn count_of(&mut self, of: Guessed, now_ms: u64) -> Option<u64> {
        let counts = &mut self.0;
        let known = counts.iter().position(|count| count.of == of);
        let at = known.unwrap_or_else(|| {
            if counts.len() >= SECRET_GUESSERS_MAX {
                let least = counts.iter().enumerate().min_by_key(|(_, count)| count.wrong).map(|(at, _)| at);
                counts.swap_remove(least.unwrap_or_default());
            }
            counts.push(Count { of, since_ms: now_ms, wrong: 0 });
            counts.len() - 1
        });
        let count = &mut counts[at];
        count.wrong = count.wrong.saturating_add(1);
        (count.wrong > of.bound()).then_some(count.left_ms(now_ms).div_ceil(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some([192, 0, 2, last].into())
    }

    #[test]
    fn wrong_secrets_of_a_credential_wait_for_the_end_of_the_minute() {
        let (mut guesses, one) = (SecretGuesses::default(), Some(Uuid::from_u128(1)));
        for guess in 0..10 {
            assert_eq!(guesses.count(one, address(guess), 1_000), None, "{guess}");
        }
        assert_eq!(guesses.count(one, address(99), 2_000), Some(59));
        assert_eq!(guesses.count(Some(Uuid::from_u128(2)), address(99), 2_000), None);
        assert_eq!(guesses.count(one, None, 60_999), Some(1));
        assert_eq!(guesses.count(one, None, 61_000), None, "the minute is over");
        assert_eq!(guesses.count(one, None, 60_000), None, "a clock that was set back ends it too");
    }

    #[test]
    fn wrong_secrets_of_an_address_wait_whosever_they_are() {
        let mut guesses = SecretGuesses::default();
        for guess in 0..SECRET_GUESSES_OF_ADDRESS_MAX {
            let credential = (guess % 2 == 0).then(|| Uuid::from_u128(guess.into()));
            assert_eq!(guesses.count(credential, address(1), 0), None);
        }
        assert_eq!(guesses.count(None, address(1), 0), Some(60));
        assert_eq!(guesses.count(None, address(2), 0), None);
        assert_eq!(guesses.count(None, None, 0), None);
    }

    #[test]
    fn memory_has_a_bound_and_who_guesses_most_stays_counted() {
        let (mut guesses, one) = (SecretGuesses::default(), Some(Uuid::from_u128(1 << 100)));
        assert!((0..10).all(|_| guesses.count(one, address(1), 0).is_none()));
        for number in 0..2 * SECRET_GUESSERS_MAX as u128 {
            guesses.count(Some(Uuid::from_u128(number)), address(2), 1);
        }
        assert_eq!(guesses.0.len(), SECRET_GUESSERS_MAX);
        assert_eq!(guesses.count(one, address(1), 1), Some(60));
        // Somebody else is not answered for it.
        assert_eq!(guesses.count(Some(Uuid::from_u128(1 << 101)), address(3), 1), None);
    }
}
