//! API keys and secrets: how they are made, recognised and stored.
//!
//! A key made here is `lk_`, 32 base62 characters of randomness (190 bits) and 6 base62 characters
//! of a keyed tag (35 bits), so that a forged or mistyped key is refused without a storage read.
//! Only HMAC-SHA-256(pepper, key) is ever stored. Named admin tokens, sessions and mailed tokens are made
//! alike, with `lka_`, `lks_` and `lkm_` before them and tags of their own.
//!
//! Whoever may choose a key and sees its digest must not learn another secret thereby. So nothing
//! new is derived as HMAC(pepper, label): [`Pepper::derive`] goes by a key that is the digest of a
//! message longer than any key may be, and the two labels that older stores hang on are refused as
//! keys ([`is_reserved`]).

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::limits;

type HmacSha256 = Hmac<Sha256>;

/// What every key made here begins with.
pub const KEY_PREFIX: &str = "lk_";
/// What every named admin token begins with.
pub const ADMIN_TOKEN_PREFIX: &str = "lka_";
/// What every cookie of a developer's session begins with.
pub const SESSION_PREFIX: &str = "lks_";
/// What every cookie of an administrator's session begins with.
pub const MANAGER_SESSION_PREFIX: &str = "lkn_";
/// What every mailed token begins with.
pub const MAIL_TOKEN_PREFIX: &str = "lkm_";
/// What every access token of OAuth 2.0 begins with.
pub const ACCESS_TOKEN_PREFIX: &str = "lkt_";
const RANDOM_CHARACTERS: usize = 32;
const TAG_CHARACTERS: usize = 6;
/// Length of a key made here, in bytes.
pub const KEY_LENGTH: usize = KEY_PREFIX.len() + RANDOM_CHARACTERS + TAG_CHARACTERS;
/// Characters of a key that are stored and shown, so that its owner can tell keys apart.
pub const DISPLAY_CHARACTERS: usize = 7;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What the id of a pepper is the HMAC of. What is stored is named by it, so it stays.
const ID_LABEL: &[u8] = b"latchkey pepper id v1";
/// What the key of the tags is the HMAC of. Keys that are out carry such tags, so it stays.
const TAG_LABEL: &[u8] = b"latchkey key tag v1";

/// Zero bytes whose HMAC under the pepper is the root of all derived secrets: one more than a key
/// may have, so that no key has this digest.
const ROOT_MESSAGE: [u8; 513] = [0; 513];
const _: () = assert!(ROOT_MESSAGE.len() > limits::KEY_BYTES_MAX);

/// Whether these bytes may be no key: their digest would be a secret that is derived from the pepper.
pub fn is_reserved(key: &[u8]) -> bool {
    key == ID_LABEL || key == TAG_LABEL
}

/// What a derived secret is for. Each has a label of its own, so that no two uses share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Sessions of the portal and the manager.
    Session,
    /// Mailed tokens.
    MailToken,
    /// Cookies of browsers that have logged in before.
    Browser,
    /// Access tokens of OAuth 2.0.
    Token,
    /// What is kept sealed in the store.
    Seal,
    /// Records in an eventually consistent replica that others may write to.
    Replica,
    /// Tags of named admin tokens.
    AdminToken,
    /// Where the grant of a key is kept of which only the SHA-256 was brought.
    ImportedDigest,
    /// Calls that are tried out in the portal.
    Try,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Purpose::Session => b"session",
            Purpose::MailToken => b"mail token",
            Purpose::Browser => b"browser",
            Purpose::Token => b"token",
            Purpose::Seal => b"seal",
            Purpose::Replica => b"replica",
            Purpose::AdminToken => b"admin token",
            Purpose::ImportedDigest => b"imported digest",
            Purpose::Try => b"try",
        }
    }
}

/// A key, secret or token in clear. Never stored, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainKey(String);

impl PlainKey {
    /// Wraps text that came from a caller.
    pub fn new(text: impl Into<String>) -> Self {
        PlainKey(text.into())
    }

