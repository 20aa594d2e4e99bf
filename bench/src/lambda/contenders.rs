//! What is measured, and all that it runs against.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail, ensure};
use latchkey_tests::lambda::Trigger;
use latchkey_tests::lambda::dynamodb::DynamoDb;
use latchkey_tests::lambda::environment::{Environment, Program};
use latchkey_tests::lambda::event::{Arrived, event};
use latchkey_tests::lambda::runtime_api::Part;
use latchkey_tests::output::Output;
use latchkey_tests::raw_http::Headers;
use latchkey_tests::upstream::{Next, Upstream, answer};
use serde_json::{Value, json};

use xtask::lambda::{dynamodb, setup};
use xtask::{tools, workspace};

const TABLE: &str = "latchkey";
const OTHERS_TABLE: &str = "others";
const PEPPER: &str = "bench-pepper-of-thirty-two-bytes-ok";
const ADMIN_TOKEN: &str = "bench-admin-token-of-thirty-two-bytes";
/// In the form of Latchkey's own keys; the others take any.
const OTHERS_KEY: &str = "lk_0123456789abcdefghijklmnopqrstuvwxyzAB";

/// Which of them it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Latchkey,
    Constant,
    Node,
    Python,
}

/// A function to measure.
pub(super) struct Contender {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) program: Program,
    /// A key that passes.
    pub(super) key: String,
}

/// What they share.
pub(super) struct Stage {
    dynamodb: DynamoDb,
    upstream: Upstream,
    /// `latchkey-lambda`
    pub(super) latchkey: PathBuf,
    pub(super) constant: PathBuf,
    /// The bundled script for Node.js.
    pub(super) bundle: PathBuf,
    node: PathBuf,
    pub(super) python: PathBuf,
    key: String,
}

impl Stage {
    pub(super) fn set_up(built: Option<&Path>) -> Result<Self> {
        let python = setup::python_programs()?.join("python");
        tools::npm_packages(&folder())?;
        let target = match built {
            Some(folder) => folder.to_owned(),
            None => build()?,
        };
        let dynamodb = dynamodb::start()?;
        dynamodb.make_table_named(TABLE);
        dynamodb.make_table_named(OTHERS_TABLE);
        let mut stage = Self {
            dynamodb,
            upstream: upstream(),
            latchkey: target.join("latchkey-lambda"),
            constant: target.join("examples/constant"),
            bundle: bundle()?,
            node: node()?,
            python,
            key: String::new(),
        };
        stage.key = stage.fill_latchkey()?;
        stage.fill_others()?;
        Ok(stage)
    }

    pub(super) fn contenders(&self) -> Vec<Contender> {
        let make = |kind, name: &str, program| {
            let key = if kind == Kind::Latchkey { self.key.clone() } else { OTHERS_KEY.to_owned() };
            Contender { kind, name: name.to_owned(), program, key }
        };
        let node = format!("Node.js {}", version(&self.node));
        let python = version(&self.python);
        vec![
            make(Kind::Latchkey, "Latchkey", self.latchkey()),
            make(Kind::Constant, "constant answer, Rust", Program::new(&self.constant)),
            make(Kind::Node, &format!("{node}, AWS SDK 3"), self.script(&self.node, &self.bundle)),
            make(
                Kind::Python,
                &format!("{python}, boto3"),
                self.script(&self.python, &folder().join("python.py")),
            ),
        ]
    }

