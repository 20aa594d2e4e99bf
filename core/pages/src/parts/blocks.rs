//! What pages are put together from: each block has its template, and holds texts that
//! are escaped there.

pub(crate) use super::buttons::{Button, Look, StateMark, Text};
use super::fields::FormBlock;
use super::prose::Prose;
use super::schema::Schema;
use super::state::{Paging, Total};
use super::table::{Cell, Table};
use crate::words::Common;

/// A page, but for its frame.
#[derive(Debug, askama::Template)]
#[template(path = "parts/main.html")]
pub(crate) struct Main<'a> {
    pub(crate) title: Text<'a>,
    state: Option<StateMark>,
    lead: Option<Text<'a>>,
    buttons: Vec<Button<'a>>,
    tabs: Option<Tabs<'a>>,
    blocks: Vec<Block<'a>>,
}

impl<'a> Main<'a> {
    /// A page that says its title alone.
    pub(crate) fn new(title: impl Into<Text<'a>>) -> Self {
        Main {
            title: title.into(),
            state: None,
            lead: None,
            buttons: Vec::new(),
            tabs: None,
            blocks: Vec::new(),
        }
    }

    /// With a sentence under the title.
    pub(crate) fn lead(self, lead: impl Into<Text<'a>>) -> Self {
        Main { lead: Some(lead.into()), ..self }
    }

    /// With a state beside the title.
    pub(crate) fn state(self, state: StateMark) -> Self {
        Main { state: Some(state), ..self }
    }

    /// With another button beside the title.
    pub(crate) fn button(mut self, button: Button<'a>) -> Self {
        self.buttons.push(button);
        self
    }

    /// With tabs under the title.
    pub(crate) fn tabs(self, tabs: Tabs<'a>) -> Self {
        Main { tabs: Some(tabs), ..self }
    }

    /// With another block.
    pub(crate) fn block(mut self, block: Block<'a>) -> Self {
        self.blocks.push(block);
        self
    }

    /// With these blocks too.
    pub(crate) fn blocks(mut self, blocks: impl IntoIterator<Item = Block<'a>>) -> Self {
        self.blocks.extend(blocks);
        self
    }
}

/// A part of a page.
#[derive(Debug, askama::Template)]
#[template(path = "parts/block.html")]
pub(crate) enum Block<'a> {
    /// Begins a section.
    Heading(Text<'a>),
    /// The same, which links lead to by an id.
    Anchor(&'static str, Text<'a>),
    /// Begins a part of a section.
    Subheading(Text<'a>),
    Paragraph(Text<'a>),
    /// What deserves attention.
    Note(Text<'a>),
    /// Links and buttons in a row.
    Buttons(Vec<Button<'a>>),
    /// Names and what they stand for.
    Facts(Vec<(Text<'a>, Cell<'a>)>),
    Table(Table<'a>),
    Form(FormBlock<'a>),
    Cards(Vec<Card<'a>>),
    Steps(Vec<Step<'a>>),
    /// Lines as they are.
    Code(Text<'a>),
    CodeTabs(CodeTabs<'a>),
    Copy(Copied<'a>),
    /// That there is nothing, and where to begin.
    Empty(Text<'a>, Option<Button<'a>>),
    Pages(Pages<'a>),
    /// What takes access away, apart from the rest.
    Danger(Danger<'a>),
    /// Markdown that people wrote.
    Prose(Prose),
    /// What a body is made of.
    Schema(Schema<'a>),
}

/// Tabs, which are links.
#[derive(Debug)]
pub(crate) struct Tabs<'a> {
    /// What they are tabs of.
    pub(crate) label: Text<'a>,
    pub(crate) tabs: Vec<Tab<'a>>,
}

/// A tab.
#[derive(Debug)]
pub(crate) struct Tab<'a> {
    pub(crate) href: String,
    pub(crate) text: Text<'a>,
    pub(crate) is_current: bool,
}

/// What is shown to be copied.
#[derive(Debug)]
pub(crate) struct Copied<'a> {
    /// Distinct on the page.
    pub(crate) id: Text<'a>,
    pub(crate) label: Text<'a>,
    pub(crate) value: Text<'a>,
    /// How to copy it without a script.
    pub(crate) help: &'static str,
}

/// The same in several languages of programs, of which one is open. The script makes tabs of them, and gives
/// each a button that copies it.
#[derive(Debug)]
pub(crate) struct CodeTabs<'a> {
    /// Distinct on the page: details of one name close each other.
    pub(crate) id: String,
    pub(crate) title: &'static str,
    pub(crate) note: Option<&'static str>,
    pub(crate) tabs: Vec<CodeTab<'a>>,
}

/// Lines in one language.
#[derive(Debug)]
pub(crate) struct CodeTab<'a> {
    /// Distinct on the page.
    pub(crate) id: String,
    pub(crate) title: &'static str,
    pub(crate) note: Option<&'static str>,
    pub(crate) text: Text<'a>,
}

/// One of several things to choose from.
#[derive(Debug)]
pub(crate) struct Card<'a> {
    pub(crate) title: Text<'a>,
    pub(crate) text: Text<'a>,
    pub(crate) button: Button<'a>,
}

/// A step of several.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) text: Text<'a>,
    /// What says that it is done, where it is.
    pub(crate) done: Option<&'static str>,
    /// How it is done, where it is next.
    pub(crate) form: Option<FormBlock<'a>>,
}

/// What takes access away.
#[derive(Debug)]
pub(crate) struct Danger<'a> {
    pub(crate) title: &'static str,
    pub(crate) text: Text<'a>,
    pub(crate) buttons: Vec<Button<'a>>,
    /// What does it at once, where the page is there to ask.
    pub(crate) form: Option<FormBlock<'a>>,
}

impl<'a> Danger<'a> {
    /// Says what stops, beside the form that stops it.
    pub(crate) fn asked(words: &'static Common, impact: String, form: FormBlock<'a>) -> Self {
        Danger {
            title: words.what_stops,
            text: impact.into(),
            buttons: Vec::new(),
            form: Some(form.within_card()),
        }
    }
}

/// How many there are, and where the others are.
#[derive(Debug, askama::Template)]
#[template(path = "parts/pages.html")]
pub(crate) struct Pages<'a> {
    pub(crate) paging: &'a Paging<'a>,
    pub(crate) words: &'static Common,
}

impl Pages<'_> {
    fn total(&self) -> String {
        match self.paging.total {
            Total::All(total) => (self.words.total)(total),
            Total::Found(found, Some(all)) => (self.words.found_of)(found, all),
            Total::Found(found, None) => (self.words.found)(found),
            Total::Unknown => String::new(),
        }
    }
}