    /// The text itself, for the one answer that returns it. clippy asks each use for its reason; a digest
    /// needs none: [`Pepper::digest_key`].
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The first characters, for display: at most [`DISPLAY_CHARACTERS`], and never more than a
    /// quarter of the key, so that a short imported key is not given away.
    pub fn start(&self) -> String {
        let shown = DISPLAY_CHARACTERS.min(self.0.chars().count() / 4);
        self.0.chars().take(shown).collect()
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainKey")
    }
}

/// HMAC-SHA-256 of a key under a pepper: what is stored, and what a grant is found by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Digest from its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        KeyDigest(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hex digits: the form in stores.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// Parses [`KeyDigest::to_hex`].
    pub fn from_hex(text: &str) -> Option<Self> {
        let text: &[u8; 64] = text.as_bytes().try_into().ok()?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = (hex_value(pair[0])? << 4) | hex_value(pair[1])?;
        }
        Some(KeyDigest(bytes))
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &KeyDigest) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest")
    }
}

impl serde::Serialize for KeyDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> serde::Deserialize<'de> for KeyDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        KeyDigest::from_hex(&text).ok_or_else(|| serde::de::Error::custom("expected 64 hex digits"))
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Names a pepper without giving it away: stored beside every digest made under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct PepperId(u32);

impl From<u32> for PepperId {
    fn from(number: u32) -> Self {
        PepperId(number)
    }
}

impl From<PepperId> for u32 {
    fn from(id: PepperId) -> Self {
        id.0
    }
}

impl PepperId {
    /// Its 4 bytes, big endian.
    pub(crate) fn to_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }
}

/// A secret that turns keys into digests. Held in memory only, with its HMAC state prepared.
#[derive(Clone)]
pub struct Pepper {
    id: PepperId,
    digest: HmacSha256,
    tag: TagKey,
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper")
    }
}

impl Pepper {
    /// Derives the digest key, the tag key and the id from the secret setting.
    pub fn new(secret: &[u8]) -> Self {
        let digest = keyed(secret);
        let id = mac(&digest, ID_LABEL);
        Pepper {
            id: PepperId(u32::from_be_bytes([id[0], id[1], id[2], id[3]])),
            tag: TagKey::from_bytes(mac(&digest, TAG_LABEL)),
            digest,
        }
    }

    /// The secret for a purpose: HMAC(K, the purpose's label), with K = HMAC(pepper, 513 zero
    /// bytes). Some dozen blocks of SHA-256: derive it once, at the start.
    pub fn derive(&self, purpose: Purpose) -> DerivedKey {
        let root = keyed(&mac(&self.digest, &ROOT_MESSAGE));
        DerivedKey(mac(&root, purpose.label()))
    }

    /// Name of this pepper.
    pub fn id(&self) -> PepperId {
        self.id
    }

    /// HMAC-SHA-256(pepper, key).
    pub fn digest(&self, key: &[u8]) -> KeyDigest {
        KeyDigest(mac(&self.digest, key))
    }

    /// The same of a key that is not shown for it.
    pub fn digest_key(&self, key: &PlainKey) -> KeyDigest {
        self.digest(key.0.as_bytes())
    }

    /// Key of the tags in keys made under this pepper.
    ///
    /// It is kept in the configuration snapshot, so that keys made under a pepper that has since
    /// been withdrawn are still told from forged ones. It gives away neither pepper nor keys.
    pub fn tag_key(&self) -> &TagKey {
        &self.tag
    }
}

/// A secret derived from the pepper for one purpose. Held in memory only.
#[derive(Clone)]
pub struct DerivedKey([u8; 32]);

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey")
    }
}

impl DerivedKey {
    /// The 32 bytes, for a cipher.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 over the parts, one behind the other. Where one part ends must follow from the
    /// parts themselves: all but the last of fixed length, say.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = keyed(&self.0);
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Whether `tag` is the MAC of the parts; compared in constant time.
    pub fn verifies(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.mac(parts).as_slice().ct_eq(tag).into()
    }
}

/// The pepper in use and, while it is being replaced, the one before.
#[derive(Clone, Debug)]
pub struct Peppers {
    /// New digests are made under this one.
    pub current: Pepper,
    /// Digests under this one are still found, then made anew.
    pub previous: Option<Pepper>,
}

