//! Receives a part of an import: its entities are validated, their keys digested, their ids drawn, so that
//! all that follows can be repeated, and no key is kept in clear.

use serde_json::Value;
use uuid::Uuid;

use super::bring::NO_KEY;
use super::facts::{self, Fact};
use super::reader::PartRecord;
use super::staged::{IdOf, Staged, StagedKey, StagedSeen, name_of};
use super::state::ImportState;
use super::{FAULTS_MAX, KINDS, places};
use crate::ports::{Clock, Random};
use crate::registry::attempts::transact;
use crate::registry::client_secret::check_brought_secret;
use crate::registry::credentials::{check_clear_key, check_options};
use crate::registry::entities::given_id;
use crate::registry::entity_transaction::EntityTransaction;
use crate::registry::given_key::GivenKey;
use crate::registry::present::is_credential;
use crate::registry::sealed::Nonce;
use crate::registry::stored_credential::{HeldSecret, key_member};
use crate::registry::{Error, PartFault, Registry};
use crate::schema::{EntityKind, Mode, Object};
use latchkey_published::keys::{KeyDigest, TagKey, has_our_prefix, hex};
use latchkey_published::limits;
use latchkey_store::{Batch, RecordKey, Store, Write};

/// Entities of a record, in bytes: few enough records to a part, each far below what stores take.
const CHUNK_BYTES_MAX: usize = 96 << 10;
/// Records and bytes of one commit: DynamoDB takes 100 records and 4 MB.
const GROUP_RECORDS_MAX: usize = 80;
const GROUP_BYTES_MAX: usize = 3 << 20;
/// What the registry adds to an entity at most, in bytes: id, times, what it keeps of a key.
const ADDED_BYTES_MAX: usize = 1024;

/// The member of a client with its secret.
const SECRET: &str = "client_secret";

/// Characters of a name that are told of what is refused.
const NAME_CHARS_MAX: usize = 128;

/// A part that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 0.
    pub part: u32,
    /// How many entities it has.
    pub entities: u32,
}

/// A part, ready to be stored.
#[derive(Default)]
struct Received {
    entities: u32,
    chunks: Vec<(EntityKind, Vec<Vec<u8>>)>,
    facts: Vec<Fact>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Takes a part of an import, in the place of the one of that number, if there is one.
    ///
    /// The import begins anew, unless it has begun to write: then that is a conflict.
    pub async fn receive_part(&self, id: Uuid, part: u32, input: &Object) -> Result<Part, Error> {
        if part >= limits::IMPORT_PARTS_MAX {
            return Err(Error::field("part", format!("must be below {}", limits::IMPORT_PARTS_MAX)));
        }
        let (entities, brought) = members(input)?;
        let tag_keys = self.tag_keys_with(id, &brought).await?;
        let received = self.stage_all(part, entities, &tag_keys)?;
        let entities = received.entities;
        let record = PartRecord {
            upload: self.random.uuid(),
            entities,
            chunks: received
                .chunks
                .iter()
                .map(|(kind, all)| (kind.name().to_owned(), all.len() as u32))
                .collect(),
        };
        let groups = grouped(received.writes(id, part, &record));
        let last = groups.len() - 1;
        let mut replaced = None;
        for (at, writes) in groups.iter().enumerate() {
            let record = (at == last).then_some(&record);
            let before = transact!(self, attempts, |transaction| self.store_part(
                &mut transaction,
                id,
                part,
                writes,
                record,
                &brought
            ));
            replaced = replaced.or(before);
        }
        if let Some(before) = replaced.filter(|before| before.upload != record.upload) {
            self.delete_all(before.chunk_keys(id, part)).await?;
        }
        Ok(Part { part, entities })
    }

