//! Rows of the pages of consumers, the audit, settings and tokens.

use super::{act, form, show};
use crate::http::endpoints::{Call, Endpoint, Surface};
use crate::http::page_names::{HousePage, ManagerPage, Page};

const fn row(path: &'static str, calls: &'static [Call]) -> Endpoint {
    Endpoint { surface: Surface::Manager, path, calls }
}

/// These pages.
#[rustfmt::skip]
pub(in crate::http) static ROWS: &[Endpoint] = &[
    row("/consumers", &show(page(HousePage::Consumers))),
    row("/consumers/new", &form(page(HousePage::ConsumerNew))),
    row("/consumers/{consumer}", &form(page(HousePage::Consumer))),
    row("/consumers/{consumer}/suspend", &form(page(HousePage::ConsumerSuspend))),
    row("/consumers/{consumer}/resume", &act(page(HousePage::ConsumerResume))),
    row("/consumers/{consumer}/delete", &form(page(HousePage::ConsumerDelete))),
    row("/consumers/{consumer}/keys/new", &form(page(HousePage::KeyNew))),
    row("/consumers/{consumer}/keys/{key}/rotate", &form(page(HousePage::KeyRotate))),
    row("/consumers/{consumer}/keys/{key}/end-old", &form(page(HousePage::KeyEndOld))),
    row("/consumers/{consumer}/keys/{key}/suspend", &form(page(HousePage::KeySuspend))),
    row("/consumers/{consumer}/keys/{key}/resume", &act(page(HousePage::KeyResume))),
    row("/consumers/{consumer}/keys/{key}/delete", &form(page(HousePage::KeyDelete))),
    row("/audit", &show(page(HousePage::Audit))),
    row("/audit/export", &show(page(HousePage::AuditExport))),
    row("/tokens", &show(page(HousePage::Tokens))),
    row("/tokens/new", &form(page(HousePage::TokenNew))),
    row("/tokens/{token}/delete", &form(page(HousePage::TokenDelete))),
    row("/settings", &show(page(HousePage::Settings))),
    row("/settings/look", &act(page(HousePage::SettingsLook))),
    row("/settings/logo", &act(page(HousePage::SettingsLogo))),
    row("/settings/logo/remove", &act(page(HousePage::SettingsLogoRemove))),
    row("/settings/test-mail", &act(page(HousePage::SettingsTestMail))),
    row("/settings/sign-up", &act(page(HousePage::SettingsSignUp))),
    row("/settings/mail", &act(page(HousePage::SettingsMail))),
    row("/find-key", &form(page(HousePage::FindKey))),
];

const fn page(page: HousePage) -> Page {
    Page::Manager(ManagerPage::House(page))
}
