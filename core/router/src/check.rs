//! What the Admin API checks when a route is saved, in Kong's sentences.

use super::host::HostPattern;
use super::normalise::{escape_path, normalise_path};
use super::pattern::{compile_header, compile_path};
use super::regex::Regex;
use latchkey_published::limits;

const EMPTY: &str = "length must be at least 1";

/// Checks an entry of `paths`.
///
/// A plain path must be normal; bytes that requests carry escaped may be written either way (`/a b`, `/a%20b`).
pub fn check_path(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err(EMPTY.to_owned());
    }
    if !path.starts_with('/') && !path.starts_with("~/") {
        return Err("should start with: / (fixed path) or ~/ (regex path)".to_owned());
    }
    if path.contains("//") {
        return Err("must not have empty segments".to_owned());
    }
    match path.strip_prefix('~') {
        Some(pattern) => check_steps(pattern, &compile_path(pattern)?.regex),
        None => check_plain_path(path),
    }
}

/// Patterns that may keep a thread for long are not taken. What was stored before is still compiled.
fn check_steps(pattern: &str, regex: &Regex) -> Result<(), String> {
    let (steps, most) = (regex.steps_per_byte(), limits::PATTERN_STEPS_PER_BYTE_MAX);
    if steps <= most {
        return Ok(());
    }
    Err(format!(
        "invalid regex: '{pattern}' (may take {steps} steps for each byte that it is compared with, at most {most} are allowed)"
    ))
}

/// The same for all patterns of a route, given as they stand in `paths` and in the values of `headers`.
pub fn check_patterns<'a>(
    paths: impl Iterator<Item = &'a str>,
    header_values: impl Iterator<Item = &'a str>,
) -> Result<(), String> {
    let paths =
        paths.filter_map(|path| Some(compile_path(path.strip_prefix('~')?).ok()?.regex.steps_per_byte()));
    let header_values = header_values
        .filter_map(|value| Some(compile_header(value.strip_prefix("~*")?).ok()?.steps_per_byte()));
    let (steps, most) = (paths.chain(header_values).sum::<usize>(), limits::PATTERN_STEPS_PER_BYTE_MAX);
    if steps <= most {
        return Ok(());
    }
    Err(format!(
        "regexes may together take {steps} steps for each byte that they are compared with, at most {most} are allowed"
    ))
}

fn check_plain_path(path: &str) -> Result<(), String> {
    if let Some(bad) = bad_escape(path) {
        return Err(format!("invalid url-encoded value: '{bad}'"));
    }
    let normal = normalise_path(path.as_bytes());
    if *normal != escape_path(path.as_bytes()) {
        let normal = String::from_utf8_lossy(&normal);
        return Err(format!("non-normalized path, consider use '{normal}' instead"));
    }
    Ok(())
}

/// The first `%` that starts no escape, with up to two characters after it.
pub fn bad_escape(path: &str) -> Option<String> {
    let mut rest = path;
    while let Some(percent) = rest.find('%') {
        rest = &rest[percent..];
        let digits = rest.as_bytes().get(1..3);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Some(rest.chars().take(3).collect());
        }
        rest = &rest[3..];
    }
    None
}

/// Checks an entry of `hosts`.
pub fn check_host(host: &str) -> Result<(), String> {
    HostPattern::parse(host).map(drop)
}

/// Checks a name in `headers`.
pub fn check_header_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("no header name provided".to_owned());
    }
    if name.eq_ignore_ascii_case("host") {
        let message = "cannot contain 'host' header, which must be specified in the 'hosts' attribute";
        return Err(message.to_owned());
    }
    check_field_name(name)
}

/// Checks the characters of the name of any header field.
pub fn check_field_name(name: &str) -> Result<(), String> {
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Ok(());
    }
    Err(format!("bad header name '{name}', allowed characters are A-Z, a-z, 0-9, '_', and '-'"))
}

/// Checks one value in `headers`.
pub fn check_header_value(value: &str) -> Result<(), String> {
    match value.strip_prefix("~*") {
        _ if value.is_empty() => Err(EMPTY.to_owned()),
        Some(pattern) => check_steps(pattern, &compile_header(pattern)?),
        None => Ok(()),
    }
}

