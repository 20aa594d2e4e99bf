//! The SHA-256 of a key, as the Admin API shows it.

use latchkey_published::keys::{KeyDigest, hex};
use sha2::{Digest as _, Sha256};

pub(crate) struct KeySha256([u8; 32]);

impl KeySha256 {
    pub(crate) fn of(key: &[u8]) -> Self {
        KeySha256(Sha256::digest(key).into())
    }

    pub(crate) fn to_text(&self) -> String {
        format!("sha256:{}", hex(&self.0))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digest = KeyDigest::from_hex(text.strip_prefix("sha256:")?)?;
        Some(KeySha256(*digest.as_bytes()))
    }
}
