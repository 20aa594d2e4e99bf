//! Which origins' pages may call the Admin API in a browser (Fetch, "CORS protocol"). None unless
//! they are listed, and never with credentials: the token is sent by the page itself.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, HeaderName,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Response};
use latchkey_request::origin::{NoOrigin, Origin};

use super::Head;

/// The header fields that a page may send.
pub(super) const ALLOWED_FIELDS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, Kong-Admin-Token");
/// What a page may read besides the fields that it always may.
const EXPOSED_FIELDS: HeaderValue = HeaderValue::from_static("Allow, Retry-After");
const EXPOSE: HeaderName = http::header::ACCESS_CONTROL_EXPOSE_HEADERS;

/// The list `LATCHKEY_ADMIN_ORIGINS`.
#[derive(Clone, Debug, Default)]
pub struct AdminOrigins(Vec<Origin>);

impl AdminOrigins {
    /// Reads origins with commas between them; empty: none.
    pub fn parse(list: &str) -> Result<Self, NoOrigin> {
        let origins = list.split(',').map(str::trim).filter(|text| !text.is_empty());
        origins.map(Origin::parse).collect::<Result<_, _>>().map(AdminOrigins)
    }

    /// Whether a browser asks what a listed page may do.
    pub(super) fn is_preflight(&self, head: &Head<'_>) -> bool {
        head.method == "OPTIONS"
            && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
            && self.listed(head.headers).is_some()
    }

    fn listed<'h>(&self, headers: &'h HeaderMap) -> Option<&'h HeaderValue> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let origin = origins.next().filter(|_| origins.next().is_none())?;
        self.0.iter().any(|listed| listed.as_str().as_bytes() == origin.as_bytes()).then_some(origin)
    }

    /// Whether a request says that a listed page sends it.
    pub(super) fn lists(&self, headers: &HeaderMap) -> bool {
        self.listed(headers).is_some()
    }

    /// Lets a listed page that sends our cookie read the answer.
    pub(super) fn add_with_credentials(&self, response: &mut Response<Bytes>, request: &HeaderMap) {
        self.add(response, request);
        if self.lists(request) {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }

    /// Lets a listed page read the answer.
    pub(super) fn add(&self, response: &mut Response<Bytes>, request: &HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.listed(request) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(EXPOSE, EXPOSED_FIELDS);
        }
    }
}
