//! Names of stored records.

/// Names a record: partitions are unordered among each other, sort keys are ordered in one.
///
/// A DynamoDB item has them as partition and sort key; other stores join them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// Non-empty, without NUL.
    pub partition: String,
    /// May be empty; ordered by bytes.
    pub sort: String,
}

impl RecordKey {
    /// A key from its two parts.
    pub fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        RecordKey { partition: partition.into(), sort: sort.into() }
    }
}
