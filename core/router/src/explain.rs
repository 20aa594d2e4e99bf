//! Says which route a request matches, and why it is none of the others.
//!
//! For people: it looks at every route, which [`Router::find`] does not.

use super::compile::Router;
use super::entry::{EntryPath, Route};
use super::find::{Match, RouteRequest, header_holds, sni_holds};
use super::host::{HostName, HostPattern, RequestHost};
use super::normalise::NormalPath;
use super::prefix_tree::Position;
use super::rank::{PathRank, Precedence, Rank};
use super::spec::RouteSpec;
use latchkey_published::limits;
use latchkey_request::Headers;
use latchkey_request::authority::HOST_BYTES_MAX;

/// What [`Router::find`] finds, and why it finds no other.
#[derive(Clone, Debug)]
pub struct Explanation<'r> {
    /// The route that matches.
    pub found: Option<Match<'r>>,
    /// All others, those that come closest first.
    pub others: Vec<Other<'r>>,
}

/// A route that is not the one.
#[derive(Clone, Debug)]
pub struct Other<'r> {
    /// The route.
    pub route: &'r RouteSpec,
    /// Why it is not.
    pub why: Why<'r>,
}

/// Why a route is not the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why<'r> {
    /// These of its conditions do not hold: at least one.
    Misses(Vec<Miss<'r>>),
    /// All hold; the one that was found has more of this.
    Later(Precedence),
}

/// A condition that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss<'r> {
    /// Its methods.
    Method,
    /// Its hosts.
    Host,
    /// Its paths.
    Path,
    /// That for the header field of this name.
    Header(&'r str),
    /// Its TLS server names.
    Sni,
}

impl Router {
    /// Looks at every route.
    pub fn explain<H: Headers>(
        &self,
        request: &RouteRequest<'_, H>,
        path: &NormalPath<'_>,
    ) -> Explanation<'_> {
        let found = self.find(request, path);
        let mut host = [0; HOST_BYTES_MAX];
        let host = RequestHost::new(request.authority, request.scheme_https, &mut host);
        let by_route = self.by_route();
        let look = |at: usize| Looked::at(&self.routes[at], &by_route[at], request, host.as_ref(), path);
        let best = found.as_ref().and_then(|found| look(found.route_index).matched);
        let mut others = Vec::new();
        for index in (0..self.routes.len()).filter(|at| found.as_ref().is_none_or(|f| f.route_index != *at)) {
            let looked = look(index);
            let nearest = looked.matched.as_ref().map_or_else(
                || by_route[index].first().map_or(Position::MAX, |(position, _)| *position),
                |matched| matched.position,
            );
            let misses = looked.misses.len();
            let why = match (looked.misses.is_empty(), &looked.matched, &best) {
                (true, Some(matched), Some(best)) => Why::Later(best.rank.goes_first_by(&matched.rank)),
                _ => Why::Misses(looked.misses),
            };
            others.push((misses, nearest, Other { route: &self.routes[index].spec, why }));
        }
        others.sort_by_key(|(misses, nearest, _)| (*misses, *nearest));
        Explanation { found, others: others.into_iter().map(|(_, _, other)| other).collect() }
    }

    /// The entries of every route, in matching order.
    fn by_route(&self) -> Vec<Vec<(Position, &EntryPath)>> {
        let mut by_route = vec![Vec::new(); self.routes.len()];
        for (position, entry) in self.entries.iter().enumerate() {
            by_route[entry.route as usize].push((position as Position, &entry.path));
        }
        by_route
    }
}

/// What of a route holds.
struct Looked<'r> {
    misses: Vec<Miss<'r>>,
    /// The first of its paths that matches.
    matched: Option<MatchedPath>,
}

struct MatchedPath {
    position: Position,
    rank: Rank,
}

impl<'r> Looked<'r> {
    fn at<H: Headers>(
        route: &'r Route,
        entries: &[(Position, &EntryPath)],
        request: &RouteRequest<'_, H>,
        host: Option<&RequestHost<'_>>,
        path: &[u8],
    ) -> Self {
        let spec = &route.spec;
        let mut misses = Vec::new();
        let methods = spec.methods();
        if !methods.is_empty() && !methods.iter().any(|method| method == request.method) {
            misses.push(Miss::Method);
        }
        let fits = |of: &HostPattern| host.is_some_and(|host| host_fits(of, host));
        if !route.hosts.is_empty() && !route.hosts.iter().any(fits) {
            misses.push(Miss::Host);
        }
        let matched = first_path(spec, entries, path);
        if matched.is_none() {
            misses.push(Miss::Path);
        }
        let headers = route.headers.iter().filter(|condition| !header_holds(condition, request.headers));
        misses.extend(headers.map(|condition| Miss::Header(&condition.name)));
        if !sni_holds(&route.snis, request) {
            misses.push(Miss::Sni);
        }
        Looked { misses, matched }
    }
}

fn host_fits(of: &HostPattern, host: &RequestHost<'_>) -> bool {
    of.port.is_none_or(|port| port == host.port)
        && match &of.name {
            HostName::Exact(name) => name.as_bytes() == host.name,
            HostName::EndsIn(suffix) => host.name.ends_with(suffix.as_bytes()),
            HostName::StartsWith(prefix) => host.name.starts_with(prefix.as_bytes()),
        }
}

/// Entries of a route stand in matching order, so its patterns in the order they are written in, and its plain
/// paths by length.
fn first_path(spec: &RouteSpec, entries: &[(Position, &EntryPath)], path: &[u8]) -> Option<MatchedPath> {
    let plain = |bytes: usize| {
        let begin = |of: &String| {
            let of = super::normalise_path(of.as_bytes());
            of.len() == bytes && path.starts_with(&of)
        };
        spec.paths().iter().filter(|of| !of.starts_with('~')).any(begin)
    };
    entries.iter().find_map(|(position, entry)| {
        let (fits, rank) = match entry {
            EntryPath::None => (true, PathRank::None),
            EntryPath::Plain { bytes } => {
                (plain(*bytes as usize), PathRank::Plain { bytes: *bytes as usize })
            }
            EntryPath::Regex(regex) => (
                path.len() > limits::PATTERN_INPUT_BYTES_MAX || regex.match_end(path).is_some(),
                PathRank::Regex { priority: spec.regex_priority },
            ),
        };
        fits.then(|| MatchedPath { position: *position, rank: Rank::new(spec, rank, 0) })
    })
}
