//! Finds the route of a request.

use super::compile::{PortTrees, Router, normal_sni};
use super::entry::{Entry, EntryPath, HeaderCondition, Route};
use super::host::RequestHost;
use super::normalise::NormalPath;
use super::prefix_tree::{Position, Root};
use super::spec::RouteSpec;
use latchkey_published::limits;
use latchkey_request::Headers;
use latchkey_request::authority::{Authority, HOST_BYTES_MAX};

/// What of a request takes part in matching, besides its path.
#[derive(Debug)]
pub struct RouteRequest<'a, H> {
    /// Method, as sent.
    pub method: &'a str,
    /// Whom it is for, as sent: any case, with or without port; empty when nobody was named.
    pub authority: Authority<'a>,
    /// Whether the client uses TLS.
    pub scheme_https: bool,
    /// Header fields.
    pub headers: &'a H,
    /// Whether TLS ends here, so that its server name is known.
    pub ends_tls: bool,
    /// TLS server name; only looked at with `ends_tls`.
    pub sni: Option<&'a str>,
}

/// The route of a request.
#[derive(Clone, Debug)]
pub struct Match<'r> {
    /// The route.
    pub route: &'r RouteSpec,
    /// Its place among [`Router::routes`].
    pub route_index: usize,
    /// Bytes of the path that the route's prefix or regex matched; 0 when it names no path.
    pub matched: usize,
    /// The path is longer than any that is compared with a pattern ([`limits::PATTERN_INPUT_BYTES_MAX`]),
    /// and the route's is one: whether it matches is not known.
    pub path_too_long: bool,
    /// The route serves HTTPS only and the request came by plain HTTP: to be answered
    /// with the route's `https_redirect_status_code`.
    pub https_required: bool,
}

impl Match<'_> {
    /// Bytes to cut off the path, as [`super::upstream_path`] wants it: `matched` if the route has `strip_path`.
    pub fn stripped(&self) -> usize {
        if self.route.strip_path { self.matched } else { 0 }
    }
}

impl Router {
    /// The first route, in matching order, whose conditions all hold.
    pub fn find<H: Headers>(
        &self,
        request: &RouteRequest<'_, H>,
        path: &NormalPath<'_>,
    ) -> Option<Match<'_>> {
        let mut search =
            Search { router: self, request, path, best: Position::MAX, matched: Matched::Bytes(0) };
        search.hosts();
        search.tree(self.any_host);
        let entry = self.entries.get(search.best as usize)?;
        let route = &self.routes[entry.route as usize].spec;
        Some(Match {
            route,
            route_index: entry.route as usize,
            matched: match search.matched {
                Matched::Bytes(bytes) => bytes,
                Matched::PathTooLong => 0,
            },
            path_too_long: search.matched == Matched::PathTooLong,
            https_required: !request.scheme_https && route.is_https_only(),
        })
    }
}

/// What of a path an entry matches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matched {
    Bytes(usize),
    /// More of it than patterns are compared with.
    PathTooLong,
}

/// The best entry so far.
struct Search<'s, 'a, H> {
    router: &'s Router,
    request: &'s RouteRequest<'a, H>,
    path: &'s [u8],
    best: Position,
    matched: Matched,
}

impl<H: Headers> Search<'_, '_, H> {
    fn hosts(&mut self) {
        let hosts = &self.router.hosts;
        if hosts.is_empty() {
            return;
        }
        let RouteRequest { authority, scheme_https, .. } = *self.request;
        let mut buffer = [0; HOST_BYTES_MAX];
        let Some(RequestHost { name, port }) = RequestHost::new(authority, scheme_https, &mut buffer) else {
            return;
        };
        self.ports(hosts.exact.get(name), port);
        if hosts.ends_in.is_empty() && hosts.starts_with.is_empty() {
            return;
        }
        for dot in name.iter().enumerate().filter(|(_, byte)| **byte == b'.').map(|(dot, _)| dot) {
            self.ports(hosts.ends_in.get(&name[dot..]), port);
            self.ports(hosts.starts_with.get(&name[..=dot]), port);
        }
    }

    fn ports(&mut self, trees: Option<&PortTrees>, port: u16) {
        let Some(trees) = trees else { return };
        if let Some(root) = trees.any_port {
            self.tree(root);
        }
        if let Some((_, root)) = trees.by_port.iter().find(|(of, _)| *of == port) {
            self.tree(*root);
        }
    }

    fn tree(&mut self, root: Root) {
        let Search { router, request, path, .. } = *self;
        let matched = &mut self.matched;
        self.best = router.trees.walk(root, path, self.best, |candidates, before| {
            candidates.first_match(request.headers, before, |position| {
                let found = matched_by(router, &router.entries[position as usize], request, path);
                *matched = found.unwrap_or(*matched);
                found.is_some()
            })
        });
    }
}

/// What of the path `entry` matches, if all its conditions hold.
/// Host and plain path were compared on the way to it.
fn matched_by<H: Headers>(
    router: &Router,
    entry: &Entry,
    request: &RouteRequest<'_, H>,
    path: &[u8],
) -> Option<Matched> {
    if !entry.unconditional && !holds(&router.routes[entry.route as usize], request) {
        return None;
    }
    match &entry.path {
        EntryPath::None => Some(Matched::Bytes(0)),
        EntryPath::Plain { bytes } => Some(Matched::Bytes(*bytes as usize)),
        EntryPath::Regex(_) if path.len() > limits::PATTERN_INPUT_BYTES_MAX => Some(Matched::PathTooLong),
        EntryPath::Regex(regex) => regex.match_end(path).map(Matched::Bytes),
    }
}

fn holds<H: Headers>(route: &Route, request: &RouteRequest<'_, H>) -> bool {
    let methods = route.spec.methods();
    (methods.is_empty() || methods.iter().any(|method| method == request.method))
        && sni_holds(&route.snis, request)
        && route.headers.iter().all(|condition| header_holds(condition, request.headers))
}

/// Server names count only where TLS ends: a plain request passes and is told to use HTTPS.
pub(super) fn sni_holds<H>(snis: &[String], request: &RouteRequest<'_, H>) -> bool {
    let named = |sni: &str| snis.iter().any(|of| sni_fits(of, normal_sni(sni)));
    snis.is_empty() || !request.ends_tls || request.sni.is_some_and(named)
}

/// Whether a server name is a route's, whose first or last character may be a wildcard.
fn sni_fits(of: &str, sni: &str) -> bool {
    let sni = sni.as_bytes();
    let (of, part) = match (of.strip_prefix('*'), of.strip_suffix('*')) {
        (Some(end), _) => (end, sni.len().checked_sub(end.len()).map(|at| &sni[at..])),
        (None, Some(start)) => (start, sni.get(..start.len())),
        (None, None) => (of, Some(sni)),
    };
    part.is_some_and(|part| part.eq_ignore_ascii_case(of.as_bytes()))
}

/// Patterns see the first bytes of a field alone, of all its values together: who sends more of them
/// takes no more time.
pub(super) fn header_holds<H: Headers>(condition: &HeaderCondition, headers: &H) -> bool {
    let mut left = limits::PATTERN_INPUT_BYTES_MAX;
    headers.values(&condition.name).any(|value| {
        let seen = value.get(..left).unwrap_or(value);
        let is_seen = left > 0;
        left -= seen.len().max(1).min(left);
        condition.values.iter().any(|of| of.as_bytes().eq_ignore_ascii_case(value))
            || is_seen && condition.patterns.iter().any(|pattern| pattern.is_match(seen))
    })
}
