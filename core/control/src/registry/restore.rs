//! Restores: all that is stored is replaced by what a back-up holds, a part at a time.
//!
//! From its first commit to its last nothing else is written, gateways refuse to serve, and every other
//! call is told so. It can be interrupted anywhere: the same call again goes on from where its record
//! says, and each commit checks that record, so that none that comes late is applied.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use litemap::LiteMap;
use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::attempts::transact;
use super::backup::{BACKUP_FORMAT, BACKUPS, goes_on, is_name, name_of};
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use crate::audit::{Did, Line};
use crate::ports::{Clock, Random};
use crate::whole_store::{
    Doing, Kept, PIECE_PREFIX, Restoring, Run, Stage, is_cleared, is_of_a_start, is_taken, last_restore_key,
    replica_key, run_key,
};
use latchkey_published::feed::{self, Epoch, Format, Head, PieceRecord};
use latchkey_published::grant::Grant;
use latchkey_published::keys::PepperId;
use latchkey_published::limits::BATCH_RECORDS_MAX;
use latchkey_published::snapshot::{Piece, PieceId, WorkspaceSettings};
use latchkey_store::feed::{decode, unreadable};
use latchkey_store::replica::Progress;
use latchkey_store::{Batch, Check, Commit, RecordKey, Store, StoreError, Version, Write};

/// Records written in one commit, beside the one of the run.
const WRITES_AT_ONCE: usize = BATCH_RECORDS_MAX - 1;
/// Commits that remove what was there, in one call: some seconds of DynamoDB.
const CLEARING_COMMITS_MAX: usize = 100;
/// Records read at once, at most.
const SCAN_PAGE: usize = 1_000;
/// Records looked at to find whether an installation is in use.
const LOOKED_AT_MAX: usize = 10_000;

/// What is said of a back-up that is to be restored, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreAsked {
    /// Id of the back-up.
    pub backup: Uuid,
    /// [`BACKUP_FORMAT`], as it was.
    pub format: u64,
    /// The peppers that are needed for it.
    pub peppers: Vec<PepperId>,
    /// The form of what is published in it.
    pub published_format: u64,
    /// Number of the newest change in it.
    pub epoch: Epoch,
    /// Whether what is stored may be removed.
    pub replace: bool,
}

/// A run that is a restore, with the version of its record.
struct Found {
    run: Run,
    restoring: Restoring,
    version: Version,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Begins a restore, or goes on with the one of the same back-up: removes some of what is stored. To be
    /// called until it is at [`Stage::Loading`].
    ///
    /// `Error::Conflict` while something else goes on, or where the installation is in use and nobody has said
    /// that what is stored may go.
    pub async fn begin_restore(&self, asked: &RestoreAsked) -> Result<(Run, Restoring), Error> {
        self.check_asked(asked)?;
        self.end_abandoned_backup().await?;
        let id = self.random.uuid();
        transact!(self, attempts, |transaction| self.begin_restore_in(&mut transaction, id, asked));
        let Found { run, restoring, version } = self.find_restore(None).await?;
        if restoring.stage != Stage::Clearing || !self.clear_some(version, CLEARING_COMMITS_MAX).await? {
            return Ok((run, restoring));
        }
        let restoring = Restoring { stage: Stage::Loading, ..restoring };
        self.commit_under(version, vec![moved_on(&run, &restoring)]).await?;
        Ok((run, restoring))
    }

    /// The restore that goes on.
    pub async fn running_restore(&self) -> Result<Option<(Run, Restoring)>, Error> {
        Ok(self.run().await?.and_then(|run| match run.doing.clone() {
            Doing::Restore(restoring) => Some((run, restoring)),
            Doing::Backup => None,
        }))
    }

    /// Writes part `number` of what the back-up holds. The parts come in order; one that has been written
    /// already is passed over. Answers how far it has come.
    pub async fn restore_part(
        &self,
        id: Uuid,
        number: u64,
        records: Vec<Kept>,
    ) -> Result<(Run, Restoring), Error> {
        let Found { run, restoring, version } = self.find_restore(Some(id)).await?;
        if restoring.stage != Stage::Loading || number > restoring.next_part {
            let Restoring { stage, next_part, .. } = restoring;
            return Err(Error::conflict(format!(
                "the restore is at stage {}, and part {next_part} comes next",
                stage.name()
            )));
        }
        if number < restoring.next_part {
            return Ok((run, restoring));
        }
        // Of a record that comes twice the last counts, however the commits of this part are repeated.
        let mut writes: BTreeMap<RecordKey, Write> = BTreeMap::new();
        for record in records {
            let write = restored(record, restoring.epoch)?;
            writes.insert(write.key().clone(), write);
        }
        let mut writes: Vec<Write> = writes.into_values().collect();
        let restoring = Restoring { next_part: number + 1, ..restoring };
        while writes.len() > WRITES_AT_ONCE {
            let rest = writes.split_off(WRITES_AT_ONCE);
            self.commit_under(version, std::mem::replace(&mut writes, rest)).await?;
        }
        writes.push(moved_on(&run, &restoring));
        self.commit_under(version, writes).await?;
        Ok((run, restoring))
    }

