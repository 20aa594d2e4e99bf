//! Passwords: forgotten, set by a mailed token, changed.

use super::super::attempts::transact_once;
use super::super::entity_transaction::EntityTransaction;
use super::super::error::{AccountFault, Error};
use super::super::jobs::Job;
use super::super::sealed::Nonce;
use super::super::{Minted, Registry};
use super::checks::judge_password;
use super::sessions::{NewSession, end_all};
use super::tokens::void_all;
use super::{ACCOUNTS, Known};
use crate::accounts::TokenUse;
use crate::audit::{Did, Line};
use crate::log_in::{PasswordNeed, Work};
use crate::mail::Letter;
use crate::passwords::{Password, PhcString};
use crate::ports::{Clock, Random};
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;
use std::net::IpAddr;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Mails a link that sets a new password, to the developer with this address alone.
    pub(crate) async fn forgot_password(&self, address: &str) -> Result<(), Error> {
        let token = self.new_token();
        let forgot = async |transaction: &mut EntityTransaction<'_, S>| {
            let settings = self.settings_in(transaction).await?;
            let known = self.known_at(transaction, address).await?;
            let letter = Letter::Reset { token: token.seed };
            self.mail_token_to(transaction, address, known, letter, &token, TokenUse::Reset, &settings).await
        };
        transact_once!(self, |transaction| forgot(&mut transaction));
        Ok(())
    }

    /// Refuses a token that sets no password.
    pub(crate) async fn validate_reset(&self, shown: &str) -> Result<(), Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        self.good_token(&mut transaction, shown, TokenUse::Reset).await.map(drop)
    }

    /// What has to be hashed before a password is set by a token. A password that may not be is refused, and the
    /// token is good for another.
    pub(crate) async fn reset_need(
        &self,
        shown: &str,
        password: &str,
        client: Option<IpAddr>,
    ) -> Result<PasswordNeed, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let (known, _) = self.good_token(&mut transaction, shown, TokenUse::Reset).await?;
        let settings = self.settings_in(&mut transaction).await?;
        judge_password(password, known.email(), &settings)
            .map_err(|sentence| Error::field("password", sentence))?;
        let work = Work::Set { password: Password::new(password) };
        Ok(self.need_of(&known, work, client))
    }

    /// Sets a password by a token, which no longer is: all sessions end, and none is opened.
    pub(crate) async fn reset_password(&self, shown: &str, phc: &PhcString) -> Result<(), Error> {
        let (minted, nonce) = (self.minted(), Nonce::draw(&self.random));
        let job =
            transact_once!(self, |transaction| self.reset_in(&mut transaction, shown, phc, &minted, nonce));
        self.finish_job(job).await
    }

    async fn reset_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        shown: &str,
        phc: &PhcString,
        minted: &Minted,
        nonce: Nonce,
    ) -> Result<Option<Job>, Error> {
        let (mut known, token) = self.spend_token(transaction, shown, TokenUse::Reset).await?;
        self.set_password(transaction, &mut known, phc, nonce);
        transaction.put_account(&known);
        // By the mail whoever has the address has said that it is theirs.
        let is_mailed = token.email.as_deref() == Some(known.email());
        let job = match is_mailed {
            true => self.verified(transaction, &known, minted).await?.1,
            false => None,
        };
        let base = minted.credential_id;
        self.write_to_developer(transaction, known.id, Letter::PasswordChanged, base).await?;
        Ok(job)
    }

    /// The account is to be written.
    fn set_password(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &mut Known,
        phc: &PhcString,
        nonce: Nonce,
    ) {
        void_all(transaction, &mut known.account);
        end_all(transaction, &mut known.account);
        known.account.password = Some(self.seal_password(known.id, phc, nonce));
        let fields = vec!["password".to_owned()];
        transaction.note(Line { fields, ..Line::new(ACCOUNTS, Some(known.id), Did::Changed) });
    }

    /// What has to be hashed before the caller's password is changed.
    pub(crate) async fn change_password_need(
        &self,
        session: &KeyDigest,
        old: &str,
        new: &str,
        client: Option<IpAddr>,
    ) -> Result<PasswordNeed, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let known = self.recent_session(&mut transaction, session).await?;
        let settings = self.settings_in(&mut transaction).await?;
        judge_password(new, known.email(), &settings)
            .map_err(|sentence| Error::field("password", sentence))?;
        let stored = self.open_password(known.id, &known.account);
        let work = Work::Change { old: Password::new(old), stored, new: Password::new(new) };
        Ok(self.need_of(&known, work, client))
    }

    /// Changes the caller's password: all sessions end, and another is opened in the place of the caller's.
    pub(crate) async fn change_password(
        &self,
        session: &KeyDigest,
        state: Option<u64>,
        phc: &PhcString,
        new: &NewSession,
    ) -> Result<(), Error> {
        let (nonce, mail_id) = (Nonce::draw(&self.random), self.random.uuid());
        let change = async |transaction: &mut EntityTransaction<'_, S>| {
            let mut known = self.recent_session(transaction, session).await?;
            if state != Some(known.account.state) {
                return Err(Error::Account(AccountFault::OldPassword));
            }
            let settings = self.settings_in(transaction).await?;
            self.set_password(transaction, &mut known, phc, nonce);
            self.open_session(transaction, &mut known, new, &settings);
            transaction.put_account(&known);
            self.write_to_developer(transaction, known.id, Letter::PasswordChanged, mail_id).await
        };
        transact_once!(self, |transaction| change(&mut transaction));
        Ok(())
    }

    fn need_of(&self, known: &Known, work: Work, client: Option<IpAddr>) -> PasswordNeed {
        PasswordNeed {
            account: self.mailbox(known.email()),
            address: client,
            known_browser: None,
            work,
            state: Some(known.account.state),
        }
    }
}
