//! The queue: requests for access that wait, approved or rejected one at a time or many at once.

use super::services::{List, pages};
use super::words::People;
use super::{Thing, paths};
use crate::parts::blocks::{Block, Button, Main};
use crate::parts::fields::{FormBlock, Group, Submit, Typed, with_help};
use crate::parts::table::{Cell, Pick, Row, Table};
use crate::parts::time::Instant;
use crate::parts::{Paging, State, Time};
use crate::words::Common;
use crate::{Frame, Language};

/// A request for access.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Id of the contract.
    pub id: &'a str,
    /// Who asks.
    pub developer: Thing<'a>,
    /// For which application.
    pub application: Thing<'a>,
    /// For access to which service.
    pub service: Thing<'a>,
    /// What the developer says.
    pub note: Option<&'a str>,
    /// Since when.
    pub since: Time,
}

/// A request that was picked, and about which nothing was decided.
#[derive(Clone, Copy, Debug)]
pub struct Undecided<'a> {
    /// Id of the contract.
    pub id: &'a str,
    /// For which application, and to which service; `None`: it is gone.
    pub between: Option<(Thing<'a>, Thing<'a>)>,
    /// The state in which it stays; `None`, where it is there: the store failed before.
    pub state: Option<State>,
}

/// What a decision about several came to, where not all of them could be decided about.
#[derive(Clone, Debug)]
pub struct PartlyDone<'a> {
    /// What was decided.
    pub to: State,
    /// About so many it was.
    pub done: usize,
    /// About these it was not.
    pub undecided: &'a [Undecided<'a>],
}

impl PartlyDone<'_> {
    /// The sentence that says so.
    pub fn sentence(&self, language: Language) -> String {
        let words = People::of(language);
        let sentence = if self.to == State::Active { words.so_many_approved } else { words.so_many_rejected };
        sentence(self.done, self.done + self.undecided.len())
    }
}

/// Name of the field that is sent once for each request that is picked.
const PICKED: &str = "contract";
/// Id of the form that approves one.
const ONE: &str = "one";

/// The queue. The form sends `contract` for each that is picked, and `reason`; the button of a row sends
/// `contract` of that one.
#[derive(Debug)]
pub struct Requests<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Those of this page, those first that wait longest.
    pub requests: &'a [Request<'a>],
    /// Where the others are.
    pub paging: Paging<'a>,
    /// Ids of those that were picked when the form was sent and something was wrong with it.
    pub picked: &'a [&'a str],
    /// The reason that was typed.
    pub reason: Typed<'a>,
    /// Whether the form was sent with none picked.
    pub is_nothing_picked: bool,
    /// What came of the form, where that is not all that was asked for.
    pub partly_done: Option<&'a PartlyDone<'a>>,
}

impl Requests<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = People::of(self.frame.language);
        let main = Main::new(words.requests).blocks(self.partly_done.map(|partly| self.undecided(partly)));
        let empty = || Block::Empty(words.no_requests.into(), None);
        if self.requests.is_empty() && self.paging.search.is_empty() {
            return main.block(empty());
        }
        // The search is above, and the table within the form that decides.
        let list = List { frame: self.frame, path: paths::REQUESTS, paging: &self.paging };
        let main = main.block(list.search());
        match self.requests.is_empty() {
            true => main.block(empty()),
            false => main
                .block(Block::Form(self.form_of_one()))
                .block(Block::Form(self.form()))
                .block(pages(self.frame, &self.paging)),
        }
    }

    fn undecided<'p>(&'p self, partly: &'p PartlyDone<'p>) -> Block<'p> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let row = |one: &Undecided<'p>| {
            let why = match (one.between, one.state) {
                (None, _) => words.is_gone.into(),
                (Some(_), Some(state)) => (words.waits_no_more)(common.state(state)).into(),
                (Some(_), None) => words.not_reached.into(),
            };
            let (application, service) = match one.between {
                Some((application, service)) => (
                    Cell::link(paths::application(application.id), application.name),
                    Cell::link(paths::service(service.id), service.name),
                ),
                None => (Cell::Code(one.id.into()), Cell::text(common.none)),
            };
            vec![application, service, Cell::Text(why)].into()
        };
        Block::Table(Table {
            caption: words.left_as_they_are.into(),
            columns: vec![common.application, common.service, common.reason],
            rows: partly.undecided.iter().map(row).collect(),
            pick: None,
        })
    }

    fn form_of_one(&self) -> FormBlock<'_> {
        let common = Common::of(self.frame.language);
        let form = FormBlock::post(common, ONE, paths::REQUESTS_APPROVE, "", Vec::new());
        FormBlock { buttons: Vec::new(), ..form.within_card() }
    }

    fn form(&self) -> FormBlock<'_> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let reason = with_help(words.reason_help, self.reason.lines("reason", words.reason_for_rejection));
        let table = Group { table: Some(self.table()), ..Group::default() };
        let reason = Group { fields: vec![reason], ..Group::default() };
        FormBlock {
            groups: vec![table, reason],
            buttons: vec![
                Submit { text: words.approve_picked.into(), class: "primary", action: None },
                Submit {
                    text: words.reject_picked.into(),
                    class: "remove",
                    action: Some(paths::REQUESTS_REJECT),
                },
            ],
            ..FormBlock::post(common, "requests", paths::REQUESTS_APPROVE, "", Vec::new())
        }
        .fault(self.is_nothing_picked.then_some(words.nothing_picked))
    }

    fn table(&self) -> Table<'_> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        Table {
            caption: words.requests.into(),
            columns: vec![
                common.application,
                common.service,
                common.developer,
                words.note,
                words.waiting_since,
                common.actions,
            ],
            rows: self.requests.iter().map(|request| self.row(request)).collect(),
            pick: Some(Pick { name: PICKED, column: words.pick }),
        }
    }

    fn row<'r>(&'r self, request: &'r Request<'r>) -> Row<'r> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let label = (words.pick_one)(request.application.name, request.service.name);
        let approve = Button::One {
            form: ONE,
            name: PICKED,
            value: request.id.into(),
            text: common.approve.into(),
            of: label.clone().into(),
        };
        Row {
            cells: vec![
                Cell::link(paths::application(request.application.id), request.application.name),
                Cell::link(paths::service(request.service.id), request.service.name),
                Cell::link(paths::developer(request.developer.id), request.developer.name),
                Cell::text(request.note.unwrap_or(common.none)),
                Cell::Time(Instant(request.since)),
                Cell::Buttons(vec![approve]),
            ],
            picked: Some((request.id.into(), label)),
            is_picked: self.picked.contains(&request.id),
        }
    }
}
