//! `latchkey compact`: writes the store's file anew, in order, so that its pages are full and none is free.

use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase as _, ReadableTable as _, WriteTransaction};

use crate::private_file::{self, sync_folder_of};
use crate::store::{COUNTERS, OpenError, RECORDS, RedbStore, begin_durable};

const LONG_ABOUT: &str = "\
Writes <data>/store.redb anew: with full pages, where a store that keys come to at random has pages that
are two thirds full, and without the pages that deleted records leave free. What is stored stays the same.
No gateway may run on the folder meanwhile, and there must be room for a second file; interrupted, it
leaves the store as it was.";

/// Memory for pages of each of the two files, in bytes.
const CACHE_BYTES: usize = 32 << 20;

/// Write the store's file anew, as small as it can be
#[derive(Clone, Debug, clap::Args)]
#[command(long_about = LONG_ABOUT)]
pub(crate) struct Options {
    /// Folder of the store
    #[arg(long, env = "LATCHKEY_DATA", value_name = "FOLDER", default_value = "./latchkey-data")]
    data: PathBuf,
}

/// What is to be printed.
pub(crate) fn run(options: &Options) -> Result<String, String> {
    let path = options.data.join("store.redb");
    if !path.exists() {
        return Err(format!("there is no {}", path.display()));
    }
    let [before, after] = compact(&path).map_err(|error| error.tell(&path))?;
    Ok(format!("{}: {before} bytes before, {after} after\n", path.display()))
}

/// Answers the file's bytes before and after.
fn compact(path: &Path) -> Result<[u64; 2], OpenError> {
    // Open until the end, so that nobody else can begin with the old file.
    let store = RedbStore::open(path, CACHE_BYTES)?;
    store.settle();
    let new = path.with_extension("compacting");
    copy(&store, &new)?;
    let bytes = |path: &Path| fs::metadata(path).map(|file| file.len()).map_err(OpenError::Io);
    let sizes = [bytes(path)?, bytes(&new)?];
    fs::rename(&new, path).and_then(|()| sync_folder_of(path)).map_err(OpenError::Io)?;
    Ok(sizes)
}

/// Copies everything into a new file, which is on the disk and closed afterwards.
fn copy(store: &RedbStore, new: &Path) -> Result<(), OpenError> {
    let file = private_file::create_anew(new).map_err(OpenError::Io)?;
    let broken = |error: redb::Error| OpenError::Broken(error.to_string());
    let backend = FileBackend::new(file).map_err(|error| broken(error.into()))?;
    let database = redb::Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend);
    let mut database = database.map_err(|error| broken(error.into()))?;
    copy_tables(store.database(), &database).map_err(broken)?;
    // A file grows in steps; this cuts off what is left of the last one.
    database.compact().map(drop).map_err(|error| OpenError::Broken(error.to_string()))
}

fn copy_tables(from: &Database, to: &Database) -> Result<(), redb::Error> {
    let from = from.begin_read()?;
    let transaction = begin_durable(to)?;
    copy_records(&from, &transaction)?;
    let mut counters = transaction.open_table(COUNTERS)?;
    for entry in from.open_table(COUNTERS)?.iter()? {
        let (name, number) = entry?;
        counters.insert(name.value(), number.value())?;
    }
    drop(counters);
    Ok(transaction.commit()?)
}

/// By a cursor, which fills a page before it begins the next; single inserts leave each half full.
fn copy_records(from: &redb::ReadTransaction, to: &WriteTransaction) -> Result<(), redb::Error> {
    let mut records = to.open_table(RECORDS)?;
    let mut end = records.upper_bound_mut(Bound::<&[u8]>::Unbounded)?;
    for entry in from.open_table(RECORDS)?.iter()? {
        let (key, value) = entry?;
        let inserted = end.insert_before(key.value(), value.value());
        inserted.map_err(|error| redb::Error::Corrupted(error.to_string()))?;
    }
    Ok(end.close()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_store::{Batch, RecordKey, Write};

    fn key(number: u64) -> RecordKey {
        // In no order, as digests come.
        RecordKey::new(format!("grant/{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)), "")
    }

    async fn filled(path: &Path) -> RedbStore {
        use latchkey_store::Store as _;
        let store = RedbStore::open(path, CACHE_BYTES).unwrap();
        for from in (0..6000).step_by(50) {
            let put = |number| Write::Put(key(number), format!("{number:0400}").into_bytes());
            let writes = (from..from + 50).map(put).collect();
            store.commit(Batch { checks: vec![], writes }).await.unwrap();
            let deleted = (from..from + 50).filter(|number| number % 2 == 0);
            let writes = deleted.map(|number| Write::Delete(key(number))).collect();
            store.commit(Batch { checks: vec![], writes }).await.unwrap();
        }
        store
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_file_is_smaller_afterwards_and_has_the_same_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let records =
            |store: &RedbStore| -> Vec<_> { (0..6000).map(|n| store.read(&key(n)).unwrap()).collect() };
        let known = records(&filled(&path).await);
        let [before, after] = compact(&path).unwrap();
        // 3,000 records of 430 bytes and what a page has besides.
        assert!(after < before && after < 3000 * 500, "{before} bytes before, {after} after");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), after);
        let store = RedbStore::open(&path, CACHE_BYTES).unwrap();
        assert_eq!(records(&store), known);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the file and its journal");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_store_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let store = filled(&path).await;
        let options = Options { data: folder.path().to_owned() };
        assert!(run(&options).unwrap_err().contains("in use"));
        drop(store);
        assert!(run(&options).unwrap().contains("bytes before"));
        let nowhere = Options { data: folder.path().join("nowhere") };
        assert!(run(&nowhere).unwrap_err().contains("there is no"));
    }
}
