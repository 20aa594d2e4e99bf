//! Ports for programs that cannot choose their own.

use std::hash::{BuildHasher as _, RandomState};
use std::net::TcpListener;
use std::ops::Range;

/// Below those that systems give to outgoing connections: none of these takes a port between the
/// moment it is found free and the program's own use.
const PORTS: Range<u16> = 10_000..30_000;
const ATTEMPTS_MAX: u64 = 1_000;

/// A port of 127.0.0.1 on which nothing listens.
pub fn free_port() -> u16 {
    let random = RandomState::new();
    let mut candidates = (0..ATTEMPTS_MAX).map(|attempt| {
        let below = u64::from(PORTS.end - PORTS.start);
        PORTS.start + u16::try_from(random.hash_one(attempt) % below).unwrap()
    });
    let free = candidates.find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    free.expect("no free port")
}
