//! Read, decide, write as one: optimistic transactions over the store, with what the data plane
//! must know published in the same commit.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use litemap::LiteMap;
use serde_json::Value;
use uuid::Uuid;

use crate::whole_store::{Doing, Kept, Run, is_taken, run_key};
use latchkey_published::feed::{Change, Epoch, Format, Head, PieceRecord};
use latchkey_published::grant::Grant;
use latchkey_published::keys::KeyDigest;
use latchkey_published::limits;
use latchkey_published::snapshot::{ConfigKind, Piece, PieceId, WorkspaceSettings};
use latchkey_published::token::TokenId;
use latchkey_store::feed::{decode, unreadable};
use latchkey_store::replica::Progress;
use latchkey_store::{Batch, Check, Commit, Page, RecordKey, Store, StoreError, Version, Versioned, Write};

/// How long a change stays in the feed, in milliseconds. It must exceed the replica horizon by far;
/// an instance that slept longer starts over.
pub const CHANGE_KEPT_MS: u64 = 600_000;
/// Records read at the same time.
const READ_AT_ONCE: usize = 32;
/// Old changes removed by each new one: two, so that the feed shrinks.
const CHANGES_DROPPED_AT_ONCE: u64 = 2;
/// Images saved in one commit: each is a write and the check of its record, beside the check of the run.
const IMAGES_AT_ONCE: usize = (limits::BATCH_RECORDS_MAX - 1) / 2;
/// The same in bytes, at most one image more: a commit of DynamoDB takes 4 MB.
const IMAGE_BYTES_AT_ONCE: usize = 3 << 20;

/// A transaction: every record read is checked at the commit, so that it is decided on a state
/// that still holds when it is written.
///
/// What scans return is not checked. Whoever relies on the *absence* of children reads a guard
/// record that everyone who adds a child writes.
pub struct Transaction<'s, S> {
    store: &'s S,
    reads: BTreeMap<RecordKey, Option<Version>>,
    /// How many of these are not written.
    read_only: usize,
    read_values: BTreeMap<RecordKey, Option<Vec<u8>>>,
    /// Read at the same time as others, and not asked for yet: not checked at the commit.
    read_ahead: BTreeMap<RecordKey, Option<Versioned>>,
    writes: BTreeMap<RecordKey, Option<Vec<u8>>>,
    grants: BTreeMap<KeyDigest, Option<Grant>>,
    made: BTreeSet<KeyDigest>,
    config: BTreeMap<(PieceId, ConfigKind, Uuid), Option<Value>>,
    denied: BTreeMap<PieceId, LiteMap<TokenId, u64>>,
    settings: Option<WorkspaceSettings>,
}

impl<'s, S: Store> Transaction<'s, S> {
    /// An empty transaction.
    pub fn new(store: &'s S) -> Self {
        Transaction {
            store,
            reads: BTreeMap::new(),
            read_only: 0,
            read_values: BTreeMap::new(),
            read_ahead: BTreeMap::new(),
            writes: BTreeMap::new(),
            grants: BTreeMap::new(),
            made: BTreeSet::new(),
            config: BTreeMap::new(),
            denied: BTreeMap::new(),
            settings: None,
        }
    }

    /// The value as this transaction sees it: its own write, or what the store had at first read.
    pub async fn get(&mut self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(written) = self.writes.get(key) {
            return Ok(written.clone());
        }
        if let Some(read) = self.read_values.get(key) {
            return Ok(read.clone());
        }
        let found = match self.read_ahead.remove(key) {
            Some(found) => found,
            None => self.store.get(key).await?,
        };
        self.reads.insert(key.clone(), found.as_ref().map(|record| record.version));
        self.read_only += 1;
        let value = found.map(|record| record.value);
        self.read_values.insert(key.clone(), value.clone());
        Ok(value)
    }

    /// Reads records that will be asked for, several at the same time: where a read takes its time, all of
    /// them take little more than one. Only what is then asked for counts as read.
    pub async fn read_ahead(&mut self, keys: Vec<RecordKey>) -> Result<(), StoreError> {
        let is_new = |key: &RecordKey| !self.reads.contains_key(key) && !self.writes.contains_key(key);
        let keys: Vec<RecordKey> = keys.into_iter().filter(is_new).collect();
        for some in keys.chunks(READ_AT_ONCE) {
            let found = try_join_all(some.iter().map(|key| self.store.get(key))).await?;
            self.read_ahead.extend(some.iter().cloned().zip(found));
        }
        Ok(())
    }

