//! Requests, contracts, developers, invitations, applications.

use super::{NOW, Shelf};
use crate::manager::{
    Application, ApplicationRow, Applications, ContractFilter, ContractRow, Contracts, Developer,
    DeveloperRow, Developers, HeldKey, InvitationLink, Invite, InviteFault, Invited, MoveApplication,
    PartlyDone, Request, Requests, ResetLink, Undecided,
};
use crate::parts::State;
use crate::parts::Typed;
use crate::sample::Sample;
use crate::{Frame, Message};

const STATES: [(&str, State); 4] = [
    ("requested", State::Waiting),
    ("approved", State::Active),
    ("rejected", State::Rejected),
    ("revoked", State::Revoked),
];

pub(super) fn all(shelf: &Shelf<'_>) -> Vec<Sample> {
    let mut samples = requests(shelf);
    samples.extend(contracts(shelf));
    samples.extend(developers(shelf));
    samples.extend(invite(shelf));
    samples.extend(applications(shelf));
    samples
}

fn requests(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (thing, text) = (shelf.thing, shelf.text);
    let request = Request {
        id: text,
        developer: thing,
        application: thing,
        service: thing,
        note: Some(shelf.long),
        since: NOW,
    };
    let requests = [request, Request { note: None, id: "other", ..request }];
    let page = Requests {
        frame: shelf.frame,
        requests: &requests,
        paging: shelf.one_page(),
        picked: &[],
        reason: Typed::default(),
        is_nothing_picked: false,
        partly_done: None,
    };
    let middle = shelf.middle();
    let nothing_picked = Requests { is_nothing_picked: true, ..page };
    let too_long = Requests { paging: middle, picked: &["other"], reason: shelf.wrong(), ..page };
    let left = Undecided { id: text, between: Some((thing, thing)), state: Some(State::Revoked) };
    let undecided = [left, Undecided { state: None, ..left }, Undecided { between: None, ..left }];
    let [approved, rejected] =
        [State::Active, State::Rejected].map(|to| PartlyDone { to, done: 2, undecided: &undecided });
    let sentences = [&approved, &rejected].map(|partly| partly.sentence(shelf.frame.language));
    let [frame, of_none] =
        sentences.each_ref().map(|text| Frame { message: Some(Message::Failed(text)), ..*shelf.frame });
    let partly = Requests { frame: &frame, partly_done: Some(&approved), ..page };
    let none_left = Requests { frame: &of_none, requests: &[], partly_done: Some(&rejected), ..page };
    vec![
        shelf.sample("requests", &page),
        shelf.sample("requests-partly-approved", &partly),
        shelf.sample("requests-partly-rejected", &none_left),
        shelf.sample("requests-nothing-picked", &nothing_picked),
        shelf.sample("requests-wrong", &too_long),
        shelf.sample("requests-empty", &Requests { requests: &[], ..page }),
        shelf.sample("requests-none-found", &Requests { requests: &[], paging: middle, ..page }),
    ]
}

/// A contract in each state.
fn every_state<'a>(shelf: &Shelf<'a>) -> Vec<ContractRow<'a>> {
    let contract = |(_, state)| ContractRow {
        id: shelf.text,
        application: shelf.thing,
        service: shelf.thing,
        state,
        since: NOW,
        reason: (state != State::Waiting).then_some(shelf.text),
    };
    STATES.into_iter().map(contract).collect()
}

fn contracts(shelf: &Shelf<'_>) -> Vec<Sample> {
    let contracts = every_state(shelf);
    let (frame, paging) = (shelf.frame, shelf.middle());
    let none = ContractFilter::default();
    let filter = ContractFilter { state: Some(State::Revoked), service: shelf.text, application: shelf.text };
    let page = |contracts, filter| Contracts { frame, contracts, filter, paging };
    vec![
        shelf.sample("contracts", &page(&contracts, none)),
        shelf.sample("contracts-filtered", &page(&contracts, filter)),
        shelf.sample("contracts-none-found", &page(&[], filter)),
        shelf.sample("contracts-empty", &page(&[], none)),
    ]
}

