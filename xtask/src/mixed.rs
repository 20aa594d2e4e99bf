//! Two versions of the program over one another's data: the one of the first stored format, built from
//! its commit, and the one at hand.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::workspace;

/// The commit whose stored forms are in `core/published/golden/1`.
const FIRST: &str = "bf3644a";

/// What came of it.
pub(crate) enum Outcome {
    Passed,
    /// Nothing was tried, and nothing is known.
    NotRun(String),
}

/// Builds the old program and runs both over one another's data. A failure is an error.
pub(crate) fn run() -> Result<Outcome> {
    if !has_commit() {
        let reason = format!("the git history does not reach back to {FIRST} here");
        return Ok(Outcome::NotRun(reason));
    }
    let folder = workspace::target_dir()?.join("first-version");
    check_out(&folder)?;
    let program = build(&folder)?;
    workspace::build_for_tests()?;
    let new = workspace::tested_program("latchkey")?;
    let mut tests = Command::new(workspace::cargo_program());
    tests.args(["test", "--workspace", "--test", "mixed_versions", "--", "--include-ignored"]);
    workspace::run(tests.env("LATCHKEY_OLD_BIN", program).env("LATCHKEY_BIN", new))?;
    Ok(Outcome::Passed)
}

fn has_commit() -> bool {
    let mut git = Command::new("git");
    git.args(["rev-parse", "--quiet", "--verify", &format!("{FIRST}^{{commit}}")]);
    workspace::output_of(&mut git).is_ok()
}

/// A worktree of the old commit, made unless it is there.
fn check_out(folder: &Path) -> Result<()> {
    if folder.join("Cargo.toml").is_file() {
        return workspace::run(
            Command::new("git").arg("-C").arg(folder).args(["checkout", "--quiet", FIRST]),
        );
    }
    // One of that name may have been removed by hand, with the target folder.
    workspace::run(Command::new("git").args(["worktree", "prune"]))?;
    workspace::run(
        Command::new("git").args(["worktree", "add", "--quiet", "--detach"]).arg(folder).arg(FIRST),
    )
}

/// Builds the old program with its own lock file, into a folder of its own.
fn build(folder: &Path) -> Result<PathBuf> {
    let target = folder.join("target");
    let mut build = Command::new(workspace::cargo_program());
    build
        .args(["build", "--locked", "--package", "latchkey", "--manifest-path"])
        .arg(folder.join("Cargo.toml"));
    workspace::run(build.arg("--target-dir").arg(&target))?;
    Ok(target.join("debug").join("latchkey"))
}
