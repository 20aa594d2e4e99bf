//! A specification: what it is, and its operations by tag.

use super::Described;
use super::find::Found;
use super::left::Left;
use super::openapi::{Document, Version};
use super::operations::Operation;
use super::words::Words;
use crate::Frame;
use crate::parts::blocks::{Block, Button, Look, Main, Pages, Text};
use crate::parts::fields::FormBlock;
use crate::parts::table::{Cell, Row, Table};
use crate::parts::{Field, Input, Paging};
use crate::portal::paths;
use crate::words::Common;

/// Bytes of the HTML of what a document says of itself, and of a tag.
const DESCRIPTION_MAX: usize = 48 << 10;
const TAG_MAX: usize = 2 << 10;
/// Bytes of a line's path, and of its summary.
const LINE_MAX: usize = 500;
/// Servers that are named.
const SERVERS_MAX: usize = 5;
/// What is around a row of a table, in bytes: measured, and generous.
const AROUND_ROW: usize = 600;

/// A specification. Its form asks, by `q`.
#[derive(Debug)]
pub struct SpecificationPage<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What it is the specification of.
    pub service: Described<'a>,
    /// The document.
    pub document: &'a Document,
    /// The operations that are listed.
    pub found: &'a Found<'a>,
    /// Where the others are: [`Found::paging`].
    pub paging: Paging<'a>,
}

impl SpecificationPage<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let mut left = Left::whole();
        let title = match self.document.title() {
            "" => self.service.name.into(),
            title => left.text(title, LINE_MAX),
        };
        let download = paths::document_download(self.service.id);
        let how = Button::link(paths::service(self.service.id), words.how_to_call, Look::Ordinary);
        let main = Main::new(title)
            .button(how)
            .button(Button::link(download, words.download, Look::Ordinary))
            .blocks(self.about(&mut left));
        if self.document.version() == Version::V2 {
            return main.block(Block::Note(words.only_download.into()));
        }
        // What operations are comes before what the document says at length: of the bytes that are left,
        // they get theirs first.
        let operations = self.operations(&mut left);
        let has_start = self.paging.first.is_none() && self.paging.search.is_empty();
        let said = if has_start { self.document.info("description") } else { "" };
        main.blocks(prose(words, &mut left, said, 1, DESCRIPTION_MAX)).blocks(operations)
    }

    fn about(&self, left: &mut Left) -> Vec<Block<'_>> {
        let words = Words::of(self.frame.language);
        let mut facts: Vec<(Text<'_>, Cell<'_>)> = Vec::new();
        if !self.document.release().is_empty() {
            facts.push((words.version.into(), Cell::Text(left.text(self.document.release(), LINE_MAX))));
        }
        let address = match self.service.address {
            Some(address) => Cell::Code(address.into()),
            None => Cell::text(words.no_address),
        };
        facts.push((words.address.into(), address));
        let mut blocks = vec![Block::Facts(facts)];
        let other = |server: &&str| Some(server.trim_end_matches('/')) != self.service.address;
        let servers = self.document.servers().filter(other).take(SERVERS_MAX);
        let servers: Vec<Text<'_>> = servers.map(|server| left.text(server, LINE_MAX)).collect();
        if !servers.is_empty() && self.service.address.is_some() {
            blocks.push(Block::Note((words.other_servers)(&servers.join(", ")).into()));
        }
        blocks
    }

    fn operations(&self, left: &mut Left) -> Vec<Block<'_>> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let is_search = !self.paging.search.is_empty();
        if self.paging.total.is_none() && !is_search {
            return vec![Block::Empty(words.no_operations.into(), None)];
        }
        let mut blocks = vec![Block::Heading(words.operations.into()), self.search()];
        if self.paging.total.is_none() {
            blocks.push(Block::Empty(words.none_found.into(), None));
        }
        let of_tag = |one: &Operation<'_>, other: &Operation<'_>| one.tag() == other.tag();
        for (at, group) in self.found.operations.chunk_by(of_tag).enumerate() {
            let (name, description) = self.tag(group);
            let name: Text<'_> = name.map_or(words.untagged.into(), |name| left.text(name, LINE_MAX));
            blocks.push(Block::Subheading(name.clone()));
            let is_start = at > 0 || self.paging.first.is_none();
            let said = if is_start { description } else { "" };
            blocks.extend(prose(words, left, said, 3, TAG_MAX));
            blocks.push(Block::Table(self.table(name, group, left)));
        }
        blocks.push(Block::Pages(Pages { paging: &self.paging, words: common }));
        blocks
    }

    /// The tag that these are listed under, and what the document says of it.
    fn tag<'s>(&'s self, group: &[Operation<'s>]) -> (Option<&'s str>, &'s str) {
        let name = group.first().and_then(Operation::tag);
        let described = self.document.tags().find(|(tag, _)| Some(*tag) == name);
        (name, described.map_or("", |(_, description)| description))
    }

    fn search(&self) -> Block<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let search = Field {
            input: Input::Line("search"),
            is_required: false,
            ..Field::line("q", words.search, self.paging.search)
        };
        let action = paths::specification(self.service.id);
        Block::Form(FormBlock::get(common, action, words.search, vec![search]))
    }

    fn table<'s>(&'s self, caption: Text<'s>, group: &[Operation<'s>], left: &mut Left) -> Table<'s> {
        let words = Words::of(self.frame.language);
        Table {
            caption,
            columns: vec![words.path, words.method, words.summary],
            rows: group.iter().map(|operation| self.row(operation, left)).collect(),
            pick: None,
        }
    }

    fn row<'s>(&'s self, operation: &Operation<'s>, left: &mut Left) -> Row<'s> {
        let words = Words::of(self.frame.language);
        left.around(AROUND_ROW);
        let mut summary = left.text(operation.text("summary"), LINE_MAX);
        if operation.is_deprecated() {
            summary = format!("{summary} ({})", words.deprecated).into();
        }
        let href = paths::operation(self.service.id, &operation.id());
        vec![
            Cell::Link(href, left.text(operation.path, LINE_MAX)),
            Cell::Code(operation.verb().into()),
            Cell::Text(summary),
        ]
        .into()
    }
}

/// Markdown, and that there is more of it where there is.
pub(super) fn prose<'a>(
    words: &'static Words,
    left: &mut Left,
    text: &str,
    under: u8,
    max: usize,
) -> Vec<Block<'a>> {
    let Some(prose) = left.prose(text, under, max) else { return Vec::new() };
    let cut = prose.is_cut.then(|| Block::Paragraph(words.text_cut.into()));
    std::iter::once(Block::Prose(prose)).chain(cut).collect()
}
