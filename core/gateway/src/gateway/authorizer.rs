//! Deciding for whoever passes the request on: whether it may pass, and whose it is, without a plan.
//!
//! Such a platform asks with the head of a request alone and changes nothing of it, so a key in the
//! body would not be found, and one that is to be hidden would go on to the upstream. Nor is the path
//! passed on in the normal form that is decided by: what could be taken for another path is refused, and
//! so is a call of the portal's, whose token no upstream may see.

use std::fmt;

use uuid::Uuid;

use super::{Admitted, Gateway, admit};
use crate::authenticate::Caller;
use crate::basis::Stop;
use crate::config::RouteRules;
use crate::decision::Need;
use crate::find_route::find_route;
use crate::oauth2::{self, TokenCaller};
use crate::problem::Problem;
use crate::request::{Body, Headers, Now, RequestHead};
use crate::strip_key::HiddenCuts;
use latchkey_published::grant::Identity;
use latchkey_published::try_token::TRY_TOKEN_FIELD;
use latchkey_router::NormalPath;

/// Why a path is refused that whoever passes it on may read otherwise.
pub const MISTAKABLE_PATH: &str = "The path must be in normal form";

/// Whether a request may pass.
#[derive(Debug)]
pub enum Authorization {
    /// It may.
    Allow(Authorized),
    /// It may not.
    Refuse(Problem),
    /// It cannot be decided here.
    Unfit(Unfit),
}

/// Whose request may pass.
#[derive(Clone, Debug)]
pub struct Authorized(pub(super) Option<Caller>);

impl Authorized {
    /// Names and values of the fields that tell an upstream who calls; none on a route where nobody
    /// is asked.
    pub fn fields(&self) -> impl Iterator<Item = (&'static http::HeaderName, &[u8])> {
        let identity = self.0.as_ref().map(Caller::identity).into_iter().flat_map(Identity::fields);
        identity.chain(self.0.as_ref().and_then(Caller::token).into_iter().flat_map(TokenCaller::fields))
    }

    /// Application that the credential belongs to.
    pub fn application_id(&self) -> Option<Uuid> {
        match self.0.as_ref()? {
            Caller::Credential(grant) | Caller::Tried(grant) => grant.application_id,
            Caller::Token(token) => token.told().application_id,
            Caller::Anonymous(_) => None,
        }
    }
}

/// Why a request cannot be decided by its head alone: what key-auth or oauth2 of its route is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// `key_in_body`.
    KeyInBody,
    /// `hide_credentials`.
    HideCredentials,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unfit::KeyInBody => "key_in_body",
            Unfit::HideCredentials => "hide_credentials",
        })
    }
}

impl Unfit {
    fn of(rules: &RouteRules) -> Option<Self> {
        match (rules.key_auth.as_deref().is_some_and(|auth| auth.in_body), rules.hider()) {
            (true, _) => Some(Unfit::KeyInBody),
            (false, Some(_)) => Some(Unfit::HideCredentials),
            (false, None) => None,
        }
    }
}

impl Gateway {
    /// Decides by the head of a request, or says what is needed first; after each need was met,
    /// `now` is read anew.
    pub fn authorize<H: Headers>(
        &mut self,
        head: &RequestHead<'_, H>,
        now: Now,
    ) -> Result<Authorization, Need> {
        match self.allow(head, now) {
            Ok(authorization) => Ok(authorization),
            Err(Stop::Need(need)) => Err(need),
            Err(Stop::Problem(problem)) => Ok(Authorization::Refuse(problem)),
            Err(Stop::Respond(_)) => Ok(Authorization::Refuse(Problem::HttpsRequired)),
        }
    }

    fn allow<H: Headers>(&mut self, head: &RequestHead<'_, H>, now: Now) -> Result<Authorization, Stop> {
        let (basis, callers) = self.basis(head.started, now)?;
        let path = NormalPath::new(head.path);
        if !path.is_unmistakable(head.path) {
            return Err(Problem::BadRequest(MISTAKABLE_PATH).into());
        }
        let routed = find_route(basis.config, head, &path)?;
        // It would be passed on.
        if head.header(TRY_TOKEN_FIELD).is_some() {
            return Err(Problem::Unauthorized(routed.rules.challenge()).into());
        }
        if let Some(unfit) = Unfit::of(routed.rules) {
            return Ok(Authorization::Unfit(unfit));
        }
        if oauth2::endpoint(routed.rules, &path).is_some() {
            // Whoever passes the request on cannot answer it.
            return Err(Problem::NoRoute.into());
        }
        let hidden = &mut HiddenCuts::default();
        // A token in a body is not found: it counts as missing.
        let Admitted { caller, .. } = admit(callers, &routed, basis, head, Body::Whole(&[]), hidden)?;
        Ok(Authorization::Allow(Authorized(caller)))
    }
}
