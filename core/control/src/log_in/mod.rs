//! Passwords are hashed apart from the registry: a hash takes tens of milliseconds of a whole core,
//! and the registry must answer meanwhile.
//!
//! [`crate::http::Control::ask`] answers with a [`PasswordNeed`] where a call hangs on a password. The
//! adapter takes it to a [`Room`], which counts attempts and says who has to wait, and has it worked by
//! a [`crate::passwords::Hasher`] wherever its platform can afford it. With the [`PasswordAnswer`] the
//! call is asked once more.

mod counters;
mod room;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::passwords::PhcString;
use latchkey_published::keys::KeyDigest;

pub use crate::passwords::Work;
pub(crate) use room::PARTITION;
pub use room::{Admitted, FailureReport, Room};

/// What a call needs to know of a password before it can go on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PasswordNeed {
    /// Whom attempts are counted for: the digest of the address in lower case, of an account or not.
    pub account: KeyDigest,
    /// Who asks; `None`: the platform does not say.
    pub address: Option<IpAddr>,
    /// Digest of the cookie of a browser that logged in to this account before: it counts apart.
    pub known_browser: Option<KeyDigest>,
    /// What is to be done.
    pub work: Work,
    /// Which state of the account this was decided on, to be given back.
    pub state: Option<u64>,
}

/// What came of a [`PasswordNeed`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PasswordAnswer {
    /// [`PasswordNeed::state`].
    pub state: Option<u64>,
    /// What came of it.
    pub outcome: PasswordOutcome,
}

/// What came of [`Work`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordOutcome {
    /// Too many attempts: 429. No hash was computed.
    Held {
        /// In seconds, at least 1.
        retry_after_s: u32,
    },
    /// Too many wait for a hash: 503.
    Busy,
    /// The password is not the right one.
    Wrong,
    /// The password of a log-in is the right one.
    Right {
        /// The hash made anew where it was made by other parameters than are used now.
        renewed: Option<PhcString>,
        /// Failures of the account since its last success, from anywhere.
        failures_before: u32,
    },
    /// The hash of a password to be.
    Made(PhcString),
}
