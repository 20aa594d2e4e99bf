//! Deletes what is stored and the import does not have.

use uuid::Uuid;

use super::staged::name_of;
use super::state::{Difference, Fault, Phase, Tally, Work};
use super::{Stepped, UNITS_PER_COMMIT, places};
use crate::ports::{Clock, Random};
use crate::registry::attempts::Attempts;
use crate::registry::client::is_of_application;
use crate::registry::entity_transaction::{DELETING, EntityTransaction, id_of, reference};
use crate::registry::jobs::{Job, ROOM};
use crate::registry::selection::Ids;
use crate::registry::{Error, Registry, Step, records};
use crate::schema::{EntityKind, Object};
use latchkey_store::Store;
use latchkey_store::feed::decode;
use serde_json::Value;

/// Kinds in the order in which they are deleted: what refers comes first, or goes along. An import that goes
/// on is stored with their places: new ones come last.
const ORDER: [EntityKind; 6] = [
    EntityKind::Plugins,
    EntityKind::KeyauthCredentials,
    EntityKind::Routes,
    EntityKind::Services,
    EntityKind::Consumers,
    EntityKind::Oauth2Credentials,
];

/// Entities looked at before that is written down.
const LOOKED_AT: usize = 200;
/// Records that one commit may have before another entity is deleted in it: room for that one's children,
/// and for hiding it where they do not fit.
const FULL: usize = ROOM / 2;

/// Some entities that are stored and were not brought.
struct Candidates {
    found: Vec<Object>,
    /// The last that was looked at.
    last: Option<Uuid>,
    looked_at: usize,
    /// Whether there are more behind it.
    more: bool,
}

/// What a commit deletes.
struct Pruned {
    work: Work,
    tally: Tally,
    jobs: Vec<Job>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn prune_step(
        &self,
        id: Uuid,
        work: &Work,
        kind: u8,
        after: Option<Uuid>,
    ) -> Result<(Stepped, Tally, usize), Error> {
        let Some(of) = ORDER.get(usize::from(kind)).copied() else {
            let after = work.after(&Tally::default(), Phase::Done);
            return Ok((self.move_on(id, work, after).await?, Tally::default(), 1));
        };
        let candidates = self.candidates(id, work, of, after).await?;
        let mut attempts = Attempts::new(self.stamp());
        let mut last: Option<Pruned> = None;
        loop {
            let mut transaction = self.attempt(&attempts);
            let state = self.import_state(&mut transaction, id).await?.ok_or(Error::NotFound)?;
            if state.work.as_ref() != Some(work) {
                let found = state.work.clone().ok_or(Error::conflict("this import was begun anew"))?;
                let ours = last.filter(|pruned| attempts.may_be_applied() && pruned.work == found);
                return match ours {
                    Some(pruned) => self.pruned(pruned).await,
                    None => Ok((Stepped { work: found, is_ours: false }, Tally::default(), UNITS_PER_COMMIT)),
                };
            }
            let may_be_applied = attempts.may_be_applied();
            let pruned = self
                .prune_some(&mut transaction, id, work, (kind, after), &candidates, may_be_applied)
                .await?;
            self.put_work(&mut transaction, id, state, pruned.work.clone());
            if attempts.commit(transaction).await? {
                return self.pruned(pruned).await;
            }
            last = Some(pruned);
        }
    }

    async fn pruned(&self, pruned: Pruned) -> Result<(Stepped, Tally, usize), Error> {
        for job in &pruned.jobs {
            self.run_job(job).await?;
        }
        let units = UNITS_PER_COMMIT + pruned.tally.done as usize / 10;
        Ok((Stepped::ours(pruned.work), pruned.tally, units))
    }

    /// The next stored entities of a kind that the import does not have.
    async fn candidates(
        &self,
        id: Uuid,
        work: &Work,
        kind: EntityKind,
        after: Option<Uuid>,
    ) -> Result<Candidates, Error> {
        let start = after.map(|id| id.to_string());
        let page = self.store.scan(&records::entity_partition(kind), "", start.as_deref(), LOOKED_AT).await?;
        let mut kept =
            Ids::new(&self.store, places::kept_partition(id, work.run, kind), String::new(), after);
        let mut candidates =
            Candidates { found: Vec::new(), last: after, looked_at: page.records.len(), more: page.more };
        for (_, record) in &page.records {
            let object: Object = decode(&record.value)?;
            let id = id_of(&object)?;
            kept.skip_to(id);
            let is_kept = kept.first().await? == Some(id);
            candidates.last = Some(id);
            // No declaration has what belongs to applications.
            let is_ours = kind == EntityKind::Oauth2Credentials && is_of_application(&object);
            if !is_kept
                && !is_ours
                && has_all(&object, &work.options.select_tags)
                && !object.contains_key(DELETING)
            {
                candidates.found.push(object);
            }
        }
        Ok(candidates)
    }

