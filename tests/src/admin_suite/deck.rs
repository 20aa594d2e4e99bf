//! decK and go-kong, the clients of Kong's Admin API that are the strictest about it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::ask::{answer, contains, data, expect, get, id, make, post, put, request, with_json};

tests!("deck":
    recorded_calls_are_answered_to_its_content,
    references_may_be_whole_entities,
    lists_of_a_tag_have_what_has_the_tag,
    root_lists_its_listeners,
    wrong_patterns_are_told_as_go_kong_expects,
    entities_are_validated_as_deck_sends_them,
    tables_are_read_by_go_kong,
);

/// `tests/vectors/deck.json`: what decK asked, run by run, and the answers with which it was content.
const RECORDING: &str = include_str!("../../vectors/deck.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    #[serde(rename = "run")]
    name: String,
    requests: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    method: String,
    path: String,
    body: Option<Value>,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    status: Statuses,
    /// Dotted paths of members that are there, whatever they are.
    #[serde(default)]
    has: Vec<String>,
    /// Objects by the members named, all else whole.
    json: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Statuses {
    One(u16),
    Any(Vec<u16>),
}

impl Call {
    fn send(&self, api: &dyn Api) -> (u16, Value) {
        let request = request(api, &self.method, &self.path);
        answer(&api.send(&match &self.body {
            Some(body) => with_json(request, &body.to_string()),
            None => request,
        }))
    }
}

impl Expected {
    /// What is otherwise in an answer; empty: nothing.
    fn differences(&self, status: u16, body: &Value) -> Vec<String> {
        let is_expected = match &self.status {
            Statuses::One(one) => *one == status,
            Statuses::Any(any) => any.contains(&status),
        };
        let mut differences = Vec::new();
        if !is_expected {
            differences.push(format!("status {status}"));
        }
        let missing = self.has.iter().filter(|path| body.pointer(&pointer(path)).is_none());
        differences.extend(missing.map(|path| format!("no {path}")));
        if let Some(Err(path)) = self.json.as_ref().map(|expected| contains(body, expected)) {
            differences.push(format!("other at {path}"));
        }
        differences
    }
}

fn pointer(dotted: &str) -> String {
    format!("/{}", dotted.replace('.', "/"))
}

/// The whole recording, in order, each run on what the runs before it left.
fn recorded_calls_are_answered_to_its_content(api: &dyn Api) {
    let runs: Vec<Run> = serde_json::from_str(RECORDING).unwrap();
    let mut failed = Vec::new();
    for run in &runs {
        for call in &run.requests {
            let (status, body) = call.send(api);
            let differences = call.expect.differences(status, &body);
            if !differences.is_empty() {
                let (name, why) = (&run.name, differences.join(", "));
                failed.push(format!("{name}: {} {}: {why}: {body}", call.method, call.path));
            }
        }
    }
    let calls: usize = runs.iter().map(|run| run.requests.len()).sum();
    assert!(failed.is_empty(), "{} of {calls} calls:\n{}", failed.len(), failed.join("\n"));
}

/// go-kong sends what it has read, of which only the id counts.
fn references_may_be_whole_entities(api: &dyn Api) {
    let service = make(api, "/services", json!({"name": "s", "host": "a", "tags": ["t"]}));
    let other = make(api, "/services", json!({"name": "other", "host": "a"}));
    let reference = json!({"service": {"id": id(&service)}});
    let route = make(api, "/routes", json!({"name": "r", "paths": ["/r"], "service": service}));
    expect((201, route.clone()), 201, reference.clone());
    make(api, "/plugins", json!({"name": "key-auth", "service": service, "route": route}));

    // A member of the reference that differs from what is stored changes nothing there.
    let mut renamed = service.clone();
    renamed["name"] = json!("other");
    renamed["retries"] = json!(9);
    let path = format!("/routes/{}", id(&route));
    expect(put(api, &path, json!({"paths": ["/r"], "service": renamed})), 200, reference);
    expect(get(api, "/services/s"), 200, json!({"name": "s", "retries": 5}));
    expect(get(api, "/services/other"), 200, json!({"id": id(&other)}));

    let consumer = make(api, "/consumers", json!({"username": "bob", "custom_id": "42"}));
    let made = make(api, "/key-auths", json!({"key": "a-key-of-bob", "consumer": consumer}));
    assert_eq!(made["consumer"], json!({"id": id(&consumer)}));
}

/// decK reads no more than what has all tags that it selects by.
fn lists_of_a_tag_have_what_has_the_tag(api: &dyn Api) {
    for (name, tags) in [("a", json!(["x", "y"])), ("b", json!(["y"])), ("c", json!(null))] {
        make(api, "/services", json!({"name": name, "host": "h", "tags": tags}));
        make(api, "/routes", json!({"name": name, "paths": [format!("/{name}")], "tags": tags}));
        let consumer = make(api, "/consumers", json!({"username": name, "tags": tags}));
        let path = format!("/consumers/{}/key-auth", id(&consumer));
        make(api, &path, json!({"tags": tags}));
        make(api, &format!("/services/{name}/plugins"), json!({"name": "key-auth", "tags": tags}));
    }
    for kind in ["services", "routes", "consumers", "key-auths", "plugins"] {
        for (filter, count) in [("x,y", 1), ("x/y", 2), ("y", 2), ("z", 0)] {
            let list = get(api, &format!("/{kind}?size=1000&tags={filter}"));
            let list = expect(list, 200, json!({"next": null}));
            assert_eq!(data(&list).len(), count, "{kind} {filter}: {list}");
        }
    }
}

fn root_lists_its_listeners(api: &dyn Api) {
    let root = expect(get(api, "/"), 200, json!({}));
    for name in ["proxy_listeners", "admin_listeners"] {
        let listeners = root["configuration"][name].as_array();
        for listener in listeners.unwrap_or_else(|| panic!("no list {name} in {root}")) {
            assert!(listener["listener"].is_string() && listener["ip"].is_string(), "{listener}");
            assert!(listener["port"].is_u64(), "{listener}");
            assert!(listener["ssl"].is_boolean() && listener["http2"].is_boolean(), "{listener}");
        }
    }
}

fn wrong_patterns_are_told_as_go_kong_expects(api: &dyn Api) {
    for path in ["/routes", "/schemas/routes/validate"] {
        let (status, body) = post(api, path, json!({"name": "r", "paths": ["~/wrong(regex"]}));
        let told = body["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{path}: {body}");
        assert!(told.starts_with("schema violation (paths.1: invalid regex:"), "{path}: {told}");
    }
}

/// Entities of a file, with ids and nested references that nothing here has.
fn entities_are_validated_as_deck_sends_them(api: &dyn Api) {
    const UNKNOWN: &str = "1f45e0d9-c23a-4eb4-8882-5322c99e8498";
    let good = json!({"message": "schema validation successful"});
    let service = json!({"id": UNKNOWN, "name": "s"});
    let consumer = json!({"id": UNKNOWN, "username": "bob"});
    for (kind, entity) in [
        ("services", json!({"id": UNKNOWN, "name": "s", "host": "a.test", "port": 80})),
        ("routes", json!({"id": UNKNOWN, "paths": ["/r"], "service": service})),
        ("consumers", json!({"id": UNKNOWN, "username": "bob"})),
        ("keyauth_credentials", json!({"id": UNKNOWN, "key": "some-key", "consumer": consumer})),
        ("plugins", json!({"id": UNKNOWN, "name": "key-auth", "service": service})),
    ] {
        expect(post(api, &format!("/schemas/{kind}/validate"), entity), 200, good.clone());
    }
    for (kind, entity, fields) in [
        ("services", json!({"name": "s"}), json!({"host": "required field missing"})),
        ("routes", json!({"paths": ["/r"], "colour": 1}), json!({"colour": "unknown field"})),
        ("consumers", json!({"username": 1}), json!({"username": "expected a string"})),
    ] {
        let refused = json!({"code": 2, "name": "schema violation", "fields": fields});
        expect(post(api, &format!("/schemas/{kind}/validate"), entity), 400, refused);
    }
    // Nothing of it is kept.
    expect(get(api, "/services"), 200, json!({"data": []}));
    expect(get(api, "/consumers"), 200, json!({"data": []}));
}

fn tables_are_read_by_go_kong(api: &dyn Api) {
    for entity in [
        "services",
        "routes",
        "targets",
        "upstreams",
        "plugins",
        "ca_certificates",
        "certificates",
        "consumers",
        "snis",
        "tags",
    ] {
        let table = expect(get(api, &format!("/schemas/{entity}")), 200, json!({}));
        assert!(table["fields"].as_array().is_some_and(|fields| !fields.is_empty()), "{entity}: {table}");
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_recording_is_whole() {
        let runs: Vec<Run> = serde_json::from_str(RECORDING).unwrap();
        assert_eq!(runs.len(), 11);
        assert_eq!(runs.iter().map(|run| run.requests.len()).sum::<usize>(), 302);
    }

    #[test]
    fn every_difference_is_told() {
        let expected: Expected = serde_json::from_value(json!({
            "status": [200, 404], "has": ["a.b", "c"], "json": {"data": [{"id": 1, "tags": null}]}
        }))
        .unwrap();
        let good = json!({"a": {"b": null}, "c": 1, "data": [{"id": 1, "tags": null, "created_at": 5}]});
        for (status, body, differences) in [
            (200, good.clone(), &[][..]),
            (404, good.clone(), &[]),
            (201, good, &["status 201"]),
            (200, json!({"a": {}, "data": [{"id": 1}]}), &["no a.b", "no c", "other at data.0.tags"]),
            (200, json!({"a": {"b": 1}, "c": 1, "data": []}), &["other at data."]),
        ] {
            assert_eq!(expected.differences(status, &body), differences, "{status} {body}");
        }
    }
}
