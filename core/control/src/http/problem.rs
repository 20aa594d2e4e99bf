//! Turns an error into a response.

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::endpoints::Endpoint;
use super::{Fault, answer};
use crate::gateway_call::GatewayCall;
use crate::log_in::PasswordNeed;
use crate::registry::{AccountFault, Error, ErrorCode, NO_ID, PartFault, Unresolved};
use latchkey_store::StoreError;

/// What went wrong inside: in the extensions of the response, for the adapter's log.
///
/// It has the pattern of the endpoint, never the path: a path can hold a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{endpoint}: {error}")]
pub struct InternalCause {
    /// Pattern of the endpoint that was called: `/consumers/{consumers}`.
    pub endpoint: &'static str,
    /// What the store says.
    pub error: StoreError,
}

/// Why a request is not answered as it asks.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No admin token is set.
    NoTokenConfigured,
    /// None, or another one, was presented.
    WrongToken,
    /// The same, and many before it in this second.
    TooManyWrongTokens,
    /// The token may only read.
    ReadOnly,
    /// The token is a named one, where the installation's is needed.
    NamedToken,
    /// It names no host.
    NoHost,
    /// A browser asks what a page may do; it is told.
    Preflight(Option<&'static Endpoint>),
    /// There is no such path.
    UnknownPath,
    /// The path does not take the method.
    UnknownMethod(&'static Endpoint),
    /// The body is of a type that is not read.
    UnsupportedType,
    /// The request cannot be read.
    Malformed(&'static str),
    /// Nobody is logged in, where somebody must be.
    NoSession,
    /// The portal is not at the host that it names.
    Misdirected,
    /// A browser sends it for the page of another site.
    CrossSite,
    /// Something befell it on its way.
    Befallen(Fault),
    /// Too many attempts were made: it is not looked at.
    Held { retry_after_s: u32 },
    /// Too many passwords wait to be hashed.
    HashingBusy,
    /// None: it hangs on a password.
    NeedsPassword(Box<PasswordNeed>),
    /// None: it hangs on a call to be made at the gateway.
    NeedsCall(Box<GatewayCall>),
    /// The administrator is asked for the token again, who has not shown it for a while.
    TokenAgain,
    /// An endpoint has answered a page with what its table does not have.
    Unreadable,
    /// The registry refused or failed, asked by the endpoint of this pattern.
    Registry { endpoint: &'static str, error: Error },
}

impl Refusal {
    /// Whether what was sent can be mended, as far as the one who asks is concerned.
    pub(super) fn is_of_what_was_sent(&self) -> bool {
        match self {
            Refusal::Malformed(_) => true,
            Refusal::Registry { error: Error::Account(fault), .. } => {
                matches!(fault, AccountFault::OldPassword | AccountFault::WrongToken)
            }
            Refusal::Registry { error: Error::NotFound, .. } => false,
            Refusal::Registry { error, .. } => {
                matches!(status(error), StatusCode::BAD_REQUEST | StatusCode::CONFLICT)
            }
            _ => false,
        }
    }

    /// Whether there is no such thing.
    pub(super) fn is_not_found(&self) -> bool {
        match self {
            Refusal::UnknownPath => true,
            Refusal::Registry { error, .. } => status(error) == StatusCode::NOT_FOUND,
            _ => false,
        }
    }

    /// What of an account it was refused for.
    pub(super) fn account_fault(&self) -> Option<AccountFault> {
        match self {
            Refusal::Registry { error: Error::Account(fault), .. } => Some(*fault),
            _ => None,
        }
    }

    /// Whether what was to be done hangs on what has changed meanwhile.
    pub(super) fn is_changed_meanwhile(&self) -> bool {
        matches!(self, Refusal::Registry { error: Error::Conflict(_), .. })
    }

    /// Whether an application has a contract with the service that it asks for.
    pub(super) fn is_asked_already(&self) -> bool {
        let Refusal::Registry { error: Error::NotUnique(fields), .. } = self else { return false };
        fields.contains_key("composite_id")
    }

    /// Whether there is another with the same value where no two may have it.
    pub(super) fn is_taken(&self) -> bool {
        matches!(self, Refusal::Registry { error: Error::NotUnique(_), .. })
    }

    /// Whether it asks for a page of a list that there is not.
    pub(super) fn is_of_no_page(&self) -> bool {
        matches!(self, Refusal::Registry { error: Error::InvalidOffset(_), .. })
    }

    /// Whether there is another by the same id.
    pub(super) fn is_made_already(&self) -> bool {
        matches!(self, Refusal::Registry { error: Error::IdInUse(_), .. })
    }
}

pub(super) fn response(refusal: &Refusal) -> Response<Bytes> {
    match refusal {
        Refusal::NoTokenConfigured => {
            let message = "No admin token is configured: set one to use the Admin API";
            answer::message(StatusCode::SERVICE_UNAVAILABLE, message)
        }
        Refusal::WrongToken => answer::message(StatusCode::UNAUTHORIZED, "Invalid admin token"),
        Refusal::TooManyWrongTokens => {
            let mut response = answer::message(StatusCode::TOO_MANY_REQUESTS, "Too many wrong admin tokens");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
        Refusal::ReadOnly => {
            answer::message(StatusCode::FORBIDDEN, "This admin token is read-only: it cannot change anything")
        }
        Refusal::NamedToken => {
            let message = "A restore replaces the named admin tokens too: it takes the installation's own";
            answer::message(StatusCode::FORBIDDEN, message)
        }
        Refusal::NoHost => Fault::NoHost.respond(),
        Refusal::Befallen(fault) => fault.respond(),
        Refusal::Preflight(endpoint) => answer::preflight(*endpoint),
        Refusal::UnknownPath => answer::message(StatusCode::NOT_FOUND, "Not found"),
        Refusal::UnknownMethod(endpoint) => {
            let mut response = answer::message(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
            answer::add_allow(&mut response, endpoint);
            response
        }
        Refusal::UnsupportedType => answer::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Refusal::Malformed(message) => answer::message(StatusCode::BAD_REQUEST, message),
        Refusal::NoSession => answer::message(StatusCode::UNAUTHORIZED, "Invalid authentication credentials"),
        Refusal::Misdirected => {
            answer::message(StatusCode::MISDIRECTED_REQUEST, "The portal is not at this host")
        }
        Refusal::CrossSite => {
            answer::message(StatusCode::FORBIDDEN, "This request comes from the page of another site")
        }
        Refusal::Held { retry_after_s } => {
            later(StatusCode::TOO_MANY_REQUESTS, "Too many attempts, please try again later", *retry_after_s)
        }
        Refusal::HashingBusy => {
            let message = "Too many passwords are being looked at, please try again";
            later(StatusCode::SERVICE_UNAVAILABLE, message, 2)
        }
        Refusal::NeedsPassword(_) | Refusal::NeedsCall(_) | Refusal::Unreadable => Fault::Failed.respond(),
        Refusal::TokenAgain => answer::message(StatusCode::FORBIDDEN, "Show the admin token again"),
        Refusal::Registry { endpoint, error } => registry_response(endpoint, error),
    }
}

fn later(status: StatusCode, message: &str, retry_after_s: u32) -> Response<Bytes> {
    let mut response = answer::message(status, message);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
    response
}

fn registry_response(endpoint: &'static str, error: &Error) -> Response<Bytes> {
    let status = status(error);
    let mut response = match error {
        Error::NotFound
        | Error::UnknownKey { .. }
        | Error::Busy
        | Error::TooManyMails { .. }
        | Error::Account(_)
        | Error::Conflict(_)
        | Error::Restoring(_)
        | Error::UnknownPepper
        | Error::Store(_) => answer::message(status, &error.to_string()),
        Error::Schema(_)
        | Error::Part { .. }
        | Error::IdInUse(_)
        | Error::NoSuchReference { .. }
        | Error::Referenced { .. }
        | Error::NotUnique(_)
        | Error::Unresolved(_)
        | Error::InvalidPrimaryKey
        | Error::InvalidUnique { .. }
        | Error::NoEntity { .. }
        | Error::InvalidOffset(_)
        | Error::InvalidSize(_)
        | Error::InvalidOption { .. } => answer::json(status, &described(error)),
    };
    if error.is_retryable() {
        let seconds = match error {
            Error::TooManyMails { retry_after_s } => HeaderValue::from(*retry_after_s),
            _ => HeaderValue::from_static("1"),
        };
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    if let Error::Store(cause) = error {
        response.extensions_mut().insert(InternalCause { endpoint, error: cause.clone() });
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
    if let Error::InvalidOption { option, sentence } = error {
        object.insert("options".to_owned(), json!({ *option: sentence }));
    }
    Value::Object(object)
}

fn fields(error: &Error) -> Option<Value> {
    match error {
        Error::Schema(violation) => Some(violation.fields.clone().into_value()),
        Error::Part { faults, .. } => Some(part_fields(faults)),
        Error::IdInUse(id) => Some(json!({"id": id})),
        Error::NoSuchReference { field, id, .. } => Some(json!({ *field: {"id": id} })),
        Error::Referenced { by, .. } => Some(json!({"@referenced_by": by.name()})),
        Error::NotUnique(fields) => Some(Value::Object(fields.clone())),
        Error::NoEntity { field, value } => Some(json!({ *field: value })),
        Error::InvalidPrimaryKey => Some(json!({"id": NO_ID})),
        Error::Unresolved(all) => Some(unresolved_fields(all)),
        Error::InvalidUnique { .. }
        | Error::InvalidOffset(_)
        | Error::InvalidSize(_)
        | Error::InvalidOption { .. }
        | Error::NotFound
        | Error::UnknownKey { .. }
        | Error::Busy
        | Error::Account(_)
        | Error::TooManyMails { .. }
        | Error::Conflict(_)
        | Error::Restoring(_)
        | Error::UnknownPepper
        | Error::Store(_) => None,
    }
}

fn unresolved_fields(all: &[Unresolved]) -> Value {
    let mut fields = json!({});
    for one in all {
        fields[one.field][one.by] = one.sentence().into();
    }
    fields
}

/// Entities by their places: a list would have a null for each that is good.
fn part_fields(faults: &[PartFault]) -> Value {
    let by_place = faults.iter().map(|fault| (fault.entity.to_string(), fault.fields.clone()));
    json!({"entities": by_place.collect::<Map<_, _>>()})
}

fn status(error: &Error) -> StatusCode {
    match error.code() {
        ErrorCode::InvalidPrimaryKey
        | ErrorCode::SchemaViolation
        | ErrorCode::PrimaryKeyViolation
        | ErrorCode::ForeignKeyViolation
        | ErrorCode::InvalidOffset
        | ErrorCode::InvalidSize
        | ErrorCode::InvalidUnique(_)
        | ErrorCode::InvalidOptions
        | ErrorCode::ForeignKeysUnresolved => StatusCode::BAD_REQUEST,
        ErrorCode::Account(AccountFault::NoSession | AccountFault::WrongToken) => StatusCode::UNAUTHORIZED,
        ErrorCode::Account(AccountFault::LogInAgain | AccountFault::NotApproved) => StatusCode::FORBIDDEN,
        ErrorCode::Account(AccountFault::OldPassword) => StatusCode::BAD_REQUEST,
        ErrorCode::UniqueViolation | ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::DatabaseError if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::DatabaseError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Busy | ErrorCode::TooManyMails | ErrorCode::Restoring => StatusCode::SERVICE_UNAVAILABLE,
    }
}
