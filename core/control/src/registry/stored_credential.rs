//! Members of a stored credential that are never answered.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use latchkey_published::grant::ClientSecret;
use latchkey_published::keys::{KeyDigest, PepperId};

use crate::schema::{EntityKind, Object};

/// Digest of its key: where its grant is.
const DIGEST: &str = "_digest";
/// The pepper that the digest was made under.
const PEPPER_ID: &str = "_pepper_id";
/// What is known of the SHA-256 of its key; absent in credentials from before it was kept.
const SHA256: &str = "_sha256";
/// The key before the last rotation, while it is in its grace; absent otherwise.
pub(super) const PREVIOUS: &str = "_previous";
/// Digest of the client secret, of OAuth2 credentials; absent where one was brought without a secret.
const SECRET_DIGEST: &str = "_secret_digest";
/// The pepper that it was made under.
const SECRET_PEPPER_ID: &str = "_secret_pepper_id";
/// The id of before, of an OAuth2 credential that took another; absent otherwise.
pub(super) const FORMER_ID: &str = "_former_id";
/// When the credential ends, in milliseconds since the Unix epoch; absent: never.
pub(super) const EXPIRES_AT_MS: &str = "_expires_at_ms";

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

    /// The same key with something else known of it. One that was brought lies at its claim.
    pub(super) fn with_known(&self, known: KnownSha256) -> Self {
        let (digest, pepper_id) = match self.was_brought() {
            true => (known.claim, known.pepper_id),
            false => (self.digest, self.pepper_id),
        };
        HeldKey { digest, pepper_id, known: Some(known) }
    }

    /// Where records say that the key is this credential's.
    pub(super) fn places(&self) -> impl Iterator<Item = KeyDigest> {
        let claim = self.known.as_ref().map(|known| known.claim).filter(|claim| *claim != self.digest);
        std::iter::once(self.digest).chain(claim)
    }
}

/// The key that a credential had before its last rotation, for as long as its grace goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PreviousKey {
    /// How it is held.
    pub(super) held: HeldKey,
    /// When its grace ends, in milliseconds since the Unix epoch.
    ends_at_ms: u64,
    /// Since when it was the credential's, in seconds since the Unix epoch.
    pub(super) since: u64,
    /// The client secret that belongs to it, of an OAuth2 credential.
    pub(super) secret: Option<HeldSecret>,
}

/// How a credential holds its client secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeldSecret {
    pub(super) digest: KeyDigest,
    pub(super) pepper_id: PepperId,
}

impl HeldSecret {
    /// That of a stored credential.
    pub(super) fn of(credential: &Object) -> Option<Self> {
        let digest = KeyDigest::from_hex(credential.get(SECRET_DIGEST)?.as_str()?)?;
        let pepper_id = serde_json::from_value(credential.get(SECRET_PEPPER_ID)?.clone()).ok()?;
        Some(HeldSecret { digest, pepper_id })
    }

    /// Puts it into a credential to be stored.
    pub(super) fn put_into(&self, credential: &mut Object) {
        credential.insert(SECRET_DIGEST.to_owned(), json!(self.digest));
        credential.insert(SECRET_PEPPER_ID.to_owned(), json!(self.pepper_id));
    }

    /// As the data plane is told of it.
    pub(super) fn published(&self) -> ClientSecret {
        ClientSecret { digest: self.digest, pepper_id: self.pepper_id }
    }
}

/// [`PreviousKey`] as stored.
#[derive(Serialize, Deserialize)]
struct StoredPrevious {
    /// The members that a credential holds its own key by.
    key: Object,
    ends_at_ms: u64,
    since: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<HeldSecret>,
}

impl PreviousKey {
    /// The key of a credential that is rotated, good until `ends_at_ms` or the credential's own end.
    pub(super) fn of_rotated(credential: &Object, ends_at_ms: u64) -> Option<Self> {
        let held = HeldKey::of(credential)?;
        let seconds = |field| credential.get(field).and_then(Value::as_u64);
        let since = seconds("rotated_at").or_else(|| seconds("created_at")).unwrap_or_default();
        Some(PreviousKey { held, ends_at_ms, since, secret: HeldSecret::of(credential) })
    }

    /// That of a stored credential, also when its grace is over.
    pub(super) fn of(credential: &Object) -> Option<Self> {
        let stored = StoredPrevious::deserialize(credential.get(PREVIOUS)?).ok()?;
        let StoredPrevious { key, ends_at_ms, since, secret } = stored;
        Some(PreviousKey { held: HeldKey::of(&key)?, ends_at_ms, since, secret })
    }

    /// The same, where it is still good.
    pub(super) fn live(credential: &Object, now_ms: u64) -> Option<Self> {
        PreviousKey::of(credential).filter(|previous| previous.end_ms(credential) > now_ms)
    }

    /// When it ends, in milliseconds since the Unix epoch: never later than its credential.
    pub(super) fn end_ms(&self, credential: &Object) -> u64 {
        expires_at_ms(credential).map_or(self.ends_at_ms, |end| end.min(self.ends_at_ms))
    }

    /// The same key, held otherwise.
    pub(super) fn held_as(&self, held: HeldKey) -> Self {
        PreviousKey { held, ..self.clone() }
    }

    /// The same key with its secret held otherwise.
    pub(super) fn with_secret(&self, secret: HeldSecret) -> Self {
        PreviousKey { secret: Some(secret), ..self.clone() }
    }

    /// Puts it into a credential to be stored.
    pub(super) fn put_into(&self, credential: &mut Object) {
        let PreviousKey { held, ends_at_ms, since, secret } = self.clone();
        let mut key = Object::new();
        held.put_into(&mut key);
        credential.insert(PREVIOUS.to_owned(), json!(StoredPrevious { key, ends_at_ms, since, secret }));
    }
}

/// Where the key of a credential is given.
pub(super) fn key_member(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Oauth2Credentials => "client_id",
        _ => "key",
    }
}

/// Where a credential keeps what its key begins with.
pub(super) fn start_member(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Oauth2Credentials => "client_id_start",
        _ => "key_start",
    }
}

/// When a credential ends, in milliseconds since the Unix epoch.
pub(super) fn expires_at_ms(credential: &Object) -> Option<u64> {
    credential.get(EXPIRES_AT_MS).and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_published::keys::Pepper;

    /// As the first program with rotation stored it (`core/published/golden`).
    #[test]
    fn a_key_in_its_grace_reads_as_it_was_stored() {
        let stored = include_str!("../../../published/golden/1/entity-credentials-rotated.jsonl");
        let mut with_secret = 0;
        for line in stored.lines() {
            let credential: Object = serde_json::from_str(line).unwrap();
            let previous = PreviousKey::of(&credential).unwrap();
            assert_eq!((previous.ends_at_ms, previous.since), (1_700_086_400_000, 1_700_000_000));
            assert_ne!(Some(&previous.held), HeldKey::of(&credential).as_ref());
            with_secret += usize::from(previous.secret.is_some());
            let mut again = credential.clone();
            again.remove(PREVIOUS);
            previous.put_into(&mut again);
            assert_eq!(again, credential);
        }
        assert_eq!(with_secret, 1, "of the application's credential");
    }

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
