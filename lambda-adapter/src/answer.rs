//! A response in the form that each trigger reads.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::BodyDataStream;
use lambda_http::Body;
use lambda_runtime::{MetadataPrelude, StreamResponse};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::body::Content;
use crate::event::Trigger;

/// Longest answer that Lambda takes, in bytes of JSON (6 MB,
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LAMBDA_BYTES_MAX: usize = 6 << 20;
/// The same of a load balancer
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>).
const LOAD_BALANCER_BYTES_MAX: usize = 1 << 20;

/// A body as it is streamed.
pub type Stream = BodyDataStream<Content>;

impl Trigger {
    /// Longest answer, in bytes of JSON; a body in base64 takes a third more than its own length.
    pub(crate) fn answer_bytes_max(self) -> usize {
        match self {
            Trigger::LoadBalancer { .. } => LOAD_BALANCER_BYTES_MAX,
            Trigger::Payload2 | Trigger::Payload1 => LAMBDA_BYTES_MAX,
        }
    }

    /// Whether it can take a response in a stream.
    pub(crate) fn can_stream(self) -> bool {
        !matches!(self, Trigger::LoadBalancer { .. })
    }
}

/// The answer is longer than the trigger takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// The whole answer, as JSON.
pub(crate) fn whole(trigger: Trigger, response: Response<Bytes>) -> Result<Box<RawValue>, TooLong> {
    let (parts, body) = response.into_parts();
    let is_base64_encoded = !body.is_empty() && !is_text(&parts.headers, &body);
    let body = match is_base64_encoded {
        true => Body::Binary(body.into()),
        // Checked by `is_text`, so nothing is replaced.
        false => Body::Text(String::from_utf8_lossy(&body).into_owned()),
    };
    let (headers, is_payload_2) = (&parts.headers, trigger == Trigger::Payload2);
    let lists = match trigger {
        Trigger::Payload2 => false,
        Trigger::Payload1 => true,
        Trigger::LoadBalancer { multi_value } => multi_value,
    };
    let answer = Answer {
        status_code: parts.status.as_u16(),
        status_description: matches!(trigger, Trigger::LoadBalancer { .. })
            .then(|| describe_status(parts.status)),
        headers: (!lists).then(|| joined(headers, is_payload_2)),
        multi_value_headers: lists.then_some(Lists(headers)),
        // cargo-lambda's emulator wants the list even if it is empty.
        cookies: is_payload_2.then(|| cookies(headers)),
        body,
        is_base64_encoded,
    };
    let json = to_raw_value(&answer).expect("an answer has string keys only");
    if json.get().len() > trigger.answer_bytes_max() { Err(TooLong) } else { Ok(json) }
}

/// The answer in a stream: status, fields and cookies first, then the body as it comes.
pub(crate) fn streamed(response: Response<Content>) -> StreamResponse<Stream> {
    let (parts, content) = response.into_parts();
    let mut headers = HeaderMap::with_capacity(parts.headers.len());
    for (name, value) in joined(&parts.headers, true) {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("it was the name of a field");
        // The runtime writes these as JSON only where they are visible ASCII.
        let value: String =
            value.chars().map(|c| if matches!(c, ' '..='~' | '\t') { c } else { '?' }).collect();
        headers.insert(name, HeaderValue::from_str(&value).expect("visible ASCII and tabs"));
    }
    StreamResponse {
        metadata_prelude: MetadataPrelude {
            status_code: parts.status,
            headers,
            cookies: cookies(&parts.headers).into_iter().map(Cow::into_owned).collect(),
        },
        stream: BodyDataStream::new(content),
    }
}

/// What an event that nobody understands is answered, in the form that all triggers read.
pub(crate) fn malformed() -> Box<RawValue> {
    to_raw_value(&serde_json::json!({
        "statusCode": 400,
        "statusDescription": "400 Bad Request",
        "headers": {"content-type": "application/json; charset=utf-8"},
        "multiValueHeaders": {"content-type": ["application/json; charset=utf-8"]},
        "body": "{\"message\":\"Bad request\"}",
        "isBase64Encoded": false,
    }))
    .expect("an answer has string keys only")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<&'a str, Cow<'a, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<Lists<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Vec<Cow<'a, str>>>,
    body: Body,
    is_base64_encoded: bool,
}

