//! Latchkey as one local process: HTTP in front, an embedded store behind, core in between.

mod config;
mod message;
mod origin;
mod private_file;
mod secrets;
mod settings_page;

mod seats;
mod server;
mod worker_thread;

mod client_stream;
mod clients;
mod connection;
mod heads;
mod request_head;
mod service;

mod body;
mod budget;
mod failure;
mod hold;
mod progress;

mod data_plane;
mod frames;
mod gateway_door;
mod proxy;
mod tunnel;
mod upgrade;
mod upstream;
mod worker;

mod control;
mod control_door;
mod control_plane;
mod gateway_calls;
mod log_ins;

mod mail;
mod mail_folder;
mod mail_message;
mod smtp;

mod published;

mod compact;
mod journal;
mod store;
mod system;

mod demo;
mod echo;

mod admin_client;
mod backup;
mod backup_file;
mod declaration;
mod digest;
mod export;
mod import;
mod import_progress;

#[cfg(test)]
mod end_to_end;

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use http::HeaderValue;
use latchkey_control::http::{ControlSettings, StartLink};
use latchkey_control::registry::{AdminToken, make_admin_token};
use latchkey_gateway::gateway::{Gateway, GatewaySettings};
use latchkey_published::feed::Head;
use latchkey_published::keys::Peppers;
use tokio::net::TcpListener;

use crate::budget::{Budget, Kind};
use crate::clients::{Reached, Terms};
use crate::config::{Command, Settings};
use crate::control::{Control, Started};
use crate::control_door::ControlDoor;
use crate::data_plane::DataPlane;
use crate::demo::Demo;
use crate::gateway_calls::GatewayCalls;
use crate::hold::Holding;
use crate::mail::Mailer;
use crate::message::Start;
use crate::seats::{Bounds, Seats, Shed};
use crate::secrets::SecretSettings;
use crate::server::Door;
use crate::store::RedbStore;
use crate::system::{SystemRandom, Timer};
use crate::worker::{UpstreamTerms, Worker};
use crate::worker_thread::WorkerThread;

fn main() -> ExitCode {
    let settings = Settings::parse();
    if settings.print_settings {
        return ended(message::print(&settings_page::render()).map_err(|error| error.to_string()));
    }
    if let Some(command) = &settings.command {
        return ended(run_command(command));
    }
    start_logging();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome =
        runtime.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(run(&settings)));
    ended(outcome)
}

/// What does its work and ends, instead of the gateway.
fn run_command(command: &Command) -> Result<(), String> {
    match command {
        Command::Digest(options) => {
            let digested = digest::run(options)?;
            digested.notices.iter().for_each(|notice| message::note(notice));
            message::print(&digested.text)
                .map_err(|error| format!("cannot write to standard output: {error}"))
        }
        Command::Import(options) => import::run(options),
        Command::Export(options) => export::run(options),
        Command::Compact(options) => {
            let told = compact::run(options)?;
            message::print(&told).map_err(|error| format!("cannot write to standard output: {error}"))
        }
        Command::Backup(options) => backup::back_up(options),
        Command::Restore(options) => backup::restore(options),
    }
}

fn ended(outcome: Result<(), String>) -> ExitCode {
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
    let mail = settings.mail_way(std::env::var(mail::SMTP_VARIABLE).ok().as_deref())?;
    secrets::create_folder(data).map_err(|error| format!("cannot make {}: {error}", data.display()))?;
    let store = open_store(settings)?;
    let failed = |error: latchkey_store::StoreError| error.to_string();
    let is_new = store.read(&Head::record_key()).map_err(failed)?.is_none();
    let peppers = secrets::find_peppers(data, is_new, &set).map_err(|error| format!("no pepper: {error}"))?;
    let gateway = listen(settings.listen, "--listen").await?;
    let control = listen(settings.control_listen()?, "--control-listen").await?;
    let of_control = settings.control(gateway.address, control.address);
    let origin = of_control.control_origin.clone();
    let of_control = ControlSettings { mail_from: mail.as_ref().map(|way| way.from.clone()), ..of_control };
    let (token, calls) = (set.admin_token.take(), GatewayCalls::at(gateway.address));
    let started = Control::start(store.clone(), peppers.peppers.clone(), token, of_control, Some(calls))?;
    let bounds = Bounds::find(settings.max_connections);
    let terms = terms(settings, bounds);
    let verify_token = set.verify_token.take().map(|token| peppers.peppers.current.digest_key(&token));
    let (of_gateway, at_gateway) = (settings.gateway(verify_token), at(&terms, &gateway));
    let workers =
        start_workers(settings, of_gateway, &store, &peppers.peppers, &started, &at_gateway, bounds)?;
    let door_terms = Terms { heads: Kind::ControlHead, ..at(&terms, &control) };
    let door = start_control_door(&started.control, door_terms)?;
    let Started { control: plane, token, thread, .. } = started;
    let demo = if settings.demo { make_demo(&plane, &peppers.peppers, &token).await } else { None };
    let manager = plane.make_link(StartLink::Manager).await;
    let portal = match demo.as_ref().and_then(Demo::developer) {
        Some(developer) => plane.make_link(StartLink::Portal(developer)).await,
        None => None,
    };
    let mailer = mail.clone().map(|way| Mailer::start(way, plane.clone())).transpose()?;
    drop(plane);
    message::tell(&Start {
        gateway: gateway.address,
        control: control.address,
        origin: origin.as_ref(),
        manager: manager.as_ref(),
        portal: portal.as_ref(),
        data,
        pepper_is_new: peppers.is_new,
        mail: mail.as_ref(),
        token: &token.origin,
        demo: demo.as_ref(),
    });
    let gateway =
        Door { listener: gateway.listener, threads: workers, seats: Seats::new(bounds.connections) };
    let seats = Seats::new(bounds.control_connections);
    let control = Door { listener: control.listener, threads: vec![door], seats };
    server::run(gateway, control).await.map_err(|error| error.to_string())?;
    // What the last calls have caused is sent at the next start, if not now.
    mailer.into_iter().for_each(Mailer::stop);
    // Nobody can call it any more: it finishes what it is at and ends.
    let _ = thread.join();
    Ok(())
}

