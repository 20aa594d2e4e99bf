//! The event that each trigger makes of a request.
//!
//! Payload 2.0 and 1.0: docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html,
//! Function URL: docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html,
//! load balancer: docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::fields::{
    body, decode, is_text_for_alb, is_text_for_http_api, joined, last, listed, now, or_null, pairs_as_sent,
    pairs_decoded, text_of,
};
use super::runtime_api::trace_id;
use super::trigger::Trigger;
use crate::base::fresh_id;
use crate::raw_http::Headers;

const ACCOUNT: &str = "123456789012";

/// A request as the platform's edge has it: unframed, with all it knows of the connection.
pub struct Arrived<'a> {
    pub method: &'a str,
    /// Path and query as sent.
    pub target: &'a str,
    pub headers: &'a Headers,
    pub body: &'a [u8],
    pub client_ip: IpAddr,
    /// Port of ours that the client reached.
    pub port: u16,
}

/// The event as the program gets it.
pub fn event(trigger: Trigger, arrived: &Arrived) -> Value {
    let request = Request::new(trigger, arrived);
    match trigger {
        Trigger::FunctionUrl | Trigger::FunctionUrlStream => request.payload_2(false),
        Trigger::HttpApi => request.payload_2(true),
        Trigger::RestApi => request.payload_1(),
        Trigger::Alb => request.load_balancer(false),
        Trigger::AlbMultiValue => request.load_balancer(true),
    }
}

struct Request<'a> {
    arrived: &'a Arrived<'a>,
    path: &'a str,
    /// `None` without `?`.
    query: Option<&'a str>,
    /// With what the edge adds and without what is for the edge alone; names as sent.
    headers: Vec<(String, String)>,
}

impl<'a> Request<'a> {
    fn new(trigger: Trigger, arrived: &'a Arrived<'a>) -> Self {
        let (path, query) = match arrived.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (arrived.target, None),
        };
        Self { arrived, path, query, headers: edge_headers(trigger, arrived) }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn lower_case(&self) -> impl Iterator<Item = (String, &str)> {
        self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
    }

    fn as_sent(&self) -> impl Iterator<Item = (String, &str)> {
        self.headers.iter().map(|(name, value)| (name.clone(), value.as_str()))
    }

    fn is_encoded(&self) -> bool {
        self.header("content-encoding").is_some()
    }

    fn source_ip(&self) -> String {
        self.arrived.client_ip.to_string()
    }

