//! Runs a change until it is committed.

use super::entity_transaction::EntityTransaction;
use super::error::Error;
use crate::audit::Stamp;
use latchkey_published::limits;
use latchkey_store::{Commit, Store, StoreError};

/// Attempts whose outcome stayed unknown before the caller is told so.
const UNKNOWN_MAX: u32 = 3;

/// How often a change has been tried.
pub(super) struct Attempts {
    /// What the audit calls the change, and its time: the same in every attempt.
    pub(super) stamp: Stamp,
    conflicts: u32,
    unknown: u32,
}

impl Attempts {
    pub(super) fn new(stamp: Stamp) -> Self {
        Attempts { stamp, conflicts: 0, unknown: 0 }
    }

    /// Whether an earlier attempt may have been applied.
    pub(super) fn may_be_applied(&self) -> bool {
        self.unknown > 0
    }

    /// Commits; `false`: to be tried again.
    pub(super) async fn commit<S: Store>(
        &mut self,
        transaction: EntityTransaction<'_, S>,
    ) -> Result<bool, Error> {
        match transaction.commit().await {
            Ok(Commit::Committed) => Ok(true),
            Ok(Commit::Conflict) if self.conflicts < limits::CONFLICTS_MAX => {
                self.conflicts += 1;
                Ok(false)
            }
            Ok(Commit::Conflict) => Err(Error::Busy),
            Err(StoreError::Unknown(_)) if self.unknown < UNKNOWN_MAX => {
                self.unknown += 1;
                Ok(false)
            }
            Err(error) => Err(Error::Store(error)),
        }
    }
}

/// `transact!(registry, attempts, |work| call)`: what the call answers, once it is committed.
/// Errors of the call return from the function around.
macro_rules! transact {
    ($registry:expr, $attempts:ident, |$transaction:ident| $call:expr) => {{
        let mut $attempts = $crate::registry::attempts::Attempts::new($registry.stamp());
        loop {
            let mut $transaction = $registry.attempt(&$attempts);
            let outcome = $call.await?;
            if $attempts.commit($transaction).await? {
                break outcome;
            }
        }
    }};
}
pub(super) use transact;

/// The same for a change that cannot be decided again once it is applied, such as one that spends what works once:
/// an attempt whose reply was lost is known by its record of the audit, and what it came to is answered.
macro_rules! transact_once {
    ($registry:expr, |$transaction:ident| $call:expr) => {{
        let mut attempts = $crate::registry::attempts::Attempts::new($registry.stamp());
        let mut earlier = None;
        loop {
            let mut $transaction = $registry.attempt(&attempts);
            if let Some(outcome) = earlier.take()
                && $transaction.was_applied().await?
            {
                break outcome;
            }
            let outcome = $call.await?;
            if attempts.commit($transaction).await? {
                break outcome;
            }
            earlier = Some(outcome);
        }
    }};
}
pub(super) use transact_once;
