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
pub(crate) mod documented;

mod access;
mod audit;
mod backups;
mod bodies;
mod imports;
mod information;
mod lists;
mod paths;
mod schemas;
mod tokens;

mod consumers;
mod plugins;
mod route_match;
mod routes;
mod services;
mod settings;

mod credentials;
mod found_keys;
mod lifetimes;
mod rotation;
mod suspension;

mod applications;
mod client_ids;
mod contracts;
mod developers;
mod oauth2;

mod cascades;

mod deck;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub use ask::{expect, text};
use documented::Documented;

use crate::client::Client as _;
use crate::deployment::Deployment;
use crate::fixtures::wipe;
use crate::many::each_of;
use crate::raw_http::{Request, Response};
use crate::report::{Report, cases_asked_for};

/// A Latchkey whose Admin API can be asked.
pub trait Api {
    /// Sends a request as it is; its target begins behind the Admin API's prefix: `/services?size=2`.
    fn send(&self, request: &Request) -> Response;

    /// Asks at the control door for what anybody may see, such as `/health`.
    fn open(&self, path: &str) -> Response;

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

    fn open(&self, path: &str) -> Response {
        self.get(&self.doors().control(path))
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

/// Whether what a test shows can depend on who translates requests and answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// Methods, paths, fields and bodies as such.
    Requests,
    /// What is kept, and by which rules.
    Entities,
}

const SUBJECTS: [(About, &[Test]); 28] = [
    (About::Requests, access::TESTS),
    (About::Requests, bodies::TESTS),
    (About::Entities, imports::TESTS),
    (About::Entities, information::TESTS),
    (About::Entities, lists::TESTS),
    (About::Requests, paths::TESTS),
    (About::Entities, schemas::TESTS),
    (About::Entities, backups::TESTS),
    (About::Entities, services::TESTS),
    (About::Entities, routes::TESTS),
    (About::Entities, route_match::TESTS),
    (About::Entities, consumers::TESTS),
    (About::Entities, plugins::TESTS),
    (About::Entities, credentials::TESTS),
    (About::Entities, lifetimes::TESTS),
    (About::Entities, rotation::TESTS),
    (About::Entities, suspension::TESTS),
    (About::Entities, found_keys::TESTS),
    (About::Entities, developers::TESTS),
    (About::Entities, applications::TESTS),
    (About::Entities, client_ids::TESTS),
    (About::Entities, contracts::TESTS),
    (About::Entities, oauth2::TESTS),
    (About::Entities, cascades::TESTS),
    (About::Requests, tokens::TESTS),
    (About::Entities, settings::TESTS),
    (About::Entities, audit::TESTS),
    (About::Entities, deck::TESTS),
];

/// Every test.
pub fn tests() -> Vec<&'static Test> {
    SUBJECTS.iter().flat_map(|(_, tests)| *tests).collect()
}

/// Those about requests as such: enough where another form of the same program runs every test.
pub fn tests_of_requests() -> Vec<&'static Test> {
    let chosen = |about: About, test: &Test| about == About::Requests || !test.needs.is_empty();
    let all = SUBJECTS.iter().flat_map(|(about, tests)| tests.iter().map(move |test| (*about, test)));
    all.filter(|(about, test)| chosen(*about, test)).map(|(_, test)| test).collect()
}

/// Runs those of the tests that `LATCHKEY_TEST_CASES` asks for, one after the other. Whatever they are
/// answered is held to `/openapi.json`.
pub fn run_all(tests: &[&'static Test], api: &dyn Api, without: &[String]) -> Report {
    let report = Mutex::default();
    for test in applicable(tests, without, &report) {
        let empty = || api.empty().unwrap_or_else(|reason| panic!("emptying: {reason}"));
        tell(test, &report, || {
            empty();
            (test.run)(&Documented::of(api));
        });
    }
    report.into_inner().unwrap()
}

/// The same, each on an empty Latchkey of its own, several at a time.
pub fn run_each(
    tests: &[&'static Test],
    start: &(dyn Fn() -> Box<dyn Api> + Sync),
    without: &[String],
) -> Report {
    let report = Mutex::default();
    let begun = Instant::now();
    each_of(applicable(tests, without, &report), |test| {
        tell(test, &report, || (test.run)(&Documented::of(&*start())))
    });
    let mut report = report.into_inner().unwrap();
    report.seconds = begun.elapsed().as_secs_f64();
    report
}

/// Those that are asked for and whose feature is there; the report lists those whose feature is not.
fn applicable(tests: &[&'static Test], without: &[String], report: &Mutex<Report>) -> Vec<&'static Test> {
    let asked_for = cases_asked_for();
    let asked_for = tests.iter().copied().filter(|test| test.name.contains(&asked_for));
    let (lacking, there): (Vec<_>, Vec<_>) =
        asked_for.partition(|test| without.iter().any(|feature| feature == test.needs));
    for test in lacking {
        println!("{} does not apply: no {}", test.name, test.needs);
        report.lock().unwrap().without.push(test.name.to_owned());
    }
    there
}

/// Runs a test and tells of it.
fn tell(test: &Test, report: &Mutex<Report>, run: impl FnOnce()) {
    let start = Instant::now();
    // The panic itself, with its place, goes to standard error.
    let outcome = catch_unwind(AssertUnwindSafe(run)).map_err(|panic| sentence(&*panic));
    let name = test.name.to_owned();
    match outcome {
        Ok(()) => {
            println!("{name} passed in {} ms", start.elapsed().as_millis());
            report.lock().unwrap().passed.push(name);
        }
        Err(reason) => {
            println!("{name} failed: {reason}");
            report.lock().unwrap().failed.push((name, vec![reason]));
        }
    }
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

        fn open(&self, path: &str) -> Response {
            panic!("no answer to {path}")
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
        const FAILS: Test =
            Test { name: "a::fails", needs: "", run: |api| drop(api.send(&Request::get("/"))) };
        const PASSES: Test = Test { name: "a::passes", needs: "", run: |_| {} };
        const LACKS: Test = Test { name: "a::lacks", needs: "luck", run: |_| panic!("no luck") };
        let without = ["luck".to_owned()];
        let check = |report: Report, passed: &[&str], failed: &[(&str, &str)]| {
            assert_eq!(report.passed, passed);
            let reasons: Vec<_> =
                report.failed.iter().map(|(name, reasons)| (name.as_str(), reasons[0].as_str())).collect();
            assert_eq!(reasons, failed);
            assert_eq!(report.without, ["a::lacks"]);
        };
        let all = [&FAILS, &PASSES, &LACKS];
        let one = |broken| run_all(&all, &Silent { broken }, &without);
        check(one(false), &["a::passes"], &[("a::fails", "no answer to GET")]);
        check(one(true), &[], &[("a::fails", "emptying: stuck"), ("a::passes", "emptying: stuck")]);
        let each = run_each(&all, &|| Box::new(Silent { broken: true }), &without);
        check(each, &["a::passes"], &[("a::fails", "no answer to GET")]);
    }

    #[test]
    fn tests_of_requests_are_some_of_all() {
        let (all, some) = (tests().len(), tests_of_requests().len());
        assert!(some > 20 && some * 3 < all, "{some} of {all}");
    }
}
