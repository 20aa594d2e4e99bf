//! Runs the built Worker in workerd.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::build::build;
use super::setup::node;

/// A Worker in workerd with stand-ins for KV and the object's storage; stopped when dropped.
pub(super) struct Served {
    process: Child,
    /// The gateway's door: `http://127.0.0.1:port`.
    pub(super) gateway_url: String,
    /// The control door.
    pub(super) control_url: String,
    /// The gateway's door, where clients are taken to have come by https.
    pub(super) secure_url: String,
    /// Its admin token.
    pub(super) token: String,
    /// Within how many milliseconds a change acts at the gateway.
    pub(super) bound_ms: String,
}

impl Served {
    /// Starts `infra/cloudflare/tests/serve.mjs`, which prints these. `mails`: a folder that mails are written
    /// to; without it none are sent.
    pub(super) fn start(mails: Option<&Path>) -> Result<Self> {
        let mut process = node()
            .arg("tests/serve.mjs")
            .args(mails)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the Worker")?;
        let output = process.stdout.take().context("the Worker has no output")?;
        let mut lines = BufReader::new(output).lines();
        let line = lines.next().context("the Worker did not start")??;
        let parts: Vec<&str> = line.split(' ').collect();
        let [gateway_url, control_url, secure_url, token, bound_ms] = parts[..] else {
            bail!("the Worker printed {line:?}")
        };
        let [gateway_url, control_url, secure_url, token, bound_ms] =
            [gateway_url, control_url, secure_url, token, bound_ms].map(str::to_owned);
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("{line}")));
        Ok(Served { process, gateway_url, control_url, secure_url, token, bound_ms })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The script ends with its standard input.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Builds the scripts and starts them in wrangler's local server, with the demo data.
pub(super) fn dev() -> Result<()> {
    build()?;
    run_here(node().arg("dev.mjs").env("LATCHKEY_BUILT", "1"))
}

/// Runs a program to its end in the folder it is set to, its output shown.
pub(super) fn run_here(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}
