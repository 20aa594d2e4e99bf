//! Keys of consumers, and what they share with keys of applications: only digests are stored, and the
//! SHA-256, sealed.

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of, reference};
use super::error::Error;
use super::given_key::GivenKey;
use super::grants::consumer_grants;
use super::held_key::Claimed;
use super::stored_credential::{EXPIRES_AT_MS, HeldKey, key_member, start_member};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object, whole_number};
use latchkey_published::key_sha256::SHA256_PREFIX;
use latchkey_published::keys::{PlainKey, TagKey, has_our_prefix, is_reserved};
use latchkey_published::limits;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// The key of a consumer's credential, which is the client id of one for OAuth2.
    pub(super) async fn prepare_key(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        entity: &mut Object,
    ) -> Result<Object, Error> {
        let (field, start) = (key_member(change.kind), start_member(change.kind));
        set_expiry(change, entity, transaction.now_ms)?;
        self.carry_previous(transaction, change, entity).await?;
        let given = match (change.key, taken_text(entity, field)) {
            (Some(key), _) => Some(key.clone()),
            (None, Some(text)) => {
                Some(GivenKey::parse(&text).map_err(|sentence| Error::field(field, sentence))?)
            }
            (None, None) => None,
        };
        let key = match (given, change.old) {
            (None, Some(_)) => return Ok(keep_key(change, entity)),
            (Some(GivenKey::Unknown(id)), old) => match old.map(id_of).transpose()? == Some(id) {
                true => return Ok(keep_key(change, entity)),
                false => {
                    return Err(Error::field(field, "this text stands for the key of another credential"));
                }
            },
            (Some(given), _) => self.accept_key(transaction, field, given).await?,
            (None, None) => GivenKey::Clear(change.minted.key.clone()),
        };
        let Claimed { held, is_same } =
            self.claim_key(transaction, &change.claim(field), &key, entity).await?;
        if change.old.is_some() && !is_same {
            entity.insert("rotated_at".to_owned(), (transaction.now_ms / 1000).into());
        }
        match &key {
            GivenKey::Clear(key) => drop(entity.insert(start.to_owned(), key.start().into())),
            GivenKey::Seen(seen) => drop(entity.insert(start.to_owned(), seen.start.as_str().into())),
            GivenKey::Sha256(_) | GivenKey::Unknown(_) if is_same => keep(change, entity, start),
            // No more of it is known.
            GivenKey::Sha256(_) | GivenKey::Unknown(_) => {
                drop(entity.insert(start.to_owned(), SHA256_PREFIX.into()))
            }
        }
        self.tell_of(transaction, &key, &held).await?;
        Ok(key.answered().map(|key| (field.to_owned(), key.into())).into_iter().collect())
    }

    /// Publishes what the keys of a consumer's credential are good for.
    async fn publish_credential(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        credential: &Object,
    ) -> Result<(), Error> {
        let Some(consumer_id) = reference(credential, "consumer") else { return Ok(()) };
        if let Some(consumer) = transaction.load(EntityKind::Consumers, consumer_id).await? {
            for grant in consumer_grants(kind, &consumer, credential, transaction.now_ms)? {
                transaction.publish_grant(grant.digest, Some(grant));
            }
        }
        Ok(())
    }

    /// Publishes what the keys of a credential of either kind are good for.
    pub(super) async fn publish_credential_of(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        credential: &Object,
    ) -> Result<(), Error> {
        match (kind, reference(credential, "application")) {
            (EntityKind::Oauth2Credentials, Some(id)) => self.republish_application(transaction, id).await,
            _ => self.publish_credential(transaction, kind, credential).await,
        }
    }

    /// Checks a key that a caller brings. One that claims to be made here must be genuine.
    pub(super) async fn accept_key(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        field: &str,
        given: GivenKey,
    ) -> Result<GivenKey, Error> {
        if let GivenKey::Clear(key) = &given {
            let settings = transaction.settings().await?;
            check_clear_key(field, key, &settings.tag_keys)?;
        }
        Ok(given)
    }

    /// Whether a key claims to be made here and was not. Costs no read of a credential.
    pub(super) async fn is_forged(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        key: &str,
    ) -> Result<bool, Error> {
        if !has_our_prefix(key.as_bytes()) {
            return Ok(false);
        }
        let settings = transaction.settings().await?;
        Ok(is_forged_by(key, &settings.tag_keys))
    }

    /// Tells the data plane of a key that it would not look for otherwise.
    pub(super) async fn tell_of(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        key: &GivenKey,
        held: &HeldKey,
    ) -> Result<(), Error> {
        #[expect(clippy::disallowed_methods, reason = "what it begins with")]
        let is_imported = match key {
            GivenKey::Clear(key) => !has_our_prefix(key.reveal().as_bytes()),
            GivenKey::Seen(seen) => !seen.is_ours,
            GivenKey::Sha256(_) | GivenKey::Unknown(_) => false,
        };
        let was_brought = held.was_brought();
        if !is_imported && !was_brought {
            return Ok(());
        }
        let before = transaction.settings().await?;
        let mut settings = before.clone();
        settings.has_digest_keys |= was_brought;
        settings.has_imported_keys |= is_imported && !was_brought;
        if settings != before {
            transaction.publish_settings(settings);
        }
        Ok(())
    }
}

