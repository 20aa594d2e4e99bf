//! The configuration, compiled: for each route what is checked, whom it is sent to, and how.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderValue;
use http::header::HeaderName;
use litemap::LiteMap;
use serde_json::Value;
use uuid::Uuid;

use crate::decision::Upstream;
use crate::feed::FeedReply;
use crate::grant::{Consumer, Identity};
use crate::keys::TagKey;
use crate::places::Names;
use crate::request::Scheme;
use crate::router::{RouteSpec, Router};
use crate::snapshot::{ConfigKind, Piece, PieceId, UnreadablePiece};
use crate::stored::{Stored, Unreadable, required};
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
    /// The same, as texts are searched for them: a place there is a place in `names`.
    pub(crate) search: Names,
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
    let services: HashMap<Uuid, Service> =
        read_all(pieces, ConfigKind::Services, ServiceEntity::read, &mut unusable)
            .into_iter()
            .filter(|(_, service)| service.enabled)
            .filter_map(|(id, service)| Some((id, service.compile(id, &mut unusable)?)))
            .collect();
    let plugins = Plugins::new(pieces, &mut unusable);
    // A route to a disabled service is no route (Kong 3.x).
    let routes = read_all(pieces, ConfigKind::Routes, RouteSpec::read, &mut unusable)
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

fn read_all<T>(
    pieces: &LiteMap<PieceId, Piece>,
    kind: ConfigKind,
    read: fn(Stored<'_>) -> Result<T, Unreadable>,
    unusable: &mut Vec<(Uuid, String)>,
) -> Vec<(Uuid, T)> {
    let entities = pieces.values().filter_map(|piece| piece.entities.get(&kind)).flatten();
    let read = |(id, entity): (&Uuid, &Value)| match Stored::new(entity).and_then(read) {
        Ok(entity) => Some((*id, entity)),
        Err(error) => {
            unusable.push((*id, error.to_string()));
            None
        }
    };
    entities.filter_map(read).collect()
}

struct ServiceEntity {
    enabled: bool,
    protocol: String,
    host: String,
    port: u16,
    path: Option<String>,
    retries: u32,
    connect_timeout: u64,
    write_timeout: u64,
    read_timeout: u64,
    tls_verify: bool,
}

impl ServiceEntity {
    fn read(stored: Stored<'_>) -> Result<Self, Unreadable> {
        Ok(ServiceEntity {
            enabled: stored.flag("enabled")?.unwrap_or(true),
            protocol: required("protocol", stored.text("protocol")?)?.to_owned(),
            host: required("host", stored.text("host")?)?.to_owned(),
            port: required("port", stored.number("port")?)?,
            path: stored.text("path")?.map(str::to_owned),
            retries: required("retries", stored.number("retries")?)?,
            connect_timeout: required("connect_timeout", stored.number("connect_timeout")?)?,
            write_timeout: required("write_timeout", stored.number("write_timeout")?)?,
            read_timeout: required("read_timeout", stored.number("read_timeout")?)?,
            tls_verify: stored.flag("tls_verify")?.unwrap_or(true),
        })
    }

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
            tls_verify: self.tls_verify,
        };
        Some(Service { id, path: self.path.map(Into::into), upstream: Arc::new(upstream) })
    }
}

struct PluginEntity {
    name: String,
    enabled: bool,
    scope: Scope,
    config: Value,
}

impl PluginEntity {
    fn read(stored: Stored<'_>) -> Result<Self, Unreadable> {
        Ok(PluginEntity {
            name: required("name", stored.text("name")?)?.to_owned(),
            enabled: stored.flag("enabled")?.unwrap_or(true),
            scope: (stored.reference("route")?, stored.reference("service")?),
            config: required("config", stored.value("config"))?.clone(),
        })
    }
}

struct KeyAuthConfig {
    key_names: Vec<String>,
    key_in_header: bool,
    key_in_query: bool,
    key_in_body: bool,
    hide_credentials: bool,
    run_on_preflight: bool,
    anonymous: Option<String>,
    realm: Option<String>,
}

impl KeyAuthConfig {
    fn read(stored: Stored<'_>) -> Result<Self, Unreadable> {
        let flag = |field| required(field, stored.flag(field)?);
        Ok(KeyAuthConfig {
            key_names: required("key_names", stored.texts("key_names")?)?,
            key_in_header: flag("key_in_header")?,
            key_in_query: flag("key_in_query")?,
            key_in_body: flag("key_in_body")?,
            hide_credentials: flag("hide_credentials")?,
            run_on_preflight: flag("run_on_preflight")?,
            anonymous: stored.text("anonymous")?.map(str::to_owned),
            realm: stored.text("realm")?.map(str::to_owned),
        })
    }
}

fn read_consumer(stored: Stored<'_>) -> Result<Consumer, Unreadable> {
    Ok(Consumer {
        id: required("id", stored.id("id")?)?,
        username: stored.text("username")?.map(str::to_owned),
        custom_id: stored.text("custom_id")?.map(str::to_owned),
    })
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
        let consumers = read_all(pieces, ConfigKind::Consumers, read_consumer, unusable);
        let mut plugins = Plugins::default();
        let found = unusable.len();
        let read = read_all(pieces, ConfigKind::Plugins, PluginEntity::read, unusable);
        if unusable.len() > found {
            // Whom it was for cannot be read either.
            plugins.unreadable.push((None, None));
        }
        for (id, plugin) in read.into_iter().filter(|(_, plugin)| plugin.enabled) {
            let scope = plugin.scope;
            if let Err(error) = plugins.add(plugin, &consumers) {
                unusable.push((id, error.to_string()));
                plugins.unreadable.push(scope);
            }
        }
        plugins
    }

    fn add(&mut self, plugin: PluginEntity, consumers: &[(Uuid, Consumer)]) -> Result<(), Unreadable> {
        let (route, service) = plugin.scope;
        let stored = Stored::new(&plugin.config)?;
        match plugin.name.as_str() {
            "key-auth" => {
                let config = KeyAuthConfig::read(stored)?;
                let distinct = self.distinct_key_auths.entry(json_text(&plugin.config));
                let key_auth = distinct.or_insert_with(|| Arc::new(KeyAuth::compile(config, consumers)));
                self.key_auths.insert((route, service), key_auth.clone());
            }
            "application-registration" => {
                let passes_plain_consumers =
                    stored.flag("enable_proxy_with_consumer_credential")?.unwrap_or_default();
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
        let mut names: Vec<KeyName> = Vec::new();
        for name in config.key_names.iter().filter_map(|name| KeyName::compile(name)) {
            // Looked for once more, a name would find what it found before.
            if !names.iter().any(|known| known.text == name.text) {
                names.push(name);
            }
        }
        let headers = names.iter().map(|name| name.header.clone());
        let strip = StripNames(config.hide_credentials.then(|| headers.collect()));
        KeyAuth {
            in_header: config.key_in_header,
            in_query: config.key_in_query,
            in_body: config.key_in_body,
            hides_credentials: config.hide_credentials,
            runs_on_preflight: config.run_on_preflight,
            anonymous: Anonymous::find(config.anonymous, consumers),
            challenge: challenge(config.realm.as_deref()),
            search: Names::new(&names),
            names,
            strip,
        }
    }
}

fn json_text(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("a value has string keys only")
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
