//! Keys found under the previous pepper: the control plane is asked to move them, since this function's
//! role may not write credentials.

use std::cell::RefCell;
use std::collections::HashSet;

use latchkey_gateway::gateway::Rehash;
use latchkey_published::keys::KeyDigest;
use latchkey_store::rehash::ask_for_rehash;

use crate::store::DynamoStore;

/// Keys of which it is remembered that their move was asked for; beyond, all are forgotten, and asking
/// again changes nothing.
const REMEMBERED_MAX: usize = 4096;

/// Asks once for each key, though it is found at its old digest until the move is carried out.
pub(crate) struct RehashRequests {
    store: DynamoStore,
    asked: RefCell<HashSet<KeyDigest>>,
}

impl RehashRequests {
    pub(crate) fn new(store: DynamoStore) -> Self {
        RehashRequests { store, asked: RefCell::default() }
    }

    /// Asks for a move, unless this environment has before.
    pub(crate) async fn ask(&self, rehash: Rehash) {
        if self.asked.borrow().contains(&rehash.old) {
            return;
        }
        match ask_for_rehash(&self.store, &rehash).await {
            Ok(()) => self.remember(rehash.old),
            Err(error) => tracing::warn!(%error, "a key's move to the current pepper could not be asked for"),
        }
    }

    fn remember(&self, digest: KeyDigest) {
        let mut asked = self.asked.borrow_mut();
        if asked.len() >= REMEMBERED_MAX {
            asked.clear();
        }
        asked.insert(digest);
    }
}
