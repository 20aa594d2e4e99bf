//! A new key: the form, the one answer that shows it, and the answer to the same form once more.

use bytes::Bytes;
use http::Response;
use uuid::Uuid;

use super::entities::{Application, Contract, Credential};
use super::shown;
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::ends;
use crate::http::pages::facts::ServiceFacts;
use crate::http::pages::faults::Faults;
use crate::http::portal::Once;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::schema::Object;
use latchkey_pages::calls::{Key, curl};
use latchkey_pages::parts::{Ends, State, Time};
use latchkey_pages::portal::{KeyFields, KeyNew, KeyOnce, KeyShownAlready, paths};
use latchkey_store::Store;

/// A service that an application has a contract with.
struct GoodFor {
    service: String,
    name: String,
    state: State,
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn portal_key_new(&self) -> Result<Response<Bytes>, Refusal> {
        let (form, application) = (&self.page.form, self.own_application().await?);
        let mut faults = Faults::default();
        if self.page.is_post() {
            let generated = match ends::expires_at(form, self.now_s(), self.page.look.language) {
                Ok(end) => {
                    let sent = object([("name", form.value("name")), ("expires_at", end)]);
                    self.portal_generate(&application, sent, form.nonce()).await?
                }
                Err(faults) => Err(faults),
            };
            match generated {
                Ok(response) => return Ok(response),
                Err(wrong) => faults = wrong,
            }
        }
        let mut own = faults.typed(form, "own");
        own.fault = own.fault.or(faults.of_field("expires_at"));
        let (path, others) = (self.page.path(), faults.of_others(&["name", "ends", "own", "expires_at"]));
        let (frame, nonce) = (self.page.portal_frame(&path), self.nonce());
        let fields = KeyFields {
            name: faults.typed(form, "name"),
            ends: Ends { ends: faults.typed(form, "ends"), own },
            fault: others.as_deref(),
        };
        let view = KeyNew { frame: &frame, application: application.thing(), fields, nonce: &nonce };
        Ok(self.form(&faults, &view))
    }

    /// Generates a key, and shows it. By an id that has one it was shown before.
    async fn portal_generate(
        &self,
        application: &Application,
        sent: Object,
        id: Option<Uuid>,
    ) -> Result<Result<Response<Bytes>, Faults>, Refusal> {
        let once = Once { id, ..Once::default() };
        match self.post_once(&["applications", &application.id, "credentials"], sent, once).await {
            Ok(answer) => Ok(Ok(self.portal_key_once(application, &read(&answer)?, None).await)),
            Err(refusal) if refusal.is_made_already() => {
                let id = id.map(|id| id.to_string()).unwrap_or_default();
                let made: Credential =
                    self.get(&["applications", &application.id, "credentials", &id], "").await?;
                Ok(Ok(self.portal_key_shown_already(application, &made.id)))
            }
            Err(refusal) => Ok(Err(Faults::of(refusal)?)),
        }
    }

    /// The one answer that shows a key. It is made: what else cannot be read is left out.
    pub(super) async fn portal_key_once(
        &self,
        application: &Application,
        made: &Credential,
        old_until: Option<u64>,
    ) -> Response<Bytes> {
        let good_for = self.portal_good_for(&application.id).await.unwrap_or_default();
        let facts = self.portal_facts_of_first(&good_for).await;
        let headers = facts.as_ref().map(ServiceFacts::headers).unwrap_or_default();
        let key = made.client_id.as_deref().unwrap_or_default();
        let call = facts.as_ref().and_then(|facts| curl(&facts.facts(&headers), Key::Shown(key)));
        let good_for: Vec<(&str, State)> =
            good_for.iter().map(|good| (good.name.as_str(), good.state)).collect();
        let path = paths::application(&application.id);
        let frame = self.page.portal_frame(&path);
        shown(&KeyOnce {
            frame: &frame,
            application: application.thing(),
            key,
            secret: made.client_secret.as_deref(),
            good_for: &good_for,
            curl: call.as_deref(),
            old_until: old_until.map(Time),
        })
    }

    async fn portal_good_for(&self, application: &str) -> Result<Vec<GoodFor>, Refusal> {
        let contracts: Vec<Contract> =
            self.portal_all(&["applications", application, "application_instances"], &[]).await?;
        let called = self.portal_called(contracts.iter()).await?;
        let good_for = |contract: &Contract| {
            let (service, state) = (contract.service.id.clone(), contract.state());
            GoodFor { name: called.name(&service).to_owned(), service, state }
        };
        Ok(contracts.iter().map(good_for).collect())
    }

    /// How the first service is called that a key works for at once.
    async fn portal_facts_of_first(&self, good_for: &[GoodFor]) -> Option<ServiceFacts> {
        let first = good_for.iter().find(|good| good.state == State::Active)?;
        self.facts(&first.service).await.ok().flatten()
    }

    pub(super) fn portal_key_shown_already(
        &self,
        application: &Application,
        credential: &str,
    ) -> Response<Bytes> {
        let nonce = self.control.registry.random_id().to_string();
        let path = paths::application(&application.id);
        let frame = self.page.portal_frame(&path);
        let application = application.thing();
        shown(&KeyShownAlready { frame: &frame, application, credential, nonce: &nonce })
    }

    /// Another key in the place of one that nobody has stored, by the same name and to the same end. It is
    /// deleted first: there may be no room for both.
    pub(super) async fn portal_key_replace(&self) -> Result<Response<Bytes>, Refusal> {
        let ((_, key), application) = (self.application_and_key(), self.own_application().await?);
        let path = ["applications", application.id.as_str(), "credentials", key];
        let mut sent = Object::new();
        if let Some(before) = self.find::<Credential>(&path).await? {
            sent.extend(before.name.map(|name| ("name".to_owned(), name.into())));
            let end = before.expires_at.filter(|end| *end > self.now_s());
            sent.extend(end.map(|end| ("expires_at".to_owned(), end.into())));
            match self.delete(&path).await {
                Err(refusal) if !refusal.is_not_found() => return Err(refusal),
                _ => {}
            }
        }
        match self.portal_generate(&application, sent, self.page.form.nonce()).await? {
            Ok(response) => Ok(response),
            Err(faults) => {
                let (path, others) = (paths::key_new(&application.id), faults.of_others(&[]));
                let (frame, nonce) = (self.page.portal_frame(&path), self.nonce());
                let fields = KeyFields { fault: others.as_deref(), ..KeyFields::default() };
                let view = KeyNew { frame: &frame, application: application.thing(), fields, nonce: &nonce };
                Ok(self.form(&faults, &view))
            }
        }
    }
}
