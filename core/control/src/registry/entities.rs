//! Create, read, change, replace and delete: the same for every kind, with each kind's own rules
//! called in between.

use serde_json::{Value, json};
use uuid::Uuid;

use super::attempts::transact;
use super::credentials::check_options;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of, reference};
use super::error::Error;
use super::given_key::GivenKey;
use super::jobs::Job;
use super::lookup::{Step, with_parent};
use super::{Minted, Registry};
use super::{client, routes};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Input, Mode, Object};
use latchkey_store::Store;

/// What a change comes to.
pub(super) struct Outcome {
    pub(super) answer: Object,
    /// The rest of the change, when it did not fit one commit.
    pub(super) job: Option<Job>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Makes an entity under `scope`. The answer has, this once, the secrets it was made with.
    pub async fn create(
        &self,
        kind: EntityKind,
        scope: &[Step<'_>],
        input: impl Into<Input<'_>>,
    ) -> Result<Object, Error> {
        let (input, minted) = (input.into(), self.minted());
        let is_invited = kind == EntityKind::Developers && self.has_mail;
        let invitation = is_invited.then(|| self.invitation());
        let create = async |transaction: &mut EntityTransaction<'_, S>,
                            may_be_applied|
               -> Result<Outcome, Error> {
            let outcome = self.create_in(transaction, kind, scope, input, &minted, may_be_applied).await?;
            if let Some(token) = &invitation {
                self.invite(transaction, id_of(&outcome.answer)?, token).await?;
            }
            Ok(outcome)
        };
        let outcome =
            transact!(self, attempts, |transaction| create(&mut transaction, attempts.may_be_applied()));
        self.complete(outcome).await
    }

    /// The entity at the end of a path.
    pub async fn read(&self, path: &[Step<'_>]) -> Result<Object, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let found = self.resolve(&mut transaction, path).await?;
        match (found.and_then(|mut found| found.pop()), path.last()) {
            (Some(object), Some(step)) => {
                Ok(self.present(step.kind, &object, &Object::new(), transaction.now_ms))
            }
            _ => Err(Error::NotFound),
        }
    }

    /// Changes the entity at the end of a path: records merge, null clears.
    pub async fn update(&self, path: &[Step<'_>], input: impl Into<Input<'_>>) -> Result<Object, Error> {
        let (input, minted) = (input.into(), self.minted());
        let mut found_id = None;
        let outcome = transact!(self, attempts, |transaction| self.update_in(
            &mut transaction,
            path,
            input,
            &minted,
            attempts.may_be_applied(),
            &mut found_id
        ));
        self.complete(outcome).await
    }

    /// Makes or replaces the entity at the end of a path: absent fields take their defaults, but for those
    /// that are [kept](crate::schema::Field::kept).
    pub async fn replace(&self, path: &[Step<'_>], input: impl Into<Input<'_>>) -> Result<Object, Error> {
        let (input, minted) = (input.into(), self.minted());
        let outcome =
            transact!(self, attempts, |transaction| self.replace_in(&mut transaction, path, input, &minted));
        self.complete(outcome).await
    }

    /// Makes or replaces what the entity at the end of a path refers to; tied to it when it refers to
    /// nothing yet.
    pub async fn replace_reference(
        &self,
        path: &[Step<'_>],
        to: EntityKind,
        input: impl Into<Input<'_>>,
    ) -> Result<Object, Error> {
        let (input, minted) = (input.into(), self.minted());
        let outcome = transact!(self, attempts, |transaction| self.replace_reference_in(
            &mut transaction,
            path,
            to,
            input,
            &minted
        ));
        self.complete(outcome).await
    }

    async fn replace_reference_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
        to: EntityKind,
        input: Input<'_>,
        minted: &Minted,
    ) -> Result<Outcome, Error> {
        let found = self.resolve(transaction, path).await?.and_then(|mut found| found.pop());
        let (Some(referrer), Some(step)) = (found, path.last()) else { return Err(Error::NotFound) };
        let field = step.kind.schema().reference_to(to).ok_or(Error::NotFound)?.name;
        let referred = reference(&referrer, field);
        let id = referred.unwrap_or(minted.id).to_string();
        let outcome = self.replace_in(transaction, &[Step { kind: to, key: &id }], input, minted).await?;
        if referred.is_none() {
            let tie = Object::from_iter([(field.to_owned(), json!({"id": id}))]);
            self.update_in(transaction, path, Input::Object(&tie), minted, false, &mut None).await?;
        }
        Ok(outcome)
    }

    async fn complete(&self, outcome: Outcome) -> Result<Object, Error> {
        if let Some(job) = outcome.job {
            self.run_job(&job).await?;
        }
        Ok(outcome.answer)
    }

    pub(super) async fn create_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        scope: &[Step<'_>],
        input: Input<'_>,
        minted: &Minted,
        may_be_applied: bool,
    ) -> Result<Outcome, Error> {
        let parent = self.parent(transaction, scope).await?;
        let input = with_parent(kind, input.typed(kind, None).into_owned(), parent);
        let input = self.resolve_references(transaction, kind, input).await?;
        check_options(kind, &input)?;
        let mut entity = self.validate(kind, Mode::Whole, &input)?;
        let id = given_id(&entity).unwrap_or(minted.id);
        stamp(kind, &mut entity, id, transaction.now_ms);
        let existing = transaction.load_marked(kind, id).await?;
        if existing.is_some() && !may_be_applied {
            return Err(Error::IdInUse(id));
        }
        let change = EntityChange::new(kind, id, &input, None, minted);
        let disclosed = self.prepare(transaction, &change, &mut entity).await?;
        match existing {
            // Made by an attempt whose reply was lost: only the answer is left to give.
            Some(existing) if may_be_applied && existing == entity => {
                let mut disclosed = disclosed;
                if kind == EntityKind::Applications {
                    disclosed.extend(self.first_credential(transaction, minted).await?);
                }
                Ok(Outcome { answer: self.present(kind, &entity, &disclosed, transaction.now_ms), job: None })
            }
            Some(_) => Err(Error::IdInUse(id)),
            None => self.write(transaction, &change, entity, disclosed).await,
        }
    }

    /// Whether an entity, sent whole, is one that may be stored, as far as that hangs on nothing that
    /// is stored.
    pub fn check(&self, kind: EntityKind, input: &Object) -> Result<(), Error> {
        check_options(kind, input)?;
        self.validate(kind, Mode::Whole, input).map(drop)
    }

    /// An entity that its schema and this installation allow.
    pub(super) fn validate(&self, kind: EntityKind, mode: Mode<'_>, input: &Object) -> Result<Object, Error> {
        let entity = kind.validate(mode, input).map_err(Error::Schema)?;
        match (kind, mode) {
            (EntityKind::Routes, _) => routes::refuse_own_paths(&self.own_paths, &entity)?,
            (EntityKind::Oauth2Credentials, Mode::Changes(old)) => client::check_changes(old, input)?,
            _ => {}
        }
        Ok(entity)
    }

    pub(super) async fn update_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
        input: Input<'_>,
        minted: &Minted,
        may_be_applied: bool,
        found_id: &mut Option<Uuid>,
    ) -> Result<Outcome, Error> {
        let Some((step, scope)) = path.split_last() else { return Err(Error::NotFound) };
        let parent = self.parent(transaction, scope).await?;
        let found = match found_id.filter(|_| may_be_applied) {
            // The change itself may have given it another name.
            Some(id) => transaction.load(step.kind, id).await?,
            None => self.resolve(transaction, path).await?.and_then(|mut found| found.pop()),
        };
        let Some(old) = found else {
            return Err(if scope.is_empty() { step.no_entity() } else { Error::NotFound });
        };
        *found_id = Some(id_of(&old)?);
        let mut input = input.typed(step.kind, Some(&old)).into_owned();
        if !is_moved_by_reference(step.kind) {
            input = with_parent(step.kind, input, parent);
        }
        let input = self.resolve_references(transaction, step.kind, input).await?;
        check_options(step.kind, &input)?;
        let mut entity = self.validate(step.kind, Mode::Changes(&old), &input)?;
        let id = id_of(&old)?;
        if given_id(&entity) != Some(id) {
            return Err(Error::field("id", "cannot be changed"));
        }
        keep_private(&old, &mut entity);
        set_updated_at(step.kind, &mut entity, transaction.now_ms);
        let change = EntityChange::new(step.kind, id, &input, Some(&old), minted);
        let disclosed = self.prepare(transaction, &change, &mut entity).await?;
        self.write(transaction, &change, entity, disclosed).await
    }

    async fn replace_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
        input: Input<'_>,
        minted: &Minted,
    ) -> Result<Outcome, Error> {
        let Some((step, scope)) = path.split_last() else { return Err(Error::NotFound) };
        let kind = step.kind;
        let parent = self.parent(transaction, scope).await?;
        let mut input = with_parent(kind, input.typed(kind, None).into_owned(), parent);
        if step.id().is_none() {
            let Some(field) = kind.schema().endpoint_key else { return Err(Error::NotFound) };
            input.insert(field.to_owned(), step.key.into());
        }
        let mut input = self.resolve_references(transaction, kind, input).await?;
        let old = self.replaced(transaction, *step, &input).await?;
        if let (Some(old), Some((parent, parent_id))) = (&old, parent)
            && !is_moved_by_reference(kind)
            && kind.schema().reference_to(parent).and_then(|field| reference(old, field.name))
                != Some(parent_id)
        {
            return Err(Error::NotFound);
        }
        let id = match (step.id(), &old) {
            (Some(id), _) => id,
            (None, Some(old)) => id_of(old)?,
            (None, None) => minted.id,
        };
        input.insert("id".to_owned(), id.to_string().into());
        if let Some(old) = &old {
            keep_unnamed(kind, old, &mut input);
        }
        check_options(kind, &input)?;
        let mut entity = self.validate(kind, Mode::Whole, &input)?;
        stamp(kind, &mut entity, id, transaction.now_ms);
        if let Some(old) = &old {
            keep_private(old, &mut entity);
            for field in kind.schema().fields.iter().filter(|field| field.read_only) {
                entity.insert(field.name.to_owned(), old.get(field.name).cloned().unwrap_or_default());
            }
        }
        let change = EntityChange::new(kind, id, &input, old.as_ref(), minted);
        let disclosed = self.prepare(transaction, &change, &mut entity).await?;
        self.write(transaction, &change, entity, disclosed).await
    }

    /// The entity that a PUT replaces.
    ///
    /// A key that belongs to the same consumer already is that same credential, which takes the id in the
    /// path: decK makes a new id whenever the file has a key in clear, and then deletes the old one.
    async fn replaced(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        step: Step<'_>,
        input: &Object,
    ) -> Result<Option<Object>, Error> {
        if let Some(old) = self.lookup_marked(transaction, step).await? {
            return match self.lookup(transaction, step).await? {
                Some(old) => Ok(Some(old)),
                None if super::present::is_expired(&old, transaction.now_ms) => {
                    self.withdraw(transaction, step.kind, &old).await?;
                    Ok(None)
                }
                // Being deleted.
                None => Err(Error::Busy),
            };
        }
        let key_field = match step.kind {
            EntityKind::KeyauthCredentials => "key",
            EntityKind::Oauth2Credentials => "client_id",
            _ => return Ok(None),
        };
        let Some(key) = input.get(key_field).and_then(Value::as_str) else { return Ok(None) };
        if let Ok(GivenKey::Unknown(_)) | Err(_) = GivenKey::parse(key) {
            return Ok(None);
        }
        let same = self.lookup(transaction, Step { kind: step.kind, key }).await?;
        Ok(same.filter(|same| {
            step.id() != id_of(same).ok() && reference(same, "consumer") == reference(input, "consumer")
        }))
    }

    /// The last entity of a scope.
    pub(super) async fn parent(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        scope: &[Step<'_>],
    ) -> Result<Option<(EntityKind, Uuid)>, Error> {
        let Some(step) = scope.last() else { return Ok(None) };
        let found = self.resolve(transaction, scope).await?.and_then(|mut found| found.pop());
        let object = found.ok_or(Error::NotFound)?;
        Ok(Some((step.kind, id_of(&object)?)))
    }

    /// Rules of the kind that complete or refuse the entity. Answers what is shown this once.
    pub(super) async fn prepare(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        entity: &mut Object,
    ) -> Result<Object, Error> {
        match change.kind {
            EntityKind::KeyauthCredentials => self.prepare_key(transaction, change, entity).await,
            EntityKind::Oauth2Credentials => {
                self.prepare_oauth2_credential(transaction, change, entity).await
            }
            EntityKind::Applications => self.prepare_application(transaction, change, entity).await,
            EntityKind::ApplicationInstances => self.prepare_contract(transaction, change, entity).await,
            EntityKind::Consumers => self.prepare_consumer(transaction, change).await,
            EntityKind::Developers => {
                self.follow_developer(transaction, change, entity).await.map(|()| Object::new())
            }
            EntityKind::Plugins => {
                self.prepare_plugin(change, entity);
                Ok(Object::new())
            }
            EntityKind::Services | EntityKind::Routes => Ok(Object::new()),
        }
    }

    /// Saves the entity and publishes what follows from it.
    pub(super) async fn write(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        mut entity: Object,
        mut disclosed: Object,
    ) -> Result<Outcome, Error> {
        match change.old {
            Some(old) if id_of(old)? != change.id => {
                client::keep_former_id(change.kind, old, &mut entity)?;
                transaction.remove(change.kind, old)?;
                transaction.save(change.kind, None, &entity).await?;
            }
            old => transaction.save(change.kind, old, &entity).await?,
        }
        let mut job = None;
        match change.kind {
            EntityKind::Services | EntityKind::Routes => {}
            EntityKind::Plugins => self.count_anonymous(transaction, change.old, Some(&entity)).await?,
            EntityKind::Consumers => job = self.publish_consumer(transaction, change, &entity).await?,
            EntityKind::KeyauthCredentials => {
                self.publish_credential_of(transaction, change.kind, &entity).await?
            }
            EntityKind::Developers => job = self.publish_developer(transaction, change, &entity).await?,
            EntityKind::Applications => {
                disclosed.extend(self.publish_application(transaction, change).await?)
            }
            EntityKind::ApplicationInstances => {
                self.note_contract(transaction, change, &entity).await?;
                if let Some(application_id) = reference(&entity, "application") {
                    self.republish_application(transaction, application_id).await?;
                }
            }
            EntityKind::Oauth2Credentials => {
                self.note_key_end(transaction, change, &entity).await?;
                self.publish_credential_of(transaction, change.kind, &entity).await?;
            }
        }
        let answer = self.present(change.kind, &entity, &disclosed, transaction.now_ms);
        Ok(Outcome { answer, job })
    }
}

/// Whether a call below a parent can move an entity, as in Kong: by a PUT below another, or a PATCH with
/// a reference of its own. What keys hang on stays.
fn is_moved_by_reference(kind: EntityKind) -> bool {
    match kind {
        EntityKind::Routes | EntityKind::Plugins => true,
        EntityKind::Services
        | EntityKind::Consumers
        | EntityKind::KeyauthCredentials
        | EntityKind::Developers
        | EntityKind::Applications
        | EntityKind::ApplicationInstances
        | EntityKind::Oauth2Credentials => false,
    }
}

pub(super) fn given_id(entity: &Object) -> Option<Uuid> {
    entity.get("id").and_then(Value::as_str).and_then(|id| Uuid::try_parse(id).ok())
}

/// Fills in what every new entity has.
pub(super) fn stamp(kind: EntityKind, entity: &mut Object, id: Uuid, now_ms: u64) {
    entity.insert("id".to_owned(), id.to_string().into());
    if entity.get("created_at").is_none_or(Value::is_null) {
        entity.insert("created_at".to_owned(), (now_ms / 1000).into());
    }
    set_updated_at(kind, entity, now_ms);
}

fn set_updated_at(kind: EntityKind, entity: &mut Object, now_ms: u64) {
    if kind.schema().field("updated_at").is_some() {
        entity.insert("updated_at".to_owned(), (now_ms / 1000).into());
    }
}

/// Names for the caller what a PUT keeps that does not name it.
pub(super) fn keep_unnamed(kind: EntityKind, old: &Object, input: &mut Object) {
    for field in kind.schema().fields.iter().filter(|field| field.kept) {
        input.entry(field.name).or_insert_with(|| kind.value_of(old, field.name));
    }
}

pub(super) fn keep_private(old: &Object, entity: &mut Object) {
    let private = old.iter().filter(|(name, _)| name.starts_with('_'));
    entity.extend(private.map(|(name, value)| (name.clone(), value.clone())));
}
