//! Tunnels: connections that outlive the request that opened them, and its decision.
//!
//! Whoever holds one open asks [`Gateway::stands`] about that request again and again, so that the
//! revocation bound holds for tunnels too.

use uuid::Uuid;

use super::{Admitted, Caller, Callers, Gateway, Known, Stop, find_route};
use crate::config::Service;
use crate::decision::Need;
use crate::freshness::Verdict;
use crate::request::{Body, Headers, Now, RequestHead};
use latchkey_router::NormalPath;

/// By what right a tunnel is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    service_id: Uuid,
    whom: Whom,
    /// When the credential expires, in milliseconds since the Unix epoch.
    expires_at_ms: Option<u64>,
}

/// As whom a caller passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    /// Nobody was asked.
    Anybody,
    /// The anonymous consumer.
    Anonymous,
    /// Whoever has the credential.
    Credential(Option<Uuid>),
}

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

impl Right {
    pub(super) fn new(service: &Service, caller: Option<&Caller>) -> Self {
        let (whom, expires_at_ms) = match caller {
            None => (Whom::Anybody, None),
            Some(Caller::Anonymous(_)) => (Whom::Anonymous, None),
            Some(Caller::Known(grant)) => {
                (Whom::Credential(grant.identity.credential_id()), grant.expires_at_ms)
            }
        };
        Right { service_id: service.id, whom, expires_at_ms }
    }

    /// Whether what was opened by this right may stay by the one that the same request would have
    /// now: to the same service, and as nobody else, since the upstream was told once who calls.
    fn is_kept_by(&self, now: &Right) -> bool {
        let is_same_caller = match (self.whom, now.whom) {
            (Whom::Credential(then), Whom::Credential(now)) => then == now,
            (Whom::Credential(_), Whom::Anonymous) => false,
            (Whom::Credential(_), Whom::Anybody) | (Whom::Anybody | Whom::Anonymous, _) => true,
        };
        self.service_id == now.service_id && is_same_caller
    }
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
        if !self.rules.tunnels_asked_again {
            return Ok(Standing::Holds { ms: u64::MAX });
        }
        let half_ms = (self.freshness.bound_ms() / 2).max(1);
        let ahead_ms = if self.rules.tunnels_look_ahead { half_ms } else { 0 };
        let end = Now { monotonic_ms: now.monotonic_ms + ahead_ms, ..now };
        match self.freshness.judge(end, now) {
            Verdict::Fresh | Verdict::InGrace => {}
            Verdict::Need(need) => return Err(need),
            Verdict::TooOld => return Ok(Standing::Untold),
        }
        let known = Known { config: &self.config, epoch: self.epoch(), now };
        let right_now = match self.callers.right(known, head) {
            Ok(right_now) if right.is_kept_by(&right_now) => right_now,
            Ok(_) | Err(Stop::Problem(_) | Stop::Respond(_)) => return Ok(Standing::Lost),
            Err(Stop::Need(need)) => return Err(need),
        };
        let left_ms = right_now.expires_at_ms.map_or(u64::MAX, |at| at.saturating_sub(now.unix_ms));
        Ok(Standing::Holds { ms: half_ms.min(left_ms) })
    }
}

impl Callers {
    /// By what right a request without a body would pass now.
    fn right<H: Headers>(&mut self, known: Known<'_>, head: &RequestHead<'_, H>) -> Result<Right, Stop> {
        let path = NormalPath::new(head.path);
        let routed = find_route(known.config, head, &path)?;
        let Admitted { service, caller, .. } = self.admit(&routed, known, head, Body::Whole(&[]))?;
        Ok(Right::new(service, caller.as_ref()))
    }
}
