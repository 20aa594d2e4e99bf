//! The control door: by the head of a request alone it is judged who may come in, before anything of
//! its body is read.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::Response;
use latchkey_published::keys::{KeyDigest, Peppers};
use latchkey_published::limits::ADMIN_BODY_BYTES_MAX;

use super::admission::{Admission, Admitted};
use super::authenticate::presented_token;
use super::endpoints::Action;
use super::guesses::{Guesses, Report};
use super::problem::Refusal;
use super::{ControlSettings, Head, answer, information, welcome};

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

    /// Takes another admin token from now on.
    pub fn set_token(&mut self, token: Option<KeyDigest>) {
        self.settings.token = token;
    }

    /// Judges a head. `now_ms` is of any clock. After an answer something may be due for the log:
    /// [`Door::reports`].
    ///
    /// A right token is let in whatever was counted.
    pub fn knock(&self, head: &Head<'_>, now_ms: u64) -> Knock {
        let admission = Admission { settings: &self.settings, peppers: &self.peppers };
        let answer = match admission.judge(head) {
            Ok(admitted) => match self.answer_without_store(&admitted) {
                Some(response) => Ok(response),
                None => return Knock::Read { body_bytes_max: ADMIN_BODY_BYTES_MAX },
            },
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

    /// What needs neither store nor body. A token that is to be moved to the current pepper needs one.
    fn answer_without_store(&self, admitted: &Admitted) -> Option<Response<Bytes>> {
        match admitted.call.action {
            Action::Welcome => Some(welcome::page(&self.settings)),
            Action::Health => Some(information::health()),
            Action::Options if admitted.moved_token.is_none() => {
                Some(answer::options(admitted.matched.endpoint))
            }
            _ => None,
        }
    }

    /// Wrong tokens that are to be logged now: at most one report a second and address.
    pub fn reports(&self, now_ms: u64) -> Vec<Report> {
        self.guesses().reports(now_ms)
    }

    fn guesses(&self) -> std::sync::MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
