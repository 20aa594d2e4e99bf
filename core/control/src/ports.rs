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

    /// For what draws numbers of its own.
    fn seed(&self) -> [u64; 2] {
        let (mut first, mut second) = ([0; 8], [0; 8]);
        self.fill(&mut first);
        self.fill(&mut second);
        [u64::from_le_bytes(first), u64::from_le_bytes(second)]
    }

    /// A random (version 4) UUID.
    fn uuid(&self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// Ports whose answers repeat, for tests.
#[cfg(any(test, feature = "testing"))]
pub mod testing {
    pub use latchkey_published::testing::SeededRandom;

    use std::sync::atomic::{AtomicU64, Ordering};

    impl super::Random for SeededRandom {
        fn fill(&self, bytes: &mut [u8]) {
            SeededRandom::fill(self, bytes);
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
