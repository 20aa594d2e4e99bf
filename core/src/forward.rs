//! How header fields change on their way: to the upstream, and back to the client.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::decision::Plan;
use crate::problem::{REQUEST_ID, request_id_text};

/// Fields about one connection (RFC 9110 §7.6.1), and `Proxy` (CVE-2016-5385).
const PER_CONNECTION: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Fields that tell an upstream who calls: never taken from a client.
const IDENTITY: [&str; 7] = [
    "x-consumer-id",
    "x-consumer-custom-id",
    "x-consumer-username",
    "x-credential-identifier",
    "x-anonymous-consumer",
    "x-consumer-groups",
    "x-authenticated-groups",
];

/// Whether a field, in any spelling that a server may fold into the same variable (`_` for `-`),
/// tells who calls.
pub fn is_identity(name: &str) -> bool {
    let same = |left: u8, right: u8| left.eq_ignore_ascii_case(&right) || (left == b'_' && right == b'-');
    let is =
        |known: &&str| known.len() == name.len() && name.bytes().zip(known.bytes()).all(|(a, b)| same(a, b));
    name.len() >= 13 && name.as_bytes()[0].eq_ignore_ascii_case(&b'x') && IDENTITY.iter().any(is)
}

/// Removes what must not reach the upstream, then sets what the plan says.
pub(crate) fn edit_request_headers(plan: &Plan, headers: &mut HeaderMap) {
    let keeps_trailers = headers.get(header::TE).is_some_and(|te| has_token(te, "trailers"));
    let upgrade = plan.upgrade.then(|| headers.get(header::UPGRADE).cloned()).flatten();
    remove_per_connection(headers);
    remove_matching(headers, |name| is_identity(name.as_str()) || plan.strip.as_slice().contains(name));
    headers.remove(header::TE);
    if keeps_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if let Some(upgrade) = upgrade {
        headers.insert(header::UPGRADE, upgrade);
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    }
    headers.insert(header::HOST, plan.host.clone());
    for (name, value) in &plan.set {
        headers.insert(name.clone(), value.clone());
    }
}

/// What the client is told about the way of its request.
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    /// Id of the request.
    pub request_id: u128,
    /// From the request sent to the response's head received, in milliseconds.
    pub upstream_latency_ms: u64,
    /// Spent here, in milliseconds.
    pub proxy_latency_ms: u64,
    /// Whether the upstream answered 101 to a handshake that was passed on.
    pub upgraded: bool,
}

/// Edits the upstream's header fields for the client.
pub fn edit_response_headers(headers: &mut HeaderMap, passage: Passage) {
    let upgrade = passage.upgraded.then(|| headers.get(header::UPGRADE).cloned()).flatten();
    remove_per_connection(headers);
    if let Some(upgrade) = upgrade {
        headers.insert(header::UPGRADE, upgrade);
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    }
    headers.insert(HeaderName::from_static("x-kong-upstream-latency"), passage.upstream_latency_ms.into());
    headers.insert(HeaderName::from_static("x-kong-proxy-latency"), passage.proxy_latency_ms.into());
    headers.append(header::VIA, HeaderValue::from_static(VIA));
    let id = request_id_text(passage.request_id);
    headers.insert(REQUEST_ID, HeaderValue::from_str(&id).expect("hex digits"));
}

/// Our entry in `Via` (RFC 9110 §7.6.3).
pub(crate) const VIA: &str = concat!("1.1 latchkey/", env!("CARGO_PKG_VERSION"));

fn remove_per_connection(headers: &mut HeaderMap) {
    if let Some(named) = named_by_connection(headers) {
        for name in named {
            headers.remove(name);
        }
    }
    for name in PER_CONNECTION {
        headers.remove(name);
    }
}

/// The fields that `Connection` names beyond the usual; `None`, without allocating, when none.
fn named_by_connection(headers: &HeaderMap) -> Option<Vec<HeaderName>> {
    let mut named: Option<Vec<HeaderName>> = None;
    for value in headers.get_all(header::CONNECTION) {
        for token in value.as_bytes().split(|byte| *byte == b',') {
            let token = token.trim_ascii();
            let usual: [&[u8]; 3] = [b"close", b"keep-alive", b"upgrade"];
            if token.is_empty() || usual.iter().any(|usual| token.eq_ignore_ascii_case(usual)) {
                continue;
            }
            if let Ok(name) = HeaderName::from_bytes(token) {
                named.get_or_insert_default().push(name);
            }
        }
    }
    named
}

fn remove_matching(headers: &mut HeaderMap, matches: impl Fn(&HeaderName) -> bool) {
    // Most requests have none: look first, remove after, without allocating for the usual case.
    while let Some(name) = headers.keys().find(|name| matches(name)).cloned() {
        headers.remove(name);
    }
}

/// Whether a comma-separated field has a token, without case.
pub(crate) fn has_token(value: &HeaderValue, token: &str) -> bool {
    let token = token.as_bytes();
    value.as_bytes().split(|byte| *byte == b',').any(|found| found.trim_ascii().eq_ignore_ascii_case(token))
}
