//! Pages that say one thing and lead on.

use super::paths;
use super::words::{Notices, Said};
use crate::parts::blocks::{Block, Button, Look, Main};
use crate::{Frame, Language};

/// What such a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The developer is not approved yet (403).
    Waiting,
    /// The request came from another site (403).
    CrossSite,
    /// No such page, or not the caller's (404).
    NotFound,
    /// The session ended.
    SessionEnded,
    /// The form was sent before.
    AlreadyDone,
    /// What was to be changed has changed meanwhile (409).
    Conflict,
    /// What was sent cannot be read (400, 415).
    Unread,
    /// Another host than the portal's own (421).
    WrongHost,
    /// A fault of ours (500).
    Fault,
    /// Not now (503).
    Unavailable,
    /// What needs mail, where none can be sent.
    NoMail,
    /// What was sent is too large (413).
    TooLarge,
    /// Too many attempts, and the seconds to wait where they are known (429).
    TooMany(Option<u64>),
}

impl Notice {
    fn said(self, language: Language) -> &'static Said {
        let words = Notices::of(language);
        match self {
            Notice::Waiting => &words.waiting,
            Notice::CrossSite => &words.cross_site,
            Notice::NotFound => &words.not_found,
            Notice::SessionEnded => &words.session_ended,
            Notice::AlreadyDone => &words.already_done,
            Notice::Conflict => &words.conflict,
            Notice::Unread => &words.unread,
            Notice::WrongHost => &words.wrong_host,
            Notice::Fault => &words.fault,
            Notice::Unavailable => &words.unavailable,
            Notice::NoMail => &words.no_mail,
            Notice::TooLarge => &words.too_large,
            Notice::TooMany(_) => &words.too_many,
        }
    }

    fn text(self, language: Language) -> String {
        match self {
            Notice::TooMany(Some(seconds)) => (Notices::of(language).try_again)(seconds),
            _ => self.said(language).text.to_owned(),
        }
    }

    fn leads_to(self) -> &'static str {
        match self {
            Notice::SessionEnded | Notice::NoMail | Notice::TooMany(_) => paths::LOG_IN,
            Notice::AlreadyDone | Notice::Conflict | Notice::Unread => paths::APPLICATIONS,
            Notice::Waiting => paths::ACCOUNT,
            Notice::CrossSite
            | Notice::NotFound
            | Notice::WrongHost
            | Notice::TooLarge
            | Notice::Fault
            | Notice::Unavailable => paths::SERVICES,
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
