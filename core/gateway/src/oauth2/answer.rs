//! Answers of endpoints that refuse nothing: JSON.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, PRAGMA};

use crate::own_answer::Response;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
pub(crate) const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// What nobody may keep.
pub(super) fn unstored(answer: &impl serde::Serialize) -> Response {
    let mut response = stored(answer);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response.headers_mut().insert(PRAGMA, NO_CACHE);
    response
}

/// What says nothing of anybody.
#[expect(clippy::disallowed_methods, reason = "no refusal, and no upstream answers it")]
pub(super) fn stored(answer: &impl serde::Serialize) -> Response {
    let body = serde_json::to_vec(answer).expect("answers have string keys only");
    let mut response = http::Response::new(Bytes::from(body));
    response.headers_mut().insert(CONTENT_TYPE, MEDIA_TYPE);
    response
}
