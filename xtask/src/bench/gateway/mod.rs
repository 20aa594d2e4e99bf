//! The whole local gateway beside nginx, HAProxy and Caddy, all in front of one upstream, on the
//! same cores, in one run, doing the same work: look the key up, refuse without one, take it off,
//! set who it is, pass the request on.

mod workload;

mod client;
mod cores;
mod install;
mod process;
mod scratch;

mod upstream;

mod caddy;
mod haproxy;
mod latchkey;
mod nginx;

mod load;
mod verify;

pub(super) mod machine;
mod report;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use std::{fmt, thread};

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};

use cores::Cores;
use load::{Load, Sample};
use process::Process;
use scratch::Scratch;
use upstream::Upstream;
use workload::Credential;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Length of one sample.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Samples of each gateway and route; medians are reported.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Connections that the load keeps open, each with one request at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    connections: u64,
    /// Cores, and with them worker processes or threads, for the gateway under test.
    #[arg(long, default_value_t = 1)]
    cores: usize,
    /// Measure these alone.
    #[arg(long, value_delimiter = ',', default_values = ["latchkey", "nginx", "haproxy", "caddy"])]
    only: Vec<Kind>,
    /// A built `latchkey` to measure, in place of building one.
    #[arg(long, value_name = "FILE")]
    latchkey: Option<PathBuf>,
    /// Write the tables into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

impl Default for Options {
    fn default() -> Self {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            options: Options,
        }
        Alone::parse_from(["gateway"]).options
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Latchkey,
    Nginx,
    Haproxy,
    Caddy,
}

/// What every gateway serves, on one port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Route {
    /// `/keyed`: passes only with a key.
    Keyed,
    /// `/plain`: the same without the key check.
    Plain,
}

impl Route {
    fn path(self) -> &'static str {
        match self {
            Self::Keyed => "/keyed",
            Self::Plain => "/plain",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

/// A gateway that runs and knows every key.
struct Gateway {
    name: &'static str,
    version: String,
    port: u16,
    /// Who each key stands for, as this gateway knows it: ids made by Latchkey are its own.
    credentials: Rc<[Credential]>,
    process: Process,
}

/// What one gateway showed: samples in the order of the rounds.
struct Measured {
    name: &'static str,
    version: String,
    keyed: Vec<Sample>,
    plain: Vec<Sample>,
    /// After the last round.
    memory: process::Memory,
}

/// What starting a gateway takes.
struct Setting<'a> {
    scratch: &'a Scratch,
    cores: &'a Cores,
    upstream_port: u16,
    credentials: Rc<[Credential]>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let cores = Cores::assign(options.cores)?;
    let programs = install::programs(&options.only, options.latchkey.as_deref())?;
    let scratch = Scratch::create()?;
    let upstream = Upstream::start(&programs.nginx, &scratch, &cores)?;
    let setting = Setting {
        scratch: &scratch,
        cores: &cores,
        upstream_port: upstream.port,
        credentials: workload::credentials().into(),
    };

    let gateways: Vec<Gateway> =
        options.only.iter().map(|kind| start(*kind, &programs, &setting)).collect::<Result<_>>()?;
    for gateway in &gateways {
        eprintln!("{}: checking that it does the work", gateway.name);
        verify::verify(gateway, &upstream).with_context(|| explain(gateway))?;
    }

    let load = Load::prepare(&programs.wrk, &setting, options)?;
    let measured = measure(gateways, &upstream, &load, options.rounds)?;

    let report = report::render(&measured, options, &cores, &machine::describe()?);
    println!("{report}");
    if options.write {
        report::write(&report, options.cores)?;
    }
    Ok(())
}

fn start(kind: Kind, programs: &install::Programs, setting: &Setting<'_>) -> Result<Gateway> {
    match kind {
        Kind::Latchkey => latchkey::start(programs.latchkey()?, setting),
        Kind::Nginx => nginx::start(&programs.nginx, setting),
        Kind::Haproxy => haproxy::start(programs.haproxy()?, setting),
        Kind::Caddy => caddy::start(programs.caddy()?, setting),
    }
}

/// Samples the gateways in turn, so that whatever else the machine does falls on all alike.
fn measure(
    gateways: Vec<Gateway>,
    upstream: &Upstream,
    load: &Load<'_>,
    rounds: u64,
) -> Result<Vec<Measured>> {
    let mut samples: Vec<(Vec<Sample>, Vec<Sample>)> = gateways.iter().map(|_| (vec![], vec![])).collect();
    for gateway in &gateways {
        for route in [Route::Keyed, Route::Plain] {
            sample(gateway, route, upstream, &load.warm_up())?;
        }
    }
    for round in 0..rounds {
        for (index, gateway) in in_turn(&gateways, round) {
            // The two routes side by side, first one then the other first: their difference is small.
            let routes = [Route::Keyed, Route::Plain];
            for route in if round % 2 == 0 { routes } else { [routes[1], routes[0]] } {
                let taken = sample(gateway, route, upstream, load)?;
                eprintln!("round {} of {rounds}: {:<8} {route} {taken}", round + 1, gateway.name);
                match route {
                    Route::Keyed => samples[index].0.push(taken),
                    Route::Plain => samples[index].1.push(taken),
                }
            }
        }
    }
    gateways
        .into_iter()
        .zip(samples)
        .map(|(gateway, (keyed, plain))| {
            let memory = gateway.process.memory()?;
            Ok(Measured { name: gateway.name, version: gateway.version, keyed, plain, memory })
        })
        .collect()
}

/// All of them, each round beginning with another.
fn in_turn(gateways: &[Gateway], round: u64) -> impl Iterator<Item = (usize, &Gateway)> {
    let first = usize::try_from(round).unwrap_or(0) % gateways.len().max(1);
    gateways.iter().enumerate().cycle().skip(first).take(gateways.len())
}

fn sample(gateway: &Gateway, route: Route, upstream: &Upstream, load: &Load<'_>) -> Result<Sample> {
    thread::sleep(Duration::from_millis(200));
    load.run(gateway, route, upstream)
        .with_context(|| format!("load on {route}"))
        .with_context(|| explain(gateway))
}

fn explain(gateway: &Gateway) -> String {
    format!("{} {}; the end of its log:\n{}", gateway.name, gateway.version, gateway.process.log_tail())
}

/// Waits until `ready` says so.
fn wait_for(what: &str, process: &mut Process, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
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
