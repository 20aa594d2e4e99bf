//! The page at `/`: what is where.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Response};

use super::ControlSettings;
use latchkey_request::origin::Origin;

const PAGE: &str = include_str!("welcome.html");
/// Where the pages are; a program that is built without them has none.
const PAGES: &str = if cfg!(any(feature = "pages", test)) {
    "<tr><th scope=\"row\"><a href=\"/manager/\"><code>/manager</code></a></th><td>Pages of administrators: services, requests for access, settings.</td></tr>
<tr><th scope=\"row\"><a href=\"/portal/\"><code>/portal</code></a></th><td>Pages of developers: services, applications, keys.</td></tr>
"
} else {
    ""
};
const HEADERS: [(http::HeaderName, &str); 5] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'sha256-c32dEW77i4pHi9C3OjV6cXQfp9qyvwgOJtN8oi6YL6Y='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// The page. An [`Origin`] has no character that HTML knows another meaning of.
#[expect(clippy::disallowed_methods, reason = "a page, with fields of its own")]
pub(super) fn page(settings: &ControlSettings) -> Response<Bytes> {
    let shown = |origin: &Option<Origin>, otherwise: &'static str| {
        origin.as_ref().map_or(otherwise, Origin::as_str).to_owned()
    };
    let page = PAGE
        .replace("{pages}", PAGES)
        .replace("{control}", &shown(&settings.control_origin, "$CONTROL"))
        .replace("{gateway}", &shown(&settings.gateway_origin, "$GATEWAY"));
    let mut response = Response::new(Bytes::from(page));
    let headers = response.headers_mut();
    headers.extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use sha2::Digest as _;

    use super::*;

    /// Content Security Policy Level 3, "Script and style hashes".
    #[test]
    fn the_policy_has_the_hash_of_the_style() {
        let style = PAGE.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
        let (_, policy) = HEADERS.iter().find(|(name, _)| *name == CONTENT_SECURITY_POLICY).unwrap();
        assert!(policy.contains(&format!("'sha256-{hash}'")), "the hash is {hash}");
        assert!(!PAGE.contains("style=") && !PAGE.contains("<script"));
    }
}
