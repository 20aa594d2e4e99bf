//! Values of session cookies and of mailed tokens: tagged like keys, so that forged ones are refused without
//! a read; stored as digests.

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use latchkey_published::keys::{
    DerivedKey, KeyDigest, MAIL_TOKEN_PREFIX, MANAGER_SESSION_PREFIX, Pepper, PepperId, Peppers, PlainKey,
    Purpose, SESSION_PREFIX, TagKey, generate_tagged, hex,
};
use latchkey_published::limits::KNOWN_BROWSER_S;

/// Length of what tells two known browsers of one account apart, in bytes.
const BROWSER_BYTES: usize = 16;

/// What the token of a link that the local program prints begins with.
const START_LINK_PREFIX: &str = "lkl_";

/// What the body of a mailed token is the HMAC of; the seed and the number of the block follow. What tags
/// are made over begins with `lkm_`, so neither is ever the other.
const BODY_LABEL: &[u8] = b"body of";
/// What the code of a log-in link is the HMAC of; the token's digest follows.
const CODE_LABEL: &[u8] = b"code of";
/// What a known browser's cookie is the HMAC of; developer, number and time follow.
const BROWSER_LABEL: &[u8] = b"known to";

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

/// Makes and recognises sessions (`lks_`), mailed tokens (`lkm_`) and known browsers, under the peppers in
/// use.
#[derive(Clone, Debug)]
pub struct AccountTags {
    current: UnderPepper,
    previous: Option<UnderPepper>,
}

#[derive(Clone, Debug)]
struct UnderPepper {
    pepper: Pepper,
    sessions: TagKey,
    /// Of the bodies of mailed tokens.
    mailed: DerivedKey,
    mailed_tags: TagKey,
    browsers: DerivedKey,
}

impl AccountTags {
    /// Under these peppers.
    pub fn new(peppers: &Peppers) -> Self {
        let previous = peppers.previous.as_ref().map(UnderPepper::new);
        AccountTags { current: UnderPepper::new(&peppers.current), previous }
    }

    /// The cookie of a developer's new session, and its digest.
    pub fn make_session(&self, fill: impl Fn(&mut [u8])) -> (PlainKey, KeyDigest) {
        self.make(SESSION_PREFIX, fill)
    }

    /// The digest of such a cookie; `None`: it was not made here.
    pub fn recognise_session(&self, cookie: &[u8]) -> Option<KeyDigest> {
        self.recognise(SESSION_PREFIX, cookie)
    }

    /// The cookie of an administrator's new session, and its digest.
    pub fn make_manager_session(&self, fill: impl Fn(&mut [u8])) -> (PlainKey, KeyDigest) {
        self.make(MANAGER_SESSION_PREFIX, fill)
    }

    /// The digest of such a cookie; `None`: it was not made here.
    pub fn recognise_manager_session(&self, cookie: &[u8]) -> Option<KeyDigest> {
        self.recognise(MANAGER_SESSION_PREFIX, cookie)
    }

    /// The token of a link that the local program prints, and its digest.
    pub(crate) fn make_start_link(&self, fill: impl Fn(&mut [u8])) -> (PlainKey, KeyDigest) {
        self.make(START_LINK_PREFIX, fill)
    }

    /// The digest of such a token; `None`: it was not made here.
    pub(crate) fn recognise_start_link(&self, token: &[u8]) -> Option<KeyDigest> {
        self.recognise(START_LINK_PREFIX, token)
    }

    fn make(&self, prefix: &str, fill: impl Fn(&mut [u8])) -> (PlainKey, KeyDigest) {
        let cookie = generate_tagged(prefix, &self.current.sessions, fill);
        let digest = self.current.pepper.digest_key(&cookie);
        (cookie, digest)
    }

    fn recognise(&self, prefix: &str, cookie: &[u8]) -> Option<KeyDigest> {
        let made = self.each().find(|under| under.sessions.is_tagged(prefix, cookie))?;
        Some(made.pepper.digest(cookie))
    }

    /// A seed, drawn.
    pub fn seed(&self, fill: impl Fn(&mut [u8])) -> TokenSeed {
        let mut bytes = [0; 20];
        fill(&mut bytes);
        TokenSeed { bytes, pepper_id: self.current.pepper.id() }
    }

