//! Contracts: the list by state, service and application, and what is done with one.

use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::read::{Application, Contract, Parties, Service, status};
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::{Listed, Listing, SIZE, list_query};
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::manager::{ContractFilter, ContractRow, Contracts, Taking, paths};
use latchkey_pages::parts::State;
use latchkey_store::Store;

/// Applications of a name whose contracts are listed.
const NAMED_MAX: usize = 20;

/// The state that a query asks for.
pub(super) fn asked_state(text: Option<&str>) -> Option<State> {
    let states = [State::Waiting, State::Active, State::Rejected, State::Revoked];
    states.into_iter().find(|state| Some(paths::state_value(*state)) == text)
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn contracts(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let text = |name: &'static str| page.query.value(name).unwrap_or_default().trim();
        let filter = ContractFilter {
            state: asked_state(page.query.value("state")),
            service: text("service"),
            application: text("application"),
        };
        let listed = self.contracts_of(filter).await?;
        let parties = self.parties(&listed.data).await?;
        let rows: Vec<ContractRow<'_>> = listed.data.iter().map(|contract| contract.row(&parties)).collect();
        let kept = ["state", "service", "application"];
        let listing = Listing::of(page, paths::CONTRACTS, listed.offset.as_deref(), &kept);
        let path = page.path();
        let frame = page.manager_frame(&path);
        let is_filtered =
            filter.state.is_some() || !filter.service.is_empty() || !filter.application.is_empty();
        let paging = listing.paging(listed.found(is_filtered, None));
        Ok(shown(&Contracts { frame: &frame, contracts: &rows, filter, paging }))
    }

    /// The page of contracts that a filter lets through. By the name of an application: up to fifty of them.
    async fn contracts_of(&self, filter: ContractFilter<'_>) -> Result<Listed<Contract>, Refusal> {
        let nothing = Listed { data: Vec::new(), offset: None, total: Some(0) };
        let status = filter.state.map(|state| status(state).to_string()).unwrap_or_default();
        let service = match filter.service {
            "" => String::new(),
            name => match self.service_named(name).await? {
                Some(id) => id,
                None => return Ok(nothing),
            },
        };
        let filters = [("status", status.as_str()), ("service", service.as_str())];
        if filter.application.is_empty() {
            return self.list(&["application_instances"], &filters).await;
        }
        let query = serde_urlencoded::to_string([("q", filter.application)]).unwrap_or_default();
        let applications: Listed<Application> = self.get(&["applications"], &query).await?;
        let query = list_query(None, &filters);
        let lists = applications.data.iter().take(NAMED_MAX);
        let lists = lists.map(|one| vec!["applications", one.id.as_str(), "application_instances"]);
        let mut data: Vec<Contract> = self.all_in(&lists.collect::<Vec<_>>(), &query).await?;
        let total = (data.len() <= SIZE).then_some(data.len() as u64);
        data.truncate(SIZE);
        Ok(Listed { data, offset: None, total })
    }

    /// Id of the service of this name, or of the first whose name has it.
    async fn service_named(&self, name: &str) -> Result<Option<String>, Refusal> {
        let query = serde_urlencoded::to_string([("q", name)]).unwrap_or_default();
        let found: Listed<Service> = self.get(&["services"], &query).await?;
        let exact = found.data.iter().find(|service| service.shown_name() == name);
        Ok(exact.or(found.data.first()).map(|service| service.id.clone()))
    }

    async fn contract(&self) -> Result<Contract, Refusal> {
        self.get(&["application_instances", self.page.part("contract")], "").await
    }

    /// Approves it, also again, or rejects it.
    pub(super) async fn contract_decide(&self, to: State) -> Result<Response<Bytes>, Refusal> {
        let contract = self.contract().await?;
        if contract.state() == to {
            return Ok(self.page.done(Said::AlreadyDone, paths::CONTRACTS));
        }
        let sent = object([("status", json!(status(to)))]);
        self.patch(&["application_instances", &contract.id], sent).await?;
        let said = if to == State::Active { Said::Approved } else { Said::Rejected };
        Ok(self.page.done(said, paths::CONTRACTS))
    }

    pub(super) async fn contract_revoke(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, mut faults) = (self.page, Faults::default());
        let contract = self.contract().await?;
        if contract.state() == State::Revoked {
            return Ok(page.done(Said::AlreadyDone, paths::CONTRACTS));
        }
        if page.is_post() {
            let reason = page.form.value("reason");
            let sent = object([("status", json!(status(State::Revoked))), ("reason", reason)]);
            match self.patch(&["application_instances", &contract.id], sent).await {
                Ok(_) => return Ok(page.done(Said::Revoked, paths::CONTRACTS)),
                // Of one that is in force, only the reason can be wrong.
                Err(refusal) if contract.state() == State::Active => faults = Faults::of(refusal)?,
                Err(refusal) => return Err(refusal),
            }
        }
        let parties: Parties = self.parties(std::slice::from_ref(&contract)).await?;
        let (application, service) =
            (parties.application(&contract.application.id), parties.service(&contract.service.id));
        let name = format!("{}: {}", application.name, service.name);
        let of = ["application_instances", contract.id.as_str()];
        self.ask_before(Taking::RevokeContract(&contract.id), &name, of, &faults).await
    }
}
