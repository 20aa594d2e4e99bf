//! Contracts of a service.

use bytes::Bytes;
use futures_util::future::{try_join, try_join_all};
use http::Response;
use serde::Deserialize;

use super::read::{Contract, Listed};
use crate::http::pages::desk::Desk;
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{ContractRow, ServiceContracts, Thing, paths};
use latchkey_pages::parts::{Paging, Time};
use latchkey_store::Store;

#[derive(Deserialize)]
struct Application {
    name: String,
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn service_contracts(&self) -> Result<Response<Bytes>, Refusal> {
        let offset = self.page.query.value("page").filter(|offset| !offset.is_empty());
        let query = [("size", "50")].into_iter().chain(offset.map(|offset| ("offset", offset)));
        let query = serde_urlencoded::to_string(query.collect::<Vec<_>>()).unwrap_or_default();
        let list = ["services", self.page.part("service"), "application_instances"];
        let (service, listed) =
            try_join(self.one_service(), self.get::<Listed<Contract>>(&list, &query)).await?;
        let names = self.names_of_applications(&listed.data).await?;
        let rows: Vec<ContractRow<'_>> = listed
            .data
            .iter()
            .zip(&names)
            .map(|(contract, name)| ContractRow {
                id: &contract.id,
                application: Thing { id: &contract.application.id, name },
                service: service.thing(),
                state: contract.state(),
                since: Time(contract.updated_at),
                reason: contract.reason.as_deref(),
            })
            .collect();
        let own = paths::service_contracts(&service.id);
        let next =
            listed.offset.as_deref().and_then(|offset| serde_urlencoded::to_string([("page", offset)]).ok());
        let next = next.map(|query| format!("{own}?{query}"));
        let paging = Paging {
            search: "",
            next: next.as_deref(),
            first: offset.map(|_| own.as_str()),
            total: listed.total.unwrap_or(rows.len() as u64),
        };
        let (url, path) = (service.url(), self.page.path());
        let frame = self.page.manager_frame(&path);
        Ok(shown(&ServiceContracts { frame: &frame, service: service.tab(&url), contracts: &rows, paging }))
    }

    /// Of one that has gone since, its id.
    async fn names_of_applications(&self, contracts: &[Contract]) -> Result<Vec<String>, Refusal> {
        try_join_all(contracts.iter().map(|contract| async move {
            let id = contract.application.id.as_str();
            let application: Option<Application> = self.find(&["applications", id]).await?;
            Ok(application.map_or(id.to_owned(), |application| application.name))
        }))
        .await
    }
}
