//! The document of a service: what is known of it, uploaded and deleted.

use bytes::Bytes;
use http::Response;

use crate::http::pages::desk::Desk;
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::http::uploads::Upload;
use crate::ports::{Clock, Random};
use crate::registry::Step;
use crate::schema::EntityKind;
use latchkey_pages::Said;
use latchkey_pages::manager::{Document, ServiceDocument, Taking, paths};
use latchkey_pages::parts::Time;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn document_tab(&self) -> Result<Response<Bytes>, Refusal> {
        let service = self.one_service().await?;
        let mut faults = Faults::default();
        if self.page.is_post() {
            let nothing = Upload { name: None, bytes: Vec::new() };
            let file = self.page.form.file().unwrap_or(&nothing);
            match self.put_file(&["services", &service.id, "document"], file).await {
                Ok(_) => return Ok(self.page.done(Said::Saved, &paths::service_document(&service.id))),
                Err(refusal) => faults = Faults::of(refusal)?,
            }
        }
        let path = [Step { kind: EntityKind::Services, key: &service.id }];
        let facts = self.control.registry.document_facts(&path).await;
        let facts = facts.map_err(|error| Refusal::Registry { endpoint: "document", error })?;
        let problems: Vec<&str> =
            facts.iter().flat_map(|facts| &facts.problems).map(String::as_str).collect();
        let document = facts.as_ref().map(|facts| Document {
            name: facts.name.as_deref().unwrap_or_default(),
            version: facts.version.as_deref().unwrap_or_default(),
            uploaded: Time(facts.uploaded_at),
            bytes: facts.size as u64,
            problems: &problems,
        });
        let (url, path) = (service.url(), self.page.path());
        let frame = self.page.manager_frame(&path);
        let (service, fault) = (service.tab(&url), faults.of_field("document"));
        Ok(self.form(&faults, &ServiceDocument { frame: &frame, service, document, fault }))
    }

    pub(super) async fn document_delete(&self) -> Result<Response<Bytes>, Refusal> {
        let service = self.one_service().await?;
        if !self.page.is_post() {
            return Ok(self.ask_alone(Taking::DeleteDocument(&service.id), service.shown_name()));
        }
        self.delete(&["services", &service.id, "document"]).await?;
        Ok(self.page.done(Said::Deleted, &paths::service_document(&service.id)))
    }
}
