//! The table of a named admin token: no entity of Kong's, but checked and described as one.

use super::checks;
use super::{Check, Fallback, Field, FieldKind, UNIX_SECONDS_MAX};
use latchkey_published::limits;

/// The fields, in the order they are answered in.
pub(crate) static NAMED_TOKEN: &[Field] = &[
    Field::new("id", FieldKind::Uuid, "Identifies the token.").read_only(),
    Field::new("name", FieldKind::String, "A name of its own, by which the audit tells who made a change.")
        .required()
        .unique()
        .checks(&[Check::Text(checks::name), Check::LengthMax(limits::NAME_BYTES_MAX)]),
    Field::new("read_only", FieldKind::Boolean, "Whether nothing can be changed by it.")
        .required()
        .default(Fallback::Boolean(false)),
    Field::new("start", FieldKind::String, "The first characters of the token.").read_only(),
    Field::new("created_at", FieldKind::Integer, "When it was made, in seconds since the Unix epoch.")
        .read_only(),
    Field::new(
        "expires_at",
        FieldKind::Integer,
        "When it ends, in seconds since the Unix epoch; null: not before it is revoked.",
    )
    .checks(&[Check::Between(0, UNIX_SECONDS_MAX)]),
    Field::new(
        "pepper",
        FieldKind::String,
        "Whether the pepper that it was made under is the `current` one, the `previous` one, or `withdrawn`, \
         so that it is refused.",
    )
    .read_only(),
    Field::new("token", FieldKind::String, "The token itself, in the one answer that made it.")
        .read_only()
        .omit_null(),
    Field::new("ttl", FieldKind::Integer, "In how many seconds it ends, in the place of `expires_at`.")
        .write_only()
        .omit_null()
        .checks(&[Check::Between(1, limits::TTL_SECONDS_MAX)]),
];