    /// Stores some records of a part. Without all of them there is no such part. Answers what was known of
    /// the part before.
    async fn store_part(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
        part: u32,
        writes: &[(RecordKey, Option<Vec<u8>>)],
        record: Option<&PartRecord>,
        brought: &[String],
    ) -> Result<Option<PartRecord>, Error> {
        let stored: Option<ImportState> = transaction.read_json(&places::state(id)).await?;
        let is_new = stored.is_none();
        let mut state = stored.unwrap_or_default();
        if state.is_dropped {
            return Err(Error::conflict("this import is being deleted: take another id"));
        }
        if state.work.as_ref().is_some_and(|work| work.has_written()) {
            return Err(Error::conflict("this import has begun to write: it takes no more parts"));
        }
        if is_new
            && self.store.scan(places::IMPORTS, "", None, limits::IMPORTS_MAX).await?.records.len()
                >= limits::IMPORTS_MAX
        {
            return Err(Error::conflict("there are too many imports: delete one"));
        }
        state.work = None;
        state.touched_ms = transaction.now_ms;
        state.parts_end = state.parts_end.max(part + 1);
        for tag_key in brought.iter().filter(|tag_key| !state.tag_keys.contains(tag_key)).collect::<Vec<_>>()
        {
            state.tag_keys.push(tag_key.clone());
        }
        if state.tag_keys.len() > limits::TAG_KEYS_MAX {
            return Err(too_many_tag_keys());
        }
        transaction.put_json(places::state(id), &state);
        let key = places::part(id, part);
        let before = transaction.read_json(&key).await?;
        match record {
            Some(record) => transaction.put_json(key, record),
            None => transaction.delete(key),
        }
        for (key, value) in writes {
            match value {
                Some(value) => transaction.put(key.clone(), value.clone()),
                None => transaction.delete(key.clone()),
            }
        }
        Ok(before)
    }

    /// Removes records of an import that nothing leads to any more.
    pub(super) async fn delete_all(&self, keys: Vec<RecordKey>) -> Result<(), Error> {
        for some in keys.chunks(limits::BATCH_RECORDS_MAX) {
            let writes = some.iter().cloned().map(Write::Delete).collect();
            self.store.commit(Batch { checks: Vec::new(), writes }).await?;
        }
        Ok(())
    }

    /// Keys of the tags of keys that were made here, or come with the import so far.
    async fn tag_keys_with(&self, id: Uuid, brought: &[String]) -> Result<Vec<String>, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let mut tag_keys = transaction.settings().await?.tag_keys;
        tag_keys.extend(
            self.import_state(&mut transaction, id).await?.map(|state| state.tag_keys).unwrap_or_default(),
        );
        tag_keys.extend_from_slice(brought);
        tag_keys.sort_unstable();
        tag_keys.dedup();
        match tag_keys.len() > limits::TAG_KEYS_MAX && !brought.is_empty() {
            true => Err(too_many_tag_keys()),
            false => Ok(tag_keys),
        }
    }

    fn stage_all(&self, part: u32, entities: &[Value], tag_keys: &[String]) -> Result<Received, Error> {
        let mut received = Received::default();
        let mut faults = Vec::new();
        for (at, sent) in entities.iter().enumerate() {
            let entity = u32::try_from(at).unwrap_or(u32::MAX);
            match kind_and_object(sent).and_then(|(kind, object)| {
                let (staged, claim) = self.stage(kind, entity, object, tag_keys)?;
                Ok((kind, staged, claim))
            }) {
                Ok((kind, staged, claim)) => received.add(kind, &staged, claim.as_ref()),
                Err(error) => faults.push(fault(entity, sent, &error)),
            }
            if faults.len() == FAULTS_MAX {
                break;
            }
        }
        match faults.is_empty() {
            true => Ok(received),
            false => Err(Error::Part { part, faults }),
        }
    }

    /// An entity as it is kept, and where its key will be claimed.
    fn stage(
        &self,
        kind: EntityKind,
        entity: u32,
        sent: &Object,
        tag_keys: &[String],
    ) -> Result<(Staged, Option<KeyDigest>), Error> {
        let mut object = sent.clone();
        if kind == EntityKind::Oauth2Credentials && object.get("application").is_some_and(|it| !it.is_null())
        {
            return Err(Error::field("application", "what belongs to applications is not imported"));
        }
        let key = taken_key(kind, &mut object, tag_keys)?;
        let secret = self.taken_secret(kind, &mut object)?;
        check_options(kind, &object)?;
        let valid = self.validate(kind, Mode::Whole, &with_stand_ins(kind, &object))?;
        let bytes = serde_json::to_vec(&valid).map_or(usize::MAX, |bytes| bytes.len());
        if bytes + ADDED_BYTES_MAX > limits::ENTITY_BYTES_MAX {
            let sentence = format!("must not exceed {} bytes", limits::ENTITY_BYTES_MAX - ADDED_BYTES_MAX);
            return Err(Error::Schema(crate::schema::Violation::of_entity(sentence)));
        }
        let (id, id_of) = match given_id(&valid) {
            Some(id) => (id, IdOf::Given),
            None if is_named(kind, &valid) => (self.random.uuid(), IdOf::Drawn),
            None => (facts::content_id(kind, &valid, &object), IdOf::Content),
        };
        let field = key_member(kind);
        let has_key = key.is_some() || object.get(field).is_some_and(|key| !key.is_null());
        if is_credential(kind) && !has_key && id_of != IdOf::Given {
            return Err(Error::field(field, NO_KEY));
        }
        let (key, claim) = key.map(|key| self.staged_key(id, &key)).unzip();
        Ok((Staged { entity, id, id_of, object, key: key.flatten(), secret }, claim.flatten()))
    }

    /// Takes the secret out of a client, and keeps its digest alone.
    fn taken_secret(&self, kind: EntityKind, object: &mut Object) -> Result<Option<HeldSecret>, Error> {
        let text = object.get(SECRET).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (EntityKind::Oauth2Credentials, Some(text)) = (kind, text) else { return Ok(None) };
        if text.len() > limits::KEY_BYTES_MAX {
            return Err(Error::field(SECRET, format!("length must be at most {}", limits::KEY_BYTES_MAX)));
        }
        check_brought_secret(text)?;
        let pepper = &self.peppers.current;
        let secret = HeldSecret { digest: pepper.digest(text.as_bytes()), pepper_id: pepper.id() };
        object.remove(SECRET);
        Ok(Some(secret))
    }

    fn staged_key(&self, id: Uuid, key: &GivenKey) -> (Option<StagedKey>, Option<KeyDigest>) {
        let Some(sha256) = key.sha256() else { return (None, None) };
        let known = self.key_ring.keep(id, &sha256, Nonce::draw(&self.random));
        let seen = match key {
            GivenKey::Clear(key) => Some(StagedSeen {
                digest: self.peppers.current.digest_key(key),
                previous: self.peppers.previous.as_ref().map(|pepper| pepper.digest_key(key)),
                start: key.start(),
                is_ours: is_ours(key),
            }),
            GivenKey::Sha256(_) | GivenKey::Unknown(_) | GivenKey::Seen(_) => None,
        };
        (Some(StagedKey { pepper_id: known.pepper_id, sealed: known.sealed, seen }), Some(known.claim))
    }
}

