//! An SMTP server on loopback, aiosmtpd in a script of ours (`smtp/server.py`), and the mails it has taken.

use std::io::BufReader;
use std::io::prelude::*;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

/// Names a Python that has aiosmtpd.
pub const PYTHON_VARIABLE: &str = "LATCHKEY_AIOSMTPD_PYTHON";
const SET_UP: &str = "`cargo xtask test` gets it and runs these tests with it";

/// A running server; it ends when it is dropped.
pub struct SmtpServer {
    pub port: u16,
    child: Child,
    mails: Arc<Mutex<Vec<TakenMail>>>,
}

/// A mail that came to its end, whatever the server said then.
#[derive(Clone, Debug, Deserialize)]
pub struct TakenMail {
    /// When, in seconds since the Unix epoch.
    pub at: f64,
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// What the client called itself.
    pub hello: String,
    /// Whether it came by TLS.
    pub tls: bool,
    /// Who had logged in.
    pub user: Option<String>,
    /// Head and body, as they came.
    pub data: String,
}

impl TakenMail {
    /// The value of a field that is on one line.
    pub fn field(&self, name: &str) -> Option<&str> {
        let head = self.data.split("\r\n\r\n").next()?;
        let of_name =
            |line: &str| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let line = head.lines().find(|line| of_name(line) && line[name.len()..].starts_with(':'))?;
        Some(line[name.len() + 1..].trim())
    }
}

impl SmtpServer {
    /// On a free port, with these arguments of the script.
    pub fn start(arguments: &[&str]) -> Self {
        let python = std::env::var_os(PYTHON_VARIABLE)
            .unwrap_or_else(|| panic!("{PYTHON_VARIABLE} must name a Python that has aiosmtpd: {SET_UP}"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("smtp/server.py");
        let mut command = Command::new(python);
        command.arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("cannot start Python");
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        lines.read_line(&mut port).unwrap();
        let port = port.trim().parse().expect("the SMTP server says its port");
        let mails = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&mails);
        thread::spawn(move || take(lines, &taken));
        Self { port, child, mails }
    }

    /// All that came so far to an address.
    pub fn mails_to(&self, address: &str) -> Vec<TakenMail> {
        let is_to = |mail: &&TakenMail| mail.to.iter().any(|to| to == address);
        self.mails.lock().unwrap().iter().filter(is_to).cloned().collect()
    }

    /// The first that comes to an address with this subject.
    #[track_caller]
    pub fn wait_for(&self, address: &str, subject: &str, within: Duration) -> TakenMail {
        let deadline = Instant::now() + within;
        loop {
            let found =
                self.mails_to(address).into_iter().find(|mail| mail.field("Subject") == Some(subject));
            if let Some(mail) = found {
                return mail;
            }
            assert!(Instant::now() < deadline, "no mail {subject:?} to {address} within {within:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn take(lines: BufReader<ChildStdout>, taken: &Mutex<Vec<TakenMail>>) {
    for line in lines.lines().map_while(Result::ok) {
        taken.lock().unwrap().push(serde_json::from_str(&line).expect("a line for each mail"));
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
