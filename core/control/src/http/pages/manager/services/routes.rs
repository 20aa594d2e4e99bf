//! Routes: the list, those of a service, a new one, and one of them.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::future::try_join;
use http::Response;
use serde_json::json;

use super::list::in_order;
use super::read::{Route, Service};
use super::route_fields::{FIELDS, Stored, sent};
use crate::http::pages::desk::Desk;
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::{Named, Part};
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::manager::{
    RouteFields, RouteNew, RoutePage, RouteRow, Routes, ServiceRoutes, Taking, Thing, paths,
};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn route_list(&self) -> Result<Response<Bytes>, Refusal> {
        let (routes, services) =
            try_join(self.whole_list::<Route>(&["routes"]), self.whole_list::<Service>(&["services"]))
                .await?;
        let part = Part::found(self.page, paths::ROUTES, Named::ByNumber, by_name(routes), |route| {
            let names = [route.shown_name(), &route.id].map(str::to_owned);
            names.iter().chain(route.paths()).chain(route.hosts()).cloned().collect()
        });
        let texts: Vec<Texts<'_>> = part.rows.iter().map(Texts::of).collect();
        let rows = rows(&part.rows, &texts, &services);
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        Ok(shown(&Routes { frame: &frame, routes: &rows, paging: part.paging(), can_match: true }))
    }

    pub(super) async fn service_routes(&self) -> Result<Response<Bytes>, Refusal> {
        let service = self.one_service().await?;
        let routes = by_name(self.whole_list::<Route>(&["services", &service.id, "routes"]).await?);
        let texts: Vec<Texts<'_>> = routes.iter().map(Texts::of).collect();
        let rows = rows(&routes, &texts, std::slice::from_ref(&service));
        let (url, path) = (service.url(), self.page.path());
        let frame = self.page.manager_frame(&path);
        Ok(shown(&ServiceRoutes { frame: &frame, service: service.tab(&url), routes: &rows }))
    }

    pub(super) async fn route_new(&self) -> Result<Response<Bytes>, Refusal> {
        let mut faults = Faults::default();
        if self.page.is_post() {
            let leads_to = match self.page.form.given("service") {
                Some(service) => paths::service_routes(service),
                None => paths::ROUTES.to_owned(),
            };
            match self.make_route().await {
                Ok(None) => return Ok(self.page.done(Said::Created, &leads_to)),
                Ok(Some(found)) => faults = found,
                Err(refusal) if refusal.is_made_already() => {
                    return Ok(self.page.done(Said::AlreadyDone, &leads_to));
                }
                Err(refusal) => faults = Faults::of(refusal)?,
            }
        }
        let services = in_order(self.whole_list(&["services"]).await?);
        let things: Vec<Thing<'_>> = services.iter().map(Service::thing).collect();
        let of = self.page.part("service");
        if !of.is_empty() && !services.iter().any(|service| service.id == of) {
            return Err(Refusal::UnknownPath);
        }
        let stored = Stored { service: of.to_owned(), ..Stored::default() };
        let (path, nonce, others) = (self.page.path(), self.nonce(), faults.of_others(&FIELDS));
        let frame = self.page.manager_frame(&path);
        // As a route has it that does not say otherwise.
        let boxes = (true, false);
        let fields = self.route_fields(&faults, &stored, boxes, others.as_deref());
        Ok(self.form(&faults, &RouteNew { frame: &frame, fields, services: &things, nonce: &nonce }))
    }

    /// `Some`: what is wrong with what was typed.
    async fn make_route(&self) -> Result<Option<Faults>, Refusal> {
        let form = &self.page.form;
        let mut object = match sent(form) {
            Ok(object) => object,
            Err(faults) => return Ok(Some(faults)),
        };
        object.extend(form.nonce().map(|nonce| ("id".to_owned(), json!(nonce))));
        self.post(&["routes"], object).await?;
        Ok(None)
    }

    pub(super) async fn route_page(&self) -> Result<Response<Bytes>, Refusal> {
        let id = self.page.part("route");
        let mut faults = Faults::default();
        if self.page.is_post() {
            match sent(&self.page.form) {
                Err(found) => faults = found,
                Ok(object) => match self.patch(&["routes", id], object).await {
                    Ok(_) => return Ok(self.page.done(Said::Saved, &paths::route(id))),
                    Err(refusal) => faults = Faults::of(refusal)?,
                },
            }
        }
        let (route, services) =
            try_join(self.get::<Route>(&["routes", id], ""), self.whole_list::<Service>(&["services"]))
                .await?;
        let services = in_order(services);
        let things: Vec<Thing<'_>> = services.iter().map(Service::thing).collect();
        let (stored, others, path) = (Stored::of(&route), faults.of_others(&FIELDS), self.page.path());
        let boxes = (route.strip_path, route.preserve_host);
        let fields = self.route_fields(&faults, &stored, boxes, others.as_deref());
        let frame = self.page.manager_frame(&path);
        let route = Thing { id: &route.id, name: route.shown_name() };
        Ok(self
            .form(&faults, &RoutePage { frame: &frame, route, fields, services: &things, can_match: true }))
    }

    fn route_fields<'t>(
        &'t self,
        faults: &'t Faults,
        stored: &'t Stored,
        (strip_path, preserve_host): (bool, bool),
        fault: Option<&'t str>,
    ) -> RouteFields<'t> {
        // A box that is not ticked is not sent at all.
        let ticked = |name, stored| if self.page.is_post() { self.page.form.is_ticked(name) } else { stored };
        RouteFields {
            name: self.typed_or(faults, "name", &stored.name),
            service: self.typed_or(faults, "service", &stored.service),
            methods: self.typed_or(faults, "methods", &stored.methods),
            hosts: self.typed_or(faults, "hosts", &stored.hosts),
            paths: self.typed_or(faults, "paths", &stored.paths),
            headers: self.typed_or(faults, "headers", &stored.headers),
            strip_path: ticked("strip_path", strip_path),
            preserve_host: ticked("preserve_host", preserve_host),
            fault,
        }
    }

    pub(super) async fn delete_route(&self) -> Result<Response<Bytes>, Refusal> {
        let id = self.page.part("route");
        if self.page.is_post() {
            self.page.refuse_unless_recent()?;
            self.delete(&["routes", id]).await?;
            return Ok(self.page.done(Said::Deleted, paths::ROUTES));
        }
        let route: Route = self.get(&["routes", id], "").await?;
        let taking = Taking::DeleteRoute(&route.id);
        self.ask_before(taking, route.shown_name(), ["routes", &route.id], &Faults::default()).await
    }
}

