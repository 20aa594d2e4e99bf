//! The project's chores: `cargo xtask <chore>`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its terminal")]

mod bench;
mod fuzz;
mod lambda;
mod mixed;
mod test;
mod tools;
mod worker;
mod workspace;

use clap::Parser;

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Chore {
    /// Run every test.
    Test(test::Options),
    /// Measure.
    Bench(bench::Options),
    /// Build, test and try out the Cloudflare Worker.
    Worker(worker::Options),
    /// Build, test and try out the AWS Lambda.
    Lambda(lambda::Options),
    /// Look for input that breaks what reads input.
    Fuzz(fuzz::Options),
}

fn main() -> anyhow::Result<()> {
    match Chore::parse() {
        Chore::Test(options) => test::run(&options),
        Chore::Bench(options) => bench::run(&options),
        Chore::Worker(options) => worker::run(&options),
        Chore::Lambda(options) => lambda::run(&options),
        Chore::Fuzz(options) => fuzz::run(&options),
    }
}
