//! The control plane's rules: what may be stored, and what the data plane is told of it.
//!
//! Every call is one transaction, decided again from the start when another change came between.
//! What the data plane must know is published in the same commit. Changes too large for one commit
//! leave a job record in the first and go on in further ones ([`jobs`]).

mod admin_token;
mod anonymous;
mod applications;
mod attempts;
mod cascade;
mod consumers;
mod contracts;
mod credentials;
mod developers;
mod entities;
mod entity_change;
mod entity_transaction;
mod error;
mod given_key;
mod grants;
mod held_key;
mod jobs;
mod list;
mod lookup;
mod present;
mod records;
mod rehash;
mod reseal;
mod routes;
mod sealed;
mod stored_credential;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use admin_token::{AdminToken, TokenOrigin, make_admin_token};
pub use error::{Error, ErrorCode};
pub use list::{List, PageRequest};
pub use lookup::Step;
pub use reseal::Resealing;

use uuid::Uuid;

use crate::ports::{Clock, Random};
use attempts::transact;
use entity_transaction::EntityTransaction;
use latchkey_published::keys::{Peppers, PlainKey, generate_key, generate_secret, hex};
use latchkey_router::OwnPaths;
use latchkey_store::Store;
use sealed::{KeyRing, Nonce};

/// The control plane over a store, a clock and a source of randomness.
#[derive(Debug)]
pub struct Registry<S, C, R> {
    store: S,
    clock: C,
    random: R,
    peppers: Peppers,
    key_ring: KeyRing,
    own_paths: OwnPaths,
}

/// What a change may need that is made anew. Made before its first attempt, so that an attempt
/// whose outcome is unknown can be repeated.
struct Minted {
    id: Uuid,
    consumer_id: Uuid,
    credential_id: Uuid,
    key: PlainKey,
    secret: PlainKey,
    /// For the one credential that a change may seal something of.
    nonce: Nonce,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Opens the registry and makes the tag keys of its peppers known to the data plane.
    /// `Error::UnknownPepper` when neither was in use before and another was.
    ///
    /// [`Registry::resume_jobs`] is to be called next.
    pub async fn open(store: S, clock: C, random: R, peppers: Peppers) -> Result<Self, Error> {
        let (key_ring, own_paths) = (KeyRing::new(&peppers), OwnPaths::default());
        let registry = Registry { store, clock, random, peppers, key_ring, own_paths };
        registry.publish_tag_keys().await?;
        Ok(registry)
    }

    /// Refuses routes that would take these paths of the gateway, instead of those at their default.
    #[must_use]
    pub fn with_own_paths(self, own_paths: OwnPaths) -> Self {
        Registry { own_paths, ..self }
    }

    /// The store, for what needs no rules: the change feed and grants.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The peppers digests are made under.
    pub fn peppers(&self) -> &Peppers {
        &self.peppers
    }

    /// The clock.
    pub fn clock(&self) -> &C {
        &self.clock
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
        for pepper in [Some(&self.peppers.current), self.peppers.previous.as_ref()].into_iter().flatten() {
            let tag_key = hex(&pepper.tag_key().to_bytes());
            if !settings.tag_keys.contains(&tag_key) {
                settings.tag_keys.push(tag_key);
            }
        }
        if settings.tag_keys.len() > before {
            transaction.publish_settings(settings);
        }
        Ok(())
    }

    /// Whether the current or the previous pepper was in use before.
    fn knows_any(&self, tag_keys: &[String]) -> bool {
        let peppers = [Some(&self.peppers.current), self.peppers.previous.as_ref()];
        peppers.into_iter().flatten().any(|pepper| tag_keys.contains(&hex(&pepper.tag_key().to_bytes())))
    }

    fn minted(&self) -> Minted {
        Minted {
            id: self.random.uuid(),
            consumer_id: self.random.uuid(),
            credential_id: self.random.uuid(),
            key: generate_key(&self.peppers.current, |bytes| self.random.fill(bytes)),
            secret: generate_secret(|bytes| self.random.fill(bytes)),
            nonce: Nonce::draw(&self.random),
        }
    }
}
