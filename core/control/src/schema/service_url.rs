//! The write-only `url` of services: protocol, host, port and path in one.

use serde_json::{Map, Value};

use super::{Field, FieldKind, Object, Violation};

/// How `/schemas/services` lists it.
pub(super) const URL: Field = Field::new(
    "url",
    FieldKind::String,
    "Protocol, host, port and path in one; sets these four fields and is never answered.",
)
.write_only();

/// Replaces `url` by the fields it stands for, which stand above those sent beside it. What is no
/// URL leaves fields out, of which validation then says that they are missing, as in Kong.
pub(super) fn expand(input: &mut Object) -> Result<(), Violation> {
    match input.remove(URL.name) {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(url)) if url.is_empty() => {
            Err(Violation::of(URL.name, "length must be at least 1"))
        }
        Some(Value::String(url)) => {
            input.extend(parse(&url));
            Ok(())
        }
        Some(_) => Err(Violation::of(URL.name, "expected a string")),
    }
}

/// The parts of a URL, each null where it is not there (LuaSocket's `url.parse`, which refuses
/// nothing). What stands behind `?`, `#` or `;`, or before `@`, is left out.
fn parse(url: &str) -> Object {
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, url),
    };
    let (authority, rest) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let path = &rest[..rest.find(['?', '#', ';']).unwrap_or(rest.len())];
    let authority = authority.split_once('@').map_or(authority, |(_, authority)| authority);
    let (host, port) = split_port(authority);
    let number = port.and_then(|port| port.parse::<u64>().ok());
    let by_port = if number == Some(443) { "https" } else { "http" };
    let protocol = scheme.unwrap_or(by_port);
    let default_port = if protocol == "https" { 443 } else { 80 };
    let port = match (port, number) {
        (Some(_), Some(number)) => number.into(),
        (Some(text), None) => text.into(),
        (None, _) => default_port.into(),
    };
    let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    Map::from_iter([
        ("protocol".to_owned(), protocol.into()),
        ("host".to_owned(), text(host)),
        ("port".to_owned(), port),
        ("path".to_owned(), text(path)),
    ])
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Host, without the brackets of an IPv6 address, and port.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    (address.filter(|address| !address.is_empty()).unwrap_or(host), port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn urls_are_taken_apart_as_kong_does() {
        for (url, protocol, host, port, path) in [
            ("http://a.test/v1", "http", json!("a.test"), json!(80), json!("/v1")),
            ("https://a.test", "https", json!("a.test"), json!(443), json!(null)),
            ("https://a.test:80/", "https", json!("a.test"), json!(80), json!("/")),
            ("grpcs://a.test", "grpcs", json!("a.test"), json!(80), json!(null)),
            ("//a.test:443", "https", json!("a.test"), json!(443), json!(null)),
            ("//a.test:8080", "http", json!("a.test"), json!(8080), json!(null)),
            ("http://[::1]:8080/x", "http", json!("::1"), json!(8080), json!("/x")),
            ("http://[::1]/x", "http", json!("::1"), json!(80), json!("/x")),
            ("http://u:p@a.test/x;y?z#f", "http", json!("a.test"), json!(80), json!("/x")),
            ("http://a.test?x=/y", "http", json!("a.test"), json!(80), json!(null)),
            ("http://a.test:x/", "http", json!("a.test"), json!("x"), json!("/")),
            ("http://a.test:/", "http", json!("a.test"), json!(""), json!("/")),
            ("HTTP://a.test", "HTTP", json!("a.test"), json!(80), json!(null)),
            ("invalid url", "http", json!(null), json!(80), json!("invalid url")),
            ("a.test/x", "http", json!(null), json!(80), json!("a.test/x")),
            ("a.test:80/x", "a.test", json!(null), json!(80), json!("80/x")),
            ("http:///x", "http", json!(null), json!(80), json!("/x")),
            (":", "http", json!(null), json!(80), json!(":")),
        ] {
            let expected = json!({"protocol": protocol, "host": host, "port": port, "path": path});
            assert_eq!(Value::Object(parse(url)), expected, "{url}");
        }
    }
}
