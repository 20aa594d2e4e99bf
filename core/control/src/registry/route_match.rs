//! Which route a request would match, and why not another: looked for in what is published, as gateways do.

use http::{HeaderMap, HeaderName, HeaderValue};
use litemap::LiteMap;
use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::entity_transaction::reference;
use super::error::Error;
use super::grants::{ENABLED, is_enabled};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, MATCH_REQUEST, Mode, Object, validate_record};
use latchkey_published::feed::FeedRequest;
use latchkey_published::limits::MATCH_OTHERS_MAX;
use latchkey_published::snapshot::{ConfigKind, Piece};
use latchkey_published::stored::Stored;
use latchkey_request::authority::Authority;
use latchkey_router::{
    Explanation, Match, Miss, NormalPath, Precedence, RouteRequest, RouteSpec, Router, Why, upstream_path,
};
use latchkey_store::feed::read_feed;
use latchkey_store::{Store, StoreError};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteMatch {
    /// The gateway answers itself: the path is its own, and no route is looked for.
    pub is_answered_by_gateway: bool,
    /// The route that matches.
    pub found: Option<FoundRoute>,
    /// The others, those that come closest first.
    pub others: Vec<OtherRoute>,
    /// How many more there are.
    pub left_out: usize,
}

/// The route that matches.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRoute {
    /// It, and its service.
    pub route: MatchedRoute,
    /// It serves HTTPS alone, and the request does not come by that.
    pub needs_https: bool,
    /// URL that the request would be sent to, without its query.
    pub sent_to: Option<String>,
    /// The plugins that apply.
    pub plugins: Vec<AppliedPlugin>,
}

/// A route and its service.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchedRoute {
    /// The route.
    pub route: NamedEntity,
    /// Its service.
    pub service: Option<NamedEntity>,
}

/// What an entity is called by.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedEntity {
    /// Its id.
    pub id: Uuid,
    /// Its name, if it has one.
    pub name: Option<String>,
}

/// A plugin that applies to a route.
#[derive(Clone, Debug, PartialEq)]
pub struct AppliedPlugin {
    /// The plugin.
    pub plugin: NamedEntity,
    /// What it is configured on: `route`, `service`, or `global` where it is for all.
    pub scope: &'static str,
}

/// A route that is not the one.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherRoute {
    /// It, and its service.
    pub route: MatchedRoute,
    /// Why: at least one reason.
    pub why: Vec<NoMatch>,
}

/// Why a route is not the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoMatch {
    /// One of [`NoMatch::REASONS`].
    pub reason: &'static str,
    /// The name of the header field, where it is about one.
    pub header: Option<String>,
}

impl NoMatch {
    /// All reasons: conditions that do not hold, then what comes before another route that matches as well.
    pub const REASONS: [&'static str; 14] = [
        "method",
        "host",
        "path",
        "header",
        "sni",
        "service_disabled",
        "streams_only",
        "fewer_conditions",
        "wildcard_host",
        "fewer_headers",
        "no_regex",
        "lower_priority",
        "shorter_path",
        "younger",
    ];

    fn of(reason: &'static str) -> Self {
        NoMatch { reason, header: None }
    }

    fn all_of(why: &Why<'_>) -> Vec<NoMatch> {
        match why {
            Why::Misses(misses) => misses.iter().map(NoMatch::of_miss).collect(),
            Why::Later(precedence) => vec![NoMatch::of(match precedence {
                Precedence::Conditions => "fewer_conditions",
                Precedence::PlainHosts => "wildcard_host",
                Precedence::Headers => "fewer_headers",
                Precedence::Regex => "no_regex",
                Precedence::Priority => "lower_priority",
                Precedence::PathLength => "shorter_path",
                Precedence::Age => "younger",
            })],
        }
    }

