//! Paths of pages, to go on to: those that are sent along, and where a page is found again.

use percent_encoding::percent_decode_str;

use crate::http::{Head, routing};

/// Whether a path that was sent along leads to a page below `start`, and nowhere else (ASVS 3.7.2).
pub(super) fn is_own_path(path: &str, start: &str) -> bool {
    let root = start.trim_end_matches('/');
    let rest = path.strip_prefix(root);
    let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let named = path.split(['?', '#']).next().unwrap_or_default();
    is_below
        && !named.split('/').any(is_dots)
        && !path.contains(['\\'])
        && !path.contains("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether browsers leave a segment out, and maybe the one before it (WHATWG URL, "double-dot path segment").
fn is_dots(segment: &str) -> bool {
    matches!(percent_decode_str(segment).collect::<Vec<u8>>().as_slice(), b"." | b"..")
}

/// The path and query that a request asks for.
pub(super) fn asked_for(head: &Head<'_>) -> String {
    let query = head.query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", head.path)
}

/// Where the page of an answer is found by GET: where it was asked for, and after what is only done, on the page
/// above that has its form.
pub(super) fn found_again(head: &Head<'_>) -> String {
    let is_shown = |path: &str| {
        let found = routing::surface(path).and_then(|(surface, below)| routing::find(surface, below));
        found.is_some_and(|found| found.endpoint.call("GET").is_some())
    };
    if matches!(head.method, "GET" | "HEAD") || is_shown(head.path) {
        return asked_for(head);
    }
    let mut path = head.path;
    while let Some((above, _)) = path.rsplit_once('/') {
        path = above;
        if is_shown(path) {
            break;
        }
    }
    // Where a front begins, its path ends with a slash.
    if path.rfind('/') == Some(0) { format!("{path}/") } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn a_page_is_found_again_by_get() {
        let headers = HeaderMap::new();
        for (method, path, query, expected) in [
            ("GET", "/manager/settings/look", Some("a=b"), "/manager/settings/look?a=b"),
            ("POST", "/manager/settings/look", None, "/manager/settings"),
            ("POST", "/manager/settings/test-mail", None, "/manager/settings"),
            ("POST", "/manager/requests/approve", Some("a=b"), "/manager/requests"),
            ("POST", "/manager/first/route", None, "/manager/"),
            ("POST", "/manager/services/new", Some("a=b"), "/manager/services/new?a=b"),
            ("POST", "/portal/account/email", None, "/portal/account"),
            ("POST", "/portal/services/x/request", None, "/portal/services/x"),
            ("DELETE", "/portal/nothing", None, "/portal/"),
        ] {
            let head = crate::http::tests::head(method, path, query, &headers);
            assert_eq!(found_again(&head), expected, "{method} {path}");
        }
    }

    #[test]
    fn only_own_paths_are_led_to() {
        for (path, is_own) in [
            ("/manager", true),
            ("/manager/", true),
            ("/manager/services?page=2", true),
            ("/manager?x", true),
            ("/managers", false),
            ("/portal/", false),
            ("//evil.example", false),
            ("/manager//evil.example", false),
            ("https://evil.example/manager/", false),
            ("/manager/\\evil", false),
            ("/manager/\r\nx", false),
            ("/manager/../x", false),
            ("/manager/a/..", false),
            ("/manager/./x", false),
            ("/manager/%2E%2e/x", false),
            ("/manager/.%2e?x", false),
            ("/manager/a..b?to=/../x", true),
            ("", false),
        ] {
            assert_eq!(is_own_path(path, "/manager/"), is_own, "{path}");
        }
    }
}
