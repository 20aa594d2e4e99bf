//! One service: what is stored of it, its suspension and its end, and its document.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::read::Service;
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::form::Form;
use crate::http::pages::listing::Listed;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::Error;
use crate::schema::{EntityKind, Object};
use latchkey_pages::Said;
use latchkey_pages::manager::{ServiceDetails, ServiceFields, Taking, paths};
use latchkey_store::Store;

/// Fields of the form.
const FIELDS: [&str; 6] = ["name", "url", "retries", "connect_timeout", "write_timeout", "read_timeout"];

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn service_details(&self) -> Result<Response<Bytes>, Refusal> {
        let id = self.page.part("service");
        let mut faults = Faults::default();
        if self.page.is_post() {
            match self.patch(&["services", id], sent(&self.page.form)).await {
                Ok(_) => return Ok(self.page.done(Said::Saved, &paths::service(id))),
                Err(refusal) => faults = faults_of(refusal)?,
            }
        }
        self.show_service(&faults).await
    }

    async fn show_service(&self, faults: &Faults) -> Result<Response<Bytes>, Refusal> {
        let service = self.one_service().await?;
        let (url, others, path) = (service.url(), faults.of_others(&FIELDS), self.page.path());
        let [retries, connect, write, read] = numbers(&service);
        let fields = ServiceFields {
            name: self.typed_or(faults, "name", service.name.as_deref().unwrap_or_default()),
            url: self.typed_or(faults, "url", &url),
            retries: self.typed_or(faults, "retries", &retries),
            connect_timeout: self.typed_or(faults, "connect_timeout", &connect),
            write_timeout: self.typed_or(faults, "write_timeout", &write),
            read_timeout: self.typed_or(faults, "read_timeout", &read),
            fault: others.as_deref(),
        };
        let frame = self.page.manager_frame(&path);
        Ok(self.form(faults, &ServiceDetails { frame: &frame, service: service.tab(&url), fields }))
    }

    pub(super) async fn suspend_service(&self) -> Result<Response<Bytes>, Refusal> {
        let id = self.page.part("service");
        if self.page.is_post() {
            return self.serve(id, false, Said::Suspended).await;
        }
        let service = self.one_service().await?;
        let taking = Taking::SuspendService(&service.id);
        self.ask_before(taking, service.shown_name(), ["services", &service.id], &Faults::default()).await
    }

    pub(super) async fn resume_service(&self) -> Result<Response<Bytes>, Refusal> {
        self.serve(self.page.part("service"), true, Said::Resumed).await
    }

    async fn serve(&self, id: &str, is_enabled: bool, said: Said) -> Result<Response<Bytes>, Refusal> {
        self.patch(&["services", id], object([("enabled", is_enabled.into())])).await?;
        Ok(self.page.done(said, &paths::service(id)))
    }

    /// A service that routes lead to stays: that stands on the service's page, before anything is asked.
    pub(super) async fn delete_service(&self) -> Result<Response<Bytes>, Refusal> {
        let id = self.page.part("service");
        if !self.page.is_post() {
            let service = self.one_service().await?;
            let routes: Listed<()> = self.get(&["services", id, "routes"], "size=1").await?;
            if !routes.data.is_empty() {
                let by = Error::Referenced { kind: EntityKind::Services, by: EntityKind::Routes };
                let refusal = Refusal::Registry { endpoint: "services", error: by };
                let mut shown = self.show_service(&faults_of(refusal)?).await?;
                // Nothing was sent that is wrong.
                *shown.status_mut() = StatusCode::OK;
                return Ok(shown);
            }
            let (taking, of) = (Taking::DeleteService(&service.id), ["services", service.id.as_str()]);
            return self.ask_before(taking, service.shown_name(), of, &Faults::default()).await;
        }
        self.page.refuse_unless_recent()?;
        match self.delete(&["services", id]).await {
            Ok(_) => Ok(self.page.done(Said::Deleted, paths::SERVICES)),
            Err(refusal) => self.show_service(&faults_of(refusal)?).await,
        }
    }
}

/// What is wrong with a service: of its URL what is said of the parts.
pub(super) fn faults_of(refusal: Refusal) -> Result<Faults, Refusal> {
    let faults = Faults::of(refusal)?.said_of("protocol", "url", "should start with: http:// or https://");
    Ok(faults.gathered("url", &["host", "port", "path"]))
}

fn sent(form: &Form) -> Object {
    let value = |name| match name {
        "name" => form.value(name),
        "url" => form.text(name).into(),
        _ => number(form.text(name)),
    };
    FIELDS.map(|name| (name.to_owned(), value(name))).into_iter().collect()
}

/// As it was typed where it is no number, for the endpoint to say so; null where nothing was typed.
pub(super) fn number(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) if text.is_empty() => Value::Null,
        Err(_) => text.into(),
    }
}

fn numbers(service: &Service) -> [String; 4] {
    [service.retries, service.connect_timeout, service.write_timeout, service.read_timeout]
        .map(|number| number.map(|number| number.to_string()).unwrap_or_default())
}
