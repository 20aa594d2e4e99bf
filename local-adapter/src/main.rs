//! Latchkey as one local process: HTTP in front, an embedded store behind, core in between.

mod config;
mod message;
mod secrets;

mod seats;
mod server;
mod worker;

mod budget;
mod client_stream;
mod connection;
mod gather;
mod heads;
mod hold;
mod own;
mod proxy;
mod upgrade;

mod data_plane;
mod published;
mod store;

mod admin;
mod control;

mod body;
mod connect;
mod failure;
mod frames;
mod idle;
mod link;
mod patience;
mod progress;
mod response_body;
mod response_head;
mod tls;
mod tunnel;
mod upload;
mod upstream;

mod demo;
mod echo;
mod system;

#[cfg(test)]
mod codec_oracle;
#[cfg(test)]
mod codec_tests;
#[cfg(test)]
mod end_to_end;

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use http::HeaderValue;
use latchkey_gateway::gateway::Gateway;
use latchkey_published::feed::Head;
use latchkey_published::keys::Peppers;
use tokio::net::TcpListener;

use crate::budget::Budget;
use crate::config::Settings;
use crate::control::Control;
use crate::data_plane::DataPlane;
use crate::demo::Demo;
use crate::hold::Holding;
use crate::message::Start;
use crate::published::Published;
use crate::seats::{Bounds, Seats, Shed};
use crate::secrets::{AdminToken, SecretSettings};
use crate::store::{OpenError, RedbStore};
use crate::system::Timer;
use crate::worker::{Common, Reached, WorkerThread};

fn main() -> ExitCode {
    let settings = Settings::parse();
    start_logging();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome =
        runtime.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(run(&settings)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Past the log, which may be turned off: this is why there is no gateway.
            let _ = writeln!(io::stderr(), "latchkey: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env_lossy();
    let is_terminal = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(is_terminal).with_writer(io::stderr).init();
}

/// Starts everything and serves until a signal. The error is for the person at the terminal.
async fn run(settings: &Settings) -> Result<(), String> {
    let data = &settings.data;
    let mut set = SecretSettings::read()?;
    secrets::create_folder(data).map_err(|error| format!("cannot make {}: {error}", data.display()))?;
    let store = open_store(settings)?;
    let failed = |error: latchkey_store::StoreError| error.to_string();
    let is_new = store.read(&Head::record_key()).map_err(failed)?.is_none();
    let peppers = secrets::find_peppers(data, is_new, &set).map_err(|error| format!("no pepper: {error}"))?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let started = Control::start(
        store.clone(),
        peppers.peppers.clone(),
        set.admin_token.take(),
        settings.admin_guesses_per_second,
    )?;
    let (control, token) = (started.control, started.token);
    let bounds = Bounds::find(settings.max_connections);
    let seats = Seats::new(bounds.connections);
    let common = common(settings, bounds, address.port());
    let workers = start_workers(settings, &store, &peppers.peppers, &started.published, &control, &common)?;
    let demo = if settings.demo { make_demo(&control, &peppers.peppers, &token).await } else { None };
    drop(control);
    message::tell(&Start {
        url: &format!("http://{address}"),
        data,
        pepper_is_new: peppers.is_new,
        token: token.new.as_ref(),
        demo: demo.as_ref(),
    });
    server::run(listener, workers, &seats).await.map_err(|error| error.to_string())?;
    // Nobody can call it any more: it finishes what it is at and ends.
    let _ = started.thread.join();
    Ok(())
}

/// Uses the Admin API in process, with a token for this alone: nobody can connect yet.
/// Without a demo the gateway is still of use, and its admin token has to be shown.
#[expect(clippy::disallowed_methods, reason = "it is presented")]
async fn make_demo(control: &Control, peppers: &Peppers, token: &AdminToken) -> Option<Demo> {
    let own = secrets::make_token();
    control.set_token(peppers.current.digest_key(&own)).await;
    let field = HeaderValue::from_str(&format!("Bearer {}", own.reveal())).expect("a token is ASCII");
    let demo = demo::prepare(control, &field).await;
    control.set_token(token.digest).await;
    demo.inspect_err(|error| tracing::error!(error, "the demo could not be made")).ok()
}

fn open_store(settings: &Settings) -> Result<RedbStore, String> {
    let path = settings.data.join("store.redb");
    RedbStore::open(&path).map_err(|error| match error {
        OpenError::InUse => format!("{} is in use by another latchkey process", settings.data.display()),
        OpenError::Broken(cause) => format!("{} is not a store or is damaged: {cause}", path.display()),
        OpenError::Io(error) => format!("cannot open {}: {error}", path.display()),
    })
}

/// What all threads share, told in the log.
fn common(settings: &Settings, bounds: Bounds, server_port: u16) -> Common {
    tracing::info!(
        max_connections = bounds.connections,
        held_body_bytes = settings.held_body_bytes,
        held_body_rate = settings.held_body_rate,
        "bounds"
    );
    Common {
        reached: Reached { port: server_port, trusted: settings.trusted_ips.clone() },
        drain: Duration::from_millis(settings.drain_ms),
        holding: Holding {
            budget: Budget::new(settings.held_body_bytes),
            bytes_per_second: settings.held_body_rate,
        },
        response_fields: settings.headers,
        upstreams: settings.upstream_allow.clone(),
        idle_max: (bounds.idle / settings.thread_count()).max(1),
        shed: Shed::default(),
    }
}

fn start_workers(
    settings: &Settings,
    store: &RedbStore,
    peppers: &Peppers,
    published: &Arc<Published>,
    control: &Control,
    common: &Common,
) -> Result<Vec<WorkerThread>, String> {
    let start = |number| {
        let (store, published, control) = (store.clone(), Arc::clone(published), control.clone());
        let (gateway, peppers) = (settings.gateway(), peppers.clone());
        let data_plane = move || DataPlane {
            gateway: RefCell::new(Gateway::new(gateway, peppers)),
            store,
            published,
            control,
            timer: Timer::start(),
        };
        WorkerThread::start(number, common.clone(), data_plane)
    };
    let workers = (0..settings.thread_count()).map(start).collect::<Result<_, _>>();
    workers.map_err(|error| format!("cannot start a thread: {error}"))
}
