//! Keys behind `Bearer` in `Authorization`, where key-auth is set to look there.

use std::borrow::Cow;

use http::header::AUTHORIZATION;

use crate::places::Found;
use crate::request::{Headers, RequestHead};
use latchkey_published::keys::ACCESS_TOKEN_PREFIX;

/// The key in `Authorization`. Of several values one that is a key makes them too many: it cannot be told
/// which of them the upstream would read.
pub(crate) fn find_bearer<'a, H: Headers>(head: &RequestHead<'a, H>) -> Found<'a> {
    let headers: &'a H = head.headers;
    let mut values = headers.values_of(&AUTHORIZATION);
    let (first, second) = (values.next(), values.next());
    match (first.and_then(bearer_key), second) {
        (Some(key), None) => Found::One(Cow::Borrowed(key)),
        (None, None) => Found::Nothing,
        (_, Some(_)) if carries_bearer_key(head) => Found::Many,
        (_, Some(_)) => Found::Nothing,
    }
}

/// The key in a value of `Authorization`; a token of OAuth 2.0 is none.
fn bearer_key(value: &[u8]) -> Option<&[u8]> {
    bearer_word(value).filter(|word| !word.starts_with(ACCESS_TOKEN_PREFIX.as_bytes()))
}

/// Whether `Authorization` carries a key.
pub(crate) fn carries_bearer_key<H: Headers>(head: &RequestHead<'_, H>) -> bool {
    head.headers.values_of(&AUTHORIZATION).any(|value| bearer_key(value).is_some())
}

/// The one word behind `Bearer`, which is in letters of either case (RFC 6750 §2.1, RFC 9110 §11.4).
pub(crate) fn bearer_word(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(BEARER.len())?;
    let key = rest.trim_ascii();
    let is_key = scheme.eq_ignore_ascii_case(BEARER)
        && rest.first().is_some_and(u8::is_ascii_whitespace)
        && !key.is_empty()
        && !key.iter().any(u8::is_ascii_whitespace);
    is_key.then_some(key)
}

const BEARER: &[u8] = b"bearer";
