//! My apps: the list, and a new one, whose first key its answer shows.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::entities::{Application, Credential};
use super::shown;
use crate::http::pages::answered::{Answered, Members};
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::faults::Faults;
use crate::http::portal::Once;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::parts::{State, Time};
use latchkey_pages::portal::{
    ApplicationFields, ApplicationNew, ApplicationRow, Applications, Askable, RequestFields, paths,
};
use latchkey_store::Store;

/// Applications whose keys are counted at the same time.
const COUNTED_AT_ONCE: usize = 16;

/// What making one answers with: the application, with its first credential among its members.
#[derive(Debug, Default)]
struct Made {
    application: Application,
    credential: Credential,
}

impl Answered for Made {
    fn of(value: Value) -> Option<Self> {
        let mut members = Members::of(value);
        let credential = members.take("credential");
        let application = Application::of(members.rest())?;
        members.whole(Made { application, credential })
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn portal_applications(&self) -> Result<Response<Bytes>, Refusal> {
        let (at, with) = (paths::APPLICATIONS, &[("include_instances", "true")]);
        let listed =
            self.portal_listed(&["applications"], with, at, |one: &Application| one.name.clone()).await?;
        let contracts = listed.rows.iter().flat_map(|application| &application.application_instances);
        let (called, keys) = futures_util::future::try_join(
            self.portal_called(contracts),
            self.portal_count_keys(&listed.rows),
        )
        .await?;
        let services = |application: &Application| -> Vec<String> {
            let active = application.application_instances.iter().filter(|one| one.state() == State::Active);
            active.map(|contract| called.name(&contract.service.id).to_owned()).collect()
        };
        let services: Vec<Vec<String>> = listed.rows.iter().map(services).collect();
        let services: Vec<Vec<&str>> =
            services.iter().map(|names| names.iter().map(String::as_str).collect()).collect();
        let rows = listed.rows.iter().zip(&services).zip(keys).map(|((application, services), keys)| {
            let created = Time(application.created_at);
            ApplicationRow { application: application.thing(), services, keys, created }
        });
        let rows: Vec<ApplicationRow<'_>> = rows.collect();
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        Ok(shown(&Applications { frame: &frame, applications: &rows, paging: listed.paging() }))
    }

    async fn portal_count_keys(&self, applications: &[Application]) -> Result<Vec<u64>, Refusal> {
        let mut counts = Vec::with_capacity(applications.len());
        for some in applications.chunks(COUNTED_AT_ONCE) {
            let lists = some.iter().map(|one| vec!["applications", one.id.as_str(), "credentials"]);
            counts.extend(self.counts(&lists.collect::<Vec<_>>(), "size=1").await?);
        }
        Ok(counts)
    }

    pub(super) async fn portal_count_keys_of(&self, application: &str) -> Result<u64, Refusal> {
        let counts = self.counts(&[vec!["applications", application, "credentials"]], "size=1").await?;
        Ok(counts.into_iter().sum())
    }

    pub(super) async fn portal_application_new(&self) -> Result<Response<Bytes>, Refusal> {
        let form = &self.page.form;
        let mut faults = Faults::default();
        if self.page.is_post() {
            let sent = object([("name", form.value("name")), ("redirect_uri", form.value("redirect_uri"))]);
            let once = Once { id: form.nonce(), ..Once::default() };
            match self.post_once(&["applications"], sent, once).await {
                Ok(answer) => return self.portal_application_made(&read(&answer)?).await,
                Err(refusal) if refusal.is_made_already() => {
                    return self.portal_application_made_already().await;
                }
                Err(refusal) => faults = Faults::of(refusal)?,
            }
        }
        self.portal_application_form(&faults).await
    }

    /// Asks for access to the services that were picked, and shows the first key.
    async fn portal_application_made(&self, made: &Made) -> Result<Response<Bytes>, Refusal> {
        let Made { application, credential } = made;
        for service in self.page.form.all("service") {
            // The page that shows the key says what became of each, and no failure keeps the key from it.
            let _ = self.ask_access(&application.id, service).await;
        }
        Ok(self.portal_key_once(application, credential, None).await)
    }

    /// It was sent twice: its first key was shown, if that is its only one.
    async fn portal_application_made_already(&self) -> Result<Response<Bytes>, Refusal> {
        let id = self.page.form.nonce().ok_or(Refusal::UnknownPath)?.to_string();
        let application: Application = self.get(&["applications", &id], "").await?;
        let keys: Vec<Credential> = self.portal_all(&["applications", &id, "credentials"], &[]).await?;
        match keys.as_slice() {
            [first] => Ok(self.portal_key_shown_already(&application, &first.id)),
            _ => Ok(self.page.done(Said::AlreadyDone, &paths::application(&id))),
        }
    }

    async fn portal_application_form(&self, faults: &Faults) -> Result<Response<Bytes>, Refusal> {
        let form = &self.page.form;
        let open = self.open_services().await?;
        let askable = open.iter().map(|service| Askable {
            service: service.thing(),
            is_picked: form.all("service").any(|picked| picked == service.id),
        });
        let askable: Vec<Askable<'_>> = askable.collect();
        let (path, nonce) = (self.page.path(), self.nonce());
        let (frame, others) = (self.page.portal_frame(&path), faults.of_others(&["name", "redirect_uri"]));
        let view = ApplicationNew {
            frame: &frame,
            fields: ApplicationFields {
                name: faults.typed(form, "name"),
                redirect_uri: faults.typed(form, "redirect_uri"),
                fault: others.as_deref(),
            },
            services: &askable,
            request: RequestFields { note: faults.typed(form, "note"), ..RequestFields::default() },
            nonce: &nonce,
        };
        Ok(self.form(faults, &view))
    }
}
