//! Answers in HTML, and what every answer of a page has.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::http::portal::CLEAR_SITE_DATA;
use crate::http::{ControlSettings, answer};
use latchkey_pages::{View, assets};
use latchkey_request::Scheme;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

const EVERY: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: browsers would say `Origin: null` of our own forms (Fetch standard).
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds what every answer on pages' paths has; no store keeps any but an asset.
pub(in crate::http) fn guard(response: &mut Response<Bytes>, settings: &ControlSettings) {
    let headers = response.headers_mut();
    for (name, value) in EVERY {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if settings.control_origin.as_ref().is_some_and(|origin| origin.scheme() == Scheme::Https) {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

/// A page.
pub(super) fn html(status: StatusCode, page: String) -> Response<Bytes> {
    let mut response = answer::empty(status);
    *response.body_mut() = Bytes::from(page);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// A page that is shown as it was asked for.
pub(super) fn shown(page: &impl View) -> Response<Bytes> {
    html(StatusCode::OK, page.html())
}

/// A page that says in how many seconds its form may be sent again.
pub(super) fn held(retry_after_s: u64, page: String) -> Response<Bytes> {
    let mut response = html(StatusCode::TOO_MANY_REQUESTS, page);
    response.headers_mut().insert(RETRY_AFTER, retry_after_s.into());
    response
}

/// Leads to a page of ours, which is fetched by GET (RFC 9110 §15.4.4).
pub(super) fn see_other(path: &str) -> Response<Bytes> {
    let mut response = answer::empty(StatusCode::SEE_OTHER);
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, location);
    response
}

/// An answer with the cookies that an endpoint has set, and what else it tells a browser.
pub(super) fn carried(from: &Response<Bytes>, mut to: Response<Bytes>) -> Response<Bytes> {
    for name in [SET_COOKIE, CLEAR_SITE_DATA] {
        let fields = from.headers().get_all(&name).iter();
        to.headers_mut().extend(fields.map(|field| (name.clone(), field.clone())));
    }
    to
}

/// The style sheet or the script of this name, which follows from what it holds.
pub(in crate::http) fn asset(name: &str) -> Response<Bytes> {
    match assets::find(name) {
        Some(asset) => kept(asset.body.into_owned().into(), asset.media),
        None => answer::empty(StatusCode::NOT_FOUND),
    }
}

/// What never changes under its name: browsers keep it.
pub(super) fn kept(bytes: Vec<u8>, media_type: &'static str) -> Response<Bytes> {
    let mut response = answer::empty(StatusCode::OK);
    *response.body_mut() = Bytes::from(bytes);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}
