//! Consumers: their names, and whether they are suspended, are in the grants of all their keys.

use uuid::Uuid;

use super::Registry;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of};
use super::error::Error;
use super::grants::{ENABLED, consumer_grants, is_enabled, text};
use super::jobs::{Job, OfConsumer, ROOM};
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
        let job = |from| Job::RepublishConsumer { id: change.id, from };
        if told(old) == told(consumer) {
            return self.left_job(transaction, job(OfConsumer::START)).await;
        }
        if transaction.size() + limits::JOB_CHUNK_MAX > ROOM {
            return Ok(Some(self.leave_job(transaction, job(OfConsumer::START))));
        }
        let next = self.republish_consumer(transaction, change.id, OfConsumer::START).await?;
        Ok(next.map(|next| self.leave_job(transaction, job(next))))
    }

    /// Publishes the next keys of a consumer as it is now, then its OAuth2 clients. Answers where to go on.
    pub(super) async fn republish_consumer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        consumer_id: Uuid,
        from: OfConsumer,
    ) -> Result<Option<OfConsumer>, Error> {
        let Some(consumer) = transaction.load(EntityKind::Consumers, consumer_id).await? else {
            return Ok(None);
        };
        let after = self.republish_of_kind(transaction, &consumer, from).await?;
        match after {
            Some(after) => Ok(Some(OfConsumer { after: Some(after), ..from })),
            None if from.clients => Ok(None),
            None => {
                let clients = OfConsumer { clients: true, after: None };
                let after = self.republish_of_kind(transaction, &consumer, clients).await?;
                Ok(after.map(|after| OfConsumer { after: Some(after), ..clients }))
            }
        }
    }

    async fn republish_of_kind(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        consumer: &Object,
        OfConsumer { clients, after }: OfConsumer,
    ) -> Result<Option<Uuid>, Error> {
        let kind = if clients { EntityKind::Oauth2Credentials } else { EntityKind::KeyauthCredentials };
        let (parent, consumer_id) = (EntityKind::Consumers, id_of(consumer)?);
        let page = transaction.children_page(parent, consumer_id, kind, after, limits::JOB_CHUNK_MAX).await?;
        let mut last = None;
        for credential in &page.objects {
            if transaction.size() + KEYS_MAX > ROOM {
                return Ok(last.or(after).or(Some(Uuid::nil())));
            }
            for grant in consumer_grants(kind, consumer, credential, transaction.now_ms)? {
                transaction.publish_grant(grant.digest, Some(grant));
            }
            last = Some(id_of(credential)?);
        }
        Ok(last.filter(|_| page.more))
    }
}
