//! References to other entities by a unique value instead of the id.

use serde_json::{Map, Value, json};

use super::Registry;
use super::entity_transaction::{EntityTransaction, id_of};
use super::error::{Error, Unresolved};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object, parse_uuid};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// What a caller sent, with the id of what each reference without a valid one names.
    ///
    /// As in Kong (`resolve_foreign`), a reference may hold more, up to the whole entity.
    pub(super) async fn resolve_references(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        mut input: Object,
    ) -> Result<Object, Error> {
        let mut unresolved = Vec::new();
        for (field, to) in kind.schema().references() {
            let Some(Value::Object(given)) = input.get(field.name) else { continue };
            if given.get("id").and_then(Value::as_str).and_then(parse_uuid).is_some() {
                continue;
            }
            match self.find_named(transaction, to, given).await? {
                Ok(Some(found)) => {
                    input.insert(field.name.to_owned(), json!({"id": id_of(&found)?}));
                }
                Ok(None) => {}
                Err(missing) => unresolved.extend(missing.into_iter().map(|(by, value)| Unresolved {
                    field: field.name,
                    by,
                    value,
                    kind: to,
                })),
            }
        }
        unresolved.sort_by_key(|one| (one.field, one.by));
        if unresolved.is_empty() { Ok(input) } else { Err(Error::Unresolved(unresolved)) }
    }

    /// The entity that has one of the unique values given, or else those values.
    /// None given: it is for validation to say what is missing.
    async fn find_named(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        given: &Map<String, Value>,
    ) -> Result<Result<Option<Object>, Vec<(&'static str, String)>>, Error> {
        let mut missing = Vec::new();
        for field in kind.schema().fields.iter().filter(|field| field.unique) {
            let Some(value) = given.get(field.name).and_then(Value::as_str) else { continue };
            if let Some(id) = transaction.find(kind, field.name, value).await?
                && let Some(found) = transaction.load(kind, id).await?
            {
                return Ok(Ok(Some(found)));
            }
            missing.push((field.name, value.to_owned()));
        }
        Ok(if missing.is_empty() { Ok(None) } else { Err(missing) })
    }
}
