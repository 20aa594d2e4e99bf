//! The write-only `url` of services: protocol, host, port and path in one.

use serde_json::Value;

use super::{Field, FieldFaults, FieldKind, Object};

/// How `/schemas/services` lists it.
pub(super) const URL: Field = Field::new(
    "url",
    FieldKind::String,
    "Protocol, host, port and path in one; sets these four fields and is never answered.",
)
.write_only();

/// Replaces `url` by the fields it stands for.
pub(super) fn expand(input: &mut Object, errors: &mut FieldFaults) {
    match input.remove("url") {
        None | Some(Value::Null) => {}
        Some(Value::String(url)) => match parse(&url) {
            Some(parts) => input.extend(parts),
            None => {
                errors.add("url", "expected <protocol>://<host>[:<port>][/<path>]");
                // So that a missing host is not complained about as well.
                input.insert("host".to_owned(), "unknown".into());
            }
        },
        Some(_) => errors.add("url", "expected a string"),
    }
}

fn parse(url: &str) -> Option<Object> {
    let (protocol, rest) = url.split_once("://")?;
    let (authority, path) = match rest.find('/') {
        Some(at) => (&rest[..at], Some(&rest[at..])),
        None => (rest, None),
    };
    let (host, port) = split_port(authority)?;
    let default_port = if matches!(protocol, "https" | "grpcs" | "tls") { 443 } else { 80 };
    if host.is_empty() || authority.contains(['@', '?', '#']) {
        return None;
    }
    let mut parts = Object::new();
    parts.insert("protocol".to_owned(), protocol.to_ascii_lowercase().into());
    parts.insert("host".to_owned(), host.into());
    parts.insert("port".to_owned(), port.unwrap_or(default_port).into());
    parts.insert("path".to_owned(), path.into());
    Some(parts)
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_address = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[after_address..].rfind(':') {
        Some(at) => {
            let (host, port) = authority.split_at(after_address + at);
            Some((host, Some(port[1..].parse().ok()?)))
        }
        None => Some((authority, None)),
    }
}
