//! Tunnels: connections that outlive the request that opened them, and its decision.
//!
//! Whoever holds one open asks [`Gateway::stands`] about that request again and again, so that the
//! revocation bound holds for tunnels too.

use super::{Admitted, Gateway, admit};
use crate::authenticate::Caller;
use crate::basis::Stop;
use crate::config::Service;
use crate::decision::Need;
use crate::find_route::find_route;
use crate::problem::Problem;
use crate::request::{Body, Headers, Now, RequestHead};
use crate::right::{Right, Whom};
use crate::strip_key::HiddenCuts;
use latchkey_router::NormalPath;

/// Whether a tunnel may stay open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may, for so long; to be asked again before that is over.
    Holds {
        /// Milliseconds from the time of asking.
        ms: u64,
    },
    /// It must be closed.
    Lost,
    /// That cannot be told, the feed being out of reach: to be asked again, and closed when the time of
    /// the answer before is over.
    Untold,
}

impl Gateway {
    /// Whether a tunnel that `head` has opened by a right may stay open, or what is needed to say so;
    /// after each need was met, `now` is read anew.
    ///
    /// The answer is good for half the bound, and memory must be new enough for the end of that time:
    /// a tunnel that is asked about in time is closed within the bound.
    pub fn stands<H: Headers>(
        &mut self,
        head: &RequestHead<'_, H>,
        right: &Right,
        now: Now,
    ) -> Result<Standing, Need> {
        if self.ablation.tunnels_asked_again {
            return Ok(Standing::Holds { ms: u64::MAX });
        }
        let half_ms = (self.freshness.bound_ms() / 2).max(1);
        let ahead_ms = if self.ablation.tunnels_look_ahead { 0 } else { half_ms };
        let end = Now { monotonic_ms: now.monotonic_ms + ahead_ms, ..now };
        let right_now = match self.right(head, end, now) {
            Ok(right_now) if right.is_kept_by(&right_now) => right_now,
            Err(Stop::Problem(Problem::Stale)) => return Ok(Standing::Untold),
            Ok(_) | Err(Stop::Problem(_) | Stop::Respond(_)) => return Ok(Standing::Lost),
            Err(Stop::Need(need)) => return Err(need),
        };
        let left_ms = right_now.expires_at_ms.map_or(u64::MAX, |at| at.saturating_sub(now.unix_ms));
        Ok(Standing::Holds { ms: half_ms.min(left_ms) })
    }

    /// By what right a request without a body would pass that started at `started`.
    fn right<H: Headers>(
        &mut self,
        head: &RequestHead<'_, H>,
        started: Now,
        now: Now,
    ) -> Result<Right, Stop> {
        let (basis, callers) = self.basis(started, now)?;
        let path = NormalPath::new(head.path);
        let routed = find_route(basis.config, head, &path)?;
        let hidden = &mut HiddenCuts::default();
        let Admitted { service, caller } = admit(callers, &routed, basis, head, Body::Whole(&[]), hidden)?;
        Ok(right(service, caller.as_ref()))
    }
}

/// By what right a caller passes to a service.
pub(super) fn right(service: &Service, caller: Option<&Caller>) -> Right {
    let (whom, expires_at_ms) = match caller {
        None => (Whom::Anybody, None),
        Some(Caller::Anonymous(_)) => (Whom::Anonymous, None),
        Some(Caller::Token(token)) => {
            (Whom::Credential(token.told().identity.credential_id()), token.ends_at_ms)
        }
        Some(Caller::Credential(grant) | Caller::Tried(grant)) => {
            (Whom::Credential(grant.identity.credential_id()), grant.expires_at_ms)
        }
    };
    Right { service_id: service.id, whom, expires_at_ms }
}
