//! Refusals as pages: what happened, and where it goes on.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::answers::{html, see_other, shown};
use super::look::Look;
use crate::http::Head;
use crate::http::portal::{Site, comes_from_elsewhere};
use crate::http::problem::{self, InternalCause, Refusal};
use latchkey_pages::{Front, View as _, manager, portal};

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
    TooMany(Option<u64>),
    Unavailable,
    Fault,
}

/// The answer of a page to a request that is refused by its head alone.
pub(in crate::http) fn at_the_door(front: Front, refusal: &Refusal, head: &Head<'_>) -> Response<Bytes> {
    match refusal {
        // Said to programs: a browser does not come here.
        Refusal::NoHost | Refusal::Preflight(_) => problem::response(refusal),
        _ => page(front, refusal, &Look::plain(head), head, None),
    }
}

/// The answer of a page to a request that is refused.
pub(super) fn page(
    front: Front,
    refusal: &Refusal,
    look: &Look,
    head: &Head<'_>,
    site: Option<&Site>,
) -> Response<Bytes> {
    let plain = problem::response(refusal);
    let why = why(refusal, &plain);
    let is_read = matches!(head.method, "GET" | "HEAD");
    let frame = look.frame(front, head.path);
    if why == Why::NotLoggedIn && is_read && site.is_some() {
        // The session is there, perhaps, and comes along with the next request.
        return match front == Front::Manager && comes_from_elsewhere(head.headers) {
            true => shown(&manager::Continue { frame: &frame, to: &asked_for(head) }),
            false => see_other(&log_in_path(front, head)),
        };
    }
    let page = match front {
        Front::Manager => manager::NoticePage { frame: &frame, notice: manager_notice(why) }.html(),
        Front::Portal => {
            portal::NoticePage { frame: &frame, notice: portal_notice(why), return_to: None }.html()
        }
    };
    let mut response = html(plain.status(), page);
    for name in [http::header::RETRY_AFTER, http::header::ALLOW] {
        response.headers_mut().extend(plain.headers().get(&name).map(|value| (name, value.clone())));
    }
    if let Some(cause) = plain.extensions().get::<InternalCause>() {
        response.extensions_mut().insert(cause.clone());
    }
    response
}

/// Where to log in, and what to show then.
fn log_in_path(front: Front, head: &Head<'_>) -> String {
    let log_in = match front {
        Front::Portal => portal::paths::LOG_IN,
        Front::Manager => manager::paths::LOG_IN,
    };
    let path = asked_for(head);
    if path.trim_end_matches('/') == front.start().trim_end_matches('/') {
        return log_in.to_owned();
    }
    let return_to = serde_urlencoded::to_string([("return_to", &path)]).unwrap_or_default();
    format!("{log_in}?{return_to}")
}

/// Path and query.
fn asked_for(head: &Head<'_>) -> String {
    let query = head.query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", head.path)
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
        Why::TooMany(seconds) => Notice::TooMany(seconds),
        Why::Unavailable => Notice::Unavailable,
        Why::Fault => Notice::Fault,
    }
}
