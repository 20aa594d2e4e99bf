//! Applications, one of them, and its move to another developer.

use super::Thing;
use super::contracts::{ContractRow, table as contract_table};
use super::paths::{self, Do};
use super::services::{List, served};
use super::words::People;
use crate::Frame;
use crate::parts::blocks::{Block, Button, Danger, Look, Main, StateMark, Text};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Table};
use crate::parts::time::Instant;
use crate::parts::{Field, Input};
use crate::parts::{Paging, Time};
use crate::words::Common;

/// An application in a list.
#[derive(Clone, Copy, Debug)]
pub struct ApplicationRow<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Whose it is.
    pub owner: Thing<'a>,
    /// Services that it may use.
    pub services: u64,
    /// Its keys.
    pub keys: u64,
    /// Whether it is not suspended.
    pub is_enabled: bool,
}

/// Applications.
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
        let words = People::of(self.frame.language);
        let list = List { frame: self.frame, path: paths::APPLICATIONS, paging: &self.paging };
        let empty = Block::Empty(words.no_applications.into(), None);
        Main::new(words.applications).blocks(list.blocks(table(self.frame, self.applications), empty))
    }
}

/// Applications as a table.
pub(super) fn table<'a>(frame: &Frame<'_>, applications: &'a [ApplicationRow<'a>]) -> Table<'a> {
    let (words, common) = (People::of(frame.language), Common::of(frame.language));
    let row = |application: &'a ApplicationRow<'a>| {
        vec![
            Cell::link(paths::application(application.id), application.name),
            Cell::link(paths::developer(application.owner.id), application.owner.name),
            Cell::Number(application.services),
            Cell::Number(application.keys),
            Cell::State(served(application.is_enabled, common)),
        ]
        .into()
    };
    Table {
        caption: words.applications.into(),
        columns: vec![common.name, words.owner, words.contracts, words.keys, common.state],
        rows: applications.iter().map(row).collect(),
        pick: None,
    }
}

/// A key of an application: known by how it begins.
#[derive(Clone, Copy, Debug)]
pub struct HeldKey<'a> {
    /// Id of the credential.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// How the key begins.
    pub start: &'a str,
    /// When it was made.
    pub created: Time,
    /// When it ends; `None`: never.
    pub expires: Option<Time>,
    /// Whether it has ended.
    pub is_expired: bool,
    /// Whether it is not suspended.
    pub is_enabled: bool,
}

impl HeldKey<'_> {
    pub(super) fn state(&self, common: &'static Common) -> StateMark {
        StateMark::of_key(self.is_expired, self.is_enabled, common)
    }
}

/// One application.
#[derive(Debug)]
pub struct Application<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The application.
    pub application: Thing<'a>,
    /// Whose it is.
    pub owner: Thing<'a>,
    /// What it is.
    pub description: Option<&'a str>,
    /// Where its users are sent back to.
    pub redirect_uri: Option<&'a str>,
    /// When it was made.
    pub created: Time,
    /// Whether it is not suspended.
    pub is_enabled: bool,
    /// Its contracts.
    pub contracts: &'a [ContractRow<'a>],
    /// Its keys.
    pub keys: &'a [HeldKey<'a>],
}

impl Application<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let contracts = match self.contracts.is_empty() {
            true => Block::Empty(words.no_contracts.into(), None),
            false => Block::Table(contract_table(self.frame, self.contracts)),
        };
        let keys = match self.keys.is_empty() {
            true => Block::Empty(words.no_keys.into(), None),
            false => Block::Table(self.keys_table()),
        };
        let to_move = paths::application_do(self.application.id, Do::Move);
        let main = Main::new(self.application.name)
            .state(served(self.is_enabled, common))
            .button(Button::link(to_move, words.move_application, Look::Ordinary));
        let main = match self.description {
            Some(description) => main.lead(description),
            None => main,
        };
        main.block(contracts)
            .block(keys)
            .block(Block::Paragraph(words.keys_by_start.into()))
            .block(Block::Facts(self.facts()))
            .block(Block::Danger(self.danger()))
    }

    fn facts(&self) -> Vec<(Text<'_>, Cell<'_>)> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        vec![
            (words.owner.into(), Cell::link(paths::developer(self.owner.id), self.owner.name)),
            (words.redirect_uri.into(), Cell::text(self.redirect_uri.unwrap_or(common.none))),
            (common.created.into(), Cell::Time(Instant(self.created))),
        ]
    }

    fn keys_table(&self) -> Table<'_> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let row = |key: &HeldKey<'_>| {
            let path = |what| paths::application_key_do(self.application.id, key.id, what);
            let first = match key.is_enabled {
                true => Button::link(path(Do::Suspend), common.suspend, Look::SmallRemove),
                false => Button::post(path(Do::Resume), common.resume, Look::Small),
            };
            let delete = Button::link(path(Do::Delete), common.delete, Look::SmallRemove);
            let buttons = [first, delete].map(|button| button.of(key.name.to_owned()));
            vec![
                Cell::text(key.name.to_owned()),
                Cell::Code(key.start.to_owned().into()),
                Cell::Time(Instant(key.created)),
                Cell::time_or(key.expires, common.never),
                Cell::State(key.state(common)),
                Cell::Buttons(buttons.into()),
            ]
            .into()
        };
        Table {
            caption: words.keys.into(),
            columns: vec![
                common.name,
                common.start_of_key,
                common.created,
                common.expires,
                common.state,
                common.actions,
            ],
            rows: self.keys.iter().map(row).collect(),
            pick: None,
        }
    }

    fn danger(&self) -> Danger<'_> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let path = |what| paths::application_do(self.application.id, what);
        let first = match self.is_enabled {
            true => Button::link(path(Do::Suspend), common.suspend, Look::Remove),
            false => Button::post(path(Do::Resume), common.resume, Look::Ordinary),
        };
        let delete = Button::link(path(Do::Delete), common.delete, Look::Remove);
        let name = self.application.name;
        let buttons = vec![first.of(name), delete.of(name)];
        Danger { title: common.danger, text: words.danger_application.into(), buttons, form: None }
    }
}

/// Moves an application to another developer.
#[derive(Debug)]
pub struct MoveApplication<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The application.
    pub application: Thing<'a>,
    /// Whose it is.
    pub owner: Thing<'a>,
    /// The address that was typed.
    pub email: Typed<'a>,
}

impl MoveApplication<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let email = Field { input: Input::Line("email"), ..self.email.line("email", words.new_owner) };
        let action = paths::application_do(self.application.id, Do::Move);
        let fields = vec![with_help(words.move_help, email)];
        let form = FormBlock::post(common, "move", action, words.move_application, fields)
            .cancel(paths::application(self.application.id));
        let owner = Cell::link(paths::developer(self.owner.id), self.owner.name);
        Main::new(format!("{}: {}", words.move_application, self.application.name))
            .block(Block::Facts(vec![(words.owner.into(), owner)]))
            .block(Block::Form(form))
    }
}