#[expect(clippy::disallowed_methods, reason = "what it begins with")]
fn is_ours(key: &latchkey_published::keys::PlainKey) -> bool {
    has_our_prefix(key.reveal().as_bytes())
}

/// That there would be more tag keys than each key may be compared with.
pub(super) fn too_many_tag_keys() -> Error {
    let most = limits::TAG_KEYS_MAX;
    Error::field("tag_keys", format!("there would be more than {most}, those in use here included"))
}

/// The entities and the tag keys of a part.
fn members(input: &Object) -> Result<(&[Value], Vec<String>), Error> {
    if let Some(name) = input.keys().find(|name| !["entities", "tag_keys"].contains(&name.as_str())) {
        return Err(Error::field(name, "unknown field"));
    }
    let entities = match input.get("entities") {
        None | Some(Value::Null) => return Err(Error::field("entities", "required field missing")),
        Some(entities) => entities.as_array().ok_or_else(|| Error::field("entities", "expected an array"))?,
    };
    let tag_keys = match input.get("tag_keys") {
        None | Some(Value::Null) => &[][..],
        Some(tag_keys) => tag_keys.as_array().ok_or_else(|| Error::field("tag_keys", "expected an array"))?,
    };
    let tag_key = |value: &Value| value.as_str().and_then(TagKey::from_hex).map(|key| hex(&key.to_bytes()));
    let tag_keys: Option<Vec<String>> = tag_keys.iter().map(tag_key).collect();
    Ok((entities, tag_keys.ok_or_else(|| Error::field("tag_keys", "must be 64 hex digits each"))?))
}

fn kind_and_object(sent: &Value) -> Result<(EntityKind, &Object), Error> {
    let sent = sent.as_object().ok_or_else(|| Error::field("entity", "expected a record"))?;
    if let Some(name) = sent.keys().find(|name| !["kind", "entity"].contains(&name.as_str())) {
        return Err(Error::field(name, "unknown field"));
    }
    let kind = sent.get("kind").and_then(Value::as_str).and_then(EntityKind::parse);
    let Some(kind) = kind.filter(|kind| KINDS.contains(kind)) else {
        let names = KINDS.map(EntityKind::name).join(", ");
        return Err(Error::field("kind", format!("expected one of: {names}")));
    };
    match sent.get("entity") {
        None | Some(Value::Null) => Err(Error::field("entity", "required field missing")),
        Some(entity) => {
            let object = entity.as_object().ok_or_else(|| Error::field("entity", "expected a record"))?;
            Ok((kind, object))
        }
    }
}

