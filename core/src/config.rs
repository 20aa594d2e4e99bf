//! The configuration, compiled: for each route what is checked, whom it is sent to, and how.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderValue;
use http::header::HeaderName;
use litemap::LiteMap;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::decision::Upstream;
use crate::feed::FeedReply;
use crate::grant::{Consumer, Identity};
use crate::keys::TagKey;
use crate::request::Scheme;
use crate::router::{RouteSpec, Router};
use crate::snapshot::{ConfigKind, Piece, PieceId, UnreadablePiece};
use crate::strip_key::StripNames;

/// What every gateway of a process decides by. Immutable.
#[derive(Debug, Default)]
pub struct Config {
    pub(crate) router: Router,
    /// In the order of the router's routes.
    pub(crate) routes: Vec<RouteRules>,
    pub(crate) tag_keys: Vec<TagKey>,
    pub(crate) has_imported_keys: bool,
    unusable: Vec<(Uuid, String)>,
}

/// What holds for the requests of one route.
#[derive(Clone, Debug)]
pub(crate) struct RouteRules {
    pub(crate) service: Option<Service>,
    pub(crate) key_auth: Option<Arc<KeyAuth>>,
    pub(crate) registration: Option<Registration>,
    /// A plugin that would apply cannot be read: nothing passes, since it might have refused.
    pub(crate) blocked: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) id: Uuid,
    pub(crate) path: Option<Arc<str>>,
    pub(crate) upstream: Arc<Upstream>,
}

/// application-registration on the service of a route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registration {
    /// `enable_proxy_with_consumer_credential`.
    pub(crate) passes_plain_consumers: bool,
}

/// key-auth, as it applies to a route.
#[derive(Debug)]
pub(crate) struct KeyAuth {
    pub(crate) names: Vec<KeyName>,
    pub(crate) in_header: bool,
    pub(crate) in_query: bool,
    pub(crate) in_body: bool,
    pub(crate) hides_credentials: bool,
    pub(crate) runs_on_preflight: bool,
    pub(crate) anonymous: Anonymous,
    /// `WWW-Authenticate` of a refusal.
    pub(crate) challenge: HeaderValue,
    /// Header fields to strip when credentials are hidden.
    pub(crate) strip: StripNames,
}

/// One of `key_names`.
#[derive(Debug)]
pub(crate) struct KeyName {
    /// As configured: for query and body, where case counts.
    pub(crate) text: String,
    /// Lower case, for headers; then with `-` for `_`, when that differs.
    pub(crate) header: HeaderName,
    pub(crate) header_hyphenated: Option<HeaderName>,
}

impl AsRef<str> for KeyName {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

#[derive(Debug)]
pub(crate) enum Anonymous {
    /// Not set: refusals stand.
    No,
    /// Refusals become requests of this consumer.
    As(Arc<Identity>),
    /// Set, but there is no such consumer.
    NoSuch(String),
}

impl Config {
    /// Entities that could not be used, with the reason: for the log.
    pub fn unusable(&self) -> &[(Uuid, String)] {
        &self.unusable
    }

    /// Routes compiled.
    pub fn routes_count(&self) -> usize {
        self.routes.len()
    }

    /// Header fields that some route looks at, lower case: for platforms where each costs.
    pub fn header_names(&self) -> HeaderNames {
        let key_auths = self.routes.iter().filter_map(|rules| rules.key_auth.as_deref());
        let names = key_auths.filter(|auth| auth.in_header).flat_map(|auth| &auth.names);
        let spellings = names.flat_map(|name| std::iter::once(&name.header).chain(&name.header_hyphenated));
        let routing = self.router.routes().filter_map(|route| route.headers.as_ref());
        HeaderNames {
            keys: distinct(spellings.map(|name| name.as_str().to_owned()).collect()),
            routing: distinct(
                routing.flat_map(LiteMap::keys).map(|name| name.to_ascii_lowercase()).collect(),
            ),
        }
    }
}

fn distinct(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}

/// Header fields that the configuration makes matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderNames {
    /// May carry a key, in every spelling; each name once.
    pub keys: Vec<String>,
    /// Routes are chosen by them; each name once.
    pub routing: Vec<String>,
}

