//! Other people's proxies that ask Latchkey about requests, as docs/verify.md sets them up.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::base::wait_until;
use crate::output::Output;
use crate::ports::free_port;
use crate::raw_http::{Request, exchange};

const START_TIMEOUT: Duration = Duration::from_secs(30);
const SET_UP: &str = "`cargo xtask test` gets it and runs these tests with it";

/// The proxies there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Traefik,
    Nginx,
    Caddy,
    Envoy,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Traefik, Kind::Nginx, Kind::Caddy, Kind::Envoy];

    /// Names the program.
    pub const fn variable(self) -> &'static str {
        match self {
            Kind::Traefik => "LATCHKEY_TRAEFIK",
            Kind::Nginx => "LATCHKEY_NGINX",
            Kind::Caddy => "LATCHKEY_CADDY",
            Kind::Envoy => "LATCHKEY_ENVOY",
        }
    }

    /// What stands behind the three backticks that begin its configuration.
    fn fence(self) -> &'static str {
        match self {
            Kind::Traefik => "yaml traefik",
            Kind::Nginx => "nginx",
            Kind::Caddy => "caddyfile",
            Kind::Envoy => "yaml envoy",
        }
    }

    /// Its configuration, as the page has it.
    fn configuration(self) -> String {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify.md");
        let page = fs::read_to_string(page).unwrap();
        let (_, behind) = page.split_once(&format!("\n```{}\n", self.fence())).expect("it is on the page");
        behind.split_once("\n```\n").unwrap().0.to_owned()
    }
}

/// A running proxy; it ends when it is dropped.
pub struct Proxy {
    pub kind: Kind,
    pub port: u16,
    child: Child,
    output: Output,
    _folder: TempDir,
}

impl Proxy {
    /// In front of the service at one port, asking the gateway at another.
    pub fn start(kind: Kind, gateway: &str, upstream: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let configuration = kind
            .configuration()
            .replace("127.0.0.1:8080", gateway)
            .replace("port_value: 8080", &format!("port_value: {}", port_of(gateway)))
            .replace("127.0.0.1:9000", upstream)
            .replace("port_value: 9000", &format!("port_value: {}", port_of(upstream)))
            .replace(":8000", &format!(":{port}"))
            .replace("port_value: 8000", &format!("port_value: {port}"));
        let mut command = command(kind, folder.path(), &configuration, port);
        command.current_dir(folder.path()).env("HOME", folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {kind:?}: {error}"));
        let output = Output::default();
        output.collect(child.stdout.take().unwrap());
        output.collect(child.stderr.take().unwrap());
        let mut proxy = Proxy { kind, port, child, output, _folder: folder };
        proxy.wait_until_up();
        proxy
    }

    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// All that it has printed.
    pub fn output(&self) -> String {
        self.output.text()
    }

    fn wait_until_up(&mut self) {
        let address = self.authority();
        wait_until(&format!("{:?} is up", self.kind), START_TIMEOUT, || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{:?} ended: {}", self.kind, self.output.text());
            let answer = exchange(&address, &Request::get("/"));
            // Traefik listens before it has read what it is to do.
            answer.is_ok_and(|answer| answer.text() != "404 page not found\n")
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn port_of(authority: &str) -> &str {
    authority.rsplit_once(':').unwrap().1
}

/// One process, which ends with its signal.
fn command(kind: Kind, folder: &Path, configuration: &str, port: u16) -> Command {
    let program = std::env::var_os(kind.variable())
        .unwrap_or_else(|| panic!("{} must name the program: {SET_UP}", kind.variable()));
    let mut command = Command::new(program);
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    match kind {
        Kind::Traefik => {
            let file = write("orders.yaml", configuration);
            command.arg(format!("--entrypoints.orders.address=127.0.0.1:{port}"));
            command.arg(format!("--providers.file.filename={}", file.display()));
            command.args(["--global.checknewversion=false", "--global.sendanonymoususage=false"]);
        }
        Kind::Nginx => {
            let file = write("nginx.conf", &nginx_frame(folder, configuration));
            command.arg("-p").arg(folder).arg("-c").arg(file);
        }
        Kind::Caddy => {
            let frame = "{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}\n\n";
            let file = write("Caddyfile", &format!("{frame}{configuration}\n"));
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        }
        Kind::Envoy => {
            let file = write("envoy.yaml", configuration);
            command.args(["--log-level", "warning", "--concurrency", "1", "--disable-hot-restart", "-c"]);
            command.arg(file);
        }
    }
    command
}

/// What stands around a server on a machine, here without a folder of the system's.
fn nginx_frame(folder: &Path, server: &str) -> String {
    let folder = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};"))
        .join("\n");
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr;\n\
         events {{ worker_connections 64; }}\nhttp {{\naccess_log off;\n{temporary}\n{server}\n}}\n"
    )
}
