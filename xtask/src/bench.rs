//! `cargo xtask bench`: hands over to the package `latchkey-bench`, which no other chore has to compile.

use std::ffi::OsString;
use std::process::Command;

use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What `latchkey-bench` is given.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Unoptimised: what is measured are other programs, and those are built for release.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut bench = Command::new(workspace::cargo_program());
    bench.args(["run", "--quiet", "--package", "latchkey-bench", "--"]);
    workspace::run(bench.args(&options.arguments))
}
