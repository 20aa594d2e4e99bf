//! The local program, over a temporary folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use tempfile::TempDir;

use super::any::Deployment;
use super::doors::Doors;
use crate::base::{self, ADMIN_TOKEN};
use crate::output::Output;

const START_TIMEOUT: Duration = Duration::from_secs(20);
/// What stands before the gateway's address in the line that the program prints.
const GATEWAY: &str = "Gateway  http://";
/// The same of a program from when there was one door.
const ONE_DOOR: &str = "listening on http://";
/// The same for the control door, in the line behind it.
const CONTROL: &str = "Control  http://";

/// From when it is up to the last line that it prints, at most.
const PRINTED_WITHIN: Duration = Duration::from_secs(10);

/// How the local program is started; every start is over the same folder.
#[derive(Clone)]
pub struct Options {
    pub admin_token: Option<String>,
    pub env: Vec<(String, OsString)>,
    /// Flags besides those that every start has.
    pub flags: Vec<String>,
    pub data: Arc<TempDir>,
    /// Another program than the one under test.
    pub program: Option<PathBuf>,
    /// It is from when there was one door.
    pub has_one_door: bool,
    /// Writes past [`Local::fill_disk`] fail, instead of ending the program by a signal.
    pub outlives_full_disk: bool,
}

/// Files there are in memory, where the system has it.
const MEMORY: &str = "/dev/shm";

impl Default for Options {
    fn default() -> Self {
        Self::over(&std::env::temp_dir())
    }
}

impl Options {
    /// Over a folder on no disk: for tests to which it does not matter, a third of the time.
    pub fn in_memory() -> Self {
        let memory = Path::new(MEMORY);
        if memory.is_dir() { Self::over(memory) } else { Self::default() }
    }

    fn over(folder: &Path) -> Self {
        let data = tempfile::Builder::new().prefix("latchkey-test-").tempdir_in(folder);
        let data = data.expect("no temporary folder");
        Self {
            admin_token: Some(ADMIN_TOKEN.to_owned()),
            env: Vec::new(),
            flags: Vec::new(),
            data: Arc::new(data),
            program: None,
            has_one_door: false,
            outlives_full_disk: false,
        }
    }

    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Who asks from 127.0.0.1, as these tests do, is believed who the client is.
    pub fn trusting(self) -> Self {
        self.env("LATCHKEY_TRUSTED_IPS", "127.0.0.1")
    }
}

