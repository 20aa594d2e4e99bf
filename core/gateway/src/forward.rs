//! How header fields change on their way: to the upstream, and back to the client.

use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use std::net::IpAddr;
use std::ops::Range;

use bytes::Bytes;

use crate::config::Service;
use crate::decision::{BodyEdit, Plan, SetField, SetFields};
use crate::oauth2::TokenCaller;
use crate::own_answer::{PRODUCT, REQUEST_ID, Response, VIA};
use crate::own_cookies;
use crate::problem::{METHODS_PASSED, Problem};
use crate::request::{Headers, RequestHead};
use crate::request_ids;
use crate::response_fields::{
    PROXY_LATENCY, ResponseField, ResponseFields, UPSTREAM_LATENCY, UPSTREAM_STATUS, WAY_BACK,
};
use crate::right::Right;
use crate::strip_key::{HiddenCuts, Hider, StripNames, append_query, append_uri_without};
use latchkey_published::grant::Identity;
use latchkey_published::limits;
use latchkey_published::try_token::{TRIED_FIELD, TRY_TOKEN_FIELD};
use latchkey_request::authority::Authority;
use latchkey_request::field_name::FieldNames;
use latchkey_router::{Match, NormalPath, upstream_path};

/// Fields about one connection (RFC 9110 §7.6.1), and `Proxy` (CVE-2016-5385): neither requests nor
/// responses pass them on. What `Connection` names goes along.
const PER_CONNECTION: [&str; 9] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "transfer-encoding",
    "upgrade",
];

/// Fields that tell an upstream who calls.
const IDENTITY: [&str; 9] = [
    "x-consumer-id",
    "x-consumer-custom-id",
    "x-consumer-username",
    "x-credential-identifier",
    "x-anonymous-consumer",
    "x-consumer-groups",
    "x-authenticated-groups",
    "x-authenticated-scope",
    "x-authenticated-userid",
];

/// Fields that tell an upstream which way a request came. Plans set all but `Forwarded` (RFC 7239),
/// which says the same as the others.
const WAY: [&str; 10] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-kong-request-id",
    "x-real-ip",
];

/// Fields of calls that the portal makes.
const TRIES: [&str; 2] = [TRY_TOKEN_FIELD, TRIED_FIELD];

/// Passed on in this spelling alone.
const LENGTH: &str = "content-length";

/// Names of the fields that tell an upstream who calls.
pub(crate) const fn identity_names() -> &'static [&'static str] {
    &IDENTITY
}

static WITHHELD: FieldNames<{ IDENTITY.len() + WAY.len() + TRIES.len() + PER_CONNECTION.len() + 2 }> =
    FieldNames::new(&[&IDENTITY, &WAY, &TRIES, &PER_CONNECTION, &[LENGTH, "te"]]);
static WITHHELD_BACK: FieldNames<{ PER_CONNECTION.len() + WAY_BACK.len() + 1 }> =
    FieldNames::new(&[&PER_CONNECTION, &WAY_BACK, &[LENGTH]]);

/// Whether no client's request passes a field of this name, in lower case, on as it is: all that
/// plans set, and what is about one connection, in any spelling that is the same ([`latchkey_request::field_name`]).
/// `te` stays where it allows trailers, `upgrade` where [`Plan::upgrade`] says so.
pub fn is_withheld(name: &str) -> bool {
    WITHHELD.contains(name) && name != LENGTH
}

/// Whether no response passes a field of this name, in lower case, back as it is: it is about one
/// connection, or `fields` put ours in its place.
pub fn is_withheld_back(name: &str, fields: ResponseFields) -> bool {
    WITHHELD_BACK.contains(name) && name != LENGTH && !fields.leaves(name)
}

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
static X_FORWARDED_PATH: HeaderName = HeaderName::from_static("x-forwarded-path");
static X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
static X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
static TRIED: HeaderName = HeaderName::from_static(TRIED_FIELD);
/// Most fields a plan sets.
const FIELDS_SET_MAX: usize = 16;

