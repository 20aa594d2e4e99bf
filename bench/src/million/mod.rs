//! What a million credentials cost the local program: memory, bytes of file, starts, writes, and how much
//! slower each call and request is than with a thousand, both measured in turn in one run.

mod calls;
mod fill;
mod report;
mod requests;
mod stored;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options as Start};
use latchkey_tests::fixtures::{create, id_of};
use latchkey_tests::raw_http::Connection;
use latchkey_tests::upstream::{Upstream, answer};
use serde_json::json;
use xtask::workspace;

use crate::document;
use fill::Filled;
pub(crate) use fill::{Application, Size};
pub(crate) use requests::median;
use stored::Stored;

/// Longer than any start is waited for; it is printed, not judged.
const END: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Credentials of the large installation.
    #[arg(long, default_value_t = 1_000_000)]
    credentials: usize,
    /// Credentials of the small one.
    #[arg(long, default_value_t = 1_000)]
    few: usize,
    /// Calls of each kind, of each installation in turn; the median is reported.
    #[arg(long, default_value_t = 301)]
    rounds: usize,
    /// Requests with keys drawn from all, in batches of each installation in turn.
    #[arg(long, default_value_t = 100_000)]
    requests: usize,
    /// Connections that the installations are filled over.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// A built `latchkey` to measure, in place of building one.
    #[arg(long, value_name = "FILE")]
    latchkey: Option<PathBuf>,
    /// Write the figures into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

/// One installation.
pub(crate) struct Installation {
    pub(crate) gateway: Local,
    pub(crate) filled: Filled,
    /// Contracts with it are approved at once.
    open_service: String,
    /// Contracts with it wait for an approval.
    asked_service: String,
}

/// What is measured of the large installation alone.
struct Figures {
    /// After it was filled, and after all requests.
    resident_kib: [u64; 2],
    file_bytes: u64,
    compacted: Compacted,
    /// After an orderly end, and after `SIGKILL` between writes.
    starts: [Duration; 2],
    /// After an orderly end.
    stored: Stored,
}

/// What `latchkey compact` made of the file.
#[derive(Clone, Copy)]
struct Compacted {
    file_bytes: u64,
    time: Duration,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let program = workspace::latchkey(options.latchkey.as_deref())?;
    let upstream = upstream();
    let start = || Start { program: Some(program.clone()), ..Start::default() };
    let mut few = Installation::make(start(), &upstream, Size::of(options.few), options.connections)?;
    let mut many =
        Installation::make(start(), &upstream, Size::of(options.credentials), options.connections)?;
    let after_filling = many.gateway.resident_memory_kib();
    eprintln!("requests");
    let requests = requests::compare(&few, &many, options.requests)?;
    let resident_kib = [after_filling, many.gateway.resident_memory_kib()];
    eprintln!("calls");
    let calls = calls::compare(&mut few, &mut many, options.rounds)?;
    eprintln!("starts");
    let (stored, starts) = many.restart()?;
    let file_bytes = many.file_bytes()?;
    eprintln!("compaction");
    let compacted = many.compact(&program)?;
    let figures = Figures { resident_kib, file_bytes, compacted, starts, stored };
    let report = report::render(options, &many.filled, &figures, &requests, &calls)?;
    println!("{report}");
    if options.write {
        document::write("million", &report)?;
    }
    Ok(())
}

impl Installation {
    /// Starts a program and makes so many credentials.
    pub(crate) fn make(start: Start, upstream: &Upstream, size: Size, connections: usize) -> Result<Self> {
        let gateway = Local::spawn(start);
        let (open_service, asked_service) =
            (service(&gateway, upstream, "open", true), service(&gateway, upstream, "asked", false));
        create(&gateway, "/routes", &json!({"paths": ["/"], "service": {"id": open_service}}));
        let filled = fill::fill(&gateway, &open_service, size, connections)?;
        Ok(Installation { gateway, filled, open_service, asked_service })
    }

    pub(crate) fn admin(&self) -> Result<Connection> {
        Ok(Connection::open(&self.gateway.admin_authority())?)
    }

    fn file_bytes(&self) -> Result<u64> {
        Ok(fs::metadata(self.gateway.data().join("store.redb"))?.len())
    }

    /// Ends it in order and starts it, then kills it while it writes and starts it.
    fn restart(&mut self) -> Result<(Stored, [Duration; 2])> {
        self.gateway.terminate();
        self.gateway.wait(END).context("it does not end")?;
        let stored = stored::read(&self.gateway.data().join("store.redb"))?;
        let in_order = self.start();
        let writing = self.write_on()?;
        thread::sleep(Duration::from_millis(1500));
        self.gateway.kill();
        let _ = writing.join();
        Ok((stored, [in_order, self.start()]))
    }

    /// Ends it in order and writes its file anew.
    fn compact(&mut self, program: &Path) -> Result<Compacted> {
        self.gateway.terminate();
        self.gateway.wait(END).context("it does not end")?;
        let begun = Instant::now();
        workspace::run(Command::new(program).arg("compact").arg("--data").arg(self.gateway.data()))?;
        Ok(Compacted { file_bytes: self.file_bytes()?, time: begun.elapsed() })
    }

    fn start(&mut self) -> Duration {
        let begun = Instant::now();
        self.gateway.restart();
        begun.elapsed()
    }

    /// Writes until the program is gone.
    fn write_on(&self) -> Result<thread::JoinHandle<()>> {
        let mut connection = self.admin()?;
        let application = &self.filled.applications[0].id;
        let path = format!("/applications/{application}");
        let request = self.gateway.admin_request("PATCH", &path).header("Content-Type", "application/json");
        let request = request.body(r#"{"description":"written on"}"#);
        Ok(thread::spawn(move || while connection.exchange(&request).is_ok() {}))
    }
}

/// Makes a service with key-auth that is open for registration; answers its id. `auto_approve`: whether contracts
/// with it are approved at once.
pub(crate) fn service(gateway: &Local, upstream: &Upstream, name: &str, auto_approve: bool) -> String {
    let body = json!({"name": name, "host": upstream.host(), "port": upstream.port()});
    let service = create(gateway, "/services", &body);
    let plugins = format!("/services/{}/plugins", id_of(&service));
    create(gateway, &plugins, &json!({"name": "key-auth"}));
    let config = json!({"display_name": name, "auto_approve": auto_approve});
    create(gateway, &plugins, &json!({"name": "application-registration", "config": config}));
    id_of(&service).to_owned()
}

/// Answers each request with `ok`.
pub(crate) fn upstream() -> Upstream {
    Upstream::raw(|connection, _| {
        connection.send_raw(&answer(200, &[], b"ok"))?;
        Ok(latchkey_tests::upstream::Next::KeepAlive)
    })
}
