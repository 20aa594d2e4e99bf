//! The list of services, and a new one.

use bytes::Bytes;
use futures_util::future::try_join3;
use http::Response;
use serde_json::json;

use super::details::faults_of;
use super::read::{Plugin, Route, Service};
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::{Named, Part};
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::manager::{ServiceFields, ServiceNew, ServiceRow, Services, paths};
use latchkey_store::Store;

/// What a row shows of a service.
struct Shown {
    url: String,
    routes: u64,
    plugins: Vec<String>,
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn service_list(&self) -> Result<Response<Bytes>, Refusal> {
        let (services, routes, plugins) = try_join3(
            self.whole_list::<Service>(&["services"]),
            self.whole_list::<Route>(&["routes"]),
            self.whole_list::<Plugin>(&["plugins"]),
        )
        .await?;
        let part = Part::found(self.page, paths::SERVICES, Named::ByNumber, in_order(services), |service| {
            vec![service.shown_name().to_owned(), service.id.clone(), service.url()]
        });
        let facts: Vec<Shown> = part.rows.iter().map(|service| of(service, &routes, &plugins)).collect();
        let names: Vec<Vec<&str>> =
            facts.iter().map(|shown| shown.plugins.iter().map(String::as_str).collect()).collect();
        let rows: Vec<ServiceRow<'_>> = part
            .rows
            .iter()
            .zip(facts.iter().zip(&names))
            .map(|(service, (shown, plugins))| ServiceRow {
                id: &service.id,
                name: service.shown_name(),
                url: &shown.url,
                routes: shown.routes,
                plugins,
                is_enabled: service.enabled,
            })
            .collect();
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        Ok(shown(&Services { frame: &frame, services: &rows, paging: part.paging() }))
    }

    pub(super) async fn service_new(&self) -> Result<Response<Bytes>, Refusal> {
        let form = &self.page.form;
        let mut faults = Faults::default();
        if self.page.is_post() {
            let sent = object([
                ("id", json!(form.nonce())),
                ("name", form.value("name")),
                ("url", form.text("url").into()),
            ]);
            match self.post(&["services"], sent).await {
                Ok(_) => return Ok(self.page.done(Said::Created, paths::SERVICES)),
                Err(refusal) if refusal.is_made_already() => {
                    return Ok(self.page.done(Said::AlreadyDone, paths::SERVICES));
                }
                Err(refusal) => faults = faults_of(refusal)?,
            }
        }
        let (path, others, nonce) = (self.page.path(), faults.of_others(&["name", "url"]), self.nonce());
        let frame = self.page.manager_frame(&path);
        let fields = ServiceFields {
            name: faults.typed(form, "name"),
            url: faults.typed(form, "url"),
            fault: others.as_deref(),
            ..ServiceFields::default()
        };
        Ok(self.form(&faults, &ServiceNew { frame: &frame, fields, nonce: &nonce }))
    }
}

/// By name.
pub(super) fn in_order(mut services: Vec<Service>) -> Vec<Service> {
    services.sort_by_cached_key(|service| (service.shown_name().to_lowercase(), service.id.clone()));
    services
}

fn of(service: &Service, routes: &[Route], plugins: &[Plugin]) -> Shown {
    let leads_here = |route: &&Route| route.service.as_ref().is_some_and(|to| to.id == service.id);
    let is_here = |plugin: &&Plugin| plugin.service.as_ref().is_some_and(|of| of.id == service.id);
    let plugins = plugins.iter().filter(|plugin| plugin.is_of_whole_service()).filter(is_here);
    let mut plugins: Vec<String> = plugins.map(|plugin| plugin.name.clone()).collect();
    plugins.sort_unstable();
    Shown { url: service.url(), routes: routes.iter().filter(leads_here).count() as u64, plugins }
}
