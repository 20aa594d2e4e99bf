//! Rows of the pages of services, their routes and plugins.

use super::{act, form, show};
use crate::http::endpoints::{Call, Endpoint, Surface};
use crate::http::page_names::{ManagerPage, Page, ServicesPage};

const fn row(path: &'static str, calls: &'static [Call]) -> Endpoint {
    Endpoint { surface: Surface::Manager, path, calls }
}

/// These pages.
#[rustfmt::skip]
pub(in crate::http) static ROWS: &[Endpoint] = &[
    row("/first/service", &act(page(ServicesPage::FirstService))),
    row("/first/route", &act(page(ServicesPage::FirstRoute))),
    row("/first/key-auth", &act(page(ServicesPage::FirstKey))),
    row("/services", &show(page(ServicesPage::List))),
    row("/services/new", &form(page(ServicesPage::New))),
    row("/services/{service}", &form(page(ServicesPage::Details))),
    row("/services/{service}/suspend", &form(page(ServicesPage::Suspend))),
    row("/services/{service}/resume", &act(page(ServicesPage::Resume))),
    row("/services/{service}/delete", &form(page(ServicesPage::Delete))),
    row("/services/{service}/routes", &show(page(ServicesPage::RoutesOf))),
    row("/services/{service}/routes/new", &show(page(ServicesPage::RouteNew))),
    row("/services/{service}/plugins", &show(page(ServicesPage::Plugins))),
    row("/services/{service}/plugins/new", &show(page(ServicesPage::PluginCards))),
    row("/services/{service}/plugins/{plugin}", &form(page(ServicesPage::Plugin))),
    row("/services/{service}/plugins/{plugin}/suspend", &form(page(ServicesPage::PluginSuspend))),
    row("/services/{service}/plugins/{plugin}/resume", &act(page(ServicesPage::PluginResume))),
    row("/services/{service}/plugins/{plugin}/delete", &form(page(ServicesPage::PluginDelete))),
    row("/services/{service}/contracts", &show(page(ServicesPage::Contracts))),
    row("/services/{service}/document", &form(page(ServicesPage::Document))),
    row("/services/{service}/document/delete", &form(page(ServicesPage::DocumentDelete))),
    row("/routes", &show(page(ServicesPage::Routes))),
    row("/routes/new", &form(page(ServicesPage::RouteNew))),
    row("/routes/{route}", &form(page(ServicesPage::Route))),
    row("/routes/{route}/delete", &form(page(ServicesPage::RouteDelete))),
    row("/match", &form(page(ServicesPage::Match))),
];

const fn page(page: ServicesPage) -> Page {
    Page::Manager(ManagerPage::Services(page))
}
