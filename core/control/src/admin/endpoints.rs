//! Every path of the Admin API, in one table.

use percent_encoding::percent_decode_str;

use crate::registry::Step;
use crate::schema::EntityKind;

/// A path and what it takes.
#[derive(Debug)]
pub struct Endpoint {
    /// Segments in braces take any text: a kind's name stands for the id or endpoint key of an
    /// entity of that kind.
    pub path: &'static str,
    /// Methods, besides HEAD and OPTIONS, which every path takes.
    pub methods: &'static [&'static str],
    /// What is there.
    pub resource: Resource,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// What this installation is.
    Information,
    /// Whether it works.
    Status,
    /// The paths there are.
    Endpoints,
    /// Names of the plugins there are.
    EnabledPlugins,
    /// The table of an entity.
    EntitySchema,
    /// The table of a plugin.
    PluginSchema,
    /// The entities of a kind, or those of the entity before in the path.
    Collection(EntityKind),
    /// One entity.
    Item(EntityKind),
    /// The entity that the one before refers to.
    Reference(EntityKind),
    /// The applications that have a contract with a service.
    ServiceApplications,
    /// The consumer of an application.
    ApplicationConsumer,
}

const GET: &[&str] = &["GET"];
const LIST: &[&str] = &["GET", "POST"];
const ITEM: &[&str] = &["GET", "PUT", "PATCH", "DELETE"];
const ITEM_WITHOUT_PUT: &[&str] = &["GET", "PATCH", "DELETE"];
const ITEM_UNCHANGEABLE: &[&str] = &["GET", "DELETE"];
const REFERENCE: &[&str] = &["GET", "PUT", "PATCH"];
const REFERENCE_WITHOUT_PUT: &[&str] = &["GET", "PATCH"];

