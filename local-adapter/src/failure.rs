//! Why an upstream gave no response, or not all of it, and why a client gets none.

use std::io;
use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut};

use latchkey_gateway::problem::Problem;

/// A body that does not end as it said: its chunks are none, or it breaks off (RFC 9112 §8).
pub(crate) const UNREADABLE: Problem = Problem::BadRequest("The request body could not be read");

/// Why an upstream gave no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its name has no address.
    Unresolved,
    /// It is where no upstream may be.
    Forbidden,
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
    /// The client's body cannot be read.
    Unreadable,
}

impl Failure {
    /// Why a client's body came to no end: whoever sent what cannot be read is there to be told.
    pub(crate) fn of_body(error: &hyper::Error) -> Self {
        let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
        match cause.map(io::Error::kind) {
            Some(ConnectionReset | ConnectionAborted | BrokenPipe | TimedOut) => Failure::ClientGone,
            _ => Failure::Unreadable,
        }
    }

    /// What the client is told; `None`: it is not there to be told.
    pub(crate) fn problem(self) -> Option<Problem> {
        match self {
            Failure::Unresolved => Some(Problem::UpstreamUnresolved),
            Failure::Forbidden => Some(Problem::UpstreamUnavailable),
            Failure::Refused | Failure::NoHandle | Failure::Invalid(_) => Some(Problem::UpstreamInvalid),
            Failure::TimedOut => Some(Problem::UpstreamTimeout),
            Failure::Unreadable => Some(UNREADABLE),
            Failure::ClientGone => None,
        }
    }
}

/// A body that ended before its end; the connection to the client is cut, so that it notices.
#[derive(Debug)]
pub(crate) struct BrokenBody;

impl std::fmt::Display for BrokenBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the upstream broke off")
    }
}

impl std::error::Error for BrokenBody {}

/// The client has closed its connection before it was answered.
#[derive(Debug)]
pub(crate) struct ClientGone;

impl std::fmt::Display for ClientGone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client went away")
    }
}

impl std::error::Error for ClientGone {}
