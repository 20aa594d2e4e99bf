//! Writes entities, as many to a commit as fit.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::bring::{fault, is_fault};
use super::reader::{Batch, Reader};
use super::staged::Staged;
use super::state::{Fault, Phase, Position, Tally, Work};
use super::{Stepped, UNITS_PER_COMMIT, after_write, places};
use crate::ports::{Clock, Random};
use crate::registry::attempts::Attempts;
use crate::registry::entity_transaction::EntityTransaction;
use crate::registry::jobs::{Job, ROOM};
use crate::registry::{Error, Minted, Registry};
use crate::schema::EntityKind;
use latchkey_published::limits;
use latchkey_store::{Store, StoreError};

/// Entities that one commit has room for, at most: those that are unchanged are only read.
const WRITTEN_AT_ONCE: usize = 30;

/// How a batch has come out.
enum Written {
    /// It can be committed.
    Ready(Box<Ready>),
    /// The entity at this place cannot be written.
    Faulty(usize, Fault),
    /// Only so many entities fit.
    TooLarge(usize),
    /// Somebody else has gone on with the import.
    Overtaken(Box<Work>),
}

/// What a batch comes to.
struct Ready {
    work: Work,
    tally: Tally,
    jobs: Vec<Job>,
}

/// What is known of a batch before an attempt.
struct Plan<'a> {
    import: Uuid,
    work: &'a Work,
    batch: &'a Batch,
    /// Entities that were found faulty, by their places.
    faulty: BTreeMap<usize, Fault>,
    /// Entities that are tried, at most.
    most: usize,
    minted: Minted,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Writes the next entities, in one commit.
    pub(super) async fn write_step(
        &self,
        id: Uuid,
        work: &Work,
        from: Position,
        reader: &mut Reader,
    ) -> Result<(Stepped, Tally, usize), Error> {
        let parts = work.options.parts;
        let Some(batch) = reader.entities_at(&self.store, id, parts, from, WRITTEN_AT_ONCE).await? else {
            let mut tally = Tally::default();
            tally.faults.extend((work.options.prune && work.faulty > 0).then(nothing_is_pruned));
            let after = work.after(&tally, after_write(work));
            return Ok((self.move_on(id, work, after).await?, tally, 1));
        };
        let mut plan = Plan {
            import: id,
            work,
            batch: &batch,
            faulty: BTreeMap::new(),
            most: usize::MAX,
            minted: self.minted(),
        };
        let mut attempts = Attempts::new(self.stamp());
        let mut last: Option<Box<Ready>> = None;
        loop {
            let mut transaction = self.attempt(&attempts);
            match self.write_batch(&mut transaction, &plan).await? {
                Written::Faulty(at, fault) => drop(plan.faulty.insert(at, fault)),
                Written::TooLarge(most) => plan.most = most,
                Written::Overtaken(found) => {
                    // By an attempt of this call, whose reply was lost?
                    let ours = last.filter(|ready| attempts.may_be_applied() && ready.work == *found);
                    return match ours {
                        Some(ready) => self.written(*ready).await,
                        None => {
                            Ok((Stepped { work: *found, is_ours: false }, Tally::default(), UNITS_PER_COMMIT))
                        }
                    };
                }
                Written::Ready(ready) => {
                    if attempts.commit(transaction).await? {
                        return self.written(*ready).await;
                    }
                    // What was impossible may be possible now.
                    plan.faulty.clear();
                    last = Some(ready);
                }
            }
        }
    }

    async fn written(&self, ready: Ready) -> Result<(Stepped, Tally, usize), Error> {
        for job in &ready.jobs {
            self.run_job(job).await?;
        }
        Ok((Stepped::ours(ready.work), ready.tally, UNITS_PER_COMMIT))
    }

    async fn write_batch(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        plan: &Plan<'_>,
    ) -> Result<Written, Error> {
        let state = self.import_state(transaction, plan.import).await?.ok_or(Error::NotFound)?;
        match &state.work {
            Some(work) if work == plan.work => {}
            Some(work) => return Ok(Written::Overtaken(Box::new(work.clone()))),
            None => return Err(Error::conflict("this import was begun anew")),
        }
        let (kind, entities) = (plan.batch.kind, plan.batch.entities.as_slice());
        self.read_ahead(transaction, kind, likely_to_fit(kind, entities)).await?;
        let (mut tally, mut jobs, mut count) = (Tally::default(), Vec::new(), 0);
        for (at, staged) in entities.iter().enumerate().take(plan.most) {
            if at > 0 && transaction.size() + expected_records(kind, staged) > ROOM {
                break;
            }
            count = at + 1;
            if let Some(fault) = plan.faulty.get(&at) {
                tally.done += 1;
                tally.faults.push(fault.clone());
                continue;
            }
            let brought = self.bring(transaction, kind, staged, staged.object.clone(), &plan.minted).await;
            let mut brought = match brought {
                Ok(brought) => brought,
                Err(error) if is_fault(&error) => {
                    return Ok(Written::Faulty(at, fault(kind, plan.batch.position.part, staged, &error)));
                }
                Err(error) => return Err(error),
            };
            if plan.work.options.prune {
                transaction.put(places::kept(plan.import, plan.work.run, kind, brought.id), Vec::new());
            }
            if transaction.size() > limits::BATCH_RECORDS_MAX {
                return if at > 0 { Ok(Written::TooLarge(at)) } else { Err(does_not_fit()) };
            }
            jobs.extend(brought.job.take());
            brought.count(kind, staged, &mut tally);
        }
        let work = plan.work.after(&tally, Phase::Write(plan.batch.position.plus(count)));
        self.put_work(transaction, plan.import, state, work.clone());
        Ok(Written::Ready(Box::new(Ready { work, tally, jobs })))
    }
}

fn does_not_fit() -> Error {
    Error::Store(StoreError::Failed("an entity of an import does not fit one commit".to_owned()))
}

/// That nothing was deleted: what could not be written may be there in another form.
fn nothing_is_pruned() -> Fault {
    Fault {
        part: None,
        entity: None,
        kind: "imports".to_owned(),
        name: None,
        message: "nothing is pruned, since not everything could be written: import again".to_owned(),
    }
}

/// The first entities, as many as fit if all of them are new.
fn likely_to_fit(kind: EntityKind, entities: &[Staged]) -> &[Staged] {
    let mut records = 0;
    let fits = |staged: &&Staged| {
        records += expected_records(kind, staged);
        records <= ROOM
    };
    let count = entities.iter().take_while(fits).count();
    &entities[..count.max(1).min(entities.len())]
}

/// Records that writing a new entity takes, about.
fn expected_records(kind: EntityKind, staged: &Staged) -> usize {
    let tags = staged.object.get("tags").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    let others = match kind {
        // Itself and its name, and its piece.
        EntityKind::Services => 4,
        // Itself and its names; whether an application or a plugin has taken them.
        EntityKind::Consumers => 6,
        // Besides: its copy, its service, that one's guard.
        EntityKind::Routes => 7,
        // Besides: where its key leads from, its grant.
        EntityKind::KeyauthCredentials => 8,
        // Besides: its copy in a list.
        EntityKind::Oauth2Credentials => 9,
        // Besides: its anonymous consumer.
        _ => 14,
    };
    others + if tags > 0 { tags + 1 } else { 0 }
}
