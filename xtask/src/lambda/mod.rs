//! `cargo xtask lambda`: the AWS Lambda.

mod build;
mod check;
mod dev;
pub mod dynamodb;
pub mod setup;
pub(crate) mod test;

use anyhow::Result;

/// What to do with the Lambda.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Get what is needed to build and test it: DynamoDB Local, Java, cargo-lambda, sam, cfn-lint,
    /// npm packages.
    Setup,
    /// Build what is deployed into infra/aws/build.
    Build(build::Options),
    /// Run its tests behind every trigger and in cargo-lambda's emulator.
    Test(test::Options),
    /// Start cargo-lambda's emulator with the demo data.
    Dev,
    /// Check the SAM template and the CDK app; needs no account.
    Check,
    /// Print the folder of DynamoDB Local, as tests want it in LATCHKEY_DYNAMODB_LOCAL.
    Where,
    /// Start DynamoDB Local with an empty table, until Enter is pressed.
    Dynamodb,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.what {
        What::Setup => setup::prepare().map(drop),
        What::Build(options) => build::run(options),
        What::Test(options) => test::run(options),
        What::Dev => dev::run(),
        What::Check => check::check(),
        What::Where => setup::dynamodb_local().map(|folder| println!("{}", folder.display())),
        What::Dynamodb => dynamodb::serve(),
    }
}
