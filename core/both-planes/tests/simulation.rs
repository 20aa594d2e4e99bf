//! The revocation bound, under every misfortune we could think of: a seeded, deterministic
//! simulation in virtual time, with an auditor who knows the true history.
//!
//! Runs the real gateway, transactions, feed and publisher; only clocks, networks and the replica
//! are played. A seed replays to the same log.
//!
//! `LATCHKEY_SIMULATION_SEEDS` sets how many seeds are run (`cargo xtask test --long`: 12,000);
//! `LATCHKEY_SIMULATION_SEED` runs one and prints its log.

#![allow(clippy::unwrap_used)]
#![expect(
    clippy::disallowed_methods,
    reason = "made-up keys are presented; seeds are set by the environment"
)]

#[path = "simulation/auditor.rs"]
mod auditor;
#[path = "simulation/network.rs"]
mod network;
#[path = "simulation/replica.rs"]
mod replica;
#[path = "simulation/world.rs"]
mod world;

use latchkey_gateway::ablation::Ablation;
use world::{Report, Unpublished, World};

/// Seeds of an ordinary run.
const SEEDS: u64 = 300;

fn run(seed: u64, ablation: Ablation) -> Report {
    World::new(seed, ablation, Unpublished::default()).run()
}

fn seeds() -> u64 {
    std::env::var("LATCHKEY_SIMULATION_SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap())
}

#[test]
fn no_request_is_decided_by_a_state_past_the_bound() {
    if let Ok(seed) = std::env::var("LATCHKEY_SIMULATION_SEED") {
        let report = run(seed.parse().unwrap(), Ablation::default());
        println!("{}\n{:#?}", report.log.join("\n"), report.counts);
        assert_eq!(report.violations, Vec::<String>::new());
        return;
    }
    let mut total = world::Counts::default();
    for seed in 0..seeds() {
        let report = run(seed, Ablation::default());
        assert!(
            report.violations.is_empty(),
            "seed {seed}: {:#?}\nreplay with LATCHKEY_SIMULATION_SEED={seed}",
            report.violations
        );
        total += report.counts;
    }
    println!("{} seeds: {total:#?}", seeds());
    // A world in which nothing goes wrong proves nothing.
    for (what, count) in total.each().into_iter().chain(total.life.each()).chain(total.bulk.each()) {
        assert!(count > 0, "never happened: {what}");
    }
}

#[test]
fn a_seed_replays_to_the_same_log() {
    for seed in [1, 7, 42] {
        assert_eq!(run(seed, Ablation::default()).log, run(seed, Ablation::default()).log);
    }
}

/// Each rule is needed: with any one off, the auditor finds a violation.
#[test]
fn without_any_one_rule_the_auditor_finds_a_violation() {
    for (name, ablation) in [
        ("credential of a token", Ablation { token_credential: true, ..Ablation::default() }),
        ("tokens taken back by time", Ablation { tokens_not_before: true, ..Ablation::default() }),
        ("tokens taken back one by one", Ablation { denied_tokens: true, ..Ablation::default() }),
        ("generation stamp", Ablation { generation_stamp: true, ..Ablation::default() }),
        ("epoch comparison", Ablation { epoch_comparison: true, ..Ablation::default() }),
        ("horizon", Ablation { horizon: true, ..Ablation::default() }),
        ("grace", Ablation { grace: true, ..Ablation::default() }),
        ("asking again about tunnels", Ablation { tunnels_asked_again: true, ..Ablation::default() }),
        ("looking ahead for tunnels", Ablation { tunnels_look_ahead: true, ..Ablation::default() }),
        ("place of a digest", Ablation { imported_place: true, ..Ablation::default() }),
        ("replica's MAC", Ablation { replica_mac: true, ..Ablation::default() }),
        ("expiry on every request", Ablation { expiry: true, ..Ablation::default() }),
        ("unlisted changes and records", Ablation { unlisted_records: true, ..Ablation::default() }),
        ("unlisted changes and not found", Ablation { unlisted_misses: true, ..Ablation::default() }),
        ("unlisted changes and memory", Ablation { unlisted_forgotten: true, ..Ablation::default() }),
        ("folding", Ablation { folding: true, ..Ablation::default() }),
        ("awaiting keys that were made", Ablation { awaiting_made: true, ..Ablation::default() }),
        ("only keys that were made wait", Ablation { made_alone_waits: true, ..Ablation::default() }),
    ] {
        let found = (0..20_000).find_map(|seed| {
            let violation = run(seed, ablation).violations.into_iter().next()?;
            Some((seed, violation))
        });
        let (seed, violation) = found.unwrap_or_else(|| panic!("nothing found without {name}"));
        println!("without {name}: seed {seed}: {violation}");
    }
}

/// The same of what the registry publishes with a rotation and a suspension.
#[test]
fn without_what_the_registry_publishes_the_auditor_finds_a_violation() {
    for (name, unpublished) in [
        ("the end of the key before a rotation", Unpublished { ends: true, ..Unpublished::default() }),
        ("a suspension of all keys", Unpublished { suspensions: true, ..Unpublished::default() }),
        ("a resumption", Unpublished { resumptions: true, ..Unpublished::default() }),
    ] {
        let found = (0..20_000).find_map(|seed| {
            let report = World::new(seed, Ablation::default(), unpublished).run();
            report.violations.into_iter().next().map(|violation| (seed, violation))
        });
        let (seed, violation) = found.unwrap_or_else(|| panic!("nothing found without {name}"));
        println!("without {name}: seed {seed}: {violation}");
    }
}
