//! Imports: many entities, sent in parts, checked whole before the first is written, then written many to
//! a commit.
//!
//! An import goes on by calls, each of which does a bounded piece of work and moves the import's record in
//! the commit of that work: whoever calls again goes on from there, whatever happened to the call before.
//! Its stages, in order:
//!
//! 1. Parts are received ([`receive`]): each entity is validated by its schema, its key digested, its id drawn.
//! 2. The parts are compared with each other ([`compare`]), by hashes of what must be unlike: memory holds a
//!    sixteenth of them at once, and no entity.
//! 3. Each entity is tried ([`check`]) by the code that writes it, in a transaction that is thrown away.
//! 4. Each entity is written ([`write`]).
//! 5. What the import does not have is deleted ([`prune`]), if that was asked for.

mod bring;
mod check;
mod compare;
mod drop;
mod facts;
mod places;
mod prune;
mod reader;
mod receive;
mod staged;
mod state;
mod write;

pub(super) use bring::is_fault;
pub use receive::Part;
pub use state::{Difference, Fault, ImportOptions, ImportReport};

use uuid::Uuid;

use super::Registry;
use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::pages::{RecordPage, offset_after};
use crate::audit::{Did, Line};
use crate::ports::{Clock, Random};
use crate::schema::EntityKind;
use latchkey_published::limits;
use latchkey_store::Store;
use latchkey_store::feed::decode;
use reader::Reader;
use state::{ImportState, Phase, Position, Tally, Work};

/// Kinds that are imported, in the order in which they are written: what is referred to comes first.
/// An import that goes on is stored with their places: new ones come last.
pub(crate) const KINDS: [EntityKind; 6] = [
    EntityKind::Services,
    EntityKind::Consumers,
    EntityKind::Routes,
    EntityKind::KeyauthCredentials,
    EntityKind::Plugins,
    EntityKind::Oauth2Credentials,
];

/// What one call does, in units: about as many as there are entities that are checked. Some tenths of a
/// second on a local disk, a second or two where each commit is a call over a network.
const UNITS_PER_CALL: usize = 1000;

/// What a commit that writes entities counts for.
const UNITS_PER_COMMIT: usize = 25;

/// Faults that one call answers, at most. Of an import, so many are kept to be shown again.
const FAULTS_MAX: usize = 100;

/// Some imports.
#[derive(Clone, Debug)]
pub struct ImportList {
    /// The imports.
    pub data: Vec<ImportReport>,
    /// What to ask the next page with; `None` on the last.
    pub offset: Option<String>,
}

/// What one call has come to.
#[derive(Debug, Default)]
struct Done {
    units: usize,
    differences: Vec<Difference>,
    faults: Vec<Fault>,
}

impl Done {
    fn is_enough(&self) -> bool {
        self.units >= UNITS_PER_CALL || self.faults.len() >= FAULTS_MAX
    }

    fn add(&mut self, tally: Tally, units: usize) {
        self.units += units;
        self.differences.extend(tally.differences);
        self.faults.extend(tally.faults);
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Begins an import, or goes on with it for a bounded piece of work.
    ///
    /// To be called until it is done or refused. Other options than at its beginning are a conflict.
    pub async fn advance_import(&self, id: Uuid, options: &ImportOptions) -> Result<ImportReport, Error> {
        let mut work = self.begun(id, options).await?;
        let (mut done, mut reader) = (Done::default(), Reader::default());
        while !done.is_enough() && !work.phase.is_over() {
            let (next, tally, units) = self.step(id, &work, &mut reader).await?;
            // Somebody else who goes on with it has been faster: what they did is theirs to tell.
            if next.is_ours {
                done.add(tally, units);
            } else {
                done.units += units.max(1);
            }
            work = next.work;
        }
        if done.units == 0 {
            return Ok(ImportReport::of(id, &work));
        }
        Ok(ImportReport { differences: done.differences, faults: done.faults, ..ImportReport::of(id, &work) })
    }

    /// How far an import has come, and the first of its faults.
    pub async fn read_import(&self, id: Uuid) -> Result<ImportReport, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let state = self.import_state(&mut transaction, id).await?;
        Ok(state.ok_or(Error::NotFound)?.report(id))
    }

    /// A page of the imports that are there.
    pub async fn list_imports(&self, page: &RecordPage) -> Result<ImportList, Error> {
        let mut after = page.after.clone();
        let (mut data, mut last) = (Vec::new(), None);
        loop {
            let found = self.store.scan(places::IMPORTS, "", after.as_deref(), limits::IMPORTS_MAX).await?;
            for (sort, record) in found.records {
                let state: ImportState = decode(&record.value)?;
                if let Some(id) = crate::schema::parse_uuid(&sort).filter(|_| !state.is_dropped) {
                    if data.len() == page.size {
                        return Ok(ImportList { data, offset: last.as_deref().map(offset_after) });
                    }
                    data.push(state.report(id));
                    last = Some(sort.clone());
                }
                after = Some(sort);
            }
            if !found.more {
                return Ok(ImportList { data, offset: None });
            }
        }
    }

    /// The state of an import; `None`: there is none.
    async fn import_state(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
    ) -> Result<Option<ImportState>, Error> {
        let state: Option<ImportState> = transaction.read_json(&places::state(id)).await?;
        Ok(state.filter(|state| !state.is_dropped))
    }

