//! The canaries of `secrets`, over the built Worker in workerd: `cargo xtask worker test` runs them.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use latchkey_tests::canary::{ADMIN_TOKEN, Canaries, Inspected, PEPPER, VERIFY_TOKEN};
use latchkey_tests::deployment::Worker;

#[test]
#[ignore = "needs the built Worker: cargo xtask worker test"]
fn secrets_come_out_nowhere() {
    let mut worker = Worker::start(ADMIN_TOKEN, PEPPER, Some(VERIFY_TOKEN));
    let canaries = Canaries::release(&mut worker);
    println!("{:?}", canaries.statuses);
    let stored = Inspected::stored(&worker);
    for part in ["kv", "objects"] {
        assert!(stored.iter().any(|(name, _)| name.contains(&format!("/{part}/"))), "nothing in {part}");
    }
    let leaks = canaries.leaks(&worker);
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}
