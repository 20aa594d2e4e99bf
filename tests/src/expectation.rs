//! Compares what came with what a case expects. Every function returns the list of differences;
//! an expectation it does not know is a difference too.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::placeholders::look_up;
use crate::raw_http::{Headers, Response};
use crate::upstream::Recorded;

/// What came back, and what reached the upstream meanwhile.
pub struct Outcome<'a> {
    pub response: &'a Response,
    pub recorded: &'a [Recorded],
    /// Set for an admin answer that may not show a stored key: the keys known before the request.
    pub hidden_keys: Option<&'a [String]>,
}

/// Checks a whole `expect` object, placeholders already filled.
pub fn check(expect: &Value, outcome: &Outcome<'_>) -> Vec<String> {
    let response = outcome.response;
    let mut differences = Vec::new();
    for (name, wanted) in members(expect, "expect", &mut differences) {
        match name.as_str() {
            "status" => check_status(wanted, response, &mut differences),
            "message" => check_message(wanted, response, &mut differences),
            "headers" => check_headers("answer", wanted, &response.headers, &mut differences),
            "headers_absent" => check_absent("answer", wanted, &response.headers, &mut differences),
            "headers_contain" => check_contain("answer", wanted, &response.headers, &mut differences),
            "body" => check_text("answer body", wanted, &response.body, &mut differences),
            "body_contains" => check_contains("answer body", wanted, &response.body, &mut differences),
            "body_lacks" => check_lacks("answer body", wanted, &response.body, &mut differences),
            "json" => check_json(wanted, outcome, &mut differences),
            "upstream" => check_upstream(wanted, outcome.recorded, &mut differences),
            other => differences.push(format!("unknown expectation {other:?}")),
        }
    }
    if let Some(keys) = outcome.hidden_keys {
        check_keys_hidden(keys, response, &mut differences);
    }
    differences
}

fn check_status(wanted: &Value, response: &Response, differences: &mut Vec<String>) {
    let matched = wanted == response.status
        || wanted
            .get("$in")
            .and_then(Value::as_array)
            .is_some_and(|any| any.contains(&json!(response.status)));
    if !matched {
        differences.push(format!("status: wanted {wanted}, got {} {}", response.status, response.text()));
    }
}

fn check_message(wanted: &Value, response: &Response, differences: &mut Vec<String>) {
    if !wanted.is_null() && response.message().as_deref() != wanted.as_str() {
        differences.push(format!("message: wanted {wanted}, got {}", response.text()));
    }
}

fn check_headers(whose: &str, wanted: &Value, headers: &Headers, differences: &mut Vec<String>) {
    for (name, value) in members(wanted, "headers", differences) {
        let got = headers.values(name);
        if got.len() != 1 || Some(got[0].as_str()) != value.as_str() {
            differences.push(format!("{whose} header {name}: wanted {value}, got {got:?}"));
        }
    }
}

fn check_absent(whose: &str, wanted: &Value, headers: &Headers, differences: &mut Vec<String>) {
    for name in texts(wanted, "headers_absent", differences) {
        let got = headers.values(&name);
        if !got.is_empty() {
            differences.push(format!("{whose} header {name}: wanted none, got {got:?}"));
        }
    }
}

fn check_contain(whose: &str, wanted: &Value, headers: &Headers, differences: &mut Vec<String>) {
    for (name, value) in members(wanted, "headers_contain", differences) {
        let got = headers.values(name);
        let needle = value.as_str();
        if !needle.is_some_and(|needle| got.iter().any(|v| v.contains(needle))) {
            differences.push(format!("{whose} header {name}: wanted one with {value} in it, got {got:?}"));
        }
    }
}

fn check_text(what: &str, wanted: &Value, got: &[u8], differences: &mut Vec<String>) {
    if wanted.as_str().map(str::as_bytes) != Some(got) {
        differences.push(format!("{what}: wanted {wanted}, got {:?}", String::from_utf8_lossy(got)));
    }
}

fn check_contains(what: &str, wanted: &Value, got: &[u8], differences: &mut Vec<String>) {
    for needle in texts(wanted, "body_contains", differences) {
        if !contains(got, needle.as_bytes()) {
            differences
                .push(format!("{what}: wanted {needle:?} in it, got {:?}", String::from_utf8_lossy(got)));
        }
    }
}

fn check_lacks(what: &str, wanted: &Value, got: &[u8], differences: &mut Vec<String>) {
    for needle in texts(wanted, "body_lacks", differences) {
        if contains(got, needle.as_bytes()) {
            differences
                .push(format!("{what}: {needle:?} must not be in it: {:?}", String::from_utf8_lossy(got)));
        }
    }
}

