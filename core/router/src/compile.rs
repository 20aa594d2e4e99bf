//! Sorts and indexes routes.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::byte_hash::ByteMap;
use super::candidates::Candidates;
use super::entry::{Entry, EntryPath, HeaderCondition, Route};
use super::host::{HostName, HostPattern};
use super::normalise::normalise_path;
use super::pattern::{PathPattern, Patterns};
use super::prefix_tree::{Item, Position, PrefixForest, Root};
use super::rank::{PathRank, Rank};
use super::spec::RouteSpec;

/// Every route, sorted and indexed for [`Router::find`].
///
/// An entry is a route with one of its paths; entries stand in matching order.
/// A request is looked up by host first: every host named by some route has a prefix tree
/// over the paths of its routes, and so have the routes without host.
#[derive(Debug)]
pub struct Router {
    pub(super) entries: Vec<Entry>,
    pub(super) routes: Vec<Route>,
    pub(super) trees: PrefixForest<Candidates>,
    pub(super) hosts: HostTrees,
    /// Routes that name no host.
    pub(super) any_host: Root,
    patterns: Patterns,
    rejected: Vec<Rejected>,
}

/// A route that could not be compiled and is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The route.
    pub id: Uuid,
    /// What is wrong with it.
    pub reason: String,
}

/// Trees by host name.
#[derive(Debug, Default)]
pub(super) struct HostTrees {
    pub(super) exact: ByteMap<Box<[u8]>, PortTrees>,
    /// By what follows `*`.
    pub(super) ends_in: ByteMap<Box<[u8]>, PortTrees>,
    /// By what precedes `*`.
    pub(super) starts_with: ByteMap<Box<[u8]>, PortTrees>,
}

/// Trees of one host name.
#[derive(Debug, Default)]
pub(super) struct PortTrees {
    pub(super) any_port: Option<Root>,
    pub(super) by_port: Vec<(u16, Root)>,
}

impl Default for Router {
    fn default() -> Self {
        Router::compile([], None)
    }
}

impl Router {
    /// Sorts and indexes `routes`. Regexes that `previous` has are taken over.
    ///
    /// Routes for streams (`tcp`, `tls`, `tls_passthrough`, `udp`) are left out silently;
    /// routes with an invalid condition, or without any, are left out and listed by [`Router::rejected`].
    pub fn compile<I: IntoIterator<Item = RouteSpec>>(routes: I, previous: Option<&Router>) -> Router {
        let mut patterns = Patterns::default();
        let mut rejected = Vec::new();
        let mut compiled = Vec::new();
        let mut ranked = Vec::new();
        for spec in routes.into_iter().filter(|spec| !spec.is_stream_only()) {
            let id = spec.id;
            match compile_route(spec, &mut patterns, previous.map(|previous| &previous.patterns)) {
                Ok((route, paths)) => {
                    let index = compiled.len() as u32;
                    ranked.extend(paths.into_iter().map(|(rank, path)| (rank, index, path)));
                    compiled.push(route);
                }
                Err(reason) => rejected.push(Rejected { id, reason }),
            }
        }
        ranked.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        index(compiled, ranked, patterns, rejected)
    }

    /// Routes left out, and why.
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    /// The routes in use, in the order given.
    pub fn routes(&self) -> impl ExactSizeIterator<Item = &RouteSpec> {
        self.routes.iter().map(|route| &route.spec)
    }

    #[cfg(test)]
    pub(super) fn shares_regexes_with(&self, other: &Router) -> bool {
        self.patterns.same(&other.patterns)
    }
}

/// A path of a route, with what every path it matches starts with.
struct CompiledPath {
    prefix: Arc<[u8]>,
    path: EntryPath,
}

fn compile_route(
    spec: RouteSpec,
    patterns: &mut Patterns,
    previous: Option<&Patterns>,
) -> Result<(Route, Vec<(Rank, CompiledPath)>), String> {
    let hosts = spec.hosts().iter().map(|host| HostPattern::parse(host)).collect::<Result<_, _>>()?;
    let headers = spec.headers().map(|(name, values)| compile_header(name, values, patterns, previous));
    let headers = headers.collect::<Result<_, _>>()?;
    let snis = spec.snis().iter().map(|sni| normal_sni(sni).to_ascii_lowercase()).collect();

    let mut paths = Vec::new();
    for (index, path) in spec.paths().iter().enumerate() {
        let (rank, path) = compile_path(path, spec.regex_priority, patterns, previous)?;
        paths.push((Rank::new(&spec, rank, index), path));
    }
    if paths.is_empty() {
        let anywhere = CompiledPath { prefix: Arc::default(), path: EntryPath::None };
        paths.push((Rank::new(&spec, PathRank::None, 0), anywhere));
    }
    if !paths[0].0.has_condition() {
        return Err("has none of 'methods', 'hosts', 'headers', 'paths', 'snis'".to_owned());
    }
    Ok((Route { spec, headers, snis, hosts }, paths))
}

