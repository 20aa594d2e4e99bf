//! The journal beside the store's file: every commit is here, and on the disk, before it counts; the
//! store's own file is written through every few MiB of it alone ([`crate::store`]).
//!
//! It is a row of records, each as long as it says, from the file's beginning. What is behind the last
//! one is left over from an earlier row and has an older version, another store's id or a wrong sum.
//! A record: id of the store, version (8 bytes each), length of the body (4), the body, and the first
//! 8 bytes of the SHA-256 of all that. Numbers are little-endian. The body has for each write one byte,
//! 0: removed, 1: put; length (4) and bytes of the key; and, if put, length (4) and bytes of the value.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use latchkey_store::Version;
use sha2::{Digest, Sha256};

use crate::private_file::{self, sync_folder_of};

/// Bytes of a record before its body.
const HEAD_BYTES: usize = 20;
/// Bytes of a record after its body.
const SUM_BYTES: usize = 8;
const REMOVED: u8 = 0;
const PUT: u8 = 1;

/// A key and the value it gets; `None`: it is removed.
pub(crate) type JournalWrite = (Vec<u8>, Option<Vec<u8>>);

/// A commit, as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JournalRecord {
    /// The version it gave what it wrote.
    pub(crate) version: Version,
    /// What it wrote, by keys of the store's file.
    pub(crate) writes: Vec<JournalWrite>,
}

/// The open journal of one store.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    store_id: u64,
    /// Where the next record goes.
    end: u64,
    /// Whether the file may hold a record that was not acknowledged and could not be erased.
    failed: bool,
}

impl Journal {
    /// Opens the journal of a store, for its owner alone, and reads its records in order; creates it when
    /// absent. The next record overwrites the first: whoever opens it writes through what it had.
    pub(crate) fn open(path: &Path, store_id: u64) -> io::Result<(Self, Vec<JournalRecord>)> {
        let is_new = !path.exists();
        let mut file = private_file::open(path)?;
        if is_new {
            sync_folder_of(path)?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok((Journal { file, store_id, end: 0, failed: false }, read_records(&bytes, store_id)))
    }

    /// Writes a commit down; on the disk when it returns. After an error it is certainly not there, or
    /// else the journal is not usable any more ([`Journal::is_usable`]).
    pub(crate) fn append(&mut self, version: Version, writes: &[JournalWrite]) -> io::Result<()> {
        let record = encode(self.store_id, version, writes)?;
        let written = self.write_at_end(&record);
        match written {
            Ok(()) => self.end += record.len() as u64,
            Err(_) => self.failed = self.write_at_end(&[0; HEAD_BYTES]).is_err(),
        }
        written
    }

    /// Whether commits may still be written: not after one failed of which nobody knows whether it is there.
    pub(crate) fn is_usable(&self) -> bool {
        !self.failed
    }

    /// Nothing more may be written: what was last is not in the store.
    pub(crate) fn fail(&mut self) {
        self.failed = true;
    }

    /// Bytes of records since the store's file was last written through.
    pub(crate) fn bytes(&self) -> u64 {
        self.end
    }

    /// The store's file holds all records: they may be overwritten.
    pub(crate) fn restart(&mut self) {
        self.end = 0;
    }

    fn write_at_end(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(bytes)?;
        self.file.sync_data()
    }
}

fn encode(store_id: u64, version: Version, writes: &[JournalWrite]) -> io::Result<Vec<u8>> {
    let mut record = Vec::new();
    record.extend(store_id.to_le_bytes());
    record.extend(version.to_le_bytes());
    record.extend([0; 4]);
    for (key, value) in writes {
        record.push(if value.is_some() { PUT } else { REMOVED });
        for bytes in [Some(key), value.as_ref()].into_iter().flatten() {
            record.extend(length(bytes)?);
            record.extend_from_slice(bytes);
        }
    }
    let body = length(&record[HEAD_BYTES..])?;
    record[HEAD_BYTES - body.len()..HEAD_BYTES].copy_from_slice(&body);
    let sum = Sha256::digest(&record);
    record.extend_from_slice(&sum[..SUM_BYTES]);
    Ok(record)
}

fn length(bytes: &[u8]) -> io::Result<[u8; 4]> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    Ok(length.to_le_bytes())
}

