//! What the installation says of itself.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::endpoints::{ENDPOINTS, Surface};
use super::routing::Matched;
use super::{Control, KONG_VERSION, answer};
use crate::ports::{Clock, Random};
use crate::registry::{Error, PageRequest};
use crate::schema::{EntityKind, Input, PLUGINS, describe, describe_plugin, plugin};
use latchkey_request::Scheme;
use latchkey_request::origin::Origin;
use latchkey_store::Store;

pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn information(&self) -> Result<Response<Bytes>, Error> {
        let available: Map<String, Value> = PLUGINS
            .iter()
            .map(|plugin| (plugin.name.to_owned(), json!({"version": VERSION, "priority": plugin.priority})))
            .collect();
        let enabled = self.plugins_in_use().await?;
        let body = json!({
            "version": KONG_VERSION,
            "edition": "community",
            "tagline": "Welcome to Latchkey",
            "hostname": self.settings.hostname,
            "node_id": self.settings.node_id,
            "latchkey": {"version": VERSION},
            "plugins": {"available_on_server": available, "enabled_in_cluster": enabled},
            "configuration": {
                "database": "latchkey",
                "router_flavor": "traditional_compatible",
                "proxy_listeners": listeners(self.settings.gateway_origin.as_ref()),
                "admin_listeners": listeners(self.settings.control_origin.as_ref()),
            },
        });
        Ok(answer::json(StatusCode::OK, &body))
    }

    pub(super) async fn tag_keys(&self) -> Result<Response<Bytes>, Error> {
        Ok(answer::json(StatusCode::OK, &json!({"data": self.registry.tag_keys().await?})))
    }

    /// Names of the plugins of which there is an instance, in order.
    async fn plugins_in_use(&self) -> Result<BTreeSet<String>, Error> {
        let mut names = BTreeSet::new();
        let mut offset = None;
        loop {
            let page = PageRequest::parse(Some("1000"), offset.as_deref(), None)?;
            let list = self.registry.list(EntityKind::Plugins, &[], page).await?;
            let found = list.data.iter().filter_map(|plugin| plugin.get("name")?.as_str());
            names.extend(found.map(str::to_owned));
            offset = list.offset;
            if offset.is_none() || names.len() == PLUGINS.len() {
                return Ok(names);
            }
        }
    }

    /// Answers as a write of the entity would, but that nothing is looked up or written: references
    /// may lead nowhere, names may be in use.
    pub(super) fn validate_entity(
        &self,
        matched: &Matched,
        input: Input<'_>,
    ) -> Result<Response<Bytes>, Error> {
        let name = matched.text("entity_name");
        let Some(kind) = EntityKind::parse(name) else { return Ok(no_entity_named(name)) };
        self.registry.check(kind, &input.typed(kind, None))?;
        Ok(answer::message(StatusCode::OK, "schema validation successful"))
    }

    pub(super) async fn status(&self) -> Result<Response<Bytes>, Error> {
        let reachable = self.registry.admin_token_digest().await.is_ok();
        let body = json!({"database": {"reachable": reachable}, "memory": {}, "server": {}});
        Ok(answer::json(StatusCode::OK, &body))
    }
}

/// For load balancers: without the store, so that one that is slow does not take the door down.
pub(super) fn health() -> Response<Bytes> {
    answer::json(StatusCode::OK, &json!({"status": "ok"}))
}

/// Where a door is reached, as Kong lists its listeners; empty: nobody has said.
fn listeners(origin: Option<&Origin>) -> Vec<Value> {
    let listener = |origin: &Origin| {
        let is_https = origin.scheme() == Scheme::Https;
        let (host, port) = (origin.host(), origin.port());
        json!({
            "listener": format!("{host}:{port}{}", if is_https { " ssl" } else { "" }),
            "ip": host,
            "port": port,
            "ssl": is_https,
            "http2": false,
            "proxy_protocol": false,
            "deferred": false,
            "bind": false,
            "reuseport": false,
        })
    };
    origin.map(listener).into_iter().collect()
}

/// The paths of the Admin API, as Kong lists its own: each behind the one that it is below.
pub(super) fn endpoints() -> Response<Bytes> {
    let admin = ENDPOINTS.iter().filter(|endpoint| endpoint.surface == Surface::Admin);
    let mut paths: Vec<&str> = admin.map(|endpoint| endpoint.path).collect();
    paths.sort_unstable_by_key(|path| path.replace('/', "\0"));
    answer::json(StatusCode::OK, &json!({"data": paths}))
}

pub(super) fn enabled_plugins() -> Response<Bytes> {
    let names: Vec<&str> = PLUGINS.iter().map(|plugin| plugin.name).collect();
    answer::json(StatusCode::OK, &json!({"enabled_plugins": names}))
}

pub(super) fn entity_schema(matched: &Matched) -> Response<Bytes> {
    let name = matched.text("entity_name");
    match describe(name) {
        Some(described) => answer::json(StatusCode::OK, &described),
        None => no_entity_named(name),
    }
}

fn no_entity_named(name: &str) -> Response<Bytes> {
    answer::message(StatusCode::NOT_FOUND, &format!("No entity named '{name}'"))
}

pub(super) fn plugin_schema(matched: &Matched) -> Response<Bytes> {
    let name = matched.text("plugin_name");
    match plugin(name) {
        Some(plugin) => answer::json(StatusCode::OK, &describe_plugin(plugin)),
        None => answer::message(StatusCode::NOT_FOUND, &format!("No plugin named '{name}'")),
    }
}