/// Keeps the pieces of the configuration and compiles them when one changes.
#[derive(Debug, Default)]
pub struct ConfigCompiler {
    pieces: LiteMap<PieceId, Piece>,
    compiled: Arc<Config>,
}

impl ConfigCompiler {
    /// Takes in the pieces of an answer (all of them when it is a reset), and compiles.
    /// The same `Arc` as before comes back when nothing changed.
    ///
    /// On an error nothing has been taken in.
    pub fn apply(&mut self, reply: &FeedReply) -> Result<Arc<Config>, UnreadablePiece> {
        if reply.pieces.is_empty() && !reply.reset {
            return Ok(self.compiled.clone());
        }
        let decode = |(id, packed): &(PieceId, Vec<u8>)| Ok((*id, Piece::decode(packed)?));
        let pieces: LiteMap<_, _> =
            reply.pieces.iter().map(decode).collect::<Result<_, UnreadablePiece>>()?;
        if reply.reset {
            self.pieces.clear();
        }
        self.pieces.extend(pieces);
        self.compiled = Arc::new(compile(&self.pieces, &self.compiled.router));
        Ok(self.compiled.clone())
    }
}

fn compile(pieces: &LiteMap<PieceId, Piece>, previous: &Router) -> Config {
    let mut unusable = Vec::new();
    let settings =
        pieces.get(&PieceId::SETTINGS).and_then(|piece| piece.settings.clone()).unwrap_or_default();
    let services: HashMap<Uuid, Service> = read_all(pieces, ConfigKind::Services, &mut unusable)
        .into_iter()
        .filter(|(_, service): &(Uuid, ServiceEntity)| service.enabled)
        .filter_map(|(id, service)| Some((id, service.compile(id, &mut unusable)?)))
        .collect();
    let plugins = Plugins::new(pieces, &mut unusable);
    // A route to a disabled service is no route (Kong 3.x).
    let routes = read_all::<RouteSpec>(pieces, ConfigKind::Routes, &mut unusable)
        .into_iter()
        .map(|(_, route)| route)
        .filter(|route| route.service.is_none_or(|service| services.contains_key(&service)));
    let router = Router::compile(routes, Some(previous));
    let rules = |route: &RouteSpec| RouteRules {
        service: route.service.and_then(|service| services.get(&service).cloned()),
        key_auth: plugins.key_auth(route),
        registration: route.service.and_then(|service| plugins.registrations.get(&service).copied()),
        blocked: plugins.block(route),
    };
    unusable.extend(router.rejected().iter().map(|rejected| (rejected.id, rejected.reason.clone())));
    Config {
        routes: router.routes().map(rules).collect(),
        router,
        tag_keys: settings.tag_keys.iter().filter_map(|hex| tag_key(hex)).collect(),
        has_imported_keys: settings.has_imported_keys,
        unusable,
    }
}

fn tag_key(hex: &str) -> Option<TagKey> {
    crate::keys::KeyDigest::from_hex(hex).map(|bytes| TagKey::from_bytes(*bytes.as_bytes()))
}

fn read_all<T: for<'de> Deserialize<'de>>(
    pieces: &LiteMap<PieceId, Piece>,
    kind: ConfigKind,
    unusable: &mut Vec<(Uuid, String)>,
) -> Vec<(Uuid, T)> {
    let entities = pieces.values().filter_map(|piece| piece.entities.get(&kind)).flatten();
    let read = |(id, entity): (&Uuid, &Value)| match T::deserialize(entity) {
        Ok(entity) => Some((*id, entity)),
        Err(error) => {
            unusable.push((*id, error.to_string()));
            None
        }
    };
    entities.filter_map(read).collect()
}

