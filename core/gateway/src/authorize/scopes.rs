//! Whether a token has the scopes that its route asks for.

use super::contracts::permits_token;
use crate::config::RouteRules;
use crate::oauth2::{OAuth2, TokenCaller, TokenFault};
use crate::problem::Problem;

/// Whether a token may be used here, whose client may.
pub(super) fn judge(token: &TokenCaller, rules: &RouteRules) -> Result<(), Problem> {
    match plugin(rules) {
        Some(plugin) if token.has_scopes(&plugin.required_scopes) => Ok(()),
        Some(plugin) => Err(Problem::OAuth2(Box::new(plugin.refusals.insufficient_scope()))),
        None => Err(refused(token, rules)),
    }
}

/// The refusal of a token whose client may not use the service: as that of any other.
pub(super) fn refused(token: &TokenCaller, rules: &RouteRules) -> Problem {
    match plugin(rules) {
        // Of token and key it is the key that may not.
        Some(_) if token.key.is_some() && permits_token(&token.grant, rules) => {
            Problem::Unauthorized(rules.challenge())
        }
        Some(plugin) => Problem::OAuth2(Box::new(plugin.refusals.of(TokenFault::Invalid))),
        None => Problem::Unauthorized(rules.challenge()),
    }
}

fn plugin(rules: &RouteRules) -> Option<&OAuth2> {
    rules.oauth2.as_deref().map(|oauth2| &*oauth2.plugin)
}
