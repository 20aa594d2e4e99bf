//! A fast hash for byte strings.
//!
//! The keys of every table come from the configuration and a request only looks them up,
//! so a client cannot fill a table with colliding keys.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Map from byte strings.
pub(super) type ByteMap<K, V> = HashMap<K, V, BuildHasherDefault<ByteHasher>>;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Multiplies and folds, eight bytes at a time.
#[derive(Default)]
pub(super) struct ByteHasher(u64);

impl ByteHasher {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(MULTIPLIER);
        self.0 = (product as u64) ^ ((product >> 64) as u64).rotate_left(23);
    }
}

impl Hasher for ByteHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.mix(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.mix(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Hash that is the same for two byte strings that differ only in ASCII case.
pub(super) fn hash_ignoring_case(bytes: &[u8]) -> u64 {
    let mut hasher = ByteHasher::default();
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        word.make_ascii_lowercase();
        hasher.mix(u64::from_le_bytes(word));
    }
    hasher.mix(bytes.len() as u64);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_change_the_hash() {
        assert_eq!(hash_ignoring_case(b"Content-TYPE/json"), hash_ignoring_case(b"content-type/JSON"));
        assert_ne!(hash_ignoring_case(b"a"), hash_ignoring_case(b"a\0"));
    }
}
