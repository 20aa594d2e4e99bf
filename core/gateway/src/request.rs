//! What the data plane sees of a request: borrowed views, no platform type.

use std::net::IpAddr;

use latchkey_request::authority::Authority;
use latchkey_request::client::Forwarded;

pub use latchkey_request::{Headers, Scheme};

/// Request line and header fields, borrowed from the platform's own request.
#[derive(Clone, Copy)]
pub struct RequestHead<'a, H> {
    /// Method, as sent (`GET`).
    pub method: &'a str,
    /// Scheme the client used.
    pub scheme: Scheme,
    /// `Host` field or `:authority`, as sent, maybe with a port; empty when absent.
    pub host: &'a [u8],
    /// Path as sent, before any `?`; starts with `/`.
    pub path: &'a [u8],
    /// Bytes after the first `?`; `None` when there is no `?`.
    pub query: Option<&'a [u8]>,
    /// Header fields.
    pub headers: &'a H,
    /// Address of the client; `None` where the platform does not tell.
    pub client_ip: Option<IpAddr>,
    /// Port that the client reached.
    pub server_port: u16,
    /// What a trusted peer passes the request on with ([`latchkey_request::client`]); `None`: the peer is the
    /// client.
    pub forwarded: Option<Forwarded<'a>>,
    /// When the request started: what it is decided by must be no older than the bound before this.
    pub started: Now,
    /// Identifies this request in logs, answers and at the upstream; drawn by the adapter.
    pub request_id: u128,
}

impl<'a, H> RequestHead<'a, H> {
    /// Whom the client asked, where a trusted peer says so.
    pub fn forwarded_authority(&self) -> Option<Authority<'a>> {
        self.forwarded?.authority
    }
}

impl<H: Headers> RequestHead<'_, H> {
    /// First value of a header field.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.values(name).next()
    }
}

/// As much of the body as the adapter holds.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Not read; core asks for it when it must.
    Unread,
    /// All of it.
    Whole(&'a [u8]),
    /// Longer than the bound core gave.
    TooLarge,
}

/// Time as the adapter reads it at the start of a request; core reads no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since the Unix epoch: for expiry.
    pub unix_ms: u64,
    /// Milliseconds on a clock that never goes back: for freshness. Its origin is free.
    pub monotonic_ms: u64,
}
