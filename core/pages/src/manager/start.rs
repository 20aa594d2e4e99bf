//! The start page: what waits, keys that end, and on an empty gateway three steps to the first call.

use super::words::{Services, Start as Words};
use super::{Thing, paths};
use crate::Frame;
use crate::parts::blocks::{Block, Button, Card, Look, Main, Step};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Table};
use crate::parts::{Field, Input};
use crate::parts::{State, Time};
use crate::words::Common;

/// A key that ends within a week.
#[derive(Clone, Copy, Debug)]
pub struct EndingKey<'a> {
    /// How it begins.
    pub start: &'a str,
    /// The consumer whose it is, or the application.
    pub owner: Thing<'a>,
    /// Whether it is an application's.
    pub is_of_application: bool,
    /// When it ends.
    pub ends: Time,
}

/// The first steps, where nothing was there.
#[derive(Clone, Copy, Debug)]
pub struct FirstRun<'a> {
    /// The first service; `None`: there is none yet.
    pub service: Option<Thing<'a>>,
    /// Whether it has a route.
    pub has_route: bool,
    /// Whether it has key-auth.
    pub has_key_auth: bool,
    /// What was typed for the service's name.
    pub name: Typed<'a>,
    /// What was typed for its URL.
    pub url: Typed<'a>,
    /// What was typed for the route's path.
    pub path: Typed<'a>,
    /// A call that is answered by the service, when all is done.
    pub curl: &'a str,
    /// Drawn for the form of the next step.
    pub nonce: &'a str,
}

/// The start page.
#[derive(Debug)]
pub struct Start<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Requests for access that wait.
    pub requests: u64,
    /// Developers who wait.
    pub developers: u64,
    /// Keys that end this week, those first that end first.
    pub ending: &'a [EndingKey<'a>],
    /// The first steps, until they are done and were seen.
    pub first_run: Option<FirstRun<'a>>,
}

impl Start<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let Some(first_run) = &self.first_run else {
            let find = Button::link(paths::FIND_KEY, words.whose_key, Look::Ordinary);
            return Main::new(words.title).button(find).blocks(self.waiting());
        };
        let steps = Main::new(words.first_run).lead(words.first_run_lead).block(first_run.steps(self.frame));
        if !first_run.has_key_auth {
            return steps;
        }
        steps
            .block(Block::Heading(words.curl.into()))
            .block(Block::Paragraph(words.curl_help.into()))
            .block(Block::Code(first_run.curl.into()))
    }

    fn waiting(&self) -> Vec<Block<'_>> {
        let words = Words::of(self.frame.language);
        let card = |title: String, href: String| {
            let button = Button::link(href, words.look, Look::Ordinary).of(title.clone());
            Card { title: title.into(), text: "".into(), button }
        };
        let mut cards = Vec::new();
        if self.requests > 0 {
            cards.push(card((words.requests_wait)(self.requests), paths::REQUESTS.to_owned()));
        }
        if self.developers > 0 {
            cards.push(card((words.developers_wait)(self.developers), paths::developers_in(State::Waiting)));
        }
        let mut blocks = match cards.is_empty() {
            true => vec![Block::Empty(words.nothing_waits.into(), None)],
            false => vec![Block::Cards(cards)],
        };
        if !self.ending.is_empty() {
            blocks.push(Block::Table(self.ending_table()));
        }
        blocks
    }

    fn ending_table(&self) -> Table<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let row = |key: &EndingKey<'_>| {
            let path = if key.is_of_application { paths::application } else { paths::consumer };
            let owner = Cell::Link(path(key.owner.id), key.owner.name.to_owned().into());
            vec![
                Cell::Code(key.start.to_owned().into()),
                owner,
                Cell::Time(crate::parts::time::Instant(key.ends)),
            ]
            .into()
        };
        Table {
            caption: words.ending.into(),
            columns: vec![common.start_of_key, words.owner, common.expires],
            rows: self.ending.iter().map(row).collect(),
            pick: None,
        }
    }
}

impl FirstRun<'_> {
    /// The form is beside the first step that is not done.
    fn steps(&self, frame: &Frame<'_>) -> Block<'_> {
        let (words, common) = (Words::of(frame.language), Common::of(frame.language));
        let services = Services::of(frame.language);
        let done = [self.service.is_some(), self.has_route, self.has_key_auth];
        let next = done.iter().position(|done| !done);
        let form = |step: usize| match step {
            0 => FormBlock::post(
                common,
                "service",
                paths::FIRST_SERVICE,
                words.add_service,
                vec![
                    with_help(services.name_help, self.name.line("name", common.name)),
                    with_help(
                        services.url_help,
                        Field { input: Input::Line("url"), ..self.url.line("url", services.url) },
                    ),
                ],
            ),
            1 => FormBlock::post(
                common,
                "route",
                paths::FIRST_ROUTE,
                words.add_route,
                vec![with_help(words.path_help, self.path.line("path", services.paths))],
            ),
            _ => FormBlock::post(common, "key", paths::FIRST_KEY, words.enable, Vec::new()),
        };
        let step = |(at, text): (usize, &'static str)| Step {
            text: text.into(),
            done: done[at].then_some(words.done),
            form: (next == Some(at)).then(|| form(at).nonce(self.nonce).within_card()),
        };
        Block::Steps([words.service, words.route, words.key_auth].into_iter().enumerate().map(step).collect())
    }
}
