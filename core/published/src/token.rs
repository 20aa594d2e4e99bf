//! Access tokens of OAuth 2.0: what they say is in them, under a tag that only the pepper makes. No
//! token is stored, and neither making nor checking one reads anything.
//!
//! ```text
//! lkt_ base64url( version 1 · pepper id 4 · grant digest 32 · service id 16, zeros: any · credential id 16
//!               · issued 5 · ends 5, 0: never · token id 12 · length 2, scope · length 2, user · tag 16 )
//! ```
//!
//! Numbers are big endian, times in seconds since the Unix epoch. The tag is the first 128 bits of
//! HMAC-SHA-256 over all before it, under the secret of [`Purpose::Token`]. Unlike the tag of an API key,
//! which saves reads, it is the proof.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::keys::{ACCESS_TOKEN_PREFIX, KeyDigest, Pepper, PepperId, Peppers, PlainKey, Purpose, keyed, mac};
use crate::limits::{TOKEN_BYTES_MAX, TOKEN_TEXT_BYTES_MAX};

const VERSION: u8 = 1;
/// What the chance for a token's id is digested behind: no version, so that it is no token's text.
const ID_LABEL: u8 = 0;
const TAG_BYTES: usize = 16;
/// All before scope and user, and their lengths.
const FIXED_BYTES: usize = 1 + 4 + 32 + 16 + 16 + 5 + 5 + 12 + 2 + 2;
/// A token decoded, at most.
const DECODED_BYTES_MAX: usize = (TOKEN_BYTES_MAX - ACCESS_TOKEN_PREFIX.len()) / 4 * 3;
const _: () = assert!(FIXED_BYTES + TOKEN_TEXT_BYTES_MAX + TAG_BYTES <= DECODED_BYTES_MAX);

/// What tells tokens apart; it says nothing, and is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId([u8; 12]);

impl TokenId {
    /// From its 12 bytes.
    pub fn from_bytes(bytes: [u8; 12]) -> Self {
        TokenId(bytes)
    }

    /// The 12 bytes.
    pub fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// 16 characters of base64url.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads [`TokenId::to_text`].
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(TokenId)
    }
}

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessToken<'t> {
    /// Where the grant is of the client that it was issued to.
    pub grant: KeyDigest,
    /// The service that it is for; `None`: any that takes such tokens.
    pub service_id: Option<Uuid>,
    /// The client's credential: one that is made anew with the same Client ID is another.
    pub credential_id: Uuid,
    /// When it was issued.
    pub issued_at_s: u64,
    /// From when on it is no longer good; `None`: it has no end of its own.
    pub ends_at_s: Option<u64>,
    /// Its id.
    pub id: TokenId,
    /// Its scopes, with single spaces between; empty: none.
    pub scope: &'t str,
    /// On whose behalf the client acts; empty: nobody's.
    pub user: &'t str,
}

impl AccessToken<'_> {
    /// Whether its own end has come.
    pub fn has_ended(&self, now_ms: u64) -> bool {
        self.ends_at_s.is_some_and(|end| now_ms >= end.saturating_mul(1_000))
    }

    /// Its scopes, one by one.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.split(' ').filter(|scope| !scope.is_empty())
    }
}

/// Room for a token to be decoded into.
#[derive(Clone, Debug)]
pub struct TokenBuffer([u8; DECODED_BYTES_MAX]);

impl Default for TokenBuffer {
    fn default() -> Self {
        TokenBuffer([0; DECODED_BYTES_MAX])
    }
}

/// The secrets of tokens under the peppers in use, with their HMAC states prepared. Held in memory only.
#[derive(Clone, Debug)]
pub struct TokenKeys {
    current: TokenKey,
    /// Tokens from before the pepper was changed are good until their own end.
    previous: Option<TokenKey>,
}

#[derive(Clone)]
struct TokenKey {
    pepper_id: PepperId,
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey")
    }
}

impl TokenKey {
    fn new(pepper: &Pepper) -> Self {
        TokenKey { pepper_id: pepper.id(), mac: keyed(pepper.derive(Purpose::Token).as_bytes()) }
    }
}

impl TokenKeys {
    /// The secrets that go with the peppers in use. Some dozen blocks of SHA-256.
    pub fn new(peppers: &Peppers) -> Self {
        TokenKeys {
            current: TokenKey::new(&peppers.current),
            previous: peppers.previous.as_ref().map(TokenKey::new),
        }
    }

