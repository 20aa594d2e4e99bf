//! What single texts must satisfy.

use uuid::Uuid;

use super::addresses::{self, HostFault, HostType};
use latchkey_published::limits;

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

/// Hosts of services: a name or an address, without port.
pub(super) fn host(text: &str) -> Result<(), String> {
    match addresses::has_port(text) {
        Ok(false) => Ok(()),
        Ok(true) | Err(HostFault::Port) => Err(NO_PORT.to_owned()),
        Err(HostFault::Host) => Err(format!("invalid value: {text}")),
    }
}

const NO_PORT: &str = "must not have a port";

/// Hosts of routes: a name or an address, maybe with a port. Wildcards are looked at before, and
/// stand for any text here.
pub(super) fn route_host(text: &str) -> Result<(), String> {
    let host = text.replace('*', "abc");
    match addresses::has_port(&host) {
        Ok(_) => latchkey_router::check_host(text),
        Err(HostFault::Port) => Err("invalid port number".to_owned()),
        Err(HostFault::Host) => {
            let kind = match HostType::of(&host) {
                HostType::Ipv4 => "ipv4 address",
                HostType::Ipv6 => "ipv6 address",
                HostType::Name => "hostname",
            };
            Err(format!("invalid {kind}: {text}"))
        }
    }
}

/// Server names of TLS clients; the first or the last character may be a wildcard.
pub(super) fn sni(text: &str) -> Result<(), String> {
    if text.find('*').is_some_and(|at| at != 0 && at + 1 != text.len()) {
        return Err("wildcard must be leftmost or rightmost character".to_owned());
    }
    if text.matches('*').count() > 1 {
        return Err("only one wildcard must be specified".to_owned());
    }
    let name = text.replace('*', "wildcard");
    match (addresses::has_port(&name), HostType::of(&name)) {
        (Err(HostFault::Host), _) => Err(format!("invalid value: {text}")),
        (Ok(_), HostType::Ipv4 | HostType::Ipv6) => Err("must not be an IP".to_owned()),
        (Ok(true) | Err(HostFault::Port), _) => Err(NO_PORT.to_owned()),
        (Ok(false), HostType::Name) => Ok(()),
    }
}

/// Addresses of streams.
pub(super) fn address_or_range(text: &str) -> Result<(), String> {
    if addresses::is_address_or_range(text) {
        return Ok(());
    }
    Err(format!("invalid ip or cidr range: '{text}'"))
}

/// Paths of services, which begin with `/`.
pub(super) fn path(text: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~/%:@!$&'()*+,;=".contains(&byte);
    if !text.bytes().all(allowed) {
        return Err(format!(
            "invalid path: '{text}' (characters outside of the reserved list of RFC 3986 found)"
        ));
    }
    match latchkey_router::bad_escape(text) {
        Some(bad) => Err(format!("invalid url-encoded value: '{bad}'")),
        None => Ok(()),
    }
}

/// `#rrggbb`: nothing else of CSS comes into a page.
pub(crate) fn colour(text: &str) -> Result<(), String> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
    match digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        true => Ok(()),
        false => Err("must be a colour as '#rrggbb'".to_owned()),
    }
}

/// E-mail addresses: one, without a name beside it, that nothing takes for a list or for a line of its own.
pub(crate) fn email(text: &str) -> Result<(), String> {
    let allowed = |c: char| !(c.is_whitespace() || c.is_control() || "/,;:<>()[]\"\\".contains(c));
    let is_allowed = |part: &str| !part.is_empty() && part.chars().all(allowed);
    match text.split_once('@') {
        _ if text.len() > limits::EMAIL_BYTES_MAX => Err("expected an e-mail address".to_owned()),
        Some((local, domain)) if is_allowed(local) && is_allowed(domain) && is_domain(domain) => Ok(()),
        Some((local, domain)) if is_allowed(local) && is_address_literal(domain) => Ok(()),
        _ => Err("expected an e-mail address".to_owned()),
    }
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    !text.contains('@') && text.split('.').all(is_label)
}

/// `[192.0.2.7]`, `[IPv6:2001:db8::7]` (RFC 5321 §4.1.3).
fn is_address_literal(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".:".contains(c);
    inner.is_some_and(|inner| !inner.is_empty() && inner.chars().all(allowed))
}

/// What people read, on one line.
pub(super) fn one_line(text: &str) -> Result<(), String> {
    match text.chars().any(char::is_control) {
        true => Err("must be one line".to_owned()),
        false => Ok(()),
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
        _ => Err(cannot_parse(text)),
    }
}

/// Addresses that users of an OAuth2 client are sent back to, in Kong's words.
pub(super) fn redirect_uri(text: &str) -> Result<(), String> {
    let without_fragment = text.split('#').next().unwrap_or_default();
    absolute_uri(without_fragment).map_err(|_| cannot_parse(text))?;
    if text.contains('#') {
        return Err(format!("fragment not allowed in '{text}'"));
    }
    Ok(())
}

/// Whether such an address names a host.
pub(super) fn has_host(text: &str) -> Result<(), String> {
    let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    match authority.is_some_and(|authority| !authority.is_empty()) {
        true => Ok(()),
        false => Err(cannot_parse(text)),
    }
}

fn cannot_parse(text: &str) -> String {
    format!("cannot parse '{text}'")
}

