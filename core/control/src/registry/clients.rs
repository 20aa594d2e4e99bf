//! OAuth2 clients: the credentials of consumers by which tokens are got, and what those of applications have
//! in common with them.
//!
//! A client id of a consumer's is known to others, as OAuth2 has it, and no key unless that is asked for;
//! that of an application is its key unless it is taken back.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Registry;
use super::applications::secrets;
use super::client::{CLOCK_SKEW_MS, KEY_USE, TOKENS_NOT_BEFORE, is_of_application};
use super::client_secret::check_secret;
use super::credentials::taken_text;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of, reference};
use super::error::Error;
use super::given_key::GivenKey;
use super::held_key::Which;
use super::jobs::{Job, ROOM};
use super::lookup::Step;
use super::present::is_visible;
use super::records;
use super::stored_credential::{FORMER_ID, HeldKey, HeldSecret, PreviousKey};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::keys::PlainKey;
use latchkey_published::limits::{APPLICATION_KEYS_MAX, KEY_BYTES_MAX};
use latchkey_published::rehash::{MovedSecret, Rehash};
use latchkey_store::Store;

/// Applications that one commit of the job publishes, at most.
const APPLICATIONS_AT_ONCE: usize = 50;

/// A client, by what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientSeen {
    /// The client with this credential.
    Authenticated(Uuid),
    /// The same with another secret than its own.
    WrongSecret(Uuid),
    /// Nobody who could authenticate.
    Unknown,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// A credential of either kind of owner, who stays the same.
    pub(super) async fn prepare_oauth2_credential(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        credential: &mut Object,
    ) -> Result<Object, Error> {
        let application = reference(credential, "application");
        if change.old.is_some_and(|old| reference(old, "application") != application) {
            return Err(Error::field("application", "cannot be changed"));
        }
        // Tokens are issued after that time: what is to come would make them last as much longer.
        let not_before = change.input.get(TOKENS_NOT_BEFORE).and_then(Value::as_u64);
        if not_before.is_some_and(|time| time.saturating_mul(1_000) > transaction.now_ms + CLOCK_SKEW_MS) {
            return Err(Error::field(TOKENS_NOT_BEFORE, "must not be in the future"));
        }
        if credential.get(KEY_USE).is_none_or(Value::is_null) {
            credential.insert(KEY_USE.to_owned(), application.is_some().into());
        }
        match application {
            Some(_) => self.prepare_application_credential(transaction, change, credential).await,
            None => self.prepare_client(transaction, change, credential).await,
        }
    }

    async fn prepare_client(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        credential: &mut Object,
    ) -> Result<Object, Error> {
        let secret = self.prepare_secret(change, credential)?;
        let mut disclosed = self.prepare_key(transaction, change, credential).await?;
        disclosed.extend(secret.map(|secret| secrets(None, &secret)).unwrap_or_default());
        Ok(disclosed)
    }

    /// The secret of a client: as it is given, as it was, or made. Answers it where it is new.
    fn prepare_secret(
        &self,
        change: &EntityChange<'_>,
        credential: &mut Object,
    ) -> Result<Option<PlainKey>, Error> {
        let given = taken_text(credential, "client_secret");
        if let Some(brought) = change.secret {
            brought.put_into(credential);
            return Ok(None);
        }
        let secret = match (given, change.old) {
            (Some(given), _) => {
                check_secret(&given)?;
                PlainKey::new(given)
            }
            (None, Some(_)) => return Ok(None),
            // Nobody would see one that is made.
            (None, None) if change.is_import => return Ok(None),
            (None, None) => change.minted.secret.clone(),
        };
        self.hold_secret(&secret, credential);
        Ok(Some(secret))
    }

    /// Leaves the job, once, that tells the data plane the secrets of applications from before it asked for
    /// them. A new store needs none.
    pub(super) async fn leave_secrets_to_publish(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        is_new: bool,
    ) -> Result<(), Error> {
        if transaction.read_json::<bool>(&records::secrets_published()).await?.is_none()
            && !transaction.is_published_by_newer().await?
        {
            transaction.put_json(records::secrets_published(), &true);
            if !is_new {
                self.leave_job(transaction, Job::PublishSecrets { after: None });
            }
        }
        Ok(())
    }

    /// Publishes those of the next applications, as many as a commit has room for. Answers where to go on.
    pub(super) async fn publish_next_secrets(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        mut after: Option<Uuid>,
    ) -> Result<Option<Uuid>, Error> {
        let page = transaction.entities_page(EntityKind::Applications, after, APPLICATIONS_AT_ONCE).await?;
        for application in &page.objects {
            // The application, its developer, its guard, and its keys.
            if after.is_some() && transaction.size() + 3 + APPLICATION_KEYS_MAX > ROOM {
                return Ok(after);
            }
            let id = id_of(application)?;
            self.republish_application(transaction, id).await?;
            after = Some(id);
        }
        Ok(after.filter(|_| page.more))
    }

    /// Whether a client that shows its id and secret is who it says.
    pub(crate) async fn authenticate_client(
        &self,
        client_id: &str,
        secret: &str,
    ) -> Result<ClientSeen, Error> {
        if client_id.len().max(secret.len()) > KEY_BYTES_MAX {
            return Ok(ClientSeen::Unknown);
        }
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        if self.is_forged(&mut transaction, client_id).await? {
            return Ok(ClientSeen::Unknown);
        }
        let key = GivenKey::Clear(PlainKey::new(client_id));
        let Some(found) = self.find_holder(&mut transaction, &key).await? else {
            return Ok(ClientSeen::Unknown);
        };
        let (credential, now_ms) = (found.credential, transaction.now_ms);
        let is_client = found.holder.kind() == EntityKind::Oauth2Credentials;
        let is_public = EntityKind::Oauth2Credentials.value_of(&credential, "client_type") == "public";
        if !is_client || is_public || !is_visible(&credential, now_ms) {
            return Ok(ClientSeen::Unknown);
        }
        let held = match found.which {
            Which::Current => HeldSecret::of(&credential),
            Which::Previous => PreviousKey::live(&credential, now_ms).and_then(|previous| previous.secret),
        };
        let peppers = [Some(&self.peppers.current), self.peppers.previous.as_ref()];
        let is_right = |held: &HeldSecret| {
            let mut named = peppers.into_iter().flatten().filter(|pepper| pepper.id() == held.pepper_id);
            named.any(|pepper| pepper.digest(secret.as_bytes()).matches(&held.digest))
        };
        let id = id_of(&credential)?;
        let Some(held) = held.filter(is_right) else { return Ok(ClientSeen::WrongSecret(id)) };
        self.move_shown_secret(&credential, found.which, &held, secret).await?;
        Ok(ClientSeen::Authenticated(id))
    }

    /// Moves a secret that was shown to the pepper in use, as gateways ask for it.
    async fn move_shown_secret(
        &self,
        credential: &Object,
        which: Which,
        held: &HeldSecret,
        shown: &str,
    ) -> Result<(), Error> {
        let (pepper, previous) = (&self.peppers.current, PreviousKey::of(credential));
        let key = match which {
            Which::Current => HeldKey::of(credential),
            Which::Previous => previous.map(|previous| previous.held),
        };
        let Some(key) = key.filter(|_| held.pepper_id != pepper.id()) else { return Ok(()) };
        let secret = MovedSecret { old: held.digest, new: pepper.digest(shown.as_bytes()) };
        let (old, new, pepper_id) = (key.digest, key.digest, pepper.id());
        self.rehash(Rehash { old, new, pepper_id, secret: Some(secret) }).await
    }

    /// Whether a path names by its id of before a client that has taken another: decK deletes by that what a
    /// PUT of the same client id has taken along.
    pub(super) async fn has_moved(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        step: Step<'_>,
        parent: Option<(EntityKind, Uuid)>,
    ) -> Result<bool, Error> {
        let kind = EntityKind::Oauth2Credentials;
        let (Some(id), Some((EntityKind::Consumers, consumer)), true) =
            (step.id(), parent, step.kind == kind)
        else {
            return Ok(false);
        };
        let clients = transaction.children(EntityKind::Consumers, consumer, kind).await?;
        Ok(clients.iter().any(|client| client.get(FORMER_ID) == Some(&json!(id))))
    }
}

impl<S: Store> EntityTransaction<'_, S> {
    /// Brings the copy of a consumer's client from what it was to what becomes of it: the list of all of them
    /// is read without the credentials of applications, which may be many more.
    pub(super) fn index_clients(
        &mut self,
        kind: EntityKind,
        id: Uuid,
        old: Option<&Object>,
        new: Option<(&Object, &[u8])>,
    ) {
        let is_listed = |object: &Object| kind == EntityKind::Oauth2Credentials && !is_of_application(object);
        match new.filter(|(object, _)| is_listed(object)) {
            Some((_, bytes)) => self.put(records::client(id), bytes.to_vec()),
            None if old.is_some_and(is_listed) => self.delete(records::client(id)),
            None => {}
        }
    }
}
