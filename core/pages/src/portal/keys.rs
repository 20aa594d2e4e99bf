//! Keys of an application: the list, a new one, and one.

use super::words::Keys as Words;
use super::{Thing, paths};
use crate::Frame;
use crate::parts::blocks::{Block, Button, Danger, Look, Main, StateMark, Text};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::time::Instant;
use crate::parts::{Ends, Field, Time};
use crate::words::Common;

/// A key, as far as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// Id of the credential.
    pub id: &'a str,
    /// Its name, or its start.
    pub name: &'a str,
    /// What it begins with.
    pub start: &'a str,
    /// Since when.
    pub created: Time,
    /// When it ends.
    pub expires: Option<Time>,
    /// Whether it has ended.
    pub is_expired: bool,
    /// Whether it is taken; an administrator can suspend it.
    pub is_enabled: bool,
    /// Until when the one before the last rotation is good, where it still is.
    pub old_until: Option<Time>,
}

impl<'a> Key<'a> {
    fn state(&self, common: &'static Common) -> StateMark {
        StateMark::of_key(self.is_expired, self.is_enabled, common)
    }

    fn row(
        &self,
        application: &str,
        says_old: bool,
        words: &'static Words,
        common: &'static Common,
    ) -> Row<'a> {
        // One that has ended goes by itself.
        let mut buttons = Vec::new();
        if !self.is_expired {
            buttons.push(Button::link(paths::key_rotate(application, self.id), words.rotate, Look::Small));
            let delete = paths::key_delete(application, self.id);
            buttons.push(Button::link(delete, common.delete, Look::SmallRemove));
        }
        let mut cells = vec![
            Cell::link(paths::key(application, self.id), self.name),
            Cell::Code(self.start.into()),
            Cell::Time(Instant(self.created)),
            Cell::time_or(self.expires, common.never),
            Cell::State(self.state(common)),
        ];
        cells.extend(says_old.then(|| Cell::time_or(self.old_until, common.none)));
        cells.push(Cell::Buttons(buttons.into_iter().map(|button| button.of(self.name)).collect()));
        cells.into()
    }
}

/// Keys as a table, with what can be done with each.
pub(super) fn table<'a>(frame: &Frame<'_>, application: &str, keys: &[Key<'a>]) -> Table<'a> {
    let (words, common) = (Words::of(frame.language), Common::of(frame.language));
    let says_old = keys.iter().any(|key| key.old_until.is_some());
    let mut columns = vec![common.name, common.start_of_key, common.created, common.expires, common.state];
    columns.extend(says_old.then_some(words.old_key));
    columns.push(common.actions);
    Table {
        caption: words.keys.into(),
        columns,
        rows: keys.iter().map(|key| key.row(application, says_old, words, common)).collect(),
        pick: None,
    }
}

/// What was typed of a new key.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyFields<'a> {
    /// Its name.
    pub name: Typed<'a>,
    /// When it ends.
    pub ends: Ends<'a>,
    /// What is wrong with no field alone.
    pub fault: Option<&'a str>,
}

impl<'a> KeyFields<'a> {
    /// The form that generates it: sends `name`, `ends` and `own`.
    pub(super) fn form(&self, frame: &Frame<'_>, application: &str, nonce: &'a str) -> FormBlock<'a> {
        let (words, common) = (Words::of(frame.language), Common::of(frame.language));
        let name = with_help(words.key_name_help, key_name(self.name.optional("name", words.key_name)));
        let [ends, own] = self.ends.of_new(words.ends, frame.language);
        let fields = vec![name, ends, own];
        FormBlock::post(common, "key", paths::key_new(application), words.generate, fields)
            .nonce(nonce)
            .fault(self.fault)
    }
}

/// Not the developer's own name, which browsers would fill in.
fn key_name(field: Field<'_>) -> Field<'_> {
    Field { autocomplete: Some("off"), ..field }
}

/// A new key: the form of an application's page alone, where something was wrong with it.
#[derive(Debug)]
pub struct KeyNew<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose it will be.
    pub application: Thing<'a>,
    /// What was typed.
    pub fields: KeyFields<'a>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl KeyNew<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let form = self.fields.form(self.frame, self.application.id, self.nonce);
        Main::new(words.generate).block(Block::Form(form.cancel(paths::application(self.application.id))))
    }
}

/// One key. The form sends `name`.
#[derive(Debug)]
pub struct KeyPage<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose it is.
    pub application: Thing<'a>,
    /// The key.
    pub key: Key<'a>,
    /// The name that was typed, or that is stored.
    pub name: Typed<'a>,
}

impl KeyPage<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let (application, key) = (self.application, &self.key);
        let main = Main::new(key.name).state(key.state(common)).block(Block::Facts(self.facts()));
        if key.is_expired {
            let new = Button::link(paths::key_new(application.id), words.generate, Look::Primary);
            return main.block(Block::Note(words.key_ended.into())).block(Block::Buttons(vec![new]));
        }
        let main = match key.old_until {
            Some(_) => main,
            None => main.button(Button::link(
                paths::key_rotate(application.id, key.id),
                words.rotate,
                Look::Primary,
            )),
        };
        let end_old = key.old_until.map(|_| {
            let path = paths::key_end_old(application.id, key.id);
            Block::Buttons(vec![Button::link(path, words.end_old, Look::Remove)])
        });
        let name = vec![key_name(self.name.line("name", words.key_name))];
        let rename = paths::key_rename(application.id, key.id);
        let danger = Danger {
            title: words.delete,
            text: words.danger.into(),
            buttons: vec![Button::link(
                paths::key_delete(application.id, key.id),
                words.delete,
                Look::Remove,
            )],
            form: None,
        };
        main.blocks(end_old)
            .block(Block::Form(FormBlock::post(common, "rename", rename, words.rename, name)))
            .block(Block::Danger(danger))
    }

    fn facts(&self) -> Vec<(Text<'_>, Cell<'_>)> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let application = self.application;
        let mut facts: Vec<(Text<'_>, Cell<'_>)> = vec![
            (common.application.into(), Cell::link(paths::application(application.id), application.name)),
            (common.start_of_key.into(), Cell::Code(self.key.start.into())),
            (common.created.into(), Cell::Time(Instant(self.key.created))),
            (common.expires.into(), Cell::time_or(self.key.expires, common.never)),
        ];
        let old = |until| (words.old_key.into(), Cell::Time(Instant(until)));
        facts.extend(self.key.old_until.map(old));
        facts
    }
}
