//! Asking, and comparing what is answered.

use serde_json::Value;

use super::Api;
use crate::raw_http::{Request, Response};

/// Status and body of an answer; an empty body is null.
pub(super) type Answer = (u16, Value);

/// A valid id that nothing has.
pub(super) const NOBODY: &str = "0f5e7d0e-6c0c-4e4e-9d7e-0a0b0c0d0e0f";

pub(super) fn get(api: &dyn Api, target: &str) -> Answer {
    answer(&api.send(&request(api, "GET", target)))
}

pub(super) fn delete(api: &dyn Api, target: &str) -> Answer {
    answer(&api.send(&request(api, "DELETE", target)))
}

pub(super) fn post(api: &dyn Api, target: &str, body: Value) -> Answer {
    call(api, "POST", target, &body)
}

pub(super) fn put(api: &dyn Api, target: &str, body: Value) -> Answer {
    call(api, "PUT", target, &body)
}

pub(super) fn patch(api: &dyn Api, target: &str, body: Value) -> Answer {
    call(api, "PATCH", target, &body)
}

/// Sends JSON.
pub(super) fn call(api: &dyn Api, method: &str, target: &str, body: &Value) -> Answer {
    answer(&api.send(&with_json(request(api, method, target), &body.to_string())))
}

/// POST of what a test needs, which must succeed.
#[track_caller]
pub(super) fn make(api: &dyn Api, target: &str, body: Value) -> Value {
    let sent = body.to_string();
    let (status, made) = post(api, target, body);
    assert!(matches!(status, 200 | 201), "POST {target} {sent}: {status} {made}");
    made
}

/// A request with the token.
pub(super) fn request(api: &dyn Api, method: &str, target: &str) -> Request {
    Request::new(method, target).header("Kong-Admin-Token", api.token())
}

pub(super) fn with_json(request: Request, body: &str) -> Request {
    request.header("Content-Type", "application/json").body(body)
}

/// What an answer says, if it is of the form that all answers have.
#[track_caller]
pub(super) fn answer(response: &Response) -> Answer {
    if response.body.is_empty() {
        return (response.status, Value::Null);
    }
    let status = response.status;
    let body =
        response.json().unwrap_or_else(|| panic!("{status} with what is no JSON: {}", response.text()));
    let field = |name: &str| response.headers.values(name).join(" and ");
    assert_eq!(field("content-type"), "application/json; charset=utf-8", "{status} {body}");
    assert_eq!(field("cache-control"), "no-store", "{status} {body}");
    (status, body)
}

/// Checks the status, and that the answer contains what is expected.
#[track_caller]
pub fn expect((status, body): Answer, expected_status: u16, expected: Value) -> Value {
    assert_eq!(status, expected_status, "{body}");
    if let Err(path) = contains(&body, &expected) {
        panic!("at {path}: expected {expected}\nin {body}");
    }
    body
}

/// Checks for 204 without a body.
#[track_caller]
pub(super) fn expect_gone(answer: Answer) {
    assert_eq!(answer, (204, Value::Null));
}

/// Checks for Kong's answer to reading what is not there.
#[track_caller]
pub(super) fn expect_not_found(answer: Answer) {
    assert_eq!(answer, (404, serde_json::json!({"message": "Not found"})));
}

/// Whether every member of `expected` is in `body`; arrays must be equal in length.
pub(super) fn contains(body: &Value, expected: &Value) -> Result<(), String> {
    match (body, expected) {
        (Value::Object(body), Value::Object(expected)) => expected.iter().try_for_each(|(name, value)| {
            let found = body.get(name).ok_or_else(|| name.clone())?;
            contains(found, value).map_err(|path| format!("{name}.{path}"))
        }),
        (Value::Array(body), Value::Array(expected)) if body.len() == expected.len() => {
            body.iter().zip(expected).enumerate().try_for_each(|(at, (found, value))| {
                contains(found, value).map_err(|path| format!("{at}.{path}"))
            })
        }
        _ if body == expected => Ok(()),
        _ => Err(String::new()),
    }
}

/// A member that is a text.
#[track_caller]
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name} in {value}")).to_owned()
}

#[track_caller]
pub(super) fn id(value: &Value) -> String {
    text(value, "id")
}

/// The entities of a list.
#[track_caller]
pub(super) fn data(list: &Value) -> &[Value] {
    list["data"].as_array().unwrap_or_else(|| panic!("no list in {list}"))
}

/// A text as one segment of a path: all but unreserved characters escaped.
pub(super) fn segment(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escaped).collect()
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    #[test]
    fn contains_looks_at_every_expected_member() {
        let body = json!({"a": {"b": 1, "c": null}, "l": [{"x": 1, "y": 2}, 3]});
        for (expected, place) in [
            (json!({}), None),
            (json!({"a": {"c": null}, "l": [{"y": 2}, 3]}), None),
            (json!({"a": {"b": 2}}), Some("a.b.")),
            (json!({"a": {"d": null}}), Some("a.d")),
            (json!({"l": [{"x": 1}]}), Some("l.")),
            (json!({"l": [{"x": 2}, 3]}), Some("l.0.x.")),
            (json!([]), Some("")),
        ] {
            assert_eq!(contains(&body, &expected).err().as_deref(), place, "{expected}");
        }
    }

    #[test]
    fn segments_are_escaped() {
        assert_eq!(segment("a/é %~"), "a%2F%C3%A9%20%25~");
    }
}
