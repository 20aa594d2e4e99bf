//! `latchkey export`: what a running gateway has, as a declaration that `latchkey import` and decK bring.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use latchkey_control::schema::EntityKind;
use latchkey_published::key_sha256::UNKNOWN_PREFIX;
use serde_json::{Map, Value, json};

use crate::admin_client::{AdminClient, Call, CallError, Connection};
use crate::declaration::{self, OURS, PLUGIN_CONFIGS, TAG_KEYS};
use crate::message;

const LONG_ABOUT: &str = "\
Prints what a running gateway has (services, routes, plugins, consumers, their keys and OAuth2 clients) as a
declaration, in decK's form: `latchkey import` brings it into another gateway, and so does `deck gateway sync`.

  latchkey export --url https://keys.example.com -o kong.yaml

Keys are in it as sha256:<hex>. With it come the tag keys, by which keys that begin with lk_ stay good where
they are brought: whoever has them can make keys that cost a read to refuse, so keep the file to yourselves.

Secrets of OAuth2 clients are not in it: where a client is new, its secret is to be set anew.
Developers, applications, contracts and the audit are not in it: `latchkey backup` has them.
The admin token, which may not be read-only, is in LATCHKEY_ADMIN_TOKEN, or in a file (--token-file).";

/// Print what a running gateway has as a declaration (kong.yaml)
#[derive(Clone, Debug, clap::Args)]
#[command(long_about = LONG_ABOUT)]
pub(crate) struct Options {
    #[command(flatten)]
    connection: Connection,

    /// The form of the declaration
    #[arg(long, value_name = "FORM", default_value = "yaml")]
    format: Format,