    /// An id from chance that comes only once.
    pub fn id_from(&self, chance: u128) -> TokenId {
        let mut mac = self.current.mac.clone();
        mac.update(&[ID_LABEL]);
        mac.update(&chance.to_be_bytes());
        let [id @ .., _, _, _, _] =
            <[u8; 16]>::try_from(&mac.finalize().into_bytes()[..16]).unwrap_or_default();
        TokenId(id)
    }

    /// Makes a token; `None`: its scope and user are longer than [`TOKEN_TEXT_BYTES_MAX`] together.
    pub fn issue(&self, token: &AccessToken<'_>) -> Option<PlainKey> {
        let AccessToken { grant, service_id, credential_id, issued_at_s, ends_at_s, id, scope, user } =
            *token;
        if scope.len() + user.len() > TOKEN_TEXT_BYTES_MAX {
            return None;
        }
        let mut bytes = Vec::with_capacity(FIXED_BYTES + scope.len() + user.len() + TAG_BYTES);
        bytes.push(VERSION);
        bytes.extend(self.current.pepper_id.to_bytes());
        bytes.extend(grant.as_bytes());
        bytes.extend(service_id.unwrap_or_default().as_bytes());
        bytes.extend(credential_id.as_bytes());
        bytes.extend(&issued_at_s.to_be_bytes()[3..]);
        bytes.extend(&ends_at_s.unwrap_or_default().to_be_bytes()[3..]);
        bytes.extend(id.as_bytes());
        for text in [scope, user] {
            bytes.extend(u16::try_from(text.len()).ok()?.to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes.extend(&mac(&self.current.mac, &bytes)[..TAG_BYTES]);
        Some(PlainKey::new(format!("{ACCESS_TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes))))
    }

    /// What a token says that was made here, whether or not it has ended; `None`: it was not.
    pub fn open<'b>(&self, text: &[u8], buffer: &'b mut TokenBuffer) -> Option<AccessToken<'b>> {
        let encoded = text.strip_prefix(ACCESS_TOKEN_PREFIX.as_bytes())?;
        if text.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut buffer.0).ok()?;
        let decoded = buffer.0.get(..length)?;
        let (said, tag) = decoded.split_at_checked(length.checked_sub(TAG_BYTES)?)?;
        let key = self.key_of(said)?;
        let is_ours: bool = mac(&key.mac, said)[..TAG_BYTES].ct_eq(tag).into();
        if is_ours { read(said) } else { None }
    }

    /// The secret that a token names.
    fn key_of(&self, said: &[u8]) -> Option<&TokenKey> {
        let named: [u8; 4] = said.get(1..5)?.try_into().ok()?;
        let keys = std::iter::once(&self.current).chain(&self.previous);
        keys.into_iter().find(|key| key.pepper_id.to_bytes() == named)
    }
}

/// Reads what stands before the tag; of another version, nothing.
fn read(said: &[u8]) -> Option<AccessToken<'_>> {
    let mut rest = said;
    let [version] = take(&mut rest)?;
    let [_, _, _, _] = take(&mut rest)?;
    let token = AccessToken {
        grant: KeyDigest::from_bytes(take(&mut rest)?),
        service_id: Some(Uuid::from_bytes(take(&mut rest)?)).filter(|id| !id.is_nil()),
        credential_id: Uuid::from_bytes(take(&mut rest)?),
        issued_at_s: take_time(&mut rest)?,
        ends_at_s: Some(take_time(&mut rest)?).filter(|end| *end > 0),
        id: TokenId(take(&mut rest)?),
        scope: take_text(&mut rest)?,
        user: take_text(&mut rest)?,
    };
    (version == VERSION && rest.is_empty()).then_some(token)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*taken)
}

fn take_time(rest: &mut &[u8]) -> Option<u64> {
    let [a, b, c, d, e] = take(rest)?;
    Some(u64::from_be_bytes([0, 0, 0, a, b, c, d, e]))
}

