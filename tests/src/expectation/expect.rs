//! What a step expects of the answer, and how that differs from what came.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::expected::{Comparison, Expected};
use super::parts::{Texts, check_absent, check_contain, check_fields, check_text};
use super::upstream::Upstream;
use crate::nullable::given;
use crate::raw_http::Response;
use crate::upstream::Recorded;

/// What came back, and what reached the upstream meanwhile.
pub struct Outcome<'a> {
    pub response: &'a Response,
    pub recorded: &'a [Recorded],
    /// Whether it is an answer that may not show a stored key.
    pub hides_keys: bool,
}

/// What a step expects; what it does not name may be as it likes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    status: Option<Status>,
    /// Member `message` of a JSON body.
    message: Option<String>,
    headers: BTreeMap<String, String>,
    headers_absent: Vec<String>,
    headers_contain: BTreeMap<String, String>,
    body: Option<String>,
    body_contains: Texts,
    body_lacks: Texts,
    /// By dotted paths.
    json: BTreeMap<String, Expected>,
    /// Null: it must not be called.
    #[serde(deserialize_with = "given")]
    upstream: Option<Option<Upstream>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Status {
    Is(u16),
    In(AnyOf),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyOf {
    #[serde(rename = "$in")]
    any: Vec<u16>,
}

impl Expect {
    /// Whether it is about more of the answer than a status and JSON: a body byte by byte, a redirect.
    pub fn is_about_form(&self) -> bool {
        self.body.is_some() || matches!(self.status, Some(Status::Is(300..400)))
    }

    /// Every difference; none: it is as expected.
    pub fn check(&self, outcome: &Outcome<'_>) -> Vec<String> {
        let response = outcome.response;
        let mut differences = Vec::new();
        self.check_status(response, &mut differences);
        if self.message.is_some() && response.message() != self.message {
            differences.push(format!("message: wanted {:?}, got {}", self.message, response.text()));
        }
        check_fields("answer", &self.headers, &response.headers, &mut differences);
        check_absent("answer", &self.headers_absent, &response.headers, &mut differences);
        check_contain("answer", &self.headers_contain, &response.headers, &mut differences);
        check_text("answer body", self.body.as_deref(), &response.body, &mut differences);
        self.body_contains.check_in("answer body", &response.body, &mut differences);
        self.body_lacks.check_not_in("answer body", &response.body, &mut differences);
        self.check_json(outcome, &mut differences);
        if let Some(upstream) = &self.upstream {
            Upstream::check(upstream.as_ref(), outcome.recorded, &mut differences);
        }
        if outcome.hides_keys {
            check_keys_hidden(response, &mut differences);
        }
        differences
    }

    fn check_status(&self, response: &Response, differences: &mut Vec<String>) {
        let Some(wanted) = &self.status else { return };
        let wanted = match wanted {
            Status::Is(status) => std::slice::from_ref(status),
            Status::In(any_of) => &any_of.any,
        };
        if !wanted.contains(&response.status) {
            let got = format!("{} {}", response.status, response.text());
            differences.push(format!("status: wanted {wanted:?}, got {got}"));
        }
    }

    fn check_json(&self, outcome: &Outcome<'_>, differences: &mut Vec<String>) {
        if self.json.is_empty() {
            return;
        }
        let Some(answer) = outcome.response.json() else {
            return differences.push(format!("json: wanted some, got {}", outcome.response.text()));
        };
        let mut comparison =
            Comparison { answer: &answer, hides_keys: outcome.hides_keys, differences: Vec::new() };
        for (path, expected) in &self.json {
            comparison.path(path, path, expected, &answer);
        }
        differences.append(&mut comparison.differences);
    }
}

/// No member `key`, `client_id` or `client_secret` with a text in it, anywhere in the answer, but the two that
/// stand for a key: its SHA-256, or the id of its credential.
fn check_keys_hidden(response: &Response, differences: &mut Vec<String>) {
    let Some(answer) = response.json().filter(|_| response.status < 300) else { return };
    let mut found = Vec::new();
    collect_keys(&answer, &mut found);
    differences.extend(found.iter().map(|text| format!("a stored key is shown again: {text:?}")));
}

fn collect_keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text)
                        if name != "client_secret" && is_key(name) && stands_for_key(text) => {}
                    Value::String(text) if is_key(name) => {
                        found.push(text.clone());
                    }
                    other => collect_keys(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, found)),
        _ => {}
    }
}

