//! Whether a client is who it says: by its Client ID, which is looked up as a key is, and its secret.

use std::sync::Arc;

use super::Call;
use super::parameters::Credentials;
use super::refusal::Refusal;
use crate::authenticate::Callers;
use crate::basis::{Basis, Stop};
use crate::decision::Need;
use crate::grant_memory::CachedGrant;
use crate::problem::Problem;
use latchkey_published::grant::{ClientSecret, OAuth2Client};
use latchkey_published::keys::{KeyDigest, Peppers};
use latchkey_published::limits;
use latchkey_published::rehash::{MovedSecret, Rehash};

/// A client, and where its grant is.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) digest: KeyDigest,
    pub(super) grant: Arc<CachedGrant>,
}

/// What came of a client's authentication.
pub(super) enum Authenticated {
    /// It is who it says.
    Client(Client),
    /// There is no such client.
    Unknown,
    /// It is another, or shows nothing that proves it: its credential's id, and whether a secret was tried.
    Not { grant: Arc<CachedGrant>, was_tried: bool },
    /// It is in the hands of many.
    Public {
        /// It sent what cannot be a secret.
        with_secret: bool,
    },
}

impl Callers {
    /// Judges what a client shows.
    pub(super) fn authenticate_client(
        &mut self,
        credentials: &Credentials<'_>,
        basis: Basis<'_>,
    ) -> Result<Authenticated, Need> {
        let mut best = Authenticated::Unknown;
        for (id, secret) in &credentials.readings {
            let Some((digest, grant)) = self.find(id, basis)? else { continue };
            let Some(known) = grant.token_client() else { continue };
            let secret = secret.as_deref().unwrap_or_default();
            if known.is_public {
                return Ok(Authenticated::Public { with_secret: !secret.trim_ascii().is_empty() });
            }
            if let Some(kept) = known.secret.as_ref().filter(|kept| is_secret(&self.peppers, kept, secret)) {
                self.move_secret(digest, kept, secret);
                return Ok(Authenticated::Client(Client { digest, grant }));
            }
            best = Authenticated::Not { was_tried: !secret.is_empty(), grant };
        }
        Ok(best)
    }

    /// Asks for a right secret to be moved to the current pepper, with the key that it was shown beside.
    fn move_secret(&mut self, key: KeyDigest, kept: &ClientSecret, shown: &[u8]) {
        let current = &self.peppers.current;
        let pepper_id = current.id();
        if kept.pepper_id == pepper_id {
            return;
        }
        let secret = Some(MovedSecret { old: kept.digest, new: current.digest(shown) });
        let of_key = self.rehash.filter(|rehash| rehash.old == key);
        let alone = Rehash { old: key, new: key, pepper_id, secret: None };
        self.rehash = Some(Rehash { secret, ..of_key.unwrap_or(alone) });
    }

    /// The refusal of a client that showed another's secret, or too many wrong ones.
    pub(super) fn refuse_client(
        &mut self,
        grant: &CachedGrant,
        was_tried: bool,
        refusal: Refusal,
        call: &Call<'_>,
    ) -> Stop {
        let credential = grant.identity.credential_id().filter(|_| was_tried);
        let (by, now_ms) = (call.client_ip, call.basis.now.monotonic_ms);
        let too_many = credential.and_then(|_| self.guesses.count(credential, by, now_ms));
        Problem::OAuth2(Box::new(too_many.map_or(refusal, Refusal::guessing))).into()
    }
}

/// Compared in constant time. A secret of a pepper that is no longer set is nobody's.
fn is_secret(peppers: &Peppers, kept: &ClientSecret, shown: &[u8]) -> bool {
    let mut peppers = std::iter::once(&peppers.current).chain(&peppers.previous);
    let pepper = peppers.find(|pepper| pepper.id() == kept.pepper_id);
    let fits = !shown.is_empty() && shown.len() <= limits::KEY_BYTES_MAX;
    fits && pepper.is_some_and(|pepper| pepper.digest(shown).matches(&kept.digest))
}

impl CachedGrant {
    /// What the credential is as a client, if it may get and use tokens.
    pub(crate) fn token_client(&self) -> Option<&OAuth2Client> {
        self.oauth2.as_deref().filter(|client| self.enabled || client.token_enabled)
    }
}