/// Whether a key given in clear may be one. One that claims to be made here must be genuine by one of
/// `tag_keys`, in hex.
pub(super) fn check_clear_key(field: &str, key: &PlainKey, tag_keys: &[String]) -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "what it begins with, and whether it was made here")]
    let text = key.reveal();
    if text.len() > limits::KEY_BYTES_MAX {
        return Err(Error::field(field, format!("length must be at most {}", limits::KEY_BYTES_MAX)));
    }
    refuse_reserved(field, text)?;
    if is_forged_by(text, tag_keys) {
        let sentence = "keys that begin with 'lk_' are made here, and this one was not: \
                        leave the key out to have one made, or bring one that begins otherwise";
        return Err(Error::field(field, sentence));
    }
    Ok(())
}

/// Whether a key begins as those that are made here, and is genuine by none of `tag_keys`, in hex.
fn is_forged_by(key: &str, tag_keys: &[String]) -> bool {
    let mut known = tag_keys.iter().filter_map(|hex| TagKey::from_hex(hex));
    has_our_prefix(key.as_bytes()) && !known.any(|tag| tag.is_genuine(key.as_bytes()))
}

/// Kong takes `ttl` for an option of the call, and looks at options before the entity.
pub(super) fn check_options(kind: EntityKind, input: &Object) -> Result<(), Error> {
    let has_ttl = kind.schema().field("ttl").is_some();
    let ttl = input.get("ttl").filter(|ttl| has_ttl && !ttl.is_null());
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

/// `ttl` counts from now, 0 being no end; `expires_at` must be to come. Where neither is named, the end of
/// a credential that was there stays as it is, also under a PUT: what knows of no ends makes no key endless.
pub(super) fn set_expiry(change: &EntityChange<'_>, entity: &mut Object, now_ms: u64) -> Result<(), Error> {
    let mut taken = |field| entity.remove(field).as_ref().and_then(Value::as_u64);
    let (ttl, expires_at) = (taken("ttl").filter(|ttl| *ttl > 0), taken("expires_at"));
    let is_named = ["ttl", "expires_at"].iter().any(|field| change.input.contains_key(*field));
    if change.old.is_some() && !is_named {
        return Ok(());
    }
    let end_ms = ttl.map(|ttl| now_ms + ttl * 1000).or(expires_at.map(|end| end * 1000));
    if end_ms.is_some_and(|end_ms| end_ms <= now_ms) {
        return Err(Error::field("expires_at", "must be in the future"));
    }
    match end_ms {
        Some(end_ms) => drop(entity.insert(EXPIRES_AT_MS.to_owned(), end_ms.into())),
        None => drop(entity.remove(EXPIRES_AT_MS)),
    }
    Ok(())
}

/// The key stays as it is, and is shown as in any list.
fn keep_key(change: &EntityChange<'_>, entity: &mut Object) -> Object {
    keep(change, entity, start_member(change.kind));
    Object::new()
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
