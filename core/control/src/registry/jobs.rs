//! Changes that take several commits.
//!
//! The first commit leaves a record of the job; each further one does a part and moves the record
//! on, or removes it with the last part. Every part is decided anew from what is stored, so that
//! it makes no difference who goes on, or what else has changed. The call that began the job
//! returns when all is done; after a crash [`Registry::resume_jobs`] does it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Registry;
use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::records::JOBS;
use crate::audit::Actor;
use crate::ports::{Clock, Random};
use crate::schema::EntityKind;
use latchkey_published::keys::PepperId;
use latchkey_published::limits;
use latchkey_published::stored::Stored;
use latchkey_store::{RecordKey, Store};

/// Records a part of a job may touch: what a batch takes, less the job's own and the mark on what
/// is being deleted.
pub(super) const ROOM: usize = limits::BATCH_RECORDS_MAX - 8;

/// What is left to do of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Remove an entity that is marked as being deleted, and what goes along.
    Delete { kind: EntityKind, id: Uuid },
    /// Publish the keys of a consumer from there on.
    RepublishConsumer { id: Uuid, from: OfConsumer },
    /// Publish the keys of a developer's applications after the one named.
    RepublishDeveloper { id: Uuid, after: Option<Uuid> },
    /// Seal anew what is sealed under the pepper before. Goes on beside calls: no call waits for it.
    Reseal(Position),
    /// Index the tags of the entities of a kind after the one named, then those of the next kinds.
    IndexTags { kind: EntityKind, after: Option<Uuid> },
    /// Remove the images of a back-up that has ended.
    DropImages { run: Uuid },
    /// Count the entities of a kind after the one named, then those of the next kinds.
    Count { kind: EntityKind, after: Option<Uuid> },
    /// Index the addresses of developers after the one named, whatever case they are written in.
    FoldAddresses { after: Option<Uuid> },
    /// Copy the contracts after the one named that wait for approval.
    CopyWaiting { after: Option<Uuid> },
    /// Publish the client secrets of applications after the one named.
    PublishSecrets { after: Option<Uuid> },
}

/// Where a part of [`Job::RepublishConsumer`] begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OfConsumer {
    /// Whether the keys are done, and OAuth2 clients are next.
    pub(super) clients: bool,
    /// The last credential that is done.
    pub(super) after: Option<Uuid>,
}

impl OfConsumer {
    pub(super) const START: OfConsumer = OfConsumer { clients: false, after: None };
}

/// Where a part of [`Job::Reseal`] begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The pepper that is sealed under.
    pub(super) pepper_id: PepperId,
    /// Whether the keys of consumers are done, and those of applications are next.
    pub(super) applications: bool,
    /// Whether both are done, and accounts are next.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) accounts: bool,
    /// The last credential or account that is done.
    pub(super) after: Option<Uuid>,
}

/// Member of a job's record that only [`Job::RepublishConsumer`] has, where it is true.
const CLIENTS: &str = "clients";

impl Job {
    pub(super) fn key(&self) -> RecordKey {
        let sort = match self {
            Job::Delete { kind, id } => format!("delete/{}/{id}", kind.name()),
            Job::RepublishConsumer { id, .. } => format!("republish-consumer/{id}"),
            Job::RepublishDeveloper { id, .. } => format!("republish-developer/{id}"),
            Job::Reseal(_) => "reseal".to_owned(),
            Job::IndexTags { .. } => "index-tags".to_owned(),
            Job::DropImages { run } => format!("drop-images/{run}"),
            Job::Count { .. } => "count".to_owned(),
            Job::FoldAddresses { .. } => "fold-addresses".to_owned(),
            Job::CopyWaiting { .. } => "copy-waiting".to_owned(),
            Job::PublishSecrets { .. } => "publish-secrets".to_owned(),
        };
        RecordKey::new(JOBS, sort)
    }

    /// The stored form.
    fn to_record(&self) -> Value {
        let (job, kind, id, after) = match self {
            Job::Delete { kind, id } => ("delete", Some(kind.name()), Some(id), None),
            Job::RepublishConsumer { id, from } => ("republish-consumer", None, Some(id), from.after),
            Job::RepublishDeveloper { id, after } => ("republish-developer", None, Some(id), *after),
            Job::IndexTags { kind, after } => ("index-tags", Some(kind.name()), None, *after),
            Job::DropImages { run } => ("drop-images", None, Some(run), None),
            Job::Count { kind, after } => ("count", Some(kind.name()), None, *after),
            Job::FoldAddresses { after } => ("fold-addresses", None, None, *after),
            Job::CopyWaiting { after } => ("copy-waiting", None, None, *after),
            Job::PublishSecrets { after } => ("publish-secrets", None, None, *after),
            Job::Reseal(position) => return json!({"job": "reseal", "position": position}),
        };
        let mut record = json!({"job": job, "kind": kind, "id": id, "after": after});
        if matches!(self, Job::RepublishConsumer { from, .. } if from.clients) {
            record[CLIENTS] = true.into();
        }
        record
    }

