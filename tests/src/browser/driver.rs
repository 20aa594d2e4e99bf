//! chromedriver, asked as W3C WebDriver says: JSON over HTTP, one call at a time.

use std::fmt;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::SET_UP;
use super::look::Look;
use crate::output::Output;
use crate::raw_http::{Connection, Request};

/// Names the program chromedriver.
pub const DRIVER_VARIABLE: &str = "LATCHKEY_CHROMEDRIVER";
/// What stands before the port in the line that it prints.
const STARTED: &str = "started successfully on port ";
const START_WITHIN: Duration = Duration::from_secs(30);
/// A call that takes longer is lost; the browser's own bounds are shorter.
const CALL_WITHIN: Duration = Duration::from_secs(90);
/// How long a page may take to load, and a script of a test to run.
const PAGE_WITHIN: Duration = Duration::from_secs(60);

/// A session with a browser of its own; both end when it is dropped.
pub(super) struct Driver {
    child: Child,
    authority: String,
    session: String,
    profile: TempDir,
}

/// What the browser answers instead of what was asked for.
#[derive(Debug)]
pub(super) struct Complaint {
    /// Its kind, as WebDriver calls it: `no such element`.
    pub(super) kind: String,
    pub(super) message: String,
}

impl Driver {
    pub(super) fn start(look: &Look) -> Self {
        let program = std::env::var_os(DRIVER_VARIABLE)
            .unwrap_or_else(|| panic!("{DRIVER_VARIABLE} must name the program chromedriver: {SET_UP}"));
        let profile = tempfile::Builder::new().prefix("latchkey-browser-").tempdir().expect("no folder");
        // A group of its own, which ends with its standard input: however this process does.
        let mut command = Command::new("sh");
        command.args(["-c", "\"$0\" --port=0 & read -r _; kill -KILL 0"]).arg(program).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("chromedriver: {error}: {SET_UP}"));
        let output = Output::default();
        let lines = output.collect_lines(child.stdout.take().unwrap());
        let port = loop {
            let Ok(line) = lines.recv_timeout(START_WITHIN) else {
                end(&mut child);
                panic!("chromedriver did not say its port: {}", output.text())
            };
            if let Some((_, port)) = line.split_once(STARTED) {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let authority = format!("127.0.0.1:{port}");
        let mut driver = Self { child, authority, session: String::new(), profile };
        let wanted = driver.capabilities(look);
        let made = driver.ask("POST", "/session", &wanted).expect("no session with the browser");
        driver.session = made["sessionId"].as_str().expect("a session has an id").to_owned();
        driver
    }

    fn capabilities(&self, look: &Look) -> Value {
        let profile = self.profile.path().display();
        let scripts = if look.has_scripts { 1 } else { 2 };
        let timeouts =
            json!({"pageLoad": PAGE_WITHIN.as_millis(), "script": PAGE_WITHIN.as_millis(), "implicit": 0});
        let chrome = json!({
            "args": [
                "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio",
                // Whoever runs tests as root has no sandbox for it.
                "--no-sandbox",
                // Nobody is called but who is tested.
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--no-first-run", "--force-device-scale-factor=1",
                format!("--user-data-dir={profile}"),
                format!("--window-size={},{}", look.width.max(600), look.height),
            ],
            "prefs": {
                "intl.accept_languages": look.language,
                "profile.managed_default_content_settings.javascript": scripts,
                "credentials_enable_service": false,
            },
        });
        let wanted =
            json!({"timeouts": timeouts, "goog:chromeOptions": chrome, "unhandledPromptBehavior": "accept"});
        json!({"capabilities": {"alwaysMatch": wanted}})
    }

    /// A call of the session: `/url`.
    pub(super) fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, Complaint> {
        self.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Complaint> {
        let mut request = Request::new(method, path);
        if method == "POST" {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let mut connection = Connection::open(&self.authority).expect("chromedriver is gone");
        connection.writer.set_read_timeout(Some(CALL_WITHIN)).unwrap();
        let answer = connection.exchange(&request).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let mut told = answer.json().unwrap_or_else(|| panic!("{method} {path}: {}", answer.text()));
        let value = told["value"].take();
        match value["error"].as_str() {
            Some(kind) if answer.status != 200 => {
                let message = value["message"].as_str().unwrap_or_default().to_owned();
                Err(Complaint { kind: kind.to_owned(), message })
            }
            _ => Ok(value),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // What fails here, the end of the group makes up for.
        if !self.session.is_empty() && !std::thread::panicking() {
            let _ = self.call("DELETE", "", &Value::Null);
        }
        end(&mut self.child);
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

fn end(child: &mut Child) {
    if let Some(group) = Pid::from_raw(child.id().cast_signed()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}
