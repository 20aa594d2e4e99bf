//! What a request is decided by, and why it may stop there.

use crate::config::{Config, DeniedTokens};
use crate::decision::Need;
use crate::own_answer::Response;
use crate::problem::Problem;
use crate::request::Now;
use latchkey_published::feed::Epoch;

/// What a request is decided by besides the callers. The configuration is borrowed: gateways of
/// other threads share it, and its count would go from processor to processor.
#[derive(Clone, Copy)]
pub(crate) struct Basis<'b> {
    pub(crate) config: &'b Config,
    pub(crate) denied_tokens: &'b DeniedTokens,
    pub(crate) epoch: Epoch,
    pub(crate) now: Now,
}

/// Why a request does not go on.
pub(crate) enum Stop {
    Need(Need),
    Problem(Problem),
    Respond(Box<Response>),
}

impl From<Need> for Stop {
    fn from(need: Need) -> Self {
        Stop::Need(need)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Stop::Problem(problem)
    }
}
