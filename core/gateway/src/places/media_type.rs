use std::borrow::Cow;

use memchr::{memchr, memchr2_iter};

use latchkey_published::limits::MULTIPART_BOUNDARY_BYTES_MAX;

/// How a body is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyKind<'a> {
    /// `application/x-www-form-urlencoded`, also without the `x-`.
    Form,
    /// `application/json` and what begins so, such as `application/json-patch+json`.
    Json,
    /// `multipart/form-data`.
    Multipart {
        /// What stands behind the two dashes of a delimiter; 1 to 70 bytes.
        boundary: Cow<'a, [u8]>,
    },
    /// Of one of these types, but how it is to be read is not told, or not in a way that all servers
    /// understand alike.
    Unclear,
    /// Not searched.
    Other,
}

/// The media types that are searched.
#[derive(Clone, Copy)]
enum Searched {
    Form,
    Json,
    Multipart,
}

/// What a media type begins with, in lower case, and how it is searched.
const SEARCHED: [(&[u8], Searched); 4] = [
    (b"application/x-www-form-urlencoded", Searched::Form),
    (b"application/www-form-urlencoded", Searched::Form),
    (b"application/json", Searched::Json),
    (b"multipart/form-data", Searched::Multipart),
];

/// How to search a body with these values of `Content-Type`.
///
/// As in Kong the media type, without regard to case, need only *begin* with one that is searched.
/// Unclear are several types where one would be searched, as lines or in one line, as some platforms
/// join them; a charset in which ASCII may not mean ASCII; and multipart without one boundary that all
/// servers read alike.
pub fn body_kind<'a>(content_types: impl Iterator<Item = &'a [u8]>) -> BodyKind<'a> {
    let mut values = content_types;
    let Some(value) = values.next() else { return BodyKind::Other };
    let second = values.next();
    if second.is_some() || has_second_type(value) {
        let mut all = [value].into_iter().chain(second).chain(values);
        let may_be_searched =
            |value: &[u8]| value.split(|byte| *byte == b',').any(|it| searched_as(it).is_some());
        return if all.any(may_be_searched) { BodyKind::Unclear } else { BodyKind::Other };
    }
    let Some(searched) = searched_as(value) else { return BodyKind::Other };
    if !is_ascii_everywhere(value) {
        return BodyKind::Unclear;
    }
    match searched {
        Searched::Form => BodyKind::Form,
        Searched::Json => BodyKind::Json,
        Searched::Multipart => {
            let parameters = memchr(b';', value).and_then(|end| value.get(end..)).unwrap_or_default();
            match boundary(parameters) {
                Some(boundary) => BodyKind::Multipart { boundary: Cow::Borrowed(boundary) },
                None => BodyKind::Unclear,
            }
        }
    }
}

fn searched_as(value: &[u8]) -> Option<Searched> {
    let media_type = value.trim_ascii_start();
    let begins_with =
        |known: &[u8]| media_type.get(..known.len()).is_some_and(|it| it.eq_ignore_ascii_case(known));
    SEARCHED.iter().find(|(known, _)| begins_with(known)).map(|(_, searched)| *searched)
}

/// Whether there is a comma outside quotes, or inside ones that do not end: no media type has one there
/// (RFC 9110 §8.3.1), but several that were joined have.
fn has_second_type(value: &[u8]) -> bool {
    let (mut is_quoted, mut is_escaped, mut commas) = (false, false, 0);
    for byte in value {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => {
                is_quoted = !is_quoted;
                commas = 0;
            }
            b',' if is_quoted => commas += 1,
            b',' => return true,
            _ => {}
        }
    }
    commas > 0
}

/// Whether no `charset`, wherever a reader may see one, is other than those in which bytes below 0x80 are
/// ASCII, alone and as part of any character: else the same bytes may say something else (UTF-16, UTF-7,
/// Shift JIS).
fn is_ascii_everywhere(value: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = find_charset(value.get(at..).unwrap_or_default()) {
        at += found + CHARSET.len();
        let rest = value.get(at..).unwrap_or_default();
        if rest.starts_with(b"*") {
            return false;
        }
        let Some(charset) = rest.trim_ascii_start().strip_prefix(b"=") else { continue };
        let charset = charset.trim_ascii_start();
        let charset = charset.strip_prefix(b"\"").or(charset.strip_prefix(b"'")).unwrap_or(charset);
        let is_end = |byte: &u8| matches!(byte, b';' | b'"' | b'\'' | b',') || byte.is_ascii_whitespace();
        let charset = charset.split(is_end).next().unwrap_or_default();
        if !charset.is_empty() && !is_ascii_compatible(charset) {
            return false;
        }
    }
    true
}

