//! The Admin API suite against the Lambda function: all of it behind one trigger; behind the others and
//! in cargo-lambda's emulator what is about requests as such.
//!
//! What a trigger does not let through is named here as docs/platforms.md has it; the features are
//! those of tests/README.md.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::sync::{Mutex, PoisonError};

use latchkey_tests::admin_suite::{run_all, run_each, tests, tests_of_requests};
use latchkey_tests::deployment::{Lambda, Settings};
use latchkey_tests::lambda::{Trigger, Way};

/// One way at a time: each has a Java of its own, and answers in time only with processors to itself.
static TURN: Mutex<()> = Mutex::new(());

fn check(way: Way, without: &[&str]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // The suite sends hundreds of wrong tokens.
    let unbounded = ("LATCHKEY_ADMIN_GUESSES_PER_SECOND".to_owned(), "0".to_owned());
    let settings = Settings { variables: vec![unbounded], ..Settings::default() };
    let without: Vec<String> = without.iter().map(|feature| (*feature).to_owned()).collect();
    let tests = if way.runs_all() { tests() } else { tests_of_requests() };
    let report = match way {
        Way::Trigger(_) => run_each(&tests, &|| Box::new(Lambda::with(way, &settings)), &without),
        // Each of its emulators is a cargo of its own: one is enough.
        Way::Watch => run_all(&tests, &Lambda::with(way, &settings), &without),
    };
    let summary = format!("{}: {}", way.name(), report.summary());
    println!("{summary}");
    assert!(report.failed.is_empty(), "{summary}");
    assert!(!report.passed.is_empty(), "no test ran");
    if std::env::var_os("LATCHKEY_TEST_CASES").is_none() {
        assert_eq!(report.passed.len() + report.without.len(), tests.len(), "tests are missing");
    }
}

#[test]
fn function_url() {
    check(Way::Trigger(Trigger::FunctionUrl), &[]);
}

#[test]
fn function_url_stream() {
    check(Way::Trigger(Trigger::FunctionUrlStream), &[]);
}

/// The path arrives decoded.
#[test]
fn http_api() {
    check(Way::Trigger(Trigger::HttpApi), &["encoded-path"]);
}

#[test]
fn rest_api() {
    check(Way::Trigger(Trigger::RestApi), &[]);
}

/// Of repeated fields and query members the last arrives, unless multi-value headers are on.
#[test]
fn alb() {
    check(Way::Trigger(Trigger::Alb), &["repeated-fields", "repeated-query"]);
}

#[test]
fn alb_multi_value() {
    check(Way::Trigger(Trigger::AlbMultiValue), &[]);
}

/// Of repeated fields it passes the first, and it fails on what is not UTF-8.
#[test]
fn cargo_lambda_watch() {
    check(Way::Watch, &["repeated-fields", "binary-bodies"]);
}
