//! What single texts must satisfy.

use uuid::Uuid;

/// An id: 8-4-4-4-12 hex digits, and no other form.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    if text.len() != 36 {
        return None;
    }
    Uuid::try_parse(text).ok()
}

/// Names of services, routes and plugin instances.
pub(super) fn name(text: &str) -> Result<(), String> {
    let allowed = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || ".-_~".contains(c);
    if text.chars().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "invalid value '{text}': the only accepted ascii characters are alphanumerics or ., -, _, and ~"
    ))
}

/// Tags: printable ASCII without `,` and `/`, or UTF-8.
pub(crate) fn tag(text: &str) -> Result<(), String> {
    let allowed = |c: char| !c.is_ascii() || (!c.is_ascii_control() && c != ',' && c != '/');
    if text.chars().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "invalid tag '{text}': expected printable ascii (except `,` and `/`) or valid utf-8 sequences"
    ))
}

/// Names under which key-auth looks for a key.
pub(super) fn key_name(text: &str) -> Result<(), String> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return Ok(());
    }
    Err(format!("bad header name '{text}', allowed characters are A-Z, a-z, 0-9, '_', and '-'"))
}

/// Hosts of services: a name or an address, without port.
pub(super) fn host(text: &str) -> Result<(), String> {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = bracketed.unwrap_or(text).parse::<std::net::Ipv6Addr>().is_ok();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    if address || (text.len() <= 255 && name.split('.').all(label)) {
        return Ok(());
    }
    Err(format!("invalid value: {text}"))
}

/// Paths of services.
pub(super) fn path(text: &str) -> Result<(), String> {
    if !text.starts_with('/') {
        return Err("should start with: /".to_owned());
    }
    if text.contains("//") {
        return Err("must not have empty segments".to_owned());
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    if !text.bytes().all(allowed) || !percent_encoded(text) {
        return Err(format!(
            "invalid path: '{text}' (characters outside of the reserved list of RFC 3986 found)"
        ));
    }
    if text.contains(['?', '#']) {
        return Err(format!("invalid path: '{text}' (a path has neither query nor fragment)"));
    }
    Ok(())
}

/// Whether every `%` begins two hex digits.
fn percent_encoded(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

/// Addresses of developers.
pub(super) fn email(text: &str) -> Result<(), String> {
    let whole = text.len() <= 254 && !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/');
    match text.rsplit_once('@') {
        Some((local, domain)) if whole && !local.is_empty() && !domain.is_empty() => Ok(()),
        _ => Err("expected an e-mail address".to_owned()),
    }
}

/// Addresses that developers' applications are sent back to.
pub(super) fn absolute_uri(text: &str) -> Result<(), String> {
    let scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    match text.split_once(':') {
        Some((name, rest)) if plain && scheme(name) && !rest.is_empty() && !text.contains('#') => Ok(()),
        _ => Err(format!("cannot parse '{text}'")),
    }
}

/// The metadata of developers: JSON as text.
pub(super) fn json_object(text: &str) -> Result<(), String> {
    match serde_json::from_slice::<super::Object>(text.as_bytes()) {
        Ok(_) => Ok(()),
        Err(_) => Err("expected a JSON object, as a string".to_owned()),
    }
}
