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
use http::header::SET_COOKIE;
use http::{HeaderValue, Response};

use super::admission::{Admitted, Asked};
use super::endpoints::{Action, Call};
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
use refused::Whom;
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
    /// Fields with the cookie of the session that was opened when it was shown again.
    renewed: Vec<HeaderValue>,
}

impl<'a> PageAsked<'a> {
    /// Before it is known who asks, and what was sent is read.
    fn new(asked: &'a Asked, around: (&'a Look, &'a Head<'a>, &'a Site), came: Came<'a>) -> Self {
        let (look, head, site) = around;
        PageAsked {
            matched: &asked.matched,
            query: Query::default(),
            form: Form::default(),
            head,
            site,
            look,
            password: came.password,
            called: came.called,
            developer: None,
            administrator: None,
            waiting: None,
            token_fault: None,
            renewed: Vec::new(),
        }
    }

    /// Whether its form was sent.
    fn is_post(&self) -> bool {
        self.head.method == "POST"
    }

    /// A part of its path.
    fn part(&self, name: &str) -> &str {
        self.matched.text(name)
    }

    /// Where the page is found by GET.
    fn path(&self) -> String {
        own_path::found_again(self.head)
    }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// Answers with a page, also where it is refused.
    pub(super) async fn page(
        &self,
        site: &Site,
        admitted: &Admitted<'_>,
        head: &Head<'_>,
        body: &[u8],
        came: Came<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let front = admitted.surface.front().unwrap_or(Front::Portal);
        let asked = admitted.asked();
        if let Ok(Asked { matched, call: Call { action: Action::Plain(plain), .. } }) = &asked {
            return Ok(plain.answer(matched, &self.settings));
        }
        let look = match self.look(head, site).await {
            Ok(look) => look,
            Err(refusal) => {
                let look = Look::plain(head, Some(site));
                return Ok(refused::page(front, &refusal, &look, head, &Whom::default()));
            }
        };
        let around = (&look, head, site);
        let asked = match asked {
            Ok(asked) => asked,
            Err(refusal) => return Ok(self.refuse_page(front, &refusal, None, around).await),
        };
        let mut page_asked = PageAsked::new(&asked, around, came);
        let shown = self.show(&asked, &mut page_asked, body).await;
        let mut response = match shown {
            Ok(mut response) => {
                look.settle(&mut response, site);
                response
            }
            Err(needs @ (Refusal::NeedsPassword(_) | Refusal::NeedsCall(_))) => return Err(needs),
            Err(refusal) => self.refuse_page(front, &refusal, Some(&page_asked), around).await,
        };
        let cookies = page_asked.renewed.into_iter();
        response.headers_mut().extend(cookies.map(|field| (SET_COOKIE, field)));
        Ok(response)
    }

    /// Who calls is looked at before what was sent.
    async fn show(
        &self,
        asked: &Asked,
        page_asked: &mut PageAsked<'_>,
        body: &[u8],
    ) -> Result<Response<Bytes>, Refusal> {
        let Action::Page(page) = asked.call.action else { return Err(Refusal::UnknownPath) };
        let (head, site) = (page_asked.head, page_asked.site);
        let caller = match page {
            Page::Portal(_) => {
                let (caller, developer) = self.identify_at_portal(site, asked, head).await?;
                page_asked.developer = developer;
                caller
            }
            Page::Manager(page) => self.identify_at_manager(page, page_asked).await?,
        };
        page_asked.form = Form::read(asked.call.takes, head.headers, body).await?;
        page_asked.query = Query::parse(head.query)?;
        let control = self.acting_for(&caller.who, head);
        if let Page::Manager(_) = page {
            page_asked.waiting = self.count_waiting(page_asked).await?;
            control.take_token_again(page_asked).await?;
        }
        let desk = Desk { control: &control, page: page_asked, caller: &caller };
        match page {
            Page::Portal(page) => super::on_heap(|| desk.portal_page(page)).await,
            Page::Manager(page) => super::on_heap(|| desk.manager_page(page)).await,
        }
    }
}