    pub(super) fn from_record(record: &Value) -> Option<Self> {
        let stored = Stored::new(record).ok()?;
        let after = stored.member("after").ok()?;
        let id = || stored.required("id").ok();
        let kind = || EntityKind::parse(stored.required("kind").ok()?);
        match stored.required("job").ok()? {
            "delete" => Some(Job::Delete { kind: kind()?, id: id()? }),
            "republish-consumer" => {
                let clients = stored.member(CLIENTS).ok()?.unwrap_or_default();
                Some(Job::RepublishConsumer { id: id()?, from: OfConsumer { clients, after } })
            }
            "republish-developer" => Some(Job::RepublishDeveloper { id: id()?, after }),
            "index-tags" => Some(Job::IndexTags { kind: kind()?, after }),
            "drop-images" => Some(Job::DropImages { run: id()? }),
            "count" => Some(Job::Count { kind: kind()?, after }),
            "fold-addresses" => Some(Job::FoldAddresses { after }),
            "copy-waiting" => Some(Job::CopyWaiting { after }),
            "publish-secrets" => Some(Job::PublishSecrets { after }),
            "reseal" => Position::deserialize(record.get("position")?).ok().map(Job::Reseal),
            _ => None,
        }
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Completes what a crash or a failure has interrupted. To be called at every start.
    ///
    /// Answers with the jobs that only a newer program can do, for the log: they are left to it.
    pub async fn resume_jobs(&self) -> Result<Vec<String>, Error> {
        let resumed = self.resume_each_job().await;
        self.unless_restoring(resumed, Vec::new()).await
    }

    async fn resume_each_job(&self) -> Result<Vec<String>, Error> {
        let mut left = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.store.scan(JOBS, "", after.as_deref(), 100).await?;
            for (sort, record) in &page.records {
                let record = serde_json::from_slice(&record.value).ok();
                match record.as_ref().and_then(Job::from_record) {
                    // See `Registry::reseal`.
                    Some(Job::Reseal(_)) => {}
                    Some(job) => self.run_job(&job).await?,
                    None => left.push(sort.clone()),
                }
            }
            match page.records.last() {
                Some((sort, _)) => after = Some(sort.clone()),
                None => return Ok(left),
            }
        }
    }

    /// Leaves a job in this commit, with who makes the change: the parts to come are theirs too.
    pub(super) fn leave_job(&self, transaction: &mut EntityTransaction<'_, S>, job: Job) -> Job {
        let mut record = job.to_record();
        let actor = transaction.actor();
        if actor != Actor::program() {
            record["actor"] = json!(actor);
        }
        transaction.put_json(job.key(), &record);
        job
    }

    /// The job when an earlier change has left it: whoever repeats that change waits for the rest.
    pub(super) async fn left_job(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        job: Job,
    ) -> Result<Option<Job>, Error> {
        Ok(transaction.read_json::<Value>(&job.key()).await?.map(|_| job))
    }

    /// Goes on with a job until it is done, by whomever.
    pub(super) async fn run_job(&self, job: &Job) -> Result<(), Error> {
        let key = job.key();
        while transact!(self, attempts, |transaction| self.run_part(&mut transaction, &key)) {}
        Ok(())
    }

    /// Does a part of a job. Answers whether there is more.
    async fn run_part(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        key: &RecordKey,
    ) -> Result<bool, Error> {
        let record = transaction.read_json::<Value>(key).await?;
        let Some(job) = record.as_ref().and_then(Job::from_record) else { return Ok(false) };
        transaction.go_on_for(actor_of(record.as_ref()));
        let next = match job {
            Job::Delete { kind, id } => {
                let done = self.remove_with_children(transaction, kind, id).await?;
                (!done).then_some(Job::Delete { kind, id })
            }
            Job::RepublishConsumer { id, from } => {
                let next = self.republish_consumer(transaction, id, from).await?;
                next.map(|from| Job::RepublishConsumer { id, from })
            }
            Job::RepublishDeveloper { id, after } => {
                let after = self.republish_developer(transaction, id, after).await?;
                after.map(|after| Job::RepublishDeveloper { id, after: Some(after) })
            }
            Job::Reseal(_) => return Ok(false),
            Job::IndexTags { kind, after } => {
                let next = self.index_next_tags(transaction, kind, after).await?;
                next.map(|(kind, after)| Job::IndexTags { kind, after })
            }
            Job::DropImages { run } => {
                let done = self.drop_images(transaction, run).await?;
                (!done).then_some(Job::DropImages { run })
            }
            Job::Count { kind, after } => {
                let next = self.count_next(transaction, kind, after).await?;
                next.map(|(kind, after)| Job::Count { kind, after })
            }
            Job::FoldAddresses { after } => {
                let after = self.fold_next_addresses(transaction, after).await?;
                after.map(|after| Job::FoldAddresses { after: Some(after) })
            }
            Job::CopyWaiting { after } => {
                let after = self.copy_next_waiting(transaction, after).await?;
                after.map(|after| Job::CopyWaiting { after: Some(after) })
            }
            Job::PublishSecrets { after } => {
                let after = self.publish_next_secrets(transaction, after).await?;
                after.map(|after| Job::PublishSecrets { after: Some(after) })
            }
        };
        match next {
            Some(job) => {
                self.leave_job(transaction, job);
                Ok(true)
            }
            None => {
                transaction.delete(key.clone());
                Ok(false)
            }
        }
    }
}

