//! What is to be measured, and for how long.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Length of one sample.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) seconds: u64,
    /// Samples of each gateway and route; medians are reported.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) rounds: u64,
    /// Connections that the load keeps open, each with one request at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) connections: u64,
    /// Cores, and with them worker processes or threads, for the gateway under test.
    #[arg(long, default_value_t = 1)]
    pub(super) cores: usize,
    /// Measure these alone.
    #[arg(long, value_delimiter = ',', default_values = ["latchkey", "nginx", "haproxy", "caddy"])]
    pub(super) only: Vec<Kind>,
    /// A built `latchkey` to measure, in place of building one.
    #[arg(long, value_name = "FILE")]
    pub(super) latchkey: Option<PathBuf>,
    /// Write the tables into docs/benchmarks.md.
    #[arg(long)]
    pub(super) write: bool,
}

impl Default for Options {
    fn default() -> Self {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            options: Options,
        }
        Alone::parse_from(["gateway"]).options
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Latchkey,
    Nginx,
    Haproxy,
    Caddy,
}