const fn endpoint(path: &'static str, methods: &'static [&'static str], resource: Resource) -> Endpoint {
    Endpoint { path, methods, resource }
}

use EntityKind::{
    ApplicationInstances, Applications, Consumers, Developers, KeyauthCredentials, Oauth2Credentials,
    Plugins, Routes, Services,
};
use Resource::{Collection, Item, Reference};

/// Every path. The first that matches is taken.
#[rustfmt::skip]
pub static ENDPOINTS: &[Endpoint] = &[
    endpoint("/", GET, Resource::Information),
    endpoint("/status", GET, Resource::Status),
    endpoint("/endpoints", GET, Resource::Endpoints),
    endpoint("/schemas/plugins/{plugin_name}", GET, Resource::PluginSchema),
    endpoint("/schemas/{entity_name}", GET, Resource::EntitySchema),

    endpoint("/services", LIST, Collection(Services)),
    endpoint("/services/{services}", ITEM, Item(Services)),
    endpoint("/services/{services}/routes", LIST, Collection(Routes)),
    endpoint("/services/{services}/routes/{routes}", ITEM, Item(Routes)),
    endpoint("/services/{services}/plugins", LIST, Collection(Plugins)),
    endpoint("/services/{services}/plugins/{plugins}", ITEM, Item(Plugins)),
    endpoint("/services/{services}/applications", GET, Resource::ServiceApplications),
    endpoint("/services/{services}/application_instances", LIST, Collection(ApplicationInstances)),
    endpoint("/services/{services}/application_instances/{application_instances}", ITEM_WITHOUT_PUT, Item(ApplicationInstances)),

    endpoint("/routes", LIST, Collection(Routes)),
    endpoint("/routes/{routes}", ITEM, Item(Routes)),
    endpoint("/routes/{routes}/service", REFERENCE, Reference(Services)),
    endpoint("/routes/{routes}/plugins", LIST, Collection(Plugins)),
    endpoint("/routes/{routes}/plugins/{plugins}", ITEM, Item(Plugins)),

    endpoint("/consumers", LIST, Collection(Consumers)),
    endpoint("/consumers/{consumers}", ITEM, Item(Consumers)),
    endpoint("/consumers/{consumers}/plugins", LIST, Collection(Plugins)),
    endpoint("/consumers/{consumers}/plugins/{plugins}", ITEM, Item(Plugins)),
    endpoint("/consumers/{consumers}/key-auth", LIST, Collection(KeyauthCredentials)),
    endpoint("/consumers/{consumers}/key-auth/{keyauth_credentials}", ITEM, Item(KeyauthCredentials)),

    endpoint("/plugins", LIST, Collection(Plugins)),
    endpoint("/plugins/enabled", GET, Resource::EnabledPlugins),
    endpoint("/plugins/{plugins}", ITEM, Item(Plugins)),
    endpoint("/plugins/{plugins}/service", REFERENCE, Reference(Services)),
    endpoint("/plugins/{plugins}/route", REFERENCE, Reference(Routes)),
    endpoint("/plugins/{plugins}/consumer", REFERENCE, Reference(Consumers)),

    endpoint("/key-auths", LIST, Collection(KeyauthCredentials)),
    endpoint("/key-auths/{keyauth_credentials}", ITEM, Item(KeyauthCredentials)),
    endpoint("/key-auths/{keyauth_credentials}/consumer", REFERENCE, Reference(Consumers)),

    endpoint("/developers", LIST, Collection(Developers)),
    endpoint("/developers/{developers}", ITEM_WITHOUT_PUT, Item(Developers)),
    endpoint("/developers/{developers}/applications", LIST, Collection(Applications)),
    endpoint("/developers/{developers}/applications/{applications}", ITEM_WITHOUT_PUT, Item(Applications)),
    endpoint("/developers/{developers}/applications/{applications}/application_instances", LIST, Collection(ApplicationInstances)),
    endpoint("/developers/{developers}/applications/{applications}/application_instances/{application_instances}", ITEM_WITHOUT_PUT, Item(ApplicationInstances)),
    endpoint("/developers/{developers}/applications/{applications}/credentials/oauth2", LIST, Collection(Oauth2Credentials)),
    endpoint("/developers/{developers}/applications/{applications}/credentials/oauth2/{oauth2_credentials}", ITEM_UNCHANGEABLE, Item(Oauth2Credentials)),

    endpoint("/applications", LIST, Collection(Applications)),
    endpoint("/applications/{applications}", ITEM_WITHOUT_PUT, Item(Applications)),
    endpoint("/applications/{applications}/developer", REFERENCE_WITHOUT_PUT, Reference(Developers)),
    endpoint("/applications/{applications}/consumer", GET, Resource::ApplicationConsumer),
    endpoint("/applications/{applications}/application_instances", LIST, Collection(ApplicationInstances)),
    endpoint("/applications/{applications}/application_instances/{application_instances}", ITEM_WITHOUT_PUT, Item(ApplicationInstances)),
    endpoint("/applications/{applications}/credentials/oauth2", LIST, Collection(Oauth2Credentials)),
    endpoint("/applications/{applications}/credentials/oauth2/{oauth2_credentials}", ITEM_UNCHANGEABLE, Item(Oauth2Credentials)),
];

/// An endpoint that a path has matched, and the texts in the places of its braces.
#[derive(Debug)]
pub struct Matched {
    /// The endpoint.
    pub endpoint: &'static Endpoint,
    captured: Vec<(&'static str, String)>,
}

impl Matched {
    /// The entities in the path.
    pub fn steps(&self) -> Vec<Step<'_>> {
        let step = |(name, key)| EntityKind::parse(name).map(|kind| Step { kind, key });
        self.captured.iter().map(|(name, key)| (*name, key.as_str())).filter_map(step).collect()
    }

    /// The text in a pair of braces.
    pub fn text(&self, name: &str) -> &str {
        self.captured.iter().find(|(captured, _)| *captured == name).map_or("", |(_, text)| text)
    }
}

/// The endpoint at a path.
pub fn find(path: &str) -> Option<Matched> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments = path.split('/').map(|segment| percent_decode_str(segment).decode_utf8().ok());
    let segments: Vec<String> = segments.map(|text| text.map(String::from)).collect::<Option<_>>()?;
    ENDPOINTS.iter().find_map(|endpoint| {
        let captured = matches(endpoint.path, &segments)?;
        Some(Matched { endpoint, captured })
    })
}

fn matches(pattern: &'static str, segments: &[String]) -> Option<Vec<(&'static str, String)>> {
    let pattern: Vec<&'static str> = pattern[1..].split('/').collect();
    if pattern.len() != segments.len() {
        return None;
    }
    let mut captured = Vec::new();
    for (expected, segment) in pattern.into_iter().zip(segments) {
        match expected.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(_) if segment.is_empty() => return None,
            Some(name) => captured.push((name, segment.clone())),
            None if expected == segment => {}
            None => return None,
        }
    }
    Some(captured)
}
