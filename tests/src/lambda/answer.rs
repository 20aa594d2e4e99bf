//! The HTTP response that each trigger makes of what the function returned.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::trigger::Trigger;

/// Ends the metadata of a streamed response.
pub const PRELUDE_END: [u8; 8] = [0; 8];
const REMAPPED: &str = "x-amzn-Remapped-";
/// What a REST API and a Function URL rename in responses
/// (docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
const REMAPPED_NAMES: [&str; 5] = ["connection", "date", "host", "server", "www-authenticate"];
/// Framing is the edge's own; a load balancer drops all hop-by-hop fields.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "keep-alive"];
const HOP_BY_HOP: [&str; 6] =
    ["connection", "proxy-authenticate", "te", "trailer", "upgrade", "proxy-connection"];

/// A response as the client gets it.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Of a whole response. `Err`: what is wrong with it; the client gets [`Trigger::failure`].
pub fn answer(trigger: Trigger, returned: &[u8]) -> Result<Answer, String> {
    if returned.len() > trigger.answer_bytes_max() {
        return Err(format!("the response has {} bytes", returned.len()));
    }
    let value: Value = serde_json::from_slice(returned).map_err(|error| format!("no JSON: {error}"))?;
    let mut answer = match trigger {
        Trigger::FunctionUrl | Trigger::FunctionUrlStream | Trigger::HttpApi => payload_2(&value, returned)?,
        Trigger::RestApi => with_lists(&value, true)?,
        Trigger::Alb => with_lists(&value, false)?,
        Trigger::AlbMultiValue => only_lists(&value)?,
    };
    answer.headers = edge_headers(trigger, answer.headers)?;
    Ok(answer)
}

/// Of the metadata of a streamed response.
pub fn prelude(trigger: Trigger, metadata: &[u8]) -> Result<Answer, String> {
    let value: Value = serde_json::from_slice(metadata).map_err(|error| format!("no JSON: {error}"))?;
    let status = status(&value)?;
    let mut headers = scalars(&value["headers"])?;
    headers.extend(cookies(&value)?);
    Ok(Answer { status, headers: edge_headers(trigger, headers)?, body: Vec::new() })
}

/// A JSON value without `statusCode` is a body itself.
fn payload_2(value: &Value, returned: &[u8]) -> Result<Answer, String> {
    if value.get("statusCode").is_none() {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        return Ok(Answer { status: 200, headers, body: returned.to_vec() });
    }
    let mut headers = scalars(&value["headers"])?;
    if !has(&headers, "content-type") {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    headers.extend(cookies(value)?);
    Ok(Answer { status: status(value)?, headers, body: body(value)? })
}

/// Without multi-value headers, a load balancer reads `headers` alone; a REST API both.
fn with_lists(value: &Value, reads_lists: bool) -> Result<Answer, String> {
    let mut headers = scalars(&value["headers"])?;
    if reads_lists {
        let lists = lists(&value["multiValueHeaders"])?;
        headers.retain(|(name, _)| !has(&lists, name));
        headers.extend(lists);
        if !has(&headers, "content-type") {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
    }
    Ok(Answer { status: status(value)?, headers, body: body(value)? })
}

fn only_lists(value: &Value) -> Result<Answer, String> {
    let headers = lists(&value["multiValueHeaders"])?;
    Ok(Answer { status: status(value)?, headers, body: body(value)? })
}

fn status(value: &Value) -> Result<u16, String> {
    let given = &value["statusCode"];
    let number = given.as_u64().or_else(|| given.as_str()?.parse().ok());
    let status = number.and_then(|number| u16::try_from(number).ok()).filter(|s| (100..600).contains(s));
    status.ok_or_else(|| format!("statusCode {given}"))
}

fn body(value: &Value) -> Result<Vec<u8>, String> {
    let text = match &value["body"] {
        Value::Null => return Ok(Vec::new()),
        Value::String(text) => text,
        other => return Err(format!("body is no text: {other}")),
    };
    if value["isBase64Encoded"] == true {
        return STANDARD.decode(text).map_err(|error| format!("body is no base64: {error}"));
    }
    Ok(text.clone().into_bytes())
}

fn cookies(value: &Value) -> Result<Vec<(String, String)>, String> {
    let cookies = value["cookies"].as_array().into_iter().flatten();
    cookies.map(|cookie| Ok(("set-cookie".to_owned(), scalar("cookie", cookie)?))).collect()
}

fn scalars(map: &Value) -> Result<Vec<(String, String)>, String> {
    let members = map.as_object().into_iter().flatten();
    members.map(|(name, value)| Ok((name.clone(), scalar(name, value)?))).collect()
}

fn lists(map: &Value) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    for (name, values) in map.as_object().into_iter().flatten() {
        let values = values.as_array().ok_or_else(|| format!("{name} is no list"))?;
        for value in values {
            pairs.push((name.clone(), scalar(name, value)?));
        }
    }
    Ok(pairs)
}

fn scalar(name: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        other => Err(format!("{name} is {other}")),
    }
}

fn has(headers: &[(String, String)], name: &str) -> bool {
    headers.iter().any(|(there, _)| there.eq_ignore_ascii_case(name))
}

