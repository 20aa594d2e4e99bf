//! Whom a token was issued to.

use std::sync::Arc;

use http::header::HeaderName;

use crate::grant_memory::CachedGrant;
use latchkey_published::grant::field_text;
use latchkey_published::token::AccessToken;

static X_AUTHENTICATED_SCOPE: HeaderName = HeaderName::from_static("x-authenticated-scope");
static X_AUTHENTICATED_USERID: HeaderName = HeaderName::from_static("x-authenticated-userid");

/// Whoever a token was issued to, and what the token says besides.
#[derive(Clone, Debug)]
pub(crate) struct TokenCaller {
    /// Of the client.
    pub(crate) grant: Arc<CachedGrant>,
    /// Of the key that the route asks for beside the token: then it tells who calls.
    pub(crate) key: Option<Arc<CachedGrant>>,
    /// As a field can carry it; so is the user.
    scope: Box<str>,
    user: Box<str>,
    /// When token or key are no longer good, in milliseconds since the Unix epoch.
    pub(crate) ends_at_ms: Option<u64>,
}

impl TokenCaller {
    /// A token whose grant this is.
    pub(crate) fn new(token: &AccessToken<'_>, grant: Arc<CachedGrant>) -> Self {
        let own_end_ms = token.ends_at_s.map(|end| end.saturating_mul(1_000));
        TokenCaller {
            ends_at_ms: own_end_ms.into_iter().chain(grant.expires_at_ms).min(),
            grant,
            key: None,
            scope: field_text(token.scope).into(),
            user: field_text(token.user).into(),
        }
    }

    /// The same with the key that came beside it.
    pub(crate) fn with_key(self, key: Arc<CachedGrant>) -> Self {
        let ends_at_ms = self.ends_at_ms.into_iter().chain(key.expires_at_ms).min();
        TokenCaller { key: Some(key), ends_at_ms, ..self }
    }

    /// Of whom the upstream is told.
    pub(crate) fn told(&self) -> &Arc<CachedGrant> {
        self.key.as_ref().unwrap_or(&self.grant)
    }

    /// Fields that tell an upstream what the token says.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static HeaderName, &[u8])> {
        let fields = [(&X_AUTHENTICATED_SCOPE, &self.scope), (&X_AUTHENTICATED_USERID, &self.user)];
        let set = fields.into_iter().filter(|(_, text)| !text.is_empty());
        set.map(|(name, text)| (name, text.as_bytes()))
    }

    /// Whether the token has all of these scopes.
    pub(crate) fn has_scopes(&self, required: &[String]) -> bool {
        required.iter().all(|scope| self.scope.split(' ').any(|own| own == scope))
    }
}
