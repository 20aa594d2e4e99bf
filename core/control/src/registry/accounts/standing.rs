//! What becomes of accounts where an administrator makes, changes or deletes developers.

use uuid::Uuid;

use super::super::attempts::transact_once;
use super::super::entity_change::EntityChange;
use super::super::entity_transaction::{EntityTransaction, id_of};
use super::super::error::Error;
use super::super::outbox::{Cause, Posted};
use super::super::{Registry, Step, records};
use super::sessions::end_all;
use super::tokens::{NewToken, TokenFor, void_all};
use super::{ACCOUNTS, APPROVED, REQUESTED};
use crate::accounts::{Account, TokenUse};
use crate::audit::{Did, Line};
use crate::mail::{Letter, Mail};
use crate::ports::{Clock, Random};
use crate::schema::Object;
use latchkey_published::keys::PlainKey;
use latchkey_published::limits;
use latchkey_store::Store;
use serde_json::Value;

/// Records of an account, at most: itself, its sessions, its tokens, and what a log-in link leaves.
pub(in crate::registry) const ACCOUNT_RECORDS_MAX: usize = 2 + limits::SESSIONS_MAX + TokenUse::ALL.len();

/// How an administrator's start of a reset is answered.
#[derive(Debug)]
pub enum StartedReset {
    /// A mail is on its way.
    Mailed,
    /// There is no mail: the token, to be handed over by the administrator.
    Token(PlainKey),
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Ends sessions and voids tokens where an administrator rejects or revokes a developer, or gives another
    /// address; nobody has confirmed that one.
    pub(in crate::registry) async fn follow_developer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        developer: &mut Object,
    ) -> Result<(), Error> {
        let has_moved = change.old.is_none_or(|old| old.get("email") != developer.get("email"));
        // One from before there was the field has none.
        if has_moved || developer.get("email_verified").is_none_or(Value::is_null) {
            developer.insert("email_verified".to_owned(), false.into());
        }
        let Some(old) = change.old else { return Ok(()) };
        let status = developer.get("status").and_then(Value::as_u64);
        let is_shut =
            old.get("status") != developer.get("status") && !matches!(status, Some(APPROVED | REQUESTED));
        if !has_moved && !is_shut {
            return Ok(());
        }
        let key = records::account(change.id);
        let Some(mut account) = transaction.read_json::<Account>(&key).await? else { return Ok(()) };
        void_all(transaction, &mut account);
        end_all(transaction, &mut account);
        transaction.put_json(key, &account);
        Ok(())
    }

    /// Removes the account of a developer who goes.
    pub(in crate::registry) async fn remove_account(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        developer: Uuid,
    ) -> Result<(), Error> {
        let key = records::account(developer);
        let Some(mut account) = transaction.read_json::<Account>(&key).await? else { return Ok(()) };
        void_all(transaction, &mut account);
        end_all(transaction, &mut account);
        transaction.delete(key);
        Ok(())
    }

    /// Asks a developer whom an administrator has made to set a password.
    pub(in crate::registry) async fn invite(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        developer: Uuid,
        token: &NewToken,
    ) -> Result<(), Error> {
        if !self.has_mail {
            return Ok(());
        }
        let letter = Letter::Invitation { token: token.seed };
        self.mail_reset(transaction, developer, letter, token, limits::INVITATION_MS).await.map(drop)
    }

    pub(in crate::registry) fn invitation(&self) -> NewToken {
        self.new_token()
    }

    /// Starts a reset of a developer's password: nobody but the developer sets one.
    pub async fn start_reset(&self, path: &[Step<'_>]) -> Result<StartedReset, Error> {
        let token = self.new_token();
        let start = async |transaction: &mut EntityTransaction<'_, S>| {
            let found = self.resolve(transaction, path).await?.and_then(|mut found| found.pop());
            let developer = id_of(&found.ok_or(Error::NotFound)?)?;
            let letter = Letter::Reset { token: token.seed };
            self.mail_reset(transaction, developer, letter, &token, limits::RESET_TOKEN_MS).await
        };
        let posted = transact_once!(self, |transaction| start(&mut transaction));
        Ok(match posted {
            Posted::Written => StartedReset::Mailed,
            Posted::Withheld => StartedReset::Token(token.plain),
        })
    }

    async fn mail_reset(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        developer: Uuid,
        letter: Letter,
        token: &NewToken,
        life_ms: u64,
    ) -> Result<Posted, Error> {
        let settings = self.settings_in(transaction).await?;
        let mut known = self.known(transaction, developer).await?.ok_or(Error::NotFound)?;
        let to = Some(known.email().to_owned());
        let language = self.language(&known, &settings);
        let mail = Mail { to: to.clone(), developer: Some(developer), language, letter };
        let posted = self.post(transaction, &mail, token.mail_id, Cause::Known).await?;
        // Handed over otherwise, it says nothing of who reads mail there.
        let email = to.filter(|_| posted == Posted::Written);
        let made_for = TokenFor { life_ms, ..TokenFor::new(TokenUse::Reset, email) };
        self.put_token(transaction, &mut known, token, made_for);
        transaction.put_account(&known);
        transaction.note(Line::new(ACCOUNTS, Some(developer), Did::ResetStarted));
        Ok(posted)
    }
}