/// What a plan is made of besides the request.
pub(crate) struct PlanInputs<'p> {
    pub(crate) service: &'p Service,
    pub(crate) found: &'p Match<'p>,
    pub(crate) path: &'p NormalPath<'p>,
    pub(crate) authority: Authority<'p>,
    pub(crate) identity: Option<&'p Identity>,
    /// What the token says besides that the caller has shown.
    pub(crate) token: Option<&'p TokenCaller>,
    /// What hides credentials, whether or not it ran.
    pub(crate) hider: Option<Hider<'p>>,
    /// The portal makes the call.
    pub(crate) is_tried: bool,
    pub(crate) hidden: HiddenCuts,
    pub(crate) hops: Hops,
    /// Of a handshake.
    pub(crate) upgrade: Option<Box<Right>>,
}

/// Plans how a request is sent on: target, `Host`, identity and forwarding fields.
pub(crate) fn plan<H: Headers>(head: &RequestHead<'_, H>, inputs: PlanInputs<'_>) -> Plan {
    let PlanInputs {
        service,
        found,
        path,
        authority,
        identity,
        token,
        is_tried,
        hider,
        hidden,
        hops,
        upgrade,
    } = inputs;
    let bytes =
        3 * head.path.len() + head.query.map_or(0, <[u8]>::len) + identity.map_or(0, Identity::text_bytes);
    let mut out = Texts::with_capacity(bytes + 256);
    let target = out.append(|out| {
        upstream_path(service.path.as_deref().map(str::as_bytes), path, found.stripped(), out);
        append_query(head.query, &hidden.query, out);
    });
    set_caller(identity, token, is_tried, &mut out);
    out.set_text(&X_FORWARDED_PROTO, head.scheme.as_str().as_bytes());
    if let Some(client_ip) = head.client_ip {
        let peer_ip = head.forwarded.map_or(client_ip, |forwarded| forwarded.peer_ip);
        out.set(&X_FORWARDED_FOR, |out| {
            append_list(head, &X_FORWARDED_FOR, out, |out| append_ip(peer_ip, out));
        });
        out.set_own(&X_REAL_IP, |out| append_ip(client_ip, out));
    }
    out.set(&X_FORWARDED_HOST, |out| match head.forwarded_authority() {
        Some(authority) => out.extend_from_slice(authority.text()),
        None => out.extend(authority.host().iter().map(u8::to_ascii_lowercase)),
    });
    out.set_own(&X_FORWARDED_PORT, |out| append_number(head.server_port, out));
    out.set(&X_FORWARDED_PATH, |out| out.extend_from_slice(head.path));
    out.set(&X_FORWARDED_PREFIX, |out| {
        out.extend_from_slice(path.get(..found.stripped()).unwrap_or_default())
    });
    out.set(&header::VIA, |out| {
        append_list(head, &header::VIA, out, |out| out.extend_from_slice(VIA.as_bytes()))
    });
    out.set_own(&REQUEST_ID, |out| append_request_id(head.request_id, out));
    if let Hops::Left(hops) = hops {
        out.set_text(&header::MAX_FORWARDS, hops.to_string().as_bytes());
    }
    if let Some(hider) = hider {
        set_referer(head, hider, &mut out);
    }
    let set = out.finish();
    let cuts = hidden.body.into_vec();
    Plan {
        upstream: service.upstream.clone(),
        target: set.text.slice(target),
        preserved_host: preserved_host(authority, found),
        set,
        strip: hider.map_or_else(StripNames::default, |hider| hider.strip(head).clone()),
        body: if cuts.is_empty() { BodyEdit::Untouched } else { BodyEdit::Cut(cuts) },
        upgrade,
    }
}

/// Tells the upstream who calls.
fn set_caller(identity: Option<&Identity>, token: Option<&TokenCaller>, is_tried: bool, out: &mut Texts) {
    for (name, value) in identity.into_iter().flat_map(Identity::fields) {
        out.set_text(name, value);
    }
    for (name, value) in token.into_iter().flat_map(TokenCaller::fields) {
        out.set_text(name, value);
    }
    if is_tried {
        out.set_text(&TRIED, b"1");
    }
}

impl Plan {
    /// `Host` field.
    pub fn host(&self) -> &HeaderValue {
        self.preserved_host.as_ref().unwrap_or(&self.upstream.authority)
    }

    /// Applies the plan to the client's header fields: removes what must not pass, sets the rest.
    pub fn edit_headers(&self, headers: &mut HeaderMap) {
        edit_request_headers(self, headers);
    }

