//! Named admin tokens: the list, a new one, and the one page that shows it.

use super::paths::{self, Do};
use super::words::{Keys, Settings as Words};
use crate::Frame;
use crate::parts::blocks::{Block, Button, Copied, Look, Main, StateMark};
use crate::parts::fields::{FormBlock, Typed, tick, with_help};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::time::Instant;
use crate::parts::{Ends, State, Time};
use crate::words::Common;

/// A named admin token.
#[derive(Clone, Copy, Debug)]
pub struct TokenRow<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// How it begins.
    pub start: &'a str,
    /// Whether nothing can be changed by it.
    pub is_read_only: bool,
    /// When it was made.
    pub created: Time,
    /// When it ends; `None`: never.
    pub expires: Option<Time>,
    /// Whether it has ended.
    pub is_expired: bool,
    /// Whether the session that sees this was begun with it.
    pub is_own: bool,
}

/// Named admin tokens.
#[derive(Debug)]
pub struct Tokens<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// All of them.
    pub tokens: &'a [TokenRow<'a>],
}

impl Tokens<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let new = || Button::link(paths::TOKEN_NEW, words.new_token, Look::Primary);
        let main = Main::new(words.tokens).lead(words.tokens_lead).button(new());
        match self.tokens.is_empty() {
            true => main.block(Block::Empty(words.no_tokens.into(), Some(new()))),
            false => main.block(Block::Table(self.table())),
        }
    }

    fn table(&self) -> Table<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        Table {
            caption: words.tokens.into(),
            columns: vec![
                common.name,
                common.start_of_key,
                words.rights,
                common.created,
                common.expires,
                common.state,
                common.actions,
            ],
            rows: self.tokens.iter().map(|token| row(token, words, common)).collect(),
            pick: None,
        }
    }
}

fn row<'a>(token: &'a TokenRow<'a>, words: &'static Words, common: &'static Common) -> Row<'a> {
    let delete = Button::link(paths::token_do(token.id, Do::Delete), common.delete, Look::SmallRemove);
    let state = match (token.is_expired, token.is_own) {
        (true, _) => StateMark::stopped(common.expired),
        (false, true) => StateMark::of(State::Active, words.this_session),
        (false, false) => StateMark::of(State::Active, common.active),
    };
    vec![
        Cell::text(token.name),
        Cell::Code(token.start.into()),
        Cell::text(if token.is_read_only { words.read_only } else { words.may_change }),
        Cell::Time(Instant(token.created)),
        Cell::time_or(token.expires, common.never),
        Cell::State(state),
        Cell::Buttons(vec![delete.of(token.name)]),
    ]
    .into()
}

/// A new one.
#[derive(Debug)]
pub struct TokenNew<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The name that was typed.
    pub name: Typed<'a>,
    /// Whether it shall only read.
    pub is_read_only: bool,
    /// When it shall end.
    pub ends: Ends<'a>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl TokenNew<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let read_only = tick("read_only", words.read_only, self.is_read_only);
        let mut fields =
            vec![self.name.line("name", words.token_name), with_help(words.read_only_help, read_only)];
        fields.extend(self.ends.of_new(Keys::of(self.frame.language).ends, self.frame.language));
        let form = FormBlock::post(common, "token", paths::TOKEN_NEW, common.create, fields)
            .nonce(self.nonce)
            .cancel(paths::TOKENS);
        Main::new(words.new_token).block(Block::Form(form))
    }
}

/// The answer that shows a token: the one page that does, and once.
#[derive(Debug)]
pub struct TokenShown<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Its name.
    pub name: &'a str,
    /// The token.
    pub token: &'a str,
}

impl TokenShown<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let stored = Button::link(paths::TOKENS, Keys::of(self.frame.language).stored, Look::Primary);
        let token = Copied {
            id: "token".into(),
            label: format!("{}: {}", words.token, self.name).into(),
            value: self.token.into(),
            help: common.select_and_copy,
        };
        Main::new(words.token_shown)
            .lead(common.shown_once)
            .block(Block::Copy(token))
            .block(Block::Buttons(vec![stored]))
    }
}

/// The answer to the form of a token that was sent once more: the token is never shown again.
#[derive(Debug)]
pub struct TokenShownAlready<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Id of the token.
    pub token: &'a str,
}

impl TokenShownAlready<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let stored = Button::link(paths::TOKENS, Keys::of(self.frame.language).stored, Look::Primary);
        let delete = Button::link(paths::token_do(self.token, Do::Delete), common.delete, Look::Remove);
        Main::new(words.token_shown_already)
            .lead(words.token_shown_already_text)
            .block(Block::Buttons(vec![stored, delete]))
    }
}
