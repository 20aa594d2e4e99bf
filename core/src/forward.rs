//! How header fields change on their way: to the upstream, and back to the client.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use std::ops::Range;

use bytes::Bytes;

use crate::config::{KeyAuth, Service};
use crate::decision::{BodyEdit, Plan};
use crate::grant::Identity;
use crate::places;
use crate::problem::{PRODUCT, REQUEST_ID, request_id_text};
use crate::request::{Headers, RequestHead};
use crate::router::{Match, NormalPath, upstream_path};
use crate::strip_key::{StripNames, append_without};

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

/// Names of the fields that no client's request passes on as they are, lower case, for platforms
/// that edit header fields themselves. A field called so with `_` for some `-` is meant too.
/// `te` stays where it allows trailers, `upgrade` where [`Plan::upgrade`] says so.
pub fn never_passed() -> impl Iterator<Item = &'static str> {
    const OTHERS: [&str; 10] = [
        "connection",
        "keep-alive",
        "proxy",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "transfer-encoding",
        "upgrade",
        "te",
        "x-forwarded-prefix",
    ];
    IDENTITY.into_iter().chain(OTHERS)
}

/// Whether a field, in any spelling that a server may fold into the same variable (`_` for `-`),
/// tells who calls.
pub fn is_identity(name: &str) -> bool {
    let same = |left: u8, right: u8| left.eq_ignore_ascii_case(&right) || (left == b'_' && right == b'-');
    let is =
        |known: &&str| known.len() == name.len() && name.bytes().zip(known.bytes()).all(|(a, b)| same(a, b));
    name.len() >= 13 && name.as_bytes()[0].eq_ignore_ascii_case(&b'x') && IDENTITY.iter().any(is)
}

const X_CONSUMER_ID: HeaderName = HeaderName::from_static("x-consumer-id");
const X_CONSUMER_CUSTOM_ID: HeaderName = HeaderName::from_static("x-consumer-custom-id");
const X_CONSUMER_USERNAME: HeaderName = HeaderName::from_static("x-consumer-username");
const X_CREDENTIAL_IDENTIFIER: HeaderName = HeaderName::from_static("x-credential-identifier");
const X_ANONYMOUS_CONSUMER: HeaderName = HeaderName::from_static("x-anonymous-consumer");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_FORWARDED_PATH: HeaderName = HeaderName::from_static("x-forwarded-path");
const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
/// Most fields a plan sets.
const FIELDS_SET_MAX: usize = 14;

/// What a plan is made of besides the request.
pub(crate) struct Passing<'p> {
    pub(crate) service: &'p Service,
    pub(crate) found: &'p Match<'p>,
    pub(crate) path: &'p NormalPath<'p>,
    pub(crate) identity: Option<&'p Identity>,
    /// key-auth, if it hides credentials.
    pub(crate) hidden: Option<&'p KeyAuth>,
    pub(crate) body: BodyEdit,
}

/// Plans how a request is sent on: target, `Host`, identity and forwarding fields.
pub(crate) fn plan<H: Headers>(head: &RequestHead<'_, H>, passing: Passing<'_>) -> Plan {
    let Passing { service, found, path, identity, hidden, body } = passing;
    let mut text = Text::with_capacity(2 * head.path.len() + head.query.map_or(0, <[u8]>::len) + 192);
    let target = text.part(|out| {
        upstream_path(service.path.as_deref().map(str::as_bytes), path, found.stripped(), out);
        append_query(head.query, hidden, out);
    });
    let client_ip = text.part(|out| append_ip(head, out));
    let forwarded_for =
        text.part(|out| append_list(head, "x-forwarded-for", out, |out| append_ip(head, out)));
    let via = text.part(|out| append_list(head, "via", out, |out| out.extend_from_slice(VIA.as_bytes())));
    let host = text.part(|out| out.extend(host_name(head.host).iter().map(u8::to_ascii_lowercase)));
    let port = text.part(|out| append_number(head.server_port, out));
    let request_id = text.part(|out| append_request_id(head.request_id, out));
    let original = text.part(|out| out.extend_from_slice(head.path));
    let prefix = text.part(|out| out.extend_from_slice(path.get(..found.stripped()).unwrap_or_default()));
    let text = text.finish();

    let mut set = Vec::with_capacity(FIELDS_SET_MAX);
    if let Some(identity) = identity {
        set_identity(identity, &mut set);
    }
    set.push((X_FORWARDED_PROTO, HeaderValue::from_static(head.scheme.as_str())));
    let parts = [
        (X_FORWARDED_FOR, forwarded_for),
        (X_REAL_IP, client_ip),
        (X_FORWARDED_HOST, host),
        (X_FORWARDED_PORT, port),
        (X_FORWARDED_PATH, original),
        (X_FORWARDED_PREFIX, prefix),
        (header::VIA, via),
        (REQUEST_ID, request_id),
    ];
    for (name, part) in parts {
        if !part.is_empty()
            && let Ok(value) = HeaderValue::from_maybe_shared(text.slice(part))
        {
            set.push((name, value));
        }
    }
    Plan {
        upstream: service.upstream.clone(),
        target: text.slice(target),
        host: upstream_host(head, found.route.preserve_host, service),
        set,
        strip: hidden.map_or_else(StripNames::default, |auth| auth.strip.clone()),
        body,
        upgrade: is_websocket(head),
    }
}

