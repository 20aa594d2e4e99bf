//! Developers: while one is not approved, or their applications are suspended, the keys of these are
//! disabled.

use uuid::Uuid;

use super::Registry;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of};
use super::error::Error;
use super::grants::allows_applications;
use super::jobs::{Job, ROOM};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Publishes a changed state with the keys of all applications. What does not fit is left to
    /// the job answered.
    pub(super) async fn publish_developer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        developer: &Object,
    ) -> Result<Option<Job>, Error> {
        let Some(old) = change.old else { return Ok(None) };
        self.note_developer(transaction, change, developer).await?;
        let job = |after| Job::RepublishDeveloper { id: change.id, after };
        if allows_applications(old) == allows_applications(developer) {
            return self.left_job(transaction, job(None)).await;
        }
        let after = self.republish_developer(transaction, change.id, None).await?;
        Ok(after.map(|after| self.leave_job(transaction, job(Some(after)))))
    }

    /// Publishes the keys of the developer's next applications. Answers where to go on.
    pub(super) async fn republish_developer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        developer_id: Uuid,
        after: Option<Uuid>,
    ) -> Result<Option<Uuid>, Error> {
        let (parent, kind) = (EntityKind::Developers, EntityKind::Applications);
        let page =
            transaction.children_page(parent, developer_id, kind, after, limits::JOB_CHUNK_MAX).await?;
        let mut last = None;
        for application in &page.objects {
            // The application, its guard, and its keys.
            let most = 2 + limits::APPLICATION_KEYS_MAX;
            if last.is_some() && transaction.size() + most > ROOM {
                return Ok(last);
            }
            let id = id_of(application)?;
            self.republish_application(transaction, id).await?;
            last = Some(id);
        }
        Ok(last.filter(|_| page.more))
    }
}
