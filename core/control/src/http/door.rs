//! The control door: by the head of a request alone it is judged who may come in, before anything of
//! its body is read.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::Response;
use latchkey_published::keys::Peppers;
use latchkey_published::limits::ADMIN_BODY_BYTES_MAX;

use super::admission::{Admission, Admitted};
use super::authenticate::presented_token;
use super::endpoints::{Action, Call};
use super::guesses::{Guesses, Report};
use super::problem::Refusal;
use super::{ControlSettings, Head};

/// What judges heads. [`super::Control`] judges them again.
#[derive(Debug)]
pub struct Door {
    settings: ControlSettings,
    peppers: Peppers,
    /// Locked for a wrong token only.
    guesses: Mutex<Guesses>,
}

/// What becomes of a request by its head.
#[derive(Debug)]
pub enum Knock {
    /// Answered: its body is not read, and no store is needed.
    Answer(Response<Bytes>),
    /// To be asked of [`super::Control::serve`] with its whole body; a longer one is
    /// [`super::Fault::BodyTooLarge`].
    Read {
        /// In bytes.
        body_bytes_max: usize,
    },
}

impl Door {
    /// The door of an installation.
    pub fn new(settings: ControlSettings, peppers: Peppers) -> Self {
        let guesses = Mutex::new(Guesses::new(settings.guesses_per_second));
        Door { settings, peppers, guesses }
    }

    /// Judges a head. `now_ms` is of any clock. After an answer something may be due for the log:
    /// [`Door::reports`].
    ///
    /// A right token is let in whatever was counted.
    pub fn knock(&self, head: &Head<'_>, now_ms: u64) -> Knock {
        let admission = Admission { settings: &self.settings, peppers: &self.peppers };
        let answer = match admission.judge(head) {
            Ok(Admitted { matched, call: Call { action: Action::Plain(plain), .. }, moved_token: None }) => {
                Ok(plain.answer(matched.endpoint, &self.settings))
            }
            // A token that is to be moved to the current pepper needs the store.
            Ok(_) => return Knock::Read { body_bytes_max: ADMIN_BODY_BYTES_MAX },
            // Who shows none does not guess.
            Err(Refusal::WrongToken) if presented_token(head.headers).is_some() => {
                Err(match self.guesses().count(head.client_ip, now_ms) {
                    true => Refusal::TooManyWrongTokens,
                    false => Refusal::WrongToken,
                })
            }
            Err(refusal) => Err(refusal),
        };
        Knock::Answer(admission.finish(answer, head))
    }

    /// Wrong tokens that are to be logged now: at most one report a second and address.
    pub fn reports(&self, now_ms: u64) -> Vec<Report> {
        self.guesses().reports(now_ms)
    }

    fn guesses(&self) -> std::sync::MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