fn take_text<'t>(rest: &mut &'t [u8]) -> Option<&'t str> {
    let length = usize::from(u16::from_be_bytes(take(rest)?));
    let (text, left) = rest.split_at_checked(length)?;
    *rest = left;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "made-up tokens are looked at")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn peppers(current: &str, previous: Option<&str>) -> Peppers {
        let pepper = |secret: &str| Pepper::new(secret.as_bytes());
        Peppers { current: pepper(current), previous: previous.map(pepper) }
    }

    fn keys(current: &str, previous: Option<&str>) -> TokenKeys {
        TokenKeys::new(&peppers(current, previous))
    }

    fn token<'t>(scope: &'t str, user: &'t str) -> AccessToken<'t> {
        AccessToken {
            grant: KeyDigest::from_bytes([3; 32]),
            service_id: Some(Uuid::from_u128(4)),
            credential_id: Uuid::from_u128(5),
            issued_at_s: 1_700_000_000,
            ends_at_s: Some(1_700_007_200),
            id: TokenId::from_bytes([6; 12]),
            scope,
            user,
        }
    }

    fn opens(keys: &TokenKeys, text: &[u8]) -> bool {
        keys.open(text, &mut TokenBuffer::default()).is_some()
    }

    /// As the first program with tokens made it: tokens that are out stay good.
    #[test]
    fn the_form_stays() {
        let golden = include_str!("../golden/1/access-token.txt").trim_ascii();
        let keys = keys("pepper", None);
        let token = token("email profile", "ada");
        assert_eq!(keys.open(golden.as_bytes(), &mut TokenBuffer::default()), Some(token));
        assert_eq!(keys.issue(&token).unwrap().reveal(), golden);
    }

    #[test]
    fn a_token_reads_back() {
        let keys = keys("pepper", None);
        for token in [
            token("", ""),
            token("é a", "a b:c"),
            AccessToken { service_id: None, ends_at_s: None, ..token("email", "") },
            AccessToken { issued_at_s: (1 << 40) - 1, ends_at_s: Some((1 << 40) - 1), ..token("", "") },
        ] {
            let text = keys.issue(&token).unwrap();
            assert_eq!(keys.open(text.reveal().as_bytes(), &mut TokenBuffer::default()), Some(token));
        }
    }

    #[test]
    fn the_longest_token_is_below_the_bound() {
        let keys = keys("pepper", None);
        let long = "s".repeat(TOKEN_TEXT_BYTES_MAX - 3);
        let text = keys.issue(&token(&long, "ada")).unwrap();
        assert!(text.reveal().len() <= TOKEN_BYTES_MAX, "{}", text.reveal().len());
        assert!(opens(&keys, text.reveal().as_bytes()));
        assert_eq!(keys.issue(&token(&long, "ada!")), None);
    }

    #[test]
    fn any_changed_byte_breaks_it() {
        let keys = keys("pepper", None);
        let text = keys.issue(&token("email", "ada")).unwrap().reveal().to_owned().into_bytes();
        assert!(opens(&keys, &text));
        for at in 0..text.len() {
            let mut forged = text.clone();
            forged[at] = if forged[at] == b'x' { b'y' } else { b'x' };
            assert!(!opens(&keys, &forged), "byte {at}");
        }
        for forged in
            [&text[..text.len() - 1], &[&text[..], b"A"].concat(), &text[4..], b"lkt_", b"", b"lkt_AQ"]
        {
            assert!(!opens(&keys, forged), "{} bytes", forged.len());
        }
        assert!(!opens(&self::keys("other", None), &text));
    }

    #[test]
    fn tokens_outlive_a_change_of_pepper_while_the_old_one_is_set() {
        let text = keys("old", None).issue(&token("", "")).unwrap();
        let text = text.reveal().as_bytes();
        assert!(opens(&keys("new", Some("old")), text));
        assert!(!opens(&keys("new", None), text));
    }

    #[test]
    fn a_token_ends_and_has_scopes() {
        let token = token("a b", "");
        assert!(!token.has_ended(1_700_007_199_999) && token.has_ended(1_700_007_200_000));
        assert!(!AccessToken { ends_at_s: None, ..token }.has_ended(u64::MAX));
        assert_eq!(token.scopes().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(self::token("", "").scopes().count(), 0);
    }

    #[test]
    fn ids_are_unlike_and_read_back() {
        let keys = keys("pepper", None);
        let ids: std::collections::HashSet<TokenId> = (0..1000).map(|chance| keys.id_from(chance)).collect();
        assert_eq!(ids.len(), 1000);
        for id in ids {
            assert_eq!(TokenId::parse(&id.to_text()), Some(id));
        }
        assert_eq!(TokenId::parse("AQ"), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_not(text in prop::collection::vec(any::<u8>(), 0..1000)) {
            let keys = keys("pepper", None);
            prop_assert!(!opens(&keys, &text));
            let prefixed = [ACCESS_TOKEN_PREFIX.as_bytes(), URL_SAFE_NO_PAD.encode(&text).as_bytes()].concat();
            prop_assert!(!opens(&keys, &prefixed));
        }

        #[test]
        fn what_stands_before_a_tag_is_read_without_a_panic(said in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&said);
        }
    }
}
