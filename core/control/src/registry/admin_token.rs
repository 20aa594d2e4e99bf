//! The admin token: one that an installation sets, or the one of its first start, of which only the
//! digest is stored.

use super::Registry;
use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::records;
use crate::audit::{Did, Line};
use crate::ports::{Clock, Random};
use latchkey_published::keys::{KeyDigest, Pepper, PlainKey, generate_key};
use latchkey_store::Store;

/// The admin token of an installation.
#[derive(Debug)]
pub struct AdminToken {
    /// What a caller's token must digest to.
    pub digest: KeyDigest,
    /// Where it comes from.
    pub origin: TokenOrigin,
}

/// Where an admin token comes from, and so who knows it.
#[derive(Debug)]
pub enum TokenOrigin {
    /// The installation sets it.
    Set,
    /// It was made at an earlier start.
    Kept,
    /// It was made just now: to be shown once.
    Made(PlainKey),
}

/// What the audit calls it.
pub(crate) const ADMIN_TOKEN: &str = "admin_token";

/// A new admin token: 190 bits in the form of a key, with another beginning.
#[expect(clippy::disallowed_methods, reason = "it is made here")]
pub fn make_admin_token(random: &impl Random) -> PlainKey {
    let mut seed = [0; 32];
    random.fill(&mut seed);
    let key = generate_key(&Pepper::new(&seed), |bytes| random.fill(bytes));
    PlainKey::new(key.reveal().replacen("lk_", "lkadmin_", 1))
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// The token that is `set`, else the stored one, else a new one, whose digest is stored.
    pub async fn admin_token_or_make(&self, set: Option<&PlainKey>) -> Result<AdminToken, Error> {
        let digest_of = |token: &PlainKey| self.peppers.current.digest_key(token);
        if let Some(token) = set {
            return Ok(AdminToken { digest: digest_of(token), origin: TokenOrigin::Set });
        }
        if let Some(digest) = self.admin_token_digest().await? {
            return Ok(AdminToken { digest, origin: TokenOrigin::Kept });
        }
        let token = make_admin_token(&self.random);
        let digest = digest_of(&token);
        self.set_admin_token_digest(Some(digest)).await?;
        Ok(AdminToken { digest, origin: TokenOrigin::Made(token) })
    }

    /// Digest of the stored admin token.
    pub async fn admin_token_digest(&self) -> Result<Option<KeyDigest>, Error> {
        EntityTransaction::new(&self.store, self.clock.unix_ms()).read_json(&records::admin_token()).await
    }

    /// Stores the digest of the admin token, or none.
    pub async fn set_admin_token_digest(&self, digest: Option<KeyDigest>) -> Result<(), Error> {
        transact!(self, attempts, |transaction| set_digest_in(&mut transaction, digest));
        Ok(())
    }
}

async fn set_digest_in<S: Store>(
    transaction: &mut EntityTransaction<'_, S>,
    digest: Option<KeyDigest>,
) -> Result<(), Error> {
    let old = transaction.read_json::<KeyDigest>(&records::admin_token()).await?;
    // As it is after an attempt whose reply was lost.
    if old == digest {
        return Ok(());
    }
    match digest {
        Some(digest) => transaction.put_json(records::admin_token(), &digest),
        None => transaction.delete(records::admin_token()),
    }
    let did = match (old.is_some(), digest.is_some()) {
        (false, _) => Did::Created,
        (true, true) => Did::Moved,
        (true, false) => Did::Deleted,
    };
    transaction.note(Line::new(ADMIN_TOKEN, None, did));
    Ok(())
}
