use std::borrow::Cow;
use std::ops::Deref;

/// A request path in normal form: what routes are compared with and what the upstream is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalPath<'a>(Cow<'a, [u8]>);

impl<'a> NormalPath<'a> {
    /// Normalises `raw`, a path without query; borrows it when it is normal already.
    pub fn new(raw: &'a [u8]) -> Self {
        NormalPath(normalise_path(raw))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether nobody can take `raw`, which this was made of, for another path: it is this one but
    /// for the case of its escapes, does not end early at a `?` or `#`, and has no dot segment between
    /// separators of other kinds either (`\`, `%2F`, `%5C`) or before a `;`, where some servers see
    /// the end of a segment.
    pub fn is_unmistakable(&self, raw: &[u8]) -> bool {
        // Normalising changes the case of nothing but escapes, and lengthens nothing but what it
        // also changes: what is equal but for case has changed by the case of escapes alone.
        self.0.eq_ignore_ascii_case(raw)
            && !self.0.iter().any(|byte| matches!(byte, b'?' | b'#'))
            && !has_dot_segment_for_others(&self.0)
    }
}

/// Of a normal path.
fn has_dot_segment_for_others(path: &[u8]) -> bool {
    let mut segment_start = 0;
    let mut at = 0;
    let is_dots = |segment: &[u8]| matches!(segment, b"." | b"..");
    while at < path.len() {
        let separator = match &path[at..] {
            [b'/', ..] => 1,
            [b'%', b'2', b'F', ..] | [b'%', b'5', b'C', ..] => 3,
            [b';', ..] if is_dots(&path[segment_start..at]) => return true,
            _ => 0,
        };
        if separator == 0 {
            at += 1;
            continue;
        }
        if is_dots(&path[segment_start..at]) {
            return true;
        }
        at += separator;
        segment_start = at;
    }
    is_dots(&path[segment_start..])
}

impl Deref for NormalPath<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The normal form of a path (RFC 3986 §6.2.2), so that two spellings of one path match the same route:
///
/// - escapes in upper case; escapes of unreserved characters decoded;
/// - bytes that may not stand in a path (space, `"<>\^`{|}`, controls, non-ASCII) escaped,
///   as Kong escapes them before forwarding;
/// - empty, `.` and `..` segments resolved, `%2e` counting as `.`;
/// - always starts with `/`.
///
/// Reserved characters stay as they came, escaped or not; a `%` that starts no escape stays too.
/// Normal paths are left alone: normalising twice is the same as once.
pub fn normalise_path(raw: &[u8]) -> Cow<'_, [u8]> {
    if is_normal(raw) { Cow::Borrowed(raw) } else { Cow::Owned(rewrite(raw)) }
}

