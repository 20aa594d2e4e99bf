//! Both functions to try out: cargo-lambda's emulator for each, DynamoDB Local, an upstream and demo data.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use latchkey_tests::lambda::dynamodb::{DynamoDb, UNTIL_INPUT_ENDS};
use latchkey_tests::raw_http::{Request, exchange};
use latchkey_tests::upstream::Upstream;
use serde_json::{Value, json};

use super::dynamodb::{self, CREDENTIALS};
use super::setup;
use crate::workspace;

const GATEWAY_PORT: u16 = 9000;
const CONTROL_PORT: u16 = 9001;
const ADMIN_TOKEN: &str = "local-admin-token-for-trying-it-out";
const PEPPER: &str = "local-pepper-for-trying-latchkey-out";
const TABLE: &str = "latchkey";
/// Of the functions in the workspace, the emulator offers each under its name.
const BASE: &str = "/lambda-url/latchkey-lambda";
/// The emulator compiles the function before it answers.
const START_TIMEOUT: Duration = Duration::from_secs(1800);
const WAIT: Duration = Duration::from_millis(200);

/// Runs until Ctrl-C; all that it started ends with it.
pub(super) fn run() -> Result<()> {
    for port in [GATEWAY_PORT, CONTROL_PORT] {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            bail!("port {port} is in use");
        }
    }
    let programs = setup::python_programs()?;
    let dynamodb = dynamodb::start()?;
    dynamodb.make_table_named(TABLE);
    let upstream = Upstream::recording();
    // One after the other: both build the same program.
    let mut control = Emulator::start(&programs, &dynamodb, CONTROL_PORT, "control")?;
    control.wait_until_it_answers("/health")?;
    let mut gateway = Emulator::start(&programs, &dynamodb, GATEWAY_PORT, "proxy")?;
    gateway.wait_until_it_answers("/-/health")?;
    let key = demo(&upstream)?;
    let base = |port: u16| format!("http://127.0.0.1:{port}{BASE}");
    println!(
        "\nTry it:\n  curl -H 'apikey: {key}' {}/demo/hello\n  \
         curl -H 'Kong-Admin-Token: {ADMIN_TOKEN}' {}/admin/services\n\
         Admin token: {ADMIN_TOKEN}\nDynamoDB Local: {}\nCtrl-C stops all of it.\n",
        base(GATEWAY_PORT),
        base(CONTROL_PORT),
        dynamodb.url()
    );
    gateway.wait()
}

/// `cargo lambda watch`, which builds the function, and again when its source changes.
struct Emulator {
    process: Child,
    port: u16,
}

impl Emulator {
    fn start(programs: &Path, dynamodb: &DynamoDb, port: u16, mode: &str) -> Result<Self> {
        let process = Command::new("sh")
            .args(["-c", UNTIL_INPUT_ENDS, "sh"])
            .arg(programs.join("cargo-lambda"))
            .args(["lambda", "watch", "--disable-cors", "--invoke-address", "127.0.0.1", "--invoke-port"])
            .arg(port.to_string())
            .current_dir(workspace::root().join("lambda-adapter"))
            .envs(CREDENTIALS)
            .env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url())
            .env("LATCHKEY_MODE", mode)
            .env("LATCHKEY_TABLE", TABLE)
            .env("LATCHKEY_UPSTREAM_ALLOW", "127.0.0.0/8")
            .env("LATCHKEY_ADMIN_TOKEN", ADMIN_TOKEN)
            .env("LATCHKEY_PEPPER", PEPPER)
            .stdin(Stdio::piped())
            .spawn()
            .context("start cargo lambda watch")?;
        Ok(Self { process, port })
    }

    /// `health`: a path that needs no store.
    fn wait_until_it_answers(&mut self, health: &str) -> Result<()> {
        let (authority, health) = (format!("127.0.0.1:{}", self.port), format!("{BASE}{health}"));
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if let Some(status) = self.process.try_wait()? {
                bail!("cargo lambda watch ended: {status}");
            }
            let answer = exchange(&authority, &Request::get(&health));
            if answer.is_ok_and(|response| response.status == 200) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("cargo lambda watch does not answer");
            }
            thread::sleep(WAIT);
        }
    }

    fn wait(&mut self) -> Result<()> {
        // Waiting by `Child::wait` would close the input, by which it would end.
        while self.process.try_wait()?.is_none() {
            thread::sleep(WAIT);
        }
        Ok(())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// A service, a route with key-auth and a consumer; returns its key.
fn demo(upstream: &Upstream) -> Result<String> {
    let url = format!("http://{}", upstream.authority());
    let service = admin("PUT", "/services/demo", &json!({"name": "demo", "url": url}))?;
    let route = json!({"name": "demo", "paths": ["/demo"], "service": {"id": service["id"]}});
    admin("PUT", "/routes/demo", &route)?;
    let config =
        json!({"key_in_header": true, "key_in_query": true, "key_in_body": true, "hide_credentials": true});
    admin("POST", "/routes/demo/plugins", &json!({"name": "key-auth", "config": config}))?;
    admin("PUT", "/consumers/demo", &json!({"username": "demo"}))?;
    let credential = admin("POST", "/consumers/demo/key-auth", &json!({}))?;
    Ok(credential["key"].as_str().context("the credential shows no key")?.to_owned())
}

fn admin(method: &str, path: &str, body: &Value) -> Result<Value> {
    let request = Request::new(method, format!("{BASE}/admin{path}"))
        .header("Kong-Admin-Token", ADMIN_TOKEN)
        .header("Content-Type", "application/json")
        .body(body.to_string());
    let response = exchange(&format!("127.0.0.1:{CONTROL_PORT}"), &request)?;
    if !(200..300).contains(&response.status) {
        bail!("{method} {path}: {} {}", response.status, response.text());
    }
    response.json().with_context(|| format!("{method} {path} answered no JSON"))
}
