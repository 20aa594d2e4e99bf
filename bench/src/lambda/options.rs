//! What is to be measured, and how often.

use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Cold starts of each.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) rounds: u64,
    /// Warm invocations after each cold start.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(10..))]
    pub(super) invocations: u64,
    /// A folder with the built `latchkey-lambda` and `examples/constant`, in place of building them.
    #[arg(long, value_name = "FOLDER")]
    pub(super) built: Option<PathBuf>,
    /// Put the table into docs/benchmarks.md.
    #[arg(long)]
    pub(super) write: bool,
}
