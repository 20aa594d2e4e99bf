//! The store: one redb file. A key is `partition NUL sort`, a value its version and then its bytes.
//!
//! redb makes a commit durable by writing every page that it changed, and, to start at once after
//! `SIGKILL`, a map of the whole file besides. So a commit goes to the journal ([`crate::journal`]), one
//! short write, and is applied in memory alone; the file is written through, with its map, every few
//! MiB and when there is nothing else to do. What the journal has more than the file is applied at the
//! next start.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchkey_control::ports::Random as _;
use latchkey_published::limits::LOCAL_BATCH_RECORDS_MAX;
use latchkey_store::{
    AllPage, Batch, Check, Commit, Page, RecordKey, Store, StoreError, Version, Versioned, Write,
};
use redb::backends::FileBackend;
use redb::{
    Database, DatabaseError, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, StorageError, Table,
    TableDefinition, WriteTransaction,
};

use crate::journal::{Journal, JournalRecord, JournalWrite};
use crate::private_file;
use crate::system::SystemRandom;

pub(crate) const RECORDS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("records");
pub(crate) const COUNTERS: TableDefinition<&str, u64> = TableDefinition::new("counters");
/// The newest version: versions are drawn from it and so never come back.
const LAST_VERSION: &str = "version";
/// The same as whoever writes the journal knows it. It differs once a program has written to the file
/// that knows of no journal: what the journal has is older then.
const LAST_JOURNALLED: &str = "journalled";
/// Tells the journal of this store from that of another.
const STORE_ID: &str = "store_id";
/// Bytes of the version in front of a value, little-endian.
const VERSION_BYTES: usize = 8;
/// Bytes of the journal after which the file is written through: some 1,000 commits, which a start
/// applies in well under a second.
const JOURNAL_BYTES_MAX: u64 = 4 << 20;

/// The embedded store; clones share the open file.
#[derive(Clone)]
pub(crate) struct RedbStore {
    files: Arc<Files>,
}

struct Files {
    database: Database,
    /// Locked by whoever holds the one write transaction.
    journal: Mutex<Journal>,
}

type Snapshot = ReadOnlyTable<&'static [u8], &'static [u8]>;

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

impl OpenError {
    /// For the person at the terminal.
    pub(crate) fn tell(&self, path: &Path) -> String {
        let folder = path.parent().unwrap_or(path).display();
        match self {
            OpenError::InUse => format!("{folder} is in use by another latchkey process"),
            OpenError::Broken(cause) => format!("{} is not a store or is damaged: {cause}", path.display()),
            OpenError::Io(error) => format!("cannot open {}: {error}", path.display()),
        }
    }
}

impl RedbStore {
    /// Opens the file, creating it (readable by its owner alone) when absent, and applies what its journal
    /// has more. Until it is closed no other process can open it. Pages of it stay in memory, up to
    /// `cache_bytes`.
    pub(crate) fn open(path: &Path, cache_bytes: usize) -> Result<Self, OpenError> {
        let file = private_file::open(path).map_err(OpenError::Io)?;
        let backend = FileBackend::new(file).map_err(open_error)?;
        let database = redb::Builder::new().set_cache_size(cache_bytes).create_with_backend(backend);
        let database = database.map_err(open_error)?;
        let broken = |error: redb::Error| OpenError::Broken(error.to_string());
        let id = prepare(&database).map_err(broken)?;
        let (journal, records) = Journal::open(&path.with_extension("journal"), id).map_err(OpenError::Io)?;
        apply_journal(&database, &records).map_err(broken)?;
        Ok(RedbStore { files: Arc::new(Files { database, journal: Mutex::new(journal) }) })
    }

    /// The open file, for what is done with all of it.
    pub(crate) fn database(&self) -> &Database {
        &self.files.database
    }

    /// Newest committed value: a read of memory or the page cache, short enough for any thread.
    pub(crate) fn read(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        let records = self.files.newest()?;
        let found = records.get(join(&key.partition, &key.sort).as_slice()).map_err(failed)?;
        found.map(|value| unpack(value.value())).transpose()
    }

    /// Writes the file through, so that the next start has nothing to apply. To be called when there is
    /// nothing else to do.
    pub(crate) fn settle(&self) {
        if let Err(error) = self.files.write_through() {
            tracing::error!(%error, "the store's file cannot be written through");
        }
    }