/// A started program, killed on drop.
pub struct Local {
    pub admin_token: String,
    pub options: Options,
    doors: Doors,
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Local {
    /// Over a folder of its own.
    pub fn fresh() -> Self {
        Self::spawn(Options::default())
    }

    /// Starts the program and waits until it listens.
    pub fn spawn(options: Options) -> Self {
        let mut child = command(&options).spawn().expect("cannot start the program");
        let (stdout, stderr) = (Output::default(), Output::default());
        stderr.collect(child.stderr.take().unwrap());
        let lines = stdout.collect_lines(child.stdout.take().unwrap());
        let doors = doors_in(&lines, options.has_one_door).unwrap_or_else(|error| {
            let status = child.try_wait().ok().flatten();
            let _ = child.kill();
            let _ = child.wait();
            panic!(
                "the program did not print its addresses ({error}, {status:?})\n\
                 --- stdout ---\n{}\n--- stderr ---\n{}",
                stdout.text_to_end(),
                stderr.text_to_end()
            )
        });
        let admin_token = options.admin_token.clone().unwrap_or_default();
        Self { admin_token, options, doors, child, stdout, stderr }
    }

    /// `SIGKILL`, then a new start over the same folder.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// A new start over the same folder; the old process must have ended.
    pub fn restart(&mut self) {
        let options = self.options.clone();
        *self = Self::spawn(options);
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn data(&self) -> &Path {
        self.options.data.path()
    }

    /// All that came on standard error so far.
    pub fn log(&self) -> String {
        self.stderr.text()
    }

    /// All that came on both outputs; the process must have ended.
    pub fn output_to_end(&self) -> String {
        self.stderr.text_to_end() + &self.stdout.text_to_end()
    }

    /// All that came on standard output so far.
    pub fn printed(&self) -> String {
        self.stdout.text()
    }

    /// The same, once it has this: what tells where it is comes first, and it is up then.
    #[track_caller]
    pub fn printed_to(&self, end: &str) -> String {
        base::wait_until(&format!("{end} is printed"), PRINTED_WITHIN, || self.printed().contains(end));
        self.printed()
    }

    /// `SIGTERM`: asks for an orderly end.
    pub fn terminate(&self) {
        let pid = Pid::from_raw(self.pid().cast_signed()).unwrap();
        kill_process(pid, Signal::TERM).expect("the process is gone already");
    }

    /// From now on no file of it grows or takes another byte, as on a disk that is full.
    pub fn fill_disk(&self) {
        assert!(self.options.outlives_full_disk, "it would be ended by SIGXFSZ");
        let pid = Pid::from_raw(self.pid().cast_signed());
        let bound = Rlimit { current: Some(0), ..getrlimit(Resource::Fsize) };
        prlimit(pid, Resource::Fsize, bound).expect("the process is gone already");
    }

    /// `SIGKILL`, waited for.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// `None` when it still runs after the timeout.
    pub fn wait(&mut self, timeout: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Highest resident memory so far, in KiB.
    pub fn peak_memory_kib(&self) -> u64 {
        self.memory_kib("VmHWM:")
    }

    /// Resident memory now, in KiB.
    pub fn resident_memory_kib(&self) -> u64 {
        self.memory_kib("VmRSS:")
    }

    fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).expect("no such line");
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Deployment for Local {
    fn doors(&self) -> &Doors {
        &self.doors
    }

    fn admin_token(&self) -> &str {
        &self.admin_token
    }

    fn output(&self) -> String {
        self.log() + &self.printed()
    }
}

/// The addresses in the lines.
fn doors_in(lines: &mpsc::Receiver<String>, has_one: bool) -> Result<Doors, RecvTimeoutError> {
    let deadline = Instant::now() + START_TIMEOUT;
    let gateway_url = url_in(lines, if has_one { ONE_DOOR } else { GATEWAY }, deadline)?;
    match has_one {
        true => Ok(Doors::one(&gateway_url)),
        false => Ok(Doors::two(&gateway_url, &url_in(lines, CONTROL, deadline)?)),
    }
}

/// The next address that stands behind `told` in a line, as a URL.
fn url_in(lines: &mpsc::Receiver<String>, told: &str, deadline: Instant) -> Result<String, RecvTimeoutError> {
    loop {
        let line = lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))?;
        if let Some((_, rest)) = line.split_once(told) {
            let end = rest.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(rest.len());
            return Ok(format!("http://{}", &rest[..end]));
        }
    }
}

/// Runs the program until it ends by itself; `None` when it does not within the timeout.
/// Returns the exit status with all it printed on both outputs.
pub fn run_to_end(options: &Options, timeout: Duration) -> Option<(ExitStatus, String)> {
    let mut child = command(options).spawn().expect("cannot start the program");
    let (stdout, stderr) = (Output::default(), Output::default());
    stdout.collect(child.stdout.take().unwrap());
    stderr.collect(child.stderr.take().unwrap());
    let deadline = Instant::now() + timeout;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if Instant::now() > deadline => break None,
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    let _ = child.kill();
    let _ = child.wait();
    status.map(|status| (status, stdout.text_to_end() + &stderr.text_to_end()))
}

fn command(options: &Options) -> Command {
    let program = options.program.as_deref().unwrap_or_else(|| local_program());
    let mut command = if options.outlives_full_disk {
        // A signal that is ignored stays ignored in the program that takes the shell's place.
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(program);
        shell
    } else {
        Command::new(program)
    };
    for (name, _) in std::env::vars() {
        if name.starts_with("LATCHKEY_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    if let Some(token) = &options.admin_token {
        command.env("LATCHKEY_ADMIN_TOKEN", token);
    }
    command
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(options.data.path())
        .args(&options.flags)
        .envs(options.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// `LATCHKEY_BIN`, else the program built beside the test executable.
pub fn local_program() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| base::program("LATCHKEY_BIN", "latchkey"))
}
