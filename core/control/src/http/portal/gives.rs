//! What calls of the Portal API answer with when they are done.

use crate::http::endpoints::{ApplicationCall, Gives, OwnAccountCall, PortalCall, VisitorCall};
use crate::http::shapes;
use crate::schema::EntityKind;

impl PortalCall {
    /// What it answers with when it is done.
    pub(in crate::http) fn gives(self) -> Gives {
        match self {
            PortalCall::Visitor(call) => of_visitor(call),
            PortalCall::OwnAccount(call) => of_own_account(call),
            PortalCall::Application(call) => of_application(call),
        }
    }
}

fn of_visitor(call: VisitorCall) -> Gives {
    match call {
        VisitorCall::Register => Gives::Record(shapes::REGISTERED),
        VisitorCall::Verify => Gives::Record(shapes::VERIFIED),
        VisitorCall::ConfirmEmail | VisitorCall::RevertEmail => {
            Gives::Wrapped("developer", EntityKind::Developers)
        }
        VisitorCall::SpendLink => Gives::Record(shapes::LINK_CODE),
        VisitorCall::MetaFields => Gives::Records(shapes::META_FIELD),
        VisitorCall::ResendVerification
        | VisitorCall::InvalidateVerification
        | VisitorCall::ForgotPassword
        | VisitorCall::ValidateReset
        | VisitorCall::ResetPassword
        | VisitorCall::LogIn
        | VisitorCall::AskLink
        | VisitorCall::SpendCode => Gives::Nothing,
    }
}

fn of_own_account(call: OwnAccountCall) -> Gives {
    match call {
        OwnAccountCall::Session => {
            Gives::RecordWith(shapes::PORTAL_SESSION, "developer", EntityKind::Developers)
        }
        OwnAccountCall::Read | OwnAccountCall::ChangeEmail | OwnAccountCall::ChangeMeta => {
            Gives::Entity(EntityKind::Developers)
        }
        OwnAccountCall::Sessions => Gives::RecordList(shapes::SESSION_IN_LIST),
        OwnAccountCall::LogOut
        | OwnAccountCall::Delete
        | OwnAccountCall::ChangePassword
        | OwnAccountCall::EndSessions
        | OwnAccountCall::EndSession => Gives::Nothing,
    }
}

fn of_application(call: ApplicationCall) -> Gives {
    match call {
        ApplicationCall::Services => Gives::RecordList(shapes::OPEN_SERVICE),
        ApplicationCall::Document => Gives::Document,
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
