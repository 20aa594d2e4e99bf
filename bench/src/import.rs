//! What an import costs: consumers with a key each, sent in parts and written, with somebody reading beside.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use latchkey_tests::base::fresh_text;
use latchkey_tests::deployment::{Deployment, Lambda, Local, Options as Start, Worker};
use latchkey_tests::lambda::{Trigger, Way};
use latchkey_tests::raw_http::{Connection, Request};
use serde_json::{Value, json};
use xtask::workspace;

use crate::{document, machine};

/// Version 4 UUIDs like any others: what is deleted of the first import keeps its id for a while.
const FIRST: &str = "6b1f6f0a-4a6e-4c56-9a53-0f2f5b7d9c11";
const SECOND: &str = "6b1f6f0a-4a6e-4c56-9a53-0f2f5b7d9c12";
/// Consumers of one part: with their keys some 700 KB.
const PART: usize = 4000;
/// Between two reads of somebody else.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Consumers that are imported, with a key each.
    #[arg(long, default_value_t = 100_000)]
    consumers: usize,
    /// Send the same once more: nothing changes then.
    #[arg(long)]
    again: bool,
    /// Where: the Worker as `cargo xtask worker build` made it and the Lambda's functions are found as
    /// their tests find them.
    #[arg(long, value_enum, default_value_t = Form::Local)]
    on: Form,
    /// A built `latchkey` to measure, in place of building one.
    #[arg(long, value_name = "FILE")]
    latchkey: Option<PathBuf>,
    /// Write the figures into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

/// A form that is deployed.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Local,
    Worker,
    Lambda,
}

/// A control door.
struct Door {
    authority: String,
    /// What its paths begin with.
    prefix: String,
    token: String,
}

/// What each stage took.
#[derive(Default)]
struct Figures {
    receiving: Duration,
    checking: Duration,
    writing: Duration,
    longest_call: Duration,
    calls: usize,
    longest_read: Duration,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let deployment = start(options)?;
    let admin = deployment.doors().admin("");
    let token = deployment.admin_token().to_owned();
    let door = Door { authority: admin.authority, prefix: admin.target, token };
    let mut rows = vec![("new", measured(&door, FIRST, options.consumers)?)];
    if options.again {
        rows.push(("unchanged", measured(&door, SECOND, options.consumers)?));
    }
    let report = report(options, &rows)?;
    println!("{report}");
    if options.write {
        let marker = match options.on {
            Form::Local => "import",
            Form::Worker => "import-worker",
            Form::Lambda => "import-lambda",
        };
        document::write(marker, &report)?;
    }
    Ok(())
}

fn start(options: &Options) -> Result<Box<dyn Deployment>> {
    Ok(match options.on {
        Form::Worker => Box::new(Worker::start(&fresh_text("token"), &fresh_text("pepper"), None)),
        Form::Lambda => Box::new(Lambda::start(Way::Trigger(Trigger::FunctionUrl))),
        Form::Local => {
            let program = workspace::latchkey(options.latchkey.as_deref())?;
            Box::new(Local::spawn(Start { program: Some(program), ..Start::default() }))
        }
    })
}

/// Imports, while somebody else reads.
fn measured(door: &Door, id: &str, consumers: usize) -> Result<Figures> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reads = scope.spawn(|| longest_read(door, &is_over));
        let figures = import(door, id, consumers);
        is_over.store(true, Ordering::Relaxed);
        let longest_read = reads.join().expect("readers return errors")?;
        Ok(Figures { longest_read, ..figures? })
    })
}

fn longest_read(door: &Door, is_over: &AtomicBool) -> Result<Duration> {
    let mut connection = Connection::open(&door.authority)?;
    let mut longest = Duration::ZERO;
    while !is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        call(&mut connection, door, "GET", "/services?size=1", None)?;
        longest = longest.max(begun.elapsed());
        thread::sleep(PAUSE);
    }
    Ok(longest)
}

fn import(door: &Door, id: &str, consumers: usize) -> Result<Figures> {
    let mut connection = Connection::open(&door.authority)?;
    let mut figures = Figures::default();
    let parts = consumers.div_ceil(PART);
    let begun = Instant::now();
    for part in 0..parts {
        let entities = part_of(part * PART..consumers.min((part + 1) * PART));
        let path = format!("/imports/{id}/parts/{part}");
        call(&mut connection, door, "PUT", &path, Some(&json!({"entities": entities})))?;
    }
    figures.receiving = begun.elapsed();
    loop {
        let begun = Instant::now();
        let path = format!("/imports/{id}");
        let answer = call(&mut connection, door, "POST", &path, Some(&json!({"parts": parts})))?;
        let took = begun.elapsed();
        figures.calls += 1;
        figures.longest_call = figures.longest_call.max(took);
        match answer["state"].as_str() {
            Some("checking") => figures.checking += took,
            Some("writing") => figures.writing += took,
            Some("done") => {
                figures.writing += took;
                break;
            }
            _ => bail!("{}", answer["faults"]),
        }
    }
    call(&mut connection, door, "DELETE", &format!("/imports/{id}"), None)?;
    Ok(figures)
}

fn part_of(numbers: std::ops::Range<usize>) -> Vec<Value> {
    let both = |number: usize| {
        let username = format!("consumer-{number}");
        [
            json!({"kind": "consumers", "entity": {"username": username}}),
            json!({"kind": "keyauth_credentials", "entity": {
                "consumer": {"username": username}, "key": format!("bench-key-{number:032}")}}),
        ]
    };
    numbers.flat_map(both).collect()
}

/// What an answer says; one that is no success is an error.
fn call(
    connection: &mut Connection,
    door: &Door,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Value> {
    let request =
        Request::new(method, format!("{}{path}", door.prefix)).header("Kong-Admin-Token", &door.token);
    let request = match body {
        Some(body) => request.header("Content-Type", "application/json").body(body.to_string()),
        None => request,
    };
    let answer = connection.exchange(&request).with_context(|| format!("{method} {path}"))?;
    match answer.status {
        204 => Ok(Value::Null),
        200 | 201 => answer.json().context("an answer that is no JSON"),
        status => bail!("{method} {path}: {status} {}", answer.text()),
    }
}

fn report(options: &Options, rows: &[(&str, Figures)]) -> Result<String> {
    let consumers = options.consumers;
    let is_release = options.latchkey.as_ref().is_none_or(|program| program.ends_with("release/latchkey"));
    let program = if is_release { "" } else { ", by a program that is not optimised" };
    let mut table = "| entities | sent s | checked s | written s | in all s | consumers with key a second | longest call ms | longest read beside ms |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for (what, figures) in rows {
        let all = figures.receiving + figures.checking + figures.writing;
        let seconds = |time: Duration| format!("{:.1}", time.as_secs_f64());
        let ms = |time: Duration| format!("{:.0}", time.as_secs_f64() * 1e3);
        let cells = [
            (*what).to_owned(),
            seconds(figures.receiving),
            seconds(figures.checking),
            seconds(figures.writing),
            seconds(all),
            format!("{:.0}", consumers as f64 / all.as_secs_f64()),
            ms(figures.longest_call),
            ms(figures.longest_read),
        ];
        table += &format!("| {} |\n", cells.join(" | "));
    }
    let calls: usize = rows.iter().map(|(_, figures)| figures.calls).sum();
    Ok(format!(
        "{table}\n{consumers} consumers with a key each, {calls} calls{program}; {}.",
        machine::describe()?
    ))
}
