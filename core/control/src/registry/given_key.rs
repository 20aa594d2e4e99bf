//! The forms in which callers name a key: in clear, by its SHA-256, or as that of a credential whose
//! SHA-256 is not known.

use uuid::Uuid;

use crate::schema::parse_uuid;
use latchkey_published::key_sha256::{KeySha256, SHA256_PREFIX, UNKNOWN_PREFIX};
use latchkey_published::keys::{KeyDigest, PepperId, PlainKey};

/// A key, as a caller names it.
#[derive(Clone, Debug)]
pub(super) enum GivenKey {
    /// The key itself.
    Clear(PlainKey),
    /// `sha256:` and 64 hex digits.
    Sha256(KeySha256),
    /// `unknown:` and the id of the credential whose key is meant.
    Unknown(Uuid),
    /// Given in clear some time ago, when its digest was made.
    Seen(SeenKey),
}

/// What is known of a key that was given in clear.
#[derive(Clone, Debug)]
pub(super) struct SeenKey {
    /// Its digest under the pepper in use then.
    pub(super) digest: KeyDigest,
    /// Its digest under the pepper before that one, if there was one.
    pub(super) previous: Option<KeyDigest>,
    /// The pepper in use then.
    pub(super) pepper_id: PepperId,
    pub(super) sha256: KeySha256,
    /// What it begins with, for display.
    pub(super) start: String,
    /// Whether it was made here, or where its tag key is from.
    pub(super) is_ours: bool,
}

impl GivenKey {
    /// Reads a key; the error says what is wrong with one that begins as the other forms do.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.starts_with(SHA256_PREFIX) {
            let key = KeySha256::parse(text).map(GivenKey::Sha256);
            return key.ok_or("'sha256:' must be followed by 64 hex digits, the SHA-256 of a key");
        }
        match text.strip_prefix(UNKNOWN_PREFIX) {
            Some(id) => parse_uuid(id)
                .map(GivenKey::Unknown)
                .ok_or("'unknown:' must be followed by the id of a credential, whose key is meant"),
            None => Ok(GivenKey::Clear(PlainKey::new(text))),
        }
    }

    /// The text of a key whose SHA-256 is not known.
    pub(super) fn unknown_text(credential: &str) -> String {
        format!("{UNKNOWN_PREFIX}{credential}")
    }

    /// As it is answered to whoever has just given it.
    #[expect(clippy::disallowed_methods, reason = "the answer to whoever has given or made it")]
    pub(super) fn answered(&self) -> Option<String> {
        match self {
            GivenKey::Clear(key) => Some(key.reveal().to_owned()),
            GivenKey::Sha256(key) => Some(key.to_text()),
            GivenKey::Unknown(_) | GivenKey::Seen(_) => None,
        }
    }

    /// The SHA-256 of the key, where it follows from what was given.
    pub(super) fn sha256(&self) -> Option<KeySha256> {
        match self {
            GivenKey::Clear(key) => Some(KeySha256::of_key(key)),
            GivenKey::Sha256(key) => Some(*key),
            GivenKey::Seen(seen) => Some(seen.sha256),
            GivenKey::Unknown(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_by_how_they_begin() {
        let digest = KeySha256::of(b"k").to_text();
        let id = "00000000-0000-0000-0000-000000000001";
        let form = |text: &str| match GivenKey::parse(text) {
            Ok(GivenKey::Clear(_)) => "clear",
            Ok(GivenKey::Sha256(_)) => "sha256",
            Ok(GivenKey::Unknown(_)) => "unknown",
            Ok(GivenKey::Seen(_)) => "seen",
            Err(sentence) => sentence.split(' ').next().unwrap(),
        };
        for (text, expected) in [
            ("k", "clear"),
            ("SHA256:x", "clear"),
            ("sha256", "clear"),
            (" sha256:", "clear"),
            (&digest, "sha256"),
            (&digest.to_uppercase().replace("SHA256:", "sha256:"), "sha256"),
            ("sha256:", "'sha256:'"),
            (&digest[..digest.len() - 1], "'sha256:'"),
            (&format!("{digest} "), "'sha256:'"),
            (&GivenKey::unknown_text(id), "unknown"),
            ("unknown:", "'unknown:'"),
            ("unknown:k", "'unknown:'"),
            ("unknown", "clear"),
        ] {
            assert_eq!(form(text), expected, "{text}");
        }
    }
}
