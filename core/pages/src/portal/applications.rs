//! My apps: the list, a new one, and what of one can be changed.

use super::access::RequestFields;
use super::list::list;
use super::words::Applications as Words;
use super::{Thing, paths};
use crate::Frame;
use crate::parts::blocks::{Block, Button, Look, Main};
use crate::parts::fields::{FormBlock, Group, Typed, with_help};
use crate::parts::table::{Cell, Pick, Row, Table};
use crate::parts::time::Instant;
use crate::parts::{Field, Input, Paging, Time};
use crate::words::Common;

/// An application in the list.
#[derive(Clone, Copy, Debug)]
pub struct ApplicationRow<'a> {
    /// What it is.
    pub application: Thing<'a>,
    /// Names of the services that it may call.
    pub services: &'a [&'a str],
    /// How many keys it has.
    pub keys: u64,
    /// Since when.
    pub created: Time,
}

/// A developer's applications.
#[derive(Debug)]
pub struct Applications<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Those of this page.
    pub applications: &'a [ApplicationRow<'a>],
    /// Where the others are.
    pub paging: Paging<'a>,
}

impl Applications<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let new = || Button::link(paths::APPLICATION_NEW, words.new_application, Look::Primary);
        let empty = Block::Empty(words.no_applications.into(), Some(new()));
        let blocks = list(self.frame, paths::APPLICATIONS, &self.paging, self.table(), empty);
        Main::new(words.my_apps).button(new()).blocks(blocks)
    }

    fn table(&self) -> Table<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        Table {
            caption: words.my_apps.into(),
            columns: vec![common.name, words.services_with_access, words.keys, common.created],
            rows: self.applications.iter().map(|application| row(application, common)).collect(),
            pick: None,
        }
    }
}

fn row<'a>(row: &'a ApplicationRow<'a>, common: &'static Common) -> Row<'a> {
    vec![
        Cell::link(paths::application(row.application.id), row.application.name),
        match row.services.is_empty() {
            true => Cell::text(common.none),
            false => Cell::Lines(row.services.iter().map(|name| (*name).into()).collect()),
        },
        Cell::Number(row.keys),
        Cell::Time(Instant(row.created)),
    ]
    .into()
}

/// What was typed of an application.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApplicationFields<'a> {
    /// Its name.
    pub name: Typed<'a>,
    /// Where its users are sent back to.
    pub redirect_uri: Typed<'a>,
    /// What is wrong with no field alone.
    pub fault: Option<&'a str>,
}

impl<'a> ApplicationFields<'a> {
    fn fields(&self, frame: &Frame<'_>) -> Vec<Field<'a>> {
        let (words, common) = (Words::of(frame.language), Common::of(frame.language));
        // Not the developer's own name, which browsers would fill in.
        let name = Field { autocomplete: Some("off"), ..self.name.line("name", common.name) };
        let uri = self.redirect_uri.line("redirect_uri", words.redirect_uri);
        let uri = Field { input: Input::Line("url"), ..uri };
        vec![with_help(words.name_help, name), with_help(words.redirect_uri_help, uri)]
    }
}

/// A service that access can be asked for to at once.
#[derive(Clone, Copy, Debug)]
pub struct Askable<'a> {
    /// The service.
    pub service: Thing<'a>,
    /// Whether it was picked.
    pub is_picked: bool,
}

/// A new application. The form sends `name` and `redirect_uri`, `service` for each that is picked, and
/// `note`.
#[derive(Debug)]
pub struct ApplicationNew<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What was typed of it.
    pub fields: ApplicationFields<'a>,
    /// The services open for registration.
    pub services: &'a [Askable<'a>],
    /// What was typed of the requests.
    pub request: RequestFields<'a>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl ApplicationNew<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let fields = self.fields.fields(self.frame);
        let form = FormBlock::post(common, "application", paths::APPLICATION_NEW, common.create, fields)
            .nonce(self.nonce)
            .fault(self.fields.fault)
            .cancel(paths::APPLICATIONS);
        let form = match self.services.is_empty() {
            true => form,
            false => form.group(self.services()).group(self.note()),
        };
        Main::new(words.new_application).block(Block::Form(form))
    }

    fn services(&self) -> Group<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let rows = self.services.iter().map(|askable| Row {
            cells: vec![Cell::link(paths::service(askable.service.id), askable.service.name)],
            picked: Some((askable.service.id.into(), (words.ask_one)(askable.service.name))),
            is_picked: askable.is_picked,
        });
        let table = Table {
            caption: words.ask_at_once.into(),
            columns: vec![common.service],
            rows: rows.collect(),
            pick: Some(Pick { name: "service", column: words.ask }),
        };
        Group { table: Some(table), ..Group::default() }
    }

    fn note(&self) -> Group<'_> {
        Group { fields: vec![self.request.note(self.frame)], ..Group::default() }
    }
}

/// Changes an application. The form sends `name` and `redirect_uri`.
#[derive(Debug)]
pub struct ApplicationEdit<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The application, as it is stored.
    pub application: Thing<'a>,
    /// What was typed, or what is stored.
    pub fields: ApplicationFields<'a>,
}

impl ApplicationEdit<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let (id, fields) = (self.application.id, self.fields.fields(self.frame));
        let form = FormBlock::post(common, "application", paths::application_edit(id), common.save, fields)
            .fault(self.fields.fault)
            .cancel(paths::application(id));
        Main::new((words.edit_title)(self.application.name)).block(Block::Form(form))
    }
}