    /// Payload format 2.0. An HTTP API decodes the path, and what is behind a `?` that comes of it
    /// is lost; a Function URL leaves it as sent.
    fn payload_2(&self, is_http_api: bool) -> Value {
        let decoded = decode(self.path);
        let path = if is_http_api { decoded.split('?').next().unwrap_or_default() } else { self.path };
        let (unix_ms, time) = now();
        let host = self.header("host").unwrap_or_default();
        let domain = host.split(':').next().unwrap_or_default();
        let prefix = domain.split('.').next().unwrap_or_default();
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": self.query.unwrap_or_default(),
            "headers": joined(self.lower_case().filter(|(name, _)| name != "cookie")),
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": prefix,
                "domainName": domain,
                "domainPrefix": prefix,
                "http": {
                    "method": self.arrived.method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.source_ip(),
                    "userAgent": self.header("user-agent").unwrap_or_default(),
                },
                "requestId": fresh_id(),
                "routeKey": "$default",
                "stage": "$default",
                "time": time,
                "timeEpoch": unix_ms,
            },
        });
        let cookies: Vec<Value> = self
            .lower_case()
            .filter(|(name, _)| name == "cookie")
            .flat_map(|(_, value)| value.split(';').map(|cookie| json!(cookie.trim())))
            .collect();
        let query = pairs_decoded(self.query.unwrap_or_default());
        let query = joined(query.iter().map(|(name, value)| (name.clone(), value.as_str())));
        let as_text = is_text_for_http_api(self.header("content-type"), self.is_encoded());
        let members = event.as_object_mut().expect("made above");
        if !cookies.is_empty() {
            members.insert("cookies".to_owned(), Value::Array(cookies));
        }
        if !query.is_empty() {
            members.insert("queryStringParameters".to_owned(), Value::Object(query));
        }
        put_body(members, body(self.arrived.body, as_text));
        event
    }

    /// Payload format 1.0 of a REST API under a domain name of its own: the path without the stage.
    fn payload_1(&self) -> Value {
        let (unix_ms, time) = now();
        let host = self.header("host").unwrap_or_default();
        let domain = host.split(':').next().unwrap_or_default();
        let prefix = domain.split('.').next().unwrap_or_default();
        let pairs = pairs_decoded(self.query.unwrap_or_default());
        let query = || pairs.iter().map(|(name, value)| (name.clone(), value.as_str()));
        let below = decode(self.path.trim_start_matches('/'));
        let parameters = if below.is_empty() { Value::Null } else { json!({"proxy": below}) };
        let resource = if below.is_empty() { "/" } else { "/{proxy+}" };
        let (body, is_base64) = body(self.arrived.body, false);
        json!({
            "resource": resource,
            "path": self.path,
            "httpMethod": self.arrived.method,
            "headers": or_null(last(self.as_sent())),
            "multiValueHeaders": or_null(listed(self.as_sent())),
            "queryStringParameters": or_null(last(query())),
            "multiValueQueryStringParameters": or_null(listed(query())),
            "pathParameters": parameters,
            "stageVariables": null,
            "requestContext": {
                "resourceId": "2gxmpl",
                "resourcePath": resource,
                "httpMethod": self.arrived.method,
                "extendedRequestId": "JJbxmplHYosFVYQ=",
                "requestTime": time,
                "path": self.path,
                "accountId": ACCOUNT,
                "protocol": "HTTP/1.1",
                "stage": "prod",
                "domainPrefix": prefix,
                "requestTimeEpoch": unix_ms,
                "requestId": fresh_id(),
                "identity": {
                    "cognitoIdentityPoolId": null,
                    "accountId": null,
                    "cognitoIdentityId": null,
                    "caller": null,
                    "sourceIp": self.source_ip(),
                    "principalOrgId": null,
                    "accessKey": null,
                    "cognitoAuthenticationType": null,
                    "cognitoAuthenticationProvider": null,
                    "userArn": null,
                    "userAgent": self.header("user-agent"),
                    "user": null,
                },
                "domainName": domain,
                "apiId": "70ixmpl4fl",
            },
            "body": body,
            "isBase64Encoded": is_base64,
        })
    }

    /// A load balancer leaves the query as it is written, and without multi-value headers keeps the
    /// last of several.
    fn load_balancer(&self, multi_value: bool) -> Value {
        let pairs = pairs_as_sent(self.query.unwrap_or_default());
        let query = || pairs.iter().map(|(name, value)| (name.clone(), value.as_str()));
        let as_text = is_text_for_alb(self.header("content-type"), self.is_encoded());
        let (body, is_base64) = body(self.arrived.body, as_text);
        let group =
            format!("arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:targetgroup/latchkey/6d0ecf831eec9f09");
        let mut event = json!({
            "requestContext": {"elb": {"targetGroupArn": group}},
            "httpMethod": self.arrived.method,
            "path": self.path,
            "body": body.unwrap_or_else(|| json!("")),
            "isBase64Encoded": is_base64,
        });
        let (query_member, headers_member) = if multi_value {
            ("multiValueQueryStringParameters", "multiValueHeaders")
        } else {
            ("queryStringParameters", "headers")
        };
        let (query, headers) = if multi_value {
            (listed(query()), listed(self.lower_case()))
        } else {
            (last(query()), last(self.lower_case()))
        };
        event[query_member] = Value::Object(query);
        event[headers_member] = Value::Object(headers);
        event
    }
}

