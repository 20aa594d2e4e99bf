//! wrk, going through all keys, and what a sample of it shows.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::options::Options;
use super::subject::{Gateway, Route, Setting};
use super::upstream::{Count, Upstream};
use super::workload::Credential;
use super::{cores, process};
use xtask::workspace;

/// Before this word on a line of its own, wrk prints for people.
const MARK: &str = "figures ";

#[derive(Clone)]
pub(super) struct Load<'a> {
    program: &'a Path,
    /// Shows keys, and the same for tokens.
    scripts: [PathBuf; 2],
    on: Vec<usize>,
    /// All cores of the run.
    cores: Vec<usize>,
    gateway_cores: usize,
    connections: u64,
    seconds: u64,
}

pub(super) struct Sample {
    pub(super) requests_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// User and system time of the gateway for one request.
    pub(super) cpu_us: f64,
    /// Share of the gateway's cores that the gateway used: 1 is all.
    pub(super) busy: f64,
    /// Share of all cores of the run that something else used.
    pub(super) foreign: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>7.0} requests/s, p50 {:.2} ms, p99 {:.2} ms, {:.1} µs CPU/request, gateway's cores {:.0} % busy, foreign load {:.0} %",
            self.requests_per_second,
            self.p50_ms,
            self.p99_ms,
            self.cpu_us,
            self.busy * 100.0,
            self.foreign * 100.0
        )
    }
}

impl<'a> Load<'a> {
    pub(super) fn prepare(
        program: &'a Path,
        setting: &Setting<'_>,
        options: &Options,
        tokens: &[Credential],
    ) -> Result<Self> {
        let lines =
            |shown: &[Credential]| shown.iter().map(|one| format!("{}\n", one.key)).collect::<String>();
        let keys = setting.scratch.file("keys.txt", &lines(&setting.credentials))?;
        let tokens = setting.scratch.file("tokens.txt", &lines(tokens))?;
        let of_keys = script(&keys, "apikey = shown");
        let of_tokens = script(&tokens, "authorization = \"Bearer \" .. shown");
        Ok(Self {
            program,
            scripts: [
                setting.scratch.file("keys.lua", &of_keys)?,
                setting.scratch.file("tokens.lua", &of_tokens)?,
            ],
            on: setting.cores.load.clone(),
            cores: setting.cores.all(),
            gateway_cores: setting.cores.gateway.len(),
            connections: options.connections.max(setting.cores.load.len() as u64),
            seconds: options.seconds,
        })
    }

    /// The same for a second.
    pub(super) fn warm_up(&self) -> Self {
        Self { seconds: 1, ..self.clone() }
    }

    pub(super) fn run(&self, gateway: &Gateway, route: Route, upstream: &Upstream) -> Result<Sample> {
        let count = upstream.count()?;
        let before = Clocks::read(gateway, upstream, &self.cores)?;
        let [keys, tokens] = &self.scripts;
        let script = if route == Route::Token { tokens } else { keys };
        let figures = self.wrk(&format!("http://127.0.0.1:{}{route}", gateway.port), script)?;
        let used = Clocks::read(gateway, upstream, &self.cores)?.since(&before);
        self.check_count(&figures, count, upstream.count()?)?;
        let seconds = figures.duration.as_secs_f64();
        let requests = figures.requests as f64;
        let ours = used.gateway + used.upstream + used.load;
        Ok(Sample {
            requests_per_second: requests / seconds,
            p50_ms: figures.p50_us / 1000.0,
            p99_ms: figures.p99_us / 1000.0,
            cpu_us: used.gateway * 1e6 / requests,
            busy: used.gateway / seconds / self.gateway_cores as f64,
            foreign: ((used.all - ours) / seconds / self.cores.len() as f64).max(0.0),
        })
    }

