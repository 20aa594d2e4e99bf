//! One service, by tabs: details, routes, plugins, contracts, document.

use super::contracts::{ContractRow, table as contract_table};
use super::paths::{self, Do};
use super::plugins::Plugin;
use super::routes::{RouteRow, table as route_table};
use super::services::{ServiceFields, pages, served};
use super::words::{People, Plugins, Services as Words};
use crate::Frame;
use crate::parts::blocks::{Block, Button, Danger, Look, Main, Tab, Tabs};
use crate::parts::fields::{FormBlock, Group, Method};
use crate::parts::table::{Cell, Table};
use crate::parts::time::Instant;
use crate::parts::{Field, Input};
use crate::parts::{Paging, Time};
use crate::words::Common;

/// What every tab says of a service.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name, or its id.
    pub name: &'a str,
    /// Where requests go.
    pub url: &'a str,
    /// Whether it is served.
    pub is_enabled: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Details,
    Routes,
    Plugins,
    Contracts,
    Document,
}

impl Service<'_> {
    fn main(&self, frame: &Frame<'_>, at: At) -> Main<'_> {
        let (words, common) = (Words::of(frame.language), Common::of(frame.language));
        let tabs = [
            (At::Details, paths::service(self.id), common.details),
            (At::Routes, paths::service_routes(self.id), words.routes),
            (At::Plugins, paths::service_plugins(self.id), words.plugins),
            (At::Contracts, paths::service_contracts(self.id), words.contracts),
            (At::Document, paths::service_document(self.id), words.documents),
        ];
        let tab = |(tab, href, text): (At, String, &'static str)| Tab {
            href,
            text: text.into(),
            is_current: tab == at,
        };
        let tabs = Tabs { label: self.name.into(), tabs: tabs.into_iter().map(tab).collect() };
        Main::new(self.name).state(served(self.is_enabled, common)).lead(self.url).tabs(tabs)
    }
}

/// What a service is, and what becomes of it.
#[derive(Debug)]
pub struct ServiceDetails<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The service.
    pub service: Service<'a>,
    /// What is stored of it, or was typed.
    pub fields: ServiceFields<'a>,
}

impl ServiceDetails<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let id = self.service.id;
        let numbers = Group {
            legend: Some(words.timeouts.into()),
            fields: self.fields.numbers(self.frame),
            table: None,
        };
        let first = self.fields.first(self.frame);
        let form = FormBlock::post(common, "service", paths::service(id), common.save, first)
            .fault(self.fields.fault)
            .group(numbers);
        let name = self.service.name;
        let first = match self.service.is_enabled {
            true => Button::link(paths::service_do(id, Do::Suspend), words.suspend_service, Look::Remove),
            false => Button::post(paths::service_do(id, Do::Resume), common.resume, Look::Ordinary),
        };
        let delete = Button::link(paths::service_do(id, Do::Delete), words.delete_service, Look::Remove);
        let text = format!("{} {}", words.suspend_service_text, words.delete_service_text);
        let buttons = vec![first.of(name), delete.of(name)];
        self.service.main(self.frame, At::Details).block(Block::Form(form)).block(Block::Danger(Danger {
            title: common.danger,
            text: text.into(),
            buttons,
            form: None,
        }))
    }
}

/// Its routes.
#[derive(Debug)]
pub struct ServiceRoutes<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The service.
    pub service: Service<'a>,
    /// Its routes.
    pub routes: &'a [RouteRow<'a>],
}

impl ServiceRoutes<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let new = || Button::link(paths::service_route_new(self.service.id), words.new_route, Look::Primary);
        let main = self.service.main(self.frame, At::Routes).button(new());
        match self.routes.is_empty() {
            true => main.block(Block::Empty(words.no_routes.into(), Some(new()))),
            false => main.block(Block::Table(route_table(self.frame, self.routes))),
        }
    }
}

/// A plugin of a service.
#[derive(Clone, Copy, Debug)]
pub struct PluginRow {
    /// Which.
    pub plugin: Plugin,
    /// Whether it is enabled.
    pub is_enabled: bool,
}