    /// The fields that [`Plan::edit_headers`] would leave, for what is no handshake: for adapters
    /// that write them straight to the upstream. `Host` comes first.
    pub fn each_field<'h>(&'h self, headers: &'h HeaderMap, field: impl FnMut(&HeaderName, &[u8])) {
        each_request_field(self, headers, field);
    }
}

/// The texts of a plan, written one behind the other.
struct Texts {
    text: Vec<u8>,
    fields: Vec<SetField>,
}

impl Texts {
    fn with_capacity(bytes: usize) -> Self {
        Texts { text: Vec::with_capacity(bytes), fields: Vec::with_capacity(FIELDS_SET_MAX) }
    }

    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = self.text.len();
        write(&mut self.text);
        start..self.text.len()
    }

    /// Sets a field to what is ours: not nothing, and never anything that a field cannot carry.
    fn set_own(&mut self, name: &'static HeaderName, write: impl FnOnce(&mut Vec<u8>)) {
        let value = self.append(write);
        self.fields.push(SetField { name, value });
    }

    fn set_text(&mut self, name: &'static HeaderName, value: &[u8]) {
        self.set_own(name, |out| out.extend_from_slice(value));
    }

    /// Sets a field, unless to nothing or to what a field cannot carry.
    fn set(&mut self, name: &'static HeaderName, write: impl FnOnce(&mut Vec<u8>)) {
        let value = self.append(write);
        if !value.is_empty() && is_field_value(&self.text[value.clone()]) {
            self.fields.push(SetField { name, value });
        }
    }

    fn finish(self) -> SetFields {
        SetFields { text: Bytes::from(self.text), fields: self.fields }
    }
}

/// Whether a field can carry the bytes: no controls but tabs (RFC 9110 §5.5). Not inlined: it is long
/// once compiled, and was there for each field that a plan sets.
#[inline(never)]
fn is_field_value(bytes: &[u8]) -> bool {
    let is_control = |byte: u8| (byte < 0x20 && byte != b'\t') || byte == 0x7f;
    // Without leaving early: many bytes at once.
    !bytes.iter().fold(false, |found, byte| found | is_control(*byte))
}

/// Whether `Referer` has hidden keys in its query.
pub(crate) fn carries_key_in_referer<H: Headers>(head: &RequestHead<'_, H>, hider: Hider<'_>) -> bool {
    let mut referers = head.headers.values_of(&header::REFERER);
    referers.any(|referer| append_uri_without(referer, hider.names, &mut Vec::new()))
}

/// Sets `Referer` to what the client sent without the hidden keys, if there are any in its query.
/// Of several lines one is left, as platforms join them.
fn set_referer<H: Headers>(head: &RequestHead<'_, H>, hider: Hider<'_>, out: &mut Texts) {
    if hider.strip.as_slice().contains(&header::REFERER) {
        return;
    }
    let (mut was_found, mut is_first) = (false, true);
    let value = out.append(|out| {
        for referer in head.headers.values_of(&header::REFERER) {
            if !std::mem::take(&mut is_first) {
                out.extend_from_slice(b", ");
            }
            was_found |= append_uri_without(referer, hider.names, out);
        }
    });
    if was_found {
        // Also to nothing: it must not stay what it was.
        out.fields.push(SetField { name: &header::REFERER, value });
    }
}

fn append_ip(ip: IpAddr, out: &mut Vec<u8>) {
    use std::io::Write;
    match ip {
        IpAddr::V4(ip) => {
            let [first, others @ ..] = ip.octets();
            append_number(first.into(), out);
            for octet in others {
                out.push(b'.');
                append_number(octet.into(), out);
            }
        }
        IpAddr::V6(ip) => {
            // A Vec takes whatever is written.
            let _ = write!(out, "{ip}");
        }
    }
}