/// The records of one row: each is whole and follows the one before.
fn read_records(mut bytes: &[u8], store_id: u64) -> Vec<JournalRecord> {
    let mut records: Vec<JournalRecord> = Vec::new();
    while let Some((record, rest)) = read_record(bytes, store_id) {
        if records.last().is_some_and(|last| record.version != last.version + 1) {
            break;
        }
        records.push(record);
        bytes = rest;
    }
    records
}

fn read_record(bytes: &[u8], store_id: u64) -> Option<(JournalRecord, &[u8])> {
    let (id, rest) = bytes.split_first_chunk()?;
    let (version, rest) = rest.split_first_chunk()?;
    let (body, rest) = read_bytes(rest)?;
    let (sum, rest) = rest.split_first_chunk::<SUM_BYTES>()?;
    let summed = &bytes[..HEAD_BYTES + body.len()];
    if u64::from_le_bytes(*id) != store_id || Sha256::digest(summed)[..SUM_BYTES] != *sum {
        return None;
    }
    let record = JournalRecord { version: Version::from_le_bytes(*version), writes: read_writes(body)? };
    Some((record, rest))
}

fn read_writes(mut body: &[u8]) -> Option<Vec<JournalWrite>> {
    let mut writes = Vec::new();
    while let Some((tag, rest)) = body.split_first() {
        let (key, rest) = read_bytes(rest)?;
        let (value, rest) = match *tag {
            REMOVED => (None, rest),
            PUT => read_bytes(rest).map(|(value, rest)| (Some(value.to_vec()), rest))?,
            _ => return None,
        };
        writes.push((key.to_vec(), value));
        body = rest;
    }
    Some(writes)
}

/// Bytes that begin with their length, and what is behind them.
fn read_bytes(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(number: u64) -> Vec<JournalWrite> {
        let key = |name: &str| format!("{name}\0{number}").into_bytes();
        vec![(key("put"), Some(vec![number as u8; number as usize])), (key("removed"), None)]
    }

    fn records(versions: std::ops::RangeInclusive<u64>) -> Vec<JournalRecord> {
        versions.map(|version| JournalRecord { version, writes: writes(version) }).collect()
    }

    fn append_all(journal: &mut Journal, versions: std::ops::RangeInclusive<u64>) {
        for version in versions {
            journal.append(version, &writes(version)).unwrap();
        }
    }

    #[test]
    fn records_come_back_in_order_and_whole_ones_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, found) = Journal::open(&path, 7).unwrap();
        assert_eq!(found, []);
        append_all(&mut journal, 1..=5);
        let whole = journal.bytes();
        append_all(&mut journal, 6..=6);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len() as u64, journal.bytes());
        assert_eq!(read_records(&bytes, 7), records(1..=6));
        for cut in whole as usize..bytes.len() {
            assert_eq!(read_records(&bytes[..cut], 7), records(1..=5), "cut at {cut}");
            let mut torn = bytes.clone();
            torn[cut] ^= 1;
            assert_eq!(read_records(&torn, 7), records(1..=5), "torn at {cut}");
        }
    }

    #[test]
    fn what_is_left_over_of_an_earlier_row_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::open(&path, 7).unwrap();
        append_all(&mut journal, 1..=9);
        journal.restart();
        assert_eq!(journal.bytes(), 0);
        // As long as the first two, so that what follows is whole, too.
        let long = vec![(b"put\x001".to_vec(), Some(vec![1])), (b"removed\x001".to_vec(), None)];
        journal.append(10, &long).unwrap();
        let (_, found) = Journal::open(&path, 7).unwrap();
        assert_eq!(found, [JournalRecord { version: 10, writes: long }]);
    }

    #[test]
    fn the_journal_of_another_store_has_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        append_all(&mut Journal::open(&path, 7).unwrap().0, 1..=3);
        assert_eq!(Journal::open(&path, 8).unwrap().1, []);
        assert_eq!(Journal::open(&path, 7).unwrap().1, records(1..=3));
    }
}
