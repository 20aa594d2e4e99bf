//! Sessions: opened by a log-in, looked at by every call, ended by time, by log-out, and by what changes rights.

use uuid::Uuid;

use super::super::Registry;
use super::super::attempts::{transact, transact_once};
use super::super::entity_transaction::EntityTransaction;
use super::super::error::{AccountFault, Error};
use super::super::records;
use super::{ACCOUNTS, APPROVED, Known, REQUESTED};
use crate::accounts::{Account, Session, SessionName};
use crate::audit::{Did, Line};
use crate::ports::{Clock, Random};
use crate::schema::Object;
use crate::settings::Settings;
use latchkey_published::keys::{KeyDigest, PlainKey};
use latchkey_published::limits;
use latchkey_store::Store;

/// A session to be, drawn before the first attempt of the change that opens it.
pub(crate) struct NewSession {
    pub(crate) cookie: PlainKey,
    digest: KeyDigest,
    id: Uuid,
    /// Family of the browser.
    browser: Option<String>,
}

/// A session that is good.
#[derive(Clone, Debug)]
pub(crate) struct PortalSession {
    pub(crate) digest: KeyDigest,
    pub(crate) session: Session,
    /// Whose it is, as callers see developers.
    pub(crate) developer: Object,
    /// Whether an administrator has approved them.
    pub(crate) is_approved: bool,
    /// When it ends unless it is used, in milliseconds since the Unix epoch.
    pub(crate) ends_ms: u64,
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionSeen {
    pub(crate) session: Session,
    /// Whether it is the caller's.
    pub(crate) is_current: bool,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(crate) fn new_session(&self, browser: Option<&str>) -> NewSession {
        let (cookie, digest) = self.account_tags.make_session(|bytes| self.random.fill(bytes));
        NewSession { cookie, digest, id: self.random.uuid(), browser: browser.map(str::to_owned) }
    }

    /// The session of a cookie, of which this is the digest; `None`: it is good no more.
    pub(crate) async fn portal_session(&self, digest: &KeyDigest) -> Result<Option<PortalSession>, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let found = self.good_session(&mut transaction, digest).await?;
        let Some((known, session)) = found else { return Ok(None) };
        let settings = self.settings_in(&mut transaction).await?;
        let ends_ms = end_ms(&session, &settings);
        let is_approved = known.status() == Some(APPROVED);
        let developer = self.shown(&known, transaction.now_ms);
        Ok(Some(PortalSession { digest: *digest, session, developer, is_approved, ends_ms }))
    }

