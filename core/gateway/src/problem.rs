//! Errors of the data plane as responses, in the form the client accepts.

use bytes::Bytes;
use http::StatusCode;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};

use latchkey_request::authority::NoAuthority;
use latchkey_request::framing::Misframed;

use crate::json;
use crate::oauth2::{NO_CACHE, Refusal};
use crate::own_answer::{JSON, NO_STORE, Response};
use crate::request_ids;

/// Every way a proxied request can fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No key, or an empty one.
    NoKey(HeaderValue),
    /// Several values where one key is wanted.
    DuplicateKey(HeaderValue),
    /// Unknown, expired or forged key, or one without an approved contract: never told apart.
    Unauthorized(HeaderValue),
    /// What oauth2 refuses, in its own form.
    OAuth2(Box<Refusal>),
    /// The plugin names an anonymous consumer that does not exist.
    AnonymousMissing(String),
    /// A plugin of the route cannot be read.
    InvalidPlugin,
    /// Keys are to be hidden in bodies, which another proxy passes on.
    BodyOutOfReach,
    /// The body must be searched and is longer than the bound, in bytes.
    BodyTooLarge(usize),
    /// The body must be read whole, and comes too slowly.
    BodyTooSlow,
    /// The body must be read whole, and too many others are held already.
    TooMuchHeld,
    /// The body must be searched for keys to hide, and cannot be read, or is read differently by
    /// different servers.
    BodyUnreadable,
    /// The request cannot be read: bad target or field.
    BadRequest(&'static str),
    /// The path would have to be compared with a route's pattern and is too long for that.
    PathTooLong,
    /// No route matches.
    NoRoute,
    /// The route has no service.
    NoService,
    /// The route wants https.
    HttpsRequired,
    /// The state is too old to decide by, and cannot be refreshed.
    Stale,
    /// The upstream's name does not resolve.
    UpstreamUnresolved,
    /// The upstream refused the connection, or answered what is not HTTP.
    UpstreamInvalid,
    /// The upstream is known to be down.
    UpstreamUnavailable,
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// The upstream's response is longer than the platform can carry, in bytes.
    ResponseTooLarge(usize),
    /// A WebSocket handshake, which the platform cannot pass on.
    NoUpgrade,
    /// A transfer coding that is not known (RFC 9112 §6.1).
    UnknownCoding,
    /// A method that is passed on for nobody.
    MethodNotAllowed,
    /// The request has come by too often: its service leads back to us.
    Loop,
    /// The installation lacks a setting; the log says which.
    Unconfigured,
    /// Something here failed; the cause is in the log.
    Internal,
}

/// What `Allow` names of the methods that are passed on; others are too, but for `TRACE` and its kind.
pub(crate) const METHODS_PASSED: HeaderValue =
    HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// Seconds that a client is asked to wait when our state is too old, or we hold too much.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("1");

impl From<NoAuthority> for Problem {
    fn from(_: NoAuthority) -> Self {
        Problem::BadRequest(NoAuthority::MESSAGE)
    }
}

impl From<Misframed> for Problem {
    fn from(fault: Misframed) -> Self {
        match fault {
            Misframed::Doubtful(sentence) => Problem::BadRequest(sentence),
            Misframed::UnknownCoding => Problem::UnknownCoding,
        }
    }
}

