//! Tokens by which the portal calls a service as one of a developer's credentials, whose key nobody shows.
//!
//! A token names the digest that the credential's grant is at, and is worth what that grant is when it is
//! shown: no more than the key. It is good for half a minute, for one method, path and service, and only whoever
//! has the pepper can make one. It goes from the control plane to the gateway alone; neither a browser nor
//! an upstream ever sees it.

use uuid::Uuid;

use crate::keys::{DerivedKey, KeyDigest, Peppers, PlainKey, Purpose, hex};
use crate::limits::TRY_TOKEN_MS;

/// The field that such a token comes in. No gateway passes it on.
pub const TRY_TOKEN_FIELD: &str = "x-latchkey-try-token";
/// The field that tells an upstream that a call was tried out in the portal. None of a client's passes.
pub const TRIED_FIELD: &str = "x-latchkey-try";

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, in normal form, without the query.
    pub path: &'a [u8],
    /// The service that is called.
    pub service_id: Uuid,
}

/// Makes tokens, and tells ours from others.
#[derive(Clone, Debug)]
pub struct TryKeys {
    current: DerivedKey,
    previous: Option<DerivedKey>,
}

impl TryKeys {
    /// The keys that go with the peppers in use.
    pub fn new(peppers: &Peppers) -> Self {
        TryKeys {
            current: peppers.current.derive(Purpose::Try),
            previous: peppers.previous.as_ref().map(|pepper| pepper.derive(Purpose::Try)),
        }
    }

    /// A token for the credential whose grant is at `digest`, good for [`TRY_TOKEN_MS`] from now.
    pub fn make(&self, digest: &KeyDigest, tried: &Tried<'_>, now_ms: u64) -> PlainKey {
        let ends_ms = now_ms + TRY_TOKEN_MS;
        let mac = hex(&self.current.mac(&parts(digest, tried, &ends_ms.to_be_bytes())));
        PlainKey::new(format!("{}{mac}{ends_ms:x}", digest.to_hex()))
    }

    /// Where the grant is of a credential for which a token was made; `None`: for none, for another request, or
    /// its time has come.
    pub fn open(&self, token: &[u8], tried: &Tried<'_>, now_ms: u64) -> Option<KeyDigest> {
        let token = std::str::from_utf8(token).ok()?;
        let (digest, rest) = token.split_at_checked(64)?;
        let (mac, ends_ms) = rest.split_at_checked(64)?;
        // A MAC has the form of a digest.
        let (digest, mac) = (KeyDigest::from_hex(digest)?, KeyDigest::from_hex(mac)?);
        let ends_ms = u64::from_str_radix(ends_ms, 16).ok()?;
        let ends = ends_ms.to_be_bytes();
        let signed = |key: &DerivedKey| key.verifies(&parts(&digest, tried, &ends), mac.as_bytes());
        let is_ours = signed(&self.current) || self.previous.as_ref().is_some_and(signed);
        (is_ours && now_ms < ends_ms).then_some(digest)
    }
}

/// All but the last two are of fixed length, and no method has the character between these.
fn parts<'a>(digest: &'a KeyDigest, tried: &'a Tried<'_>, ends_ms: &'a [u8; 8]) -> [&'a [u8]; 6] {
    let Tried { method, path, service_id } = tried;
    [digest.as_bytes(), service_id.as_bytes(), ends_ms, method.as_bytes(), b" ", path]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Pepper;

    const NOW_MS: u64 = 1_700_000_000_000;
    const SERVICE: Uuid = Uuid::from_u128(1);
    const TRIED: Tried<'static> = Tried { method: "GET", path: b"/orders/7", service_id: SERVICE };

    fn keys(current: &str, previous: Option<&str>) -> TryKeys {
        let pepper = |secret: &str| Pepper::new(secret.as_bytes());
        TryKeys::new(&Peppers { current: pepper(current), previous: previous.map(pepper) })
    }

    fn digest() -> KeyDigest {
        KeyDigest::from_bytes([7; 32])
    }

    #[expect(clippy::disallowed_methods, reason = "what it is made of is looked at")]
    fn made(keys: &TryKeys) -> String {
        keys.make(&digest(), &TRIED, NOW_MS).reveal().to_owned()
    }

    #[test]
    fn a_token_is_good_for_its_request_and_its_time_alone() {
        let ours = keys("p", None);
        let token = made(&ours);
        let open = |tried: &Tried<'_>, now_ms| ours.open(token.as_bytes(), tried, now_ms);
        assert_eq!(open(&TRIED, NOW_MS), Some(digest()));
        assert_eq!(open(&TRIED, NOW_MS + TRY_TOKEN_MS - 1), Some(digest()));
        assert_eq!(open(&TRIED, NOW_MS + TRY_TOKEN_MS), None, "its time has come");
        for tried in [
            Tried { method: "POST", ..TRIED },
            Tried { path: b"/orders/8", ..TRIED },
            Tried { path: b"/orders", ..TRIED },
            Tried { service_id: Uuid::from_u128(2), ..TRIED },
        ] {
            assert_eq!(open(&tried, NOW_MS), None, "{tried:?}");
        }
    }

    #[test]
    fn what_is_changed_or_others_is_no_token() {
        let (ours, token) = (keys("p", None), made(&keys("p", None)));
        let later = format!("{}{:x}", &token[..128], NOW_MS + 10 * TRY_TOKEN_MS);
        let another = format!("{}{}", KeyDigest::from_bytes([8; 32]).to_hex(), &token[64..]);
        for (what, token) in [
            ("nothing", String::new()),
            ("cut short", token[..token.len() - 1].to_owned()),
            ("without its end", token[..128].to_owned()),
            ("for longer", later),
            ("of another credential", another),
            ("under another pepper", made(&keys("q", None))),
            ("no hex", token.replace('7', "x")),
            ("no text", "é".repeat(80)),
        ] {
            assert_eq!(ours.open(token.as_bytes(), &TRIED, NOW_MS), None, "{what}");
        }
        assert_eq!(ours.open(b"\xff\xfe", &TRIED, NOW_MS), None);
    }

    #[test]
    fn the_mac_is_hmac_sha256_under_the_try_key() {
        // Reckoned by Python's `hmac`: root = hmac(b"pepper", bytes(513)), key = hmac(root, b"try"), then of
        // digest, service, end, "GET /orders/7" one behind the other.
        let mac = "dc87d5ff60d6640246f384ff9775c57b566d0b70ca460ead4d88254fb7c5aaa2";
        assert_eq!(made(&keys("pepper", None)), format!("{}{mac}18bcfe5dd30", "07".repeat(32)));
    }

    #[test]
    fn a_token_is_good_across_a_change_of_pepper() {
        for (made_by, seen_by) in
            [("new", ("new", Some("old"))), ("old", ("new", Some("old"))), ("new", ("new", None))]
        {
            let token = made(&keys(made_by, None));
            assert!(keys(seen_by.0, seen_by.1).open(token.as_bytes(), &TRIED, NOW_MS).is_some(), "{made_by}");
        }
    }
}