/// An address that is ours.
struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

/// Takes an address; `flag` moves it.
async fn listen(address: SocketAddr, flag: &str) -> Result<Listening, String> {
    let failed = |error: io::Error| format!("cannot listen on {address}: {error}; {flag} names another");
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Listening { listener, address })
}

/// Uses the Admin API in process, with a token for this alone: nobody can connect yet.
/// Without a demo the gateway is still of use, and its admin token has to be shown.
#[expect(clippy::disallowed_methods, reason = "it is presented")]
async fn make_demo(control: &Control, peppers: &Peppers, token: &AdminToken) -> Option<Demo> {
    let own = make_admin_token(&SystemRandom);
    control.set_token(peppers.current.digest_key(&own)).await;
    let field = HeaderValue::from_str(&format!("Bearer {}", own.reveal())).expect("a token is ASCII");
    let demo = demo::prepare(control, &field).await;
    control.set_token(token.digest).await;
    demo.inspect_err(|error| tracing::error!(error, "the demo could not be made")).ok()
}

fn open_store(settings: &Settings) -> Result<RedbStore, String> {
    let path = settings.data.join("store.redb");
    RedbStore::open(&path, settings.store_cache_bytes).map_err(|error| error.tell(&path))
}

/// What clients get at the gateway, told in the log.
fn terms(settings: &Settings, bounds: Bounds) -> Terms {
    tracing::info!(
        max_connections = bounds.connections,
        control_connections = bounds.control_connections,
        held_body_bytes = settings.held_body_bytes,
        held_body_rate = settings.held_body_rate,
        "bounds"
    );
    Terms {
        reached: Reached { port: settings.listen.port(), trusted: settings.trusted_ips.clone() },
        drain: Duration::from_millis(settings.drain_ms),
        heads: Kind::Head,
        holding: Holding {
            budget: Budget::new(settings.held_body_bytes),
            bytes_per_second: settings.held_body_rate,
        },
    }
}

/// The same at an address.
fn at(terms: &Terms, listening: &Listening) -> Terms {
    let reached = Reached { port: listening.address.port(), ..terms.reached.clone() };
    Terms { reached, ..terms.clone() }
}

fn start_workers(
    settings: &Settings,
    of_gateway: GatewaySettings,
    store: &RedbStore,
    peppers: &Peppers,
    started: &Started,
    terms: &Terms,
    bounds: Bounds,
) -> Result<Vec<WorkerThread>, String> {
    let upstreams = UpstreamTerms {
        allowed: settings.upstream_allow.clone(),
        idle_max: (bounds.idle / settings.thread_count()).max(1),
        shed: Shed::default(),
    };
    let start = |number| {
        let (store, published, control) =
            (store.clone(), Arc::clone(&started.published), started.control.clone());
        let (gateway, peppers) = (of_gateway.clone(), peppers.clone());
        let (terms, upstreams, response_fields) = (terms.clone(), upstreams.clone(), settings.headers);
        let worker = move || {
            let gateway = RefCell::new(Gateway::new(gateway, peppers));
            let data_plane = DataPlane { gateway, store, published, control, timer: Timer::start() };
            Worker::new(data_plane, terms, upstreams, response_fields)
        };
        WorkerThread::start(format!("worker-{number}"), worker)
    };
    (0..settings.thread_count()).map(start).collect::<Result<_, _>>().map_err(no_thread)
}

fn start_control_door(control: &Control, terms: Terms) -> Result<WorkerThread, String> {
    let control = control.clone();
    WorkerThread::start("control-door".into(), move || ControlDoor::new(terms, control)).map_err(no_thread)
}

fn no_thread(error: io::Error) -> String {
    format!("cannot start a thread: {error}")
}
