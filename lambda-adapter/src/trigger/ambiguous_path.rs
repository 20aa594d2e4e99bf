//! Paths that an authorizer must not decide by.

use crate::event::Event;

/// Whether an authorizer's event tells of a path that API Gateway may have read otherwise.
///
/// A REST API tells of the path as it was sent. An HTTP API tells of it decoded, in all its fields
/// alike (`path`, `rawPath`, `requestContext`, the ARN), and cuts it at a `?` that comes of that; its
/// routes it finds by what was sent. What that was shows in the parameters that it found: one of a
/// single segment has a `/` in it only if that was escaped. Nor does what would end a path, or what
/// servers take for a `/`, stand in a path but for decoding.
pub(crate) fn is_path_ambiguous(event: &Event<'_>) -> bool {
    let is_odd = |byte: u8| byte.is_ascii_control() || matches!(byte, b'?' | b'#' | b'\\');
    let paths = [&event.raw_path, &event.path].into_iter().flatten();
    if paths.into_iter().any(|path| !path.0.starts_with('/') || path.0.bytes().any(is_odd)) {
        return true;
    }
    let is_rest_api = event.version.is_none();
    let Some(parameters) = event.path_parameters.as_ref().filter(|_| !is_rest_api) else { return false };
    let route = event.route_key.as_ref().or(event.resource.as_ref()).map_or("", |route| &route.0);
    let has = |value: &str, character: char, escape: &str| {
        value.contains(character) || value.to_ascii_lowercase().contains(escape)
    };
    parameters.iter().any(|(name, value)| {
        let is_rest_of_path = route.contains(&format!("{{{name}+}}"));
        has(value, '?', "%3f") || (!is_rest_of_path && has(value, '/', "%2f"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_may_have_been_another_is_ambiguous() {
        let check = |members: &str, expected: bool| {
            let event = Event::parse(members).unwrap();
            assert_eq!(is_path_ambiguous(&event), expected, "{members}");
        };
        for path in ["/a b", "/a/é", "/a%2fb", "/a;b", "/a%3fb", "/a/../b"] {
            check(&format!(r#"{{"version": "2.0", "rawPath": "{path}"}}"#), false);
            check(&format!(r#"{{"path": "{path}"}}"#), false);
        }
        for path in ["", "a", "*", "/a?b", "/a#b", r"/a\\b", r"/a\u0000", r"/a\u007f"] {
            check(&format!(r#"{{"version": "2.0", "rawPath": "{path}"}}"#), true);
            check(&format!(r#"{{"path": "{path}"}}"#), true);
        }
        let two = |route: &str, parameters: &str, expected: bool| {
            let route =
                format!(r#""rawPath": "/a/b", "routeKey": "GET {route}", "pathParameters": {parameters}"#);
            check(&format!(r#"{{"version": "2.0", {route}}}"#), expected);
        };
        two("/a/{x}", r#"{"x": "b"}"#, false);
        two("/{x}", r#"{"x": "a/b"}"#, true);
        two("/{x}", r#"{"x": "a%2Fb"}"#, true);
        two("/{x+}", r#"{"x": "a/b"}"#, false);
        two("/{x}/{y+}", r#"{"x": "a", "y": "b"}"#, false);
        two("/{x+}", r#"{"x": "a/b?c"}"#, true);
        two("/{x+}", r#"{"x": "a/b%3fc"}"#, true);
        two("/a/b", "null", false);
        check(
            r#"{"version": "1.0", "path": "/a/b", "resource": "/{x}", "pathParameters": {"x": "a/b"}}"#,
            true,
        );
        // A REST API tells of the path as it was sent.
        check(r#"{"path": "/a%2Fb", "resource": "/{x}", "pathParameters": {"x": "a/b"}}"#, false);
    }
}
