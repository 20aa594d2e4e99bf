//! Totals of lists: counters that the commit keeps that adds or removes an entity, so that nothing is read
//! to count it.
//!
//! Counted is what lists with a total show: developers, applications and contracts, whole and below a
//! parent. Credentials of an application are not: there are [`limits::APPLICATION_CREDENTIALS_MAX`] of
//! them at most, and an end takes one out of the list without a commit.
//!
//! A counter of a whole kind is one of sixteen, by the last digit of the entity's id, so that changes that
//! meet in nothing else do not meet there; one below a parent is alone, since whoever adds a child writes
//! the parent's guard anyway.
//!
//! What was stored before there were counters, a job counts ([`Job::Count`]), in the order of kinds and
//! ids. Until it is done, a commit changes a counter only for an entity that the job has been at, and
//! writes the job's record anew, so that it and a part of the job cannot both be decided on the other's
//! absence; and totals are read.

use std::sync::atomic::Ordering;

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::entity_transaction::{DELETING, EntityTransaction, Position, id_of, reference};
use super::error::Error;
use super::jobs::{Job, ROOM};
use super::records;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits;
use latchkey_store::feed::decode;
use latchkey_store::{RecordKey, Store, StoreError};

/// A kind that is counted, and the lists of it that have counters.
struct Counted {
    kind: EntityKind,
    whole: bool,
    /// Below these.
    parents: &'static [EntityKind],
}

/// In the order in which the job goes through them.
const COUNTED: [Counted; 3] = [
    Counted { kind: EntityKind::Developers, whole: true, parents: &[] },
    Counted { kind: EntityKind::Applications, whole: true, parents: &[EntityKind::Developers] },
    Counted {
        kind: EntityKind::ApplicationInstances,
        whole: false,
        parents: &[EntityKind::Applications, EntityKind::Services],
    },
];

/// Counters that one entity is in, at most.
pub(super) const COUNTERS_EACH: usize = 2;

/// Counters of a whole kind: one for each digit that an id can end with.
const COUNTERS_OF_ALL: usize = 16;

/// Pages of entities that one commit of the job looks through, at most.
const PAGES_COUNTED_AT_ONCE: usize = 50;

impl<S: Store> EntityTransaction<'_, S> {
    /// Brings the counters from an entity as it was to what becomes of it.
    pub(super) fn tally(&mut self, kind: EntityKind, id: Uuid, old: Option<&Object>, new: Option<&Object>) {
        let Some(order) = order(kind) else { return };
        let of = |object: Option<&Object>| {
            object.map(|object| counters(&COUNTED[order], id, object)).unwrap_or_default()
        };
        let (before, after) = (of(old), of(new));
        let less = before.iter().filter(|key| !after.contains(key)).map(|key| (key, -1));
        let more = after.iter().filter(|key| !before.contains(key)).map(|key| (key, 1));
        for (key, by) in less.chain(more) {
            self.tally.entry(key.clone()).or_default().push(((order, Some(id)), by));
        }
    }

    /// Makes writes of what was tallied. Answers whether everything is counted once they are committed.
    ///
    /// `counted`: whether the job is known to be done, which spares reading its record.
    pub(super) async fn stage_counts(&mut self, counted: bool) -> Result<bool, StoreError> {
        if self.tally.is_empty() || counted {
            self.stage_counts_to(None).await?;
            return Ok(counted);
        }
        let key = Job::COUNT.key();
        let record = self.transaction.get(&key).await?;
        let position = record.as_deref().map(position).transpose()?;
        if let Some(record) = record {
            self.transaction.put(key, record);
        }
        self.stage_counts_to(position).await?;
        Ok(position.is_none())
    }

    /// `to`: what comes after it is left to the job.
    async fn stage_counts_to(&mut self, to: Option<Position>) -> Result<(), StoreError> {
        for (key, changes) in std::mem::take(&mut self.tally) {
            let counted = changes.iter().filter(|(position, _)| to.is_none_or(|to| *position <= to));
            let by: i64 = counted.map(|(_, by)| by).sum();
            if by == 0 {
                continue;
            }
            let before: u64 = self.transaction.read_json(&key).await?.unwrap_or_default();
            match before.saturating_add_signed(by) {
                0 => self.transaction.delete(key),
                count => self.transaction.put(key, count.to_string().into_bytes()),
            }
        }
        Ok(())
    }
}

