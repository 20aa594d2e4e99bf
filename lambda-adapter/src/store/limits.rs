//! DynamoDB's bounds and how long it is waited for.
//!
//! Bounds are from the Developer Guide, "Quotas in Amazon DynamoDB" and "Constraints in Amazon
//! DynamoDB". Records in one transaction, 100, is [`latchkey_published::limits::BATCH_RECORDS_MAX`].

use std::time::Duration;

/// One item, names of attributes included, in bytes.
pub(super) const ITEM_BYTES_MAX: usize = 400 * 1024;
/// All items of one transaction, in bytes.
pub(super) const TRANSACTION_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A partition key, in bytes.
pub(super) const PARTITION_BYTES_MAX: usize = 2048;
/// A sort key, in bytes.
pub(super) const SORT_BYTES_MAX: usize = 1024;

/// How long DynamoDB is waited for.
///
/// A call of the store ends at the latest `total` plus `attempt` after it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// One attempt, connecting included.
    pub attempt: Duration,
    /// From the start of the call: no attempt starts later.
    pub total: Duration,
    /// Attempts of one call, the first included.
    pub attempts_max: u32,
    /// Pauses between attempts are drawn evenly from zero to this, doubled with each attempt
    /// ("full jitter"), ...
    pub pause_first: Duration,
    /// ... up to this.
    pub pause_max: Duration,
}

impl Default for Patience {
    /// DynamoDB answers within some 10 ms as a rule; a client of the gateway waits half a minute.
    /// The Admin API repeats a change whose outcome is unknown up to three times: 4 times 5 s.
    fn default() -> Self {
        Patience {
            attempt: Duration::from_millis(1_000),
            total: Duration::from_millis(4_000),
            attempts_max: 12,
            pause_first: Duration::from_millis(25),
            pause_max: Duration::from_millis(800),
        }
    }
}
