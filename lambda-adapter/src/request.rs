//! An event as an HTTP request.

use std::borrow::Cow;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use latchkey_core::request::Scheme;

use crate::event::{Authorizer, Event, EventContext, Kind, Malformed, Trigger};
use crate::text::Pairs;

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

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
    /// The request that an event of this kind tells of.
    pub(crate) fn new(event: &Event<'_>, kind: Kind) -> Result<Self, Malformed> {
        let is_payload_2 =
            matches!(kind, Kind::Request(Trigger::Payload2) | Kind::Authorize(Authorizer::Payload2));
        let none = EventContext::default();
        let context = event.request_context.as_ref().unwrap_or(&none);
        let http = context.http.as_ref();
        let (method, path) = match is_payload_2 {
            true => (http.and_then(|http| http.method.as_ref()), path_without_stage(event, context)),
            false => (event.http_method.as_ref(), text(&event.path)),
        };
        let method = Method::from_bytes(method.map_or("", |method| &method.0).as_bytes())
            .map_err(|_| Malformed("the method is no token".to_owned()))?;
        let mut headers = header_map(event);
        if is_payload_2 {
            restore_cookies(&mut headers, event);
        }
        let source_ip = match is_payload_2 {
            true => http.and_then(|http| http.source_ip.as_ref()),
            false => context.identity.as_ref().and_then(|identity| identity.source_ip.as_ref()),
        };
        let source_ip = source_ip.and_then(|ip| ip.0.parse().ok());
        let is_load_balancer = matches!(kind, Kind::Request(Trigger::LoadBalancer { .. }));
        let client_ip = take_client_ip(&mut headers, source_ip, is_load_balancer);
        let scheme = match headers.get(&X_FORWARDED_PROTO).map(HeaderValue::as_bytes) {
            Some(b"http") => Scheme::Http,
            // But for load balancers, triggers speak https only.
            _ => Scheme::Https,
        };
        let port = headers.get(&X_FORWARDED_PORT).and_then(|port| port.to_str().ok()?.parse().ok());
        let host = headers.get(header::HOST).map(|host| host.as_bytes().to_vec());
        Ok(Request {
            method,
            path: fit_path(path),
            query: query(event, kind),
            is_joined: is_payload_2,
            host: host.unwrap_or_else(|| text(&context.domain_name).as_bytes().to_vec()),
            scheme,
            port: port.unwrap_or(scheme.default_port()),
            client_ip,
            body: body(event)?,
            headers,
        })
    }
}

fn text<'e>(text: &'e Option<crate::text::Text<'_>>) -> &'e str {
    text.as_ref().map_or("", |text| &text.0)
}

/// An HTTP API's path begins with the stage, unless that is `$default` or the API is reached by a
/// domain name of its own.
fn path_without_stage<'e>(event: &'e Event<'_>, context: &'e EventContext<'_>) -> &'e str {
    let path = text(&event.raw_path);
    let stage = text(&context.stage);
    let has_own_domain = match (&context.domain_prefix, &context.api_id) {
        (Some(prefix), Some(api_id)) => prefix != api_id,
        _ => false,
    };
    if stage.is_empty() || stage == "$default" || has_own_domain {
        return path;
    }
    let below = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
    match below {
        Some("") => "/",
        Some(below) if below.starts_with('/') => below,
        _ => path,
    }
}

