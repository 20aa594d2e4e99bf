//! What calls of the Portal API take, as tables: checked and described as entities are.
//!
//! A developer sets less than an administrator does: what is not here is refused.

use super::entities::{APPLICATION_NAME, CREDENTIAL_NAME, EXPIRES_AT, NOTE, REDIRECT_URI, TTL};
use super::{Check, EntityKind, Field, FieldKind, OnDelete, checks};

const EMAIL: Field = Field::new("email", FieldKind::String, "An e-mail address.")
    .required()
    .checks(&[Check::Text(checks::email)]);

/// What a new application takes.
pub(crate) static APPLICATION: &[Field] = &[APPLICATION_NAME.required(), REDIRECT_URI.required()];

/// What of an application its developer changes.
pub(crate) static APPLICATION_CHANGE: &[Field] = &[APPLICATION_NAME, REDIRECT_URI];

/// What asking for access takes.
pub(crate) static ASK_ACCESS: &[Field] = &[
    Field::new(
        "service",
        FieldKind::Foreign(EntityKind::Services, OnDelete::Cascade),
        "The service that access is asked for to; it must be open for registration.",
    )
    .required(),
    NOTE,
];

/// What a new credential takes.
pub(crate) static CREDENTIAL: &[Field] = &[CREDENTIAL_NAME, TTL, EXPIRES_AT];

/// What of a credential its developer changes.
pub(crate) static CREDENTIAL_CHANGE: &[Field] = &[CREDENTIAL_NAME];

/// Whom an application is offered to.
pub(crate) static TRANSFER: &[Field] = &[EMAIL];
