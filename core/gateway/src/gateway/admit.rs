//! What deciding, authorizing and asking about a tunnel share: memory that is new enough, a route
//! ([`crate::find_route`]), and a caller who may pass on it.

use super::Gateway;
use crate::authenticate::{Caller, Callers};
use crate::authorize::authorize;
use crate::basis::{Basis, Stop};
use crate::config::{Compiled, Service};
use crate::find_route::Routed;
use crate::freshness::Verdict;
use crate::problem::Problem;
use crate::request::{Body, Headers, Now, RequestHead};
use crate::strip_key::HiddenCuts;

/// What becomes of a request that may pass.
pub(super) struct Admitted<'k> {
    pub(super) service: &'k Service,
    pub(super) caller: Option<Caller>,
}

impl Gateway {
    /// What requests that started at `started` are decided by, if memory is new enough for them.
    #[inline]
    pub(super) fn basis(&mut self, started: Now, now: Now) -> Result<(Basis<'_>, &mut Callers), Stop> {
        match self.freshness.judge(started, now) {
            Verdict::Fresh | Verdict::InGrace => {}
            Verdict::Need(need) => return Err(need.into()),
            Verdict::TooOld => return Err(Problem::Stale.into()),
        }
        let Compiled { config, denied_tokens } = &self.compiled;
        Ok((Basis { config, denied_tokens, epoch: self.epoch(), now }, &mut self.callers))
    }
}

/// Whether a request may pass on its route: first it is told who calls, then asked what they may.
/// What the upstream must not see goes into `hidden`.
#[inline]
pub(super) fn admit<'k, 'a, H: Headers>(
    callers: &mut Callers,
    routed: &Routed<'k>,
    basis: Basis<'_>,
    head: &RequestHead<'a, H>,
    body: Body<'a>,
    hidden: &mut HiddenCuts,
) -> Result<Admitted<'k>, Stop> {
    let caller = callers.authenticate(routed, basis, head, body, hidden)?;
    authorize(caller.as_ref(), routed.rules)?;
    let service = routed.rules.service.as_ref().ok_or(Problem::NoService)?;
    Ok(Admitted { service, caller })
}
