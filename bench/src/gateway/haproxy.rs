//! HAProxy: the key looked up in a map file, which is a tree; one lookup gives all three values.

use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use anyhow::Result;
use latchkey_tests::ports::free_port;

use super::client::Client;
use super::process::Process;
use super::subject::{Gateway, Route, Setting, wait_for};
use super::workload::{Credential, IDENTITY, WITHHELD};
use xtask::workspace;

pub(super) fn start(program: &Path, setting: &Setting<'_>) -> Result<Gateway> {
    let port = free_port();
    let map = setting.scratch.file("haproxy-keys.map", &map(&setting.credentials))?;
    let configuration = setting.scratch.file("haproxy.cfg", &configuration(port, &map, setting))?;
    let mut command = Command::new(program);
    command.arg("-db").arg("-f").arg(configuration);
    let mut process = Process::start("haproxy", &command, &setting.cores.gateway, setting.scratch)?;
    wait_for("HAProxy", &mut process, || Ok(Client::new(port).get(Route::Plain.path(), &[])?.status == 200))?;
    let credentials = setting.credentials.clone();
    Ok(Gateway {
        name: "HAProxy",
        version: version(program)?,
        port,
        credentials,
        tokens: Rc::default(),
        process,
    })
}

fn map(credentials: &[Credential]) -> String {
    credentials.iter().map(|c| format!("{} {}\n", c.key, c.identity().join(";"))).collect()
}

fn configuration(port: u16, map: &Path, setting: &Setting<'_>) -> String {
    let threads = setting.cores.gateway.len();
    let upstream = setting.upstream_port;
    let map = map.display();
    let identity: String = (1..)
        .zip(IDENTITY)
        .map(|(field, name)| {
            format!("    http-request set-header {name} %[var(txn.identity),field({field},;)]\n")
        })
        .collect();
    let delete = |names: &[&str]| -> String {
        names.iter().map(|name| format!("    http-request del-header {name}\n")).collect()
    };
    let (withheld, no_identity) = (delete(&WITHHELD), delete(&IDENTITY));
    let forwarded = format!(
        "    option forwardfor
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header Host 127.0.0.1:{upstream}
    server upstream 127.0.0.1:{upstream}
"
    );
    let (keyed, plain) = (Route::Keyed, Route::Plain);
    format!(
        "global
    nbthread {threads}
    maxconn 4096
defaults
    mode http
    http-reuse always
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout http-keep-alive 1h
frontend all
    bind 127.0.0.1:{port}
    use_backend keyed if {{ path_beg {keyed} }}
    use_backend plain if {{ path_beg {plain} }}
backend keyed
    http-request set-var(txn.identity) req.fhdr(apikey),map_str({map})
    http-request deny deny_status 401 unless {{ var(txn.identity) -m found }}
    http-request del-header apikey
{identity}{withheld}{forwarded}backend plain
{no_identity}{withheld}{forwarded}"
    )
}

/// Printed as `HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/`.
fn version(program: &Path) -> Result<String> {
    let printed = workspace::output_of(Command::new(program).arg("-v"))?;
    Ok(printed.split_ascii_whitespace().nth(2).unwrap_or_default().to_owned())
}
