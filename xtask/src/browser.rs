//! `cargo xtask browser`: portal and manager in headless Chromium.

use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use latchkey_tests::browser::{AXE_VARIABLE, DRIVER_VARIABLE, GALLERY_VARIABLE};
use latchkey_tests::deployment::NODE_VARIABLE;
use latchkey_tests::public_documents;

use crate::worker::{build, setup};
use crate::{tools, workspace};

/// npm's package of axe-core, one file of which is needed.
const AXE: (&str, &str) = ("axe-core", "4.14.1");
const DRIVER: &str = "chromedriver";
/// The browser, and what drives it.
const CHROMIUM: [&str; 2] = ["chromium", "chromium-driver"];
/// What Japanese pages are drawn with.
const FONTS: [&str; 1] = ["fonts-noto-cjk"];
/// The one test that draws instead.
const GALLERY: &str = "gallery::screenshots_are_drawn";
const SCREENSHOTS: &str = "docs/screenshots";

/// Which tests.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Every page in every look and language, and the story in Japanese, on a phone and on the Worker, the
    /// snippets that are compiled, and specifications of others': some ten minutes.
    #[arg(long)]
    long: bool,
    /// Draw docs/screenshots anew instead.
    #[arg(long)]
    screenshots: bool,
    /// Only tests with these words in their names.
    #[arg(conflicts_with = "screenshots")]
    words: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let environment = environment()?;
    workspace::build_for_tests()?;
    let mut tests = Command::new(workspace::cargo_program());
    tests.args(["test", "--workspace", "--no-fail-fast", "--test", "browser"]).envs(environment);
    tests.env("LATCHKEY_BIN", workspace::tested_program("latchkey")?);
    if options.screenshots {
        tools::debian_packages(&FONTS).context("Japanese pages need a font")?;
        let folder = workspace::root().join(SCREENSHOTS);
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        tests.args(["--", "--nocapture", "--ignored", "--exact", GALLERY]).env(GALLERY_VARIABLE, folder);
        return workspace::run(&mut tests);
    }
    if options.long {
        build::build()?;
        tests.env(NODE_VARIABLE, setup::node().get_program());
        // What pages show to be copied is compiled, too, and specifications of others' are shown.
        tests.args(["--test", "snippets", "--test", "public_documents"]);
        tests.env(public_documents::VARIABLE, documents()?);
        tests.args(["--", "--nocapture", "--include-ignored", "--skip", GALLERY]);
    } else {
        tests.args(["--", "--nocapture"]);
    }
    workspace::run(tests.args(&options.words))
}

/// All of them, however long they take.
pub(crate) fn at_length() -> Result<()> {
    run(&Options { long: true, screenshots: false, words: Vec::new() })
}

/// What tests in the browser are told: where its driver is, and axe-core.
pub(crate) fn environment() -> Result<Vec<(&'static str, OsString)>> {
    Ok(vec![
        (DRIVER_VARIABLE, chromedriver()?.into_os_string()),
        (AXE_VARIABLE, axe()?.join("axe.min.js").into_os_string()),
    ])
}

fn chromedriver() -> Result<PathBuf> {
    if workspace::find_program(DRIVER).is_none() {
        tools::debian_packages(&CHROMIUM).context(
            "the tests of the pages need Chromium and chromedriver in PATH; Debian's are installed when this runs as root",
        )?;
    }
    workspace::find_program(DRIVER).context("chromium-driver brought no chromedriver")
}

/// Specifications of others'.
fn documents() -> Result<PathBuf> {
    let (package, version) = public_documents::PACKAGE;
    let names = public_documents::FITTING.iter().chain(&public_documents::TOO_LARGE);
    let files: Vec<String> = names.map(|name| format!("{}/{name}", public_documents::WITHIN)).collect();
    // Others are got anew.
    let mut names = DefaultHasher::new();
    files.hash(&mut names);
    tools::npm_files(&format!("{package}-{version}-{:016x}", names.finish()), package, version, &files)
}

fn axe() -> Result<PathBuf> {
    let (package, version) = AXE;
    tools::npm_package(&format!("{package}-{version}"), package, version)
}