    fn latchkey(&self) -> Program {
        Program::new(&self.latchkey)
            .variable("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb.url())
            .variable("LATCHKEY_TABLE", TABLE)
            .variable("LATCHKEY_UPSTREAM_ALLOW", "127.0.0.0/8")
            .variable("LATCHKEY_PEPPER", PEPPER)
            .variable("LATCHKEY_ADMIN_TOKEN", ADMIN_TOKEN)
    }

    fn script(&self, interpreter: &Path, script: &Path) -> Program {
        let mut program = Program::new(interpreter)
            .variable("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb.url())
            .variable("TABLE", OTHERS_TABLE)
            .variable("PEPPER", PEPPER)
            .variable("UPSTREAM_HOST", &self.upstream.host())
            .variable("UPSTREAM_PORT", &self.upstream.port().to_string());
        program.arguments = vec![script.display().to_string()];
        program
    }

    /// A service, a route with key-auth that hides the key, and a consumer; returns its key.
    fn fill_latchkey(&self) -> Result<String> {
        let mut environment = start(&self.latchkey().variable("LATCHKEY_MODE", "control"))?;
        let mut admin = |method: &str, path: &str, body: &Value| -> Result<Value> {
            let headers = [("kong-admin-token", ADMIN_TOKEN), ("content-type", "application/json")];
            let event = make_event(method, &format!("/admin{path}"), &headers, body.to_string().as_bytes());
            let response = invoke(&mut environment, event)?;
            let status = response["statusCode"].as_u64().unwrap_or_default();
            ensure!((200..300).contains(&status), "{method} {path}: {response}");
            serde_json::from_str(response["body"].as_str().unwrap_or_default())
                .context("no JSON in the answer")
        };
        let url = format!("http://{}", self.upstream.authority());
        admin("PUT", "/services/bench", &json!({"name": "bench", "url": url}))?;
        let route = json!({"name": "bench", "paths": ["/"], "strip_path": false});
        admin("POST", "/services/bench/routes", &route)?;
        let plugin = json!({"name": "key-auth", "config": {"hide_credentials": true}});
        admin("POST", "/routes/bench/plugins", &plugin)?;
        admin("PUT", "/consumers/bench", &json!({"username": "bench"}))?;
        let credential = admin("POST", "/consumers/bench/key-auth", &json!({}))?;
        Ok(credential["key"].as_str().context("the credential shows no key")?.to_owned())
    }

    fn fill_others(&self) -> Result<()> {
        let script = "import hashlib,hmac,sys;print(hmac.new(sys.argv[1].encode(),sys.argv[2].encode(),hashlib.sha256).hexdigest())";
        let digest =
            workspace::output_of(Command::new(&self.python).args(["-c", script, PEPPER, OTHERS_KEY]))?;
        let item = json!({
            "pk": {"S": format!("grant/{}", digest.trim())},
            "sk": {"S": "-"},
            "consumer_id": {"S": "5a1c7f0e-0b7e-4f0e-8f62-1f1b7b7d2c11"},
            "username": {"S": "bench"},
            "credential_id": {"S": "c0b8f6a4-54e3-4d5d-9f35-6d3d6bb0a0c2"},
        });
        self.dynamodb.call("PutItem", &json!({"TableName": OTHERS_TABLE, "Item": item}));
        Ok(())
    }
}

/// `infra/aws/bench`.
fn folder() -> PathBuf {
    setup::folder().join("bench")
}

pub(super) fn start(program: &Program) -> Result<Environment> {
    let log = Output::default();
    Environment::start(program, &log).map_err(|failure| {
        let printed = log.text();
        anyhow!("{}: {failure:?}\n{printed}", program.path.display())
    })
}

/// One invocation, its response as JSON.
pub(super) fn invoke(environment: &mut Environment, event: Vec<u8>) -> Result<Value> {
    let mut returned = Vec::new();
    let timeout = std::time::Duration::from_secs(10);
    let invoked = environment.invoke(event, timeout, &mut |part| {
        if let Part::Whole(bytes) = part {
            returned = bytes;
        }
    });
    invoked.map_err(|failure| anyhow!("no response: {failure:?}"))?;
    serde_json::from_slice(&returned).context("the response is no JSON")
}

/// The event that a Function URL makes of a request.
pub(super) fn make_event(method: &str, target: &str, pairs: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut headers = Headers::default();
    for (name, value) in
        [("host", "bench.lambda-url.us-east-1.on.aws"), ("user-agent", "bench")].iter().chain(pairs)
    {
        headers.push(name, value);
    }
    let client_ip = std::net::Ipv4Addr::LOCALHOST.into();
    let arrived = Arrived { method, target, headers: &headers, body, client_ip, port: 443 };
    event(Trigger::FunctionUrl, &arrived).to_string().into_bytes()
}

/// Answers a constant to what has an identity and no key, and 500 to everything else.
fn upstream() -> Upstream {
    Upstream::raw(|connection, head| -> io::Result<Next> {
        let headers = &head.headers;
        let right = headers.first("x-consumer-username").as_deref() == Some("bench")
            && !headers.contains("apikey")
            && !head.start_line.contains("apikey");
        let status = if right { 200 } else { 500 };
        connection.send_raw(&answer(status, &[("Content-Type", "text/plain")], b"hello"))?;
        Ok(Next::KeepAlive)
    })
}

/// The release build's folder.
fn build() -> Result<PathBuf> {
    let package = ["--release", "--package", "latchkey-lambda"];
    workspace::cargo(&["build", package[0], package[1], package[2], "--bins", "--example", "constant"])?;
    Ok(workspace::target_dir()?.join("release"))
}

/// The script for Node.js with AWS's SDK in it, as one deploys it.
fn bundle() -> Result<PathBuf> {
    let output = workspace::target_dir()?.join("bench-lambda/index.mjs");
    if let Some(parent) = output.parent() {
        fs::create_dir_all(parent)?;
    }
    // Some of the SDK's packages are CommonJS and ask for `require`.
    let banner =
        "--banner:js=import{createRequire}from'module';const require=createRequire(import.meta.url);";
    let mut esbuild = Command::new(folder().join("node_modules/.bin/esbuild"));
    esbuild
        .arg(folder().join("node.mjs"))
        .args(["--bundle", "--minify", "--platform=node", "--target=node22", "--format=esm", banner])
        .args(["--log-level=warning", &format!("--outfile={}", output.display())]);
    workspace::run(&mut esbuild)?;
    Ok(output)
}

fn node() -> Result<PathBuf> {
    let packaged = folder().join("node_modules/.bin/node");
    if packaged.is_file() {
        return Ok(packaged);
    }
    match workspace::find_program("node") {
        Some(node) => Ok(node),
        None => bail!("Node.js is needed"),
    }
}

fn version(interpreter: &Path) -> String {
    let printed = workspace::output_of(Command::new(interpreter).arg("--version")).unwrap_or_default();
    printed.trim().trim_start_matches('v').to_owned()
}
