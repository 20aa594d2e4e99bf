//! Turns an error into a response.

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::answer;
use crate::registry::{Error, ErrorCode};
use crate::store::StoreError;

/// What went wrong inside: in the extensions of the response, for the adapter's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InternalCause(pub StoreError);

pub(super) fn response(error: &Error) -> Response<Bytes> {
    let status = status(error);
    let mut response = match error {
        Error::NotFound | Error::Busy | Error::Store(_) => answer::message(status, &error.to_string()),
        Error::Schema(_)
        | Error::IdInUse(_)
        | Error::NoSuchReference { .. }
        | Error::Referenced { .. }
        | Error::NotUnique(_)
        | Error::NoEntity { .. }
        | Error::InvalidOffset(_)
        | Error::InvalidSize(_) => answer::json(status, &described(error)),
    };
    if error.is_retryable() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if let Error::Store(cause) = error {
        response.extensions_mut().insert(InternalCause(cause.clone()));
    }
    response
}

/// Kong's error object.
fn described(error: &Error) -> Value {
    let code = error.code();
    let mut object = Map::new();
    object.insert("message".to_owned(), error.to_string().into());
    object.insert("name".to_owned(), code.name().into());
    object.extend(code.number().map(|number| ("code".to_owned(), number.into())));
    object.extend(fields(error).map(|fields| ("fields".to_owned(), fields)));
    Value::Object(object)
}

fn fields(error: &Error) -> Option<Value> {
    match error {
        Error::Schema(violation) => Some(violation.fields.clone().into_value()),
        Error::IdInUse(id) => Some(json!({"id": id})),
        Error::NoSuchReference { field, id, .. } => Some(json!({ *field: {"id": id} })),
        Error::Referenced { by, .. } => Some(json!({"@referenced_by": by.name()})),
        Error::NotUnique(fields) => Some(Value::Object(fields.clone())),
        Error::NoEntity { field, value } => Some(json!({ *field: value })),
        Error::InvalidOffset(_) | Error::InvalidSize(_) | Error::NotFound | Error::Busy | Error::Store(_) => {
            None
        }
    }
}

fn status(error: &Error) -> StatusCode {
    match error.code() {
        ErrorCode::SchemaViolation
        | ErrorCode::PrimaryKeyViolation
        | ErrorCode::ForeignKeyViolation
        | ErrorCode::InvalidOffset
        | ErrorCode::InvalidSize => StatusCode::BAD_REQUEST,
        ErrorCode::UniqueViolation => StatusCode::CONFLICT,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::DatabaseError if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::DatabaseError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Busy => StatusCode::SERVICE_UNAVAILABLE,
    }
}
