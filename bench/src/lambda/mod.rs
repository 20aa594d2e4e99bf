//! The Lambda function beside one in Node.js and one in Python that do the same with AWS's SDK, and
//! one in Rust that answers a constant, all against one Runtime API, in one run, taking turns.

mod options;

mod contenders;
mod measure;
mod package;
mod report;

use anyhow::Result;

use crate::{document, machine};
use contenders::Stage;
use measure::Measured;
pub(crate) use options::Options;

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
