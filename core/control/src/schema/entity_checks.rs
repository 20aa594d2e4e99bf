//! Rules over several fields that no data says.

use serde_json::Value;

use super::entity_check::is_set;
use super::{FieldFaults, Object, checks};

const MISSING: &str = "required field missing";

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

/// A consumer's OAuth2 client has a name of its own; an application's may have that of the application.
pub(super) fn client_has_name(entity: &Object, errors: &mut FieldFaults) {
    if !is_set(entity, "application") && !is_set(entity, "name") {
        errors.add("name", MISSING);
    }
}

/// Without an application it is a consumer's.
pub(super) fn client_has_consumer(entity: &Object, errors: &mut FieldFaults) {
    if !is_set(entity, "application") && !is_set(entity, "consumer") {
        errors.add("consumer", MISSING);
    }
}

/// As Kong asks; applications may have addresses of their own schemes, without a host.
pub(super) fn redirect_uris_have_hosts(entity: &Object, errors: &mut FieldFaults) {
    if is_set(entity, "application") {
        return;
    }
    let uris = entity.get("redirect_uris").and_then(Value::as_array).into_iter().flatten();
    let judge = |uri: &str| checks::has_host(uri).err().map_or(Value::Null, Value::from);
    let mut faults: Vec<Value> = uris.filter_map(Value::as_str).map(judge).collect();
    while faults.last().is_some_and(Value::is_null) {
        faults.pop();
    }
    if !faults.is_empty() {
        errors.add("redirect_uris", Value::Array(faults));
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