/// The texts of a plan, written into one buffer and shared from there: one allocation for all.
struct Text(Vec<u8>);

impl Text {
    fn with_capacity(bytes: usize) -> Self {
        Text(Vec::with_capacity(bytes))
    }

    fn part(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = self.0.len();
        write(&mut self.0);
        start..self.0.len()
    }

    fn finish(self) -> Bytes {
        Bytes::from(self.0)
    }
}

/// Appends `?` and the query, without the hidden keys. When nothing is left there is no `?`; a
/// bare `?` that the client sent stays.
fn append_query(query: Option<&[u8]>, hidden: Option<&KeyAuth>, out: &mut Vec<u8>) {
    let Some(query) = query else { return };
    let mut cuts = Vec::new();
    if let Some(auth) = hidden {
        places::form::cut(query, &auth.names, &mut cuts);
    }
    let cut: usize = cuts.iter().map(Range::len).sum();
    if cut == 0 || cut < query.len() {
        out.push(b'?');
        append_without(query, &cuts, out);
    }
}

fn append_ip<H>(head: &RequestHead<'_, H>, out: &mut Vec<u8>) {
    use std::io::Write;
    if let Some(ip) = head.client_ip {
        // A Vec takes whatever is written.
        let _ = write!(out, "{ip}");
    }
}

/// Appends what the client sent of a list field, then our own member.
fn append_list<H: Headers>(
    head: &RequestHead<'_, H>,
    name: &str,
    out: &mut Vec<u8>,
    own: impl FnOnce(&mut Vec<u8>),
) {
    for value in head.headers.values(name).filter(|value| !value.is_empty()) {
        out.extend_from_slice(value);
        out.extend_from_slice(b", ");
    }
    own(out);
}

fn append_number(mut number: u16, out: &mut Vec<u8>) {
    let mut digits = [0; 5];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

fn append_request_id(id: u128, out: &mut Vec<u8>) {
    out.extend((0..32).rev().map(|digit| b"0123456789abcdef"[(id >> (4 * digit)) as usize & 15]));
}

fn set_identity(identity: &Identity, set: &mut Vec<(HeaderName, HeaderValue)>) {
    set.push((X_CONSUMER_ID, identity.consumer_id.clone()));
    set.extend(identity.username.clone().map(|value| (X_CONSUMER_USERNAME, value)));
    set.extend(identity.custom_id.clone().map(|value| (X_CONSUMER_CUSTOM_ID, value)));
    set.push(match &identity.credential_id {
        Some(id) => (X_CREDENTIAL_IDENTIFIER, id.clone()),
        None => (X_ANONYMOUS_CONSUMER, HeaderValue::from_static("true")),
    });
}

fn upstream_host<H>(head: &RequestHead<'_, H>, preserve: bool, service: &Service) -> HeaderValue {
    let preserved =
        (preserve && !head.host.is_empty()).then(|| HeaderValue::from_bytes(head.host).ok()).flatten();
    preserved.unwrap_or_else(|| service.upstream.authority.clone())
}

/// A host without its port.
pub(crate) fn host_name(host: &[u8]) -> &[u8] {
    let colon = host.iter().rposition(|byte| *byte == b':');
    match colon {
        Some(at) if !host[at..].contains(&b']') => &host[..at],
        _ => host,
    }
}

/// A WebSocket handshake (RFC 6455 §4.1): the one upgrade that is passed on.
fn is_websocket<H: Headers>(head: &RequestHead<'_, H>) -> bool {
    let has = |name: &str, token: &str| head.headers.values(name).any(|value| has_token(value, token));
    has("upgrade", "websocket") && has("connection", "upgrade")
}

/// Removes what must not reach the upstream, then sets what the plan says.
pub(crate) fn edit_request_headers(plan: &Plan, headers: &mut HeaderMap) {
    let keeps_trailers = headers.get(header::TE).is_some_and(|te| has_token(te.as_bytes(), "trailers"));
    let upgrade = plan.upgrade.then(|| headers.get(header::UPGRADE).cloned()).flatten();
    remove_per_connection(headers);
    remove_matching(headers, |name| is_identity(name.as_str()) || plan.strip.as_slice().contains(name));
    headers.remove(X_FORWARDED_PREFIX);
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

/// Edits the fields of a response made here, `latency_ms` after the request came.
pub fn edit_own_response_headers(headers: &mut HeaderMap, latency_ms: u64) {
    headers.insert(HeaderName::from_static("x-kong-response-latency"), latency_ms.into());
    headers.insert(header::SERVER, HeaderValue::from_static(PRODUCT));
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
const VIA: &str = concat!("1.1 latchkey/", env!("CARGO_PKG_VERSION"));

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
pub fn named_by_connection<H: Headers>(headers: &H) -> Option<Vec<HeaderName>> {
    let mut named: Option<Vec<HeaderName>> = None;
    for value in headers.values(header::CONNECTION.as_str()) {
        for token in value.split(|byte| *byte == b',') {
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
fn has_token(value: &[u8], token: &str) -> bool {
    let token = token.as_bytes();
    value.split(|byte| *byte == b',').any(|found| found.trim_ascii().eq_ignore_ascii_case(token))
}
