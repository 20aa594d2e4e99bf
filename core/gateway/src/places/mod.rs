//! Finds keys by their names in the parts of a request that hold text, and says which bytes
//! to delete so that they are gone and every other byte stays.
//!
//! Nothing is decoded and encoded again: a scan gives ranges, [`apply_cuts`] or an adapter deletes them.
//! One scan answers for all names, and both questions at once: what is found is what is cut.

use std::ops::Range;

pub mod form;
pub mod json;
mod media_type;
pub mod multipart;
mod names;
mod scanned;
#[cfg(test)]
mod testing;

pub use media_type::{BodyKind, body_kind};
pub use names::Names;
pub use scanned::{Cuts, Found, Scanned};

/// The text is broken, or servers disagree about what it says, or it exceeds a limit.
/// As in Kong such a body holds no key, and that is no error of its own; but where keys are hidden
/// it must not go on, since it may hold one all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("body cannot be read")]
pub struct Unreadable;

/// What a body holds under `names`, and what to delete of it. An empty body holds nothing, whatever its kind.
pub fn scan<'a>(kind: &BodyKind<'_>, body: &'a [u8], names: &Names) -> Result<Scanned<'a>, Unreadable> {
    match kind {
        _ if body.is_empty() => Ok(Scanned::default()),
        BodyKind::Form => Ok(form::scan(body, names)),
        BodyKind::Json => json::scan(body, names),
        BodyKind::Multipart { boundary } => multipart::scan(body, boundary, names),
        BodyKind::Unclear => Err(Unreadable),
        BodyKind::Other => Ok(Scanned::default()),
    }
}

/// A copy of `input` without the bytes in `cuts`, which must be ascending and disjoint.
/// What lies outside `input` is ignored.
pub fn apply_cuts(input: &[u8], cuts: &[Range<usize>]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(input.len());
    crate::strip_key::append_without(input, cuts, &mut kept);
    kept
}

/// UTF-8 of U+FEFF, which many readers pass over at the start of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How many bytes a mark at the start takes.
fn byte_order_mark_len(input: &[u8]) -> usize {
    if input.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }
}

/// Two hexadecimal digits at the start of `bytes`, as one byte.
fn hex_byte(bytes: &[u8]) -> Option<u8> {
    let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_body(content_type: &str, body: &str, found: &str, left: &str) {
        let kind = body_kind(std::iter::once(content_type.as_bytes()));
        let mut outcome = scan(&kind, body.as_bytes(), &Names::new(&["apikey"]));
        let shown = outcome.as_mut().map(|scanned| testing::show(&scanned.take(0)));
        let shown = shown.unwrap_or_else(|unreadable| format!("{unreadable:?}"));
        assert_eq!(shown, found, "{content_type}: {body}");
        let cuts = outcome.unwrap_or_default().into_cuts().into_vec();
        assert_eq!(String::from_utf8_lossy(&apply_cuts(body.as_bytes(), &cuts)), left);
    }

    #[test]
    fn the_media_type_decides_how_a_body_is_read() {
        check_body("application/x-www-form-urlencoded", "apikey=k&a=1", "=k", "a=1");
        check_body("application/json", r#"{"apikey":"k"}"#, "=k", "{}");
        check_body("application/json", "apikey=k", "Unreadable", "apikey=k");
        check_body("text/plain", "apikey=k", "Nothing", "apikey=k");
        let part = "--b\r\nContent-Disposition: form-data; name=apikey\r\n\r\nk\r\n--b--\r\n";
        check_body("multipart/form-data; boundary=b", part, "=k", "--b--\r\n");
        check_body("multipart/form-data; boundary=c", part, "Unreadable", part);
        check_body("multipart/form-data", part, "Unreadable", part);
    }

    #[test]
    fn a_body_without_bytes_holds_nothing() {
        for content_type in
            ["application/json", "multipart/form-data", "multipart/form-data; boundary=b", "a/b"]
        {
            check_body(content_type, "", "Nothing", "");
        }
    }

    #[test]
    fn cuts_outside_the_input_delete_nothing_else() {
        assert_eq!(apply_cuts(b"abc", &[0..1, 2..9]), b"b");
        assert_eq!(apply_cuts(b"abc", &[7..9, 2..2]), b"");
        assert_eq!(apply_cuts(b"", &[]), b"");
    }
}
