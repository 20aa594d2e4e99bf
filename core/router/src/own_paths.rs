//! The paths at the gateway's door that no route has: the gateway answers them itself.

use std::sync::Arc;

use super::normalise::normalise_path;
use latchkey_published::limits::OWN_PREFIX_BYTES_MAX;

/// Where our own paths begin, unless a setting moves them.
pub const OWN_PREFIX_DEFAULT: &str = "/-";

/// What a path of ours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnPath<'p> {
    /// Whether the gateway is there.
    Health,
    /// Whether a key is good, for whoever has it and asks.
    Verify,
    /// Whether a request may pass that another proxy has before it.
    VerifyFor(Proxy, &'p [u8]),
    /// Kept free for later: there is nothing yet.
    Vacant,
}

/// A proxy that asks about the requests before it: each tells of them in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// `ForwardAuth`.
    Traefik,
    /// `auth_request`.
    Nginx,
    /// `forward_auth`.
    Caddy,
    /// `ext_authz` over HTTP: the request's path stands below ours.
    Envoy,
}

impl Proxy {
    const ALL: [(Proxy, &str); 4] = [
        (Proxy::Traefik, "/traefik"),
        (Proxy::Nginx, "/nginx"),
        (Proxy::Caddy, "/caddy"),
        (Proxy::Envoy, "/envoy"),
    ];
}

/// Our own paths: `<prefix>/health`, `<prefix>/verify`, and all below them. Every other path,
/// under the prefix or not, belongs to the routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPaths {
    prefix: Arc<str>,
}

/// Each with the `/` before it.
const NAMES: [&str; 2] = [HEALTH, VERIFY];
const HEALTH: &str = "/health";
const VERIFY: &str = "/verify";

impl OwnPaths {
    /// Our paths under a prefix such as `/-` or `/gateway/own`. The error says what is wrong with it.
    pub fn new(prefix: &str) -> Result<Self, String> {
        if !prefix.starts_with('/') || prefix.ends_with('/') {
            return Err("must begin with '/', and must not end with it".to_owned());
        }
        if prefix.len() > OWN_PREFIX_BYTES_MAX {
            return Err(format!("must not be longer than {OWN_PREFIX_BYTES_MAX} bytes"));
        }
        let normal = normalise_path(prefix.as_bytes());
        if *normal != *prefix.as_bytes() || prefix.contains(['?', '#']) {
            return Err("must be a path in normal form, without '//', '?' and '#'".to_owned());
        }
        Ok(OwnPaths { prefix: prefix.into() })
    }

    /// What is at `path`, a request's as it was sent, without query; `None`: a route's.
    ///
    /// Paths of ours hold as they are written: `/%2D/health` is a path of some upstream.
    #[inline]
    pub fn find<'p>(&self, path: &'p [u8]) -> Option<OwnPath<'p>> {
        let below = path.strip_prefix(self.prefix.as_bytes())?;
        is_reserved(below).then(|| OwnPath::of(below))
    }

    /// Whether an entry of a route's `paths` stands for one of our paths, so that the route would never
    /// see what it asks for.
    ///
    /// One that reaches further, as `/` and `/-` do, is the user's: ours go first. A pattern (`~…`) is
    /// judged by its literal beginning, up to the first character that stands for others: so `~/.*` and
    /// `~/-/(a|health)` are the user's too, while `~/-/health$` and `~/-/health[0-9]` are refused.
    pub fn is_taken_by(&self, route_path: &str) -> bool {
        let below = |path: &[u8]| path.strip_prefix(self.prefix.as_bytes()).is_some_and(is_reserved);
        match route_path.strip_prefix('~') {
            Some(pattern) => below(literal_beginning(pattern).as_bytes()),
            None => below(&normalise_path(route_path.as_bytes())),
        }
    }
}

impl<'p> OwnPath<'p> {
    /// `below` is reserved.
    fn of(below: &'p [u8]) -> Self {
        if below == HEALTH.as_bytes() {
            return OwnPath::Health;
        }
        let Some(of_verify) = below.strip_prefix(VERIFY.as_bytes()) else { return OwnPath::Vacant };
        let named = |(proxy, name): (Proxy, &str)| Some((proxy, of_verify.strip_prefix(name.as_bytes())?));
        match Proxy::ALL.into_iter().find_map(named) {
            _ if of_verify.is_empty() => OwnPath::Verify,
            Some((Proxy::Envoy, path @ [b'/', ..])) => OwnPath::VerifyFor(Proxy::Envoy, path),
            Some((proxy, path @ [])) if proxy != Proxy::Envoy => OwnPath::VerifyFor(proxy, path),
            _ => OwnPath::Vacant,
        }
    }
}

impl Default for OwnPaths {
    fn default() -> Self {
        OwnPaths { prefix: OWN_PREFIX_DEFAULT.into() }
    }
}

