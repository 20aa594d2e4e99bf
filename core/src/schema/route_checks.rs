//! What the conditions of routes must satisfy.

use percent_encoding::percent_decode_str;

/// `GET`, `PROPFIND`: upper case.
pub(super) fn method(text: &str) -> Result<(), String> {
    if text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(())
    } else {
        Err(format!("invalid value: {text}"))
    }
}

/// A host, maybe with a port, maybe with one `*` as its first or last label.
pub(super) fn host(text: &str) -> Result<(), String> {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(format!("invalid value: {text}"));
    }
    if !name.contains('*') {
        return super::checks::host(name).map_err(|_| format!("invalid value: {text}"));
    }
    let rest = name.strip_prefix("*.").or_else(|| name.strip_suffix(".*"));
    match rest {
        Some(rest) if !rest.contains('*') => {
            super::checks::host(rest).map_err(|_| format!("invalid value: {text}"))
        }
        _ => Err(format!("invalid wildcard: must be placed at leftmost or rightmost label: {text}")),
    }
}

/// A plain path, normalised, or `~/` and a regular expression.
pub(super) fn path(text: &str) -> Result<(), String> {
    if let Some(expression) = text.strip_prefix('~') {
        if !expression.starts_with('/') {
            return Err("should start with: / (fixed path) or ~/ (regex path)".to_owned());
        }
        return regex(expression);
    }
    if !text.starts_with('/') {
        return Err("should start with: / (fixed path) or ~/ (regex path)".to_owned());
    }
    if !super::checks::percent_encoded(text) {
        return Err(format!("invalid url-encoded value: '{text}'"));
    }
    let normal = normalise(text);
    if normal != text {
        return Err(format!("non-normalized path, consider use '{normal}' instead"));
    }
    Ok(())
}

/// Name of a header field other than `Host`.
pub(super) fn header_name(text: &str) -> Result<(), String> {
    if text.eq_ignore_ascii_case("host") {
        return Err(
            "cannot contain 'host' header, which must be specified in the 'hosts' attribute".to_owned()
        );
    }
    http::HeaderName::try_from(text)
        .map(|_| ())
        .map_err(|_| format!("bad header name '{text}', allowed characters are A-Z, a-z, 0-9, '_', and '-'"))
}

/// Value of a header field, or `~*` and a regular expression.
pub(super) fn header_value(text: &str) -> Result<(), String> {
    text.strip_prefix("~*").map_or(Ok(()), regex)
}

fn regex(expression: &str) -> Result<(), String> {
    match regex::Regex::new(expression) {
        Ok(_) => Ok(()),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
            Err(format!("invalid regex: '{expression}' ({reason})"))
        }
    }
}

/// Unreserved characters decoded, hex digits upper case, dot segments and empty segments gone.
fn normalise(path: &str) -> String {
    let mut decoded = String::new();
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        decoded.push_str(&rest[..at]);
        let triple = &rest[at..at + 3];
        match percent_decode_str(triple).next() {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                decoded.push(char::from(byte));
            }
            _ => decoded.push_str(&triple.to_ascii_uppercase()),
        }
        rest = &rest[at + 3..];
    }
    decoded.push_str(rest);
    let mut segments: Vec<&str> = Vec::new();
    let all: Vec<&str> = decoded.split('/').skip(1).collect();
    for (at, segment) in all.iter().enumerate() {
        let last = at + 1 == all.len();
        match *segment {
            ".." => {
                segments.pop();
                if last {
                    segments.push("");
                }
            }
            "." | "" if last => segments.push(""),
            "." | "" => {}
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for path_ok in ["/", "/a", "/a/", "/a%20b", "~/a/(?<id>\\d+)$", "/é"] {
            assert_eq!(path(path_ok), Ok(()), "{path_ok}");
        }
        for (bad, sentence) in [
            ("a", "should start with: / (fixed path) or ~/ (regex path)"),
            ("~a", "should start with: / (fixed path) or ~/ (regex path)"),
            ("/a//b", "non-normalized path, consider use '/a/b' instead"),
            ("/a/../b", "non-normalized path, consider use '/b' instead"),
            ("/a/./", "non-normalized path, consider use '/a/' instead"),
            ("/%61%2f", "non-normalized path, consider use '/a%2F' instead"),
            ("/%6", "invalid url-encoded value: '/%6'"),
        ] {
            assert_eq!(path(bad), Err(sentence.to_owned()), "{bad}");
        }
        assert!(path("~/(").unwrap_err().starts_with("invalid regex: '/('"));
    }

    #[test]
    fn hosts() {
        for good in ["a.test", "a.test:8000", "*.a.test", "a.*", "127.0.0.1", "[::1]:80"] {
            assert_eq!(host(good), Ok(()), "{good}");
        }
        for bad in ["a b", "*.a.*", "a.*.b", "a.test:99999", "", "*a.test"] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }
}
