//! The pages of administrators.

mod asking;
pub(super) mod house;
mod link;
mod log_in;
pub(super) mod people;
pub(super) mod services;
mod start;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::PageAsked;
use super::answers::{held, html, shown};
use super::desk::Desk;
use super::own_path::asked_for;
use crate::http::authenticate::Identified;
use crate::http::endpoints::Permission;
use crate::http::page_names::ManagerPage;
use crate::http::portal::{OwnCookie, Site};
use crate::http::problem::Refusal;
use crate::http::{Control, Head};
use crate::ports::{Clock, Random};
use crate::registry::{ManagerSession, SessionToken, Tally};
use latchkey_pages::manager::{AskAgain, LogInFault};
use latchkey_pages::{Frame, Front, View as _, Waiting};
use latchkey_store::Store;

/// An administrator who is logged in.
#[derive(Clone, Debug)]
pub(super) struct ManagerCaller {
    pub(super) session: ManagerSession,
    /// Name of the token, for people.
    pub(super) name: String,
}

impl PageAsked<'_> {
    /// What is around a page of the manager.
    fn manager_frame<'a>(&'a self, path: &'a str) -> Frame<'a> {
        let caller = self.administrator.as_ref().map(|caller| caller.name.as_str());
        Frame { caller, waiting: self.waiting, ..self.look.frame(Front::Manager, path) }
    }

    /// Refuses what may not be done long after the token was shown. A page asks before it does anything.
    fn refuse_unless_recent(&self) -> Result<(), Refusal> {
        let is_recent = self.administrator.as_ref().is_some_and(|caller| caller.session.is_recent);
        if is_recent { Ok(()) } else { Err(Refusal::TokenAgain) }
    }
}

/// How many requests for access wait, for a page.
pub(super) fn waiting(counted: Tally) -> Waiting {
    Waiting { count: counted.count as u64, or_more: counted.or_more }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// How many requests for access wait; what was sent leads elsewhere, mostly, and is not told.
    pub(super) async fn count_waiting(&self, asked: &PageAsked<'_>) -> Result<Option<Waiting>, Refusal> {
        if asked.is_post() || asked.administrator.is_none() {
            return Ok(None);
        }
        let counted = self.registry.count_waiting_contracts().await;
        counted.map(waiting).map(Some).map_err(|error| Refusal::Registry { endpoint: "pages", error })
    }

    /// Finds out who calls.
    pub(super) async fn identify_at_manager(
        &self,
        page: ManagerPage,
        asked: &mut PageAsked<'_>,
    ) -> Result<Identified, Refusal> {
        let visitor =
            || Identified { who: crate::audit::Who::visitor(), permission: Permission::Read, ends_at: None };
        match page {
            ManagerPage::LogIn | ManagerPage::LogInLink => Ok(visitor()),
            // Whoever is logged in finds back from it.
            ManagerPage::Help => match self.identify_administrator(asked).await {
                Err(Refusal::NoSession) => Ok(visitor()),
                identified => identified,
            },
            _ => self.identify_administrator(asked).await,
        }
    }

    async fn identify_administrator(&self, asked: &mut PageAsked<'_>) -> Result<Identified, Refusal> {
        let (identified, caller) = self.administrator(asked.site, asked.head).await?;
        asked.administrator = Some(caller);
        Ok(identified)
    }

    /// Name of the token of who is logged in, as far as can be found out.
    pub(super) async fn administrator_name(&self, site: &Site, head: &Head<'_>) -> Option<String> {
        self.administrator(site, head).await.ok().map(|(_, caller)| caller.name)
    }

    async fn administrator(
        &self,
        site: &Site,
        head: &Head<'_>,
    ) -> Result<(Identified, ManagerCaller), Refusal> {
        let refusal = |error| Refusal::Registry { endpoint: "manager session", error };
        let cookie = OwnCookie::ManagerSession.value(head.headers, site);
        let digest = cookie
            .and_then(|cookie| self.registry.account_tags().recognise_manager_session(cookie.as_bytes()));
        let Some(digest) = digest else { return Err(Refusal::NoSession) };
        let session = self.registry.manager_session(&digest, self.settings.token.as_ref()).await;
        let session = session.map_err(refusal)?.ok_or(Refusal::NoSession)?;
        // A failure costs nothing: the next page notes it.
        let _ = self.registry.touch_manager_session(&session).await;
        let (identified, name) = match &session.token {
            SessionToken::Installation => {
                let who = crate::audit::Who::admin_token();
                (Identified { who, permission: Permission::Replace, ends_at: None }, "admin".to_owned())
            }
            SessionToken::Named(token) => {
                let who = crate::audit::Who::named_token(token.id, &token.name);
                let permission = if token.read_only { Permission::Read } else { Permission::Change };
                (Identified { who, permission, ends_at: token.expires_at }, token.name.clone())
            }
        };
        Ok((identified, ManagerCaller { session, name }))
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// The page; where it needs the token to have been shown lately, that is asked for first, and what was sent
    /// is sent again along with it.
    pub(super) async fn manager_page(&self, page: ManagerPage) -> Result<Response<Bytes>, Refusal> {
        match self.dispatch(page).await {
            Err(Refusal::TokenAgain) => self.token_again().await,
            answer => answer,
        }
    }

    async fn token_again(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let path = asked_for(page.head);
        let found_again = page.path();
        let frame = page.manager_frame(&found_again);
        let carried: Vec<(&str, &str)> =
            page.form.fields().filter(|(name, _)| *name != log_in::TOKEN_FIELD).collect();
        let view = AskAgain { frame: &frame, action: &path, carried: &carried, fault: page.token_fault };
        Ok(match page.token_fault {
            Some(LogInFault::TooMany(seconds)) => held(seconds, view.html()),
            _ => html(StatusCode::UNAUTHORIZED, view.html()),
        })
    }

    async fn dispatch(&self, page: ManagerPage) -> Result<Response<Bytes>, Refusal> {
        match page {
            ManagerPage::Start => self.start().await,
            ManagerPage::LogIn => self.log_in().await,
            ManagerPage::LogInLink => self.log_in_link().await,
            ManagerPage::LogOut => self.log_out().await,
            ManagerPage::Help => Ok(self.manager_help()),
            ManagerPage::Services(page) => self.services_page(page).await,
            ManagerPage::People(page) => self.people_page(page).await,
            ManagerPage::House(page) => self.house_page(page).await,
        }
    }
}
