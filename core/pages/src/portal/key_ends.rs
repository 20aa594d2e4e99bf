//! The end of a key: with a rotation, early, or with its credential.

use super::keys::Key;
use super::words::Keys as Words;
use super::{Thing, paths};
use crate::Frame;
use crate::parts::Ends;
use crate::parts::blocks::{Block, Button, Danger, Look, Main};
use crate::parts::fields::FormBlock;
use crate::parts::time::Instant;
use crate::words::Common;

/// Asks when the old key ends, before there is a new one. The form sends `ends` and
/// `own`, and `start`, by which it rotates this key once.
#[derive(Debug)]
pub struct RotateKey<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose key it is.
    pub application: Thing<'a>,
    /// The key.
    pub key: Key<'a>,
    /// When it ends.
    pub ends: Ends<'a>,
}

impl RotateKey<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let (application, key) = (self.application.id, &self.key);
        let main = Main::new((words.rotate_title)(key.name));
        let link = |href, text| Block::Buttons(vec![Button::link(href, text, Look::Primary)]);
        if key.is_expired {
            return main.lead(words.key_has_ended).block(link(paths::key_new(application), words.generate));
        }
        if let Some(until) = key.old_until {
            return main
                .lead((words.rotating)(&Instant(until).text()))
                .block(link(paths::key_end_old(application, key.id), words.end_old));
        }
        let end = key.expires.map(|end| Block::Note((words.key_ends)(&Instant(end).text()).into()));
        main.lead(words.rotate_lead).blocks(end).block(Block::Form(self.form()))
    }

    fn form(&self) -> FormBlock<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let (application, key) = (self.application.id, self.key.id);
        let fields = self.ends.of_old(self.frame.language).into();
        FormBlock::post(common, "rotate", paths::key_rotate(application, key), words.rotate, fields)
            .hidden("start", self.key.start)
            .cancel(paths::application(application))
    }
}

/// Which key ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndingKey {
    /// The credential, with all its keys.
    Whole,
    /// The key before the last rotation.
    Old,
}

/// Asks before a key is deleted, or the one before its rotation is ended.
#[derive(Debug)]
pub struct EndKey<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose key it is.
    pub application: Thing<'a>,
    /// The key.
    pub key: Thing<'a>,
    /// Which.
    pub ending: EndingKey,
    /// Within how many seconds calls are refused, everywhere.
    pub within_seconds: u64,
}

impl EndKey<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let (application, key) = (self.application.id, self.key);
        let (title, text, button, action) = match self.ending {
            EndingKey::Whole => {
                (words.delete_title, words.delete_text, words.delete, paths::key_delete(application, key.id))
            }
            EndingKey::Old => (
                words.end_old_title,
                words.end_old_text,
                words.end_old,
                paths::key_end_old(application, key.id),
            ),
        };
        let form = FormBlock::post(common, "confirm", action, button, Vec::new())
            .removes()
            .cancel(paths::key(application, key.id));
        Main::new(title(key.name)).lead(text).block(Block::Danger(Danger::asked(
            common,
            (words.stops)(self.within_seconds),
            form,
        )))
    }
}
