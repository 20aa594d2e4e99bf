//! Latchkey, set up through its Admin API.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use latchkey_published::keys::{Pepper, Peppers};
use latchkey_published::token::{AccessToken, TokenKeys};
use latchkey_tests::ports::free_port;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::Client;
use super::process::Process;
use super::subject::{Gateway, Route, Setting, wait_for};
use super::upstream;
use super::workload::Credential;
use xtask::workspace;

pub(super) const NAME: &str = "Latchkey";
const TOKEN: &str = "bench-admin-token-0123456789abcdef";
/// Under it tokens are made as the token endpoint makes them, which wants https.
const PEPPER: &str = "bench-pepper-0123456789abcdef-0123";
const SCOPE: &str = "read";

pub(super) fn start(program: &Path, setting: &Setting<'_>) -> Result<Gateway> {
    let (port, control_port) = (free_port(), free_port());
    let mut command = Command::new(program);
    command.arg("--listen").arg(format!("127.0.0.1:{port}"));
    command.arg("--control-listen").arg(format!("127.0.0.1:{control_port}"));
    command.arg("--data").arg(setting.scratch.folder("latchkey")?);
    command.env("LATCHKEY_ADMIN_TOKEN", TOKEN);
    command.env("LATCHKEY_PEPPER", PEPPER);
    command.env("LATCHKEY_THREADS", setting.cores.gateway.len().to_string());
    let mut process = Process::start("latchkey", &command, &setting.cores.gateway, setting.scratch)?;
    wait_for(NAME, &mut process, || Ok(Client::new(control_port).get("/health", &[])?.status == 200))?;

    let mut admin = Admin(Client::new(control_port));
    let service = admin.add_routes(setting.upstream_port).with_context(|| process.log_tail())?;
    let credentials = admin.add_credentials(&setting.credentials).with_context(|| process.log_tail())?;
    let tokens = admin.add_clients(&credentials, service).with_context(|| process.log_tail())?;
    if let Some(last) = credentials.last() {
        wait_for("the last of Latchkey's keys", &mut process, || {
            Ok(Client::new(port).get(&upstream::echo_path(Route::Keyed), &[("apikey", &last.key)])?.status
                == 200)
        })?;
    }
    let version = version(program)?;
    let (credentials, tokens) = (credentials.into(), tokens.into());
    Ok(Gateway { name: NAME, version, port, credentials, tokens, process })
}

struct Admin(Client);

impl Admin {
    /// Returns the id of the service.
    fn add_routes(&mut self, upstream_port: u16) -> Result<Uuid> {
        let service =
            json!({ "name": "bench", "protocol": "http", "host": "127.0.0.1", "port": upstream_port });
        let service = self.add("services", &service)?;
        for route in [Route::Keyed, Route::Plain, Route::Token] {
            let name = route.path().trim_start_matches('/');
            let route = json!({ "name": name, "paths": [route.path()], "strip_path": false });
            self.add("services/bench/routes", &route)?;
        }
        let config = json!({ "hide_credentials": true, "key_in_query": false });
        self.add("routes/keyed/plugins", &json!({ "name": "key-auth", "config": config }))?;
        let config = json!({ "enable_client_credentials": true, "scopes": [SCOPE], "hide_credentials": true,
            "token_in_query": false });
        self.add("routes/token/plugins", &json!({ "name": "oauth2", "config": config }))?;
        Ok(service.parse()?)
    }

    /// Adds an OAuth2 client for each key, of the same consumer. Returns who their tokens stand for.
    #[expect(clippy::disallowed_methods, reason = "tokens to measure with")]
    fn add_clients(&mut self, keys: &[Credential], service: Uuid) -> Result<Vec<Credential>> {
        eprintln!("Latchkey: adding {} clients", keys.len());
        let pepper = Pepper::new(PEPPER.as_bytes());
        let made = TokenKeys::new(&Peppers { current: pepper.clone(), previous: None });
        let issued_at_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let mut tokens = vec![];
        for (number, of) in keys.iter().enumerate() {
            let client_id = format!("client-{number}");
            let path = format!("consumers/{}/oauth2", of.username);
            let id = self.add(&path, &json!({ "name": client_id, "client_id": client_id }))?;
            let token = made.issue(&AccessToken {
                grant: pepper.digest(client_id.as_bytes()),
                service_id: Some(service),
                credential_id: id.parse()?,
                issued_at_s,
                ends_at_s: None,
                id: made.id_from(number as u128),
                scope: SCOPE,
                user: "",
            });
            let key = token.context("a token is too long")?.reveal().to_owned();
            tokens.push(Credential { id, key, ..of.clone() });
        }
        Ok(tokens)
    }

    /// Returns the same with the ids that Latchkey gave.
    fn add_credentials(&mut self, wanted: &[Credential]) -> Result<Vec<Credential>> {
        eprintln!("Latchkey: adding {} keys", wanted.len());
        let mut consumers: HashMap<&str, String> = HashMap::new();
        let mut credentials = vec![];
        for credential in wanted {
            let username = credential.username.as_str();
            let consumer_id = match consumers.get(username) {
                Some(known) => known.clone(),
                None => self.add("consumers", &json!({ "username": username }))?,
            };
            consumers.insert(username, consumer_id.clone());
            let id =
                self.add(&format!("consumers/{username}/key-auth"), &json!({ "key": credential.key }))?;
            credentials.push(Credential { id, consumer_id, ..credential.clone() });
        }
        Ok(credentials)
    }

    /// Returns the id of what it added.
    fn add(&mut self, path: &str, entity: &Value) -> Result<String> {
        let path = format!("/admin/{path}");
        let answer = self.0.post(&path, &[("Kong-Admin-Token", TOKEN)], &entity.to_string())?;
        if answer.status != 201 {
            bail!("POST {path} answered {}: {}", answer.status, answer.body);
        }
        let added: Value = serde_json::from_str(&answer.body).with_context(|| format!("POST {path}"))?;
        Ok(added["id"].as_str().with_context(|| format!("POST {path} answered no id"))?.to_owned())
    }
}

/// The version of the program, and of the source tree if the program was built from it.
fn version(program: &Path) -> Result<String> {
    let printed = workspace::output_of(Command::new(program).arg("--version"))?;
    let version = printed.split_ascii_whitespace().last().unwrap_or_default().to_owned();
    if !program.starts_with(workspace::target_dir()?) {
        return Ok(version);
    }
    let tree = workspace::output_of(Command::new("git").args(["describe", "--always", "--dirty"]));
    Ok(tree.map_or(version.clone(), |tree| format!("{version} ({})", tree.trim())))
}
