//! What calls about accounts take at the Portal API, as tables: checked and described as entities are.

use super::{Check, Field, FieldKind, checks};
use latchkey_published::limits;

const EMAIL: Field = Field::new("email", FieldKind::String, "An e-mail address.")
    .required()
    .checks(&[Check::Text(checks::email)]);

const PASSWORD: Field =
    Field::new("password", FieldKind::String, "A password, used to the last character as it is sent.")
        .required();

const TOKEN: Field = Field::new("token", FieldKind::String, "The token of a mail.").required();

const META: Field = Field::new("meta", FieldKind::String, "What else is asked for, a JSON object as text.")
    .checks(&[Check::Text(checks::json_object), Check::LengthMax(limits::META_BYTES_MAX)]);

/// What a sign-up takes.
pub(crate) static REGISTER: &[Field] = &[EMAIL, PASSWORD, META];

/// What calls take that send a mail to an address.
pub(crate) static ADDRESS: &[Field] = &[EMAIL];

/// What calls take that spend a token.
pub(crate) static MAILED_TOKEN: &[Field] = &[TOKEN];

/// What a reset takes.
pub(crate) static RESET_PASSWORD: &[Field] = &[TOKEN, PASSWORD];

/// What a log-in takes.
pub(crate) static LOG_IN: &[Field] = &[
    Field::new("email", FieldKind::String, "The address of an account.").required(),
    Field::new("password", FieldKind::String, "Its password.").required(),
];

/// What a change of the password takes.
pub(crate) static CHANGE_PASSWORD: &[Field] =
    &[PASSWORD, Field::new("old_password", FieldKind::String, "The password of before.").required()];

/// What a change of the metadata takes.
pub(crate) static CHANGE_META: &[Field] = &[META.required()];

/// What the code of a log-in link is sent as.
pub(crate) static LINK_CODE: &[Field] =
    &[Field::new("code", FieldKind::String, "The six digits that the link showed elsewhere.").required()];