    /// A value that was read, or read ahead, and is there.
    pub fn peek(&self, key: &RecordKey) -> Option<&[u8]> {
        match self.read_ahead.get(key) {
            Some(ahead) => ahead.as_ref().map(|record| record.value.as_slice()),
            None => self.read_values.get(key)?.as_deref(),
        }
    }

    /// Reads a page, past this transaction's own writes and unchecked.
    pub async fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.store.scan(partition, prefix, after, limit).await
    }

    /// Writes a record at the commit.
    pub fn put(&mut self, key: RecordKey, value: Vec<u8>) {
        self.write(key, Some(value));
    }

    /// Removes a record at the commit.
    pub fn delete(&mut self, key: RecordKey) {
        self.write(key, None);
    }

    fn write(&mut self, key: RecordKey, value: Option<Vec<u8>>) {
        let is_first = !self.writes.contains_key(&key);
        self.read_only -= usize::from(is_first && self.reads.contains_key(&key));
        self.writes.insert(key, value);
    }

    /// Publishes what a key is good for from now on; `None`: it is unknown.
    /// [`Grant::epoch`] is filled in at the commit.
    pub fn publish_grant(&mut self, digest: KeyDigest, grant: Option<Grant>) {
        self.grants.insert(digest, grant);
    }

    /// Says that there is no grant at a digest before this transaction ([`Change::made`]). To be said
    /// only by whoever has read a record that is there whenever a grant is, and before anything is
    /// published at the digest.
    pub fn note_made(&mut self, digest: KeyDigest) {
        // What this transaction has taken away already was there before it.
        if !self.grants.contains_key(&digest) {
            self.made.insert(digest);
        }
    }

    /// Publishes an entity of the configuration; `None`: it is gone.
    pub fn publish_config(&mut self, kind: ConfigKind, id: Uuid, entity: Option<Value>) {
        self.config.insert((PieceId::of(id), kind, id), entity);
    }

    /// Publishes the access tokens that are refused although they are good, all of one piece, with their ends.
    pub fn publish_denied(&mut self, piece: PieceId, denied: LiteMap<TokenId, u64>) {
        self.denied.insert(piece, denied);
    }

    /// The published settings of the workspace.
    pub async fn settings(&mut self) -> Result<WorkspaceSettings, StoreError> {
        if let Some(settings) = &self.settings {
            return Ok(settings.clone());
        }
        Ok(self.read_piece(PieceId::SETTINGS).await?.settings.unwrap_or_default())
    }

    /// Publishes the settings of the workspace.
    pub fn publish_settings(&mut self, settings: WorkspaceSettings) {
        self.settings = Some(settings);
    }

    /// What this transaction writes to the records of `partition` whose sort key starts with
    /// `prefix`, in order; `None`: removes.
    pub fn written(&self, partition: &str, prefix: &str) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        self.writes
            .range(RecordKey::new(partition, prefix)..)
            .take_while(move |(key, _)| key.partition == partition && key.sort.starts_with(prefix))
            .map(|(key, value)| (key.sort.as_str(), value.as_deref()))
    }

    /// Records this transaction will touch, at most: for callers that fill one up.
    pub fn size(&self) -> usize {
        // The record of what goes on with the whole store is read at the commit.
        self.records() + usize::from(!self.reads.contains_key(&run_key()))
    }

    fn records(&self) -> usize {
        let mut pieces: Vec<PieceId> = self.config.keys().map(|(piece, ..)| *piece).collect();
        pieces.dedup();
        let pieces = pieces.len() + self.denied.len() + usize::from(self.settings.is_some());
        let published = self.grants.len() + pieces;
        // Besides: the head, the change, and the old changes that go.
        let feed = if published == 0 { 0 } else { 2 + CHANGES_DROPPED_AT_ONCE as usize + 1 };
        self.read_only + self.writes.len() + published + feed
    }

    /// Applies everything, or nothing when a record that was read has changed.
    ///
    /// While the store is restored: `StoreError::Unavailable`.
    pub async fn commit(mut self, now_ms: u64) -> Result<Commit, StoreError> {
        let has_pieces = !self.config.is_empty() || !self.denied.is_empty() || self.settings.is_some();
        let publishes = has_pieces || !self.grants.is_empty();
        let is_backed_up = match publishes {
            true => self.stage_publication(now_ms).await?,
            false => true,
        };
        if self.writes.is_empty() {
            return Ok(Commit::Committed);
        }
        // The head, which whoever publishes checks, says whether there is a run to look for.
        let run = if is_backed_up { self.backup_run().await? } else { None };
        let records = self.records();
        if records > self.store.batch_records_max() {
            return Err(StoreError::Failed(format!("a change of {records} records does not fit one commit")));
        }
        if let Some(run) = run
            && self.save_images(&run).await? == Commit::Conflict
        {
            return Ok(Commit::Conflict);
        }
        let store = self.store;
        store.commit(self.into_batch()).await
    }

    /// The back-up that goes on, if one does; its record is checked at the commit.
    async fn backup_run(&mut self) -> Result<Option<Run>, StoreError> {
        // Whoever begins or ends a run has read its record.
        if self.writes.contains_key(&run_key()) {
            return Ok(None);
        }
        let run: Option<Run> = self.read_json(&run_key()).await?;
        match run.as_ref().map(|run| &run.doing) {
            Some(Doing::Restore(_)) => Err(StoreError::Unavailable("the store is being restored".into())),
            Some(Doing::Backup) | None => Ok(run),
        }
    }

    /// Saves what was there at the beginning of a back-up of what this transaction writes. What has no
    /// image was not written since then, and the commits check that it is not meanwhile.
    async fn save_images(&self, run: &Run) -> Result<Commit, StoreError> {
        let mut batch = self.batch_of_images();
        let mut bytes = 0;
        for key in self.writes.keys().filter(|key| is_taken(key)) {
            let image = Kept::image_key(run.id, key);
            if self.store.get(&image).await?.is_some() {
                continue;
            }
            let (value, version) = match (self.read_values.get(key), self.reads.get(key)) {
                (Some(value), Some(version)) => (value.clone(), *version),
                _ => {
                    let found = self.store.get(key).await?;
                    let version = found.as_ref().map(|record| record.version);
                    (found.map(|record| record.value), version)
                }
            };
            let saved = Kept { key: key.clone(), value }.encode();
            bytes += saved.len();
            batch.checks.extend([Check::Absent(image.clone()), check((key.clone(), version))]);
            batch.writes.push(Write::Put(image, saved));
            if batch.writes.len() == IMAGES_AT_ONCE || bytes > IMAGE_BYTES_AT_ONCE {
                let full = std::mem::replace(&mut batch, self.batch_of_images());
                bytes = 0;
                if self.store.commit(full).await? == Commit::Conflict {
                    return Ok(Commit::Conflict);
                }
            }
        }
        match batch.writes.is_empty() {
            true => Ok(Commit::Committed),
            false => self.store.commit(batch).await,
        }
    }

    /// An empty batch that is applied only while the run is as this transaction saw it.
    fn batch_of_images(&self) -> Batch {
        let version = self.reads.get(&run_key()).copied().flatten();
        Batch { checks: vec![check((run_key(), version))], writes: Vec::new() }
    }

    fn into_batch(self) -> Batch {
        let write = |(key, value)| match value {
            Some(value) => Write::Put(key, value),
            None => Write::Delete(key),
        };
        Batch {
            checks: self.reads.into_iter().map(check).collect(),
            writes: self.writes.into_iter().map(write).collect(),
        }
    }

    /// Whether a newer program has published what is there, and nothing more may be.
    pub(crate) async fn is_published_by_newer(&mut self) -> Result<bool, StoreError> {
        let head = self.get(&Head::record_key()).await?;
        let head = head.map(|bytes| Head::decode(&bytes).map_err(unreadable)).transpose()?;
        Ok(head.is_some_and(|head| head.format.is_newer()))
    }

    /// Turns what is to be published into writes: grants, pieces, the change, the head. Answers whether a
    /// back-up goes on.
    async fn stage_publication(&mut self, now_ms: u64) -> Result<bool, StoreError> {
        let head = self.get(&Head::record_key()).await?;
        let mut head =
            head.map_or_else(|| Ok(Head::default()), |bytes| Head::decode(&bytes).map_err(unreadable))?;
        if head.format == Format::RESTORING {
            return Err(StoreError::Unavailable("the store is being restored".into()));
        }
        if head.format.is_newer() {
            return Err(StoreError::Failed(format!("the state was {}", head.format.by_newer())));
        }
        head.epoch += 1;
        self.stage_pieces(&mut head).await?;
        let is_made = |digest: &&KeyDigest| self.made.contains(*digest);
        let (made, replaced): (Vec<_>, Vec<_>) = self.grants.keys().partition(is_made);
        let count = made.len();
        let digests = replaced.into_iter().chain(made).copied().collect();
        let change = Change { epoch: head.epoch, at_ms: now_ms, digests, made: count };
        self.stage_grants(head.epoch);
        self.drop_old_changes(&mut head, now_ms).await?;
        self.put(Change::record_key(change.epoch), to_json(&change));
        self.put(Head::record_key(), to_json(&head));
        Ok(head.backup.is_some())
    }

    fn stage_grants(&mut self, epoch: Epoch) {
        for (digest, grant) in std::mem::take(&mut self.grants) {
            let value = grant.map(|grant| Grant { epoch, ..grant }.encode());
            self.write(Grant::record_key(&digest), value);
        }
    }

    async fn stage_pieces(&mut self, head: &mut Head) -> Result<(), StoreError> {
        let mut pieces: BTreeMap<PieceId, Piece> = BTreeMap::new();
        for ((id, kind, entity_id), entity) in std::mem::take(&mut self.config) {
            let piece = match pieces.entry(id) {
                Entry::Occupied(piece) => piece.into_mut(),
                Entry::Vacant(place) => place.insert(self.read_piece(id).await?),
            };
            piece.set(kind, entity_id, entity);
        }
        if let Some(settings) = self.settings.take() {
            let mut piece = self.read_piece(PieceId::SETTINGS).await?;
            piece.set_settings(settings);
            pieces.insert(PieceId::SETTINGS, piece);
        }
        for (id, denied_tokens) in std::mem::take(&mut self.denied) {
            pieces.insert(id, Piece { denied_tokens, ..self.read_piece(id).await? });
        }
        for (id, piece) in pieces {
            head.pieces.insert(id, head.epoch);
            let record = PieceRecord { epoch: head.epoch, packed: piece.encode() };
            self.put(PieceRecord::record_key(id), record.encode());
        }
        Ok(())
    }

    async fn read_piece(&mut self, id: PieceId) -> Result<Piece, StoreError> {
        let Some(record) = self.get(&PieceRecord::record_key(id)).await? else { return Ok(Piece::default()) };
        let PieceRecord { packed, .. } = PieceRecord::decode(&record).map_err(unreadable)?;
        Piece::decode(&packed).map_err(|error| StoreError::Failed(error.to_string()))
    }

    async fn drop_old_changes(&mut self, head: &mut Head, now_ms: u64) -> Result<(), StoreError> {
        for _ in 0..CHANGES_DROPPED_AT_ONCE {
            let oldest = Change::record_key(head.floor + 1);
            if head.floor + 1 >= head.epoch {
                break;
            }
            let Some(change) = self.read_json::<Change>(&oldest).await? else { break };
            if change.at_ms + CHANGE_KEPT_MS > now_ms || !self.is_settled(change.epoch, now_ms).await? {
                break;
            }
            self.delete(oldest);
            head.floor += 1;
        }
        Ok(())
    }

    /// Whether every replica, if there is one, shows a change, even by the longest horizon.
    async fn is_settled(&mut self, epoch: Epoch, now_ms: u64) -> Result<bool, StoreError> {
        let progress: Option<Progress> = self.read_json(&Progress::record_key()).await?;
        Ok(progress.is_none_or(|progress| epoch <= progress.settled(CHANGE_KEPT_MS, now_ms)))
    }

    /// What a record says that is JSON, as this transaction sees it.
    pub(crate) async fn read_json<T: for<'de> serde::Deserialize<'de>>(
        &mut self,
        key: &RecordKey,
    ) -> Result<Option<T>, StoreError> {
        self.get(key).await?.map(|bytes| decode(&bytes)).transpose()
    }
}

