//! The document at `/openapi.json`, beside the tables that it is made of.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::http::endpoints::{ENDPOINTS, Surface, Who};
use crate::http::openapi::{document, statuses};

#[tokio::test]
async fn it_lists_the_paths_that_there_are() {
    let control = new_control().await;
    let (_, listed) = call(&control, "GET", "/endpoints", "").await;
    let admin = listed["data"].as_array().unwrap().iter().map(|path| format!("/admin{}", text_of(path)));
    let others = ENDPOINTS.iter().filter(|endpoint| endpoint.surface != Surface::Admin);
    let others = others.map(|endpoint| format!("{}{}", endpoint.surface.prefix(), endpoint.path));
    let expected: BTreeSet<String> = admin.chain(others).collect();
    let document = document();
    let paths: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(paths, expected);
    for endpoint in ENDPOINTS {
        let item = &document["paths"][format!("{}{}", endpoint.surface.prefix(), endpoint.path)];
        let operations = item.as_object().unwrap().keys().filter(|name| *name != "parameters");
        let methods: BTreeSet<String> = operations.map(|name| name.to_uppercase()).collect();
        let expected = endpoint.calls.iter().map(|call| call.method.to_owned()).collect();
        assert_eq!(methods, expected, "{}", endpoint.path);
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn anybody_may_read_it() {
    let control = new_control().await;
    let response = control.serve(&head("GET", "/openapi.json", None, &HeaderMap::new()), b"").await;
    assert_eq!(response.status(), 200);
    assert_eq!(serde_json::from_slice::<Value>(response.body()).unwrap(), document());
}

#[test]
fn whatever_it_refers_to_is_there() {
    fn walk(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").map(|reference| text_of(reference).to_owned()));
                members.values().for_each(|member| walk(member, found));
            }
            Value::Array(elements) => elements.iter().for_each(|element| walk(element, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    walk(&document, &mut found);
    assert!(found.len() > 30, "{found:?}");
    for reference in &found {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
    }
    // And nothing is there for nobody.
    for group in ["schemas", "responses"] {
        for name in document["components"][group].as_object().unwrap().keys() {
            assert!(found.contains(&format!("#/components/{group}/{name}")), "{group} {name}");
        }
    }
}

#[test]
fn operations_have_names_of_their_own() {
    let document = document();
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let ids: Vec<&str> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
    assert_eq!(ids.len(), ENDPOINTS.iter().map(|endpoint| endpoint.calls.len()).sum::<usize>());
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

#[test]
fn every_status_of_the_table_is_listed() {
    let document = document();
    for endpoint in ENDPOINTS {
        let path = format!("{}{}", endpoint.surface.prefix(), endpoint.path);
        for call in endpoint.calls {
            let operation = &document["paths"][&path][call.method.to_lowercase()];
            let listed = operation["responses"].as_object().unwrap().keys().map(|it| it.parse().unwrap());
            assert_eq!(listed.collect::<BTreeSet<u16>>(), statuses(endpoint, call), "{} {path}", call.method);
            assert!(call.answers.iter().all(|status| statuses(endpoint, call).contains(status)));
            let secured = operation["security"].as_array().unwrap();
            let is_for_all = matches!(call.who(endpoint.surface), Who::Anyone | Who::Known | Who::NotWaiting);
            assert_eq!(secured.is_empty(), is_for_all, "{path}");
        }
    }
}

/// What a reader would look for first.
#[test]
fn fields_are_as_the_tables_have_them() {
    let schemas = &document()["components"]["schemas"];
    let field = |schema: &str, field: &str| {
        let mut found = schemas[schema]["properties"][field].clone();
        found.as_object_mut().unwrap().remove("description").expect("a description");
        found
    };
    for (schema, name, expected) in [
        ("services", "retries", json!({"type": ["integer", "null"], "minimum": 0, "maximum": 32767})),
        ("services.new", "port", json!({"type": "integer", "minimum": 0, "maximum": 65535, "default": 80})),
        ("services.change", "port", json!({"type": "integer", "minimum": 0, "maximum": 65535})),
        ("services", "id", json!({"type": "string", "format": "uuid"})),
        ("services.new", "url", json!({"type": ["string", "null"], "minLength": 1, "writeOnly": true})),
        (
            "routes.new",
            "path_handling",
            json!({"type": ["string", "null"], "minLength": 1, "enum": ["v0", "v1", null], "default": "v0"}),
        ),
        ("plugins.key-auth.config", "hide_credentials", json!({"type": "boolean"})),
        (
            "services.form",
            "tags[]",
            json!({"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 32}),
        ),
    ] {
        assert_eq!(field(schema, name), expected, "{schema}.{name}");
    }
    assert_eq!(schemas["developers.new"]["required"], json!(["email"]));
    assert!(schemas["developers.change"].get("required").is_none());
}
