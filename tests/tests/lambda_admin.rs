//! The Admin API suite against the Lambda function, behind a Function URL and in cargo-lambda's
//! emulator.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use latchkey_tests::admin_suite::{run_all, tests};
use latchkey_tests::gateway::Gateway;
use latchkey_tests::lambda::{Trigger, Way};

fn check(way: Way, without: &[&str]) {
    let gateway = Gateway::lambda(way);
    let without: Vec<String> = without.iter().map(|feature| (*feature).to_owned()).collect();
    let report = run_all(&gateway, &without);
    let summary = format!("{}: {}", way.name(), report.summary());
    println!("{summary}");
    assert!(report.failed.is_empty(), "{summary}");
    assert!(!report.passed.is_empty(), "no test ran");
    if std::env::var_os("LATCHKEY_TEST_CASES").is_none() {
        assert_eq!(report.passed.len() + report.without.len(), tests().len(), "tests are missing");
    }
}

#[test]
fn function_url() {
    check(Way::Trigger(Trigger::FunctionUrl), &[]);
}

#[test]
fn cargo_lambda_watch() {
    // Of repeated fields it passes the first, and it fails on what is not UTF-8.
    check(Way::Watch, &["repeated-fields", "binary-bodies"]);
}