#[derive(Deserialize)]
struct ServiceEntity {
    #[serde(default = "yes")]
    enabled: bool,
    protocol: String,
    host: String,
    port: u16,
    #[serde(default)]
    path: Option<String>,
    retries: u32,
    connect_timeout: u64,
    write_timeout: u64,
    read_timeout: u64,
    #[serde(default)]
    tls_verify: Option<bool>,
}

fn yes() -> bool {
    true
}

impl ServiceEntity {
    fn compile(self, id: Uuid, unusable: &mut Vec<(Uuid, String)>) -> Option<Service> {
        let scheme = match self.protocol.as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => {
                unusable.push((id, format!("protocol {other} is not proxied")));
                return None;
            }
        };
        let bare = self.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let host = if bare.contains(':') { format!("[{bare}]") } else { bare.clone() };
        let authority =
            if self.port == scheme.default_port() { host } else { format!("{host}:{}", self.port) };
        let Ok(authority) = HeaderValue::try_from(authority) else {
            unusable.push((id, "host is not a host name".into()));
            return None;
        };
        let upstream = Upstream {
            service_id: id,
            scheme,
            host: bare,
            port: self.port,
            authority,
            connect_timeout_ms: self.connect_timeout,
            write_timeout_ms: self.write_timeout,
            read_timeout_ms: self.read_timeout,
            retries: self.retries,
            tls_verify: self.tls_verify.unwrap_or(true),
        };
        Some(Service { id, path: self.path.map(Into::into), upstream: Arc::new(upstream) })
    }
}

#[derive(Deserialize)]
struct Reference {
    id: Uuid,
}

#[derive(Deserialize)]
struct PluginEntity {
    name: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    route: Option<Reference>,
    #[serde(default)]
    service: Option<Reference>,
    config: Value,
}

impl PluginEntity {
    fn scope(&self) -> Scope {
        (self.route.as_ref().map(|route| route.id), self.service.as_ref().map(|service| service.id))
    }
}

#[derive(Deserialize)]
struct KeyAuthConfig {
    key_names: Vec<String>,
    key_in_header: bool,
    key_in_query: bool,
    key_in_body: bool,
    hide_credentials: bool,
    run_on_preflight: bool,
    #[serde(default)]
    anonymous: Option<String>,
    #[serde(default)]
    realm: Option<String>,
}

#[derive(Deserialize)]
struct RegistrationConfig {
    #[serde(default)]
    enable_proxy_with_consumer_credential: bool,
}

/// Scope of a plugin: route and service, each maybe any.
type Scope = (Option<Uuid>, Option<Uuid>);

#[derive(Default)]
struct Plugins {
    key_auths: HashMap<Scope, Arc<KeyAuth>>,
    /// By their configuration: equal ones are one, which then stays in the processor's caches.
    distinct_key_auths: HashMap<Vec<u8>, Arc<KeyAuth>>,
    registrations: HashMap<Uuid, Registration>,
    /// Scopes of plugins that cannot be read.
    unreadable: Vec<Scope>,
}

impl Plugins {
    fn new(pieces: &LiteMap<PieceId, Piece>, unusable: &mut Vec<(Uuid, String)>) -> Self {
        let consumers: Vec<(Uuid, Consumer)> = read_all(pieces, ConfigKind::Consumers, unusable);
        let mut plugins = Plugins::default();
        let found = unusable.len();
        let read: Vec<(Uuid, PluginEntity)> = read_all(pieces, ConfigKind::Plugins, unusable);
        if unusable.len() > found {
            // Whom it was for cannot be read either.
            plugins.unreadable.push((None, None));
        }
        for (id, plugin) in read.into_iter().filter(|(_, plugin)| plugin.enabled) {
            let scope = plugin.scope();
            if let Err(error) = plugins.add(plugin, &consumers) {
                unusable.push((id, error.to_string()));
                plugins.unreadable.push(scope);
            }
        }
        plugins
    }

