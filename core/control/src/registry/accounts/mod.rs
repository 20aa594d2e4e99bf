//! Accounts of developers: sign-up, sessions, passwords, addresses.
//!
//! Whatever is answered to a stranger about an address is the same whether or not somebody has it, and takes
//! as many reads and writes of the store: where there is no account, decoys are read and written.

mod addresses;
mod checks;
mod folding;
mod links;
mod log_in;
mod own;
mod passwords;
mod sealed_password;
mod sessions;
mod sign_up;
mod standing;
mod tokens;

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of};
use super::error::Error;
use super::jobs::Job;
use super::{Minted, records};
use crate::accounts::Account;
use crate::mail::Language;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use crate::settings::Settings;
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;

pub(crate) use links::SpentLink;
pub(crate) use log_in::LogIn;
pub(crate) use sessions::{NewSession, PortalSession, SessionSeen};
pub(crate) use sign_up::SignUp;
pub(in crate::registry) use standing::ACCOUNT_RECORDS_MAX;
pub use standing::StartedReset;

/// What the audit calls an account: of the developer whose id it names.
pub(crate) const ACCOUNTS: &str = "accounts";

/// State of a developer who may have applications.
const APPROVED: u64 = 0;
/// State of a developer who waits for that.
const REQUESTED: u64 = 1;

/// A developer with the account, as a transaction sees them.
struct Known {
    id: Uuid,
    developer: Object,
    account: Account,
}

impl Known {
    fn email(&self) -> &str {
        self.developer.get("email").and_then(Value::as_str).unwrap_or_default()
    }

    fn status(&self) -> Option<u64> {
        self.developer.get("status").and_then(Value::as_u64)
    }

    /// Whether somebody who reads mail at the address has said so.
    fn is_verified(&self) -> bool {
        is_verified(&self.developer)
    }
}

fn is_verified(developer: &Object) -> bool {
    developer.get("email_verified").and_then(Value::as_bool).unwrap_or_default()
}

impl<S: Store> EntityTransaction<'_, S> {
    /// An account; an empty one where the developer has none.
    async fn account(&mut self, developer: Uuid) -> Result<Account, Error> {
        Ok(self.read_json(&records::account(developer)).await?.unwrap_or_default())
    }

    fn put_account(&mut self, known: &Known) {
        self.put_json(records::account(known.id), &known.account);
    }

    /// Writes as many records as are written where there is an account.
    fn put_decoys(&mut self, address: &KeyDigest, count: usize) {
        for number in 0..count {
            self.put(records::decoy(address, number), Vec::new());
        }
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    async fn known(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
    ) -> Result<Option<Known>, Error> {
        let keys = vec![records::entity(EntityKind::Developers, id), records::account(id)];
        transaction.read_ahead(keys).await?;
        let account = transaction.account(id).await?;
        let developer = transaction.load(EntityKind::Developers, id).await?;
        Ok(developer.map(|developer| Known { id, developer, account }))
    }

    /// The developer with an address, in whatever case it is written. As much is read where there is none.
    async fn known_at(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        address: &str,
    ) -> Result<Option<Known>, Error> {
        let id = transaction.find(EntityKind::Developers, "email", address).await?;
        let decoy = || {
            let digest = self.mailbox(address);
            let bytes: [u8; 16] = std::array::from_fn(|at| digest.as_bytes()[at]);
            Uuid::from_bytes(bytes)
        };
        Ok(self.known(transaction, id.unwrap_or_else(decoy)).await?.filter(|_| id.is_some()))
    }

    /// Whether addresses are to be confirmed: where it is set, or else where there is mail.
    pub(crate) fn verifies(&self, settings: &Settings) -> bool {
        self.has_mail && settings.email_verification.unwrap_or(true)
    }

    /// The language of a developer's mails.
    fn language(&self, known: &Known, settings: &Settings) -> Language {
        known.account.language.unwrap_or(settings.language)
    }

    /// Saves a developer who has changed otherwise than by the Admin API. The rest of the change, where it
    /// does not fit, is left to the job answered.
    async fn save_developer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &Known,
        mut new: Object,
        minted: &Minted,
    ) -> Result<Option<Job>, Error> {
        new.insert("updated_at".to_owned(), (transaction.now_ms / 1000).into());
        let (kind, old) = (EntityKind::Developers, &known.developer);
        transaction.save(kind, Some(old), &new).await?;
        if old.get("status") == new.get("status") {
            return Ok(None);
        }
        let input = Object::new();
        let change = EntityChange::new(kind, id_of(&new)?, &input, Some(old), minted);
        self.publish_developer(transaction, &change, &new).await
    }

    /// Does what a change has left.
    async fn finish_job(&self, job: Option<Job>) -> Result<(), Error> {
        match job {
            Some(job) => self.run_job(&job).await,
            None => Ok(()),
        }
    }
}
