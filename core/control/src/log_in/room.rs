//! Counts attempts, and says who has to wait.

use std::net::IpAddr;

use super::{PasswordAnswer, PasswordNeed};
use crate::passwords::Hashed;
use crate::ports::Clock;
use latchkey_store::{Store, StoreError};

/// Counts attempts over a store of its own: memory in the local program, the object's SQLite on the Worker,
/// items of the table on Lambda.
#[derive(Debug)]
pub struct Room<S, C> {
    store: S,
    clock: C,
}

/// Work that may be done; an attempt is counted as failed until it is known not to be.
#[derive(Debug)]
#[must_use]
pub struct Admitted {
    _private: (),
}

/// Failed log-ins of one address in one minute, for the audit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FailureReport {
    /// Of IPv6 the network (/64).
    pub address: Option<IpAddr>,
    /// The minute, in milliseconds since the Unix epoch.
    pub minute_ms: u64,
    /// Wrong passwords.
    pub failed: u32,
    /// Attempts that were held.
    pub held: u32,
}

impl<S: Store, C: Clock> Room<S, C> {
    /// Nothing counted but what the store has.
    pub fn new(store: S, clock: C) -> Self {
        Room { store, clock }
    }

    /// Counts an attempt. `Ok(Err(_))`: it is held, and nothing is to be hashed.
    pub async fn admit(&self, need: &PasswordNeed) -> Result<Result<Admitted, PasswordAnswer>, StoreError> {
        let _ = (&self.store, &self.clock, need);
        todo!()
    }

    /// Counts what came of it.
    pub async fn finish(
        &self,
        need: &PasswordNeed,
        admitted: Admitted,
        hashed: Hashed,
    ) -> Result<PasswordAnswer, StoreError> {
        let _ = (need, admitted, hashed);
        todo!()
    }

    /// Sums that are due for the audit (`Registry::note_failed_log_ins`), taken away.
    pub async fn reports(&self) -> Result<Vec<FailureReport>, StoreError> {
        todo!()
    }

    /// Removes counters that no longer count, as many as one part of that work may. Whether there are more.
    pub async fn drop_old(&self) -> Result<bool, StoreError> {
        todo!()
    }
}