    /// Where it is written, for its owner alone; a file that is there is written over [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write the ids of all entities, not those alone that nothing else names
    #[arg(long)]
    with_ids: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

/// Does it. The error is for the person at the terminal.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let client = options.connection.open()?;
    let stored = Stored::read(&client)?;
    let (document, unknown) = document(stored, options.with_ids);
    let text = match options.format {
        Format::Yaml => declaration::yaml(&document),
        Format::Json => format!("{document:#}\n"),
    };
    match &options.output {
        Some(file) => {
            write(file, &text).map_err(|error| format!("cannot write {}: {error}", file.display()))?
        }
        None => message::print(&text).map_err(|error| format!("cannot write to standard output: {error}"))?,
    }
    for key in unknown {
        message::note(&format!(
            "left out: {key}: what it is was never stored, so that it cannot be brought elsewhere"
        ));
    }
    for note in left_behind(&client)? {
        message::note(&note);
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}

/// What an export does not have, a sentence each.
fn left_behind(client: &AdminClient) -> Result<Vec<String>, CallError> {
    let mut notes = Vec::new();
    for kind in ["developers", "applications"] {
        let total =
            client.json(&Call::get(&format!("/{kind}?size=1")))?["total"].as_u64().unwrap_or_default();
        if total > 0 {
            notes.push(format!("left out: {total} {kind}: `latchkey backup` has them"));
        }
    }
    Ok(notes)
}

/// Entities as the Admin API lists them.
#[derive(Default)]
struct Stored {
    services: Vec<Entity>,
    routes: Vec<Entity>,
    consumers: Vec<Entity>,
    credentials: Vec<Entity>,
    clients: Vec<Entity>,
    plugins: Vec<Entity>,
    tag_keys: Vec<Value>,
}

type Entity = Map<String, Value>;

impl Stored {
    /// What refers is read before what it refers to: whatever was deleted meanwhile is missing with what
    /// hung on it.
    fn read(client: &AdminClient) -> Result<Self, CallError> {
        let tag_keys = client.json(&Call::get("/tag-keys"))?["data"].as_array().cloned().unwrap_or_default();
        let plugins = list(client, "/plugins")?;
        let credentials = list(client, "/key-auths")?;
        let clients = list(client, "/oauth2")?;
        let routes = list(client, "/routes")?;
        let consumers = list(client, "/consumers")?;
        let services = list(client, "/services")?;
        Ok(Stored { services, routes, consumers, credentials, clients, plugins, tag_keys })
    }
}

fn list(client: &AdminClient, path: &str) -> Result<Vec<Entity>, CallError> {
    let mut entities = Vec::new();
    let mut offset = String::new();
    loop {
        let mut page = client.json(&Call::get(&format!("{path}?size=1000{offset}")))?;
        if let Value::Array(data) = page["data"].take() {
            entities.extend(data.into_iter().filter_map(|entity| match entity {
                Value::Object(entity) => Some(entity),
                _ => None,
            }));
        }
        match page["offset"].as_str() {
            Some(next) => offset = format!("&offset={}", escaped(next)),
            None => break,
        }
    }
    // So that what did not change is written in the same order, wherever it comes from.
    let names = ["name", "username", "custom_id", "key", "client_id", "id"];
    entities.sort_by_cached_key(|entity| names.map(|name| text(entity, name)));
    Ok(entities)
}

fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The declaration, and what the keys that cannot be brought are called.
fn document(stored: Stored, with_ids: bool) -> (Value, Vec<String>) {
    let Stored { services, mut routes, consumers, credentials, clients, mut plugins, tag_keys } = stored;
    let mut writer = Writer {
        with_ids,
        names: services.iter().chain(&routes).filter_map(|one| Some((id(one), text(one, "name")?))).collect(),
        keys_of: by_parent(credentials, "consumer"),
        clients_of: by_parent(clients, "consumer"),
        // What is on a service and a route stands by itself, and names both.
        plugins_of_routes: by_parent(taken(&mut plugins, "route", "service"), "route"),
        plugins_of_services: by_parent(taken(&mut plugins, "service", "route"), "service"),
        routes_of: by_parent(taken(&mut routes, "service", ""), "service"),
        unknown: Vec::new(),
    };
    let services: Vec<Value> = services.into_iter().map(|one| writer.service(one)).collect();
    let routes: Vec<Value> = routes.into_iter().map(|one| writer.route(one)).collect();
    let consumers: Vec<Value> = consumers.into_iter().map(|one| writer.consumer(one)).collect();
    let plugins: Vec<Value> = plugins.into_iter().map(|one| writer.plugin(one).into()).collect();
    let mut document = json!({"_format_version": "3.0"});
    for (name, list) in
        [("services", services), ("routes", routes), ("consumers", consumers), ("plugins", plugins)]
    {
        if !list.is_empty() {
            document[name] = list.into();
        }
    }
    if !tag_keys.is_empty() {
        document[PLUGIN_CONFIGS] = json!({ OURS: { TAG_KEYS: tag_keys } });
    }
    (document, writer.unknown)
}

struct Writer {
    with_ids: bool,
    /// Of services and routes, by id.
    names: HashMap<String, String>,
    keys_of: HashMap<String, Vec<Entity>>,
    clients_of: HashMap<String, Vec<Entity>>,
    plugins_of_routes: HashMap<String, Vec<Entity>>,
    plugins_of_services: HashMap<String, Vec<Entity>>,
    routes_of: HashMap<String, Vec<Entity>>,
    unknown: Vec<String>,
}

impl Writer {
    fn service(&mut self, service: Entity) -> Value {
        let own = id(&service);
        let routes = self.routes_of.remove(&own).unwrap_or_default();
        let routes = routes.into_iter().map(|route| self.route(without(route, "service")));
        let routes: Vec<Value> = routes.collect();
        let plugins = self.plugins_of_services.remove(&own).unwrap_or_default();
        let plugins = self.plugins(plugins, "service");
        let mut service = self.entity(EntityKind::Services, service);
        put(&mut service, "routes", routes);
        put(&mut service, "plugins", plugins);
        service.into()
    }

    fn route(&mut self, route: Entity) -> Value {
        let plugins = self.plugins_of_routes.remove(&id(&route)).unwrap_or_default();
        let plugins = self.plugins(plugins, "route");
        let mut route = self.entity(EntityKind::Routes, route);
        put(&mut route, "plugins", plugins);
        route.into()
    }

