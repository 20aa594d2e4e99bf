//! One application: its page, what of it can be changed, and its end.

use bytes::Bytes;
use futures_util::future::try_join4;
use http::Response;
use serde_json::json;

use super::entities::{Application, Contract, Credential, access};
use super::shown;
use crate::http::page_names::ApplicationPage;
use crate::http::pages::WITHIN_SECONDS;
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::parts::{Time, Typed};
use latchkey_pages::portal::{self as views, ApplicationFields, Details, KeyFields, ServiceAccess, paths};
use latchkey_store::Store;

/// What is said of a name that was to be typed once more.
const ANOTHER_NAME: &str = "is not the name of the application";

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn portal_application_page(
        &self,
        page: ApplicationPage,
    ) -> Result<Response<Bytes>, Refusal> {
        match page {
            ApplicationPage::List => self.portal_applications().await,
            ApplicationPage::New => self.portal_application_new().await,
            ApplicationPage::Show => self.portal_application().await,
            ApplicationPage::Edit => self.portal_application_edit().await,
            ApplicationPage::Delete => self.portal_application_delete().await,
            ApplicationPage::Transfer => self.portal_transfer().await,
            ApplicationPage::AcceptTransfer => self.portal_accept_transfer().await,
        }
    }

    /// The application that a page is about.
    pub(super) async fn own_application(&self) -> Result<Application, Refusal> {
        self.get(&["applications", self.page.part("application")], "").await
    }

    async fn portal_application(&self) -> Result<Response<Bytes>, Refusal> {
        let id = self.page.part("application");
        let (application, mut keys, ended, contracts) = try_join4(
            self.own_application(),
            self.portal_all::<Credential>(&["applications", id, "credentials"], &[]),
            self.ended_keys(id),
            self.portal_all::<Contract>(&["applications", id, "application_instances"], &[]),
        )
        .await?;
        keys.extend(ended);
        let (called, now_s) = (self.portal_called(contracts.iter()).await?, self.now_s());
        let of = |id: &str| contracts.iter().find(|contract| contract.service.id == id);
        let mut all: Vec<ServiceAccess<'_>> =
            called.open.iter().map(|service| access(service.thing(), of(&service.id))).collect();
        let is_open = |contract: &&Contract| called.open.iter().any(|open| open.id == contract.service.id);
        all.extend(contracts.iter().filter(|contract| !is_open(contract)).map(|contract| {
            let id = contract.service.id.as_str();
            access(views::Thing { id, name: called.name(id) }, Some(contract))
        }));
        let keys: Vec<views::Key<'_>> = keys.iter().map(|key| key.key(now_s)).collect();
        let (path, nonce) = (self.page.path(), self.nonce());
        let frame = self.page.portal_frame(&path);
        Ok(shown(&views::Application {
            frame: &frame,
            application: application.thing(),
            is_enabled: application.enabled,
            keys: &keys,
            new_key: KeyFields::default(),
            access: &all,
            details: Details {
                redirect_uri: &application.redirect_uri,
                created: Time(application.created_at),
                consumer: &application.consumer.id,
                custom_id: application.custom_id.as_deref(),
            },
            nonce: &nonce,
        }))
    }

    async fn portal_application_edit(&self) -> Result<Response<Bytes>, Refusal> {
        let (form, application) = (&self.page.form, self.own_application().await?);
        let mut faults = Faults::default();
        if self.page.is_post() {
            let sent = object([
                ("name", json!(form.text("name"))),
                ("redirect_uri", json!(form.text("redirect_uri"))),
            ]);
            match self.patch(&["applications", &application.id], sent).await {
                Ok(_) => return Ok(self.page.done(Said::Saved, &paths::application(&application.id))),
                Err(refusal) => faults = Faults::of(refusal)?,
            }
        }
        let field = |name: &str, stored| match self.page.is_post() {
            true => faults.typed(form, name),
            false => Typed { value: stored, fault: None },
        };
        let (path, others) = (self.page.path(), faults.of_others(&["name", "redirect_uri"]));
        let frame = self.page.portal_frame(&path);
        let view = views::ApplicationEdit {
            frame: &frame,
            application: application.thing(),
            fields: ApplicationFields {
                name: field("name", &application.name),
                redirect_uri: field("redirect_uri", &application.redirect_uri),
                fault: others.as_deref(),
            },
        };
        Ok(self.form(&faults, &view))
    }

    async fn portal_application_delete(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, id) = (self.page, self.page.part("application"));
        let application: Option<Application> = self.find(&["applications", id]).await?;
        let Some(application) = application else {
            return match page.is_post() {
                true => Ok(page.done(Said::AlreadyDone, paths::APPLICATIONS)),
                false => Err(Refusal::UnknownPath),
            };
        };
        let mut faults = Faults::default();
        if page.is_post() && page.form.text("typed_name") == application.name.trim() {
            return self.portal_deleted(&["applications", id], paths::APPLICATIONS).await;
        } else if page.is_post() {
            faults = Faults::one("typed_name", ANOTHER_NAME);
        }
        let (path, keys) = (page.path(), self.portal_count_keys_of(id).await?);
        let frame = page.portal_frame(&path);
        let view = views::ApplicationDelete {
            frame: &frame,
            application: application.thing(),
            keys,
            within_seconds: WITHIN_SECONDS,
            typed_name: faults.typed(&page.form, "typed_name"),
        };
        Ok(self.form(&faults, &view))
    }

    /// Deletes something, and leads to another page. What is not there any more was deleted before.
    pub(super) async fn portal_deleted(&self, path: &[&str], to: &str) -> Result<Response<Bytes>, Refusal> {
        match self.delete(path).await {
            Ok(_) => Ok(self.page.done(Said::Deleted, to)),
            Err(refusal) if refusal.is_not_found() => Ok(self.page.done(Said::AlreadyDone, to)),
            Err(refusal) => Err(refusal),
        }
    }
}
