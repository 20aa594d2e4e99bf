//! Samples of all gateways, taken in turn.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::load::{Load, Sample};
use super::process;
use super::subject::{Gateway, Route};
use super::upstream::Upstream;

/// What one gateway showed: samples in the order of the rounds.
pub(super) struct Measured {
    pub(super) name: &'static str,
    pub(super) version: String,
    pub(super) keyed: Vec<Sample>,
    pub(super) plain: Vec<Sample>,
    /// Empty: it takes no tokens.
    pub(super) token: Vec<Sample>,
    /// After the last round.
    pub(super) memory: process::Memory,
}

/// Samples the gateways in turn, so that whatever else the machine does falls on all alike.
pub(super) fn measure(
    gateways: Vec<Gateway>,
    upstream: &Upstream,
    load: &Load<'_>,
    rounds: u64,
) -> Result<Vec<Measured>> {
    let mut samples: Vec<[Vec<Sample>; 3]> = gateways.iter().map(|_| Default::default()).collect();
    for gateway in &gateways {
        for route in gateway.routes() {
            sample(gateway, route, upstream, &load.warm_up())?;
        }
    }
    for round in 0..rounds {
        for (index, gateway) in in_turn(&gateways, round) {
            // The routes side by side, first one then the other first: their difference is small.
            let mut routes = gateway.routes();
            if round % 2 == 1 {
                routes.reverse();
            }
            for route in routes {
                let taken = sample(gateway, route, upstream, load)?;
                eprintln!("round {} of {rounds}: {:<8} {route} {taken}", round + 1, gateway.name);
                let [keyed, plain, token] = &mut samples[index];
                match route {
                    Route::Keyed => keyed.push(taken),
                    Route::Plain => plain.push(taken),
                    Route::Token => token.push(taken),
                }
            }
        }
    }
    gateways
        .into_iter()
        .zip(samples)
        .map(|(gateway, [keyed, plain, token])| {
            let memory = gateway.process.memory()?;
            Ok(Measured { name: gateway.name, version: gateway.version, keyed, plain, token, memory })
        })
        .collect()
}

/// All of them, each round beginning with another.
fn in_turn(gateways: &[Gateway], round: u64) -> impl Iterator<Item = (usize, &Gateway)> {
    let first = usize::try_from(round).unwrap_or(0) % gateways.len().max(1);
    gateways.iter().enumerate().cycle().skip(first).take(gateways.len())
}

fn sample(gateway: &Gateway, route: Route, upstream: &Upstream, load: &Load<'_>) -> Result<Sample> {
    thread::sleep(Duration::from_millis(200));
    load.run(gateway, route, upstream)
        .with_context(|| format!("load on {route}"))
        .with_context(|| gateway.explain())
}
