//! What is to be done with a password.

use serde::{Deserialize, Serialize};

use super::{Password, PhcString};

/// What is to be done with a password.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// A log-in. `stored` is `None` where there is no such account or it has no password: as much is
    /// worked then. Failures are counted.
    LogIn {
        /// What was typed.
        password: Password,
        /// What is known of the right one.
        stored: Option<PhcString>,
    },
    /// A sign-up, counted for the address.
    SignUp {
        /// The password to be.
        password: Password,
        /// How many of one address are taken in an hour.
        per_hour: u32,
    },
    /// A new password by a mailed token, which is good.
    Set {
        /// The password to be.
        password: Password,
    },
    /// A new password by one who is logged in; a wrong old one counts as a failed log-in.
    Change {
        /// What was typed for the old one.
        old: Password,
        /// What is known of it.
        stored: Option<PhcString>,
        /// The password to be.
        new: Password,
    },
}
