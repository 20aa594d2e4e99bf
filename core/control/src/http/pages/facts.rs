//! How a service is called: of its routes and of the key-auth that holds there, for the pages that say so.
//!
//! They are read as the program, since developers may not read routes: no more of them is kept than a request
//! to the service shows.

use serde_json::Value;

use super::answered::{Answered, answered};
use super::desk::Desk;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::{Error, PageRequest, Step};
use crate::schema::{EntityKind, parse_uuid};
use latchkey_pages::calls::{Facts, KeyAuth, Method, OAuth2, Place, Request, Routes};
use latchkey_published::limits::PAGE_SIZE_MAX;
use latchkey_published::plugins::{KeyAuthSettings, OAuth2Settings};
use latchkey_published::stored::Stored;
use latchkey_store::Store;

/// What there is to know of calling a service.
#[derive(Debug)]
pub(super) struct ServiceFacts {
    gateway: String,
    is_enabled: bool,
    reached: Reached,
    /// Methods that some route takes, those to show first.
    methods: Vec<Method>,
    /// Hosts that routes ask for, without a wildcard.
    hosts: Vec<String>,
    key_auth: Option<Asked>,
    oauth2: Option<AsksForToken>,
}

#[derive(Debug)]
enum Reached {
    ByNone,
    NotPlain,
    By(Plain),
}

/// A request that a route matches.
#[derive(Debug)]
struct Plain {
    method: Method,
    method_with_body: Option<Method>,
    host: Option<String>,
    path: String,
    headers: Vec<(String, String)>,
}

/// How a key is asked for.
#[derive(Debug)]
struct Asked {
    name: String,
    settings: KeyAuthSettings,
    refuses_preflights: bool,
}

/// How a token is asked for.
#[derive(Debug)]
struct AsksForToken {
    header: String,
    scope: Option<String>,
    is_beside_key: bool,
}

answered! {
    /// What of a route says which requests it takes.
    struct Route {
        id: String,
        protocols: Vec<String>,
        methods: Option<Vec<String>>,
        hosts: Option<Vec<String>>,
        paths: Option<Vec<String>>,
        headers: Option<std::collections::BTreeMap<String, Vec<String>>>,
        snis: Option<Vec<String>>,
    }

    struct Plugin {
        name: String,
        enabled: bool,
        config: Value,
        service: Option<Value>,
        route: Option<Value>,
    }
}

/// The plugin that answers preflights before key-auth does.
const CORS: &str = "cors";

impl ServiceFacts {
    /// Fields of the request to show, as [`ServiceFacts::facts`] takes them.
    pub(super) fn headers(&self) -> Vec<(&str, &str)> {
        match &self.reached {
            Reached::By(plain) => plain.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect(),
            Reached::ByNone | Reached::NotPlain => Vec::new(),
        }
    }

    /// Where the request to show goes, without a query.
    pub(super) fn address(&self) -> Option<String> {
        let headers = self.headers();
        let facts = self.facts(&headers);
        match facts.routes {
            Routes::Plain(request) => Some(facts.url(&request)),
            Routes::None | Routes::NotPlain => None,
        }
    }

    /// Whether some request can come to it with a key.
    pub(super) fn can_be_tried(&self) -> bool {
        !self.methods.is_empty() && !self.places().is_empty()
    }

    pub(super) fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Where a path may be: at the gateway as clients know it, and at each host that some route asks for.
    pub(super) fn urls(&self, path: &str) -> Vec<String> {
        let facts = self.facts(&[]);
        let url = |host| {
            let method = Method::Get;
            facts.url(&Request { method, method_with_body: None, host, path, headers: &[] })
        };
        std::iter::once(None).chain(self.hosts.iter().map(|host| Some(host.as_str()))).map(url).collect()
    }

    /// Names of keys, which no other field may have.
    pub(super) fn key_names(&self) -> &[String] {
        self.key_auth.as_ref().map_or(&[], |asked| &asked.settings.key_names)
    }

    /// The name to show.
    pub(super) fn key_name(&self) -> &str {
        self.key_auth.as_ref().map_or("", |asked| &asked.name)
    }

    /// Where keys may stand in some request.
    pub(super) fn places(&self) -> Vec<Place> {
        let Some(Asked { settings, .. }) = &self.key_auth else { return Vec::new() };
        let is_on = |place: &Place| match place {
            Place::Header => settings.key_in_header,
            Place::Bearer => settings.key_in_bearer,
            Place::Query => settings.key_in_query,
            Place::Body => settings.key_in_body && self.methods.iter().any(|method| method.may_have_body()),
        };
        Place::ALL.into_iter().filter(is_on).collect()
    }

