//! Reads what was received, a record at a time, in the order in which it is written.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::facts::{BUCKETS, FieldCode};
use super::staged::Staged;
use super::state::Position;
use super::{KINDS, places};
use crate::ports::{Clock, Random};
use crate::registry::{Error, Registry};
use crate::schema::EntityKind;
use latchkey_store::feed::decode;
use latchkey_store::{RecordKey, Store, StoreError, Versioned};

/// Records read at the same time.
const READ_AT_ONCE: usize = 32;

/// What is known of a part that was received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartRecord {
    /// Which time it was sent.
    pub(super) upload: Uuid,
    /// How many entities it has.
    pub(super) entities: u32,
    /// How many records there are of the entities of each kind, by its name.
    pub(super) chunks: BTreeMap<String, u32>,
}

impl PartRecord {
    fn chunks_of(&self, kind: EntityKind) -> u32 {
        self.chunks.get(kind.name()).copied().unwrap_or_default()
    }

    /// Where its entities are.
    pub(super) fn chunk_keys(&self, import: Uuid, part: u32) -> Vec<RecordKey> {
        let of_kind = |kind: EntityKind| {
            (0..self.chunks_of(kind)).map(move |chunk| places::chunk(import, part, self.upload, kind, chunk))
        };
        KINDS.into_iter().flat_map(of_kind).collect()
    }
}

/// References of the entities of a part that no part provides, as they are stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Unresolved {
    /// The run that found them.
    pub(super) run: u32,
    /// Place of the entity, and what field of another it refers by.
    pub(super) needs: Vec<(u32, u8)>,
}

/// References that no part provides, by entity and field.
pub(super) type Unprovided = HashSet<(u32, FieldCode)>;

/// Some entities of one kind, from a position on.
pub(super) struct Batch {
    pub(super) kind: EntityKind,
    pub(super) position: Position,
    pub(super) entities: Vec<Staged>,
}

/// What was read last, for the next steps.
#[derive(Default)]
pub(super) struct Reader {
    part: Option<(u32, Option<PartRecord>)>,
    /// A record, by the position of its first entity.
    chunk: Option<(Position, Vec<Staged>)>,
    unprovided: Option<(u32, Unprovided)>,
}

impl Reader {
    /// Up to `limit` entities of one record at a position, or at the first after it where there are any;
    /// `None`: it was the end.
    pub(super) async fn entities_at(
        &mut self,
        store: &impl Store,
        import: Uuid,
        parts: u32,
        from: Position,
        limit: usize,
    ) -> Result<Option<Batch>, Error> {
        let mut at = from;
        while let Some(kind) = KINDS.get(usize::from(at.kind)).copied() {
            if at.part >= parts {
                at = Position { kind: at.kind + 1, ..Position::START };
                continue;
            }
            let Some(part) = self.part(store, import, at.part).await? else {
                return Err(Error::conflict("a part of this import is being sent anew: begin again"));
            };
            if at.chunk >= part.chunks_of(kind) {
                at = Position { kind: at.kind, part: at.part + 1, ..Position::START };
                continue;
            }
            let key = places::chunk(import, at.part, part.upload, kind, at.chunk);
            let all = self.chunk(store, key, Position { entity: 0, ..at }).await?;
            let left = all.get(at.entity as usize..).unwrap_or_default();
            if left.is_empty() {
                at = Position { chunk: at.chunk + 1, entity: 0, ..at };
                continue;
            }
            let entities = left.iter().take(limit).cloned().collect();
            return Ok(Some(Batch { kind, position: at, entities }));
        }
        Ok(None)
    }

    async fn part(
        &mut self,
        store: &impl Store,
        import: Uuid,
        part: u32,
    ) -> Result<Option<PartRecord>, Error> {
        if let Some((_, record)) = self.part.as_ref().filter(|(read, _)| *read == part) {
            return Ok(record.clone());
        }
        let record = match store.get(&places::part(import, part)).await? {
            Some(record) => Some(decode(&record.value)?),
            None => None,
        };
        self.part = Some((part, record.clone()));
        Ok(record)
    }

    async fn chunk(&mut self, store: &impl Store, key: RecordKey, at: Position) -> Result<&[Staged], Error> {
        if self.chunk.as_ref().is_none_or(|(read, _)| *read != at) {
            let record = store.get(&key).await?;
            let missing = || StoreError::Failed("a record of an import is missing".to_owned());
            self.chunk = Some((at, decode(&record.ok_or_else(missing)?.value)?));
        }
        Ok(self.chunk.as_ref().map(|(_, entities)| entities.as_slice()).unwrap_or_default())
    }

    /// References of a part that no part provides.
    pub(super) async fn unprovided(
        &mut self,
        store: &impl Store,
        import: Uuid,
        part: u32,
        run: u32,
    ) -> Result<&Unprovided, Error> {
        if self.unprovided.as_ref().is_none_or(|(read, _)| *read != part) {
            let keys: Vec<_> = (0..BUCKETS).map(|bucket| places::unresolved(import, part, bucket)).collect();
            let mut found = Unprovided::new();
            for record in get_all(store, &keys).await?.into_iter().flatten() {
                let unresolved: Unresolved = decode(&record.value)?;
                if unresolved.run == run {
                    found
                        .extend(unresolved.needs.into_iter().map(|(entity, code)| (entity, FieldCode(code))));
                }
            }
            self.unprovided = Some((part, found));
        }
        Ok(&self.unprovided.get_or_insert_with(|| (part, Unprovided::new())).1)
    }
}

/// Several records, read at the same time.
pub(super) async fn get_all(
    store: &impl Store,
    keys: &[RecordKey],
) -> Result<Vec<Option<Versioned>>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    for some in keys.chunks(READ_AT_ONCE) {
        found.extend(try_join_all(some.iter().map(|key| store.get(key))).await?);
    }
    Ok(found)
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// What is known of the first parts of an import.
    pub(super) async fn read_parts(
        &self,
        import: Uuid,
        parts: u32,
    ) -> Result<Vec<Option<PartRecord>>, Error> {
        let keys: Vec<_> = (0..parts).map(|part| places::part(import, part)).collect();
        let mut records = Vec::with_capacity(keys.len());
        for record in get_all(&self.store, &keys).await? {
            records.push(record.map(|record| decode(&record.value)).transpose()?);
        }
        Ok(records)
    }

    /// An entity of a part, for what is said of it.
    pub(super) async fn find_received(
        &self,
        import: Uuid,
        part: u32,
        entity: u32,
    ) -> Result<Option<(EntityKind, Staged)>, Error> {
        let mut reader = Reader::default();
        for kind in 0..KINDS.len() as u8 {
            let mut from = Position { kind, part, chunk: 0, entity: 0 };
            while let Some(found) =
                reader.entities_at(&self.store, import, part + 1, from, usize::MAX).await?
            {
                if (found.position.kind, found.position.part) != (kind, part) {
                    break;
                }
                if let Some(staged) = found.entities.iter().find(|staged| staged.entity == entity) {
                    return Ok(Some((found.kind, staged.clone())));
                }
                from = Position { chunk: found.position.chunk + 1, entity: 0, ..found.position };
            }
        }
        Ok(None)
    }
}
