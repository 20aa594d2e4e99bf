//! Contracts of a service.

use bytes::Bytes;
use futures_util::future::try_join;
use http::Response;

use crate::http::pages::desk::Desk;
use crate::http::pages::listing::Listing;
use crate::http::pages::manager::people::read::Contract;
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{ContractRow, ServiceContracts, paths};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn service_contracts(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let list = ["services", self.page.part("service"), "application_instances"];
        let (service, listed) = try_join(self.one_service(), self.list::<Contract>(&list, &[])).await?;
        let parties = self.parties(&listed.data).await?;
        let rows: Vec<ContractRow<'_>> = listed.data.iter().map(|contract| contract.row(&parties)).collect();
        let own = paths::service_contracts(&service.id);
        let listing = Listing::of(page, &own, listed.offset.as_deref(), &[]);
        let paging = listing.paging(listed.all());
        let (url, path) = (service.url(), self.page.path());
        let frame = self.page.manager_frame(&path);
        Ok(shown(&ServiceContracts { frame: &frame, service: service.tab(&url), contracts: &rows, paging }))
    }
}
