//! Payload format 1.0: REST APIs, and HTTP APIs that are set to it
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>).

use bytes::Bytes;
use http::Response;
use latchkey_gateway::request::Scheme;

use super::{Form, LAMBDA_BYTES_MAX};
use crate::answer::{Answer, Lists};
use crate::event::{Event, EventContext, Malformed};
use crate::request::{self, Request};
use crate::text::as_str;

pub(super) const FORM: Form = Form { request, answer, answer_bytes_max: LAMBDA_BYTES_MAX, can_stream: true };

/// Whether an event is in this form, no other that has these members being told apart before.
pub(super) fn sends(event: &Event<'_>) -> bool {
    let is_payload_2 = event.request_context.as_ref().is_some_and(|context| context.http.is_some());
    !is_payload_2 && event.http_method.is_some() && event.path.is_some()
}

pub(super) fn request(event: &Event<'_>) -> Result<Request, Malformed> {
    let none = EventContext::default();
    let context = event.request_context.as_ref().unwrap_or(&none);
    let method = request::method(event.http_method.as_ref())?;
    let mut headers = request::header_map(event);
    let identity = context.identity.as_ref();
    let client_ip = identity.and_then(|identity| identity.source_ip.as_ref()?.0.parse().ok());
    request::remove_platforms_entry(&mut headers, client_ip);
    Ok(Request {
        method,
        path: request::fit_path(as_str(&event.path)),
        query: request::join_decoded_query(event),
        is_joined: false,
        host: request::host(&headers, context),
        // What is in such fields may be the client's; https only is spoken.
        scheme: Scheme::Https,
        port: Scheme::Https.default_port(),
        client_ip,
        body: request::body(event)?,
        headers,
    })
}

fn answer(response: &Response<Bytes>) -> Answer<'_> {
    Answer { multi_value_headers: Some(Lists(response.headers())), ..Answer::new(response) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Trigger;
    use super::super::testing::{check_answer, check_client_ip, check_length, payload_1, values};
    use super::*;

    #[test]
    fn decoded_queries_are_encoded_again() {
        let check = |members: &str, expected: Option<&str>| {
            assert_eq!(payload_1(members, "").query.as_deref(), expected, "{members}");
        };
        check("", None);
        check(r#""multiValueQueryStringParameters": null,"#, None);
        check(
            r#""multiValueQueryStringParameters": {"b": ["1", "2"], "a": ["x y&+%/\u00e9"]},"#,
            Some("b=1&b=2&a=x%20y%26%2B%25%2F%C3%A9"),
        );
        check(r#""multiValueQueryStringParameters": {"a-._~": [""]},"#, Some("a-._~="));
        check(r#""queryStringParameters": {"a": "1"},"#, Some("a=1"));
    }

    #[test]
    fn lists_of_values_come_before_single_ones() {
        let both = r#""headers": {"A": "2"}, "multiValueHeaders": {"A": ["1", "2"], "B": ["3"]},"#;
        let request = payload_1(both, "");
        assert_eq!((values(&request, "a"), values(&request, "b")), (vec!["1", "2"], vec!["3"]));
        assert!(!request.is_joined);
    }

    #[test]
    fn the_platform_says_whose_request_it_is() {
        let rest = payload_1("", r#""identity": {"sourceIp": "2001:db8::1"}"#);
        check_client_ip(&rest, "2001:db8::1", &[]);
    }

    #[test]
    fn scheme_port_and_host_are_the_platforms() {
        // A client may have sent them.
        let fields = r#""headers": {"x-forwarded-proto": "http", "x-forwarded-port": "8080", "x-forwarded-host": "evil"},"#;
        let request = payload_1(fields, r#""domainName": "x""#);
        assert_eq!((request.scheme, request.port, request.host), (Scheme::Https, 443, b"x".to_vec()));
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        let check = |json: &str, reason: &str| {
            assert_eq!(request(&Event::parse(json).unwrap()).unwrap_err().0, reason);
        };
        check(r#"{"httpMethod": "G T", "path": "/", "requestContext": {}}"#, "the method is no token");
        check(
            r#"{"httpMethod": "GET", "path": "/", "body": "lk_", "isBase64Encoded": true}"#,
            "the body is not base64",
        );
    }

    #[test]
    fn fields_are_lists() {
        let expected = json!({
            "statusCode": 200,
            "multiValueHeaders": {
                "content-type": ["text/plain"],
                "vary": ["a", "b"],
                "set-cookie": ["c=1; Path=/", "d=2"],
            },
            "body": "hi",
            "isBase64Encoded": false,
        });
        check_answer(Trigger::Payload1, expected);
    }

    #[test]
    fn what_is_too_long_is_told() {
        // In base64 a third is lost.
        check_length(Trigger::Payload1, (6 << 20) / 4 * 3 - 1000, "image/png", true);
        check_length(Trigger::Payload1, (6 << 20) / 4 * 3, "image/png", false);
    }
}
