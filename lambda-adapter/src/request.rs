//! An event as an HTTP request.

use std::borrow::Cow;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use latchkey_gateway::request::{Now, RequestHead, Scheme};

use crate::event::{Authorizer, Event, EventContext, Kind, Malformed, Trigger};
use crate::fields::Fields;
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
        let (scheme, port) = match is_load_balancer {
            true => load_balancers_word(&headers),
            // What others have in such fields may be the client's; they speak https only.
            false => (Scheme::Https, Scheme::Https.default_port()),
        };
        let host = headers.get(header::HOST).map(|host| host.as_bytes().to_vec());
        Ok(Request {
            method,
            path: fit_path(path),
            query: query(event, kind),
            is_joined: is_payload_2,
            host: host.unwrap_or_else(|| text(&context.domain_name).as_bytes().to_vec()),
            scheme,
            port,
            client_ip,
            body: body(event)?,
            headers,
        })
    }

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

/// Whether an authorizer's event tells of a path that API Gateway may have read otherwise.
///
/// A REST API tells of the path as it was sent. An HTTP API tells of it decoded, in all its fields
/// alike (`path`, `rawPath`, `requestContext`, the ARN), and cuts it at a `?` that comes of that; its
/// routes it finds by what was sent. What that was shows in the parameters that it found: one of a
/// single segment has a `/` in it only if that was escaped. Nor does what would end a path, or what
/// servers take for a `/`, stand in a path but for decoding.
pub(crate) fn is_path_ambiguous(event: &Event<'_>) -> bool {
    let is_odd = |byte: u8| byte.is_ascii_control() || matches!(byte, b'?' | b'#' | b'\\');
    let paths = [&event.raw_path, &event.path].into_iter().flatten();
    if paths.into_iter().any(|path| !path.0.starts_with('/') || path.0.bytes().any(is_odd)) {
        return true;
    }
    let is_rest_api = event.version.is_none();
    let Some(parameters) = event.path_parameters.as_ref().filter(|_| !is_rest_api) else { return false };
    let route = event.route_key.as_ref().or(event.resource.as_ref()).map_or("", |route| &route.0);
    let has = |value: &str, character: char, escape: &str| {
        value.contains(character) || value.to_ascii_lowercase().contains(escape)
    };
    parameters.iter().any(|(name, value)| {
        let is_rest_of_path = route.contains(&format!("{{{name}+}}"));
        has(value, '?', "%3f") || (!is_rest_of_path && has(value, '/', "%2f"))
    })
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

/// What the client speaks, and the port it does so at. A load balancer puts its own in place of what
/// the client sent.
fn load_balancers_word(headers: &HeaderMap) -> (Scheme, u16) {
    let is_plain = headers.get_all(&X_FORWARDED_PROTO).iter().any(|scheme| scheme == "http");
    let scheme = if is_plain { Scheme::Http } else { Scheme::Https };
    let port = headers.get_all(&X_FORWARDED_PORT).iter().next_back();
    let port = port.and_then(|port| port.to_str().ok()?.parse().ok());
    (scheme, port.unwrap_or(scheme.default_port()))
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
            let is_special = |byte: u8| matches!(byte, b'#' | b'&' | b'"' | b'<' | b'>');
            join_query(event, |text, out| append_encoded(text, is_special, out))
        }
    }
}

