//! The built Worker in workerd, with what it stores in files and stores that can fail.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::canary::{ADMIN_TOKEN, Deployment, PEPPER, files_in};
use crate::gateway::{Gateway, collect};

/// Names the program Node.js, for tests that run the Worker.
pub const NODE_VARIABLE: &str = "LATCHKEY_NODE";
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/cloudflare");
const TIMEOUT: Duration = Duration::from_secs(60);

/// Ended on drop.
pub struct Worker {
    gateway: Gateway,
    process: Child,
    /// Lines of standard output, as they come.
    lines: mpsc::Receiver<String>,
    output: Arc<Mutex<Vec<u8>>>,
    stored: TempDir,
}

impl Worker {
    /// Starts `infra/cloudflare/tests/canary.mjs` over what `cargo xtask worker build` made.
    pub fn start() -> Self {
        let node = std::env::var_os(NODE_VARIABLE).unwrap_or_else(|| {
            panic!("{NODE_VARIABLE} must name Node.js: `cargo xtask worker test` runs this test with it")
        });
        let stored = tempfile::Builder::new().prefix("latchkey-worker-").tempdir().unwrap();
        let mut process = Command::new(node)
            .current_dir(FOLDER)
            .arg("tests/canary.mjs")
            .arg(stored.path())
            .env("LATCHKEY_ADMIN_TOKEN", ADMIN_TOKEN)
            .env("LATCHKEY_PEPPER", PEPPER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cannot start Node.js");
        let output = Arc::<Mutex<Vec<u8>>>::default();
        collect(process.stderr.take().unwrap(), Arc::clone(&output));
        let lines = lines_of(process.stdout.take().unwrap(), Arc::clone(&output));
        let mut worker = Self { gateway: gateway_at("", ""), process, lines, output, stored };
        let doors = worker.wait_for("listening on ");
        let (gateway_url, control_url) = doors.split_once(' ').expect("two doors");
        worker.gateway = gateway_at(gateway_url, control_url);
        worker
    }

    /// What comes behind `start` in the first line that has it.
    fn wait_for(&self, start: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(TIMEOUT);
            let line = line.unwrap_or_else(|error| panic!("no line {start:?}: {error}\n{}", self.output()));
            if let Some(rest) = line.strip_prefix(start) {
                return rest.trim_end().to_owned();
            }
        }
    }
}

fn gateway_at(gateway_url: &str, control_url: &str) -> Gateway {
    Gateway {
        base_url: gateway_url.to_owned(),
        admin_url: format!("{control_url}/admin"),
        admin_token: ADMIN_TOKEN.to_owned(),
        process: None,
        lambda: None,
    }
}

/// Every line, and a copy of it in `output`.
fn lines_of(
    from: impl std::io::Read + Send + 'static,
    output: Arc<Mutex<Vec<u8>>>,
) -> mpsc::Receiver<String> {
    let (found, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            output.lock().unwrap().extend_from_slice(format!("{line}\n").as_bytes());
            let _ = found.send(line);
        }
    });
    lines
}

impl Deployment for Worker {
    fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    fn stored(&self) -> Vec<(String, Vec<u8>)> {
        files_in(self.stored.path())
    }

    fn break_store(&mut self) {
        writeln!(self.process.stdin.as_mut().unwrap(), "break").expect("the Worker has ended");
        self.wait_for("the stores fail");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
