//! The control door: by the head of a request alone it is judged who may come in, before anything of
//! its body is read.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::Response;
use latchkey_published::keys::Peppers;
use latchkey_published::limits::{ADMIN_BODY_BYTES_MAX, PAGE_BODY_BYTES_MAX};

use super::admission::{Admission, Admitted, Asked};
use super::authenticate::{Caller, presented_token};
use super::endpoints::{Action, Call};
use super::guesses::{Guesses, Report};
use super::problem::Refusal;
use super::{ControlSettings, Fault, Head};
use crate::named_token::TokenTags;

/// What judges heads. [`super::Control`] judges them again.
#[derive(Debug)]
pub struct Door {
    settings: ControlSettings,
    peppers: Peppers,
    token_tags: TokenTags,
    /// Locked for a wrong token only.
    guesses: Mutex<Guesses>,
}

/// What becomes of a request by its head.
#[derive(Debug)]
pub enum Knock {
    /// Answered: its body is not read, and no store is needed.
    Answer(Response<Bytes>),
    /// To be asked of [`super::Control::serve`] with its whole body; a longer one is
    /// [`Fault::BodyTooLarge`], answered by [`Door::fault`].
    Read {
        /// In bytes.
        body_bytes_max: usize,
        /// Whether it shows an admin token that was made here. Whoever does not may be told to wait where
        /// the platform counts requests.
        is_administrator: bool,
    },
}

impl Door {
    /// The door of an installation.
    pub fn new(settings: ControlSettings, peppers: Peppers) -> Self {
        let guesses = Mutex::new(Guesses::new(settings.guesses_per_second));
        let token_tags = TokenTags::new(&peppers);
        Door { settings, peppers, token_tags, guesses }
    }

    /// Judges a head. `now_ms` is of any clock. After an answer something may be due for the log:
    /// [`Door::reports`].
    ///
    /// A right token is let in whatever was counted.
    pub fn knock(&self, head: &Head<'_>, now_ms: u64) -> Knock {
        let Door { settings, peppers, token_tags, .. } = self;
        let admission = Admission { settings, peppers, token_tags };
        let judged = admission.judge(head).and_then(|admitted| {
            let is_administrator = !matches!(admitted.caller, Caller::Anyone);
            let is_page = admitted.surface.front().is_some();
            let body_bytes_max = if is_page { PAGE_BODY_BYTES_MAX } else { ADMIN_BODY_BYTES_MAX };
            let read = Knock::Read { body_bytes_max, is_administrator };
            self.answer(&admitted).map(|answer| (answer, read))
        });
        let answer = match judged {
            Ok((None, read)) => return read,
            Ok((Some(response), _)) => Ok(response),
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

    /// The answer to what befell a request that was let in, before the whole of it was there.
    pub fn fault(&self, head: &Head<'_>, fault: Fault) -> Response<Bytes> {
        let Door { settings, peppers, token_tags, .. } = self;
        Admission { settings, peppers, token_tags }.finish(Err(Refusal::Befallen(fault)), head)
    }

    /// The answer to a request that may come in; `None`: it needs a body or the store, as does every
    /// token that is to be looked up, or moved to the current pepper.
    fn answer(&self, admitted: &Admitted<'_>) -> Result<Option<Response<Bytes>>, Refusal> {
        match admitted.caller {
            Caller::Named(_) => return Ok(None),
            Caller::Anyone | Caller::Installation { .. } => {}
        }
        let Asked { matched, call } = match admitted.asked() {
            // The page that says so looks as administrators have set, which the store knows.
            Err(_) if admitted.surface.front().is_some() => return Ok(None),
            asked => asked?,
        };
        Ok(match (call, admitted.caller) {
            (
                Call { action: Action::Plain(plain), .. },
                Caller::Anyone | Caller::Installation { moved: None },
            ) => Some(plain.answer(&matched, &self.settings)),
            _ => None,
        })
    }

    /// Wrong tokens that are to be logged now: at most one report a second and address.
    pub fn reports(&self, now_ms: u64) -> Vec<Report> {
        self.guesses().reports(now_ms)
    }

    fn guesses(&self) -> std::sync::MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
