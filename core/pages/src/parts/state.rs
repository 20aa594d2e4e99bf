//! What pages have in common: states, times, lists by the page.

use crate::Language;

/// The state of a contract or a developer: a word and a shape, never a colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In use, or approved.
    Active,
    /// Waits for approval.
    Waiting,
    /// Was rejected.
    Rejected,
    /// Was revoked.
    Revoked,
    /// There is none.
    None,
}

/// An instant, in seconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub u64);

/// A list of 50 a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging<'a> {
    /// What was searched for (`?q=`).
    pub search: &'a str,
    /// Path of the page after this one.
    pub next: Option<&'a str>,
    /// Path of the first page, where this is another.
    pub first: Option<&'a str>,
    /// How many there are.
    pub total: Total,
}

/// How many a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// All of them.
    All(u64),
    /// Those that were found, of so many, where that is known.
    Found(u64, Option<u64>),
    /// More than were looked at.
    Unknown,
}

impl Total {
    /// Whether there is none.
    pub(crate) fn is_none(self) -> bool {
        matches!(self, Total::All(0) | Total::Found(0, _))
    }
}

impl State {
    /// Its word for developers.
    pub fn word(self, language: Language) -> &'static str {
        match (self, language) {
            (State::Active, Language::En) => "Active",
            (State::Active, Language::Ja) => "利用中",
            (State::Waiting, Language::En) => "Waiting for approval",
            (State::Waiting, Language::Ja) => "承認待ち",
            (State::Rejected, Language::En) => "Rejected",
            (State::Rejected, Language::Ja) => "却下",
            (State::Revoked, Language::En) => "Revoked",
            (State::Revoked, Language::Ja) => "取り消し済み",
            (State::None, Language::En) => "Inactive",
            (State::None, Language::Ja) => "未申請",
        }
    }

    /// Its shape.
    pub fn shape(self) -> &'static str {
        match self {
            State::Active => "●",
            State::Waiting => "◐",
            State::Rejected => "✕",
            State::Revoked => "⊘",
            State::None => "–",
        }
    }
}
