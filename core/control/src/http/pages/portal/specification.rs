//! The specification of a service: its page, an operation, and the document to download.

use bytes::Bytes;
use futures_util::future::try_join3;
use http::Response;

use super::shown;
use crate::http::page_names::SpecificationPage;
use crate::http::pages::desk::{Desk, Sent};
use crate::http::pages::facts::ServiceFacts;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::Step;
use crate::schema::{EntityKind, Object, parse_uuid};
use latchkey_pages::document::{Described, Document, OperationPage, SpecificationPage as View};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn specification_page(
        &self,
        page: SpecificationPage,
    ) -> Result<Response<Bytes>, Refusal> {
        if page == SpecificationPage::Download {
            return self.service_document().await;
        }
        let id = self.page.part("service");
        let (answer, open, facts) =
            try_join3(self.service_document(), self.open_services(), self.facts(id)).await?;
        let service = open.iter().find(|service| service.id == id).ok_or(Refusal::UnknownPath)?;
        let text = std::str::from_utf8(answer.body()).map_err(|_| Refusal::Unreadable)?;
        let document = Document::read(text).map_err(|_| Refusal::Unreadable)?;
        let address = facts.as_ref().and_then(ServiceFacts::address);
        let service =
            Described { id, name: service.called(), address: address.as_deref(), can_try: self.can_try() };
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        if page == SpecificationPage::Operation {
            let operation = document.operation(self.page.part("operation")).ok_or(Refusal::UnknownPath)?;
            return Ok(shown(&OperationPage { frame: &frame, service, document: &document, operation }));
        }
        let query = &self.page.query;
        let at = query.value("page").and_then(|page| page.parse().ok()).unwrap_or(1);
        let found = document.find(id, query.value("q").unwrap_or_default(), at);
        let paging = found.paging();
        Ok(shown(&View { frame: &frame, service, document: &document, found: &found, paging }))
    }

    /// The body that the specification of a service shows for an operation, and its media type.
    pub(super) async fn operation_body(&self, operation: &str) -> Result<Option<(String, String)>, Refusal> {
        let answer = match self.service_document().await {
            Err(refusal) if refusal.is_not_found() => return Ok(None),
            answer => answer?,
        };
        let document = std::str::from_utf8(answer.body()).ok().and_then(|text| Document::read(text).ok());
        Ok(document.and_then(|document| document.operation(operation)?.body_example(&document)))
    }

    async fn service_document(&self) -> Result<Response<Bytes>, Refusal> {
        let path = ["application_services", self.page.part("service"), "document"];
        self.send(Sent { method: "GET", path: &path, query: "", object: Object::new(), file: None }).await
    }

    /// Whether a service has a document. It is not read for that.
    pub(super) async fn has_document(&self, service: &str) -> Result<bool, Refusal> {
        if parse_uuid(service).is_none() {
            return Ok(false);
        }
        let step = [Step { kind: EntityKind::Services, key: service }];
        match self.control.registry.document_facts(&step).await {
            Ok(facts) => Ok(facts.is_some()),
            Err(crate::registry::Error::NotFound) => Ok(false),
            Err(error) => Err(Refusal::Registry { endpoint: "documents", error }),
        }
    }
}
