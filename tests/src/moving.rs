//! The commands of the local program that ask a running gateway.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::deployment::{Deployment, local_program};

/// What a command has done.
#[derive(Debug)]
pub struct Ran {
    pub is_success: bool,
    /// On standard output.
    pub printed: String,
    /// On standard error.
    pub told: String,
}

/// A command that asks this gateway, in whatever form that runs.
pub fn command(gateway: &dyn Deployment, arguments: &[&str]) -> Command {
    let control = gateway.doors().control("");
    let url = format!("{}://{}{}", gateway.scheme(), control.authority, control.target.trim_end_matches('/'));
    let mut command = Command::new(local_program());
    command.args(arguments);
    if !arguments.contains(&"--url") {
        command.args(["--url", &url]);
    }
    command.env("LATCHKEY_ADMIN_TOKEN", gateway.admin_token());
    command
}

pub fn run(gateway: &dyn Deployment, arguments: &[&str]) -> Ran {
    run_with(gateway, arguments, "")
}

/// With this on standard input.
pub fn run_with(gateway: &dyn Deployment, arguments: &[&str], input: &str) -> Ran {
    let mut command = command(gateway, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("cannot start the program");
    let mut stdin = child.stdin.take().expect("it is piped");
    // Whoever refuses at once reads nothing.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("cannot wait for the program");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    Ran { is_success: output.status.success(), printed: text(output.stdout), told: text(output.stderr) }
}
