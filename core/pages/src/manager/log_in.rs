//! Log-in by an admin token or by the link that the local program prints, and showing the token again.

use super::paths;
use super::words::Access;
use crate::Frame;
use crate::parts::blocks::{Block, Button, Look, Main};
use crate::parts::fields::FormBlock;
use crate::parts::{Field, Input};
use crate::words::Common;

/// Why a log-in failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogInFault {
    /// The token is none.
    Wrong,
    /// By a link that was used already, or that has ended.
    LinkEnded,
    /// Too many attempts: seconds to wait.
    TooMany(u64),
}

/// Log in with an admin token.
#[derive(Debug)]
pub struct LogIn<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What came of the last attempt.
    pub fault: Option<LogInFault>,
    /// Path of the manager that was asked for, to go on to.
    pub return_to: Option<&'a str>,
}

impl LogIn<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Access::of(self.frame.language);
        let form = token_form(self.frame, paths::LOG_IN, words.log_in.link, self.fault);
        let form = match self.return_to {
            Some(path) => form.hidden("return_to", path),
            None => form,
        };
        Main::new(words.log_in.title).lead(words.log_in.text).block(Block::Form(form))
    }
}

/// Log in by a link that is good once; the token in it is spent by the button.
#[derive(Debug)]
pub struct LogInLink<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The token of the link.
    pub token: &'a str,
}

impl LogInLink<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let said = &Access::of(self.frame.language).link;
        let words = Common::of(self.frame.language);
        let form = FormBlock::post(words, "link", paths::LOG_IN_LINK, said.link, Vec::new());
        Main::new(said.title).lead(said.text).block(Block::Form(form.hidden("token", self.token)))
    }
}

/// An arrival from another site, which brings no session (`SameSite=Strict`): the link is followed with it.
#[derive(Debug)]
pub struct Continue<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Path of the manager that was asked for.
    pub to: &'a str,
}

impl Continue<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let said = &Access::of(self.frame.language).arrival;
        let button = Button::link(self.to, said.link, Look::Primary);
        Main::new(said.title).lead(said.text).block(Block::Buttons(vec![button]))
    }
}

/// Asks for the token again, before what needs one shown within ten minutes. What was sent is sent again
/// with it.
#[derive(Debug)]
pub struct AskAgain<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Where the form was sent.
    pub action: &'a str,
    /// Its fields, by name.
    pub carried: &'a [(&'a str, &'a str)],
    /// What came of the last attempt.
    pub fault: Option<LogInFault>,
}

impl AskAgain<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let said = &Access::of(self.frame.language).ask_again;
        let form = token_form(self.frame, self.action, said.link, self.fault);
        let form = self.carried.iter().fold(form, |form, (name, value)| form.hidden(name, *value));
        Main::new(said.title).lead(said.text).block(Block::Form(form.cancel(paths::START)))
    }
}

/// A form that asks for an admin token alone. Every wrong one is answered alike.
fn token_form<'a>(
    frame: &Frame<'_>,
    action: &'a str,
    submit: &'static str,
    fault: Option<LogInFault>,
) -> FormBlock<'a> {
    let words = Access::of(frame.language);
    let token = Field {
        input: Input::Password,
        help: Some(words.token_help),
        fault: (fault == Some(LogInFault::Wrong)).then_some(words.wrong),
        autocomplete: Some("off"),
        ..Field::line("admin_token", words.token, "")
    };
    let held = match fault {
        Some(LogInFault::TooMany(seconds)) => Some((words.try_again)(seconds)),
        Some(LogInFault::LinkEnded) => Some(words.link_ended.to_owned()),
        Some(LogInFault::Wrong) | None => None,
    };
    FormBlock::post(Common::of(frame.language), "log-in", action, submit, vec![token]).fault(held)
}
