//! What is asked of a request whose route is looked for, as a table.

use super::{Check, Fallback, Field, FieldKind, Pattern};
use latchkey_published::limits::{MATCH_HEADERS_MAX, PATTERN_INPUT_BYTES_MAX};
use latchkey_request::authority::{Authority, NoAuthority};

const NAME: Field = Field::new("name", FieldKind::String, "The name of a header field.")
    .checks(&[Check::Text(latchkey_router::check_field_name)]);
const VALUE: Field = Field::new("value", FieldKind::String, "A value of it, as sent.")
    .checks(&[Check::LengthMax(PATTERN_INPUT_BYTES_MAX), Check::Text(field_value)]);
const VALUES: Field =
    Field::new("values", FieldKind::Array(&VALUE), "Its values, one for each time it is sent.");

/// A request whose route is looked for.
pub(crate) static MATCH_REQUEST: &[Field] = &[
    Field::new("method", FieldKind::String, "The method.")
        .default(Fallback::Text("GET"))
        .checks(&[Check::Text(latchkey_router::check_method)]),
    Field::new("scheme", FieldKind::String, "Whether it comes by HTTPS.")
        .default(Fallback::Text("https"))
        .checks(&[Check::OneOf(&["https", "http"])]),
    Field::new("host", FieldKind::String, "The host that it is for, maybe with a port; null: none is named.")
        .checks(&[Check::Text(host)]),
    Field::new("path", FieldKind::String, "The path as it is sent; a query is passed over.")
        .required()
        .checks(&[
            Check::LengthMax(PATTERN_INPUT_BYTES_MAX),
            Check::MatchAll(&[(
                Pattern { lua: "^/", holds: |text| text.starts_with('/') },
                "should start with: /",
            )]),
        ]),
    Field::new("headers", FieldKind::Map(&NAME, &VALUES), "Its header fields, each with its values.")
        .checks(&[Check::LengthMax(MATCH_HEADERS_MAX)]),
];

fn host(text: &str) -> Result<(), String> {
    Authority::parse(text.as_bytes()).map(drop).map_err(|NoAuthority| NoAuthority::MESSAGE.to_owned())
}

fn field_value(text: &str) -> Result<(), String> {
    let sentence = |_| "cannot be sent in a header field".to_owned();
    http::HeaderValue::from_str(text).map(drop).map_err(sentence)
}