/// Fields that cannot stand in a request are left out.
fn header_map(event: &Event<'_>) -> HeaderMap {
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

/// Payload 2.0 has cookies in a list. Where the field is there too, and one line, it is used as it
/// was sent.
fn restore_cookies(headers: &mut HeaderMap, event: &Event<'_>) {
    let Some(cookies) = event.cookies.as_ref().filter(|cookies| !cookies.is_empty()) else { return };
    if headers.get(header::COOKIE).is_some_and(|cookie| !cookie.as_bytes().contains(&b',')) {
        return;
    }
    let cookies: Vec<&str> = cookies.iter().map(|cookie| &*cookie.0).collect();
    if let Ok(cookies) = HeaderValue::try_from(cookies.join("; ")) {
        headers.insert(header::COOKIE, cookies);
    }
}

/// The client's address. The platform has appended it to `X-Forwarded-For`, where core does so
/// again: the platform's entry goes.
fn take_client_ip(
    headers: &mut HeaderMap,
    source_ip: Option<IpAddr>,
    is_load_balancer: bool,
) -> Option<IpAddr> {
    let last_line = headers.get_all(&X_FORWARDED_FOR).iter().next_back();
    let Some(last_line) = last_line.and_then(|line| line.to_str().ok()) else { return source_ip };
    let (sent, last) =
        last_line.rsplit_once(',').map_or((None, last_line), |(sent, last)| (Some(sent), last));
    let last = address(last.trim());
    let client_ip = if is_load_balancer { last } else { source_ip };
    if last.is_some() && last == client_ip {
        let mut lines: Vec<HeaderValue> = headers.get_all(&X_FORWARDED_FOR).iter().cloned().collect();
        lines.pop();
        lines.extend(sent.and_then(|sent| HeaderValue::from_str(sent.trim_end()).ok()));
        headers.remove(&X_FORWARDED_FOR);
        for line in lines {
            headers.append(&X_FORWARDED_FOR, line);
        }
    }
    client_ip
}

/// A load balancer can be set to add the client's port.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse().map(|address: std::net::SocketAddr| address.ip());
    text.parse().or_else(|_| with_port()).ok()
}

/// What cannot stand in a request line is percent-encoded: an HTTP API decodes the path.
fn fit_path(path: &str) -> String {
    let path = if path.is_empty() { "/" } else { path };
    let mut fit = String::with_capacity(path.len());
    if !path.starts_with('/') {
        fit.push('/');
    }
    append_encoded(path, |byte| matches!(byte, b'?' | b'#'), &mut fit);
    fit
}

/// The query: as sent where the event has it so, else put together from its parts.
fn query(event: &Event<'_>, kind: Kind) -> Option<String> {
    match kind {
        Kind::Request(Trigger::Payload2) | Kind::Authorize(Authorizer::Payload2) => {
            let query = text(&event.raw_query_string);
            (!query.is_empty()).then(|| fit_query(query))
        }
        Kind::Request(Trigger::Payload1) | Kind::Authorize(Authorizer::Payload1) => {
            // Decoded by the platform.
            let is_special = |byte: u8| !byte.is_ascii_alphanumeric() && !b"-._~".contains(&byte);
            join_query(event, |text, out| append_encoded(text, is_special, out))
        }
        Kind::Request(Trigger::LoadBalancer { .. }) => {
            // As they were sent, and only taken apart.
            join_query(event, |text, out| append_encoded(text, |byte| matches!(byte, b'#' | b'&'), out))
        }
    }
}

fn fit_query(query: &str) -> String {
    let mut fit = String::with_capacity(query.len());
    append_encoded(query, |byte| byte == b'#', &mut fit);
    fit
}

/// In the order of the event. Which of a name's values came first among other names, and whether a
/// name without a value had a `=`, is lost.
fn join_query(event: &Event<'_>, append: impl Fn(&str, &mut String)) -> Option<String> {
    let many = event.multi_value_query_string_parameters.as_ref();
    let pairs = many.or(event.query_string_parameters.as_ref())?;
    let mut query = String::new();
    for (name, value) in pairs.iter() {
        if !query.is_empty() {
            query.push('&');
        }
        append(name, &mut query);
        query.push('=');
        append(value, &mut query);
    }
    (!pairs.0.is_empty()).then_some(query)
}

/// Appends a text, with controls, spaces, what is not ASCII and `also` percent-encoded.
fn append_encoded(text: &str, also: impl Fn(u8) -> bool, out: &mut String) {
    use std::fmt::Write as _;
    let is_fit = |byte: u8| byte.is_ascii_graphic() && !also(byte);
    if text.bytes().all(is_fit) {
        return out.push_str(text);
    }
    for byte in text.bytes() {
        if is_fit(byte) {
            out.push(char::from(byte));
        } else {
            // A String takes whatever is written.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

fn body(event: &Event<'_>) -> Result<Bytes, Malformed> {
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
