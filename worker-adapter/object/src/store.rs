//! Records in the Durable Object's own SQLite: every call answers at once.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use latchkey_store::{
    AllPage, Batch, Check, Commit, Page, RecordKey, Store, StoreError, Version, Versioned, Write,
};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use worker::{SqlStorage, SqlStorageValue, Storage};

/// SQLite numbers the versions itself: an automatic key is never given twice.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS records (
        partition TEXT NOT NULL,
        sort TEXT NOT NULL,
        value BLOB NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (partition, sort)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT OR IGNORE INTO counter VALUES ('version', 0);";

/// The object's store.
pub struct SqlStore {
    sql: SqlStorage,
    storage: Storage,
}

impl SqlStore {
    /// Opens it and makes its tables.
    pub fn open(storage: Storage) -> Result<Self, StoreError> {
        let sql = storage.sql();
        sql.exec(SCHEMA, None).map_err(failed)?;
        Ok(SqlStore { sql, storage })
    }

    fn read(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        let rows = self.rows(
            "SELECT value, version FROM records WHERE partition = ? AND sort = ?",
            vec![key.partition.as_str().into(), key.sort.as_str().into()],
        )?;
        rows.into_iter().next().map(|row| versioned(&row, 0)).transpose()
    }

    fn rows(
        &self,
        query: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<Vec<SqlStorageValue>>, StoreError> {
        let cursor = self.sql.exec(query, bindings).map_err(failed)?;
        cursor.raw().collect::<Result<_, _>>().map_err(failed)
    }

    fn holds(&self, check: &Check) -> Result<bool, StoreError> {
        let (key, wanted) = match check {
            Check::Absent(key) => (key, None),
            Check::VersionIs(key, version) => (key, Some(*version)),
        };
        Ok(self.read(key)?.map(|record| record.version) == wanted)
    }

    fn apply(&self, write: &Write) -> Result<(), StoreError> {
        let Write::Put(key, value) = write else {
            let RecordKey { partition, sort } = write.key();
            let bindings: Vec<SqlStorageValue> = vec![partition.as_str().into(), sort.as_str().into()];
            self.sql
                .exec("DELETE FROM records WHERE partition = ? AND sort = ?", bindings)
                .map_err(failed)?;
            return Ok(());
        };
        self.sql.exec("UPDATE counter SET value = value + 1 WHERE name = 'version'", None).map_err(failed)?;
        self.sql
            .exec(
                "INSERT OR REPLACE INTO records (partition, sort, value, version)
                 VALUES (?, ?, ?, (SELECT value FROM counter WHERE name = 'version'))",
                vec![key.partition.as_str().into(), key.sort.as_str().into(), value.clone().into()],
            )
            .map_err(failed)?;
        Ok(())
    }

    fn commit_now(&self, batch: &Batch) -> Result<Commit, StoreError> {
        for check in &batch.checks {
            if !self.holds(check)? {
                return Ok(Commit::Conflict);
            }
        }
        batch.writes.iter().try_for_each(|write| self.apply(write))?;
        Ok(Commit::Committed)
    }

    /// Runs `commit_now` so that an error in the middle leaves nothing behind.
    fn in_transaction(&self, batch: &Batch) -> Result<Commit, StoreError> {
        let mut outcome = Ok(Commit::Conflict);
        let mut run = || -> Result<(), JsValue> {
            outcome = self.commit_now(batch);
            // An exception is how the platform is told to roll back.
            outcome.as_ref().map(|_| ()).map_err(|error| JsValue::from(error.to_string()))
        };
        let raw: &JsValue = self.storage.as_raw().as_ref();
        let thrown = raw.unchecked_ref::<TransactionalStorage>().transaction_sync(&mut run);
        match (outcome, thrown) {
            (Ok(commit), Ok(_)) => Ok(commit),
            (Err(error), _) => Err(error),
            (Ok(_), Err(error)) => Err(failed(error.into())),
        }
    }
}

#[wasm_bindgen]
extern "C" {
    /// The part of `ctx.storage` that the crate `worker` lacks.
    type TransactionalStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &TransactionalStorage,
        run: &mut dyn FnMut() -> Result<(), JsValue>,
    ) -> Result<JsValue, JsValue>;
}

impl Store for SqlStore {
    async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        self.read(key)
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.in_transaction(&batch)
    }

    async fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let from = after.filter(|after| *after >= prefix);
        let query = match from {
            Some(_) => {
                "SELECT sort, value, version FROM records WHERE partition = ? AND sort > ? ORDER BY sort LIMIT ?"
            }
            None => {
                "SELECT sort, value, version FROM records WHERE partition = ? AND sort >= ? ORDER BY sort LIMIT ?"
            }
        };
        let bindings = vec![partition.into(), from.unwrap_or(prefix).into(), one_more(limit)];
        let rows = self.rows(query, bindings)?;
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(SqlStorageValue::String(sort)) = row.first() else {
                return Err(StoreError::Failed("a record without a sort key".into()));
            };
            if !sort.starts_with(prefix) {
                break;
            }
            records.push((sort.clone(), versioned(&row, 1)?));
        }
        let more = records.len() > limit;
        records.truncate(limit);
        Ok(Page { records, more })
    }

    async fn scan_all(&self, after: Option<&RecordKey>, limit: usize) -> Result<AllPage, StoreError> {
        // No partition is empty, and so none comes before this.
        let (partition, sort) =
            after.map_or(("", ""), |after| (after.partition.as_str(), after.sort.as_str()));
        let rows = self.rows(
            "SELECT partition, sort, value, version FROM records
             WHERE (partition, sort) > (?, ?) ORDER BY partition, sort LIMIT ?",
            vec![partition.into(), sort.into(), one_more(limit)],
        )?;
        let mut records = rows.iter().map(|row| whole(row)).collect::<Result<Vec<_>, _>>()?;
        let more = records.len() > limit;
        records.truncate(limit);
        Ok(AllPage { records, more })
    }
}

/// One more than asked for shows whether there is more.
fn one_more(limit: usize) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX).min(1 << 31))
}

/// A row with its key.
fn whole(row: &[SqlStorageValue]) -> Result<(RecordKey, Versioned), StoreError> {
    match row {
        [SqlStorageValue::String(partition), SqlStorageValue::String(sort), ..] => {
            Ok((RecordKey::new(partition.as_str(), sort.as_str()), versioned(row, 2)?))
        }
        _ => Err(StoreError::Failed("a record without a key".into())),
    }
}

fn versioned(row: &[SqlStorageValue], at: usize) -> Result<Versioned, StoreError> {
    match (row.get(at), row.get(at + 1)) {
        (Some(SqlStorageValue::Blob(value)), Some(SqlStorageValue::Integer(version))) => {
            Ok(Versioned { value: value.clone(), version: *version as Version })
        }
        _ => Err(StoreError::Failed("a record of another shape".into())),
    }
}

fn failed(error: worker::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}

/// What a future answers that waits for nothing but this store, which answers at once.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("nothing else is waited for"),
    }
}
