//! Texts as the languages of the snippets write them, so that no name or path can end its literal.

/// For a POSIX shell: in single quotes, which nothing but a single quote ends.
pub fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A literal in double quotes, as JavaScript, Python, Go, Java and Rust write it. Printable characters stand
/// as they are; the rest is escaped.
pub fn literal(text: &str, language: Literal) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str(r"\\"),
            '\n' => quoted.push_str(r"\n"),
            '\r' => quoted.push_str(r"\r"),
            '\t' => quoted.push_str(r"\t"),
            c if !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}') => quoted.push(c),
            // Each is below U+10000: one unit of UTF-16.
            c if language == Literal::Rust => quoted.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c if language == Literal::Java && c.is_ascii() => {
                quoted.push_str(&format!("\\{:03o}", u32::from(c)));
            }
            c => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// How a literal writes what is no printable character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// JavaScript, Python and Go: `\u0007`.
    Common,
    /// Java, which reads `\u000a` as a line's end before it reads literals: `\007`.
    Java,
    /// Rust: `\u{7}`.
    Rust,
}

/// A name or value of a query, percent-encoded but for RFC 3986's unreserved characters (§2.3).
pub fn query(text: &str) -> String {
    percent_encoded(text, |byte, _| b"-._~".contains(&byte))
}

/// A path as it is sent: what RFC 3986 §3.3 lets stand in one stays, escapes too, since a route's path is not
/// the same with a reserved character escaped; the rest is percent-encoded.
pub fn path(text: &str) -> String {
    percent_encoded(text, |byte, after| b"-._~/!$&'()*+,;=:@".contains(&byte) || is_escape(byte, after))
}

/// A query as it is sent, likewise (§3.4).
pub fn whole_query(text: &str) -> String {
    percent_encoded(text, |byte, after| b"-._~/!$&'()*+,;=:@?".contains(&byte) || is_escape(byte, after))
}

fn is_escape(byte: u8, after: &[u8]) -> bool {
    byte == b'%' && matches!(after, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
}

/// What is kept is told by a byte and those after it.
fn percent_encoded(text: &str, is_kept: impl Fn(u8, &[u8]) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || is_kept(byte, &text.as_bytes()[at + 1..]) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_its_quotes() {
        for (text, in_shell, in_literal) in [
            ("apikey", "'apikey'", r#""apikey""#),
            ("X-\"Key", "'X-\"Key'", r#""X-\"Key""#),
            ("it's", r"'it'\''s'", r#""it's""#),
            (r"a\b", r"'a\b'", r#""a\\b""#),
            ("$A `b`", "'$A `b`'", r#""$A `b`""#),
            ("鍵", "'鍵'", r#""鍵""#),
        ] {
            assert_eq!(shell(text), in_shell);
            for language in [Literal::Common, Literal::Java, Literal::Rust] {
                assert_eq!(literal(text, language), in_literal);
            }
        }
    }

    #[test]
    fn what_is_not_printed_is_written_as_each_language_does() {
        for (text, common, java, rust) in [
            ("\u{7}", r#""\u0007""#, r#""\007""#, r#""\u{7}""#),
            ("\u{2028}", r#""\u2028""#, r#""\u2028""#, r#""\u{2028}""#),
            ("\n\r\t", r#""\n\r\t""#, r#""\n\r\t""#, r#""\n\r\t""#),
        ] {
            assert_eq!(literal(text, Literal::Common), common);
            assert_eq!(literal(text, Literal::Java), java);
            assert_eq!(literal(text, Literal::Rust), rust);
        }
    }

    #[test]
    fn queries_and_paths_are_percent_encoded() {
        assert_eq!(query("a b&c'\""), "a%20b%26c%27%22");
        assert_eq!(query("é=+"), "%C3%A9%3D%2B");
        assert_eq!(path("/it's/a b/100%?#"), "/it's/a%20b/100%25%3F%23");
        assert_eq!(path("/a%2fb/%C3%A9/é%2"), "/a%2fb/%C3%A9/%C3%A9%252");
        assert_eq!(whole_query("a=b c&d=%20?#\"%"), "a=b%20c&d=%20?%23%22%25");
        assert_eq!(path("/a,b;c=d@e"), "/a,b;c=d@e");
    }
}
