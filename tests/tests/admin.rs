//! The Admin API suite against the gateway under test.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_tests::admin_suite::{Api, run_all, run_each, tests};
use latchkey_tests::deployment::{Elsewhere, Local, Options};
use latchkey_tests::report::features_not_there;

fn start() -> Box<dyn Api> {
    // The suite sends hundreds of wrong tokens.
    Box::new(Local::spawn(Options::in_memory().env("LATCHKEY_ADMIN_GUESSES_PER_SECOND", "0")))
}

#[test]
fn every_admin_api_test_holds() {
    let without = features_not_there();
    let report = match Elsewhere::from_env() {
        Some(elsewhere) => run_all(&tests(), &elsewhere, &without),
        None => run_each(&tests(), &start, &without),
    };
    let summary = report.summary();
    println!("{summary}");
    assert!(report.failed.is_empty(), "{summary}");
    assert!(!report.passed.is_empty(), "no test ran");
}