// ---- admin answers ----

fn check_json(wanted: &Value, outcome: &Outcome<'_>, differences: &mut Vec<String>) {
    let wanted_members = members(wanted, "json", differences);
    if wanted_members.is_empty() {
        return;
    }
    let Some(answer) = outcome.response.json() else {
        differences.push(format!("json: wanted {wanted}, got {}", outcome.response.text()));
        return;
    };
    for (path, expected) in wanted_members {
        check_path(path, path, expected, &answer, outcome.hidden_keys, &answer, differences);
    }
}

fn check_path(
    path: &str,
    shown: &str,
    expected: &Value,
    within: &Value,
    hidden_keys: Option<&[String]>,
    answer: &Value,
    differences: &mut Vec<String>,
) {
    let got = look_up(within, path);
    if hidden_keys.is_some() && path.rsplit('.').next() == Some("key") && !path.starts_with("fields") {
        // A stored key is never shown again, whatever the case expects there (checked in `check_keys_hidden`).
        return;
    }
    check_value(shown, expected, got, hidden_keys, answer, differences);
}

fn check_value(
    shown: &str,
    expected: &Value,
    got: Option<&Value>,
    hidden_keys: Option<&[String]>,
    answer: &Value,
    differences: &mut Vec<String>,
) {
    match expected {
        Value::Object(matchers)
            if !matchers.is_empty() && matchers.keys().all(|name| name.starts_with('$')) =>
        {
            for (matcher, argument) in matchers {
                check_matcher(shown, matcher, argument, got, hidden_keys, answer, differences);
            }
        }
        Value::Object(wanted) => check_object(shown, wanted, got, hidden_keys, answer, differences),
        Value::Array(wanted) => match got {
            Some(Value::Array(items)) if items.len() == wanted.len() => {
                for (at, (wanted, item)) in wanted.iter().zip(items).enumerate() {
                    check_value(
                        &format!("{shown}.{at}"),
                        wanted,
                        Some(item),
                        hidden_keys,
                        answer,
                        differences,
                    );
                }
            }
            _ => differences.push(differs(shown, expected, got)),
        },
        _ if got.is_some_and(|got| equal(expected, got)) => {}
        _ => differences.push(differs(shown, expected, got)),
    }
}

fn check_object(
    shown: &str,
    wanted: &Map<String, Value>,
    got: Option<&Value>,
    hidden_keys: Option<&[String]>,
    answer: &Value,
    differences: &mut Vec<String>,
) {
    let Some(Value::Object(members)) = got else {
        return differences.push(differs(shown, &Value::Object(wanted.clone()), got));
    };
    for (name, expected) in wanted {
        let path = format!("{shown}.{name}");
        check_value(&path, expected, members.get(name), hidden_keys, answer, differences);
    }
    for name in members.keys().filter(|name| !wanted.contains_key(*name)) {
        differences
            .push(format!("{shown}: unexpected member {name:?} in {}", Value::Object(members.clone())));
    }
}

fn check_matcher(
    shown: &str,
    matcher: &str,
    argument: &Value,
    got: Option<&Value>,
    hidden_keys: Option<&[String]>,
    answer: &Value,
    differences: &mut Vec<String>,
) {
    let matched = match matcher {
        "$type" => got.is_some_and(|got| is_type(got, argument)),
        "$len" => got.and_then(length).is_some_and(|length| json!(length) == *argument),
        "$absent" => argument.as_bool() == Some(got.is_none()),
        "$in" => {
            argument.as_array().is_some_and(|any| got.is_some_and(|got| any.iter().any(|a| equal(a, got))))
        }
        "$same" => got.is_some_and(|got| is_same(argument, got, answer)),
        "$not" => {
            let mut inner = Vec::new();
            check_value(shown, argument, got, hidden_keys, answer, &mut inner);
            // An absent member is not a member with another value.
            !inner.is_empty() && (got.is_some() || argument.is_object())
        }
        "$contains" => got.is_some_and(|got| holds(got, argument)),
        "$each" => {
            let Some(Value::Array(items)) = got else {
                return differences.push(format!("{shown}: wanted a list, got {got:?}"));
            };
            for (at, item) in items.iter().enumerate() {
                check_each(&format!("{shown}.{at}"), argument, item, hidden_keys, answer, differences);
            }
            true
        }
        _ => return differences.push(format!("{shown}: unknown matcher {matcher:?}")),
    };
    if !matched {
        differences.push(format!("{shown}: wanted {matcher} {argument}, got {}", text_of(got)));
    }
}