    fn apply(&self, batch: &Batch) -> Result<Commit, StoreError> {
        let mut transaction = self.files.database.begin_write().map_err(failed)?;
        // The journal makes it durable.
        transaction.set_durability(Durability::None).map_err(failed)?;
        let Some(record) = stage(&transaction, batch)? else { return Ok(Commit::Conflict) };
        let mut journal = self.files.journal();
        if !journal.is_usable() {
            return Err(StoreError::Failed("the journal of the store could not be written".to_owned()));
        }
        if let Err(error) = journal.append(record.version, &record.writes) {
            let reason = format!("the journal of the store cannot be written: {error}");
            let is_known = journal.is_usable();
            return Err(if is_known { StoreError::Failed(reason) } else { StoreError::Unknown(reason) });
        }
        if let Err(error) = transaction.commit() {
            journal.fail();
            return Err(StoreError::Unknown(error.to_string()));
        }
        let is_full = journal.bytes() >= JOURNAL_BYTES_MAX;
        drop(journal);
        if is_full {
            self.settle();
        }
        Ok(Commit::Committed)
    }

    fn page(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let records = self.files.newest()?;
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
        let records = self.files.newest()?;
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
    fn batch_records_max(&self) -> usize {
        LOCAL_BATCH_RECORDS_MAX
    }

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

impl Files {
    /// The newest state, to read from.
    fn newest(&self) -> Result<Snapshot, StoreError> {
        self.database.begin_read().map_err(failed)?.open_table(RECORDS).map_err(failed)
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        // A panic in between leaves at most a record that nothing was told of.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes everything to the file; the journal begins anew.
    fn write_through(&self) -> Result<(), redb::Error> {
        let transaction = begin_durable(&self.database)?;
        // Held past the commit, so that no other is written down before the journal begins anew.
        let mut journal = self.journal();
        if journal.bytes() > 0 && journal.is_usable() {
            transaction.commit()?;
            journal.restart();
        }
        Ok(())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What cannot be written now is in the journal.
        let _ = self.write_through();
    }
}

/// A transaction whose commit writes the file through, with the map of its pages that spares the next
/// start reading all of it (redb's repair: 20 s for 3 GB).
pub(crate) fn begin_durable(database: &Database) -> Result<WriteTransaction, redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// Makes what every store has. Answers the id that its journal goes by, a new one when the file was
/// written by a program that knows of no journal.
fn prepare(database: &Database) -> Result<u64, redb::Error> {
    let transaction = begin_durable(database)?;
    transaction.open_table(RECORDS)?;
    let id = {
        let mut counters = transaction.open_table(COUNTERS)?;
        let read = |name| counters.get(name).map(|found| found.map(|number| number.value()));
        let (version, journalled, id) = (read(LAST_VERSION)?, read(LAST_JOURNALLED)?, read(STORE_ID)?);
        match id.filter(|_| journalled == version) {
            Some(id) => id,
            None => {
                let [id, _] = SystemRandom.seed();
                counters.insert(STORE_ID, id)?;
                match version {
                    Some(version) => drop(counters.insert(LAST_JOURNALLED, version)?),
                    None => drop(counters.remove(LAST_JOURNALLED)?),
                }
                id
            }
        }
    };
    transaction.commit()?;
    Ok(id)
}

/// Applies what a journal has that the file has not.
fn apply_journal(database: &Database, records: &[JournalRecord]) -> Result<(), redb::Error> {
    let transaction = begin_durable(database)?;
    let mut applied = 0;
    {
        let mut table = transaction.open_table(RECORDS)?;
        let mut counters = transaction.open_table(COUNTERS)?;
        for record in records {
            if record.version != last_version(&counters)? + 1 {
                continue;
            }
            for write in &record.writes {
                apply_write(&mut table, write, record.version)?;
            }
            count(&mut counters, record.version)?;
            applied += 1;
        }
    }
    if applied > 0 {
        transaction.commit()?;
        tracing::info!(commits = applied, "applied the journal of the store");
    }
    Ok(())
}

/// Applies a batch within a transaction; `None`: a check does not hold.
fn stage(transaction: &WriteTransaction, batch: &Batch) -> Result<Option<JournalRecord>, StoreError> {
    let mut records = transaction.open_table(RECORDS).map_err(failed)?;
    for check in &batch.checks {
        if !holds(&records, check)? {
            return Ok(None);
        }
    }
    let mut counters = transaction.open_table(COUNTERS).map_err(failed)?;
    let version = last_version(&counters).map_err(failed)? + 1;
    count(&mut counters, version).map_err(failed)?;
    let writes: Vec<JournalWrite> = batch.writes.iter().map(journal_write).collect();
    for write in &writes {
        apply_write(&mut records, write, version).map_err(failed)?;
    }
    Ok(Some(JournalRecord { version, writes }))
}

fn last_version(counters: &Table<&str, u64>) -> Result<Version, StorageError> {
    Ok(counters.get(LAST_VERSION)?.map_or(0, |version| version.value()))
}

fn count(counters: &mut Table<&str, u64>, version: Version) -> Result<(), StorageError> {
    counters.insert(LAST_VERSION, version)?;
    counters.insert(LAST_JOURNALLED, version)?;
    Ok(())
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

fn journal_write(write: &Write) -> JournalWrite {
    let key = join(&write.key().partition, &write.key().sort);
    match write {
        Write::Put(_, value) => (key, Some(value.clone())),
        Write::Delete(_) => (key, None),
    }
}

fn apply_write(
    records: &mut Table<&[u8], &[u8]>,
    (key, value): &JournalWrite,
    version: Version,
) -> Result<(), StorageError> {
    match value {
        Some(value) => {
            let packed = [&version.to_le_bytes(), value.as_slice()].concat();
            records.insert(key.as_slice(), packed.as_slice())?;
        }
        None => drop(records.remove(key.as_slice())?),
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
    use std::fs::File;

    use super::*;

    const CACHE_BYTES: usize = 1 << 20;

    fn open(path: &Path) -> RedbStore {
        RedbStore::open(path, CACHE_BYTES).unwrap()
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn put(value: &[u8]) -> Batch {
        Batch { checks: vec![], writes: vec![Write::Put(RecordKey::new("p", "s"), value.to_vec())] }
    }

    #[test]
    fn redb_is_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("store.redb"));
        block_on(latchkey_store::suite::run(&store));
    }

    /// Records of a store, a line each: those of the first format are in `core/published/golden`.
    fn lines(store: &RedbStore) -> String {
        let records = store.files.newest().unwrap();
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
        let found = lines(&open(&path));
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
        let store = open(&path);
        store.apply(&put(b"1")).unwrap();
        let first = store.read(&key).unwrap().unwrap();
        drop(store);
        let store = open(&path);
        assert_eq!(store.read(&key).unwrap().unwrap(), first);
        store.apply(&put(b"2")).unwrap();
        assert!(store.read(&key).unwrap().unwrap().version > first.version);
    }

    /// The files of an open store as `SIGKILL` would leave them, in another folder.
    fn killed(path: &Path) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for extension in ["redb", "journal"] {
            let file = path.with_extension(extension);
            std::fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
        }
        let path = folder.path().join(path.file_name().unwrap());
        (folder, path)
    }

    #[test]
    fn whatever_was_committed_is_there_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let store = open(&path);
        let value = vec![7; 300 << 10];
        let mut written = 0;
        for number in 0..30 {
            // Some while the journal is long, some just after it has begun anew.
            store.apply(&put(&[value.as_slice(), &[number]].concat())).unwrap();
            written += 1;
            if number == 20 {
                store.settle();
            }
            let (_folder, killed) = killed(&path);
            let after = open(&killed);
            let key = RecordKey::new("p", "s");
            assert_eq!(after.read(&key), store.read(&key), "after {written} commits");
            assert_eq!(after.files.journal().bytes(), 0);
        }
    }

    #[test]
    fn what_a_program_without_a_journal_wrote_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let store = open(&path);
        for number in 0..3 {
            store.apply(&put(&[number])).unwrap();
        }
        let (_folder, path) = killed(&path);
        let without = redb::Database::open(&path).unwrap();
        let transaction = without.begin_write().unwrap();
        {
            let mut records = transaction.open_table(RECORDS).unwrap();
            apply_write(&mut records, &(join("p", "s"), Some(b"its".to_vec())), 1).unwrap();
            transaction.open_table(COUNTERS).unwrap().insert(LAST_VERSION, 1).unwrap();
        }
        transaction.commit().unwrap();
        drop(without);
        let found = open(&path).read(&RecordKey::new("p", "s")).unwrap().unwrap();
        assert_eq!(found, Versioned { value: b"its".to_vec(), version: 1 });
    }

    #[test]
    fn the_cache_is_as_large_as_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("store.redb"));
        for number in 0..200_u32 {
            let key = RecordKey::new("p", number.to_string());
            let writes = vec![Write::Put(key, vec![0; 50_000])];
            store.apply(&Batch { checks: vec![], writes }).unwrap();
        }
        let page = store.page("p", "", None, 200).unwrap();
        assert_eq!(page.records.len(), 200);
        let used = store.files.database.cache_stats().used_bytes();
        assert!((1..=CACHE_BYTES).contains(&used), "{used}");
    }

    #[test]
    fn a_file_has_one_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let _store = open(&path);
        assert!(matches!(RedbStore::open(&path, CACHE_BYTES), Err(OpenError::InUse)));
    }

    #[test]
    fn rubbish_is_not_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        std::fs::write(&path, vec![7; 10_000]).unwrap();
        assert!(matches!(RedbStore::open(&path, CACHE_BYTES), Err(OpenError::Broken(_))));
    }

    #[cfg(unix)]
    #[test]
    fn file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let _store = open(&path);
        for file in [path.with_extension("journal"), path] {
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
