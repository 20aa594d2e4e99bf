//! Rows of the pages of who asks for access.

use super::{act, form, show};
use crate::http::endpoints::{Call, Endpoint, Surface};
use crate::http::page_names::{ManagerPage, Page, PeoplePage};

const fn row(path: &'static str, calls: &'static [Call]) -> Endpoint {
    Endpoint { surface: Surface::Manager, path, calls }
}

/// These pages.
#[rustfmt::skip]
pub(in crate::http) static ROWS: &[Endpoint] = &[
    row("/requests", &show(page(PeoplePage::Requests))),
    row("/requests/approve", &act(page(PeoplePage::RequestsApprove))),
    row("/requests/reject", &act(page(PeoplePage::RequestsReject))),
    row("/contracts", &show(page(PeoplePage::Contracts))),
    row("/contracts/{contract}/approve", &act(page(PeoplePage::ContractApprove))),
    row("/contracts/{contract}/reject", &act(page(PeoplePage::ContractReject))),
    row("/contracts/{contract}/revoke", &form(page(PeoplePage::ContractRevoke))),
    row("/developers", &show(page(PeoplePage::Developers))),
    row("/developers/invite", &form(page(PeoplePage::Invite))),
    row("/developers/{developer}", &show(page(PeoplePage::Developer))),
    row("/developers/{developer}/approve", &act(page(PeoplePage::DeveloperApprove))),
    row("/developers/{developer}/reject", &act(page(PeoplePage::DeveloperReject))),
    row("/developers/{developer}/revoke", &form(page(PeoplePage::DeveloperRevoke))),
    row("/developers/{developer}/delete", &form(page(PeoplePage::DeveloperDelete))),
    row("/developers/{developer}/reset", &act(page(PeoplePage::DeveloperReset))),
    row("/applications", &show(page(PeoplePage::Applications))),
    row("/applications/{application}", &show(page(PeoplePage::Application))),
    row("/applications/{application}/suspend", &form(page(PeoplePage::ApplicationSuspend))),
    row("/applications/{application}/resume", &act(page(PeoplePage::ApplicationResume))),
    row("/applications/{application}/delete", &form(page(PeoplePage::ApplicationDelete))),
    row("/applications/{application}/move", &form(page(PeoplePage::ApplicationMove))),
    row("/applications/{application}/keys/{key}/suspend", &form(page(PeoplePage::KeySuspend))),
    row("/applications/{application}/keys/{key}/resume", &act(page(PeoplePage::KeyResume))),
    row("/applications/{application}/keys/{key}/delete", &form(page(PeoplePage::KeyDelete))),
];

const fn page(page: PeoplePage) -> Page {
    Page::Manager(ManagerPage::People(page))
}
