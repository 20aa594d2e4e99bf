//! Samples of how to call a service, and of trying it.

use super::{
    Answer, AnswerBody, Caller, Facts, HowToCall, Key, KeyAuth, Method, OAuth2, Outcome, Place, Refusal,
    Request, Routes, TryIt, TryItFields,
};
use crate::parts::blocks::{Block, Main};
use crate::sample::Sample;
use crate::{Frame, Front, Language, Site, View, parts};

/// All of them in a language, with `text` wherever people have typed something.
pub fn all(language: Language, text: &str) -> Vec<Sample> {
    let site = Site { name: text, logo: None, style: "/style.css", script: "/script.js" };
    let frame = Frame {
        front: Front::Portal,
        language,
        site,
        caller: Some(text),
        path: crate::portal::paths::SERVICES,
        waiting: None,
        message: None,
    };
    let mut samples = calls(&frame, text);
    samples.extend(tries(&frame, text));
    samples
}

fn calls(frame: &Frame<'_>, text: &str) -> Vec<Sample> {
    let headers = [("X-Tenant", text)];
    let path = format!("/{text}");
    let request = Request {
        method: Method::Get,
        method_with_body: Some(Method::Post),
        host: Some(text),
        path: &path,
        headers: &headers,
    };
    let key_auth = KeyAuth {
        name: "apikey",
        is_in_header: true,
        is_in_bearer: true,
        is_in_query: true,
        is_in_body: true,
        refuses_preflights: true,
    };
    let (gateway, routes) = ("https://gateway.test", Routes::Plain(request));
    let facts = Facts { gateway, is_enabled: true, routes, key_auth: Some(key_auth), oauth2: None };
    let oauth2 = OAuth2 { header: "authorization", scope: Some(text), is_beside_key: false };
    let own = OAuth2 { header: "X-Token", scope: None, is_beside_key: true };
    let nowhere = KeyAuth {
        is_in_header: false,
        is_in_bearer: false,
        is_in_query: false,
        is_in_body: false,
        ..key_auth
    };
    let sample = |name: &str, facts, key| {
        let call = HowToCall { language: frame.language, id: "call", facts, key };
        let main = Main::new(text).block(Block::Heading(text.into())).blocks(call.blocks());
        Sample { name: format!("portal-call-{name}"), html: parts::page(frame, &main) }
    };
    vec![
        sample("variable", facts, Key::Variable),
        sample("shown", facts, Key::Shown(text)),
        sample("suspended", Facts { is_enabled: false, ..facts }, Key::Variable),
        sample("no-route", Facts { routes: Routes::None, ..facts }, Key::Variable),
        sample("not-plain", Facts { routes: Routes::NotPlain, ..facts }, Key::Variable),
        sample("anybody", Facts { key_auth: None, ..facts }, Key::Variable),
        sample("token", Facts { key_auth: None, oauth2: Some(oauth2), ..facts }, Key::Variable),
        sample("key-or-token", Facts { oauth2: Some(oauth2), ..facts }, Key::Variable),
        sample("key-and-token", Facts { oauth2: Some(own), ..facts }, Key::Variable),
        sample("no-place", Facts { key_auth: Some(nowhere), ..facts }, Key::Variable),
    ]
}

fn tries(frame: &Frame<'_>, text: &str) -> Vec<Sample> {
    let callers = [Caller { value: text, label: text }, Caller { value: "2", label: text }];
    let blank = TryItFields { path: text, ..TryItFields::default() };
    let typed = TryItFields {
        caller: "2",
        method: "POST",
        query: text,
        headers: text,
        body: text,
        place: "query",
        ..blank
    };
    let page = |callers, fields, outcome| TryIt {
        frame,
        service_id: text,
        service: text,
        callers,
        methods: &["GET", "POST"],
        places: &Place::ALL,
        fields,
        outcome,
        nonce: text,
    };
    let sample =
        |name: &str, page: TryIt<'_>| Sample { name: format!("portal-try-{name}"), html: page.html() };
    let fields = [("content-type", text), (text, text)];
    let body = AnswerBody::Whole(text);
    let answer =
        Answer { status: 200, fields: &fields, body, duration_ms: 12, route: Some(text), curl: text };
    let answered = |body| Outcome::Answered(Answer { body, ..answer });
    let lost = Outcome::Answered(Answer { status: 404, route: None, fields: &[], ..answer });
    let mut samples = vec![
        sample("none", page(&[], blank, Outcome::None)),
        sample("form", page(&callers, blank, Outcome::None)),
        sample("answered", page(&callers, typed, answered(body))),
        sample("cut", page(&callers, typed, answered(AnswerBody::Cut(text, Some(70_000))))),
        sample("cut-somewhere", page(&callers, typed, answered(AnswerBody::Cut(text, None)))),
        sample("binary", page(&callers, typed, answered(AnswerBody::Binary(Some(70_000))))),
        sample("binary-long", page(&callers, typed, answered(AnswerBody::Binary(None)))),
        sample("empty", page(&callers, typed, answered(AnswerBody::Empty))),
        sample("no-route", page(&callers, typed, lost)),
    ];
    samples.extend(
        [
            ("caller", Refusal::Caller),
            ("path", Refusal::Path),
            ("headers", Refusal::Headers),
            ("too-large", Refusal::TooLarge),
            ("too-many", Refusal::TooMany(42)),
            ("repeated", Refusal::Repeated),
            ("unreachable", Refusal::Unreachable),
            ("too-slow", Refusal::TooSlow),
        ]
        .map(|(name, refusal)| {
            sample(&format!("refused-{name}"), page(&callers, typed, Outcome::Refused(refusal)))
        }),
    );
    samples
}
