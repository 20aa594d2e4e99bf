//! A key that is to move to the current pepper, with the client secret that was shown beside it: where the
//! gateway may not write credentials itself, it leaves this for the control plane.

use crate::keys::{KeyDigest, PepperId};
use crate::record_key::RecordKey;

/// Where requests lie. The gateway's role may write to partitions that begin so, and to no other
/// (`infra/aws`).
pub const PARTITION: &str = "rehash/requests";

/// A grant found under the previous pepper, or a client secret, which the control plane is to move to the
/// current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rehash {
    /// Digest it was found at.
    pub old: KeyDigest,
    /// Digest of the same key under the current pepper; the same where only the secret is to move, of which
    /// programs from before do nothing.
    pub new: KeyDigest,
    /// The current pepper.
    pub pepper_id: PepperId,
    /// The client secret that was shown beside the key, where it is to move too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<MovedSecret>,
}

/// Digests of a client secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MovedSecret {
    /// As it is kept, under another pepper than the current one.
    pub old: KeyDigest,
    /// Under the current pepper.
    pub new: KeyDigest,
}

impl Rehash {
    /// Where the request is stored: one for each digest that a key was found at.
    pub fn record_key(&self) -> RecordKey {
        RecordKey::new(PARTITION, self.old.to_hex())
    }

    /// As stored.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("digests and a number are JSON")
    }

    /// From its stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Pepper;

    #[test]
    fn a_request_reads_back_and_names_no_key() {
        let (before, now) = (Pepper::new(b"before"), Pepper::new(b"now"));
        let key = b"a key of somebody";
        let (old, new) = (before.digest(key), now.digest(key));
        let rehash = Rehash { old, new, pepper_id: now.id(), secret: None };
        let stored = rehash.encode();
        assert_eq!(Rehash::decode(&stored).unwrap(), rehash);
        let hex = rehash.old.to_hex();
        assert_eq!(rehash.record_key(), RecordKey::new("rehash/requests", hex.as_str()));
        assert!(!String::from_utf8(stored).unwrap().contains("somebody"));
        assert!(Rehash::decode(b"{}").is_err());
    }

    #[test]
    fn the_stored_form_stays() {
        let golden = include_bytes!("../golden/1/rehash.json").trim_ascii();
        let rehash = Rehash::decode(golden).unwrap();
        assert_eq!(rehash.old, KeyDigest::from_bytes([3; 32]));
        assert_eq!(rehash.new, KeyDigest::from_bytes([4; 32]));
        assert_eq!(serde_json::to_value(rehash.pepper_id).unwrap(), 1_502_135_600);
        assert_eq!((rehash.secret, rehash.encode()), (None, golden.to_vec()));
        let golden = include_bytes!("../golden/1/rehash-secret.json").trim_ascii();
        let [key, old, new] = [4, 5, 6].map(|byte| KeyDigest::from_bytes([byte; 32]));
        let pepper_id = rehash.pepper_id;
        let with_secret = Rehash { old: key, new: key, pepper_id, secret: Some(MovedSecret { old, new }) };
        assert_eq!(Rehash::decode(golden).unwrap(), with_secret);
        assert_eq!(with_secret.encode(), golden);
    }
}