fn developers(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text) = (shelf.frame, shelf.text);
    let row = DeveloperRow { id: text, email: text, full_name: Some(text), applications: 2, created: NOW };
    let developers = [row, DeveloperRow { email: shelf.long, full_name: None, ..row }];
    let list = Developers { frame, state: State::Active, developers: &developers, paging: shelf.one_page() };
    let application = application_row(shelf);
    let one = Developer {
        frame,
        id: text,
        email: text,
        state: State::Active,
        created: NOW,
        meta: &[(text, text)],
        applications: &[application],
        has_mail: true,
    };
    let mut samples = vec![
        shelf.sample("developers-empty", &Developers { developers: &[], ..list }),
        shelf.sample("developers-middle", &Developers { paging: shelf.middle(), ..list }),
        shelf
            .sample("developers-none-found", &Developers { developers: &[], paging: shelf.middle(), ..list }),
        shelf.sample("developer-bare", &Developer { meta: &[], applications: &[], has_mail: false, ..one }),
    ];
    for (name, state) in STATES {
        samples.push(shelf.sample(&format!("developers-{name}"), &Developers { state, ..list }));
        samples.push(shelf.sample(&format!("developer-{name}"), &Developer { state, ..one }));
    }
    samples
}

fn invite(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text) = (shelf.frame, shelf.text);
    let ask = |addresses, has_mail| Invite { frame, addresses, has_mail, nonce: text };
    let link = InvitationLink { address: text, link: text };
    let faults = [
        (text, InviteFault::NoAddress),
        (text, InviteFault::ThereAlready),
        (text, InviteFault::TooManyMails),
    ];
    let mailed = [text, text];
    vec![
        shelf.sample("invite", &ask(Typed::default(), true)),
        shelf.sample("invite-wrong", &ask(shelf.wrong(), false)),
        shelf.sample("invited-by-mail", &Invited { frame, mailed: &mailed, links: &[], faults: &[] }),
        shelf.sample(
            "invited-by-link",
            &Invited { frame, mailed: &[], links: &[link, link], faults: &faults },
        ),
        shelf.sample("reset-link", &ResetLink { frame, developer: text, link }),
    ]
}

fn application_row<'a>(shelf: &Shelf<'a>) -> ApplicationRow<'a> {
    ApplicationRow {
        id: shelf.text,
        name: shelf.text,
        owner: shelf.thing,
        services: 2,
        keys: 1,
        is_enabled: true,
    }
}

fn applications(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text, thing) = (shelf.frame, shelf.text, shelf.thing);
    let row = application_row(shelf);
    let rows = [row, ApplicationRow { name: shelf.long, is_enabled: false, ..row }];
    let list = |applications, paging| Applications { frame, applications, paging };
    let contracts = every_state(shelf);
    let keys = super::keys::held(shelf);
    let one = Application {
        frame,
        application: thing,
        owner: thing,
        description: Some(shelf.long),
        redirect_uri: Some(text),
        created: NOW,
        is_enabled: true,
        contracts: &contracts,
        keys: &keys,
    };
    let no_keys: &[HeldKey<'_>] = &[];
    let bare = Application {
        description: None,
        redirect_uri: None,
        is_enabled: false,
        contracts: &[],
        keys: no_keys,
        ..one
    };
    let to_move = |email| MoveApplication { frame, application: thing, owner: thing, email };
    vec![
        shelf.sample("applications", &list(&rows, shelf.middle())),
        shelf.sample("applications-empty", &list(&[], shelf.one_page())),
        shelf.sample("application", &one),
        shelf.sample("application-bare", &bare),
        shelf.sample("move-application", &to_move(Typed::default())),
        shelf.sample("move-application-wrong", &to_move(shelf.wrong())),
    ]
}
