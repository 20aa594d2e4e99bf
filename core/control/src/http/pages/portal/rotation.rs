//! The rotation of a key.

use bytes::Bytes;
use http::Response;

use super::entities::{Application, Credential};
use super::shown;
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::ends;
use crate::http::pages::faults::Faults;
use crate::http::portal::Once;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::parts::Ends;
use latchkey_pages::portal::{RotateKey, RotatedAlready};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// Asks when the old key ends; its answer shows the new one. Sent twice, it rotates the key once that it was
    /// shown for.
    pub(super) async fn portal_key_rotate(&self) -> Result<Response<Bytes>, Refusal> {
        let (application, key) = self.own_key_or_ended().await?;
        if !self.page.is_post() || key.has_ended(self.now_s()) {
            return Ok(self.portal_rotation_form(&application, &key, &Faults::default()));
        }
        let grace_s = match ends::grace_seconds(&self.page.form, self.now_s(), self.page.look.language) {
            Ok(grace_s) => grace_s,
            Err(faults) => return Ok(self.portal_rotation_form(&application, &key, &faults)),
        };
        let path = ["applications", application.id.as_str(), "credentials", key.id.as_str(), "rotate"];
        let once = Once { key_start: Some(self.page.form.text("start")), ..Once::default() };
        match self.post_once(&path, object([("grace_seconds", grace_s)]), once).await {
            Ok(answer) => {
                let made: Credential = read(&answer)?;
                Ok(self.portal_key_once(&application, &made, made.previous_key_ends_at).await)
            }
            Err(refusal) if refusal.is_changed_meanwhile() => {
                Ok(self.portal_rotated_already(&application, &key))
            }
            Err(refusal) => Ok(self.portal_rotation_form(&application, &key, &Faults::of(refusal)?)),
        }
    }

    /// The answer to a form that was sent once more.
    fn portal_rotated_already(&self, application: &Application, key: &Credential) -> Response<Bytes> {
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        shown(&RotatedAlready { frame: &frame, application: application.thing(), credential: &key.id })
    }

    fn portal_rotation_form(
        &self,
        application: &Application,
        key: &Credential,
        faults: &Faults,
    ) -> Response<Bytes> {
        let (form, path) = (&self.page.form, self.page.path());
        let (frame, others) = (self.page.portal_frame(&path), faults.of_others(&["ends", "own"]));
        let mut ends = faults.typed(form, "ends");
        ends.fault = ends.fault.or(others.as_deref());
        let view = RotateKey {
            frame: &frame,
            application: application.thing(),
            key: key.key(self.now_s()),
            ends: Ends { ends, own: faults.typed(form, "own") },
        };
        self.form(faults, &view)
    }
}