    /// Ends the restore `id` of so many parts: publishes what was written, in one commit.
    pub async fn finish_restore(&self, id: Uuid, parts: u64) -> Result<(), Error> {
        transact!(self, attempts, |transaction| self.finish_in(&mut transaction, id, Some(parts)));
        self.start_over().await
    }

    /// Gives up the restore `id`, if it goes on: nothing is left but what a start makes.
    pub async fn give_up_restore(&self, id: Uuid) -> Result<(), Error> {
        match self.running_restore().await? {
            Some((run, _)) if run.id == id => {}
            _ => return Ok(()),
        }
        let Found { run, restoring, mut version } = self.find_restore(Some(id)).await?;
        if restoring.stage != Stage::GivingUp {
            let restoring = Restoring { stage: Stage::GivingUp, ..restoring };
            self.commit_under(version, vec![moved_on(&run, &restoring)]).await?;
            version = self.find_restore(Some(id)).await?.version;
        }
        while !self.clear_some(version, CLEARING_COMMITS_MAX).await? {}
        transact!(self, attempts, |transaction| self.finish_in(&mut transaction, id, None));
        self.start_over().await
    }

    /// `Error::Restoring` while all that is stored is being replaced.
    pub async fn refuse_while_restoring(&self) -> Result<(), Error> {
        let Some((run, restoring)) = self.running_restore().await? else { return Ok(()) };
        Err(Error::Restoring(format!(
            "the store is being restored from back-up {}, begun by {} at second {} of the Unix epoch: restore \
             the same file again to go on, or DELETE /admin/restores/{} to give it up",
            restoring.backup,
            name_of(&run.actor.who),
            run.began_at_ms / 1000,
            run.id
        )))
    }

    /// What is done beside calls and has failed: while a restore goes on, it is not due.
    pub(crate) async fn unless_restoring<T>(
        &self,
        outcome: Result<T, Error>,
        not_due: T,
    ) -> Result<T, Error> {
        match outcome {
            Err(error) => match self.running_restore().await {
                Ok(Some(_)) => Ok(not_due),
                _ => Err(error),
            },
            done => done,
        }
    }

    /// What a start does with a store.
    async fn start_over(&self) -> Result<(), Error> {
        // What is back may be of a version that did not count.
        self.all_counted.store(false, Ordering::Relaxed);
        self.publish_tag_keys().await?;
        self.resume_jobs().await.map(drop)
    }

    fn check_asked(&self, asked: &RestoreAsked) -> Result<(), Error> {
        let RestoreAsked { format, peppers, published_format, .. } = asked;
        if *format != BACKUP_FORMAT {
            let sentence = format!("this program reads back-ups of format {BACKUP_FORMAT}");
            return Err(Error::field("format", sentence));
        }
        if Format(*published_format).is_newer() {
            let sentence = format!("this program reads what is published up to format {}", Format::OWN.0);
            return Err(Error::field("published_format", sentence));
        }
        let ours = self.pepper_ids();
        if let Some(missing) = peppers.iter().find(|pepper| !ours.contains(pepper)) {
            let shown = |pepper: &PepperId| serde_json::to_string(pepper).expect("a number is JSON");
            let ours: Vec<String> = ours.iter().map(shown).collect();
            return Err(Error::field(
                "peppers",
                format!(
                    "the back-up needs the pepper of id {}, and this installation has {}: set the pepper that \
                     the back-up was made under, as the pepper or as the previous one",
                    shown(missing),
                    ours.join(" and ")
                ),
            ));
        }
        Ok(())
    }

