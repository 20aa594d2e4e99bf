//! `cargo xtask test`

use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run the long tests too, those marked `#[ignore]`.
    #[arg(long)]
    long: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut arguments = vec!["test", "--workspace"];
    if options.long {
        arguments.extend(["--", "--include-ignored"]);
    }
    workspace::cargo(&arguments)
}
