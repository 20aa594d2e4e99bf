//! By what right a tunnel is open: what its request would pass by, and as whom.

use uuid::Uuid;

/// By what right a tunnel is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    pub(crate) service_id: Uuid,
    pub(crate) whom: Whom,
    /// When the credential expires, in milliseconds since the Unix epoch.
    pub(crate) expires_at_ms: Option<u64>,
}

/// As whom a caller passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Nobody was asked.
    Anybody,
    /// The anonymous consumer.
    Anonymous,
    /// Whoever has the credential.
    Credential(Option<Uuid>),
}

impl Right {
    /// Whether what was opened by this right may stay by the one that the same request would have
    /// now: to the same service, and as nobody else, since the upstream was told once who calls.
    pub(crate) fn is_kept_by(&self, now: &Right) -> bool {
        let is_same_caller = match (self.whom, now.whom) {
            (Whom::Credential(then), Whom::Credential(now)) => then == now,
            (Whom::Credential(_), Whom::Anonymous) => false,
            (Whom::Credential(_), Whom::Anybody) | (Whom::Anybody | Whom::Anonymous, _) => true,
        };
        self.service_id == now.service_id && is_same_caller
    }
}
