//! Deciding for whoever passes the request on: whether it may pass, and whose it is, without a plan.
//!
//! Such a platform asks with the head of a request alone and changes nothing of it, so a key in the
//! body would not be found, and one that is to be hidden would go on to the upstream. Nor is the path
//! passed on in the normal form that is decided by: what could be taken for another path is refused.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::{Caller, Callers, Gateway, Known, Stop, find_route};
use crate::decision::Need;
use crate::freshness::Verdict;
use crate::grant_memory::KnownGrant;
use crate::problem::Problem;
use crate::request::{Body, Headers, Now, RequestHead};
use latchkey_published::grant::Identity;
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
pub struct Authorized(Option<Whose>);

#[derive(Clone, Debug)]
enum Whose {
    Known(Arc<KnownGrant>),
    Anonymous(Arc<Identity>),
}

impl Authorized {
    /// Names and values of the fields that tell an upstream who calls; none on a route where nobody
    /// is asked.
    pub fn fields(&self) -> impl Iterator<Item = (&'static http::HeaderName, &[u8])> {
        let identity = self.0.as_ref().map(|whose| match whose {
            Whose::Known(grant) => &grant.identity,
            Whose::Anonymous(identity) => identity,
        });
        identity.into_iter().flat_map(Identity::fields)
    }

    /// Application that the credential belongs to.
    pub fn application_id(&self) -> Option<Uuid> {
        match self.0.as_ref()? {
            Whose::Known(grant) => grant.application_id,
            Whose::Anonymous(_) => None,
        }
    }
}

/// Why a request cannot be decided by its head alone: what key-auth of its route is set to.
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

impl Gateway {
    /// Decides by the head of a request, or says what is needed first; after each need was met,
    /// `now` is read anew.
    pub fn authorize<H: Headers>(
        &mut self,
        head: &RequestHead<'_, H>,
        now: Now,
    ) -> Result<Authorization, Need> {
        match self.freshness.judge(head.started, now) {
            Verdict::Fresh | Verdict::InGrace => {}
            Verdict::Need(need) => return Err(need),
            Verdict::TooOld => return Ok(Authorization::Refuse(Problem::Stale)),
        }
        let known = Known { config: &self.config, epoch: self.epoch(), now };
        match self.callers.authorize(known, head) {
            Ok(authorization) => Ok(authorization),
            Err(Stop::Need(need)) => Err(need),
            Err(Stop::Problem(problem)) => Ok(Authorization::Refuse(problem)),
            Err(Stop::Respond(_)) => Ok(Authorization::Refuse(Problem::HttpsRequired)),
        }
    }
}

impl Callers {
    fn authorize<H: Headers>(
        &mut self,
        known: Known<'_>,
        head: &RequestHead<'_, H>,
    ) -> Result<Authorization, Stop> {
        let path = NormalPath::new(head.path);
        if !path.is_unmistakable(head.path) {
            return Err(Problem::BadRequest(MISTAKABLE_PATH).into());
        }
        let routed = find_route(known.config, head, &path)?;
        if let Some(auth) = routed.rules.key_auth.as_deref() {
            if auth.in_body {
                return Ok(Authorization::Unfit(Unfit::KeyInBody));
            }
            if auth.hides_credentials {
                return Ok(Authorization::Unfit(Unfit::HideCredentials));
            }
        }
        let admitted = self.admit(&routed, known, head, Body::Unread)?;
        Ok(Authorization::Allow(Authorized(admitted.caller.map(|caller| match caller {
            Caller::Known(grant) => Whose::Known(grant),
            Caller::Anonymous(identity) => Whose::Anonymous(identity),
        }))))
    }
}
