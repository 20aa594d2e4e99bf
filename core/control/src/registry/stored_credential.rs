//! Members of a stored credential that are never answered.

use serde::{Deserialize, Serialize};
use serde_json::json;

use latchkey_published::keys::{KeyDigest, PepperId};

use crate::schema::Object;

/// Digest of its key: where its grant is.
const DIGEST: &str = "_digest";
/// The pepper that the digest was made under.
const PEPPER_ID: &str = "_pepper_id";
/// What is known of the SHA-256 of its key; absent in credentials from before it was kept.
const SHA256: &str = "_sha256";

/// How a credential holds its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeldKey {
    /// Where its grant is. Of a key that was seen in clear: HMAC(pepper, key); of one that was brought as
    /// its SHA-256: the claim.
    pub(super) digest: KeyDigest,
    /// The pepper that the digest was made under.
    pub(super) pepper_id: PepperId,
    /// `None`: the key was given before its SHA-256 was kept, or by a program that keeps none.
    pub(super) known: Option<KnownSha256>,
}

/// What is kept of the SHA-256 of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownSha256 {
    /// Where the record lies that keeps others from the same key, in whatever form it comes:
    /// HMAC(K, the SHA-256), K for imported digests.
    pub(super) claim: KeyDigest,
    /// The pepper that both were made under.
    pub(super) pepper_id: PepperId,
    /// The SHA-256, sealed ([`super::sealed`]).
    pub(super) sealed: String,
}

/// [`KnownSha256`] as stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// The digest that it stands beside. A program from before changes that one alone: then the rest is of
    /// another key, and counts no more.
    beside: KeyDigest,
    claim: KeyDigest,
    pepper_id: PepperId,
    sealed: String,
}

impl HeldKey {
    /// The key of a stored credential.
    pub(super) fn of(credential: &Object) -> Option<Self> {
        let digest = KeyDigest::from_hex(credential.get(DIGEST)?.as_str()?)?;
        let pepper_id = serde_json::from_value(credential.get(PEPPER_ID)?.clone()).ok()?;
        let stored = credential.get(SHA256).and_then(|stored| Stored::deserialize(stored).ok());
        let known = stored.filter(|stored| stored.beside == digest).map(|stored| KnownSha256 {
            claim: stored.claim,
            pepper_id: stored.pepper_id,
            sealed: stored.sealed,
        });
        Some(HeldKey { digest, pepper_id, known })
    }

    /// Puts it into a credential to be stored.
    pub(super) fn put_into(&self, credential: &mut Object) {
        credential.insert(DIGEST.to_owned(), json!(self.digest));
        credential.insert(PEPPER_ID.to_owned(), json!(self.pepper_id));
        match self.known.clone() {
            Some(KnownSha256 { claim, pepper_id, sealed }) => {
                let stored = Stored { beside: self.digest, claim, pepper_id, sealed };
                credential.insert(SHA256.to_owned(), json!(stored));
            }
            None => {
                credential.remove(SHA256);
            }
        }
    }

    /// Whether only the SHA-256 of the key was brought.
    pub(super) fn was_brought(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.claim == self.digest)
    }

    /// Where records say that the key is this credential's.
    pub(super) fn places(&self) -> impl Iterator<Item = KeyDigest> {
        let claim = self.known.as_ref().map(|known| known.claim).filter(|claim| *claim != self.digest);
        std::iter::once(self.digest).chain(claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_published::keys::Pepper;

    #[test]
    fn what_stands_beside_another_digest_does_not_count() {
        let (pepper, mut credential) = (Pepper::new(b"p"), Object::new());
        let (first, claim) = (pepper.digest(b"first"), pepper.digest(b"claim"));
        let known = KnownSha256 { claim, pepper_id: pepper.id(), sealed: "sealed".to_owned() };
        let held = HeldKey { digest: first, pepper_id: pepper.id(), known: Some(known) };
        held.put_into(&mut credential);
        assert_eq!(HeldKey::of(&credential), Some(held.clone()));
        assert_eq!(held.places().collect::<Vec<_>>(), [first, claim]);

        // A program from before gives it another key.
        let second = pepper.digest(b"second");
        credential.insert(DIGEST.to_owned(), json!(second));
        let changed = HeldKey { digest: second, known: None, ..held };
        assert_eq!(HeldKey::of(&credential), Some(changed.clone()));
        changed.put_into(&mut credential);
        assert!(!credential.contains_key(SHA256));
    }
}
