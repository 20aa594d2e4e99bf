//! The configuration, compiled: for each route what is checked, whom it is sent to, and how.

mod route_oauth2;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use http::HeaderValue;
use http::header::HeaderName;
use litemap::LiteMap;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::anonymous::Anonymous;
use crate::oauth2::OAuth2;
use crate::places::Names;
use crate::request::Scheme;
use crate::strip_key::{Hider, StripNames};
use crate::upstream::Upstream;
use latchkey_published::feed::{FeedReply, Format};
use latchkey_published::grant::Consumer;
use latchkey_published::keys::TagKey;
use latchkey_published::plugins::{self, KeyAuthSettings, PluginSettings};
use latchkey_published::services;
use latchkey_published::snapshot::{ConfigKind, Piece, PieceId, UnreadablePiece};
use latchkey_published::stored::{Stored, Unreadable};
use latchkey_published::token::TokenId;
use latchkey_router::{RouteSpec, Router};

use route_oauth2::Hide;
pub(crate) use route_oauth2::RouteOAuth2;

/// What every gateway of a process decides by. Immutable.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// The configuration.
    pub config: Arc<Config>,
    /// Beside it: taking back a token compiles nothing.
    pub denied_tokens: Arc<DeniedTokens>,
}

/// Tokens that are refused although they are good.
#[derive(Debug, Default)]
pub struct DeniedTokens(HashSet<TokenId>);

impl DeniedTokens {
    pub(crate) fn has(&self, id: &TokenId) -> bool {
        self.0.contains(id)
    }
}

/// The configuration, compiled. Immutable.
#[derive(Debug, Default)]
pub struct Config {
    pub(crate) router: Router,
    /// In the order of the router's routes.
    pub(crate) routes: Vec<RouteRules>,
    pub(crate) tag_keys: Vec<TagKey>,
    pub(crate) has_imported_keys: bool,
    pub(crate) has_digest_keys: bool,
    /// What holds for whoever asks about a service and no route of it.
    services: Vec<ServiceRules>,
    /// Replicas are believed from this change on.
    pub(crate) restored_at: u64,
    unusable: Vec<(Uuid, String)>,
}

/// What holds for the requests of one route.
#[derive(Clone, Debug)]
pub(crate) struct RouteRules {
    pub(crate) service: Option<Service>,
    pub(crate) key_auth: Option<Arc<KeyAuth>>,
    pub(crate) oauth2: Option<Arc<RouteOAuth2>>,
    pub(crate) registration: Option<Registration>,
    /// Something that applies cannot be read, or only by a newer program: nothing passes, since it
    /// might have refused.
    pub(crate) blocked: bool,
}

/// A service that keys are verified for.
#[derive(Debug)]
struct ServiceRules {
    id: Uuid,
    name: Option<String>,
    /// Of a route that has no plugin of its own.
    rules: RouteRules,
}

