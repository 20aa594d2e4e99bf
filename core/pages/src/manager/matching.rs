//! Which route a request would match, and why not another.

use super::words::{Matching as Words, Services};
use super::{Thing, paths};
use crate::Frame;
use crate::parts::blocks::{Block, Main, Text};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Table};
use crate::parts::{Field, Input};
use crate::words::Common;

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct AskedRequest<'a> {
    /// Its method.
    pub method: Typed<'a>,
    /// Whether it comes by HTTPS.
    pub is_https: bool,
    /// The host, with its port if need be.
    pub host: Typed<'a>,
    /// Its path.
    pub path: Typed<'a>,
    /// Its header fields, one a line.
    pub headers: Typed<'a>,
}

/// Why a route is not the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss<'a> {
    /// It names other methods.
    Method,
    /// It names other hosts.
    Host,
    /// No path of it matches.
    Path,
    /// The header field of this name is not as it asks.
    Header(&'a str),
    /// It names other TLS server names.
    Sni,
    /// Its service is suspended.
    Suspended,
    /// It serves streams alone.
    Stream,
    /// It matches; the one that goes before it has more kinds of condition.
    FewerConditions,
    /// The same has hosts without a wildcard alone.
    WildcardHost,
    /// The same asks for more header fields.
    FewerHeaders,
    /// The same has a regular expression, and it has none.
    NoRegex,
    /// The same has a regular expression of higher priority.
    Priority,
    /// The same has a longer path.
    ShorterPath,
    /// The same is older.
    Younger,
}

impl Miss<'_> {
    fn sentence(self, words: &Words) -> Text<'static> {
        match self {
            Miss::Method => words.wrong_method.into(),
            Miss::Host => words.wrong_host.into(),
            Miss::Path => words.wrong_path.into(),
            Miss::Header(name) => (words.wrong_header)(name).into(),
            Miss::Sni => words.wrong_sni.into(),
            Miss::Suspended => words.suspended.into(),
            Miss::Stream => words.stream.into(),
            Miss::FewerConditions => words.more_conditions.into(),
            Miss::WildcardHost => words.plain_host.into(),
            Miss::FewerHeaders => words.more_headers.into(),
            Miss::NoRegex => words.regex.into(),
            Miss::Priority => words.priority.into(),
            Miss::ShorterPath => words.longer_path.into(),
            Miss::Younger => words.older.into(),
        }
    }
}

/// A route that was looked at.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The route.
    pub route: Thing<'a>,
    /// Its service.
    pub service: Option<Thing<'a>>,
    /// Why it is not the one.
    pub misses: &'a [Miss<'a>],
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// The gateway answers itself, and no route is looked for.
    pub is_answered_by_gateway: bool,
    /// The route that matches.
    pub found: Option<Candidate<'a>>,
    /// Whether that one serves HTTPS alone, and the request does not come by it.
    pub needs_https: bool,
    /// URL that the request would be sent to.
    pub sent_to: Option<&'a str>,
    /// Names of the plugins that apply.
    pub plugins: &'a [&'a str],
    /// The others, those that come closest first.
    pub others: &'a [Candidate<'a>],
    /// How many more there are.
    pub left_out: u64,
}

/// The question, and the answer when it was asked. Asked by POST: header fields may hold secrets.
#[derive(Debug)]
pub struct MatchRequest<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What is asked about.
    pub asked: AskedRequest<'a>,
    /// The answer.
    pub looked: Option<Looked<'a>>,
}

impl MatchRequest<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let main = Main::new(words.title).lead(words.lead);
        let main = match &self.looked {
            Some(looked) => main.blocks(looked.blocks(self.frame)),
            None => main,
        };
        main.block(Block::Form(self.form()))
    }

    fn form(&self) -> FormBlock<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let asked = &self.asked;
        let scheme = Field {
            input: Input::Choice(vec![("https", "https"), ("http", "http")]),
            ..Field::line("scheme", words.scheme, if asked.is_https { "https" } else { "http" })
        };
        let fields = vec![
            asked.method.line("method", words.method),
            scheme,
            asked.host.optional("host", words.host),
            asked.path.line("path", words.path),
            with_help(words.headers_help, asked.headers.lines("headers", words.headers)),
        ];
        FormBlock::post(common, "match", paths::MATCH, words.ask, fields)
    }
}

impl<'a> Looked<'a> {
    fn blocks(&'a self, frame: &Frame<'_>) -> Vec<Block<'a>> {
        let words = Words::of(frame.language);
        let mut blocks = Vec::new();
        match &self.found {
            None if self.is_answered_by_gateway => blocks.push(Block::Note(words.own_path.into())),
            None => blocks.push(Block::Note(words.no_match.into())),
            Some(found) => blocks.push(Block::Table(self.found_table(frame, found))),
        }
        if self.needs_https {
            blocks.push(Block::Note(words.https_only.into()));
        }
        if !self.others.is_empty() {
            blocks.push(Block::Table(self.others_table(frame)));
        }
        if self.left_out > 0 {
            blocks.push(Block::Paragraph((words.left_out)(self.left_out).into()));
        }
        blocks
    }

    fn found_table(&self, frame: &Frame<'_>, found: &Candidate<'a>) -> Table<'a> {
        let (words, common) = (Words::of(frame.language), Common::of(frame.language));
        let none = Services::of(frame.language).no_service;
        Table {
            caption: words.matches.into(),
            columns: vec![common.route, common.service, words.plugins, words.sent_to],
            rows: vec![
                vec![
                    Cell::link(paths::route(found.route.id), found.route.name),
                    found.service(none),
                    self.plugins_cell(common),
                    self.sent_to.map_or(Cell::text(common.none), |url| Cell::Code(url.into())),
                ]
                .into(),
            ],
            pick: None,
        }
    }

    fn plugins_cell(&self, common: &Common) -> Cell<'a> {
        match self.plugins {
            [] => Cell::text(common.none),
            plugins => Cell::Lines(plugins.iter().map(|plugin| (*plugin).into()).collect()),
        }
    }

    fn others_table(&self, frame: &Frame<'_>) -> Table<'a> {
        let (words, common) = (Words::of(frame.language), Common::of(frame.language));
        let none = Services::of(frame.language).no_service;
        let row = |other: &Candidate<'a>| {
            let why = other.misses.iter().map(|miss| miss.sentence(words)).collect();
            vec![
                Cell::link(paths::route(other.route.id), other.route.name),
                other.service(none),
                Cell::Lines(why),
            ]
            .into()
        };
        Table {
            caption: words.others.into(),
            columns: vec![common.route, common.service, words.why],
            rows: self.others.iter().map(row).collect(),
            pick: None,
        }
    }
}

impl<'a> Candidate<'a> {
    fn service(&self, none: &'static str) -> Cell<'a> {
        Cell::link_or(self.service.map(|service| (paths::service(service.id), service.name)), none)
    }
}
