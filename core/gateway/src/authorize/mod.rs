//! Whether a caller may pass on a route.

mod contracts;

use crate::authenticate::Caller;
use crate::config::RouteRules;
use crate::problem::Problem;

/// Asks everything that may refuse a caller who is known; `None`: nobody was asked who calls.
#[inline]
pub(crate) fn authorize(caller: Option<&Caller>, rules: &RouteRules) -> Result<(), Problem> {
    match contracts::permit(caller, rules) {
        true => Ok(()),
        false => Err(Problem::Unauthorized(rules.challenge())),
    }
}
