//! The one port to durable storage, and what is done through it for the gateway: the change feed
//! is read, what is due at a replica found, and a key's move to the current pepper asked for.

pub mod feed;
pub mod memory;
pub mod rehash;
pub mod replica;
#[cfg(any(test, feature = "testing"))]
pub mod suite;

use latchkey_published::limits::BATCH_RECORDS_MAX;
pub use latchkey_published::record_key::RecordKey;

/// Version of a record: unique per write of that record, never reused for another value.
pub type Version = u64;

/// A stored value and the version it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The bytes as written.
    pub value: Vec<u8>,
    /// Changes with every write.
    pub version: Version,
}

/// What must hold for a batch to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// There is no such record.
    Absent(RecordKey),
    /// The record is there, at this version.
    VersionIs(RecordKey, Version),
}

/// One change to one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Creates or replaces.
    Put(RecordKey, Vec<u8>),
    /// Removes; nothing to remove is fine.
    Delete(RecordKey),
}

impl Write {
    /// The record it changes.
    pub fn key(&self) -> &RecordKey {
        match self {
            Write::Put(key, _) | Write::Delete(key) => key,
        }
    }
}

/// Checks and writes applied as one, at most [`Store::batch_records_max`] records together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// At most one per record.
    pub checks: Vec<Check>,
    /// At most one per record.
    pub writes: Vec<Write>,
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Every write is durable.
    Committed,
    /// A check did not hold; nothing was written.
    Conflict,
}

/// Records of one page of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Sort key and value, in order.
    pub records: Vec<(String, Versioned)>,
    /// Whether there may be more after the last.
    pub more: bool,
}

/// Some of all records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllPage {
    /// Records, in the store's own order.
    pub records: Vec<(RecordKey, Versioned)>,
    /// Whether there may be more after the last.
    pub more: bool,
}

/// Why a store did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not applied; may be tried again.
    #[error("store unavailable: {0}")]
    Unavailable(String),
    /// May have been applied; repeat only what is idempotent.
    #[error("store did not answer, the change may have been applied: {0}")]
    Unknown(String),
    /// Will not get better by itself: full disk, broken file, refused permission.
    #[error("store failed: {0}")]
    Failed(String),
}

/// Durable records.
///
/// Every backend runs `suite` (feature `testing`).
#[allow(async_fn_in_trait, reason = "each platform says by its own types whether futures are Send")]
pub trait Store {
    /// Newest committed value; `None` when absent.
    async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError>;

    /// Records that one commit takes, at most.
    ///
    /// What is written anywhere fits [`BATCH_RECORDS_MAX`]; where there is room for more, a change to many
    /// entities takes fewer commits.
    fn batch_records_max(&self) -> usize {
        BATCH_RECORDS_MAX
    }

    /// Applies every write if every check holds, else none.
    ///
    /// `Conflict` is an ordinary outcome: read again and decide.
    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError>;

    /// Up to `limit` records of `partition` whose sort key starts with `prefix` and comes after
    /// `after`, in order of the sort key.
    async fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError>;

    /// Up to `limit` records of all partitions that come after `after` in an order of the store's
    /// own, which stays the same; the record `after` need not be there any more.
    ///
    /// Pages are not of one moment. A record that is there, unchanged, from the first page to the last
    /// is in exactly one of them. A page may be short, but has a record if there are more.
    async fn scan_all(&self, after: Option<&RecordKey>, limit: usize) -> Result<AllPage, StoreError>;
}
