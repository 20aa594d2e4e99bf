//! Imports.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::endpoints::Verb;
use super::lists::{Query, own_page};
use super::routing::Matched;
use super::{Control, answer, shapes};
use crate::ports::{Clock, Random};
use crate::registry::{Difference, Error, Fault, ImportOptions, ImportReport, RecordPage};
use crate::schema::{Input, Mode, Object, parse_uuid, validate_record};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn imports(&self, query: &Query) -> Result<Response<Bytes>, Error> {
        let page = RecordPage::parse(query.value("size"), query.value("offset"))?;
        let list = self.registry.list_imports(&page).await?;
        Ok(own_page("/imports", query, list.data.iter().map(shown).collect(), list.offset))
    }

    pub(super) async fn import(&self, verb: Verb, matched: &Matched) -> Result<Response<Bytes>, Error> {
        let id = id(matched)?;
        match verb {
            Verb::Read => Ok(answer::json(StatusCode::OK, &shown(&self.registry.read_import(id).await?))),
            Verb::Delete => {
                self.registry.forget_import(id).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }
            // The table has no others.
            Verb::Replace | Verb::Change => Err(Error::NotFound),
        }
    }

    pub(super) async fn advance_import(
        &self,
        matched: &Matched,
        input: Input<'_>,
    ) -> Result<Response<Bytes>, Error> {
        let options = options(&input.typed_by(shapes::IMPORT_OPTIONS))?;
        let report = self.registry.advance_import(id(matched)?, &options).await?;
        Ok(answer::json(StatusCode::OK, &shown(&report)))
    }

    pub(super) async fn receive_part(
        &self,
        matched: &Matched,
        input: Input<'_>,
    ) -> Result<Response<Bytes>, Error> {
        let part = matched.text("part").parse().map_err(|_| Error::NotFound)?;
        let input = input.typed_by(&[]);
        let received = self.registry.receive_part(id(matched)?, part, &input).await?;
        Ok(answer::json(StatusCode::OK, &json!({"part": received.part, "entities": received.entities})))
    }
}

fn id(matched: &Matched) -> Result<Uuid, Error> {
    parse_uuid(matched.text("import")).ok_or(Error::InvalidPrimaryKey)
}

fn options(input: &Object) -> Result<ImportOptions, Error> {
    let valid = validate_record(shapes::IMPORT_OPTIONS, Mode::Whole, input).map_err(Error::Schema)?;
    let flag = |name| valid.get(name) == Some(&Value::Bool(true));
    let parts = valid.get("parts").and_then(Value::as_u64).and_then(|parts| parts.try_into().ok());
    let tags = valid.get("select_tags").and_then(Value::as_array).into_iter().flatten();
    Ok(ImportOptions {
        parts: parts.ok_or_else(|| Error::field("parts", "required field missing"))?,
        prune: flag("prune"),
        dry_run: flag("dry_run"),
        select_tags: tags.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

fn shown(report: &ImportReport) -> Value {
    json!({
        "id": report.id,
        "state": report.state,
        "done": report.done,
        "total": report.total,
        "created": report.created,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "deleted": report.deleted,
        "differences": report.differences.iter().map(difference).collect::<Vec<_>>(),
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
    })
}

fn difference(difference: &Difference) -> Value {
    let Difference { kind, id, name, does, fields } = difference;
    json!({"kind": kind.name(), "id": id, "name": name, "does": does, "fields": fields})
}

fn fault(fault: &Fault) -> Value {
    let Fault { part, entity, kind, name, message } = fault;
    json!({"part": part, "entity": entity, "kind": kind, "name": name, "message": message})
}
