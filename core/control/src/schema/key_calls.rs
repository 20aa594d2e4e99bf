//! What calls about a key take, as tables: checked and described as entities are.

use super::{Check, Fallback, Field, FieldKind};
use latchkey_published::limits;

/// What a rotation takes.
pub(crate) static ROTATION: &[Field] = &[Field::new(
    "grace_seconds",
    FieldKind::Integer,
    "How long the key before stays good, in seconds, though never longer than it was to.",
)
.default(Fallback::Integer(0))
.checks(&[Check::Between(0, limits::GRACE_SECONDS_MAX)])];

/// What finding a key takes.
pub(crate) static FIND_KEY: &[Field] = &[Field::new(
    "key",
    FieldKind::String,
    "The key in clear, or `sha256:` and the 64 hex digits of its SHA-256.",
)
.required()
.checks(&[Check::LengthMax(limits::KEY_BYTES_MAX)])];
