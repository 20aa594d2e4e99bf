//! The list of routes, a new one, and one of them.

use super::Thing;
use super::paths::{self, Do};
use super::services::List;
use super::words::{Matching, Services as Words};
use crate::Frame;
use crate::parts::Paging;
use crate::parts::blocks::{Block, Button, Danger, Look, Main, Text};
use crate::parts::fields::{FormBlock, Typed, tick, with_help};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::{Field, Input};
use crate::words::Common;

/// A route in a list.
#[derive(Clone, Copy, Debug)]
pub struct RouteRow<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name, or its id.
    pub name: &'a str,
    /// Where requests go.
    pub service: Option<Thing<'a>>,
    /// Its methods; none: any.
    pub methods: &'a [&'a str],
    /// Its hosts; none: any.
    pub hosts: &'a [&'a str],
    /// Its paths; none: any.
    pub paths: &'a [&'a str],
}

/// Routes.
#[derive(Debug)]
pub struct Routes<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Those of this page.
    pub routes: &'a [RouteRow<'a>],
    /// Where the others are.
    pub paging: Paging<'a>,
    /// Whether it can be asked which route a request would match.
    pub can_match: bool,
}

impl Routes<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let new = || Button::link(paths::ROUTE_NEW, words.new_route, Look::Primary);
        let ask = Button::link(paths::MATCH, Matching::of(self.frame.language).title, Look::Ordinary);
        let list = List { frame: self.frame, path: paths::ROUTES, paging: &self.paging };
        let empty = Block::Empty(words.no_routes.into(), Some(new()));
        let table = table(self.frame, self.routes);
        let main = Main::new(words.routes);
        let main = if self.can_match { main.button(ask) } else { main };
        main.button(new()).blocks(list.blocks(table, empty))
    }
}

/// Routes as a table.
pub(super) fn table<'a>(frame: &Frame<'_>, routes: &'a [RouteRow<'a>]) -> Table<'a> {
    let (words, common) = (Words::of(frame.language), Common::of(frame.language));
    Table {
        caption: words.routes.into(),
        columns: vec![common.name, words.methods, words.hosts, words.paths, common.service],
        rows: routes.iter().map(|route| row(route, words)).collect(),
        pick: None,
    }
}

fn row<'a>(route: &'a RouteRow<'a>, words: &'static Words) -> Row<'a> {
    let texts = |texts: &'a [&'a str]| match texts.is_empty() {
        true => Cell::text(words.any),
        false => Cell::Codes(texts.iter().map(|text| (*text).into()).collect()),
    };
    vec![
        Cell::link(paths::route(route.id), route.name),
        texts(route.methods),
        texts(route.hosts),
        texts(route.paths),
        Cell::link_or(
            route.service.map(|service| (paths::service(service.id), service.name)),
            words.no_service,
        ),
    ]
    .into()
}

/// What was typed of a route.
#[derive(Clone, Copy, Debug)]
pub struct RouteFields<'a> {
    /// Its name.
    pub name: Typed<'a>,
    /// Id of its service; empty: none.
    pub service: Typed<'a>,
    /// One a line.
    pub methods: Typed<'a>,
    /// One a line.
    pub hosts: Typed<'a>,
    /// One a line.
    pub paths: Typed<'a>,
    /// One a line, as `name: value`.
    pub headers: Typed<'a>,
    /// Whether the part that matched is cut off.
    pub strip_path: bool,
    /// Whether the client's host is sent on.
    pub preserve_host: bool,
    /// What is wrong with no field alone.
    pub fault: Option<&'a str>,
}

impl<'a> RouteFields<'a> {
    fn form(
        &self,
        frame: &Frame<'_>,
        services: &'a [Thing<'a>],
        action: impl Into<Text<'a>>,
        submit: &'static str,
    ) -> FormBlock<'a> {
        let (words, common) = (Words::of(frame.language), Common::of(frame.language));
        let choices = services.iter().map(|service| (service.id, service.name));
        let choices = std::iter::once(("", words.no_service)).chain(choices).collect();
        let service = Field { input: Input::Choice(choices), ..self.service.line("service", common.service) };
        let cut = tick("strip_path", words.strip_path, self.strip_path);
        let host = tick("preserve_host", words.preserve_host, self.preserve_host);
        let fields = vec![
            with_help(words.route_name_help, self.name.optional("name", common.name)),
            service,
            with_help(words.paths_help, self.paths.lines("paths", words.paths)),
            with_help(words.methods_help, self.methods.lines("methods", words.methods)),
            with_help(words.hosts_help, self.hosts.lines("hosts", words.hosts)),
            with_help(words.headers_help, self.headers.lines("headers", words.headers)),
            with_help(words.strip_path_help, cut),
            with_help(words.preserve_host_help, host),
        ];
        FormBlock::post(common, "route", action, submit, fields).fault(self.fault)
    }
}

/// A new route.
#[derive(Debug)]
pub struct RouteNew<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What was typed.
    pub fields: RouteFields<'a>,
    /// The services to choose from.
    pub services: &'a [Thing<'a>],
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl RouteNew<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let form = self.fields.form(self.frame, self.services, paths::ROUTE_NEW, common.create);
        let form = form.nonce(self.nonce).cancel(paths::ROUTES);
        Main::new(words.new_route).block(Block::Form(form))
    }
}

/// One route.
#[derive(Debug)]
pub struct RoutePage<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The route.
    pub route: Thing<'a>,
    /// What is stored of it, or was typed.
    pub fields: RouteFields<'a>,
    /// The services to choose from.
    pub services: &'a [Thing<'a>],
    /// Whether it can be asked which route a request would match.
    pub can_match: bool,
}

impl RoutePage<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let form = self.fields.form(self.frame, self.services, paths::route(self.route.id), common.save);
        let ask = Button::link(paths::MATCH, Matching::of(self.frame.language).title, Look::Ordinary);
        let delete = paths::route_do(self.route.id, Do::Delete);
        let danger = Danger {
            title: common.danger,
            text: words.delete_route_text.into(),
            buttons: vec![Button::link(delete, words.delete_route, Look::Remove).of(self.route.name)],
            form: None,
        };
        let main = Main::new(self.route.name);
        let main = if self.can_match { main.button(ask) } else { main };
        main.block(Block::Form(form)).block(Block::Danger(danger))
    }
}
