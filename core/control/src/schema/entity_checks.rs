//! Rules over several fields that no data says.

use serde_json::Value;

use super::entity_check::is_set;
use super::{FieldFaults, Object};

/// There are none.
pub(super) fn no_certificates(entity: &Object, errors: &mut FieldFaults) {
    if is_set(entity, "ca_certificates") {
        errors.add("ca_certificates", "certificates cannot be stored here");
    }
}

/// The end of a credential is given in one way at most.
pub(super) fn one_end(entity: &Object, errors: &mut FieldFaults) {
    if is_set(entity, "ttl") && is_set(entity, "expires_at") {
        errors.add("ttl", "cannot be given beside 'expires_at'");
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