    /// The work of an import, which begins now if it has not.
    async fn begun(&self, id: Uuid, options: &ImportOptions) -> Result<Work, Error> {
        Ok(transact!(self, attempts, |transaction| self.begin_in(&mut transaction, id, options)))
    }

    async fn begin_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
        options: &ImportOptions,
    ) -> Result<Work, Error> {
        let state = self.import_state(transaction, id).await?.ok_or(Error::NotFound)?;
        if let Some(work) = state.work {
            return match work.options == *options {
                true => Ok(work),
                false => Err(Error::conflict(
                    "this import was begun with other options: go on with those, or delete it and send it anew",
                )),
            };
        }
        let total = self.count_received(id, state.parts_end, options.parts).await?;
        let run = state.run + 1;
        let work = Work::new(options.clone(), run, total);
        let state = ImportState { work: Some(work.clone()), run, touched_ms: transaction.now_ms, ..state };
        transaction.put_json(places::state(id), &state);
        Ok(work)
    }

    /// How many entities the parts have. All of them must be there, and no other.
    async fn count_received(&self, id: Uuid, parts_end: u32, parts: u32) -> Result<u64, Error> {
        if parts_end > parts {
            let sentence = format!("part {} was sent, and so there are at least {parts_end}", parts_end - 1);
            return Err(Error::field("parts", sentence));
        }
        let mut total = 0;
        for (part, record) in self.read_parts(id, parts).await?.into_iter().enumerate() {
            match record {
                Some(record) => total += u64::from(record.entities),
                None => return Err(Error::field("parts", format!("part {part} was not sent"))),
            }
        }
        Ok(total)
    }

    /// Does the next bit of an import's work. Answers how it stands then, what came of it, and its units.
    async fn step(
        &self,
        id: Uuid,
        work: &Work,
        reader: &mut Reader,
    ) -> Result<(Stepped, Tally, usize), Error> {
        match work.phase {
            Phase::Compare { bucket } => self.compare_step(id, work, bucket).await,
            Phase::Check(position) => self.check_step(id, work, position, reader).await,
            Phase::Write(position) => self.write_step(id, work, position, reader).await,
            Phase::Prune { kind, after } => self.prune_step(id, work, kind, after).await,
            Phase::Done | Phase::Refused => Ok((Stepped::ours(work.clone()), Tally::default(), 1)),
        }
    }

    /// Commits that the work has come from `before` to `after`. Where somebody else has gone on with it
    /// meanwhile, nothing is committed.
    async fn move_on(&self, id: Uuid, before: &Work, after: Work) -> Result<Stepped, Error> {
        let found =
            transact!(self, attempts, |transaction| self.move_on_in(&mut transaction, id, before, &after));
        Ok(Stepped { is_ours: found == after, work: found })
    }

    async fn move_on_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        id: Uuid,
        before: &Work,
        after: &Work,
    ) -> Result<Work, Error> {
        let state = self.import_state(transaction, id).await?.ok_or(Error::NotFound)?;
        match &state.work {
            Some(work) if work == before => {}
            Some(work) => return Ok(work.clone()),
            // A part was sent anew.
            None => return Err(Error::conflict("a part of this import was sent anew: begin again")),
        }
        if matches!((&before.phase, &after.phase), (Phase::Check(_), Phase::Write(_))) {
            self.bring_tag_keys(transaction, &state.tag_keys).await?;
        }
        self.put_work(transaction, id, state, after.clone());
        Ok(after.clone())
    }

    fn put_work(&self, transaction: &mut EntityTransaction<'_, S>, id: Uuid, state: ImportState, work: Work) {
        let state = ImportState { work: Some(work), touched_ms: transaction.now_ms, ..state };
        transaction.put_json(places::state(id), &state);
    }

    /// Publishes tag keys, so that keys made elsewhere are told from forged ones.
    async fn bring_tag_keys(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        brought: &[String],
    ) -> Result<(), Error> {
        let mut settings = transaction.settings().await?;
        let before = settings.tag_keys.len();
        for tag_key in brought {
            if !settings.tag_keys.contains(tag_key) {
                settings.tag_keys.push(tag_key.clone());
            }
        }
        if settings.tag_keys.len() > before {
            if settings.tag_keys.len() > limits::TAG_KEYS_MAX {
                return Err(receive::too_many_tag_keys());
            }
            transaction.publish_settings(settings);
            let fields = vec!["tag_keys".to_owned()];
            transaction.note(Line { fields, ..Line::new(super::SETTINGS, None, Did::Changed) });
        }
        Ok(())
    }
}

/// How the work stands after a step.
struct Stepped {
    work: Work,
    /// Whether this step brought it there.
    is_ours: bool,
}

impl Stepped {
    fn ours(work: Work) -> Self {
        Stepped { work, is_ours: true }
    }
}

/// What comes after all entities were checked.
fn after_check(work: &Work) -> Phase {
    match (work.faulty > 0, work.options.dry_run, work.options.prune) {
        (true, ..) => Phase::Refused,
        (false, true, false) => Phase::Done,
        (false, true, true) => Phase::PRUNE,
        (false, false, _) => Phase::Write(Position::START),
    }
}

/// What comes after all entities were written. Where one could not be, what the import does not have is not
/// told from what it could not write.
fn after_write(work: &Work) -> Phase {
    match work.options.prune && work.faulty == 0 {
        true => Phase::PRUNE,
        false => Phase::Done,
    }
}