    async fn begin_restore_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
        asked: &RestoreAsked,
    ) -> Result<(), Error> {
        match transaction.read_json::<Run>(&run_key()).await? {
            Some(Run { doing: Doing::Restore(Restoring { backup, stage, .. }), .. })
                if backup == asked.backup && stage != Stage::GivingUp =>
            {
                return Ok(());
            }
            Some(run) => return Err(goes_on(&run)),
            None => {}
        }
        let head: Head = transaction.read_json(&Head::record_key()).await?.unwrap_or_default();
        if head.format.is_newer() {
            return Err(Error::conflict(format!("the state was {}", head.format.by_newer())));
        }
        if !asked.replace && !self.is_unused().await? {
            let sentence = "this installation is in use: restoring would remove all that it holds, which is \
                            done only if `replace` is true (latchkey restore --replace)";
            return Err(Error::conflict(sentence.to_owned()));
        }
        // Milliseconds since 1970 are more than there have been changes, wherever: gateways that have seen
        // the future of the back-up, which is lost, meet no number that they know.
        let epoch = transaction.now_ms.max(head.epoch + 2).max(asked.epoch + 1);
        let restoring = Restoring { backup: asked.backup, epoch, stage: Stage::Clearing, next_part: 0 };
        let doing = Doing::Restore(restoring);
        let run = Run { id, began_at_ms: transaction.now_ms, actor: transaction.actor(), doing };
        transaction.put_json(run_key(), &run);
        let (format, epoch) = (Format::RESTORING, head.epoch + 1);
        let head = Head { format, epoch, floor: epoch, ..Head::default() };
        transaction.put_json(Head::record_key(), &head);
        transaction.note(Line::new(BACKUPS, Some(asked.backup), Did::Restoring));
        Ok(())
    }

    /// Whether there is nothing but what a start makes. What is made at the very same time, and is not
    /// published, may be missed.
    async fn is_unused(&self) -> Result<bool, Error> {
        let (mut after, mut read) = (None, 0);
        loop {
            let page = self.store.scan_all(after.as_ref(), SCAN_PAGE).await?;
            read += page.records.len();
            if !page.records.iter().all(|(key, _)| is_of_a_start(key)) || read > LOOKED_AT_MAX {
                return Ok(false);
            }
            if !page.more {
                return Ok(self.publishes_nothing().await?);
            }
            after = page.records.into_iter().last().map(|(key, _)| key);
        }
    }

    /// Whether no piece of the configuration has an entity.
    async fn publishes_nothing(&self) -> Result<bool, StoreError> {
        let pieces = self.pieces().await?;
        Ok(pieces.values().all(|piece| {
            let piece = Piece::decode(&piece.packed);
            piece.is_ok_and(|piece| piece.entities.values().all(LiteMap::is_empty))
        }))
    }

    /// The pieces of the configuration that there are.
    async fn pieces(&self) -> Result<BTreeMap<PieceId, PieceRecord>, StoreError> {
        let mut pieces = BTreeMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.store.scan(feed::PARTITION, PIECE_PREFIX, after.as_deref(), SCAN_PAGE).await?;
            for (sort, record) in &page.records {
                let id = sort.strip_prefix(PIECE_PREFIX).and_then(PieceId::parse);
                let piece = PieceRecord::decode(&record.value).map_err(unreadable)?;
                pieces.insert(id.ok_or_else(|| unreadable("name of a piece"))?, piece);
            }
            after = page.records.into_iter().last().map(|(sort, _)| sort);
            if !page.more {
                return Ok(pieces);
            }
        }
    }

    /// The restore that goes on; `id`: which it must be.
    async fn find_restore(&self, id: Option<Uuid>) -> Result<Found, Error> {
        let found = self.store.get(&run_key()).await?.ok_or(Error::NotFound)?;
        let run: Run = decode(&found.value)?;
        match run.doing.clone() {
            Doing::Restore(restoring) if id.is_none_or(|id| id == run.id) => {
                Ok(Found { run, restoring, version: found.version })
            }
            _ => Err(Error::NotFound),
        }
    }

    /// Removes what a restore removes, in about so many commits. Answers whether all is gone.
    async fn clear_some(&self, version: Version, commits_max: usize) -> Result<bool, Error> {
        let (mut after, mut commits) = (None, 0);
        loop {
            let page = self.store.scan_all(after.as_ref(), SCAN_PAGE).await?;
            let gone = page.records.iter().map(|(key, _)| key).filter(|key| is_cleared(key));
            let gone: Vec<Write> = gone.cloned().map(Write::Delete).collect();
            for writes in gone.chunks(WRITES_AT_ONCE) {
                self.commit_under(version, writes.to_vec()).await?;
                commits += 1;
            }
            if !page.more {
                return Ok(true);
            }
            if commits >= commits_max {
                return Ok(false);
            }
            after = page.records.into_iter().last().map(|(key, _)| key);
        }
    }

    /// Commits while the run is as it was found.
    async fn commit_under(&self, version: Version, writes: Vec<Write>) -> Result<(), Error> {
        let checks = vec![Check::VersionIs(run_key(), version)];
        match self.store.commit(Batch { checks, writes }).await? {
            Commit::Committed => Ok(()),
            // Somebody else goes on with it.
            Commit::Conflict => Err(Error::Busy),
        }
    }

    /// The last commit of a restore; without a number of parts it is given up, and all was removed.
    async fn finish_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
        parts: Option<u64>,
    ) -> Result<(), Error> {
        let Some(run) = transaction.read_json::<Run>(&run_key()).await? else {
            let last: Option<Uuid> = transaction.read_json(&last_restore_key()).await?;
            return if last == Some(id) { Ok(()) } else { Err(Error::NotFound) };
        };
        let Doing::Restore(restoring) = run.doing else { return Err(Error::NotFound) };
        let (stage, did) = match parts {
            Some(_) => (Stage::Loading, Did::Restored),
            None => (Stage::GivingUp, Did::GivenUp),
        };
        let is_whole = parts.is_none_or(|parts| parts == restoring.next_part);
        match (run.id == id, restoring.stage == stage && is_whole) {
            (true, true) => {}
            (true, false) => {
                let next = restoring.next_part;
                return Err(Error::conflict(format!(
                    "the restore is not at its end: part {next} comes next"
                )));
            }
            (false, _) => return Err(Error::NotFound),
        }
        self.publish_restored(transaction, restoring.epoch).await?;
        transaction.delete(run_key());
        transaction.put_json(last_restore_key(), &id);
        transaction.note(Line::new(BACKUPS, Some(restoring.backup), did));
        Ok(())
    }

    /// Publishes what was written as change `epoch`. No replica shows any of it yet, if there is one.
    async fn publish_restored(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        epoch: Epoch,
    ) -> Result<(), Error> {
        let has_replica = transaction.read_json::<Progress>(&replica_key()).await?.is_some();
        if has_replica {
            transaction.put_json(replica_key(), &Progress::after_restore(epoch));
        }
        let mut pieces = self.pieces().await?;
        let mut piece = match pieces.get(&PieceId::SETTINGS) {
            Some(record) => Piece::decode(&record.packed).map_err(unreadable)?,
            None => Piece::default(),
        };
        let restored_at = if has_replica { epoch } else { 0 };
        let settings = WorkspaceSettings { restored_at, ..piece.settings.take().unwrap_or_default() };
        piece.set_settings(settings);
        let record = PieceRecord { epoch, packed: piece.encode() };
        transaction.put(PieceRecord::record_key(PieceId::SETTINGS), record.encode());
        pieces.insert(PieceId::SETTINGS, record);
        let pieces = pieces.into_iter().map(|(id, piece)| (id, piece.epoch)).collect();
        let head = Head { format: Format::OWN, epoch, floor: epoch, pieces, backup: None };
        transaction.put_json(Head::record_key(), &head);
        Ok(())
    }
}

