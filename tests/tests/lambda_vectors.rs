//! Behaviour vectors against the Lambda function: all of them behind one trigger; behind the others and
//! in cargo-lambda's emulator those that exercise what can be lost on the way (`vectors/exercises.rs`).
//!
//! Vectors that the platform does not let hold are listed in `lambda/exceptions.rs`; they are run
//! too, and must fail.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use latchkey_tests::deployment::Lambda;
use latchkey_tests::lambda::exceptions::{EXCEPTIONS, exceptions_of};
use latchkey_tests::lambda::{Trigger, Way};
use latchkey_tests::vectors::{Case, load_all, run_on, run_on_one};

/// One way at a time: each has a Java of its own, and answers in time only with processors to itself.
static TURN: Mutex<()> = Mutex::new(());

fn runs(way: Way, case: &Case) -> bool {
    way.runs_all() || !case.exercises().is_empty()
}

#[test]
fn every_exception_is_run() {
    let cases = load_all();
    for exception in EXCEPTIONS {
        for (way, id) in exception.ways.iter().flat_map(|way| exception.cases.iter().map(move |id| (way, id)))
        {
            let case = cases.iter().find(|case| case.id == *id);
            let case = case.unwrap_or_else(|| panic!("{}: no case {id}", exception.name));
            assert!(runs(*way, case), "{}: {id} is not run behind {}", exception.name, way.name());
        }
    }
}

fn check(way: Way) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let all = load_all();
    let cases: Vec<_> = all.iter().filter(|case| runs(way, case)).collect();
    let report = match way {
        Way::Trigger(_) => run_on(&cases, &|| Box::new(Lambda::start(way))),
        // Each of its emulators is a cargo of its own: one is enough.
        Way::Watch => run_on_one(&cases, &Lambda::start(way)),
    };
    let exceptions: BTreeMap<_, _> = exceptions_of(way).into_iter().collect();
    let id = |case: &str| case.split(['/', ':']).nth(1).unwrap_or_default().to_owned();
    let mut text = format!("{}:", way.name());
    let mut expected = 0;
    let mut unexpected = 0;
    for (case, differences) in &report.failed {
        match exceptions.get(id(case).as_str()) {
            Some(name) => {
                expected += 1;
                text += &format!("\n{case}\n  left out: {name}");
            }
            None => {
                unexpected += 1;
                text += &format!("\n{case}\n  {}", differences.join("\n  "));
            }
        }
    }
    let idle: Vec<_> =
        report.passed.iter().filter(|case| exceptions.contains_key(id(case).as_str())).collect();
    let passed = report.passed.len();
    let seconds = report.seconds;
    println!(
        "{text}\n{}: {passed} passed, {expected} left out, {unexpected} failed in {seconds:.0} s",
        way.name()
    );
    assert_eq!(unexpected, 0, "{text}");
    assert!(idle.is_empty(), "listed as exceptions and hold nevertheless: {idle:?}");
    assert!(passed > 0, "no case ran");
    if std::env::var_os("LATCHKEY_TEST_CASES").is_none() {
        assert_eq!(expected, exceptions.len(), "an exception names no case");
        let elsewhere = report.without.len();
        assert_eq!(passed + expected + elsewhere, cases.len(), "cases are missing");
    }
}

#[test]
fn function_url() {
    check(Way::Trigger(Trigger::FunctionUrl));
}

#[test]
fn function_url_stream() {
    check(Way::Trigger(Trigger::FunctionUrlStream));
}

#[test]
fn http_api() {
    check(Way::Trigger(Trigger::HttpApi));
}

#[test]
fn rest_api() {
    check(Way::Trigger(Trigger::RestApi));
}

#[test]
fn alb() {
    check(Way::Trigger(Trigger::Alb));
}

#[test]
fn alb_multi_value() {
    check(Way::Trigger(Trigger::AlbMultiValue));
}

#[test]
fn cargo_lambda_watch() {
    check(Way::Watch);
}
