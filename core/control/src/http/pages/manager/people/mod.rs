//! Pages of who asks for access.

mod applications;
mod contracts;
pub(super) mod deciding;
mod developers;
mod invite;
mod keys;
pub(super) mod read;
mod requests;

use bytes::Bytes;
use http::Response;

use crate::http::page_names::PeoplePage;
use crate::http::pages::desk::Desk;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::parts::State;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn people_page(&self, page: PeoplePage) -> Result<Response<Bytes>, Refusal> {
        match page {
            PeoplePage::Requests => self.requests().await,
            PeoplePage::RequestsApprove => self.requests_decide(State::Active).await,
            PeoplePage::RequestsReject => self.requests_decide(State::Rejected).await,
            PeoplePage::Contracts => self.contracts().await,
            PeoplePage::ContractApprove => self.contract_decide(State::Active).await,
            PeoplePage::ContractReject => self.contract_decide(State::Rejected).await,
            PeoplePage::ContractRevoke => self.contract_revoke().await,
            PeoplePage::Developers => self.developers().await,
            PeoplePage::Invite => self.invite().await,
            PeoplePage::Developer => self.developer().await,
            PeoplePage::DeveloperApprove => self.developer_decide(State::Active).await,
            PeoplePage::DeveloperReject => self.developer_decide(State::Rejected).await,
            PeoplePage::DeveloperRevoke => self.developer_decide(State::Revoked).await,
            PeoplePage::DeveloperDelete => self.developer_delete().await,
            PeoplePage::DeveloperReset => self.developer_reset().await,
            PeoplePage::Applications => self.applications().await,
            PeoplePage::Application => self.application().await,
            PeoplePage::ApplicationSuspend => self.application_set_enabled(false).await,
            PeoplePage::ApplicationResume => self.application_set_enabled(true).await,
            PeoplePage::ApplicationDelete => self.application_delete().await,
            PeoplePage::ApplicationMove => self.application_move().await,
            PeoplePage::KeySuspend => self.application_key_set_enabled(false).await,
            PeoplePage::KeyResume => self.application_key_set_enabled(true).await,
            PeoplePage::KeyDelete => self.application_key_delete().await,
        }
    }
}
