//! OpenAI's own clients, in scripts of ours (`openai/`): they send a key behind `Bearer`, and can be told no
//! other way.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::output::Output;

/// Names a Python that has `openai`.
pub const PYTHON_VARIABLE: &str = "LATCHKEY_OPENAI_PYTHON";
/// Names the folder of the scripts, where npm's packages are installed.
pub const NPM_VARIABLE: &str = "LATCHKEY_OPENAI_NPM";
const SET_UP: &str = "`cargo xtask test` gets it and runs these tests with it";
const TIMEOUT: Duration = Duration::from_secs(60);

/// A client.
#[derive(Clone, Copy, Debug)]
pub enum Client {
    Python,
    Node,
}

impl Client {
    pub const ALL: [Client; 2] = [Client::Python, Client::Node];

    /// Calls a service with a key; answers with what the script prints.
    pub fn call(self, base_url: &str, key: &str) -> String {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("openai");
        let mut command = match self {
            Client::Python => {
                let mut python = Command::new(variable(PYTHON_VARIABLE));
                python.arg(scripts.join("client.py"));
                python
            }
            Client::Node => {
                let mut node = Command::new("node");
                node.arg(Path::new(&variable(NPM_VARIABLE)).join("client.mjs"));
                node
            }
        };
        command.args([base_url, key]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // No proxy of the machine's stands between.
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            command.env_remove(name);
        }
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {self:?}: {error}"));
        let (stdout, stderr) = (Output::default(), Output::default());
        stdout.collect(child.stdout.take().unwrap());
        stderr.collect(child.stderr.take().unwrap());
        let deadline = Instant::now() + TIMEOUT;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                panic!("{self:?} takes longer than {TIMEOUT:?}: {}", stderr.text());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let printed = stdout.text_to_end();
        assert!(!printed.is_empty(), "{self:?} printed nothing: {}", stderr.text_to_end());
        printed
    }
}

fn variable(name: &str) -> OsString {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} must be set: {SET_UP}"))
}
