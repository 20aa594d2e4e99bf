//! What the Admin API answers, asked by nothing but requests: one suite for every deployed form.
//!
//! Each test begins with an empty gateway that nobody else uses meanwhile.

/// The tests of a file. A name that is not listed does not compile, as its function is not used.
/// `needs "…"` names an optional feature without which the test does not apply.
macro_rules! tests {
    ($subject:literal: $($test:ident $(needs $feature:literal)?),+ $(,)?) => {
        pub(super) const TESTS: &[super::Test] = &[$(super::Test {
            name: concat!($subject, "::", stringify!($test)),
            needs: concat!("" $(, $feature)?),
            run: $test,
        }),+];
    };
}

mod ask;

mod access;
mod bodies;
mod information;
mod lists;
mod paths;
mod schemas;

mod consumers;
mod plugins;
mod routes;
mod services;

mod credentials;
mod lifetimes;

mod applications;
mod client_ids;
mod contracts;
mod developers;

mod cascades;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::client::Client as _;
use crate::deployment::Deployment;
use crate::fixtures::wipe;
use crate::raw_http::{Request, Response};
use crate::report::{Report, cases_asked_for};

/// A Latchkey whose Admin API can be asked.
pub trait Api {
    /// Sends a request as it is; its target begins behind the Admin API's prefix: `/services?size=2`.
    fn send(&self, request: &Request) -> Response;

    fn token(&self) -> &str;

    /// Removes every entity.
    fn empty(&self) -> Result<(), String>;

    /// Lets time go by for the gateway.
    fn pass(&self, time: Duration);

    /// The gateway's time, in seconds since the Unix epoch, give or take a minute.
    fn unix_s(&self) -> u64;
}

impl<D: Deployment> Api for D {
    fn send(&self, request: &Request) -> Response {
        let admin = self.doors().admin("");
        let mut request = request.clone();
        request.target.splice(0..0, admin.target.bytes());
        self.send_to(&admin.authority, &request)
    }

    fn token(&self) -> &str {
        self.admin_token()
    }

    fn empty(&self) -> Result<(), String> {
        wipe(self)
    }

    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    fn unix_s(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
    }
}

/// One test.
pub struct Test {
    /// `subject::behaviour`
    pub name: &'static str,
    /// Optional feature it is about; empty: none.
    needs: &'static str,
    run: fn(&dyn Api),
}

/// Every test.
pub fn tests() -> Vec<&'static Test> {
    let subjects = [
        access::TESTS,
        bodies::TESTS,
        information::TESTS,
        lists::TESTS,
        paths::TESTS,
        schemas::TESTS,
        services::TESTS,
        routes::TESTS,
        consumers::TESTS,
        plugins::TESTS,
        credentials::TESTS,
        lifetimes::TESTS,
        developers::TESTS,
        applications::TESTS,
        client_ids::TESTS,
        contracts::TESTS,
        cascades::TESTS,
    ];
    subjects.into_iter().flatten().collect()
}

/// Runs the tests that `LATCHKEY_TEST_CASES` asks for, one after the other, and tells of each.
pub fn run_all(api: &dyn Api, without: &[String]) -> Report {
    let mut report = Report::default();
    let asked_for = cases_asked_for();
    for test in tests().into_iter().filter(|test| test.name.contains(&asked_for)) {
        if without.iter().any(|feature| feature == test.needs) {
            println!("{} does not apply: no {}", test.name, test.needs);
            report.without.push(test.name.to_owned());
            continue;
        }
        let start = Instant::now();
        match run(test, api) {
            Ok(()) => {
                println!("{} passed in {} ms", test.name, start.elapsed().as_millis());
                report.passed.push(test.name.to_owned());
            }
            Err(reason) => {
                println!("{} failed: {reason}", test.name);
                report.failed.push((test.name.to_owned(), vec![reason]));
            }
        }
    }
    report
}

fn run(test: &Test, api: &dyn Api) -> Result<(), String> {
    let attempt = AssertUnwindSafe(|| {
        api.empty().unwrap_or_else(|reason| panic!("emptying: {reason}"));
        (test.run)(api);
    });
    // The panic itself, with its place, goes to standard error.
    catch_unwind(attempt).map_err(|panic| sentence(&*panic))
}

fn sentence(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "panicked without a text".to_owned())
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = tests().iter().map(|test| test.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    /// Answers nothing; cannot be emptied when `broken`.
    struct Silent {
        broken: bool,
    }

    impl Api for Silent {
        fn send(&self, request: &Request) -> Response {
            panic!("no answer to {}", request.method)
        }

        fn token(&self) -> &str {
            "t"
        }

        fn empty(&self) -> Result<(), String> {
            if self.broken { Err("stuck".to_owned()) } else { Ok(()) }
        }

        fn pass(&self, _: Duration) {}

        fn unix_s(&self) -> u64 {
            0
        }
    }

    #[test]
    fn a_panic_fails_its_test_alone() {
        let fails = Test { name: "a::fails", needs: "", run: |api| drop(api.send(&Request::get("/"))) };
        let passes = Test { name: "a::passes", needs: "", run: |_| {} };
        assert_eq!(run(&fails, &Silent { broken: false }), Err("no answer to GET".to_owned()));
        assert_eq!(run(&passes, &Silent { broken: false }), Ok(()));
        assert_eq!(run(&passes, &Silent { broken: true }), Err("emptying: stuck".to_owned()));
    }
}