fn check((key, version): (RecordKey, Option<Version>)) -> Check {
    match version {
        Some(version) => Check::VersionIs(key, version),
        None => Check::Absent(key),
    }
}

fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("records have string keys only")
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_published::feed::FeedRequest;
    use latchkey_store::feed::read_feed;
    use latchkey_store::memory::MemoryStore;

    fn digest(byte: u8) -> KeyDigest {
        KeyDigest::from_bytes([byte; 32])
    }

    async fn publish(store: &MemoryStore, byte: u8, now_ms: u64) {
        let mut transaction = Transaction::new(store);
        transaction.publish_grant(digest(byte), None);
        assert_eq!(transaction.commit(now_ms).await, Ok(Commit::Committed));
    }

    #[tokio::test]
    async fn reads_are_checked_at_the_commit() {
        let store = MemoryStore::default();
        let key = RecordKey::new("p", "a");
        let mut first = Transaction::new(&store);
        let mut second = Transaction::new(&store);
        assert_eq!(first.get(&key).await, Ok(None));
        assert_eq!(second.get(&key).await, Ok(None));
        first.put(key.clone(), b"1".to_vec());
        second.put(key.clone(), b"2".to_vec());
        assert_eq!(first.commit(0).await, Ok(Commit::Committed));
        assert_eq!(second.commit(0).await, Ok(Commit::Conflict));
        assert_eq!(store.get(&key).await.unwrap().unwrap().value, b"1");
    }

    #[tokio::test]
    async fn every_publication_is_one_change_of_the_feed() {
        let store = MemoryStore::default();
        publish(&store, 1, 10).await;
        publish(&store, 2, 20).await;
        let mut transaction = Transaction::new(&store);
        transaction.publish_config(ConfigKind::Routes, Uuid::nil(), Some(serde_json::json!({})));
        transaction.commit(30).await.unwrap();

        let all = read_feed(&store, FeedRequest { since: None }, Some(0)).await.unwrap();
        assert!(all.reset);
        assert_eq!(all.epoch, 3);
        assert_eq!(all.changes.iter().map(|change| change.epoch).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(all.pieces.len(), 1);

        let later = read_feed(&store, FeedRequest { since: Some(1) }, Some(0)).await.unwrap();
        assert!(!later.reset);
        assert_eq!(later.changes.iter().flat_map(|change| &change.digests).collect::<Vec<_>>(), [&digest(2)]);
        let none = read_feed(&store, FeedRequest { since: Some(3) }, Some(0)).await.unwrap();
        assert!(none.changes.is_empty() && none.pieces.is_empty());
    }

    #[tokio::test]
    async fn keys_that_were_made_come_last_in_a_change() {
        let store = MemoryStore::default();
        let mut transaction = Transaction::new(&store);
        transaction.publish_grant(digest(2), None);
        // 2 was there before, since it is taken away first; nothing is published of 9.
        for byte in [1, 2, 3, 9] {
            transaction.note_made(digest(byte));
        }
        for byte in [1, 3, 4] {
            transaction.publish_grant(digest(byte), None);
        }
        transaction.commit(0).await.unwrap();
        let reply = read_feed(&store, FeedRequest { since: Some(0) }, None).await.unwrap();
        let [change] = reply.changes.as_slice() else { panic!("{reply:?}") };
        let (replaced, made) = change.replaced_and_made();
        assert_eq!((replaced, made), (&[digest(2), digest(4)][..], &[digest(1), digest(3)][..]));
        let hostile = Change { made: 9, ..change.clone() };
        assert_eq!(hostile.replaced_and_made().1.len(), 4);
    }

    #[tokio::test]
    async fn old_changes_are_dropped_and_who_missed_them_starts_over() {
        let store = MemoryStore::default();
        for number in 1..=5 {
            publish(&store, number, u64::from(number)).await;
        }
        publish(&store, 6, CHANGE_KEPT_MS + 100).await;
        publish(&store, 7, CHANGE_KEPT_MS + 100).await;
        let reply = read_feed(&store, FeedRequest { since: Some(2) }, Some(0)).await.unwrap();
        assert!(reply.reset);
        assert_eq!(reply.changes.first().map(|change| change.epoch), Some(5));
        let reply = read_feed(&store, FeedRequest { since: Some(4) }, Some(0)).await.unwrap();
        assert!(!reply.reset);
    }

    #[tokio::test]
    async fn an_epoch_from_the_future_starts_over() {
        let store = MemoryStore::default();
        publish(&store, 1, 1).await;
        assert!(read_feed(&store, FeedRequest { since: Some(9) }, Some(0)).await.unwrap().reset);
    }
}
