//! Other people's clients, run by scripts of ours.

use std::ffi::{OsStr, OsString};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::output::Output;

const SET_UP: &str = "`cargo xtask test` gets it and runs these tests with it";
const TIMEOUT: Duration = Duration::from_secs(60);

/// Runs a script to its end; answers with what it prints.
pub fn run(mut command: Command, arguments: &[impl AsRef<OsStr>]) -> String {
    let program = format!("{command:?}");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // No proxy of the machine's stands between.
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
    let (stdout, stderr) = (Output::default(), Output::default());
    stdout.collect(child.stdout.take().unwrap());
    stderr.collect(child.stderr.take().unwrap());
    let deadline = Instant::now() + TIMEOUT;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{program} takes longer than {TIMEOUT:?}: {}", stderr.text());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let printed = stdout.text_to_end();
    assert!(!printed.is_empty(), "{program} printed nothing: {}", stderr.text_to_end());
    printed
}

/// What a variable names that has to be got first.
pub fn variable(name: &str) -> OsString {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} must be set: {SET_UP}"))
}
