//! Rules over several fields of an entity.

use serde_json::Value;

use super::{FieldFaults, Object, Scope, plugins};

fn is_set(entity: &Object, field: &str) -> bool {
    match entity.get(field) {
        None | Some(Value::Null) => false,
        Some(Value::Array(elements)) => !elements.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(_) => true,
    }
}

fn text<'a>(entity: &'a Object, field: &str) -> &'a str {
    entity.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// `'a', 'b', 'c'`
fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

pub(super) fn consumer_names(entity: &Object, errors: &mut FieldFaults) {
    let names = ["custom_id", "username"];
    if !names.iter().any(|name| is_set(entity, name)) {
        errors.add_entity(format!("at least one of these fields must be non-empty: {}", quoted(&names)));
    }
}

pub(super) fn service_path(entity: &Object, errors: &mut FieldFaults) {
    if !matches!(text(entity, "protocol"), "http" | "https") && is_set(entity, "path") {
        errors.add_entity("failed conditional validation given value of field 'protocol'");
        errors.add("path", "value must be null");
    }
}

pub(super) fn service_tls(entity: &Object, errors: &mut FieldFaults) {
    let fields = ["client_certificate", "tls_verify", "tls_verify_depth", "ca_certificates"];
    if !matches!(text(entity, "protocol"), "https" | "tls") {
        for field in fields.iter().filter(|field| is_set(entity, field)) {
            errors.add(field, "value must be null");
        }
    }
    if is_set(entity, "ca_certificates") {
        errors.add("ca_certificates", "certificates cannot be stored here");
    }
}

pub(super) fn route_conditions(entity: &Object, errors: &mut FieldFaults) {
    let protocols: Vec<&str> = match entity.get("protocols") {
        Some(Value::Array(protocols)) => protocols.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let conditions: (&str, &[&str]) = if protocols.contains(&"https") {
        ("https", &["methods", "hosts", "headers", "paths", "snis"])
    } else if protocols.contains(&"http") {
        ("http", &["methods", "hosts", "headers", "paths"])
    } else if protocols.contains(&"grpcs") {
        ("grpcs", &["hosts", "headers", "paths", "snis"])
    } else if protocols.contains(&"grpc") {
        ("grpc", &["hosts", "headers", "paths"])
    } else if protocols.contains(&"tls_passthrough") {
        ("tls_passthrough", &["snis"])
    } else {
        ("tcp', 'tls' or 'udp", &["sources", "destinations", "snis"])
    };
    let (protocol, names) = conditions;
    if protocols.is_empty() {
        errors.add("protocols", "length must be at least 1");
    } else if !names.iter().any(|name| is_set(entity, name)) {
        errors.add_entity(format!("must set one of {} when 'protocols' is '{protocol}'", quoted(names)));
    }
}

/// What a request may cost on a route.
pub(super) fn route_patterns(entity: &Object, errors: &mut FieldFaults) {
    let texts = |value: &'_ Value| -> Vec<String> {
        let elements = value.as_array().into_iter().flatten();
        elements.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let paths = entity.get("paths").map(texts).unwrap_or_default();
    let headers = entity.get("headers").and_then(Value::as_object).into_iter().flatten();
    let header_values: Vec<String> = headers.flat_map(|(_, values)| texts(values)).collect();
    let field = if header_values.is_empty() { "paths" } else { "headers" };
    let checked = latchkey_router::check_patterns(
        paths.iter().map(String::as_str),
        header_values.iter().map(String::as_str),
    );
    if let Err(sentence) = checked {
        errors.add(field, sentence);
    }
}

pub(super) fn plugin_name(name: &str) -> Result<(), String> {
    match plugins::plugin(name) {
        Some(_) => Ok(()),
        None => Err(format!("plugin '{name}' not enabled; add it to the 'plugins' configuration property")),
    }
}

pub(super) fn plugin_scope(entity: &Object, errors: &mut FieldFaults) {
    let Some(plugin) = plugins::plugin(text(entity, "name")) else { return };
    if is_set(entity, "consumer") {
        errors.add("consumer", "value must be null");
    }
    match plugin.scope {
        Scope::Any => {}
        Scope::Service => {
            if is_set(entity, "route") {
                errors.add("route", "value must be null");
            }
            if !is_set(entity, "service") {
                errors.add("service", "required field missing");
            }
        }
    }
}
