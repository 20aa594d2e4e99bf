//! The store: one redb file. A key is `partition NUL sort`, a value its version and then its bytes.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use latchkey_store::{
    AllPage, Batch, Check, Commit, Page, RecordKey, Store, StoreError, Version, Versioned, Write,
};
use redb::backends::FileBackend;
use redb::{
    Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, StorageError, Table,
    TableDefinition,
};

const RECORDS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("records");
/// One entry, [`LAST_VERSION`]: versions are drawn from it and so never come back.
const COUNTERS: TableDefinition<&str, u64> = TableDefinition::new("counters");
const LAST_VERSION: &str = "version";
/// Bytes of the version in front of a value, little-endian.
const VERSION_BYTES: usize = 8;

/// The embedded store; clones share the open file.
#[derive(Clone)]
pub(crate) struct RedbStore {
    database: Arc<Database>,
}

/// Why the file cannot be used.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// Another process has it.
    InUse,
    /// Not a store, or a damaged one.
    Broken(String),
    /// The operating system refused.
    Io(io::Error),
}

impl RedbStore {
    /// Opens the file, creating it (readable by its owner alone) when absent.
    /// Until it is closed no other process can open it.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let file = open_private(path).map_err(OpenError::Io)?;
        let backend = FileBackend::new(file).map_err(open_error)?;
        let database = redb::Builder::new().create_with_backend(backend).map_err(open_error)?;
        let store = RedbStore { database: Arc::new(database) };
        store.create_tables().map_err(|error| OpenError::Broken(error.to_string()))?;
        Ok(store)
    }

    /// Newest committed value: a read of memory or the page cache, short enough for any thread.
    pub(crate) fn read(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        let records = self.database.begin_read().map_err(failed)?.open_table(RECORDS).map_err(failed)?;
        let found = records.get(join(&key.partition, &key.sort).as_slice()).map_err(failed)?;
        found.map(|value| unpack(value.value())).transpose()
    }

    fn create_tables(&self) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(RECORDS)?;
        transaction.open_table(COUNTERS)?;
        Ok(transaction.commit()?)
    }

    fn apply(&self, batch: &Batch) -> Result<Commit, StoreError> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction.set_durability(Durability::Immediate).map_err(failed)?;
        {
            let mut records = transaction.open_table(RECORDS).map_err(failed)?;
            for check in &batch.checks {
                if !holds(&records, check)? {
                    return Ok(Commit::Conflict);
                }
            }
            let mut counters = transaction.open_table(COUNTERS).map_err(failed)?;
            let last = counters.get(LAST_VERSION).map_err(failed)?.map_or(0, |version| version.value());
            counters.insert(LAST_VERSION, last + 1).map_err(failed)?;
            for write in &batch.writes {
                apply_write(&mut records, write, last + 1)?;
            }
        }
        transaction.commit().map_err(|error| StoreError::Unknown(error.to_string()))?;
        Ok(Commit::Committed)
    }

    fn page(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let records = self.database.begin_read().map_err(failed)?.open_table(RECORDS).map_err(failed)?;
        let wanted = join(partition, prefix);
        // The smallest key above `after` is `after` and a NUL.
        let from = after.map_or_else(|| wanted.clone(), |after| [join(partition, after), vec![0]].concat());
        let mut page = Page::default();
        for entry in records.range(from.max(wanted.clone()).as_slice()..).map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            if !key.value().starts_with(&wanted) {
                break;
            }
            if page.records.len() == limit {
                page.more = true;
                break;
            }
            let sort = &key.value()[partition.len() + 1..];
            let sort = String::from_utf8(sort.to_vec())
                .map_err(|_| StoreError::Failed("a record key is not UTF-8".into()))?;
            page.records.push((sort, unpack(value.value())?));
        }
        Ok(page)
    }

    fn page_of_all(&self, after: Option<&RecordKey>, limit: usize) -> Result<AllPage, StoreError> {
        let records = self.database.begin_read().map_err(failed)?.open_table(RECORDS).map_err(failed)?;
        // The smallest key above `after` is `after` and a NUL.
        let from =
            after.map_or_else(Vec::new, |after| [join(&after.partition, &after.sort), vec![0]].concat());
        let mut page = AllPage::default();
        for entry in records.range(from.as_slice()..).map_err(failed)? {
            if page.records.len() == limit {
                page.more = true;
                break;
            }
            let (key, value) = entry.map_err(failed)?;
            page.records.push((split(key.value())?, unpack(value.value())?));
        }
        Ok(page)
    }
}

impl Store for RedbStore {
    async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        self.read(key)
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.apply(&batch)
    }

    async fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.page(partition, prefix, after, limit)
    }

    async fn scan_all(&self, after: Option<&RecordKey>, limit: usize) -> Result<AllPage, StoreError> {
        self.page_of_all(after, limit)
    }
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn open_error(error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse,
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            OpenError::Broken(error.to_string())
        }
        DatabaseError::Storage(StorageError::Io(error)) => OpenError::Io(error),
        other => OpenError::Broken(other.to_string()),
    }
}