    /// The token of a seed, and its digest; `None`: its pepper is in use no more.
    pub fn mail_token(&self, seed: &TokenSeed) -> Option<(PlainKey, KeyDigest)> {
        let under = self.each().find(|under| under.pepper.id() == seed.pepper_id)?;
        let block = Cell::new(0u32);
        let fill = |bytes: &mut [u8]| {
            for part in bytes.chunks_mut(32) {
                let mac = under.mailed.mac(&[BODY_LABEL, &seed.bytes, &block.get().to_be_bytes()]);
                part.copy_from_slice(&mac[..part.len()]);
                block.set(block.get() + 1);
            }
        };
        let token = generate_tagged(MAIL_TOKEN_PREFIX, &under.mailed_tags, fill);
        let digest = under.pepper.digest_key(&token);
        Some((token, digest))
    }

    /// The digest of a mailed token; `None`: it was not made here.
    pub fn recognise_mail_token(&self, token: &[u8]) -> Option<KeyDigest> {
        let made = self.each().find(|under| under.mailed_tags.is_tagged(MAIL_TOKEN_PREFIX, token))?;
        Some(made.pepper.digest(token))
    }

    /// The six digits that stand for a log-in link in the browser that asked for it. They follow from its
    /// token, so that opening it twice shows the same.
    pub(crate) fn code(&self, token: &KeyDigest) -> String {
        let mac = self.current.mailed.mac(&[CODE_LABEL, token.as_bytes()]);
        let number = u64::from_be_bytes([mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], mac[6], mac[7]]);
        format!("{:06}", number % 1_000_000)
    }

    /// The cookie of a browser that has logged in to a developer's account at `now_s`, in seconds since the
    /// Unix epoch. It does not name the developer.
    pub(crate) fn make_known_browser(
        &self,
        developer: Uuid,
        now_s: u64,
        fill: impl Fn(&mut [u8]),
    ) -> PlainKey {
        let mut number = [0; BROWSER_BYTES];
        fill(&mut number);
        let mac = self.current.browser_mac(developer, &number, now_s);
        PlainKey::new(format!("{}.{now_s}.{}", hex(&number), hex(&mac)))
    }

    /// The digest of such a cookie; `None`: it is none of this developer's, or too old.
    pub(crate) fn recognise_browser(&self, cookie: &str, developer: Uuid, now_s: u64) -> Option<KeyDigest> {
        let (number, rest) = cookie.split_once('.')?;
        let (since, mac) = rest.split_once('.')?;
        let since_s: u64 = since.parse().ok().filter(|_| since.bytes().all(|byte| byte.is_ascii_digit()))?;
        let mac = KeyDigest::from_hex(mac)?;
        let number = browser_number(number)?;
        let is_its = |under: &&UnderPepper| {
            mac.matches(&KeyDigest::from_bytes(under.browser_mac(developer, &number, since_s)))
        };
        let made = self.each().find(is_its)?;
        let is_young = since_s <= now_s && now_s - since_s < KNOWN_BROWSER_S;
        is_young.then(|| made.pepper.digest(cookie.as_bytes()))
    }

    fn each(&self) -> impl Iterator<Item = &UnderPepper> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

impl UnderPepper {
    fn new(pepper: &Pepper) -> Self {
        let mailed = pepper.derive(Purpose::MailToken);
        UnderPepper {
            pepper: pepper.clone(),
            sessions: TagKey::from_bytes(*pepper.derive(Purpose::Session).as_bytes()),
            mailed_tags: TagKey::from_bytes(*mailed.as_bytes()),
            mailed,
            browsers: pepper.derive(Purpose::Browser),
        }
    }

    fn browser_mac(&self, developer: Uuid, number: &[u8; BROWSER_BYTES], since_s: u64) -> [u8; 32] {
        self.browsers.mac(&[BROWSER_LABEL, developer.as_bytes(), number, &since_s.to_be_bytes()])
    }
}

fn browser_number(text: &str) -> Option<[u8; BROWSER_BYTES]> {
    let is_hex = text.len() == 2 * BROWSER_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| is_hex)?;
    Some(number.to_be_bytes())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "made-up tokens are looked at")]
mod tests {
    use super::*;
    use crate::ports::testing::SeededRandom;

    fn tags(current: &[u8], previous: Option<&[u8]>) -> AccountTags {
        let pepper = |secret: &[u8]| Pepper::new(secret);
        AccountTags::new(&Peppers { current: pepper(current), previous: previous.map(pepper) })
    }

