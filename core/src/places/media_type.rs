use std::borrow::Cow;

use crate::limits::MULTIPART_BOUNDARY_BYTES_MAX;

/// How a body is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyKind<'a> {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json` and what begins so, such as `application/json-patch+json`.
    Json,
    /// `multipart/form-data`.
    Multipart {
        /// What stands behind the two dashes of a delimiter; 1 to 70 bytes.
        boundary: Cow<'a, [u8]>,
    },
    /// Not searched.
    Other,
}

/// How to search a body with this `Content-Type`.
///
/// As in Kong, what is before the `;`, without regard to case, need only *begin* with the media type.
/// Multipart without one boundary that all servers read alike is [`BodyKind::Other`].
pub fn body_kind(content_type: Option<&[u8]>) -> BodyKind<'_> {
    let value = content_type.unwrap_or_default();
    let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
    let (media_type, parameters) = value.split_at_checked(end).unwrap_or_default();
    let media_type = media_type.trim_ascii();
    let begins_with = |known: &str| {
        media_type.get(..known.len()).is_some_and(|it| it.eq_ignore_ascii_case(known.as_bytes()))
    };

    if begins_with("application/x-www-form-urlencoded") {
        BodyKind::Form
    } else if begins_with("application/json") {
        BodyKind::Json
    } else if begins_with("multipart/form-data") {
        match boundary(parameters) {
            Some(boundary) => BodyKind::Multipart { boundary: Cow::Borrowed(boundary) },
            None => BodyKind::Other,
        }
    } else {
        BodyKind::Other
    }
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
        assert_eq!(body_kind(Some(content_type.as_bytes())), kind, "{content_type}");
    }

    #[test]
    fn the_media_type_is_a_prefix_without_case() {
        check("application/json", BodyKind::Json);
        check("Application/JSON", BodyKind::Json);
        check(" application/json ; charset=utf-8", BodyKind::Json);
        check("application/json-patch+json", BodyKind::Json);
        check("application/x-www-form-urlencoded", BodyKind::Form);
        check("application/x-www-form-urlencoded;charset=UTF-8", BodyKind::Form);
    }

    #[test]
    fn other_types_are_not_searched() {
        assert_eq!(body_kind(None), BodyKind::Other);
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
        check("multipart/form-data; charset=\"a;boundary=x\"; boundary=abc ; a=b;", multipart("abc"));
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
    fn a_boundary_that_is_not_clear_is_none() {
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
            check(&format!("multipart/form-data{parameters}"), BodyKind::Other);
        }
        let too_long = "b".repeat(MULTIPART_BOUNDARY_BYTES_MAX + 1);
        check(&format!("multipart/form-data; boundary={too_long}"), BodyKind::Other);
    }

    proptest! {
        #[test]
        fn no_value_panics(tail in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\";=, boundary*\\".to_vec())], 0..40)) {
            body_kind(Some(&tail));
            body_kind(Some(&[b"multipart/form-data;boundary=".as_slice(), &tail].concat()));
        }

        #[test]
        fn agrees_with_multer(boundary in "[!#-\\[\\]-~]{1,70}", quote in any::<bool>()) {
            let value = if quote { format!("\"{boundary}\"") } else { boundary };
            let content_type = format!("multipart/form-data; boundary={value}");
            if let BodyKind::Multipart { boundary } = body_kind(Some(content_type.as_bytes()))
                && let Ok(theirs) = multer::parse_boundary(&content_type)
            {
                prop_assert_eq!(&boundary[..], theirs.as_bytes());
            }
        }
    }
}
