//! What calls of the Portal API answer with when they are done.

use crate::http::endpoints::{AccountCall, ApplicationCall, Gives, PortalCall};
use crate::http::shapes;
use crate::schema::EntityKind;

impl PortalCall {
    /// What it answers with when it is done.
    pub(in crate::http) fn gives(self) -> Gives {
        match self {
            PortalCall::Account(call) => of_account(call),
            PortalCall::Application(call) => of_application(call),
        }
    }
}

fn of_account(call: AccountCall) -> Gives {
    match call {
        AccountCall::Register => Gives::Record(shapes::REGISTERED),
        AccountCall::Verify => Gives::Record(shapes::VERIFIED),
        AccountCall::ConfirmEmail | AccountCall::RevertEmail => {
            Gives::Wrapped("developer", EntityKind::Developers)
        }
        AccountCall::SpendLink => Gives::Record(shapes::LINK_CODE),
        AccountCall::Session => {
            Gives::RecordWith(shapes::PORTAL_SESSION, "developer", EntityKind::Developers)
        }
        AccountCall::Read | AccountCall::ChangeEmail | AccountCall::ChangeMeta => {
            Gives::Entity(EntityKind::Developers)
        }
        AccountCall::MetaFields => Gives::Records(shapes::META_FIELD),
        AccountCall::Sessions => Gives::RecordList(shapes::SESSION_IN_LIST),
        AccountCall::ResendVerification
        | AccountCall::InvalidateVerification
        | AccountCall::ForgotPassword
        | AccountCall::ValidateReset
        | AccountCall::ResetPassword
        | AccountCall::LogIn
        | AccountCall::LogOut
        | AccountCall::AskLink
        | AccountCall::SpendCode
        | AccountCall::Delete
        | AccountCall::ChangePassword
        | AccountCall::EndSessions
        | AccountCall::EndSession => Gives::Nothing,
    }
}

fn of_application(call: ApplicationCall) -> Gives {
    match call {
        ApplicationCall::Services => Gives::RecordList(shapes::OPEN_SERVICE),
        ApplicationCall::List => Gives::List(EntityKind::Applications),
        ApplicationCall::Contracts => Gives::List(EntityKind::ApplicationInstances),
        ApplicationCall::Credentials => Gives::List(EntityKind::Oauth2Credentials),
        ApplicationCall::Create => Gives::Made(EntityKind::Applications),
        ApplicationCall::AskAccess => Gives::Made(EntityKind::ApplicationInstances),
        ApplicationCall::Generate => Gives::Made(EntityKind::Oauth2Credentials),
        ApplicationCall::Read | ApplicationCall::Change | ApplicationCall::AcceptTransfer => {
            Gives::Entity(EntityKind::Applications)
        }
        ApplicationCall::Contract => Gives::Entity(EntityKind::ApplicationInstances),
        ApplicationCall::Credential | ApplicationCall::Rename | ApplicationCall::Rotate => {
            Gives::Entity(EntityKind::Oauth2Credentials)
        }
        ApplicationCall::Delete
        | ApplicationCall::Transfer
        | ApplicationCall::Withdraw
        | ApplicationCall::DeleteCredential
        | ApplicationCall::EndOverlap => Gives::Nothing,
    }
}
