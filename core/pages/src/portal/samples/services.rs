//! Services, contracts, and pages that say one thing.

use super::Shelf;
use crate::calls::{Facts, HowToCall, Key, KeyAuth, Method, Request, Routes};
use crate::parts::State;
use crate::portal::{
    AccessEnd, Contract, Notice, NoticePage, RequestFields, ServicePage, ServiceRow, Services,
};
use crate::sample::Sample;

const NOTICES: [(&str, Notice); 14] = [
    ("waiting", Notice::Waiting),
    ("cross-site", Notice::CrossSite),
    ("not-found", Notice::NotFound),
    ("session-ended", Notice::SessionEnded),
    ("already-done", Notice::AlreadyDone),
    ("conflict", Notice::Conflict),
    ("unread", Notice::Unread),
    ("wrong-host", Notice::WrongHost),
    ("fault", Notice::Fault),
    ("unavailable", Notice::Unavailable),
    ("no-mail", Notice::NoMail),
    ("too-large", Notice::TooLarge),
    ("too-many", Notice::TooMany(None)),
    ("too-many-seconds", Notice::TooMany(Some(8))),
];

pub(super) fn all(shelf: &Shelf<'_>) -> Vec<Sample> {
    let mut samples = services(shelf);
    samples.extend(service(shelf));
    samples.extend(contracts(shelf));
    for (name, notice) in NOTICES {
        let return_to = Some("/portal/apps?q=a");
        samples.push(shelf.sample(name, &NoticePage { frame: shelf.outside, notice, return_to }));
    }
    let notice = Notice::SessionEnded;
    let page = NoticePage { frame: shelf.outside, notice, return_to: None };
    samples.push(shelf.sample("session-ended-elsewhere", &page));
    samples
}

fn services(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text) = (shelf.frame, shelf.text);
    let row = ServiceRow { id: text, name: text, description: Some(text) };
    let rows = [
        row,
        ServiceRow { name: shelf.long, description: Some(shelf.long), ..row },
        ServiceRow { description: None, ..row },
    ];
    let list = |frame, services, paging| Services { frame, services, is_waiting: false, paging };
    let waiting = Services { is_waiting: true, ..list(frame, &rows, shelf.one_page()) };
    vec![
        shelf.sample("services", &list(frame, &rows, shelf.one_page())),
        shelf.sample("services-searched", &list(frame, &rows, shelf.middle())),
        shelf.sample("services-none-found", &list(frame, &[], shelf.middle())),
        shelf.sample("services-empty", &list(frame, &[], shelf.one_page())),
        shelf.sample("services-waiting", &waiting),
        shelf.sample("services-outside", &list(shelf.outside, &rows, shelf.one_page())),
        shelf.sample("services-outside-empty", &list(shelf.outside, &[], shelf.one_page())),
    ]
}

fn service(shelf: &Shelf<'_>) -> Vec<Sample> {
    let access = shelf.access();
    let asked = &access[..2];
    let page = ServicePage {
        can_try: true,
        frame: shelf.frame,
        service: shelf.thing,
        description: Some(shelf.text),
        how_to_call: Some(how_to_call(shelf)),
        has_document: true,
        is_waiting: false,
        access: &access,
        request: RequestFields::default(),
        nonce: shelf.text,
    };
    let bare = ServicePage { description: None, how_to_call: None, has_document: false, access: &[], ..page };
    vec![
        shelf.sample("service", &page),
        shelf.sample("service-wrong", &ServicePage { request: shelf.request_wrong(), ..page }),
        shelf.sample("service-all-asked", &ServicePage { access: asked, ..page }),
        shelf.sample("service-no-applications", &bare),
        shelf.sample("service-waiting", &ServicePage { is_waiting: true, ..bare }),
        shelf.sample("service-outside", &ServicePage { frame: shelf.outside, ..bare }),
    ]
}

fn how_to_call<'a>(shelf: &Shelf<'a>) -> HowToCall<'a> {
    let request = Request {
        method: Method::Get,
        method_with_body: Some(Method::Post),
        host: None,
        path: "/orders",
        headers: &[],
    };
    let key_auth = KeyAuth {
        name: "apikey",
        is_in_header: true,
        is_in_bearer: false,
        is_in_query: true,
        is_in_body: false,
        refuses_preflights: false,
    };
    let facts = Facts {
        gateway: "https://gateway.test",
        is_enabled: true,
        routes: Routes::Plain(request),
        key_auth: Some(key_auth),
        oauth2: None,
    };
    HowToCall { language: shelf.frame.language, id: "call", facts, key: Key::Variable }
}

fn contracts(shelf: &Shelf<'_>) -> Vec<Sample> {
    let page = |access, request| Contract {
        frame: shelf.frame,
        application: shelf.thing,
        access,
        how_to_call: (access.state != State::Waiting).then(|| how_to_call(shelf)),
        note: Some(shelf.text),
        request,
        nonce: shelf.text,
    };
    let name = |state| match state {
        State::Active => "contract-active",
        State::Waiting => "contract-waiting",
        State::Rejected => "contract-rejected",
        State::Revoked => "contract-revoked",
        State::None => "contract-none",
    };
    let [active, .., none] = shelf.access();
    let each = shelf.access();
    let each = each.map(|access| shelf.sample(name(access.state), &page(access, RequestFields::default())));
    let mut samples = Vec::from(each);
    let wrong = Contract { note: None, ..page(none, shelf.request_wrong()) };
    samples.push(shelf.sample("contract-wrong", &wrong));
    let end =
        AccessEnd { frame: shelf.frame, application: shelf.thing, service: active.with, within_seconds: 5 };
    samples.push(shelf.sample("access-end", &end));
    samples
}
