//! What a call may be answered with.

use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::{Map, Value, json};

use super::names::operation_id;
use super::schemas;
use crate::http::endpoints::{Action, Call, ENDPOINTS, Endpoint, Gives, Surface};
use crate::schema::EntityKind;
use crate::schema::json_schema::{View, entity_name, record, reference_to};

const JSON: &str = "application/json";

/// The answers of a call, by status.
pub(super) fn of_call(endpoint: &Endpoint, call: &Call) -> Value {
    let answer = |status: u16| match call.answers.first() {
        // One is never done.
        Some(done) if *done == status && status < 300 => when_done(endpoint, call),
        _ if call.action == Action::RevokeAccessToken && status < 500 => oauth2_refusal(status),
        _ if status == 204 => json!({"description": "It is done."}),
        _ if status < 300 => {
            json!({"description": "It is done otherwise.", "content": {JSON: {"schema": {"type": "object"}}}})
        }
        _ => json!({"$ref": format!("#/components/responses/{status}")}),
    };
    let statuses = super::statuses(endpoint, call);
    statuses.into_iter().map(|status| (status.to_string(), answer(status))).collect::<Map<_, _>>().into()
}

/// In the form of RFC 6749 §5.2, or, where what was asked is not read, of all others here.
fn oauth2_refusal(status: u16) -> Value {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let text = json!({"type": "string"});
    let error = json!({
        "type": "object",
        "properties": {"error": text, "error_description": text},
        "required": ["error", "error_description"],
        "additionalProperties": false,
    });
    let schema = json!({"anyOf": [error, reference_to(schemas::MESSAGE)]});
    json!({"description": reason.unwrap_or_default(), "content": {JSON: {"schema": schema}}})
}

fn when_done(endpoint: &Endpoint, call: &Call) -> Value {
    let (media_type, schema) = match call.action.gives() {
        Gives::Nothing => return json!({"description": "It is done."}),
        Gives::Page => ("text/html", json!({"type": "string"})),
        Gives::Document => {
            return json!({"description": "It is done.", "content": {JSON: {}, "application/yaml": {}}});
        }
        Gives::Png => ("image/png", json!({"type": "string"})),
        Gives::OpenApi => (JSON, json!({"type": "object", "required": ["openapi", "info", "paths"]})),
        Gives::Schema => (JSON, reference_to(schemas::TABLE)),
        Gives::Record(fields) => (JSON, record(fields, View::Answered)),
        Gives::Entity(kind) => (JSON, reference_to(&entity_name(kind, View::Answered))),
        Gives::Made(kind) => (JSON, reference_to(&schemas::made_name(kind))),
        Gives::Wrapped(name, kind) => {
            let entity = reference_to(&entity_name(kind, View::Answered));
            let schema = json!({
                "type": "object", "properties": {name: entity}, "required": [name], "additionalProperties": false,
            });
            (JSON, schema)
        }
        Gives::RecordWith(fields, name, kind) => {
            let mut schema = record(fields, View::Answered);
            schema["properties"][name] = reference_to(&entity_name(kind, View::Answered));
            if let Some(Value::Array(required)) = schema.get_mut("required") {
                required.push(name.into());
            }
            (JSON, schema)
        }
        Gives::Records(fields) => (JSON, json!({"type": "array", "items": record(fields, View::Answered)})),
        Gives::RecordList(fields) if endpoint.surface == Surface::Portal => {
            (JSON, schemas::portal_list_of(record(fields, View::Answered)))
        }
        Gives::RecordList(fields) => (JSON, schemas::list_of(record(fields, View::Answered))),
        Gives::List(kind) if endpoint.surface == Surface::Portal => {
            (JSON, schemas::portal_list_of(schemas::own(kind)))
        }
        Gives::List(kind) => (JSON, reference_to(&schemas::list_name(kind, endpoint.kinds().last()))),
    };
    let mut answer = json!({"description": "It is done.", "content": {media_type: {"schema": schema}}});
    if let Gives::Made(kind) = call.action.gives() {
        answer["links"] = links(endpoint, kind);
    }
    answer
}

/// What can be called with the id of the entity just made: its own path, and the lists below it.
fn links(endpoint: &Endpoint, kind: EntityKind) -> Value {
    let item = format!("{}/{{{}}}", endpoint.path, kind.name());
    let given: Vec<&str> = endpoint.variables().collect();
    let depth = given.len() + 1;
    let below = ENDPOINTS.iter().filter(|other| {
        other.surface == endpoint.surface
            && other.path.starts_with(&item)
            && other.variables().count() == depth
    });
    let from_path = given.iter().map(|name| ((*name).to_owned(), json!(format!("$request.path.{name}"))));
    let mut parameters: Map<String, Value> = from_path.collect();
    parameters.insert(kind.name().to_owned(), json!("$response.body#/id"));
    let calls = below.flat_map(|other| other.calls.iter().map(move |call| operation_id(other, call)));
    calls
        .map(|id| (id.clone(), json!({"operationId": id, "parameters": parameters})))
        .collect::<Map<_, _>>()
        .into()
}

/// Every refusal that there is, by status.
pub(super) fn refusals() -> Value {
    let calls = ENDPOINTS.iter().flat_map(|endpoint| endpoint.calls.iter().map(move |call| (endpoint, call)));
    let statuses = calls.flat_map(|(endpoint, call)| super::statuses(endpoint, call));
    let refused =
        statuses.filter_map(|status| StatusCode::from_u16(status).ok()).filter(|it| !it.is_success());
    refused.map(|status| (status.as_str().to_owned(), refusal(status))).collect::<Map<_, _>>().into()
}

fn refusal(status: StatusCode) -> Value {
    let mut refusal = json!({"description": status.canonical_reason().unwrap_or_default()});
    let message = reference_to(schemas::MESSAGE);
    let error = reference_to(schemas::ERROR);
    let body = match status {
        // Kong answers without a body.
        StatusCode::UNSUPPORTED_MEDIA_TYPE => None,
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::CONFLICT => {
            Some(json!({"anyOf": [error, message]}))
        }
        _ => Some(message),
    };
    if let Some(schema) = body {
        refusal["content"] = json!({JSON: {"schema": schema}});
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        refusal["headers"] = json!({RETRY_AFTER.as_str(): {
            "description": "Seconds after which it may be tried again.",
            "required": status == StatusCode::TOO_MANY_REQUESTS,
            "schema": {"type": "integer", "minimum": 0},
        }});
    }
    refusal
}