    fn of_miss(miss: &Miss<'_>) -> Self {
        match miss {
            Miss::Method => NoMatch::of("method"),
            Miss::Host => NoMatch::of("host"),
            Miss::Path => NoMatch::of("path"),
            Miss::Header(name) => NoMatch { reason: "header", header: Some((*name).to_owned()) },
            Miss::Sni => NoMatch::of("sni"),
        }
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Which route a request would match. `input`: [`MATCH_REQUEST`].
    pub async fn match_route(&self, input: &Object) -> Result<RouteMatch, Error> {
        let asked = validate_record(MATCH_REQUEST, Mode::Whole, input).map_err(Error::Schema)?;
        let asked = AskedRequest::of(&asked)?;
        if self.own_paths.find(asked.path.as_bytes()).is_some() {
            return Ok(RouteMatch { is_answered_by_gateway: true, ..RouteMatch::default() });
        }
        let pieces = self.published_pieces().await?;
        Ok(Published::of(&pieces).look(&asked))
    }

    /// The first of some requests that comes to a route of a service, by its place, and that route.
    pub(crate) async fn route_of_service(
        &self,
        service: Uuid,
        asked: &[AskedRequest],
    ) -> Result<Option<(usize, NamedEntity)>, Error> {
        if asked.iter().any(|asked| self.own_paths.find(asked.path.as_bytes()).is_some()) {
            return Ok(None);
        }
        let pieces = self.published_pieces().await?;
        let published = Published::of(&pieces);
        let router = Router::compile(published.usable_routes().0, None);
        Ok(asked.iter().enumerate().find_map(|(at, asked)| {
            let found = router.find(&asked.as_request(), &NormalPath::new(asked.path.as_bytes()))?;
            let is_its = found.route.service == Some(service) && !found.path_too_long;
            is_its.then(|| (at, named(&published.routes, found.route.id)))
        }))
    }

    async fn published_pieces(&self) -> Result<Vec<Piece>, Error> {
        let reply = read_feed(&self.store, FeedRequest { since: None }, None).await?;
        if reply.format.is_newer() {
            return Err(
                StoreError::Failed(format!("what is published was {}", reply.format.by_newer())).into()
            );
        }
        let pieces = reply.pieces.iter().map(|(_, packed)| Piece::decode(packed));
        let pieces = pieces.collect::<Result<_, _>>();
        Ok(pieces.map_err(|error| StoreError::Failed(error.to_string()))?)
    }
}

/// The request that is asked about.
pub(crate) struct AskedRequest {
    pub(crate) method: String,
    pub(crate) is_https: bool,
    pub(crate) host: String,
    /// As it is sent, without the query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
}

impl AskedRequest {
    fn of(asked: &Object) -> Result<Self, Error> {
        let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut headers = HeaderMap::new();
        for (name, values) in asked.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let fault = || Error::field("headers", format!("{name} is no header field"));
            let name = HeaderName::try_from(name).map_err(|_| fault())?;
            for value in values.as_array().into_iter().flatten().filter_map(Value::as_str) {
                headers.append(name.clone(), HeaderValue::from_str(value).map_err(|_| fault())?);
            }
        }
        Ok(AskedRequest {
            method: text("method").to_owned(),
            is_https: text("scheme") == "https",
            host: text("host").to_owned(),
            path: text("path").split('?').next().unwrap_or_default().to_owned(),
            headers,
        })
    }

    fn as_request(&self) -> RouteRequest<'_, HeaderMap> {
        RouteRequest {
            method: &self.method,
            authority: Authority::parse(self.host.as_bytes()).unwrap_or_default(),
            scheme_https: self.is_https,
            headers: &self.headers,
            ends_tls: self.is_https,
            // No gateway knows it.
            sni: None,
        }
    }
}

/// Entities of what is published, by id.
type Entities<'p> = LiteMap<Uuid, &'p Object>;

/// What is published, as far as it decides about routes.
struct Published<'p> {
    routes: Entities<'p>,
    services: Entities<'p>,
    plugins: Entities<'p>,
}

impl<'p> Published<'p> {
    fn of(pieces: &'p [Piece]) -> Self {
        let all = |kind| {
            let entities = pieces.iter().filter_map(|piece| piece.entities.get(&kind)).flatten();
            entities.filter_map(|(id, entity)| Some((*id, entity.as_object()?))).collect()
        };
        Published {
            routes: all(ConfigKind::Routes),
            services: all(ConfigKind::Services),
            plugins: all(ConfigKind::Plugins),
        }
    }

    /// The routes that take requests, and the others with the reason why not.
    fn usable_routes(&self) -> (Vec<RouteSpec>, Vec<OtherRoute>) {
        let (mut usable, mut others) = (Vec::new(), Vec::new());
        for (id, route) in &self.routes {
            // What cannot be read is no route at a gateway either.
            let Ok(spec) = RouteSpec::read(Stored::of(route)) else { continue };
            match self.out_of_use(&spec) {
                Some(reason) => {
                    others.push(OtherRoute { route: self.named(*id), why: vec![NoMatch::of(reason)] })
                }
                None => usable.push(spec),
            }
        }
        (usable, others)
    }