/// Where `charset` begins, in any case.
fn find_charset(text: &[u8]) -> Option<usize> {
    memchr2_iter(b'c', b'C', text)
        .find(|at| text.get(*at..at + CHARSET.len()).is_some_and(|it| it.eq_ignore_ascii_case(CHARSET)))
}

const CHARSET: &[u8] = b"charset";

fn is_ascii_compatible(charset: &[u8]) -> bool {
    let name = charset.to_ascii_lowercase();
    let numbered = |prefix: &[u8]| {
        name.strip_prefix(prefix).is_some_and(|it| !it.is_empty() && it.iter().all(u8::is_ascii_digit))
    };
    matches!(name.as_slice(), b"utf-8" | b"utf8" | b"us-ascii" | b"ascii" | b"latin1")
        || numbered(b"iso-8859-")
        || numbered(b"windows-125")
}
/// The only `boundary` in `; name=value; name="value"`.
/// `None` as well when there are two, when it is in a form that servers read differently
/// (`boundary*=`, a backslash, a comma or space outside quotes), or when any parameter is broken.
fn boundary(parameters: &[u8]) -> Option<&[u8]> {
    let mut rest = parameters;
    let mut boundary = None;
    while let Some(after) = rest.strip_prefix(b";") {
        let after = after.trim_ascii_start();
        if after.is_empty() || after.starts_with(b";") {
            rest = after;
            continue;
        }
        let equals = after.iter().position(|byte| matches!(byte, b'=' | b';' | b'"'))?;
        let (name, value) = after.split_at_checked(equals)?;
        let name = name.trim_ascii_end();
        let (value, behind) = parameter_value(value.strip_prefix(b"=")?.trim_ascii_start())?;
        if name.eq_ignore_ascii_case(b"boundary") {
            if boundary.is_some() || !is_boundary(value) {
                return None;
            }
            boundary = Some(value);
        } else if name.to_ascii_lowercase().starts_with(b"boundary*") {
            return None;
        }
        rest = behind.trim_ascii_start();
    }
    if rest.is_empty() { boundary } else { None }
}

/// A token or the inside of a quoted text, and what is behind it.
fn parameter_value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(quoted) = text.strip_prefix(b"\"") {
        let end = quoted.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let (value, behind) = quoted.split_at_checked(end)?;
        return Some((value, behind.strip_prefix(b"\"")?));
    }
    let end =
        text.iter().position(|byte| matches!(byte, b';' | b',' | b'"' | b' ' | b'\t')).unwrap_or(text.len());
    text.split_at_checked(end)
}

