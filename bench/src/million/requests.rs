//! Requests with keys drawn from all there are.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use latchkey_tests::base::Chance;
use latchkey_tests::client::Client as _;
use latchkey_tests::raw_http::{Connection, Request};

use super::Installation;
use super::fill::CREDENTIALS_EACH;

/// Requests of one installation before it is the other's turn.
const BATCH: usize = 1000;

/// What a request took.
#[derive(Clone, Copy, Default)]
pub(super) struct Took {
    /// From the client's side, at the median of the batches' means.
    pub(super) time: Duration,
    /// Of the program's threads.
    pub(super) processor: Duration,
}

/// The same number of requests of both, in turn.
pub(super) fn compare(few: &Installation, many: &Installation, requests: usize) -> Result<[Took; 2]> {
    let mut chance = Chance::from_env();
    let mut batches = [Vec::new(), Vec::new()];
    // The first of each warms up connections.
    for round in 0..=requests.div_ceil(BATCH) {
        for (at, installation) in [few, many].into_iter().enumerate() {
            let took = batch(installation, &mut chance)?;
            if round > 0 {
                batches[at].push(took);
            }
        }
    }
    Ok(batches.map(|batches| Took {
        time: median(batches.iter().map(|took| took.time)),
        processor: median(batches.iter().map(|took| took.processor)),
    }))
}

fn batch(installation: &Installation, chance: &mut Chance) -> Result<Took> {
    let applications = &installation.filled.applications;
    let mut drawn = Vec::with_capacity(BATCH);
    for _ in 0..BATCH {
        let application = &applications[chance.below(applications.len() as u64) as usize];
        let (_, key) = &application.credentials[chance.below(CREDENTIALS_EACH as u64) as usize];
        drawn.push(Request::get("/").header("apikey", key));
    }
    let mut connection = Connection::open(installation.gateway.authority())?;
    let (begun, before) = (Instant::now(), processor_time(installation.gateway.pid())?);
    for request in &drawn {
        let answer = connection.exchange(request)?;
        if answer.status != 200 {
            bail!("a good key was answered {} {}", answer.status, answer.text());
        }
    }
    let processor = processor_time(installation.gateway.pid())?.saturating_sub(before);
    Ok(Took { time: begun.elapsed() / BATCH as u32, processor: processor / BATCH as u32 })
}

/// What all threads of a process have run for.
fn processor_time(pid: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

pub(crate) fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}