/// Whether what stands behind the prefix is one of the names, or below it.
fn is_reserved(below: &[u8]) -> bool {
    NAMES.iter().any(|name| {
        below.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    })
}

/// The characters that whatever matches a pattern begins with, as far as they stand in it as they
/// are or behind a `\`.
fn literal_beginning(pattern: &str) -> String {
    let mut literal = String::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        let is_literal =
            !matches!(character, '.' | '*' | '+' | '?' | '(' | ')' | '[' | '{' | '^' | '$' | '|');
        let meant = match character {
            // Before a letter or digit it is a class or a reference.
            '\\' => characters.next().filter(|escaped| !escaped.is_alphanumeric()),
            _ => is_literal.then_some(character),
        };
        let Some(meant) = meant else { break };
        // What may be left out is no part of the beginning.
        if matches!(characters.peek(), Some('?' | '*' | '{')) {
            break;
        }
        literal.push(meant);
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_are_ours_and_all_else_is_the_routes() {
        let ours = OwnPaths::default();
        for (path, expected) in [
            ("/-/health", Some(OwnPath::Health)),
            ("/-/health/", Some(OwnPath::Vacant)),
            ("/-/health/x", Some(OwnPath::Vacant)),
            ("/-/verify", Some(OwnPath::Verify)),
            ("/-/verify/", Some(OwnPath::Vacant)),
            ("/-/verify/x", Some(OwnPath::Vacant)),
            ("/-/verify/traefik", Some(OwnPath::VerifyFor(Proxy::Traefik, b""))),
            ("/-/verify/nginx", Some(OwnPath::VerifyFor(Proxy::Nginx, b""))),
            ("/-/verify/caddy", Some(OwnPath::VerifyFor(Proxy::Caddy, b""))),
            ("/-/verify/nginx/", Some(OwnPath::Vacant)),
            ("/-/verify/nginxx", Some(OwnPath::Vacant)),
            ("/-/verify/envoy", Some(OwnPath::Vacant)),
            ("/-/verify/envoyx/", Some(OwnPath::Vacant)),
            ("/-/verify/envoy/", Some(OwnPath::VerifyFor(Proxy::Envoy, b"/"))),
            ("/-/verify/envoy/a//../b", Some(OwnPath::VerifyFor(Proxy::Envoy, b"/a//../b"))),
            ("/-/healthz", None),
            ("/-/Health", None),
            ("/-/verifying", None),
            ("/-/ready", None),
            ("/-/admin/services", None),
            ("/-", None),
            ("/-/", None),
            ("/-x/health", None),
            ("/%2D/health", None),
            ("/health", None),
            ("/", None),
        ] {
            assert_eq!(ours.find(path.as_bytes()), expected, "{path}");
        }
        let moved = OwnPaths::new("/gateway/own").unwrap();
        assert_eq!(moved.find(b"/gateway/own/health"), Some(OwnPath::Health));
        assert_eq!(moved.find(b"/-/health"), None);
    }

    #[test]
    fn a_prefix_is_a_normal_path() {
        for prefix in ["/-", "/gateway", "/a/b", "/~a", "/%20", &format!("/{}", "a".repeat(63))] {
            assert!(OwnPaths::new(prefix).is_ok(), "{prefix}");
        }
        let long = format!("/{}", "a".repeat(64));
        for (prefix, why) in [
            ("", "begin with '/'"),
            ("-", "begin with '/'"),
            ("/", "must not end"),
            ("/-/", "must not end"),
            ("/a//b", "normal form"),
            ("/a/../b", "normal form"),
            ("/%2D", "normal form"),
            ("/a b", "normal form"),
            ("/a?b", "normal form"),
            ("/a#b", "normal form"),
            (&long, "64 bytes"),
        ] {
            let error = OwnPaths::new(prefix).unwrap_err();
            assert!(error.contains(why), "{prefix}: {error}");
        }
    }

    #[test]
    fn a_route_takes_a_name_by_a_path_at_it_or_below() {
        let ours = OwnPaths::default();
        for path in [
            "/-/health",
            "/-/health/",
            "/-/health/x",
            "/-/verify",
            "/-/verify/x",
            "/%2D/health",
            "~/-/health",
            "~/-/health$",
            r"~/\-/health/(?<id>\d+)",
            "~/-/health(/.*)?$",
            "~/-/healthz?$",
            r"~/-/health\d",
            "~/-/verify/[a-z]+",
        ] {
            assert!(ours.is_taken_by(path), "{path}");
        }
        for path in [
            "/",
            "/-",
            "/-/",
            "/-/heal",
            "/-/healthz",
            "/-/ready",
            "/health",
            "/-/admin",
            "~/",
            "~/.*",
            "~/-/.*",
            "~/-/(a|health)",
            "~/-/healthz$",
            "~/-/h?ealth",
        ] {
            assert!(!ours.is_taken_by(path), "{path}");
        }
        assert!(!OwnPaths::new("/own").unwrap().is_taken_by("/-/health"));
    }
}
