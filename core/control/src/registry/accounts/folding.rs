//! Addresses of developers are the same in whatever case they are written. Those that were stored when they were
//! not, a job indexes anew.

use uuid::Uuid;

use super::super::entity_transaction::{EntityTransaction, id_of};
use super::super::error::Error;
use super::super::jobs::{Job, ROOM};
use super::super::{Registry, records};
use crate::ports::{Clock, Random};
use crate::schema::EntityKind;
use latchkey_published::limits;
use latchkey_store::Store;
use serde_json::Value;

/// Records that one address touches: where it was, and where it is.
const EACH: usize = 2;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Leaves the job, once. A new store needs none.
    pub(in crate::registry) async fn leave_addresses_to_fold(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        is_new: bool,
    ) -> Result<(), Error> {
        if transaction.read_json::<bool>(&records::addresses_folded()).await?.is_none() {
            transaction.put_json(records::addresses_folded(), &true);
            if !is_new {
                self.leave_job(transaction, Job::FoldAddresses { after: None });
            }
        }
        Ok(())
    }

    /// Indexes the next addresses, as many as a commit has room for. Answers where to go on. Of two that differ
    /// in case alone the first is found by either; the other has to be found by its id.
    pub(in crate::registry) async fn fold_next_addresses(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        mut after: Option<Uuid>,
    ) -> Result<Option<Uuid>, Error> {
        let kind = EntityKind::Developers;
        let page = transaction.entities_page(kind, after, limits::PAGE_SIZE_DEFAULT).await?;
        for developer in &page.objects {
            if transaction.size() + EACH > ROOM {
                return Ok(after);
            }
            let id = id_of(developer)?;
            let address = developer.get("email").and_then(Value::as_str).unwrap_or_default();
            let (folded, before) = (records::unique(kind, "email", address), records::as_typed(address));
            if folded != before {
                if transaction.read_json::<Uuid>(&before).await? == Some(id) {
                    transaction.delete(before);
                }
                if transaction.read_json::<Uuid>(&folded).await?.is_none() {
                    transaction.put_json(folded, &id);
                }
            }
            after = Some(id);
        }
        Ok(after.filter(|_| page.more))
    }
}
