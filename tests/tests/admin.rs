//! The Admin API suite against the gateway under test.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_tests::admin_suite::run_all;
use latchkey_tests::gateway::Gateway;
use latchkey_tests::report::features_not_there;

#[test]
fn every_admin_api_test_holds() {
    let report = run_all(&Gateway::from_env_or_local(), &features_not_there());
    let summary = report.summary();
    println!("{summary}");
    assert!(report.failed.is_empty(), "{summary}");
    assert!(!report.passed.is_empty(), "no test ran");
}
