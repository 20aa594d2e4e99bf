//! Finds the caller's key: by name, in header, then query, then body (Kong's order). Behind `Bearer`, where
//! no name is, it is looked for after the first name's header.

use std::borrow::Cow;

use http::header::HeaderName;

use crate::bearer::find_bearer;
use crate::config::{KeyAuth, KeyName};
use crate::places::{self, BodyKind, Found, Scanned};
use crate::request::{Body, Headers, RequestHead};
use crate::strip_key::HiddenCuts;

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

/// Why a body was not searched.
#[derive(Debug)]
pub(crate) enum Unsearched {
    /// It must be read first.
    Needed,
    /// It cannot be told whether it holds a key that is to be hidden.
    Unreadable,
}

/// The query and the body of a request, each scanned at most once, when first asked for: for all
/// names, and for what is to be found and what is to be hidden alike.
pub(crate) struct Searched<'k, 'a> {
    auth: &'k KeyAuth,
    query: Option<&'a [u8]>,
    kind: BodyKind<'a>,
    body: Body<'a>,
    scanned_query: Option<Scanned<'a>>,
    scanned_body: Option<Scanned<'a>>,
}

impl<'k, 'a> Searched<'k, 'a> {
    /// Nothing is scanned yet.
    pub(crate) fn new<H: Headers>(auth: &'k KeyAuth, head: &RequestHead<'a, H>, body: Body<'a>) -> Self {
        let kind = if auth.in_body { body_kind(head) } else { BodyKind::Other };
        Searched { auth, query: head.query, kind, body, scanned_query: None, scanned_body: None }
    }

    fn query(&mut self) -> &mut Scanned<'a> {
        let scan = || places::form::scan(self.query.unwrap_or_default(), &self.auth.search);
        self.scanned_query.get_or_insert_with(scan)
    }

    fn body(&mut self) -> Result<&mut Scanned<'a>, Unsearched> {
        let scanned = match self.scanned_body.take() {
            Some(scanned) => scanned,
            None => self.scan_body()?,
        };
        Ok(self.scanned_body.insert(scanned))
    }

    fn scan_body(&self) -> Result<Scanned<'a>, Unsearched> {
        let hides = self.auth.hides_credentials;
        match (&self.kind, self.body) {
            (BodyKind::Other, _) => Ok(Scanned::default()),
            // Nothing would be found in it.
            (BodyKind::Unclear, _) if !hides => Ok(Scanned::default()),
            (kind, Body::Whole(bytes)) => match places::scan(kind, bytes, &self.auth.search) {
                Err(_) if hides => Err(Unsearched::Unreadable),
                scanned => Ok(scanned.unwrap_or_default()),
            },
            (_, Body::Unread | Body::TooLarge) => Err(Unsearched::Needed),
        }
    }

    /// Finds what is to be hidden, wherever the key that counts is; nothing where keys are not hidden.
    pub(crate) fn find_hidden(&mut self) -> Result<(), Unsearched> {
        if self.auth.hides_credentials {
            self.body()?;
            self.query();
        }
        Ok(())
    }

    /// What was found to be hidden.
    pub(crate) fn into_hidden(self) -> HiddenCuts {
        if !self.auth.hides_credentials {
            return HiddenCuts::default();
        }
        let cuts = |scanned: Option<Scanned<'_>>| scanned.unwrap_or_default().into_cuts();
        HiddenCuts { query: cuts(self.scanned_query), body: cuts(self.scanned_body) }
    }
}

/// How the body is searched. One in a coding that we do not undo is unclear.
pub(crate) fn body_kind<'a, H: Headers>(head: &RequestHead<'a, H>) -> BodyKind<'a> {
    let headers: &'a H = head.headers;
    let is_coded = || headers.values_of(&http::header::CONTENT_ENCODING).any(has_coding);
    match places::body_kind(headers.values_of(&http::header::CONTENT_TYPE)) {
        BodyKind::Other => BodyKind::Other,
        _ if is_coded() => BodyKind::Unclear,
        kind => kind,
    }
}

/// Whether a list of codings has one that changes the bytes.
fn has_coding(codings: &[u8]) -> bool {
    let mut codings = codings.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

/// Finds the key. The first name that yields a string ends the search, and so do several values;
/// a bare flag (`?apikey`) ends it for its name only.
pub(crate) fn extract_key<'a, H: Headers>(
    auth: &KeyAuth,
    head: &RequestHead<'a, H>,
    searched: &mut Searched<'_, 'a>,
) -> Presented<'a> {
    let mut bearer = if auth.in_bearer { find_bearer(head) } else { Found::Nothing };
    for (place, name) in auth.names.iter().enumerate() {
        let mut found = Found::Nothing;
        if auth.in_header {
            found = find_in_header(head, name);
        }
        if found == Found::Nothing {
            found = std::mem::replace(&mut bearer, Found::Nothing);
        }
        if found == Found::Nothing && auth.in_query {
            found = searched.query().take(place);
        }
        if found == Found::Nothing && auth.in_body {
            let Ok(body) = searched.body() else { return Presented::BodyNeeded };
            found = body.take(place);
        }
        if let Some(presented) = presented(found) {
            return presented;
        }
    }
    // Where there are no names.
    presented(bearer).unwrap_or(Presented::Nothing)
}

/// What ends the search.
fn presented(found: Found<'_>) -> Option<Presented<'_>> {
    match found {
        Found::Nothing | Found::Flag => None,
        Found::Many => Some(Presented::Duplicate),
        Found::One(key) if key.is_empty() => Some(Presented::Nothing),
        Found::One(key) => Some(Presented::Key(PresentedKey(key))),
    }
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
