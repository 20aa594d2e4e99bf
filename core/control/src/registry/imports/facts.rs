//! What parts are compared by: hashes of the values that no two entities may share, and of those by which
//! entities refer to others.

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::staged::{IdOf, Staged};
use crate::schema::{EntityKind, Object, parse_uuid};
use latchkey_published::keys::KeyDigest;

/// The kinds and fields that facts are about. Stored by their places: new ones come last.
const FIELDS: [(EntityKind, &str); 13] = [
    (EntityKind::Services, "id"),
    (EntityKind::Services, "name"),
    (EntityKind::Routes, "id"),
    (EntityKind::Routes, "name"),
    (EntityKind::Consumers, "id"),
    (EntityKind::Consumers, "username"),
    (EntityKind::Consumers, "custom_id"),
    (EntityKind::KeyauthCredentials, "id"),
    (EntityKind::KeyauthCredentials, "key"),
    (EntityKind::Plugins, "id"),
    (EntityKind::Plugins, "instance_name"),
    (EntityKind::Plugins, SCOPE),
    (EntityKind::Oauth2Credentials, "id"),
];

/// Stands for what no two plugins share, taken together.
pub(super) const SCOPE: &str = "name and scope";

/// Parts are compared in so many steps, each by the hashes that begin alike: a million keys with their
/// consumers are some 250,000 hashes to a step.
pub(super) const BUCKETS: u8 = 16;

/// Bytes of a fact as it is stored: hash, place, field.
const FACT_BYTES: usize = 16 + 4 + 1;
/// Set in the byte of the field where the value is asked for.
const NEEDED: u8 = 0x80;

/// Field of a kind, by its place in [`FIELDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FieldCode(pub(super) u8);

impl FieldCode {
    fn of(kind: EntityKind, field: &str) -> Option<Self> {
        let at = FIELDS.iter().position(|known| *known == (kind, field))?;
        u8::try_from(at).ok().map(FieldCode)
    }

    /// Name of the field.
    pub(super) fn field(self) -> &'static str {
        FIELDS.get(usize::from(self.0)).map_or("", |(_, field)| field)
    }
}

/// That an entity has a value, or refers to who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fact {
    pub(super) hash: u128,
    /// Whether the entity refers to who has the value. Those who have it come first.
    pub(super) is_needed: bool,
    /// Place of the entity in its part.
    pub(super) entity: u32,
    pub(super) field: FieldCode,
}

impl Fact {
    fn new(entity: u32, field: FieldCode, value: &str, is_needed: bool) -> Self {
        Fact { hash: hash(field, value), is_needed, entity, field }
    }

    pub(super) fn bucket(self) -> u8 {
        // The first four bits.
        (self.hash >> 124) as u8
    }

    fn encode(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.hash.to_be_bytes());
        bytes.extend(self.entity.to_be_bytes());
        bytes.push(self.field.0 | if self.is_needed { NEEDED } else { 0 });
    }
}

/// Facts as they are stored.
pub(super) fn encode(facts: &[Fact]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(facts.len() * FACT_BYTES);
    facts.iter().for_each(|fact| fact.encode(&mut bytes));
    bytes
}

/// Reads [`encode`]. What is cut off is left out.
pub(super) fn decode(bytes: &[u8]) -> impl Iterator<Item = Fact> {
    bytes.chunks_exact(FACT_BYTES).filter_map(|fact| {
        let (hash, rest) = fact.split_first_chunk::<16>()?;
        let (entity, rest) = rest.split_first_chunk::<4>()?;
        let code = *rest.first()?;
        Some(Fact {
            hash: u128::from_be_bytes(*hash),
            is_needed: code & NEEDED != 0,
            entity: u32::from_be_bytes(*entity),
            field: FieldCode(code & !NEEDED),
        })
    })
}

/// The first half of the SHA-256: two values are never taken for one.
fn hash(field: FieldCode, value: &str) -> u128 {
    let digest = Sha256::new().chain_update([field.0]).chain_update(value).finalize();
    digest.iter().take(16).fold(0, |hash, byte| (hash << 8) | u128::from(*byte))
}

/// What one entity refers to another by.
pub(super) struct Need {
    pub(super) field: FieldCode,
    pub(super) value: String,
    /// What is referred to by its id, if it is.
    pub(super) id: Option<Uuid>,
}

