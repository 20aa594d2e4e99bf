//! A transaction in terms of entities: loads and saves them with their indexes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use litemap::LiteMap;
use serde_json::Value;
use uuid::Uuid;

use super::error::Error;
use super::records;
use crate::audit::{Actor, Did, Line, Trail};
use crate::schema::{EntityKind, FieldKind, Object, plugin};
use crate::transaction::Transaction;
use latchkey_published::grant::Grant;
use latchkey_published::keys::KeyDigest;
use latchkey_published::limits;
use latchkey_published::snapshot::{ConfigKind, PieceId, WorkspaceSettings};
use latchkey_published::token::TokenId;
use latchkey_store::feed::decode;
use latchkey_store::{Commit, RecordKey, Store, StoreError};

/// Member of a stored entity that is being deleted over several commits.
pub(super) const DELETING: &str = "_deleting";
/// Records read at once by a scan.
const SCAN_PAGE: usize = 200;

/// An entity in the order of the kinds that are counted, and of ids; `None`: before the first of its kind.
pub(super) type Position = (usize, Option<Uuid>);

/// A transaction in terms of entities.
pub(super) struct EntityTransaction<'s, S> {
    pub(super) transaction: Transaction<'s, S>,
    /// What the audit will say of this change; `None`: only reads.
    trail: Option<Trail>,
    /// Whether an earlier attempt may have written its record.
    may_be_recorded: bool,
    /// What it changes of the counters, and whether all is known to be counted.
    pub(super) tally: BTreeMap<RecordKey, Vec<(Position, i64)>>,
    all_counted: Option<&'s AtomicBool>,
    /// The time this change is made at, in milliseconds since the Unix epoch.
    pub(super) now_ms: u64,
}

/// Some entities of a list.
pub(super) struct Children {
    pub(super) objects: Vec<Object>,
    /// Whether there are more.
    pub(super) more: bool,
}

impl<'s, S: Store> EntityTransaction<'s, S> {
    /// One that only reads.
    pub(super) fn new(store: &'s S, now_ms: u64) -> Self {
        let transaction = Transaction::new(store);
        let (tally, all_counted) = (BTreeMap::new(), None);
        EntityTransaction { transaction, trail: None, may_be_recorded: false, tally, all_counted, now_ms }
    }

    /// An attempt of the change that `trail` tells of; whether an earlier one may have written its record.
    pub(super) fn changing(
        store: &'s S,
        trail: Trail,
        may_be_recorded: bool,
        all_counted: &'s AtomicBool,
    ) -> Self {
        let now_ms = trail.at_ms();
        EntityTransaction {
            transaction: Transaction::new(store),
            trail: Some(trail),
            may_be_recorded,
            tally: BTreeMap::new(),
            all_counted: Some(all_counted),
            now_ms,
        }
    }

    /// Commits, with the audit's record of it and the counters.
    pub(super) async fn commit(mut self) -> Result<Commit, StoreError> {
        self.stage_record().await?;
        let counted = self.all_counted.is_some_and(|counted| counted.load(Ordering::Relaxed));
        let is_all_counted = self.stage_counts(counted).await?;
        let outcome = self.transaction.commit(self.now_ms).await?;
        if let Some(counted) = self.all_counted.filter(|_| is_all_counted && outcome == Commit::Committed) {
            counted.store(true, Ordering::Relaxed);
        }
        Ok(outcome)
    }

    async fn stage_record(&mut self) -> Result<(), StoreError> {
        let Some(trail) = self.trail.take() else {
            return Err(StoreError::Failed("what only reads cannot be committed".to_owned()));
        };
        let key = trail.key();
        // Only a repeated attempt can find one; it is no other change's.
        let earlier = match self.may_be_recorded {
            true => self.transaction.read_json(&key).await?,
            false => None,
        };
        if let Some(record) = trail.into_record(earlier) {
            self.transaction.put(key, to_json(&record));
        }
        Ok(())
    }

    /// Adds a line to the audit's record: for what is no entity of a schema.
    pub(super) fn note(&mut self, line: Line) {
        if let Some(trail) = &mut self.trail {
            trail.add(line);
        }
    }

    /// Whether an earlier attempt of this change may have been applied.
    pub(super) fn may_be_applied(&self) -> bool {
        self.may_be_recorded
    }

