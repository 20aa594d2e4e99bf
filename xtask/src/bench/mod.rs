//! `cargo xtask bench`

mod document;
mod gateway;
mod lambda;
mod worker;

use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which one; all without it.
    #[command(subcommand)]
    which: Option<Which>,
}

#[derive(clap::Subcommand)]
enum Which {
    /// The benchmarks of the core alone.
    Core,
    /// The whole local gateway beside nginx, HAProxy and Caddy.
    Gateway(gateway::Options),
    /// The Lambda function beside ones in Node.js and Python and one that answers a constant.
    Lambda(lambda::Options),
    /// The Cloudflare Worker beside one on Hono and one that only proxies.
    Worker,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    match &options.which {
        Some(Which::Core) => bench_core(),
        Some(Which::Gateway(options)) => gateway::run(options),
        Some(Which::Lambda(options)) => lambda::run(options),
        Some(Which::Worker) => worker::run(),
        None => {
            bench_core()?;
            gateway::run(&gateway::Options::default())
        }
    }
}

fn bench_core() -> anyhow::Result<()> {
    workspace::cargo(&["bench", "--package", "latchkey-gateway"])
}
