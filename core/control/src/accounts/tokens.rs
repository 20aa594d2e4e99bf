//! Values of session cookies and of mailed tokens: tagged like keys, so that forged ones are refused without
//! a read; stored as digests.

use serde::{Deserialize, Serialize};

use latchkey_published::keys::{KeyDigest, PepperId, Peppers, PlainKey};

/// What a mailed token is made from. It is worth nothing without the pepper.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenSeed {
    pub(crate) bytes: [u8; 20],
    pub(crate) pepper_id: PepperId,
}

impl std::fmt::Debug for TokenSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSeed")
    }
}

/// Makes and recognises sessions (`lks_`) and mailed tokens (`lkm_`), under the peppers in use.
#[derive(Clone, Debug)]
pub struct AccountTags {}

impl AccountTags {
    /// Under these peppers.
    pub fn new(peppers: &Peppers) -> Self {
        let _ = peppers;
        AccountTags {}
    }

    /// A new session's cookie, and its digest.
    pub fn make_session(&self, fill: impl Fn(&mut [u8])) -> (PlainKey, KeyDigest) {
        let _ = fill;
        todo!()
    }

    /// The digest of a session's cookie; `None`: it was not made here.
    pub fn recognise_session(&self, cookie: &[u8]) -> Option<KeyDigest> {
        let _ = cookie;
        todo!()
    }

    /// A seed, drawn.
    pub fn seed(&self, fill: impl Fn(&mut [u8])) -> TokenSeed {
        let _ = fill;
        todo!()
    }

    /// The token of a seed, and its digest; `None`: its pepper is in use no more.
    pub fn mail_token(&self, seed: &TokenSeed) -> Option<(PlainKey, KeyDigest)> {
        let _ = seed;
        todo!()
    }

    /// The digest of a mailed token; `None`: it was not made here.
    pub fn recognise_mail_token(&self, token: &[u8]) -> Option<KeyDigest> {
        let _ = token;
        todo!()
    }
}