/// Each field with all its values.
struct Lists<'a>(&'a HeaderMap);

impl Serialize for Lists<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = |name| self.0.get_all(name).iter().map(text).collect::<Vec<_>>();
        let names = self.0.keys().filter(|name| !is_platforms(name));
        serializer.collect_map(names.map(|name| (name.as_str(), values(name))))
    }
}

/// Each field once, its values joined; cookies cannot be joined: with `cookies_apart` they are left
/// out, else the last one stays.
fn joined(headers: &HeaderMap, cookies_apart: bool) -> BTreeMap<&str, Cow<'_, str>> {
    let mut fields: BTreeMap<&str, Cow<'_, str>> = BTreeMap::new();
    for (name, value) in headers {
        match fields.get_mut(name.as_str()) {
            _ if is_platforms(name) => {}
            _ if name == header::SET_COOKIE && cookies_apart => {}
            Some(before) if name != header::SET_COOKIE => {
                *before = format!("{before}, {}", text(value)).into()
            }
            _ => drop(fields.insert(name.as_str(), text(value))),
        }
    }
    fields
}

/// Names that the platform gives to fields it renames; a Function URL fails on an answer that has
/// one, which comes of an upstream that is behind such a platform itself.
fn is_platforms(name: &HeaderName) -> bool {
    name.as_str().starts_with("x-amzn-remapped-")
}

fn cookies(headers: &HeaderMap) -> Vec<Cow<'_, str>> {
    headers.get_all(header::SET_COOKIE).iter().map(text).collect()
}

/// A value as text: what is not UTF-8 is read as Latin-1, one character for each byte.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// `200 OK`.
fn describe_status(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// Whether a body can go as text: it says that it is, is in no coding, and is UTF-8.
fn is_text(headers: &HeaderMap, body: &[u8]) -> bool {
    let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain)
        && media_type.is_some_and(is_textual)
        && std::str::from_utf8(body).is_ok()
}

