//! `cargo lambda watch`: the emulator of cargo-lambda, an implementation that is not ours.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::dynamodb::UNTIL_INPUT_ENDS;
use super::environment::Program;
use crate::output::Output;
use crate::ports::free_port;

const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Its name for a function that has none.
const FUNCTION: &str = "_";
const SET_UP: &str =
    "`cargo xtask lambda setup` gets it and `cargo xtask lambda test` runs these tests with it";

/// The emulator and the program; both stopped on drop.
pub struct Watch {
    port: u16,
    emulator: Child,
    program: Child,
    log: Output,
}

impl Watch {
    /// Starts the emulator without a build of its own, and the program to poll it.
    pub fn start(program: &Program) -> Self {
        let port = free_port();
        let log = Output::default();
        // The emulator ends with the pipe, also when the tests are killed.
        let mut emulator = Command::new("sh")
            .args(["-c", UNTIL_INPUT_ENDS, "watch"])
            .arg(cargo_lambda())
            .args([
                "lambda",
                "watch",
                "--only-lambda-apis",
                "--disable-cors",
                "--invoke-address",
                "127.0.0.1",
            ])
            .args(["--invoke-port", &port.to_string()])
            .env("CARGO_TERM_COLOR", "never")
            // It wants a manifest.
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cannot start a shell");
        log.collect(emulator.stdout.take().expect("piped"));
        log.collect(emulator.stderr.take().expect("piped"));
        wait_until_it_listens(port, &mut emulator, &log);
        let mut child = Command::new(&program.path)
            .args(&program.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{port}/.rt"))
            .env("AWS_LAMBDA_FUNCTION_NAME", FUNCTION)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "4096")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .envs(program.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.path.display()));
        log.collect(child.stdout.take().expect("piped"));
        log.collect(child.stderr.take().expect("piped"));
        Self { port, emulator, program: child, log }
    }

    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn log(&self) -> String {
        self.log.text()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
        drop(self.emulator.stdin.take());
        let _ = self.emulator.wait();
    }
}

fn wait_until_it_listens(port: u16, emulator: &mut Child, log: &Output) {
    let deadline = Instant::now() + START_TIMEOUT;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = emulator.try_wait().ok().flatten();
        let printed = log.text();
        assert!(ended.is_none(), "cargo lambda watch ended ({ended:?}): {printed}\n{SET_UP}");
        assert!(Instant::now() < deadline, "cargo lambda watch did not come up: {printed}\n{SET_UP}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// `LATCHKEY_CARGO_LAMBDA`, else the one on the path.
fn cargo_lambda() -> PathBuf {
    std::env::var_os("LATCHKEY_CARGO_LAMBDA").map_or_else(|| "cargo-lambda".into(), PathBuf::from)
}