    fn wrk(&self, url: &str, script: &Path) -> Result<Figures> {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &cores::list(&self.on)]).arg(self.program);
        command.args([
            "--threads",
            &self.on.len().to_string(),
            "--connections",
            &self.connections.to_string(),
        ]);
        command.args(["--duration", &format!("{}s", self.seconds), "--timeout", "5s", "--script"]);
        command.arg(script).arg(url);
        parse_figures(&workspace::output_of(&mut command)?)
    }

    /// Every answer came from the upstream, over connections kept open.
    fn check_count(&self, figures: &Figures, before: Count, after: Count) -> Result<()> {
        let arrived = after.requests - before.requests - 1;
        // wrk ends with a request under way on each connection, and where others use its core it
        // leaves some of its last answers uncounted.
        let most = figures.requests + 2 * self.connections + figures.requests / 1000;
        if !(figures.requests..=most).contains(&arrived) {
            bail!("{} answers, but {arrived} requests reached the upstream", figures.requests);
        }
        let opened = after.connections - before.connections;
        ensure!(opened <= 100 + 4 * self.connections, "{opened} connections opened to the upstream");
        Ok(())
    }
}

/// CPU time in seconds.
struct Clocks {
    gateway: f64,
    upstream: f64,
    load: f64,
    all: f64,
}

impl Clocks {
    fn read(gateway: &Gateway, upstream: &Upstream, cores: &[usize]) -> Result<Self> {
        Ok(Self {
            gateway: gateway.process.cpu_time()?.as_secs_f64(),
            upstream: upstream.process.cpu_time()?.as_secs_f64(),
            load: process::cpu_time_of_ended_children()?.as_secs_f64(),
            all: process::busy_time(cores)?.as_secs_f64(),
        })
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            gateway: self.gateway - before.gateway,
            upstream: self.upstream - before.upstream,
            load: self.load - before.load,
            all: self.all - before.all,
        }
    }
}

/// What wrk measured, without a single error.
#[derive(Debug, PartialEq)]
struct Figures {
    requests: u64,
    duration: Duration,
    p50_us: f64,
    p99_us: f64,
}

/// Requests are made once, before the load begins; wrk looks into no answer but its status.
fn script(shown: &Path, header: &str) -> String {
    let shown = shown.display();
    format!(
        r#"local requests, last = {{}}, 0

function init(arguments)
    for shown in io.lines("{shown}") do
        requests[#requests + 1] = wrk.format("GET", nil, {{ {header} }})
    end
end

function request()
    last = last % #requests + 1
    return requests[last]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\n{MARK}{{"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"errors":%d,"refusals":%d}}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
"#
    )
}

fn parse_figures(printed: &str) -> Result<Figures> {
    let line = printed.lines().find_map(|line| line.strip_prefix(MARK));
    let line = line.with_context(|| format!("wrk printed no figures: {printed}"))?;
    let figures: Value = serde_json::from_str(line).with_context(|| format!("wrk printed {line}"))?;
    let number = |name: &str| figures[name].as_u64().with_context(|| format!("{name} in {line}"));
    let (errors, refusals) = (number("errors")?, number("refusals")?);
    if errors > 0 || refusals > 0 {
        bail!("{errors} errors on connections and {refusals} answers of status 400 or more: {line}");
    }
    ensure!(number("requests")? > 0, "no answers at all");
    Ok(Figures {
        requests: number("requests")?,
        duration: Duration::from_micros(number("duration_us")?),
        p50_us: number("p50_us")? as f64,
        p99_us: number("p99_us")? as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(errors: u64, refusals: u64) -> String {
        format!(
            "Running 1s test\n\n{MARK}{{\"requests\":10,\"duration_us\":2000000,\"p50_us\":5,\"p99_us\":9,\"errors\":{errors},\"refusals\":{refusals}}}\n"
        )
    }

    #[test]
    fn figures() {
        let expected = Figures { requests: 10, duration: Duration::from_secs(2), p50_us: 5.0, p99_us: 9.0 };
        assert_eq!(parse_figures(&printed(0, 0)).unwrap(), expected);
    }

    #[test]
    fn one_error_or_refusal_fails_the_run() {
        assert!(parse_figures(&printed(1, 0)).is_err());
        assert!(parse_figures(&printed(0, 1)).is_err());
        assert!(parse_figures("Running 1s test").is_err());
    }
}
