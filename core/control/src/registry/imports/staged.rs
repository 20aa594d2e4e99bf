//! An entity of an import, as it is kept until it is written.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::registry::given_key::{GivenKey, SeenKey};
use crate::registry::sealed::KeyRing;
use crate::registry::stored_credential::HeldSecret;
use crate::schema::{EntityKind, Object};
use latchkey_published::keys::{KeyDigest, PepperId};

/// An entity of an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Staged {
    /// Its place in its part, from 0.
    #[serde(rename = "at")]
    pub(super) entity: u32,
    pub(super) id: Uuid,
    #[serde(default, skip_serializing_if = "IdOf::is_drawn")]
    pub(super) id_of: IdOf,
    /// As it was sent, but for a key and a secret.
    pub(super) object: Object,
    /// Its key, where that can be told from what was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<StagedKey>,
    /// Its client secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<HeldSecret>,
}

/// Where the id of an entity of an import is from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IdOf {
    /// It was drawn, in case that the entity is new: it is known by its name or its key.
    #[default]
    Drawn,
    /// It was sent.
    Given,
    /// It follows from the whole entity, which has no name.
    Content,
}

impl IdOf {
    fn is_drawn(&self) -> bool {
        *self == IdOf::Drawn
    }
}

/// A key as it is kept: its digest, and its SHA-256, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StagedKey {
    /// The pepper that all of it was made under.
    pub(super) pepper_id: PepperId,
    /// The SHA-256, sealed for the id beside.
    pub(super) sealed: String,
    /// `None`: only the SHA-256 was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<StagedSeen>,
}

/// What is known of a key that was sent in clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StagedSeen {
    pub(super) digest: KeyDigest,
    /// Under the pepper before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<KeyDigest>,
    pub(super) start: String,
    pub(super) is_ours: bool,
}

impl StagedKey {
    /// The key; `None`: the pepper that it was sealed under is in use no more.
    pub(super) fn open(&self, id: Uuid, ring: &KeyRing) -> Option<GivenKey> {
        let sha256 = ring.open_under(self.pepper_id, id, &self.sealed)?;
        Some(match &self.seen {
            None => GivenKey::Sha256(sha256),
            Some(seen) => GivenKey::Seen(SeenKey {
                digest: seen.digest,
                previous: seen.previous,
                pepper_id: self.pepper_id,
                sha256,
                start: seen.start.clone(),
                is_ours: seen.is_ours,
            }),
        })
    }
}

impl Staged {
    /// What the entity is called, as far as that is no secret.
    pub(super) fn name(&self, kind: EntityKind) -> Option<String> {
        name_of(kind, &self.object)
    }
}

/// What an entity, sent or stored, is called, as far as that is no secret.
pub(super) fn name_of(kind: EntityKind, object: &Object) -> Option<String> {
    let text = |object: &Object, field: &str| object.get(field).and_then(Value::as_str).map(str::to_owned);
    let names: &[&str] = match kind {
        EntityKind::KeyauthCredentials => {
            let consumer = object.get("consumer").and_then(Value::as_object);
            let names = ["username", "custom_id", "id"];
            let consumer = consumer.and_then(|it| names.iter().find_map(|name| text(it, name)));
            return text(object, "id").or_else(|| consumer.map(|consumer| format!("a key of {consumer}")));
        }
        _ => &["instance_name", "name", "username", "custom_id", "id"],
    };
    names.iter().find_map(|name| text(object, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::imports::reader::PartRecord;
    use latchkey_published::key_sha256::KeySha256;
    use latchkey_published::keys::{Pepper, Peppers};

    /// As the first program with imports stored them (`core/published/golden`), two keys of which are those
    /// of the sealed credentials there.
    #[test]
    fn entities_read_as_they_were_stored() {
        let golden = include_str!("../../../../published/golden/1/import-entities.json");
        let entities: Vec<Staged> = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_value(&entities).unwrap(), serde_json::from_str::<Value>(golden).unwrap());
        let ids: Vec<IdOf> = entities.iter().map(|staged| staged.id_of).collect();
        assert_eq!(ids, [IdOf::Drawn, IdOf::Given, IdOf::Content]);
        let pepper = Pepper::new(b"golden pepper of at least 32 bytes, fixed");
        let ring = KeyRing::new(&Peppers { current: pepper, previous: None });
        for (staged, key) in entities.iter().zip(["golden-sealed-key", "golden-brought-key"]) {
            let key = KeySha256::of(key.as_bytes());
            let opened = staged.key.as_ref().unwrap().open(staged.id, &ring).unwrap();
            assert_eq!(opened.sha256(), Some(key));
        }
        let other = KeyRing::new(&Peppers { current: Pepper::new(b"other"), previous: None });
        assert!(entities[0].key.as_ref().unwrap().open(entities[0].id, &other).is_none());
    }

    #[test]
    fn a_client_reads_as_it_was_stored() {
        let golden = include_str!("../../../../published/golden/1/import-client.json");
        let entities: Vec<Staged> = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_value(&entities).unwrap(), serde_json::from_str::<Value>(golden).unwrap());
        let secret = entities[0].secret.as_ref().unwrap();
        assert_eq!(secret.digest, KeyDigest::from_bytes([4; 32]));
    }

    #[test]
    fn parts_read_as_they_were_stored() {
        let golden = include_str!("../../../../published/golden/1/import-part.json");
        let part: PartRecord = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_string(&part).unwrap(), golden);
        assert_eq!(part.chunk_keys(Uuid::nil(), 0).len(), 3);
    }
}
