//! Consumers: their names, and whether they are suspended, are in the grants of all their keys.

use uuid::Uuid;

use super::Registry;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of};
use super::error::Error;
use super::grants::{ENABLED, is_enabled, key_auth_grants, text};
use super::jobs::{Job, ROOM};
use super::records;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits;
use latchkey_store::Store;

/// Keys of one credential that are good at a time: its own, and the one before in its grace.
const KEYS_MAX: usize = 2;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn prepare_consumer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
    ) -> Result<Object, Error> {
        if change.old.is_none()
            && transaction.read_json::<Uuid>(&records::reserved_consumer(change.id)).await?.is_some()
        {
            return Err(Error::IdInUse(change.id));
        }
        Ok(Object::new())
    }

    /// Publishes a changed consumer: to plugins that name it, and with its keys. What does not fit
    /// is left to the job answered.
    pub(super) async fn publish_consumer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        consumer: &Object,
    ) -> Result<Option<Job>, Error> {
        self.publish_if_anonymous(transaction, change.old, Some(consumer)).await?;
        let Some(old) = change.old else { return Ok(None) };
        let told = |object: &Object| {
            let enabled = is_enabled(EntityKind::Consumers, object, ENABLED);
            (text(object, "username"), text(object, "custom_id"), enabled)
        };
        let job = |after| Job::RepublishConsumer { id: change.id, after };
        if told(old) == told(consumer) {
            return self.left_job(transaction, job(None)).await;
        }
        if transaction.size() + limits::JOB_CHUNK_MAX > ROOM {
            return Ok(Some(self.leave_job(transaction, job(None))));
        }
        let after = self.republish_consumer(transaction, change.id, None).await?;
        Ok(after.map(|after| self.leave_job(transaction, job(Some(after)))))
    }

    /// Publishes the next keys of a consumer as it is now. Answers where to go on.
    pub(super) async fn republish_consumer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        consumer_id: Uuid,
        after: Option<Uuid>,
    ) -> Result<Option<Uuid>, Error> {
        let Some(consumer) = transaction.load(EntityKind::Consumers, consumer_id).await? else {
            return Ok(None);
        };
        let (parent, kind) = (EntityKind::Consumers, EntityKind::KeyauthCredentials);
        let page = transaction.children_page(parent, consumer_id, kind, after, limits::JOB_CHUNK_MAX).await?;
        let mut last = None;
        for credential in &page.objects {
            if last.is_some() && transaction.size() + KEYS_MAX > ROOM {
                return Ok(last);
            }
            for grant in key_auth_grants(&consumer, credential, transaction.now_ms)? {
                transaction.publish_grant(grant.digest, Some(grant));
            }
            last = Some(id_of(credential)?);
        }
        Ok(last.filter(|_| page.more))
    }
}
