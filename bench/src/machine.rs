//! Date and machine of a run.

use std::fs;
use std::process::Command;
use std::thread;

use anyhow::Result;

use xtask::workspace;

pub(super) fn describe() -> Result<String> {
    let date = workspace::output_of(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))?;
    let kernel = workspace::output_of(Command::new("uname").args(["-s", "-r", "-m"]))?;
    let cores = thread::available_parallelism()?;
    Ok(format!("{}, {}, {cores} cores, {}", date.trim(), cpu_model()?, kernel.trim()))
}

fn cpu_model() -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name"));
    Ok(model.map_or("CPU of unknown model", |rest| rest.trim_start_matches([' ', '\t', ':'])).to_owned())
}
