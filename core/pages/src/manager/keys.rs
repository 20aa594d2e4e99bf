//! Keys of consumers: the list, a new one, its rotation, and the one page that shows it.

use super::Thing;
use super::applications::HeldKey;
use super::paths::{self, Do};
use super::words::Keys as Words;
use crate::Frame;
use crate::parts::blocks::{Block, Button, Copied, Look, Main};
use crate::parts::fields::{FormBlock, Typed};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::time::Instant;
use crate::parts::{Ends, Time};
use crate::words::Common;

/// A key of a consumer.
#[derive(Clone, Copy, Debug)]
pub struct ConsumerKey<'a> {
    /// What is known of it.
    pub key: HeldKey<'a>,
    /// Until when the one before the last rotation is good, where it still is.
    pub old_until: Option<Time>,
}

/// Keys as a table, with what can be done with each.
pub(super) fn table<'a>(frame: &Frame<'_>, consumer: &'a str, keys: &'a [ConsumerKey<'a>]) -> Table<'a> {
    let (words, common) = (Words::of(frame.language), Common::of(frame.language));
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
        rows: keys.iter().map(|key| row(consumer, key, words, common)).collect(),
        pick: None,
    }
}

fn row<'a>(
    consumer: &str,
    ConsumerKey { key, old_until }: &'a ConsumerKey<'a>,
    words: &'static Words,
    common: &'static Common,
) -> Row<'a> {
    let path = |what| paths::key_do(consumer, key.id, what);
    let mut buttons = vec![Button::link(path(Do::Rotate), words.rotate, Look::Small)];
    if old_until.is_some() {
        buttons.push(Button::link(path(Do::EndOld), words.end_old, Look::SmallRemove));
    }
    buttons.push(match key.is_enabled {
        true => Button::link(path(Do::Suspend), common.suspend, Look::SmallRemove),
        false => Button::post(path(Do::Resume), common.resume, Look::Small),
    });
    buttons.push(Button::link(path(Do::Delete), common.delete, Look::SmallRemove));
    vec![
        Cell::text(key.name),
        Cell::Code(key.start.into()),
        Cell::Time(Instant(key.created)),
        Cell::time_or(key.expires, common.never),
        Cell::State(key.state(common)),
        Cell::Buttons(buttons.into_iter().map(|button| button.of(key.name)).collect()),
    ]
    .into()
}

/// What was typed of a new key.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyFields<'a> {
    /// Its name.
    pub name: Typed<'a>,
    /// When it ends.
    pub ends: Ends<'a>,
}

/// A new key of a consumer.
#[derive(Debug)]
pub struct KeyNew<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose it will be.
    pub consumer: Thing<'a>,
    /// What was typed.
    pub fields: KeyFields<'a>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl KeyNew<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let mut fields = vec![self.fields.name.optional("name", words.key_name)];
        fields.extend(self.fields.ends.of_new(words.ends, self.frame.language));
        let action = paths::key_new(self.consumer.id);
        let form = FormBlock::post(common, "key", action, words.generate, fields)
            .nonce(self.nonce)
            .cancel(paths::consumer(self.consumer.id));
        Main::new(format!("{}: {}", words.new_key, self.consumer.name)).block(Block::Form(form))
    }
}

/// The answer that shows a key: the one page that does, and once.
#[derive(Debug)]
pub struct KeyShown<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose it is.
    pub consumer: Thing<'a>,
    /// The key.
    pub key: &'a str,
    /// A call with it, where there is a service to call.
    pub curl: Option<&'a str>,
    /// Until when the one before is good, after a rotation.
    pub old_until: Option<Time>,
}

impl KeyShown<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let key = Copied {
            id: "key".into(),
            label: words.the_key.into(),
            value: self.key.into(),
            help: common.select_and_copy,
        };
        let until = self.old_until.map(|time| (words.old_until)(&Instant(time).text()));
        let stored = Button::link(paths::consumer(self.consumer.id), words.stored, Look::Primary);
        let curl = self.curl.into_iter();
        Main::new(words.shown)
            .lead((words.shown_lead)(self.consumer.name))
            .block(Block::Copy(key))
            .blocks(until.map(|until| Block::Note(until.into())))
            .blocks(curl.flat_map(|curl| [Block::Heading(words.curl.into()), Block::Code(curl.into())]))
            .block(Block::Buttons(vec![stored]))
    }
}

/// Asks when the old key ends, before there is a new one.
#[derive(Debug)]
pub struct RotateKey<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose key it is.
    pub consumer: Thing<'a>,
    /// The key.
    pub key: Thing<'a>,
    /// When it ends.
    pub ends: Ends<'a>,
    /// Until when the one before is good, where it still is: it must be ended first.
    pub old_until: Option<Time>,
    /// What is wrong with neither.
    pub fault: Option<&'a str>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl RotateKey<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let action = paths::key_do(self.consumer.id, self.key.id, Do::Rotate);
        let fields = self.ends.of_old(self.frame.language).into();
        let form = FormBlock::post(common, "rotate", action, words.rotate, fields)
            .nonce(self.nonce)
            .fault(self.fault)
            .cancel(paths::consumer(self.consumer.id));
        Main::new(format!("{}: {}", words.rotate, self.key.name))
            .lead(words.rotate_lead)
            .blocks(self.old_key())
            .block(Block::Form(form))
    }

    fn old_key(&self) -> Vec<Block<'_>> {
        let Some(until) = self.old_until else { return Vec::new() };
        let words = Words::of(self.frame.language);
        let path = paths::key_do(self.consumer.id, self.key.id, Do::EndOld);
        let end = Button::link(path, words.end_old, Look::Remove);
        let until = (words.old_until)(&Instant(until).text());
        vec![Block::Note(until.into()), Block::Buttons(vec![end])]
    }
}
