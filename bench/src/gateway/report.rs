//! The tables, as Markdown.

use std::fmt::Write as _;

use anyhow::Result;

use super::cores::{self, Cores};
use super::latchkey;
use super::load::Sample;
use super::measure::Measured;
use super::options::Options;
use crate::document;

/// Above this share of foreign load the report says that it is not to be trusted.
const FOREIGN_MAX: f64 = 0.03;
/// Below this share of its cores a gateway was waiting for the load.
const BUSY_MIN: f64 = 0.95;

pub(super) fn render(measured: &[Measured], options: &Options, cores: &Cores, machine: &str) -> String {
    let mut report = format!("Measured {machine}.\n");
    let _ = writeln!(report, "{}\n", versions(measured));
    report.push_str(&method(options, cores));
    report.push_str(&comparison(measured));
    report.push('\n');
    report.push_str(&cost_of_key_check(measured));
    for warning in warnings(measured, cores) {
        let _ = write!(report, "\n{warning}\n");
    }
    report
}

/// Writes the report into the document.
pub(super) fn write(report: &str, gateway_cores: usize) -> Result<()> {
    let section =
        if gateway_cores == 1 { "gateway".to_owned() } else { format!("gateway-{gateway_cores}-cores") };
    document::write(&section, report)
}

fn versions(measured: &[Measured]) -> String {
    let versions: Vec<String> = measured.iter().map(|m| format!("{} {}", m.name, m.version)).collect();
    versions.join(", ") + "."
}

fn method(options: &Options, cores: &Cores) -> String {
    let (gateway, load) = (cores::list(&cores.gateway), cores::list(&cores.load));
    let Options { seconds, rounds, connections, .. } = options;
    format!(
        "Gateway on core {gateway}, upstream and load on core {load}; {connections} connections, 10,000 keys in turn; \
         medians of {rounds} samples of {seconds} s, the gateways taking turns.\n\
         \"No key check\" is the same route without it (Latchkey: no plugin); \"token\" with an access token of \
         OAuth 2.0 in place of the key, 10,000 in turn.\n\n"
    )
}

struct Row {
    label: String,
    requests_per_second: f64,
    slowest: f64,
    fastest: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
    busy: f64,
    resident: f64,
    proportional: f64,
}

fn row(label: String, samples: &[Sample], memory: super::process::Memory) -> Row {
    let of = |field: fn(&Sample) -> f64| median(samples.iter().map(field));
    let rates = || samples.iter().map(|sample| sample.requests_per_second);
    Row {
        label,
        requests_per_second: of(|s| s.requests_per_second),
        slowest: rates().fold(f64::INFINITY, f64::min),
        fastest: rates().fold(0.0, f64::max),
        p50_ms: of(|s| s.p50_ms),
        p99_ms: of(|s| s.p99_ms),
        cpu_us: of(|s| s.cpu_us),
        busy: of(|s| s.busy),
        resident: memory.resident as f64 / f64::from(1 << 20),
        proportional: memory.proportional as f64 / f64::from(1 << 20),
    }
}

/// Each figure with its ratio to Latchkey's of the same kind, or to the first gateway's without it.
fn comparison(measured: &[Measured]) -> String {
    let keyed: Vec<Row> = measured.iter().map(|m| row(m.name.to_owned(), &m.keyed, m.memory)).collect();
    let plain = measured.iter().map(|m| row(format!("{}, no key check", m.name), &m.plain, m.memory));
    let plain: Vec<Row> = plain.collect();
    let mut table =
        "| gateway | requests/s | slowest to fastest sample | p50, ms | p99, ms | CPU per request, µs | \
                     its cores busy | resident, MiB | shared pages divided, MiB |\n\
                     | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
            .to_owned();
    let base = measured.iter().position(|m| m.name == latchkey::NAME).unwrap_or(0);
    for rows in [&keyed, &plain] {
        for row in rows {
            let _ = writeln!(table, "{}", line(row, &rows[base]));
        }
    }
    for m in measured.iter().filter(|m| !m.token.is_empty()) {
        let token = row(format!("{}, token", m.name), &m.token, m.memory);
        let _ = writeln!(table, "{}", line(&token, &keyed[base]));
    }
    table
}

fn line(row: &Row, base: &Row) -> String {
    let figure =
        |of: fn(&Row) -> f64, decimals: usize| format!("{:.decimals$} ({:.2}×)", of(row), of(row) / of(base));
    format!(
        "| {} | {} | {:.0} to {:.0} | {} | {} | {} | {:.0} % | {} | {} |",
        row.label,
        figure(|r| r.requests_per_second, 0),
        row.slowest,
        row.fastest,
        figure(|r| r.p50_ms, 2),
        figure(|r| r.p99_ms, 2),
        figure(|r| r.cpu_us, 1),
        row.busy * 100.0,
        figure(|r| r.resident, 1),
        figure(|r| r.proportional, 1),
    )
}

/// From the two samples of each round, taken one after the other.
fn cost_of_key_check(measured: &[Measured]) -> String {
    let mut table = "| what the key check costs | CPU per request | least to most of a round | CPU per request, µs | requests/s |\n\
                     | --- | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    let keyed = measured.iter().map(|m| (m.name.to_owned(), &m.keyed, &m.plain));
    let tokens = measured.iter().filter(|m| !m.token.is_empty());
    let tokens = tokens.map(|m| (format!("{}, token", m.name), &m.token, &m.plain));
    for (name, checked, plain) in keyed.chain(tokens) {
        let pairs = || checked.iter().zip(plain);
        let shares = || pairs().map(|(keyed, plain)| (keyed.cpu_us / plain.cpu_us - 1.0) * 100.0);
        let (least, most) =
            (shares().fold(f64::INFINITY, f64::min), shares().fold(f64::NEG_INFINITY, f64::max));
        let cpu = median(shares());
        let cpu_us = median(pairs().map(|(keyed, plain)| keyed.cpu_us - plain.cpu_us));
        let rate =
            median(pairs().map(|(keyed, plain)| keyed.requests_per_second / plain.requests_per_second - 1.0));
        let rate = rate * 100.0;
        let _ = writeln!(
            table,
            "| {name} | {cpu:+.1} % | {least:+.1} to {most:+.1} % | {cpu_us:+.2} | {rate:+.1} % |"
        );
    }
    table
}

fn warnings(measured: &[Measured], cores: &Cores) -> Vec<String> {
    let mut warnings = vec![];
    let all = || measured.iter().flat_map(|m| m.keyed.iter().chain(&m.plain).chain(&m.token));
    let foreign = median(all().map(|sample| sample.foreign));
    if foreign > FOREIGN_MAX {
        let percent = foreign * 100.0;
        warnings
            .push(format!("**Other programs used {percent:.0} % of these cores meanwhile: not a result.**"));
    }
    let waiting: Vec<&str> = measured
        .iter()
        .filter(|m| median(m.keyed.iter().map(|sample| sample.busy)) < BUSY_MIN)
        .map(|m| m.name)
        .collect();
    if cores.are_shared() {
        warnings.push(
            "Gateway, upstream and load share their cores: compare CPU per request, which the load does not limit."
                .to_owned(),
        );
    } else if !waiting.is_empty() && foreign <= FOREIGN_MAX {
        warnings.push(format!(
            "{} did not fill the gateway's cores: there the load was the limit, and requests/s is a lower bound.",
            waiting.join(", ")
        ));
    }
    warnings
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert!(median(std::iter::empty()).is_nan());
    }
}
