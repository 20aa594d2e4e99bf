//! nginx: the key looked up in `map`s, which are hash tables.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use anyhow::Result;
use latchkey_tests::ports::free_port;

use super::client::Client;
use super::process::Process;
use super::scratch::Scratch;
use super::subject::{Gateway, Route, Setting, wait_for};
use super::workload::{Credential, IDENTITY, WITHHELD};
use xtask::workspace;

pub(super) fn start(program: &Path, setting: &Setting<'_>) -> Result<Gateway> {
    let port = free_port();
    setting.scratch.file("nginx-keys.conf", &maps(&setting.credentials))?;
    let configuration = setting.scratch.file("nginx.conf", &configuration(port, setting))?;
    let command = command(program, &configuration, setting.scratch);
    let mut process = Process::start("nginx", &command, &setting.cores.gateway, setting.scratch)?;
    wait_for("nginx", &mut process, || Ok(Client::new(port).get(Route::Plain.path(), &[])?.status == 200))?;
    let credentials = setting.credentials.clone();
    Ok(Gateway {
        name: "nginx",
        version: version(program)?,
        port,
        credentials,
        tokens: Rc::default(),
        process,
    })
}

pub(super) fn command(program: &Path, configuration: &Path, scratch: &Scratch) -> Command {
    let mut command = Command::new(program);
    command.args(["-e", "stderr", "-p"]).arg(scratch.path()).arg("-c").arg(configuration);
    command
}

/// All that stands before `http`.
pub(super) fn head(scratch: &Scratch, name: &str, workers: usize) -> String {
    let scratch = scratch.path().display();
    format!(
        "daemon off;
worker_processes {workers};
pid {scratch}/{name}.pid;
error_log stderr error;
events {{ worker_connections 4096; }}"
    )
}

/// Several workers each get their own queue of new connections, so that they share them evenly.
pub(super) fn listen(port: u16, workers: usize) -> String {
    format!("listen 127.0.0.1:{port}{};", if workers > 1 { " reuseport" } else { "" })
}

fn configuration(port: u16, setting: &Setting<'_>) -> String {
    let workers = setting.cores.gateway.len();
    let head = head(setting.scratch, "nginx", workers);
    let listen = listen(port, workers);
    let upstream = setting.upstream_port;
    let forwarded = "            proxy_set_header Connection \"\";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $host;
";
    let withheld = set_headers(WITHHELD.map(|name| (name, "\"\"")));
    let [id, username, credential] = IDENTITY;
    let identity =
        set_headers([(id, "$consumer_id"), (username, "$consumer_username"), (credential, "$credential_id")]);
    let no_identity = set_headers(IDENTITY.map(|name| (name, "\"\"")));
    let (keyed, plain) = (Route::Keyed, Route::Plain);
    format!(
        "{head}
http {{
    access_log off;
    server_tokens off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    map_hash_max_size 65536;
    map_hash_bucket_size 256;
    include nginx-keys.conf;
    upstream backend {{
        server 127.0.0.1:{upstream};
        keepalive 512;
        keepalive_requests 1000000000;
        keepalive_timeout 3600s;
    }}
    server {{
        {listen}
        proxy_http_version 1.1;
        location {keyed} {{
            if ($credential_id = \"\") {{ return 401; }}
            proxy_pass http://backend;
            proxy_set_header Host 127.0.0.1:{upstream};
            proxy_set_header apikey \"\";
{identity}{withheld}{forwarded}        }}
        location {plain} {{
            proxy_pass http://backend;
            proxy_set_header Host 127.0.0.1:{upstream};
{no_identity}{withheld}{forwarded}        }}
    }}
}}
"
    )
}

fn set_headers<const N: usize>(pairs: [(&str, &str); N]) -> String {
    pairs.map(|(name, value)| format!("            proxy_set_header {name} {value};\n")).concat()
}

/// Key to credential, key to consumer, consumer to username: two large tables and a small one.
fn maps(credentials: &[Credential]) -> String {
    let by_key = |value: fn(&Credential) -> &str| -> Vec<(&str, &str)> {
        credentials.iter().map(|credential| (credential.key.as_str(), value(credential))).collect()
    };
    let mut usernames: Vec<(&str, &str)> =
        credentials.iter().map(|c| (c.consumer_id.as_str(), c.username.as_str())).collect();
    usernames.sort_unstable();
    usernames.dedup();
    map("$http_apikey", "$credential_id", &by_key(|c| &c.id))
        + &map("$http_apikey", "$consumer_id", &by_key(|c| &c.consumer_id))
        + &map("$consumer_id", "$consumer_username", &usernames)
}

fn map(from: &str, to: &str, pairs: &[(&str, &str)]) -> String {
    let mut map = format!("map {from} {to} {{\n");
    for (key, value) in pairs {
        let _ = writeln!(map, "{key} {value};");
    }
    map + "}\n"
}

/// Printed as `nginx version: nginx/1.22.1`, on the standard error.
fn version(program: &Path) -> Result<String> {
    let script = "exec \"$0\" -v 2>&1";
    let printed = workspace::output_of(Command::new("sh").args(["-c", script]).arg(program))?;
    Ok(printed.rsplit('/').next().unwrap_or_default().trim().to_owned())
}
