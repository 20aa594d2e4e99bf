//! What paths and operations are called in the document.

use crate::http::endpoints::{Call, Endpoint};

/// The path of an endpoint at the control door.
pub(super) fn full_path(endpoint: &Endpoint) -> String {
    format!("{}{}", endpoint.surface.prefix(), endpoint.path)
}

/// Names an operation: `get-admin-services-services`.
pub(super) fn operation_id(endpoint: &Endpoint, call: &Call) -> String {
    let path = full_path(endpoint);
    let words = path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    format!("{}-{}", call.method.to_lowercase(), words.join("-"))
}
