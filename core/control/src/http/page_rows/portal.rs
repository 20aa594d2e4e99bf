//! Rows of the pages of developers.

use super::{act, form, show};
use crate::http::endpoints::{Action, Call, Endpoint, Plain, Surface, Takes, Who, call};
use crate::http::page_names::{
    AccountPage, ApplicationPage, ContractPage, KeyPage, LogInPage, MailedPage, Page, PortalPage,
    SpecificationPage, VisitorPage,
};

const fn row(path: &'static str, calls: &'static [Call]) -> Endpoint {
    Endpoint { surface: Surface::PortalPages, path, calls }
}

const fn page(page: PortalPage) -> Page {
    Page::Portal(page)
}

const ASSET: Action = Action::Plain(Plain::Asset);

/// The pages of developers. Of paths that are alike the first is taken.
#[rustfmt::skip]
pub(in crate::http) static ROWS: &[Endpoint] = &[
    row("/assets/{asset}", &[call("GET", Takes::Nothing, &[200, 404], ASSET)]),
    row("/logo/{logo}", &show(page(PortalPage::Logo))),
    row("/", &show(page(PortalPage::Services))),
    row("/help", &show(page(PortalPage::Help))),
    row("/services/{service}", &show(page(PortalPage::Service))),
    row("/services/{service}/request", &act(page(PortalPage::RequestService))),
    row("/services/{service}/try", &form(page(PortalPage::TryService))),
    row("/services/{service}/document", &show(specification(SpecificationPage::Download))),
    row("/services/{service}/specification", &show(specification(SpecificationPage::Show))),
    row("/services/{service}/specification/{operation}", &show(specification(SpecificationPage::Operation))),
    row("/sign-up", &form(visitor(VisitorPage::SignUp))),
    row("/look-into-mail", &show(visitor(VisitorPage::LookIntoMail))),
    row("/forgot", &form(visitor(VisitorPage::Forgot))),
    row("/reset", &form(visitor(VisitorPage::Reset))),
    row("/verify/resend", &form(visitor(VisitorPage::Resend))),
    row("/verify", &form(mailed(MailedPage::Verify))),
    row("/verify/not-me", &form(mailed(MailedPage::NotMe))),
    row("/confirm-email", &form(mailed(MailedPage::ConfirmAddress))),
    row("/revert-email", &form(mailed(MailedPage::RevertAddress))),
    row("/log-in", &form(log_in(LogInPage::LogIn))),
    row("/log-in/again", &form(log_in(LogInPage::Again))),
    row("/log-in/link", &form(log_in(LogInPage::Link))),
    row("/log-in/ask-link", &act(log_in(LogInPage::AskLink))),
    row("/log-in/code", &form(log_in(LogInPage::Code))),
    row("/log-out", &act(log_in(LogInPage::LogOut))),
    row("/account", &show(account(AccountPage::Show))),
    row("/account/meta", &act(account(AccountPage::Meta))),
    row("/account/email", &act(account(AccountPage::Email))),
    row("/account/password", &act(account(AccountPage::Password))),
    row("/account/sessions/end-others", &act(account(AccountPage::EndOthers))),
    row("/account/sessions/{session}/end", &act(account(AccountPage::EndSession))),
    row("/account/delete", &form(account(AccountPage::Delete))),
    row("/apps", &show(application(ApplicationPage::List))),
    row("/apps/new", &form(application(ApplicationPage::New))),
    row("/apps/{application}", &show(application(ApplicationPage::Show))),
    row("/apps/{application}/edit", &form(application(ApplicationPage::Edit))),
    row("/apps/{application}/delete", &form(application(ApplicationPage::Delete))),
    row("/apps/{application}/transfer", &form(application(ApplicationPage::Transfer))),
    row("/apps/{application}/transfer/accept", &form(application(ApplicationPage::AcceptTransfer))),
    row("/apps/{application}/keys/new", &form(key(KeyPage::New))),
    row("/apps/{application}/keys/{key}", &show(key(KeyPage::Show))),
    row("/apps/{application}/keys/{key}/rename", &act(key(KeyPage::Rename))),
    row("/apps/{application}/keys/{key}/rotate", &form(key(KeyPage::Rotate))),
    row("/apps/{application}/keys/{key}/end-old", &form(key(KeyPage::EndOld))),
    row("/apps/{application}/keys/{key}/delete", &form(key(KeyPage::Delete))),
    row("/apps/{application}/keys/{key}/replace", &act(key(KeyPage::Replace))),
    row("/apps/{application}/services/{service}", &show(contract(ContractPage::Show))),
    row("/apps/{application}/services/{service}/request", &act(contract(ContractPage::Request))),
    row("/apps/{application}/services/{service}/withdraw", &act(contract(ContractPage::Withdraw))),
    row("/apps/{application}/services/{service}/end", &form(contract(ContractPage::End))),
];

const fn specification(of: SpecificationPage) -> Page {
    page(PortalPage::Specification(of))
}

const fn visitor(of: VisitorPage) -> Page {
    page(PortalPage::Visitor(of))
}

const fn mailed(of: MailedPage) -> Page {
    page(PortalPage::Mailed(of))
}

const fn log_in(of: LogInPage) -> Page {
    page(PortalPage::LogIn(of))
}

const fn account(of: AccountPage) -> Page {
    page(PortalPage::Account(of))
}

const fn application(of: ApplicationPage) -> Page {
    page(PortalPage::Application(of))
}

const fn key(of: KeyPage) -> Page {
    page(PortalPage::Key(of))
}

const fn contract(of: ContractPage) -> Page {
    page(PortalPage::Contract(of))
}

impl PortalPage {
    /// Who may see it, as at the Portal API.
    pub fn who(self) -> Who {
        match self {
            PortalPage::Logo | PortalPage::Help | PortalPage::Visitor(_) | PortalPage::Mailed(_) => {
                Who::Anyone
            }
            PortalPage::LogIn(LogInPage::Again | LogInPage::LogOut) => Who::Developer,
            PortalPage::LogIn(_) => Who::Anyone,
            // Who waits sees of services what strangers see ([`Desk::ask_portal`]).
            PortalPage::Services | PortalPage::Service | PortalPage::Specification(_) => Who::Known,
            PortalPage::Account(_) => Who::Developer,
            PortalPage::RequestService
            | PortalPage::TryService
            | PortalPage::Application(_)
            | PortalPage::Key(_)
            | PortalPage::Contract(_) => Who::Approved,
        }
    }
}
