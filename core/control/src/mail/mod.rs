//! Mails: what is written to whom, and what waits in the outbox.
//!
//! A mail is a record in the outbox, written in the commit that causes it; an adapter takes what is due
//! ([`crate::http::Control::due_mails`]), sends it, and says what came of it. A mail's token is not stored:
//! it follows from a seed under the pepper.

mod date;
mod english;
mod facts;
mod japanese;
mod sender;
mod write;

pub(crate) use facts::Facts;
pub use latchkey_pages::Language;
pub use sender::admit_sender;
pub(crate) use write::write;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::TokenSeed;

/// A mail in the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    /// Whom it is sent to, as typed; `None`: nobody. It is written all the same where otherwise the time
    /// that an answer takes would tell who has an account.
    pub to: Option<String>,
    /// The developer it is about, whose mails go when the account goes.
    pub developer: Option<Uuid>,
    /// The language.
    pub language: Language,
    /// What it says.
    pub letter: Letter,
}

/// What a mail says. No text of a stranger is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// Confirm the address of a sign-up.
    Verify {
        /// Of the token in its link.
        token: TokenSeed,
    },
    /// Somebody signed up with the address of an account.
    AlreadyRegistered,
    /// Set a new password.
    Reset {
        /// Of the token in its link.
        token: TokenSeed,
    },
    /// Log in by a link.
    LogInLink {
        /// Of the token in its link.
        token: TokenSeed,
    },
    /// An administrator made the account: set a password.
    Invitation {
        /// Of the token in its link.
        token: TokenSeed,
    },
    /// Confirm a new address.
    ConfirmAddress {
        /// Of the token in its link.
        token: TokenSeed,
    },
    /// To the old address: another one was asked for; "this was not me".
    AddressChanges {
        /// Of the token in its link.
        token: TokenSeed,
    },
    /// The password was changed or set.
    PasswordChanged,
    /// A log-in from a browser that had not logged in before.
    NewBrowser,
    /// A log-in after many failures.
    AfterFailures {
        /// How many.
        failures: u32,
    },
    /// The address is confirmed; an administrator has to approve.
    Waiting,
    /// The developer is approved.
    Approved,
    /// The developer is rejected.
    Rejected,
    /// The developer's access was taken away.
    Revoked,
    /// The application was offered to this developer.
    TransferOffered {
        /// Which.
        application: Uuid,
    },
    /// Access to a service was asked for.
    AccessRequested {
        /// Which.
        contract: Uuid,
    },
    /// The same was given.
    AccessApproved {
        /// Which.
        contract: Uuid,
    },
    /// The same was not given.
    AccessRejected {
        /// Which.
        contract: Uuid,
    },
    /// The same was taken away.
    AccessRevoked {
        /// Which.
        contract: Uuid,
    },
    /// A key ends in seven days, if it still ends then when this is due.
    KeyEnds {
        /// Which.
        credential: Uuid,
    },
    /// To an administrator: a developer waits.
    DeveloperWaits {
        /// Who.
        developer: Uuid,
    },
    /// To an administrator: a contract waits.
    ContractWaits {
        /// Which.
        contract: Uuid,
    },
    /// To an administrator, once a day: what began to wait.
    Digest {
        /// On which day of the Unix epoch it is sent.
        day: u64,
    },
    /// To an administrator who tries out whether mails arrive.
    Test,
}

impl Letter {
    /// Its name, as stored.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Letter::Verify { .. } => "verify",
            Letter::AlreadyRegistered => "already_registered",
            Letter::Reset { .. } => "reset",
            Letter::LogInLink { .. } => "log_in_link",
            Letter::Invitation { .. } => "invitation",
            Letter::ConfirmAddress { .. } => "confirm_address",
            Letter::AddressChanges { .. } => "address_changes",
            Letter::PasswordChanged => "password_changed",
            Letter::NewBrowser => "new_browser",
            Letter::AfterFailures { .. } => "after_failures",
            Letter::Waiting => "waiting",
            Letter::Approved => "approved",
            Letter::Rejected => "rejected",
            Letter::Revoked => "revoked",
            Letter::TransferOffered { .. } => "transfer_offered",
            Letter::AccessRequested { .. } => "access_requested",
            Letter::AccessApproved { .. } => "access_approved",
            Letter::AccessRejected { .. } => "access_rejected",
            Letter::AccessRevoked { .. } => "access_revoked",
            Letter::KeyEnds { .. } => "key_ends",
            Letter::DeveloperWaits { .. } => "developer_waits",
            Letter::ContractWaits { .. } => "contract_waits",
            Letter::Digest { .. } => "digest",
            Letter::Test => "test",
        }
    }

    /// What the token in its link is made from; `None`: its link has none.
    pub(crate) fn token(&self) -> Option<&TokenSeed> {
        match self {
            Letter::Verify { token }
            | Letter::Reset { token }
            | Letter::LogInLink { token }
            | Letter::Invitation { token }
            | Letter::ConfirmAddress { token }
            | Letter::AddressChanges { token } => Some(token),
            _ => None,
        }
    }

    /// The page that its link leads to, without the token.
    pub(crate) fn path(&self) -> Cow<'static, str> {
        let path = match self {
            Letter::TransferOffered { application } => {
                return format!("/portal/apps/{application}/transfer/accept").into();
            }
            Letter::Verify { .. } => "/portal/verify",
            Letter::Reset { .. } | Letter::Invitation { .. } => "/portal/reset",
            Letter::LogInLink { .. } => "/portal/log-in/link",
            Letter::ConfirmAddress { .. } => "/portal/confirm-email",
            Letter::AddressChanges { .. } => "/portal/revert-email",
            Letter::PasswordChanged | Letter::NewBrowser | Letter::AfterFailures { .. } => "/portal/forgot",
            Letter::AlreadyRegistered | Letter::Approved => "/portal/log-in",
            Letter::Waiting | Letter::Rejected | Letter::Revoked => "/portal/",
            Letter::AccessRequested { .. }
            | Letter::AccessApproved { .. }
            | Letter::AccessRejected { .. }
            | Letter::AccessRevoked { .. }
            | Letter::KeyEnds { .. } => "/portal/apps",
            Letter::DeveloperWaits { .. } => "/manager/developers",
            Letter::ContractWaits { .. } => "/manager/requests",
            Letter::Digest { .. } | Letter::Test => "/manager/",
        };
        path.into()
    }
}

/// A mail as it is sent. Adapters add nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingMail {
    /// Its name in the outbox, to be given back; another one at each try.
    pub id: String,
    /// What it is called where it travels: the same at each try, so that one sent twice is known again.
    pub message_id: Uuid,
    /// The sender.
    pub from: String,
    /// One address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

/// What came of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailOutcome {
    /// The provider has it.
    Sent,
    /// It will never take it.
    Refused,
    /// Not now.
    Later,
}