/// The run's record, further on.
fn moved_on(run: &Run, restoring: &Restoring) -> Write {
    let run = Run { doing: Doing::Restore(restoring.clone()), ..run.clone() };
    Write::Put(run_key(), serde_json::to_vec(&run).expect("records have string keys only"))
}

/// What is written of a record that a back-up holds. `epoch`: of the change that publishes it.
fn restored(record: Kept, epoch: Epoch) -> Result<Write, Error> {
    let Kept { key, value } = record;
    let refuse = |what: &str| Err(Error::field("data", format!("{what}: {} {}", key.partition, key.sort)));
    if !is_name(&key.partition, &key.sort) {
        return refuse("no store has a record of this name");
    }
    if !is_taken(&key) {
        return refuse("no back-up holds this record");
    }
    let Some(value) = value else { return Ok(Write::Delete(key)) };
    match kind_of(&key) {
        Some(Is::Grant) => match Grant::decode(&value) {
            // Of replicas only what is not older than the restore is believed.
            Ok(grant) => Ok(Write::Put(key, Grant { epoch, ..grant }.encode())),
            Err(_) => refuse("this is no grant"),
        },
        Some(Is::Piece) => match PieceRecord::decode(&value) {
            Ok(piece) if piece.epoch < epoch && Piece::decode(&piece.packed).is_ok() => {
                Ok(Write::Put(key, value))
            }
            _ => refuse("this is no piece of a configuration"),
        },
        Some(Is::Object) if !serde_json::from_slice::<Value>(&value).is_ok_and(|value| value.is_object()) => {
            refuse("this is no object")
        }
        Some(Is::Object) | None => Ok(Write::Put(key, value)),
    }
}

/// What a record must be, where that is known.
enum Is {
    Grant,
    Piece,
    Object,
}

fn kind_of(key: &RecordKey) -> Option<Is> {
    match key.partition.split('/').next() {
        Some("grant") => Some(Is::Grant),
        Some(feed::PARTITION) => Some(Is::Piece),
        Some("entity" | "children" | "named_token" | "job" | crate::audit::PARTITION) => Some(Is::Object),
        _ => None,
    }
}
