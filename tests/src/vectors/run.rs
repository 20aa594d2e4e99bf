//! Runs many cases.

use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use super::case::Case;
use super::steps::run;
use crate::deployment::{Deployment, Elsewhere, Local, Options};
use crate::fixtures::wipe;
use crate::many::each_of;
use crate::report::{Report, cases_asked_for, features_not_there};
use crate::upstream::Upstream;

/// Features of shared cases that no form of Latchkey has.
const NOT_HERE: [&str; 5] = [
    "oauth2-authorization-code",
    "oauth2-implicit",
    "oauth2-password",
    "oauth2-refresh-token",
    "oauth2-token-admin",
];

/// Starts a deployment with nothing in it.
pub type Start<'a> = &'a (dyn Fn() -> Box<dyn Deployment> + Sync);

/// Runs all cases on the gateway that the environment names, else on local ones.
pub fn run_all(cases: &[Case]) -> Report {
    let all: Vec<&Case> = cases.iter().collect();
    match Elsewhere::from_env() {
        Some(elsewhere) => match elsewhere.by_https() {
            Some(secure) => {
                let (by_https, others): (Vec<_>, Vec<_>) =
                    all.into_iter().partition(|case| case.says_https());
                let mut report = run_on_one(&others, &elsewhere);
                report.add(run_on_one(&by_https, &secure));
                report
            }
            None => run_on_one(&all, &elsewhere),
        },
        None => {
            let (trusting, others): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|case| case.needs_trust() || case.says_https());
            let mut report = run_each(&others, &|| Box::new(Local::spawn(Options::in_memory())));
            report.add(run_each(&trusting, &|| Box::new(Local::spawn(Options::in_memory().trusting()))));
            report
        }
    }
}

/// Runs cases one after the other on a deployment that they share, those that wait last.
pub fn run_on_one(cases: &[&Case], deployment: &dyn Deployment) -> Report {
    let report = Mutex::new(Report::default());
    let begun = Instant::now();
    let upstream = Upstream::recording();
    let (slow, quick): (Vec<_>, Vec<_>) =
        applicable(cases, deployment.scheme(), &report).into_iter().partition(|case| case.waits());
    for case in quick.into_iter().chain(slow) {
        let emptied = wipe(deployment).map_err(|reason| vec![format!("wiping: {reason}")]);
        note(&report, case, emptied.and_then(|()| run(case, deployment, &upstream)));
    }
    let mut report = report.into_inner().unwrap();
    report.seconds = begun.elapsed().as_secs_f64();
    report
}

/// Runs cases each on a deployment of its own, several at a time; those that wait hold up no other.
pub fn run_on(cases: &[&Case], start: Start<'_>) -> Report {
    let without_trust = Mutex::new(Report::default());
    let is_asked = cases.iter().any(|case| case.says_https() || case.needs_plain_http());
    let scheme = if is_asked { start().scheme().to_owned() } else { String::new() };
    let cases = applicable(cases, &scheme, &without_trust);
    let mut report = without_trust.into_inner().unwrap();
    report.add(run_each(&cases, start));
    report
}

fn run_each(cases: &[&Case], start: Start<'_>) -> Report {
    let report = Mutex::new(Report::default());
    let begun = Instant::now();
    let (slow, quick): (Vec<_>, Vec<_>) = there(cases, &report).into_iter().partition(|case| case.waits());
    let run_one = |case| note(&report, case, run(case, &*start(), &Upstream::recording()));
    thread::scope(|scope| {
        for case in slow {
            scope.spawn(move || run_one(case));
        }
        each_of(quick, run_one);
    });
    let mut report = report.into_inner().unwrap();
    report.seconds += begun.elapsed().as_secs_f64();
    report
}

fn note(report: &Mutex<Report>, case: &Case, outcome: Result<(), Vec<String>>) {
    let mut report = report.lock().unwrap();
    match outcome {
        Ok(()) => report.passed.push(case.name()),
        Err(differences) => report.failed.push((case.name(), differences)),
    }
}

/// Those of [`there`] that a gateway can run that believes nobody who the client is, and that is reached by
/// this scheme; the report lists the others.
fn applicable<'c>(cases: &[&'c Case], scheme: &str, report: &Mutex<Report>) -> Vec<&'c Case> {
    let asks_otherwise = |case: &&Case| match scheme {
        "https" => case.needs_plain_http(),
        _ => case.says_https(),
    };
    let (not_here, others): (Vec<_>, Vec<_>) =
        there(cases, report).into_iter().partition(|case| case.needs_trust() || asks_otherwise(case));
    report.lock().unwrap().without.extend(not_here.into_iter().map(Case::name));
    others
}

/// Those that are asked for; the report lists those whose optional feature is not there.
fn there<'c>(cases: &[&'c Case], report: &Mutex<Report>) -> Vec<&'c Case> {
    let (filter, mut without) = (cases_asked_for(), features_not_there());
    without.extend(NOT_HERE.map(str::to_owned));
    let asked_for = cases.iter().copied().filter(|case| case.name().contains(&filter));
    let lacks = |case: &&Case| case.optional.as_ref().is_some_and(|feature| without.contains(feature));
    let (lacking, there): (Vec<_>, Vec<_>) = asked_for.partition(lacks);
    report.lock().unwrap().without.extend(lacking.into_iter().map(Case::name));
    there
}
