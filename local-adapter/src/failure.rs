//! Why an upstream gave no response.

use latchkey_core::problem::Problem;

/// Why an upstream gave no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its name has no address.
    Unresolved,
    /// No connection, or none that TLS accepts.
    Refused,
    /// No file handle is left for a connection.
    NoHandle,
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
            Failure::Refused | Failure::NoHandle | Failure::Invalid(_) => Some(Problem::UpstreamInvalid),
            Failure::TimedOut => Some(Problem::UpstreamTimeout),
            Failure::ClientGone => None,
        }
    }
}
