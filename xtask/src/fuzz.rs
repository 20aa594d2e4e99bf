//! `cargo xtask fuzz`

use std::process::Command;

use anyhow::{Context, bail};

use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Fuzz this target only; each in turn otherwise.
    target: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 300)]
    seconds: u32,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if workspace::find_program("cargo-fuzz").is_none() {
        workspace::cargo(&["install", "cargo-fuzz"])?;
    }
    let targets = match &options.target {
        Some(target) => vec![target.clone()],
        None => targets()?,
    };
    for target in targets {
        let seconds = format!("-max_total_time={}", options.seconds);
        let mut fuzz = fuzz_command();
        fuzz.args(["fuzz", "run", &target, "--", &seconds, "-max_len=2048"]);
        if workspace::root().join("fuzz/dictionaries").join(&target).is_file() {
            fuzz.arg(format!("-dict=dictionaries/{target}"));
        }
        let status = fuzz.current_dir(workspace::root().join("fuzz")).status().context("start cargo fuzz")?;
        if !status.success() {
            bail!("{target} found something: see fuzz/artifacts/{target}");
        }
    }
    Ok(())
}

/// The names of the files in `fuzz/fuzz_targets`.
fn targets() -> anyhow::Result<Vec<String>> {
    let mut targets = Vec::new();
    for file in std::fs::read_dir(workspace::root().join("fuzz/fuzz_targets"))? {
        let path = file?.path();
        targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    targets.sort();
    Ok(targets)
}

/// The sanitizers want a nightly compiler, or one that lets itself be taken for one.
fn fuzz_command() -> Command {
    let nightly = Command::new("rustup").args(["run", "nightly", "rustc", "--version"]).output();
    let mut command = Command::new("cargo");
    if nightly.is_ok_and(|output| output.status.success()) {
        command.arg("+nightly").env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    } else {
        command.env("RUSTC_BOOTSTRAP", "1");
    }
    command
}
