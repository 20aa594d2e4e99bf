//! The control plane's rules: what may be stored, and what the data plane is told of it.
//!
//! Every call is one transaction, decided again from the start when another change came between.
//! What the data plane must know is published in the same commit. Changes too large for one commit
//! leave a job record in the first and go on in further ones ([`jobs`]).

mod access;
mod accounts;
mod admin_token;
mod anonymous;
mod applications;
mod attempts;
mod audit;
mod backup;
mod cascade;
mod client;
mod client_secret;
mod clients;
mod consumers;
mod contracts;
mod counts;
mod credentials;
mod decisions;
mod denials;
mod developers;
mod documents;
mod entities;
mod entity_change;
mod entity_transaction;
mod error;
mod find_key;
mod given_key;
mod grants;
mod held_key;
mod impact;
mod imports;
mod jobs;
mod letters;
mod list;
mod logo;
mod lookup;
mod manager_sessions;
mod named_tokens;
mod notices;
mod outbox;
mod overview;
mod pages;
mod plugins;
mod present;
mod records;
mod references;
mod refusals;
mod rehash;
mod reseal;
mod restore;
mod rotation;
mod route_match;
mod routes;
mod sealed;
mod search;
mod selection;
mod settings;
mod stored_credential;
mod tags;
mod test_mail;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod transfers;
mod tries;
mod waiting;

pub use access::OpenServices;
pub use accounts::StartedReset;
pub(crate) use accounts::{ACCOUNTS, LogIn, NewSession, PortalSession, SessionSeen, SignUp, SpentLink};
pub(crate) use admin_token::ADMIN_TOKEN;
pub use admin_token::{AdminToken, TokenOrigin, make_admin_token};
pub use audit::{AuditFilter, AuditPage};
pub(crate) use backup::BACKUPS;
pub use backup::{BACKUP_FORMAT, Backup, BackupPage};
pub(crate) use clients::ClientSeen;
pub use decisions::{Decided, Decision};
pub use denials::Revoked;
pub(crate) use denials::TOKENS as ACCESS_TOKENS;
pub(crate) use documents::DOCUMENTS;
pub use documents::{DocumentFacts, StoredDocument};
pub(crate) use error::NO_ID;
pub use error::{AccountFault, Error, ErrorCode, PartFault, Unresolved};
pub use find_key::{FoundKey, KeyFault, Owner, Places};
pub use impact::Impact;
pub(crate) use imports::KINDS as IMPORTED;
pub use imports::{Difference, Fault, ImportList, ImportOptions, ImportReport, Part};
pub use list::PageRequest;
pub use logo::{Logo, LogoFacts};
pub use lookup::Step;
pub(crate) use manager_sessions::{MANAGER_SESSIONS, ManagerSession, SessionToken, TokenOf};
pub use named_tokens::TokenList;
pub(crate) use named_tokens::{NAMED_TOKENS, present_token};
pub use outbox::DueMails;
pub(crate) use outbox::MAILS;
pub use overview::{EndingKey, Overview, Tally};
pub use pages::{List, RecordPage};
pub use reseal::Resealing;
pub use restore::RestoreAsked;
pub(crate) use route_match::AskedRequest;
pub use route_match::{
    AppliedPlugin, FoundRoute, MatchedRoute, NamedEntity, NoMatch, OtherRoute, RouteMatch,
};
pub use search::Search;
pub(crate) use search::{is_filtered_by, searched_fields};
pub use tags::{TagFilter, TagPage};
pub(crate) use tries::Try;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use uuid::Uuid;

use crate::accounts::AccountTags;
use crate::audit::{Actor, Did, Line, Stamp, Trail};
use crate::named_token::TokenTags;
use crate::ports::{Clock, Random};
use attempts::{Attempts, transact};
use entity_transaction::EntityTransaction;
use latchkey_published::keys::{Peppers, PlainKey, generate_key, generate_secret, hex};
use latchkey_router::OwnPaths;
use latchkey_store::Store;
use sealed::{KeyRing, Nonce};

/// The control plane over a store, a clock and a source of randomness, as one who acts sees it.
#[derive(Debug)]
pub struct Registry<S, C, R> {
    shared: Arc<Shared<S, C, R>>,
    own_paths: OwnPaths,
    /// Whether somebody takes mails from the outbox.
    has_mail: bool,
    /// Who makes the changes that are asked for here.
    actor: Actor,
}

/// What is the same for all who act on a [`Registry`].
#[derive(Debug)]
pub struct Shared<S, C, R> {
    store: S,
    clock: C,
    random: R,
    peppers: Peppers,
    key_ring: KeyRing,
    token_tags: TokenTags,
    account_tags: AccountTags,
    /// Changes begun.
    changes: AtomicU32,
    /// Whether what was stored before there were counters is known to be counted.
    all_counted: AtomicBool,
}

impl<S, C, R> Deref for Registry<S, C, R> {
    type Target = Shared<S, C, R>;

    fn deref(&self) -> &Shared<S, C, R> {
        &self.shared
    }
}

/// What the audit calls the published settings of the workspace.
pub(crate) const SETTINGS: &str = "settings";

