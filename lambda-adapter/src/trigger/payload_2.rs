//! Payload format 2.0: Function URLs and HTTP APIs
//! (<https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).

use bytes::Bytes;
use http::Response;
use http::header::{self, HeaderMap, HeaderValue};
use latchkey_gateway::request::Scheme;

use super::{Form, LAMBDA_BYTES_MAX};
use crate::answer::{Answer, cookies, joined};
use crate::event::{Event, EventContext, Malformed};
use crate::request::{self, Request};
use crate::text::as_str;

pub(super) const FORM: Form = Form { request, answer, answer_bytes_max: LAMBDA_BYTES_MAX, can_stream: true };

/// Whether an event is in this form.
pub(super) fn sends(event: &Event<'_>) -> bool {
    let context = event.request_context.as_ref();
    context.is_some_and(|context| context.http.is_some()) && event.raw_path.is_some()
}

pub(super) fn request(event: &Event<'_>) -> Result<Request, Malformed> {
    let none = EventContext::default();
    let context = event.request_context.as_ref().unwrap_or(&none);
    let http = context.http.as_ref();
    let method = request::method(http.and_then(|http| http.method.as_ref()))?;
    let mut headers = request::header_map(event);
    restore_cookies(&mut headers, event);
    let client_ip = http.and_then(|http| http.source_ip.as_ref()?.0.parse().ok());
    request::remove_platforms_entry(&mut headers, client_ip);
    let query = as_str(&event.raw_query_string);
    Ok(Request {
        method,
        path: request::fit_path(path_without_stage(event, context)),
        query: (!query.is_empty()).then(|| request::fit_query(query)),
        is_joined: true,
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
    let headers = response.headers();
    Answer {
        headers: Some(joined(headers, true)),
        // cargo-lambda's emulator wants the list even if it is empty.
        cookies: Some(cookies(headers)),
        ..Answer::new(response)
    }
}

/// An HTTP API's path begins with the stage, unless that is `$default` or the API is reached by a
/// domain name of its own.
fn path_without_stage<'e>(event: &'e Event<'_>, context: &'e EventContext<'_>) -> &'e str {
    let path = as_str(&event.raw_path);
    let stage = as_str(&context.stage);
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

/// Cookies come in a list. Where the field is there too, and one line, it is used as it was sent.
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

#[cfg(test)]
mod tests {
    use http::header::HeaderName;
    use serde_json::json;

    use super::super::Trigger;
    use super::super::testing::{check_answer, check_client_ip, check_length, request, values};
    use super::*;

    /// An HTTP API's event with these members besides.
    fn event(path: &str, members: &str, context: &str) -> Request {
        request(&format!(
            r#"{{"version": "2.0", "rawPath": "{path}", {members} "requestContext": {{{context}
                "http": {{"method": "GET", "sourceIp": "192.0.2.7"}}}}}}"#
        ))
    }

    #[test]
    fn path_is_fit_for_a_request_line() {
        let check = |raw: &str, expected: &str| assert_eq!(event(raw, "", "").path, expected);
        check("/a/b%2fc", "/a/b%2fc");
        check("", "/");
        check("a", "/a");
        check(r"/a b/\u00e9?x#y\u007f", "/a%20b/%C3%A9%3Fx%23y%7F");
        check("/..//a", "/..//a");
    }

    #[test]
    fn stage_is_no_part_of_the_path() {
        let check = |raw: &str, context: &str, expected: &str| {
            assert_eq!(event(raw, "", context).path, expected, "{raw} {context}");
        };
        check("/prod/a", r#""stage": "$default","#, "/prod/a");
        check("/prod/a", r#""stage": "prod","#, "/a");
        check("/prod", r#""stage": "prod","#, "/");
        check("/product", r#""stage": "prod","#, "/product");
        check("/a", r#""stage": "prod","#, "/a");
        check("/prod/a", r#""stage": "prod", "apiId": "x1", "domainPrefix": "x1","#, "/a");
        check("/prod/a", r#""stage": "prod", "apiId": "x1", "domainPrefix": "api","#, "/prod/a");
    }

    #[test]
    fn raw_query_stays_as_sent() {
        let check = |raw: &str, expected: Option<&str>| {
            let request = event("/", &format!("\"rawQueryString\": \"{raw}\","), "");
            assert_eq!(request.query.as_deref(), expected);
        };
        check("", None);
        check("a=%2f&b&=c&&a=+%20", Some("a=%2f&b&=c&&a=+%20"));
        check("a=b c#d", Some("a=b%20c%23d"));
        check(r#"a=<b>\"{c}|^`"#, Some("a=%3Cb%3E%22{c}|^`"));
    }

    #[test]
    fn odd_fields_cost_nothing_but_themselves() {
        let odd =
            r#""headers": {"a b": "1", "": "2", "c": "x\ny", "d": "\u00e9", "e": 7, "f": null, "g": "1"},"#;
        let request = event("/", odd, "");
        let names: Vec<_> = request.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["d", "e", "g"]);
        assert_eq!(request.headers["d"].as_bytes(), "\u{e9}".as_bytes());
        assert!(request.is_joined);
    }

    #[test]
    fn cookies_are_one_field() {
        let check = |members: &str, expected: &[&str]| {
            assert_eq!(values(&event("/", members, ""), "cookie"), expected, "{members}");
        };
        check(r#""cookies": ["a=1", "b=2"],"#, &["a=1; b=2"]);
        check(r#""cookies": [],"#, &[]);
        check(r#""cookies": null,"#, &[]);
        check(r#""cookies": ["a=1", "b=2"], "headers": {"cookie": "a=1;b=2"},"#, &["a=1;b=2"]);
        check(r#""cookies": ["a=1", "b=2"], "headers": {"cookie": "a=1,b=2"},"#, &["a=1; b=2"]);
    }

    #[test]
    fn the_platform_says_whose_request_it_is() {
        let forwarded =
            |list: &str| event("/", &format!(r#""headers": {{"x-forwarded-for": "{list}"}},"#), "");
        check_client_ip(&event("/", "", ""), "192.0.2.7", &[]);
        check_client_ip(&forwarded("192.0.2.7"), "192.0.2.7", &[]);
        check_client_ip(&forwarded("10.0.0.1, 192.0.2.7"), "192.0.2.7", &["10.0.0.1"]);
        check_client_ip(&forwarded("192.0.2.7, 10.0.0.1"), "192.0.2.7", &["192.0.2.7, 10.0.0.1"]);
    }

    #[test]
    fn scheme_port_and_host_are_the_platforms() {
        let check = |members: &str, host: &str| {
            let request = event("/", members, r#""domainName": "x.on.aws","#);
            assert_eq!((request.scheme, request.port), (Scheme::Https, 443));
            assert_eq!(String::from_utf8(request.host).unwrap(), host);
        };
        check("", "x.on.aws");
        check(r#""headers": {"host": "A:99"},"#, "A:99");
        // A client may have sent them.
        let fields = r#""headers": {"x-forwarded-proto": "http", "x-forwarded-port": "8080", "x-forwarded-host": "evil"},"#;
        check(fields, "x.on.aws");
    }

    #[test]
    fn bodies_are_bytes() {
        let body = |members: &str| event("/", members, "").body;
        assert_eq!(body("").as_ref(), b"");
        assert_eq!(body(r#""body": null, "isBase64Encoded": true,"#).as_ref(), b"");
        assert_eq!(body(r#""body": "\u00e9\n", "isBase64Encoded": false,"#).as_ref(), "\u{e9}\n".as_bytes());
        assert_eq!(body(r#""body": "AP8=", "isBase64Encoded": true,"#).as_ref(), [0, 255]);
    }

    #[test]
    fn the_method_is_a_token() {
        let event = Event::parse(r#"{"rawPath": "/", "requestContext": {"http": {}}}"#).unwrap();
        assert_eq!(super::request(&event).unwrap_err().0, "the method is no token");
    }

    #[test]
    fn repeated_fields_are_joined_and_cookies_listed() {
        let expected = json!({
            "statusCode": 200,
            "headers": {"content-type": "text/plain", "vary": "a, b"},
            "cookies": ["c=1; Path=/", "d=2"],
            "body": "hi",
            "isBase64Encoded": false,
        });
        check_answer(Trigger::Payload2, expected);
    }

    #[test]
    fn what_is_too_long_is_told() {
        check_length(Trigger::Payload2, (6 << 20) - 1000, "text/plain", true);
        check_length(Trigger::Payload2, 6 << 20, "text/plain", false);
    }
}
