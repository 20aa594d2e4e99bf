//! Passwords: which may be set, and how they are hashed (argon2id, OWASP's parameters).

mod hasher;
mod judge;
mod phc;
mod work;

pub use hasher::Hasher;
pub use judge::judge;
pub use work::Work;

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A password in clear, as it was sent. Wiped when it is dropped; never printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// What was sent, to the last character.
    pub fn new(sent: &str) -> Self {
        Password(Zeroizing::new(sent.to_owned()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// What may not be set as a password, in a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

/// `$argon2id$v=19$m=…,t=…,p=1$salt$hash`; sealed wherever it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhcString(String);

impl PhcString {
    /// What was opened of a store.
    pub fn new(text: String) -> Self {
        PhcString(text)
    }

    /// Whether it is a hash that is checked where passwords are hashed with `parameters`: of argon2id, and of a
    /// cost within bounds. Anything else is no password's.
    pub fn is_taken_by(&self, parameters: Parameters) -> bool {
        phc::Phc::parse(&self.0, parameters.memory_kib_max()).is_some()
    }

    /// The text, to be sealed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PhcString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhcString")
    }
}

/// Cost of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
}

impl Parameters {
    /// Local program and Lambda.
    pub const LARGE: Parameters = Parameters { memory_kib: 19456, passes: 2 };
    /// Worker: least memory, fastest in Wasm.
    pub const SMALL: Parameters = Parameters { memory_kib: 7168, passes: 5 };

    /// The most memory that a hash may take which is checked there, in KiB: of a Worker's isolate's 128 MB the
    /// larger of the two sets.
    fn memory_kib_max(self) -> u32 {
        match self {
            Parameters::SMALL => Parameters::LARGE.memory_kib,
            _ => 65_536,
        }
    }
}

/// What came of hashing, before it is counted.
#[derive(Clone, Debug)]
pub enum Hashed {
    /// Not the password.
    Wrong,
    /// The password; made anew where it was made otherwise.
    Right {
        /// By the parameters of now.
        renewed: Option<PhcString>,
    },
    /// Of a password to be.
    Made(PhcString),
}
