//! Where a service is, and how it is spoken to.

use http::HeaderValue;
use uuid::Uuid;

use crate::request::Scheme;

/// An upstream service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// Service id, for logs.
    pub service_id: Uuid,
    /// Scheme to speak.
    pub scheme: Scheme,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `host`, or `host:port` when the port is not the scheme's own: the URI authority.
    pub authority: HeaderValue,
    /// Time to connect, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Time between two writes, in milliseconds.
    pub write_timeout_ms: u64,
    /// Time between two reads, in milliseconds.
    pub read_timeout_ms: u64,
    /// Further attempts when connecting fails.
    pub retries: u32,
    /// Whether the certificate of an https upstream is verified.
    pub tls_verify: bool,
}
