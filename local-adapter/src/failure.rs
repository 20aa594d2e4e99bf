//! Why an upstream gave no response.

use latchkey_core::problem::Problem;

/// Why an upstream gave no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its name has no address.
    Unresolved,
    /// It is where no upstream may be.
    Forbidden,
    /// No connection, or none that TLS accepts.
    Refused,
    /// Nothing came in time.
    TimedOut,
    /// What came is not HTTP, or ended too early.
    Invalid(&'static str),
    /// The client stopped sending its request.
    ClientGone,
}

impl Failure {
    /// What the client is told; `None`: it is not there to be told.
    pub(crate) fn problem(self) -> Option<Problem> {
        match self {
            Failure::Unresolved => Some(Problem::UpstreamUnresolved),
            Failure::Forbidden => Some(Problem::UpstreamUnavailable),
            Failure::Refused | Failure::Invalid(_) => Some(Problem::UpstreamInvalid),
            Failure::TimedOut => Some(Problem::UpstreamTimeout),
            Failure::ClientGone => None,
        }
    }
}
