//! One service, and asking for access to one.

use bytes::Bytes;
use futures_util::future::try_join4;
use http::Response;
use serde_json::json;

use super::entities::{Application, OpenService, access};
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::facts::ServiceFacts;
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::calls::{HowToCall, Key};
use latchkey_pages::portal::{RequestFields, ServiceAccess, ServicePage, paths};
use latchkey_store::Store;

/// What is said where nothing was chosen.
const MISSING: &str = "required field missing";

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn portal_service(&self) -> Result<Response<Bytes>, Refusal> {
        self.portal_service_with(&Faults::default()).await
    }

    /// The page, with what is wrong with its form.
    async fn portal_service_with(&self, faults: &Faults) -> Result<Response<Bytes>, Refusal> {
        let (id, form) = (self.page.part("service"), &self.page.form);
        let (open, facts, applications, has_document) =
            try_join4(self.open_services(), self.facts(id), self.own_applications(), self.has_document(id))
                .await?;
        let service = open.iter().find(|service| service.id == id).ok_or(Refusal::UnknownPath)?;
        let access: Vec<ServiceAccess<'_>> =
            applications.iter().map(|application| access_of(application, service)).collect();
        let path = paths::service(id);
        let frame = self.page.portal_frame(&path);
        let headers = facts.as_ref().map(|facts| facts.headers()).unwrap_or_default();
        let how_to_call = facts.as_ref().map(|facts| HowToCall {
            language: frame.language,
            id: "call",
            facts: facts.facts(&headers),
            key: Key::Variable,
        });
        let others = faults.of_others(&["application", "note"]);
        let request = RequestFields {
            application: faults.typed(form, "application"),
            note: faults.typed(form, "note"),
            fault: others.as_deref(),
        };
        let nonce = self.nonce();
        let view = ServicePage {
            can_try: self.can_try() && facts.as_ref().is_some_and(ServiceFacts::can_be_tried),
            frame: &frame,
            service: service.thing(),
            description: service.description(),
            how_to_call,
            has_document,
            access: &access,
            is_waiting: self.page.is_waiting(),
            request,
            nonce: &nonce,
        };
        Ok(self.form(faults, &view))
    }

    pub(super) async fn portal_request_service(&self) -> Result<Response<Bytes>, Refusal> {
        let (service, form) = (self.page.part("service"), &self.page.form);
        let Some(application) = form.given("application") else {
            return self.portal_service_with(&Faults::one("application", MISSING)).await;
        };
        match self.ask_access(application, service).await? {
            Ok(said) => Ok(self.page.done(said, &paths::contract(application, service))),
            Err(faults) => self.portal_service_with(&faults).await,
        }
    }

    /// Asks for an application's access to a service, with the note in the form. There is one contract of the
    /// two, so that asking twice asks once.
    pub(super) async fn ask_access(
        &self,
        application: &str,
        service: &str,
    ) -> Result<Result<Said, Faults>, Refusal> {
        let sent = object([("service", json!({"id": service})), ("note", self.page.form.value("note"))]);
        match self.post(&["applications", application, "application_instances"], sent).await {
            Ok(_) => Ok(Ok(Said::Asked)),
            Err(refusal) if refusal.is_asked_already() => Ok(Ok(Said::AlreadyDone)),
            Err(refusal) => Ok(Err(Faults::of(refusal)?)),
        }
    }

    /// The applications of who is logged in, with their contracts; who waits has none that may be seen.
    pub(super) async fn own_applications(&self) -> Result<Vec<Application>, Refusal> {
        match &self.page.developer {
            Some(developer) if developer.is_approved() => {
                self.portal_all(&["applications"], &[("include_instances", "true")]).await
            }
            _ => Ok(Vec::new()),
        }
    }
}

fn access_of<'a>(application: &'a Application, service: &OpenService) -> ServiceAccess<'a> {
    let mut contracts = application.application_instances.iter();
    access(application.thing(), contracts.find(|contract| contract.service.id == service.id))
}
