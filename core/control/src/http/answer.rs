//! Responses in Kong's form.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ALLOW, CACHE_CONTROL, CONTENT_TYPE,
};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::endpoints::Endpoint;
use super::origins;

/// A JSON answer.
pub(super) fn json(status: StatusCode, value: &Value) -> Response<Bytes> {
    json_text(status, text_of(value))
}

/// The text of a value.
pub(super) fn text_of(value: &Value) -> Bytes {
    Bytes::from(serde_json::to_vec(value).expect("a value has string keys only"))
}

/// A JSON answer whose text is there already.
pub(super) fn json_text(status: StatusCode, text: Bytes) -> Response<Bytes> {
    let mut response = empty(status);
    *response.body_mut() = text;
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
    response
}

/// The answer to a preflight; `endpoint`: what is at the path.
pub(super) fn preflight(endpoint: Option<&Endpoint>) -> Response<Bytes> {
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.extend(endpoint.map(|endpoint| (ACCESS_CONTROL_ALLOW_METHODS, allow(endpoint))));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, origins::ALLOWED_FIELDS);
    response
}

/// Says which methods a path takes.
pub(super) fn add_allow(response: &mut Response<Bytes>, endpoint: &Endpoint) {
    response.headers_mut().insert(ALLOW, allow(endpoint));
}

fn allow(endpoint: &Endpoint) -> HeaderValue {
    HeaderValue::try_from(endpoint.methods().join(", ")).expect("methods are tokens")
}
