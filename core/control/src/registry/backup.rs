//! Back-ups: the store of one moment, read a page at a time while writes go on.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Registry;
use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::jobs::{Job, ROOM};
use super::pages::{decode_offset, encode_offset};
use crate::audit::{Did, Line, Who};
use crate::ports::{Clock, Random};
use crate::whole_store::{Doing, IMAGE_PARTITIONS, Kept, Run, is_taken, run_key, used_key};
use latchkey_published::feed::{Epoch, Head};
use latchkey_published::keys::{Pepper, PepperId};
use latchkey_published::limits;
use latchkey_store::feed::{read_head, read_json};
use latchkey_store::{Batch, Check, RecordKey, Store, Write};

/// What the audit calls them.
pub(crate) const BACKUPS: &str = "backups";

/// The form of what a back-up says of itself and of its records.
pub const BACKUP_FORMAT: u64 = 1;

/// A back-up that goes on for so long without being asked for a page has been given up.
const ABANDONED_AFTER_MS: u64 = 3_600_000;
/// How exactly it is noted when it was asked for one, in milliseconds.
const USE_NOTED_EVERY_MS: u64 = 60_000;
/// Records read for one page, at most: of what no back-up holds there can be much.
const READ_MAX: usize = 5_000;
/// Records read at once, at most.
const SCAN_PAGE: usize = 500;
/// What a record takes in a page besides its bytes and its name.
const RECORD_OVERHEAD_BYTES: usize = 64;

/// A back-up, as it has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its id.
    pub id: Uuid,
    /// The moment that it is of, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The peppers that digests and what is sealed in it were made under.
    pub peppers: Vec<PepperId>,
    /// The form of what is published in it.
    pub published_format: u64,
    /// Number of the newest change in it.
    pub epoch: Epoch,
}