/// An error before the commit: nothing was applied.
fn failed(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(error) if matches!(error.kind(), io::ErrorKind::Interrupted) => {
            StoreError::Unavailable(error.to_string())
        }
        error => StoreError::Failed(error.to_string()),
    }
}

fn holds(records: &Table<&[u8], &[u8]>, check: &Check) -> Result<bool, StoreError> {
    let (key, wanted) = match check {
        Check::Absent(key) => (key, None),
        Check::VersionIs(key, version) => (key, Some(*version)),
    };
    let found = records.get(join(&key.partition, &key.sort).as_slice()).map_err(failed)?;
    let version = found.map(|value| unpack_version(value.value()).map(|(version, _)| version)).transpose()?;
    Ok(version == wanted)
}

fn apply_write(records: &mut Table<&[u8], &[u8]>, write: &Write, version: Version) -> Result<(), StoreError> {
    let key = join(&write.key().partition, &write.key().sort);
    match write {
        Write::Put(_, value) => {
            let packed = [&version.to_le_bytes(), value.as_slice()].concat();
            records.insert(key.as_slice(), packed.as_slice()).map_err(failed)?;
        }
        Write::Delete(_) => {
            records.remove(key.as_slice()).map_err(failed)?;
        }
    }
    Ok(())
}

fn join(partition: &str, sort: &str) -> Vec<u8> {
    [partition.as_bytes(), &[0], sort.as_bytes()].concat()
}

/// Partitions have no NUL.
fn split(joined: &[u8]) -> Result<RecordKey, StoreError> {
    let text = std::str::from_utf8(joined).ok().and_then(|text| text.split_once('\0'));
    let (partition, sort) = text.ok_or_else(|| StoreError::Failed("a record key is none".into()))?;
    Ok(RecordKey::new(partition, sort))
}

fn unpack(packed: &[u8]) -> Result<Versioned, StoreError> {
    unpack_version(packed).map(|(version, value)| Versioned { value: value.to_vec(), version })
}

fn unpack_version(packed: &[u8]) -> Result<(Version, &[u8]), StoreError> {
    let (version, value) = packed
        .split_first_chunk::<VERSION_BYTES>()
        .ok_or_else(|| StoreError::Failed("a record is shorter than its version".into()))?;
    Ok((Version::from_le_bytes(*version), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn put(value: &[u8]) -> Batch {
        Batch { checks: vec![], writes: vec![Write::Put(RecordKey::new("p", "s"), value.to_vec())] }
    }

    #[test]
    fn redb_is_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = RedbStore::open(&folder.path().join("store.redb")).unwrap();
        block_on(latchkey_store::suite::run(&store));
    }

    /// Records of a store, a line each: those of the first format are in `core/published/golden`.
    fn lines(store: &RedbStore) -> String {
        let records = store.database.begin_read().unwrap().open_table(RECORDS).unwrap();
        let mut lines = String::new();
        for entry in records.range::<&[u8]>(..).unwrap() {
            let (key, value) = entry.unwrap();
            let key = String::from_utf8(key.value().to_vec()).unwrap();
            let (partition, sort) = key.split_once('\0').unwrap();
            let value = unpack(value.value()).unwrap().value;
            let mut line = serde_json::json!({"partition": partition, "sort": sort});
            match String::from_utf8(value) {
                Ok(text) => line["text"] = text.into(),
                Err(bytes) => line["hex"] = latchkey_published::keys::hex(bytes.as_bytes()).into(),
            }
            lines += &format!("{line}\n");
        }
        lines
    }

    #[test]
    fn the_file_of_the_first_format_holds_the_records_of_the_first_format() {
        let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/published/golden/1");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let packed = std::fs::File::open(golden.join("store.redb.gz")).unwrap();
        io::copy(&mut flate2::read::GzDecoder::new(packed), &mut File::create(&path).unwrap()).unwrap();
        let found = lines(&RedbStore::open(&path).unwrap());
        let known = std::fs::read_to_string(golden.join("store.jsonl")).unwrap_or_default();
        if known.is_empty() {
            std::fs::write(golden.join("store.jsonl"), &found).unwrap();
        }
        assert_eq!(found, known, "written anew where there was none: look at it and keep it");
    }

    #[test]
    fn data_and_versions_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let key = RecordKey::new("p", "s");
        let store = RedbStore::open(&path).unwrap();
        store.apply(&put(b"1")).unwrap();
        let first = store.read(&key).unwrap().unwrap();
        drop(store);
        let store = RedbStore::open(&path).unwrap();
        assert_eq!(store.read(&key).unwrap().unwrap(), first);
        store.apply(&put(b"2")).unwrap();
        assert!(store.read(&key).unwrap().unwrap().version > first.version);
    }

    #[test]
    fn a_file_has_one_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let _store = RedbStore::open(&path).unwrap();
        assert!(matches!(RedbStore::open(&path), Err(OpenError::InUse)));
    }

    #[test]
    fn rubbish_is_not_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        std::fs::write(&path, vec![7; 10_000]).unwrap();
        assert!(matches!(RedbStore::open(&path), Err(OpenError::Broken(_))));
    }

    #[cfg(unix)]
    #[test]
    fn file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let _store = RedbStore::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
