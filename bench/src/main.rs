//! `cargo xtask bench`: Latchkey measured beside others.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its terminal")]

mod document;
mod machine;

mod dump;
mod gateway;
mod import;
mod lambda;
mod log_ins;
mod million;
mod pages;

use clap::Parser;
use xtask::{worker, workspace};

/// Measures Latchkey beside others.
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Options {
    /// Which one; core and gateway without it.
    #[command(subcommand)]
    which: Option<Which>,
}

#[derive(clap::Subcommand)]
enum Which {
    /// The benchmarks of the core alone.
    Core,
    /// What a dump by decK costs the local program.
    Dump(dump::Options),
    /// The whole local gateway beside nginx, HAProxy and Caddy.
    Gateway(gateway::Options),
    /// What an import of consumers with keys costs.
    Import(import::Options),
    /// The Lambda function beside ones in Node.js and Python and one that answers a constant.
    Lambda(lambda::Options),
    /// A flood of log-ins beside proxied requests; known and unknown addresses; 100,000 developers.
    LogIns(log_ins::Options),
    /// The local program with a million credentials beside one with a thousand.
    Million(million::Options),
    /// What pages of the manager cost with 10,000 applications and 1,000 requests for access that wait.
    Pages(pages::Options),
    /// The Cloudflare Worker beside one on Hono, one that only proxies and one that answers a constant.
    Worker,
}

fn main() -> anyhow::Result<()> {
    match &Options::parse().which {
        Some(Which::Core) => bench_core(),
        Some(Which::Dump(options)) => dump::run(options),
        Some(Which::Gateway(options)) => gateway::run(options),
        Some(Which::Import(options)) => import::run(options),
        Some(Which::Lambda(options)) => lambda::run(options),
        Some(Which::LogIns(options)) => log_ins::run(options),
        Some(Which::Million(options)) => million::run(options),
        Some(Which::Pages(options)) => pages::run(options),
        Some(Which::Worker) => worker::bench(),
        None => {
            bench_core()?;
            gateway::run(&gateway::Options::default())
        }
    }
}

fn bench_core() -> anyhow::Result<()> {
    workspace::cargo(&["bench", "--package", "latchkey-gateway"])
}
