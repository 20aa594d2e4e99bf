//! The Lambda function beside one in Node.js and one in Python that do the same with AWS's SDK, and
//! one in Rust that answers a constant, all against one Runtime API, in one run, taking turns.

mod contenders;
mod measure;
mod package;
mod report;

use std::path::PathBuf;

use anyhow::Result;

use super::document;
use super::gateway::machine;
use contenders::{Contender, Stage};
use measure::Sample;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Cold starts of each.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Warm invocations after each cold start.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(10..))]
    invocations: u64,
    /// A folder with the built `latchkey-lambda` and `examples/constant`, in place of building them.
    #[arg(long, value_name = "FOLDER")]
    built: Option<PathBuf>,
    /// Put the table into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

/// One contender with all that was measured of it.
struct Measured {
    contender: Contender,
    package_bytes: u64,
    samples: Vec<Sample>,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let stage = Stage::set_up(options.built.as_deref())?;
    let mut measured = Vec::new();
    for contender in stage.contenders() {
        let package_bytes = package::zipped_bytes(&stage, &contender)?;
        measured.push(Measured { contender, package_bytes, samples: Vec::new() });
    }
    for round in 1..=options.rounds {
        for one in &mut measured {
            one.samples.push(measure::sample(&one.contender, options.invocations)?);
        }
        eprintln!("round {round} of {}", options.rounds);
    }
    let report = report::render(&measured, options, &machine::describe()?);
    println!("{report}");
    if options.write { document::write("lambda", &report) } else { Ok(()) }
}
