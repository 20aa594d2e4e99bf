//! Reads the body of a write.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::endpoints::Takes;
use super::problem::Refusal;
use crate::schema::Object;

/// Members an entity may be sent with.
const ARGUMENTS_MAX: usize = 1000;

/// The object sent; empty when there is neither body nor type, or none is taken.
pub(super) fn parse(takes: Takes, headers: &HeaderMap, body: &[u8]) -> Result<Object, Refusal> {
    match takes {
        Takes::Nothing | Takes::Page | Takes::AuditPage => Ok(Object::new()),
        Takes::Object => object(headers, body),
    }
}

fn object(headers: &HeaderMap, body: &[u8]) -> Result<Object, Refusal> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let content_type = types.next();
    let Some(content_type) = content_type else {
        return match body {
            [] => Ok(Object::new()),
            _ => Err(Refusal::UnsupportedType),
        };
    };
    if types.next().is_some() || is_list(content_type.as_bytes()) {
        return Err(Refusal::Malformed("Only one Content-Type is taken"));
    }
    if !is_json(content_type.as_bytes()) {
        return Err(Refusal::UnsupportedType);
    }
    let object: Object =
        serde_json::from_slice(body).map_err(|_| Refusal::Malformed("Cannot parse JSON body"))?;
    if object.len() > ARGUMENTS_MAX {
        return Err(Refusal::Malformed("Too many arguments"));
    }
    Ok(object)
}

/// Whether these are several values: some platforms join fields of one name by commas, which a
/// single value has between quotes at most (RFC 9110 §8.3).
fn is_list(content_type: &[u8]) -> bool {
    let outside_quotes = content_type.split(|byte| *byte == b'"').step_by(2);
    outside_quotes.flatten().any(|byte| *byte == b',')
}

fn is_json(content_type: &[u8]) -> bool {
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}