/// What a key is verified for: an id, or else a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'t> {
    /// A service.
    Service(&'t str),
    /// A route.
    Route(&'t str),
}

impl RouteRules {
    /// `WWW-Authenticate` of a refusal.
    pub(crate) fn challenge(&self) -> HeaderValue {
        let asked = self.key_auth.as_deref().map(|auth| auth.challenge.clone());
        asked.unwrap_or(HeaderValue::from_static("Key"))
    }

    /// What hides credentials here, if anything does, whether or not it asked.
    #[inline]
    pub(crate) fn hider(&self) -> Option<Hider<'_>> {
        match self.oauth2.as_deref() {
            None => self.key_auth.as_deref().filter(|auth| auth.hides_credentials).map(KeyAuth::hider),
            Some(oauth2) => oauth2.hide.as_ref().map(Hide::hider),
        }
    }

    /// What is taken out of a query that is sent back to the client, since it came unprotected.
    pub(crate) fn exposed(&self) -> Option<&Names> {
        match self.oauth2.as_deref() {
            None => {
                let auth = self.key_auth.as_deref().filter(|auth| auth.in_query || auth.hides_credentials);
                auth.map(|auth| &auth.search)
            }
            Some(oauth2) => Some(&oauth2.redirect),
        }
    }
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
    /// As `Authorization: Bearer <key>`.
    pub(crate) in_bearer: bool,
    pub(crate) in_query: bool,
    pub(crate) in_body: bool,
    pub(crate) hides_credentials: bool,
    pub(crate) runs_on_preflight: bool,
    pub(crate) anonymous: Anonymous,
    /// `WWW-Authenticate` of a refusal.
    pub(crate) challenge: HeaderValue,
    /// Header fields to strip when credentials are hidden.
    pub(crate) strip: StripNames,
    /// The same where `Authorization` carries a key.
    pub(crate) strip_with_bearer: StripNames,
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

impl KeyAuth {
    fn hider(&self) -> Hider<'_> {
        let strip_with_bearer = self.in_bearer.then_some(&self.strip_with_bearer);
        Hider { names: &self.search, strip: &self.strip, strip_with_bearer }
    }
}

impl AsRef<str> for KeyName {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl Config {
    /// Entities that could not be used, with the reason: for the log.
    pub fn unusable(&self) -> &[(Uuid, String)] {
        &self.unusable
    }

    /// What holds for a service or a route, if there is one.
    pub(crate) fn rules_of(&self, target: Target<'_>) -> Option<&RouteRules> {
        let (Target::Service(text) | Target::Route(text)) = target;
        let id = Uuid::try_parse(text).ok();
        let is_it = |known: Uuid, name: Option<&str>| match id {
            Some(id) => id == known,
            None => name == Some(text),
        };
        match target {
            Target::Service(_) => {
                let mut services = self.services.iter();
                services.find(|service| is_it(service.id, service.name.as_deref())).map(|found| &found.rules)
            }
            Target::Route(_) => {
                let mut routes = self.router.routes().zip(&self.routes);
                routes.find(|(route, _)| is_it(route.id, route.name.as_deref())).map(|(_, rules)| rules)
            }
        }
    }

    /// Routes compiled.
    #[cfg(feature = "testing")]
    pub fn routes_count(&self) -> usize {
        self.routes.len()
    }

