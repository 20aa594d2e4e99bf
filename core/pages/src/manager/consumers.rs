//! Consumers, a new one, and one of them with its keys.

use super::Thing;
use super::keys::{ConsumerKey, table as key_table};
use super::paths::{self, Do};
use super::services::{List, served};
use super::words::Keys as Words;
use crate::Frame;
use crate::parts::Field;
use crate::parts::blocks::{Block, Button, Danger, Look, Main};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Table};
use crate::parts::time::Instant;
use crate::parts::{Paging, Time};
use crate::words::Common;

/// A consumer in the list.
#[derive(Clone, Copy, Debug)]
pub struct ConsumerRow<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its username, or else its id elsewhere.
    pub name: &'a str,
    /// Its id elsewhere.
    pub custom_id: Option<&'a str>,
    /// Its keys.
    pub keys: u64,
    /// Whether it is not suspended.
    pub is_enabled: bool,
}

/// Consumers.
#[derive(Debug)]
pub struct Consumers<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Those of this page.
    pub consumers: &'a [ConsumerRow<'a>],
    /// Where the others are.
    pub paging: Paging<'a>,
}

impl Consumers<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let new = || Button::link(paths::CONSUMER_NEW, words.new_consumer, Look::Primary);
        let find = Button::link(paths::FIND_KEY, words.find, Look::Ordinary);
        let list = List { frame: self.frame, path: paths::CONSUMERS, paging: &self.paging };
        let empty = Block::Empty(words.no_consumers.into(), Some(new()));
        Main::new(words.consumers).button(find).button(new()).blocks(list.blocks(self.table(), empty))
    }

    fn table(&self) -> Table<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let row = |consumer: &ConsumerRow<'_>| {
            vec![
                Cell::link(paths::consumer(consumer.id), consumer.name.to_owned()),
                Cell::text(consumer.custom_id.unwrap_or(common.none).to_owned()),
                Cell::Number(consumer.keys),
                Cell::State(served(consumer.is_enabled, common)),
            ]
            .into()
        };
        Table {
            caption: words.consumers.into(),
            columns: vec![common.name, words.custom_id, words.keys, common.state],
            rows: self.consumers.iter().map(row).collect(),
            pick: None,
        }
    }
}

/// What was typed of a consumer.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsumerFields<'a> {
    /// Its username.
    pub username: Typed<'a>,
    /// Its id elsewhere.
    pub custom_id: Typed<'a>,
    /// What is wrong with no field alone.
    pub fault: Option<&'a str>,
}

impl<'a> ConsumerFields<'a> {
    fn fields(&self, words: &'static Words) -> Vec<Field<'a>> {
        vec![
            with_help(words.names_help, self.username.optional("username", words.username)),
            self.custom_id.optional("custom_id", words.custom_id),
        ]
    }
}

/// A new consumer.
#[derive(Debug)]
pub struct ConsumerNew<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What was typed.
    pub fields: ConsumerFields<'a>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl ConsumerNew<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let fields = self.fields.fields(words);
        let form = FormBlock::post(common, "consumer", paths::CONSUMER_NEW, common.create, fields)
            .nonce(self.nonce)
            .fault(self.fields.fault)
            .cancel(paths::CONSUMERS);
        Main::new(words.new_consumer).block(Block::Form(form))
    }
}

/// One consumer.
#[derive(Debug)]
pub struct Consumer<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The consumer.
    pub consumer: Thing<'a>,
    /// When it was made.
    pub created: Time,
    /// Whether it is not suspended.
    pub is_enabled: bool,
    /// Its keys.
    pub keys: &'a [ConsumerKey<'a>],
    /// What is stored of it, or was typed.
    pub fields: ConsumerFields<'a>,
}

impl Consumer<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let id = self.consumer.id;
        let new = || Button::link(paths::key_new(id), words.new_key, Look::Primary);
        let keys = match self.keys.is_empty() {
            true => Block::Empty(words.no_keys.into(), Some(new())),
            false => Block::Table(key_table(self.frame, id, self.keys)),
        };
        let fields = self.fields.fields(words);
        let form = FormBlock::post(common, "consumer", paths::consumer(id), common.save, fields)
            .fault(self.fields.fault);
        let created = (common.created.into(), Cell::Time(Instant(self.created)));
        Main::new(self.consumer.name)
            .state(served(self.is_enabled, common))
            .button(new())
            .block(keys)
            .block(Block::Heading(common.details.into()))
            .block(Block::Facts(vec![created]))
            .block(Block::Form(form))
            .block(Block::Danger(self.danger()))
    }

    fn danger(&self) -> Danger<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let path = |what| paths::consumer_do(self.consumer.id, what);
        let first = match self.is_enabled {
            true => Button::link(path(Do::Suspend), common.suspend, Look::Remove),
            false => Button::post(path(Do::Resume), common.resume, Look::Ordinary),
        };
        let delete = Button::link(path(Do::Delete), common.delete, Look::Remove);
        let name = self.consumer.name;
        let buttons = vec![first.of(name), delete.of(name)];
        Danger { title: common.danger, text: words.danger_consumer.into(), buttons, form: None }
    }
}
