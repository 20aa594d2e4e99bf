//! The gateway under test: one already running somewhere, or the local program or Lambda function
//! started here.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use serde_json::Value;
use tempfile::TempDir;

use crate::lambda::{LambdaGateway, Way};
use crate::raw_http::{Request, Response, exchange};

pub const ADMIN_TOKEN: &str = "test-admin-token-3f1c9a-8e20d7b5c4";
const START_TIMEOUT: Duration = Duration::from_secs(20);
const LISTENING: &str = "listening on http://";

pub struct Gateway {
    pub base_url: String,
    pub admin_url: String,
    pub admin_token: String,
    /// `None` for a gateway that runs elsewhere, or is a Lambda function.
    pub process: Option<LocalProcess>,
    /// The function, where it is one.
    pub lambda: Option<Box<LambdaGateway>>,
}

/// How the local program is started; every start is over the same folder.
#[derive(Clone)]
pub struct Options {
    pub admin_token: Option<String>,
    pub env: Vec<(String, OsString)>,
    pub data: Arc<TempDir>,
    /// Another program than [`binary`].
    pub program: Option<PathBuf>,
    /// Writes past [`LocalProcess::fill_disk`] fail, instead of ending the program by a signal.
    pub outlives_full_disk: bool,
}

impl Default for Options {
    fn default() -> Self {
        let data = tempfile::Builder::new().prefix("latchkey-test-").tempdir().expect("no temporary folder");
        Self {
            admin_token: Some(ADMIN_TOKEN.to_owned()),
            env: Vec::new(),
            data: Arc::new(data),
            program: None,
            outlives_full_disk: false,
        }
    }
}

impl Options {
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Who asks from 127.0.0.1, as these tests do, is believed who the client is.
    pub fn trusting(self) -> Self {
        self.env("LATCHKEY_TRUSTED_IPS", "127.0.0.1")
    }
}

impl Gateway {
    /// The gateway named by `LATCHKEY_TEST_BASE_URL`, else a fresh local one.
    pub fn from_env_or_local() -> Self {
        Self::from_env().unwrap_or_else(Self::local)
    }

    /// A Lambda function over a table of its own.
    pub fn lambda(way: Way) -> Self {
        Self::of_lambda(LambdaGateway::start(way))
    }

    pub fn of_lambda(lambda: LambdaGateway) -> Self {
        Self {
            base_url: lambda.base_url.clone(),
            admin_url: format!("{}/-/admin", lambda.base_url),
            admin_token: lambda.admin_token.clone(),
            process: None,
            lambda: Some(Box::new(lambda)),
        }
    }

    /// The scheme that clients are taken to use.
    pub fn scheme(&self) -> &str {
        self.lambda.as_ref().map_or("http", |lambda| lambda.way.scheme())
    }

    /// One request on a connection of its own, its answer as the gateway gave it: what the
    /// platform renamed on its way has its own name again.
    pub fn exchange(&self, authority: &str, request: &Request) -> io::Result<Response> {
        let mut response = exchange(authority, request)?;
        if self.lambda.is_some() {
            for (name, _) in &mut response.headers.0 {
                if let Some(own) = name.to_ascii_lowercase().strip_prefix("x-amzn-remapped-") {
                    own.clone_into(name);
                }
            }
        }
        Ok(response)
    }

    pub fn from_env() -> Option<Self> {
        let base_url = std::env::var("LATCHKEY_TEST_BASE_URL").ok()?.trim_end_matches('/').to_owned();
        let admin_token = std::env::var("LATCHKEY_TEST_ADMIN_TOKEN")
            .expect("LATCHKEY_TEST_BASE_URL needs LATCHKEY_TEST_ADMIN_TOKEN beside it");
        let admin_url =
            std::env::var("LATCHKEY_TEST_ADMIN_URL").unwrap_or_else(|_| format!("{base_url}/-/admin"));
        Some(Self { base_url, admin_url, admin_token, process: None, lambda: None })
    }

