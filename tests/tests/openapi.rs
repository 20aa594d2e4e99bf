//! The local program beside its own `/openapi.json`: no server error, no status that is not listed, no
//! answer that breaks its schema.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use latchkey_tests::base::Chance;
use latchkey_tests::schemathesis::{Caller, LONG_VARIABLE, Run, check};

const SHORT: Run = Run {
    caller: Caller::Administrator,
    phases: "",
    mode: "all",
    examples: 5,
    seed: 1,
    time_max: Duration::from_secs(170),
    calls_min: 300,
};
/// There is less to call, so there is time for more of each.
const OF_DEVELOPER: Run = Run { caller: Caller::Developer, examples: 12, ..SHORT };

/// A run as it is always, or what it is in a long run.
fn short_or(long: Run, short: Run) -> Run {
    match std::env::var_os(LONG_VARIABLE) {
        Some(_) => Run { seed: Chance::from_env().draw(), time_max: Duration::from_secs(3600), ..long },
        None => short,
    }
}

/// Each bound of each field, one at a time; in a long run what is beyond it too.
#[test]
fn bounds_are_as_documented() {
    let short = Run { phases: "coverage", mode: "positive", ..SHORT };
    check(&short_or(Run { mode: "all", ..short }, short));
}

/// By chance, and what was made by one call in the next.
#[test]
fn chance_finds_nothing() {
    let short = Run { phases: "fuzzing,stateful", ..SHORT };
    check(&short_or(Run { examples: 300, ..short }, short));
}

/// The same with a session of the portal.
#[test]
fn bounds_of_a_developer_are_as_documented() {
    let run = Run { phases: "coverage", ..OF_DEVELOPER };
    check(&short_or(run, run));
}

/// The same with a session of the portal.
#[test]
fn chance_finds_nothing_of_a_developer() {
    let short = Run { phases: "fuzzing,stateful", ..OF_DEVELOPER };
    check(&short_or(Run { examples: 300, ..short }, short));
}
