//! Runs the built Worker in workerd.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::build::build;
use super::setup::{folder, node};

/// A Worker in workerd with stand-ins for KV and the object's storage; stopped when dropped.
pub(super) struct Served {
    process: Child,
    /// `http://127.0.0.1:port`.
    pub(super) url: String,
    /// Its admin token.
    pub(super) token: String,
}

impl Served {
    /// Starts `infra/cloudflare/tests/serve.mjs`, which prints URL and token.
    pub(super) fn start() -> Result<Self> {
        let mut process = node()
            .arg("tests/serve.mjs")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the Worker")?;
        let output = process.stdout.take().context("the Worker has no output")?;
        let mut lines = BufReader::new(output).lines();
        let line = lines.next().context("the Worker did not start")??;
        let Some((url, token)) = line.split_once(' ') else { bail!("the Worker printed {line:?}") };
        let (url, token) = (url.to_owned(), token.to_owned());
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("{line}")));
        Ok(Served { process, url, token })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The script ends with its standard input.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Builds the Worker and starts wrangler's local server with the demo data.
pub(super) fn dev() -> Result<()> {
    build()?;
    let variables = folder().join(".dev.vars");
    if !variables.exists() {
        fs::copy(folder().join(".dev.vars.example"), &variables).context("make .dev.vars")?;
    }
    run_here(node().arg("dev.mjs"))
}

/// Runs a program to its end in the folder it is set to, its output shown.
pub(super) fn run_here(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}
