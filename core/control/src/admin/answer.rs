//! Responses in Kong's form.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::endpoints::Endpoint;

/// A JSON answer.
pub(super) fn json(status: StatusCode, value: &Value) -> Response<Bytes> {
    let mut response = empty(status);
    *response.body_mut() = Bytes::from(serde_json::to_vec(value).expect("a value has string keys only"));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    // Some answers hold a key, once.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `{"message":…}`
pub(super) fn message(status: StatusCode, message: &str) -> Response<Bytes> {
    json(status, &json!({"message": message}))
}

/// An answer without body.
#[expect(clippy::disallowed_methods, reason = "all answers of the Admin API are made here")]
pub(super) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// The answer to OPTIONS.
pub(super) fn options(endpoint: &Endpoint) -> Response<Bytes> {
    let mut response = empty(StatusCode::NO_CONTENT);
    add_allow(&mut response, endpoint);
    let allow = response.headers().get(ALLOW).cloned();
    let headers = response.headers_mut();
    headers.extend(allow.map(|allow| (ACCESS_CONTROL_ALLOW_METHODS, allow)));
    let allowed = HeaderValue::from_static("Content-Type, Authorization, Kong-Admin-Token");
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    response
}

/// Says which methods a path takes.
pub(super) fn add_allow(response: &mut Response<Bytes>, endpoint: &Endpoint) {
    let mut methods = vec!["HEAD", "OPTIONS"];
    methods.extend(endpoint.methods);
    methods.sort_unstable();
    let allow = HeaderValue::try_from(methods.join(", "));
    response.headers_mut().extend(allow.ok().map(|allow| (ALLOW, allow)));
}

/// Lets browsers read the answer. The token is never sent by itself, so any origin may ask.
pub(super) fn add_cors(response: &mut Response<Bytes>, request: &HeaderMap) {
    let origin = request.get(ORIGIN).cloned().unwrap_or_else(|| HeaderValue::from_static("*"));
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(VARY, HeaderValue::from_static("Origin"));
}
