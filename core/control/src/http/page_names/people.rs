//! Names of the pages of who asks for access.

/// A page of who asks for access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeoplePage {
    /// Requests for access that wait.
    Requests,
    /// Approves those that are picked.
    RequestsApprove,
    /// Rejects those that are picked.
    RequestsReject,
    /// Contracts.
    Contracts,
    /// Approves one, also again.
    ContractApprove,
    /// Rejects one.
    ContractReject,
    /// Revokes one.
    ContractRevoke,
    /// Developers.
    Developers,
    /// Invites some.
    Invite,
    /// One.
    Developer,
    /// Approves one, also again.
    DeveloperApprove,
    /// Rejects one.
    DeveloperReject,
    /// Revokes one.
    DeveloperRevoke,
    /// Deletes one.
    DeveloperDelete,
    /// Sends a link for a new password.
    DeveloperReset,
    /// Applications.
    Applications,
    /// One.
    Application,
    /// Suspends it.
    ApplicationSuspend,
    /// Resumes it.
    ApplicationResume,
    /// Deletes it.
    ApplicationDelete,
    /// Moves it to another developer.
    ApplicationMove,
    /// Suspends a key of it.
    KeySuspend,
    /// Resumes it.
    KeyResume,
    /// Deletes it.
    KeyDelete,
}