fn compile_path(
    path: &str,
    regex_priority: i64,
    patterns: &mut Patterns,
    previous: Option<&Patterns>,
) -> Result<(PathRank, CompiledPath), String> {
    if let Some(pattern) = path.strip_prefix('~') {
        let PathPattern { regex, prefix } = patterns.path(pattern, previous)?;
        let path = CompiledPath { prefix, path: EntryPath::Regex(regex) };
        return Ok((PathRank::Regex { priority: regex_priority }, path));
    }
    let prefix = normalise_path(path.as_bytes());
    let bytes = prefix.len();
    let path = CompiledPath { prefix: Arc::from(&*prefix), path: EntryPath::Plain { bytes: bytes as u32 } };
    Ok((PathRank::Plain { bytes }, path))
}

fn compile_header(
    name: &str,
    values: &[String],
    patterns: &mut Patterns,
    previous: Option<&Patterns>,
) -> Result<HeaderCondition, String> {
    let mut exact = Vec::new();
    let mut regexes = Vec::new();
    for value in values {
        match value.strip_prefix("~*") {
            Some(pattern) => regexes.push(patterns.header(pattern, previous)?),
            None => exact.push(value.clone()),
        }
    }
    Ok(HeaderCondition { name: name.to_ascii_lowercase(), values: exact.into(), patterns: regexes.into() })
}

/// A server name without the dot that ends a fully qualified one.
pub(super) fn normal_sni(sni: &str) -> &str {
    sni.strip_suffix('.').unwrap_or(sni)
}

fn index(
    routes: Vec<Route>,
    ranked: Vec<(Rank, u32, CompiledPath)>,
    patterns: Patterns,
    rejected: Vec<Rejected>,
) -> Router {
    let mut entries = Vec::with_capacity(ranked.len());
    let mut prefixes = Vec::with_capacity(ranked.len());
    let mut positions = vec![Vec::new(); routes.len()];
    for (position, (_, route, CompiledPath { prefix, path })) in ranked.into_iter().enumerate() {
        let Route { spec, headers, snis, .. } = &routes[route as usize];
        let unconditional = spec.methods().is_empty() && headers.is_empty() && snis.is_empty();
        positions[route as usize].push(position as Position);
        entries.push(Entry { route, path, unconditional });
        prefixes.push(prefix);
    }

    let mut planter =
        Planter { entries: &entries, routes: &routes, prefixes, positions, trees: PrefixForest::default() };
    let without_host = |route: &u32| routes[*route as usize].hosts.is_empty();
    let any_host =
        planter.plant((0..routes.len() as u32).filter(without_host).collect::<Vec<_>>().as_slice());
    let hosts = index_hosts(&routes, &mut planter);
    let trees = planter.trees;
    Router { entries, routes, trees, hosts, any_host, patterns, rejected }
}

/// Gives every host a tree; hosts of the very same routes share one.
fn index_hosts(routes: &[Route], planter: &mut Planter<'_>) -> HostTrees {
    let mut pairs: Vec<(&HostPattern, u32)> = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        pairs.extend(route.hosts.iter().map(|host| (host, index as u32)));
    }
    pairs.sort_unstable();
    pairs.dedup();
    let mut planted: HashMap<Vec<u32>, Root> = HashMap::new();
    let mut trees = HostTrees::default();
    for same_host in pairs.chunk_by(|left, right| left.0 == right.0) {
        let host = same_host[0].0;
        let named: Vec<u32> = same_host.iter().map(|(_, route)| *route).collect();
        let root = planted.get(&named).copied().unwrap_or_else(|| planter.plant(&named));
        planted.insert(named, root);
        trees.insert(host, root);
    }
    trees
}

impl HostTrees {
    pub(super) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.ends_in.is_empty() && self.starts_with.is_empty()
    }

    fn insert(&mut self, host: &HostPattern, root: Root) {
        let (by_name, name) = match &host.name {
            HostName::Exact(name) => (&mut self.exact, name),
            HostName::EndsIn(suffix) => (&mut self.ends_in, suffix),
            HostName::StartsWith(prefix) => (&mut self.starts_with, prefix),
        };
        let ports = by_name.entry(name.as_bytes().into()).or_default();
        match host.port {
            None => ports.any_port = Some(root),
            Some(port) => ports.by_port.push((port, root)),
        }
    }
}

/// Makes prefix trees of routes.
struct Planter<'a> {
    entries: &'a [Entry],
    routes: &'a [Route],
    /// By entry.
    prefixes: Vec<Arc<[u8]>>,
    /// By route, its entries.
    positions: Vec<Vec<Position>>,
    trees: PrefixForest<Candidates>,
}

impl Planter<'_> {
    fn plant(&mut self, routes: &[u32]) -> Root {
        let positions = routes.iter().flat_map(|route| &self.positions[*route as usize]).copied();
        let mut keyed: Vec<(&[u8], Position)> =
            positions.map(|position| (&*self.prefixes[position as usize], position)).collect();
        keyed.sort_unstable();
        let items = keyed.chunk_by(|left, right| left.0 == right.0).map(|same_prefix| {
            let positions = same_prefix.iter().map(|(_, position)| *position).collect();
            Item {
                key: same_prefix[0].0,
                best: same_prefix[0].1,
                value: Candidates::new(positions, self.entries, self.routes),
            }
        });
        self.trees.plant(items.collect())
    }
}
