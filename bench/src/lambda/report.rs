//! The table, as Markdown.

use std::fmt::Write as _;

use super::contenders::Kind;
use super::measure::{Measured, Sample};
use super::options::Options;

/// Goals: init in milliseconds and as a share of Node.js's, resident and zipped in MB, and what a
/// warm invocation may take beyond the constant answer, in milliseconds.
const INIT_MS_MAX: f64 = 20.0;
const INIT_SHARE_OF_NODE_MAX: f64 = 0.1;
const RESIDENT_MB_MAX: f64 = 20.0;
const ZIPPED_MB_MAX: f64 = 5.0;
const WARM_BEYOND_CONSTANT_MS_MAX: f64 = 0.3;

pub(super) fn render(measured: &[Measured], options: &Options, machine: &str) -> String {
    let rows: Vec<Row> = measured.iter().map(Row::new).collect();
    let mut text = format!(
        "Measured {machine}.\n\n\
         {} cold starts of each, taking turns, each with {} warm invocations after it: medians over the \
         starts, with the least and the most, and ratios to Latchkey's.\n\n\
         | function | init, ms | first invocation, ms | warm p50, ms | warm p99, ms | resident, MB | zipped, MB |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        options.rounds, options.invocations
    );
    let base = rows.iter().find(|row| row.kind == Kind::Latchkey);
    for row in &rows {
        let base = base.unwrap_or(row);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {:.2} ({:.2}×) |",
            row.name,
            row.init.show(base.init, 1),
            row.first.show(base.first, 1),
            row.p50.show(base.p50, 2),
            row.p99.show(base.p99, 2),
            row.resident.show(base.resident, 1),
            row.zipped_mb,
            row.zipped_mb / base.zipped_mb,
        );
    }
    text.push('\n');
    text.push_str(&goals(&rows));
    text
}

fn goals(rows: &[Row]) -> String {
    let of = |kind| rows.iter().find(|row| row.kind == kind);
    let (Some(latchkey), Some(constant), Some(node)) =
        (of(Kind::Latchkey), of(Kind::Constant), of(Kind::Node))
    else {
        return String::new();
    };
    let goals = [
        ("init", latchkey.init.median, INIT_MS_MAX, "ms", 1),
        (
            "init beside Node.js's",
            latchkey.init.median / node.init.median,
            INIT_SHARE_OF_NODE_MAX,
            "of it",
            3,
        ),
        (
            "warm invocation beyond the constant answer",
            latchkey.p50.median - constant.p50.median,
            WARM_BEYOND_CONSTANT_MS_MAX,
            "ms",
            2,
        ),
        ("resident memory", latchkey.resident.median, RESIDENT_MB_MAX, "MB", 1),
        ("package", latchkey.zipped_mb, ZIPPED_MB_MAX, "MB", 2),
    ];
    let mut text = "| goal | bound | measured | |\n| --- | ---: | ---: | --- |\n".to_owned();
    for (what, value, bound, unit, decimals) in goals {
        let verdict = if value <= bound { "met" } else { "missed" };
        let _ = writeln!(text, "| {what} | {bound} {unit} | {value:.decimals$} {unit} | {verdict} |");
    }
    text
}

struct Row {
    kind: Kind,
    name: String,
    init: Spread,
    first: Spread,
    p50: Spread,
    p99: Spread,
    resident: Spread,
    zipped_mb: f64,
}

impl Row {
    fn new(measured: &Measured) -> Self {
        let of = |value: &dyn Fn(&Sample) -> f64| Spread::of(measured.samples.iter().map(value).collect());
        Self {
            kind: measured.contender.kind,
            name: measured.contender.name.clone(),
            init: of(&|sample| sample.init_ms),
            first: of(&|sample| sample.first_ms),
            p50: of(&|sample| sample.warm_at(0.5)),
            p99: of(&|sample| sample.warm_at(0.99)),
            resident: of(&|sample| sample.resident_mb),
            zipped_mb: measured.package_bytes as f64 / 1e6,
        }
    }
}

#[derive(Clone, Copy)]
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 || values.is_empty() {
            at(middle)
        } else {
            f64::midpoint(at(middle - 1), at(middle))
        };
        Self { least: at(0), median, most: at(values.len().saturating_sub(1)) }
    }

    fn show(self, base: Self, decimals: usize) -> String {
        let Self { least, median, most } = self;
        let ratio = median / base.median;
        format!("{median:.decimals$} ({ratio:.2}×; {least:.decimals$} to {most:.decimals$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        let shown = |values: &[f64]| Spread::of(values.to_vec()).show(Spread::of(vec![2.0]), 1);
        assert_eq!(shown(&[3.0, 1.0, 2.0]), "2.0 (1.00×; 1.0 to 3.0)");
        assert_eq!(shown(&[4.0, 1.0]), "2.5 (1.25×; 1.0 to 4.0)");
    }
}
