//! `cargo xtask worker`: the Cloudflare Worker.

pub(crate) mod build;
mod serve;
pub(crate) mod setup;
mod size;
pub(crate) mod test;

use anyhow::{Context, Result};

use crate::workspace;

/// What to do with the Worker.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Get what is needed to build and run it: target, wasm-bindgen, npm packages.
    Setup,
    /// Build the three scripts into infra/cloudflare/build.
    Build,
    /// Run its tests in workerd.
    Test(test::Options),
    /// Start them in wrangler's local server, with the demo data.
    Dev,
    /// Check the size of what is deployed, and that wrangler would deploy it; needs no account.
    Check,
    /// Check the size of what is deployed and the time it takes to start.
    Size,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.what {
        What::Setup => setup::prepare().map(drop),
        What::Build => build::build(),
        What::Test(options) => test::run(options),
        What::Dev => serve::dev(),
        What::Check => check(),
        What::Size => size::check(),
    }
}

fn check() -> Result<()> {
    build::build()?;
    size::check_size()?;
    for deployment in [&["--dry-run"][..], &["--first", "--dry-run"], &["--transfer", "--dry-run"]] {
        let mut deploy = setup::node();
        deploy.arg("deploy.mjs").args(deployment);
        // What was built just now is not built again.
        serve::run_here(deploy.env("LATCHKEY_BUILT", "1").env("WRANGLER_SEND_METRICS", "false"))?;
    }
    Ok(())
}

/// Measures it beside other Workers.
pub fn bench() -> Result<()> {
    build::build()?;
    let nginx = workspace::find_program("nginx").context("nginx is needed, from the package nginx")?;
    workspace::find_program("wrk").context("wrk is needed, from the package wrk")?;
    serve::run_here(setup::node().arg("bench/bench.mjs").env("NGINX", nginx))
}
