//! All contracts, by state, service and application.

use super::Thing;
use super::paths::{self, Do};
use super::services::pages;
use super::words::{People, Services};
use crate::Frame;
use crate::parts::blocks::{Block, Button, Look, Main, StateMark};
use crate::parts::fields::FormBlock;
use crate::parts::table::{Cell, Row, Table};
use crate::parts::time::Instant;
use crate::parts::{Field, Input};
use crate::parts::{Paging, State, Time};
use crate::words::Common;

/// A contract in a list.
#[derive(Clone, Copy, Debug)]
pub struct ContractRow<'a> {
    /// Its id.
    pub id: &'a str,
    /// Which application may use …
    pub application: Thing<'a>,
    /// … which service.
    pub service: Thing<'a>,
    /// Its state.
    pub state: State,
    /// Since when it has that state.
    pub since: Time,
    /// What an administrator said of it.
    pub reason: Option<&'a str>,
}

/// Which contracts are shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContractFilter<'a> {
    /// In this state; `None`: any.
    pub state: Option<State>,
    /// With the service of this name.
    pub service: &'a str,
    /// With the application of this name.
    pub application: &'a str,
}

impl ContractFilter<'_> {
    fn is_set(&self) -> bool {
        self.state.is_some() || !self.service.is_empty() || !self.application.is_empty()
    }
}

/// Contracts.
#[derive(Debug)]
pub struct Contracts<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Those of this page.
    pub contracts: &'a [ContractRow<'a>],
    /// Which are shown.
    pub filter: ContractFilter<'a>,
    /// Where the others are.
    pub paging: Paging<'a>,
}

impl Contracts<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = People::of(self.frame.language);
        let none_found = Services::of(self.frame.language).none_found;
        let main = Main::new(words.contracts);
        if self.contracts.is_empty() && !self.filter.is_set() {
            return main.block(Block::Empty(words.no_contracts.into(), None));
        }
        let main = main.block(Block::Form(self.filters()));
        match self.contracts.is_empty() {
            true => main.block(Block::Empty(none_found.into(), None)),
            false => main
                .block(Block::Table(table(self.frame, self.contracts)))
                .block(pages(self.frame, &self.paging)),
        }
    }

    fn filters(&self) -> FormBlock<'_> {
        let common = Common::of(self.frame.language);
        let states = [State::Waiting, State::Active, State::Rejected, State::Revoked];
        let states = states.map(|state| (paths::state_value(state), common.state(state)));
        let choices = std::iter::once(("", common.all)).chain(states).collect();
        let state = self.filter.state.map_or("", paths::state_value);
        let line = |name, label, value| Field { is_required: false, ..Field::line(name, label, value) };
        let fields = vec![
            Field { input: Input::Choice(choices), ..Field::line("state", common.state, state) },
            line("service", common.service, self.filter.service),
            line("application", common.application, self.filter.application),
        ];
        FormBlock::get(common, paths::CONTRACTS, common.filter, fields)
    }
}

/// Contracts as a table, with what can be done with each.
pub(super) fn table<'a>(frame: &Frame<'_>, contracts: &'a [ContractRow<'a>]) -> Table<'a> {
    let (words, common) = (People::of(frame.language), Common::of(frame.language));
    Table {
        caption: words.contracts.into(),
        columns: vec![
            common.application,
            common.service,
            common.state,
            common.since,
            common.reason,
            common.actions,
        ],
        rows: contracts.iter().map(|contract| row(contract, words, common)).collect(),
        pick: None,
    }
}

fn row<'a>(contract: &'a ContractRow<'a>, words: &'static People, common: &'static Common) -> Row<'a> {
    let of = (words.pick_one)(contract.application.name, contract.service.name);
    let buttons = buttons(contract, common).into_iter().map(|button| button.of(of.clone())).collect();
    vec![
        Cell::link(paths::application(contract.application.id), contract.application.name),
        Cell::link(paths::service(contract.service.id), contract.service.name),
        Cell::State(StateMark::of(contract.state, common.state(contract.state))),
        Cell::Time(Instant(contract.since)),
        Cell::text(contract.reason.unwrap_or(common.none)),
        Cell::Buttons(buttons),
    ]
    .into()
}

/// What takes access away is a link, to a page that asks first.
fn buttons<'a>(contract: &ContractRow<'_>, common: &'static Common) -> Vec<Button<'a>> {
    let post = |what, text| Button::post(paths::contract_do(contract.id, what), text, Look::Small);
    match contract.state {
        State::Waiting => vec![post(Do::Approve, common.approve), post(Do::Reject, common.reject)],
        State::Active => {
            let revoke = paths::contract_do(contract.id, Do::Revoke);
            vec![Button::link(revoke, common.revoke, Look::SmallRemove)]
        }
        State::Rejected => vec![post(Do::Approve, common.approve)],
        State::Revoked => vec![post(Do::Approve, common.approve_again)],
        State::None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn only_what_the_state_allows_can_be_done() {
        let common = Common::of(Language::En);
        for (state, expected) in [
            (State::Waiting, "/approve /reject"),
            (State::Active, "/revoke"),
            (State::Rejected, "/approve"),
            (State::Revoked, "/approve"),
            (State::None, ""),
        ] {
            let thing = Thing { id: "x", name: "X" };
            let (id, since) = ("c", Time(0));
            let contract = ContractRow { id, application: thing, service: thing, state, since, reason: None };
            let html: Vec<String> = buttons(&contract, common).iter().map(ToString::to_string).collect();
            let html = html.concat();
            let found = html.matches("/manager/contracts/c/").count();
            assert_eq!(found, expected.split_whitespace().count(), "{html}");
            assert!(expected.split_whitespace().all(|path| html.contains(path)), "{html}");
        }
    }
}
