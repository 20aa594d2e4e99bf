//! What the installation says of itself.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::endpoints::{ENDPOINTS, Matched, Surface};
use super::{Control, KONG_VERSION, answer};
use crate::ports::{Clock, Random};
use crate::registry::{Error, PageRequest};
use crate::schema::{EntityKind, PLUGINS, describe_entity, describe_plugin, plugin};
use latchkey_store::Store;

const VERSION: &str = env!("CARGO_PKG_VERSION");

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn information(&self) -> Result<Response<Bytes>, Error> {
        let available: Map<String, Value> = PLUGINS
            .iter()
            .map(|plugin| (plugin.name.to_owned(), json!({"version": VERSION, "priority": plugin.priority})))
            .collect();
        let page = PageRequest::parse(Some("1000"), None, None)?;
        let configured = self.registry.list(EntityKind::Plugins, &[], page).await?;
        let mut names: Vec<&str> =
            configured.data.iter().filter_map(|plugin| plugin.get("name")?.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let body = json!({
            "version": KONG_VERSION,
            "edition": "community",
            "tagline": "Welcome to Latchkey",
            "hostname": self.settings.hostname,
            "node_id": self.settings.node_id,
            "latchkey": {"version": VERSION},
            "plugins": {"available_on_server": available, "enabled_in_cluster": names},
            "configuration": {"database": "latchkey"},
        });
        Ok(answer::json(StatusCode::OK, &body))
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

/// The paths of the Admin API, as Kong lists its own.
pub(super) fn endpoints() -> Response<Bytes> {
    let admin = ENDPOINTS.iter().filter(|endpoint| endpoint.surface == Surface::Admin);
    let mut paths: Vec<&str> = admin.map(|endpoint| endpoint.path).collect();
    paths.sort_unstable();
    answer::json(StatusCode::OK, &json!({"data": paths, "next": null}))
}

pub(super) fn enabled_plugins() -> Response<Bytes> {
    let names: Vec<&str> = PLUGINS.iter().map(|plugin| plugin.name).collect();
    answer::json(StatusCode::OK, &json!({"enabled_plugins": names}))
}

pub(super) fn entity_schema(matched: &Matched) -> Response<Bytes> {
    let name = matched.text("entity_name");
    match EntityKind::parse(name) {
        Some(kind) => answer::json(StatusCode::OK, &describe_entity(kind)),
        None => answer::message(StatusCode::NOT_FOUND, &format!("No entity named '{name}'")),
    }
}

pub(super) fn plugin_schema(matched: &Matched) -> Response<Bytes> {
    let name = matched.text("plugin_name");
    match plugin(name) {
        Some(plugin) => answer::json(StatusCode::OK, &describe_plugin(plugin)),
        None => answer::message(StatusCode::NOT_FOUND, &format!("No plugin named '{name}'")),
    }
}
