//! What each method does at each kind of path.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::endpoints::{Matched, Resource};
use super::lists::Query;
use super::{Admin, answer, information};
use crate::ports::{Clock, Random};
use crate::registry::{Error, Step};
use crate::schema::{EntityKind, Object};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Admin<S, C, R> {
    pub(super) async fn resource(
        &self,
        method: &str,
        matched: &Matched,
        query: &Query,
        input: &Object,
    ) -> Result<Response<Bytes>, Error> {
        match matched.endpoint.resource {
            Resource::Information => self.information().await,
            Resource::Status => self.status().await,
            Resource::Endpoints => Ok(information::endpoints()),
            Resource::EnabledPlugins => Ok(information::enabled_plugins()),
            Resource::EntitySchema => Ok(information::entity_schema(matched)),
            Resource::PluginSchema => Ok(information::plugin_schema(matched)),
            Resource::Collection(kind) if method == "POST" => {
                let made = self.registry.create(kind, &matched.steps(), input).await?;
                let status = match kind {
                    // As Kong has it.
                    EntityKind::Developers => StatusCode::OK,
                    _ => StatusCode::CREATED,
                };
                Ok(answer::json(status, &Value::Object(made)))
            }
            Resource::Collection(kind) => self.answer_list(kind, matched, query).await,
            Resource::ServiceApplications => self.answer_list(EntityKind::Applications, matched, query).await,
            Resource::Item(_) => self.item(method, &matched.steps(), input).await,
            Resource::Reference(kind) => self.reference(method, kind, matched, input).await,
            Resource::ApplicationConsumer => {
                let consumer = self.registry.application_consumer(&matched.steps()).await?;
                Ok(answer::json(StatusCode::OK, &Value::Object(consumer)))
            }
        }
    }

    async fn item(&self, method: &str, path: &[Step<'_>], input: &Object) -> Result<Response<Bytes>, Error> {
        let entity = match method {
            "DELETE" => {
                self.registry.delete(path).await?;
                return Ok(answer::empty(StatusCode::NO_CONTENT));
            }
            "PATCH" => {
                let changed = self.registry.update(path, input).await?;
                let is_developer = path.last().is_some_and(|step| step.kind == EntityKind::Developers);
                // Kong wraps this one answer.
                if is_developer {
                    Object::from_iter([("developer".to_owned(), Value::Object(changed))])
                } else {
                    changed
                }
            }
            "PUT" => self.registry.replace(path, input).await?,
            _ => self.registry.read(path).await?,
        };
        Ok(answer::json(StatusCode::OK, &json!(entity)))
    }

    async fn reference(
        &self,
        method: &str,
        kind: EntityKind,
        matched: &Matched,
        input: &Object,
    ) -> Result<Response<Bytes>, Error> {
        let path = matched.steps();
        let referrer = self.registry.read(&path).await?;
        let field = path.last().and_then(|step| step.kind.schema().reference_to(kind));
        let id =
            field.and_then(|field| referrer.get(field.name)?.get("id")?.as_str()).ok_or(Error::NotFound)?;
        self.item(method, &[Step { kind, key: id }], input).await
    }
}
