//! Holds what is answered to what `/openapi.json` says of it: that the status is there, and that the
//! body is what its schema allows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

use super::Api;
use crate::raw_http::{Request, Response};

/// Where the document is at the control door.
pub(crate) const PATH: &str = "/openapi.json";
/// What stands before the Admin API's paths there.
const PREFIX: &str = "/admin";
/// What schemas refer to the document by.
const URI: &str = "latchkey:openapi.json";

/// An Admin API, each of whose answers is checked before it is handed on.
pub(super) struct Documented<'a> {
    api: &'a dyn Api,
    /// Asked for with the first answer.
    document: OnceLock<Arc<Document>>,
}

impl<'a> Documented<'a> {
    pub(super) fn of(api: &'a dyn Api) -> Self {
        Self { api, document: OnceLock::new() }
    }
}

impl Api for Documented<'_> {
    fn send(&self, request: &Request) -> Response {
        let answer = self.api.send(request);
        let document = self.document.get_or_init(|| Document::read(&self.api.open(PATH)));
        let target = String::from_utf8_lossy(&request.target).into_owned();
        let path = format!("{PREFIX}{}", target.split('?').next().unwrap_or_default());
        if let Err(reason) = document.check(&request.method, &path, &answer) {
            panic!("{} {target}: {reason}", request.method);
        }
        answer
    }

    fn open(&self, path: &str) -> Response {
        self.api.open(path)
    }

    fn token(&self) -> &str {
        self.api.token()
    }

    fn empty(&self) -> Result<(), String> {
        self.api.empty()
    }

    fn pass(&self, time: Duration) {
        self.api.pass(time);
    }

    fn unix_s(&self) -> u64 {
        self.api.unix_s()
    }
}

/// What the control door says of itself.
pub(crate) struct Document {
    text: Vec<u8>,
    document: Value,
    registry: Registry<'static>,
    /// By the place of the schema in the document.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Document {
    /// The document in an answer; one of the same text is made ready once.
    pub(crate) fn read(answer: &Response) -> Arc<Self> {
        static LAST: Mutex<Option<Arc<Document>>> = Mutex::new(None);
        assert_eq!(answer.status, 200, "{PATH}: {}", answer.text());
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|known| known.text == answer.body) {
            return Arc::clone(known);
        }
        let document: Value = answer.json().unwrap_or_else(|| panic!("{PATH} is no JSON"));
        let registry = Registry::new().add(URI, document.clone()).and_then(|made| made.prepare());
        let registry = registry.unwrap_or_else(|error| panic!("{PATH}: {error}"));
        let made =
            Arc::new(Self { text: answer.body.clone(), document, registry, validators: Mutex::default() });
        *last = Some(Arc::clone(&made));
        made
    }

    /// Checks an answer at a path of the control door. Of paths and methods that are not in the
    /// document nothing is known: that they are refused is checked by `access`.
    pub(crate) fn check(&self, method: &str, path: &str, answer: &Response) -> Result<(), String> {
        let documented = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
        let Some((pattern, item)) = self.find(path) else { return Ok(()) };
        let Some(operation) = item.get(&documented) else { return Ok(()) };
        let status = answer.status.to_string();
        let response = operation["responses"].get(&status);
        let response = response.ok_or_else(|| format!("{pattern} does not list the status {status}"))?;
        let (place, response) = match response["$ref"].as_str() {
            Some(reference) => {
                let place = reference.trim_start_matches('#').to_owned();
                let referred = self.document.pointer(&place);
                (place, referred.ok_or_else(|| format!("{reference} is not there"))?)
            }
            None => (format!("/paths/{}/{documented}/responses/{status}", escaped(pattern)), response),
        };
        let schema = response["content"]
            .get("application/json")
            .map(|_| format!("{place}/content/{}/schema", escaped("application/json")));
        match (schema, answer.body.as_slice()) {
            (None, []) => Ok(()),
            (Some(_), []) if method == "HEAD" => Ok(()),
            // The platform in front refuses it, before the control door sees it.
            (Some(_), _) if answer.status == 413 && answer.json().is_none() => Ok(()),
            (None, _) => Err(format!("{status} has a body, which {pattern} does not list")),
            (Some(place), _) => self.check_body(&place, answer),
        }
    }

    fn check_body(&self, place: &str, answer: &Response) -> Result<(), String> {
        let body = answer.json().ok_or_else(|| format!("{} with what is no JSON", answer.status))?;
        let validator = self.validator(place);
        let faults: Vec<String> = validator
            .iter_errors(&body)
            .map(|fault| format!("{} at {}", fault, fault.instance_path()))
            .collect();
        match faults.as_slice() {
            [] => Ok(()),
            faults => Err(format!("{} breaks {place}: {}\nin {body}", answer.status, faults.join("; "))),
        }
    }

    fn validator(&self, place: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let made = validators.entry(place.to_owned()).or_insert_with(|| {
            let options = jsonschema::options().with_registry(&self.registry).should_validate_formats(true);
            let made = options.build(&json!({"$ref": format!("{URI}#{}", fragment(place))}));
            Arc::new(made.unwrap_or_else(|error| panic!("{place}: {error}")))
        });
        Arc::clone(made)
    }

    /// The path of the document that a path is of: the one with the fewest variables.
    fn find(&self, path: &str) -> Option<(&str, &Value)> {
        let segments = segments(path);
        let paths = self.document["paths"].as_object()?.iter();
        let variables = |pattern: &str| pattern.matches('{').count();
        let found = paths.filter(|(pattern, _)| matches(pattern, &segments));
        found.min_by_key(|(pattern, _)| variables(pattern)).map(|(pattern, item)| (pattern.as_str(), item))
    }
}