/// Some of a back-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupPage {
    /// Records. Where one comes again, on this page or a later one, that is how it was.
    pub records: Vec<Kept>,
    /// What to ask the next page with; `None` on the last.
    pub offset: Option<String>,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    /// Among all records, after this one.
    Records(Option<(String, String)>),
    /// Among the images: the partition of this number, after this name.
    Images(usize, Option<String>),
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Begins a back-up: it is of this moment. `Error::Conflict` while another goes on, or a restore.
    pub async fn begin_backup(&self) -> Result<Backup, Error> {
        self.end_abandoned_backup().await?;
        let id = self.random.uuid();
        Ok(transact!(self, attempts, |transaction| self.begin_backup_in(&mut transaction, id)))
    }

    /// The back-up that goes on.
    pub async fn running_backup(&self) -> Result<Option<Run>, Error> {
        let run = self.run().await?;
        Ok(run.filter(|run| run.doing == Doing::Backup))
    }

    /// Some records of the back-up `id`, at most `size`, from `offset` on, which the page before answered.
    ///
    /// `Error::NotFound`: it does not go on, or no longer.
    pub async fn backup_page(
        &self,
        id: Uuid,
        size: usize,
        offset: Option<&str>,
    ) -> Result<BackupPage, Error> {
        let place = offset.map_or(Ok(Place::Records(None)), parse_place)?;
        self.use_backup(id).await?;
        let (records, next) = match place {
            Place::Records(after) => self.page_of_records(after, size).await?,
            Place::Images(number, after) => self.page_of_images(id, number, after, size).await?,
        };
        Ok(BackupPage { records, offset: next.map(encode_offset) })
    }

    /// Ends the back-up `id`, if it goes on: what was saved for it is removed.
    pub async fn end_backup(&self, id: Uuid) -> Result<(), Error> {
        let job = transact!(self, attempts, |transaction| self.end_backup_in(&mut transaction, id));
        match job {
            Some(job) => self.run_job(&job).await,
            None => Ok(()),
        }
    }

    /// Ends a back-up that nobody has asked for a page for an hour. To be called every now and then.
    pub async fn end_abandoned_backup(&self) -> Result<(), Error> {
        let Some(run) = self.running_backup().await? else { return Ok(()) };
        let used: Option<u64> = read_json(&self.store, &used_key()).await?;
        let used_at_ms = used.unwrap_or_default().max(run.began_at_ms);
        match used_at_ms.saturating_add(ABANDONED_AFTER_MS) <= self.clock.unix_ms() {
            true => self.end_backup(run.id).await,
            false => Ok(()),
        }
    }

    /// What goes on with the whole store.
    pub(super) async fn run(&self) -> Result<Option<Run>, Error> {
        Ok(read_json(&self.store, &run_key()).await?)
    }

    /// Ids of the peppers in use.
    pub(super) fn pepper_ids(&self) -> Vec<PepperId> {
        let peppers = [Some(&self.peppers.current), self.peppers.previous.as_ref()];
        peppers.into_iter().flatten().map(Pepper::id).collect()
    }

    async fn begin_backup_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
    ) -> Result<Backup, Error> {
        let run: Option<Run> = transaction.read_json(&run_key()).await?;
        let mut head: Head = transaction.read_json(&Head::record_key()).await?.unwrap_or_default();
        let at_ms = transaction.now_ms;
        let (published_format, epoch) = (head.format.0, head.epoch);
        let backup = Backup { id, at_ms, peppers: self.pepper_ids(), published_format, epoch };
        match run {
            // Begun by an attempt whose reply was lost.
            Some(run) if run.id == id => return Ok(backup),
            Some(run) => return Err(goes_on(&run)),
            None => {}
        }
        let run = Run { id, began_at_ms: at_ms, actor: transaction.actor(), doing: Doing::Backup };
        head.backup = Some(id);
        transaction.put_json(run_key(), &run);
        transaction.put_json(Head::record_key(), &head);
        transaction.note(Line::new(BACKUPS, Some(id), Did::Created));
        Ok(backup)
    }

    async fn end_backup_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
    ) -> Result<Option<Job>, Error> {
        let job = Job::DropImages { run: id };
        let run: Option<Run> = transaction.read_json(&run_key()).await?;
        if run.is_none_or(|run| run.id != id || run.doing != Doing::Backup) {
            return self.left_job(transaction, job).await;
        }
        let head: Option<Head> = transaction.read_json(&Head::record_key()).await?;
        if let Some(head) = head.filter(|head| head.backup == Some(id)) {
            transaction.put_json(Head::record_key(), &Head { backup: None, ..head });
        }
        transaction.delete(run_key());
        transaction.delete(used_key());
        transaction.note(Line::new(BACKUPS, Some(id), Did::Deleted));
        Ok(Some(self.leave_job(transaction, job)))
    }

    /// Removes some images of a back-up that has ended. Answers whether none are left.
    pub(super) async fn drop_images(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        run: Uuid,
    ) -> Result<bool, Error> {
        for digit in IMAGE_PARTITIONS {
            let partition = Kept::image_partition(run, digit);
            let found = self.store.scan(&partition, "", None, ROOM).await?;
            if !found.records.is_empty() {
                let names = found.records.into_iter().map(|(name, _)| name);
                names.for_each(|name| transaction.delete(RecordKey::new(partition.as_str(), name)));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Finds the back-up `id` going on, and notes that it was asked for.
    async fn use_backup(&self, id: Uuid) -> Result<(), Error> {
        let found = self.store.get(&run_key()).await?.ok_or(Error::NotFound)?;
        let run: Run = latchkey_store::feed::decode(&found.value)?;
        if run.id != id || run.doing != Doing::Backup {
            return Err(Error::NotFound);
        }
        if read_head(&self.store).await?.backup != Some(id) {
            let sentence = "a program of a version before has changed something meanwhile, and saved nothing \
                            for this back-up: end it, and make another";
            return Err(Error::conflict(sentence.to_owned()));
        }
        let (used, now_ms) = (read_json::<u64, _>(&self.store, &used_key()).await?, self.clock.unix_ms());
        if used.is_none_or(|used| used.saturating_add(USE_NOTED_EVERY_MS) <= now_ms) {
            let checks = vec![Check::VersionIs(run_key(), found.version)];
            let writes = vec![Write::Put(used_key(), now_ms.to_string().into_bytes())];
            self.store.commit(Batch { checks, writes }).await?;
        }
        Ok(())
    }

    async fn page_of_records(
        &self,
        after: Option<(String, String)>,
        size: usize,
    ) -> Result<(Vec<Kept>, Option<Place>), Error> {
        let mut after = after.map(|(partition, sort)| RecordKey::new(partition, sort));
        let (mut filled, mut read) = (Filled::new(size), 0);
        let place = |after: Option<RecordKey>| Place::Records(after.map(|key| (key.partition, key.sort)));
        loop {
            let page = self.store.scan_all(after.as_ref(), SCAN_PAGE.min(size)).await?;
            read += page.records.len();
            for (key, record) in page.records {
                if is_taken(&key) && !filled.take(Kept { key: key.clone(), value: Some(record.value) }) {
                    return Ok((filled.records, Some(place(after))));
                }
                after = Some(key);
            }
            if !page.more {
                return Ok((filled.records, Some(Place::Images(0, None))));
            }
            if read >= READ_MAX {
                return Ok((filled.records, Some(place(after))));
            }
        }
    }

    async fn page_of_images(
        &self,
        run: Uuid,
        number: usize,
        mut after: Option<String>,
        size: usize,
    ) -> Result<(Vec<Kept>, Option<Place>), Error> {
        let mut filled = Filled::new(size);
        for (number, digit) in IMAGE_PARTITIONS.into_iter().enumerate().skip(number) {
            let partition = Kept::image_partition(run, digit);
            loop {
                let page = self.store.scan(&partition, "", after.as_deref(), SCAN_PAGE.min(size)).await?;
                for (name, image) in page.records {
                    if !filled.take(Kept::decode(&image.value)?) {
                        return Ok((filled.records, Some(Place::Images(number, after))));
                    }
                    after = Some(name);
                }
                if !page.more {
                    break;
                }
            }
            after = None;
        }
        Ok((filled.records, None))
    }
}

/// Says what goes on, who has begun it, and how it is ended.
pub(super) fn goes_on(run: &Run) -> Error {
    let Run { id, began_at_ms, actor, doing } = run;
    let (what, path) = match doing {
        Doing::Backup => ("a back-up", "backups"),
        Doing::Restore(_) => ("a restore", "restores"),
    };
    Error::conflict(format!(
        "{what} goes on, begun by {} at second {} of the Unix epoch: DELETE /admin/{path}/{id} ends it",
        name_of(&actor.who),
        began_at_ms / 1000
    ))
}

/// Who that is, in a sentence.
pub(super) fn name_of(who: &Who) -> String {
    match (&who.name, who.kind.as_str()) {
        (Some(name), _) => format!("the token \"{name}\""),
        (None, "admin_token") => "the admin token".to_owned(),
        (None, kind) => format!("the {kind}"),
    }
}

/// A page that is being filled.
struct Filled {
    records: Vec<Kept>,
    bytes: usize,
    size: usize,
}

impl Filled {
    fn new(size: usize) -> Self {
        Filled { records: Vec::new(), bytes: 0, size }
    }

    /// Takes a record if there is room for it; the first in any case.
    fn take(&mut self, record: Kept) -> bool {
        let value_bytes = record.value.as_ref().map_or(0, Vec::len);
        let name_bytes = record.key.partition.len() + record.key.sort.len();
        // In base64 it takes a third more.
        self.bytes += RECORD_OVERHEAD_BYTES + name_bytes + value_bytes + value_bytes / 3;
        let fits = self.bytes <= limits::BACKUP_PAGE_BYTES && self.records.len() < self.size;
        let taken = fits || self.records.is_empty();
        if taken {
            self.records.push(record);
        }
        taken
    }
}

fn parse_place(offset: &str) -> Result<Place, Error> {
    let place: Place = decode_offset(offset)?;
    let is_one = match &place {
        Place::Records(Some((partition, sort))) => is_name(partition, sort),
        Place::Images(number, after) => {
            *number < IMAGE_PARTITIONS.len()
                && after.as_ref().is_none_or(|name| is_name("images", name) && !name.is_empty())
        }
        Place::Records(None) => true,
    };
    if is_one { Ok(place) } else { Err(Error::InvalidOffset(offset.to_owned())) }
}

/// Whether every store can have a record of this name.
pub(super) fn is_name(partition: &str, sort: &str) -> bool {
    (1..=limits::PARTITION_BYTES_MAX).contains(&partition.len())
        && !partition.contains('\0')
        && sort.len() <= limits::SORT_BYTES_MAX
}
