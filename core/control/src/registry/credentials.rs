//! Keys of consumers, and what they share with keys of applications: only digests are stored.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Registry;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, reference};
use super::error::Error;
use super::grants::key_auth_grant;
use super::lookup::Holder;
use super::present::{self, EXPIRES_AT_MS};
use super::records;
use super::stored_credential::{DIGEST, PEPPER_ID, digest_of};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object, whole_number};
use latchkey_published::keys::{PlainKey, TagKey, has_our_prefix, is_reserved};
use latchkey_published::limits;
use latchkey_store::Store;

/// What stands in an answer in the place of a key.
const HIDDEN: &str = "<hidden>";

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn prepare_credential(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        entity: &mut Object,
    ) -> Result<Object, Error> {
        set_expiry(change, entity, transaction.now_ms);
        let given = taken_text(entity, "key");
        let mut disclosed = Object::new();
        let key = match (given, change.old) {
            (None, Some(_)) => {
                keep(change, entity, "key_start");
                return Ok(disclosed);
            }
            (Some(given), _) => self.accept_key(transaction, "key", &given).await?,
            (None, None) => change.minted.key.clone(),
        };
        entity.insert("key_start".to_owned(), key.start().into());
        self.claim_digest(transaction, change, "key", &key, entity).await?;
        // Who brings another key for a credential knows it; it is not shown again.
        if change.old.is_none() {
            #[expect(clippy::disallowed_methods, reason = "the one answer that shows it")]
            disclosed.insert("key".to_owned(), key.reveal().into());
        }
        Ok(disclosed)
    }

    /// Publishes what a consumer's key is good for.
    pub(super) async fn publish_credential(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        credential: &Object,
    ) -> Result<(), Error> {
        let Some(consumer_id) = reference(credential, "consumer") else { return Ok(()) };
        if let Some(consumer) = transaction.load(EntityKind::Consumers, consumer_id).await?
            && let Some(grant) = key_auth_grant(&consumer, credential)?
        {
            transaction.publish_grant(grant.digest, Some(grant));
        }
        Ok(())
    }

    /// Checks a key that a caller brings. One that claims to be made here must be genuine; any
    /// other tells the data plane that such keys exist.
    pub(super) async fn accept_key(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        field: &str,
        given: &str,
    ) -> Result<PlainKey, Error> {
        if given.len() > limits::KEY_BYTES_MAX {
            return Err(Error::field(field, format!("length must be at most {}", limits::KEY_BYTES_MAX)));
        }
        refuse_reserved(field, given)?;
        let mut settings = transaction.settings().await?;
        if has_our_prefix(given.as_bytes()) {
            let genuine = settings
                .tag_keys
                .iter()
                .filter_map(|hex| TagKey::from_hex(hex))
                .any(|tag| tag.is_genuine(given.as_bytes()));
            if !genuine {
                let sentence = "keys that begin with 'lk_' are made here, and this one was not: \
                                leave the key out to have one made, or bring one that begins otherwise";
                return Err(Error::field(field, sentence));
            }
        } else if !settings.has_imported_keys {
            settings.has_imported_keys = true;
            transaction.publish_settings(settings);
        }
        Ok(PlainKey::new(given))
    }

    /// Makes the digest of `key` the one of the credential, and no other's.
    pub(super) async fn claim_digest(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        field: &str,
        key: &PlainKey,
        entity: &mut Object,
    ) -> Result<(), Error> {
        for digest in self.digests(key) {
            let holder: Option<Holder> = transaction.read_json(&records::credential(&digest)).await?;
            if let Some(holder) = holder.filter(|holder| holder.id != change.id) {
                self.release_expired(transaction, holder, field).await?;
            }
        }
        let pepper = &self.peppers.current;
        let digest = pepper.digest_key(key);
        if let Some(old) = change.old.and_then(digest_of).filter(|old| *old != digest) {
            transaction.delete(records::credential(&old));
            transaction.publish_grant(old, None);
        }
        let application = change.kind == EntityKind::Oauth2Credentials;
        transaction.put_json(records::credential(&digest), &Holder { application, id: change.id });
        entity.insert(DIGEST.to_owned(), digest.to_hex().into());
        entity.insert(PEPPER_ID.to_owned(), json!(pepper.id()));
        Ok(())
    }

    /// A key whose credential has ended may be given again.
    async fn release_expired(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        holder: Holder,
        field: &str,
    ) -> Result<(), Error> {
        match transaction.load_marked(holder.kind(), holder.id).await? {
            Some(old) if present::is_expired(&old, transaction.now_ms) => {
                self.withdraw(transaction, holder.kind(), &old).await
            }
            _ => Err(Error::NotUnique(Object::from_iter([(field.to_owned(), HIDDEN.into())]))),
        }
    }

    /// Makes a credential's key unknown.
    pub(super) fn revoke_digest(&self, transaction: &mut EntityTransaction<'_, S>, credential: &Object) {
        if let Some(digest) = digest_of(credential) {
            transaction.delete(records::credential(&digest));
            transaction.publish_grant(digest, None);
        }
    }
}

/// Kong takes `ttl` for an option of the call, and looks at options before the entity.
pub(super) fn check_options(kind: EntityKind, input: &Object) -> Result<(), Error> {
    let ttl = input.get("ttl").filter(|ttl| kind == EntityKind::KeyauthCredentials && !ttl.is_null());
    let in_range = |ttl| whole_number(ttl).is_some_and(|ttl| (0..=limits::TTL_SECONDS_MAX).contains(&ttl));
    if ttl.is_none_or(in_range) {
        return Ok(());
    }
    Err(Error::InvalidOption { option: "ttl", sentence: "must be an integer between 0 and 100000000" })
}

/// A text whose digest is a secret of ours is no key, nor any other thing that is digested.
pub(super) fn refuse_reserved(field: &str, given: &str) -> Result<(), Error> {
    match is_reserved(given.as_bytes()) {
        true => {
            Err(Error::field(field, "this text is reserved: bring another, or leave it out to have one made"))
        }
        false => Ok(()),
    }
}

/// `ttl` counts from now; 0 is no end. Absent from a change it leaves the end as it is.
fn set_expiry(change: &EntityChange<'_>, entity: &mut Object, now_ms: u64) {
    let ttl = entity.remove("ttl").as_ref().and_then(Value::as_u64);
    let keeps_end = change.old.is_some() && !change.input.contains_key("ttl") && !change.replaces;
    if keeps_end {
        return;
    }
    entity.remove(EXPIRES_AT_MS);
    if let Some(seconds) = ttl.filter(|seconds| *seconds > 0) {
        entity.insert(EXPIRES_AT_MS.to_owned(), (now_ms + seconds * 1000).into());
    }
}

/// Carries a read-only member over from the entity before.
pub(super) fn keep(change: &EntityChange<'_>, entity: &mut Object, field: &str) {
    let value = change.old.and_then(|old| old.get(field)).cloned().unwrap_or_default();
    entity.insert(field.to_owned(), value);
}

/// Takes a write-only text out of an entity.
pub(super) fn taken_text(entity: &mut Object, field: &str) -> Option<String> {
    match entity.remove(field) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Id of the consumer that a stored application or its credential has.
pub(super) fn consumer_id(object: &Object) -> Option<Uuid> {
    reference(object, "consumer")
}