    pub fn local() -> Self {
        Self::spawn(Options::default())
    }

    /// A local one that believes the tests who the client is.
    pub fn trusting() -> Self {
        Self::spawn(Options::default().trusting())
    }

    /// Starts the local program and waits until it listens.
    pub fn spawn(options: Options) -> Self {
        let admin_token = options.admin_token.clone().unwrap_or_default();
        let process = LocalProcess::start(options).unwrap_or_else(|reason| panic!("{reason}"));
        let base_url = process.base_url.clone();
        Self {
            admin_url: format!("{base_url}/-/admin"),
            base_url,
            admin_token,
            process: Some(process),
            lambda: None,
        }
    }

    /// Host and port of the proxy.
    pub fn authority(&self) -> &str {
        authority_of(&self.base_url)
    }

    pub fn process(&self) -> &LocalProcess {
        self.process.as_ref().expect("this test needs a local process")
    }

    pub fn process_mut(&mut self) -> &mut LocalProcess {
        self.process.as_mut().expect("this test needs a local process")
    }

    /// Host and port of the Admin API.
    pub fn admin_authority(&self) -> &str {
        authority_of(&self.admin_url)
    }

    pub fn send(&self, request: &Request) -> Response {
        self.exchange(self.authority(), request).unwrap_or_else(|error| {
            let target = String::from_utf8_lossy(&request.target).into_owned();
            panic!("{} {target}: {error}{}", request.method, self.recent_log())
        })
    }

    pub fn admin_request(&self, method: &str, path: &str) -> Request {
        Request::new(method, format!("{}{path}", self.admin_path()))
            .header("Kong-Admin-Token", &self.admin_token)
    }

    /// A request to the Admin API with the token, JSON in and out.
    pub fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> Response {
        let mut request = self.admin_request(method, path);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        self.send_admin(&request)
    }

    pub fn send_admin(&self, request: &Request) -> Response {
        self.exchange(self.admin_authority(), request).unwrap_or_else(|error| {
            let target = String::from_utf8_lossy(&request.target).into_owned();
            panic!("{} {target}: {error}{}", request.method, self.recent_log())
        })
    }

    /// Path of the Admin API on its host, without a slash at the end.
    pub fn admin_path(&self) -> &str {
        let rest = self.admin_url.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or("", |at| &rest[at..])
    }

    /// `SIGKILL`, then a new start over the same folder.
    pub fn kill_and_restart(&mut self) {
        self.process_mut().kill();
        self.restart();
    }

    /// A new start over the same folder; the old process must have ended.
    pub fn restart(&mut self) {
        let options = self.process().options.clone();
        *self = Self::spawn(options);
    }

    fn recent_log(&self) -> String {
        let log = match (&self.process, &self.lambda) {
            (Some(process), _) => process.log(),
            (None, Some(lambda)) => lambda.log(),
            (None, None) => return String::new(),
        };
        let from = log.char_indices().rev().nth(2000).map_or(0, |(at, _)| at);
        format!("\n--- end of the gateway's log ---\n{}", &log[from..])
    }
}

/// A started program, killed on drop.
pub struct LocalProcess {
    pub base_url: String,
    pub options: Options,
    child: Child,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
}

