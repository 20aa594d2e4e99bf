//! The Admin API suite against the gateway under test.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_tests::admin_suite::run_all;
use latchkey_tests::deployment::{Elsewhere, Local, Options};
use latchkey_tests::report::features_not_there;

#[test]
fn every_admin_api_test_holds() {
    // The suite sends hundreds of wrong tokens.
    let report = match Elsewhere::from_env() {
        Some(elsewhere) => run_all(&elsewhere, &features_not_there()),
        None => {
            let options = Options::default().env("LATCHKEY_ADMIN_GUESSES_PER_SECOND", "0");
            run_all(&Local::spawn(options), &features_not_there())
        }
    };
    let summary = report.summary();
    println!("{summary}");
    assert!(report.failed.is_empty(), "{summary}");
    assert!(!report.passed.is_empty(), "no test ran");
}
