//! Sessions of administrators: opened by an admin token, ended by time, by log-out, and with the token.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Registry;
use super::attempts::{transact, transact_once};
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::records;
use crate::audit::{Did, Line};
use crate::named_token::NamedToken;
use crate::ports::{Clock, Random};
use latchkey_published::keys::{KeyDigest, PlainKey};
use latchkey_published::limits;
use latchkey_store::Store;

/// What the audit calls them.
pub(crate) const MANAGER_SESSIONS: &str = "manager_sessions";

/// The admin token that a session was opened with, as it was then: with another in its place it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenOf {
    /// The installation's.
    Installation(KeyDigest),
    /// A named one.
    Named(KeyDigest),
}

/// A session, found by the digest of its cookie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    id: Uuid,
    digest: KeyDigest,
    token: TokenOf,
    /// When the token was last shown, in milliseconds since the Unix epoch.
    authenticated_ms: u64,
    /// Written at most every five minutes.
    last_seen_ms: u64,
    ends_ms: u64,
}

impl Stored {
    fn is_good(&self, now_ms: u64) -> bool {
        now_ms < self.ends_ms && now_ms < self.last_seen_ms + limits::MANAGER_SESSION_IDLE_MS
    }
}

/// A session to be, drawn before the first attempt of the change that opens it.
pub(crate) struct NewManagerSession {
    pub(crate) cookie: PlainKey,
    digest: KeyDigest,
    id: Uuid,
}

/// A session that is good.
#[derive(Clone, Debug)]
pub(crate) struct ManagerSession {
    pub(crate) digest: KeyDigest,
    /// Of the token that it was opened with.
    pub(crate) token: SessionToken,
    /// Whether the token was shown a short while ago.
    pub(crate) is_recent: bool,
    last_seen_ms: u64,
}

/// The token of a session, as it is now.
#[derive(Clone, Debug)]
pub(crate) enum SessionToken {
    /// The installation's.
    Installation,
    /// A named one.
    Named(NamedToken),
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(crate) fn new_manager_session(&self) -> NewManagerSession {
        let (cookie, digest) = self.account_tags.make_manager_session(|bytes| self.random.fill(bytes));
        NewManagerSession { cookie, digest, id: self.random.uuid() }
    }

    /// The session of a cookie, of which this is the digest, where `installation` is the digest of the
    /// installation's token; `None`: it is good no more.
    pub(crate) async fn manager_session(
        &self,
        digest: &KeyDigest,
        installation: Option<&KeyDigest>,
    ) -> Result<Option<ManagerSession>, Error> {
        let now_ms = self.clock.unix_ms();
        let mut transaction = EntityTransaction::new(&self.store, now_ms);
        let all = sessions(&mut transaction).await?;
        let Some(stored) = all.into_iter().find(|one| one.digest.matches(digest) && one.is_good(now_ms))
        else {
            return Ok(None);
        };
        let token = match &stored.token {
            TokenOf::Installation(token) => installation
                .filter(|installation| token.matches(installation))
                .map(|_| SessionToken::Installation),
            TokenOf::Named(token) => self.named_token(token).await?.map(SessionToken::Named),
        };
        let is_recent = now_ms < stored.authenticated_ms + limits::RECENT_LOG_IN_MS;
        let last_seen_ms = stored.last_seen_ms;
        Ok(token.map(|token| ManagerSession { digest: *digest, token, is_recent, last_seen_ms }))
    }

    /// Opens a session in the place of the one with the digest `before`; at the most that there may be, the one
    /// that was used longest ago ends.
    pub(crate) async fn open_manager_session(
        &self,
        new: &NewManagerSession,
        token: &TokenOf,
        before: Option<KeyDigest>,
    ) -> Result<(), Error> {
        let open = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
            let now_ms = transaction.now_ms;
            let mut all = sessions(transaction).await?;
            all.retain(|one| one.is_good(now_ms) && Some(one.digest) != before && one.id != new.id);
            all.sort_by_key(|one| one.last_seen_ms);
            let too_many = (all.len() + 1).saturating_sub(limits::MANAGER_SESSIONS_MAX);
            all.drain(..too_many);
            all.push(Stored {
                id: new.id,
                digest: new.digest,
                token: token.clone(),
                authenticated_ms: now_ms,
                last_seen_ms: now_ms,
                ends_ms: now_ms + limits::MANAGER_SESSION_MS,
            });
            transaction.put_json(records::manager_sessions(), &all);
            transaction.note(Line::new(MANAGER_SESSIONS, Some(new.id), Did::LoggedIn));
            Ok(())
        };
        transact!(self, attempts, |transaction| open(&mut transaction));
        Ok(())
    }

    /// Notes that a session is used, unless that was noted lately.
    pub(crate) async fn touch_manager_session(&self, seen: &ManagerSession) -> Result<(), Error> {
        if self.clock.unix_ms() < seen.last_seen_ms + limits::SESSION_SEEN_MS {
            return Ok(());
        }
        let touch = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
            let mut all = sessions(transaction).await?;
            let now_ms = transaction.now_ms;
            for one in all.iter_mut().filter(|one| one.digest == seen.digest) {
                one.last_seen_ms = one.last_seen_ms.max(now_ms);
            }
            transaction.put_json(records::manager_sessions(), &all);
            Ok(())
        };
        transact!(self, attempts, |transaction| touch(&mut transaction));
        Ok(())
    }

    /// Ends the session of a cookie.
    pub(crate) async fn end_manager_session(&self, digest: &KeyDigest) -> Result<(), Error> {
        let end = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
            let mut all = sessions(transaction).await?;
            let Some(place) = all.iter().position(|one| one.digest == *digest) else { return Ok(()) };
            let ended = all.remove(place);
            transaction.put_json(records::manager_sessions(), &all);
            transaction.note(Line::new(MANAGER_SESSIONS, Some(ended.id), Did::LoggedOut));
            Ok(())
        };
        transact_once!(self, |transaction| end(&mut transaction));
        Ok(())
    }
}

async fn sessions<S: Store>(transaction: &mut EntityTransaction<'_, S>) -> Result<Vec<Stored>, Error> {
    Ok(transaction.read_json(&records::manager_sessions()).await?.unwrap_or_default())
}