/// Key of the tag that ends every key made here.
#[derive(Clone)]
pub struct TagKey {
    bytes: [u8; 32],
    mac: HmacSha256,
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TagKey")
    }
}

impl TagKey {
    /// From its 64 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        // The same form as a digest's.
        KeyDigest::from_hex(text).map(|bytes| TagKey::from_bytes(*bytes.as_bytes()))
    }

    /// From 32 derived bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        TagKey { bytes, mac: keyed(&bytes) }
    }

    /// The 32 bytes, for the configuration snapshot.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.bytes
    }

    /// Whether `key` has the form of a key made here and the tag is right.
    pub fn is_genuine(&self, key: &[u8]) -> bool {
        self.is_tagged(KEY_PREFIX, key)
    }

    /// The same of a named admin token; this must be the key of their tags.
    pub fn is_genuine_admin_token(&self, token: &[u8]) -> bool {
        self.is_tagged(ADMIN_TOKEN_PREFIX, token)
    }

    /// Whether `text` was made by [`generate_tagged`] with this key and this prefix.
    pub fn is_tagged(&self, prefix: &str, text: &[u8]) -> bool {
        let Some((body, tag)) = split_tag(prefix, text) else { return false };
        self.tag(body).ct_eq(tag).into()
    }

    fn tag(&self, body: &[u8]) -> [u8; TAG_CHARACTERS] {
        let mac = mac(&self.mac, body);
        let mut number = u64::from_be_bytes([mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], mac[6], mac[7]]);
        std::array::from_fn(|_| {
            let character = BASE62[(number % 62) as usize];
            number /= 62;
            character
        })
    }
}

/// Whether a key claims to be made here. Such a key is refused unless its tag is right.
pub fn has_our_prefix(key: &[u8]) -> bool {
    key.starts_with(KEY_PREFIX.as_bytes())
}

fn split_tag<'t>(prefix: &str, text: &'t [u8]) -> Option<(&'t [u8], &'t [u8])> {
    let body_length = prefix.len() + RANDOM_CHARACTERS;
    let is_ours = text.len() == body_length + TAG_CHARACTERS && text.starts_with(prefix.as_bytes());
    is_ours.then(|| text.split_at(body_length))
}

/// Makes a new key, tagged under `pepper`.
pub fn generate_key(pepper: &Pepper, fill: impl Fn(&mut [u8])) -> PlainKey {
    generate_tagged(KEY_PREFIX, &pepper.tag, fill)
}

/// Makes a new named admin token, tagged under `tag`.
pub fn generate_admin_token(tag: &TagKey, fill: impl Fn(&mut [u8])) -> PlainKey {
    generate_tagged(ADMIN_TOKEN_PREFIX, tag, fill)
}

/// Makes what begins with `prefix`, has 32 base62 characters that `fill` gives, and ends with their tag.
pub fn generate_tagged(prefix: &str, tag: &TagKey, fill: impl Fn(&mut [u8])) -> PlainKey {
    let mut text = String::with_capacity(prefix.len() + RANDOM_CHARACTERS + TAG_CHARACTERS);
    text.push_str(prefix);
    text.push_str(&random_base62(fill, RANDOM_CHARACTERS));
    let tag = tag.tag(text.as_bytes());
    text.extend(tag.iter().map(|byte| char::from(*byte)));
    PlainKey(text)
}

/// Makes a secret that is not an API key: a client secret, an admin token.
pub fn generate_secret(fill: impl Fn(&mut [u8])) -> PlainKey {
    PlainKey(random_base62(fill, 43))
}

/// Uniform base62 characters: random bytes of 248 and more are thrown away (4 × 62 = 248).
fn random_base62(fill: impl Fn(&mut [u8]), characters: usize) -> String {
    let mut text = String::with_capacity(characters);
    let mut bytes = [0; 64];
    while text.len() < characters {
        fill(&mut bytes);
        let usable = bytes.iter().filter(|byte| **byte < 248);
        text.extend(
            usable.take(characters - text.len()).map(|byte| char::from(BASE62[usize::from(byte % 62)])),
        );
    }
    text
}

