//! What is kept sealed in the store: the SHA-256 of a key, for the Admin API to show; the hash of a password.
//!
//! XChaCha20-Poly1305 under the pepper's secret for it ([`Purpose::Seal`]), with a nonce drawn for each
//! seal (24 bytes: chance alone keeps them apart). Bound to what it belongs to and what it is, so that what
//! is sealed for one is worth nothing in the record of another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use uuid::Uuid;

use super::stored_credential::KnownSha256;
use latchkey_published::key_sha256::{ImportedDigests, KeySha256};
use latchkey_published::keys::{DerivedKey, KeyDigest, Pepper, PepperId, Peppers, Purpose};

/// Length of a nonce, in bytes.
const NONCE_BYTES: usize = 24;
/// What the associated data begin with; the credential's id follows.
const LABEL: &[u8] = b"sha256 of the key of ";

/// A nonce, drawn for one seal.
#[derive(Clone, Copy)]
pub(super) struct Nonce([u8; NONCE_BYTES]);

impl Nonce {
    pub(super) fn draw(random: &impl crate::ports::Random) -> Self {
        let mut bytes = [0; NONCE_BYTES];
        random.fill(&mut bytes);
        Nonce(bytes)
    }
}

/// What keys are sealed and claimed by, under the peppers in use. In memory only.
#[derive(Debug)]
pub(super) struct KeyRing {
    current: UnderPepper,
    previous: Option<UnderPepper>,
}

#[derive(Debug)]
struct UnderPepper {
    id: PepperId,
    seal: DerivedKey,
    imported: ImportedDigests,
}

impl KeyRing {
    pub(super) fn new(peppers: &Peppers) -> Self {
        let previous = peppers.previous.as_ref().map(UnderPepper::new);
        KeyRing { current: UnderPepper::new(&peppers.current), previous }
    }

    /// Where a key is claimed, under each pepper, the current one's place first.
    pub(super) fn claims(&self, key: &KeySha256) -> impl Iterator<Item = KeyDigest> {
        self.each().map(|under| under.imported.digest(key))
    }

    /// What a credential keeps of the SHA-256 of its key, under the current pepper.
    pub(super) fn keep(&self, credential: Uuid, key: &KeySha256, nonce: Nonce) -> KnownSha256 {
        let UnderPepper { id, seal, imported } = &self.current;
        KnownSha256 {
            claim: imported.digest(key),
            pepper_id: *id,
            sealed: sealed(seal, &associated_data(LABEL, credential), key.as_bytes(), nonce),
        }
    }

    /// The SHA-256 of a credential's key; `None` where it was sealed under a pepper that is in use no
    /// more, or for another credential.
    pub(super) fn open(&self, credential: Uuid, known: &KnownSha256) -> Option<KeySha256> {
        self.open_under(known.pepper_id, credential, &known.sealed)
    }

    /// The same of what was sealed under a pepper.
    pub(super) fn open_under(
        &self,
        pepper_id: PepperId,
        credential: Uuid,
        sealed: &str,
    ) -> Option<KeySha256> {
        let opened = self.open_sealed(LABEL, pepper_id, credential, sealed)?;
        opened.try_into().ok().map(KeySha256::from_bytes)
    }

    /// Seals what belongs to an entity, under the current pepper. `label`: what it is, of its own for each use.
    pub(super) fn seal(&self, label: &[u8], of: Uuid, bytes: &[u8], nonce: Nonce) -> (String, PepperId) {
        let UnderPepper { id, seal, .. } = &self.current;
        (sealed(seal, &associated_data(label, of), bytes, nonce), *id)
    }

    /// The bytes of [`KeyRing::seal`]; `None` where the pepper is in use no more, or it was sealed for another.
    pub(super) fn open_sealed(
        &self,
        label: &[u8],
        pepper_id: PepperId,
        of: Uuid,
        sealed: &str,
    ) -> Option<Vec<u8>> {
        let under = self.each().find(|under| under.id == pepper_id)?;
        opened(&under.seal, &associated_data(label, of), sealed)
    }

