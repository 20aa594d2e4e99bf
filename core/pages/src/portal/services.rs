//! The services that are open for registration.

use super::list::list;
use super::paths;
use super::words::{Access, Applications, Notices, Said, Services as Words};
use crate::Frame;
use crate::parts::Paging;
use crate::parts::blocks::{Block, Button, Look, Main, Step};
use crate::parts::table::{Cell, Row, Table};
use crate::words::Common;

/// A service in the list.
#[derive(Clone, Copy, Debug)]
pub struct ServiceRow<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it is called for developers.
    pub name: &'a str,
    /// What it is.
    pub description: Option<&'a str>,
}

/// The first page: services, and for visitors three steps to the first call.
#[derive(Debug)]
pub struct Services<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Those of this page.
    pub services: &'a [ServiceRow<'a>],
    /// Whether who is logged in waits to be approved.
    pub is_waiting: bool,
    /// Where the others are.
    pub paging: Paging<'a>,
}

impl Services<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let empty = Block::Empty(words.no_services.into(), None);
        let blocks = list(self.frame, paths::SERVICES, &self.paging, self.table(), empty);
        let main = Main::new(words.services);
        let main = match self.frame.caller {
            Some(_) if self.is_waiting => main.block(waiting(self.frame)),
            Some(_) => main.button(my_apps(self.frame)),
            None => entrance(self.frame, None)
                .into_iter()
                .fold(main, Main::button)
                .block(Block::Heading(words.steps.into()))
                .block(Block::Steps(words.step.iter().map(|text| step(text)).collect()))
                .block(Block::Heading(words.services.into())),
        };
        main.blocks(blocks)
    }

    fn table(&self) -> Table<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        Table {
            caption: words.open.into(),
            columns: vec![common.name, common.description],
            rows: self.services.iter().map(row).collect(),
            pick: None,
        }
    }
}

fn row<'a>(service: &'a ServiceRow<'a>) -> Row<'a> {
    vec![
        Cell::link(paths::service(service.id), service.name),
        Cell::text(service.description.unwrap_or_default()),
    ]
    .into()
}

fn step(text: &'static str) -> Step<'static> {
    Step { text: text.into(), done: None, form: None }
}

fn my_apps<'a>(frame: &Frame<'_>) -> Button<'a> {
    let words = Applications::of(frame.language);
    Button::link(paths::APPLICATIONS, words.my_apps, Look::Primary)
}

/// For who waits to be approved.
pub(super) fn waiting<'a>(frame: &Frame<'_>) -> Block<'a> {
    let Said { title, text, .. } = &Notices::of(frame.language).waiting;
    Block::Note(format!("{title}: {text}").into())
}

/// For who is not logged in: sign up, or log in and come back.
pub(super) fn entrance<'a>(frame: &Frame<'_>, return_to: Option<&str>) -> Vec<Button<'a>> {
    let words = Access::of(frame.language);
    let log_in = return_to.map_or_else(|| paths::LOG_IN.to_owned(), paths::log_in_to);
    vec![
        Button::link(paths::SIGN_UP, words.sign_up, Look::Primary),
        Button::link(log_in, words.log_in, Look::Ordinary),
    ]
}
