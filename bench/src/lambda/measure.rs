//! One cold start and what follows it.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::contenders::{Contender, invoke, make_event, start};

/// Invocations before those that are measured.
const WARM_UP: u64 = 30;

/// What one environment took; times in milliseconds.
pub(super) struct Sample {
    /// From the start of the process to its first poll.
    pub(super) init_ms: f64,
    /// The first invocation.
    pub(super) first_ms: f64,
    /// The others, in ascending order.
    pub(super) warm_ms: Vec<f64>,
    /// Resident memory after all of them, in MB.
    pub(super) resident_mb: f64,
}

/// One contender with all that was measured of it.
pub(super) struct Measured {
    pub(super) contender: Contender,
    pub(super) package_bytes: u64,
    pub(super) samples: Vec<Sample>,
}

pub(super) fn sample(contender: &Contender, invocations: u64) -> Result<Sample> {
    let mut environment = start(&contender.program).with_context(|| contender.name.clone())?;
    let init_ms = ms(environment.init_time());
    let event = make_event("GET", "/orders/7?page=2", &[("apikey", &contender.key)], b"");
    let mut timed = || -> Result<f64> {
        environment.wait_until_it_polls();
        let event = event.clone();
        let begun = Instant::now();
        let response = invoke(&mut environment, event)?;
        let took_ms = ms(begun.elapsed());
        ensure!(response["statusCode"] == 200, "{} answered {response}", contender.name);
        Ok(took_ms)
    };
    let first_ms = timed()?;
    for _ in 0..WARM_UP {
        timed()?;
    }
    let mut warm_ms = (0..invocations).map(|_| timed()).collect::<Result<Vec<f64>>>()?;
    warm_ms.sort_by(f64::total_cmp);
    let resident_mb = resident_mb(environment.pid())?;
    Ok(Sample { init_ms, first_ms, warm_ms, resident_mb })
}

impl Sample {
    /// The warm invocation that this share of them did not exceed.
    pub(super) fn warm_at(&self, share: f64) -> f64 {
        let last = self.warm_ms.len().saturating_sub(1);
        self.warm_ms.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn resident_mb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no VmRSS")?.parse()?;
    Ok(kib * 1024.0 / 1e6)
}
