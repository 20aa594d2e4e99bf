//! What the gateway says of itself in the fields of its answers.

use bytes::Bytes;
use http::header::HeaderName;

/// A response made here, whole.
pub type Response = http::Response<Bytes>;

/// `Server` and `Via` name us by this.
pub const PRODUCT: &str = concat!("latchkey/", env!("CARGO_PKG_VERSION"));
/// Carries the request id, to the upstream and back to the client; Kong's name.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-kong-request-id");

/// What `Via` gets of us (RFC 9110 §7.6.3).
pub const VIA: &str = concat!("1.1 latchkey/", env!("CARGO_PKG_VERSION"));
