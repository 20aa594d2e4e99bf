//! An application that goes to another developer.

use bytes::Bytes;
use http::Response;

use super::entities::Application;
use super::shown;
use crate::http::pages::answers::see_other;
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::Error;
use crate::schema::{Object, parse_uuid};
use latchkey_pages::Said;
use latchkey_pages::portal::{AcceptTransfer, Thing, Transfer, paths};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn portal_transfer(&self) -> Result<Response<Bytes>, Refusal> {
        let (form, application) = (&self.page.form, self.own_application().await?);
        let mut faults = Faults::default();
        if self.page.is_post() {
            let sent = object([("email", form.value("email"))]);
            match self.post(&["applications", &application.id, "transfer"], sent).await {
                Ok(_) => return Ok(self.page.done(Said::Offered, &paths::application(&application.id))),
                Err(refusal) => faults = Faults::of(refusal)?,
            }
        }
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        let email = faults.typed(form, "email");
        Ok(self.form(&faults, &Transfer { frame: &frame, application: application.thing(), email }))
    }

    pub(super) async fn portal_accept_transfer(&self) -> Result<Response<Bytes>, Refusal> {
        let id = self.page.part("application");
        if !self.page.is_post() {
            return self.portal_offered(id).await;
        }
        match self.post(&["applications", id, "transfer", "accept"], Object::new()).await {
            Ok(_) => Ok(self.page.done(Said::Accepted, &paths::application(id))),
            Err(refusal) if refusal.is_not_found() => {
                // It may have been accepted by this form before.
                self.own_application().await?;
                Ok(self.page.done(Said::AlreadyDone, &paths::application(id)))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// The page with the button. The application is another's still: its name is all that is shown of it.
    async fn portal_offered(&self, id: &str) -> Result<Response<Bytes>, Refusal> {
        let uuid = parse_uuid(id).ok_or(Refusal::UnknownPath)?;
        let developer = self.page.developer.as_ref().ok_or(Refusal::NoSession)?.developer;
        let name = match self.control.registry.offered_application(uuid, developer).await {
            Ok(name) => name,
            Err(Error::NotFound) => {
                let own: Option<Application> = self.find(&["applications", id]).await?;
                return own.map(|own| see_other(&paths::application(&own.id))).ok_or(Refusal::UnknownPath);
            }
            Err(error) => return Err(Refusal::Registry { endpoint: "offered application", error }),
        };
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        Ok(shown(&AcceptTransfer { frame: &frame, application: Thing { id, name: &name } }))
    }
}
