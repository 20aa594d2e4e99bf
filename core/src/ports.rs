//! What the control plane needs from its platform besides a store.

/// Wall clock.
pub trait Clock {
    /// Milliseconds since the Unix epoch.
    fn unix_ms(&self) -> u64;
}

/// Randomness fit for secrets.
pub trait Random {
    /// Fills `bytes` from the platform's secure source.
    fn fill(&self, bytes: &mut [u8]);

    /// A random (version 4) UUID.
    fn uuid(&self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// Ports whose answers repeat, for tests.
pub mod testing {
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Repeatable bytes from a seed (SplitMix64). Not fit for secrets.
    #[derive(Debug)]
    pub struct SeededRandom(AtomicU64);

    impl SeededRandom {
        /// Starts at `seed`.
        pub fn new(seed: u64) -> Self {
            SeededRandom(AtomicU64::new(seed))
        }

        /// Next 64 bits.
        pub fn next(&self) -> u64 {
            let step = 0x9e37_79b9_7f4a_7c15_u64;
            let mut z = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }
    }

    impl super::Random for SeededRandom {
        fn fill(&self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(8) {
                chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
            }
        }
    }

    /// A clock that stands still until it is moved.
    #[derive(Debug, Default)]
    pub struct ManualClock(AtomicU64);

    impl ManualClock {
        /// Starts at `unix_ms`.
        pub fn at(unix_ms: u64) -> Self {
            ManualClock(AtomicU64::new(unix_ms))
        }

        /// Moves on by `ms`.
        pub fn advance(&self, ms: u64) {
            self.0.fetch_add(ms, Ordering::Relaxed);
        }
    }

    impl super::Clock for ManualClock {
        fn unix_ms(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }
}