    fn look(&self, asked: &AskedRequest) -> RouteMatch {
        let (usable, mut others) = self.usable_routes();
        let router = Router::compile(usable, None);
        let path = NormalPath::new(asked.path.as_bytes());
        let Explanation { found, others: looked } = router.explain(&asked.as_request(), &path);
        let mut all: Vec<OtherRoute> = looked
            .iter()
            .map(|other| OtherRoute { route: self.named(other.route.id), why: NoMatch::all_of(&other.why) })
            .collect();
        all.append(&mut others);
        let left_out = all.len().saturating_sub(MATCH_OTHERS_MAX);
        all.truncate(MATCH_OTHERS_MAX);
        RouteMatch {
            is_answered_by_gateway: false,
            found: found.map(|found| self.found(&found, &path)),
            others: all,
            left_out,
        }
    }

    /// Why a route takes no request at all.
    fn out_of_use(&self, spec: &RouteSpec) -> Option<&'static str> {
        if spec.is_stream_only() {
            return Some("streams_only");
        }
        let service = spec.service.and_then(|id| self.services.get(&id));
        let is_off = service.is_some_and(|service| !is_enabled(EntityKind::Services, service, ENABLED));
        is_off.then_some("service_disabled")
    }

    fn named(&self, route: Uuid) -> MatchedRoute {
        let service = self.routes.get(&route).and_then(|entity| reference(entity, "service"));
        MatchedRoute {
            route: named(&self.routes, route),
            service: service.map(|id| named(&self.services, id)),
        }
    }

    fn found(&self, found: &Match<'_>, path: &NormalPath<'_>) -> FoundRoute {
        let service = found.route.service.and_then(|id| self.services.get(&id));
        FoundRoute {
            route: self.named(found.route.id),
            needs_https: found.https_required,
            sent_to: service.map(|service| sent_to(service, found, path)),
            plugins: self.applied(found.route),
        }
    }

    /// Of each plugin the one of the narrowest scope, whole (Kong's plugin precedence).
    fn applied(&self, route: &RouteSpec) -> Vec<AppliedPlugin> {
        let mut applied: Vec<(usize, AppliedPlugin)> = Vec::new();
        for (id, plugin) in &self.plugins {
            let (of_route, of_service) = (reference(plugin, "route"), reference(plugin, "service"));
            let applies = of_route.is_none_or(|id| id == route.id)
                && of_service.is_none_or(|id| Some(id) == route.service)
                && is_enabled(EntityKind::Plugins, plugin, ENABLED);
            if !applies {
                continue;
            }
            let weight = 2 * usize::from(of_route.is_some()) + usize::from(of_service.is_some());
            let scope = ["global", "service", "route", "route"][weight];
            let plugin = AppliedPlugin { plugin: named(&self.plugins, *id), scope };
            match applied.iter_mut().find(|(_, known)| known.plugin.name == plugin.plugin.name) {
                Some(known) if known.0 < weight => *known = (weight, plugin),
                Some(_) => {}
                None => applied.push((weight, plugin)),
            }
        }
        applied.sort_by(|left, right| left.1.plugin.name.cmp(&right.1.plugin.name));
        applied.into_iter().map(|(_, plugin)| plugin).collect()
    }
}

fn named(entities: &Entities<'_>, id: Uuid) -> NamedEntity {
    let name = entities.get(&id).and_then(|entity| entity.get("name")?.as_str());
    NamedEntity { id, name: name.map(str::to_owned) }
}

/// Where the gateway sends the request.
fn sent_to(service: &Object, found: &Match<'_>, path: &NormalPath<'_>) -> String {
    let value = |field| EntityKind::Services.value_of(service, field);
    let (scheme, host, own_path) = (value("protocol"), value("host"), value("path"));
    let scheme = scheme.as_str().unwrap_or_default();
    let host = host.as_str().unwrap_or_default();
    let host =
        if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    let port = match (scheme, value("port").as_u64()) {
        ("http", Some(80)) | ("https", Some(443)) | (_, None) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    };
    let mut target = Vec::new();
    upstream_path(own_path.as_str().map(str::as_bytes), path, found.stripped(), &mut target);
    format!("{scheme}://{host}{port}{}", String::from_utf8_lossy(&target))
}
