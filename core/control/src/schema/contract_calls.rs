//! What calls about several contracts take, as tables: checked and described as entities are.

use super::entities::REASON;
use super::{Check, Field, FieldKind};
use latchkey_published::limits::DECIDED_MAX;

const CONTRACT: Field = Field::new("contract", FieldKind::String, "The id of a contract.");

/// What a decision about contracts takes.
pub(crate) static DECISION: &[Field] = &[
    Field::new("contracts", FieldKind::Array(&CONTRACT), "The ids of the contracts.")
        .required()
        .checks(&[Check::LengthMin(1), Check::LengthMax(DECIDED_MAX)]),
    Field::new(
        "status",
        FieldKind::Integer,
        "The state that they come to: 0 (approved) or 2 (rejected), those that wait; 3 (revoked), those that are \
         approved.",
    )
    .required()
    .checks(&[Check::OneOfIntegers(&[0, 2, 3])]),
    REASON,
];
