//! A gateway under test: what it serves, what starting it takes, and it running.

use std::fmt;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use super::cores::Cores;
use super::process::Process;
use super::scratch::Scratch;
use super::workload::Credential;

/// What every gateway serves, on one port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Route {
    /// `/keyed`: passes only with a key.
    Keyed,
    /// `/plain`: the same without the key check.
    Plain,
    /// `/token`: passes only with an access token of OAuth 2.0; Latchkey's alone.
    Token,
}

impl Route {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Keyed => "/keyed",
            Self::Plain => "/plain",
            Self::Token => "/token",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

/// A gateway that runs and knows every key.
pub(super) struct Gateway {
    pub(super) name: &'static str,
    pub(super) version: String,
    pub(super) port: u16,
    /// Who each key stands for, as this gateway knows it: ids made by Latchkey are its own.
    pub(super) credentials: Rc<[Credential]>,
    /// The same of access tokens, as many; empty: it takes none.
    pub(super) tokens: Rc<[Credential]>,
    pub(super) process: Process,
}

impl Gateway {
    /// What it serves.
    pub(super) fn routes(&self) -> Vec<Route> {
        let token = (!self.tokens.is_empty()).then_some(Route::Token);
        [Route::Keyed, Route::Plain].into_iter().chain(token).collect()
    }

    /// Which gateway, and the end of its log: for what failed.
    pub(super) fn explain(&self) -> String {
        format!("{} {}; the end of its log:\n{}", self.name, self.version, self.process.log_tail())
    }
}

/// What starting a gateway takes.
pub(super) struct Setting<'a> {
    pub(super) scratch: &'a Scratch,
    pub(super) cores: &'a Cores,
    pub(super) upstream_port: u16,
    pub(super) credentials: Rc<[Credential]>,
}

/// Waits until `ready` says so.
pub(super) fn wait_for(
    what: &str,
    process: &mut Process,
    mut ready: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let mut last = None;
    for _ in 0..200 {
        if let Some(status) = process.exited()? {
            bail!("{what} ended early: {status}\n{}", process.log_tail());
        }
        match ready() {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => last = Some(error),
        }
        thread::sleep(Duration::from_millis(50));
    }
    bail!("{what} is not ready after 10 s: {last:?}\n{}", process.log_tail())
}