/// What a change may need that is made anew. Made before its first attempt, so that an attempt
/// whose outcome is unknown can be repeated.
#[derive(Clone)]
struct Minted {
    id: Uuid,
    consumer_id: Uuid,
    credential_id: Uuid,
    key: PlainKey,
    secret: PlainKey,
    /// For the one credential that a change may seal something of.
    nonce: Nonce,
    /// The same for the key before its last rotation.
    previous_nonce: Nonce,
    /// What the mails of a change are called by ([`notices::mail_id`]).
    mails: Uuid,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Opens the registry and makes the tag keys of its peppers known to the data plane.
    /// `Error::UnknownPepper` when neither was in use before and another was.
    ///
    /// [`Registry::resume_jobs`] is to be called next.
    pub async fn open(store: S, clock: C, random: R, peppers: Peppers) -> Result<Self, Error> {
        let (key_ring, token_tags) = (KeyRing::new(&peppers), TokenTags::new(&peppers));
        let account_tags = AccountTags::new(&peppers);
        let (changes, all_counted) = (AtomicU32::new(0), AtomicBool::new(false));
        let shared = Shared {
            store,
            clock,
            random,
            peppers,
            key_ring,
            token_tags,
            account_tags,
            changes,
            all_counted,
        };
        let shared = Arc::new(shared);
        let (own_paths, actor) = (OwnPaths::default(), Actor::program());
        let registry = Registry { shared, own_paths, has_mail: false, actor };
        let published = registry.publish_tag_keys().await;
        registry.unless_restoring(published, ()).await?;
        Ok(registry)
    }

    /// Refuses routes that would take these paths of the gateway, instead of those at their default.
    #[must_use]
    pub fn with_own_paths(self, own_paths: OwnPaths) -> Self {
        Registry { own_paths, ..self }
    }

    /// Writes mails, which somebody takes from the outbox; otherwise none is written.
    #[must_use]
    pub fn with_mail(self, has_mail: bool) -> Self {
        Registry { has_mail, ..self }
    }

    /// Whether mails are written.
    pub(crate) fn has_mail(&self) -> bool {
        self.has_mail
    }

    /// The same registry, whose changes `actor` makes. Without it, the program itself does.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        let (shared, own_paths) = (Arc::clone(&self.shared), self.own_paths.clone());
        Registry { shared, own_paths, has_mail: self.has_mail, actor }
    }

    /// The store, for what needs no rules: the change feed and grants.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Keys of the tags of named admin tokens.
    pub fn token_tags(&self) -> &TokenTags {
        &self.token_tags
    }

    /// What makes and recognises sessions and mailed tokens.
    pub(crate) fn account_tags(&self) -> &AccountTags {
        &self.account_tags
    }

    /// An id that nothing has yet.
    pub(crate) fn random_id(&self) -> Uuid {
        self.random.uuid()
    }

    /// The peppers digests are made under.
    pub fn peppers(&self) -> &Peppers {
        &self.peppers
    }

    /// The clock.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// The keys of the tags that keys `lk_…` end with, as lower-case hex: of every pepper that was ever in
    /// use here, and those that were brought.
    pub async fn tag_keys(&self) -> Result<Vec<String>, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        Ok(transaction.settings().await?.tag_keys)
    }

    async fn publish_tag_keys(&self) -> Result<(), Error> {
        transact!(self, attempts, |transaction| self.publish_tag_keys_in(&mut transaction));
        Ok(())
    }

    async fn publish_tag_keys_in(&self, transaction: &mut EntityTransaction<'_, S>) -> Result<(), Error> {
        let mut settings = transaction.settings().await?;
        let before = settings.tag_keys.len();
        if before > 0 && !self.knows_any(&settings.tag_keys) {
            return Err(Error::UnknownPepper);
        }
        self.leave_tags_to_index(transaction, before == 0).await?;
        self.leave_entities_to_count(transaction, before == 0).await?;
        self.leave_addresses_to_fold(transaction, before == 0).await?;
        self.leave_waiting_to_copy(transaction, before == 0).await?;
        self.leave_secrets_to_publish(transaction, before == 0).await?;
        for pepper in [Some(&self.peppers.current), self.peppers.previous.as_ref()].into_iter().flatten() {
            let tag_key = hex(&pepper.tag_key().to_bytes());
            if !settings.tag_keys.contains(&tag_key) {
                settings.tag_keys.push(tag_key);
            }
        }
        if settings.tag_keys.len() > before {
            transaction.publish_settings(settings);
            let fields = vec!["tag_keys".to_owned()];
            transaction.note(Line { fields, ..Line::new(SETTINGS, None, Did::Changed) });
        }
        Ok(())
    }

    /// Whether the current or the previous pepper was in use before.
    fn knows_any(&self, tag_keys: &[String]) -> bool {
        let peppers = [Some(&self.peppers.current), self.peppers.previous.as_ref()];
        peppers.into_iter().flatten().any(|pepper| tag_keys.contains(&hex(&pepper.tag_key().to_bytes())))
    }

    /// What the audit calls a change that begins now.
    fn stamp(&self) -> Stamp {
        let number = self.changes.fetch_add(1, Ordering::Relaxed);
        Stamp { id: self.random.uuid(), at_ms: self.clock.unix_ms(), number }
    }

    /// The next attempt of a change.
    fn attempt(&self, attempts: &Attempts) -> EntityTransaction<'_, S> {
        let trail = Trail::new(attempts.stamp, self.actor.clone());
        EntityTransaction::changing(&self.store, trail, attempts.may_be_applied(), &self.all_counted)
    }

    fn minted(&self) -> Minted {
        Minted {
            id: self.random.uuid(),
            consumer_id: self.random.uuid(),
            credential_id: self.random.uuid(),
            key: generate_key(&self.peppers.current, |bytes| self.random.fill(bytes)),
            secret: generate_secret(|bytes| self.random.fill(bytes)),
            nonce: Nonce::draw(&self.random),
            previous_nonce: Nonce::draw(&self.random),
            mails: self.random.uuid(),
        }
    }
}