/// Appends what the client sent of a list field, then our own member.
fn append_list<H: Headers>(
    head: &RequestHead<'_, H>,
    name: &HeaderName,
    out: &mut Vec<u8>,
    own: impl FnOnce(&mut Vec<u8>),
) {
    for value in head.headers.values_of(name).filter(|value| !value.is_empty()) {
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
    out.extend_from_slice(&request_ids::digits(id));
}

fn preserved_host(authority: Authority<'_>, found: &Match<'_>) -> Option<HeaderValue> {
    let preserves = found.route.preserve_host && !authority.is_empty();
    preserves.then(|| HeaderValue::from_bytes(authority.text()).ok()).flatten()
}

/// A WebSocket handshake (RFC 6455 §4.1): the one upgrade that is passed on, since nobody here would
/// check what is said in another protocol. HTTP/1.1 is seen to by who speaks it.
pub(crate) fn is_handshake<H: Headers>(head: &RequestHead<'_, H>) -> bool {
    let has = |name: &HeaderName, token| head.headers.values_of(name).any(|value| has_token(value, token));
    // A platform may have joined two values into one.
    let has_one = |name: &HeaderName| {
        let mut values = head.headers.values_of(name);
        let first = values.next().is_some_and(|value| !value.is_empty() && !value.contains(&b','));
        first && values.next().is_none()
    };
    has(&header::UPGRADE, WEBSOCKET)
        && head.method == "GET"
        && has(&header::CONNECTION, "upgrade")
        && has_one(&header::SEC_WEBSOCKET_KEY)
        && has_one(&header::SEC_WEBSOCKET_VERSION)
        && !has_body(head)
}

/// What follows a handshake is the tunnel, not a body.
fn has_body<H: Headers>(head: &RequestHead<'_, H>) -> bool {
    head.headers.values_of(&header::TRANSFER_ENCODING).next().is_some()
        || head.headers.values_of(&header::CONTENT_LENGTH).any(|length| length != b"0")
}

const WEBSOCKET: &str = "websocket";

/// Whether the upstream's 101 agrees to the protocol that was asked for, and to no other.
pub fn agrees_to_websocket(headers: &HeaderMap) -> bool {
    let mut named = headers.get_all(header::UPGRADE).iter();
    let first = named
        .next()
        .is_some_and(|name| name.as_bytes().trim_ascii().eq_ignore_ascii_case(WEBSOCKET.as_bytes()));
    first && named.next().is_none()
}

/// How far a request may still go: `Max-Forwards` of an `OPTIONS` (RFC 9110 §7.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hops {
    /// As far as it likes; or the field is not to be understood, and goes on as it came.
    Unbounded,
    /// No further than us.
    Last,
    /// So many more from the upstream on.
    Left(u64),
}

impl Hops {
    pub(crate) fn of<H: Headers>(head: &RequestHead<'_, H>) -> Self {
        if head.method != "OPTIONS" {
            return Hops::Unbounded;
        }
        let mut values = head.headers.values_of(&header::MAX_FORWARDS);
        let (Some(value), None) = (values.next(), values.next()) else { return Hops::Unbounded };
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Hops::Unbounded;
        }
        let number = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
        number.unwrap_or(u64::MAX).checked_sub(1).map_or(Hops::Last, Hops::Left)
    }
}

/// The answer to an `OPTIONS` that goes no further.
#[expect(clippy::disallowed_methods, reason = "no refusal, and no upstream answers it")]
pub(crate) fn options_of_ours() -> Response {
    let mut response = http::Response::new(Bytes::new());
    response.headers_mut().insert(header::ALLOW, METHODS_PASSED);
    response
}

/// Refuses what is passed on for nobody: a method that sends the fields back that it came with (ours
/// and those of other intermediaries among them; RFC 9110 §9.3.8), and a request that goes in circles.
pub(crate) fn judge_passage<H: Headers>(head: &RequestHead<'_, H>) -> Result<(), Problem> {
    let method = head.method;
    if method.len() == 5 && (method.eq_ignore_ascii_case("TRACE") || method.eq_ignore_ascii_case("TRACK")) {
        return Err(Problem::MethodNotAllowed);
    }
    let passages = head.headers.values_of(&header::VIA).map(own_entries).sum::<usize>();
    if passages > limits::PASSAGES_MAX { Err(Problem::Loop) } else { Ok(()) }
}

/// What our entries in `Via` are known by, before the version.
const OWN_NAME: &[u8] = b"latchkey/";

/// Entries of a `Via` that a Latchkey has made, of whatever version.
fn own_entries(via: &[u8]) -> usize {
    let is_own = |entry: &&[u8]| {
        let mut words = entry.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words
            .nth(1)
            .and_then(|by| by.get(..OWN_NAME.len()))
            .is_some_and(|by| by.eq_ignore_ascii_case(OWN_NAME))
    };
    via.split(|byte| *byte == b',').filter(is_own).count()
}

