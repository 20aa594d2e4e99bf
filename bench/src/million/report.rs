//! The report.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use super::calls::Call;
use super::fill::Filled;
use super::requests::Took;
use super::{Figures, Options};
use crate::machine;

const MIB: f64 = 1024.0 * 1024.0;

pub(super) fn render(
    options: &Options,
    filled: &Filled,
    figures: &Figures,
    requests: &[Took; 2],
    calls: &[(Call, [Duration; 2])],
) -> Result<String> {
    let mut report = String::new();
    let [few, many] = [options.few, options.credentials];
    writeln!(
        report,
        "| at {many} credentials of {} applications | |\n| --- | ---: |",
        filled.applications.len()
    )?;
    for (name, value) in alone(options, filled, figures) {
        writeln!(report, "| {name} | {value} |")?;
    }
    writeln!(report, "\n| each in turn | at {few} | at {many} | ratio |\n| --- | ---: | ---: | ---: |")?;
    for (name, [few, many]) in beside(requests, calls) {
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        writeln!(report, "| {name} | {} | {} | {ratio:.2} |", micros(few), micros(many))?;
    }
    writeln!(
        report,
        "\n| records | count | bytes of keys | bytes of values |\n| --- | ---: | ---: | ---: |"
    )?;
    for (kind, stored) in figures.stored.kinds.iter().filter(|(_, stored)| stored.records > 100) {
        writeln!(
            report,
            "| `{kind}` | {} | {} | {} |",
            stored.records, stored.key_bytes, stored.value_bytes
        )?;
    }
    let (rounds, requests) = (options.rounds, options.requests);
    write!(
        report,
        "\nTimes are medians of {rounds} calls and {requests} requests; {}.",
        machine::describe()?
    )?;
    Ok(report)
}

/// What there is of the large installation alone.
fn alone(options: &Options, filled: &Filled, figures: &Figures) -> Vec<(&'static str, String)> {
    let mib = |kib: u64| format!("{:.0} MiB", kib as f64 * 1024.0 / MIB);
    let each = |bytes: u64| (bytes / options.credentials as u64).to_string();
    let compacted = figures.compacted;
    let [filling, all] = figures.resident_kib;
    let [in_order, killed] = figures.starts;
    let [first, last] = filled.rates;
    let stored = &figures.stored;
    let tree = |bytes: u64| format!("{:.0} MiB", bytes as f64 / MIB);
    vec![
        ("resident after filling", mib(filling)),
        ("resident after requests with all keys", mib(all)),
        ("the store's file", tree(figures.file_bytes)),
        ("of it inner pages", tree(stored.metadata_bytes)),
        ("of it unused in pages that are in use", tree(stored.fragmented_bytes)),
        ("height of its tree", stored.height.to_string()),
        ("bytes of file a credential, with all that goes with it", each(figures.file_bytes)),
        ("the same after `latchkey compact`", each(compacted.file_bytes)),
        ("`latchkey compact`", format!("{:.1} s", compacted.time.as_secs_f64())),
        ("start after `SIGTERM`", format!("{:.0} ms", in_order.as_secs_f64() * 1e3)),
        ("start after `SIGKILL` while it writes", format!("{:.0} ms", killed.as_secs_f64() * 1e3)),
        ("calls that filled it", filled.calls.to_string()),
        ("of them a second, in the first tenth", format!("{first:.0}")),
        ("of them a second, in the last tenth", format!("{last:.0}")),
    ]
}

fn beside(requests: &[Took; 2], calls: &[(Call, [Duration; 2])]) -> Vec<(&'static str, [Duration; 2])> {
    let mut rows = vec![
        ("request with any key, over one connection", requests.map(|took| took.time)),
        ("the same, the program's processor time", requests.map(|took| took.processor)),
    ];
    rows.extend(calls.iter().map(|(call, times)| (call.name(), *times)));
    rows
}

fn micros(time: Duration) -> String {
    format!("{:.0} µs", time.as_secs_f64() * 1e6)
}
