//! The list of services, and a new one.

use super::paths;
use super::words::Services as Words;
use crate::Frame;
use crate::parts::blocks::{Block, Button, Look, Main, StateMark};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::{Field, Input};
use crate::parts::{Paging, State};
use crate::words::Common;

/// A service in the list.
#[derive(Clone, Copy, Debug)]
pub struct ServiceRow<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name, or its id.
    pub name: &'a str,
    /// Where requests go.
    pub url: &'a str,
    /// How many routes lead to it.
    pub routes: u64,
    /// Names of its plugins.
    pub plugins: &'a [&'a str],
    /// Whether it is served.
    pub is_enabled: bool,
}

/// Services.
#[derive(Debug)]
pub struct Services<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Those of this page.
    pub services: &'a [ServiceRow<'a>],
    /// Where the others are.
    pub paging: Paging<'a>,
}

impl Services<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let new = || Button::link(paths::SERVICE_NEW, words.new_service, Look::Primary);
        let empty = Block::Empty(words.no_services.into(), Some(new()));
        let list = List { frame: self.frame, path: paths::SERVICES, paging: &self.paging };
        Main::new(words.services).button(new()).blocks(list.blocks(self.table(), empty))
    }

    fn table(&self) -> Table<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        Table {
            caption: words.services.into(),
            columns: vec![common.name, words.url, words.routes, words.plugins, common.state],
            rows: self.services.iter().map(|service| row(service, common)).collect(),
            pick: None,
        }
    }
}

fn row<'a>(service: &'a ServiceRow<'a>, common: &'static Common) -> Row<'a> {
    vec![
        Cell::link(paths::service(service.id), service.name),
        Cell::Code(service.url.into()),
        Cell::Number(service.routes),
        match service.plugins.is_empty() {
            true => Cell::text(common.none),
            false => Cell::Lines(service.plugins.iter().map(|name| (*name).into()).collect()),
        },
        Cell::State(served(service.is_enabled, common)),
    ]
    .into()
}

/// The state of what can be suspended.
pub(super) fn served(is_enabled: bool, common: &'static Common) -> StateMark {
    match is_enabled {
        true => StateMark::of(State::Active, common.active),
        false => StateMark::stopped(common.suspended),
    }
}

/// A list that can be searched.
pub(super) struct List<'a> {
    pub(super) frame: &'a Frame<'a>,
    pub(super) path: &'static str,
    pub(super) paging: &'a Paging<'a>,
}

impl<'a> List<'a> {
    /// The search, the table, and where the others are; `empty` where there is nothing at all.
    pub(super) fn blocks(&self, table: Table<'a>, empty: Block<'a>) -> Vec<Block<'a>> {
        if table.rows.is_empty() && self.paging.search.is_empty() {
            return vec![empty];
        }
        let mut blocks = vec![self.search()];
        match table.rows.is_empty() {
            true => blocks.push(Block::Empty(Words::of(self.frame.language).none_found.into(), None)),
            false => blocks.push(Block::Table(table)),
        }
        blocks.push(pages(self.frame, self.paging));
        blocks
    }

    /// The search alone.
    pub(super) fn search(&self) -> Block<'a> {
        let common = Common::of(self.frame.language);
        let search = Field {
            input: Input::Line("search"),
            is_required: false,
            ..Field::line("q", common.search, self.paging.search)
        };
        Block::Form(FormBlock::get(common, self.path, common.search, vec![search]))
    }
}

/// Where the others of a list are.
pub(super) fn pages<'a>(frame: &Frame<'_>, paging: &'a Paging<'a>) -> Block<'a> {
    Block::Pages(crate::parts::blocks::Pages { paging, words: Common::of(frame.language) })
}

/// What was typed of a service.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceFields<'a> {
    /// Its name.
    pub name: Typed<'a>,
    /// Where requests go.
    pub url: Typed<'a>,
    /// Further tries at the upstream.
    pub retries: Typed<'a>,
    /// In milliseconds.
    pub connect_timeout: Typed<'a>,
    /// In milliseconds.
    pub write_timeout: Typed<'a>,
    /// In milliseconds.
    pub read_timeout: Typed<'a>,
    /// What is wrong with no field alone.
    pub fault: Option<&'a str>,
}

impl<'a> ServiceFields<'a> {
    /// Name and URL, as a new service has them.
    pub(super) fn first(&self, frame: &Frame<'_>) -> Vec<Field<'a>> {
        let (words, common) = (Words::of(frame.language), Common::of(frame.language));
        let url = Field { input: Input::Line("url"), ..self.url.line("url", words.url) };
        vec![with_help(words.name_help, self.name.line("name", common.name)), with_help(words.url_help, url)]
    }

    /// What has a good default.
    pub(super) fn numbers(&self, frame: &Frame<'_>) -> Vec<Field<'a>> {
        let words = Words::of(frame.language);
        [
            (self.retries, "retries", words.retries),
            (self.connect_timeout, "connect_timeout", words.connect_timeout),
            (self.write_timeout, "write_timeout", words.write_timeout),
            (self.read_timeout, "read_timeout", words.read_timeout),
        ]
        .map(|(typed, name, label)| Field { input: Input::Line("number"), ..typed.optional(name, label) })
        .into()
    }
}

/// A new service.
#[derive(Debug)]
pub struct ServiceNew<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What was typed; the numbers are not asked for.
    pub fields: ServiceFields<'a>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl ServiceNew<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let fields = self.fields.first(self.frame);
        let form = FormBlock::post(common, "service", paths::SERVICE_NEW, common.create, fields)
            .nonce(self.nonce)
            .fault(self.fields.fault)
            .cancel(paths::SERVICES);
        Main::new(words.new_service).block(Block::Form(form))
    }
}
