//! Admin tokens, in `Kong-Admin-Token` or as a bearer token: the installation's, and named ones.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::endpoints::{Call, Permission};
use super::problem::Refusal;
use super::{Control, Head};
use crate::audit::{Actor, Who};
use crate::ports::{Clock, Random};
use crate::registry::Error;
use latchkey_published::keys::{KeyDigest, Peppers};
use latchkey_store::Store;

/// The field that the admin token is shown in, unless it is a bearer token.
pub const TOKEN_HEADER: &str = "kong-admin-token";

/// Who calls, as far as a head tells without the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Whoever; nothing is asked of them.
    Anyone,
    /// Who shows the installation's token. `moved`: found under the previous pepper, this is its digest
    /// under the current one.
    Installation { moved: Option<KeyDigest> },
    /// Who shows a named token that was made here, of this digest. Whether it is still good only the
    /// store knows.
    Named(KeyDigest),
}

/// Who calls, as the store knows them.
#[derive(Debug)]
pub(super) struct Identified {
    pub(super) who: Who,
    pub(super) permission: Permission,
    /// When the token ends that is shown, in seconds since the Unix epoch.
    pub(super) ends_at: Option<u64>,
}

impl Identified {
    /// Refuses a call that they may not make.
    pub(super) fn refuse_unless_permitted(&self, call: &Call) -> Result<(), Refusal> {
        match self.permission {
            permission if call.permission() <= permission => Ok(()),
            Permission::Read => Err(Refusal::ReadOnly),
            Permission::Change | Permission::Replace => Err(Refusal::NamedToken),
        }
    }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// Finds out who calls. The installation's token moves to the current pepper if it was found under
    /// the previous one; a failure of that costs nothing: the next request tries again.
    pub(super) async fn identify(&self, caller: Caller, head: &Head<'_>) -> Result<Identified, Refusal> {
        match caller {
            Caller::Anyone | Caller::Installation { .. } => {
                let who = Who::admin_token();
                if let Caller::Installation { moved: Some(digest) } = caller {
                    self.acting_for(&who, head).move_token(digest).await;
                }
                Ok(Identified { who, permission: Permission::Replace, ends_at: None })
            }
            Caller::Named(digest) => {
                let found = self.registry.named_token(&digest).await;
                let failed = |error: Error| Refusal::Registry { endpoint: "admin token", error };
                let Some(token) = found.map_err(failed)? else {
                    self.registry.refuse_while_restoring().await.map_err(failed)?;
                    return Err(Refusal::WrongToken);
                };
                let who = Who::named_token(token.id, &token.name);
                let permission = if token.read_only { Permission::Read } else { Permission::Change };
                Ok(Identified { who, permission, ends_at: token.expires_at })
            }
        }
    }

    /// The same control plane, whose changes are those of who sends `head`.
    pub(super) fn acting_for(&self, who: &Who, head: &Head<'_>) -> Self {
        let request_id = head.request_id.map(str::to_owned);
        let actor = Actor { who: who.clone(), address: head.client_ip, request_id };
        let (settings, start_links) = (self.settings.clone(), self.start_links.clone());
        let secret_guesses = self.secret_guesses.clone();
        Control { registry: self.registry.acting_as(actor), settings, start_links, secret_guesses }
    }

    /// Stores the token's digest under the current pepper, if it is the stored token.
    async fn move_token(&self, digest: KeyDigest) {
        if self.registry.admin_token_digest().await == Ok(self.settings.token) {
            let _ = self.registry.set_admin_token_digest(Some(digest)).await;
        }
    }
}

/// Lets a request pass whose token has the digest `expected`. `Some`: it has it under the previous
/// pepper, and this is its digest under the current one. `Err`: it is another.
pub(super) fn judge_token(
    expected: &KeyDigest,
    peppers: &Peppers,
    token: &[u8],
) -> Result<Option<KeyDigest>, Refusal> {
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
