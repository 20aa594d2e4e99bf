//! Why an upstream gave no response.

use latchkey_gateway::problem::Problem;

/// Why an upstream gave no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Its name has no address.
    Unresolved,
    /// It is where no upstream may be.
    Forbidden,
    /// No connection, or none that TLS accepts.
    Refused,
    /// Nothing came in time.
    TimedOut,
    /// What came is not HTTP, or ended too early.
    Invalid,
    /// It is longer than can be returned, in bytes.
    TooLong(usize),
}

impl Failure {
    /// What the client is told.
    pub(crate) fn problem(self) -> Problem {
        match self {
            Failure::Unresolved => Problem::UpstreamUnresolved,
            Failure::Forbidden => Problem::UpstreamUnavailable,
            Failure::Refused | Failure::Invalid => Problem::UpstreamInvalid,
            Failure::TimedOut => Problem::UpstreamTimeout,
            Failure::TooLong(bytes) => Problem::ResponseTooLarge(bytes),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Unresolved => f.write_str("its name has no address"),
            Failure::Forbidden => f.write_str("it is where no upstream may be"),
            Failure::Refused => f.write_str("it refused the connection"),
            Failure::TimedOut => f.write_str("nothing came in time"),
            Failure::Invalid => f.write_str("what came is not HTTP, or ended too early"),
            Failure::TooLong(bytes) => write!(f, "it sent more than {bytes} bytes"),
        }
    }
}

impl std::error::Error for Failure {}
