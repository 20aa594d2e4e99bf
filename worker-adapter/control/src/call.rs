//! A call at the gateway that a page hangs on, in texts: from the workspace's object to the door's isolate,
//! which makes it, and back.

use std::time::Duration;

use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use latchkey_control::gateway_call::{Answered, GatewayAnswer, GatewayCall};
use latchkey_worker_shared::answer::push_field;

/// `C`; then, a line each, for how many milliseconds the whole answer is waited for, the bytes of its body
/// past which it is read no further, the method, the URL, the number of fields, and of each field its name and
/// its value; then the body.
pub fn need(call: GatewayCall) -> String {
    let url = call.url();
    let (mut head, body) = call.into_request().into_parts();
    // The platform makes both of what it is given.
    head.headers.remove(HOST);
    head.headers.remove(CONTENT_LENGTH);
    let (method, fields) = (head.method, head.headers.len());
    let (timeout_ms, bytes_max) = (GatewayCall::TIMEOUT.as_millis(), GatewayCall::ANSWER_BYTES_MAX);
    let mut text = format!("C\n{timeout_ms}\n{bytes_max}\n{method}\n{url}\n{fields}");
    for (name, value) in &head.headers {
        push_field(&mut text, name, value.as_bytes());
    }
    text.push('\n');
    text.push_str(&String::from_utf8_lossy(&body));
    text
}

/// What came of it: `late`, `unreachable`, or `answered` and, a line each, the status, how many milliseconds it
/// took, the number of fields and each of them; then the body, as far as it was read. `None`: it is no such
/// text.
pub fn answer(text: &[u8]) -> Option<GatewayAnswer> {
    let mut rest = text;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        line
    };
    match line() {
        b"late" => return Some(GatewayAnswer::TooSlow),
        b"unreachable" => return Some(GatewayAnswer::Unreachable),
        b"answered" => {}
        _ => return None,
    }
    let status = StatusCode::from_bytes(line()).ok()?;
    let (took_ms, fields) = (number(line())?, number(line())?);
    let mut headers = HeaderMap::new();
    for _ in 0..fields {
        let (name, value) = (HeaderName::from_bytes(line()), HeaderValue::from_bytes(line()));
        headers.append(name.ok()?, value.ok()?);
    }
    let mut response = Response::new(rest.to_vec().into());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(GatewayAnswer::Answered(Answered::new(response, Duration::from_millis(took_ms))))
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_with_its_fields_and_its_body() {
        let read = answer(b"answered\n201\n12\n3\nx-empty\n\nset-cookie\na=1\nset-cookie\nb=2\n\nbo\xffdy");
        let Some(GatewayAnswer::Answered(answered)) = read else { panic!("{read:?}") };
        let Answered { response, goes_on, took } = answered;
        assert_eq!((response.status(), took), (StatusCode::CREATED, Duration::from_millis(12)));
        assert_eq!(response.headers()["x-empty"], "");
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
        assert_eq!((&response.body()[..], goes_on), (&b"\nbo\xffdy"[..], false));
    }

    #[test]
    fn a_body_that_goes_on_is_cut() {
        for (more, goes_on) in [(0, false), (1, true), (1000, true)] {
            let body = vec![b'x'; GatewayCall::ANSWER_BYTES_MAX + more];
            let Some(GatewayAnswer::Answered(answered)) =
                answer(&[&b"answered\n200\n1\n0\n"[..], &body].concat())
            else {
                panic!("an answer")
            };
            let read = answered.response.body().len();
            assert_eq!((read, answered.goes_on), (GatewayCall::ANSWER_BYTES_MAX, goes_on), "{more}");
        }
    }

    #[test]
    fn what_came_instead_is_read_and_rubbish_is_none() {
        assert!(matches!(answer(b"late"), Some(GatewayAnswer::TooSlow)));
        assert!(matches!(answer(b"unreachable"), Some(GatewayAnswer::Unreachable)));
        for rubbish in [
            "",
            "x",
            "answered",
            "answered\n20",
            "answered\n200\nx\n0\n",
            "answered\n200\n1\n-1\n",
            "answered\n200\n1\n1\na b\nc\n",
            "answered\n200\n1\n9",
        ] {
            assert!(answer(rubbish.as_bytes()).is_none(), "{rubbish:?}");
        }
    }
}
