//! Members of a stored credential that are never answered.

use latchkey_published::keys::{KeyDigest, PepperId};

use crate::schema::Object;

/// Digest of its key.
pub(super) const DIGEST: &str = "_digest";
/// The pepper that the digest was made under.
pub(super) const PEPPER_ID: &str = "_pepper_id";

/// The digest of a stored credential.
pub(super) fn digest_of(credential: &Object) -> Option<KeyDigest> {
    KeyDigest::from_hex(credential.get(DIGEST)?.as_str()?)
}

/// The pepper that the digest of a stored credential was made under.
pub(super) fn pepper_id_of(credential: &Object) -> Option<PepperId> {
    serde_json::from_value(credential.get(PEPPER_ID)?.clone()).ok()
}
