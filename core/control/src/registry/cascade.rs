//! Deletion, with everything that goes along.

use uuid::Uuid;

use super::Registry;
use super::accounts::ACCOUNT_RECORDS_MAX;
use super::attempts::transact;
use super::contracts::is_refused;
use super::counts::COUNTERS_EACH;
use super::documents::DOCUMENT_RECORDS_MAX;
use super::entity_transaction::{DELETING, EntityTransaction, id_of, reference};
use super::error::Error;
use super::jobs::{Job, ROOM};
use super::lookup::Step;
use super::records;
use super::tags::indexed_tags;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object, OnDelete};
use latchkey_published::limits;
use latchkey_store::Store;

/// Records that removing one entity touches, at most, besides grants of others.
const REMOVAL_RECORDS: usize = 20 + COUNTERS_EACH;

enum Task {
    Visit(EntityKind, Uuid),
    Remove(EntityKind, Uuid),
    /// There are more children than were read: the parent cannot go yet.
    Unfinished,
}

/// Whether nothing is to be deleted is fine below a parent, too. decK deletes a credential by its id
/// after it has put the same key at a new one, which has taken the old one's place.
fn may_be_missing(kind: EntityKind) -> bool {
    kind == EntityKind::KeyauthCredentials
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Deletes the entity at the end of a path. At top level it is fine when there is none.
    ///
    /// What does not fit one commit is hidden by the first, with a job that removes it.
    pub async fn delete(&self, path: &[Step<'_>]) -> Result<(), Error> {
        let job = transact!(self, attempts, |transaction| self.delete_in(
            &mut transaction,
            path,
            attempts.may_be_applied()
        ));
        match job {
            Some(job) => self.run_job(&job).await,
            None => Ok(()),
        }
    }

    pub(super) async fn delete_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
        may_be_applied: bool,
    ) -> Result<Option<Job>, Error> {
        let Some((step, scope)) = path.split_last() else { return Err(Error::NotFound) };
        let parent = self.parent(transaction, scope).await?;
        let found = self.lookup_marked(transaction, *step).await?;
        let gone = found.as_ref().is_none_or(|found| super::present::is_expired(found, transaction.now_ms));
        let never_was = found.is_none();
        let found = found.filter(|found| {
            parent.is_none_or(|(kind, id)| {
                let field = step.kind.schema().reference_to(kind);
                field.is_some_and(|field| reference(found, field.name) == Some(id))
            })
        });
        let Some(root) = found else {
            let fine = gone && (scope.is_empty() || may_be_applied) || never_was && may_be_missing(step.kind);
            let fine = fine || never_was && self.has_moved(transaction, *step, parent).await?;
            return if fine { Ok(None) } else { Err(Error::NotFound) };
        };
        if gone && !scope.is_empty() {
            return Err(Error::NotFound);
        }
        let id = id_of(&root)?;
        let job = Job::Delete { kind: step.kind, id };
        if root.contains_key(DELETING) {
            return Ok(Some(job));
        }
        if step.kind == EntityKind::ApplicationInstances && is_refused(&root) {
            // What was refused before there was a memory of it.
            self.remember_refusal(transaction, &root).await?;
        }
        self.refuse_while_referenced(transaction, step.kind, id).await?;
        if self.remove_with_children(transaction, step.kind, id).await? {
            return Ok(None);
        }
        transaction.mark_deleting(step.kind, &root)?;
        Ok(Some(self.leave_job(transaction, job)))
    }

    async fn refuse_while_referenced(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        id: Uuid,
    ) -> Result<(), Error> {
        for (by, _) in kind.referrers().filter(|(_, on_delete)| *on_delete == OnDelete::Restrict) {
            if !transaction.children_page(kind, id, by, None, 1).await?.objects.is_empty() {
                return Err(Error::Referenced { kind, by });
            }
        }
        Ok(())
    }

    /// Removes an entity and what goes along, children first, as far as one commit can.
    /// Answers whether all is gone.
    pub(super) async fn remove_with_children(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        id: Uuid,
    ) -> Result<bool, Error> {
        let mut tasks = vec![Task::Visit(kind, id)];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Unfinished => return Ok(false),
                Task::Visit(kind, id) => {
                    tasks.push(Task::Remove(kind, id));
                    let from = tasks.len();
                    self.visit_children(transaction, kind, id, &mut tasks).await?;
                    // The last pushed is the first done: the first kind of referrers goes first.
                    tasks[from..].reverse();
                    if transaction.size() > ROOM - REMOVAL_RECORDS {
                        return Ok(false);
                    }
                }
                Task::Remove(kind, id) => {
                    let object = transaction.load_marked(kind, id).await?;
                    let tags = object.as_ref().map_or(0, |object| indexed_tags(kind, object).len());
                    let others = match kind {
                        EntityKind::ApplicationInstances => limits::APPLICATION_KEYS_MAX,
                        EntityKind::Developers => ACCOUNT_RECORDS_MAX,
                        EntityKind::Services => DOCUMENT_RECORDS_MAX + tags,
                        _ => tags,
                    };
                    if transaction.size() + REMOVAL_RECORDS + others > ROOM {
                        return Ok(false);
                    }
                    if let Some(object) = object {
                        self.withdraw(transaction, kind, &object).await?;
                    }
                }
            }
        }
        Ok(true)
    }

    async fn visit_children(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        id: Uuid,
        tasks: &mut Vec<Task>,
    ) -> Result<(), Error> {
        for (child, on_delete) in kind.referrers() {
            if on_delete == OnDelete::Restrict {
                continue;
            }
            let page = transaction.children_page(kind, id, child, None, limits::BATCH_RECORDS_MAX).await?;
            let has_children = child.referrers().next().is_some();
            for object in &page.objects {
                let id = id_of(object)?;
                tasks.push(if has_children { Task::Visit(child, id) } else { Task::Remove(child, id) });
            }
            if page.more {
                tasks.push(Task::Unfinished);
            }
        }
        Ok(())
    }

    /// Removes one entity, whose children are gone, and publishes what follows.
    pub(super) async fn withdraw(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        object: &Object,
    ) -> Result<(), Error> {
        transaction.remove(kind, object)?;
        match kind {
            EntityKind::KeyauthCredentials | EntityKind::Oauth2Credentials => {
                self.revoke_keys(transaction, kind, object).await?
            }
            EntityKind::ApplicationInstances => {
                if let Some(application_id) = reference(object, "application") {
                    self.republish_application(transaction, application_id).await?;
                }
            }
            EntityKind::Applications => {
                self.release_names(transaction, object);
                transaction.delete(records::refusals(id_of(object)?));
            }
            EntityKind::Developers => {
                transaction.delete(records::refusals(id_of(object)?));
                self.remove_account(transaction, id_of(object)?).await?;
            }
            EntityKind::Consumers => self.publish_if_anonymous(transaction, Some(object), None).await?,
            EntityKind::Plugins => self.count_anonymous(transaction, Some(object), None).await?,
            EntityKind::Services => self.remove_document(transaction, id_of(object)?).await?,
            EntityKind::Routes => {}
        }
        Ok(())
    }
}
