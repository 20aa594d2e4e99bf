//! A response as the triggers read it: one JSON object, of which each has its own members.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// An answer; what a trigger does not read is left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer<'r> {
    pub(crate) status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<BTreeMap<&'r str, Cow<'r, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) multi_value_headers: Option<Lists<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cookies: Option<Vec<Cow<'r, str>>>,
    pub(crate) body: Cow<'r, str>,
    pub(crate) is_base64_encoded: bool,
}

impl<'r> Answer<'r> {
    /// What all triggers read alike: status and body, and no field yet.
    pub(crate) fn new(response: &'r Response<Bytes>) -> Self {
        let bytes = response.body();
        let text = text_of(response.headers(), bytes);
        Answer {
            status_code: response.status().as_u16(),
            status_description: None,
            headers: None,
            multi_value_headers: None,
            cookies: None,
            is_base64_encoded: text.is_none(),
            body: text.map_or_else(|| STANDARD.encode(bytes).into(), Cow::Borrowed),
        }
    }

    pub(crate) fn to_json(&self) -> Box<RawValue> {
        to_raw_value(self).expect("an answer has string keys only")
    }
}

/// Each field with all its values.
pub(crate) struct Lists<'r>(pub(crate) &'r HeaderMap);

impl Serialize for Lists<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = |name| self.0.get_all(name).iter().map(text).collect::<Vec<_>>();
        let names = self.0.keys().filter(|name| !is_platforms(name));
        serializer.collect_map(names.map(|name| (name.as_str(), values(name))))
    }
}

/// Each field once, its values joined; cookies cannot be joined: with `cookies_apart` they are left
/// out, else the last one stays.
pub(crate) fn joined(headers: &HeaderMap, cookies_apart: bool) -> BTreeMap<&str, Cow<'_, str>> {
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

/// The values of each `Set-Cookie`.
pub(crate) fn cookies(headers: &HeaderMap) -> Vec<Cow<'_, str>> {
    headers.get_all(header::SET_COOKIE).iter().map(text).collect()
}

/// A value as text: what is not UTF-8 is read as Latin-1, one character for each byte.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// A body that can go as text: nothing, or one that says that it is text, is in no coding, and is
/// UTF-8.
fn text_of<'r>(headers: &HeaderMap, body: &'r [u8]) -> Option<&'r str> {
    let text = std::str::from_utf8(body).ok()?;
    let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_text =
        headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain) && media_type.is_some_and(is_textual);
    (text.is_empty() || is_text).then_some(text)
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
    use serde_json::Value;

    use super::*;

    fn response(headers: &[(&str, &str)], body: &[u8]) -> Response<Bytes> {
        let mut response = Response::new(Bytes::copy_from_slice(body));
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            response.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        }
        response
    }

    fn check_body(headers: &[(&str, &str)], body: &[u8], text: &str, is_base64: bool) {
        let response = response(headers, body);
        let answer: Value = serde_json::from_str(Answer::new(&response).to_json().get()).unwrap();
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
        assert_eq!(joined(latin.headers(), true)["a"], "\u{e9}");
        let lists = serde_json::to_string(&Lists(latin.headers())).unwrap();
        assert_eq!(lists, "{\"a\":[\"\u{e9}\"]}");
    }
}