    fn each(&self) -> impl Iterator<Item = &UnderPepper> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

impl UnderPepper {
    fn new(pepper: &Pepper) -> Self {
        UnderPepper {
            id: pepper.id(),
            seal: pepper.derive(Purpose::Seal),
            imported: ImportedDigests::new(pepper),
        }
    }
}

/// Nonce, ciphertext and tag, in base64.
fn sealed(seal: &DerivedKey, aad: &[u8], msg: &[u8], nonce: Nonce) -> String {
    let cipher = XChaCha20Poly1305::new(seal.as_bytes().into());
    let sealed = cipher.encrypt(&nonce.0.into(), Payload { msg, aad });
    let sealed = sealed.expect("what is sealed here is not too much for the cipher");
    STANDARD.encode([&nonce.0[..], &sealed].concat())
}

fn opened(seal: &DerivedKey, aad: &[u8], text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (nonce, msg) = bytes.split_first_chunk::<NONCE_BYTES>()?;
    XChaCha20Poly1305::new(seal.as_bytes().into()).decrypt(nonce.into(), Payload { msg, aad }).ok()
}

fn associated_data(label: &[u8], of: Uuid) -> Vec<u8> {
    [label, of.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peppers(current: &[u8], previous: Option<&[u8]>) -> Peppers {
        Peppers { current: Pepper::new(current), previous: previous.map(Pepper::new) }
    }

    #[test]
    fn what_is_sealed_opens_for_its_credential_under_its_pepper_alone() {
        let (ring, key) = (KeyRing::new(&peppers(b"a", None)), KeySha256::of(b"key"));
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let known = ring.keep(own, &key, Nonce([7; NONCE_BYTES]));
        assert_eq!(ring.open(own, &known), Some(key));
        assert_eq!(ring.open(other, &known), None);
        assert_eq!(KeyRing::new(&peppers(b"b", Some(b"a"))).open(own, &known), Some(key));
        assert_eq!(KeyRing::new(&peppers(b"b", None)).open(own, &known), None);
        let under_another_name = KnownSha256 { pepper_id: Pepper::new(b"b").id(), ..known.clone() };
        assert_eq!(KeyRing::new(&peppers(b"b", Some(b"a"))).open(own, &under_another_name), None);
        for broken in ["", "AAAA", &known.sealed[1..], &known.sealed.replace(&known.sealed[60..62], "..")] {
            let broken = KnownSha256 { sealed: broken.to_owned(), ..known.clone() };
            assert_eq!(ring.open(own, &broken), None);
        }
    }

    #[test]
    fn a_seal_shows_nothing_and_no_two_are_alike() {
        let (ring, key) = (KeyRing::new(&peppers(b"a", None)), KeySha256::of(b"key"));
        let keep = |nonce| ring.keep(Uuid::nil(), &key, Nonce([nonce; NONCE_BYTES])).sealed;
        assert_ne!(keep(1), keep(2));
        let bytes = STANDARD.decode(keep(1)).unwrap();
        assert_eq!(bytes.len(), NONCE_BYTES + 32 + 16);
        assert!(!bytes.windows(8).any(|window| key.as_bytes().windows(8).any(|part| part == window)));
    }

    /// As it was stored first: reckoned by this program, to be read for ever.
    #[test]
    fn a_seal_of_the_first_form_opens() {
        let ring = KeyRing::new(&peppers(b"golden pepper of at least 32 bytes, fixed", None));
        let stored = include_str!("../../../published/golden/1/entity-keyauth_credentials-sealed.jsonl");
        for (line, key) in stored.lines().zip(["golden-sealed-key", "golden-brought-key"]) {
            let credential: crate::schema::Object = serde_json::from_str(line).unwrap();
            let held = super::super::stored_credential::HeldKey::of(&credential).unwrap();
            let id = super::super::entity_transaction::id_of(&credential).unwrap();
            let known = held.known.as_ref().unwrap();
            assert_eq!(ring.open(id, known), Some(KeySha256::of(key.as_bytes())), "{key}");
            assert_eq!(held.was_brought(), key == "golden-brought-key");
        }
    }
}