pub(crate) fn keyed(secret: &[u8]) -> HmacSha256 {
    // HMAC takes a key of any length (RFC 2104 §2): longer ones are hashed, as done here by hand
    // so that the constructor below, which wants exactly one block, cannot fail.
    let mut block = [0; 64];
    if secret.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(secret));
    } else {
        block[..secret.len()].copy_from_slice(secret);
    }
    HmacSha256::new(&block.into())
}

pub(crate) fn mac(key: &HmacSha256, message: &[u8]) -> [u8; 32] {
    let mut mac = key.clone();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "made-up keys are looked at")]
mod tests {
    use static_assertions::assert_not_impl_any;

    use super::*;
    use crate::testing::SeededRandom;

    // What is secret cannot be printed or stored by mistake.
    assert_not_impl_any!(PlainKey: std::fmt::Display, serde::Serialize);
    assert_not_impl_any!(Pepper: std::fmt::Display, serde::Serialize);

    #[test]
    fn generated_key_has_the_documented_form() {
        let pepper = Pepper::new(b"pepper");
        let key = generate_key(&pepper, |bytes| SeededRandom::new(1).fill(bytes));
        assert_eq!(key.reveal().len(), KEY_LENGTH);
        assert!(key.reveal().starts_with("lk_"));
        assert!(key.reveal()[3..].bytes().all(|byte| BASE62.contains(&byte)));
        assert!(pepper.tag_key().is_genuine(key.reveal().as_bytes()));
        assert_eq!(key.start(), &key.reveal()[..7]);
    }

    #[test]
    fn an_admin_token_is_no_key_and_a_key_no_admin_token() {
        let pepper = Pepper::new(b"pepper");
        let tag = TagKey::from_bytes(*pepper.derive(Purpose::AdminToken).as_bytes());
        let random = SeededRandom::new(1);
        let token = generate_admin_token(&tag, |bytes| random.fill(bytes));
        let text = token.reveal();
        assert_eq!((&text[..4], text.len()), ("lka_", 4 + 32 + 6));
        assert!(text[4..].bytes().all(|byte| BASE62.contains(&byte)));
        assert!(tag.is_genuine_admin_token(text.as_bytes()));
        assert!(
            !tag.is_genuine(text.as_bytes()) && !pepper.tag_key().is_genuine_admin_token(text.as_bytes())
        );
        let key = generate_key(&pepper, |bytes| random.fill(bytes));
        assert!(!pepper.tag_key().is_genuine_admin_token(key.reveal().as_bytes()));
        for at in 0..text.len() {
            let mut forged = text.as_bytes().to_vec();
            forged[at] = if forged[at] == b'x' { b'y' } else { b'x' };
            assert!(!tag.is_genuine_admin_token(&forged), "byte {at}");
        }
    }

    #[test]
    fn any_changed_byte_breaks_the_tag() {
        let pepper = Pepper::new(b"pepper");
        let key =
            generate_key(&pepper, |bytes| SeededRandom::new(2).fill(bytes)).reveal().to_owned().into_bytes();
        for at in 0..key.len() {
            let mut forged = key.clone();
            forged[at] = if forged[at] == b'x' { b'y' } else { b'x' };
            assert!(!pepper.tag_key().is_genuine(&forged), "byte {at}");
        }
        assert!(!Pepper::new(b"other").tag_key().is_genuine(&key));
        assert!(!pepper.tag_key().is_genuine(&key[..key.len() - 1]));
    }

