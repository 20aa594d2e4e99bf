//! docs/tutorial.md: every command in it is run, and answers what stands there.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_tests::transcript::check_with_demo;

#[test]
fn the_tutorial_is_true() {
    check_with_demo("tutorial.md", str::to_owned);
}
