//! Runs the Worker's tests: those in JavaScript, then every vector and every Admin API
//! test over sockets.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use latchkey_tests::deployment::NODE_VARIABLE;

use super::build::build;
use super::serve::{Served, run_here};
use super::setup::{folder, node};
use crate::workspace;

/// Which tests.
#[derive(Default, clap::Args)]
pub(crate) struct Options {
    /// Only the vectors.
    #[arg(long)]
    vectors: bool,
    /// Only whether secrets come out.
    #[arg(long)]
    secrets: bool,
    /// Only the Admin API's tests.
    #[arg(long)]
    admin: bool,
    /// Only the cases of the Portal API.
    #[arg(long)]
    portal: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    build()?;
    let everything = !options.vectors && !options.admin && !options.secrets && !options.portal;
    if everything || options.secrets {
        run_canaries()?;
    }
    if everything {
        run_scripts()?;
    }
    if everything || options.vectors {
        run_over_sockets("vectors")?;
    }
    if everything || options.admin {
        run_over_sockets("admin")?;
    }
    if everything || options.portal {
        run_portal()?;
    }
    Ok(())
}

fn run_scripts() -> Result<()> {
    let mut tests: Vec<PathBuf> = fs::read_dir(folder().join("tests"))
        .context("list infra/cloudflare/tests")?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    tests.sort();
    // A test that fails or hangs leaves servers behind, which would keep Node.js waiting.
    run_here(
        node()
            .args(["--test", "--test-concurrency=1", "--test-force-exit", "--test-timeout=120000"])
            .args(tests),
    )
}

/// Known secrets come out nowhere, also when the stores fail; keys made elsewhere can be brought.
fn run_canaries() -> Result<()> {
    let mut tests = Command::new(workspace::cargo_program());
    tests.args(["test", "--workspace", "--test", "worker_secrets", "--test", "worker_moving"]);
    tests.args(["--", "--ignored", "--nocapture"]).env(NODE_VARIABLE, node().get_program());
    workspace::run(&mut tests)
}

/// What the platform does not give here; docs/platforms.md says why, and a test shows it.
const WITHOUT: &str = "client-address,odd-hosts,preserve-host";

/// A test file that the local program is tested with, against the Worker.
fn run_over_sockets(file: &str) -> Result<()> {
    workspace::run(&mut tests_over_sockets(file, &Served::start(None)?))
}

/// The cases of the Portal API, with the mails that come of them.
fn run_portal() -> Result<()> {
    let mails = folder().join("build/test/mails");
    if mails.exists() {
        fs::remove_dir_all(&mails).context("remove the mails of before")?;
    }
    fs::create_dir_all(&mails).context("make a folder for mails")?;
    let worker = Served::start(Some(&mails))?;
    let mut tests = tests_over_sockets("portal", &worker);
    tests.env("LATCHKEY_TEST_MAIL_DIR", &mails).env("LATCHKEY_TEST_ADDRESS_FIELD", "CF-Connecting-IP");
    workspace::run(&mut tests)
}

fn tests_over_sockets(file: &str, worker: &Served) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut tests = Command::new(cargo);
    tests
        .args(["test", "--workspace", "--test", file, "--", "--nocapture"])
        .env("LATCHKEY_TEST_BASE_URL", &worker.gateway_url)
        .env("LATCHKEY_TEST_SECURE_URL", &worker.secure_url)
        .env("LATCHKEY_TEST_ADMIN_URL", format!("{}/admin", worker.control_url))
        .env("LATCHKEY_TEST_ADMIN_TOKEN", &worker.token)
        .env("LATCHKEY_TEST_SETTLE_MS", &worker.bound_ms)
        .env("LATCHKEY_TEST_WITHOUT", WITHOUT);
    tests
}
