//! The pages of developers.

mod account;
mod application;
mod applications;
mod contract;
mod entities;
mod key_new;
mod keys;
mod known;
mod listed;
mod log_in;
mod mailed;
mod meta;
mod rotation;
mod service;
mod services;
mod specification;
mod transfer;
mod try_it;
mod visitor;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::PageAsked;
use super::answers::{html, kept, shown};
use super::desk::Desk;
use super::listing::encoded;
use super::look::logo_name;
use super::own_path::is_own_path;
use crate::http::page_names::{AccountPage, PortalPage};
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::AccountFault;
use latchkey_pages::portal::{Notice, NoticePage, paths};
use latchkey_pages::{Frame, Front, Help, View as _};
use latchkey_store::Store;

impl PageAsked<'_> {
    /// What is around a page of the portal.
    fn portal_frame<'a>(&'a self, path: &'a str) -> Frame<'a> {
        Frame { caller: self.own_address(), ..self.look.frame(Front::Portal, path) }
    }

    /// Whether the developer who is logged in waits to be approved.
    fn is_waiting(&self) -> bool {
        self.developer.as_ref().is_some_and(|developer| !developer.is_approved())
    }

    /// The address of the developer who is logged in.
    pub(super) fn own_address(&self) -> Option<&str> {
        self.developer.as_ref()?.shown().get("email")?.as_str()
    }

    /// The page of the portal that was asked for, to go on to.
    fn return_to(&self) -> Option<&str> {
        let asked = self.query.value("return_to").or(self.form.given("return_to"));
        asked.filter(|path| is_own_path(path, paths::SERVICES))
    }

    /// A page that says one thing and leads on.
    fn notice(&self, status: StatusCode, notice: Notice) -> Response<Bytes> {
        let path = self.path();
        let frame = self.portal_frame(&path);
        html(status, NoticePage { frame: &frame, notice, return_to: None }.html())
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// The page; where it needs a log-in of lately, that is asked for, and leads back.
    pub(super) async fn portal_page(&self, page: PortalPage) -> Result<Response<Bytes>, Refusal> {
        match self.portal_dispatch(page).await {
            Err(refusal) if refusal.account_fault() == Some(AccountFault::LogInAgain) => {
                Ok(self.ask_log_in_again(&self.again_at(page)))
            }
            answer => answer,
        }
    }

    /// Where a form is found again after a log-in, with the address that was typed in it.
    fn again_at(&self, page: PortalPage) -> String {
        let path = self.page.path();
        match (page, self.page.form.given("email")) {
            (PortalPage::Account(AccountPage::Email), Some(email)) => {
                format!("{path}?{}", encoded(&[("email", email)]))
            }
            _ => path,
        }
    }

    async fn portal_dispatch(&self, page: PortalPage) -> Result<Response<Bytes>, Refusal> {
        match page {
            PortalPage::Logo => self.portal_logo().await,
            PortalPage::Services => self.portal_services().await,
            PortalPage::Help => self.portal_help(),
            PortalPage::Service => self.portal_service().await,
            PortalPage::RequestService => self.portal_request_service().await,
            PortalPage::TryService => self.portal_try().await,
            PortalPage::Specification(page) => self.specification_page(page).await,
            PortalPage::Visitor(page) => self.visitor_page(page).await,
            PortalPage::Mailed(page) => self.mailed_page(page).await,
            PortalPage::LogIn(page) => self.log_in_page(page).await,
            PortalPage::Account(page) => self.portal_account_page(page).await,
            PortalPage::Application(page) => self.portal_application_page(page).await,
            PortalPage::Key(page) => self.portal_key_page(page).await,
            PortalPage::Contract(page) => self.portal_contract_page(page).await,
        }
    }

    /// Of another name than the logo's of now there is none.
    async fn portal_logo(&self) -> Result<Response<Bytes>, Refusal> {
        let logo = self.control.registry.logo().await;
        let logo = logo.map_err(|error| Refusal::Registry { endpoint: "logo", error })?;
        let logo = logo.filter(|logo| self.page.part("logo") == logo_name(&logo.hash));
        logo.map(|logo| kept(logo.bytes, "image/png")).ok_or(Refusal::UnknownPath)
    }

    fn portal_help(&self) -> Result<Response<Bytes>, Refusal> {
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        Ok(shown(&Help { frame: &frame }))
    }
}
