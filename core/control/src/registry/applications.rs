//! Applications, each with a consumer of its own, and their credentials.
//!
//! The consumer is not stored: its id and names are reserved among consumers, and all there is to
//! say of it follows from the application.

use serde_json::{Value, json};
use uuid::Uuid;

use super::client::{KEY_USE, TOKENS_NOT_BEFORE};
use super::client_secret::check_secret;
use super::credentials::{consumer_id, keep, set_expiry, taken_text};
use super::entities::stamp;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of, reference};
use super::error::Error;
use super::given_key::GivenKey;
use super::grants::{ENABLED, application_consumer, live_keys, text};
use super::present::{is_expired, present};
use super::records;
use super::stored_credential::HeldSecret;
use super::{Minted, Registry};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Mode, Object};
use latchkey_published::keys::PlainKey;
use latchkey_published::limits;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn prepare_application(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        application: &mut Object,
    ) -> Result<Object, Error> {
        match change.old {
            Some(_) => keep(change, application, "consumer"),
            None => {
                application.insert("consumer".to_owned(), json!({"id": change.minted.consumer_id}));
            }
        }
        self.reserve_names(transaction, change.old, application).await?;
        Ok(Object::new())
    }

    /// Publishes a changed application. A new one gets its first credential.
    pub(super) async fn publish_application(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
    ) -> Result<Object, Error> {
        if change.old.is_some() {
            self.republish_application(transaction, change.id).await?;
            return Ok(Object::new());
        }
        let kind = EntityKind::Oauth2Credentials;
        let input = Object::from_iter([("application".to_owned(), json!({"id": change.id}))]);
        let mut credential = kind.validate(Mode::Whole, &input).map_err(Error::Schema)?;
        let id = change.minted.credential_id;
        stamp(kind, &mut credential, id, transaction.now_ms);
        let first = EntityChange::new(kind, id, &input, None, change.minted);
        let disclosed = self.prepare_oauth2_credential(transaction, &first, &mut credential).await?;
        transaction.save(kind, None, &credential).await?;
        self.republish_application(transaction, change.id).await?;
        Ok(shown_with(&credential, &disclosed, transaction.now_ms))
    }

    /// The first credential of an application, already made, as its maker is shown it.
    pub(super) async fn first_credential(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        minted: &Minted,
    ) -> Result<Object, Error> {
        let credential = transaction.load(EntityKind::Oauth2Credentials, minted.credential_id).await?;
        let disclosed = secrets(Some(&minted.key), &minted.secret);
        Ok(credential
            .map(|credential| shown_with(&credential, &disclosed, transaction.now_ms))
            .unwrap_or_default())
    }

    pub(super) async fn prepare_application_credential(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        credential: &mut Object,
    ) -> Result<Object, Error> {
        let client_id = taken_text(credential, "client_id");
        let client_secret = taken_text(credential, "client_secret");
        set_expiry(change, credential, transaction.now_ms)?;
        if let Some(old) = change.old {
            self.carry_previous(transaction, change, credential).await?;
            keep(change, credential, "consumer");
            return refuse_other_changes(change.input, old).map(|()| Object::new());
        }
        let application = match reference(credential, "application") {
            Some(id) => transaction.load(EntityKind::Applications, id).await?,
            None => None,
        };
        if let Some(application) = &application {
            self.make_room(transaction, id_of(application)?, change.id, 1).await?;
            inherit(application, credential);
        }
        let key = match client_id {
            Some(given) => self.accept_client_id(transaction, &given).await?,
            None => GivenKey::Clear(change.minted.key.clone()),
        };
        client_secret.as_deref().map_or(Ok(()), check_secret)?;
        let secret = client_secret.map_or_else(|| change.minted.secret.clone(), PlainKey::new);
        if credential.get("client_type").is_some_and(|kind| kind != "confidential") {
            return Err(Error::field("client_type", "expected one of: confidential"));
        }
        // Only digests are ever stored, whatever is asked for.
        credential.insert("hash_secret".to_owned(), true.into());
        self.hold_secret(&secret, credential);
        let claimed = self.claim_key(transaction, &change.claim("client_id"), &key, credential).await?;
        self.tell_of(transaction, &key, &claimed.held).await?;
        let GivenKey::Clear(key) = key else { return Ok(Object::new()) };
        credential.insert("client_id_start".to_owned(), key.start().into());
        Ok(secrets(Some(&key), &secret))
    }

    /// A client id of an application is given as it is: nothing shows its digest, for anybody to give it back.
    async fn accept_client_id(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        given: &str,
    ) -> Result<GivenKey, Error> {
        match GivenKey::parse(given) {
            Ok(key @ GivenKey::Clear(_)) => self.accept_key(transaction, "client_id", key).await,
            Ok(_) | Err(_) => Err(Error::field(
                "client_id",
                "must not begin with 'sha256:' or 'unknown:', which stand for keys",
            )),
        }
    }

    /// Puts the digest of a client secret into a credential to be stored.
    pub(super) fn hold_secret(&self, secret: &PlainKey, credential: &mut Object) {
        let pepper = &self.peppers.current;
        HeldSecret { digest: pepper.digest_key(secret), pepper_id: pepper.id() }.put_into(credential);
    }

    /// Refuses more keys than an application may have that are good, if its credential `own_id` is to have
    /// `own_keys`. A new credential takes the place of one that has ended where there are too many of those.
    pub(super) async fn make_room(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        application_id: Uuid,
        own_id: Uuid,
        own_keys: usize,
    ) -> Result<(), Error> {
        let kind = EntityKind::Oauth2Credentials;
        let mut others = transaction.children(EntityKind::Applications, application_id, kind).await?;
        others.retain(|other| id_of(other).ok() != Some(own_id));
        let now_ms = transaction.now_ms;
        let live: usize = others.iter().map(|other| live_keys(other, now_ms).count()).sum();
        let most = limits::APPLICATION_KEYS_MAX;
        if live + own_keys > most {
            let sentence = format!(
                "has {most} credentials, counting twice those whose key before is in its grace, the most \
                 there can be: delete one or end a grace first"
            );
            return Err(Error::field("application", sentence));
        }
        match others.iter().find(|other| is_expired(other, now_ms)).filter(|_| others.len() >= most) {
            Some(ended) => self.withdraw(transaction, kind, ended).await,
            None => Ok(()),
        }
    }

    /// Reserves the application's consumer's id and names among consumers.
    async fn reserve_names(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        old: Option<&Object>,
        application: &Object,
    ) -> Result<(), Error> {
        let Some(consumer) = application_consumer(application) else { return Ok(()) };
        transaction.put_json(records::reserved_consumer(consumer.id), &consumer.id);
        let before = old.map(consumer_names).unwrap_or_default();
        let after = consumer_names(application);
        for (field, value) in before.iter().filter(|name| !after.contains(name)) {
            transaction.delete(records::unique(EntityKind::Consumers, field, value));
        }
        for (field, value) in after {
            let holder = transaction.find(EntityKind::Consumers, field, &value).await?;
            if holder.is_some_and(|holder| holder != consumer.id) {
                return Err(Error::NotUnique(Object::from_iter([(field.to_owned(), value.into())])));
            }
            transaction.put_json(records::unique(EntityKind::Consumers, field, &value), &consumer.id);
        }
        Ok(())
    }

    pub(super) fn release_names(&self, transaction: &mut EntityTransaction<'_, S>, application: &Object) {
        for (field, value) in consumer_names(application) {
            transaction.delete(records::unique(EntityKind::Consumers, field, &value));
        }
        if let Some(id) = consumer_id(application) {
            transaction.delete(records::reserved_consumer(id));
        }
    }

    /// The consumer of an application, as callers see consumers.
    pub async fn application_consumer(&self, path: &[super::Step<'_>]) -> Result<Object, Error> {
        let application = self.read(path).await?;
        let consumer = application_consumer(&application).ok_or(Error::NotFound)?;
        let Value::Object(mut shown) = json!(consumer) else { return Err(Error::NotFound) };
        for time in ["created_at", "updated_at"] {
            shown.insert(time.to_owned(), application.get(time).cloned().unwrap_or_default());
        }
        shown.insert(ENABLED.to_owned(), application.get(ENABLED).cloned().unwrap_or_default());
        shown.insert("tags".to_owned(), Value::Null);
        Ok(shown)
    }
}

