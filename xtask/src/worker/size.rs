//! Checks what a deployment weighs and how long it takes to start.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::build::{SCRIPTS, Script, build};
use super::setup::node;

/// Size and start-up of each script.
pub(super) fn check() -> Result<()> {
    build()?;
    check_size()?;
    SCRIPTS.iter().try_for_each(check_start)
}

/// What each script weighs, with its Wasm.
pub(super) fn check_size() -> Result<()> {
    for script in &SCRIPTS {
        let (bundle, wasm) = (gzipped_kib(&script.bundle())?, gzipped_kib(&script.wasm())?);
        let Script { name, gzipped_kib_max, .. } = script;
        let total = bundle + wasm;
        println!(
            "{name}: {total:.1} KiB gzipped (script {bundle:.1}, Wasm {wasm:.1}), at most {gzipped_kib_max}"
        );
        ensure!(total <= *gzipped_kib_max, "too large");
    }
    Ok(())
}

fn check_start(script: &Script) -> Result<()> {
    let mut start = node();
    start.args(["tests/start.mjs", script.name]).stderr(Stdio::inherit());
    let printed = start.output().context("start workerd")?.stdout;
    let start_ms: f64 =
        String::from_utf8_lossy(&printed).trim().parse().context("the start-up time is no number")?;
    let bound = script.start_ms_max.map_or_else(String::new, |max| format!(", at most {max}"));
    println!("{}: start-up {start_ms:.1} ms in workerd{bound}", script.name);
    ensure!(script.start_ms_max.is_none_or(|max| start_ms <= max), "too slow");
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
