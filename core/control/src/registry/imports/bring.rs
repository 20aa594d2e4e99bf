//! Brings one entity into the store, in a transaction: finds the one that it is, if that is stored, and makes
//! or replaces it, by the rules of any other write.

use serde_json::Value;
use uuid::Uuid;

use super::facts;
use super::staged::{IdOf, Staged};
use super::state::{Difference, Fault, Tally};
use crate::audit::Line;
use crate::ports::{Clock, Random};
use crate::registry::credentials::check_options;
use crate::registry::entities::{keep_private, keep_unnamed, stamp};
use crate::registry::entity_change::EntityChange;
use crate::registry::entity_transaction::{DELETING, EntityTransaction, id_of, reference, unique_values};
use crate::registry::given_key::GivenKey;
use crate::registry::jobs::Job;
use crate::registry::plugins::keep_made;
use crate::registry::present::{is_credential, is_expired};
use crate::registry::sealed::Nonce;
use crate::registry::stored_credential::{HeldKey, HeldSecret, expires_at_ms, key_member};
use crate::registry::{Error, Minted, Registry, records};
use crate::schema::{EntityKind, Mode, Object};
use latchkey_store::{RecordKey, Store};

/// Routes of a service among which one without a name is looked for. Beyond, it is known by its content alone.
const ALIKE_MAX: usize = 100;

/// What is wrong with a new credential that has none.
pub(super) const NO_KEY: &str = "required field missing: nobody would see a key that is made";

/// What became of an entity.
pub(super) struct Brought {
    pub(super) id: Uuid,
    pub(super) did: Did,
    /// The rest of the change, when it did not fit one commit.
    pub(super) job: Option<Job>,
}

pub(super) enum Did {
    Create,
    /// With the names of the fields.
    Change(Vec<String>),
    Nothing,
}

impl Brought {
    /// Adds it to what has come of some work.
    pub(super) fn count(self, kind: EntityKind, staged: &Staged, tally: &mut Tally) {
        tally.done += 1;
        let difference =
            |does, fields| Difference { kind, id: self.id, name: staged.name(kind), does, fields };
        match self.did {
            Did::Create => {
                tally.created += 1;
                tally.differences.push(difference("create", Vec::new()));
            }
            Did::Change(fields) => {
                tally.changed += 1;
                tally.differences.push(difference("change", fields));
            }
            Did::Nothing => tally.unchanged += 1,
        }
    }
}

/// Whether an error says something of an entity, and not of the store.
pub(in crate::registry) fn is_fault(error: &Error) -> bool {
    !matches!(error, Error::Store(_) | Error::Busy | Error::UnknownPepper)
}

