//! Consumers that key-auth plugins name as their anonymous one: the data plane must know them.
//!
//! A record per name counts the plugins that name it. A consumer is published exactly while a
//! plugin names its id or its username, and it is not suspended: nobody passes as one that is, at
//! gateways of before neither.

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::entity_transaction::{EntityTransaction, id_of, public};
use super::error::Error;
use super::grants::{ENABLED, is_enabled, text};
use super::records;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Counts a plugin made, changed or removed, and publishes or withdraws whom it names.
    pub(super) async fn count_anonymous(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        old: Option<&Object>,
        new: Option<&Object>,
    ) -> Result<(), Error> {
        let (before, after) = (old.and_then(named), new.and_then(named));
        if before == after {
            return Ok(());
        }
        if let Some(name) = before {
            self.add_to_count(transaction, &name, false).await?;
        }
        if let Some(name) = after {
            self.add_to_count(transaction, &name, true).await?;
        }
        Ok(())
    }

    /// Publishes a consumer that is named, withdraws one that is no longer.
    pub(super) async fn publish_if_anonymous(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        old: Option<&Object>,
        new: Option<&Object>,
    ) -> Result<(), Error> {
        let was_named = match old {
            Some(old) => self.is_named(transaction, old).await?,
            None => false,
        };
        let is_named = match new {
            Some(new) => self.is_named(transaction, new).await?,
            None => false,
        };
        match (new.filter(|_| is_named), old.or(new)) {
            (Some(new), _) => transaction.publish_consumer(id_of(new)?, Some(Value::Object(public(new)))),
            (None, Some(gone)) if was_named => transaction.publish_consumer(id_of(gone)?, None),
            (None, _) => {}
        }
        Ok(())
    }

    async fn add_to_count(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        name: &str,
        one_more: bool,
    ) -> Result<(), Error> {
        let key = records::anonymous(name);
        let count: u64 = transaction.read_json(&key).await?.unwrap_or_default();
        let count = if one_more { count + 1 } else { count.saturating_sub(1) };
        if count == 0 {
            transaction.delete(key);
        } else {
            transaction.put_json(key, &count);
        }
        for consumer in self.consumers_named(transaction, name).await? {
            let published = if self.is_named(transaction, &consumer).await? {
                Some(Value::Object(public(&consumer)))
            } else {
                None
            };
            transaction.publish_consumer(id_of(&consumer)?, published);
        }
        Ok(())
    }

    async fn consumers_named(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        name: &str,
    ) -> Result<Vec<Object>, Error> {
        let by_id = crate::schema::parse_uuid(name);
        let by_username = transaction.find(EntityKind::Consumers, "username", name).await?;
        let mut consumers = Vec::new();
        for id in [by_id, by_username.filter(|id| Some(*id) != by_id)].into_iter().flatten() {
            consumers.extend(transaction.load(EntityKind::Consumers, id).await?);
        }
        Ok(consumers)
    }

    /// Whether a plugin names a consumer that may be used.
    async fn is_named(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        consumer: &Object,
    ) -> Result<bool, Error> {
        if !is_enabled(EntityKind::Consumers, consumer, ENABLED) {
            return Ok(false);
        }
        for name in [text(consumer, "id"), text(consumer, "username")].into_iter().flatten() {
            let count: Option<u64> = transaction.read_json(&records::anonymous(&name)).await?;
            if count.is_some_and(|count| count > 0) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whom a plugin names. An id is written as ids are stored, so that it is found by it.
fn named(plugin: &Object) -> Option<String> {
    let name = plugin.get("config")?.get("anonymous")?.as_str()?;
    Some(crate::schema::parse_uuid(name).as_ref().map_or_else(|| name.to_owned(), Uuid::to_string))
}
