//! A flood of log-ins beside proxied requests and changes, in turn with none.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use latchkey_tests::base::fresh_text;
use latchkey_tests::client::Client as _;
use latchkey_tests::fixtures::{consumer_with_key, proxy_to};
use latchkey_tests::raw_http::{Connection, Request};
use latchkey_tests::upstream::{Next, Upstream, answer};
use serde_json::{Value, json};

use super::portal::{PASSWORD, Portal};
use super::{ms, percentile};

/// Between two requests of one connection: what is measured is what is in their way, not how many go.
const REQUEST_INTERVAL: Duration = Duration::from_millis(5);
const REQUESTERS: usize = 2;
/// Between two changes.
const CHANGE_INTERVAL: Duration = Duration::from_millis(50);
const KEY: &str = "bench-key-flood";

/// What was measured with a flood, or without.
#[derive(Default)]
struct Found {
    requests: Vec<Duration>,
    /// From a change that is sent to the first request that is decided by it.
    changes: Vec<Duration>,
    /// Log-ins that were hashed, and those that found the queue full.
    hashed: usize,
    refused: usize,
    time: Duration,
}

pub(super) fn measure(program: &Path, spans: usize, span: Duration, flooders: usize) -> Result<String> {
    let portal = Portal::start(program)?;
    let upstream = Upstream::raw(|connection, _| {
        connection.send_raw(&answer(200, &[], b"ok"))?;
        Ok(Next::KeepAlive)
    });
    proxy_to(&portal.gateway, &upstream, &json!({}), &json!({}));
    consumer_with_key(&portal.gateway, "steady", KEY);
    let (_, changed) = consumer_with_key(&portal.gateway, "changed", "bench-key-changed");
    let mut found = [Found::default(), Found::default()];
    for number in 0..=spans {
        for (flooders, found) in [0, flooders].into_iter().zip(&mut found) {
            eprintln!("span {number} with {flooders} that log in");
            let of_span = run_span(&portal, &changed, span, flooders)?;
            // The first warms up.
            if number > 0 {
                found.add(of_span);
            }
        }
    }
    Ok(report(found, spans, span, flooders))
}

impl Found {
    fn add(&mut self, other: Found) {
        self.requests.extend(other.requests);
        self.changes.extend(other.changes);
        self.hashed += other.hashed;
        self.refused += other.refused;
        self.time += other.time;
    }
}

fn run_span(portal: &Portal, changed: &Value, span: Duration, flooders: usize) -> Result<Found> {
    let (is_over, begun) = (AtomicBool::new(false), Instant::now());
    let (hashed, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (requests, changes) = thread::scope(|scope| {
        for _ in 0..flooders {
            scope.spawn(|| flood(portal, &is_over, &hashed, &refused));
        }
        let requesters: Vec<_> = (0..REQUESTERS).map(|_| scope.spawn(|| request(portal, &is_over))).collect();
        let changer = scope.spawn(|| change(portal, changed, &is_over));
        thread::sleep(span);
        is_over.store(true, Ordering::Relaxed);
        let join = |requester: thread::ScopedJoinHandle<'_, Result<Vec<Duration>>>| {
            requester.join().expect("threads return errors")
        };
        let requests = requesters.into_iter().map(join).collect::<Result<Vec<_>>>()?.concat();
        Ok::<_, anyhow::Error>((requests, join(changer)?))
    })?;
    let (hashed, refused) = (hashed.into_inner(), refused.into_inner());
    Ok(Found { requests, changes, hashed, refused, time: begun.elapsed() })
}

/// Each attempt is for another account and from another address: none is held, all that can be are hashed.
fn flood(portal: &Portal, is_over: &AtomicBool, hashed: &AtomicUsize, refused: &AtomicUsize) -> Result<()> {
    let mut connection = portal.connect()?;
    while !is_over.load(Ordering::Relaxed) {
        let email = format!("{}@example.org", fresh_text("flood"));
        let body = json!({"email": email, "password": PASSWORD});
        match portal.call(&mut connection, "/auth", &body)?.1.status {
            401 => hashed.fetch_add(1, Ordering::Relaxed),
            503 => refused.fetch_add(1, Ordering::Relaxed),
            other => bail!("a log-in was answered {other}"),
        };
    }
    Ok(())
}

fn request(portal: &Portal, is_over: &AtomicBool) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(portal.gateway.authority())?;
    let request = Request::get("/").header("apikey", KEY);
    let mut times = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let answer = connection.exchange(&request)?;
        times.push(begun.elapsed());
        if answer.status != 200 {
            bail!("a good key was answered {}", answer.status);
        }
        thread::sleep(REQUEST_INTERVAL.saturating_sub(begun.elapsed()));
    }
    Ok(times)
}

/// Suspends a credential and resumes it, and asks until requests are decided so.
fn change(portal: &Portal, credential: &Value, is_over: &AtomicBool) -> Result<Vec<Duration>> {
    let mut admin = Connection::open(&portal.gateway.admin_authority())?;
    let mut connection = Connection::open(portal.gateway.authority())?;
    let request = Request::get("/").header("apikey", "bench-key-changed");
    let path = format!("/key-auths/{}", credential["id"].as_str().unwrap_or_default());
    let (mut times, mut is_enabled) = (Vec::new(), true);
    while !is_over.load(Ordering::Relaxed) {
        is_enabled = !is_enabled;
        let body = json!({"enabled": is_enabled}).to_string();
        let change = portal.gateway.admin_request("PATCH", &path).header("Content-Type", "application/json");
        let begun = Instant::now();
        let answer = admin.exchange(&change.body(body))?;
        if answer.status != 200 {
            bail!("a change was answered {} {}", answer.status, answer.text());
        }
        while (connection.exchange(&request)?.status == 200) != is_enabled {}
        times.push(begun.elapsed());
        thread::sleep(CHANGE_INTERVAL.saturating_sub(begun.elapsed()));
    }
    Ok(times)
}

fn report(found: [Found; 2], spans: usize, span: Duration, flooders: usize) -> String {
    let [mut without, mut with] = found;
    let row = |name: &str, without: &mut Vec<Duration>, with: &mut Vec<Duration>, hundredths| {
        let (without, with) = (ms(percentile(without, hundredths)), ms(percentile(with, hundredths)));
        format!("| {name} | {without:.2} | {with:.2} | {:.2} |\n", with / without)
    };
    let mut table = "| ms | without | with a flood | ratio |\n| --- | ---: | ---: | ---: |\n".to_owned();
    table += &row("proxied request, median", &mut without.requests, &mut with.requests, 50);
    table += &row("proxied request, p99", &mut without.requests, &mut with.requests, 99);
    table += &row("from a change to its effect, median", &mut without.changes, &mut with.changes, 50);
    table += &row("from a change to its effect, p99", &mut without.changes, &mut with.changes, 99);
    let rate = |count: usize| count as f64 / with.time.as_secs_f64();
    let (hashed, refused) = (rate(with.hashed), rate(with.refused));
    format!(
        "{table}\n{flooders} connections logged in as fast as they were answered: {hashed:.0} a second were hashed, \
         {refused:.0} a second found the queue full.\n\
         {spans} spans of {} s each, in turn; {} and {} requests, {} and {} changes.",
        span.as_secs(),
        without.requests.len(),
        with.requests.len(),
        without.changes.len(),
        with.changes.len(),
    )
}
