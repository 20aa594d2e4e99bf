//! The built Worker in workerd: with what it stores in files and stores that can fail, or with mails.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::any::Deployment;
use super::doors::Doors;
use crate::output::Output;

/// Names the program Node.js, for tests that run the Worker.
pub const NODE_VARIABLE: &str = "LATCHKEY_NODE";
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/cloudflare");
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long its end may take.
const END_TIMEOUT: Duration = Duration::from_secs(10);
const LIFE_CHECK: Duration = Duration::from_millis(20);

/// Ended on drop.
pub struct Worker {
    doors: Doors,
    secure_authority: String,
    admin_token: String,
    process: Child,
    /// Lines of standard output, as they come.
    lines: mpsc::Receiver<String>,
    output: Output,
    /// `None`: in memory.
    stored: Option<TempDir>,
}

impl Worker {
    /// Starts `infra/cloudflare/tests/canary.mjs` over what `cargo xtask worker build` made.
    /// `verify_token`: of programs that ask whether a key is good.
    pub fn start(admin_token: &str, pepper: &str, verify_token: Option<&str>) -> Self {
        let stored = tempfile::Builder::new().prefix("latchkey-worker-").tempdir().unwrap();
        let mut script = script("canary", stored.path());
        script.env("LATCHKEY_ADMIN_TOKEN", admin_token).env("LATCHKEY_PEPPER", pepper);
        script.envs(verify_token.map(|token| ("LATCHKEY_VERIFY_TOKEN", token)));
        let (process, lines, output) = run(script);
        let urls = line_after("listening on ", &lines, &output);
        let urls: Vec<&str> = urls.split(' ').collect();
        let [gateway_url, control_url, secure_url] = urls[..] else { panic!("three doors: {urls:?}") };
        let (doors, secure_authority) = doors(gateway_url, control_url, secure_url);
        let admin_token = admin_token.to_owned();
        Self { doors, secure_authority, admin_token, process, lines, output, stored: Some(stored) }
    }

    /// Starts `infra/cloudflare/tests/serve.mjs`, which writes mails into a folder; and within what a change acts
    /// at the gateway.
    pub fn with_mails(folder: &Path) -> (Self, Duration) {
        let (process, lines, output) = run(script("serve", folder));
        let line = line_after("", &lines, &output);
        let words: Vec<&str> = line.split(' ').collect();
        let [gateway_url, control_url, secure_url, admin_token, bound_ms] = words[..] else {
            panic!("the Worker printed {line:?}")
        };
        let bound = Duration::from_millis(bound_ms.parse().expect("milliseconds"));
        let (doors, secure_authority) = doors(gateway_url, control_url, secure_url);
        let admin_token = admin_token.to_owned();
        (Self { doors, secure_authority, admin_token, process, lines, output, stored: None }, bound)
    }

    /// Host and port of the gateway where it takes clients to have come by https.
    pub fn secure_authority(&self) -> &str {
        &self.secure_authority
    }

    /// Folder of all that it stores.
    pub fn stored(&self) -> &Path {
        self.stored.as_ref().expect("it stores in memory").path()
    }

    /// From now on its stores fail, for good.
    pub fn break_stores(&mut self) {
        writeln!(self.process.stdin.as_mut().unwrap(), "break").expect("the Worker has ended");
        line_after("the stores fail", &self.lines, &self.output);
    }
}

/// The doors, and host and port of the gateway by https.
fn doors(gateway_url: &str, control_url: &str, secure_url: &str) -> (Doors, String) {
    let doors = Doors::two(gateway_url, control_url);
    let secure_authority = doors.with_gateway(secure_url).gateway_authority().to_owned();
    (doors, secure_authority)
}

/// A script of `infra/cloudflare/tests`, with a folder.
fn script(name: &str, folder: &Path) -> Command {
    let node = std::env::var_os(NODE_VARIABLE).unwrap_or_else(|| {
        panic!("{NODE_VARIABLE} must name Node.js: `cargo xtask` runs tests of the Worker with it")
    });
    let mut command = Command::new(node);
    command.current_dir(FOLDER).arg(format!("tests/{name}.mjs")).arg(folder);
    command
}

fn run(mut script: Command) -> (Child, mpsc::Receiver<String>, Output) {
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = script.spawn().expect("cannot start Node.js");
    let output = Output::default();
    output.collect(process.stderr.take().unwrap());
    let lines = output.collect_lines(process.stdout.take().unwrap());
    (process, lines, output)
}

/// What comes behind `start` in the next line that begins so.
fn line_after(start: &str, lines: &mpsc::Receiver<String>, output: &Output) -> String {
    loop {
        let line = lines.recv_timeout(TIMEOUT);
        let line = line.unwrap_or_else(|error| panic!("no line {start:?}: {error}\n{}", output.text()));
        if let Some(rest) = line.strip_prefix(start) {
            return rest.to_owned();
        }
    }
}

impl Deployment for Worker {
    fn doors(&self) -> &Doors {
        &self.doors
    }

    fn admin_token(&self) -> &str {
        &self.admin_token
    }

    fn output(&self) -> String {
        self.output.text()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // With its input the script ends workerd, which would outlive it.
        drop(self.process.stdin.take());
        let deadline = Instant::now() + END_TIMEOUT;
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(LIFE_CHECK);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