/// Escapes the bytes that may not stand in a path and changes nothing else.
pub(super) fn escape_path(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for &byte in path {
        if CLASS[usize::from(byte)] == Class::Foreign { push_escape(&mut out, byte) } else { out.push(byte) }
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Stays as it is wherever it stands.
    Plain,
    /// `/`, `.` or `%`: depends on what follows.
    Special,
    /// Must be escaped.
    Foreign,
}

const CLASS: [Class; 256] = {
    let mut classes = [Class::Foreign; 256];
    let mut byte = 0;
    while byte < 256 {
        if is_unreserved(byte as u8) {
            classes[byte] = Class::Plain;
        }
        byte += 1;
    }
    let reserved = b"!#$&'()*+,:;=?@[]";
    let mut index = 0;
    while index < reserved.len() {
        classes[reserved[index] as usize] = Class::Plain;
        index += 1;
    }
    classes[b'/' as usize] = Class::Special;
    classes[b'.' as usize] = Class::Special;
    classes[b'%' as usize] = Class::Special;
    classes
};

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Whether [`rewrite`] would change nothing. May say no to a path that is normal, never yes to one that is not.
fn is_normal(path: &[u8]) -> bool {
    if path.first() != Some(&b'/') {
        return false;
    }
    let mut previous = 0;
    for (index, &byte) in path.iter().enumerate() {
        match CLASS[usize::from(byte)] {
            Class::Plain => {}
            Class::Foreign => return false,
            Class::Special => match byte {
                b'.' if previous == b'/' && starts_dot_segment(&path[index..]) => return false,
                b'/' if previous == b'/' => return false,
                b'%' if !starts_normal_escape(&path[index..]) => return false,
                _ => {}
            },
        }
        previous = byte;
    }
    true
}

fn starts_dot_segment(rest: &[u8]) -> bool {
    let end = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
    matches!(&rest[..end], b"." | b"..")
}

fn starts_normal_escape(rest: &[u8]) -> bool {
    let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    rest.get(1..3).is_some_and(|hex| hex.iter().all(digit))
        && escaped_byte(rest).is_some_and(|byte| !is_unreserved(byte))
}

/// The byte written as `%XX` at the start of `rest`.
fn escaped_byte(rest: &[u8]) -> Option<u8> {
    match rest {
        [b'%', high, low, ..] => Some(hex_value(*high)? << 4 | hex_value(*low)?),
        _ => None,
    }
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

fn rewrite(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + 1);
    out.push(b'/');
    let mut segment_start = 1;
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match CLASS[usize::from(byte)] {
            Class::Foreign => push_escape(&mut out, byte),
            Class::Special if byte == b'/' => {
                segment_start = resolve_dots(&mut out, segment_start);
                if out.len() > segment_start {
                    out.push(b'/');
                    segment_start = out.len();
                }
            }
            Class::Special if byte == b'%' => rest = push_percent(&mut out, after),
            Class::Plain | Class::Special => out.push(byte),
        }
    }
    resolve_dots(&mut out, segment_start);
    out
}

/// Removes a last segment that is `.`, or `..` with the one before it; answers where the last segment now starts.
fn resolve_dots(out: &mut Vec<u8>, segment_start: usize) -> usize {
    let start = match &out[segment_start..] {
        b"." => segment_start,
        b".." => out[..segment_start - 1].iter().rposition(|&byte| byte == b'/').map_or(1, |slash| slash + 1),
        _ => return segment_start,
    };
    out.truncate(start);
    start
}

/// Writes what a `%` followed by `after` becomes; answers what is left to read.
fn push_percent<'a>(out: &mut Vec<u8>, after: &'a [u8]) -> &'a [u8] {
    let escape = match after {
        [high, low, ..] => hex_value(*high).zip(hex_value(*low)),
        _ => None,
    };
    let Some((high, low)) = escape else {
        out.push(b'%');
        return after;
    };
    let byte = high << 4 | low;
    if is_unreserved(byte) && !completes_escape(out, byte) {
        out.push(byte)
    } else {
        push_escape(out, byte)
    }
    &after[2..]
}