    /// Whether an earlier attempt of this change was applied: the audit's record of it is there. Of changes that
    /// the audit tells of.
    pub(super) async fn was_applied(&mut self) -> Result<bool, Error> {
        let key = self.trail.as_ref().filter(|_| self.may_be_recorded).map(Trail::key);
        match key {
            Some(key) => self.is_there(&key).await,
            None => Ok(false),
        }
    }

    /// Who makes this change.
    pub(super) fn actor(&self) -> Actor {
        self.trail.as_ref().map_or_else(Actor::program, |trail| trail.actor().clone())
    }

    /// This is a further part of a change that `actor` has begun.
    pub(super) fn go_on_for(&mut self, actor: Actor) {
        if let Some(trail) = &mut self.trail {
            trail.go_on_for(actor);
        }
    }

    /// Reads records that will be asked for, several at the same time.
    pub(super) async fn read_ahead(&mut self, keys: Vec<RecordKey>) -> Result<(), Error> {
        Ok(self.transaction.read_ahead(keys).await?)
    }

    /// Records this will touch, about: with the audit's.
    pub(super) fn size(&self) -> usize {
        self.transaction.size() + self.tally.len() + 1
    }

    /// An entity; `None` also while it is being deleted.
    pub(super) async fn load(&mut self, kind: EntityKind, id: Uuid) -> Result<Option<Object>, Error> {
        let object = self.load_marked(kind, id).await?;
        Ok(object.filter(|object| !object.contains_key(DELETING)))
    }

    /// An entity, also while it is being deleted.
    pub(super) async fn load_marked(&mut self, kind: EntityKind, id: Uuid) -> Result<Option<Object>, Error> {
        self.read_json(&records::entity(kind, id)).await
    }

    /// Id of the entity with a unique value.
    pub(super) async fn find(
        &mut self,
        kind: EntityKind,
        field: &str,
        value: &str,
    ) -> Result<Option<Uuid>, Error> {
        self.read_json(&records::unique(kind, field, value)).await
    }

    /// The same for what was read ahead, without counting it as read.
    pub(super) fn find_ahead(
        &self,
        kind: EntityKind,
        field: &str,
        value: &str,
    ) -> Result<Option<Uuid>, Error> {
        self.peek_json(&records::unique(kind, field, value))
    }

    /// What a record says that was read ahead, without counting it as read.
    pub(super) fn peek_json<T: for<'de> serde::Deserialize<'de>>(
        &self,
        key: &RecordKey,
    ) -> Result<Option<T>, Error> {
        Ok(self.transaction.peek(key).map(decode).transpose()?)
    }

    /// Writes an entity, its indexes and its copies under what it refers to.
    pub(super) async fn save(
        &mut self,
        kind: EntityKind,
        old: Option<&Object>,
        new: &Object,
    ) -> Result<(), Error> {
        let line = Line::of_change(kind.name(), id_of(new)?, old, new);
        self.save_as(line, kind, old, new).await
    }

    /// The same, where the audit is to say something else of it.
    pub(super) async fn save_as(
        &mut self,
        line: Line,
        kind: EntityKind,
        old: Option<&Object>,
        new: &Object,
    ) -> Result<(), Error> {
        let id = id_of(new)?;
        let bytes = to_json(new);
        if bytes.len() > limits::ENTITY_BYTES_MAX {
            let sentence = format!("must not exceed {} bytes", limits::ENTITY_BYTES_MAX);
            return Err(Error::Schema(crate::schema::Violation::of_entity(sentence)));
        }
        self.index_unique(kind, id, old, new).await?;
        self.index_references(kind, id, old, new, &bytes).await?;
        self.index_tags(kind, id, old, Some(new));
        self.index_waiting(kind, id, old, Some((new, &bytes)));
        self.index_clients(kind, id, old, Some((new, &bytes)));
        self.tally(kind, id, old, Some(new));
        self.put(records::entity(kind, id), bytes);
        if let Some(config_kind) = config_kind(kind) {
            self.transaction.publish_config(config_kind, id, Some(published(kind, new)));
        }
        self.note(line);
        Ok(())
    }