/// `$each` takes dotted paths into each element, or matchers for the element itself.
fn check_each(
    shown: &str,
    argument: &Value,
    item: &Value,
    hidden_keys: Option<&[String]>,
    answer: &Value,
    differences: &mut Vec<String>,
) {
    match argument {
        Value::Object(paths) if !paths.keys().any(|name| name.starts_with('$')) => {
            for (path, expected) in paths {
                check_path(
                    path,
                    &format!("{shown}.{path}"),
                    expected,
                    item,
                    hidden_keys,
                    answer,
                    differences,
                );
            }
        }
        _ => check_value(shown, argument, Some(item), hidden_keys, answer, differences),
    }
}

fn is_type(got: &Value, wanted: &Value) -> bool {
    match wanted.as_str() {
        Some("string") => got.is_string(),
        Some("number") => got.is_number(),
        Some("integer") => got.is_i64() || got.is_u64(),
        Some("boolean") => got.is_boolean(),
        Some("array") => got.is_array(),
        Some("object" | "table") => got.is_object(),
        Some("null") => got.is_null(),
        _ => false,
    }
}

fn length(got: &Value) -> Option<usize> {
    match got {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}

/// Equal, lists in any order; or equal to the value at the path that the argument names in the same answer.
fn is_same(argument: &Value, got: &Value, answer: &Value) -> bool {
    if let (Value::Array(a), Value::Array(b)) = (argument, got) {
        return sorted(a) == sorted(b);
    }
    let named = argument.as_str().filter(|path| !path.is_empty()).and_then(|path| look_up(answer, path));
    equal(argument, got) || named == Some(got)
}

fn sorted(items: &[Value]) -> Vec<String> {
    let mut texts: Vec<_> = items.iter().map(Value::to_string).collect();
    texts.sort();
    texts
}

fn holds(got: &Value, argument: &Value) -> bool {
    match got {
        Value::String(text) => argument.as_str().is_some_and(|needle| text.contains(needle)),
        Value::Array(items) => items.contains(argument),
        Value::Object(members) => argument.as_str().is_some_and(|name| members.contains_key(name)),
        _ => false,
    }
}

/// 1 and 1.0 are one number.
fn equal(a: &Value, b: &Value) -> bool {
    a == b || matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a.to_bits() == b.to_bits())
}

/// No member `key` with a text in it anywhere in the answer, and none of the known keys under any other name.
fn check_keys_hidden(keys: &[String], response: &Response, differences: &mut Vec<String>) {
    let Some(answer) = response.json().filter(|_| response.status < 300) else { return };
    let mut found = Vec::new();
    collect_keys(&answer, &mut found);
    for text in found {
        differences.push(format!("a stored key is shown again ({} known): {text:?}", keys.len()));
    }
}

fn collect_keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "key" || name == "client_secret" => {
                        found.push(text.clone())
                    }
                    other => collect_keys(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, found)),
        _ => {}
    }
}

// ---- what reached the upstream ----

fn check_upstream(wanted: &Value, recorded: &[Recorded], differences: &mut Vec<String>) {
    if wanted.is_null() {
        if !recorded.is_empty() {
            differences.push(format!("upstream: wanted no call, got {recorded:?}"));
        }
        return;
    }
    let [request] = recorded else {
        return differences.push(format!("upstream: wanted one call, got {}: {recorded:?}", recorded.len()));
    };
    for (name, wanted_value) in members(wanted, "upstream", differences) {
        check_upstream_member(name, wanted_value, wanted, request, differences);
    }
}

