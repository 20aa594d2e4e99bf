//! What an application may do with a service, and the form that asks for it.

use super::Thing;
use super::words::Contracts as Words;
use crate::Frame;
use crate::calls::HowToCall;
use crate::parts::blocks::{Block, StateMark};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::Cell;
use crate::parts::{Field, State, Time};
use crate::words::Common;

/// What an application may do with a service.
#[derive(Clone, Copy, Debug)]
pub struct ServiceAccess<'a> {
    /// The other side: the service on an application's page, the application on a service's.
    pub with: Thing<'a>,
    /// State of the contract.
    pub state: State,
    /// Since when.
    pub since: Option<Time>,
    /// What an administrator says of it.
    pub reason: Option<&'a str>,
}

/// Where there is nothing to say.
const NOTHING: &str = "–";

impl<'a> ServiceAccess<'a> {
    /// State, since when, and the reason.
    pub(super) fn cells(&self, frame: &Frame<'_>) -> [Cell<'a>; 3] {
        [
            Cell::State(mark(frame, self.state)),
            Cell::time_or(self.since, NOTHING),
            Cell::text(self.reason.unwrap_or(NOTHING)),
        ]
    }
}

/// How a service is called, under its heading.
pub(super) fn calling<'a>(frame: &Frame<'_>, how: Option<HowToCall<'a>>) -> Vec<Block<'a>> {
    let heading = Block::Heading(Words::of(frame.language).how_to_call.into());
    how.map_or_else(Vec::new, |how| std::iter::once(heading).chain(how.blocks()).collect())
}

/// Whether a developer can ask: nothing waits and nothing is in use; what was revoked only an administrator
/// gives again.
pub(super) fn can_ask(state: State) -> bool {
    matches!(state, State::None | State::Rejected)
}

/// A state in the words for developers.
pub(super) fn mark(frame: &Frame<'_>, state: State) -> StateMark {
    StateMark::of(state, state.word(frame.language))
}

/// What was typed of a request for access.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestFields<'a> {
    /// Id of the application, where one is chosen.
    pub application: Typed<'a>,
    /// What is said to the administrator.
    pub note: Typed<'a>,
    /// What is wrong with no field alone.
    pub fault: Option<&'a str>,
}

impl<'a> RequestFields<'a> {
    pub(super) fn note(&self, frame: &Frame<'_>) -> Field<'a> {
        let words = Words::of(frame.language);
        with_help(words.note_help, self.note.lines("note", words.note))
    }

    /// The form that asks.
    pub(super) fn form(
        &self,
        frame: &Frame<'_>,
        action: String,
        submit: &'static str,
        chosen: Option<Field<'a>>,
        nonce: &'a str,
    ) -> FormBlock<'a> {
        let fields = chosen.into_iter().chain([self.note(frame)]).collect();
        FormBlock::post(Common::of(frame.language), "request", action, submit, fields)
            .nonce(nonce)
            .fault(self.fault)
    }
}
