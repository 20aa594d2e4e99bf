//! The one upstream of all gateways: nginx with a constant answer, an echo and a count.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use latchkey_tests::ports::free_port;

use super::client::{Answer, Client};
use super::cores::Cores;
use super::nginx;
use super::process::Process;
use super::scratch::Scratch;
use super::subject::{Route, wait_for};
use super::workload::{IDENTITY, WITHHELD};

/// The constant answer.
pub(super) const BODY: &str = "hello, world";
const COUNT_PATH: &str = "/upstream-count";
/// What the echo shows beside the identity headers.
const ECHOED: [&str; 7] = [
    "apikey",
    "Authorization",
    "Host",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Connection",
];

pub(super) struct Upstream {
    pub(super) port: u16,
    pub(super) process: Process,
}

/// Since the start.
#[derive(Clone, Copy)]
pub(super) struct Count {
    pub(super) connections: u64,
    pub(super) requests: u64,
}

impl Upstream {
    pub(super) fn start(program: &Path, scratch: &Scratch, cores: &Cores) -> Result<Self> {
        let port = free_port();
        let configuration = scratch.file("upstream.conf", &configuration(port, scratch, cores.load.len()))?;
        let command = nginx::command(program, &configuration, scratch);
        let mut process = Process::start("upstream", &command, &cores.load, scratch)?;
        wait_for("the upstream", &mut process, || Ok(Client::new(port).get("/", &[])?.status == 200))?;
        Ok(Self { port, process })
    }

    pub(super) fn count(&self) -> Result<Count> {
        parse_count(&Client::new(self.port).get(COUNT_PATH, &[])?.body)
    }
}

/// Where, behind that route, the upstream says which headers arrived.
pub(super) fn echo_path(route: Route) -> String {
    format!("{route}/echo")
}

/// Header names in lower case; none with an empty value.
pub(super) fn parse_echo(answer: &Answer) -> Result<HashMap<String, String>> {
    if answer.status != 200 {
        bail!("status {} in place of the echo: {}", answer.status, answer.body);
    }
    let pairs =
        answer.body.lines().map(|line| line.split_once('=').with_context(|| format!("echo line {line:?}")));
    let pairs: Vec<(&str, &str)> = pairs.collect::<Result<_>>()?;
    let present = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(present.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn configuration(port: u16, scratch: &Scratch, workers: usize) -> String {
    let echo: String = IDENTITY.iter().chain(&WITHHELD).chain(&ECHOED).map(|name| echo_line(name)).collect();
    let echoes: String = [Route::Keyed, Route::Plain, Route::Token]
        .map(|route| format!("        location = {} {{ return 200 \"{echo}\"; }}\n", echo_path(route)))
        .concat();
    let listen = nginx::listen(port, workers);
    let head = nginx::head(scratch, "upstream", workers);
    format!(
        "{head}
http {{
    access_log off;
    server_tokens off;
    default_type text/plain;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    server {{
        {listen}
        location / {{ return 200 \"{BODY}\"; }}
        location = {COUNT_PATH} {{ stub_status; }}
{echoes}    }}
}}
"
    )
}

fn echo_line(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    format!("{name}=$http_{}\\n", name.replace('-', "_"))
}

/// The third line of nginx's `stub_status`: accepts handled requests.
fn parse_count(body: &str) -> Result<Count> {
    let numbers: Vec<u64> = body
        .lines()
        .nth(2)
        .map(|line| line.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect())
        .unwrap_or_default();
    match numbers[..] {
        [_, connections, requests] => Ok(Count { connections, requests }),
        _ => bail!("stub_status reads {body:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stub_status() {
        let body = "Active connections: 1 \nserver accepts handled requests\n 7 6 31 \nReading: 0 Writing: 1 Waiting: 0 \n";
        let count = parse_count(body).unwrap();
        assert_eq!((count.connections, count.requests), (6, 31));
    }

    #[test]
    fn echo_of_a_header() {
        assert_eq!(echo_line("X-Consumer-ID"), "x-consumer-id=$http_x_consumer_id\\n");
        let answer = Answer { status: 200, body: "apikey=\nhost=a=b\n".into(), closes: false };
        assert_eq!(parse_echo(&answer).unwrap(), HashMap::from([("host".into(), "a=b".into())]));
    }
}