fn check_upstream_member(
    name: &str,
    wanted: &Value,
    all: &Value,
    request: &Recorded,
    differences: &mut Vec<String>,
) {
    let mut wrong = |got: String| differences.push(format!("upstream {name}: wanted {wanted}, got {got}"));
    match name {
        "method" if wanted.as_str() == Some(&request.method) => {}
        "method" => wrong(request.method.clone()),
        "path" if wanted.as_str() == Some(request.path()) => {}
        "path" => wrong(request.path().to_owned()),
        "headers_present" => check_headers("upstream", wanted, &request.headers, differences),
        "headers_present_any" => check_any_set(wanted, &request.headers, differences),
        "headers_absent" => check_absent("upstream", wanted, &request.headers, differences),
        "headers_contain" => check_contain("upstream", wanted, &request.headers, differences),
        "query_raw" | "query_raw_accept" if query_matches(all, request) => {}
        "query_raw" | "query_raw_accept" => wrong(format!("{:?}", request.query())),
        "query_pairs" => {
            let got = query_pairs(request.query().unwrap_or_default());
            if !pairs_equal(wanted, &got) {
                wrong(format!("{got:?}"));
            }
        }
        "body" => check_text("upstream body", wanted, &request.body, differences),
        "body_contains" => check_contains("upstream body", wanted, &request.body, differences),
        "body_lacks" => check_lacks("upstream body", wanted, &request.body, differences),
        "body_json" => match serde_json::from_slice::<Value>(&request.body) {
            Ok(got) if got == *wanted => {}
            got => wrong(format!("{got:?}")),
        },
        "body_fields" => check_fields(wanted, request, differences),
        "body_fields_absent" => match decoded_fields(request) {
            Ok(fields) => {
                for name in texts(wanted, "body_fields_absent", differences) {
                    if let Some(got) = fields.get(&name) {
                        differences.push(format!("upstream field {name}: wanted none, got {got}"));
                    }
                }
            }
            Err(reason) => wrong(reason),
        },
        "body_pairs_by_name" => match decoded_pairs(request) {
            Ok(pairs) if by_name(&pairs_of(wanted)) == by_name(&pairs) => {}
            got => wrong(format!("{got:?}")),
        },
        "media_type" => {
            let got = media_type(&request.headers);
            if wanted.as_str() != Some(&got) || request.headers.values("content-type").len() != 1 {
                wrong(format!("{:?}", request.headers.values("content-type")));
            }
        }
        "content_length_exact" => {
            let got = request.headers.values("content-length");
            let exact = got == [request.body.len().to_string()];
            if wanted.as_bool() != Some(exact) {
                wrong(format!("{got:?} for {} bytes", request.body.len()));
            }
        }
        _ => wrong("an expectation nobody knows".to_owned()),
    }
}

fn check_any_set(wanted: &Value, headers: &Headers, differences: &mut Vec<String>) {
    let sets = wanted.as_array().cloned().unwrap_or_default();
    let mut reasons = Vec::new();
    for set in &sets {
        let mut inner = Vec::new();
        check_headers("upstream", set, headers, &mut inner);
        if inner.is_empty() {
            return;
        }
        reasons.extend(inner);
    }
    differences.push(format!(
        "upstream headers_present_any: none of {} sets: {}",
        sets.len(),
        reasons.join("; ")
    ));
}

fn query_matches(wanted: &Value, request: &Recorded) -> bool {
    let got = request.query();
    let exact = wanted.get("query_raw").is_some_and(|query| query.as_str() == got);
    let accepted = wanted.get("query_raw_accept").and_then(Value::as_array);
    exact || accepted.is_some_and(|any| any.iter().any(|query| query.as_str() == got))
}

type Pairs = Vec<(String, Value)>;

/// Decoded pairs of a query or form; a name without `=` has the value `null`.
fn query_pairs(raw: &str) -> Pairs {
    raw.split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| match piece.split_once('=') {
            Some((name, value)) => (form_decode(name), Value::String(form_decode(value))),
            None => (form_decode(piece), Value::Null),
        })
        .collect()
}

fn form_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn pairs_equal(wanted: &Value, got: &Pairs) -> bool {
    let wanted = pairs_of(wanted);
    wanted.len() == got.len()
        && wanted.iter().zip(got).all(|((name, value), (got_name, got_value))| {
            let flag = got_value.is_null() && (value == "" || value == &Value::Bool(true));
            name == got_name && (value == got_value || flag)
        })
}

