//! The table of what an administrator changes while it runs: one record, checked and described as entities
//! are. Defaults that are lists or records stand in [`crate::settings::Settings`] alone.

use super::checks;
use super::{Check, Fallback, Field, FieldKind};
use latchkey_published::limits;

/// The fields, in the order they are answered in. None is required: null is the default.
pub(crate) static SETTINGS: &[Field] = &[
    Field::new("portal_name", FieldKind::String, "What the portal is called, in its pages and its mails.")
        .default(Fallback::Text("Developer portal"))
        .checks(&[Check::Text(checks::one_line), Check::LengthMax(limits::PORTAL_NAME_BYTES_MAX)]),
    Field::new("portal_colour", FieldKind::String, "The colour of the portal's pages, as `#rrggbb`; null: their own.")
        .checks(&[Check::Text(checks::colour)]),
    Field::new("language", FieldKind::String, "The language where nothing else says one.")
        .default(Fallback::Text("en"))
        .checks(&[Check::OneOf(&["en", "ja"])]),
    flag(
        "auto_approve_developers",
        false,
        "Whether developers are approved as soon as their address is confirmed.",
    ),
    Field::new(
        "meta_fields",
        FieldKind::Array(&META_FIELD),
        "What is asked for at a sign-up besides address and password; null: a full name.",
    )
    .checks(&[Check::LengthMax(limits::META_FIELDS_MAX)]),
    flag("log_in_links", false, "Whether developers may log in by a mailed link, beside passwords."),
    number("password_min_length", 15, "Characters that a new password has at least.").checks(&[
        Check::Between(limits::PASSWORD_MIN_LENGTH_LEAST, limits::PASSWORD_MIN_LENGTH_MOST),
    ]),
    number(
        "portal_session_idle",
        12 * 3600,
        "After how many seconds without a call a session of the portal ends.",
    )
    .checks(SECONDS),
    number(
        "portal_session_max",
        7 * 86_400,
        "After how many seconds a session of the portal ends, however much it is used.",
    )
    .checks(SECONDS),
    Field::new(
        "email_verification",
        FieldKind::Boolean,
        "Whether a sign-up has to confirm its address; null: where there is mail.",
    ),
    flag("portal_reveal_accounts", false, "Whether a sign-up with a used address is told so, by 409."),
    flag(
        "new_browser_mails",
        true,
        "Whether developers are told by mail of a log-in from a browser that had not logged in before.",
    ),
    number("sign_ups_per_hour", 5, "Sign-ups that one client's address may make in an hour.")
        .checks(&[Check::Between(1, limits::SIGN_UPS_PER_HOUR_MAX)]),
    number(
        "mails_per_hour",
        500,
        "Mails in an hour, past which none is sent that a stranger can cause.",
    )
    .checks(&[Check::Between(1, limits::MAILS_PER_HOUR_MAX)]),
    number(
        "mails_per_mailbox",
        3,
        "Mails in an hour that strangers may cause to one mailbox; in a day, three and a third times as many.",
    )
    .checks(&[Check::Between(1, limits::MAILS_PER_MAILBOX_MAX)]),
    Field::new(
        "admin_mails",
        FieldKind::Record(&[
            Field::new("to", FieldKind::Set(&ADDRESS), "To whom; none: nothing is sent.")
                .checks(&[Check::LengthMax(limits::ADMIN_MAILS_MAX)]),
            flag("daily", false, "One mail a day of all that waits, in the place of one for each request."),
            flag("names", false, "Whether developers are named, by their addresses."),
        ]),
        "What administrators are told by mail.",
    ),
];

/// Whom a test mail goes to.
pub(crate) static TEST_MAIL: &[Field] = &[Field::new(
    "to",
    FieldKind::String,
    "An e-mail address; null: those of the administrators who are told by mail.",
)
.checks(&[Check::Text(checks::email)])];

/// Idle and absolute ends of sessions: a month is the longest that "stay logged in" is.
const SECONDS: &[Check] = &[Check::Between(1, 30 * 86_400)];

const ADDRESS: Field =
    Field::new("address", FieldKind::String, "An e-mail address.").checks(&[Check::Text(checks::email)]);

const META_FIELD: Field = Field::new(
    "meta_field",
    FieldKind::Record(&[
        Field::new("title", FieldKind::String, "The name of the member of `meta`.")
            .required()
            .checks(&[Check::Text(checks::one_line), TEXT_LENGTH]),
        Field::new("label", FieldKind::String, "What people read.")
            .required()
            .checks(&[Check::Text(checks::one_line), TEXT_LENGTH]),
        flag("is_email", false, "Whether it must be an e-mail address.").required(),
        Field::new(
            "validator",
            FieldKind::Record(&[
                Field::new("type", FieldKind::String, "What it must be.")
                    .required()
                    .default(Fallback::Text("string"))
                    .checks(&[Check::OneOf(&["string", "number", "boolean"])]),
                flag("required", false, "Whether it must be there.").required(),
            ]),
            "What it must be.",
        )
        .required(),
    ]),
    "A field of a sign-up, as Kong has it.",
);
const TEXT_LENGTH: Check = Check::LengthMax(limits::META_FIELD_TEXT_BYTES_MAX);

const fn flag(name: &'static str, default: bool, description: &'static str) -> Field {
    Field::new(name, FieldKind::Boolean, description).default(Fallback::Boolean(default))
}

const fn number(name: &'static str, default: i64, description: &'static str) -> Field {
    Field::new(name, FieldKind::Integer, description).default(Fallback::Integer(default))
}
