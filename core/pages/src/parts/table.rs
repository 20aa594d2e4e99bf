//! Tables: typed cells in rows, which are shown as lists where the page is narrow.

use super::buttons::{Button, StateMark, Text};
use super::prose::Prose;
use super::time::Instant;

/// A table.
#[derive(Debug, Default, askama::Template)]
#[template(path = "parts/table.html")]
pub(crate) struct Table<'a> {
    pub(crate) caption: Text<'a>,
    /// Names of the columns; the first cell of a row names the row.
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Row<'a>>,
    /// Names the column of boxes, where rows can be picked.
    pub(crate) pick: Option<Pick>,
}

/// How rows are picked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pick {
    /// Name of the field.
    pub(crate) name: &'static str,
    /// What the column is called.
    pub(crate) column: &'static str,
}

/// A row.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) cells: Vec<Cell<'a>>,
    /// What is sent when it is picked, and what the box is called.
    pub(crate) picked: Option<(Text<'a>, String)>,
    pub(crate) is_picked: bool,
}

impl<'a> From<Vec<Cell<'a>>> for Row<'a> {
    fn from(cells: Vec<Cell<'a>>) -> Self {
        Row { cells, picked: None, is_picked: false }
    }
}

/// A cell.
#[derive(Debug, askama::Template)]
#[template(path = "parts/cell.html")]
pub(crate) enum Cell<'a> {
    Text(Text<'a>),
    Code(Text<'a>),
    /// Each on a line of its own.
    Codes(Vec<Text<'a>>),
    Lines(Vec<Text<'a>>),
    Link(String, Text<'a>),
    /// Markdown that people wrote.
    Prose(Prose),
    State(StateMark),
    Time(Instant),
    Number(u64),
    Buttons(Vec<Button<'a>>),
    /// A line to be filled in: name, label, value, and whether something is wrong with it.
    Line(String, String, Text<'a>, bool),
    /// A box: name, label, whether it is ticked.
    Tick(String, String, bool),
    /// A choice: name, label, the options, and which is chosen.
    Choice(String, String, Vec<(&'static str, &'static str)>, &'a str),
}

impl<'a> Cell<'a> {
    pub(crate) fn text(text: impl Into<Text<'a>>) -> Self {
        Cell::Text(text.into())
    }

    pub(crate) fn link(href: impl Into<String>, text: impl Into<Text<'a>>) -> Self {
        Cell::Link(href.into(), text.into())
    }

    /// A link, or a word where there is nothing to link to.
    pub(crate) fn link_or(link: Option<(String, &'a str)>, word: &'static str) -> Self {
        link.map_or(Cell::text(word), |(href, text)| Cell::link(href, text))
    }

    /// A time, or a word where there is none.
    pub(crate) fn time_or(time: Option<crate::parts::Time>, word: &'static str) -> Self {
        time.map_or(Cell::text(word), |time| Cell::Time(Instant(time)))
    }

    fn is_buttons(&self) -> bool {
        matches!(self, Cell::Buttons(_))
    }
}