    /// The same for a page.
    pub(super) fn facts<'a>(&'a self, headers: &'a [(&'a str, &'a str)]) -> Facts<'a> {
        let routes = match &self.reached {
            Reached::ByNone => Routes::None,
            Reached::NotPlain => Routes::NotPlain,
            Reached::By(plain) => Routes::Plain(Request {
                method: plain.method,
                method_with_body: plain.method_with_body,
                host: plain.host.as_deref(),
                path: &plain.path,
                headers,
            }),
        };
        let key_auth = self.key_auth.as_ref().map(|asked| KeyAuth {
            name: &asked.name,
            is_in_header: asked.settings.key_in_header,
            is_in_bearer: asked.settings.key_in_bearer,
            is_in_query: asked.settings.key_in_query,
            is_in_body: asked.settings.key_in_body,
            refuses_preflights: asked.refuses_preflights,
        });
        let oauth2 = self.oauth2.as_ref().map(|asked| OAuth2 {
            header: &asked.header,
            scope: asked.scope.as_deref(),
            is_beside_key: asked.is_beside_key,
        });
        Facts { gateway: &self.gateway, is_enabled: self.is_enabled, routes, key_auth, oauth2 }
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// How a service is called; `None` where nobody has said where the gateway is, or there is no such service.
    pub(super) async fn facts(&self, service: &str) -> Result<Option<ServiceFacts>, Refusal> {
        let gateway = self.control.settings.gateway_origin.as_ref();
        // Pages know services by their ids alone.
        let Some(gateway) = gateway.filter(|_| parse_uuid(service).is_some()) else { return Ok(None) };
        let gateway = gateway.as_str().to_owned();
        let step = [Step { kind: EntityKind::Services, key: service }];
        let stored = match self.control.registry.read(&step).await {
            Ok(stored) => stored,
            Err(Error::NotFound) => return Ok(None),
            Err(error) => return Err(refusal(error)),
        };
        let is_enabled = stored.get("enabled") != Some(&Value::Bool(false));
        let routes: Vec<Route> = self.below(EntityKind::Routes, &step).await?;
        let found = routes.iter().find_map(|route| Some((route, Plain::of(route, &gateway)?)));
        let (route, reached) = match (found, routes.is_empty()) {
            (Some((route, plain)), _) => (Some(route), Reached::By(plain)),
            (None, true) => (None, Reached::ByNone),
            (None, false) => (None, Reached::NotPlain),
        };
        let plugins = self.plugins(&step, route).await?;
        let (methods, hosts) = (methods_of_all(&routes), hosts_of_all(&routes));
        let key_auth = Asked::of(&plugins);
        let oauth2 = AsksForToken::of(&plugins, key_auth.as_ref());
        Ok(Some(ServiceFacts { gateway, is_enabled, reached, methods, hosts, key_auth, oauth2 }))
    }

    /// The plugins that hold for a route of a service, those of the narrowest scope first.
    async fn plugins(&self, service: &[Step<'_>], route: Option<&Route>) -> Result<Vec<Plugin>, Refusal> {
        let mut plugins: Vec<Plugin> = match route {
            Some(route) => {
                let step = [Step { kind: EntityKind::Routes, key: &route.id }];
                self.below(EntityKind::Plugins, &step).await?
            }
            None => Vec::new(),
        };
        // One of a route may be of a service besides, and then that of this service.
        plugins.sort_by_key(|plugin| plugin.service.is_none());
        let of_service: Vec<Plugin> = self.below(EntityKind::Plugins, service).await?;
        plugins.extend(of_service.into_iter().filter(|plugin| plugin.route.is_none()));
        let is_there = |name| plugins.iter().any(|plugin| plugin.enabled && plugin.name == name);
        if ![KeyAuthSettings::PLUGIN, OAuth2Settings::PLUGIN].into_iter().all(is_there) {
            let all: Vec<Plugin> = self.below(EntityKind::Plugins, &[]).await?;
            let is_of_all = |plugin: &Plugin| plugin.service.is_none() && plugin.route.is_none();
            plugins.extend(all.into_iter().filter(is_of_all));
        }
        plugins.retain(|plugin| plugin.enabled);
        Ok(plugins)
    }

    async fn below<T: Answered>(&self, kind: EntityKind, path: &[Step<'_>]) -> Result<Vec<T>, Refusal> {
        let listed = self.control.registry.list(kind, path, PageRequest::first(PAGE_SIZE_MAX)).await;
        let listed = listed.map_err(refusal)?.data;
        Ok(listed.into_iter().filter_map(|object| T::of(Value::Object(object))).collect())
    }
}

fn refusal(error: Error) -> Refusal {
    Refusal::Registry { endpoint: "how to call a service", error }
}

impl Asked {
    fn of(plugins: &[Plugin]) -> Option<Self> {
        let key_auth = plugins.iter().find(|plugin| plugin.name == KeyAuthSettings::PLUGIN)?;
        let settings = KeyAuthSettings::read(Stored::new(&key_auth.config).ok()?).ok()?;
        let has_cors = plugins.iter().any(|plugin| plugin.name == CORS);
        Some(Asked {
            name: settings.key_names.first()?.clone(),
            refuses_preflights: settings.run_on_preflight && !has_cors,
            settings,
        })
    }
}

impl AsksForToken {
    fn of(plugins: &[Plugin], key_auth: Option<&Asked>) -> Option<Self> {
        let oauth2 = plugins.iter().find(|plugin| plugin.name == OAuth2Settings::PLUGIN)?;
        let settings = OAuth2Settings::read(Stored::new(&oauth2.config).ok()?).ok()?;
        let required = settings.required_scopes.filter(|scopes| !scopes.is_empty());
        let one = settings
            .scopes
            .filter(|_| settings.mandatory_scope)
            .map(|scopes| scopes[..1.min(scopes.len())].to_vec());
        let is_beside_key =
            key_auth.is_some_and(|asked| asked.settings.anonymous.is_none() || settings.anonymous.is_none());
        Some(AsksForToken {
            header: settings.auth_header_name,
            scope: required.or(one).map(|scopes| scopes.join(" ")),
            is_beside_key,
        })
    }
}

impl Plain {
    /// A request that a route matches, where one can be shown.
    fn of(route: &Route, gateway: &str) -> Option<Self> {
        let scheme = gateway.split_once("://").map_or("https", |(scheme, _)| scheme);
        let is_set = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
        if !route.protocols.iter().any(|protocol| protocol == scheme) || is_set(&route.snis) {
            return None;
        }
        let (method, method_with_body) = methods(route.methods.as_deref().unwrap_or_default())?;
        let host = match route.hosts.as_deref().unwrap_or_default() {
            [] => None,
            hosts => Some(hosts.iter().find(|host| !host.contains('*'))?.clone()),
        };
        let path = match route.paths.as_deref().unwrap_or_default() {
            [] => "/".to_owned(),
            paths => paths.iter().find(|path| !path.starts_with('~'))?.clone(),
        };
        let headers = route.headers.iter().flatten().map(|(name, values)| {
            let value = values.iter().find(|value| !value.starts_with("~*"))?;
            Some((name.clone(), value.clone()))
        });
        let headers = headers.collect::<Option<Vec<_>>>()?;
        Some(Plain { method, method_with_body, host, path, headers })
    }
}

fn methods_of_all(routes: &[Route]) -> Vec<Method> {
    let takes = |route: &Route, method: Method| {
        let taken = route.methods.as_deref().unwrap_or_default();
        taken.is_empty() || taken.iter().any(|taken| taken == method.name())
    };
    Method::ALL.into_iter().filter(|method| routes.iter().any(|route| takes(route, *method))).collect()
}

fn hosts_of_all(routes: &[Route]) -> Vec<String> {
    let all = routes.iter().flat_map(|route| route.hosts.iter().flatten());
    let mut hosts: Vec<String> = all.filter(|host| !host.contains('*')).cloned().collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// The methods to show of those that a route takes; none: it takes all.
fn methods(taken: &[String]) -> Option<(Method, Option<Method>)> {
    let is_taken =
        |method: &Method| taken.is_empty() || taken.iter().any(|taken| taken.as_str() == method.name());
    let mut shown = Method::ALL.into_iter().filter(is_taken);
    let first = shown.next()?;
    let with_body = Method::ALL.into_iter().filter(is_taken).find(|method| method.may_have_body());
    Some((first, with_body))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain(mut route: Value) -> Option<Plain> {
        for (name, default) in [("id", json!("r")), ("protocols", json!(["http", "https"]))] {
            if route.get(name).is_none() {
                route[name] = default;
            }
        }
        Plain::of(&Route::of(route).unwrap(), "https://gateway.test")
    }

    #[test]
    fn a_request_is_made_of_what_a_route_asks_for() {
        let shown = plain(json!({"methods": ["PATCH", "LOCK"], "hosts": ["*.a.test", "b.test"],
            "paths": ["~/x$", "/orders"], "headers": {"x-tenant": ["~*^a", "b"]}}))
        .unwrap();
        assert_eq!((shown.method, shown.method_with_body), (Method::Patch, Some(Method::Patch)));
        assert_eq!((shown.host.as_deref(), shown.path.as_str()), (Some("b.test"), "/orders"));
        assert_eq!(shown.headers, [("x-tenant".to_owned(), "b".to_owned())]);
        let any = plain(json!({"hosts": null, "paths": []})).unwrap();
        assert_eq!((any.method, any.method_with_body), (Method::Get, Some(Method::Post)));
        assert_eq!((any.host, any.path.as_str()), (None, "/"));
        let reads = plain(json!({"methods": ["HEAD", "GET"]})).unwrap();
        assert_eq!((reads.method, reads.method_with_body), (Method::Get, None));
    }

    #[test]
    fn a_route_that_asks_for_what_cannot_be_shown_has_none() {
        for route in [
            json!({"methods": ["LOCK"]}),
            json!({"hosts": ["*.a.test"]}),
            json!({"paths": ["~/x$"]}),
            json!({"headers": {"x-tenant": ["~*^a"]}}),
            json!({"protocols": ["http"]}),
            json!({"protocols": ["grpcs"]}),
            json!({"snis": ["a.test"]}),
        ] {
            assert!(plain(route.clone()).is_none(), "{route}");
        }
    }
}
