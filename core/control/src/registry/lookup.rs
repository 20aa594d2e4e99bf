//! Finds entities by what stands in a path.

use serde_json::Value;
use uuid::Uuid;

use super::entity_transaction::{DELETING, EntityTransaction, id_of, reference};
use super::error::Error;
use super::{Registry, present};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::keys::{KeyDigest, PlainKey};
use latchkey_store::Store;

/// One entity in a path: its kind, and its id or endpoint key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Kind of the entity.
    pub kind: EntityKind,
    /// Id, or else name, username, e-mail address, key.
    pub key: &'a str,
}

/// Which credential a digest belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Holder {
    pub(super) application: bool,
    pub(super) id: Uuid,
}

impl Holder {
    pub(super) fn kind(self) -> EntityKind {
        if self.application { EntityKind::Oauth2Credentials } else { EntityKind::KeyauthCredentials }
    }
}

impl Step<'_> {
    /// The id, when the path has one.
    pub(super) fn id(&self) -> Option<Uuid> {
        crate::schema::parse_uuid(self.key)
    }

    /// Refuses what can be neither an id nor an endpoint key of its kind. Names of what is ours alone are
    /// found or not, whatever they are.
    fn check(&self) -> Result<(), Error> {
        if self.id().is_some() {
            return Ok(());
        }
        let schema = self.kind.schema();
        let Some(field) = schema.endpoint_key.and_then(|name| schema.field(name)) else {
            return Err(Error::InvalidPrimaryKey);
        };
        let checked = match self.kind {
            EntityKind::Services | EntityKind::Routes | EntityKind::Plugins => field.check_text(self.key),
            EntityKind::Consumers
            | EntityKind::KeyauthCredentials
            | EntityKind::Developers
            | EntityKind::Applications
            | EntityKind::ApplicationInstances
            | EntityKind::Oauth2Credentials => Ok(()),
        };
        checked.map_err(|sentence| Error::InvalidUnique { field: field.name, sentence })
    }

    /// The refusal when there is nothing to change. Keys are not repeated.
    pub(super) fn no_entity(&self) -> Error {
        let field = match self.id() {
            Some(_) => "id",
            None => self.kind.schema().endpoint_key.unwrap_or("id"),
        };
        let secret = matches!(field, "key" | "client_id");
        Error::NoEntity { field, value: if secret { "<hidden>".to_owned() } else { self.key.to_owned() } }
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// The entities along a path, each belonging to the one before; `None` when one is missing.
    pub(super) async fn resolve(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
    ) -> Result<Option<Vec<Object>>, Error> {
        let mut found: Vec<Object> = Vec::with_capacity(path.len());
        for (at, step) in path.iter().enumerate() {
            let Some(object) = self.lookup(transaction, *step).await? else { return Ok(None) };
            let parent = at.checked_sub(1).and_then(|at| Some((path.get(at)?.kind, found.get(at)?)));
            if let Some((kind, parent)) = parent
                && !belongs_to(step.kind, &object, kind, id_of(parent)?)
            {
                return Ok(None);
            }
            found.push(object);
        }
        Ok(Some(found))
    }

    /// The entity a step names; `None` also while it is being deleted, or expired.
    pub(super) async fn lookup(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        step: Step<'_>,
    ) -> Result<Option<Object>, Error> {
        let object = self.lookup_marked(transaction, step).await?;
        let now_ms = transaction.now_ms;
        Ok(object.filter(|object| !object.contains_key(DELETING) && !present::is_expired(object, now_ms)))
    }

    /// The entity a step names, also while it is being deleted, or expired.
    pub(super) async fn lookup_marked(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        step: Step<'_>,
    ) -> Result<Option<Object>, Error> {
        step.check()?;
        let id = match (step.id(), step.kind.schema().endpoint_key) {
            (Some(id), _) => Some(id),
            (None, Some("key" | "client_id")) => {
                return self.find_by_key(transaction, step.kind, step.key).await;
            }
            (None, Some(field)) => transaction.find(step.kind, field, step.key).await?,
            (None, None) => None,
        };
        match id {
            Some(id) => transaction.load_marked(step.kind, id).await,
            None => Ok(None),
        }
    }

    /// Digests that a key may be stored under, the current pepper's first.
    pub(super) fn digests(&self, key: &PlainKey) -> Vec<KeyDigest> {
        let peppers = [Some(&self.peppers.current), self.peppers.previous.as_ref()];
        peppers.into_iter().flatten().map(|pepper| pepper.digest_key(key)).collect()
    }
}

/// Whether an entity refers to its parent in a path. A route also has the service it refers to.
fn belongs_to(kind: EntityKind, object: &Object, parent: EntityKind, parent_id: Uuid) -> bool {
    match kind.schema().reference_to(parent) {
        Some(field) => reference(object, field.name) == Some(parent_id),
        None => false,
    }
}

/// Puts the parent in a path into what a caller sent.
pub(super) fn with_parent(kind: EntityKind, mut input: Object, parent: Option<(EntityKind, Uuid)>) -> Object {
    // Of two owners the path says which.
    let other_owner = match parent {
        Some((EntityKind::Consumers, _)) => Some("application"),
        Some((EntityKind::Applications, _)) => Some("consumer"),
        _ => None,
    };
    if let Some(other) = other_owner.filter(|_| kind == EntityKind::Oauth2Credentials) {
        input.remove(other);
    }
    if let Some((parent, id)) = parent
        && let Some(field) = kind.schema().reference_to(parent)
    {
        input.insert(
            field.name.to_owned(),
            Value::Object(Object::from_iter([("id".to_owned(), id.to_string().into())])),
        );
    }
    input
}
