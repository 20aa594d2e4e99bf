//! Pages that say one thing and lead on.

use super::paths::{self, Do};
use super::words::{Access, Keys, Said};
use crate::parts::blocks::{Block, Button, Look, Main};
use crate::{Frame, Language};

/// What such a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The token may only read (403).
    ReadOnly,
    /// The request came from another site (403).
    CrossSite,
    /// No such page (404).
    NotFound,
    /// The session ended.
    SessionEnded,
    /// The form was sent before.
    AlreadyDone,
    /// What was to be changed has changed meanwhile (409).
    Conflict,
    /// What was sent cannot be read (400, 415).
    Unread,
    /// Another host than the manager's own (421).
    WrongHost,
    /// A fault of ours (500).
    Fault,
    /// Not now (503).
    Unavailable,
    /// What was sent is too large (413).
    TooLarge,
    /// Too many attempts, and the seconds to wait where they are known (429).
    TooMany(Option<u64>),
}

impl Notice {
    fn said(self, language: Language) -> &'static Said {
        let words = Access::of(language);
        match self {
            Notice::ReadOnly => &words.read_only,
            Notice::CrossSite => &words.cross_site,
            Notice::NotFound => &words.not_found,
            Notice::SessionEnded => &words.session_ended,
            Notice::AlreadyDone => &words.already_done,
            Notice::Conflict => &words.conflict,
            Notice::Unread => &words.unread,
            Notice::WrongHost => &words.wrong_host,
            Notice::Fault => &words.fault,
            Notice::Unavailable => &words.unavailable,
            Notice::TooLarge => &words.too_large,
            Notice::TooMany(_) => &words.too_many,
        }
    }

    fn text(self, language: Language) -> String {
        match self {
            Notice::TooMany(Some(seconds)) => (Access::of(language).try_again)(seconds),
            _ => self.said(language).text.to_owned(),
        }
    }

    fn leads_to(self) -> &'static str {
        match self {
            Notice::SessionEnded | Notice::TooMany(_) => paths::LOG_IN,
            _ => paths::START,
        }
    }
}

/// A page that says one thing and leads on.
#[derive(Debug)]
pub struct NoticePage<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What it says.
    pub notice: Notice,
    /// Path that was asked for, to go on to from a session that ended.
    pub return_to: Option<&'a str>,
}

impl NoticePage<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let said = self.notice.said(self.frame.language);
        let href = match (self.notice, self.return_to) {
            (Notice::SessionEnded, Some(path)) => paths::log_in_to(path),
            _ => self.notice.leads_to().to_owned(),
        };
        let link = Button::link(href, said.link, Look::Primary);
        Main::new(said.title).lead(self.notice.text(self.frame.language)).block(Block::Buttons(vec![link]))
    }
}

/// The answer to a key's form that was sent once more: the key is never shown again.
#[derive(Debug)]
pub struct KeyShownAlready<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Id of the consumer.
    pub consumer: &'a str,
    /// Id of the credential.
    pub credential: &'a str,
}

impl KeyShownAlready<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Keys::of(self.frame.language);
        let rotate = paths::key_do(self.consumer, self.credential, Do::Rotate);
        let buttons = vec![
            Button::link(rotate, words.rotate, Look::Primary),
            Button::link(paths::consumer(self.consumer), words.stored, Look::Ordinary),
        ];
        Main::new(words.shown_already).lead(words.shown_already_text).block(Block::Buttons(buttons))
    }
}
