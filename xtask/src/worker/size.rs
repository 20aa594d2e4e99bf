//! Checks what a deployment weighs and how long it takes to start.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::build::{Built, build};
use super::setup::node;

/// Script and Wasm together, gzipped, in KiB. The goal is 250 (docs/benchmarks.md); both planes share
/// the module as long as the control plane has none of its own.
const GZIPPED_KIB_MAX: f64 = 270.0;
/// From the module's bytes to a Worker that can answer, in milliseconds.
const START_MS_MAX: f64 = 20.0;

/// Size and start-up.
pub(super) fn check() -> Result<()> {
    check_size(&build()?)?;
    let start = node().arg("tests/start.mjs").stderr(Stdio::inherit()).output().context("start workerd")?;
    let start = String::from_utf8_lossy(&start.stdout).into_owned();
    let start_ms: f64 = start.trim().parse().context("the start-up time is no number")?;
    println!("{:<28} {start_ms:>7.1} ms, at most {START_MS_MAX}", "start-up in workerd");
    ensure!(start_ms <= START_MS_MAX, "too slow");
    Ok(())
}

/// What a build weighs.
pub(super) fn check_size(built: &Built) -> Result<()> {
    let mut total = 0.0;
    for path in [&built.script, &built.wasm] {
        let kib = gzipped_kib(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        println!("{name:<28} {kib:>7.1} KiB gzipped");
        total += kib;
    }
    println!("{:<28} {total:>7.1} KiB gzipped, at most {GZIPPED_KIB_MAX}", "together");
    ensure!(total <= GZIPPED_KIB_MAX, "too large");
    Ok(())
}

/// Size of a file as gzip packs it at its best, as the platform counts.
pub(crate) fn gzipped_kib(path: &Path) -> Result<f64> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).context("read what was built")?;
    let mut gzip = Command::new("gzip")
        .args(["-9", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start gzip")?;
    let mut input = gzip.stdin.take().context("gzip takes no input")?;
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = gzip.wait_with_output()?;
    writer.join().ok().context("gzip stopped reading")??;
    Ok(output.stdout.len() as f64 / 1024.0)
}
