//! Application Load Balancers, with and without multi-value headers
//! (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>).

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName};
use http::{Response, StatusCode};
use latchkey_gateway::request::Scheme;

use super::Form;
use crate::answer::{Answer, Lists, joined};
use crate::event::{Event, EventContext, Malformed};
use crate::request::{self, Request};
use crate::text::as_str;

/// Longest answer, in bytes of JSON.
const BYTES_MAX: usize = 1 << 20;

static X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

pub(super) const FORM: Form = Form { request, answer, answer_bytes_max: BYTES_MAX, can_stream: false };
pub(super) const FORM_OF_LISTS: Form = Form { answer: answer_in_lists, ..FORM };

/// Whether an event is in this form.
pub(super) fn sends(event: &Event<'_>) -> bool {
    event.request_context.as_ref().is_some_and(|context| context.elb.is_some())
}

fn request(event: &Event<'_>) -> Result<Request, Malformed> {
    let none = EventContext::default();
    let context = event.request_context.as_ref().unwrap_or(&none);
    let method = request::method(event.http_method.as_ref())?;
    let mut headers = request::header_map(event);
    let client_ip = request::last_forwarded_for(&headers).and_then(address);
    if client_ip.is_some() {
        request::remove_last_forwarded_for(&mut headers);
    }
    let (scheme, port) = scheme_and_port(&headers);
    Ok(Request {
        method,
        path: request::fit_path(as_str(&event.path)),
        query: request::join_encoded_query(event),
        is_joined: false,
        host: request::host(&headers, context),
        scheme,
        port,
        client_ip,
        body: request::body(event)?,
        headers,
    })
}

/// What the client speaks, and the port it does so at. A load balancer puts its own in place of what
/// the client sent.
fn scheme_and_port(headers: &HeaderMap) -> (Scheme, u16) {
    let is_plain = headers.get_all(&X_FORWARDED_PROTO).iter().any(|scheme| scheme == "http");
    let scheme = if is_plain { Scheme::Http } else { Scheme::Https };
    let port = headers.get_all(&X_FORWARDED_PORT).iter().next_back();
    let port = port.and_then(|port| port.to_str().ok()?.parse().ok());
    (scheme, port.unwrap_or(scheme.default_port()))
}

/// It can be set to add the client's port.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

fn answer(response: &Response<Bytes>) -> Answer<'_> {
    Answer {
        status_description: Some(describe_status(response.status())),
        headers: Some(joined(response.headers(), false)),
        ..Answer::new(response)
    }
}

fn answer_in_lists(response: &Response<Bytes>) -> Answer<'_> {
    Answer {
        status_description: Some(describe_status(response.status())),
        multi_value_headers: Some(Lists(response.headers())),
        ..Answer::new(response)
    }
}

/// `200 OK`.
pub(super) fn describe_status(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Trigger;
    use super::super::testing::{check_answer, check_client_ip, check_length, payload_1, values};
    use super::*;

    fn event(members: &str) -> Request {
        payload_1(members, r#""elb": {}"#)
    }

    #[test]
    fn queries_are_left_encoded() {
        let query = r#""multiValueQueryStringParameters": {"a": ["x%20y", "+"], "b%26": ["%2F"]}, "multiValueHeaders": {},"#;
        assert_eq!(event(query).query.as_deref(), Some("a=x%20y&a=+&b%26=%2F"));
        let query = r##""queryStringParameters": {"a": "x%20y<&>\"#"}, "headers": {},"##;
        assert_eq!(event(query).query.as_deref(), Some("a=x%20y%3C%26%3E%22%23"));
    }

    #[test]
    fn fields_may_come_without_lists() {
        assert_eq!(values(&event(r#""headers": {"A": "2"},"#), "a"), ["2"]);
    }

    #[test]
    fn the_client_is_last_in_the_list() {
        let forwarded = |list: &str| event(&format!(r#""headers": {{"x-forwarded-for": "{list}"}},"#));
        check_client_ip(&forwarded("10.0.0.1, 192.0.2.7"), "192.0.2.7", &["10.0.0.1"]);
        check_client_ip(&forwarded("192.0.2.7:4711"), "192.0.2.7", &[]);
        check_client_ip(&forwarded("[2001:db8::1]:4711"), "2001:db8::1", &[]);
        check_client_ip(&forwarded("x"), "", &["x"]);
        check_client_ip(&event(""), "", &[]);
        let lines = r#""multiValueHeaders": {"x-forwarded-for": ["10.0.0.1", "10.0.0.2, 192.0.2.7"]},"#;
        check_client_ip(&event(lines), "192.0.2.7", &["10.0.0.1", "10.0.0.2"]);
    }

    #[test]
    fn scheme_and_port_are_its_own_word() {
        let check = |members: &str, scheme: Scheme, port: u16| {
            let request = event(members);
            assert_eq!((request.scheme, request.port), (scheme, port), "{members}");
            assert!(request.host.is_empty());
        };
        let headers = r#""headers": {"x-forwarded-proto": "http", "x-forwarded-port": "8080", "x-forwarded-host": "evil"},"#;
        check(headers, Scheme::Http, 8080);
        check(r#""headers": {"x-forwarded-proto": "http"},"#, Scheme::Http, 80);
        check("", Scheme::Https, 443);
        let twice = r#""multiValueHeaders": {"x-forwarded-proto": ["https", "http"], "x-forwarded-port": ["443", "80"]},"#;
        check(twice, Scheme::Http, 80);
    }

    #[test]
    fn answers_describe_their_status() {
        let expected = json!({
            "statusCode": 200,
            "statusDescription": "200 OK",
            "headers": {"content-type": "text/plain", "vary": "a, b", "set-cookie": "d=2"},
            "body": "hi",
            "isBase64Encoded": false,
        });
        check_answer(Trigger::LoadBalancer, expected);
        let expected = json!({
            "statusCode": 200,
            "statusDescription": "200 OK",
            "multiValueHeaders": {
                "content-type": ["text/plain"],
                "vary": ["a", "b"],
                "set-cookie": ["c=1; Path=/", "d=2"],
            },
            "body": "hi",
            "isBase64Encoded": false,
        });
        check_answer(Trigger::LoadBalancerLists, expected);
    }

    #[test]
    fn unknown_statuses_have_no_reason() {
        assert_eq!(describe_status(StatusCode::from_u16(299).unwrap()), "299");
        assert_eq!(describe_status(StatusCode::NOT_FOUND), "404 Not Found");
    }

    #[test]
    fn what_is_too_long_is_told() {
        check_length(Trigger::LoadBalancer, (1 << 20) - 1000, "text/plain", true);
        check_length(Trigger::LoadBalancer, 1 << 20, "text/plain", false);
    }
}
