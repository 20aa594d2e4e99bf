//! Contracts that wait for approval: copies of them, so that the queue is read without all the others.
//!
//! A copy is written and removed in the commit that changes its contract. What was stored before there were
//! copies, a job copies.

use uuid::Uuid;

use super::Registry;
use super::contracts::{REQUESTED, status};
use super::entity_transaction::{EntityTransaction, id_of};
use super::error::Error;
use super::jobs::{Job, ROOM};
use super::overview::Tally;
use super::records;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits;
use latchkey_store::Store;

/// Those that wait are counted so far: who sees that many looks at the queue anyway.
const COUNTED_MAX: usize = 100;

/// Pages of contracts that one commit of the job looks through, at most.
const PAGES_AT_ONCE: usize = 50;

fn waits(kind: EntityKind, object: Option<&Object>) -> bool {
    kind == EntityKind::ApplicationInstances && object.and_then(status) == Some(REQUESTED)
}

impl<S: Store> EntityTransaction<'_, S> {
    /// Brings the copy of a contract from what it was to what becomes of it: `new`, with its stored form.
    pub(super) fn index_waiting(
        &mut self,
        kind: EntityKind,
        id: Uuid,
        old: Option<&Object>,
        new: Option<(&Object, &[u8])>,
    ) {
        match new.filter(|(object, _)| waits(kind, Some(object))) {
            Some((_, bytes)) => self.put(records::waiting(id), bytes.to_vec()),
            None if waits(kind, old) => self.delete(records::waiting(id)),
            None => {}
        }
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// How many contracts wait for approval, counted to a hundred.
    pub(crate) async fn count_waiting_contracts(&self) -> Result<Tally, Error> {
        let page = self.store.scan(records::WAITING, "", None, COUNTED_MAX).await?;
        Ok(Tally { count: page.records.len(), or_more: page.more })
    }

    /// Leaves the job, once, that copies what waited before there were copies. A new store needs none.
    pub(super) async fn leave_waiting_to_copy(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        is_new: bool,
    ) -> Result<(), Error> {
        if transaction.read_json::<bool>(&records::waiting_copied()).await?.is_none() {
            transaction.put_json(records::waiting_copied(), &true);
            if !is_new {
                self.leave_job(transaction, Job::CopyWaiting { after: None });
            }
        }
        Ok(())
    }

    /// Copies the next that wait, as many as a commit has room for. Answers where to go on.
    pub(super) async fn copy_next_waiting(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        mut after: Option<Uuid>,
    ) -> Result<Option<Uuid>, Error> {
        let kind = EntityKind::ApplicationInstances;
        for _ in 0..PAGES_AT_ONCE {
            let page = transaction.entities_page(kind, after, limits::PAGE_SIZE_DEFAULT).await?;
            for contract in &page.objects {
                let id = id_of(contract)?;
                if waits(kind, Some(contract)) {
                    if transaction.size() + 2 > ROOM {
                        return Ok(after);
                    }
                    // Read again, so that the commit is refused if it changes meanwhile.
                    if let Some(contract) =
                        transaction.load(kind, id).await?.filter(|one| waits(kind, Some(one)))
                    {
                        transaction.put_json(records::waiting(id), &contract);
                    }
                }
                after = Some(id);
            }
            if !page.more {
                return Ok(None);
            }
        }
        Ok(after)
    }
}