    /// Header fields that some route looks at, lower case: for platforms where each costs.
    pub fn header_names(&self) -> HeaderNames {
        let key_auths = || self.routes.iter().filter_map(|rules| rules.key_auth.as_deref());
        let names = key_auths().filter(|auth| auth.in_header).flat_map(|auth| &auth.names);
        let bearer = key_auths().any(|auth| auth.in_bearer).then(|| http::header::AUTHORIZATION.to_string());
        let spellings = names.flat_map(|name| std::iter::once(&name.header).chain(&name.header_hyphenated));
        let tokens = self.routes.iter().filter_map(|rules| rules.oauth2.as_deref());
        let spellings = spellings.chain(tokens.map(|oauth2| &oauth2.plugin.header));
        let routing = self.router.routes().filter_map(|route| route.headers.as_ref());
        HeaderNames {
            keys: distinct(spellings.map(|name| name.as_str().to_owned()).chain(bearer).collect()),
            routing: distinct(
                routing.flat_map(BTreeMap::keys).map(|name| name.to_ascii_lowercase()).collect(),
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

/// Why an answer of the feed cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableReply {
    /// This program must not serve what is published so.
    #[error("the configuration was {}", .0.by_newer())]
    Newer(Format),
    /// A piece of the configuration does not decode.
    #[error(transparent)]
    Piece(#[from] UnreadablePiece),
}

/// Keeps the pieces of the configuration and compiles them when one changes.
#[derive(Debug, Default)]
pub struct ConfigCompiler {
    pieces: LiteMap<PieceId, Piece>,
    compiled: Compiled,
}

impl ConfigCompiler {
    /// Takes in the pieces of an answer (all of them when it is a reset), and compiles what has changed.
    /// The same `Arc` as before comes back for what has not.
    ///
    /// On an error nothing has been taken in.
    pub fn apply(&mut self, reply: &FeedReply) -> Result<Compiled, UnusableReply> {
        if reply.format.is_newer() {
            return Err(UnusableReply::Newer(reply.format));
        }
        if reply.pieces.is_empty() && !reply.reset {
            return Ok(self.compiled.clone());
        }
        let decode = |(id, packed): &(PieceId, Vec<u8>)| Ok((*id, Piece::decode(packed)?));
        let pieces: LiteMap<_, _> =
            reply.pieces.iter().map(decode).collect::<Result<_, UnreadablePiece>>()?;
        let (mut config, mut denied) = (reply.reset, reply.reset);
        let none = Piece::default();
        for (id, piece) in &pieces {
            let known = self.pieces.get(id).unwrap_or(&none);
            denied |= known.denied_tokens != piece.denied_tokens;
            config |= !known.is_same_but_for_denied_tokens(piece);
        }
        if reply.reset {
            self.pieces.clear();
        }
        self.pieces.extend(pieces);
        if config {
            self.compiled.config = Arc::new(compile(&self.pieces, &self.compiled.config.router));
        }
        if denied {
            let ids = self.pieces.values().flat_map(|piece| piece.denied_tokens.keys().copied());
            self.compiled.denied_tokens = Arc::new(DeniedTokens(ids.collect()));
        }
        Ok(self.compiled.clone())
    }
}

fn compile(pieces: &LiteMap<PieceId, Piece>, previous: &Router) -> Config {
    let mut unusable = Vec::new();
    let settings =
        pieces.get(&PieceId::SETTINGS).and_then(|piece| piece.settings.clone()).unwrap_or_default();
    let services = Services::new(pieces, &mut unusable);
    let plugins = Plugins::new(pieces, &mut unusable);
    let routes = read_all(pieces, ConfigKind::Routes, RouteSpec::read, &mut unusable)
        .into_iter()
        .map(|(_, route)| route)
        .filter(|route| route.service.is_none_or(|service| services.0.contains_key(&service)));
    let router = Router::compile(routes, Some(previous));
    let mut pairs = HashMap::new();
    let mut rules = |route: Option<Uuid>, id: Option<Uuid>| {
        let known = id.and_then(|id| services.0.get(&id));
        RouteRules {
            service: known.and_then(Known::usable).cloned(),
            key_auth: plugins.most_specific(route, id, |applied| applied.key_auth.clone()),
            oauth2: plugins.oauth2(route, id, &mut pairs),
            registration: id.and_then(|id| plugins.applied.get(&(None, Some(id)))?.registration),
            blocked: plugins.block(route, id) || matches!(known, Some(Known::Broken)),
        }
    };
    unusable.extend(router.rejected().iter().map(|rejected| (rejected.id, rejected.reason.clone())));
    let routes = router.routes().map(|route| rules(Some(route.id), route.service)).collect();
    let usable = services.0.iter().filter_map(|(id, known)| match known {
        Known::Usable { name, .. } => Some((*id, name.clone())),
        Known::Broken => None,
    });
    let services = usable.map(|(id, name)| ServiceRules { id, name, rules: rules(None, Some(id)) }).collect();
    Config {
        services,
        routes,
        router,
        tag_keys: settings.tag_keys.iter().filter_map(|hex| TagKey::from_hex(hex)).collect(),
        has_imported_keys: settings.has_imported_keys,
        has_digest_keys: settings.has_digest_keys,
        restored_at: settings.restored_at,
        unusable,
    }
}

fn read_all<'a, T>(
    pieces: &'a LiteMap<PieceId, Piece>,
    kind: ConfigKind,
    read: fn(Stored<'a>) -> Result<T, Unreadable>,
    unusable: &mut Vec<(Uuid, String)>,
) -> Vec<(Uuid, T)> {
    let entities = pieces.values().filter_map(|piece| piece.entities.get(&kind)).flatten();
    let read = |(id, entity): (&Uuid, &'a Value)| match Stored::new(entity).and_then(read) {
        Ok(entity) => Some((*id, entity)),
        Err(error) => {
            unusable.push((*id, error.to_string()));
            None
        }
    };
    entities.filter_map(read).collect()
}

/// Services that are there and enabled; a route to another is no route (Kong 3.x).
struct Services(HashMap<Uuid, Known>);

/// What can be done with a service.
enum Known {
    Usable {
        service: Service,
        name: Option<String>,
    },
    /// Nobody here can tell where it leads.
    Broken,
}

impl Known {
    fn usable(&self) -> Option<&Service> {
        match self {
            Known::Usable { service, .. } => Some(service),
            Known::Broken => None,
        }
    }
}

impl Services {
    fn new(pieces: &LiteMap<PieceId, Piece>, unusable: &mut Vec<(Uuid, String)>) -> Self {
        let found = unusable.len();
        let read = read_all(pieces, ConfigKind::Services, ServiceEntity::read, unusable);
        let mut services: HashMap<Uuid, Known> =
            unusable[found..].iter().map(|(id, _)| (*id, Known::Broken)).collect();
        for (id, service) in read.into_iter().filter(|(_, service)| service.enabled) {
            if service.is_of_other_protocol() {
                unusable.push((id, format!("protocol {} is not proxied", service.protocol)));
                continue;
            }
            let name = service.name.map(str::to_owned);
            let known = match service.compile(id) {
                Ok(service) => Known::Usable { service, name },
                Err(reason) => {
                    unusable.push((id, reason));
                    Known::Broken
                }
            };
            services.insert(id, known);
        }
        Services(services)
    }
}

/// A service as it is stored, as far as the gateway looks at it; times in milliseconds.
struct ServiceEntity<'a> {
    name: Option<&'a str>,
    enabled: bool,
    protocol: &'a str,
    host: &'a str,
    port: u16,
    path: Option<&'a str>,
    retries: u32,
    connect_timeout: u64,
    write_timeout: u64,
    read_timeout: u64,
    tls_verify: bool,
}

impl<'a> ServiceEntity<'a> {
    fn read(stored: Stored<'a>) -> Result<Self, Unreadable> {
        Ok(ServiceEntity {
            name: stored.member("name")?,
            enabled: stored.flag(&services::ENABLED)?,
            protocol: stored.text(&services::PROTOCOL)?,
            host: stored.required("host")?,
            port: stored.number(&services::PORT)?,
            path: stored.member("path")?,
            retries: stored.number(&services::RETRIES)?,
            connect_timeout: stored.number(&services::CONNECT_TIMEOUT)?,
            write_timeout: stored.number(&services::WRITE_TIMEOUT)?,
            read_timeout: stored.number(&services::READ_TIMEOUT)?,
            tls_verify: stored.member("tls_verify")?.unwrap_or(true),
        })
    }

    /// Its routes are none of this gateway's.
    fn is_of_other_protocol(&self) -> bool {
        matches!(self.protocol, "grpc" | "grpcs" | "tcp" | "tls" | "tls_passthrough" | "udp")
    }

    fn compile(self, id: Uuid) -> Result<Service, String> {
        let scheme = match self.protocol {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(Unreadable::unknown("protocol", other).to_string()),
        };
        let bare = self.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let host = if bare.contains(':') { format!("[{bare}]") } else { bare.clone() };
        let authority =
            if self.port == scheme.default_port() { host } else { format!("{host}:{}", self.port) };
        let authority = HeaderValue::try_from(authority).map_err(|_| "host is not a host name".to_owned())?;
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
        Ok(Service { id, path: self.path.map(Into::into), upstream: Arc::new(upstream) })
    }
}

/// Scope of a plugin: route and service, each maybe any.
type Scope = (Option<Uuid>, Option<Uuid>);

/// Whom something is for; where that cannot be told, for everybody.
fn read_scope(entity: &Value) -> Scope {
    let reference = |field| Stored::new(entity).ok()?.reference(field).ok()?;
    (reference("route"), reference("service"))
}

/// Plugins that apply to the same.
#[derive(Default)]
struct Applied {
    key_auth: Option<Arc<KeyAuth>>,
    oauth2: Option<Arc<OAuth2>>,
    registration: Option<Registration>,
}

#[derive(Default)]
struct Plugins<'p> {
    applied: HashMap<Scope, Applied>,
    /// By their configuration: equal ones are one, which then stays in the processor's caches.
    distinct: HashMap<Option<&'p Value>, Applied>,
    /// Scopes of what cannot be read, or only by a newer program.
    blocking: Vec<Scope>,
}

impl<'p> Plugins<'p> {
    fn new(pieces: &'p LiteMap<PieceId, Piece>, unusable: &mut Vec<(Uuid, String)>) -> Self {
        let consumers = read_all(pieces, ConfigKind::Consumers, Consumer::read, unusable);
        let mut plugins = Plugins::default();
        for (id, entity) in
            pieces.values().filter_map(|piece| piece.entities.get(&ConfigKind::Plugins)).flatten()
        {
            let scope = read_scope(entity);
            if let Err(error) = plugins.add(entity, scope, &consumers) {
                unusable.push((*id, error.to_string()));
                plugins.blocking.push(scope);
            }
        }
        for (kind, id, entity) in pieces.values().flat_map(|piece| piece.unknown_entities()) {
            if entity.get(plugins::ENABLED.name) == Some(&Value::Bool(false)) {
                continue;
            }
            unusable.push((id, Unreadable::unknown("kind", kind).to_string()));
            plugins.blocking.push(read_scope(entity));
        }
        plugins
    }

    fn add(
        &mut self,
        entity: &'p Value,
        (route, service): Scope,
        consumers: &[(Uuid, Consumer)],
    ) -> Result<(), Unreadable> {
        let stored = Stored::new(entity)?;
        if !stored.flag(&plugins::ENABLED)? {
            return Ok(());
        }
        let name = stored.required("name")?;
        // Read again for their errors: whom it is for must be clear, or nobody passes.
        let _ = (stored.reference("route")?, stored.reference("service")?);
        let (config, none) = (stored.value("config"), Value::Object(Map::new()));
        let settings = PluginSettings::read(name, Stored::new(config.unwrap_or(&none))?)?;
        stored.has_only(plugins::MEMBERS)?;
        if stored.reference("consumer")?.is_some() {
            return Err(Unreadable::unknown("scope", "consumer"));
        }
        let distinct = self.distinct.entry(config).or_default();
        let mut made = Applied::default();
        match settings {
            PluginSettings::KeyAuth(settings) => {
                let compiled = || Arc::new(KeyAuth::compile(settings, consumers));
                made.key_auth = Some(distinct.key_auth.get_or_insert_with(compiled).clone());
            }
            PluginSettings::OAuth2(mut settings) => {
                if distinct.oauth2.is_none() {
                    let anonymous = Anonymous::find(settings.anonymous.take(), consumers);
                    distinct.oauth2 = Some(Arc::new(OAuth2::compile(*settings, anonymous)?));
                }
                made.oauth2 = distinct.oauth2.clone();
            }
            PluginSettings::ApplicationRegistration(settings) => {
                if route.is_some() || service.is_none() {
                    let scope = if route.is_some() { "route" } else { "global" };
                    return Err(Unreadable::unknown("scope", scope));
                }
                let passes_plain_consumers = settings.enable_proxy_with_consumer_credential;
                made.registration = Some(Registration { passes_plain_consumers });
            }
        }
        let applied = self.applied.entry((route, service)).or_default();
        applied.key_auth = made.key_auth.or_else(|| applied.key_auth.take());
        applied.oauth2 = made.oauth2.or_else(|| applied.oauth2.take());
        applied.registration = made.registration.or(applied.registration);
        Ok(())
    }

    /// The most specific instance applies, whole (Kong's plugin precedence).
    fn most_specific<T>(
        &self,
        route: Option<Uuid>,
        service: Option<Uuid>,
        of: fn(&Applied) -> Option<Arc<T>>,
    ) -> Option<Arc<T>> {
        let scopes = [(route, service), (route, None), (None, service), (None, None)];
        scopes.iter().find_map(|scope| self.applied.get(scope).and_then(of))
    }

    fn block(&self, route: Option<Uuid>, service: Option<Uuid>) -> bool {
        let applies = |(of_route, of_service): &Scope| {
            of_route.is_none_or(|id| Some(id) == route) && of_service.is_none_or(|id| Some(id) == service)
        };
        self.blocking.iter().any(applies)
    }

    /// oauth2 with what key-auth is beside it; `pairs` has those that were made already.
    fn oauth2(
        &self,
        route: Option<Uuid>,
        service: Option<Uuid>,
        pairs: &mut Pairs,
    ) -> Option<Arc<RouteOAuth2>> {
        let plugin = self.most_specific(route, service, |applied| applied.oauth2.clone())?;
        let key_auth = self.most_specific(route, service, |applied| applied.key_auth.clone());
        let pair = (Arc::as_ptr(&plugin), key_auth.as_ref().map(Arc::as_ptr));
        let made =
            pairs.entry(pair).or_insert_with(|| Arc::new(RouteOAuth2::new(&plugin, key_auth.as_deref())));
        Some(made.clone())
    }
}

/// Which oauth2 and which key-auth, as long as both are there.
type Pairs = HashMap<(*const OAuth2, Option<*const KeyAuth>), Arc<RouteOAuth2>>;

impl KeyAuth {
    fn compile(settings: KeyAuthSettings, consumers: &[(Uuid, Consumer)]) -> Self {
        let mut names: Vec<KeyName> = Vec::new();
        for name in settings.key_names.iter().filter_map(|name| KeyName::compile(name)) {
            // Looked for once more, a name would find what it found before.
            if !names.iter().any(|known| known.text == name.text) {
                names.push(name);
            }
        }
        let headers = names.iter().map(|name| name.header.clone());
        let strip = StripNames(settings.hide_credentials.then(|| headers.clone().collect()));
        let strip_with_bearer = match settings.key_in_bearer {
            true => StripNames(
                settings.hide_credentials.then(|| headers.chain([http::header::AUTHORIZATION]).collect()),
            ),
            false => strip.clone(),
        };
        KeyAuth {
            in_header: settings.key_in_header,
            in_bearer: settings.key_in_bearer,
            in_query: settings.key_in_query,
            in_body: settings.key_in_body,
            hides_credentials: settings.hide_credentials,
            runs_on_preflight: settings.run_on_preflight,
            anonymous: Anonymous::find(settings.anonymous, consumers),
            challenge: challenge(settings.realm.as_deref()),
            search: Names::new(&names),
            names,
            strip,
            strip_with_bearer,
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

/// `Key`, or `Key realm="…"` with the realm as a quoted-string (RFC 9110 §11.6.1).
fn challenge(realm: Option<&str>) -> HeaderValue {
    let Some(realm) = realm.filter(|realm| !realm.is_empty()) else { return HeaderValue::from_static("Key") };
    let escaped = realm.replace('\\', "\\\\").replace('"', "\\\"");
    HeaderValue::from_bytes(format!("Key realm=\"{escaped}\"").as_bytes())
        .unwrap_or(HeaderValue::from_static("Key"))
}
