//! `cargo xtask test`

use std::process::Command;

use crate::lambda;
use crate::mixed;
use crate::tidy;
use crate::worker;
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run the long simulation too: 12,000 seeds, over 3,000,000 requests (about 15 minutes); run all
    /// vectors and the whole Admin API suite behind every way to the function; and build the program of
    /// the first stored format, to run it over data of this one and the reverse.
    #[arg(long)]
    long: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    tidy::run()?;
    let environment = lambda::test::environment()?;
    let mut tests = Command::new(workspace::cargo_program());
    tests.args(["test", "--workspace", "--no-fail-fast"]);
    workspace::run(tests.env("LATCHKEY_BIN", workspace::tested_program("latchkey")?).envs(environment))?;
    worker::test::run(&worker::test::Options::default())?;
    if options.long {
        let mut simulation = Command::new(workspace::cargo_program());
        simulation.args(["test", "--release", "--package", "latchkey-both-planes", "--test", "simulation"]);
        simulation.args(["--", "--nocapture"]).env("LATCHKEY_SIMULATION_SEEDS", "12000");
        workspace::run(&mut simulation)?;
        lambda::test::everywhere()?;
        tell_of(&mixed::run()?);
    }
    Ok(())
}

/// What was not run is the last that is said, and is not said to have passed.
fn tell_of(outcome: &mixed::Outcome) {
    match outcome {
        mixed::Outcome::Passed => println!("mixed versions: passed, both ways"),
        mixed::Outcome::NotRun(reason) => println!("mixed versions: NOT RUN: {reason}"),
    }
}
