//! The records of accounts.
//!
//! An account names its sessions and its tokens, and they are good only as long as it does: one write of the
//! account ends any number of them at once, and then their own records are worth nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::mail::Language;
use latchkey_published::keys::{KeyDigest, PepperId};

/// What is known of a developer besides the entity. A developer that an administrator made may have none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The password's hash; `None`: no password opens it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SealedPassword>,
    /// Counts changes of password, address and standing: what was decided on an earlier one is void.
    #[serde(default)]
    pub state: u64,
    /// The language of its mails; `None`: the portal's.
    #[serde(default)]
    pub language: Option<Language>,
    /// Sessions that may be good, the oldest first.
    #[serde(default)]
    pub sessions: Vec<SessionName>,
    /// The one token of each use that may still be spent.
    #[serde(default)]
    pub tokens: BTreeMap<TokenUse, KeyDigest>,
}

/// A password's hash (a PHC string), sealed for its developer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPassword {
    /// Nonce, ciphertext and tag, in base64.
    pub sealed: String,
    /// The pepper that it is sealed under.
    pub pepper_id: PepperId,
}

/// A session, as its account knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionName {
    /// Its id, for people.
    pub id: Uuid,
    /// Where its record is.
    pub digest: KeyDigest,
}

/// A session's record, at the digest of its cookie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl TokenUse {
    /// Every use.
    pub const ALL: [TokenUse; 5] = [
        TokenUse::Verify,
        TokenUse::Reset,
        TokenUse::LogIn,
        TokenUse::ConfirmAddress,
        TokenUse::RevertAddress,
    ];
}

/// A mailed token's record, at its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailToken {
    /// What it is for.
    pub of: TokenUse,
    /// Whose it is.
    pub developer: Uuid,
    /// [`Account::state`] when it was made.
    pub state: u64,
    /// In milliseconds since the Unix epoch.
    pub ends_ms: u64,
    /// The address that it was mailed to, or takes back: who shows it has read mail there. `None`: it was not
    /// mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Of a log-in link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkOf>,
}

/// What binds a log-in link to the browser that asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkOf {
    /// Digest of the cookie that the browser was given then.
    pub browser: KeyDigest,
    /// Whether it was opened elsewhere, where a code was shown: without, no code is taken.
    pub shown: bool,
    /// Wrong codes so far.
    pub tries: u32,
}

/// Which log-in link a browser has asked for, at the digest of the cookie that it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedLink {
    /// Digest of the link's token.
    pub token: KeyDigest,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T>(golden: &str, record: &T)
    where
        T: PartialEq + std::fmt::Debug + Serialize + for<'de> Deserialize<'de>,
    {
        assert_eq!(serde_json::from_str::<T>(golden).unwrap(), *record);
        assert_eq!(serde_json::to_string(record).unwrap(), golden, "programs of before read it");
    }

    /// As the first program with accounts stored them (`core/published/golden`).
    #[test]
    fn records_read_as_they_were_stored() {
        let [id, developer] = [1, 2].map(Uuid::from_u128);
        let digest = KeyDigest::from_bytes;
        let pepper_id: PepperId = serde_json::from_str("7").unwrap();
        let account = Account {
            password: Some(SealedPassword { sealed: "c2VhbGVk".to_owned(), pepper_id }),
            state: 3,
            language: Some(Language::Ja),
            sessions: vec![SessionName { id, digest: digest([1; 32]) }],
            tokens: TokenUse::ALL.into_iter().map(|of| (of, digest([2; 32]))).collect(),
        };
        check(include_str!("../../../published/golden/1/account.json"), &account);
        let session = Session {
            id,
            developer,
            created_ms: 1_700_000_000_000,
            authenticated_ms: 1_700_000_000_001,
            last_seen_ms: 1_700_000_000_002,
            ends_ms: 1_700_000_000_003,
            browser: Some("Firefox".to_owned()),
        };
        check(include_str!("../../../published/golden/1/session.json"), &session);
        let token = MailToken {
            of: TokenUse::LogIn,
            developer,
            state: 3,
            ends_ms: 1_700_000_000_000,
            email: Some("dee@example.org".to_owned()),
            link: Some(LinkOf { browser: digest([3; 32]), shown: true, tries: 2 }),
        };
        check(include_str!("../../../published/golden/1/mail-token.json"), &token);
        let asked = AskedLink { token: digest([4; 32]) };
        check(include_str!("../../../published/golden/1/asked-link.json"), &asked);
    }

    #[test]
    fn what_a_record_lacks_is_as_in_none() {
        assert_eq!(serde_json::from_str::<Account>("{}").unwrap(), Account::default());
    }
}
