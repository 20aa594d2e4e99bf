//! What stands in blocks and in cells: texts, buttons, states.

use crate::parts::state::State;
use crate::words::Common;
use std::borrow::Cow;

/// A text that is shown.
pub(crate) type Text<'a> = Cow<'a, str>;

/// A link or a button.
#[derive(Debug, askama::Template)]
#[template(path = "parts/button.html")]
pub(crate) enum Button<'a> {
    /// Leads to a page.
    Link { href: String, text: Text<'a>, look: Look, of: Text<'a> },
    /// Does something.
    Post { action: String, text: Text<'a>, look: Look, of: Text<'a> },
    /// Sends one row alone, by another form than the one around it: Enter in that one must not press it.
    One { form: &'static str, name: &'static str, value: Text<'a>, text: Text<'a>, of: Text<'a> },
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// The main action of a page.
    Primary,
    Ordinary,
    /// In a row of a table.
    Small,
    /// Takes something away.
    Remove,
    /// The same, in a row of a table.
    SmallRemove,
}

impl Look {
    fn class(self) -> &'static str {
        match self {
            Look::Primary => "button primary",
            Look::Ordinary => "button",
            Look::Small => "button small",
            Look::Remove => "button remove",
            Look::SmallRemove => "button small remove",
        }
    }
}

impl<'a> Button<'a> {
    pub(crate) fn link(href: impl Into<String>, text: impl Into<Text<'a>>, look: Look) -> Self {
        Button::Link { href: href.into(), text: text.into(), look, of: Text::default() }
    }

    pub(crate) fn post(action: impl Into<String>, text: impl Into<Text<'a>>, look: Look) -> Self {
        Button::Post { action: action.into(), text: text.into(), look, of: Text::default() }
    }

    /// Of which thing, where buttons of many things say the same.
    pub(crate) fn of(mut self, thing: impl Into<Text<'a>>) -> Self {
        let (Button::Link { of, .. } | Button::Post { of, .. } | Button::One { of, .. }) = &mut self;
        *of = thing.into();
        self
    }
}

/// A word and a shape.
#[derive(Clone, Copy, Debug, askama::Template)]
#[template(
    ext = "html",
    source = r#"<span class="state {{ class }}"><span aria-hidden="true">{{ shape }}</span> {{ word }}</span>"#
)]
pub(crate) struct StateMark {
    class: &'static str,
    shape: &'static str,
    word: &'static str,
}

impl StateMark {
    /// Of a contract or a developer.
    pub(crate) fn of(state: State, word: &'static str) -> Self {
        let class = match state {
            State::Active => "active",
            State::Waiting => "waiting",
            State::Rejected => "rejected",
            State::Revoked => "revoked",
            State::None => "none",
        };
        StateMark { class, shape: state.shape(), word }
    }

    /// Of a key: what has ended is that, whether or not it is suspended.
    pub(crate) fn of_key(is_expired: bool, is_enabled: bool, common: &'static Common) -> Self {
        match (is_expired, is_enabled) {
            (true, _) => StateMark::stopped(common.expired),
            (false, false) => StateMark::stopped(common.suspended),
            (false, true) => StateMark::of(State::Active, common.active),
        }
    }

    /// Of what is suspended or ended.
    pub(crate) fn stopped(word: &'static str) -> Self {
        StateMark::of(State::Revoked, word)
    }
}
