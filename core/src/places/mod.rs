//! Finds a key by its name in the parts of a request that hold text, and says which bytes
//! to delete so that it is gone and every other byte stays.
//!
//! Nothing is decoded and encoded again: [`form::cut`] and its sisters give ranges,
//! [`apply_cuts`] or an adapter deletes them.
//! What `find` reports, `cut` removes: both read through the same scanner.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

pub mod form;
pub mod json;
mod media_type;
pub mod multipart;
#[cfg(test)]
mod testing;

pub use media_type::{BodyKind, body_kind};

/// What one place holds under one name.
#[derive(Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// The name does not occur.
    Nothing,
    /// The name occurs once, but its value is no string: `?apikey`, or a JSON number, `true` or `null`.
    Flag,
    /// One string, possibly empty.
    One(Cow<'a, [u8]>),
    /// Two or more values, or a JSON array or object.
    Many,
}

impl<'a> Found<'a> {
    /// One more value of the same name.
    fn add(&mut self, next: Found<'a>) {
        *self = if *self == Found::Nothing { next } else { Found::Many };
    }
}

/// Keeps the value out of logs: it may be a key.
impl fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Found::Nothing => "Nothing",
            Found::Flag => "Flag",
            Found::One(_) => "One(..)",
            Found::Many => "Many",
        })
    }
}

/// The body is broken, or servers disagree about what it says, or it exceeds a limit.
/// As in Kong such a body holds no key, and that is no error of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("body cannot be read")]
pub struct Unreadable;

/// What a body holds under `name`; an unreadable one holds nothing.
pub fn find_in_body<'a>(kind: &BodyKind<'_>, body: &'a [u8], name: &str) -> Found<'a> {
    match kind {
        BodyKind::Form => form::find(body, name),
        BodyKind::Json => json::find(body, name).unwrap_or(Found::Nothing),
        BodyKind::Multipart { boundary } => multipart::find(body, boundary, name).unwrap_or(Found::Nothing),
        BodyKind::Other => Found::Nothing,
    }
}

/// Appends the ranges to delete, ascending and disjoint, so that none of `names` is left in the body.
/// An unreadable body stays whole.
pub fn cut_in_body<N: AsRef<str>>(
    kind: &BodyKind<'_>,
    body: &[u8],
    names: &[N],
    cuts: &mut Vec<Range<usize>>,
) {
    // On `Unreadable` nothing was appended, which is what is wanted.
    let _ = match kind {
        BodyKind::Form => {
            form::cut(body, names, cuts);
            Ok(())
        }
        BodyKind::Json => json::cut(body, names, cuts),
        BodyKind::Multipart { boundary } => multipart::cut(body, boundary, names, cuts),
        BodyKind::Other => Ok(()),
    };
}

/// A copy of `input` without the bytes in `cuts`, which must be ascending and disjoint.
/// What lies outside `input` is ignored.
pub fn apply_cuts(input: &[u8], cuts: &[Range<usize>]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(input.len());
    crate::strip_key::append_without(input, cuts, &mut kept);
    kept
}

/// Collects the ranges of one `cut`: joins those that touch, takes all back when dropped unfinished.
struct Cuts<'v> {
    ranges: &'v mut Vec<Range<usize>>,
    /// How many ranges were there before: they are not ours to join or take back.
    before: usize,
}

impl<'v> Cuts<'v> {
    fn new(ranges: &'v mut Vec<Range<usize>>) -> Self {
        let before = ranges.len();
        Cuts { ranges, before }
    }

    fn push(&mut self, range: Range<usize>) {
        match self.ranges.get_mut(self.before..).and_then(<[_]>::last_mut) {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.ranges.push(range),
        }
    }

    /// Keeps the ranges if all went well, else takes them back.
    fn finish(self, outcome: Result<(), Unreadable>) -> Result<(), Unreadable> {
        if outcome.is_err() {
            self.ranges.truncate(self.before);
        }
        outcome
    }
}

/// Two hexadecimal digits at the start of `bytes`, as one byte.
fn hex_byte(bytes: &[u8]) -> Option<u8> {
    let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value() {
        let found = Found::One(Cow::Borrowed(b"secret"));
        assert_eq!(format!("{found:?}"), "One(..)");
    }

    fn check_body(content_type: &str, body: &str, found: &str, left: &str) {
        let kind = body_kind(Some(content_type.as_bytes()));
        let shown = testing::show(&find_in_body(&kind, body.as_bytes(), "apikey"));
        assert_eq!(shown, found, "{content_type}: {body}");
        let mut cuts = Vec::new();
        cut_in_body(&kind, body.as_bytes(), &["apikey"], &mut cuts);
        assert_eq!(String::from_utf8_lossy(&apply_cuts(body.as_bytes(), &cuts)), left);
    }

    #[test]
    fn the_media_type_decides_how_a_body_is_read() {
        check_body("application/x-www-form-urlencoded", "apikey=k&a=1", "=k", "a=1");
        check_body("application/json", r#"{"apikey":"k"}"#, "=k", "{}");
        check_body("application/json", "apikey=k", "Nothing", "apikey=k");
        check_body("text/plain", "apikey=k", "Nothing", "apikey=k");
        let part = "--b\r\nContent-Disposition: form-data; name=apikey\r\n\r\nk\r\n--b--\r\n";
        check_body("multipart/form-data; boundary=b", part, "=k", "--b--\r\n");
        check_body("multipart/form-data; boundary=c", part, "Nothing", part);
    }

    #[test]
    fn cuts_outside_the_input_delete_nothing_else() {
        assert_eq!(apply_cuts(b"abc", &[0..1, 2..9]), b"b");
        assert_eq!(apply_cuts(b"abc", &[7..9, 2..2]), b"");
        assert_eq!(apply_cuts(b"", &[]), b"");
    }
}
