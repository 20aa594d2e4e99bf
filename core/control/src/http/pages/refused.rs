//! Refusals as pages: what happened, and where it goes on.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::PageAsked;
use super::answers::{html, see_other, shown};
use super::look::Look;
use super::own_path::{asked_for, found_again};
use crate::http::portal::{Site, comes_from_elsewhere};
use crate::http::problem::{self, InternalCause, Refusal};
use crate::http::{Control, ControlSettings, Head};
use crate::ports::{Clock, Random};
use latchkey_pages::{Frame, Front, View as _, Waiting, manager, portal};
use latchkey_request::authority::Authority;
use latchkey_store::Store;

/// What a refusal says to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    NotLoggedIn,
    ReadOnly,
    CrossSite,
    Waiting,
    NotFound,
    Conflict,
    Unread,
    WrongHost,
    TooLarge,
    TooMany(Option<u64>),
    Unavailable,
    Fault,
}

/// Who is refused, as far as that is known.
#[derive(Debug, Default)]
pub(super) struct Whom {
    caller: Option<String>,
    /// Requests that wait, for an administrator.
    waiting: Option<Waiting>,
}

/// The answer of a page to a request that is refused by its head alone.
pub(in crate::http) fn at_the_door(
    front: Front,
    refusal: &Refusal,
    head: &Head<'_>,
    settings: &ControlSettings,
) -> Response<Bytes> {
    match refusal {
        // Said to programs: a browser does not come here.
        Refusal::NoHost | Refusal::Preflight(_) => problem::response(refusal),
        _ => {
            let authority = Authority::of_request(head.headers, head.host).ok();
            let site = authority.and_then(|authority| Site::of(authority, settings));
            page(front, refusal, &Look::plain(head, site.as_ref()), head, &Whom::default())
        }
    }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// The answer of a page that is refused, with what is around it for who asks.
    pub(super) async fn refuse_page(
        &self,
        front: Front,
        refusal: &Refusal,
        asked: Option<&PageAsked<'_>>,
        (look, head, site): (&Look, &Head<'_>, &Site),
    ) -> Response<Bytes> {
        let known = asked.and_then(|asked| match front {
            Front::Portal => asked.own_address().map(str::to_owned),
            Front::Manager => asked.administrator.as_ref().map(|caller| caller.name.clone()),
        });
        let caller = match (known, front) {
            (Some(known), _) => Some(known),
            (None, Front::Portal) => self.developer_address(site, head).await,
            (None, Front::Manager) => self.administrator_name(site, head).await,
        };
        let waiting = match (asked.and_then(|asked| asked.waiting), front) {
            (None, Front::Manager) if caller.is_some() => {
                self.registry.count_waiting_contracts().await.ok().map(super::manager::waiting)
            }
            (known, _) => known,
        };
        let mut response = page(front, refusal, look, head, &Whom { caller, waiting });
        if response.status() != StatusCode::SEE_OTHER {
            look.settle(&mut response, site);
        }
        response
    }
}

/// The answer of a page to a request that is refused.
pub(super) fn page(
    front: Front,
    refusal: &Refusal,
    look: &Look,
    head: &Head<'_>,
    whom: &Whom,
) -> Response<Bytes> {
    let plain = problem::response(refusal);
    let why = why(refusal, &plain);
    let is_read = matches!(head.method, "GET" | "HEAD");
    let path = found_again(head);
    let frame = Frame { caller: whom.caller.as_deref(), waiting: whom.waiting, ..look.frame(front, &path) };
    if why == Why::NotLoggedIn && is_read {
        // The session is there, perhaps, and comes along with the next request.
        return match front == Front::Manager && comes_from_elsewhere(head.headers) {
            true => shown(&manager::Continue { frame: &frame, to: &asked_for(head) }),
            false => see_other(&log_in_path(front, head)),
        };
    }
    let return_to = Some(path.as_str());
    let page = match front {
        Front::Manager => {
            manager::NoticePage { frame: &frame, notice: manager_notice(why), return_to }.html()
        }
        Front::Portal => portal::NoticePage { frame: &frame, notice: portal_notice(why), return_to }.html(),
    };
    let mut response = html(plain.status(), page);
    for name in [http::header::RETRY_AFTER, http::header::ALLOW, http::header::CONNECTION] {
        response.headers_mut().extend(plain.headers().get(&name).map(|value| (name, value.clone())));
    }
    if let Some(cause) = plain.extensions().get::<InternalCause>() {
        response.extensions_mut().insert(cause.clone());
    }
    response
}

/// Where to log in, and what to show then.
fn log_in_path(front: Front, head: &Head<'_>) -> String {
    let path = asked_for(head);
    let is_start = path.trim_end_matches('/') == front.start().trim_end_matches('/');
    match (front, is_start) {
        (Front::Portal, true) => portal::paths::LOG_IN.to_owned(),
        (Front::Portal, false) => portal::paths::log_in_to(&path),
        (Front::Manager, true) => manager::paths::LOG_IN.to_owned(),
        (Front::Manager, false) => manager::paths::log_in_to(&path),
    }
}

fn why(refusal: &Refusal, response: &Response<Bytes>) -> Why {
    let seconds = || {
        let value = response.headers().get(http::header::RETRY_AFTER)?;
        value.to_str().ok()?.parse().ok()
    };
    match (refusal, response.status()) {
        (Refusal::NoSession, _) | (_, StatusCode::UNAUTHORIZED) => Why::NotLoggedIn,
        (Refusal::ReadOnly | Refusal::NamedToken, _) => Why::ReadOnly,
        (Refusal::CrossSite, _) => Why::CrossSite,
        (_, StatusCode::FORBIDDEN) => Why::Waiting,
        (_, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => Why::NotFound,
        (Refusal::Malformed(_) | Refusal::UnsupportedType, _) => Why::Unread,
        (_, StatusCode::CONFLICT | StatusCode::BAD_REQUEST) => Why::Conflict,
        (_, StatusCode::MISDIRECTED_REQUEST) => Why::WrongHost,
        (_, StatusCode::PAYLOAD_TOO_LARGE) => Why::TooLarge,
        (_, StatusCode::TOO_MANY_REQUESTS) => Why::TooMany(seconds()),
        (_, StatusCode::SERVICE_UNAVAILABLE) => Why::Unavailable,
        _ => Why::Fault,
    }
}

fn manager_notice(why: Why) -> manager::Notice {
    use manager::Notice;
    match why {
        Why::NotLoggedIn => Notice::SessionEnded,
        Why::ReadOnly | Why::Waiting => Notice::ReadOnly,
        Why::CrossSite => Notice::CrossSite,
        Why::NotFound => Notice::NotFound,
        Why::Conflict => Notice::Conflict,
        Why::Unread => Notice::Unread,
        Why::WrongHost => Notice::WrongHost,
        Why::TooLarge => Notice::TooLarge,
        Why::TooMany(seconds) => Notice::TooMany(seconds),
        Why::Unavailable => Notice::Unavailable,
        Why::Fault => Notice::Fault,
    }
}

fn portal_notice(why: Why) -> portal::Notice {
    use portal::Notice;
    match why {
        Why::NotLoggedIn => Notice::SessionEnded,
        Why::Waiting | Why::ReadOnly => Notice::Waiting,
        Why::CrossSite => Notice::CrossSite,
        Why::NotFound => Notice::NotFound,
        Why::Conflict => Notice::Conflict,
        Why::Unread => Notice::Unread,
        Why::WrongHost => Notice::WrongHost,
        Why::TooLarge => Notice::TooLarge,
        Why::TooMany(seconds) => Notice::TooMany(seconds),
        Why::Unavailable => Notice::Unavailable,
        Why::Fault => Notice::Fault,
    }
}