/// Who has left a job; one of a version before says nothing of it.
fn actor_of(record: Option<&Value>) -> Actor {
    let actor = record.and_then(|record| Actor::deserialize(record.get("actor")?).ok());
    actor.unwrap_or_else(Actor::program)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Who;
    use latchkey_published::keys::Pepper;

    /// As the first program left them (`core/published/golden`); a job without a file does not compile.
    fn golden(job: &Job) -> &'static str {
        match job {
            Job::Delete { .. } => include_str!("../../../published/golden/1/job-delete.json"),
            Job::RepublishConsumer { from: OfConsumer { clients: true, .. }, .. } => {
                include_str!("../../../published/golden/1/job-republish-clients.json")
            }
            Job::RepublishConsumer { .. } => {
                include_str!("../../../published/golden/1/job-republish-consumer.json")
            }
            Job::RepublishDeveloper { .. } => {
                include_str!("../../../published/golden/1/job-republish-developer.json")
            }
            Job::Reseal(_) => include_str!("../../../published/golden/1/job-reseal.json"),
            Job::IndexTags { .. } => include_str!("../../../published/golden/1/job-index-tags.json"),
            Job::DropImages { .. } => include_str!("../../../published/golden/1/job-drop-images.json"),
            Job::Count { .. } => include_str!("../../../published/golden/1/job-count.json"),
            Job::FoldAddresses { .. } => include_str!("../../../published/golden/1/job-fold-addresses.json"),
            Job::CopyWaiting { .. } => include_str!("../../../published/golden/1/job-copy-waiting.json"),
            Job::PublishSecrets { .. } => {
                include_str!("../../../published/golden/1/job-publish-secrets.json")
            }
        }
    }

    #[test]
    fn jobs_read_as_they_were_left() {
        let [first, second] =
            [1, 2].map(|id| Uuid::parse_str(&format!("00000000-0000-0000-0000-{id:012}")).unwrap());
        for job in [
            Job::Delete { kind: EntityKind::Developers, id: first },
            Job::RepublishConsumer { id: first, from: OfConsumer { clients: false, after: Some(second) } },
            Job::RepublishConsumer { id: first, from: OfConsumer { clients: true, after: Some(second) } },
            Job::RepublishDeveloper { id: first, after: None },
            Job::Reseal(Position {
                pepper_id: Pepper::new(b"pepper").id(),
                applications: true,
                accounts: false,
                after: Some(second),
            }),
            Job::IndexTags { kind: EntityKind::Plugins, after: Some(second) },
            Job::DropImages { run: first },
            Job::Count { kind: EntityKind::Applications, after: Some(second) },
            Job::FoldAddresses { after: Some(second) },
            Job::CopyWaiting { after: Some(second) },
            Job::PublishSecrets { after: Some(second) },
        ] {
            let record: Value = serde_json::from_str(golden(&job)).unwrap();
            assert_eq!(Job::from_record(&record), Some(job.clone()));
            assert_eq!(job.to_record(), record, "programs of before read what is left today");
        }
        assert_eq!(Job::from_record(&json!({"job": "recount", "id": first})), None);
    }

    /// A job of a caller says so; one of a version before says nothing, and is the program's.
    #[test]
    fn a_job_keeps_who_left_it() {
        let golden = include_str!("../../../published/golden/1/job-delete-by.json");
        let record: Value = serde_json::from_str(golden).unwrap();
        let id = Uuid::from_u128(1);
        assert_eq!(Job::from_record(&record), Some(Job::Delete { kind: EntityKind::Developers, id }));
        let actor = Actor {
            who: Who::named_token(Uuid::from_u128(2), "ci"),
            address: Some([192, 0, 2, 7].into()),
            request_id: Some("r-1".to_owned()),
        };
        assert_eq!((actor_of(Some(&record)), json!(actor)), (actor, record["actor"].clone()));
        let before = include_str!("../../../published/golden/1/job-delete.json");
        let before: Value = serde_json::from_str(before).unwrap();
        assert_eq!(actor_of(Some(&before)), Actor::program());
    }
}
