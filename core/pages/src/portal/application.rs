//! An application: its keys, its contracts, its details, in this order; and its end.

use super::access::ServiceAccess;
use super::keys::{Key, KeyFields, table};
use super::words::{Applications as Words, Contracts, Keys};
use super::{Thing, contract, paths};
use crate::Frame;
use crate::parts::blocks::{Block, Button, Danger, Look, Main, StateMark, Text};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::time::Instant;
use crate::parts::{Field, Time};
use crate::words::Common;

/// What else is known of an application.
#[derive(Clone, Copy, Debug)]
pub struct Details<'a> {
    /// Where its users are sent back to.
    pub redirect_uri: &'a str,
    /// Since when.
    pub created: Time,
    /// Id of the consumer that services see it as.
    pub consumer: &'a str,
    /// The id that an administrator gave it.
    pub custom_id: Option<&'a str>,
}

/// An application.
#[derive(Debug)]
pub struct Application<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What it is.
    pub application: Thing<'a>,
    /// Whether its keys are taken; an administrator can suspend it.
    pub is_enabled: bool,
    /// Its keys.
    pub keys: &'a [Key<'a>],
    /// What was typed of a new key.
    pub new_key: KeyFields<'a>,
    /// The services open for registration and those that it has a contract with.
    pub access: &'a [ServiceAccess<'a>],
    /// What else is known of it.
    pub details: Details<'a>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl Application<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let main = Main::new(self.application.name);
        let main = match self.is_enabled {
            true => main,
            false => {
                main.state(StateMark::stopped(common.suspended)).block(Block::Note(words.suspended.into()))
            }
        };
        main.blocks(self.authentication()).blocks(self.services()).blocks(self.details())
    }

    fn authentication(&self) -> [Block<'_>; 3] {
        let (words, keys) = (Words::of(self.frame.language), Keys::of(self.frame.language));
        let list = match self.keys.is_empty() {
            true => Block::Empty(keys.no_keys.into(), None),
            false => Block::Table(table(self.frame, self.application.id, self.keys)),
        };
        let form = self.new_key.form(self.frame, self.application.id, self.nonce);
        [Block::Anchor("keys", words.authentication.into()), list, Block::Form(form)]
    }

    fn services(&self) -> [Block<'_>; 2] {
        let (words, contracts) = (Words::of(self.frame.language), Contracts::of(self.frame.language));
        let list = match self.access.is_empty() {
            true => Block::Empty(contracts.no_services.into(), None),
            false => Block::Table(self.contracts()),
        };
        [Block::Heading(words.services.into()), list]
    }

    fn contracts(&self) -> Table<'_> {
        let (words, common) = (Contracts::of(self.frame.language), Common::of(self.frame.language));
        Table {
            caption: words.services.into(),
            columns: vec![common.service, common.state, common.since, common.reason, common.actions],
            rows: self.access.iter().map(|access| self.contract(access)).collect(),
            pick: None,
        }
    }

    fn contract<'r>(&'r self, access: &'r ServiceAccess<'r>) -> Row<'r> {
        let mut cells =
            vec![Cell::link(paths::contract(self.application.id, access.with.id), access.with.name)];
        cells.extend(access.cells(self.frame));
        cells.push(Cell::Buttons(contract::buttons(self.frame, self.application.id, access)));
        cells.into()
    }

    fn details(&self) -> [Block<'_>; 4] {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let (id, details) = (self.application.id, &self.details);
        let mut facts: Vec<(Text<'_>, Cell<'_>)> = vec![
            (common.name.into(), Cell::text(self.application.name)),
            (words.redirect_uri.into(), Cell::Code(details.redirect_uri.into())),
            (common.created.into(), Cell::Time(Instant(details.created))),
            (words.application_id.into(), Cell::Code(id.into())),
            (words.consumer_id.into(), Cell::Code(details.consumer.into())),
        ];
        facts.extend(details.custom_id.map(|custom| (words.custom_id.into(), Cell::Code(custom.into()))));
        let buttons = vec![
            Button::link(paths::application_edit(id), words.edit, Look::Ordinary),
            Button::link(paths::transfer(id), words.transfer, Look::Ordinary),
        ];
        let danger = Danger {
            title: words.delete,
            text: words.danger.into(),
            buttons: vec![Button::link(paths::application_delete(id), words.delete, Look::Remove)],
            form: None,
        };
        [
            Block::Heading(words.details.into()),
            Block::Facts(facts),
            Block::Buttons(buttons),
            Block::Danger(danger),
        ]
    }
}

/// Asks before an application is deleted. The form sends `typed_name`.
#[derive(Debug)]
pub struct ApplicationDelete<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The application.
    pub application: Thing<'a>,
    /// How many keys end.
    pub keys: u64,
    /// Within how many seconds calls are refused, everywhere.
    pub within_seconds: u64,
    /// The name that was typed.
    pub typed_name: Typed<'a>,
}

impl ApplicationDelete<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let id = self.application.id;
        let name = with_help(words.typed_name_help, self.typed_name.line("typed_name", words.typed_name));
        let name = Field { autocomplete: Some("off"), ..name };
        let action = paths::application_delete(id);
        let form = FormBlock::post(common, "confirm", action, common.delete, vec![name])
            .removes()
            .cancel(paths::application(id));
        let stops = (words.delete_stops)(self.keys, self.within_seconds);
        Main::new((words.delete_title)(self.application.name))
            .lead(words.delete_text)
            .block(Block::Danger(Danger::asked(common, stops, form)))
    }
}
