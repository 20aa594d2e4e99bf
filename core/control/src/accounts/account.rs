//! The records of accounts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::mail::Language;
use latchkey_published::keys::{KeyDigest, PepperId};

/// What is known of a developer besides the entity. A developer that an administrator made may have none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The password's hash, sealed for this developer, and the pepper that it is sealed under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<(String, PepperId)>,
    /// Counts changes of password, address and standing: what was decided on an earlier one is void.
    #[serde(default)]
    pub state: u64,
    /// The language of its mails.
    #[serde(default)]
    pub language: Option<Language>,
    /// Sessions that may be good, the oldest first.
    #[serde(default)]
    pub sessions: Vec<SessionName>,
    /// The one token of each use that may still be spent.
    #[serde(default)]
    pub tokens: BTreeMap<TokenUse, KeyDigest>,
    /// The address that is to be confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_email: Option<String>,
}

/// A session, as its account knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionName {
    /// Its id, for people.
    pub id: Uuid,
    /// Where its record is.
    pub digest: KeyDigest,
}

/// A session's record, at the digest of its cookie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its id, for people.
    pub id: Uuid,
    /// Whose it is.
    pub developer: Uuid,
    /// In milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// When password or link was last shown.
    pub authenticated_ms: u64,
    /// Written at most every five minutes.
    pub last_seen_ms: u64,
    /// Its absolute end.
    pub ends_ms: u64,
    /// Family of the browser, for display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
}

/// What a mailed token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenUse {
    /// Confirm the address of a sign-up.
    Verify,
    /// Set a password: forgotten, started by an administrator, or invited.
    Reset,
    /// Log in.
    LogIn,
    /// Confirm a new address.
    ConfirmAddress,
    /// Take the old address back.
    RevertAddress,
}

/// A mailed token's record, at its digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MailToken {
    /// What it is for.
    pub of: TokenUse,
    /// Whose it is.
    pub developer: Uuid,
    /// [`Account::state`] when it was made.
    pub state: u64,
    /// In milliseconds since the Unix epoch.
    pub ends_ms: u64,
    /// The address that it confirms or takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}