/// What is wrong with an entity of a part.
pub(super) fn fault(kind: EntityKind, part: u32, staged: &Staged, error: &Error) -> Fault {
    Fault {
        part: Some(part),
        entity: Some(staged.entity),
        kind: kind.name().to_owned(),
        name: staged.name(kind),
        message: error.to_string(),
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// `sent`: the entity as it was sent, or with ids in the place of names.
    pub(super) async fn bring(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        staged: &Staged,
        sent: Object,
        minted: &Minted,
    ) -> Result<Brought, Error> {
        let mut input = self.resolve_references(transaction, kind, sent).await?;
        check_options(kind, &input)?;
        let mut entity = self.validate(kind, Mode::Whole, &input)?;
        let key = self.staged_key_of(kind, staged)?;
        let old = self.counterpart(transaction, kind, staged, &entity, key.as_ref()).await?;
        let id = match (&old, staged.id_of) {
            (Some(old), IdOf::Drawn | IdOf::Content) => id_of(old)?,
            (_, IdOf::Given) | (None, _) => staged.id,
        };
        input.insert("id".to_owned(), id.to_string().into());
        if let Some(old) = &old {
            keep_unnamed(kind, old, &mut input);
            entity = self.validate(kind, Mode::Whole, &input)?;
            take_over(kind, old, &mut entity);
        }
        stamp(kind, &mut entity, id, transaction.now_ms);
        if let Some(old) = &old
            && staged.secret.as_ref().is_none_or(|secret| HeldSecret::of(old).as_ref() == Some(secret))
            && self.is_unchanged(kind, old, &entity, &input, key.as_ref())
        {
            return Ok(Brought { id, did: Did::Nothing, job: None });
        }
        if is_credential(kind) && old.is_none() && !has_key(kind, &entity, key.as_ref()) {
            return Err(Error::field(key_member(kind), NO_KEY));
        }
        let minted = Minted { nonce: Nonce::draw(&self.random), ..minted.clone() };
        let change = EntityChange {
            key: key.as_ref(),
            secret: staged.secret.as_ref(),
            is_import: true,
            ..EntityChange::new(kind, id, &input, old.as_ref(), &minted)
        };
        let disclosed = self.prepare(transaction, &change, &mut entity).await?;
        let did = match &old {
            None => Did::Create,
            Some(old) => Did::Change(Line::of_change(kind.name(), id, Some(old), &entity).fields),
        };
        let outcome = self.write(transaction, &change, entity, disclosed).await?;
        Ok(Brought { id, did, job: outcome.job })
    }

    fn staged_key_of(&self, kind: EntityKind, staged: &Staged) -> Result<Option<GivenKey>, Error> {
        let Some(key) = &staged.key else { return Ok(None) };
        let sentence = "was received under a pepper that is no longer in use: send its part again";
        key.open(staged.id, &self.key_ring).map(Some).ok_or_else(|| Error::field(key_member(kind), sentence))
    }

    /// The stored entity that an entity of an import is: by its id, where that was sent; else by what it is
    /// called, a credential by its key, a plugin by its name and scope.
    async fn counterpart(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        staged: &Staged,
        entity: &Object,
        key: Option<&GivenKey>,
    ) -> Result<Option<Object>, Error> {
        let by_id = match staged.id_of {
            IdOf::Given | IdOf::Content => transaction.load_marked(kind, staged.id).await?,
            IdOf::Drawn => None,
        };
        let found = match (by_id, staged.id_of, key) {
            (Some(found), ..) => Some(found),
            // A key that belongs to the same consumer already is that same credential, which takes the id.
            (None, _, Some(key)) => {
                let found = self.find_by_given(transaction, kind, key).await?;
                found.filter(|found| reference(found, "consumer") == reference(entity, "consumer"))
            }
            (None, IdOf::Drawn, None) => self.find_named_alike(transaction, kind, entity).await?,
            (None, IdOf::Content, None) => self.find_alike(transaction, kind, entity).await?,
            (None, IdOf::Given, None) => None,
        };
        let Some(found) = found else { return Ok(None) };
        if found.contains_key(DELETING) {
            return Err(Error::field(
                "id",
                "the one that is stored is being deleted: import again when it is gone",
            ));
        }
        if is_expired(&found, transaction.now_ms) {
            self.withdraw(transaction, kind, &found).await?;
            return Ok(None);
        }
        Ok(Some(found))
    }

    /// The stored entity with the first of the unique values of an entity that any has.
    async fn find_named_alike(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        entity: &Object,
    ) -> Result<Option<Object>, Error> {
        let mut values = unique_values(kind, entity);
        // What no two plugins share, taken together, says more than what one is called.
        values.sort_by_key(|(name, _)| !name.starts_with('@'));
        for (name, value) in values {
            if let Some(id) = transaction.find(kind, &name, &value).await?
                && let Some(found) = transaction.load_marked(kind, id).await?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// One of the first routes of the same service that is the same in all but id and times.
    async fn find_alike(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        entity: &Object,
    ) -> Result<Option<Object>, Error> {
        let (EntityKind::Routes, Some(service)) = (kind, reference(entity, "service")) else {
            return Ok(None);
        };
        let routes =
            transaction.children_page(EntityKind::Services, service, kind, None, ALIKE_MAX).await?.objects;
        let is_alike = |stored: &Object| {
            let same = |field: &&str| {
                kind.value_of(stored, field) == entity.get(*field).cloned().unwrap_or_default()
            };
            compared_fields(kind)
                .filter(|field| !["id", "created_at"].contains(field))
                .all(|field| same(&field))
        };
        Ok(routes.into_iter().find(is_alike))
    }

    /// Whether what is stored is what it would be replaced by.
    fn is_unchanged(
        &self,
        kind: EntityKind,
        old: &Object,
        entity: &Object,
        input: &Object,
        key: Option<&GivenKey>,
    ) -> bool {
        let same = |field: &str| kind.value_of(old, field) == entity.get(field).cloned().unwrap_or_default();
        let hidden = [key_member(kind), "client_secret", "ttl", "expires_at"];
        let is_shown = |field: &&str| !hidden.contains(field);
        if !compared_fields(kind).filter(is_shown).all(same) {
            return false;
        }
        if !keeps_end(old, input) {
            return false;
        }
        let names_itself = |text: &Value| {
            let id = old.get("id").and_then(Value::as_str).unwrap_or_default();
            text.as_str() == Some(GivenKey::unknown_text(id).as_str())
        };
        let has_its_key = |key: &GivenKey| {
            let places = self.places(key);
            HeldKey::of(old).is_some_and(|held| held.places().any(|place| places.contains(&place)))
        };
        match key {
            Some(key) => has_its_key(key),
            None => entity.get(key_member(kind)).is_none_or(|text| text.is_null() || names_itself(text)),
        }
    }

    /// Reads what bringing some entities will ask for, several records at the same time.
    pub(super) async fn read_ahead(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        some: &[Staged],
    ) -> Result<(), Error> {
        let mut keys = Vec::new();
        for staged in some {
            self.records_asked_for(kind, staged, &mut keys);
        }
        transaction.read_ahead(keys).await?;
        let mut keys = Vec::new();
        for staged in some {
            for (_, to, need) in facts::needs(kind, &staged.object) {
                let Some(need) = need else { continue };
                let id = match need.id {
                    Some(id) => Some(id),
                    None => transaction.find_ahead(to, need.field.field(), &need.value)?,
                };
                keys.extend(id.map(|id| records::entity(to, id)));
            }
        }
        transaction.read_ahead(keys).await
    }

    fn records_asked_for(&self, kind: EntityKind, staged: &Staged, keys: &mut Vec<RecordKey>) {
        keys.push(records::entity(kind, staged.id));
        keys.extend(
            unique_values(kind, &staged.object)
                .iter()
                .filter(|(name, _)| !name.starts_with('@'))
                .map(|(name, value)| records::unique(kind, name, value)),
        );
        for (_, to, need) in facts::needs(kind, &staged.object) {
            keys.extend(
                need.filter(|need| need.id.is_none())
                    .map(|need| records::unique(to, need.field.field(), &need.value)),
            );
        }
        if kind == EntityKind::Consumers {
            keys.push(records::reserved_consumer(staged.id));
            let username = staged.object.get("username").and_then(Value::as_str);
            keys.extend(username.map(records::anonymous));
            keys.push(records::anonymous(&staged.id.to_string()));
        }
        if let Some(key) = staged.key.as_ref().and_then(|key| key.open(staged.id, &self.key_ring)) {
            keys.extend(self.places(&key).iter().map(records::credential));
        }
    }
}

/// Whether a credential ends when it did. A time to live counts from now; an end that is not named stays.
fn keeps_end(old: &Object, input: &Object) -> bool {
    let named = |field| input.get(field).filter(|value| !value.is_null()).and_then(Value::as_u64);
    match (named("ttl"), named("expires_at")) {
        (Some(ttl), _) if ttl > 0 => false,
        (_, Some(end)) => expires_at_ms(old) == Some(end * 1000),
        _ => {
            expires_at_ms(old).is_none() || !["ttl", "expires_at"].iter().any(|end| input.contains_key(*end))
        }
    }
}

/// Whether a credential comes with a key, in whatever form.
fn has_key(kind: EntityKind, entity: &Object, key: Option<&GivenKey>) -> bool {
    key.is_some() || entity.get(key_member(kind)).is_some_and(Value::is_string)
}

/// Fields of a kind whose values tell whether an entity changes.
fn compared_fields(kind: EntityKind) -> impl Iterator<Item = &'static str> {
    kind.schema().fields.iter().map(|field| field.name).filter(|field| *field != "updated_at")
}

/// Gives what replaces an entity what of that one stays: what only the registry sets, and when it was made.
fn take_over(kind: EntityKind, old: &Object, entity: &mut Object) {
    keep_private(old, entity);
    if kind == EntityKind::Plugins {
        keep_made(old, entity);
    }
    for field in kind.schema().fields.iter().filter(|field| field.read_only) {
        entity.insert(field.name.to_owned(), old.get(field.name).cloned().unwrap_or_default());
    }
    if entity.get("created_at").is_none_or(Value::is_null) {
        entity.insert("created_at".to_owned(), old.get("created_at").cloned().unwrap_or_default());
    }
}
