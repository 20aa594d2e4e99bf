//! What the audit is about: kinds of entity, and what became of them.

/// Declares an enum whose values have names in the audit, in the order of their words.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $value:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$of])* $value,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$value,)*];

            /// Its name in the audit.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$value => $text,)*
                }
            }

            /// The one of that name.
            pub fn parse(name: &str) -> Option<Self> {
                $name::ALL.iter().copied().find(|value| value.name() == name)
            }
        }
    };
}

named! {
    /// A kind of entity.
    Kind {
        /// A service.
        Service = "services",
        /// A route.
        Route = "routes",
        /// A plugin.
        Plugin = "plugins",
        /// A consumer.
        Consumer = "consumers",
        /// A key of a consumer.
        Key = "keyauth_credentials",
        /// A developer.
        Developer = "developers",
        /// An application.
        Application = "applications",
        /// A contract.
        Contract = "application_instances",
        /// A credential of an application.
        Credential = "oauth2_credentials",
        /// An account.
        Account = "accounts",
        /// A session of an administrator.
        ManagerSession = "manager_sessions",
        /// The document of a service.
        Document = "documents",
        /// Access tokens of a credential.
        AccessToken = "oauth2_tokens",
        /// The installation's admin token.
        AdminToken = "admin_token",
        /// A named admin token.
        NamedToken = "named_tokens",
        /// The settings.
        Settings = "settings",
        /// A mail.
        Mail = "mails",
        /// A back-up.
        Backup = "backups",
    }
}

named! {
    /// What became of an entity.
    Did {
        /// It is new.
        Created = "created",
        /// It was changed.
        Changed = "changed",
        /// A key is found under another digest.
        Moved = "moved",
        /// It is hidden until what goes along is gone.
        Deleting = "deleting",
        /// It is gone.
        Deleted = "deleted",
        /// All is being replaced by it.
        Restoring = "restoring",
        /// All was replaced by it.
        Restored = "restored",
        /// It was given up.
        GivenUp = "given_up",
        /// It went out.
        Sent = "sent",
        /// Nobody takes it.
        Refused = "refused",
        /// There were as many as may be.
        LimitReached = "limit_reached",
        /// Its developer logged in.
        LoggedIn = "logged_in",
        /// Its developer logged out.
        LoggedOut = "logged_out",
        /// Its developer ended sessions.
        SessionsEnded = "sessions_ended",
        /// A reset of its password was started.
        ResetStarted = "reset_started",
        /// A code was shown for a link.
        CodeShown = "code_shown",
        /// A code was another.
        CodeRefused = "code_refused",
        /// Passwords were wrong.
        LogInsFailed = "log_ins_failed",
        /// Log-ins were refused unseen.
        LogInsHeld = "log_ins_held",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        assert!(Kind::ALL.iter().all(|kind| Kind::parse(kind.name()) == Some(*kind)));
        assert!(Did::ALL.iter().all(|did| Did::parse(did.name()) == Some(*did)));
        assert_eq!(Kind::parse("moons"), None);
    }
}
