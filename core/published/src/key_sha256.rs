//! The SHA-256 of a key: what a key is shown as once it was made, and what it may be brought as by
//! whoever does not tell its text.

use std::fmt;

use hmac::Hmac;
use sha2::{Digest, Sha256};

use crate::keys::{KeyDigest, Pepper, PlainKey, Purpose, keyed, mac};

/// What the text of a [`KeySha256`] begins with. No key does.
pub const SHA256_PREFIX: &str = "sha256:";

/// What stands for a key whose SHA-256 is not known begins with; the credential's id follows. No key does.
pub const UNKNOWN_PREFIX: &str = "unknown:";

/// SHA-256 of a key. Not secret by itself, but a short key can be guessed by it: never stored but sealed,
/// never printed but in the answers of the Admin API.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeySha256([u8; 32]);

impl KeySha256 {
    /// Of a key's bytes.
    pub fn of(key: &[u8]) -> Self {
        KeySha256(Sha256::digest(key).into())
    }

    /// The same of a key that is not shown for it.
    #[expect(clippy::disallowed_methods, reason = "its text goes no further than into the hash")]
    pub fn of_key(key: &PlainKey) -> Self {
        KeySha256::of(key.reveal().as_bytes())
    }

    /// From its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        KeySha256(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// `sha256:` and 64 lower-case hex digits.
    pub fn to_text(self) -> String {
        format!("{SHA256_PREFIX}{}", KeyDigest::from_bytes(self.0).to_hex())
    }

    /// Reads [`KeySha256::to_text`]; the digits may be of either case.
    pub fn parse(text: &str) -> Option<Self> {
        let digest = KeyDigest::from_hex(text.strip_prefix(SHA256_PREFIX)?)?;
        Some(KeySha256(*digest.as_bytes()))
    }
}

impl fmt::Debug for KeySha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySha256")
    }
}

/// Where things lie that are found by the SHA-256 of a key: at HMAC-SHA-256(K, the 32 bytes), K being
/// the secret of [`Purpose::ImportedDigest`]. So the place of a key's grant tells nothing of the key to
/// whoever reads the store, and the digest's text is no key itself. Held in memory only, with its HMAC
/// state prepared.
#[derive(Clone)]
pub struct ImportedDigests(Hmac<Sha256>);

impl ImportedDigests {
    /// Under a pepper. Some dozen blocks of SHA-256.
    pub fn new(pepper: &Pepper) -> Self {
        ImportedDigests(keyed(pepper.derive(Purpose::ImportedDigest).as_bytes()))
    }

    /// The place of a key.
    pub fn digest(&self, key: &KeySha256) -> KeyDigest {
        KeyDigest::from_bytes(mac(&self.0, &key.0))
    }
}

impl fmt::Debug for ImportedDigests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImportedDigests")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_that_of_sha256sum_and_reads_back() {
        // printf abc | sha256sum
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let sha256 = KeySha256::of(b"abc");
        assert_eq!(sha256.to_text(), text);
        assert_eq!(KeySha256::of_key(&PlainKey::new("abc")), sha256);
        assert_eq!(KeySha256::parse(text), Some(sha256));
        let upper = format!("sha256:{}", text["sha256:".len()..].to_uppercase());
        assert_eq!(KeySha256::parse(&upper), Some(sha256));
        for other in [
            "",
            "sha256:",
            "abc",
            &text[..text.len() - 1],
            &format!("{text}0"),
            &text["sha256:".len()..],
            &text.replace("sha256", "SHA256"),
            &text.replace('f', "g"),
        ] {
            assert_eq!(KeySha256::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_place_is_an_hmac_under_its_own_secret() {
        let (pepper, sha256) = (Pepper::new(b"pepper"), KeySha256::of(b"abc"));
        let place = ImportedDigests::new(&pepper).digest(&sha256);
        assert_eq!(place.as_bytes(), &pepper.derive(Purpose::ImportedDigest).mac(&[sha256.as_bytes()]));
        // Neither where the key itself would be, nor its digest shown as a key.
        for other in [&b"abc"[..], sha256.as_bytes(), sha256.to_text().as_bytes()] {
            assert_ne!(place, pepper.digest(other));
        }
    }

    #[test]
    fn nothing_prints() {
        let sha256 = KeySha256::of(b"abc");
        let printed = format!("{sha256:?} {:?}", ImportedDigests::new(&Pepper::new(b"p")));
        assert_eq!(printed, "KeySha256 ImportedDigests");
    }
}
