//! The schemas that the document names.

use serde_json::{Map, Value, json};

use crate::http::endpoints::{Action, ENDPOINTS, Verb};
use crate::http::lists::shows_application;
use crate::schema::json_schema::{View, config, config_name, entity, entity_name, form, reference_to};
use crate::schema::{EntityKind, PLUGINS};

/// Kong's error object.
pub(super) const ERROR: &str = "error";
/// The only member of other refusals: a sentence.
pub(super) const MESSAGE: &str = "message";
/// What `/schemas/…` answers.
pub(super) const TABLE: &str = "schema";

/// All of them, by name.
pub(super) fn all() -> Value {
    let mut schemas = Map::new();
    schemas.insert(ERROR.to_owned(), error());
    schemas.insert(MESSAGE.to_owned(), message());
    schemas.insert(TABLE.to_owned(), table());
    for plugin in &PLUGINS {
        schemas.extend(View::ALL.map(|view| (config_name(plugin, view), config(plugin, view))));
    }
    for kind in EntityKind::ALL {
        let views = View::ALL.into_iter().filter(|view| *view != View::Changes || is_changed(kind));
        schemas.extend(views.map(|view| (entity_name(kind, view), entity(kind, view))));
        schemas.insert(form_name(kind), form(kind));
        schemas.insert(list_name(kind, None), list(&entity_name(kind, View::Answered)));
    }
    let (application, contract) = (EntityKind::Applications, EntityKind::ApplicationInstances);
    schemas.insert(made_name(application), made_application());
    let developer = reference_to(&entity_name(EntityKind::Developers, View::Answered));
    schemas.insert(whole_name(application), with(application, "developer", &developer));
    let whole = reference_to(&whole_name(application));
    schemas.insert(whole_name(contract), with(contract, "application", &whole));
    schemas.insert(list_name(contract, Some(application)), list(&whole_name(contract)));
    Value::Object(schemas)
}

/// Whether entities of a kind take PATCH.
fn is_changed(kind: EntityKind) -> bool {
    let mut calls = ENDPOINTS.iter().flat_map(|endpoint| endpoint.calls);
    calls.any(|call| matches!(call.action, Action::Item(of, Verb::Change) if of == kind))
}

/// Name of the schema of a kind's fields in a form.
pub(super) fn form_name(kind: EntityKind) -> String {
    format!("{}.form", kind.name())
}

/// Name of the schema of a list of a kind, below an entity of another kind.
pub(super) fn list_name(kind: EntityKind, below: Option<EntityKind>) -> String {
    let is_whole = kind == EntityKind::ApplicationInstances && below.is_some_and(shows_application);
    format!("{}.list", if is_whole { whole_name(kind) } else { kind.name().to_owned() })
}

/// Name of the schema of an entity that was made.
pub(super) fn made_name(kind: EntityKind) -> String {
    match kind {
        // With its first credential.
        EntityKind::Applications => format!("{}.made", kind.name()),
        _ => entity_name(kind, View::Answered),
    }
}

/// Name of the schema of an entity that shows what it refers to whole.
fn whole_name(kind: EntityKind) -> String {
    format!("{}.whole", kind.name())
}

fn made_application() -> Value {
    let credential = reference_to(&entity_name(EntityKind::Oauth2Credentials, View::Answered));
    let mut schema = with(EntityKind::Applications, "credential", &credential);
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.push("credential".into());
    }
    schema
}

/// An entity as answered, but for one member.
fn with(kind: EntityKind, member: &str, schema: &Value) -> Value {
    let mut whole = entity(kind, View::Answered);
    whole["properties"][member] = schema.clone();
    whole
}

fn list(element: &str) -> Value {
    let mut schema = list_of(reference_to(element));
    // Not of every list: some tell it when they are asked.
    schema["properties"]["total"] = total();
    schema
}

/// A page of what has this schema.
pub(super) fn list_of(element: Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": element},
            "next": {"type": ["string", "null"], "description": "Path of the next page, below `/admin`; null on the last."},
            "offset": {"type": "string", "description": "What to ask the next page with; absent on the last."},
        },
        "required": ["data", "next"],
        "additionalProperties": false,
    })
}

/// A page of the Portal API, of what has this schema.
pub(super) fn portal_list_of(element: Value) -> Value {
    let mut schema = list_of(element);
    schema["properties"]["next"]["description"] = "Path of the next page; null on the last.".into();
    schema["properties"]["total"] = total();
    schema["required"] = json!(["data", "next", "total"]);
    schema
}

/// An entity in a list of the Portal API. An application has its contracts with it where they are asked for.
pub(super) fn own(kind: EntityKind) -> Value {
    if kind != EntityKind::Applications {
        return reference_to(&entity_name(kind, View::Answered));
    }
    let contract = reference_to(&entity_name(EntityKind::ApplicationInstances, View::Answered));
    with(kind, "application_instances", &json!({"type": "array", "items": contract}))
}

fn total() -> Value {
    json!({"type": "integer", "minimum": 0, "description": "How many there are on all pages."})
}

fn message() -> Value {
    json!({
        "type": "object",
        "properties": {"message": {"type": "string", "description": "What is wrong, in a sentence."}},
        "required": ["message"],
        "additionalProperties": false,
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "properties": {
            "code": {"type": "integer", "description": "Kong's number for the class of refusal."},
            "name": {"type": "string", "description": "Kong's name for the class of refusal."},
            "message": {"type": "string", "description": "What is wrong, in a sentence."},
            "fields": {"type": "object", "description": "What is wrong, in the shape of the entity: sentences by field, lists by position with null where nothing is, `@entity` for the entity as a whole."},
            "options": {"type": "object", "description": "What is wrong with the options of the call, by name.", "additionalProperties": {"type": "string"}},
        },
        "required": ["code", "message", "name"],
        "additionalProperties": false,
    })
}

/// Each field and each check is an object with one member: its name, and what Kong says of it.
fn table() -> Value {
    let one = |of: Value| {
        json!({
            "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": {"type": of},
        })
    };
    json!({
        "type": "object",
        "properties": {
            "fields": {"type": "array", "items": one(json!("object"))},
            "entity_checks": {"type": "array", "items": one(json!(["object", "array"]))},
        },
        "required": ["fields"],
    })
}