/// RFC 2046 §5.1.1, but with any visible ASCII: programs use more than the RFC lets them.
fn is_boundary(value: &[u8]) -> bool {
    (1..=MULTIPART_BOUNDARY_BYTES_MAX).contains(&value.len())
        && value.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && !value.starts_with(b" ")
        && !value.ends_with(b" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn multipart(boundary: &str) -> BodyKind<'_> {
        BodyKind::Multipart { boundary: Cow::Borrowed(boundary.as_bytes()) }
    }

    fn check(content_type: &str, kind: BodyKind<'_>) {
        assert_eq!(body_kind(std::iter::once(content_type.as_bytes())), kind, "{content_type}");
    }

    fn check_lines(content_types: &[&str], kind: BodyKind<'_>) {
        assert_eq!(body_kind(content_types.iter().map(|line| line.as_bytes())), kind, "{content_types:?}");
        // The same as platforms join them.
        for joint in [", ", ","] {
            check(&content_types.join(joint), kind.clone());
        }
    }

    #[test]
    fn the_media_type_is_a_prefix_without_case() {
        check("application/json", BodyKind::Json);
        check("Application/JSON", BodyKind::Json);
        check(" application/json ; charset=utf-8", BodyKind::Json);
        check("application/json-patch+json", BodyKind::Json);
        check("application/x-www-form-urlencoded", BodyKind::Form);
        check("application/x-www-form-urlencoded;charset=UTF-8", BodyKind::Form);
        check("application/www-form-urlencoded", BodyKind::Form);
        check(" APPLICATION/WWW-Form-Urlencoded; charset=utf-8", BodyKind::Form);
    }

    #[test]
    fn several_types_are_unclear_if_one_is_searched() {
        let (json, form, other) = ("application/json", "application/x-www-form-urlencoded", "text/plain");
        check_lines(&[json, json], BodyKind::Unclear);
        check_lines(&[json, other], BodyKind::Unclear);
        check_lines(&[other, json], BodyKind::Unclear);
        check_lines(&[other, other, form], BodyKind::Unclear);
        check_lines(&[form, "multipart/form-data; boundary=b"], BodyKind::Unclear);
        check_lines(&["", json], BodyKind::Unclear);
        check_lines(&["application/json; a=\"b", other], BodyKind::Unclear);
        check_lines(&[other, other], BodyKind::Other);
        check_lines(&["text/plain;a=\"b\"", "text/html"], BodyKind::Other);
        check("application/json; a=\"b,c\"", BodyKind::Json);
        check("application/json; a=\"b\\\",c\"", BodyKind::Json);
        check("text/plain; a=\"b, application/json\"", BodyKind::Other);
    }

    #[test]
    fn charsets_that_change_ascii_are_unclear() {
        for charset in
            ["utf-8", "UTF-8", "\"utf-8\"", "'utf8'", "us-ascii", "iso-8859-15", "windows-1252", "", "\"\""]
        {
            check(&format!("application/json; charset={charset}"), BodyKind::Json);
            check(&format!("application/json;a=b ; Charset = {charset} ; c=d"), BodyKind::Json);
        }
        for charset in
            ["utf-16", "UTF-16LE", "utf-32", "utf-7", "\"utf-16\"", "ibm037", "shift_jis", "x", "utf-8x"]
        {
            for media_type in
                ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
            {
                check(&format!("{media_type}; charset={charset}"), BodyKind::Unclear);
                check(&format!("{media_type}; charset=utf-8; CHARSET={charset}"), BodyKind::Unclear);
            }
            check(&format!("text/plain; charset={charset}"), BodyKind::Other);
        }
        check("application/json; charset*=utf-8''utf-16", BodyKind::Unclear);
        check("application/json; profile=charset", BodyKind::Json);
    }

    #[test]
    fn other_types_are_not_searched() {
        assert_eq!(body_kind(std::iter::empty()), BodyKind::Other);
        for content_type in
            ["", ";", "text/plain", "application/jso", "x; application/json", "application/vnd.a+json"]
        {
            check(content_type, BodyKind::Other);
        }
    }

    #[test]
    fn the_boundary_is_a_token_or_quoted() {
        check("multipart/form-data; boundary=abc", multipart("abc"));
        check("Multipart/Form-Data;BOUNDARY=abC", multipart("abC"));
        check("multipart/form-data; boundary=\"a b;c=d\"", multipart("a b;c=d"));
        check("multipart/form-data; x=\"a;boundary=x\"; boundary=abc ; a=b;", multipart("abc"));
        check("multipart/form-data ;; boundary = abc", multipart("abc"));
        check("multipart/form-data; boundary=----=_Part_1_2.3", multipart("----=_Part_1_2.3"));
        check(
            "multipart/form-data; boundary=----WebKitFormBoundaryABC",
            multipart("----WebKitFormBoundaryABC"),
        );
        let longest = "b".repeat(MULTIPART_BOUNDARY_BYTES_MAX);
        check(&format!("multipart/form-data; boundary={longest}"), multipart(&longest));
    }

    #[test]
    fn a_boundary_that_is_not_clear_is_unclear() {
        for parameters in [
            "",
            ";",
            "; boundary",
            "; boundary=",
            "; boundary=\"\"",
            "; boundary=\"abc",
            "; boundary=\"a\\\"b\"",
            "; boundary=\"abc\"d",
            "; boundary=\"abc \"",
            "; boundary=a b",
            "; boundary=a,b",
            "; boundary=a\"b",
            "; boundary=a; boundary=b",
            "; boundary=a, multipart/form-data; boundary=b",
            "; boundary*=utf-8''a",
            "; boundary=a; Boundary*0=b",
            "; boundary=é",
            "; charset; boundary=a",
            ", text/plain",
        ] {
            check(&format!("multipart/form-data{parameters}"), BodyKind::Unclear);
        }
        let too_long = "b".repeat(MULTIPART_BOUNDARY_BYTES_MAX + 1);
        check(&format!("multipart/form-data; boundary={too_long}"), BodyKind::Unclear);
    }

    proptest! {
        #[test]
        fn no_value_panics(tail in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\";=, boundary*\\".to_vec())], 0..40)) {
            let kind_of = |value: &[u8]| assert_ne!(body_kind(std::iter::once(value)), BodyKind::Form);
            kind_of(&tail);
            kind_of(&[b"multipart/form-data;boundary=".as_slice(), &tail].concat());
        }

        #[test]
        fn agrees_with_multer(boundary in "[!#-\\[\\]-~]{1,70}", quote in any::<bool>()) {
            let value = if quote { format!("\"{boundary}\"") } else { boundary };
            let content_type = format!("multipart/form-data; boundary={value}");
            if let BodyKind::Multipart { boundary } = body_kind(std::iter::once(content_type.as_bytes()))
                && let Ok(theirs) = multer::parse_boundary(&content_type)
            {
                prop_assert_eq!(&boundary[..], theirs.as_bytes());
            }
        }
    }
}