impl LocalProcess {
    /// `Err` with all output when the program ends or stays silent.
    pub fn start(options: Options) -> Result<Self, String> {
        let mut child = command(&options)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary().display()))?;
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let (found, base_url) = mpsc::channel();
        collect_stdout(child.stdout.take().unwrap(), Arc::clone(&stdout), found);
        collect(child.stderr.take().unwrap(), Arc::clone(&stderr));
        let mut process = Self { base_url: String::new(), options, child, stdout, stderr };
        match base_url.recv_timeout(START_TIMEOUT) {
            Ok(url) => process.base_url = url,
            Err(_) => {
                let status = process.child.try_wait().ok().flatten();
                thread::sleep(Duration::from_millis(100));
                return Err(format!(
                    "{} printed no line with \"{LISTENING}…\" (exit: {status:?})\n--- stdout ---\n{}\n--- stderr ---\n{}",
                    binary().display(),
                    process.printed(),
                    process.log()
                ));
            }
        }
        Ok(process)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn data(&self) -> &Path {
        self.options.data.path()
    }

    /// All that came on standard error so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    /// All that came on standard output so far.
    pub fn printed(&self) -> String {
        String::from_utf8_lossy(&self.stdout.lock().unwrap()).into_owned()
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

impl Drop for LocalProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs the program until it ends by itself; `None` when it does not within the timeout.
/// Returns the exit status with all it printed on both outputs.
pub fn run_to_end(options: &Options, timeout: Duration) -> Option<(ExitStatus, String)> {
    let mut child = command(options).spawn().expect("cannot start the program");
    let (stdout, stderr) = (Arc::default(), Arc::default());
    collect(child.stdout.take().unwrap(), Arc::clone(&stdout));
    collect(child.stderr.take().unwrap(), Arc::clone(&stderr));
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
    thread::sleep(Duration::from_millis(100));
    let text = |buffer: &Arc<Mutex<Vec<u8>>>| String::from_utf8_lossy(&buffer.lock().unwrap()).into_owned();
    status.map(|status| (status, text(&stdout) + &text(&stderr)))
}

fn command(options: &Options) -> Command {
    let program = options.program.as_deref().unwrap_or_else(|| binary());
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
        .envs(options.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// `LATCHKEY_BIN`, else the program beside the test executable, built first so that it is never a stale one.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(given) = std::env::var_os("LATCHKEY_BIN") {
            let path = PathBuf::from(given);
            assert!(path.is_file(), "LATCHKEY_BIN names no file: {}", path.display());
            return path;
        }
        build_binary("latchkey")
    })
}

/// Builds the program of a package beside the test executable.
pub fn build_binary(package: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test does not know its own path");
    let profile_dir = test.parent().and_then(Path::parent).expect("the test is not under target/…/deps");
    let target_dir = profile_dir.parent().unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "-q", "-p", package, "--target-dir"]);
    build.arg(target_dir);
    if profile_dir.ends_with("release") {
        build.arg("--release");
    }
    let status = build.status().expect("cannot run cargo");
    let path = profile_dir.join(package);
    assert!(status.success() && path.is_file(), "cargo build -p {package} made no {}", path.display());
    path
}

fn authority_of(url: &str) -> &str {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("only http:// can be tested: {url}"));
    rest.split('/').next().unwrap_or(rest)
}

/// Takes all that a started program prints.
pub fn collect(mut from: impl Read + Send + 'static, into: Arc<Mutex<Vec<u8>>>) {
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            into.lock().unwrap().extend_from_slice(&buffer[..n]);
        }
    });
}

fn collect_stdout(from: impl Read + Send + 'static, into: Arc<Mutex<Vec<u8>>>, found: mpsc::Sender<String>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        while let Ok(1..) = reader.read_until(b'\n', &mut line) {
            into.lock().unwrap().extend_from_slice(&line);
            let text = String::from_utf8_lossy(&line);
            if let Some((_, address)) = text.split_once(LISTENING) {
                let end = address.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(address.len());
                let _ = found.send(format!("http://{}", &address[..end]));
            }
            line.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let gateway = Gateway {
            base_url: "http://127.0.0.1:8000".to_owned(),
            admin_url: "http://127.0.0.1:8000/-/admin".to_owned(),
            admin_token: "t".to_owned(),
            process: None,
            lambda: None,
        };
        assert_eq!(gateway.authority(), "127.0.0.1:8000");
        assert_eq!(gateway.admin_path(), "/-/admin");
    }
}
