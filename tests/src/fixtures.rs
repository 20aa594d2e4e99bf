//! Entities a test needs, made and removed through the Admin API.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::base::fresh_text;
use crate::client::Client as _;
use crate::deployment::Deployment;
use crate::raw_http::Response;
use crate::upstream::Upstream;

/// `sha256:` and the SHA-256 of a key in hex, as `sha256sum` prints it: how the Admin API shows keys.
pub fn shown_key(key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    digest.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Creates an entity and returns it; anything but 201 (for developers, as Kong has it, 200) is a
/// failure.
pub fn create(gateway: &dyn Deployment, path: &str, body: &Value) -> Value {
    try_create(gateway, path, body).unwrap_or_else(|reason| panic!("{reason}"))
}

pub fn try_create(gateway: &dyn Deployment, path: &str, body: &Value) -> Result<Value, String> {
    let response = gateway.admin("POST", path, Some(body));
    let status = if path == "/developers" { 200 } else { 201 };
    expect_json(&format!("POST {path} {body}"), &response, status)
}

pub fn try_patch(gateway: &dyn Deployment, path: &str, body: &Value) -> Result<Value, String> {
    let response = gateway.admin("PATCH", path, Some(body));
    expect_json(&format!("PATCH {path} {body}"), &response, 200)
}

fn expect_json(what: &str, response: &Response, status: u16) -> Result<Value, String> {
    match response.json() {
        Some(json) if response.status == status => Ok(json),
        _ => Err(format!("{what}: wanted {status}, got {} {}", response.status, response.text())),
    }
}

pub fn id_of(entity: &Value) -> &str {
    entity["id"].as_str().unwrap_or_else(|| panic!("no id in {entity}"))
}

/// A service at the upstream with more fields than where it is.
pub fn create_service(gateway: &dyn Deployment, upstream: &Upstream, more: &Value) -> Value {
    create(gateway, "/services", &service_body(upstream, more))
}

/// `more`, with protocol, host and port of the upstream where it names none.
pub fn service_body(upstream: &Upstream, more: &Value) -> Value {
    let mut body = json!({"protocol": "http", "host": upstream.host(), "port": upstream.port()});
    if more.get("url").is_some() {
        body = json!({});
    }
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    if body.get("name").is_none() {
        body["name"] = json!(fresh_text("service"));
    }
    body
}

/// A service at the upstream and a route for every path, with key-auth on the route unless `config` is null.
pub struct Proxied {
    pub service: Value,
    pub route: Value,
}

pub fn proxy_to(gateway: &dyn Deployment, upstream: &Upstream, service: &Value, config: &Value) -> Proxied {
    let service = create_service(gateway, upstream, service);
    let route = create(gateway, "/routes", &json!({"paths": ["/"], "service": {"id": service["id"]}}));
    if !config.is_null() {
        let path = format!("/routes/{}/plugins", id_of(&route));
        create(gateway, &path, &json!({"name": "key-auth", "config": config}));
    }
    Proxied { service, route }
}

/// A consumer with one credential; returns both.
pub fn consumer_with_key(gateway: &dyn Deployment, username: &str, key: &str) -> (Value, Value) {
    let consumer = create(gateway, "/consumers", &json!({"username": username}));
    let credential =
        create(gateway, &format!("/consumers/{}/key-auth", id_of(&consumer)), &json!({"key": key}));
    (consumer, credential)
}

/// Every entity of a list, over all its pages.
pub fn list_all(gateway: &dyn Deployment, path: &str) -> Vec<Value> {
    try_list_all(gateway, path).unwrap_or_else(|reason| panic!("{reason}"))
}

fn try_list_all(gateway: &dyn Deployment, path: &str) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    let mut query = "?size=1000".to_owned();
    loop {
        let page = gateway.admin("GET", &format!("{path}{query}"), None);
        let json = expect_json(&format!("GET {path}{query}"), &page, 200)?;
        let data = json["data"].as_array().ok_or_else(|| format!("GET {path}: no list in {json}"))?;
        all.extend(data.iter().cloned());
        match json.get("offset").and_then(Value::as_str) {
            Some(offset) if !data.is_empty() => {
                let offset =
                    offset.replace('%', "%25").replace('+', "%2B").replace('&', "%26").replace('#', "%23");
                query = format!("?size=1000&offset={offset}");
            }
            _ => return Ok(all),
        }
    }
}

/// Removes every entity, those of other tests included.
pub fn wipe(gateway: &dyn Deployment) -> Result<(), String> {
    end_runs(gateway)?;
    wipe_developers(gateway)?;
    for collection in ["/plugins", "/routes", "/services", "/key-auths", "/consumers"] {
        for entity in try_list_all(gateway, collection)? {
            delete(gateway, &format!("{collection}/{}", id_of(&entity)))?;
        }
    }
    for collection in ["/plugins", "/routes", "/services", "/key-auths", "/consumers"] {
        let left = try_list_all(gateway, collection)?;
        if !left.is_empty() {
            return Err(format!("{collection} still lists after DELETE: {left:?}"));
        }
    }
    wipe_tokens(gateway)?;
    wipe_imports(gateway)
}

/// Ends the back-up or the restore that goes on; neither is Kong's.
fn end_runs(gateway: &dyn Deployment) -> Result<(), String> {
    for collection in ["/backups", "/restores"] {
        if gateway.admin("GET", collection, None).status == 404 {
            continue;
        }
        for run in try_list_all(gateway, collection)? {
            delete(gateway, &format!("{collection}/{}", id_of(&run)))?;
        }
    }
    Ok(())
}

fn wipe_tokens(gateway: &dyn Deployment) -> Result<(), String> {
    if gateway.admin("GET", "/tokens", None).status == 404 {
        // Named admin tokens are not Kong's.
        return Ok(());
    }
    for token in try_list_all(gateway, "/tokens")? {
        delete(gateway, &format!("/tokens/{}", id_of(&token)))?;
    }
    Ok(())
}

fn wipe_imports(gateway: &dyn Deployment) -> Result<(), String> {
    if gateway.admin("GET", "/imports", None).status == 404 {
        // Imports are not Kong's.
        return Ok(());
    }
    for import in try_list_all(gateway, "/imports")? {
        delete(gateway, &format!("/imports/{}", id_of(&import)))?;
    }
    Ok(())
}

fn wipe_developers(gateway: &dyn Deployment) -> Result<(), String> {
    let response = gateway.admin("GET", "/developers", None);
    if response.status == 404 {
        // No application registration there; a case that needs it fails in its set-up.
        return Ok(());
    }
    for developer in try_list_all(gateway, "/developers")? {
        let path = format!("/developers/{}", id_of(&developer));
        for application in try_list_all(gateway, &format!("{path}/applications"))? {
            delete(gateway, &format!("{path}/applications/{}", id_of(&application)))?;
        }
        delete(gateway, &path)?;
    }
    Ok(())
}

fn delete(gateway: &dyn Deployment, path: &str) -> Result<(), String> {
    let response = gateway.admin("DELETE", path, None);
    // 404: gone with its parent.
    if matches!(response.status, 204 | 404) {
        return Ok(());
    }
    Err(format!("DELETE {path}: {} {}", response.status, response.text()))
}
