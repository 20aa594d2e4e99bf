//! Calls that developers try out in the portal: how many, and that none is made twice by one form.

use http::HeaderValue;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::lookup::Step;
use super::stored_credential::HeldKey;
use super::{Registry, records};
use crate::ports::{Clock, Random};
use crate::schema::EntityKind;
use latchkey_published::keys::KeyDigest;
use latchkey_published::limits::{self, TRIES_PER_MINUTE};
use latchkey_published::try_token::{Tried, TryKeys};
use latchkey_store::{RecordKey, Store};

const MINUTE_MS: u64 = 60_000;

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Try {
    /// It may, and is counted.
    Granted,
    /// The form was sent before.
    Repeated,
    /// There were too many in the last minute.
    TooMany {
        /// Until the oldest of them is a minute ago, in seconds, at least 1.
        retry_after_s: u64,
    },
}

/// A call of the last minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Recent {
    /// Of the form.
    nonce: Uuid,
    /// Drawn for the change that counts it: an attempt whose reply was lost is known by it.
    counted_as: Uuid,
    at_ms: u64,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Counts a call of a developer's. `may_repeat`: the form may be sent again.
    pub(crate) async fn count_try(
        &self,
        developer: Uuid,
        nonce: Uuid,
        may_repeat: bool,
    ) -> Result<Try, Error> {
        let counted_as = self.random.uuid();
        let count = async |transaction: &mut EntityTransaction<'_, S>| -> Result<Try, Error> {
            let (key, now_ms) = (records::tries(developer), transaction.now_ms);
            let mut recent: Vec<Recent> = transaction.read_json(&key).await?.unwrap_or_default();
            recent.retain(|one| one.is_recent(now_ms));
            if recent.iter().any(|one| one.counted_as == counted_as) {
                return Ok(Try::Granted);
            }
            if !may_repeat && recent.iter().any(|one| one.nonce == nonce) {
                return Ok(Try::Repeated);
            }
            if let Some(oldest) = recent.first().filter(|_| recent.len() >= TRIES_PER_MINUTE) {
                let left_ms = (oldest.at_ms + MINUTE_MS).saturating_sub(now_ms);
                return Ok(Try::TooMany { retry_after_s: left_ms.div_ceil(1000).max(1) });
            }
            recent.push(Recent { nonce, counted_as, at_ms: now_ms });
            transaction.put_json(key, &recent);
            Ok(Try::Granted)
        };
        Ok(transact!(self, attempts, |transaction| count(&mut transaction)))
    }

    /// Removes what is counted no more, of some developers: each call looks at others.
    pub async fn drop_old_tries(&self) -> Result<(), Error> {
        let after = self.random.uuid().to_string();
        let now_ms = self.clock.unix_ms();
        let page = self.store.scan(records::TRIES, "", Some(&after), limits::JOB_CHUNK_MAX).await?;
        let drop = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
            for (sort, _) in &page.records {
                let key = RecordKey::new(records::TRIES, sort.as_str());
                let recent: Option<Vec<Recent>> = transaction.read_json(&key).await?;
                if recent.is_some_and(|recent| !recent.iter().any(|one| one.is_recent(now_ms))) {
                    transaction.delete(key);
                }
            }
            Ok(())
        };
        transact!(self, attempts, |transaction| drop(&mut transaction));
        Ok(())
    }

    /// Where the grant is of the credential at the end of a path: of the key of now.
    pub(crate) async fn grant_place(&self, path: &[Step<'_>]) -> Result<KeyDigest, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let found = self.resolve(&mut transaction, path).await?;
        let credential = found.and_then(|mut found| found.pop()).ok_or(Error::NotFound)?;
        debug_assert!(path.last().is_some_and(|step| step.kind == EntityKind::Oauth2Credentials));
        HeldKey::of(&credential).map(|held| held.digest).ok_or(Error::NotFound)
    }
}

impl<S, C: Clock, R> Registry<S, C, R> {
    /// The field by which a call passes as the credential whose grant is at a place.
    #[expect(clippy::disallowed_methods, reason = "the call that is made shows it")]
    pub(crate) fn try_token(&self, place: &KeyDigest, tried: &Tried<'_>) -> HeaderValue {
        let token = TryKeys::new(&self.peppers).make(place, tried, self.clock.unix_ms());
        // It is of hex digits.
        let mut field = HeaderValue::from_str(token.reveal()).unwrap_or(HeaderValue::from_static(""));
        field.set_sensitive(true);
        field
    }
}

impl Recent {
    fn is_recent(&self, now_ms: u64) -> bool {
        now_ms < self.at_ms + MINUTE_MS
    }
}