/// Whether `byte` after `out` would turn a lone `%` into an escape: `%%361` must not become `%61`.
fn completes_escape(out: &[u8], byte: u8) -> bool {
    byte.is_ascii_hexdigit()
        && match out {
            [.., b'%'] => true,
            [.., b'%', digit] => digit.is_ascii_hexdigit(),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(raw: &str, normal: &str) {
        let result = normalise_path(raw.as_bytes());
        assert_eq!(String::from_utf8_lossy(&result), normal, "{raw}");
        assert_eq!(matches!(result, Cow::Borrowed(_)), raw == normal, "borrows what is normal: {raw}");
    }

    #[test]
    fn normal_paths_are_borrowed() {
        for path in
            ["/", "/a", "/a/", "/a.b/..c/.d/e..", "/%20/%2F/%C3%A9", "/a:b@c;d=e,f(g)!*'$&+[h]", "/..."]
        {
            check(path, path);
        }
    }

    #[test]
    fn always_starts_with_a_slash() {
        for (raw, normal) in [("", "/"), ("a", "/a"), ("*", "/*"), (".", "/"), ("..", "/"), ("./a", "/a")] {
            check(raw, normal);
        }
    }

    #[test]
    fn escapes_are_decoded_or_upper_cased() {
        for (raw, normal) in [
            ("/%61%7E%5f", "/a~_"),
            ("/%2f%3a", "/%2F%3A"),
            ("/%2561", "/%2561"),
            ("/%c3%a9", "/%C3%A9"),
            ("/é |", "/%C3%A9%20%7C"),
            ("/%00\u{1}", "/%00%01"),
        ] {
            check(raw, normal);
        }
    }

    #[test]
    fn a_lone_percent_stays_and_never_becomes_an_escape() {
        for (raw, normal) in [
            ("/%/../x", "/x"),
            ("/a%%361", "/a%%361"),
            ("/a%6%31", "/a%6%31"),
            ("/%zz%4", "/%zz%4"),
            ("/%%7e", "/%~"),
        ] {
            assert_eq!(String::from_utf8_lossy(&normalise_path(raw.as_bytes())), normal, "{raw}");
        }
    }

    #[test]
    fn dot_segments_and_empty_segments_are_resolved() {
        for (raw, normal) in [
            ("//", "/"),
            ("//a///b//", "/a/b/"),
            ("/a/.", "/a/"),
            ("/a/./b", "/a/b"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/b/../c", "/a/c"),
            ("/../../a", "/a"),
            ("/a//../b", "/b"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/.%2e", "/"),
            ("/a/%2e", "/a/"),
            ("/a/..%2F..", "/a/..%2F.."),
        ] {
            check(raw, normal);
        }
    }

    #[test]
    fn a_path_is_unmistakable_as_it_came_or_not() {
        let is_unmistakable = |raw: &str| NormalPath::new(raw.as_bytes()).is_unmistakable(raw.as_bytes());
        for raw in [
            "/",
            "/a/b/",
            "/a%20b/%C3%A9",
            "/a%20b/%c3%a9",
            "/a%2fb%3f%3B",
            "/%252e%252e/a",
            "/x/https%3a%2f%2fexample.com%2fa",
            "/a;v=1/b",
            "/.../..a/a../.a;b",
            "/a%5cb",
        ] {
            assert!(is_unmistakable(raw), "{raw}");
        }
        for raw in [
            "",
            "a",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/.",
            "//a",
            "/a//b",
            "/%61",
            "/a b",
            "/a\\b",
            "/a\0",
            "/a?b",
            "/é",
            "/a/..%2fb",
            "/a%2f..%2Fb",
            "/a%2f%2e%2e",
            "/a/..%5cb",
            "/a%5C.",
            "/a/..;/b",
            "/a/.;x",
            "/a%2F..;b",
        ] {
            assert!(!is_unmistakable(raw), "{raw}");
        }
    }

    fn path_like() -> impl Strategy<Value = Vec<u8>> {
        let pieces = ["/", ".", "..", "%", "%2e", "%2F", "%5c", "%36", "%3", "1", "a", ";", " ", "é"];
        let piece = prop::sample::select(pieces.map(str::as_bytes).to_vec());
        prop_oneof![
            prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat()),
            prop::collection::vec(any::<u8>(), 0..24),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn normal_form_holds(raw in path_like()) {
            let normal = normalise_path(&raw);
            prop_assert_eq!(normal[0], b'/');
            prop_assert!(!normal.windows(2).any(|pair| pair == b"//"));
            prop_assert!(!normal.split(|&byte| byte == b'/').any(|segment| segment == b"." || segment == b".."));
            prop_assert!(normal.iter().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(&normalise_path(&normal), &normal, "idempotent");
        }

        /// Whoever resolves what normalising resolves, or decodes once, has the same path before him.
        #[test]
        fn what_is_unmistakable_is_read_alike(raw in path_like()) {
            let normal = NormalPath::new(&raw);
            if normal.is_unmistakable(&raw) {
                prop_assert!(normal.eq_ignore_ascii_case(&raw));
                let separated: Vec<u8> = String::from_utf8(normal.to_vec()).unwrap()
                    .replace("%2F", "/").replace("%5C", "/").into_bytes();
                let is_dots = |segment: &[u8]| segment == b"." || segment == b"..";
                prop_assert!(!separated.split(|&byte| byte == b'/').any(is_dots));
            }
        }

        #[test]
        fn the_fast_check_agrees_with_rewriting(raw in path_like()) {
            if is_normal(&raw) {
                prop_assert_eq!(rewrite(&raw), raw);
            }
        }
    }
}
