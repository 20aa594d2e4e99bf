//! Ids of requests, for logs, answers and upstreams.

use std::cell::Cell;

/// Draws request ids: unlike each other, not secret.
#[derive(Debug)]
pub struct RequestIds {
    state: Cell<u64>,
    high: u64,
}

impl RequestIds {
    /// A sequence of its own for each seed, which is to be random.
    pub fn new([state, high]: [u64; 2]) -> Self {
        RequestIds { state: Cell::new(state), high }
    }

    /// The next id: SplitMix64 of a counter, twice, so that no two in one sequence are equal.
    pub fn draw(&self) -> u128 {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        (u128::from(mix(state ^ self.high)) << 64) | u128::from(mix(state))
    }
}

/// 32 lower-case hex digits.
pub(crate) fn digits(id: u128) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(id.to_be_bytes()) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    text
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_differ() {
        let (a, b) = (RequestIds::new([1, 2]), RequestIds::new([3, 4]));
        let ids: std::collections::HashSet<u128> = (0..1000).flat_map(|_| [a.draw(), b.draw()]).collect();
        assert_eq!(ids.len(), 2000);
    }
}