/// The segments of a path; a slash at the end makes none.
fn segments(path: &str) -> Vec<&str> {
    path.trim_matches('/').split('/').collect()
}

fn matches(pattern: &str, path: &[&str]) -> bool {
    let pattern = segments(pattern);
    let is_of = |(expected, segment): (&&str, &&str)| match expected.starts_with('{') {
        true => !segment.is_empty(),
        false => expected == segment,
    };
    pattern.len() == path.len() && pattern.iter().zip(path).all(is_of)
}

/// A name in a JSON pointer (RFC 6901 §3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A JSON pointer as a fragment (RFC 6901 §6), where braces may not stand.
fn fragment(pointer: &str) -> String {
    pointer.replace('{', "%7B").replace('}', "%7D")
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::raw_http::Headers;

    fn answer(status: u16, body: &Value) -> Response {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        Response { status, headers: Headers::default(), body, interim: Vec::new() }
    }

    #[test]
    fn what_is_not_documented_is_found() {
        let name =
            json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]});
        let shown =
            json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/name"}}}});
        let document = Document::read(&answer(
            200,
            &json!({
                "openapi": "3.1.0",
                "paths": {
                    "/admin/a/{x}": {
                        "get": {"responses": {"200": shown, "404": {"$ref": "#/components/responses/404"}}},
                        "delete": {"responses": {"204": {"description": ""}}},
                    },
                    "/admin/a/all": {"get": {"responses": {"204": {"description": ""}}}},
                },
                "components": {"schemas": {"name": name}, "responses": {"404": {"description": ""}}},
            }),
        ));
        let check = |method, path, status, body: Value| document.check(method, path, &answer(status, &body));
        for (method, path, status, body) in [
            ("GET", "/admin/a/b", 200, json!({"name": "n"})),
            ("HEAD", "/admin/a/b/", 200, Value::Null),
            ("GET", "/admin/a/b", 404, Value::Null),
            ("DELETE", "/admin/a/b", 204, Value::Null),
            ("GET", "/admin/a/all", 204, Value::Null),
            ("PATCH", "/admin/a/b", 405, json!({})),
            ("GET", "/admin/b", 404, json!({})),
        ] {
            assert_eq!(check(method, path, status, body), Ok(()), "{method} {path} {status}");
        }
        for (method, path, status, body) in [
            ("GET", "/admin/a/b", 200, json!({"name": 1})),
            ("GET", "/admin/a/b", 200, json!([])),
            ("GET", "/admin/a/b", 200, Value::Null),
            ("GET", "/admin/a/b", 404, json!({})),
            ("GET", "/admin/a/b", 500, json!({})),
            ("GET", "/admin/a/all", 200, json!({"name": "n"})),
            ("DELETE", "/admin/a/b", 204, json!({})),
        ] {
            assert!(check(method, path, status, body).is_err(), "{method} {path} {status}");
        }
    }
}
