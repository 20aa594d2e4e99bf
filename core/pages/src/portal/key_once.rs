//! The answer that shows a key: the one page that does, and once.

use super::words::Keys as Words;
use super::{Thing, paths};
use crate::Frame;
use crate::parts::blocks::{Block, Button, Copied, Look, Main};
use crate::parts::fields::FormBlock;
use crate::parts::time::Instant;
use crate::parts::{State, Time};
use crate::words::Common;

/// A new key.
#[derive(Debug)]
pub struct KeyOnce<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose it is.
    pub application: Thing<'a>,
    /// The key, which is the Client ID.
    pub key: &'a str,
    /// The client secret, where there is one.
    pub secret: Option<&'a str>,
    /// Names of the services that the application has a contract with, and the state of each.
    pub good_for: &'a [(&'a str, State)],
    /// A call with it, where it is good for one.
    pub curl: Option<&'a str>,
    /// Until when the one before is good, after a rotation.
    pub old_until: Option<Time>,
}

impl KeyOnce<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let until = self.old_until.map(|time| (words.old_until)(&Instant(time).text()));
        let stored = Button::link(paths::application(self.application.id), words.stored, Look::Primary);
        let curl = self.curl.into_iter();
        Main::new(words.shown)
            .lead((words.shown_lead)(self.application.name))
            .blocks(self.copied())
            .blocks(until.map(|until| Block::Note(until.into())))
            .block(Block::Heading(words.good_for.into()))
            .block(Block::Paragraph(self.good_for().into()))
            .blocks(curl.flat_map(|curl| [Block::Heading(words.curl.into()), Block::Code(curl.into())]))
            .block(Block::Buttons(vec![stored]))
    }

    fn copied(&self) -> impl Iterator<Item = Block<'_>> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let shown =
            [("client_id", words.client_id, Some(self.key)), ("client_secret", words.secret, self.secret)];
        shown.into_iter().filter_map(|(id, label, value)| {
            let copied = Copied {
                id: id.into(),
                label: label.into(),
                value: value?.into(),
                help: common.select_and_copy,
            };
            Some(Block::Copy(copied))
        })
    }

    /// "Orders: Active; Stock: Waiting for approval".
    fn good_for(&self) -> String {
        let words = Words::of(self.frame.language);
        if self.good_for.is_empty() {
            return words.good_for_none.to_owned();
        }
        let each = self.good_for.iter();
        let each = each.map(|(name, state)| (words.good_at)(name, state.word(self.frame.language)));
        each.collect::<Vec<_>>().join(words.between)
    }
}

/// The answer to the form of a rotation that was sent once more: the new key is never shown again.
#[derive(Debug)]
pub struct RotatedAlready<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose it is.
    pub application: Thing<'a>,
    /// Id of the credential.
    pub credential: &'a str,
}

impl RotatedAlready<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let key = paths::key(self.application.id, self.credential);
        let rotate = paths::key_rotate(self.application.id, self.credential);
        let buttons = vec![
            Button::link(key, words.stored, Look::Primary),
            Button::link(rotate, words.rotate, Look::Ordinary),
        ];
        Main::new(words.shown_already).lead(words.rotated_already_text).block(Block::Buttons(buttons))
    }
}

/// The answer to a key's form that was sent once more: the key is never shown again.
#[derive(Debug)]
pub struct KeyShownAlready<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose it is.
    pub application: Thing<'a>,
    /// Id of the credential.
    pub credential: &'a str,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl KeyShownAlready<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let application = self.application.id;
        let action = paths::key_replace(application, self.credential);
        let form =
            FormBlock::post(common, "replace", action, words.replace, Vec::new()).nonce(self.nonce).removes();
        let back = Button::link(paths::application(application), words.stored, Look::Primary);
        Main::new(words.shown_already)
            .lead(words.shown_already_text)
            .block(Block::Buttons(vec![back]))
            .block(Block::Form(form))
    }
}