    /// Removes an entity, its indexes and its copies. Its children must be gone.
    pub(super) fn remove(&mut self, kind: EntityKind, object: &Object) -> Result<(), Error> {
        let id = id_of(object)?;
        for (name, value) in unique_values(kind, object) {
            self.delete(records::unique(kind, &name, &value));
        }
        for (parent, parent_id) in parents(kind, object) {
            self.delete(records::child(parent, parent_id, kind, id));
            self.touch_guard(parent, parent_id);
        }
        self.index_tags(kind, id, Some(object), None);
        self.index_waiting(kind, id, Some(object), None);
        self.index_clients(kind, id, Some(object), None);
        self.tally(kind, id, Some(object), None);
        self.delete(records::guard(kind, id));
        self.delete(records::entity(kind, id));
        self.note(Line::new(kind.name(), Some(id), Did::Deleted));
        if let Some(config_kind) = config_kind(kind) {
            self.transaction.publish_config(config_kind, id, None);
        }
        Ok(())
    }

    /// Hides an entity until [`EntityTransaction::remove`]: it can neither be read, changed nor referred to.
    pub(super) fn mark_deleting(&mut self, kind: EntityKind, object: &Object) -> Result<(), Error> {
        let id = id_of(object)?;
        let mut marked = object.clone();
        marked.insert(DELETING.to_owned(), true.into());
        let bytes = to_json(&marked);
        for (parent, parent_id) in parents(kind, object) {
            self.put(records::child(parent, parent_id, kind, id), bytes.clone());
            self.touch_guard(parent, parent_id);
        }
        self.index_clients(kind, id, Some(object), None);
        self.put(records::entity(kind, id), bytes);
        self.index_waiting(kind, id, Some(object), None);
        self.tally(kind, id, Some(object), None);
        self.note(Line::new(kind.name(), Some(id), Did::Deleting));
        if let Some(config_kind) = config_kind(kind) {
            self.transaction.publish_config(config_kind, id, None);
        }
        Ok(())
    }

    /// Up to `limit` entities of a kind after the one with the id `after`, in order of their ids, as they
    /// are stored; unchecked.
    pub(super) async fn entities_page(
        &mut self,
        kind: EntityKind,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Children, Error> {
        let after = after.map(|id| id.to_string());
        let partition = records::entity_partition(kind);
        let page = self.transaction.scan(&partition, "", after.as_deref(), limit).await?;
        let objects =
            page.records.iter().map(|(_, record)| decode(&record.value)).collect::<Result<_, _>>()?;
        Ok(Children { objects, more: page.more })
    }

    /// All children of a kind, as this transaction leaves them; checked through the guard.
    pub(super) async fn children(
        &mut self,
        parent: EntityKind,
        parent_id: Uuid,
        kind: EntityKind,
    ) -> Result<Vec<Object>, Error> {
        Ok(self.children_page(parent, parent_id, kind, None, usize::MAX).await?.objects)
    }

    /// Up to `limit` children of a kind after the one with the id `after`, in order of their ids,
    /// as this transaction leaves them; checked through the guard.
    pub(super) async fn children_page(
        &mut self,
        parent: EntityKind,
        parent_id: Uuid,
        kind: EntityKind,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Children, Error> {
        self.transaction.get(&records::guard(parent, parent_id)).await?;
        let partition = records::child_partition(parent, parent_id);
        let prefix = records::child_prefix(kind);
        let mut after = after.map(|id| format!("{prefix}{id}"));
        let written = self.transaction.written(&partition, &prefix);
        let own: Vec<(String, Option<Vec<u8>>)> = written
            .filter(|(sort, _)| after.as_deref().is_none_or(|after| *sort > after))
            .map(|(sort, value)| (sort.to_owned(), value.map(<[u8]>::to_vec)))
            .collect();
        let mut own = own.into_iter().peekable();
        let mut objects = Vec::new();
        loop {
            let page = self.transaction.scan(&partition, &prefix, after.as_deref(), SCAN_PAGE).await?;
            for (sort, record) in page.records {
                while let Some((_, written)) = own.next_if(|(own, _)| *own < sort) {
                    objects.extend(written);
                }
                match own.next_if(|(own, _)| *own == sort) {
                    Some((_, written)) => objects.extend(written),
                    None => objects.push(record.value),
                }
                after = Some(sort);
            }
            if !page.more || objects.len() > limit {
                if !page.more {
                    objects.extend(own.filter_map(|(_, written)| written));
                }
                break;
            }
        }
        let more = objects.len() > limit;
        objects.truncate(limit);
        let objects = objects.iter().map(|bytes| decode(bytes)).collect::<Result<_, _>>()?;
        Ok(Children { objects, more })
    }

    /// Tells whoever relies on what the children are that they have changed.
    pub(super) fn touch_guard(&mut self, parent: EntityKind, parent_id: Uuid) {
        self.put(records::guard(parent, parent_id), Vec::new());
    }

    pub(super) fn publish_grant(&mut self, digest: KeyDigest, grant: Option<Grant>) {
        self.transaction.publish_grant(digest, grant);
    }

    /// Publishes the access tokens that are refused, of one piece.
    pub(super) fn publish_denied(&mut self, piece: PieceId, denied: LiteMap<TokenId, u64>) {
        self.transaction.publish_denied(piece, denied);
    }

    /// Says that no credential had a key at this digest, and so no grant was there.
    pub(super) fn note_made(&mut self, digest: KeyDigest) {
        self.transaction.note_made(digest);
    }

    pub(super) fn publish_consumer(&mut self, id: Uuid, consumer: Option<Value>) {
        self.transaction.publish_config(ConfigKind::Consumers, id, consumer);
    }

    pub(super) async fn settings(&mut self) -> Result<WorkspaceSettings, Error> {
        Ok(self.transaction.settings().await?)
    }

    /// Whether a newer program has published what is there, and nothing more may be.
    pub(super) async fn is_published_by_newer(&mut self) -> Result<bool, Error> {
        Ok(self.transaction.is_published_by_newer().await?)
    }

    pub(super) fn publish_settings(&mut self, settings: WorkspaceSettings) {
        self.transaction.publish_settings(settings);
    }

    pub(super) async fn read_json<T: for<'de> serde::Deserialize<'de>>(
        &mut self,
        key: &RecordKey,
    ) -> Result<Option<T>, Error> {
        Ok(self.transaction.read_json(key).await?)
    }

    /// What a record says, whatever that is.
    pub(super) async fn bytes(&mut self, key: &RecordKey) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.transaction.get(key).await?)
    }

