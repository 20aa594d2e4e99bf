//! Caddy: the key looked up in `map` handlers.
//!
//! Caddy searches a `map` from the top, so 10,000 keys in one would cost it far more than the
//! rest of its work. Here each first character of a key has a map of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use anyhow::Result;
use latchkey_tests::ports::free_port;
use serde_json::{Value, json};

use super::client::Client;
use super::process::Process;
use super::subject::{Gateway, Route, Setting, wait_for};
use super::workload::{Credential, IDENTITY, WITHHELD};
use xtask::workspace;

/// Placeholders that the maps fill, in the order of [`IDENTITY`].
const PLACEHOLDERS: [&str; 3] = ["{consumer_id}", "{consumer_username}", "{credential_id}"];

pub(super) fn start(program: &Path, setting: &Setting<'_>) -> Result<Gateway> {
    let port = free_port();
    let configuration = setting.scratch.file("caddy.json", &configuration(port, setting).to_string())?;
    let mut command = Command::new(program);
    command.args(["run", "--config"]).arg(configuration);
    command.env("GOMAXPROCS", setting.cores.gateway.len().to_string());
    for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(variable, setting.scratch.folder("caddy")?);
    }
    let mut process = Process::start("caddy", &command, &setting.cores.gateway, setting.scratch)?;
    wait_for("Caddy", &mut process, || Ok(Client::new(port).get(Route::Plain.path(), &[])?.status == 200))?;
    let credentials = setting.credentials.clone();
    Ok(Gateway {
        name: "Caddy",
        version: version(program)?,
        port,
        credentials,
        tokens: Rc::default(),
        process,
    })
}

fn configuration(port: u16, setting: &Setting<'_>) -> Value {
    let identity: BTreeMap<&str, [&str; 1]> =
        IDENTITY.into_iter().zip(PLACEHOLDERS.map(|placeholder| [placeholder])).collect();
    let withheld_and_key = [&WITHHELD[..], &["apikey"]].concat();
    let all_identity = [&WITHHELD[..], &IDENTITY[..]].concat();
    let upstream = setting.upstream_port;
    let keyed_proxy = proxy(upstream, &identity, &withheld_and_key);
    json!({
        "admin": { "disabled": true },
        "logging": { "logs": { "default": { "level": "ERROR" } } },
        "apps": { "http": { "servers": { "gateway": {
            "listen": [format!("127.0.0.1:{port}")],
            "protocols": ["h1"],
            "automatic_https": { "disable": true },
            "idle_timeout": "1h",
            "routes": [
                {
                    "match": [{ "path": [format!("{}*", Route::Keyed)] }],
                    "handle": [{ "handler": "subroute", "routes": keyed_routes(&setting.credentials, &keyed_proxy) }],
                    "terminal": true,
                },
                {
                    "match": [{ "path": [format!("{}*", Route::Plain)] }],
                    "handle": [proxy(upstream, &BTreeMap::new(), &all_identity)],
                    "terminal": true,
                },
            ],
        } } } },
    })
}

/// Maps by the first character of a key, then the refusal, then the upstream.
///
/// Caddy compiles the routes of a list anew for every request, so the characters are in groups of
/// eight: two short lists in place of a long one.
fn keyed_routes(credentials: &[Credential], proxy: &Value) -> Vec<Value> {
    let mut by_first: BTreeMap<&str, Vec<&Credential>> = BTreeMap::new();
    for credential in credentials {
        by_first.entry(&credential.key[..1]).or_default().push(credential);
    }
    let maps: Vec<(String, Value)> =
        by_first.into_iter().map(|(first, credentials)| (format!("{first}*"), map(&credentials))).collect();
    let groups: Vec<Value> = maps
        .chunks(8)
        .map(|group| {
            let prefixes: Vec<&String> = group.iter().map(|(prefix, _)| prefix).collect();
            let maps: Vec<Value> = group.iter().map(|(prefix, map)| when_key(&[prefix], map)).collect();
            when_key(&prefixes, &json!({ "handler": "subroute", "routes": maps }))
        })
        .collect();
    let refusal = json!({ "handler": "static_response", "status_code": 401 });
    vec![
        json!({ "handle": [{ "handler": "subroute", "routes": groups }] }),
        json!({ "match": [{ "vars": { "{credential_id}": [""] } }], "handle": [refusal], "terminal": true }),
        json!({ "handle": [proxy] }),
    ]
}

fn when_key(prefixes: &[&String], handler: &Value) -> Value {
    json!({ "match": [{ "header": { "Apikey": prefixes } }], "handle": [handler] })
}

fn map(credentials: &[&Credential]) -> Value {
    let mappings: Vec<Value> =
        credentials.iter().map(|c| json!({ "input": c.key, "outputs": c.identity() })).collect();
    json!({
        "handler": "map",
        "source": "{http.request.header.apikey}",
        "destinations": PLACEHOLDERS,
        "mappings": mappings,
    })
}

/// Caddy itself sets X-Forwarded-For, -Proto and -Host. It appends to what a client sent of the first
/// only if it trusts the client, and then believes it about the others, which are set anew.
fn proxy(upstream: u16, set: &BTreeMap<&str, [&str; 1]>, delete: &[&str]) -> Value {
    let mut set: BTreeMap<&str, Value> = set.iter().map(|(name, value)| (*name, json!(value))).collect();
    set.insert("Host", json!(["{http.reverse_proxy.upstream.hostport}"]));
    set.insert("X-Forwarded-Host", json!(["{http.request.hostport}"]));
    json!({
        "handler": "reverse_proxy",
        "upstreams": [{ "dial": format!("127.0.0.1:{upstream}") }],
        "trusted_proxies": ["127.0.0.1/32"],
        "headers": { "request": { "set": set, "delete": delete } },
        "transport": {
            "protocol": "http",
            "versions": ["1.1"],
            "compression": false,
            "keep_alive": { "max_idle_conns": 1024, "max_idle_conns_per_host": 512, "idle_timeout": "1h" },
        },
    })
}

/// Printed as `v2.11.7 h1:…`.
fn version(program: &Path) -> Result<String> {
    let printed = workspace::output_of(Command::new(program).arg("version"))?;
    let version = printed.split_ascii_whitespace().next().unwrap_or_default();
    Ok(version.trim_start_matches('v').to_owned())
}