    /// Notes that a session is used, unless that was noted lately: looking at pages writes little.
    pub(crate) async fn touch_session(&self, seen: &PortalSession) -> Result<(), Error> {
        if self.clock.unix_ms() < seen.session.last_seen_ms + limits::SESSION_SEEN_MS {
            return Ok(());
        }
        let touch = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
            let key = records::session(&seen.digest);
            if let Some(mut session) = transaction.read_json::<Session>(&key).await? {
                session.last_seen_ms = session.last_seen_ms.max(transaction.now_ms);
                transaction.put_json(key, &session);
            }
            Ok(())
        };
        transact!(self, attempts, |transaction| touch(&mut transaction));
        Ok(())
    }

    /// A session and whose it is, while it is good. Log-in ends where a developer may not log in any more.
    pub(super) async fn good_session(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        digest: &KeyDigest,
    ) -> Result<Option<(Known, Session)>, Error> {
        let session: Option<Session> = transaction.read_json(&records::session(digest)).await?;
        let Some(session) = session else { return Ok(None) };
        transaction.read_ahead(vec![records::settings()]).await?;
        let Some(known) = self.known(transaction, session.developer).await? else { return Ok(None) };
        let settings = self.settings_in(transaction).await?;
        let is_named = known.account.sessions.iter().any(|name| name.digest == *digest);
        let is_good = is_named
            && self.may_log_in(&known, &settings)
            && end_ms(&session, &settings) > transaction.now_ms;
        Ok(is_good.then_some((known, session)))
    }

    /// The same, of a caller who is asked for the password again unless it was shown a short while ago.
    pub(super) async fn recent_session(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        digest: &KeyDigest,
    ) -> Result<Known, Error> {
        let found = self.good_session(transaction, digest).await?;
        let (known, session) = found.ok_or(Error::Account(AccountFault::NoSession))?;
        match transaction.now_ms < session.authenticated_ms + limits::RECENT_LOG_IN_MS {
            true => Ok(known),
            false => Err(Error::Account(AccountFault::LogInAgain)),
        }
    }

    /// Whether a developer may log in: one that waits for approval may.
    pub(super) fn may_log_in(&self, known: &Known, settings: &Settings) -> bool {
        let is_let = matches!(known.status(), Some(APPROVED | REQUESTED));
        is_let && (known.is_verified() || !self.verifies(settings))
    }

    /// Opens a session; at the most that there may be, the oldest ends. The account is to be written.
    pub(super) fn open_session(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &mut Known,
        new: &NewSession,
        settings: &Settings,
    ) {
        let account = &mut known.account;
        while account.sessions.len() >= limits::SESSIONS_MAX {
            let oldest = account.sessions.remove(0);
            transaction.delete(records::session(&oldest.digest));
        }
        account.sessions.push(SessionName { id: new.id, digest: new.digest });
        let now_ms = transaction.now_ms;
        let session = Session {
            id: new.id,
            developer: known.id,
            created_ms: now_ms,
            authenticated_ms: now_ms,
            last_seen_ms: now_ms,
            ends_ms: now_ms + settings.portal_session_max * 1000,
            browser: new.browser.clone(),
        };
        transaction.put_json(records::session(&new.digest), &session);
    }

    /// The caller's sessions, the oldest first.
    pub(crate) async fn sessions(&self, current: &KeyDigest) -> Result<Vec<SessionSeen>, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let found = self.good_session(&mut transaction, current).await?;
        let (known, _) = found.ok_or(Error::Account(AccountFault::NoSession))?;
        let settings = self.settings_in(&mut transaction).await?;
        let keys = known.account.sessions.iter().map(|name| records::session(&name.digest)).collect();
        transaction.read_ahead(keys).await?;
        let mut seen = Vec::new();
        for SessionName { digest, .. } in &known.account.sessions {
            let session: Option<Session> = transaction.read_json(&records::session(digest)).await?;
            let session = session.filter(|session| end_ms(session, &settings) > transaction.now_ms);
            seen.extend(session.map(|session| SessionSeen { session, is_current: digest == current }));
        }
        Ok(seen)
    }

    /// Ends the session of a cookie.
    pub(crate) async fn log_out(&self, digest: &KeyDigest) -> Result<(), Error> {
        let log_out = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
            let Some((mut known, _)) = self.good_session(transaction, digest).await? else { return Ok(()) };
            end(transaction, &mut known.account, digest);
            transaction.put_account(&known);
            transaction.note(Line::new(ACCOUNTS, Some(known.id), Did::LoggedOut));
            Ok(())
        };
        transact_once!(self, |transaction| log_out(&mut transaction));
        Ok(())
    }

    /// Ends all of the caller's sessions but this one, or the one of an id.
    pub(crate) async fn end_sessions(&self, current: &KeyDigest, id: Option<Uuid>) -> Result<(), Error> {
        let end_them = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
            let mut known = self.recent_session(transaction, current).await?;
            let is_meant = |name: &&SessionName| match id {
                Some(id) => name.id == id,
                None => name.digest != *current,
            };
            let names = known.account.sessions.iter().filter(is_meant);
            let meant: Vec<KeyDigest> = names.map(|name| name.digest).collect();
            if id.is_some() && meant.is_empty() {
                return Err(Error::NotFound);
            }
            meant.iter().for_each(|digest| end(transaction, &mut known.account, digest));
            transaction.put_account(&known);
            transaction.note(Line::new(ACCOUNTS, Some(known.id), Did::SessionsEnded));
            Ok(())
        };
        transact_once!(self, |transaction| end_them(&mut transaction));
        Ok(())
    }
}

/// When a session ends unless it is used meanwhile, in milliseconds since the Unix epoch.
fn end_ms(session: &Session, settings: &Settings) -> u64 {
    let idle_ms = session.last_seen_ms + settings.portal_session_idle * 1000;
    // Also one that was opened when more was allowed.
    let most_ms = session.created_ms + settings.portal_session_max * 1000;
    session.ends_ms.min(idle_ms).min(most_ms)
}

/// Ends one session. The account is to be written.
pub(super) fn end<S: Store>(
    transaction: &mut EntityTransaction<'_, S>,
    account: &mut Account,
    digest: &KeyDigest,
) {
    account.sessions.retain(|name| name.digest != *digest);
    transaction.delete(records::session(digest));
}

/// Ends them all.
pub(super) fn end_all<S: Store>(transaction: &mut EntityTransaction<'_, S>, account: &mut Account) {
    for name in std::mem::take(&mut account.sessions) {
        transaction.delete(records::session(&name.digest));
    }
}