/// Whether a client's field must not reach the upstream, whatever `Connection` says.
fn is_withheld_by(plan: &Plan, name: &HeaderName) -> bool {
    is_withheld(name.as_str()) || plan.strip.contains(name)
}

/// The fields that [`edit_request_headers`] would leave, one after the other, without making a map
/// of them; for what is no handshake.
fn each_request_field<'h>(plan: &'h Plan, headers: &'h HeaderMap, mut field: impl FnMut(&HeaderName, &[u8])) {
    field(&header::HOST, plan.host().as_bytes());
    let named = named_by_connection(headers);
    let is_set = |name: &HeaderName| {
        // All that plans set begin so.
        matches!(name.as_str().as_bytes()[0], b'm' | b'r' | b'v' | b'x')
            && plan.set.iter().any(|(set, _)| set == name)
    };
    for (name, value) in headers {
        let is_named = || named.as_ref().is_some_and(|named| named.contains(name));
        if name == header::HOST || is_withheld_by(plan, name) || is_set(name) || is_named() {
            continue;
        }
        match own_cookies_cut(name, value) {
            None => field(name, value.as_bytes()),
            Some(kept) if kept.is_empty() => {}
            Some(kept) => field(name, &kept),
        }
    }
    if headers.get(header::TE).is_some_and(|te| has_token(te.as_bytes(), "trailers")) {
        field(&header::TE, b"trailers");
    }
    plan.set.iter().for_each(|(name, value)| field(name, value));
}

/// A field without our own cookies; `None`: it has none.
fn own_cookies_cut(name: &HeaderName, value: &HeaderValue) -> Option<Vec<u8>> {
    if name == header::COOKIE { own_cookies::without_own(value.as_bytes()) } else { None }
}

/// Removes what must not reach the upstream, then sets what the plan says.
fn edit_request_headers(plan: &Plan, headers: &mut HeaderMap) {
    let keeps_trailers = headers.get(header::TE).is_some_and(|te| has_token(te.as_bytes(), "trailers"));
    remove_named_by_connection(headers);
    // What is set is replaced in its place.
    let is_set = |name: &HeaderName| plan.set.iter().any(|(set, _)| set == name);
    remove_matching(headers, |name| is_withheld_by(plan, name) && !is_set(name));
    cut_own_cookies(headers);
    if keeps_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if plan.upgrade.is_some() {
        insert_upgrade(headers);
    }
    headers.insert(header::HOST, plan.host().clone());
    for (name, value) in plan.set.header_values() {
        headers.insert(name, value);
    }
}

/// Of requests.
fn cut_own_cookies(headers: &mut HeaderMap) {
    let cut = |cookie: &HeaderValue| own_cookies_cut(&header::COOKIE, cookie);
    let cookies = headers.get_all(header::COOKIE);
    if cookies.iter().all(|cookie| cut(cookie).is_none()) {
        return;
    }
    let kept: Vec<HeaderValue> = cookies
        .iter()
        .filter_map(|cookie| match cut(cookie) {
            None => Some(cookie.clone()),
            Some(kept) => HeaderValue::from_bytes(&kept).ok().filter(|kept| !kept.is_empty()),
        })
        .collect();
    headers.remove(header::COOKIE);
    for cookie in kept {
        headers.append(header::COOKIE, cookie);
    }
}

/// In our words, whatever else the other side has named.
fn insert_upgrade(headers: &mut HeaderMap) {
    headers.insert(header::UPGRADE, HeaderValue::from_static(WEBSOCKET));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
}

/// Adds `fields` to a response made here; `latency_ms`: since the request came, in milliseconds.
pub fn edit_own_response_headers(
    headers: &mut HeaderMap,
    fields: ResponseFields,
    request_id: u128,
    latency_ms: impl FnOnce() -> u64,
) {
    if fields.has(ResponseField::ResponseLatency) {
        headers.insert(&RESPONSE_LATENCY, milliseconds(latency_ms()));
    }
    if fields.has(ResponseField::Server) {
        headers.insert(header::SERVER, HeaderValue::from_static(PRODUCT));
    }
    if fields.has(ResponseField::RequestId) {
        headers.insert(&REQUEST_ID, request_id_value(request_id));
    }
}

static RESPONSE_LATENCY: HeaderName = HeaderName::from_static("x-kong-response-latency");