/// Its plugins.
#[derive(Debug)]
pub struct ServicePlugins<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The service.
    pub service: Service<'a>,
    /// Its plugins.
    pub plugins: &'a [PluginRow],
}

impl ServicePlugins<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Plugins::of(self.frame.language);
        let add = || Button::link(paths::service_plugin_new(self.service.id), words.add, Look::Primary);
        let main = self.service.main(self.frame, At::Plugins).button(add());
        match self.plugins.is_empty() {
            true => main.block(Block::Empty(words.no_plugins.into(), Some(add()))),
            false => main.block(Block::Table(self.table())),
        }
    }

    fn table(&self) -> Table<'_> {
        let (words, common) = (Plugins::of(self.frame.language), Common::of(self.frame.language));
        let row = |row: &PluginRow| {
            let name = row.plugin.name();
            vec![
                Cell::link(paths::service_plugin(self.service.id, name), name),
                Cell::text(row.plugin.sentence(self.frame.language)),
                Cell::State(served(row.is_enabled, common)),
            ]
            .into()
        };
        Table {
            caption: Words::of(self.frame.language).plugins.into(),
            columns: vec![words.plugin, common.description, common.state],
            rows: self.plugins.iter().map(row).collect(),
            pick: None,
        }
    }
}

/// Its contracts.
#[derive(Debug)]
pub struct ServiceContracts<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The service.
    pub service: Service<'a>,
    /// Those of this page.
    pub contracts: &'a [ContractRow<'a>],
    /// Where the others are.
    pub paging: Paging<'a>,
}

impl ServiceContracts<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = People::of(self.frame.language);
        let main = self.service.main(self.frame, At::Contracts);
        match self.contracts.is_empty() {
            true => main.block(Block::Empty(words.no_contracts.into(), None)),
            false => main
                .block(Block::Table(contract_table(self.frame, self.contracts)))
                .block(pages(self.frame, &self.paging)),
        }
    }
}

/// What is known of an uploaded document.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version (`info.version`).
    pub version: &'a str,
    /// When it was uploaded.
    pub uploaded: Time,
    /// Its size.
    pub bytes: u64,
    /// What is wrong with it, each in a sentence.
    pub problems: &'a [&'a str],
}

/// Its document.
#[derive(Debug)]
pub struct ServiceDocument<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The service.
    pub service: Service<'a>,
    /// What is there.
    pub document: Option<Document<'a>>,
    /// Why what was uploaded was not taken.
    pub fault: Option<&'a str>,
}

impl ServiceDocument<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let path = paths::service_document(self.service.id);
        let file = Field {
            input: Input::File(".json,.yaml,.yml"),
            help: Some(words.document_help),
            fault: self.fault,
            ..Field::line("document", words.document, "")
        };
        let form = FormBlock {
            method: Method::File,
            ..FormBlock::post(common, "document", path, words.upload, vec![file])
        };
        let main = self.service.main(self.frame, At::Document);
        let main = match &self.document {
            None => main.block(Block::Empty(words.no_document.into(), None)),
            Some(document) => main.blocks(document.blocks(self.frame)),
        };
        let main = main.block(Block::Form(form));
        match self.document {
            None => main,
            Some(_) => {
                let delete = paths::service_document_delete(self.service.id);
                main.block(Block::Buttons(vec![Button::link(delete, words.delete_document, Look::Remove)]))
            }
        }
    }
}

impl Document<'_> {
    fn blocks(&self, frame: &Frame<'_>) -> Vec<Block<'_>> {
        let (words, common) = (Words::of(frame.language), Common::of(frame.language));
        let row = vec![
            Cell::text(self.name),
            Cell::text(self.version),
            Cell::Time(Instant(self.uploaded)),
            Cell::Number(self.bytes),
        ];
        let mut blocks = vec![Block::Table(Table {
            caption: words.document.into(),
            columns: vec![common.name, words.version, words.uploaded, words.bytes],
            rows: vec![row.into()],
            pick: None,
        })];
        if !self.problems.is_empty() {
            blocks.push(Block::Note(format!("{}: {}", words.problems, self.problems.join(" ")).into()));
        }
        blocks
    }
}
