//! The door of the Admin API: by the head of a request alone it is judged who may come in, before
//! anything of its body is read.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Response};

use super::authenticate::{judge_token, presented_token};
use super::finish;
use super::guesses::{Guesses, Report};
use super::problem::Refusal;
use latchkey_published::keys::{KeyDigest, Peppers};

/// What judges callers. The API itself judges the token again: nothing hangs on the door alone.
#[derive(Debug)]
pub struct Door {
    token: Option<KeyDigest>,
    peppers: Peppers,
    /// Locked for a wrong token only.
    guesses: Mutex<Guesses>,
}

impl Door {
    /// `token`: as in [`super::AdminSettings`]. `guesses_per_second`: how many wrong tokens of one
    /// address a second are answered 401, and the others 429; 0: all.
    pub fn new(token: Option<KeyDigest>, peppers: Peppers, guesses_per_second: u32) -> Self {
        Door { token, peppers, guesses: Mutex::new(Guesses::new(guesses_per_second)) }
    }

    /// The answer to a request that may not come in; `None`: it may. `client_ip` is whom a wrong token is counted for; `now_ms`
    /// is of any clock. After an answer something may be due for the log: [`Door::reports`].
    ///
    /// A right token is let in whatever was counted.
    pub fn refuse(
        &self,
        method: &str,
        headers: &HeaderMap,
        client_ip: Option<IpAddr>,
        now_ms: u64,
    ) -> Option<Response<Bytes>> {
        let refusal = match judge_token(self.token.as_ref(), &self.peppers, headers) {
            Ok(_) => return None,
            // Who shows none does not guess.
            Err(Refusal::WrongToken) if presented_token(headers).is_some() => {
                match self.guesses().count(client_ip, now_ms) {
                    true => Refusal::TooManyWrongTokens,
                    false => Refusal::WrongToken,
                }
            }
            Err(refusal) => refusal,
        };
        Some(finish(Err(refusal), method, headers))
    }

    /// Wrong tokens that are to be logged now: at most one report a second and address.
    pub fn reports(&self, now_ms: u64) -> Vec<Report> {
        self.guesses().reports(now_ms)
    }

    fn guesses(&self) -> std::sync::MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