fn fit_query(query: &str) -> String {
    let mut fit = String::with_capacity(query.len());
    append_encoded(query, |byte| matches!(byte, b'#' | b'"' | b'<' | b'>'), &mut fit);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> Request {
        let event = Event::parse(json).unwrap();
        Request::new(&event, event.kind().unwrap()).unwrap()
    }

    /// An HTTP API's event with these members besides.
    fn payload_2(path: &str, members: &str, context: &str) -> Request {
        request(&format!(
            r#"{{"version": "2.0", "rawPath": "{path}", {members} "requestContext": {{{context}
                "http": {{"method": "GET", "sourceIp": "192.0.2.7"}}}}}}"#
        ))
    }

    /// A load balancer's or a REST API's event with these members.
    fn payload_1(members: &str, context: &str) -> Request {
        request(&format!(
            r#"{{"httpMethod": "GET", "path": "/a", {members} "requestContext": {{{context}}}}}"#
        ))
    }

    fn values<'r>(request: &'r Request, name: &str) -> Vec<&'r str> {
        request.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    #[test]
    fn path_is_fit_for_a_request_line() {
        let check = |raw: &str, expected: &str| assert_eq!(payload_2(raw, "", "").path, expected);
        check("/a/b%2fc", "/a/b%2fc");
        check("", "/");
        check("a", "/a");
        check(r"/a b/\u00e9?x#y", "/a%20b/%C3%A9%3Fx%23y");
        check("/..//a", "/..//a");
    }

    #[test]
    fn stage_is_no_part_of_the_path() {
        let check = |raw: &str, context: &str, expected: &str| {
            assert_eq!(payload_2(raw, "", context).path, expected, "{raw} {context}");
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
    fn a_path_that_may_have_been_another_is_ambiguous() {
        let check = |members: &str, expected: bool| {
            let event = Event::parse(members).unwrap();
            assert_eq!(is_path_ambiguous(&event), expected, "{members}");
        };
        for path in ["/a b", "/a/é", "/a%2fb", "/a;b", "/a%3fb", "/a/../b"] {
            check(&format!(r#"{{"version": "2.0", "rawPath": "{path}"}}"#), false);
            check(&format!(r#"{{"path": "{path}"}}"#), false);
        }
        for path in ["", "a", "*", "/a?b", "/a#b", r"/a\\b", r"/a\u0000", r"/a\u007f"] {
            check(&format!(r#"{{"version": "2.0", "rawPath": "{path}"}}"#), true);
            check(&format!(r#"{{"path": "{path}"}}"#), true);
        }
        let two = |route: &str, parameters: &str, expected: bool| {
            let route =
                format!(r#""rawPath": "/a/b", "routeKey": "GET {route}", "pathParameters": {parameters}"#);
            check(&format!(r#"{{"version": "2.0", {route}}}"#), expected);
        };
        two("/a/{x}", r#"{"x": "b"}"#, false);
        two("/{x}", r#"{"x": "a/b"}"#, true);
        two("/{x}", r#"{"x": "a%2Fb"}"#, true);
        two("/{x+}", r#"{"x": "a/b"}"#, false);
        two("/{x}/{y+}", r#"{"x": "a", "y": "b"}"#, false);
        two("/{x+}", r#"{"x": "a/b?c"}"#, true);
        two("/{x+}", r#"{"x": "a/b%3fc"}"#, true);
        two("/a/b", "null", false);
        check(
            r#"{"version": "1.0", "path": "/a/b", "resource": "/{x}", "pathParameters": {"x": "a/b"}}"#,
            true,
        );
        // A REST API tells of the path as it was sent.
        check(r#"{"path": "/a%2Fb", "resource": "/{x}", "pathParameters": {"x": "a/b"}}"#, false);
    }

    #[test]
    fn raw_query_stays_as_sent() {
        let check = |raw: &str, expected: Option<&str>| {
            let request = payload_2("/", &format!("\"rawQueryString\": \"{raw}\","), "");
            assert_eq!(request.query.as_deref(), expected);
        };
        check("", None);
        check("a=%2f&b&=c&&a=+%20", Some("a=%2f&b&=c&&a=+%20"));
        check("a=b c#d", Some("a=b%20c%23d"));
        check(r#"a=<b>\"{c}|^`"#, Some("a=%3Cb%3E%22{c}|^`"));
    }

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
        check(r#""multiValueQueryStringParameters": {"a": [""]},"#, Some("a="));
        check(r#""queryStringParameters": {"a": "1"},"#, Some("a=1"));
    }

    #[test]
    fn load_balancers_leave_queries_encoded() {
        let query = r#""multiValueQueryStringParameters": {"a": ["x%20y", "+"], "b%26": ["%2F"]}, "multiValueHeaders": {},"#;
        assert_eq!(payload_1(query, r#""elb": {}"#).query.as_deref(), Some("a=x%20y&a=+&b%26=%2F"));
        let query = r#""queryStringParameters": {"a": "x%20y"}, "headers": {},"#;
        assert_eq!(payload_1(query, r#""elb": {}"#).query.as_deref(), Some("a=x%20y"));
    }

    #[test]
    fn lists_of_values_come_before_single_ones() {
        let both = r#""headers": {"A": "2"}, "multiValueHeaders": {"A": ["1", "2"], "B": ["3"]},"#;
        let request = payload_1(both, "");
        assert_eq!((values(&request, "a"), values(&request, "b")), (vec!["1", "2"], vec!["3"]));
        assert!(!request.is_joined);
        let single = payload_1(r#""headers": {"A": "2"},"#, r#""elb": {}"#);
        assert_eq!(values(&single, "a"), ["2"]);
        assert!(payload_2("/", r#""headers": {"a": "1,2"},"#, "").is_joined);
    }

    #[test]
    fn odd_fields_cost_nothing_but_themselves() {
        let odd =
            r#""headers": {"a b": "1", "": "2", "c": "x\ny", "d": "\u00e9", "e": 7, "f": null, "g": "1"},"#;
        let request = payload_2("/", odd, "");
        let names: Vec<_> = request.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["d", "e", "g"]);
        assert_eq!(request.headers["d"].as_bytes(), "\u{e9}".as_bytes());
    }

    #[test]
    fn cookies_are_one_field() {
        let check = |members: &str, expected: &[&str]| {
            assert_eq!(values(&payload_2("/", members, ""), "cookie"), expected, "{members}");
        };
        check(r#""cookies": ["a=1", "b=2"],"#, &["a=1; b=2"]);
        check(r#""cookies": [],"#, &[]);
        check(r#""cookies": null,"#, &[]);
        check(r#""cookies": ["a=1", "b=2"], "headers": {"cookie": "a=1;b=2"},"#, &["a=1;b=2"]);
        check(r#""cookies": ["a=1", "b=2"], "headers": {"cookie": "a=1,b=2"},"#, &["a=1; b=2"]);
    }

    fn check_client_ip(request: &Request, ip: &str, forwarded_for: &[&str]) {
        assert_eq!(request.client_ip, ip.parse().ok());
        assert_eq!(values(request, "x-forwarded-for"), forwarded_for);
    }

    #[test]
    fn the_platform_says_whose_request_it_is() {
        let forwarded =
            |list: &str| payload_2("/", &format!(r#""headers": {{"x-forwarded-for": "{list}"}},"#), "");
        check_client_ip(&payload_2("/", "", ""), "192.0.2.7", &[]);
        check_client_ip(&forwarded("192.0.2.7"), "192.0.2.7", &[]);
        check_client_ip(&forwarded("10.0.0.1, 192.0.2.7"), "192.0.2.7", &["10.0.0.1"]);
        check_client_ip(&forwarded("192.0.2.7, 10.0.0.1"), "192.0.2.7", &["192.0.2.7, 10.0.0.1"]);
        let rest = payload_1("", r#""identity": {"sourceIp": "2001:db8::1"}"#);
        check_client_ip(&rest, "2001:db8::1", &[]);
    }

    #[test]
    fn a_load_balancer_has_the_client_last() {
        let forwarded = |list: &str| {
            payload_1(&format!(r#""headers": {{"x-forwarded-for": "{list}"}},"#), r#""elb": {}"#)
        };
        check_client_ip(&forwarded("10.0.0.1, 192.0.2.7"), "192.0.2.7", &["10.0.0.1"]);
        check_client_ip(&forwarded("192.0.2.7:4711"), "192.0.2.7", &[]);
        check_client_ip(&forwarded("x"), "", &["x"]);
        check_client_ip(&payload_1("", r#""elb": {}"#), "", &[]);
        let lines = r#""multiValueHeaders": {"x-forwarded-for": ["10.0.0.1", "10.0.0.2, 192.0.2.7"]},"#;
        check_client_ip(&payload_1(lines, r#""elb": {}"#), "192.0.2.7", &["10.0.0.1", "10.0.0.2"]);
    }

    #[test]
    fn scheme_port_and_host_are_the_platforms() {
        let check = |request: Request, expected: (Scheme, u16, &str)| {
            let host = String::from_utf8(request.host).unwrap();
            assert_eq!((request.scheme, request.port, host.as_str()), expected);
        };
        let domain = r#""domainName": "x.on.aws","#;
        check(payload_2("/", "", domain), (Scheme::Https, 443, "x.on.aws"));
        check(payload_2("/", r#""headers": {"host": "A:99"},"#, domain), (Scheme::Https, 443, "A:99"));
        // A client may have sent them.
        let fields = r#""headers": {"x-forwarded-proto": "http", "x-forwarded-port": "8080", "x-forwarded-host": "evil"},"#;
        check(payload_2("/", fields, domain), (Scheme::Https, 443, "x.on.aws"));
        check(payload_1(fields, r#""domainName": "x""#), (Scheme::Https, 443, "x"));
        let balanced = |fields: &str| payload_1(fields, r#""elb": {}"#);
        check(balanced(fields), (Scheme::Http, 8080, ""));
        check(balanced(r#""headers": {"x-forwarded-proto": "http"},"#), (Scheme::Http, 80, ""));
        check(balanced(""), (Scheme::Https, 443, ""));
        let twice = r#""multiValueHeaders": {"x-forwarded-proto": ["https", "http"], "x-forwarded-port": ["443", "80"]},"#;
        check(balanced(twice), (Scheme::Http, 80, ""));
    }

    #[test]
    fn bodies_are_bytes() {
        let body = |members: &str| payload_2("/", members, "").body;
        assert_eq!(body("").as_ref(), b"");
        assert_eq!(body(r#""body": null, "isBase64Encoded": true,"#).as_ref(), b"");
        assert_eq!(body(r#""body": "\u00e9\n", "isBase64Encoded": false,"#).as_ref(), "\u{e9}\n".as_bytes());
        assert_eq!(body(r#""body": "AP8=", "isBase64Encoded": true,"#).as_ref(), [0, 255]);
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        let check = |json: &str, reason: &str| {
            let event = Event::parse(json).unwrap();
            let error = Request::new(&event, event.kind().unwrap()).unwrap_err();
            assert_eq!(error.0, reason);
        };
        check(r#"{"rawPath": "/", "requestContext": {"http": {}}}"#, "the method is no token");
        check(r#"{"httpMethod": "G T", "path": "/", "requestContext": {}}"#, "the method is no token");
        check(
            r#"{"httpMethod": "GET", "path": "/", "body": "lk_", "isBase64Encoded": true}"#,
            "the body is not base64",
        );
    }
}
