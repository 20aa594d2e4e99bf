//! The admin token, in `Kong-Admin-Token` or as a bearer token.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::Admin;
use super::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::store::Store;

const TOKEN_HEADER: &str = "kong-admin-token";

impl<S: Store, C: Clock, R: Random> Admin<S, C, R> {
    /// Lets a request pass whose token has the digest that is set.
    pub(super) fn authenticate(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let expected = self.settings.token.as_ref().ok_or(Refusal::NoTokenConfigured)?;
        let peppers = self.registry.peppers();
        let presented = presented_token(headers).is_some_and(|token| {
            let current = peppers.current.digest(token).matches(expected);
            let previous =
                peppers.previous.as_ref().is_some_and(|pepper| pepper.digest(token).matches(expected));
            current | previous
        });
        if presented { Ok(()) } else { Err(Refusal::WrongToken) }
    }
}

fn presented_token(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(token) = headers.get(TOKEN_HEADER) {
        return Some(token.as_bytes());
    }
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}
