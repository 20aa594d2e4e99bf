//! Log-ins beside everything else: what a flood of them does to proxied requests and to changes, whether
//! times tell who has an account, and what 100,000 developers cost.

mod developers;
mod flood;
mod portal;
mod timings;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use xtask::workspace;

use crate::{document, machine};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Spans with a flood, and as many without, in turn.
    #[arg(long, default_value_t = 6)]
    spans: usize,
    /// How long one is, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections that log in as fast as they are answered.
    #[arg(long, default_value_t = 40)]
    flooders: usize,
    /// Tries of each call with a known and with an unknown address.
    #[arg(long, default_value_t = 200)]
    tries: usize,
    /// Developers of the large installation; 0: not compared.
    #[arg(long, default_value_t = 100_000)]
    developers: usize,
    /// Developers of the small one.
    #[arg(long, default_value_t = 1_000)]
    few: usize,
    /// A built `latchkey` to measure, in place of building one.
    #[arg(long, value_name = "FILE")]
    latchkey: Option<PathBuf>,
    /// Write the figures into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let program = workspace::latchkey(options.latchkey.as_deref())?;
    let mut parts = vec![
        flood::measure(&program, options.spans, Duration::from_secs(options.seconds), options.flooders)?,
        timings::measure(&program, options.tries)?,
    ];
    if options.developers > 0 {
        parts.push(developers::measure(&program, options.few, options.developers)?);
    }
    let kind =
        if program.ends_with("release/latchkey") { "" } else { " by a program that is not optimised;" };
    parts.push(format!("Measured{kind} {}.", machine::describe()?));
    let report = parts.join("\n\n");
    println!("{report}");
    if options.write {
        document::write("log-ins", &report)?;
    }
    Ok(())
}

/// The time that so many hundredths are below.
fn percentile(times: &mut [Duration], hundredths: usize) -> Duration {
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) * hundredths / 100).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
