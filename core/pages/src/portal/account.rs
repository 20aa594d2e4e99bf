//! The own account.

use super::fields::{MetaField, current, email, new, password_rule};
use super::paths;
use super::words::Account as Words;
use crate::Frame;
use crate::parts::blocks::{Block, Button, Danger, Look, Main, StateMark};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::time::Instant;
use crate::parts::{State, Time};
use crate::words::Common;

/// A session of the developer's.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// Its id.
    pub id: &'a str,
    /// The family of the browser, where it is known.
    pub browser: Option<&'a str>,
    /// Since when.
    pub created: Time,
    /// When it was last used, to five minutes.
    pub last_seen: Time,
    /// Whether the page is shown in it.
    pub is_this: bool,
}

/// What is wrong with a change of the password; what was typed never comes back.
#[derive(Clone, Copy, Debug, Default)]
pub struct PasswordFields<'a> {
    /// With the one of before.
    pub old_fault: Option<&'a str>,
    /// With the new one.
    pub new_fault: Option<&'a str>,
    /// Too many attempts: seconds to wait.
    pub wait: Option<u64>,
}

/// The account. Its forms send the administrator's fields; `email`; `old_password` and `password`.
#[derive(Debug)]
pub struct Account<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The address of now.
    pub email: &'a str,
    /// What administrators ask for, the name first.
    pub meta: &'a [MetaField<'a>],
    /// What was typed of a new address.
    pub new_email: Typed<'a>,
    /// What came of changing the password.
    pub password: PasswordFields<'a>,
    /// Characters of a password, at least.
    pub password_min: u64,
    /// All sessions, the latest first.
    pub sessions: &'a [Session<'a>],
}

impl Account<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let danger = Danger {
            title: words.delete,
            text: words.delete_danger.into(),
            buttons: vec![Button::link(paths::ACCOUNT_DELETE, words.delete, Look::Remove)],
            form: None,
        };
        Main::new(words.account)
            .blocks(self.about())
            .blocks(self.address())
            .blocks(self.password())
            .blocks(self.sessions())
            .block(Block::Danger(danger))
    }

    fn about(&self) -> Vec<Block<'_>> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        if self.meta.is_empty() {
            return Vec::new();
        }
        let fields = self.meta.iter().map(|field| field.field(self.frame.language)).collect();
        let form = FormBlock::post(common, "about", paths::ACCOUNT_META, common.save, fields);
        vec![Block::Heading(words.personal.into()), Block::Form(form)]
    }

    fn address(&self) -> [Block<'_>; 3] {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let fields = vec![with_help(words.new_email_help, email(self.new_email, words.new_email))];
        let form = FormBlock::post(common, "email", paths::ACCOUNT_EMAIL, words.change_email, fields);
        [
            Block::Heading(words.email.into()),
            Block::Facts(vec![(words.current_email.into(), Cell::text(self.email))]),
            Block::Form(form),
        ]
    }

    fn password(&self) -> [Block<'_>; 4] {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let fields = vec![
            current("old_password", words.old_password, self.password.old_fault),
            new("password", words.new_password, self.password.new_fault),
        ];
        let try_again = super::words::Access::of(self.frame.language).try_again;
        let form =
            FormBlock::post(common, "password", paths::ACCOUNT_PASSWORD, words.change_password, fields)
                .fault(self.password.wait.map(try_again));
        [
            Block::Heading(words.password.into()),
            Block::Paragraph(words.change_password_lead.into()),
            Block::Paragraph(password_rule(self.frame, self.password_min).into()),
            Block::Form(form),
        ]
    }

    fn sessions(&self) -> Vec<Block<'_>> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let table = Table {
            caption: words.logged_in.into(),
            columns: vec![words.browser, common.created, words.last_seen, common.state, common.actions],
            rows: self.sessions.iter().map(|session| row(session, words, common)).collect(),
            pick: None,
        };
        let mut blocks = vec![Block::Heading(words.sessions.into()), Block::Table(table)];
        if self.sessions.iter().any(|session| !session.is_this) {
            let end = Button::post(paths::ACCOUNT_END_OTHERS, words.end_others, Look::Remove);
            blocks.push(Block::Buttons(vec![end]));
        }
        blocks
    }
}

fn row<'a>(session: &'a Session<'a>, words: &'static Words, common: &'static Common) -> Row<'a> {
    let browser = session.browser.unwrap_or(words.unknown_browser);
    let end =
        || Button::post(paths::end_session(session.id), words.end_session, Look::SmallRemove).of(browser);
    let (state, buttons) = match session.is_this {
        true => (words.this_one, Vec::new()),
        false => (common.active, vec![end()]),
    };
    vec![
        Cell::text(browser),
        Cell::Time(Instant(session.created)),
        Cell::Time(Instant(session.last_seen)),
        Cell::State(StateMark::of(State::Active, state)),
        Cell::Buttons(buttons),
    ]
    .into()
}

/// Asks before the account is deleted.
#[derive(Debug)]
pub struct AccountDelete<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// How many applications stop.
    pub applications: u64,
    /// Within how many seconds calls are refused, everywhere.
    pub within_seconds: u64,
}

impl AccountDelete<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let form = FormBlock::post(common, "confirm", paths::ACCOUNT_DELETE, words.delete, Vec::new())
            .removes()
            .cancel(paths::ACCOUNT);
        let stops = (words.delete_stops)(self.applications, self.within_seconds);
        Main::new(words.delete_title)
            .lead(words.delete_text)
            .block(Block::Danger(Danger::asked(common, stops, form)))
    }
}
