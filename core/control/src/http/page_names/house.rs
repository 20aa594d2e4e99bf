//! Names of the pages of consumers, the audit, settings and tokens.

/// A page of consumers, the audit, settings or tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HousePage {
    /// Consumers.
    Consumers,
    /// A new one.
    ConsumerNew,
    /// One.
    Consumer,
    /// Suspends it.
    ConsumerSuspend,
    /// Resumes it.
    ConsumerResume,
    /// Deletes it.
    ConsumerDelete,
    /// A new key of it.
    KeyNew,
    /// Gives it another key.
    KeyRotate,
    /// Ends the key before.
    KeyEndOld,
    /// Suspends a key.
    KeySuspend,
    /// Resumes it.
    KeyResume,
    /// Deletes it.
    KeyDelete,
    /// The audit.
    Audit,
    /// The same, to be kept.
    AuditExport,
    /// Admin tokens.
    Tokens,
    /// A new one.
    TokenNew,
    /// Deletes one.
    TokenDelete,
    /// Settings.
    Settings,
    /// Changes how pages look.
    SettingsLook,
    /// Takes a logo.
    SettingsLogo,
    /// Removes it.
    SettingsLogoRemove,
    /// Sends a test mail.
    SettingsTestMail,
    /// Changes what is asked for at a sign-up.
    SettingsSignUp,
    /// Changes what administrators are told by mail.
    SettingsMail,
    /// Whose key is this?
    FindKey,
}
