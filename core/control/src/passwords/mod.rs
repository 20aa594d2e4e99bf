//! Passwords: which may be set, and how they are hashed (argon2id, OWASP's parameters).

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::log_in::Work;

/// A password in clear, in the form in which it is hashed (NFC). Wiped when it is dropped; never printed.
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

/// Refuses what is too short, too long, common, or made of words of the context: product, portal, address.
pub fn judge(password: &Password, least_characters: u32, context: &[&str]) -> Result<(), Refused> {
    let _ = (password, least_characters, context);
    todo!()
}

/// `$argon2id$v=19$m=…,t=…,p=1$salt$hash`; sealed wherever it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhcString(String);

impl PhcString {
    /// What was opened of a store.
    pub fn new(text: String) -> Self {
        PhcString(text)
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

/// Hashes one password at a time, in one block of memory that is kept and wiped.
pub struct Hasher {
    parameters: Parameters,
}

impl Hasher {
    /// Hashes with these parameters, and checks what was hashed with others within bounds.
    pub fn new(parameters: Parameters) -> Self {
        Hasher { parameters }
    }

    /// Does the work: tens of milliseconds of a core. `salt`: drawn for this.
    pub fn work(&mut self, work: &Work, salt: [u8; 16]) -> Hashed {
        let _ = (self.parameters, work, salt);
        todo!()
    }
}