fn is_key(name: &str) -> bool {
    ["key", "client_id", "client_secret"].contains(&name)
}

fn stands_for_key(text: &str) -> bool {
    let digest = text.strip_prefix("sha256:");
    digest.is_some_and(|digest| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || text.starts_with("unknown:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::raw_http::Headers;

    fn differences(expect: &Value, outcome: &Outcome<'_>) -> Vec<String> {
        Expect::deserialize(expect).unwrap().check(outcome)
    }

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
        let found = differences(&expect, &Outcome { response: answer, recorded: &[], hides_keys: false });
        assert_eq!(found.is_empty(), fits, "{expect}: {found:?}");
    }

    #[track_caller]
    fn check_json_body(expect: Value, body: &Value, fits: bool) {
        check_answer(json!({"json": expect}), &response(200, &[], &body.to_string()), fits);
    }

    #[track_caller]
    fn check_call(upstream: Value, request: &Recorded, fits: bool) {
        let answer = response(200, &[], "");
        let recorded = std::slice::from_ref(request);
        let outcome = Outcome { response: &answer, recorded, hides_keys: false };
        let found = differences(&json!({"upstream": upstream}), &outcome);
        assert_eq!(found.is_empty(), fits, "{upstream}: {found:?}");
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
        for expect in [
            json!({"statuz": 200}),
            json!({"status": {"$in": [200], "$not": 1}}),
            json!({"upstream": {"headers": {}}}),
            json!({"json": {"a": {"$gt": 0}}}),
            json!({"json": {"a": {"$type": "mood"}}}),
        ] {
            assert!(Expect::deserialize(&expect).is_err(), "{expect}");
        }
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
            (json!({"s": {"$match": "a."}}), json!({"s": {"$match": "a"}})),
            (json!({"s": {"$match": "x|ab"}}), json!({"n": {"$match": "1"}})),
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
            let outcome = Outcome { response: &answer, recorded: &calls, hides_keys: false };
            let found = differences(&json!({"upstream": wanted}), &outcome);
            assert_eq!(found.is_empty(), fits, "{wanted}: {found:?}");
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
        let expect = json!({"json": {"key": "kong", "id": "1"}});
        for (body, fits) in [
            ("{\"id\":\"1\",\"key\":null}", true),
            ("{\"id\":\"1\"}", true),
            ("{\"id\":\"1\",\"key\":\"sha256:kong\"}", false),
            ("{\"id\":\"1\",\"key\":\"unknown:1\"}", true),
            ("{\"id\":\"1\",\"key\":\"kong\"}", false),
            ("{\"id\":\"1\",\"key\":\"other\"}", false),
            ("{\"id\":\"2\"}", false),
        ] {
            let answer = response(200, &[], body);
            let outcome = Outcome { response: &answer, recorded: &[], hides_keys: true };
            assert_eq!(differences(&expect, &outcome).is_empty(), fits, "{body}");
        }
        let listed = json!({"json": {"data": {"$each": {"key": {"$type": "string"}}}}});
        for (body, fits) in [("{\"data\":[{}]}", true), ("{\"data\":[{\"key\":\"x\"}]}", false)] {
            let answer = response(200, &[], body);
            let outcome = Outcome { response: &answer, recorded: &[], hides_keys: true };
            assert_eq!(differences(&listed, &outcome).is_empty(), fits, "{body}");
        }
    }
}