    pub(super) async fn is_there(&mut self, key: &RecordKey) -> Result<bool, Error> {
        Ok(self.transaction.get(key).await?.is_some())
    }

    pub(super) fn put_json(&mut self, key: RecordKey, value: &impl serde::Serialize) {
        self.put(key, to_json(value));
    }

    pub(super) fn put(&mut self, key: RecordKey, value: Vec<u8>) {
        self.transaction.put(key, value);
    }

    pub(super) fn delete(&mut self, key: RecordKey) {
        self.transaction.delete(key);
    }

    async fn index_unique(
        &mut self,
        kind: EntityKind,
        id: Uuid,
        old: Option<&Object>,
        new: &Object,
    ) -> Result<(), Error> {
        let before = old.map(|old| unique_values(kind, old)).unwrap_or_default();
        let after = unique_values(kind, new);
        for entry in before.iter().filter(|entry| !after.contains(entry)) {
            self.delete(records::unique(kind, &entry.0, &entry.1));
        }
        for (name, value) in after.iter().filter(|entry| !before.contains(entry)) {
            let key = records::unique(kind, name, value);
            let holder: Option<Uuid> = self.read_json(&key).await?;
            if holder.is_some_and(|holder| holder != id) {
                return Err(not_unique(kind, name, new));
            }
            self.put_json(key, &id);
        }
        Ok(())
    }

    async fn index_references(
        &mut self,
        kind: EntityKind,
        id: Uuid,
        old: Option<&Object>,
        new: &Object,
        bytes: &[u8],
    ) -> Result<(), Error> {
        for field in kind.schema().fields {
            let after = owned(kind, field.name, new);
            let no_such =
                |kind, id: Uuid| Error::NoSuchReference { field: field.name, kind, id: id.to_string() };
            let parent = match (field.kind, after) {
                (FieldKind::Foreign(parent, _), _) => parent,
                (FieldKind::Absent(kind), Some(parent_id)) => return Err(no_such(kind, parent_id)),
                _ => continue,
            };
            let before = old.and_then(|old| owned(kind, field.name, old));
            if let Some(parent_id) = before.filter(|_| before != after) {
                self.delete(records::child(parent, parent_id, kind, id));
                self.touch_guard(parent, parent_id);
            }
            let Some(parent_id) = after else { continue };
            if before != after && self.load(parent, parent_id).await?.is_none() {
                return Err(no_such(parent.name(), parent_id));
            }
            self.put(records::child(parent, parent_id, kind, id), bytes.to_vec());
            self.touch_guard(parent, parent_id);
        }
        Ok(())
    }
}