fn position(record: &[u8]) -> Result<Position, StoreError> {
    let job: Value = decode(record)?;
    match Job::from_record(&job) {
        Some(Job::Count { kind, after }) => Ok((order(kind).unwrap_or(COUNTED.len()), after)),
        _ => Err(StoreError::Failed("the job that counts cannot be read".to_owned())),
    }
}

fn order(kind: EntityKind) -> Option<usize> {
    COUNTED.iter().position(|counted| counted.kind == kind)
}

/// The counters that an entity is in: those of the lists with a total that show it.
fn counters(counted: &Counted, id: Uuid, object: &Object) -> Vec<RecordKey> {
    if object.contains_key(DELETING) {
        return Vec::new();
    }
    let kind = counted.kind;
    let below = counted.parents.iter().filter_map(|parent| {
        let field = kind.schema().reference_to(*parent)?.name;
        Some(records::count_below(*parent, reference(object, field)?, kind))
    });
    counted.whole.then(|| records::count_of_all(kind, id)).into_iter().chain(below).collect()
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// How many entities of a kind there are, whole or below a parent; `None`: nobody has counted them.
    pub(super) async fn counted(
        &self,
        kind: EntityKind,
        parent: Option<(EntityKind, Uuid)>,
    ) -> Result<Option<usize>, Error> {
        let Some(order) = order(kind) else { return Ok(None) };
        let has_counter = match parent {
            Some((parent, _)) => COUNTED[order].parents.contains(&parent),
            None => COUNTED[order].whole,
        };
        if !has_counter || !self.is_all_counted().await? {
            return Ok(None);
        }
        if let Some((parent, id)) = parent {
            let record = self.store.get(&records::count_below(parent, id, kind)).await?;
            let count = record.map(|record| decode(&record.value)).transpose()?;
            return Ok(Some(count.unwrap_or_default()));
        }
        let page = self.store.scan(&records::counts_of_all(kind), "", None, COUNTERS_OF_ALL).await?;
        let counts = page.records.iter().map(|(_, record)| decode::<usize>(&record.value));
        Ok(Some(counts.sum::<Result<_, _>>()?))
    }

    /// Whether the job is done; looked up until it is.
    async fn is_all_counted(&self) -> Result<bool, Error> {
        if !self.all_counted.load(Ordering::Relaxed) && self.store.get(&Job::COUNT.key()).await?.is_none() {
            self.all_counted.store(true, Ordering::Relaxed);
        }
        Ok(self.all_counted.load(Ordering::Relaxed))
    }

    /// Leaves the job, once, that counts what was stored before there were counters. A new store needs none.
    pub(super) async fn leave_entities_to_count(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        is_new: bool,
    ) -> Result<(), Error> {
        if transaction.read_json::<bool>(&records::counted()).await?.is_none() {
            transaction.put_json(records::counted(), &true);
            if !is_new {
                self.leave_job(transaction, Job::COUNT);
            }
        }
        Ok(())
    }

    /// Counts the next entities, as many as a commit has room for. Answers where to go on.
    pub(super) async fn count_next(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        mut after: Option<Uuid>,
    ) -> Result<Option<(EntityKind, Option<Uuid>)>, Error> {
        for _ in 0..PAGES_COUNTED_AT_ONCE {
            let page = transaction.entities_page(kind, after, limits::PAGE_SIZE_DEFAULT).await?;
            for object in &page.objects {
                if transaction.size() + COUNTERS_EACH > ROOM {
                    return Ok(Some((kind, after)));
                }
                let id = id_of(object)?;
                transaction.tally(kind, id, None, Some(object));
                after = Some(id);
            }
            if !page.more {
                let next = order(kind).and_then(|order| COUNTED.get(order + 1));
                return Ok(next.map(|counted| (counted.kind, None)));
            }
        }
        Ok(Some((kind, after)))
    }
}

impl Job {
    /// The job that counts, at its beginning.
    pub(super) const COUNT: Job = Job::Count { kind: COUNTED[0].kind, after: None };
}
