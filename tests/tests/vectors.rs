//! Every behaviour vector against the gateway under test.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_tests::vectors::{load_all, run_all};

#[test]
fn every_vector_holds() {
    let report = run_all(&load_all());
    let summary = report.summary();
    println!("{summary}");
    assert!(report.failed.is_empty(), "{summary}");
    assert!(!report.passed.is_empty(), "no case ran");
}
