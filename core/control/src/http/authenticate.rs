//! The admin token, in `Kong-Admin-Token` or as a bearer token.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::Control;
use super::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_published::keys::{KeyDigest, Peppers};
use latchkey_store::Store;

/// The field that the admin token is shown in, unless it is a bearer token.
pub(super) const TOKEN_HEADER: &str = "kong-admin-token";

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// Stores the token's digest under the current pepper, if it is the stored token. A failure
    /// costs nothing: the next request tries again.
    pub(super) async fn move_token(&self, digest: KeyDigest) {
        if self.registry.admin_token_digest().await == Ok(self.settings.token) {
            let _ = self.registry.set_admin_token_digest(Some(digest)).await;
        }
    }
}

/// Lets a request pass whose token has the digest `expected`. `Some`: it has it under the previous
/// pepper, and this is its digest under the current one.
pub(super) fn judge_token(
    expected: Option<&KeyDigest>,
    peppers: &Peppers,
    headers: &HeaderMap,
) -> Result<Option<KeyDigest>, Refusal> {
    let expected = expected.ok_or(Refusal::NoTokenConfigured)?;
    let token = presented_token(headers).ok_or(Refusal::WrongToken)?;
    let digest = peppers.current.digest(token);
    if digest.matches(expected) {
        return Ok(None);
    }
    let previous = peppers.previous.as_ref().filter(|pepper| pepper.digest(token).matches(expected));
    previous.map(|_| Some(digest)).ok_or(Refusal::WrongToken)
}

/// The token that a request shows, right or wrong.
pub(super) fn presented_token(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(token) = headers.get(TOKEN_HEADER) {
        return Some(token.as_bytes());
    }
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}