impl Problem {
    /// The status that Kong gives it.
    pub fn status(&self) -> StatusCode {
        match self {
            Problem::NoKey(_) | Problem::DuplicateKey(_) | Problem::Unauthorized(_) => {
                StatusCode::UNAUTHORIZED
            }
            Problem::AnonymousMissing(_)
            | Problem::InvalidPlugin
            | Problem::BodyOutOfReach
            | Problem::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Problem::OAuth2(refusal) => refusal.status,
            Problem::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Problem::BadRequest(_) | Problem::BodyUnreadable => StatusCode::BAD_REQUEST,
            Problem::PathTooLong => StatusCode::URI_TOO_LONG,
            Problem::NoRoute => StatusCode::NOT_FOUND,
            Problem::HttpsRequired => StatusCode::UPGRADE_REQUIRED,
            Problem::NoService
            | Problem::Unconfigured
            | Problem::Stale
            | Problem::TooMuchHeld
            | Problem::UpstreamUnresolved
            | Problem::UpstreamUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Problem::UpstreamInvalid | Problem::ResponseTooLarge(_) => StatusCode::BAD_GATEWAY,
            Problem::NoUpgrade | Problem::UnknownCoding => StatusCode::NOT_IMPLEMENTED,
            Problem::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Problem::Loop => StatusCode::LOOP_DETECTED,
            Problem::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// The sentence for the caller.
    pub fn message(&self) -> std::borrow::Cow<'static, str> {
        match self {
            Problem::NoKey(_) => "No API key found in request".into(),
            Problem::DuplicateKey(_) => "Duplicate API key found".into(),
            Problem::Unauthorized(_) => "Unauthorized".into(),
            Problem::OAuth2(refusal) => refusal.description.clone(),
            Problem::AnonymousMissing(name) => {
                format!("anonymous consumer {name} is configured but doesn't exist").into()
            }
            Problem::InvalidPlugin => "Invalid plugin configuration".into(),
            Problem::BodyOutOfReach => "Keys cannot be hidden in bodies that do not pass here".into(),
            Problem::BodyTooLarge(bytes) => {
                format!("Request body is searched for an API key and must not exceed {bytes} bytes").into()
            }
            Problem::BodyTooSlow => "Request body comes too slowly".into(),
            Problem::TooMuchHeld => "The gateway holds too many requests, please try again".into(),
            Problem::BodyUnreadable => "Request body is searched for an API key and cannot be read".into(),
            Problem::BadRequest(what) => (*what).into(),
            Problem::PathTooLong => "URI too long".into(),
            Problem::NoRoute => "no Route matched with those values".into(),
            Problem::NoService => "no Service found with those values".into(),
            Problem::HttpsRequired => "Please use HTTPS protocol".into(),
            Problem::Stale => "The gateway cannot confirm its state, please try again".into(),
            Problem::UpstreamUnresolved => "name resolution failed".into(),
            Problem::UpstreamInvalid => "An invalid response was received from the upstream server".into(),
            Problem::UpstreamUnavailable => "The upstream server is currently unavailable".into(),
            Problem::UpstreamTimeout => "The upstream server is timing out".into(),
            Problem::ResponseTooLarge(bytes) => format!(
                "The upstream server's response does not fit into the {bytes} bytes that can be returned"
            )
            .into(),
            Problem::NoUpgrade => "WebSocket cannot be passed on here".into(),
            Problem::UnknownCoding => Misframed::UNKNOWN_CODING_MESSAGE.into(),
            Problem::MethodNotAllowed => "Method not allowed".into(),
            Problem::Loop => "The request has passed this gateway too often".into(),
            Problem::Unconfigured => "The gateway is not configured".into(),
            Problem::Internal => "An unexpected error occurred".into(),
        }
    }

    /// Whether the client may have more to send that nobody will read, or that cannot be told from
    /// its next request: where HTTP/1.1 is spoken, its connection ends with the answer.
    pub fn ends_connection(&self) -> bool {
        matches!(
            self,
            Problem::BadRequest(_) | Problem::UnknownCoding | Problem::BodyTooSlow | Problem::TooMuchHeld
        )
    }

    /// The response: status, and a body with the message and the request id in the form that `accept`
    /// prefers.
    #[expect(clippy::disallowed_methods, reason = "all refusals are answered here")]
    pub fn respond(&self, accept: Option<&[u8]>, request_id: u128) -> Response {
        if let Problem::OAuth2(refusal) = self {
            return respond_as_oauth2(refusal);
        }
        let format = Format::preferred(accept);
        let id = request_id_text(request_id);
        let mut response = http::Response::new(Bytes::from(format.render(&self.message(), &id)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
        match self {
            Problem::NoKey(challenge)
            | Problem::DuplicateKey(challenge)
            | Problem::Unauthorized(challenge) => {
                headers.insert(WWW_AUTHENTICATE, challenge.clone());
            }
            Problem::MethodNotAllowed => {
                headers.insert(ALLOW, METHODS_PASSED);
            }
            Problem::Stale | Problem::TooMuchHeld => {
                headers.insert(RETRY_AFTER, RETRY_AFTER_S);
            }
            Problem::HttpsRequired => {
                headers.insert(http::header::CONNECTION, HeaderValue::from_static("Upgrade"));
                headers.insert(http::header::UPGRADE, HeaderValue::from_static("TLS/1.2, HTTP/1.1"));
            }
            _ => {}
        }
        response
    }
}

/// In the form that clients of OAuth 2.0 read.
#[expect(clippy::disallowed_methods, reason = "all refusals are answered here")]
fn respond_as_oauth2(refusal: &Refusal) -> Response {
    let mut response = http::Response::new(Bytes::from(refusal.body()));
    *response.status_mut() = refusal.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    if let Some(challenge) = &refusal.challenge {
        headers.insert(WWW_AUTHENTICATE, challenge.clone());
    }
    if let Some(seconds) = refusal.retry_after_s {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if refusal.is_unstored {
        headers.insert(CACHE_CONTROL, NO_STORE);
        headers.insert(PRAGMA, NO_CACHE);
    }
    response
}

/// 32 lower-case hex digits.
pub fn request_id_text(request_id: u128) -> String {
    request_ids::digits(request_id).into_iter().map(char::from).collect()
}

/// Forms that an error comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Html,
    Xml,
    Plain,
}

impl Format {
    /// The form of the best media range we know; JSON when there is none (RFC 9110 §12.5.1).
    fn preferred(accept: Option<&[u8]>) -> Self {
        let Some(accept) = accept.and_then(|accept| std::str::from_utf8(accept).ok()) else {
            return Format::Json;
        };
        let mut best = (Format::Json, 0);
        for range in accept.split(',') {
            let mut parts = range.split(';');
            let media = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let quality = parts.find_map(quality).unwrap_or(1_000);
            let format = match media.as_str() {
                "application/json" | "application/*" | "*/*" => Format::Json,
                "text/html" => Format::Html,
                "application/xml" => Format::Xml,
                "text/plain" | "text/*" => Format::Plain,
                _ => continue,
            };
            if quality > best.1 {
                best = (format, quality);
            }
        }
        best.0
    }

    fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json; charset=utf-8",
            Format::Html => "text/html; charset=utf-8",
            Format::Xml => "application/xml; charset=utf-8",
            Format::Plain => "text/plain; charset=utf-8",
        }
    }

    fn render(self, message: &str, request_id: &str) -> String {
        match self {
            Format::Json => {
                let message = json::quoted(message);
                format!("{{\n  \"message\":{message},\n  \"request_id\":\"{request_id}\"\n}}")
            }
            Format::Html => format!(
                "<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>Error</title>\n  \
                 </head>\n  <body>\n    <h1>Error</h1>\n    <p>{}.</p>\n    <p>request_id: {request_id}</p>\n  \
                 </body>\n</html>\n",
                escape_markup(message)
            ),
            Format::Xml => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>{}</message>\n  \
                 <requestid>{request_id}</requestid>\n</error>\n",
                escape_markup(message)
            ),
            Format::Plain => format!("{message}\nrequest_id: {request_id}\n"),
        }
    }
}

