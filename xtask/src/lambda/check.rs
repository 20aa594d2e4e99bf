//! Checks what the Lambda is deployed by, without an account.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, ensure};

use super::setup::{self, folder};
use crate::workspace;

/// What the CDK app is synthesised with: each trigger, and everything that can be added once.
const VARIANTS: [(&str, &[&str]); 5] = [
    ("function-url", &[SECRET, ADMIN_SECRET]),
    (
        "function-url-streaming",
        &["responseStreaming=true", SECRET, ADMIN_SECRET, "timeoutSeconds=60", "architecture=x86_64"],
    ),
    (
        "http-api",
        &[
            "trigger=http-api",
            "secretsParameterPrefix=/latchkey",
            "authorizerHttpApiId=a1b2c3d4e5",
            "authorizerRestApiId=f6a7b8c9d0",
            "authorizerResultTtlSeconds=2",
            "controlReservedConcurrency=2",
            "controlOrigin=https://keys.example.com",
            "alarmTopicArn=arn:aws:sns:eu-central-1:123456789012:alarms",
        ],
    ),
    (
        "rest-api",
        &[
            "trigger=rest-api",
            "responseStreaming=true",
            SECRET,
            ADMIN_SECRET,
            "controlOrigin=https://keys.example.com",
            "mailFrom=Portal <portal@example.com>",
            "mailIdentity=example.com",
        ],
    ),
    ("alb", &["trigger=alb", LISTENER, SECRET, ADMIN_SECRET]),
];
const SECRET: &str = "secretArn=arn:aws:secretsmanager:eu-central-1:123456789012:secret:latchkey-AbCdEf";
const ADMIN_SECRET: &str =
    "adminSecretArn=arn:aws:secretsmanager:eu-central-1:123456789012:secret:latchkey-admin-GhIjKl";
const LISTENER: &str = "albListenerArn=arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/0123456789abcdef/0123456789abcdef";
/// The CDK lets a function wait for its role, which it does anyway, as it names it.
const CDK_HABITS: &str = "W3005";

pub(super) fn check() -> Result<()> {
    let programs = setup::python_programs()?;
    setup::npm_packages()?;
    check_sam(&programs)?;
    compile_cdk()?;
    test_cdk()?;
    let templates = synthesise_all()?;
    lint(&programs, &["--ignore-checks", CDK_HABITS, "--"], &templates)
}

fn check_sam(programs: &Path) -> Result<()> {
    let template = folder().join("template.yaml");
    let mut sam = Command::new(programs.join("sam"));
    sam.args(["validate", "--lint", "--region", "us-east-1", "--template"]).arg(&template);
    sam.env("SAM_CLI_TELEMETRY", "0");
    workspace::run(&mut sam)?;
    lint(programs, &["--"], &[template])
}

/// Types are checked by it too.
fn compile_cdk() -> Result<()> {
    let built = cdk().join("build");
    if built.exists() {
        fs::remove_dir_all(&built).context("remove what the CDK app was compiled to")?;
    }
    let mut compiler = Command::new("node");
    compiler.arg(folder().join("node_modules/typescript/bin/tsc")).arg("--project").arg(cdk());
    workspace::run(&mut compiler)
}

fn test_cdk() -> Result<()> {
    let tests: Vec<PathBuf> = fs::read_dir(cdk().join("build/tests"))
        .context("list the tests of the CDK app")?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.js"))
        .collect();
    ensure!(!tests.is_empty(), "the CDK app has no tests");
    workspace::run(Command::new("node").arg("--test").args(tests))
}

/// All at once, since a synthesis is mostly one thread that loads JavaScript.
fn synthesise_all() -> Result<Vec<PathBuf>> {
    thread::scope(|scope| {
        let running = VARIANTS.map(|(name, settings)| scope.spawn(move || synthesise(name, settings)));
        running.into_iter().map(|synthesis| synthesis.join().ok().context("a synthesis panicked")?).collect()
    })
}

/// Makes the template of a variant. What is built does not matter to it, so that nothing need be.
fn synthesise(name: &str, settings: &[&str]) -> Result<PathBuf> {
    println!("synthesising {name}");
    let output = cdk().join("cdk.out").join(name);
    let mut synth = Command::new("node");
    synth
        .arg(folder().join("node_modules/aws-cdk/bin/cdk"))
        .args(["synth", "--quiet", "--app", "node build/app.js", "--context", "placeholder=true", "--output"])
        .arg(&output);
    for setting in settings {
        synth.args(["--context", setting]);
    }
    let status = synth.current_dir(cdk()).status().context("start cdk")?;
    ensure!(status.success(), "cdk synth failed for {name}: {status}");
    Ok(output.join("latchkey.template.json"))
}

fn lint(programs: &Path, options: &[&str], templates: &[PathBuf]) -> Result<()> {
    workspace::run(Command::new(programs.join("cfn-lint")).args(options).args(templates))
}

/// `infra/aws/cdk`.
fn cdk() -> PathBuf {
    folder().join("cdk")
}