fn edge_headers(trigger: Trigger, headers: Vec<(String, String)>) -> Result<Vec<(String, String)>, String> {
    let is = |name: &str, list: &[&str]| list.iter().any(|listed| name.eq_ignore_ascii_case(listed));
    let is_url = matches!(trigger, Trigger::FunctionUrl | Trigger::FunctionUrlStream);
    let mut passed = Vec::new();
    for (name, value) in headers {
        if value.contains(['\r', '\n']) || name.is_empty() || name.contains([' ', ':', '\r', '\n']) {
            return Err(format!("header {name:?} cannot be sent"));
        }
        // Observed: a Function URL fails on a response that has such a name itself.
        if is_url && name.to_ascii_lowercase().starts_with(&REMAPPED.to_ascii_lowercase()) {
            return Err(format!("header {name:?} is the platform's"));
        }
        let is_alb = matches!(trigger, Trigger::Alb | Trigger::AlbMultiValue);
        if is(&name, &FRAMING) || (is_alb && is(&name, &HOP_BY_HOP)) {
            continue;
        }
        let remaps = is_url || trigger == Trigger::RestApi;
        if remaps && is(&name, &REMAPPED_NAMES) {
            passed.push((format!("{REMAPPED}{name}"), value));
        } else if !is(&name, &HOP_BY_HOP) {
            passed.push((name, value));
        }
    }
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(trigger: Trigger, returned: &str, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        let answer = answer(trigger, returned.as_bytes()).unwrap();
        let got: Vec<_> = answer.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!((answer.status, got.as_slice(), answer.body.as_slice()), (status, headers, body));
    }

    /// The tables of docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html.
    #[test]
    fn payload_2_as_documented() {
        for trigger in [Trigger::FunctionUrl, Trigger::HttpApi] {
            let json = ("content-type", "application/json");
            check(trigger, r#""Hello, world!""#, 200, &[json], br#""Hello, world!""#);
            let object = r#"{"message":"Hello, world!"}"#;
            check(trigger, object, 200, &[json], object.as_bytes());
            check(
                trigger,
                r#"{"statusCode":201,"headers":{"Content-Type":"application/json","My-Custom-Header":"Custom Value"},
                    "body":"{ \"message\": \"Hello, world!\" }",
                    "cookies":["Cookie_1=Value1; Expires=21 Oct 2021 07:48 GMT","Cookie_2=Value2; Max-Age=78000"],
                    "isBase64Encoded":false}"#,
                201,
                &[
                    ("Content-Type", "application/json"),
                    ("My-Custom-Header", "Custom Value"),
                    ("set-cookie", "Cookie_1=Value1; Expires=21 Oct 2021 07:48 GMT"),
                    ("set-cookie", "Cookie_2=Value2; Max-Age=78000"),
                ],
                b"{ \"message\": \"Hello, world!\" }",
            );
        }
    }

    #[test]
    fn a_rest_api_reads_lists_before_single_values() {
        check(
            Trigger::RestApi,
            r#"{"statusCode":200,"headers":{"a":"x","b":"1"},"multiValueHeaders":{"A":["1","2"]},"body":"aGk=","isBase64Encoded":true}"#,
            200,
            &[("b", "1"), ("A", "1"), ("A", "2"), ("Content-Type", "application/json")],
            b"hi",
        );
    }

    #[test]
    fn a_load_balancer_reads_what_it_is_set_to() {
        let returned = r#"{"statusCode":200,"headers":{"a":"x","connection":"close"},"multiValueHeaders":{"a":["1","2"]}}"#;
        check(Trigger::Alb, returned, 200, &[("a", "x")], b"");
        check(Trigger::AlbMultiValue, returned, 200, &[("a", "1"), ("a", "2")], b"");
    }

    #[test]
    fn the_challenge_is_renamed_by_rest_apis_and_function_urls() {
        let returned = r#"{"statusCode":401,"headers":{"www-authenticate":"Key","content-type":"a/b","content-length":"0"}}"#;
        let kept = [("content-type", "a/b"), ("www-authenticate", "Key")];
        let renamed = [("content-type", "a/b"), ("x-amzn-Remapped-www-authenticate", "Key")];
        check(Trigger::HttpApi, returned, 401, &kept, b"");
        check(Trigger::Alb, returned, 401, &kept, b"");
        check(Trigger::RestApi, returned, 401, &renamed, b"");
        check(Trigger::FunctionUrl, returned, 401, &renamed, b"");
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for returned in [
            "",
            "{\"statusCode\":200}\0\0\0\0\0\0\0\0hello",
            r#"{"statusCode":99}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"statusCode":200,"body":"*","isBase64Encoded":true}"#,
            r#"{"statusCode":200,"headers":{"a":["b"]}}"#,
            r#"{"statusCode":200,"headers":{"a":"b\r\nc: d"}}"#,
            r#"{"statusCode":200,"headers":{"X-Amzn-Remapped-Date":"b"}}"#,
        ] {
            assert!(answer(Trigger::FunctionUrl, returned.as_bytes()).is_err(), "{returned}");
        }
        assert!(answer(Trigger::RestApi, br#"{"message":"no statusCode"}"#).is_err());
        let long = format!("{{\"statusCode\":200,\"body\":\"{}\"}}", "x".repeat(1 << 20));
        assert!(answer(Trigger::Alb, long.as_bytes()).is_err());
        assert!(answer(Trigger::HttpApi, long.as_bytes()).is_ok());
    }

    #[test]
    fn a_prelude_has_status_headers_and_cookies() {
        let metadata = br#"{"statusCode":206,"headers":{"a":"1"},"cookies":["c=1"]}"#;
        let answer = prelude(Trigger::FunctionUrlStream, metadata).unwrap();
        assert_eq!(answer.status, 206);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(answer.headers, [pair("a", "1"), pair("set-cookie", "c=1")]);
    }
}