/// A list of `[name, value]` (or `[name]`), or an object of name → value or values.
fn pairs_of(wanted: &Value) -> Pairs {
    match wanted {
        Value::Array(pairs) => pairs
            .iter()
            .map(|pair| {
                let name = pair.get(0).and_then(Value::as_str).unwrap_or_default().to_owned();
                (name, pair.get(1).cloned().unwrap_or(Value::Null))
            })
            .collect(),
        Value::Object(names) => names
            .iter()
            .flat_map(|(name, values)| match values {
                Value::Array(values) => values.iter().map(|v| (name.clone(), v.clone())).collect(),
                value => vec![(name.clone(), value.clone())],
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Order between names is free, order within one name counts.
fn by_name(pairs: &Pairs) -> BTreeMap<&str, Vec<&Value>> {
    let mut names: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (name, value) in pairs {
        names.entry(name).or_default().push(value);
    }
    names
}

/// The named fields have these values; `{}` means that no field is left.
fn check_fields(wanted: &Value, request: &Recorded, differences: &mut Vec<String>) {
    let fields = match decoded_fields(request) {
        Ok(fields) => fields,
        Err(reason) => return differences.push(format!("upstream body_fields: {reason}")),
    };
    let wanted_fields = members(wanted, "body_fields", differences);
    if wanted_fields.is_empty() && !fields.is_empty() {
        differences.push(format!("upstream body_fields: wanted none left, got {fields:?}"));
    }
    for (name, value) in wanted_fields {
        if fields.get(name) != Some(value) {
            differences.push(format!("upstream field {name}: wanted {value}, got {:?}", fields.get(name)));
        }
    }
}

/// Field → value; several values of one name as a list.
fn decoded_fields(request: &Recorded) -> Result<BTreeMap<String, Value>, String> {
    if media_type(&request.headers) == "application/json" {
        return match serde_json::from_slice(&request.body) {
            Ok(Value::Object(members)) => Ok(members.into_iter().collect()),
            other => {
                Err(format!("no JSON object: {other:?} in {:?}", String::from_utf8_lossy(&request.body)))
            }
        };
    }
    let mut fields: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in decoded_pairs(request)? {
        match fields.get_mut(&name) {
            None => {
                fields.insert(name, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = json!([first.clone(), value]),
        }
    }
    Ok(fields)
}

fn decoded_pairs(request: &Recorded) -> Result<Pairs, String> {
    let text = String::from_utf8_lossy(&request.body);
    match media_type(&request.headers).as_str() {
        "application/x-www-form-urlencoded" => Ok(query_pairs(&text)),
        "multipart/form-data" => multipart_pairs(&request.headers, &text),
        "application/json" => Ok(decoded_fields(request)?.into_iter().collect()),
        other => Err(format!("no fields in a body of type {other:?}")),
    }
}

fn multipart_pairs(headers: &Headers, body: &str) -> Result<Pairs, String> {
    let content_type = headers.first("content-type").unwrap_or_default();
    let boundary = content_type.split("boundary=").nth(1).ok_or("multipart without boundary")?;
    let boundary = boundary.split(';').next().unwrap_or(boundary).trim().trim_matches('"');
    let delimiter = format!("--{boundary}");
    let mut pairs = Pairs::new();
    let mut pieces = body.split(delimiter.as_str()).skip(1);
    loop {
        let piece = pieces.next().ok_or_else(|| format!("multipart without its end: {body:?}"))?;
        if piece.starts_with("--") {
            return Ok(pairs);
        }
        let part = piece.strip_prefix("\r\n").and_then(|p| p.strip_suffix("\r\n"));
        let (head, value) = part
            .and_then(|part| part.split_once("\r\n\r\n"))
            .ok_or_else(|| format!("broken part {piece:?}"))?;
        let name = head.split(" name=\"").nth(1).and_then(|rest| rest.split('"').next());
        let name = name.ok_or_else(|| format!("part without name: {head:?}"))?;
        pairs.push((name.to_owned(), Value::String(value.to_owned())));
    }
}

fn media_type(headers: &Headers) -> String {
    let value = headers.first("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

// ---- helpers ----

fn members<'a>(value: &'a Value, what: &str, differences: &mut Vec<String>) -> Vec<(&'a String, &'a Value)> {
    match value {
        Value::Object(members) => members.iter().collect(),
        Value::Null => Vec::new(),
        other => {
            differences.push(format!("{what} is not an object: {other}"));
            Vec::new()
        }
    }
}

fn texts(value: &Value, what: &str, differences: &mut Vec<String>) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        other => {
            differences.push(format!("{what} is no list of texts: {other}"));
            Vec::new()
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}

fn differs(shown: &str, expected: &Value, got: Option<&Value>) -> String {
    format!("{shown}: wanted {expected}, got {}", text_of(got))
}

fn text_of(got: Option<&Value>) -> String {
    got.map_or_else(|| "nothing".to_owned(), Value::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let mut list = Headers::default();
        headers.iter().for_each(|(n, v)| list.push(n, v));
        Response { status, headers: list, body: body.into(), interim: Vec::new() }
    }

    fn recorded(target: &str, headers: &[(&str, &str)], body: &str) -> Recorded {
        let mut list = Headers::default();
        headers.iter().for_each(|(n, v)| list.push(n, v));
        Recorded { method: "GET".to_owned(), target: target.to_owned(), headers: list, body: body.into() }
    }

    #[track_caller]
    fn check_answer(expect: Value, answer: &Response, fits: bool) {
        let differences = check(&expect, &Outcome { response: answer, recorded: &[], hidden_keys: None });
        assert_eq!(differences.is_empty(), fits, "{expect}: {differences:?}");
    }

    #[track_caller]
    fn check_json_body(expect: Value, body: &Value, fits: bool) {
        check_answer(json!({"json": expect}), &response(200, &[], &body.to_string()), fits);
    }

    #[track_caller]
    fn check_call(upstream: Value, request: &Recorded, fits: bool) {
        let answer = response(200, &[], "");
        let recorded = std::slice::from_ref(request);
        let outcome = Outcome { response: &answer, recorded, hidden_keys: None };
        let differences = check(&json!({"upstream": upstream}), &outcome);
        assert_eq!(differences.is_empty(), fits, "{upstream}: {differences:?}");
    }

    #[test]
    fn answer_expectations_both_ways() {
        let answer =
            response(401, &[("WWW-Authenticate", "Key"), ("A", "1"), ("a", "2")], "{\"message\":\"No\"}");
        check_answer(
            json!({"status": 401, "message": "No", "headers": {"www-authenticate": "Key"}}),
            &answer,
            true,
        );
        check_answer(json!({"status": 200}), &answer, false);
        check_answer(json!({"status": {"$in": [400, 401]}}), &answer, true);
        check_answer(json!({"status": {"$in": [400, 404]}}), &answer, false);
        check_answer(json!({"message": "Yes"}), &answer, false);
        check_answer(json!({"message": null}), &answer, true);
        check_answer(json!({"headers": {"WWW-Authenticate": "Key realm=\"x\""}}), &answer, false);
        check_answer(json!({"headers": {"A": "1"}}), &answer, false);
        check_answer(json!({"headers": {"Missing": "1"}}), &answer, false);
        check_answer(json!({"headers_absent": ["B"]}), &answer, true);
        check_answer(json!({"headers_absent": ["a"]}), &answer, false);
        check_answer(json!({"headers_contain": {"www-authenticate": "Ke"}}), &answer, true);
        check_answer(json!({"headers_contain": {"www-authenticate": "xx"}}), &answer, false);
        check_answer(json!({"body": "{\"message\":\"No\"}"}), &answer, true);
        check_answer(json!({"body": "{}"}), &answer, false);
        check_answer(json!({"body_contains": "message"}), &answer, true);
        check_answer(json!({"body_contains": ["massage"]}), &answer, false);
        check_answer(json!({"body_lacks": ["massage"]}), &answer, true);
        check_answer(json!({"body_lacks": "message"}), &answer, false);
    }

    #[test]
    fn unknown_names_fail() {
        let answer = response(200, &[], "{\"a\":1}");
        check_answer(json!({"statuz": 200}), &answer, false);
        check_answer(json!({"upstream": {"headers": {}}}), &answer, false);
        check_json_body(json!({"a": {"$gt": 0}}), &json!({"a": 1}), false);
        check_call(json!({"headers_maybe": []}), &recorded("/", &[], ""), false);
    }

    #[test]
    fn json_matchers_both_ways() {
        let body = json!({
            "n": 1, "s": "ab", "b": true, "z": null, "l": [{"x": 1, "y": 2}, {"x": 2, "y": 2}],
            "t": ["p", "q"], "o": {"k": {"d": [1]}}, "copy": "ab"
        });
        for (fits, misses) in [
            (json!({"n": 1}), json!({"n": 2})),
            (json!({"n": 1.0}), json!({"n": "1"})),
            (json!({"z": null}), json!({"missing": null})),
            (json!({"o.k.d.0": 1}), json!({"o.k.d.1": 1})),
            (json!({"o": {"k": {"d": [1]}}}), json!({"o": {}})),
            (json!({"t": ["p", "q"]}), json!({"t": ["q", "p"]})),
            (json!({"s": {"$type": "string"}}), json!({"n": {"$type": "string"}})),
            (json!({"n": {"$type": "number"}}), json!({"s": {"$type": "number"}})),
            (json!({"b": {"$type": "boolean"}}), json!({"z": {"$type": "boolean"}})),
            (json!({"z": {"$type": "null"}}), json!({"missing": {"$type": "null"}})),
            (json!({"l": {"$len": 2}}), json!({"l": {"$len": 3}})),
            (json!({"s": {"$len": 2}}), json!({"n": {"$len": 1}})),
            (json!({"l": {"$each": {"y": 2}}}), json!({"l": {"$each": {"x": 1}}})),
            (
                json!({"l": {"$each": {"x": {"$type": "number"}}}}),
                json!({"l": {"$each": {"w": {"$type": "number"}}}}),
            ),
            (json!({"t": {"$each": {"$type": "string"}}}), json!({"s": {"$each": {"$type": "string"}}})),
            (json!({"missing": {"$absent": true}}), json!({"z": {"$absent": true}})),
            (json!({"z": {"$absent": false}}), json!({"missing": {"$absent": false}})),
            (json!({"n": {"$not": 2}}), json!({"n": {"$not": 1}})),
            (json!({"l": {"$not": [1]}}), json!({"t": {"$not": ["p", "q"]}})),
            (json!({"n": {"$not": {"$type": "string"}}}), json!({"n": {"$not": {"$type": "number"}}})),
            (json!({"n": {"$not": 2}}), json!({"missing": {"$not": 2}})),
            (json!({"n": {"$in": [1, 2]}}), json!({"n": {"$in": [2, 3]}})),
            (json!({"t": {"$same": ["q", "p"]}}), json!({"t": {"$same": ["q"]}})),
            (json!({"s": {"$same": "copy"}}), json!({"s": {"$same": "n"}})),
            (json!({"s": {"$contains": "b"}}), json!({"s": {"$contains": "c"}})),
            (json!({"s": {"$type": "string", "$not": "x"}}), json!({"s": {"$type": "string", "$not": "ab"}})),
        ] {
            check_json_body(fits, &body, true);
            check_json_body(misses, &body, false);
        }
    }

    #[test]
    fn upstream_call_count() {
        let answer = response(200, &[], "");
        let call = recorded("/", &[], "");
        for (wanted, calls, fits) in [
            (json!(null), vec![], true),
            (json!(null), vec![call.clone()], false),
            (json!({}), vec![call.clone()], true),
            (json!({}), vec![], false),
            (json!({}), vec![call.clone(), call], false),
        ] {
            let outcome = Outcome { response: &answer, recorded: &calls, hidden_keys: None };
            let differences = check(&json!({"upstream": wanted}), &outcome);
            assert_eq!(differences.is_empty(), fits, "{wanted}: {differences:?}");
        }
    }

    #[test]
    fn upstream_headers_both_ways() {
        let call = recorded("/", &[("X-Consumer-ID", "1"), ("Twice", "a"), ("twice", "b")], "");
        check_call(json!({"headers_present": {"x-consumer-id": "1"}}), &call, true);
        check_call(json!({"headers_present": {"x-consumer-id": "2"}}), &call, false);
        check_call(json!({"headers_present": {"missing": "2"}}), &call, false);
        check_call(json!({"headers_present": {"twice": "a"}}), &call, false);
        check_call(json!({"headers_present_any": [{"missing": "1"}, {"X-Consumer-ID": "1"}]}), &call, true);
        check_call(json!({"headers_present_any": [{"missing": "1"}, {"X-Consumer-ID": "2"}]}), &call, false);
        check_call(json!({"headers_absent": ["missing"]}), &call, true);
        check_call(json!({"headers_absent": ["TWICE"]}), &call, false);
        check_call(json!({"headers_contain": {"twice": "b"}}), &call, true);
        check_call(json!({"headers_contain": {"twice": "c"}}), &call, false);
    }

    #[test]
    fn upstream_target_both_ways() {
        let call = recorded("/a?c=valu%651&x&b=+2", &[], "");
        check_call(json!({"method": "GET", "path": "/a"}), &call, true);
        check_call(json!({"method": "POST"}), &call, false);
        check_call(json!({"path": "/a/"}), &call, false);
        check_call(json!({"query_raw": "c=valu%651&x&b=+2"}), &call, true);
        check_call(json!({"query_raw": "c=value1&x&b=+2"}), &call, false);
        check_call(json!({"query_raw": null}), &call, false);
        let accept = json!({"query_raw": "other", "query_raw_accept": ["c=valu%651&x&b=+2"]});
        check_call(accept, &call, true);
        check_call(json!({"query_raw": "other", "query_raw_accept": ["more"]}), &call, false);
        check_call(json!({"query_pairs": [["c", "value1"], ["x", null], ["b", " 2"]]}), &call, true);
        check_call(json!({"query_pairs": [["c", "value1"], ["x", ""], ["b", " 2"]]}), &call, true);
        check_call(json!({"query_pairs": [["b", " 2"], ["c", "value1"], ["x", null]]}), &call, false);
        check_call(json!({"query_raw": null, "query_pairs": []}), &recorded("/a", &[], ""), true);
        check_call(json!({"query_raw": null}), &recorded("/a?", &[], ""), false);
    }

    #[test]
    fn upstream_bodies_both_ways() {
        let form = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "11")];
        let call = recorded("/", &form, "a=1&b=2&a=3");
        check_call(json!({"body": "a=1&b=2&a=3"}), &call, true);
        check_call(json!({"body": "a=1"}), &call, false);
        check_call(json!({"body_contains": "b=2"}), &call, true);
        check_call(json!({"body_contains": ["b=2", "c=2"]}), &call, false);
        check_call(json!({"body_lacks": ["c=2"]}), &call, true);
        check_call(json!({"body_lacks": ["b=2"]}), &call, false);
        check_call(json!({"body_fields": {"b": "2"}}), &call, true);
        check_call(json!({"body_fields": {"a": ["1", "3"]}}), &call, true);
        check_call(json!({"body_fields": {"b": "3"}}), &call, false);
        check_call(json!({"body_fields": {}}), &call, false);
        check_call(json!({"body_fields_absent": ["c"]}), &call, true);
        check_call(json!({"body_fields_absent": ["b"]}), &call, false);
        check_call(json!({"body_pairs_by_name": [["b", "2"], ["a", "1"], ["a", "3"]]}), &call, true);
        check_call(json!({"body_pairs_by_name": {"a": ["1", "3"], "b": "2"}}), &call, true);
        check_call(json!({"body_pairs_by_name": [["b", "2"], ["a", "3"], ["a", "1"]]}), &call, false);
        check_call(json!({"media_type": "application/x-www-form-urlencoded"}), &call, true);
        check_call(json!({"media_type": "application/json"}), &call, false);
        check_call(json!({"content_length_exact": true}), &call, true);
        check_call(json!({"content_length_exact": true}), &recorded("/", &form, "a=1"), false);
        check_call(json!({"content_length_exact": true}), &recorded("/", &[], "a=1"), false);
    }

    #[test]
    fn upstream_json_and_multipart_bodies() {
        let json_type = [("content-type", "application/json; charset=utf-8")];
        let call = recorded("/", &json_type, "{\"a\":[1],\"b\":\"x\"}");
        check_call(json!({"body_json": {"b": "x", "a": [1]}}), &call, true);
        check_call(json!({"body_json": {"b": "x"}}), &call, false);
        check_call(json!({"body_fields": {"a": [1]}, "body_fields_absent": ["c"]}), &call, true);
        check_call(json!({"body_fields_absent": ["a"]}), &call, false);
        check_call(json!({"body_fields": {}}), &recorded("/", &json_type, "not json"), false);

        let parts = [("Content-Type", "multipart/form-data; boundary=XX")];
        let text = "--XX\r\nContent-Disposition: form-data; name=\"foo\"\r\n\r\nbar\r\n--XX--\r\n";
        check_call(
            json!({"body_fields": {"foo": "bar"}, "body_fields_absent": ["k"]}),
            &recorded("/", &parts, text),
            true,
        );
        check_call(json!({"body_fields": {"foo": "baz"}}), &recorded("/", &parts, text), false);
        check_call(json!({"body_fields": {}}), &recorded("/", &parts, "--XX--\r\n"), true);
        check_call(json!({"body_fields": {}}), &recorded("/", &parts, "--XX\r\n"), false);
        check_call(json!({"body_fields": {}}), &recorded("/", &[], ""), false);
    }

    #[test]
    fn stored_keys_may_not_be_shown() {
        let keys = ["kong".to_owned()];
        let expect = json!({"json": {"key": "kong", "id": "1"}});
        for (body, fits) in [
            ("{\"id\":\"1\",\"key\":null}", true),
            ("{\"id\":\"1\"}", true),
            ("{\"id\":\"1\",\"key\":\"kong\"}", false),
            ("{\"id\":\"1\",\"key\":\"other\"}", false),
            ("{\"id\":\"2\"}", false),
        ] {
            let answer = response(200, &[], body);
            let outcome = Outcome { response: &answer, recorded: &[], hidden_keys: Some(&keys) };
            assert_eq!(check(&expect, &outcome).is_empty(), fits, "{body}");
        }
        let listed = json!({"json": {"data": {"$each": {"key": {"$type": "string"}}}}});
        for (body, fits) in [("{\"data\":[{}]}", true), ("{\"data\":[{\"key\":\"x\"}]}", false)] {
            let answer = response(200, &[], body);
            let outcome = Outcome { response: &answer, recorded: &[], hidden_keys: Some(&keys) };
            assert_eq!(check(&listed, &outcome).is_empty(), fits, "{body}");
        }
    }
}
