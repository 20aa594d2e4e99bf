//! Schemathesis, which makes calls of what `/openapi.json` says and looks whether the answers are as it
//! says, against a local program of its own.

mod developer;

use std::fs::File;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::base::ADMIN_TOKEN;
use crate::deployment::{Deployment as _, Local, Options};

use developer::Developer;

/// Names the program.
pub const PROGRAM_VARIABLE: &str = "LATCHKEY_SCHEMATHESIS";
/// Set to anything: a long run, by another seed each time.
pub const LONG_VARIABLE: &str = "LATCHKEY_SCHEMATHESIS_LONG";
const SET_UP: &str = "`cargo xtask test` gets it and runs these tests with it";

/// What is looked at. Left out are those that ask more than the document says: that all that it allows is
/// taken and nothing else (`positive_data_acceptance`, `negative_data_rejection`: rules over several
/// fields and references are not in it, and what a body holds too is looked over), that what is deleted
/// stays away (`use_after_free`, `ensure_resource_availability`: PUT makes what was deleted, one call
/// deletes what others refer to); and `ignored_auth`, which cannot take away the token that every call
/// has (who may call what is tested by the table of endpoints).
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_schema_conformance,response_headers_conformance,unsupported_method,allow_header_conformance";

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Whoever has the admin token, and no session of the portal: everything.
    Administrator,
    /// A developer with a session: what the portal has for one.
    Developer,
}

/// What is called.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub caller: Caller,
    /// Ways to make calls, with commas between them: `coverage`, `fuzzing`, `stateful`.
    pub phases: &'static str,
    /// Whether they keep to the document: `positive`, `negative`, or `all`.
    pub mode: &'static str,
    /// How many for each operation, where chance makes them.
    pub examples: u32,
    pub seed: u64,
    /// A run that takes longer has failed.
    pub time_max: Duration,
    /// One of fewer calls has not looked at what it should.
    pub calls_min: u64,
}

/// Calls a fresh local program; what is found, or that nothing could be looked for, is a failure.
pub fn check(run: &Run) {
    let program = std::env::var_os(PROGRAM_VARIABLE)
        .unwrap_or_else(|| panic!("{PROGRAM_VARIABLE} must name the program schemathesis: {SET_UP}"));
    // Some calls lack the token.
    let local = Local::spawn(Options::in_memory().env("LATCHKEY_ADMIN_GUESSES_PER_SECOND", "0"));
    let folder = tempfile::tempdir().expect("no temporary folder");
    let told = folder.path().join("told");
    let mut developer = (run.caller == Caller::Developer).then(|| Developer::of(&local));
    let configuration = folder.path().join("schemathesis.toml");
    let known = developer.as_ref().map(|developer| developer.configuration(run)).unwrap_or_default();
    std::fs::write(&configuration, known).unwrap();
    let document = local.doors().control("/openapi.json");
    let mut command = Command::new(program);
    command
        .arg("--config-file")
        .arg(configuration)
        .args(["run", &format!("http://{}{}", document.authority, document.target)])
        .args(match &developer {
            Some(developer) => developer.arguments(&local),
            None => vec!["--header".to_owned(), format!("Kong-Admin-Token: {ADMIN_TOKEN}")],
        })
        .args(["--checks", CHECKS, "--phases", run.phases, "--mode", run.mode])
        .args(["--max-examples", &run.examples.to_string(), "--seed", &run.seed.to_string()])
        // More threads are not faster for long, and do not repeat.
        .args(["--workers", "1", "--request-timeout", "20", "--continue-on-failure"])
        // What it has to say of its own speed and luck says nothing of us.
        .args(["--suppress-health-check", "all", "--warnings", "off", "--no-color"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(File::create(&told).unwrap())
        .stderr(Stdio::null());
    let succeeded = within(&mut command, run.time_max);
    let told = std::fs::read_to_string(&told).unwrap_or_default();
    assert!(succeeded != Some(false), "{run:?} found something:\n{told}\n{}", local.output());
    assert!(succeeded.is_some(), "{run:?} takes longer than it may:\n{told}");
    let calls = calls_in(&told);
    println!("{run:?}: {calls:?} calls");
    assert!(calls.is_some_and(|calls| calls >= run.calls_min), "{run:?} has looked at too little:\n{told}");
    if let Some(developer) = &mut developer {
        developer.expect_calls_were_taken(&local);
    }
}

/// Whether it succeeded; `None`: it took longer, and was ended.
fn within(command: &mut Command, time_max: Duration) -> Option<bool> {
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}: {SET_UP}"));
    let end = Instant::now() + time_max;
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status.success());
        }
        thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// The number before `generated` in what it told at its end.
fn calls_in(told: &str) -> Option<u64> {
    let (before, _) = told.rsplit_once(" generated")?;
    before.rsplit(char::is_whitespace).next()?.parse().ok()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn calls_are_counted() {
        assert_eq!(calls_in("Test cases:\n  1353 generated, 1353 passed\n\nSeed: 1\n"), Some(1353));
        assert_eq!(calls_in("Test cases:\n  none\n"), None);
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        let sleep = |seconds: &str| within(Command::new("sleep").arg(seconds), Duration::from_millis(200));
        assert_eq!(sleep("60"), None);
        assert_eq!(sleep("0"), Some(true));
        assert_eq!(sleep("x"), Some(false));
    }
}
