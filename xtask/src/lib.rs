//! The project's chores: `cargo xtask <chore>`.
//!
//! What the benchmarks (package `latchkey-bench`) need too is public: the tools, and what starts a
//! Worker or a Lambda function.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its terminal")]

mod bench;
mod browser;
mod fuzz;
pub mod lambda;
mod mixed;
mod test;
mod tidy;
pub mod tools;
pub mod worker;
pub mod workspace;

use clap::Parser;

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Chore {
    /// Run every test.
    Test(test::Options),
    /// Check what no compiler does: layers, literals, imports, the code map, licences.
    Tidy,
    /// Measure; `cargo xtask bench --help` lists what.
    #[command(disable_help_flag = true)]
    Bench(bench::Options),
    /// Build, test and try out the Cloudflare Worker.
    Worker(worker::Options),
    /// Build, test and try out the AWS Lambda.
    Lambda(lambda::Options),
    /// Test portal and manager in headless Chromium, or draw their screenshots.
    Browser(browser::Options),
    /// Look for input that breaks what reads input.
    Fuzz(fuzz::Options),
}

/// Does the chore that the command line names.
///
/// # Errors
/// A chore that failed, with the reason.
pub fn run() -> anyhow::Result<()> {
    match Chore::parse() {
        Chore::Test(options) => test::run(&options),
        Chore::Tidy => tidy::run(),
        Chore::Bench(options) => bench::run(&options),
        Chore::Worker(options) => worker::run(&options),
        Chore::Lambda(options) => lambda::run(&options),
        Chore::Browser(options) => browser::run(&options),
        Chore::Fuzz(options) => fuzz::run(&options),
    }
}
