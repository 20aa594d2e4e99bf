//! Log-in by password: what is known of it, and what is opened once it is known to be right.

use std::net::IpAddr;

use super::super::Registry;
use super::super::attempts::transact_once;
use super::super::entity_transaction::EntityTransaction;
use super::super::error::{AccountFault, Error};
use super::super::outbox::Cause;
use super::super::sealed::Nonce;
use super::sessions::{NewSession, end};
use super::{ACCOUNTS, Known};
use crate::audit::{Actor, Did, Line, Who};
use crate::log_in::{FailureReport, PasswordNeed, Work};
use crate::mail::{Letter, Mail};
use crate::passwords::{Password, PhcString};
use crate::ports::{Clock, Random};
use crate::settings::Settings;
use latchkey_published::keys::{KeyDigest, PlainKey};
use latchkey_store::Store;
use uuid::Uuid;

/// Failures before a log-in that its owner is told of, whatever the browser.
const TOLD_FAILURES: u32 = 10;

/// A log-in whose password was right.
pub(crate) struct LogIn<'a> {
    pub(crate) address: &'a str,
    /// The state of the account that the password was read in.
    pub(crate) state: Option<u64>,
    /// The hash, made anew.
    pub(crate) renewed: Option<&'a PhcString>,
    pub(crate) failures_before: u32,
    pub(crate) new: &'a NewSession,
    /// The session that the browser had.
    pub(crate) before: Option<KeyDigest>,
    /// What it showed of an earlier log-in.
    pub(crate) known_browser: Option<&'a str>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// What has to be known of a password before a log-in can be decided. For whoever may not log in, and for
    /// nobody, as much is worked as for others.
    pub(crate) async fn log_in_need(
        &self,
        address: &str,
        password: Password,
        client: Option<IpAddr>,
        known_browser: Option<&str>,
    ) -> Result<PasswordNeed, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let settings = self.settings_in(&mut transaction).await?;
        let known = self.known_at(&mut transaction, address).await?;
        let stored = known.as_ref().filter(|known| self.may_log_in(known, &settings));
        Ok(PasswordNeed {
            account: self.mailbox(address),
            address: client,
            known_browser: self.known_browser(known.as_ref(), known_browser, transaction.now_ms),
            work: Work::LogIn {
                password,
                stored: stored.and_then(|known| self.open_password(known.id, &known.account)),
            },
            state: known.map(|known| known.account.state),
        })
    }

    /// Opens a session. Answers whose.
    pub(crate) async fn log_in(&self, log_in: &LogIn<'_>) -> Result<Uuid, Error> {
        let (nonce, mail_id) = (Nonce::draw(&self.random), self.random.uuid());
        let opened =
            transact_once!(self, |transaction| self.log_in_in(&mut transaction, log_in, nonce, mail_id));
        Ok(opened)
    }

    /// The cookie of a browser that has logged in to a developer's account just now.
    pub(crate) fn new_known_browser(&self, developer: Uuid) -> PlainKey {
        let now_s = self.clock.unix_ms() / 1000;
        self.account_tags.make_known_browser(developer, now_s, |bytes| self.random.fill(bytes))
    }

    fn known_browser(&self, known: Option<&Known>, cookie: Option<&str>, now_ms: u64) -> Option<KeyDigest> {
        self.account_tags.recognise_browser(cookie?, known?.id, now_ms / 1000)
    }

    async fn log_in_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        log_in: &LogIn<'_>,
        nonce: Nonce,
        mail_id: Uuid,
    ) -> Result<Uuid, Error> {
        let settings = self.settings_in(transaction).await?;
        let known = self.known_at(transaction, log_in.address).await?;
        // What has changed while the password was hashed decides.
        let is_as_it_was = |known: &Known| log_in.state == Some(known.account.state);
        let known = known.filter(|known| is_as_it_was(known) && self.may_log_in(known, &settings));
        let mut known = known.ok_or(Error::Account(AccountFault::NoSession))?;
        if let Some(renewed) = log_in.renewed {
            known.account.password = Some(self.seal_password(known.id, renewed, nonce));
        } else if let Some(resealed) = self.resealed_password(known.id, &known.account, nonce) {
            known.account.password = Some(resealed);
        }
        self.open_in(transaction, &mut known, log_in.new, log_in.before, &settings).await?;
        let cookie = log_in.known_browser;
        let is_known = self.known_browser(Some(&known), cookie, transaction.now_ms).is_some();
        self.tell_of_log_in(transaction, &known, log_in.failures_before, is_known, &settings, mail_id)
            .await?;
        Ok(known.id)
    }

    /// Opens a session in a browser, in the place of the one that it had.
    pub(super) async fn open_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &mut Known,
        new: &NewSession,
        before: Option<KeyDigest>,
        settings: &Settings,
    ) -> Result<(), Error> {
        if let Some(before) = before {
            let found = self.good_session(transaction, &before).await?.map(|(other, _)| other);
            match found {
                Some(other) if other.id == known.id => end(transaction, &mut known.account, &before),
                Some(mut other) => {
                    end(transaction, &mut other.account, &before);
                    transaction.put_account(&other);
                }
                None => {}
            }
        }
        self.open_session(transaction, known, new, settings);
        transaction.put_account(known);
        transaction.note(Line::new(ACCOUNTS, Some(known.id), Did::LoggedIn));
        Ok(())
    }

    /// Writes sums of log-ins that failed to the audit: one record a minute and address, whatever is guessed.
    pub async fn note_failed_log_ins(&self, reports: &[FailureReport]) -> Result<(), Error> {
        for report in reports {
            let note = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
                for (did, count) in [(Did::LogInsFailed, report.failed), (Did::LogInsHeld, report.held)] {
                    if count > 0 {
                        transaction.note(Line { count: Some(count), ..Line::new(ACCOUNTS, None, did) });
                    }
                }
                Ok(())
            };
            let actor = Actor { who: Who::visitor(), address: report.address, request_id: None };
            let acting = self.acting_as(actor);
            transact_once!(acting, |transaction| note(&mut transaction));
        }
        Ok(())
    }

    async fn tell_of_log_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &Known,
        failures: u32,
        is_known: bool,
        settings: &Settings,
        mail_id: Uuid,
    ) -> Result<(), Error> {
        let letter = match failures {
            TOLD_FAILURES.. => Letter::AfterFailures { failures },
            _ if !is_known && settings.new_browser_mails => Letter::NewBrowser,
            _ => return Ok(()),
        };
        let (to, language) = (Some(known.email().to_owned()), self.language(known, settings));
        let mail = Mail { to, developer: Some(known.id), language, letter };
        self.post(transaction, &mail, mail_id, Cause::Known).await.map(drop)
    }
}