/// Names and values under which an entity is found, and no other may be.
pub(super) fn unique_values(kind: EntityKind, object: &Object) -> Vec<(String, String)> {
    let schema = kind.schema();
    let single = schema.fields.iter().filter(|field| field.unique).filter_map(|field| {
        let value = object.get(field.name)?.as_str()?;
        Some((field.name.to_owned(), value.to_owned()))
    });
    let mut values: Vec<(String, String)> = single.collect();
    if !schema.unique_together.is_empty() {
        let parts = schema.unique_together.iter().map(|name| match object.get(*name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Object(_)) => reference(object, name).map(|id| id.to_string()).unwrap_or_default(),
            _ => String::new(),
        });
        values.push(("@together".to_owned(), parts.collect::<Vec<_>>().join(":")));
    }
    values
}

fn not_unique(kind: EntityKind, name: &str, object: &Object) -> Error {
    let names: &[&str] = if name == "@together" { kind.schema().unique_together } else { &[name] };
    let member = |name: &&str| ((*name).to_owned(), object.get(*name).cloned().unwrap_or_default());
    Error::NotUnique(names.iter().map(member).collect())
}

fn config_kind(kind: EntityKind) -> Option<ConfigKind> {
    match kind {
        EntityKind::Services => Some(ConfigKind::Services),
        EntityKind::Routes => Some(ConfigKind::Routes),
        EntityKind::Plugins => Some(ConfigKind::Plugins),
        // Published only while a plugin names it as its anonymous one.
        EntityKind::Consumers => None,
        EntityKind::KeyauthCredentials
        | EntityKind::Developers
        | EntityKind::Applications
        | EntityKind::ApplicationInstances
        | EntityKind::Oauth2Credentials => None,
    }
}

/// An entity as the gateway gets it: null where there is a default is the default, which programs
/// before the first format want to see.
pub(super) fn published(kind: EntityKind, object: &Object) -> Value {
    let mut published = public(object);
    for field in kind.schema().fields {
        if let Some(value) = published.get_mut(field.name).filter(|value| value.is_null()) {
            *value = field.default.value();
        }
    }
    if kind == EntityKind::Plugins {
        leave_out_late_settings(&mut published);
    }
    Value::Object(published)
}

/// Settings of a plugin that programs of before do not know, and that say nothing.
fn leave_out_late_settings(published: &mut Object) {
    let Some(schema) = published.get("name").and_then(Value::as_str).and_then(plugin) else { return };
    let Some(Value::Object(config)) = published.get_mut("config") else { return };
    for field in schema.config.iter().filter(|field| field.published_late) {
        if config.get(field.name) == Some(&field.default.value()) {
            config.remove(field.name);
        }
    }
}

/// An entity without what only the registry knows of it.
pub(super) fn public(object: &Object) -> Object {
    object.iter().filter(|(name, _)| !name.starts_with('_')).map(|(n, v)| (n.clone(), v.clone())).collect()
}

/// Id of a stored entity.
pub(super) fn id_of(object: &Object) -> Result<Uuid, Error> {
    let id = object.get("id").and_then(Value::as_str).and_then(|id| Uuid::try_parse(id).ok());
    id.ok_or_else(|| Error::Store(StoreError::Failed("stored entity without id".to_owned())))
}

/// The entities that one refers to, and lies below.
pub(super) fn parents(kind: EntityKind, object: &Object) -> Vec<(EntityKind, Uuid)> {
    let references = kind.schema().references();
    references.filter_map(|(field, parent)| Some((parent, owned(kind, field.name, object)?))).collect()
}

/// Id of the stored entity that a field refers to. The consumer of an application, which its credentials show,
/// is none.
fn owned(kind: EntityKind, field: &str, object: &Object) -> Option<Uuid> {
    let is_applications = kind == EntityKind::Oauth2Credentials
        && field == "consumer"
        && reference(object, "application").is_some();
    reference(object, field).filter(|_| !is_applications)
}

/// Id of the entity that a field refers to.
pub(super) fn reference(object: &Object, field: &str) -> Option<Uuid> {
    Uuid::try_parse(object.get(field)?.get("id")?.as_str()?).ok()
}

fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("records have string keys only")
}
