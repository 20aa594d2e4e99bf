//! The Admin API suite against the gateway under test.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_tests::admin_suite::run_all;
use latchkey_tests::gateway::{Gateway, Options};
use latchkey_tests::report::features_not_there;

#[test]
fn every_admin_api_test_holds() {
    // The suite sends hundreds of wrong tokens.
    let local = || Gateway::spawn(Options::default().env("LATCHKEY_ADMIN_GUESSES_PER_SECOND", "0"));
    let gateway = Gateway::from_env().unwrap_or_else(local);
    let report = run_all(&gateway, &features_not_there());
    let summary = report.summary();
    println!("{summary}");
    assert!(report.failed.is_empty(), "{summary}");
    assert!(!report.passed.is_empty(), "no test ran");
}
