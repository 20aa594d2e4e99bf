//! Named admin tokens: what is stored of one, and how one is told from a forged one without a store.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use latchkey_published::keys::{
    KeyDigest, Pepper, PepperId, Peppers, PlainKey, Purpose, TagKey, generate_admin_token,
};

/// A named admin token, as stored. Only its digest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedToken {
    /// Its id.
    pub id: Uuid,
    /// Its name, which no other has.
    pub name: String,
    /// Whether nothing can be changed by it.
    pub read_only: bool,
    /// Its first characters.
    pub start: String,
    /// When it was made, in seconds since the Unix epoch.
    pub created_at: u64,
    /// When it ends, in the same; `None`: not before it is revoked.
    #[serde(default)]
    pub expires_at: Option<u64>,
    /// What it digests to.
    pub digest: KeyDigest,
    /// The pepper that it was digested under.
    pub pepper_id: PepperId,
}

impl NamedToken {
    /// Whether it has ended.
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at.is_some_and(|end| end <= now_ms / 1000)
    }
}

/// Keys of the tags that named admin tokens end with: those of the peppers that are set. A token is good
/// as long as the pepper that it was made under is set, as the current one or the one before.
#[derive(Clone, Debug)]
pub struct TokenTags {
    current: TagKey,
    previous: Option<TagKey>,
}

impl TokenTags {
    /// Derives them.
    pub fn new(peppers: &Peppers) -> Self {
        let tag_key = |pepper: &Pepper| TagKey::from_bytes(*pepper.derive(Purpose::AdminToken).as_bytes());
        TokenTags { current: tag_key(&peppers.current), previous: peppers.previous.as_ref().map(tag_key) }
    }

    /// Makes a token under the current pepper.
    pub fn make(&self, fill: impl Fn(&mut [u8])) -> PlainKey {
        generate_admin_token(&self.current, fill)
    }

    /// The digest of a token that was made here, under the pepper that it was made under; `None`: it was
    /// not.
    pub fn recognise(&self, peppers: &Peppers, token: &[u8]) -> Option<KeyDigest> {
        if self.current.is_genuine_admin_token(token) {
            return Some(peppers.current.digest(token));
        }
        let previous = self.previous.as_ref().filter(|tag| tag.is_genuine_admin_token(token));
        previous.and(peppers.previous.as_ref()).map(|pepper| pepper.digest(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first program with named tokens stored it (`core/published/golden`).
    #[test]
    fn a_token_reads_as_it_was_stored() {
        let golden = include_str!("../../published/golden/1/named-token.json");
        let token = NamedToken {
            id: Uuid::from_u128(1),
            name: "ci".to_owned(),
            read_only: true,
            start: "lka_abc".to_owned(),
            created_at: 1_700_000_000,
            expires_at: Some(1_700_000_060),
            digest: KeyDigest::from_bytes([3; 32]),
            pepper_id: serde_json::from_str("7").unwrap(),
        };
        assert_eq!(serde_json::from_str::<NamedToken>(golden).unwrap(), token);
        assert_eq!(serde_json::to_string(&token).unwrap(), golden, "programs of before read it");
        assert!(!token.is_expired(1_700_000_059_999) && token.is_expired(1_700_000_060_000));
    }
}