/// Of a credential that was there its key and secret change by rotation alone, and what belongs to them not
/// at all.
fn refuse_other_changes(input: &Object, old: &Object) -> Result<(), Error> {
    const CHANGEABLE: [&str; 6] = ["name", "enabled", "ttl", "expires_at", KEY_USE, TOKENS_NOT_BEFORE];
    let is_same = |name: &str| matches!(name, "id" | "application") && input.get(name) == old.get(name);
    match input.keys().find(|name| !CHANGEABLE.contains(&name.as_str()) && !is_same(name)) {
        None => Ok(()),
        Some(name) => Err(Error::field(name, "cannot be changed: rotate the credential, or make another")),
    }
}

/// What is shown of a credential once.
#[expect(clippy::disallowed_methods, reason = "the one answer that shows them")]
pub(super) fn secrets(key: Option<&PlainKey>, secret: &PlainKey) -> Object {
    let key = key.map(|key| ("client_id".to_owned(), key.reveal().into()));
    let secret = ("client_secret".to_owned(), secret.reveal().into());
    key.into_iter().chain([secret]).collect()
}

/// The member that shows an application's first credential.
fn shown_with(credential: &Object, disclosed: &Object, now_ms: u64) -> Object {
    let shown = present(EntityKind::Oauth2Credentials, credential, disclosed, now_ms);
    Object::from_iter([("credential".to_owned(), Value::Object(shown))])
}

fn consumer_names(application: &Object) -> Vec<(&'static str, String)> {
    let Some(consumer) = application_consumer(application) else { return Vec::new() };
    let names = [("username", consumer.username), ("custom_id", consumer.custom_id)];
    names.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

/// What a credential has from its application unless given.
fn inherit(application: &Object, credential: &mut Object) {
    credential.insert("consumer".to_owned(), application.get("consumer").cloned().unwrap_or_default());
    if credential.get("name").is_none_or(Value::is_null) {
        credential.insert("name".to_owned(), text(application, "name").into());
    }
    if credential.get("redirect_uris").is_none_or(Value::is_null) {
        credential.insert("redirect_uris".to_owned(), json!([text(application, "redirect_uri")]));
    }
}
