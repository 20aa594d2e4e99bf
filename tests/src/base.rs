//! What everything else here stands on: tokens, ids, chance, programs to test, waiting.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub const ADMIN_TOKEN: &str = "test-admin-token-3f1c9a-8e20d7b5c4";
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Small seeded generator (SplitMix64): a run can be repeated from its seed.
pub struct Chance(u64);

impl Chance {
    /// Seed from `LATCHKEY_TEST_SEED`, else from the clock; printed, so that a failure can be repeated.
    pub fn from_env() -> Self {
        let seed = std::env::var("LATCHKEY_TEST_SEED").ok().and_then(|s| s.parse().ok());
        let seed = seed.unwrap_or_else(clock_nanos);
        println!("LATCHKEY_TEST_SEED={seed}");
        Self(seed)
    }

    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }
}

/// A text no other call returns, also in another process of the same run.
pub fn fresh_text(prefix: &str) -> String {
    let (a, b) = fresh_pair();
    format!("{prefix}-{a:016x}{b:016x}")
}

/// A version 4 UUID no other call returns.
pub fn fresh_id() -> String {
    let (a, b) = fresh_pair();
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | ((b >> 48) & 0x3fff),
        b & 0xffff_ffff_ffff
    )
}

fn fresh_pair() -> (u64, u64) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    let mut chance = Chance::seeded(clock_nanos() ^ (u64::from(std::process::id()) << 40) ^ (count << 20));
    (chance.draw(), chance.draw())
}

fn clock_nanos() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() & u128::from(u64::MAX))
        .unwrap()
}

/// Waits until something holds, and fails when it does not within so long.
#[track_caller]
pub fn wait_until(what: &str, within: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        thread::sleep(LOOK_EVERY);
    }
}

/// The program that the variable names, else that of the package, built first so that it is never a
/// stale one.
pub fn program(variable: &str, package: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(given) => {
            let path = PathBuf::from(given);
            assert!(path.is_file(), "{variable} names no file: {}", path.display());
            path
        }
        None => build(package),
    }
}

/// Builds the program of a package beside the test executable.
fn build(package: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test does not know its own path");
    let profile_dir = test.parent().and_then(Path::parent).expect("the test is not under target/…/deps");
    let target_dir = profile_dir.parent().unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "-q", "-p", package, "--target-dir"]);
    build.arg(target_dir);
    if profile_dir.ends_with("release") {
        build.arg("--release");
    }
    let status = build.status().expect("cannot run cargo");
    let path = profile_dir.join(package);
    assert!(status.success() && path.is_file(), "cargo build -p {package} made no {}", path.display());
    path
}
