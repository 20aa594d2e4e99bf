//! The audit, read a page at a time, and cut off behind.

use uuid::Uuid;

use super::Registry;
use super::error::Error;
use super::pages::{RecordPage, offset_after};
use crate::audit::{AuditRecord, Did, PARTITION, before};
use crate::ports::{Clock, Random};
use crate::whole_store::run_key;
use latchkey_published::limits;
use latchkey_store::feed::decode;
use latchkey_store::{Batch, Check, Commit, RecordKey, Store, Write};

/// Records read at once.
const SCAN_PAGE: usize = 200;
/// Commits that one call of [`Registry::drop_audit_records`] makes, at most.
const DROPS_AT_ONCE: usize = 5;

/// Which records are asked for. What is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Kind of an entity that was changed.
    pub entity: Option<String>,
    /// Id of an entity that was changed.
    pub entity_id: Option<Uuid>,
    /// What became of that entity.
    pub did: Option<Did>,
    /// Kind, name or id of who changed it.
    pub who: Option<String>,
    /// Not before this second of the Unix epoch.
    pub since_s: Option<u64>,
    /// Not after this one.
    pub until_s: Option<u64>,
}

/// Some records, the newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditPage {
    /// The records.
    pub data: Vec<AuditRecord>,
    /// What to ask the next page with; `None` on the last.
    pub offset: Option<String>,
}

impl AuditFilter {
    fn takes(&self, record: &AuditRecord) -> bool {
        let who = &record.actor.who;
        let is_who = |asked: &String| {
            *asked == who.kind
                || who.name.as_ref() == Some(asked)
                || who.id.is_some_and(|id| id.to_string() == *asked)
        };
        // One line must fit in all.
        let is_told = record.changes.iter().any(|line| {
            self.entity.as_ref().is_none_or(|entity| *entity == line.entity)
                && self.entity_id.is_none_or(|id| line.entity_id == Some(id))
                && self.did.is_none_or(|did| line.did == did.name())
        });
        is_told && self.who.as_ref().is_none_or(is_who)
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// A page of the records that a filter takes, the newest first.
    ///
    /// Of those that it does not take, at most [`limits::AUDIT_READ_MAX`] are read for one page: it may be
    /// shorter than asked for, and is the last only without an offset.
    pub async fn audit(&self, filter: &AuditFilter, page: &RecordPage) -> Result<AuditPage, Error> {
        let newest = filter.until_s.map(|second| before(second.saturating_mul(1000).saturating_add(999)));
        let mut after = page.after.clone().max(newest);
        let end = filter.since_s.and_then(|second| Some(before(second.saturating_mul(1000).checked_sub(1)?)));
        let (mut data, mut read) = (Vec::new(), 0);
        loop {
            let found =
                self.store.scan(PARTITION, "", after.as_deref(), SCAN_PAGE.min(page.size + 1)).await?;
            for (sort, record) in found.records {
                if end.as_ref().is_some_and(|end| sort > *end) {
                    return Ok(AuditPage { data, offset: None });
                }
                if data.len() == page.size || read == limits::AUDIT_READ_MAX {
                    return Ok(AuditPage { data, offset: after.as_deref().map(offset_after) });
                }
                read += 1;
                let record: AuditRecord = decode(&record.value)?;
                if filter.takes(&record) {
                    data.push(record);
                }
                after = Some(sort);
            }
            if !found.more {
                return Ok(AuditPage { data, offset: None });
            }
        }
    }

    /// Removes records older than `kept_ms`, some hundreds at most. Answers whether there are more. While
    /// a back-up or a restore goes on, none: these commits save no images.
    pub async fn drop_audit_records(&self, kept_ms: u64) -> Result<bool, Error> {
        let cut = before(self.clock.unix_ms().saturating_sub(kept_ms));
        for _ in 0..DROPS_AT_ONCE {
            // All but the check.
            let old = self.store.scan(PARTITION, "", Some(&cut), limits::BATCH_RECORDS_MAX - 1).await?;
            let drops =
                old.records.into_iter().map(|(sort, _)| Write::Delete(RecordKey::new(PARTITION, sort)));
            let writes: Vec<Write> = drops.collect();
            if !writes.is_empty() {
                let checks = vec![Check::Absent(run_key())];
                if self.store.commit(Batch { checks, writes }).await? == Commit::Conflict {
                    return Ok(false);
                }
            }
            if !old.more {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
