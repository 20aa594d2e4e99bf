//! Developers by state, and one of them.

use super::applications::{ApplicationRow, table as application_table};
use super::paths::{self, Do};
use super::services::List;
use super::words::{People, Services};
use crate::Frame;
use crate::parts::blocks::{Block, Button, Danger, Look, Main, StateMark, Tab, Tabs};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::time::Instant;
use crate::parts::{Paging, State, Time};
use crate::words::Common;

/// A developer in the list.
#[derive(Clone, Copy, Debug)]
pub struct DeveloperRow<'a> {
    /// The id.
    pub id: &'a str,
    /// The e-mail address.
    pub email: &'a str,
    /// The full name, where it is asked for.
    pub full_name: Option<&'a str>,
    /// How many applications.
    pub applications: u64,
    /// When the account was made.
    pub created: Time,
}

/// Developers in one state.
#[derive(Debug)]
pub struct Developers<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The state.
    pub state: State,
    /// Those of this page.
    pub developers: &'a [DeveloperRow<'a>],
    /// Where the others are.
    pub paging: Paging<'a>,
}

impl Developers<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = People::of(self.frame.language);
        let invite = Button::link(paths::INVITE, words.invite, Look::Primary);
        let main = Main::new(words.developers).button(invite).tabs(self.tabs());
        if self.developers.is_empty() && self.paging.search.is_empty() {
            return main.block(Block::Empty(words.no_developers.into(), None));
        }
        let list = List { frame: self.frame, path: paths::DEVELOPERS, paging: &self.paging };
        let Block::Form(search) = list.search() else { return main };
        let main = main.block(Block::Form(search.hidden("state", paths::state_value(self.state))));
        let found = match self.developers.is_empty() {
            true => Block::Empty(Services::of(self.frame.language).none_found.into(), None),
            false => Block::Table(self.table()),
        };
        main.block(found).block(super::services::pages(self.frame, &self.paging))
    }

    fn tabs(&self) -> Tabs<'_> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let states = [State::Waiting, State::Active, State::Rejected, State::Revoked];
        let tab = |state: State| Tab {
            href: paths::developers_in(state),
            text: common.state(state).into(),
            is_current: state == self.state,
        };
        Tabs { label: words.developers.into(), tabs: states.into_iter().map(tab).collect() }
    }

    fn table(&self) -> Table<'_> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        Table {
            caption: common.state(self.state).into(),
            columns: vec![words.email, words.full_name, words.applications, common.created, common.actions],
            rows: self.developers.iter().map(|developer| self.row(developer)).collect(),
            pick: None,
        }
    }

    fn row<'r>(&self, developer: &'r DeveloperRow<'r>) -> Row<'r> {
        let common = Common::of(self.frame.language);
        let buttons = buttons(developer.id, self.state, common, [Look::Small, Look::SmallRemove]);
        vec![
            Cell::link(paths::developer(developer.id), developer.email),
            Cell::text(developer.full_name.unwrap_or(common.none)),
            Cell::Number(developer.applications),
            Cell::Time(Instant(developer.created)),
            Cell::Buttons(buttons.into_iter().map(|button| button.of(developer.email)).collect()),
        ]
        .into()
    }
}

/// What can be done with a developer in a state; what takes something away is a link, to a page that asks.
fn buttons<'a>(
    developer: &str,
    state: State,
    common: &'static Common,
    [ordinary, remove]: [Look; 2],
) -> Vec<Button<'a>> {
    let path = |what| paths::developer_do(developer, what);
    let approve = |text| Button::post(path(Do::Approve), text, ordinary);
    let delete = Button::link(path(Do::Delete), common.delete, remove);
    match state {
        State::Waiting => {
            vec![approve(common.approve), Button::post(path(Do::Reject), common.reject, ordinary)]
        }
        State::Active => vec![Button::link(path(Do::Revoke), common.revoke, remove), delete],
        State::Rejected => vec![approve(common.approve), delete],
        State::Revoked => vec![approve(common.approve_again), delete],
        State::None => vec![delete],
    }
}

/// One developer.
#[derive(Debug)]
pub struct Developer<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The id.
    pub id: &'a str,
    /// The e-mail address.
    pub email: &'a str,
    /// The state.
    pub state: State,
    /// When the account was made.
    pub created: Time,
    /// What was asked for at the sign-up: labels and values.
    pub meta: &'a [(&'a str, &'a str)],
    /// The developer's applications.
    pub applications: &'a [ApplicationRow<'a>],
    /// Whether mail is sent: a link for a new password is shown where it is not.
    pub has_mail: bool,
}

impl Developer<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let applications = match self.applications.is_empty() {
            true => Block::Empty(words.no_own_applications.into(), None),
            false => Block::Table(application_table(self.frame, self.applications)),
        };
        let buttons = buttons(self.id, self.state, common, [Look::Ordinary, Look::Remove]);
        let danger = Danger {
            title: common.danger,
            text: words.danger_developer.into(),
            buttons: buttons.into_iter().map(|button| button.of(self.email)).collect(),
            form: None,
        };
        Main::new(self.email)
            .state(StateMark::of(self.state, common.state(self.state)))
            .block(applications)
            .block(Block::Facts(self.facts()))
            .blocks(self.reset())
            .block(Block::Danger(danger))
    }

    fn facts(&self) -> Vec<(crate::parts::blocks::Text<'_>, Cell<'_>)> {
        let common = Common::of(self.frame.language);
        let created = (common.created.into(), Cell::Time(Instant(self.created)));
        let meta = self.meta.iter().map(|(label, value)| ((*label).into(), Cell::text(*value)));
        std::iter::once(created).chain(meta).collect()
    }

    fn reset(&self) -> Vec<Block<'_>> {
        let words = People::of(self.frame.language);
        let text = if self.has_mail { words.reset_password } else { words.make_reset_link };
        let reset = Button::post(paths::developer_do(self.id, Do::Reset), text, Look::Ordinary);
        vec![Block::Paragraph(words.reset_help.into()), Block::Buttons(vec![reset])]
    }
}
