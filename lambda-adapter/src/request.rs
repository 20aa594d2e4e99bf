//! A request as every trigger tells of it, and what more than one of them reads alike.

use std::borrow::Cow;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use latchkey_gateway::request::{Now, RequestHead, Scheme};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::event::{Event, EventContext, Malformed};
use crate::fields::Fields;
use crate::text::{Pairs, Text, as_str};

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What cannot stand in a request line; what is not ASCII cannot either.
const NO_TARGET: &AsciiSet = &CONTROLS.add(b' ');
const NO_PATH: &AsciiSet = &NO_TARGET.add(b'?').add(b'#');
const NO_QUERY: &AsciiSet = &NO_TARGET.add(b'#').add(b'"').add(b'<').add(b'>');
const NO_PART_OF_QUERY: &AsciiSet = &NO_QUERY.add(b'&');
/// All but what RFC 3986 §2.3 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request as the platform tells of it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Fit for a request line.
    pub(crate) path: String,
    /// Fit for a request line, without `?`.
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    /// Whether repeated fields have been joined in one, with commas.
    pub(crate) is_joined: bool,
    pub(crate) host: Vec<u8>,
    pub(crate) scheme: Scheme,
    /// Port of ours that the client reached.
    pub(crate) port: u16,
    pub(crate) client_ip: Option<IpAddr>,
    pub(crate) body: Bytes,
}

impl Request {
    /// The request as core sees it; `fields` are its header fields.
    pub(crate) fn head<'h>(
        &'h self,
        fields: &'h Fields<'h>,
        started: Now,
        request_id: u128,
    ) -> RequestHead<'h, Fields<'h>> {
        RequestHead {
            method: self.method.as_str(),
            scheme: self.scheme,
            host: &self.host,
            path: self.path.as_bytes(),
            query: self.query.as_deref().map(str::as_bytes),
            headers: fields,
            client_ip: self.client_ip,
            server_port: self.port,
            forwarded: None,
            started,
            request_id,
        }
    }
}

/// The method, from where the trigger has it.
pub(crate) fn method(text: Option<&Text<'_>>) -> Result<Method, Malformed> {
    Method::from_bytes(text.map_or("", |text| &text.0).as_bytes())
        .map_err(|_| Malformed("the method is no token".to_owned()))
}

/// Fields that cannot stand in a request are left out.
pub(crate) fn header_map(event: &Event<'_>) -> HeaderMap {
    let none = Pairs::default();
    let pairs = event.multi_value_headers.as_ref().or(event.headers.as_ref()).unwrap_or(&none);
    let mut headers = HeaderMap::with_capacity(pairs.0.len());
    for (name, value) in pairs.iter() {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            // Beyond its bound of 32768 fields a map takes no more.
            let _ = headers.try_append(name, value);
        }
    }
    headers
}

/// Whom the client asked: its `Host` field, or where the platform was reached.
pub(crate) fn host(headers: &HeaderMap, context: &EventContext<'_>) -> Vec<u8> {
    let field = headers.get(header::HOST).map(HeaderValue::as_bytes);
    field.unwrap_or(as_str(&context.domain_name).as_bytes()).to_vec()
}

/// The last entry of `X-Forwarded-For`, which is the platform's.
pub(crate) fn last_forwarded_for(headers: &HeaderMap) -> Option<&str> {
    let last_line = headers.get_all(&X_FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    last_line.rsplit(',').next().map(str::trim)
}

/// The platform has appended the client's address to `X-Forwarded-For`, where core does so again:
/// the platform's entry goes.
pub(crate) fn remove_platforms_entry(headers: &mut HeaderMap, client_ip: Option<IpAddr>) {
    let last = last_forwarded_for(headers).and_then(|last| last.parse().ok());
    if last.is_some() && last == client_ip {
        remove_last_forwarded_for(headers);
    }
}

/// Removes the last entry of `X-Forwarded-For`.
pub(crate) fn remove_last_forwarded_for(headers: &mut HeaderMap) {
    let mut lines: Vec<HeaderValue> = headers.get_all(&X_FORWARDED_FOR).iter().cloned().collect();
    let last_line = lines.pop();
    let sent = last_line.as_ref().and_then(|line| Some(line.to_str().ok()?.rsplit_once(',')?.0));
    lines.extend(sent.and_then(|sent| HeaderValue::from_str(sent.trim_end()).ok()));
    headers.remove(&X_FORWARDED_FOR);
    for line in lines {
        headers.append(&X_FORWARDED_FOR, line);
    }
}

/// What cannot stand in a path is percent-encoded: an HTTP API decodes it.
pub(crate) fn fit_path(path: &str) -> String {
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{slash}{}", utf8_percent_encode(path, NO_PATH))
}

/// What cannot stand in a query is percent-encoded.
pub(crate) fn fit_query(query: &str) -> String {
    utf8_percent_encode(query, NO_QUERY).to_string()
}

/// The query of names and values that the platform has decoded.
pub(crate) fn join_decoded_query(event: &Event<'_>) -> Option<String> {
    join_query(event, RESERVED)
}

/// The query of names and values that are as they were sent, and only taken apart.
pub(crate) fn join_encoded_query(event: &Event<'_>) -> Option<String> {
    join_query(event, NO_PART_OF_QUERY)
}

/// In the order of the event. Which of a name's values came first among other names, and whether a
/// name without a value had a `=`, is lost.
fn join_query(event: &Event<'_>, encoded: &'static AsciiSet) -> Option<String> {
    let many = event.multi_value_query_string_parameters.as_ref();
    let pairs = many.or(event.query_string_parameters.as_ref())?;
    let mut query = String::new();
    for (name, value) in pairs.iter() {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, encoded));
        query.push('=');
        query.extend(utf8_percent_encode(value, encoded));
    }
    (!pairs.0.is_empty()).then_some(query)
}

/// The body, which every trigger has as text or in base64.
pub(crate) fn body(event: &Event<'_>) -> Result<Bytes, Malformed> {
    let body = match &event.body {
        Some(body) => &body.0,
        None => &Cow::Borrowed(""),
    };
    match event.is_base64_encoded {
        Some(true) => STANDARD
            .decode(body.as_bytes())
            .map(Bytes::from)
            .map_err(|_| Malformed("the body is not base64".to_owned())),
        _ => Ok(Bytes::copy_from_slice(body.as_bytes())),
    }
}
