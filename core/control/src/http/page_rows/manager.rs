//! Rows of the pages of administrators.

use super::{act, form, show};
use crate::http::endpoints::{Call, Endpoint, Surface, Who};
use crate::http::page_names::{ManagerPage, Page};

const fn row(path: &'static str, calls: &'static [Call]) -> Endpoint {
    Endpoint { surface: Surface::Manager, path, calls }
}

const fn page(page: ManagerPage) -> Page {
    Page::Manager(page)
}

/// The pages of administrators, but for those below.
#[rustfmt::skip]
pub(in crate::http) static ROWS: &[Endpoint] = &[
    row("/", &show(page(ManagerPage::Start))),
    row("/log-in", &form(page(ManagerPage::LogIn))),
    row("/log-in/link", &form(page(ManagerPage::LogInLink))),
    row("/log-out", &act(page(ManagerPage::LogOut))),
    row("/help", &show(page(ManagerPage::Help))),
];

impl ManagerPage {
    /// Who may see it.
    pub fn who(self) -> Who {
        match self {
            ManagerPage::LogIn | ManagerPage::LogInLink | ManagerPage::Help => Who::Anyone,
            _ => Who::Administrator,
        }
    }
}
