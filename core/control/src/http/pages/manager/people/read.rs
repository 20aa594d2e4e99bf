//! Developers, applications and contracts, as the Admin API answers them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::http::pages::answered::{Answered, answered};
use crate::http::pages::desk::{Desk, of};
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{ContractRow, Thing};
use latchkey_pages::parts::{State, Time};
use latchkey_store::Store;

answered! {
    /// What an entity refers to.
    pub(in crate::http::pages::manager) struct Reference {
        pub(super) id: String,
    }

    pub(in crate::http::pages::manager) struct Contract {
        pub(in crate::http::pages::manager) id: String,
        status: u8,
        pub(super) note: Option<String>,
        reason: Option<String>,
        pub(super) updated_at: u64,
        pub(super) application: Reference,
        pub(super) service: Reference,
    }

    pub(super) struct Developer {
        pub(super) id: String,
        pub(super) email: String,
        status: u8,
        pub(super) meta: Option<String>,
        pub(super) created_at: u64,
    }

    pub(in crate::http::pages::manager) struct Application {
        pub(super) id: String,
        pub(super) name: String,
        pub(super) redirect_uri: Option<String>,
        pub(super) enabled: bool,
        pub(super) created_at: u64,
        pub(super) developer: Reference,
    }

    pub(super) struct Service {
        pub(super) id: String,
        name: Option<String>,
    }
}

/// The state that a status of the Admin API stands for.
pub(super) fn state(status: u8) -> State {
    match status {
        0 => State::Active,
        1 => State::Waiting,
        2 => State::Rejected,
        _ => State::Revoked,
    }
}

/// The status of the Admin API for a state.
pub(super) fn status(state: State) -> u8 {
    match state {
        State::Active => 0,
        State::Waiting => 1,
        State::Rejected => 2,
        State::Revoked | State::None => 3,
    }
}

impl Contract {
    pub(in crate::http::pages::manager) fn state(&self) -> State {
        state(self.status)
    }

    /// As lists show it.
    pub(in crate::http::pages::manager) fn row<'a>(&'a self, parties: &'a Parties) -> ContractRow<'a> {
        ContractRow {
            id: &self.id,
            application: parties.application(&self.application.id),
            service: parties.service(&self.service.id),
            state: self.state(),
            since: Time(self.updated_at),
            reason: self.reason.as_deref(),
        }
    }
}

impl Developer {
    pub(super) fn state(&self) -> State {
        state(self.status)
    }

    pub(super) fn thing(&self) -> Thing<'_> {
        Thing { id: &self.id, name: &self.email }
    }
}

impl Application {
    pub(super) fn thing(&self) -> Thing<'_> {
        Thing { id: &self.id, name: &self.name }
    }
}

impl Service {
    /// Its name, or its id where it has none.
    pub(super) fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// Those of some entities that there are, in the order of their ids.
pub(in crate::http::pages::manager) struct ById<T>(Vec<(String, T)>);

impl<T> ById<T> {
    pub(super) fn get(&self, id: &str) -> Option<&T> {
        let at = self.0.binary_search_by(|(known, _)| known.as_str().cmp(id));
        at.ok().map(|at| &self.0[at].1)
    }

    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.0.into_iter().map(|(_, one)| one)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, one)| one)
    }
}

impl<T: Answered> ById<T> {
    /// What was answered for each id; null: there is none.
    fn of(ids: BTreeSet<&str>, answers: Vec<Value>) -> Result<Self, Refusal> {
        let answers = ids.into_iter().zip(answers).filter(|(_, answer)| !answer.is_null());
        let read = answers.map(|(id, answer)| Ok((id.to_owned(), of(answer)?)));
        Ok(ById(read.collect::<Result<_, Refusal>>()?))
    }
}

/// Applications and services that contracts are between. One that has gone meanwhile is called by its id.
pub(in crate::http::pages::manager) struct Parties {
    pub(super) applications: ById<Application>,
    services: ById<Service>,
}

impl Parties {
    pub(super) fn application<'a>(&'a self, id: &'a str) -> Thing<'a> {
        let name = self.applications.get(id).map_or(id, |application| application.name.as_str());
        Thing { id, name }
    }

    pub(super) fn service<'a>(&'a self, id: &'a str) -> Thing<'a> {
        Thing { id, name: self.services.get(id).map_or(id, Service::shown_name) }
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// Those of some entities that there are, by their ids.
    pub(super) async fn find_all<T: Answered>(
        &self,
        kind: &str,
        ids: BTreeSet<&str>,
    ) -> Result<ById<T>, Refusal> {
        let paths: Vec<Vec<&str>> = ids.iter().map(|id| vec![kind, id]).collect();
        ById::of(ids, self.each(&paths, "").await?)
    }

    pub(in crate::http::pages::manager) async fn parties(
        &self,
        contracts: &[Contract],
    ) -> Result<Parties, Refusal> {
        let applications = contracts.iter().map(|contract| contract.application.id.as_str()).collect();
        let services = contracts.iter().map(|contract| contract.service.id.as_str()).collect();
        let (applications, services): (BTreeSet<&str>, BTreeSet<&str>) = (applications, services);
        let paths = applications.iter().map(|id| vec!["applications", id]);
        let paths: Vec<Vec<&str>> = paths.chain(services.iter().map(|id| vec!["services", id])).collect();
        let mut found = self.each(&paths, "").await?;
        let of_services = found.split_off(applications.len());
        Ok(Parties {
            applications: ById::of(applications, found)?,
            services: ById::of(services, of_services)?,
        })
    }
}
