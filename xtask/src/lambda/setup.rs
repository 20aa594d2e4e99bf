//! Gets what the Lambda is built and tested with. What takes long is kept outside the checkout.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::{tools, workspace};

/// npm's package of AWS's own DynamoDB Local: a jar and its libraries.
const DYNAMODB_LOCAL: (&str, &str) = ("amplify-dynamodb-simulator", "2.9.30");
/// What comes from PyPI; sam asks for a cfn-lint of about this version.
const PYTHON_PACKAGES: [(&str, &str); 3] =
    [("cargo-lambda", "1.9.2"), ("aws-sam-cli", "1.170.0"), ("cfn-lint", "1.58.0")];

/// Where everything is that is needed.
pub(crate) struct Tools {
    /// Folder with `DynamoDBLocal.jar`.
    #[allow(dead_code, reason = "read by the chores that test")]
    pub(crate) dynamodb_local: PathBuf,
    /// Folder with the programs `cargo-lambda`, `sam` and `cfn-lint`.
    #[allow(dead_code, reason = "read by the chores that build")]
    pub(crate) programs: PathBuf,
}

/// Gets everything that is not there yet.
pub(crate) fn prepare() -> Result<Tools> {
    let tools = Tools { dynamodb_local: dynamodb_local()?, programs: python_programs()? };
    npm_packages()?;
    Ok(tools)
}

/// `infra/aws`.
pub fn folder() -> PathBuf {
    workspace::root().join("infra/aws")
}

/// The npm packages of `infra/aws`.
pub(crate) fn npm_packages() -> Result<()> {
    tools::npm_packages(&folder())
}

/// Folder with `DynamoDBLocal.jar`; Java is there too.
pub(crate) fn dynamodb_local() -> Result<PathBuf> {
    if workspace::find_program("java").is_none() {
        tools::debian_packages(&["default-jre-headless"]).context("DynamoDB Local needs Java")?;
    }
    let (package, version) = DYNAMODB_LOCAL;
    // The package alone: what it depends on is for its JavaScript.
    let folder = tools::npm_package(&format!("dynamodb-local-{version}"), package, version)?;
    let emulator = folder.join("emulator");
    ensure!(emulator.join("DynamoDBLocal.jar").is_file(), "no DynamoDBLocal.jar in {}", emulator.display());
    Ok(emulator)
}

/// Folder with the programs `cargo-lambda`, `sam` and `cfn-lint`.
pub fn python_programs() -> Result<PathBuf> {
    tools::python_packages("python", &PYTHON_PACKAGES)
}

/// `PATH` with the programs of [`python_programs`] in front.
pub(crate) fn search_path(programs: &Path) -> OsString {
    let mut path = programs.as_os_str().to_owned();
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    path
}
