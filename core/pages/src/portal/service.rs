//! One service: what it is, and which of the developer's applications may call it.

use super::access::{RequestFields, ServiceAccess, calling, can_ask};
use super::words::{Applications, Contracts, Services as Words};
use super::{Thing, paths, services};
use crate::Frame;
use crate::calls::HowToCall;
use crate::parts::blocks::{Block, Button, Look, Main};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::{Field, Input, State};
use crate::words::Common;

/// The page of a service. The form sends `application` and `note`.
#[derive(Debug)]
pub struct ServicePage<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The service.
    pub service: Thing<'a>,
    /// What it is.
    pub description: Option<&'a str>,
    /// How it is called.
    pub how_to_call: Option<HowToCall<'a>>,
    /// Whether calls can be tried out.
    pub can_try: bool,
    /// Whether it has a specification that is shown.
    pub has_document: bool,
    /// Whether who is logged in waits to be approved.
    pub is_waiting: bool,
    /// The developer's applications; none for who is not logged in.
    pub access: &'a [ServiceAccess<'a>],
    /// What was typed.
    pub request: RequestFields<'a>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl ServicePage<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let main =
            Main::new(self.service.name).blocks(self.description.map(|text| Block::Paragraph(text.into())));
        self.buttons()
            .into_iter()
            .fold(main, Main::button)
            .blocks(self.access())
            .blocks(calling(self.frame, self.how_to_call))
    }

    fn buttons(&self) -> Vec<Button<'_>> {
        let words = Words::of(self.frame.language);
        let link = |href: String, text| Button::link(href, text, Look::Ordinary);
        let document = self.has_document.then(|| link(paths::specification(self.service.id), words.document));
        let can_try = self.can_try && self.access.iter().any(|access| access.state == State::Active);
        let try_it = can_try.then(|| link(paths::try_it(self.service.id), words.try_it));
        try_it.into_iter().chain(document).collect()
    }

    fn access(&self) -> Vec<Block<'_>> {
        let words = Words::of(self.frame.language);
        if self.frame.caller.is_none() {
            let entrance = services::entrance(self.frame, Some(&paths::service(self.service.id)));
            return vec![Block::Note(words.log_in_first.into()), Block::Buttons(entrance)];
        }
        if self.is_waiting {
            return vec![services::waiting(self.frame)];
        }
        let heading = Block::Heading(words.your_access.into());
        if self.access.is_empty() {
            let new = Applications::of(self.frame.language).new_application;
            let new = Button::link(paths::APPLICATION_NEW, new, Look::Primary);
            return vec![heading, Block::Empty(words.no_applications.into(), Some(new))];
        }
        vec![heading, Block::Table(self.table()), self.asks()]
    }

    fn table(&self) -> Table<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        Table {
            caption: words.your_applications.into(),
            columns: vec![common.application, common.state, common.since, common.reason],
            rows: self.access.iter().map(|access| self.row(access)).collect(),
            pick: None,
        }
    }

    fn row<'r>(&'r self, access: &'r ServiceAccess<'r>) -> Row<'r> {
        let application = access.with;
        let mut cells = vec![Cell::link(paths::contract(application.id, self.service.id), application.name)];
        cells.extend(access.cells(self.frame));
        cells.into()
    }

    /// Asks for one of those that can.
    fn asks(&self) -> Block<'_> {
        let (words, contracts) = (Words::of(self.frame.language), Contracts::of(self.frame.language));
        let can = self.access.iter().filter(|access| can_ask(access.state));
        let choices: Vec<(&str, &str)> = can.map(|access| (access.with.id, access.with.name)).collect();
        if choices.is_empty() {
            return Block::Paragraph(words.all_asked.into());
        }
        let chosen = self.request.application.line("application", words.choose_application);
        let chosen = Field { input: Input::Choice(choices), ..chosen };
        let action = paths::service_request(self.service.id);
        Block::Form(self.request.form(self.frame, action, contracts.request_access, Some(chosen), self.nonce))
    }
}