/// The metadata of developers: JSON as text.
pub(super) fn json_object(text: &str) -> Result<(), String> {
    match serde_json::from_slice::<super::Object>(text.as_bytes()) {
        Ok(_) => Ok(()),
        Err(_) => Err("expected a JSON object, as a string".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Judge = fn(&str) -> Result<(), String>;

    #[track_caller]
    fn check(judge: Judge, refused: &[(&str, &str)], taken: &[&str]) {
        for (text, sentence) in refused {
            assert_eq!(judge(text), Err((*sentence).to_owned()), "{text}");
        }
        for text in taken {
            assert_eq!(judge(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn an_address_is_one_address() {
        const NONE: &str = "expected an e-mail address";
        let long = format!("{}@example.org", "a".repeat(243));
        let refused = [
            "a",
            "@",
            "a@",
            "@example.org",
            "a@b@example.org",
            "a@example..org",
            "a@-b.org",
            "a@b-",
            "a@.",
            "a@example.org,b@example.org",
            "a@example.org;b@example.org",
            "A <a@example.org>",
            "a@b.org\r\nTo: c@d.org",
            "a b@example.org",
            "\"a\"@example.org",
            "a(b)@example.org",
            "mailto:a@example.org",
            "a@[]",
            "a@[a@b]",
            "a@x[127.0.0.1]",
            "[a]@b.org",
            "a/b@example.org",
            "a\0@example.org",
            long.as_str(),
        ];
        let longest = &long[1..];
        let taken = [
            "a@example.org",
            "A.b+c_d-e=f@sub.Example.ORG",
            "ü@exämple.org",
            "a@localhost",
            "o'neil@example.org",
            longest,
        ];
        check(email, &refused.map(|text| (text, NONE)), &taken);
    }

    #[test]
    fn redirect_uris_are_refused_in_kongs_words() {
        check(
            redirect_uri,
            &[
                ("not-valid", "cannot parse 'not-valid'"),
                ("https:", "cannot parse 'https:'"),
                ("/cb", "cannot parse '/cb'"),
                ("https://a.test/#cb", "fragment not allowed in 'https://a.test/#cb'"),
            ],
            &["https://a.test/cb?x=1", "app:cb"],
        );
        check(
            has_host,
            &[("app:cb", "cannot parse 'app:cb'"), ("https:///cb", "cannot parse 'https:///cb'")],
            &["https://a.test", "https://a.test?x", "app://cb"],
        );
    }

    #[test]
    fn hosts_of_services_have_no_port() {
        check(
            host,
            &[
                ("example.com:80", "must not have a port"),
                ("example.com:1000000", "must not have a port"),
                ("127.0.0.1:80", "must not have a port"),
                ("[::1]:80", "must not have a port"),
                ("example.com:", "invalid value: example.com:"),
                ("example-.org", "invalid value: example-.org"),
                ("1.2.3", "invalid value: 1.2.3"),
                ("www.example*", "invalid value: www.example*"),
            ],
            &["localhost", "example.test.", "127.0.0.1", "::1", "[::1]"],
        );
    }

    #[test]
    fn hosts_of_routes_may_have_a_port() {
        check(
            route_host,
            &[
                ("example.com:1000000", "invalid port number"),
                ("example.com:", "invalid hostname: example.com:"),
                ("example-.org", "invalid hostname: example-.org"),
                ("*.exa mple", "invalid hostname: *.exa mple"),
                ("1.2.3", "invalid ipv4 address: 1.2.3"),
                ("::g", "invalid ipv6 address: ::g"),
            ],
            &[
                "a.test",
                "a.test.",
                "a.test:80",
                "*.a.test",
                "*.a.test:80",
                "a.*",
                "[::1]:80",
                "::1",
                "127.0.0.1",
            ],
        );
    }

    #[test]
    fn server_names_may_have_a_wildcard() {
        check(
            sni,
            &[
                ("127.0.0.1", "must not be an IP"),
                ("127.0.0.1:80", "must not be an IP"),
                ("::1", "must not be an IP"),
                ("a.test:80", "must not have a port"),
                ("a.test:99999", "must not have a port"),
                ("foo.*.test", "wildcard must be leftmost or rightmost character"),
                ("foo*.test", "wildcard must be leftmost or rightmost character"),
                ("*.a.*", "only one wildcard must be specified"),
                ("a b", "invalid value: a b"),
            ],
            &["a.test", "a.test.", "*.a.test", "a.*"],
        );
    }

    #[test]
    fn paths_of_services_are_paths_alone() {
        let outside = |path: &str| {
            format!("invalid path: '{path}' (characters outside of the reserved list of RFC 3986 found)")
        };
        for bad in ["/users/|foo", "/a?b", "/a#b", "/ä", "/a b", "/[a]"] {
            assert_eq!(path(bad), Err(outside(bad)));
        }
        check(
            path,
            &[
                ("/some%2words", "invalid url-encoded value: '%2w'"),
                ("/some%20words%", "invalid url-encoded value: '%'"),
                ("/some%20words%a", "invalid url-encoded value: '%a'"),
                ("/some%20words%ax", "invalid url-encoded value: '%ax'"),
            ],
            &["/", "/abcd~user~2", "/hello/path$with$!&'()*+,;=stuff", "/abcd%aa%10%ff%AA%FF", "/ovo/"],
        );
    }
}
