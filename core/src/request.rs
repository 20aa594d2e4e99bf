//! What the data plane sees of a request: borrowed views, no platform type.

use std::net::IpAddr;

use http::header::HeaderName;

use crate::authority::Authority;
use crate::client::Forwarded;

/// The header fields of a request, asked for by name.
pub trait Headers {
    /// Iterator over the values of one field.
    type Values<'a>: Iterator<Item = &'a [u8]>
    where
        Self: 'a;

    /// The values of every field line called `name`, in the order received, each as sent.
    ///
    /// Names compare without case; `_` and `-` are different.
    /// A platform that joins repeated lines yields the joined text once (docs/platforms.md).
    fn values<'a>(&'a self, name: &str) -> Self::Values<'a>;

    /// The same by a name that is parsed already, for maps that look it up faster so.
    fn values_of<'a>(&'a self, name: &HeaderName) -> Self::Values<'a> {
        self.values(name.as_str())
    }
}

impl Headers for http::HeaderMap {
    type Values<'a> =
        std::iter::Map<http::header::ValueIter<'a, http::HeaderValue>, fn(&'a http::HeaderValue) -> &'a [u8]>;

    fn values<'a>(&'a self, name: &str) -> Self::Values<'a> {
        self.get_all(name).iter().map(http::HeaderValue::as_bytes)
    }

    fn values_of<'a>(&'a self, name: &HeaderName) -> Self::Values<'a> {
        self.get_all(name).iter().map(http::HeaderValue::as_bytes)
    }
}

/// Scheme the client used to reach us, or that we use to reach an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// 80 or 443.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

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
    /// What a trusted peer passes the request on with ([`crate::client`]); `None`: the peer is the
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