fn fault(entity: u32, sent: &Value, error: &Error) -> PartFault {
    let kind = sent.get("kind").and_then(Value::as_str).unwrap_or("entity");
    let object = sent.get("entity").and_then(Value::as_object);
    let name = EntityKind::parse(kind).zip(object).and_then(|(kind, object)| name_of(kind, object));
    let fields = match error {
        Error::Schema(violation) => violation.fields.clone().into_value(),
        Error::InvalidOption { option, sentence } => serde_json::json!({ *option: sentence }),
        _ => Value::Object(Object::new()),
    };
    let (kind, name) = (shortened(kind), name.as_deref().map(shortened));
    PartFault { entity, kind, name, sentence: error.to_string(), fields }
}

/// A name as it is told: what is refused is as long as whoever sent it likes.
fn shortened(text: &str) -> String {
    text.chars().take(NAME_CHARS_MAX).collect()
}

/// Takes the key out of a credential. One that says of which credential it is stays: it is no secret.
fn taken_key(kind: EntityKind, object: &mut Object, tag_keys: &[String]) -> Result<Option<GivenKey>, Error> {
    let field = key_member(kind);
    let text = object.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (true, Some(text)) = (is_credential(kind), text) else { return Ok(None) };
    let key = GivenKey::parse(text).map_err(|sentence| Error::field(field, sentence))?;
    match &key {
        GivenKey::Unknown(_) => return Ok(None),
        GivenKey::Clear(key) => check_clear_key(field, key, tag_keys)?,
        GivenKey::Sha256(_) | GivenKey::Seen(_) => {}
    }
    object.remove(field);
    Ok(Some(key))
}

/// An entity with an id in each reference, so that its schema can judge it.
fn with_stand_ins(kind: EntityKind, object: &Object) -> Object {
    let mut whole = object.clone();
    for (field, _, need) in facts::needs(kind, object) {
        if let Some(need) = need {
            whole.insert(field.to_owned(), serde_json::json!({"id": need.stand_in()}));
        }
    }
    whole
}

/// Whether an entity is known by something of its own.
fn is_named(kind: EntityKind, valid: &Object) -> bool {
    match kind {
        EntityKind::Services | EntityKind::Routes => valid.get("name").is_some_and(Value::is_string),
        _ => true,
    }
}

impl Received {
    fn add(&mut self, kind: EntityKind, staged: &Staged, claim: Option<&KeyDigest>) {
        self.entities += 1;
        self.facts.extend(facts::of_entity(kind, staged, claim));
        let bytes = serde_json::to_vec(staged).expect("entities have string keys only");
        let at = self.chunks.iter().position(|(of, _)| *of == kind);
        let at = at.unwrap_or_else(|| {
            self.chunks.push((kind, Vec::new()));
            self.chunks.len() - 1
        });
        let chunks = &mut self.chunks[at].1;
        match chunks.last_mut().filter(|chunk| chunk.len() + bytes.len() < CHUNK_BYTES_MAX) {
            Some(chunk) => chunk.push(b','),
            None => chunks.push(vec![b'[']),
        }
        chunks.last_mut().expect("one was pushed just now").extend(bytes);
    }

    /// The records of the part, but for its own; `None`: there is none.
    fn writes(self, id: Uuid, part: u32, record: &PartRecord) -> Vec<(RecordKey, Option<Vec<u8>>)> {
        let mut writes = Vec::new();
        for (kind, chunks) in self.chunks {
            for (at, mut chunk) in chunks.into_iter().enumerate() {
                chunk.push(b']');
                writes.push((places::chunk(id, part, record.upload, kind, at as u32), Some(chunk)));
            }
        }
        for bucket in 0..facts::BUCKETS {
            let facts: Vec<Fact> =
                self.facts.iter().copied().filter(|fact| fact.bucket() == bucket).collect();
            let value = (!facts.is_empty()).then(|| facts::encode(&facts));
            writes.push((places::facts(id, part, bucket), value));
        }
        writes
    }
}

/// Writes in groups that fit one commit each; at least one.
fn grouped(writes: Vec<(RecordKey, Option<Vec<u8>>)>) -> Vec<Vec<(RecordKey, Option<Vec<u8>>)>> {
    let mut groups = vec![Vec::new()];
    let mut bytes = 0;
    for write in writes {
        let size = write.1.as_ref().map_or(0, Vec::len);
        let group = groups.last_mut().expect("there is always one");
        if group.len() == GROUP_RECORDS_MAX || bytes + size > GROUP_BYTES_MAX {
            groups.push(vec![write]);
            bytes = size;
        } else {
            group.push(write);
            bytes += size;
        }
    }
    groups
}
