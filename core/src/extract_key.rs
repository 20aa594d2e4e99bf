//! Finds the caller's key: by name, in header, then query, then body (Kong's order).

use std::borrow::Cow;

use http::header::HeaderName;

use crate::config::{KeyAuth, KeyName};
use crate::places::{self, BodyKind, Found};
use crate::request::{Body, Headers, RequestHead};

/// What a request presents.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    /// No key, or an empty one.
    Nothing,
    /// One key, right or wrong.
    Key(PresentedKey<'a>),
    /// Several values where one is wanted.
    Duplicate,
    /// The body must be looked at first.
    BodyNeeded,
}

/// Bytes as presented, decoded; never printed.
#[derive(PartialEq, Eq)]
pub(crate) struct PresentedKey<'a>(pub(crate) Cow<'a, [u8]>);

impl std::fmt::Debug for PresentedKey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PresentedKey")
    }
}

/// Finds the key. The first name that yields a string ends the search, and so do several values;
/// a bare flag (`?apikey`) ends it for its name only.
pub(crate) fn extract_key<'a, H: Headers>(
    auth: &KeyAuth,
    head: &RequestHead<'a, H>,
    kind: &BodyKind<'_>,
    body: Body<'a>,
) -> Presented<'a> {
    for name in &auth.names {
        let mut found = Found::Nothing;
        if auth.in_header {
            found = find_in_header(head, name);
        }
        if found == Found::Nothing && auth.in_query {
            found = places::form::find(head.query.unwrap_or_default(), &name.text);
        }
        if found == Found::Nothing && auth.in_body && *kind != BodyKind::Other {
            let Body::Whole(bytes) = body else { return Presented::BodyNeeded };
            found = places::find_in_body(kind, bytes, &name.text);
        }
        match found {
            Found::Nothing | Found::Flag => {}
            Found::Many => return Presented::Duplicate,
            Found::One(key) if key.is_empty() => return Presented::Nothing,
            Found::One(key) => return Presented::Key(PresentedKey(key)),
        }
    }
    Presented::Nothing
}

/// The spelling as configured goes first; `_` also matches `-`.
fn find_in_header<'a, H: Headers>(head: &RequestHead<'a, H>, name: &KeyName) -> Found<'a> {
    let one_spelling = |spelling: &HeaderName| {
        let mut values = head.headers.values_of(spelling);
        match (values.next(), values.next()) {
            (None, _) => Found::Nothing,
            (Some(value), None) => Found::One(Cow::Borrowed(value)),
            (Some(_), Some(_)) => Found::Many,
        }
    };
    match (one_spelling(&name.header), &name.header_hyphenated) {
        (Found::Nothing, Some(hyphenated)) => one_spelling(hyphenated),
        (found, _) => found,
    }
}
