//! Every case of the Portal API, over sockets and with real mails.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_tests::portal::{load_all, run_all};

#[test]
fn every_case_holds() {
    let report = run_all(&load_all());
    let summary = report.summary();
    println!("{summary}");
    assert!(report.failed.is_empty(), "{summary}");
    assert!(!report.passed.is_empty(), "no case ran");
}
