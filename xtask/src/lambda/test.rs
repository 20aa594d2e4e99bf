//! Runs the function's tests: its own, then vectors and Admin API suite behind each trigger and in
//! cargo-lambda's emulator.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;
use latchkey_tests::lambda::EVERYWHERE_VARIABLE;
use latchkey_tests::lambda::dynamodb::FOLDER_VARIABLE;

use super::setup;
use crate::workspace;

/// Which tests.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the vectors and the Admin API suite behind one trigger, or `cargo_lambda_watch`.
    #[arg(long)]
    only: Option<String>,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let environment = environment()?;
    let test = |arguments: &[&str]| {
        let mut cargo = Command::new(workspace::cargo_program());
        cargo.args(["test", "--workspace"]).args(arguments).envs(environment.iter().cloned());
        workspace::run(&mut cargo)
    };
    if options.only.is_none() {
        test(&["--bin", "latchkey-lambda"])?;
        let of_the_function = ["canary", "handler", "store", "lambda_fronts", "lambda_platform"];
        test(&of_the_function.map(|name| ["--test", name]).concat())?;
    }
    let mut over = vec!["--no-fail-fast"];
    over.extend(["--test", "lambda_vectors", "--test", "lambda_admin", "--test", "lambda_portal"]);
    over.extend(["--", "--nocapture"]);
    if let Some(only) = &options.only {
        over.extend(["--exact", only.as_str()]);
    }
    test(&over)
}

/// All vectors and the whole Admin API suite behind every way.
pub(crate) fn everywhere() -> Result<()> {
    let mut tests = Command::new(workspace::cargo_program());
    tests.args([
        "test",
        "--workspace",
        "--no-fail-fast",
        "--test",
        "lambda_vectors",
        "--test",
        "lambda_admin",
    ]);
    workspace::run(tests.envs(environment()?).env(EVERYWHERE_VARIABLE, "1"))
}

/// What tests that start the function are told: where it is, built just now, and what it needs.
pub(crate) fn environment() -> Result<Vec<(&'static str, OsString)>> {
    let programs = setup::python_programs()?;
    workspace::build_for_tests()?;
    let function = workspace::tested_program("latchkey-lambda")?;
    Ok(vec![
        (FOLDER_VARIABLE, setup::dynamodb_local()?.into_os_string()),
        ("LATCHKEY_CARGO_LAMBDA", programs.join("cargo-lambda").into_os_string()),
        ("LATCHKEY_LAMBDA_BIN", function.into_os_string()),
    ])
}
