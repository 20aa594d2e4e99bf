//! The attempts of one object: counted when they come, worked one after the other, counted again.
//!
//! JavaScript has texts of them. What is answered is a letter and, a line further, what it is about: `W`,
//! the number of an attempt that is to be worked; `A` or `F`, a [`PasswordAnswer`] in JSON, behind an `F`
//! where a failure was counted, which [`Attempts::reports`] will tell of.

use std::collections::BTreeMap;

use latchkey_control::log_in::{Admitted, PasswordAnswer, PasswordNeed, PasswordOutcome, Room};
use latchkey_control::passwords::Hasher;
use latchkey_control::ports::Clock;
use latchkey_store::{Store, StoreError};

/// What is counted over one store, and attempts that wait to be worked.
#[derive(Debug)]
pub struct Attempts<S, C> {
    room: Room<S, C>,
    waiting: BTreeMap<u32, (PasswordNeed, Admitted)>,
    last: u32,
}

/// Why there is no answer; for the log, without anything of the need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed(pub String);

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Failed(error.to_string())
    }
}

impl<S: Store, C: Clock> Attempts<S, C> {
    /// Nothing counted but what the room has.
    pub fn new(room: Room<S, C>) -> Self {
        Attempts { room, waiting: BTreeMap::new(), last: 0 }
    }

    /// Counts an attempt: it is to be worked, or held and answered.
    pub async fn admit(&mut self, need: &str) -> Result<String, Failed> {
        let need = parse(need)?;
        match self.room.admit(&need).await? {
            Ok(admitted) => {
                self.last = self.last.wrapping_add(1);
                self.waiting.insert(self.last, (need, admitted));
                Ok(format!("W\n{}", self.last))
            }
            Err(held) => Ok(text(&held)),
        }
    }

    /// Works an attempt that was admitted. `salt`: drawn for it.
    pub async fn work(&mut self, number: u32, hasher: &mut Hasher, salt: [u8; 16]) -> Result<String, Failed> {
        let waiting = self.waiting.remove(&number);
        let (need, admitted) = waiting.ok_or_else(|| Failed("there is no such attempt".to_owned()))?;
        let hashed = hasher.work(&need.work, salt);
        Ok(text(&self.room.finish(&need, admitted, hashed).await?))
    }

    /// Sums of failures that are due for the audit, in JSON, taken away.
    pub async fn reports(&self) -> Result<String, Failed> {
        let reports = self.room.reports().await?;
        serde_json::to_string(&reports).map_err(|error| Failed(error.to_string()))
    }

    /// Removes counters that no longer count. Whether there are more.
    pub async fn drop_old(&self) -> Result<bool, Failed> {
        Ok(self.room.drop_old().await?)
    }
}

/// The answer to an attempt that comes while as many as may wait already.
pub fn busy(need: &str) -> Result<String, Failed> {
    Ok(text(&PasswordAnswer { state: parse(need)?.state, outcome: PasswordOutcome::Busy }))
}

/// What serde finds wrong is not told: it could be a part of the password.
fn parse(need: &str) -> Result<PasswordNeed, Failed> {
    serde_json::from_slice(need.as_bytes()).map_err(|_| Failed("it is no need of a password".to_owned()))
}

fn text(answer: &PasswordAnswer) -> String {
    let letter = match answer.outcome {
        PasswordOutcome::Wrong | PasswordOutcome::Held { .. } => 'F',
        PasswordOutcome::Busy | PasswordOutcome::Right { .. } | PasswordOutcome::Made(_) => 'A',
    };
    let json = serde_json::to_string(answer).expect("an answer has string keys only");
    format!("{letter}\n{json}")
}
