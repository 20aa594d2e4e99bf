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

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use latchkey_control::log_in::Work;
    use latchkey_control::passwords::{Parameters, Password, PhcString};
    use latchkey_control::ports::testing::ManualClock;
    use latchkey_published::keys::KeyDigest;
    use latchkey_store::memory::MemoryStore;
    use serde_json::Value;

    use super::*;

    const RIGHT: &str = "violet harbour tulip 93";

    /// The store in memory answers at once.
    fn at_once<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => unreachable!("nothing else is waited for"),
        }
    }

    struct Object {
        attempts: Attempts<MemoryStore, ManualClock>,
        hasher: Hasher,
    }

    impl Object {
        fn new() -> Self {
            let room = Room::new(MemoryStore::default(), ManualClock::at(1_800_000_000_000));
            Object { attempts: Attempts::new(room), hasher: Hasher::new(Parameters::SMALL) }
        }

        /// From the need to the answer, as the script does it.
        fn attempt(&mut self, work: Work) -> (String, Value) {
            let admitted = at_once(self.attempts.admit(&need(work))).unwrap();
            let answered = match admitted.strip_prefix("W\n") {
                Some(number) => self.work(number.parse().unwrap()).unwrap(),
                None => admitted,
            };
            let (letter, json) = answered.split_once('\n').unwrap();
            (letter.to_owned(), serde_json::from_str(json).unwrap())
        }

        fn work(&mut self, number: u32) -> Result<String, Failed> {
            at_once(self.attempts.work(number, &mut self.hasher, [7; 16]))
        }
    }

    fn need(work: Work) -> String {
        let (account, address) = (KeyDigest::from_bytes([3; 32]), Some("192.0.2.7".parse().unwrap()));
        let need = PasswordNeed { account, address, known_browser: None, work, state: Some(4) };
        serde_json::to_string(&need).unwrap()
    }

    fn log_in(password: &str, stored: &PhcString) -> Work {
        Work::LogIn { password: Password::new(password), stored: Some(stored.clone()) }
    }

    #[test]
    fn a_password_is_made_and_then_is_the_right_one() {
        let mut object = Object::new();
        let (letter, made) = object.attempt(Work::Set { password: Password::new(RIGHT) });
        assert_eq!((letter.as_str(), &made["state"]), ("A", &Value::from(4)));
        let stored: PhcString = serde_json::from_value(made["outcome"]["made"].clone()).unwrap();
        let (letter, right) = object.attempt(log_in(RIGHT, &stored));
        assert_eq!(letter, "A");
        assert!(right["outcome"]["right"].is_object(), "{right}");
        assert_eq!(at_once(object.attempts.reports()).unwrap(), "[]");
    }

    #[test]
    fn failures_are_told_apart_and_the_sixth_is_held() {
        let mut object = Object::new();
        let (_, made) = object.attempt(Work::Set { password: Password::new(RIGHT) });
        let stored: PhcString = serde_json::from_value(made["outcome"]["made"].clone()).unwrap();
        for _ in 0..6 {
            let (letter, answer) = object.attempt(log_in("wrong", &stored));
            assert_eq!((letter.as_str(), &answer["outcome"]), ("F", &Value::from("wrong")));
        }
        let (letter, answer) = object.attempt(log_in(RIGHT, &stored));
        assert_eq!(letter, "F");
        assert!(answer["outcome"]["held"]["retry_after_s"].as_u64() >= Some(1), "{answer}");
    }

    #[test]
    fn an_attempt_is_worked_once() {
        let mut object = Object::new();
        let admitted = at_once(object.attempts.admit(&need(Work::Set { password: Password::new(RIGHT) })));
        assert_eq!(admitted.as_deref(), Ok("W\n1"));
        assert!(object.work(1).is_ok());
        assert!(object.work(1).is_err() && object.work(2).is_err());
    }

    #[test]
    fn who_finds_no_place_is_told_so_with_the_state_given_back() {
        let answer = busy(&need(Work::Set { password: Password::new(RIGHT) })).unwrap();
        assert_eq!(answer, r#"A\n{"state":4,"outcome":"busy"}"#.replace("\\n", "\n"));
    }

    #[test]
    fn nothing_of_a_need_is_in_an_error() {
        let broken =
            need(Work::Set { password: Password::new(RIGHT) }).replace("\"state\"", "\"state\":\"x\",\"y\"");
        for error in [busy(&broken).unwrap_err(), at_once(Object::new().attempts.admit(&broken)).unwrap_err()]
        {
            assert!(!error.0.contains("violet"), "{error:?}");
        }
    }
}
