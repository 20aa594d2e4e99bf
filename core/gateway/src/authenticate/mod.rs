//! Who calls: the ways to tell, tried in order, each with one of three outcomes.

mod key_auth;
mod oauth2;
mod try_call;

use std::sync::Arc;

use crate::ablation::Ablation;
use crate::basis::{Basis, Stop};
use crate::find_route::Routed;
use crate::grant_memory::{CachedGrant, GrantMemory};
use crate::oauth2::TokenCaller;
use crate::problem::Problem;
use crate::request::{Body, Headers, RequestHead};
use crate::strip_key::HiddenCuts;
use latchkey_published::grant::Identity;
use latchkey_published::key_sha256::ImportedDigests;
use latchkey_published::keys::Peppers;
pub use latchkey_published::rehash::Rehash;
use latchkey_published::token::TokenKeys;
use latchkey_published::try_token::TryKeys;
use latchkey_request::secret_guesses::SecretGuesses;

pub(crate) use oauth2::TokenVerdict;

/// Whose request it is.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// The owner of a credential.
    Credential(Arc<CachedGrant>),
    /// The same, whose call the portal makes.
    Tried(Arc<CachedGrant>),
    /// The consumer that stands in for whoever has no credential.
    Anonymous(Arc<Identity>),
    /// Whoever a token was issued to.
    Token(Box<TokenCaller>),
}

impl Caller {
    /// What the upstream is told of it.
    pub(crate) fn identity(&self) -> &Identity {
        match self {
            Caller::Credential(grant) | Caller::Tried(grant) => &grant.identity,
            Caller::Anonymous(identity) => identity,
            Caller::Token(token) => &token.told().identity,
        }
    }

    /// What a token says besides.
    #[inline]
    pub(crate) fn token(&self) -> Option<&TokenCaller> {
        match self {
            Caller::Token(token) => Some(token),
            Caller::Credential(_) | Caller::Tried(_) | Caller::Anonymous(_) => None,
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

impl Outcome {
    fn into_caller(self) -> Result<Option<Caller>, Stop> {
        match self {
            Outcome::NotAsked => Ok(None),
            Outcome::Caller(caller) => Ok(Some(caller)),
            Outcome::Refused(problem) => Err(problem.into()),
        }
    }
}

/// Where keys are looked for by their SHA-256, under each pepper.
#[derive(Debug)]
pub(crate) struct ImportedPlaces {
    current: ImportedDigests,
    previous: Option<ImportedDigests>,
}

/// Who may call, as far as it is known.
#[derive(Debug)]
pub(crate) struct Callers {
    /// Longest body that is searched, in bytes.
    pub(crate) body_search_bytes: usize,
    pub(crate) peppers: Peppers,
    /// Made when the first key is looked for by its SHA-256.
    pub(crate) imported: Option<ImportedPlaces>,
    /// Made when the first call of the portal's comes.
    pub(crate) try_keys: Option<TryKeys>,
    pub(crate) memory: GrantMemory,
    pub(crate) rehash: Option<Rehash>,
    /// Made when the first token is asked about.
    pub(crate) tokens: Option<TokenKeys>,
    /// Wrong client secrets.
    pub(crate) guesses: SecretGuesses,
    pub(crate) ablation: Ablation,
}

impl Callers {
    /// Tries every way; the first that names the caller or refuses has the last word. `None`: nobody
    /// was asked. What of the request must not reach the upstream, since it tells who calls, goes into
    /// `hidden`: handed back, it would be copied at every step on the way.
    #[inline]
    pub(crate) fn authenticate<'a, H: Headers>(
        &mut self,
        routed: &Routed<'_>,
        basis: Basis<'_>,
        head: &RequestHead<'a, H>,
        body: Body<'a>,
        hidden: &mut HiddenCuts,
    ) -> Result<Option<Caller>, Stop> {
        match routed.rules.oauth2.as_deref() {
            None => self.key_auth(routed, basis, head, body, hidden)?.into_caller(),
            Some(oauth2) => self.oauth2(oauth2, routed, basis, head, body, hidden),
        }
    }
}

/// Why a body is not read that must be searched: it is longer than the bound.
fn too_large<H: Headers>(bytes_max: usize, head: &RequestHead<'_, H>, body: Body<'_>) -> Option<Problem> {
    let too_large = matches!(body, Body::TooLarge) || declares_more(head, bytes_max);
    too_large.then_some(Problem::BodyTooLarge(bytes_max))
}

/// Whether a body says that it is longer.
pub(crate) fn declares_more<H: Headers>(head: &RequestHead<'_, H>, bytes_max: usize) -> bool {
    let declared =
        head.header("content-length").and_then(|length| std::str::from_utf8(length).ok()?.parse().ok());
    declared.is_some_and(|length: usize| length > bytes_max)
}