/// A weight in thousandths (RFC 9110 §12.4.2); what is none counts as 0.
fn quality(parameter: &str) -> Option<u32> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()).unwrap_or(0))
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: u32 = whole.parse().ok()?;
    let mut digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let part = digits
        .try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))?;
    whole.checked_mul(1_000)?.checked_add(part)
}

fn escape_markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_body(accept: Option<&str>, media_type: &str, body: &str) {
        let response =
            Problem::Unauthorized(HeaderValue::from_static("Key")).respond(accept.map(str::as_bytes), 0xabc);
        assert_eq!(response.headers()[CONTENT_TYPE], media_type);
        assert!(std::str::from_utf8(response.body()).unwrap().starts_with(body), "{:?}", response.body());
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Key");
        assert!(std::str::from_utf8(response.body()).unwrap().contains("00000000000000000000000000000abc"));
    }

    #[test]
    fn form_follows_accept() {
        let json =
            "{\n  \"message\":\"Unauthorized\",\n  \"request_id\":\"00000000000000000000000000000abc\"\n}";
        let json_type = "application/json; charset=utf-8";
        check_body(None, json_type, json);
        check_body(Some("*/*"), json_type, json);
        check_body(Some("image/png"), json_type, json);
        check_body(Some("text/html"), "text/html; charset=utf-8", "<!doctype html>");
        check_body(Some("text/html;q=0.5, application/xml"), "application/xml; charset=utf-8", "<?xml");
        check_body(Some("text/*"), "text/plain; charset=utf-8", "Unauthorized");
        check_body(Some("text/html;q=0"), json_type, json);
    }

    #[test]
    fn stale_state_asks_to_come_back() {
        let response = Problem::Stale.respond(None, 0);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn message_is_escaped() {
        let problem = Problem::AnonymousMissing("\"<x>\"".into());
        let json = problem.respond(None, 0);
        assert!(serde_json::from_slice::<serde_json::Value>(json.body()).is_ok());
        let html = problem.respond(Some(b"text/html"), 0);
        assert!(!std::str::from_utf8(html.body()).unwrap().contains("<x>"));
    }
}
