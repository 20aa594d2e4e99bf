//! What letters say in English.

use super::Letter;
use super::date::utc;
use super::facts::Facts;

pub(super) fn subject(letter: &Letter) -> &'static str {
    match letter {
        Letter::Verify { .. } => "Verify your e-mail address",
        Letter::AlreadyRegistered => "You already have an account",
        Letter::Reset { .. } => "Set a new password",
        Letter::LogInLink { .. } => "Your link to log in",
        Letter::Invitation { .. } => "You are invited",
        Letter::ConfirmAddress { .. } => "Confirm your new e-mail address",
        Letter::AddressChanges { .. } => "Your e-mail address is to be changed",
        Letter::PasswordChanged => "Your password was changed",
        Letter::NewBrowser => "Log-in from a new browser",
        Letter::AfterFailures { .. } => "Log-in after failed attempts",
        Letter::Waiting => "Your account is waiting for approval",
        Letter::Approved => "Your account is approved",
        Letter::Rejected => "Your account was rejected",
        Letter::Revoked => "Your account was revoked",
        Letter::TransferOffered { .. } => "An application is offered to you",
        Letter::AccessRequested { .. } => "Your request is waiting for approval",
        Letter::AccessApproved { .. } => "Your request is approved",
        Letter::AccessRejected { .. } => "Your request was rejected",
        Letter::AccessRevoked { .. } => "Your access was revoked",
        Letter::KeyEnds { .. } => "One of your API keys expires in a week",
        Letter::DeveloperWaits { .. } => "A developer is waiting for approval",
        Letter::ContractWaits { .. } => "A request is waiting for approval",
        Letter::Digest { .. } => "Waiting for approval",
        Letter::Test => "Test",
    }
}

/// What stands before the link.
#[expect(clippy::too_many_lines, reason = "a table: a letter, and its words")]
pub(super) fn paragraph(letter: &Letter, facts: &Facts) -> String {
    let Facts { portal, service, key_start, ends_ms, developers, contracts, .. } = facts;
    match letter {
        Letter::Verify { .. } => {
            format!("Somebody signed up at {portal} with this e-mail address. If it was you, verify it.")
        }
        Letter::AlreadyRegistered => format!(
            "Somebody signed up at {portal} with this e-mail address, which has an account already. Nothing was changed. If it was you, log in; if you have forgotten the password, the page lets you set a new one."
        ),
        Letter::Reset { .. } => format!("A new password was asked for, for your account at {portal}."),
        Letter::LogInLink { .. } => {
            format!("A link to log in to {portal} was asked for. Open it in the browser in which you asked.")
        }
        Letter::Invitation { .. } => {
            format!("An administrator made an account at {portal} for you. Set a password to use it.")
        }
        Letter::ConfirmAddress { .. } => {
            format!("This address is to become that of an account at {portal}. Confirm it, if it is yours.")
        }
        Letter::AddressChanges { .. } => format!(
            "Your account at {portal} is to get another e-mail address. If it was you, there is nothing to do."
        ),
        Letter::PasswordChanged => format!(
            "The password of your account at {portal} was changed. If it was not you, set a new one at once."
        ),
        Letter::NewBrowser => format!(
            "Somebody logged in to your account at {portal} from a browser that had not been used for it before. If it was not you, set a new password at once."
        ),
        Letter::AfterFailures { failures } => format!(
            "Somebody logged in to your account at {portal} after {failures} failed attempts. If it was not you, set a new password at once."
        ),
        Letter::Waiting => {
            format!("Your account at {portal} is waiting for approval by an administrator. You will be told.")
        }
        Letter::Approved => format!(
            "Your account at {portal} is approved: you can create applications and request access to services."
        ),
        Letter::Rejected => format!("Your account at {portal} was rejected by an administrator."),
        Letter::Revoked => format!(
            "Your account at {portal} was revoked by an administrator. The API keys of your applications have stopped working."
        ),
        Letter::TransferOffered { .. } => format!(
            "A developer at {portal} offers you an application, with its API keys and its access to services. It becomes yours if you accept it."
        ),
        Letter::AccessRequested { .. } => format!(
            "Your request for access to {service} at {portal} is waiting for approval by an administrator."
        ),
        Letter::AccessApproved { .. } => format!(
            "Your request for access to {service} at {portal} is approved. The API keys of the application can be used for it."
        ),
        Letter::AccessRejected { .. } => format!(
            "Your request for access to {service} at {portal} was rejected. The page of the application has the reason, if one was given."
        ),
        Letter::AccessRevoked { .. } => format!(
            "The access of an application of yours to {service} at {portal} was revoked. The page of the application has the reason, if one was given."
        ),
        Letter::KeyEnds { .. } => format!(
            "An API key of yours at {portal} expires on {}. It begins with {key_start}. Generate another and bring it to your callers before.",
            utc(*ends_ms)
        ),
        Letter::DeveloperWaits { .. } => format!("A developer of {portal} is waiting for approval."),
        Letter::ContractWaits { .. } => format!("An application at {portal} requests access to {service}."),
        Letter::Digest { .. } => format!(
            "Since the last mail of this kind, at {portal}: developers waiting for approval: {developers}; requests for access: {contracts}."
        ),
        Letter::Test => format!("Mails of {portal} arrive at this address."),
    }
}

/// What the link does.
pub(super) fn button(letter: &Letter) -> &'static str {
    match letter {
        Letter::Verify { .. } => "Verify e-mail",
        Letter::AlreadyRegistered | Letter::LogInLink { .. } | Letter::Approved => "Log in",
        Letter::Reset { .. }
        | Letter::PasswordChanged
        | Letter::NewBrowser
        | Letter::AfterFailures { .. } => "Set a new password",
        Letter::Invitation { .. } => "Set a password",
        Letter::ConfirmAddress { .. } => "Confirm the address",
        Letter::AddressChanges { .. } => "This was not me: keep the old address",
        Letter::Waiting | Letter::Rejected | Letter::Revoked => "Developer portal",
        Letter::TransferOffered { .. }
        | Letter::AccessRequested { .. }
        | Letter::AccessApproved { .. }
        | Letter::AccessRejected { .. }
        | Letter::AccessRevoked { .. }
        | Letter::KeyEnds { .. } => "My apps",
        Letter::DeveloperWaits { .. } => "Developers",
        Letter::ContractWaits { .. } => "Requests",
        Letter::Digest { .. } | Letter::Test => "Manager",
    }
}

/// What stands after the link; empty: nothing.
pub(super) fn closing(letter: &Letter) -> &'static str {
    match letter {
        Letter::Verify { .. } => {
            "The link works once, for 24 hours. If it was not you, do nothing: without it nobody can log in."
        }
        Letter::Reset { .. } => {
            "The link works once, for 30 minutes. If it was not you, do nothing: your password stays as it is."
        }
        Letter::LogInLink { .. } => {
            "The link works once, for 10 minutes. If it was not you, do nothing, and give nobody the code that it shows."
        }
        Letter::Invitation { .. } => "The link works once, for 3 days.",
        Letter::ConfirmAddress { .. } => {
            "The link works once, for 24 hours. If the account is not yours, do nothing."
        }
        Letter::AddressChanges { .. } => {
            "The link works once, for 7 days, and ends all sessions of the account."
        }
        _ => "",
    }
}