    #[test]
    fn digest_is_hmac_sha256() {
        // RFC 4231 §4.3, test case 2.
        let digest = Pepper::new(b"Jefe").digest(b"what do ya want for nothing?");
        assert_eq!(digest.to_hex(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(KeyDigest::from_hex(&digest.to_hex()), Some(digest));
        // §4.7, test case 6: a key longer than a block.
        let digest =
            Pepper::new(&[0xaa; 131]).digest(b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(digest.to_hex(), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn stored_derivations_stay_as_they_are() {
        // Reckoned by Python's `hmac`, from the labels: stores and keys that are out depend on them.
        let pepper = Pepper::new(b"pepper");
        assert_eq!(serde_json::to_value(pepper.id()).unwrap(), 2213091469u32);
        assert_eq!(
            hex(&pepper.tag_key().to_bytes()),
            "ae6b240e42c5dd7f01101dee411fe2b0d5f9f739af5ddfca9f5a6fa0124cfc63"
        );
    }

    #[test]
    fn derived_secrets_are_hmac_under_a_root_that_no_key_reaches() {
        let pepper = Pepper::new(b"pepper");
        // Python: k = hmac(pepper, bytes(513)); hmac(k, label).
        for (purpose, expected) in [
            (Purpose::Session, "aa806f6e500651bbe5464692121241d2824c0a295bd24560dc4498aa4396915f"),
            (Purpose::MailToken, "3a04e2688744bf7af5af52e80f2d3d2ca049739d7a92fadd3d4b4cad9c41223a"),
            (Purpose::Browser, "a3ab1cfbe54407a2e990d2a209bd2d143c040b3aae109b7dff3afe7add2318ac"),
            (Purpose::Token, "12ae50e53b51cd42b92f3427e4ab0a1ad774e725ece63e8a5a20a11c5c878e48"),
            (Purpose::Seal, "7254b18052b15aae388500feb5a4b1df79d4cdbe1b28236fa3789d586efee886"),
            (Purpose::Replica, "3a531df490c914ec89f09bc44358db4df5dc783f11bb88e0ce8b43a877027800"),
            (Purpose::AdminToken, "0b8b8218cc60d2ec380cb45d38e61545ae82d28ae8976fed445cfedd194dc796"),
            (Purpose::ImportedDigest, "370ac678c15e440b295efd3aac29e081c463861298f60e8edfe28202c1672627"),
            (Purpose::Try, "0b7f5999cf2cb70278187019244ec53aa2c03e5e76547ca5f54538aead536716"),
        ] {
            let key = pepper.derive(purpose);
            assert_eq!(hex(key.as_bytes()), expected, "{purpose:?}");
            assert_ne!(key.as_bytes(), pepper.digest(purpose.label()).as_bytes(), "{purpose:?}");
        }
        assert_eq!(
            pepper.digest(&ROOT_MESSAGE).to_hex(),
            "1ce9d42293733d9f2100191753920b05d338d803e8abfe71e4190c703bcf6084"
        );
    }

    #[test]
    fn a_mac_is_over_all_parts_and_under_its_purpose() {
        let pepper = Pepper::new(b"pepper");
        let key = pepper.derive(Purpose::Replica);
        let tag = key.mac(&[b"digest", b"record"]);
        assert!(key.verifies(&[b"digest", b"record"], &tag));
        assert!(!key.verifies(&[b"digest", b"other"], &tag));
        assert!(!key.verifies(&[b"digest"], &tag));
        assert!(!key.verifies(&[b"digest", b"record"], &tag[..31]));
        assert!(!key.verifies(&[b"digest", b"record"], b""));
        assert!(!pepper.derive(Purpose::Seal).verifies(&[b"digest", b"record"], &tag));
        assert!(!Pepper::new(b"other").derive(Purpose::Replica).verifies(&[b"digest", b"record"], &tag));
    }

    #[test]
    fn the_digests_of_reserved_keys_are_secrets() {
        let pepper = Pepper::new(b"pepper");
        let tag_key = pepper.digest(b"latchkey key tag v1");
        assert_eq!(tag_key.as_bytes(), &pepper.tag_key().to_bytes());
        assert!(is_reserved(b"latchkey key tag v1") && is_reserved(b"latchkey pepper id v1"));
        for key in
            [&b"latchkey key tag v2"[..], b"latchkey key tag v1 ", b"Latchkey key tag v1", b"", b"latchkey"]
        {
            assert!(!is_reserved(key), "{key:?}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let pepper = Pepper::new(b"pepper");
        let derived = pepper.derive(Purpose::Seal);
        let text =
            format!("{:?} {:?} {:?} {derived:?}", pepper, PlainKey::new("sesame"), pepper.digest(b"sesame"));
        assert_eq!(text, "Pepper PlainKey KeyDigest DerivedKey");
    }

    #[test]
    fn short_key_is_not_given_away_by_its_start() {
        assert_eq!(PlainKey::new("kong").start(), "k");
        assert_eq!(PlainKey::new("abc").start(), "");
    }
}
