//! What the gateway says of itself in the fields of its answers.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};

use crate::json::Object;

/// A response made here, whole.
pub type Response = http::Response<Bytes>;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// An answer that refuses nothing.
#[expect(clippy::disallowed_methods, reason = "no refusal, and no upstream answers it")]
pub(crate) fn json(answer: Object) -> Response {
    let mut response = Response::new(Bytes::from(answer.end()));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// The same, which nobody may keep.
pub(crate) fn unstored_json(answer: Object) -> Response {
    let mut response = json(answer);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

/// `Server` and `Via` name us by this.
pub const PRODUCT: &str = concat!("latchkey/", env!("CARGO_PKG_VERSION"));
/// Carries the request id, to the upstream and back to the client; Kong's name.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-kong-request-id");

/// What `Via` gets of us (RFC 9110 §7.6.3).
pub const VIA: &str = concat!("1.1 latchkey/", env!("CARGO_PKG_VERSION"));
