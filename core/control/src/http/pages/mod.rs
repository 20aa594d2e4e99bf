//! Pages: of developers (`/portal`) and of administrators (`/manager`).
//!
//! A page asks endpoints of the Portal API or the Admin API, in process and as its caller ([`desk`]), and shows
//! what they answer: it has no rule, no right and no record of its own.

mod answered;
mod answers;
mod desk;
mod ends;
mod facts;
mod faults;
mod form;
mod listing;
mod look;
mod manager;
mod meta_field;
mod own_path;
mod portal;
mod refused;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::Response;
use http::header::SET_COOKIE;

use super::admission::Asked;
use super::endpoints::Action;
use super::lists::Query;
use super::page_names::Page;
use super::portal::{PortalCaller, Site};
use super::problem::Refusal;
use super::routing::Matched;
use super::{Came, Control, Head};
use crate::gateway_call::GatewayAnswer;
use crate::log_in::PasswordAnswer;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::LogInFault;
use latchkey_pages::{Front, Waiting};
use latchkey_published::limits::REVOCATION_BOUND_MS_DEFAULT;
use latchkey_store::Store;

pub(super) use answers::{asset, guard};
use desk::Desk;
use form::Form;
use look::Look;
use manager::ManagerCaller;
pub(super) use refused::at_the_door as refused_at_the_door;

/// Within how many seconds what was taken away is refused everywhere (docs/revocation.md).
const WITHIN_SECONDS: u64 = REVOCATION_BOUND_MS_DEFAULT.div_ceil(1000);

/// What a page is made by.
struct PageAsked<'a> {
    matched: &'a Matched,
    query: Query,
    /// What was sent; empty where nothing was.
    form: Form,
    head: &'a Head<'a>,
    /// Where the pages are.
    site: &'a Site,
    look: &'a Look,
    /// What came of the password that this page hangs on, once that is known.
    password: Option<&'a PasswordAnswer>,
    /// What came of the call that it hangs on, once that is made.
    called: Option<&'a GatewayAnswer>,
    /// The developer who is logged in.
    developer: Option<PortalCaller>,
    /// The administrator who is logged in.
    administrator: Option<ManagerCaller>,
    /// Requests for access that wait, as an administrator reads beside the queue.
    waiting: Option<Waiting>,
    /// What is wrong with the admin token that was shown again.
    token_fault: Option<LogInFault>,
}

impl PageAsked<'_> {
    /// Whether its form was sent.
    fn is_post(&self) -> bool {
        self.head.method == "POST"
    }

    /// A part of its path.
    fn part(&self, name: &str) -> &str {
        self.matched.text(name)
    }

    /// The page's own path with its query.
    fn path(&self) -> String {
        let query = self.head.query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.head.path)
    }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// Answers with a page, also where it is refused.
    pub(super) async fn page(
        &self,
        site: &Site,
        asked: &Asked,
        head: &Head<'_>,
        body: &[u8],
        came: Came<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let Asked { matched, call } = asked;
        let page = match call.action {
            Action::Page(page) => page,
            Action::Plain(plain) => return Ok(plain.answer(matched, &self.settings)),
            _ => return Err(Refusal::UnknownPath),
        };
        let front = matched.endpoint.surface.front().unwrap_or(Front::Portal);
        let look = match self.look(head, site).await {
            Ok(look) => look,
            Err(refusal) => return Ok(refused::page(front, &refusal, &Look::plain(head), head, None)),
        };
        let shown = self.show(page, site, asked, (head, body, came), &look).await;
        match shown {
            Ok(mut response) => {
                look.settle(&mut response, site);
                Ok(response)
            }
            Err(needs @ (Refusal::NeedsPassword(_) | Refusal::NeedsCall(_))) => Err(needs),
            Err(refusal) => Ok(refused::page(front, &refusal, &look, head, Some(site))),
        }
    }

    async fn show(
        &self,
        page: Page,
        site: &Site,
        asked: &Asked,
        (head, body, came): (&Head<'_>, &[u8], Came<'_>),
        look: &Look,
    ) -> Result<Response<Bytes>, Refusal> {
        let (form, query) =
            (Form::read(asked.call.takes, head.headers, body).await?, Query::parse(head.query)?);
        let mut page_asked = PageAsked {
            matched: &asked.matched,
            query,
            form,
            head,
            site,
            look,
            password: came.password,
            called: came.called,
            developer: None,
            administrator: None,
            waiting: None,
            token_fault: None,
        };
        match page {
            Page::Portal(page) => {
                let (caller, developer) = self.identify_at_portal(site, asked, head).await?;
                page_asked.developer = developer;
                let control = self.acting_for(&caller.who, head);
                let desk = Desk { control: &control, page: &page_asked, caller: &caller };
                super::on_heap(|| desk.portal_page(page)).await
            }
            Page::Manager(page) => {
                let caller = self.identify_at_manager(page, &mut page_asked).await?;
                page_asked.waiting = self.count_waiting(&page_asked).await?;
                let control = self.acting_for(&caller.who, head);
                let cookie = control.take_token_again(&mut page_asked).await?;
                let desk = Desk { control: &control, page: &page_asked, caller: &caller };
                let mut response = super::on_heap(|| desk.manager_page(page)).await?;
                let cookies = cookie.headers().get_all(SET_COOKIE).iter();
                response.headers_mut().extend(cookies.map(|field| (SET_COOKIE, field.clone())));
                Ok(response)
            }
        }
    }
}
