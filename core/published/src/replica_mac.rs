//! Why a replica's record is believed: whoever can write to the replica could otherwise put another
//! caller's record at the digest of a key of their own.
//!
//! Each record has a MAC beside it, over the digest that it is for and every byte of it, under a
//! key derived from the pepper. It is beside the record and not in it, so that versions from before
//! read the record all the same. What has no right MAC counts as not there, and the authority is
//! asked. A record that was once right at the same digest keeps its MAC: against those that are put
//! back later stand the epoch in the record and the changes that the feed tells of, for as long as
//! these are not settled (docs/revocation.md).

use crate::grant::Grant;
use crate::keys::{DerivedKey, KeyDigest, Peppers, Purpose, hex};

/// Signs a replica's records, and tells ours from others.
#[derive(Clone, Debug)]
pub struct ReplicaKeys {
    current: DerivedKey,
    /// Records are found at digests under the previous pepper, too, and were signed under it.
    previous: Option<DerivedKey>,
}

impl ReplicaKeys {
    /// The keys that go with the peppers in use.
    pub fn new(peppers: &Peppers) -> Self {
        ReplicaKeys {
            current: peppers.current.derive(Purpose::Replica),
            previous: peppers.previous.as_ref().map(|pepper| pepper.derive(Purpose::Replica)),
        }
    }

    /// The MAC to be written beside a record: 64 hex digits.
    pub fn sign(&self, digest: &KeyDigest, record: &[u8]) -> String {
        hex(&self.current.mac(&[digest.as_bytes(), record]))
    }

    /// The grant in a record that a replica shows at a digest; `None`: it is not ours, or not for
    /// this digest. `mac`: what is beside it; empty: nothing.
    pub fn open(&self, digest: &KeyDigest, record: &[u8], mac: &str) -> Option<Grant> {
        // A MAC has the form of a digest.
        let mac = KeyDigest::from_hex(mac)?;
        let signed = |key: &DerivedKey| key.verifies(&[digest.as_bytes(), record], mac.as_bytes());
        let is_ours = signed(&self.current) || self.previous.as_ref().is_some_and(signed);
        if is_ours { Grant::decode(record).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::grant::Consumer;
    use crate::keys::Pepper;

    fn keys(current: &str, previous: Option<&str>) -> ReplicaKeys {
        let pepper = |secret: &str| Pepper::new(secret.as_bytes());
        ReplicaKeys::new(&Peppers { current: pepper(current), previous: previous.map(pepper) })
    }

    fn digest(byte: u8) -> KeyDigest {
        KeyDigest::from_bytes([byte; 32])
    }

    fn grant(byte: u8) -> Grant {
        Grant {
            epoch: 7,
            digest: digest(byte),
            pepper_id: Pepper::new(b"p").id(),
            credential_id: Uuid::from_u128(1),
            consumer: Consumer { id: Uuid::from_u128(2), username: Some("bob".into()), custom_id: None },
            application_id: None,
            service_ids: vec![],
            expires_at_ms: None,
            enabled: true,
            oauth2: None,
        }
    }

    #[test]
    fn only_the_record_that_was_signed_for_the_digest_is_believed() {
        let ours = keys("p", None);
        let record = grant(1).encode();
        let mac = ours.sign(&digest(1), &record);
        assert_eq!(ours.open(&digest(1), &record, &mac), Some(grant(1)));
        let other = grant(2).encode();
        let longer = [&record[..], b" "].concat();
        let others = keys("q", None).sign(&digest(1), &record);
        for (what, at, record, mac) in [
            ("another's record, with its MAC", 1, &other, ours.sign(&digest(2), &other)),
            (
                "another's record, made to say this digest",
                1,
                &grant(1).encode(),
                ours.sign(&digest(2), &other),
            ),
            ("at another digest", 2, &record, mac.clone()),
            ("changed", 1, &longer, mac.clone()),
            ("without a MAC", 1, &record, String::new()),
            ("cut short", 1, &record, mac[..62].to_owned()),
            ("no hex", 1, &record, mac.replace(|c: char| c.is_ascii_digit(), "x")),
            ("longer", 1, &record, format!("{mac}00")),
            ("under another pepper", 1, &record, others),
        ] {
            assert_eq!(ours.open(&digest(at), record, &mac), None, "{what}");
        }
        assert_eq!(ours.open(&digest(1), b"{}", &ours.sign(&digest(1), b"{}")), None, "no grant");
    }

    #[test]
    fn records_from_before_a_change_of_pepper_are_believed_while_the_old_one_is_set() {
        let record = grant(1).encode();
        let mac = keys("old", None).sign(&digest(1), &record);
        assert!(keys("new", Some("old")).open(&digest(1), &record, &mac).is_some());
        assert!(keys("new", None).open(&digest(1), &record, &mac).is_none());
        let mac = keys("new", Some("old")).sign(&digest(1), &record);
        assert!(keys("new", None).open(&digest(1), &record, &mac).is_some());
    }

    #[test]
    fn mac_is_hmac_sha256_under_the_replica_key() {
        // Reckoned by Python's `hmac`: k = hmac(b"pepper", bytes(513)), r = hmac(k, b"replica"),
        // hmac(r, bytes([3]) * 32 + b"record").
        let mac = keys("pepper", None).sign(&digest(3), b"record");
        assert_eq!(mac, "cf3f82df8a6c600eec56f47671e9a4c6b6e92bcd4d5c2cd9987c6e0e8476bfe9");
    }
}