fn by_name(mut routes: Vec<Route>) -> Vec<Route> {
    routes.sort_by_cached_key(|route| (route.shown_name().to_lowercase(), route.id.clone()));
    routes
}

/// What a row shows of a route.
struct Texts<'a> {
    methods: Vec<&'a str>,
    hosts: Vec<&'a str>,
    paths: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    fn of(route: &'a Route) -> Self {
        let texts = |texts: &'a [String]| texts.iter().map(String::as_str).collect();
        Texts { methods: texts(route.methods()), hosts: texts(route.hosts()), paths: texts(route.paths()) }
    }
}

fn rows<'a>(routes: &'a [Route], texts: &'a [Texts<'a>], services: &'a [Service]) -> Vec<RouteRow<'a>> {
    let services: BTreeMap<&str, &Service> =
        services.iter().map(|service| (service.id.as_str(), service)).collect();
    let row = |(route, texts): (&'a Route, &'a Texts<'a>)| RouteRow {
        id: &route.id,
        name: route.shown_name(),
        service: route.service.as_ref().and_then(|to| services.get(to.id.as_str())).map(|to| to.thing()),
        methods: &texts.methods,
        hosts: &texts.hosts,
        paths: &texts.paths,
    };
    routes.iter().zip(texts).map(row).collect()
}
