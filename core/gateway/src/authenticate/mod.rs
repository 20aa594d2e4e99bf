//! Who calls: the ways to tell, tried in order, each with one of three outcomes.

mod key_auth;

use std::sync::Arc;

use crate::basis::{Basis, Stop};
use crate::find_route::Routed;
use crate::grant_memory::{CachedGrant, GrantMemory};
use crate::problem::Problem;
use crate::request::{Body, Headers, RequestHead};
use crate::strip_key::HiddenCuts;
use latchkey_published::grant::Identity;
use latchkey_published::keys::Peppers;
pub use latchkey_published::rehash::Rehash;

/// Whose request it is.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// The owner of a credential.
    Credential(Arc<CachedGrant>),
    /// The consumer that stands in for whoever has no credential.
    Anonymous(Arc<Identity>),
}

impl Caller {
    /// What the upstream is told of it.
    pub(crate) fn identity(&self) -> &Identity {
        match self {
            Caller::Credential(grant) => &grant.identity,
            Caller::Anonymous(identity) => identity,
        }
    }
}

/// What one way to authenticate says of a request.
enum Outcome {
    /// The route does not ask in this way, or not this request: the next way is tried.
    NotAsked,
    /// It is this caller's.
    Caller(Caller),
    /// It is not known whose it is, and may not pass.
    Refused(Problem),
}

/// Who calls, and what of the request must not reach the upstream since it tells so.
#[derive(Default)]
pub(crate) struct Authenticated {
    /// `None`: nobody was asked.
    pub(crate) caller: Option<Caller>,
    pub(crate) hidden: HiddenCuts,
}

/// Who may call, as far as it is known.
#[derive(Debug)]
pub(crate) struct Callers {
    /// Longest body that is searched, in bytes.
    pub(crate) body_search_bytes: usize,
    pub(crate) peppers: Peppers,
    pub(crate) memory: GrantMemory,
    pub(crate) rehash: Option<Rehash>,
}

impl Callers {
    /// Tries every way; the first that names the caller or refuses has the last word.
    #[inline]
    pub(crate) fn authenticate<'a, H: Headers>(
        &mut self,
        routed: &Routed<'_>,
        basis: Basis<'_>,
        head: &RequestHead<'a, H>,
        body: Body<'a>,
    ) -> Result<Authenticated, Stop> {
        let mut authenticated = Authenticated::default();
        match self.key_auth(routed, basis, head, body, &mut authenticated.hidden)? {
            Outcome::NotAsked => {}
            Outcome::Caller(caller) => authenticated.caller = Some(caller),
            Outcome::Refused(problem) => return Err(problem.into()),
        }
        Ok(authenticated)
    }
}
