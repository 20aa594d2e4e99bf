//! Makes grants of what is stored, and publishes them.

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::entity_transaction::{DELETING, EntityTransaction, id_of, reference};
use super::error::Error;
use super::present::expires_at_ms;
use super::stored_credential::HeldKey;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::grant::{Consumer, Grant};
use latchkey_store::Store;

/// State of contracts and developers: in force.
pub(super) const APPROVED: i64 = 0;

/// What a consumer's key is good for; `None` when it is unreadable and so good for nothing.
pub(super) fn key_auth_grant(consumer: &Object, credential: &Object) -> Result<Option<Grant>, Error> {
    let consumer = Consumer {
        id: id_of(consumer)?,
        username: text(consumer, "username"),
        custom_id: text(consumer, "custom_id"),
    };
    grant(credential, consumer)
}

/// The consumer that upstreams are told of when an application calls.
pub(super) fn application_consumer(application: &Object) -> Option<Consumer> {
    Some(Consumer {
        id: reference(application, "consumer")?,
        username: text(application, "id"),
        custom_id: text(application, "custom_id"),
    })
}

fn grant(credential: &Object, consumer: Consumer) -> Result<Option<Grant>, Error> {
    let Some(HeldKey { digest, pepper_id, .. }) = HeldKey::of(credential) else { return Ok(None) };
    Ok(Some(Grant {
        epoch: 0,
        digest,
        pepper_id,
        credential_id: id_of(credential)?,
        consumer,
        application_id: None,
        service_ids: Vec::new(),
        expires_at_ms: expires_at_ms(credential),
        enabled: true,
    }))
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Publishes what the keys of an application are good for, from what is stored now: the
    /// application, its developer, its contracts. Everything read is checked at the commit.
    pub(super) async fn republish_application(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        application_id: Uuid,
    ) -> Result<(), Error> {
        let Some(application) = transaction.load_marked(EntityKind::Applications, application_id).await?
        else {
            return Ok(());
        };
        let developer = match reference(&application, "developer") {
            Some(id) => transaction.load_marked(EntityKind::Developers, id).await?,
            None => None,
        };
        let kept = |object: &&Object| !object.contains_key(DELETING);
        let developer = developer.as_ref().filter(kept);
        let consumer = application_consumer(&application).filter(|_| kept(&&application));
        let status = |developer| EntityKind::Developers.value_of(developer, "status").as_i64();
        let enabled = developer.and_then(status) == Some(APPROVED);
        let service_ids = self.approved_services(transaction, application_id).await?;
        let applications = EntityKind::Applications;
        let credentials =
            transaction.children(applications, application_id, EntityKind::Oauth2Credentials).await?;
        for credential in &credentials {
            let Some(HeldKey { digest, .. }) = HeldKey::of(credential) else { continue };
            let grant = match consumer.clone().filter(|_| developer.is_some()) {
                Some(consumer) => grant(credential, consumer)?,
                None => None,
            };
            let grant = grant.map(|grant| Grant {
                application_id: Some(application_id),
                service_ids: service_ids.clone(),
                enabled,
                ..grant
            });
            transaction.publish_grant(digest, grant);
        }
        Ok(())
    }

    async fn approved_services(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        application_id: Uuid,
    ) -> Result<Vec<Uuid>, Error> {
        let kind = EntityKind::ApplicationInstances;
        let contracts = transaction.children(EntityKind::Applications, application_id, kind).await?;
        let approved = contracts.iter().filter(|contract| {
            contract.get("status").and_then(Value::as_i64) == Some(APPROVED)
                && kind.value_of(contract, "suspended") == Value::Bool(false)
                && !contract.contains_key(DELETING)
        });
        let mut services: Vec<Uuid> =
            approved.filter_map(|contract| reference(contract, "service")).collect();
        services.sort_unstable();
        Ok(services)
    }
}

pub(super) fn text(object: &Object, field: &str) -> Option<String> {
    object.get(field).and_then(Value::as_str).map(str::to_owned)
}
