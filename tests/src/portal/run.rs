//! Runs the cases: all over one server, several at a time, since each makes what it needs under names of
//! its own.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use serde::Deserialize as _;
use serde_json::Value;

use super::case::Case;
use super::steps::run;
use super::surroundings::{Place, Surroundings};
use super::upstream;
use crate::many::each_of;
use crate::report::{Report, cases_asked_for};

/// The files of cases: those that others have too, and our own.
const FILES: [&str; 2] = ["portal.json", "latchkey-portal.json"];

/// A file's cases, and those of a folder that `LATCHKEY_VECTORS` names, which may have more of the same.
pub fn load_all() -> Vec<(String, Case)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")];
    folders.extend(std::env::var_os("LATCHKEY_VECTORS").map(PathBuf::from));
    let files = folders.iter().flat_map(|folder| FILES.map(|file| folder.join(file)));
    files.filter(|file| file.is_file()).flat_map(|file| load_file(&file)).collect()
}

fn load_file(file: &Path) -> Vec<(String, Case)> {
    let text = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let written: Vec<Value> =
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let read =
        |case: &Value| Case::deserialize(case).unwrap_or_else(|error| panic!("{stem}: {error}: {case}"));
    let named = |case: Case| (format!("{stem}/{}: {}", case.id, case.title), case);
    written.iter().map(read).map(named).collect()
}

/// Runs them on the server that the environment names, else on a local program.
pub fn run_all(cases: &[(String, Case)]) -> Report {
    let filter = cases_asked_for();
    let asked_for = cases.iter().filter(|(name, _)| name.contains(&filter));
    let (alone, shared): (Vec<_>, Vec<_>) = asked_for.partition(|(_, case)| case.alone);
    let begun = Instant::now();
    let report = Mutex::new(Report::default());
    match Place::from_env() {
        Some(place) => {
            run_on(&shared, &place, &report);
            report.lock().unwrap().without.extend(alone.into_iter().map(|(name, _)| name.clone()));
        }
        None => {
            run_on(&shared, &Place::local(), &report);
            each_of(alone, |case| run_on(&[case], &Place::local(), &report));
        }
    }
    let mut report = report.into_inner().unwrap();
    report.seconds = begun.elapsed().as_secs_f64();
    report
}

/// Runs those that need no server of their own there.
pub fn run_around(cases: &[(String, Case)], around: &dyn Surroundings) -> Report {
    let filter = cases_asked_for();
    let (begun, report) = (Instant::now(), Mutex::new(Report::default()));
    let asked_for: Vec<_> =
        cases.iter().filter(|(name, case)| name.contains(&filter) && !case.alone).collect();
    run_on(&asked_for, around, &report);
    let mut report = report.into_inner().unwrap();
    report.seconds = begun.elapsed().as_secs_f64();
    report
}

fn run_on(cases: &[&(String, Case)], around: &dyn Surroundings, report: &Mutex<Report>) {
    let upstream = upstream::start();
    let origin = format!("http://{}", upstream.authority());
    each_of(cases.to_vec(), |(name, case)| {
        let outcome = run(case, around, &origin);
        let mut report = report.lock().unwrap();
        match outcome {
            Ok(()) => report.passed.push(name.clone()),
            Err(differences) => report.failed.push((name.clone(), differences)),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<String> = load_all().into_iter().map(|(name, _)| name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(count >= 60);
    }
}
