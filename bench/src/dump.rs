//! What `deck gateway dump` costs: every list that decK was recorded reading, page by page, the lists beside
//! each other as decK reads them.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options as Start};
use latchkey_tests::raw_http::Connection;
use serde_json::{Value, json};
use xtask::workspace;

use crate::{document, machine};

/// What decK asked; the run is called by this name there.
const RECORDING: &str = include_str!("../../tests/vectors/deck.json");
const RUN: &str = "dump";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Consumers that are dumped.
    #[arg(long, default_value_t = 2000)]
    consumers: usize,
    /// Keys of theirs, one after the other.
    #[arg(long, default_value_t = 5000)]
    keys: usize,
    /// Dumps; the median is reported.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// A built `latchkey` to measure, in place of building one.
    #[arg(long, value_name = "FILE")]
    latchkey: Option<PathBuf>,
    /// Write the figures into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let program = workspace::latchkey(options.latchkey.as_deref())?;
    let gateway = Local::spawn(Start { program: Some(program.clone()), ..Start::default() });
    eprintln!("adding {} consumers and {} keys", options.consumers, options.keys);
    fill(&gateway, options)?;
    let lists = recorded_lists()?;
    let dumps: Vec<Dump> = (0..options.rounds).map(|_| dump(&gateway, &lists)).collect::<Result<_>>()?;
    let expected = options.consumers + options.keys;
    if let Some(other) = dumps.iter().find(|dump| dump.entities != expected) {
        bail!("{} entities were dumped in place of {expected}", other.entities);
    }
    let report = report(options, dumps, program.ends_with("release/latchkey"))?;
    println!("{report}");
    if options.write {
        document::write("dump", &report)?;
    }
    Ok(())
}

/// Consumers, with keys of theirs in turn.
fn fill(gateway: &Local, options: &Options) -> Result<()> {
    let mut connection = Connection::open(&gateway.admin_authority())?;
    let mut add = |path: String, body: Value| -> Result<()> {
        let request = gateway.admin_request("POST", &path).header("Content-Type", "application/json");
        let answer = connection.exchange(&request.body(body.to_string()))?;
        if answer.status != 201 {
            bail!("POST {path}: {} {}", answer.status, answer.text());
        }
        Ok(())
    };
    for number in 0..options.consumers {
        add(
            "/consumers".to_owned(),
            json!({"username": format!("consumer-{number}"), "custom_id": number.to_string()}),
        )?;
    }
    for number in 0..options.keys {
        let consumer = number % options.consumers.max(1);
        add(
            format!("/consumers/consumer-{consumer}/key-auth"),
            json!({"key": format!("bench-key-{number}")}),
        )?;
    }
    Ok(())
}

/// The lists of the recording's dump.
fn recorded_lists() -> Result<Vec<String>> {
    let runs: Value = serde_json::from_str(RECORDING)?;
    let run = runs.as_array().into_iter().flatten().find(|run| run["run"] == RUN).context("no such run")?;
    let paths = run["requests"].as_array().into_iter().flatten().filter_map(|call| call["path"].as_str());
    Ok(paths.filter(|path| path.contains("size=")).map(str::to_owned).collect())
}

/// What one dump took.
#[derive(Clone, Copy, Default)]
struct Dump {
    calls: usize,
    entities: usize,
    bytes: usize,
    time: Duration,
}

fn dump(gateway: &Local, lists: &[String]) -> Result<Dump> {
    let begun = Instant::now();
    let mut all = Dump { calls: 1, ..Dump::default() };
    Connection::open(&gateway.admin_authority())?.exchange(&gateway.admin_request("GET", "/"))?;
    let read: Vec<Result<Dump>> = thread::scope(|scope| {
        let readers: Vec<_> = lists.iter().map(|list| scope.spawn(|| read_list(gateway, list))).collect();
        readers.into_iter().map(|reader| reader.join().expect("readers return errors")).collect()
    });
    for list in read {
        let list = list?;
        all.calls += list.calls;
        all.entities += list.entities;
        all.bytes += list.bytes;
    }
    Ok(Dump { time: begun.elapsed(), ..all })
}

/// Every page of a list, by the offset of the one before.
fn read_list(gateway: &Local, list: &str) -> Result<Dump> {
    let mut connection = Connection::open(&gateway.admin_authority())?;
    let (mut read, mut path) = (Dump::default(), list.to_owned());
    loop {
        let answer = connection.exchange(&gateway.admin_request("GET", &path))?;
        read.calls += 1;
        // Of some kinds decK takes it that they are not there.
        if answer.status == 404 {
            return Ok(read);
        }
        let page = answer.json().filter(|_| answer.status == 200);
        let page = page.with_context(|| format!("GET {path}: {}", answer.status))?;
        read.bytes += answer.body.len();
        read.entities += page["data"].as_array().map_or(0, Vec::len);
        match page["offset"].as_str() {
            Some(offset) => path = format!("{list}&offset={}", escaped(offset)),
            None => return Ok(read),
        }
    }
}

/// An offset in a query.
fn escaped(offset: &str) -> String {
    offset.replace('%', "%25").replace('+', "%2B").replace('&', "%26").replace('#', "%23")
}

fn report(options: &Options, mut dumps: Vec<Dump>, is_release: bool) -> Result<String> {
    dumps.sort_by_key(|dump| dump.time);
    let median = dumps[dumps.len() / 2];
    let ms = |dump: &Dump| dump.time.as_secs_f64() * 1e3;
    let program = if is_release { "" } else { ", by a program that is not optimised" };
    Ok(format!(
        "| consumers | keys | calls | bytes | median ms | best ms |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: |\n\
         | {} | {} | {} | {} | {:.0} | {:.0} |\n\n\
         {} rounds{program}; {}.",
        options.consumers,
        options.keys,
        median.calls,
        median.bytes,
        ms(&median),
        ms(&dumps[0]),
        dumps.len(),
        machine::describe()?
    ))
}
