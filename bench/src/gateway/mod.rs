//! The whole local gateway beside nginx, HAProxy and Caddy, all in front of one upstream, on the
//! same cores, in one run, doing the same work: look the key up, refuse without one, take it off,
//! set who it is, pass the request on.

mod options;
mod workload;

mod client;
mod cores;
mod install;
mod process;
mod scratch;

mod subject;
mod upstream;

mod caddy;
mod haproxy;
mod latchkey;
mod nginx;

mod load;
mod measure;
mod verify;

mod report;

use anyhow::{Context, Result};

use crate::machine;
use cores::Cores;
use load::Load;
use options::Kind;
pub(crate) use options::Options;
use scratch::Scratch;
use subject::{Gateway, Setting};
use upstream::Upstream;

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
        verify::verify(gateway, &upstream).with_context(|| gateway.explain())?;
    }

    let tokens = gateways.iter().map(|gateway| &gateway.tokens).find(|tokens| !tokens.is_empty());
    let tokens = tokens.cloned().unwrap_or_default();
    let load = Load::prepare(&programs.wrk, &setting, options, &tokens)?;
    let measured = measure::measure(gateways, &upstream, &load, options.rounds)?;

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
