//! What the file of a store is made of.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use redb::{ReadOnlyDatabase, ReadableDatabase as _, ReadableTableMetadata as _, TableDefinition};

const RECORDS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("records");

/// The records of one kind.
#[derive(Clone, Copy, Default)]
pub(super) struct Kind {
    pub(super) records: u64,
    pub(super) key_bytes: u64,
    pub(super) value_bytes: u64,
}

/// All records, and what the tree around them takes.
pub(super) struct Stored {
    /// By what their partitions begin with.
    pub(super) kinds: BTreeMap<String, Kind>,
    /// Bytes of inner pages.
    pub(super) metadata_bytes: u64,
    /// Bytes of pages of the tree that hold nothing.
    pub(super) fragmented_bytes: u64,
    pub(super) height: u32,
}

/// Reads a file that nobody has open and that was closed in order.
pub(super) fn read(path: &Path) -> Result<Stored> {
    let database = ReadOnlyDatabase::open(path)?;
    let records = database.begin_read()?.open_table(RECORDS)?;
    let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
    for entry in records.range::<&[u8]>(..)? {
        let (key, value) = entry?;
        let kind = kinds.entry(kind_of(key.value())).or_default();
        kind.records += 1;
        kind.key_bytes += key.value().len() as u64;
        kind.value_bytes += value.value().len() as u64;
    }
    let stats = records.stats()?;
    Ok(Stored {
        kinds,
        metadata_bytes: stats.metadata_bytes(),
        fragmented_bytes: stats.fragmented_bytes(),
        height: stats.tree_height(),
    })
}

/// `entity/services` of an entity, else the first part of a partition's name.
fn kind_of(key: &[u8]) -> String {
    let partition = String::from_utf8_lossy(key.split(|byte| *byte == 0).next().unwrap_or_default());
    match partition.split_once('/') {
        Some(("entity", _)) | None => partition.into_owned(),
        Some((first, _)) => first.to_owned(),
    }
}
