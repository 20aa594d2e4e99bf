//! Where things are, and running other programs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Cargo's target folder, wherever the caller's settings put it.
pub fn target_dir() -> Result<PathBuf> {
    let metadata =
        output_of(Command::new(cargo_program()).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let target = metadata["target_directory"].as_str().context("cargo metadata names no target folder")?;
    Ok(target.into())
}

/// Builds every program and every test, in one go.
///
/// Packages that are chosen alone get other features of the libraries that they share, and cargo
/// compiles those again for each choice: tests are chosen by `--workspace --test …` for that reason.
pub(crate) fn build_for_tests() -> Result<()> {
    cargo(&["build", "--workspace", "--bins", "--tests"])
}

/// A program that [`build_for_tests`] made.
pub(crate) fn tested_program(name: &str) -> Result<PathBuf> {
    Ok(target_dir()?.join("debug").join(name))
}

/// The local program: the one that is given, or built as it is deployed.
pub fn latchkey(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(program) = given {
        return Ok(program.canonicalize()?);
    }
    cargo(&["build", "--release", "--package", "latchkey"])?;
    Ok(target_dir()?.join("release/latchkey"))
}

/// Runs cargo at the root of the workspace, its output shown.
pub fn cargo(arguments: &[&str]) -> Result<()> {
    run(Command::new(cargo_program()).args(arguments))
}

/// Runs a program to its end at the root of the workspace, its output shown.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.current_dir(root()).status().with_context(|| format!("start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}

/// Runs a program to its end at the root of the workspace and returns what it printed on its
/// standard output.
pub fn output_of(command: &mut Command) -> Result<String> {
    let output = command.current_dir(root()).output().with_context(|| format!("start {command:?}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?} failed: {}\n{printed}{complaint}", output.status);
    }
    Ok(printed)
}

/// The first file of that name in `PATH` or in the system folders, which an ordinary user's `PATH`
/// may lack.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/bin".into()])
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// The cargo that runs this.
pub fn cargo_program() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
