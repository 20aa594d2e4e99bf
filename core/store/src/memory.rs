//! A store in memory: for what need not outlive a process, and for tests and the simulation, where it plays
//! the authority.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{AllPage, Batch, Check, Commit, Page, RecordKey, Store, StoreError, Version, Versioned, Write};

/// Records in a map behind a mutex. Forgets everything when dropped.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    by_key: BTreeMap<RecordKey, Versioned>,
    last_version: Version,
}

impl MemoryStore {
    /// Every record there is, without its version.
    pub fn dump(&self) -> BTreeMap<RecordKey, Vec<u8>> {
        let records = self.records();
        records.by_key.iter().map(|(key, record)| (key.clone(), record.value.clone())).collect()
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn holds(&self, check: &Check) -> bool {
        match check {
            Check::Absent(key) => !self.by_key.contains_key(key),
            Check::VersionIs(key, version) => {
                self.by_key.get(key).is_some_and(|record| record.version == *version)
            }
        }
    }

    fn apply(&mut self, write: Write) {
        match write {
            Write::Put(key, value) => {
                self.last_version += 1;
                self.by_key.insert(key, Versioned { value, version: self.last_version });
            }
            Write::Delete(key) => {
                self.by_key.remove(&key);
            }
        }
    }
}

impl Store for MemoryStore {
    async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        Ok(self.records().by_key.get(key).cloned())
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let mut records = self.records();
        if !batch.checks.iter().all(|check| records.holds(check)) {
            return Ok(Commit::Conflict);
        }
        batch.writes.into_iter().for_each(|write| records.apply(write));
        Ok(Commit::Committed)
    }

    async fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(RecordKey::new(partition, after)),
            _ => Bound::Included(RecordKey::new(partition, prefix)),
        };
        let records = self.records();
        let mut found = records
            .by_key
            .range((start, Bound::Unbounded))
            .take_while(|(key, _)| key.partition == partition && key.sort.starts_with(prefix))
            .map(|(key, record)| (key.sort.clone(), record.clone()));
        let page = found.by_ref().take(limit).collect();
        Ok(Page { records: page, more: found.next().is_some() })
    }

    async fn scan_all(&self, after: Option<&RecordKey>, limit: usize) -> Result<AllPage, StoreError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let records = self.records();
        let mut found = records.by_key.range((start, Bound::Unbounded));
        let page = found.by_ref().take(limit).map(|(key, record)| (key.clone(), record.clone())).collect();
        Ok(AllPage { records: page, more: found.next().is_some() })
    }
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn keeps_the_contract() {
        super::super::suite::run(&super::MemoryStore::default()).await;
    }
}
