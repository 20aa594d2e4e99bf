//! Pages of services, their routes and plugins.

mod calling;
mod contracts;
mod details;
mod document;
pub(super) mod first;
mod list;
mod matching;
mod plugin_form;
mod plugins;
pub(super) mod read;
mod route_fields;
mod routes;
mod settings;

use bytes::Bytes;
use http::Response;

use crate::http::page_names::ServicesPage;
use crate::http::pages::desk::Desk;
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::parts::Typed;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn services_page(&self, page: ServicesPage) -> Result<Response<Bytes>, Refusal> {
        match page {
            ServicesPage::FirstService => self.first_service().await,
            ServicesPage::FirstRoute => self.first_route().await,
            ServicesPage::FirstKey => self.first_key().await,
            ServicesPage::List => self.service_list().await,
            ServicesPage::New => self.service_new().await,
            ServicesPage::Details => self.service_details().await,
            ServicesPage::Suspend => self.suspend_service().await,
            ServicesPage::Resume => self.resume_service().await,
            ServicesPage::Delete => self.delete_service().await,
            ServicesPage::RoutesOf => self.service_routes().await,
            ServicesPage::Plugins => self.service_plugins().await,
            ServicesPage::PluginCards => self.plugin_cards().await,
            ServicesPage::Plugin => self.plugin_form().await,
            ServicesPage::PluginSuspend => self.suspend_plugin().await,
            ServicesPage::PluginResume => self.resume_plugin().await,
            ServicesPage::PluginDelete => self.delete_plugin().await,
            ServicesPage::Contracts => self.service_contracts().await,
            ServicesPage::Document => self.document_tab().await,
            ServicesPage::DocumentDelete => self.document_delete().await,
            ServicesPage::Routes => self.route_list().await,
            ServicesPage::RouteNew => self.route_new().await,
            ServicesPage::Route => self.route_page().await,
            ServicesPage::RouteDelete => self.delete_route().await,
            ServicesPage::Match => self.match_page().await,
        }
    }

    /// What a field of a form shows: what was typed in it, or what is stored where it was not sent.
    fn typed_or<'t>(&'t self, faults: &'t Faults, name: &str, stored: &'t str) -> Typed<'t> {
        let form = &self.page.form;
        match form.all(name).next() {
            Some(_) => faults.typed(form, name),
            None => Typed { value: stored, fault: faults.of_field(name) },
        }
    }
}
