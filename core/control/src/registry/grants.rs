//! Makes grants of what is stored, and publishes them.

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::client::{is_key, published_client};
use super::entity_transaction::{DELETING, EntityTransaction, id_of, reference};
use super::error::Error;
use super::stored_credential::{HeldKey, HeldSecret, PreviousKey, expires_at_ms};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::grant::{Consumer, Grant};
use latchkey_store::Store;

/// State of contracts and developers: in force.
pub(super) const APPROVED: i64 = 0;

/// The field by which credentials, consumers and applications are suspended.
pub(super) const ENABLED: &str = "enabled";
/// The field by which a developer's applications are suspended, all at once.
pub(super) const APPLICATIONS_ENABLED: &str = "applications_enabled";

/// What the keys of a consumer's credential are good for: its own, and the one before in its grace.
/// None once it has ended, and none of what is unreadable and so good for nothing.
pub(super) fn consumer_grants(
    kind: EntityKind,
    consumer: &Object,
    credential: &Object,
    now_ms: u64,
) -> Result<Vec<Grant>, Error> {
    let told = Consumer {
        id: id_of(consumer)?,
        username: text(consumer, "username"),
        custom_id: text(consumer, "custom_id"),
    };
    let mut grants = grants_of(kind, credential, &told, now_ms)?;
    if !is_enabled(EntityKind::Consumers, consumer, ENABLED) {
        grants.iter_mut().for_each(suspend);
    }
    Ok(grants)
}

/// Whether what may be suspended is not, by a field of its kind.
pub(super) fn is_enabled(kind: EntityKind, object: &Object, field: &str) -> bool {
    kind.value_of(object, field) == Value::Bool(true)
}

/// The consumer that upstreams are told of when an application calls.
pub(super) fn application_consumer(application: &Object) -> Option<Consumer> {
    Some(Consumer {
        id: reference(application, "consumer")?,
        username: text(application, "id"),
        custom_id: text(application, "custom_id"),
    })
}

/// Grants of the keys of a credential that are good now, as far as the credential says.
fn grants_of(
    kind: EntityKind,
    credential: &Object,
    consumer: &Consumer,
    now_ms: u64,
) -> Result<Vec<Grant>, Error> {
    let credential_id = id_of(credential)?;
    let is_client = kind == EntityKind::Oauth2Credentials;
    let grant = |LiveKey { held, secret, end_ms }| Grant {
        epoch: 0,
        digest: held.digest,
        pepper_id: held.pepper_id,
        credential_id,
        consumer: consumer.clone(),
        application_id: None,
        service_ids: Vec::new(),
        expires_at_ms: end_ms,
        enabled: !is_client || is_key(credential),
        oauth2: is_client.then(|| published_client(credential, secret.as_ref())),
    };
    let mut grants: Vec<Grant> = live_keys(credential, now_ms).map(grant).collect();
    if !is_enabled(kind, credential, ENABLED) {
        grants.iter_mut().for_each(suspend);
    }
    Ok(grants)
}

/// Nothing that a key could be used for is left.
fn suspend(grant: &mut Grant) {
    grant.enabled = false;
    grant.oauth2.iter_mut().for_each(|client| client.token_enabled = false);
}

/// A key of a credential that is good now.
pub(super) struct LiveKey {
    pub(super) held: HeldKey,
    /// The client secret that belongs to it, where there is one.
    secret: Option<HeldSecret>,
    /// In milliseconds since the Unix epoch; `None`: it never ends.
    end_ms: Option<u64>,
}

/// The keys of a credential that are good now: its own, and the one before in its grace.
pub(super) fn live_keys(credential: &Object, now_ms: u64) -> impl Iterator<Item = LiveKey> + use<> {
    let end_ms = expires_at_ms(credential);
    let own = HeldKey::of(credential).filter(|_| end_ms.is_none_or(|end_ms| end_ms > now_ms));
    let own = own.map(|held| LiveKey { held, secret: HeldSecret::of(credential), end_ms });
    let previous = PreviousKey::live(credential, now_ms).map(|previous| {
        let end_ms = Some(previous.end_ms(credential));
        LiveKey { held: previous.held, secret: previous.secret, end_ms }
    });
    own.into_iter().chain(previous)
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
        let allowed = developer.is_some_and(allows_applications)
            && is_enabled(EntityKind::Applications, &application, ENABLED);
        let service_ids = self.approved_services(transaction, application_id).await?;
        let applications = EntityKind::Applications;
        let credentials =
            transaction.children(applications, application_id, EntityKind::Oauth2Credentials).await?;
        let told = consumer.filter(|_| developer.is_some());
        for credential in &credentials {
            let Some(told) = &told else {
                for key in live_keys(credential, transaction.now_ms) {
                    transaction.publish_grant(key.held.digest, None);
                }
                continue;
            };
            let kind = EntityKind::Oauth2Credentials;
            for mut grant in grants_of(kind, credential, told, transaction.now_ms)? {
                grant.application_id = Some(application_id);
                grant.service_ids = service_ids.clone();
                if !allowed {
                    suspend(&mut grant);
                }
                transaction.publish_grant(grant.digest, Some(grant));
            }
        }
        Ok(())
    }

    /// The services that an application has a contract with that is in force; ascending.
    pub(super) async fn approved_services(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        application_id: Uuid,
    ) -> Result<Vec<Uuid>, Error> {
        let kind = EntityKind::ApplicationInstances;
        let contracts = transaction.children(EntityKind::Applications, application_id, kind).await?;
        let approved =
            contracts.iter().filter(|contract| gives_access(contract) && !contract.contains_key(DELETING));
        let mut services: Vec<Uuid> =
            approved.filter_map(|contract| reference(contract, "service")).collect();
        services.sort_unstable();
        Ok(services)
    }
}

/// Whether a developer's applications may be used.
pub(super) fn allows_applications(developer: &Object) -> bool {
    let kind = EntityKind::Developers;
    kind.value_of(developer, "status").as_i64() == Some(APPROVED)
        && is_enabled(kind, developer, APPLICATIONS_ENABLED)
}

pub(super) fn text(object: &Object, field: &str) -> Option<String> {
    object.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// Whether a contract lets its application call its service.
pub(super) fn gives_access(contract: &Object) -> bool {
    let suspended = EntityKind::ApplicationInstances.value_of(contract, "suspended");
    contract.get("status").and_then(Value::as_i64) == Some(APPROVED) && suspended == Value::Bool(false)
}
