//! Builds what is deployed: the release binary, zipped.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::setup::{self, folder};
use crate::{tools, workspace};

/// The package, its binary, and the folder that cargo-lambda puts it in.
const PACKAGE: &str = "latchkey-lambda";
/// What Lambda takes when it is not uploaded by way of S3, in bytes.
const ZIP_BYTES_MAX: u64 = 50 << 20;

/// For which processor.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// For x86_64 instead of arm64; deploy it with the architecture x86_64
    #[arg(long)]
    x86_64: bool,
}

pub(super) fn run(options: &Options) -> Result<()> {
    build(if options.x86_64 { &X86_64 } else { &ARM64 }).map(drop)
}

/// A processor, in the words of Lambda, rustc and cargo-lambda.
pub(crate) struct Architecture {
    name: &'static str,
    target: &'static str,
    flag: &'static str,
}

pub(crate) const ARM64: Architecture =
    Architecture { name: "arm64", target: "aarch64-unknown-linux-gnu", flag: "--arm64" };
pub(crate) const X86_64: Architecture =
    Architecture { name: "x86_64", target: "x86_64-unknown-linux-gnu", flag: "--x86-64" };

/// Builds `infra/aws/build/latchkey-lambda-<architecture>.zip`.
pub(crate) fn build(architecture: &Architecture) -> Result<PathBuf> {
    let Architecture { name, target, flag } = architecture;
    let programs = setup::python_programs()?;
    ensure!(
        tools::rustup_target(target)?,
        "rustup cannot add the target {target}: build with --x86-64 for functions of that architecture"
    );
    let mut cargo = Command::new(workspace::cargo_program());
    cargo
        .args(["lambda", "build", "--release", "--locked", "--package", PACKAGE])
        .args(["--output-format", "zip", flag])
        .env("PATH", setup::search_path(&programs));
    workspace::run(&mut cargo)?;
    let zipped = workspace::target_dir()?.join("lambda").join(PACKAGE).join("bootstrap.zip");
    let kept = folder().join("build").join(format!("{PACKAGE}-{name}.zip"));
    fs::create_dir_all(folder().join("build")).context("create infra/aws/build")?;
    let bytes = fs::copy(&zipped, &kept).with_context(|| format!("copy {}", zipped.display()))?;
    println!("{}: {:.2} MB", kept.display(), bytes as f64 / 1e6);
    ensure!(bytes <= ZIP_BYTES_MAX, "larger than Lambda takes directly");
    Ok(kept)
}