impl Need {
    /// What a reference to an entity of a kind goes by: its id, or else the first unique value given.
    pub(super) fn of(to: EntityKind, given: &Object) -> Option<Self> {
        let id = given.get("id").and_then(Value::as_str).and_then(parse_uuid);
        if let Some(id) = id {
            let value = id.to_string();
            return Some(Need { field: FieldCode::of(to, "id")?, value, id: Some(id) });
        }
        let named = to.schema().fields.iter().filter(|field| field.unique);
        let named = named.filter_map(|field| Some((field.name, given.get(field.name)?.as_str()?)));
        let (name, value) = named.into_iter().next()?;
        Some(Need { field: FieldCode::of(to, name)?, value: value.to_owned(), id: None })
    }

    /// An id for who has the value, while they are not stored: the same for all who refer to them.
    pub(super) fn stand_in(&self) -> Uuid {
        self.id.unwrap_or_else(|| Uuid::from_u128(hash(self.field, &self.value)))
    }

    fn text(&self) -> String {
        format!("{}={}", self.field.field(), self.value)
    }
}

/// The references of an entity as it was sent, by field; `None`: null, or by nothing that could be found.
pub(super) fn needs(kind: EntityKind, entity: &Object) -> Vec<(&'static str, EntityKind, Option<Need>)> {
    let references = kind.schema().references();
    let need = |to, given: Option<&Value>| given.and_then(Value::as_object).and_then(|it| Need::of(to, it));
    references.map(|(field, to)| (field.name, to, need(to, entity.get(field.name)))).collect()
}

/// All facts of an entity. `claim`: where its key is claimed, if it has one.
pub(super) fn of_entity(kind: EntityKind, staged: &Staged, claim: Option<&KeyDigest>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |kind, field, value: &str, is_needed| {
        let code = FieldCode::of(kind, field);
        facts.extend(code.map(|code| Fact::new(staged.entity, code, value, is_needed)));
    };
    if staged.id_of == IdOf::Given {
        add(kind, "id", &staged.id.to_string(), false);
    }
    for field in kind.schema().fields.iter().filter(|field| field.unique) {
        if let Some(value) = staged.object.get(field.name).and_then(Value::as_str) {
            add(kind, field.name, value, false);
        }
    }
    if let Some(claim) = claim {
        // No client id is a key of another credential either.
        add(EntityKind::KeyauthCredentials, "key", &claim.to_hex(), false);
    }
    let needs = needs(kind, &staged.object);
    if kind == EntityKind::Plugins {
        let name = staged.object.get("name").and_then(Value::as_str).unwrap_or_default();
        let scope = needs.iter().map(|(_, _, need)| need.as_ref().map(Need::text).unwrap_or_default());
        add(kind, SCOPE, &format!("{name}\n{}", scope.collect::<Vec<_>>().join("\n")), false);
    }
    for need in needs.into_iter().filter_map(|(_, _, need)| need) {
        facts.push(Fact::new(staged.entity, need.field, &need.value, true));
    }
    facts
}

/// What an entity that has neither id nor name is known by: all of what was sent.
pub(super) fn content_id(kind: EntityKind, valid: &Object, sent: &Object) -> Uuid {
    let mut content = valid.clone();
    for field in ["id", "created_at", "updated_at"] {
        content.remove(field);
    }
    for (field, _, need) in needs(kind, sent) {
        content.insert(field.to_owned(), need.as_ref().map(Need::text).into());
    }
    let bytes = serde_json::to_vec(&content).expect("entities have string keys only");
    let digest = Sha256::new().chain_update(kind.name()).chain_update(bytes).finalize();
    let first = digest.iter().take(16).fold(0, |id, byte| (id << 8) | u128::from(*byte));
    uuid::Builder::from_random_bytes(u128::to_be_bytes(first)).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_read_as_they_were_written() {
        let code = |kind, field| FieldCode::of(kind, field).unwrap();
        let facts = [
            Fact::new(0, code(EntityKind::Consumers, "username"), "bob", false),
            Fact::new(u32::MAX, code(EntityKind::Plugins, SCOPE), "", true),
        ];
        let bytes = encode(&facts);
        assert_eq!(bytes.len(), 2 * FACT_BYTES);
        assert_eq!(decode(&bytes).collect::<Vec<_>>(), facts);
        assert_eq!(decode(&bytes[..bytes.len() - 1]).count(), 1);
        assert!(facts.iter().all(|fact| fact.bucket() < BUCKETS));
    }

    #[test]
    fn the_same_text_in_another_field_is_another_fact() {
        let [username, custom_id] =
            ["username", "custom_id"].map(|field| FieldCode::of(EntityKind::Consumers, field).unwrap());
        assert_ne!(hash(username, "a"), hash(custom_id, "a"));
        assert_eq!((username.field(), custom_id.field()), ("username", "custom_id"));
    }
}
