//! OpenAI's own clients, in scripts of ours (`openai/`): they send a key behind `Bearer`, and can be told no
//! other way.

use std::path::Path;
use std::process::Command;

use crate::scripts::{self, variable};

/// Names a Python that has `openai`.
pub const PYTHON_VARIABLE: &str = "LATCHKEY_OPENAI_PYTHON";
/// Names the folder of the scripts, where npm's packages are installed.
pub const NPM_VARIABLE: &str = "LATCHKEY_OPENAI_NPM";

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
        let command = match self {
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
        scripts::run(command, &[base_url, key])
    }
}
