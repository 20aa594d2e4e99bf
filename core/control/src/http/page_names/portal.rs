//! Names of the pages of developers.

/// A page of the own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountPage {
    /// All of it.
    Show,
    /// Changes what administrators ask for.
    Meta,
    /// Asks for another address.
    Email,
    /// Changes the password.
    Password,
    /// Ends the other sessions.
    EndOthers,
    /// Ends a session.
    EndSession,
    /// Deletes the account.
    Delete,
}

/// A page of the own applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationPage {
    /// All of them.
    List,
    /// A new one.
    New,
    /// One.
    Show,
    /// Changes it.
    Edit,
    /// Deletes it.
    Delete,
    /// Offers it to another developer.
    Transfer,
    /// Accepts one that is offered.
    AcceptTransfer,
}

/// A page of an application's contract with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContractPage {
    /// Its state, and how the service is called.
    Show,
    /// Asks for access.
    Request,
    /// Withdraws a request that waits.
    Withdraw,
    /// Ends access that is in use.
    End,
}

/// A page of an application's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPage {
    /// Generates one; its answer shows the key.
    New,
    /// One.
    Show,
    /// Gives it another name.
    Rename,
    /// Gives it another key; its answer shows that.
    Rotate,
    /// Ends the key before the last rotation.
    EndOld,
    /// Deletes it.
    Delete,
    /// Deletes one that was shown and not stored, and generates another.
    Replace,
}

/// A page of logging in and out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogInPage {
    /// By password.
    LogIn,
    /// The same again, before what needs a log-in of lately.
    Again,
    /// By the link of a mail.
    Link,
    /// Asks for that.
    AskLink,
    /// By the code of a link that was opened elsewhere.
    Code,
    /// Out.
    LogOut,
}

/// A page with one button, where the link of a mail leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailedPage {
    /// Verifies the address of a new account.
    Verify,
    /// Who did not sign up says so.
    NotMe,
    /// Confirms a new address.
    ConfirmAddress,
    /// Keeps the address of before.
    RevertAddress,
}

/// A page of a service's specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecificationPage {
    /// What it is, and its operations.
    Show,
    /// One of them.
    Operation,
    /// The document, as it was uploaded.
    Download,
}

/// A page of accounts, for who cannot log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitorPage {
    /// Sign up.
    SignUp,
    /// Asks for another mail to verify an address.
    Resend,
    /// Says that a mail is on its way, for every address.
    LookIntoMail,
    /// Asks for a link to set a new password.
    Forgot,
    /// Sets it.
    Reset,
}

/// A page of developers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortalPage {
    /// The logo, under a name that follows from what it holds.
    Logo,
    /// Services that are open for registration.
    Services,
    /// What the words mean.
    Help,
    /// One service.
    Service,
    /// Asks for access to it, for an application that is chosen.
    RequestService,
    /// Tries one.
    TryService,
    /// Of its specification.
    Specification(SpecificationPage),
    /// Of accounts, for who has none yet or cannot log in.
    Visitor(VisitorPage),
    /// Where links of mails lead.
    Mailed(MailedPage),
    /// Of logging in and out.
    LogIn(LogInPage),
    /// Of the own account.
    Account(AccountPage),
    /// Of the own applications.
    Application(ApplicationPage),
    /// Of the keys of one.
    Key(KeyPage),
    /// Of its contracts with services.
    Contract(ContractPage),
}
