//! Forgets imports: at once where that is asked for, or a day after they were last called.

use uuid::Uuid;

use super::places;
use super::state::{ImportState, Phase};
use super::{KINDS, Registry};
use crate::ports::{Clock, Random};
use crate::registry::Error;
use crate::registry::attempts::transact;
use crate::registry::entity_transaction::EntityTransaction;
use crate::schema::parse_uuid;
use latchkey_published::limits;
use latchkey_store::feed::decode;
use latchkey_store::{RecordKey, Store};

/// Commits of up to a hundred records that one call makes, at most.
const COMMITS_AT_ONCE: usize = 20;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Forgets an import, unless it is writing: then it can only be gone on with.
    ///
    /// Records that are left go by [`Registry::drop_old_imports`].
    pub async fn forget_import(&self, id: Uuid) -> Result<(), Error> {
        let state = transact!(self, attempts, |transaction| self.forget_in(
            &mut transaction,
            id,
            attempts.may_be_applied()
        ));
        match state {
            Some(state) => self.drop_import(id, &state).await.map(drop),
            None => Ok(()),
        }
    }

    async fn forget_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
        may_be_applied: bool,
    ) -> Result<Option<ImportState>, Error> {
        let Some(state) = self.import_state(transaction, id).await? else {
            return if may_be_applied { Ok(None) } else { Err(Error::NotFound) };
        };
        let is_writing = state.work.as_ref().is_some_and(|work| {
            matches!(work.phase, Phase::Write(_) | Phase::Prune { .. }) && !work.options.dry_run
        });
        if is_writing {
            return Err(Error::conflict("this import has begun to write: go on with it until it is done"));
        }
        Ok(Some(mark_dropped(transaction, id, state)))
    }

    /// Removes what is left of imports that were forgotten, and those that nobody has called for a day, as
    /// many records as one part of that work may. Answers whether there are more.
    pub async fn drop_old_imports(&self) -> Result<bool, Error> {
        let mut after: Option<String> = None;
        loop {
            let page = self.store.scan(places::IMPORTS, "", after.as_deref(), limits::IMPORTS_MAX).await?;
            for (sort, record) in page.records {
                let state: ImportState = decode(&record.value)?;
                if let Some(id) = parse_uuid(&sort).filter(|_| self.is_old(&state)) {
                    let dropped =
                        transact!(self, attempts, |transaction| self.drop_if_old(&mut transaction, id));
                    if let Some(state) = dropped {
                        return self.drop_import(id, &state).await.map(|_| true);
                    }
                }
                after = Some(sort);
            }
            if !page.more {
                return Ok(false);
            }
        }
    }

    fn is_old(&self, state: &ImportState) -> bool {
        state.is_dropped || state.touched_ms + limits::IMPORT_KEPT_MS < self.clock.unix_ms()
    }

    async fn drop_if_old(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
    ) -> Result<Option<ImportState>, Error> {
        let state: Option<ImportState> = transaction.read_json(&places::state(id)).await?;
        Ok(state.filter(|state| self.is_old(state)).map(|state| mark_dropped(transaction, id, state)))
    }

    /// Removes records of an import that is forgotten, its own last. Answers whether all are gone.
    async fn drop_import(&self, id: Uuid, state: &ImportState) -> Result<bool, Error> {
        let parts = (0..state.parts_end).map(|part| places::part_partition(id, part));
        let kept = (1..=state.run)
            .flat_map(|run| KINDS.into_iter().map(move |kind| places::kept_partition(id, run, kind)));
        let mut left = COMMITS_AT_ONCE;
        for partition in parts.chain(kept) {
            loop {
                let page = self.store.scan(&partition, "", None, limits::BATCH_RECORDS_MAX).await?;
                if page.records.is_empty() {
                    break;
                }
                if left == 0 {
                    return Ok(false);
                }
                left -= 1;
                let keys = page.records.into_iter().map(|(sort, _)| RecordKey::new(partition.as_str(), sort));
                self.delete_all(keys.collect()).await?;
            }
        }
        self.delete_all(vec![places::state(id)]).await?;
        Ok(true)
    }
}

fn mark_dropped<S: Store>(
    transaction: &mut EntityTransaction<'_, S>,
    id: Uuid,
    state: ImportState,
) -> ImportState {
    let state = ImportState { is_dropped: true, work: None, ..state };
    transaction.put_json(places::state(id), &state);
    state
}
