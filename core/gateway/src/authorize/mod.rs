//! Whether a caller may pass on a route.

mod contracts;
mod scopes;

use crate::authenticate::Caller;
use crate::config::RouteRules;
use crate::problem::Problem;

pub(crate) use contracts::permits_token;

/// Asks everything that may refuse a caller who is known; `None`: nobody was asked who calls.
#[inline]
pub(crate) fn authorize(caller: Option<&Caller>, rules: &RouteRules) -> Result<(), Problem> {
    match (contracts::permit(caller, rules), caller) {
        (true, Some(Caller::Token(token))) => scopes::judge(token, rules),
        (true, _) => Ok(()),
        (false, Some(Caller::Token(token))) => Err(scopes::refused(token, rules)),
        (false, _) => Err(Problem::Unauthorized(rules.challenge())),
    }
}