fn put_body(members: &mut Map<String, Value>, (body, is_base64): (Option<Value>, bool)) {
    if let Some(body) = body {
        members.insert("body".to_owned(), body);
    }
    members.insert("isBase64Encoded".to_owned(), json!(is_base64));
}

/// What the edge takes out is framing; what it sets is `X-Forwarded-*` and the trace.
fn edge_headers(trigger: Trigger, arrived: &Arrived) -> Vec<(String, String)> {
    const FRAMING: [&str; 3] = ["transfer-encoding", "content-length", "expect"];
    const SET: [&str; 4] = ["x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id"];
    let is = |name: &str, list: &[&str]| list.iter().any(|listed| name.eq_ignore_ascii_case(listed));
    let kept = arrived.headers.0.iter().filter(|(name, _)| !is(name, &FRAMING) && !is(name, &SET));
    let mut headers: Vec<(String, String)> =
        kept.map(|(name, value)| (name.clone(), text_of(value))).collect();
    let mut forwarded_for = arrived.headers.values("x-forwarded-for");
    forwarded_for.push(arrived.client_ip.to_string());
    let port = if trigger.scheme() == "https" { "443".to_owned() } else { arrived.port.to_string() };
    let mut set = |name: &str, value: String| {
        let is_rest = trigger == Trigger::RestApi;
        headers.push((if is_rest { name.to_owned() } else { name.to_ascii_lowercase() }, value));
    };
    let has_length = arrived.headers.contains("content-length") || !arrived.body.is_empty();
    if has_length {
        set("Content-Length", arrived.body.len().to_string());
    }
    set("X-Amzn-Trace-Id", trace_id().split(';').next().unwrap_or_default().to_owned());
    set("X-Forwarded-For", forwarded_for.join(", "));
    set("X-Forwarded-Port", port);
    set("X-Forwarded-Proto", trigger.scheme().to_owned());
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every member of the recorded event must be in ours with the same value; of those that change
    /// with each request, only the type. `null` is the same as absent.
    fn check(
        trigger: Trigger,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
        recorded: &str,
    ) {
        let made = make(trigger, method, target, headers, body.as_bytes());
        let recorded: Value = serde_json::from_str(recorded).unwrap();
        let mut differences = Vec::new();
        compare("", &recorded, &made, &mut differences);
        assert!(differences.is_empty(), "{differences:#?}\n{made:#}");
    }

    fn make(trigger: Trigger, method: &str, target: &str, pairs: &[(&str, &str)], body: &[u8]) -> Value {
        let mut headers = Headers::default();
        for (name, value) in pairs {
            headers.push(name, value);
        }
        let client_ip = "123.123.123.123".parse().unwrap();
        event(trigger, &Arrived { method, target, headers: &headers, body, client_ip, port: 8080 })
    }

    fn compare(path: &str, recorded: &Value, made: &Value, differences: &mut Vec<String>) {
        const CHANGING: [&str; 7] = [
            "requestId",
            "extendedRequestId",
            "time",
            "timeEpoch",
            "requestTime",
            "requestTimeEpoch",
            "x-amzn-trace-id",
        ];
        let name = path.rsplit('/').next().unwrap_or_default();
        match (recorded, made) {
            (Value::Object(members), _) => {
                for (name, member) in members {
                    compare(&format!("{path}/{name}"), member, &made[name], differences);
                }
            }
            _ => {
                let same = if CHANGING.contains(&name) {
                    std::mem::discriminant(recorded) == std::mem::discriminant(made)
                } else {
                    recorded == made
                };
                if !same {
                    differences.push(format!("{path}: {recorded} recorded, {made} made"));
                }
            }
        }
    }

    /// docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    #[test]
    fn function_url_as_documented() {
        let headers = [
            ("Host", "urlid.lambda-url.us-west-2.on.aws"),
            ("Header1", "value1"),
            ("header2", "value1"),
            ("HEADER2", "value2"),
            ("Cookie", "cookie1; cookie2"),
            ("User-Agent", "agent"),
            ("Content-Type", "text/plain"),
        ];
        let target = "/my/path?parameter1=value1&parameter1=value2&parameter2=value";
        for trigger in [Trigger::FunctionUrl, Trigger::FunctionUrlStream, Trigger::HttpApi] {
            let recorded = include_str!("recorded/function_url.json");
            check(trigger, "POST", target, &headers, "Hello from client!", recorded);
        }
    }

    /// An event as an HTTP API sent it (aws-lambda-go, events/testdata).
    #[test]
    fn http_api_as_recorded() {
        let headers = [
            ("Host", "aaaaaaaaaa.execute-api.us-west-2.amazonaws.com"),
            ("User-Agent", "curl/7.58.0"),
            ("Accept", "*/*"),
            ("Content-Length", "0"),
            ("X-Forwarded-Proto", "http"),
        ];
        check(Trigger::HttpApi, "GET", "/", &headers, "", include_str!("recorded/http_api.json"));
        let event = make(Trigger::HttpApi, "GET", "/", &headers, b"");
        for absent in ["body", "cookies", "queryStringParameters"] {
            assert!(event.get(absent).is_none(), "{absent}");
        }
    }

    /// docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    #[test]
    fn rest_api_as_documented() {
        let headers = [
            ("Host", "id.execute-api.us-east-1.amazonaws.com"),
            ("Header1", "value1"),
            ("Header2", "value1"),
            ("Header2", "value2"),
            ("User-Agent", "user-agent"),
        ];
        let target = "/my/path?parameter1=value1&parameter1=value2&parameter2=a%20value";
        check(
            Trigger::RestApi,
            "GET",
            target,
            &headers,
            "Hello from Lambda!",
            include_str!("recorded/rest_api.json"),
        );
    }

    /// docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    #[test]
    fn load_balancer_as_documented() {
        let headers = [
            ("Host", "lambda-846800462-us-east-2.elb.amazonaws.com"),
            ("Accept", "text/html,application/xhtml+xml"),
            ("Accept-Language", "en-US,en;q=0.8"),
            ("Content-Type", "text/plain"),
            ("Cookie", "name1=value1"),
            ("User-Agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6)"),
            ("X-Forwarded-For", "72.21.198.66"),
        ];
        check(
            Trigger::Alb,
            "GET",
            "/?myKey=x&myKey=a%20value",
            &headers,
            "request_body",
            include_str!("recorded/alb.json"),
        );
        let headers = [
            ("Accept", "text/html,application/xhtml+xml"),
            ("Content-Type", "text/plain"),
            ("Cookie", "name1=value1"),
            ("Cookie", "name2=value2"),
        ];
        let recorded = include_str!("recorded/alb_multi_value.json");
        check(Trigger::AlbMultiValue, "GET", "/?myKey=val1&myKey=val2", &headers, "request_body", recorded);
        let event = make(Trigger::AlbMultiValue, "GET", "/", &headers, b"");
        assert!(event.get("headers").is_none() && event.get("queryStringParameters").is_none());
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(""), &json!(false)));
    }

    /// Only an HTTP API decodes the path, and loses what is behind a `?` in it.
    #[test]
    fn paths_are_decoded_by_http_apis_alone() {
        let path = |trigger, target| {
            let event = make(trigger, "GET", target, &[("Host", "h")], b"");
            event.get("rawPath").unwrap_or(&event["path"]).as_str().unwrap().to_owned()
        };
        for trigger in Trigger::ALL {
            let is_http_api = trigger == Trigger::HttpApi;
            assert_eq!(path(trigger, "/a%2Fb%20c?x"), if is_http_api { "/a/b c" } else { "/a%2Fb%20c" });
            assert_eq!(path(trigger, "/a%3Fb"), if is_http_api { "/a" } else { "/a%3Fb" });
        }
        let event = make(Trigger::HttpApi, "GET", "/a?b=%20", &[("Host", "h")], b"");
        assert_eq!(event["rawQueryString"], "b=%20");
    }
}