/// Checks an entry of `methods`.
pub fn check_method(method: &str) -> Result<(), String> {
    match method {
        "" => Err(EMPTY.to_owned()),
        _ if method.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(()),
        _ => Err(format!("invalid value: {method}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&str) -> Result<(), String>;

    #[track_caller]
    fn check(function: Check, refused: &[(&str, &str)], accepted: &[&str]) {
        for (value, message) in refused {
            assert_eq!(function(value), Err((*message).to_owned()), "{value}");
        }
        for value in accepted {
            assert_eq!(function(value), Ok(()), "{value}");
        }
    }

    #[test]
    fn paths() {
        let start = "should start with: / (fixed path) or ~/ (regex path)";
        check(
            check_path,
            &[
                ("", "length must be at least 1"),
                ("foo", start),
                ("~foo", start),
                ("~", start),
                ("//foo", "must not have empty segments"),
                ("/foo//bar", "must not have empty segments"),
                ("~/foo//bar", "must not have empty segments"),
                ("/a/../b", "non-normalized path, consider use '/b' instead"),
                ("/a/./b", "non-normalized path, consider use '/a/b' instead"),
                ("/%61%2f", "non-normalized path, consider use '/a%2F' instead"),
                ("/é%7e", "non-normalized path, consider use '/%C3%A9~' instead"),
                ("/some%2words", "invalid url-encoded value: '%2w'"),
                ("/some%0Xwords", "invalid url-encoded value: '%0X'"),
                ("/some%20words%", "invalid url-encoded value: '%'"),
                ("/some%20words%a", "invalid url-encoded value: '%a'"),
                ("/%éé", "invalid url-encoded value: '%éé'"),
                ("~/(", "invalid regex: '/(' (unclosed group at character 2)"),
            ],
            &[
                "/",
                "/a",
                "/ovo/",
                "/abcd~user~2",
                "/a%20b",
                "/a b",
                "/é",
                "/{id}",
                "~/",
                r"~/a/(?<id>\d+)$",
                "~/a|/b",
            ],
        );
    }

    #[test]
    fn hosts() {
        let many = "invalid wildcard: must have at most one wildcard";
        let placed = "invalid wildcard: must be placed at leftmost or rightmost label";
        check(
            check_host,
            &[
                ("", "length must be at least 1"),
                ("*.example.*", many),
                ("**.example.com", many),
                ("*example.com", placed),
                ("www.example*", placed),
                ("mock*bin.com", placed),
                ("*", placed),
                ("example.com:1000000", "invalid port number"),
                ("/example", "invalid hostname: /example"),
                (".example", "invalid hostname: .example"),
                ("example:", "invalid hostname: example:"),
                ("example:x", "invalid hostname: example:x"),
                ("mock;bin", "invalid hostname: mock;bin"),
                ("example.com/org", "invalid hostname: example.com/org"),
                ("example-.org", "invalid hostname: example-.org"),
                ("hello..example.com", "invalid hostname: hello..example.com"),
                ("[::g]", "invalid hostname: [::g]"),
                ("example..", "invalid hostname: example.."),
            ],
            &[
                "hello.COM",
                "1991.io",
                "example_api.com",
                "-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n",
                "localhost",
                "example.com:80",
                "example.*",
                "*.example.org",
                "*.example.org:321",
                "127.0.0.1:8000",
                "example.test.",
                "::1",
                "[::1]",
                "[::1]:8000",
            ],
        );
    }

    #[test]
    fn headers() {
        let host = "cannot contain 'host' header, which must be specified in the 'hosts' attribute";
        let bad = "bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'";
        let names = [("", "no header name provided"), ("HoSt", host), ("a b", bad)];
        check(check_header_name, &names, &["X-Plan", "x_plan", "1"]);
        let values = [
            ("", "length must be at least 1"),
            ("~*(", "invalid regex: '(' (unclosed group at character 1)"),
        ];
        check(check_header_value, &values, &["a", "~", "~*gold|silver", "~("]);
    }

    /// A pattern of so many alternatives that begin alike.
    fn costly(branches: usize) -> String {
        format!("(?:{})*$", vec!["a?"; branches].join("|"))
    }

    #[test]
    fn patterns_that_keep_a_thread_for_long_are_refused_and_still_compiled() {
        let costly =
            [costly(500), "[ab]{1100}".to_owned(), "[a-z]{1100}".to_owned(), r"(?:\w+ ?){400}".to_owned()];
        for pattern in costly {
            for refused in [check_header_value(&format!("~*{pattern}")), check_path(&format!("~/{pattern}"))]
            {
                let sentence = refused.unwrap_err();
                assert!(
                    sentence.starts_with("invalid regex: '")
                        && sentence.ends_with("at most 640 are allowed)"),
                    "{sentence}"
                );
            }
            assert!(compile_header(&pattern).is_ok() && compile_path(&format!("/{pattern}")).is_ok());
        }
        let robots = "googlebot|bingbot|yandex|baiduspider|duckduckbot|slurp|facebookexternalhit|twitterbot|\
            linkedinbot|applebot|semrushbot|ahrefsbot|mj12bot|dotbot|petalbot|bytespider|gptbot|claudebot|ccbot";
        for pattern in [
            robots,
            r"^Mozilla/\d+\.\d+ \(.*\) (?:Chrome|Firefox)/\d+",
            "^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
            "^gold|silver$",
            r"\w{64}",
        ] {
            assert_eq!(check_header_value(&format!("~*{pattern}")), Ok(()), "{pattern}");
            assert_eq!(check_path(&format!("~/{pattern}")), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn patterns_of_one_route_are_counted_together() {
        let half = format!("~*{}", "a".repeat(600));
        assert_eq!(check_header_value(&half), Ok(()));
        let paths = ["~/[ab]{500}".to_owned(), "/plain".to_owned()];
        let paths = || paths.iter().map(String::as_str);
        let none = std::iter::empty;
        assert_eq!(check_patterns(paths(), none()), Ok(()));
        assert_eq!(check_patterns(none(), std::iter::once(half.as_str())), Ok(()));
        for refused in [
            check_patterns(paths(), std::iter::once(half.as_str())),
            check_patterns(none(), std::iter::repeat_n(half.as_str(), 2)),
        ] {
            assert!(refused.unwrap_err().contains("together"), "both at once");
        }
        assert_eq!(check_patterns(paths(), std::iter::repeat_n("gold", 10_000)), Ok(()), "no patterns");
    }

    #[test]
    fn methods() {
        let refused = [
            ("", "length must be at least 1"),
            ("get", "invalid value: get"),
            (" GET", "invalid value:  GET"),
        ];
        check(check_method, &refused, &["GET", "CUSTOM"]);
    }
}
