//! The fields that the gateway adds to responses: Kong's setting `headers`.
//!
//! What is switched off is neither worked out nor sent, and an upstream's field of that name passes.

use http::header::{HeaderName, VIA};

use crate::own_answer::REQUEST_ID;
use latchkey_request::field_name::is_same;

/// Which fields are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseFields(u8);

/// One of the fields.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum ResponseField {
    /// `Server`, of answers made here.
    Server = 1 << 0,
    /// `Via`, of upstreams' responses.
    Via = 1 << 1,
    /// How long an answer made here took.
    ResponseLatency = 1 << 2,
    /// How long a request was here before it was sent on.
    ProxyLatency = 1 << 3,
    /// How long the upstream took to begin its response.
    UpstreamLatency = 1 << 4,
    /// The status that the upstream answered.
    UpstreamStatus = 1 << 5,
    /// The request's id, in every response.
    RequestId = 1 << 6,
}

pub(crate) static UPSTREAM_LATENCY: HeaderName = HeaderName::from_static("x-kong-upstream-latency");
pub(crate) static PROXY_LATENCY: HeaderName = HeaderName::from_static("x-kong-proxy-latency");
pub(crate) static UPSTREAM_STATUS: HeaderName = HeaderName::from_static("x-kong-upstream-status");

/// Fields of upstreams' responses that tell a client which way its request went, besides `Via`, which
/// upstreams begin: theirs are replaced by ours.
pub(crate) const WAY_BACK: [&str; 4] =
    ["x-kong-proxy-latency", "x-kong-request-id", "x-kong-upstream-latency", "x-kong-upstream-status"];
const WAY_BACK_FIELDS: [ResponseField; 4] = [
    ResponseField::ProxyLatency,
    ResponseField::RequestId,
    ResponseField::UpstreamLatency,
    ResponseField::UpstreamStatus,
];

const SERVER_TOKENS: u8 = ResponseField::Server as u8 | ResponseField::Via as u8;
const LATENCY_TOKENS: u8 = ResponseField::ResponseLatency as u8
    | ResponseField::ProxyLatency as u8
    | ResponseField::UpstreamLatency as u8;

/// The words of the setting, in lower case.
const WORDS: [(&str, u8); 10] = [
    ("server_tokens", SERVER_TOKENS),
    ("latency_tokens", LATENCY_TOKENS),
    ("server", ResponseField::Server as u8),
    ("via", ResponseField::Via as u8),
    ("x-kong-response-latency", ResponseField::ResponseLatency as u8),
    ("x-kong-proxy-latency", ResponseField::ProxyLatency as u8),
    ("x-kong-upstream-latency", ResponseField::UpstreamLatency as u8),
    ("x-kong-upstream-status", ResponseField::UpstreamStatus as u8),
    ("x-kong-request-id", ResponseField::RequestId as u8),
    // Kong's own, of its Admin API, which here tells no latency.
    ("x-kong-admin-latency", 0),
];

/// What none of the fields is added by.
const OFF: &str = "off";

impl ResponseFields {
    /// No field.
    pub const NONE: ResponseFields = ResponseFields(0);

    /// Reads the setting: words with commas between them, in letters of either case, or `off`. The
    /// error names the word that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = || text.split(',').map(str::trim);
        if words().all(|word| word.eq_ignore_ascii_case(OFF)) {
            return Ok(ResponseFields::NONE);
        }
        let mut fields = 0;
        for word in words() {
            let known = WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
            fields |= known.ok_or_else(|| unknown(word))?.1;
        }
        Ok(ResponseFields(fields))
    }

    /// The names of those that are added to an upstream's response, in lower case.
    pub fn of_upstreams_responses(self) -> impl Iterator<Item = &'static str> {
        let names = [
            (ResponseField::UpstreamLatency, UPSTREAM_LATENCY.as_str()),
            (ResponseField::ProxyLatency, PROXY_LATENCY.as_str()),
            (ResponseField::UpstreamStatus, UPSTREAM_STATUS.as_str()),
            (ResponseField::Via, VIA.as_str()),
            (ResponseField::RequestId, REQUEST_ID.as_str()),
        ];
        names.into_iter().filter(move |(field, _)| self.has(*field)).map(|(_, name)| name)
    }

    #[inline]
    pub(crate) fn has(self, field: ResponseField) -> bool {
        self.0 & field as u8 != 0
    }

    /// Whether a clock is to be read for an upstream's response.
    #[inline]
    pub(crate) fn has_latencies(self) -> bool {
        self.0 & (ResponseField::ProxyLatency as u8 | ResponseField::UpstreamLatency as u8) != 0
    }

    /// Whether an upstream's field of a name in [`WAY_BACK`] passes, nothing taking its place.
    pub(crate) fn leaves(self, name: &str) -> bool {
        let place = WAY_BACK.iter().position(|way| is_same(way, name));
        place.is_some_and(|place| !self.has(WAY_BACK_FIELDS[place]))
    }
}

fn unknown(word: &str) -> String {
    let words = WORDS.map(|(name, _)| name).join(", ");
    match word.eq_ignore_ascii_case(OFF) {
        true => "off leaves no field on, so it stands alone".to_owned(),
        false => format!("'{word}' is none of off, {words}"),
    }
}

impl Default for ResponseFields {
    /// Kong's default: `server_tokens, latency_tokens, X-Kong-Request-Id`.
    fn default() -> Self {
        ResponseFields(SERVER_TOKENS | LATENCY_TOKENS | ResponseField::RequestId as u8)
    }
}