    #[test]
    fn a_session_is_known_by_its_tag_under_either_pepper() {
        let (before, now) = (tags(b"a", None), tags(b"b", Some(b"a")));
        let random = SeededRandom::new(1);
        let (cookie, digest) = before.make_session(|bytes| random.fill(bytes));
        let text = cookie.reveal();
        assert_eq!((&text[..4], text.len()), ("lks_", 4 + 32 + 6));
        assert_eq!(before.recognise_session(text.as_bytes()), Some(digest));
        assert_eq!(now.recognise_session(text.as_bytes()), Some(digest));
        assert_eq!(tags(b"b", None).recognise_session(text.as_bytes()), None);
        assert_eq!(before.recognise_mail_token(text.as_bytes()), None);
        assert_eq!(before.recognise_manager_session(text.as_bytes()), None);
        let (other, digest) = before.make_manager_session(|bytes| random.fill(bytes));
        assert_eq!(now.recognise_manager_session(other.reveal().as_bytes()), Some(digest));
        assert_eq!(now.recognise_session(other.reveal().as_bytes()), None);
        assert_ne!(before.make_session(|bytes| random.fill(bytes)).1, digest);
        for at in 0..text.len() {
            let mut forged = text.as_bytes().to_vec();
            forged[at] = if forged[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(before.recognise_session(&forged), None, "byte {at}");
        }
    }

    #[test]
    fn a_mailed_token_follows_from_its_seed_and_pepper() {
        let (before, now) = (tags(b"a", None), tags(b"b", Some(b"a")));
        let random = SeededRandom::new(2);
        let seed = before.seed(|bytes| random.fill(bytes));
        let (token, digest) = before.mail_token(&seed).unwrap();
        let text = token.reveal().to_owned();
        assert_eq!((&text[..4], text.len()), ("lkm_", 4 + 32 + 6));
        assert_eq!(now.mail_token(&seed).unwrap().0.reveal(), text);
        assert!(tags(b"b", None).mail_token(&seed).is_none());
        assert_eq!(now.recognise_mail_token(text.as_bytes()), Some(digest));
        assert_eq!(now.recognise_session(text.as_bytes()), None);
        let other = before.seed(|bytes| random.fill(bytes));
        assert_ne!(before.mail_token(&other).unwrap().1, digest);
        // What is stored of a seed holds nothing of its token.
        let stored = serde_json::to_string(&seed).unwrap();
        assert!(!stored.contains(&text[4..]) && !stored.contains(&digest.to_hex()));
    }

    /// Mails that wait in an outbox hold seeds: their tokens must not change. Reckoned by Python's `hmac`.
    #[test]
    fn tokens_of_seeds_stay_as_they_are() {
        let seed: TokenSeed =
            serde_json::from_str(include_str!("../../../published/golden/1/token-seed.json")).unwrap();
        assert_eq!(seed.bytes, [7; 20]);
        let (token, _) = tags(b"pepper", None).mail_token(&seed).unwrap();
        assert_eq!(token.reveal(), "lkm_132v2zRHRCozJ2QU2XmGB4FcH8rilAXVnS5Cvv");
    }

    #[test]
    fn a_browser_is_known_for_its_developer_and_its_time() {
        let (before, now) = (tags(b"a", None), tags(b"b", Some(b"a")));
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let cookie = before.make_known_browser(own, 1000, |bytes| bytes.fill(9));
        let cookie = cookie.reveal();
        let digest = before.recognise_browser(cookie, own, 1000);
        assert!(digest.is_some() && !cookie.contains(&own.to_string()));
        assert_eq!(now.recognise_browser(cookie, own, 1000), digest);
        assert_eq!(before.recognise_browser(cookie, other, 1000), None);
        assert_eq!(before.recognise_browser(cookie, own, 999), None);
        assert!(before.recognise_browser(cookie, own, 999 + KNOWN_BROWSER_S).is_some());
        assert_eq!(before.recognise_browser(cookie, own, 1000 + KNOWN_BROWSER_S), None);
        for broken in ["", ".", "..", "a.1.b", &cookie[1..], &cookie.replace(".1000.", ".2000."), "+.+1.x"] {
            assert_eq!(before.recognise_browser(broken, own, 3000), None, "{broken}");
        }
    }

    #[test]
    fn a_code_has_six_digits() {
        let tags = tags(b"a", None);
        let codes = [1, 2, 3].map(|byte| tags.code(&KeyDigest::from_bytes([byte; 32])));
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())));
        assert!(codes[0] != codes[1] && codes[1] != codes[2]);
    }
}
