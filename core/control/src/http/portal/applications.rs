//! Applications, contracts and credentials of the developer who is logged in.
//!
//! They are the Admin API's entities, reached below the developer: what is another's is not there.

use bytes::Bytes;
use futures_util::future::try_join_all;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::PortalAsked;
use crate::http::endpoints::{ApplicationCall, Surface};
use crate::http::problem::Refusal;
use crate::http::{Control, answer, documents};
use crate::ports::{Clock, Random};
use crate::registry::{Error, PageRequest, Step};
use crate::schema::{EntityKind, Field, Mode, Object, parse_uuid, portal_calls, validate_record};
use latchkey_published::limits;
use latchkey_store::Store;

/// Applications whose contracts are read at the same time.
const READ_AT_ONCE: usize = 16;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn application_call(
        &self,
        call: ApplicationCall,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let answered = match (call, &asked.caller) {
            (ApplicationCall::Services, _) => self.open_services(asked).await,
            (ApplicationCall::Document, _) => self.open_document(asked).await,
            (call, Some(caller)) => {
                let developer = caller.developer.to_string();
                let own = Own { asked, developer_id: caller.developer, developer: &developer };
                self.own_call(call, &own).await
            }
            (_, None) => return Err(Refusal::NoSession),
        };
        answered.map_err(|error| Refusal::Registry { endpoint: asked.matched.endpoint.path, error })
    }

    async fn own_call(&self, call: ApplicationCall, own: &Own<'_>) -> Result<Response<Bytes>, Error> {
        let path = own.path()?;
        match call {
            ApplicationCall::Services => self.open_services(own.asked).await,
            ApplicationCall::Document => self.open_document(own.asked).await,
            ApplicationCall::List => self.own_applications(own, &path).await,
            ApplicationCall::Contracts => self.own_list(EntityKind::ApplicationInstances, own, &path).await,
            ApplicationCall::Credentials => self.own_list(EntityKind::Oauth2Credentials, own, &path).await,
            ApplicationCall::Create => {
                let input = own.identified(own.checked(portal_calls::APPLICATION)?);
                shown(
                    StatusCode::CREATED,
                    self.registry.create(EntityKind::Applications, &path, &input).await,
                )
            }
            ApplicationCall::Generate => {
                let input = own.identified(own.checked(portal_calls::CREDENTIAL)?);
                let made = self.registry.create(EntityKind::Oauth2Credentials, &path, &input).await;
                shown(StatusCode::CREATED, made)
            }
            ApplicationCall::AskAccess => {
                shown(StatusCode::CREATED, self.registry.ask_access(&path, own.asked.input).await)
            }
            ApplicationCall::Rotate => {
                let input = own.asked.input.typed_by(crate::schema::ROTATION);
                let key_start = own.asked.once.key_start;
                shown(StatusCode::CREATED, self.registry.rotate_once(&path, &input, key_start).await)
            }
            ApplicationCall::Read | ApplicationCall::Contract | ApplicationCall::Credential => {
                shown(StatusCode::OK, self.registry.read(&path).await)
            }
            ApplicationCall::Change => {
                let input = own.checked(portal_calls::APPLICATION_CHANGE)?;
                shown(StatusCode::OK, self.registry.update(&path, &input).await)
            }
            ApplicationCall::Rename => {
                let input = own.checked(portal_calls::CREDENTIAL_CHANGE)?;
                shown(StatusCode::OK, self.registry.update(&path, &input).await)
            }
            ApplicationCall::Delete | ApplicationCall::Withdraw | ApplicationCall::DeleteCredential => {
                done(self.registry.delete(&path).await)
            }
            ApplicationCall::EndOverlap => done(self.registry.end_grace(&path).await),
            ApplicationCall::Transfer => {
                let input = own.checked(portal_calls::TRANSFER)?;
                let email = input.get("email").and_then(Value::as_str).unwrap_or_default();
                done(self.registry.offer_application(&path, email).await)
            }
            ApplicationCall::AcceptTransfer => {
                let application = path.last().and_then(|step| parse_uuid(step.key)).ok_or(Error::NotFound)?;
                let accepted = self.registry.accept_application(application, own.developer_id).await;
                shown(StatusCode::OK, accepted)
            }
        }
    }

    async fn open_services(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Error> {
        let open = self.registry.open_services(&page(asked)?).await?;
        Ok(listed(asked, open.data, open.offset, open.total))
    }

    async fn open_document(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Error> {
        let service = parse_uuid(asked.matched.text("services")).ok_or(Error::NotFound)?;
        Ok(documents::file(self.registry.open_document(service).await?))
    }

    async fn own_list(
        &self,
        kind: EntityKind,
        own: &Own<'_>,
        path: &[Step<'_>],
    ) -> Result<Response<Bytes>, Error> {
        let list = self.registry.list(kind, path, page(own.asked)?).await?;
        let total = self.registry.count(kind, path, None).await?;
        Ok(listed(own.asked, list.data, list.offset, total))
    }

    async fn own_applications(&self, own: &Own<'_>, path: &[Step<'_>]) -> Result<Response<Bytes>, Error> {
        let kind = EntityKind::Applications;
        let mut list = self.registry.list(kind, path, page(own.asked)?).await?;
        if own.asked.query.value("include_instances") == Some("true") {
            for some in list.data.chunks_mut(READ_AT_ONCE) {
                self.include_contracts(own, some).await?;
            }
        }
        let total = self.registry.count(kind, path, None).await?;
        Ok(listed(own.asked, list.data, list.offset, total))
    }

    /// Adds to each application its first contracts, as many as a page may have.
    async fn include_contracts(&self, own: &Own<'_>, applications: &mut [Object]) -> Result<(), Error> {
        let ids = applications.iter().map(|one| one.get("id").and_then(Value::as_str).unwrap_or_default());
        let ids: Vec<String> = ids.map(str::to_owned).collect();
        let lists = try_join_all(ids.iter().map(|id| async {
            let path = [own.step(), Step { kind: EntityKind::Applications, key: id }];
            let page = PageRequest::first(limits::PAGE_SIZE_MAX);
            match self.registry.list(EntityKind::ApplicationInstances, &path, page).await {
                Ok(list) => Ok(list.data),
                // Gone since it was listed.
                Err(Error::NotFound) => Ok(Vec::new()),
                Err(error) => Err(error),
            }
        }))
        .await?;
        for (application, contracts) in applications.iter_mut().zip(lists) {
            application.insert("application_instances".to_owned(), json!(contracts));
        }
        Ok(())
    }
}

/// A call about what is the caller's own.
struct Own<'a> {
    asked: &'a PortalAsked<'a>,
    developer_id: Uuid,
    developer: &'a str,
}