    fn plugins(&self, plugins: Vec<Entity>, parent: &str) -> Vec<Value> {
        plugins.into_iter().map(|plugin| self.plugin(without(plugin, parent)).into()).collect()
    }

    fn plugin(&self, plugin: Entity) -> Entity {
        let mut plugin = self.entity(EntityKind::Plugins, plugin);
        for field in ["route", "service", "consumer"] {
            if let Some(reference) = plugin.get_mut(field)
                && let Some(id) = reference["id"].as_str()
            {
                *reference = self.names.get(id).map_or(id, String::as_str).into();
            }
        }
        plugin
    }

    fn consumer(&mut self, consumer: Entity) -> Value {
        let keys = self.keys_of.remove(&id(&consumer)).unwrap_or_default();
        let clients = self.clients_of.remove(&id(&consumer)).unwrap_or_default();
        let called = text(&consumer, "username").or_else(|| text(&consumer, "custom_id")).unwrap_or_default();
        let keys = self.credentials(EntityKind::KeyauthCredentials, "key", keys, &called);
        let clients = self.credentials(EntityKind::Oauth2Credentials, "client_id", clients, &called);
        let mut consumer = self.entity(EntityKind::Consumers, consumer);
        put(&mut consumer, EntityKind::KeyauthCredentials.name(), keys);
        put(&mut consumer, EntityKind::Oauth2Credentials.name(), clients);
        consumer.into()
    }

    /// Credentials of a consumer, but for those of which nobody knows what to bring.
    fn credentials(&mut self, kind: EntityKind, key: &str, all: Vec<Entity>, of: &str) -> Vec<Value> {
        let mut written = Vec::new();
        for one in all {
            if text(&one, key).is_some_and(|key| key.starts_with(UNKNOWN_PREFIX)) {
                self.unknown.push(format!("{} {} of consumer {of}", key.replace('_', " "), id(&one)));
            } else {
                written.push(self.entity(kind, without(one, "consumer")).into());
            }
        }
        written
    }

    /// An entity less what is made where it is brought, and what it would be anyway.
    fn entity(&self, kind: EntityKind, mut entity: Entity) -> Entity {
        let schema = kind.schema();
        let is_named = match kind {
            EntityKind::Services | EntityKind::Routes => text(&entity, "name").is_some(),
            _ => true,
        };
        // It is said as an end that stays the same, where there is one.
        let has_end = entity.get("expires_at").is_some_and(Value::is_number);
        entity.retain(|name, value| {
            let is_shown_alone = schema.field(name).is_some_and(|field| field.read_only);
            let is_kept = match name.as_str() {
                "id" => self.with_ids || !is_named,
                "created_at" | "updated_at" => false,
                "ttl" => !has_end,
                // decK does not know it of these, and it says nothing.
                "enabled" if !matches!(kind, EntityKind::Services | EntityKind::Plugins) => *value != true,
                "key_use" => *value != false,
                _ => true,
            };
            is_kept && !is_shown_alone && !value.is_null()
        });
        entity
    }
}

fn id(entity: &Entity) -> String {
    text(entity, "id").unwrap_or_default()
}

fn text(entity: &Entity, name: &str) -> Option<String> {
    entity.get(name)?.as_str().map(str::to_owned)
}

fn parent(entity: &Entity, field: &str) -> Option<String> {
    entity.get(field)?["id"].as_str().map(str::to_owned)
}

fn without(mut entity: Entity, field: &str) -> Entity {
    entity.remove(field);
    entity
}

fn put(entity: &mut Entity, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        entity.insert(name.to_owned(), list.into());
    }
}

/// Takes those out that refer to one and not to the other.
fn taken(entities: &mut Vec<Entity>, one: &str, other: &str) -> Vec<Entity> {
    entities
        .extract_if(.., |entity| parent(entity, one).is_some() && parent(entity, other).is_none())
        .collect()
}