    /// Deletes candidates, as many as fit.
    async fn prune_some(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        import: Uuid,
        work: &Work,
        (kind, after): (u8, Option<Uuid>),
        candidates: &Candidates,
        may_be_applied: bool,
    ) -> Result<Pruned, Error> {
        let of = ORDER[usize::from(kind)];
        let (mut tally, mut jobs, mut last) = (Tally::default(), Vec::new(), after);
        let mut is_full = false;
        for object in &candidates.found {
            if transaction.size() > FULL {
                is_full = true;
                break;
            }
            let id = id_of(object)?;
            last = Some(id);
            if let Some(message) = self.obstacle(import, work, of, object).await? {
                tally.faults.push(obstructed(of, object, message));
                continue;
            }
            if !work.options.dry_run {
                let key = id.to_string();
                let step = Step { kind: of, key: &key };
                match self.delete_in(transaction, &[step], may_be_applied).await {
                    Ok(job) => jobs.extend(job),
                    Err(error @ Error::Referenced { .. }) => {
                        tally.faults.push(obstructed(of, object, error.to_string()));
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            tally.deleted += 1;
            let (name, fields) = (name_of(of, object), Vec::new());
            tally.differences.push(Difference { kind: of, id, name, does: "delete", fields });
        }
        let phase = match (is_full, candidates.more) {
            (true, _) => Phase::Prune { kind, after: last },
            (false, true) => Phase::Prune { kind, after: candidates.last },
            (false, false) => Phase::Prune { kind: kind + 1, after: None },
        };
        tally.done = match is_full {
            true => tally.differences.len() + tally.faults.len(),
            false => candidates.looked_at,
        } as u64;
        Ok(Pruned { work: work.after(&tally, phase), tally, jobs })
    }

    /// Why an entity is not deleted: something below it is the import's, or what somebody has a contract for.
    async fn obstacle(
        &self,
        import: Uuid,
        work: &Work,
        kind: EntityKind,
        object: &Object,
    ) -> Result<Option<String>, Error> {
        let id = id_of(object)?;
        let service = match kind {
            EntityKind::Services => Some(id),
            EntityKind::Plugins
                if object.get("name").and_then(Value::as_str) == Some("application-registration") =>
            {
                reference(object, "service")
            }
            _ => None,
        };
        if let Some(service) = service
            && self.has_contracts(service).await?
        {
            return Ok(Some("applications have contracts with its service: delete those first".to_owned()));
        }
        for (child, _) in kind.referrers().filter(|(child, _)| ORDER.contains(child)) {
            if self.has_staying(import, work, (kind, id), child).await? {
                return Ok(Some(format!("{} that are not deleted belong to it", child.name())));
            }
        }
        Ok(None)
    }

    async fn has_contracts(&self, service: Uuid) -> Result<bool, Error> {
        let partition = records::child_partition(EntityKind::Services, service);
        let prefix = records::child_prefix(EntityKind::ApplicationInstances);
        Ok(!self.store.scan(&partition, &prefix, None, 1).await?.records.is_empty())
    }

    /// Whether an entity has children of a kind that are not taken along: the import's own, and routes of a
    /// service that are not pruned themselves.
    async fn has_staying(
        &self,
        import: Uuid,
        work: &Work,
        (parent, id): (EntityKind, Uuid),
        child: EntityKind,
    ) -> Result<bool, Error> {
        let (partition, prefix) = (records::child_partition(parent, id), records::child_prefix(child));
        let mut after: Option<String> = None;
        loop {
            let page = self.store.scan(&partition, &prefix, after.as_deref(), LOOKED_AT).await?;
            for (sort, record) in &page.records {
                let object: Object = decode(&record.value)?;
                let key = places::kept(import, work.run, child, id_of(&object)?);
                let goes = child != EntityKind::Routes || has_all(&object, &work.options.select_tags);
                if !goes || self.store.get(&key).await?.is_some() {
                    return Ok(true);
                }
                after = Some(sort.clone());
            }
            if !page.more {
                return Ok(false);
            }
        }
    }
}

fn obstructed(kind: EntityKind, object: &Object, message: String) -> Fault {
    Fault { part: None, entity: None, kind: kind.name().to_owned(), name: name_of(kind, object), message }
}

fn has_all(object: &Object, tags: &[String]) -> bool {
    let own = object.get("tags").and_then(Value::as_array);
    let has = |tag: &String| own.is_some_and(|own| own.iter().any(|it| it.as_str() == Some(tag)));
    tags.iter().all(has)
}
