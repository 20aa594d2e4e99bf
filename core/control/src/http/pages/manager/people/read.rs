//! Developers, applications and contracts, as the Admin API answers them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{try_join, try_join_all};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::http::pages::desk::Desk;
use crate::http::pages::listing::Listed;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{ContractRow, Thing};
use latchkey_pages::parts::{State, Time};
use latchkey_store::Store;

/// What an entity refers to.
#[derive(Deserialize)]
pub(in crate::http::pages::manager) struct Reference {
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(in crate::http::pages::manager) struct Contract {
    pub(in crate::http::pages::manager) id: String,
    status: u8,
    pub(super) note: Option<String>,
    reason: Option<String>,
    pub(super) updated_at: u64,
    pub(super) application: Reference,
    pub(super) service: Reference,
}

#[derive(Deserialize)]
pub(super) struct Developer {
    pub(super) id: String,
    pub(super) email: String,
    status: u8,
    pub(super) meta: Option<String>,
    pub(super) created_at: u64,
}

#[derive(Deserialize)]
pub(in crate::http::pages::manager) struct Application {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) redirect_uri: Option<String>,
    pub(super) enabled: bool,
    pub(super) created_at: u64,
    pub(super) developer: Reference,
}

#[derive(Deserialize)]
pub(super) struct Service {
    pub(super) id: String,
    name: Option<String>,
}

/// The state that a status of the Admin API stands for.
fn state(status: u8) -> State {
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

/// Applications and services that contracts are between. One that has gone meanwhile is called by its id.
#[derive(Default)]
pub(in crate::http::pages::manager) struct Parties {
    pub(super) applications: BTreeMap<String, Application>,
    services: BTreeMap<String, Service>,
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
    pub(super) async fn find_all<T: DeserializeOwned>(
        &self,
        kind: &str,
        ids: BTreeSet<&str>,
    ) -> Result<BTreeMap<String, T>, Refusal> {
        let found = try_join_all(ids.into_iter().map(|id| async move {
            let found: Option<T> = self.find(&[kind, id]).await?;
            Ok::<_, Refusal>(found.map(|one| (id.to_owned(), one)))
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }

    pub(in crate::http::pages::manager) async fn parties(
        &self,
        contracts: &[Contract],
    ) -> Result<Parties, Refusal> {
        let applications = contracts.iter().map(|contract| contract.application.id.as_str()).collect();
        let services = contracts.iter().map(|contract| contract.service.id.as_str()).collect();
        let (applications, services) =
            try_join(self.find_all("applications", applications), self.find_all("services", services))
                .await?;
        Ok(Parties { applications, services })
    }

    /// How many a list has.
    pub(super) async fn count(&self, path: &[&str]) -> Result<u64, Refusal> {
        let listed: Listed<IgnoredAny> = self.get(path, "size=1").await?;
        Ok(listed.count())
    }
}