    fn add(&mut self, plugin: PluginEntity, consumers: &[(Uuid, Consumer)]) -> Result<(), serde_json::Error> {
        let (route, service) = plugin.scope();
        match plugin.name.as_str() {
            "key-auth" => {
                let config = KeyAuthConfig::deserialize(&plugin.config)?;
                let distinct = self.distinct_key_auths.entry(serde_json::to_vec(&plugin.config)?);
                let key_auth = distinct.or_insert_with(|| Arc::new(KeyAuth::compile(config, consumers)));
                self.key_auths.insert((route, service), key_auth.clone());
            }
            "application-registration" => {
                let config = RegistrationConfig::deserialize(&plugin.config)?;
                let passes_plain_consumers = config.enable_proxy_with_consumer_credential;
                if let Some(service) = service {
                    self.registrations.insert(service, Registration { passes_plain_consumers });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn block(&self, route: &RouteSpec) -> bool {
        let applies = |(of_route, of_service): &Scope| {
            of_route.is_none_or(|id| id == route.id) && of_service.is_none_or(|id| Some(id) == route.service)
        };
        self.unreadable.iter().any(applies)
    }

    /// The most specific instance applies, whole (Kong's plugin precedence).
    fn key_auth(&self, route: &RouteSpec) -> Option<Arc<KeyAuth>> {
        let both = route.service.and_then(|service| self.key_auths.get(&(Some(route.id), Some(service))));
        both.or_else(|| self.key_auths.get(&(Some(route.id), None)))
            .or_else(|| self.key_auths.get(&(None, Some(route.service?))))
            .or_else(|| self.key_auths.get(&(None, None)))
            .cloned()
    }
}

impl KeyAuth {
    fn compile(config: KeyAuthConfig, consumers: &[(Uuid, Consumer)]) -> Self {
        let names: Vec<KeyName> = config.key_names.iter().filter_map(|name| KeyName::compile(name)).collect();
        let spellings =
            names.iter().flat_map(|name| std::iter::once(&name.header).chain(&name.header_hyphenated));
        let strip = StripNames(config.hide_credentials.then(|| spellings.cloned().collect()));
        KeyAuth {
            in_header: config.key_in_header,
            in_query: config.key_in_query,
            in_body: config.key_in_body,
            hides_credentials: config.hide_credentials,
            runs_on_preflight: config.run_on_preflight,
            anonymous: Anonymous::find(config.anonymous, consumers),
            challenge: challenge(config.realm.as_deref()),
            names,
            strip,
        }
    }
}

impl KeyName {
    fn compile(name: &str) -> Option<Self> {
        let header = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let hyphenated = header.as_str().contains('_').then(|| header.as_str().replace('_', "-"));
        Some(KeyName {
            text: name.to_owned(),
            header_hyphenated: hyphenated.and_then(|name| HeaderName::try_from(name).ok()),
            header,
        })
    }
}

impl Anonymous {
    /// A value that looks like a UUID is an id first, then a username; else a username.
    fn find(value: Option<String>, consumers: &[(Uuid, Consumer)]) -> Self {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return Anonymous::No };
        let id = Uuid::try_parse(&value).ok();
        let by_id = consumers.iter().find(|(consumer_id, _)| Some(*consumer_id) == id);
        let by_name = || consumers.iter().find(|(_, consumer)| consumer.username.as_ref() == Some(&value));
        match by_id.or_else(by_name) {
            Some((_, consumer)) => Anonymous::As(Arc::new(Identity::new(consumer, None))),
            None => Anonymous::NoSuch(value),
        }
    }
}

/// `Key`, or `Key realm="…"` with the realm as a quoted-string (RFC 9110 §11.6.1).
fn challenge(realm: Option<&str>) -> HeaderValue {
    let Some(realm) = realm.filter(|realm| !realm.is_empty()) else { return HeaderValue::from_static("Key") };
    let escaped = realm.replace('\\', "\\\\").replace('"', "\\\"");
    HeaderValue::from_bytes(format!("Key realm=\"{escaped}\"").as_bytes())
        .unwrap_or(HeaderValue::from_static("Key"))
}
