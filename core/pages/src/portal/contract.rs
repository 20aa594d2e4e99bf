//! An application's contract with a service, and the end of access.

use super::access::{RequestFields, ServiceAccess, calling, can_ask, mark};
use super::words::Contracts as Words;
use super::{Thing, paths};
use crate::Frame;
use crate::calls::HowToCall;
use crate::parts::State;
use crate::parts::blocks::{Block, Button, Danger, Look, Main, Text};
use crate::parts::fields::FormBlock;
use crate::parts::table::Cell;
use crate::parts::time::Instant;
use crate::words::Common;

/// A contract, or that there is none yet. The form sends `note`.
#[derive(Debug)]
pub struct Contract<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The application.
    pub application: Thing<'a>,
    /// With which service, in which state.
    pub access: ServiceAccess<'a>,
    /// How the service is called.
    pub how_to_call: Option<HowToCall<'a>>,
    /// What was said with the request.
    pub note: Option<&'a str>,
    /// What was typed.
    pub request: RequestFields<'a>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl Contract<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let lead = match self.access.state {
            State::Active => words.is_active,
            State::Waiting => words.is_waiting,
            State::Rejected => words.is_rejected,
            State::Revoked => words.is_revoked,
            State::None => words.is_none,
        };
        // What takes access away stands last, apart; what asks for it is what the page is for.
        let (asks, ends) = match self.access.state {
            State::Active => (None, self.action()),
            _ => (self.action(), None),
        };
        Main::new((words.title)(self.application.name, self.access.with.name))
            .state(mark(self.frame, self.access.state))
            .lead(lead)
            .block(Block::Facts(self.facts()))
            .blocks(asks)
            .blocks(calling(self.frame, self.how_to_call))
            .blocks(ends)
    }

    fn facts(&self) -> Vec<(Text<'_>, Cell<'_>)> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let (application, service) = (self.application, self.access.with);
        let mut facts: Vec<(Text<'_>, Cell<'_>)> = vec![
            (common.application.into(), Cell::link(paths::application(application.id), application.name)),
            (common.service.into(), Cell::link(paths::service(service.id), service.name)),
        ];
        facts.extend(self.access.since.map(|since| (common.since.into(), Cell::Time(Instant(since)))));
        facts.extend(self.access.reason.map(|reason| (common.reason.into(), Cell::text(reason))));
        facts.extend(self.note.map(|note| (words.note.into(), Cell::text(note))));
        facts
    }

    fn action(&self) -> Option<Block<'_>> {
        let words = Words::of(self.frame.language);
        let (application, service) = (self.application.id, self.access.with.id);
        match self.access.state {
            State::None | State::Rejected => {
                let submit = asking(words, self.access.state);
                let action = paths::request_access(application, service);
                Some(Block::Form(self.request.form(self.frame, action, submit, None, self.nonce)))
            }
            State::Waiting => {
                let path = paths::withdraw(application, service);
                Some(Block::Buttons(vec![Button::post(path, words.withdraw, Look::Remove)]))
            }
            State::Active => {
                let path = paths::end_access(application, service);
                Some(Block::Danger(Danger {
                    title: words.end,
                    text: words.end_text.into(),
                    buttons: vec![Button::link(path, words.end, Look::Remove)],
                    form: None,
                }))
            }
            State::Revoked => None,
        }
    }
}

/// What asking is called: for the first time or again.
fn asking(words: &'static Words, state: State) -> &'static str {
    match state {
        State::Rejected => words.ask_again,
        _ => words.request_access,
    }
}

/// What a row of an application's contracts leads to, in a state.
pub(super) fn buttons<'a>(
    frame: &Frame<'_>,
    application: &str,
    access: &ServiceAccess<'a>,
) -> Vec<Button<'a>> {
    let words = Words::of(frame.language);
    let service = access.with.id;
    let button = match access.state {
        state if can_ask(state) => {
            Some(Button::link(paths::contract(application, service), asking(words, state), Look::Small))
        }
        State::Waiting => {
            Some(Button::post(paths::withdraw(application, service), words.withdraw, Look::SmallRemove))
        }
        _ => None,
    };
    button.into_iter().map(|button| button.of(access.with.name)).collect()
}

/// Asks before an application's access to a service is ended.
#[derive(Debug)]
pub struct AccessEnd<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The application.
    pub application: Thing<'a>,
    /// The service.
    pub service: Thing<'a>,
    /// Within how many seconds calls are refused, everywhere.
    pub within_seconds: u64,
}

impl AccessEnd<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let (application, service) = (self.application, self.service);
        let action = paths::end_access(application.id, service.id);
        let form = FormBlock::post(common, "confirm", action, words.end, Vec::new())
            .removes()
            .cancel(paths::contract(application.id, service.id));
        Main::new((words.end_title)(application.name, service.name))
            .lead(words.end_text)
            .block(Block::Danger(Danger::asked(common, (words.end_stops)(self.within_seconds), form)))
    }
}
