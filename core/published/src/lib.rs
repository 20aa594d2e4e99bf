//! What one plane tells the other: grants, changes, the pieces of the configuration, and how keys are
//! digested. Stored forms: their meaning never changes.

pub mod admit_secret;
pub mod feed;
pub mod grant;
pub mod key_sha256;
pub mod keys;
pub mod limits;
pub mod plugins;
pub mod record_key;
pub mod rehash;
pub mod replica_mac;
pub mod routes;
pub mod services;
pub mod setting;
pub mod snapshot;
pub mod stored;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod token;
pub mod try_token;
