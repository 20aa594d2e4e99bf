//! What is done with entities.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::endpoints::{Action, Verb};
use super::routing::Matched;
use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::{Error, StartedReset, Step};
use crate::schema::{EntityKind, Input, Object};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// What belongs to applications is found below them alone, and not among the OAuth2 clients of consumers.
    pub(super) async fn refuse_of_applications(
        &self,
        matched: &Matched,
        action: Action,
        input: Input<'_>,
    ) -> Result<(), Error> {
        let kind = EntityKind::Oauth2Credentials;
        let steps = matched.steps();
        let is_named = |object: &Object| object.get("application").is_some_and(|it| !it.is_null());
        let sends = matches!(
            action,
            Action::Create(of) | Action::Item(of, Verb::Replace | Verb::Change) if of == kind
        );
        if sends && steps.iter().all(|step| step.kind == kind) && is_named(&input.typed(kind, None)) {
            return Err(Error::field("application", "credentials of applications are made below them"));
        }
        let Some(step) = steps.first().filter(|step| step.kind == kind) else { return Ok(()) };
        match self.registry.read(&[*step]).await {
            Ok(found) if is_named(&found) => Err(Error::NotFound),
            _ => Ok(()),
        }
    }

    pub(super) async fn create(
        &self,
        kind: EntityKind,
        matched: &Matched,
        input: Input<'_>,
    ) -> Result<Response<Bytes>, Error> {
        let made = self.registry.create(kind, &matched.steps(), input).await?;
        let status = match kind {
            // As Kong has it.
            EntityKind::Developers => StatusCode::OK,
            _ => StatusCode::CREATED,
        };
        Ok(answer::json(status, &Value::Object(made)))
    }

    pub(super) async fn item(
        &self,
        kind: EntityKind,
        verb: Verb,
        matched: &Matched,
        input: Input<'_>,
    ) -> Result<Response<Bytes>, Error> {
        self.item_at(kind, verb, &matched.steps(), input).await
    }

    async fn item_at(
        &self,
        kind: EntityKind,
        verb: Verb,
        path: &[Step<'_>],
        input: Input<'_>,
    ) -> Result<Response<Bytes>, Error> {
        let entity = match verb {
            Verb::Read => self.registry.read(path).await?,
            Verb::Replace => self.registry.replace(path, input).await?,
            Verb::Change => {
                let changed = self.registry.update(path, input).await?;
                match kind {
                    // Kong wraps this one answer.
                    EntityKind::Developers => {
                        Object::from_iter([("developer".to_owned(), Value::Object(changed))])
                    }
                    _ => changed,
                }
            }
            Verb::Delete => {
                self.registry.delete(path).await?;
                return Ok(answer::empty(StatusCode::NO_CONTENT));
            }
        };
        Ok(answer::json(StatusCode::OK, &json!(entity)))
    }

    /// Mails a link that sets a new password; where there is no mail, it is answered, for the administrator to
    /// hand over.
    #[expect(clippy::disallowed_methods, reason = "the one answer that shows the link")]
    pub(super) async fn start_reset(&self, matched: &Matched) -> Result<Response<Bytes>, Error> {
        match self.registry.start_reset(&matched.steps()).await? {
            StartedReset::Mailed => Ok(answer::empty(StatusCode::NO_CONTENT)),
            StartedReset::Token(token) => {
                let origin = self.settings.portal_origin();
                let link = format!("{origin}/portal/reset?token={}", token.reveal());
                Ok(answer::json(StatusCode::OK, &json!({"link": link})))
            }
        }
    }

    pub(super) async fn reference(
        &self,
        kind: EntityKind,
        verb: Verb,
        matched: &Matched,
        input: Input<'_>,
    ) -> Result<Response<Bytes>, Error> {
        let path = matched.steps();
        if verb == Verb::Replace {
            let entity = self.registry.replace_reference(&path, kind, input).await?;
            return Ok(answer::json(StatusCode::OK, &Value::Object(entity)));
        }
        let referrer = self.registry.read(&path).await?;
        let field = path.last().and_then(|step| step.kind.schema().reference_to(kind));
        let id =
            field.and_then(|field| referrer.get(field.name)?.get("id")?.as_str()).ok_or(Error::NotFound)?;
        self.item_at(kind, verb, &[Step { kind, key: id }], input).await
    }

    pub(super) async fn application_consumer(&self, matched: &Matched) -> Result<Response<Bytes>, Error> {
        let consumer = self.registry.application_consumer(&matched.steps()).await?;
        Ok(answer::json(StatusCode::OK, &Value::Object(consumer)))
    }
}