/// What there is to tell the client about the way of its request, besides how long it took.
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    /// Id of the request.
    pub request_id: u128,
    /// What the upstream answered.
    pub upstream_status: StatusCode,
    /// Whether the upstream agreed to a handshake that was passed on ([`agrees_to_websocket`]).
    pub upgraded: bool,
}

/// How long a request was on its way.
#[derive(Clone, Copy, Debug)]
pub struct Latencies {
    /// From the request sent to the response's head received, in milliseconds.
    pub upstream_ms: u64,
    /// Spent here, in milliseconds.
    pub proxy_ms: u64,
}

/// Edits the upstream's header fields for the client, adding `fields`. `latencies` is asked only if
/// they are to be told.
pub fn edit_response_headers(
    headers: &mut HeaderMap,
    fields: ResponseFields,
    passage: Passage,
    latencies: impl FnOnce() -> Latencies,
) {
    remove_named_by_connection(headers);
    remove_own_cookies(headers);
    remove_matching(headers, |name| is_withheld_back(name.as_str(), fields));
    if passage.upgraded {
        insert_upgrade(headers);
    }
    if fields.has_latencies() {
        let Latencies { upstream_ms, proxy_ms } = latencies();
        if fields.has(ResponseField::UpstreamLatency) {
            headers.insert(&UPSTREAM_LATENCY, milliseconds(upstream_ms));
        }
        if fields.has(ResponseField::ProxyLatency) {
            headers.insert(&PROXY_LATENCY, milliseconds(proxy_ms));
        }
    }
    if fields.has(ResponseField::UpstreamStatus) {
        headers.insert(&UPSTREAM_STATUS, passage.upstream_status.as_u16().into());
    }
    if fields.has(ResponseField::Via) {
        headers.append(header::VIA, HeaderValue::from_static(VIA));
    }
    if fields.has(ResponseField::RequestId) {
        headers.insert(&REQUEST_ID, request_id_value(passage.request_id));
    }
}

fn request_id_value(id: u128) -> HeaderValue {
    HeaderValue::from_bytes(&request_ids::digits(id)).expect("hex digits")
}

/// Short times, the usual ones, without allocating.
fn milliseconds(time: u64) -> HeaderValue {
    const SHORT: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let short = usize::try_from(time).ok().and_then(|time| SHORT.get(time));
    short.map_or_else(|| time.into(), |text| HeaderValue::from_static(text))
}

fn remove_named_by_connection(headers: &mut HeaderMap) {
    for name in named_by_connection(headers).into_iter().flatten() {
        headers.remove(name);
    }
}

/// The fields that `Connection` names beyond the usual; `None`, without allocating, when none.
pub fn named_by_connection<H: Headers>(headers: &H) -> Option<Vec<HeaderName>> {
    let mut named: Option<Vec<HeaderName>> = None;
    for value in headers.values_of(&header::CONNECTION) {
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

fn remove_own_cookies(headers: &mut HeaderMap) {
    let is_own = |cookie: &HeaderValue| own_cookies::is_set_by(cookie.as_bytes());
    let cookies = headers.get_all(header::SET_COOKIE);
    if !cookies.iter().any(is_own) {
        return;
    }
    let others: Vec<HeaderValue> = cookies.iter().filter(|cookie| !is_own(cookie)).cloned().collect();
    headers.remove(header::SET_COOKIE);
    for cookie in others {
        headers.append(header::SET_COOKIE, cookie);
    }
}

fn remove_matching(headers: &mut HeaderMap, matches: impl Fn(&HeaderName) -> bool) {
    // Looked through once for so many, without allocating.
    const AT_ONCE: usize = 8;
    loop {
        let mut found = [const { None }; AT_ONCE];
        let matching = headers.keys().filter(|name| matches(name));
        for (place, name) in found.iter_mut().zip(matching) {
            *place = Some(name.clone());
        }
        let is_last = found[AT_ONCE - 1].is_none();
        found.into_iter().flatten().for_each(|name| drop(headers.remove(name)));
        if is_last {
            return;
        }
    }
}

/// Whether a comma-separated field has a token, without case.
fn has_token(value: &[u8], token: &str) -> bool {
    let token = token.as_bytes();
    value.split(|byte| *byte == b',').any(|found| found.trim_ascii().eq_ignore_ascii_case(token))
}