fn by_parent(entities: Vec<Entity>, field: &str) -> HashMap<String, Vec<Entity>> {
    let mut of: HashMap<String, Vec<Entity>> = HashMap::new();
    for entity in entities {
        of.entry(parent(&entity, field).unwrap_or_default()).or_default().push(entity);
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entities(list: Value) -> Vec<Entity> {
        serde_json::from_value(list).unwrap()
    }

    fn stored() -> Stored {
        Stored {
            services: entities(json!([
                {"id": "s1", "name": "orders", "host": "a.test", "path": null, "created_at": 1, "updated_at": 1},
                {"id": "s2", "name": null, "host": "b.test"},
            ])),
            routes: entities(json!([
                {"id": "r1", "name": "orders", "paths": ["/o"], "service": {"id": "s1"}},
                {"id": "r2", "name": null, "paths": ["/x"], "service": null},
            ])),
            consumers: entities(json!([{"id": "c1", "username": "bob", "custom_id": null, "enabled": true}])),
            clients: entities(json!([
                {"id": "o1", "name": "shop", "client_id": "sha256:01", "client_id_start": "abc",
                 "client_secret": null, "client_type": "confidential", "hash_secret": false,
                 "redirect_uris": null, "key_use": false, "tokens_not_before": null, "enabled": true,
                 "consumer": {"id": "c1"}, "application": null},
            ])),
            credentials: entities(json!([
                {"id": "k1", "key": "sha256:00", "key_start": "abc", "consumer": {"id": "c1"}, "ttl": 5, "enabled": false},
                {"id": "k2", "key": "unknown:k2", "consumer": {"id": "c1"}},
            ])),
            plugins: entities(json!([
                {"id": "p1", "name": "key-auth", "route": {"id": "r1"}, "service": null, "config": {"realm": null}},
                {"id": "p2", "name": "key-auth", "route": null, "service": {"id": "s2"}, "config": {}},
                {"id": "p3", "name": "key-auth", "route": {"id": "r2"}, "service": {"id": "s1"}, "config": {}},
                {"id": "p4", "name": "key-auth", "route": null, "service": null, "config": {}},
            ])),
            tag_keys: vec!["00".into()],
        }
    }

    #[test]
    fn entities_stand_in_what_they_belong_to() {
        let (document, unknown) = document(stored(), false);
        assert_eq!(
            document,
            json!({
                "_format_version": "3.0",
                "_plugin_configs": {"latchkey": {"tag_keys": ["00"]}},
                "services": [
                    {"name": "orders", "host": "a.test", "routes": [
                        {"name": "orders", "paths": ["/o"], "plugins": [{"name": "key-auth", "config": {"realm": null}}]},
                    ]},
                    {"id": "s2", "host": "b.test", "plugins": [{"name": "key-auth", "config": {}}]},
                ],
                "routes": [{"id": "r2", "paths": ["/x"]}],
                "consumers": [{
                    "username": "bob",
                    "keyauth_credentials": [{"key": "sha256:00", "ttl": 5, "enabled": false}],
                    "oauth2_credentials": [{"name": "shop", "client_id": "sha256:01",
                        "client_type": "confidential", "hash_secret": false}],
                }],
                "plugins": [
                    {"name": "key-auth", "config": {}, "route": "r2", "service": "orders"},
                    {"name": "key-auth", "config": {}},
                ],
            })
        );
        assert_eq!(unknown, ["key k2 of consumer bob"]);
    }

    #[test]
    fn ids_are_written_when_they_are_asked_for() {
        let (document, _) = document(stored(), true);
        assert_eq!(document["consumers"][0]["id"], "c1");
        assert_eq!(document["consumers"][0]["keyauth_credentials"][0]["id"], "k1");
        assert_eq!(document["services"][0]["routes"][0]["plugins"][0]["id"], "p1");
    }

    #[test]
    fn nothing_is_a_declaration_of_nothing() {
        assert_eq!(document(Stored::default(), false).0, json!({"_format_version": "3.0"}));
    }
}