impl Own<'_> {
    fn step(&self) -> Step<'_> {
        Step { kind: EntityKind::Developers, key: self.developer }
    }

    /// What is asked for, below its developer. Nothing here has another name than its id: no key stands in
    /// a path.
    fn path(&self) -> Result<Vec<Step<'_>>, Error> {
        let steps = self.asked.matched.steps();
        match steps.iter().all(|step| parse_uuid(step.key).is_some()) {
            true => Ok([self.step()].into_iter().chain(steps).collect()),
            false => Err(Error::NotFound),
        }
    }

    /// What was sent, if it is no more than a developer may set.
    fn checked(&self, fields: &'static [Field]) -> Result<Object, Error> {
        let sent = self.asked.input.typed_by(fields).into_owned();
        validate_record(fields, Mode::Whole, &sent).map_err(Error::Schema)?;
        Ok(sent)
    }

    /// With the id that a page has drawn for it.
    fn identified(&self, mut sent: Object) -> Object {
        sent.extend(self.asked.once.id.map(|id| ("id".to_owned(), json!(id))));
        sent
    }
}

fn shown(status: StatusCode, entity: Result<Object, Error>) -> Result<Response<Bytes>, Error> {
    Ok(answer::json(status, &Value::Object(entity?)))
}

fn done(outcome: Result<(), Error>) -> Result<Response<Bytes>, Error> {
    outcome.map(|()| answer::empty(StatusCode::NO_CONTENT))
}

fn page(asked: &PortalAsked<'_>) -> Result<PageRequest, Error> {
    PageRequest::parse(asked.query.value("size"), asked.query.value("offset"), None)
}

/// A page in the form of Kong's lists, whose next one is asked for by its whole path.
fn listed(
    asked: &PortalAsked<'_>,
    data: Vec<Object>,
    offset: Option<String>,
    total: usize,
) -> Response<Bytes> {
    let path = format!("{}{}", Surface::Portal.prefix(), asked.matched.path());
    let next = offset.as_ref().map(|offset| format!("{path}?{}", asked.query.with_offset(offset)));
    let mut body = json!({"data": data, "next": next, "total": total});
    if let Some(offset) = offset {
        body["offset"] = offset.into();
    }
    answer::json(StatusCode::OK, &body)
}