fn is_textual(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    const TEXTUAL: [&str; 6] = [
        "application/json",
        "application/xml",
        "application/javascript",
        "application/ecmascript",
        "application/x-www-form-urlencoded",
        "application/x-ndjson",
    ];
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || TEXTUAL.contains(&essence.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ALB: Trigger = Trigger::LoadBalancer { multi_value: false };
    const ALB_LISTS: Trigger = Trigger::LoadBalancer { multi_value: true };

    fn response(headers: &[(&str, &str)], body: &[u8]) -> Response<Bytes> {
        let mut response = Response::new(Bytes::copy_from_slice(body));
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            response.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        }
        response
    }

    fn check(trigger: Trigger, headers: &[(&str, &str)], body: &[u8], expected: Value) {
        let answer = whole(trigger, response(headers, body)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(answer.get()).unwrap(), expected);
    }

    #[test]
    fn each_trigger_has_its_form() {
        let headers = [
            ("content-type", "text/plain"),
            ("vary", "a"),
            ("vary", "b"),
            ("set-cookie", "c=1; Path=/"),
            ("set-cookie", "d=2"),
        ];
        check(
            Trigger::Payload2,
            &headers,
            b"hi",
            json!({
                "statusCode": 200,
                "headers": {"content-type": "text/plain", "vary": "a, b"},
                "cookies": ["c=1; Path=/", "d=2"],
                "body": "hi",
                "isBase64Encoded": false,
            }),
        );
        let lists = json!({
            "content-type": ["text/plain"],
            "vary": ["a", "b"],
            "set-cookie": ["c=1; Path=/", "d=2"],
        });
        check(
            Trigger::Payload1,
            &headers,
            b"hi",
            json!({
                "statusCode": 200,
                "multiValueHeaders": lists.clone(),
                "body": "hi",
                "isBase64Encoded": false,
            }),
        );
        check(
            ALB_LISTS,
            &headers,
            b"hi",
            json!({
                "statusCode": 200,
                "statusDescription": "200 OK",
                "multiValueHeaders": lists,
                "body": "hi",
                "isBase64Encoded": false,
            }),
        );
        check(
            ALB,
            &headers,
            b"hi",
            json!({
                "statusCode": 200,
                "statusDescription": "200 OK",
                "headers": {"content-type": "text/plain", "vary": "a, b", "set-cookie": "d=2"},
                "body": "hi",
                "isBase64Encoded": false,
            }),
        );
    }

    fn check_body(headers: &[(&str, &str)], body: &[u8], text: &str, is_base64: bool) {
        let answer = whole(Trigger::Payload2, response(headers, body)).unwrap();
        let answer: Value = serde_json::from_str(answer.get()).unwrap();
        assert_eq!(
            (answer["body"].as_str(), answer["isBase64Encoded"].as_bool()),
            (Some(text), Some(is_base64))
        );
    }

    #[test]
    fn only_text_goes_as_text() {
        for media_type in [
            "text/html; charset=utf-8",
            "application/json",
            "Application/Problem+JSON",
            "image/svg+xml",
            "application/x-www-form-urlencoded",
        ] {
            check_body(&[("content-type", media_type)], "\u{e9}\n\"".as_bytes(), "\u{e9}\n\"", false);
        }
        check_body(&[("content-type", "text/plain")], b"\xff", "/w==", true);
        check_body(&[("content-type", "image/png")], b"hi", "aGk=", true);
        check_body(&[], b"hi", "aGk=", true);
        check_body(&[], b"", "", false);
        let gzip = [("content-type", "text/plain"), ("content-encoding", "gzip")];
        check_body(&gzip, b"hi", "aGk=", true);
        let identity = [("content-type", "text/plain"), ("content-encoding", "identity")];
        check_body(&identity, b"hi", "hi", false);
    }

    #[test]
    fn values_that_are_not_utf8_are_read_as_latin_1() {
        let mut latin = response(&[], b"");
        latin.headers_mut().insert("a", HeaderValue::from_bytes(b"\xe9").unwrap());
        let answer = whole(Trigger::Payload2, latin).unwrap();
        assert!(answer.get().contains("\u{e9}"), "{answer}");
    }

    #[test]
    fn unknown_statuses_have_no_reason() {
        assert_eq!(describe_status(StatusCode::from_u16(299).unwrap()), "299");
        assert_eq!(describe_status(StatusCode::NOT_FOUND), "404 Not Found");
    }

    #[test]
    fn what_is_too_long_is_told() {
        let check = |trigger: Trigger, bytes: usize, media_type: &str, fits: bool| {
            let body = vec![b'x'; bytes];
            let answer = whole(trigger, response(&[("content-type", media_type)], &body));
            assert_eq!(answer.is_ok(), fits, "{trigger:?} {bytes} {media_type}");
        };
        check(Trigger::Payload2, (6 << 20) - 1000, "text/plain", true);
        check(Trigger::Payload2, 6 << 20, "text/plain", false);
        // In base64 a third is lost.
        check(Trigger::Payload1, (6 << 20) / 4 * 3 - 1000, "image/png", true);
        check(Trigger::Payload1, (6 << 20) / 4 * 3, "image/png", false);
        check(ALB, (1 << 20) - 1000, "text/plain", true);
        check(ALB, 1 << 20, "text/plain", false);
    }

    #[test]
    fn a_stream_begins_with_status_fields_and_cookies() {
        let headers = [
            ("vary", "a"),
            ("vary", "b"),
            ("set-cookie", "c=1"),
            ("set-cookie", "d=2"),
            ("x-note", "\u{e9}"),
        ];
        let mut response = response(&headers, b"hi").map(Content::Whole);
        *response.status_mut() = StatusCode::CREATED;
        let StreamResponse { metadata_prelude, .. } = streamed(response);
        assert_eq!(
            serde_json::to_value(&metadata_prelude).unwrap(),
            json!({
                "statusCode": 201,
                "headers": {"vary": "a, b", "x-note": "?"},
                "cookies": ["c=1", "d=2"],
            })
        );
    }

    #[test]
    fn a_refused_event_is_answered_in_every_form() {
        let answer: Value = serde_json::from_str(malformed().get()).unwrap();
        assert_eq!(answer["statusCode"], 400);
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body, json!({"message": "Bad request"}));
        assert!(answer["headers"].is_object() && answer["multiValueHeaders"].is_object());
    }
}
