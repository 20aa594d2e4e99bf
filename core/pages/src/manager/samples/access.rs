//! Log-in, notices, start page, pages that ask.

use super::{NOW, Shelf};
use crate::Frame;
use crate::manager::{
    AskAgain, Confirm, Continue, EndingKey, FirstRun, Impact, KeyShownAlready, LogIn, LogInFault, LogInLink,
    Notice, NoticePage, Plugin, Start, Taking, paths,
};
use crate::parts::Typed;
use crate::sample::Sample;

const NOTICES: [(&str, Notice); 13] = [
    ("read-only", Notice::ReadOnly),
    ("cross-site", Notice::CrossSite),
    ("not-found", Notice::NotFound),
    ("session-ended", Notice::SessionEnded),
    ("already-done", Notice::AlreadyDone),
    ("conflict", Notice::Conflict),
    ("unread", Notice::Unread),
    ("wrong-host", Notice::WrongHost),
    ("fault", Notice::Fault),
    ("unavailable", Notice::Unavailable),
    ("too-large", Notice::TooLarge),
    ("too-many", Notice::TooMany(None)),
    ("too-many-seconds", Notice::TooMany(Some(8))),
];

pub(super) fn all(shelf: &Shelf<'_>) -> Vec<Sample> {
    let outside = Frame { caller: None, waiting: None, ..*shelf.frame };
    let mut samples = log_in(shelf, &outside);
    for (name, notice) in NOTICES {
        samples.push(
            shelf.sample(
                name,
                &NoticePage { frame: &outside, notice, return_to: Some("/manager/services?q=a") },
            ),
        );
    }
    samples.extend(start(shelf));
    samples.extend(confirm(shelf));
    samples
}

fn log_in(shelf: &Shelf<'_>, outside: &Frame<'_>) -> Vec<Sample> {
    let text = shelf.text;
    let log_in = |fault| LogIn { frame: outside, fault, return_to: Some(text) };
    let carried = [(text, text)];
    let again =
        |fault| AskAgain { frame: shelf.frame, action: paths::REQUESTS_APPROVE, carried: &carried, fault };
    vec![
        shelf.sample("log-in", &log_in(None)),
        shelf.sample("log-in-wrong", &log_in(Some(LogInFault::Wrong))),
        shelf.sample("log-in-too-many", &log_in(Some(LogInFault::TooMany(8)))),
        shelf.sample("log-in-link-ended", &log_in(Some(LogInFault::LinkEnded))),
        shelf.sample("log-in-link", &LogInLink { frame: outside, token: text }),
        shelf.sample("continue", &Continue { frame: outside, to: paths::REQUESTS }),
        shelf.sample("ask-again", &again(None)),
        shelf.sample("ask-again-wrong", &again(Some(LogInFault::Wrong))),
        shelf.sample(
            "key-shown-already",
            &KeyShownAlready { frame: shelf.frame, consumer: text, credential: text },
        ),
    ]
}

fn start(shelf: &Shelf<'_>) -> Vec<Sample> {
    let key = EndingKey { start: shelf.text, owner: shelf.thing, is_of_application: true, ends: NOW };
    let ending = [key, EndingKey { is_of_application: false, ..key }];
    let nothing = Start { frame: shelf.frame, requests: 0, developers: 0, ending: &[], first_run: None };
    let first_run = FirstRun {
        service: None,
        has_route: false,
        has_key_auth: false,
        name: Typed::default(),
        url: Typed::default(),
        path: Typed::default(),
        curl: shelf.text,
        nonce: shelf.text,
    };
    let second = FirstRun { service: Some(shelf.thing), path: shelf.wrong(), ..first_run };
    let third = FirstRun { has_route: true, ..second };
    let first_wrong = FirstRun { name: shelf.wrong(), url: shelf.wrong(), ..first_run };
    let run = |first_run| Start { first_run: Some(first_run), ..nothing };
    vec![
        shelf.sample("start", &Start { requests: 3, developers: 1, ending: &ending, ..nothing }),
        shelf.sample("start-nothing", &nothing),
        shelf.sample("first-run", &run(first_run)),
        shelf.sample("first-run-wrong", &run(first_wrong)),
        shelf.sample("first-run-route", &run(second)),
        shelf.sample("first-run-key-auth", &run(third)),
        shelf.sample("first-run-done", &run(FirstRun { has_key_auth: true, ..third })),
    ]
}

fn confirm(shelf: &Shelf<'_>) -> Vec<Sample> {
    let id = shelf.text;
    let takings = [
        ("suspend-service", Taking::SuspendService(id)),
        ("delete-service", Taking::DeleteService(id)),
        ("delete-document", Taking::DeleteDocument(id)),
        ("delete-route", Taking::DeleteRoute(id)),
        ("disable-key-auth", Taking::DisablePlugin(id, Plugin::KeyAuth)),
        ("delete-key-auth", Taking::DeletePlugin(id, Plugin::KeyAuth)),
        ("disable-oauth2", Taking::DisablePlugin(id, Plugin::OAuth2)),
        ("delete-oauth2", Taking::DeletePlugin(id, Plugin::OAuth2)),
        ("disable-registration", Taking::DisablePlugin(id, Plugin::ApplicationRegistration)),
        ("delete-registration", Taking::DeletePlugin(id, Plugin::ApplicationRegistration)),
        ("revoke-contract", Taking::RevokeContract(id)),
        ("revoke-developer", Taking::RevokeDeveloper(id)),
        ("delete-developer", Taking::DeleteDeveloper(id)),
        ("suspend-application", Taking::SuspendApplication(id)),
        ("delete-application", Taking::DeleteApplication(id)),
        ("suspend-application-key", Taking::SuspendApplicationKey(id, id)),
        ("delete-application-key", Taking::DeleteApplicationKey(id, id)),
        ("suspend-consumer", Taking::SuspendConsumer(id)),
        ("delete-consumer", Taking::DeleteConsumer(id)),
        ("suspend-key", Taking::SuspendKey(id, id)),
        ("delete-key", Taking::DeleteKey(id, id)),
        ("end-old-key", Taking::EndOldKey(id, id)),
        ("delete-token", Taking::DeleteToken(id)),
    ];
    let page = |(at, (name, taking)): (u64, (&str, _))| {
        let impact = Impact { applications: at % 3, within_seconds: 5 };
        let page = Confirm { frame: shelf.frame, taking, name: id, impact, reason: shelf.wrong() };
        shelf.sample(name, &page)
    };
    (0..).zip(takings).map(page).collect()
}
