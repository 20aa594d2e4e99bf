//! Asking for a key's move to the current pepper, where the gateway may write nothing else.

use latchkey_published::rehash::Rehash;

use crate::{Batch, Check, Store, StoreError, Write};

/// Leaves a request for the control plane; a second one for the same digest changes nothing.
pub async fn ask_for_rehash<S: Store>(store: &S, rehash: &Rehash) -> Result<(), StoreError> {
    let key = rehash.record_key();
    let checks = vec![Check::Absent(key.clone())];
    // A conflict says that it has been asked for already.
    store.commit(Batch { checks, writes: vec![Write::Put(key, rehash.encode())] }).await.map(drop)
}

#[cfg(test)]
mod tests {
    use latchkey_published::keys::Pepper;

    use super::*;
    use crate::memory::MemoryStore;

    #[tokio::test]
    async fn the_first_request_for_a_digest_stays() {
        let store = MemoryStore::default();
        let (before, now) = (Pepper::new(b"before"), Pepper::new(b"now"));
        let (old, new) = (before.digest(b"k"), now.digest(b"k"));
        let rehash = Rehash { old, new, pepper_id: now.id(), secret: None };
        ask_for_rehash(&store, &rehash).await.unwrap();
        ask_for_rehash(&store, &Rehash { new: now.digest(b"other"), ..rehash }).await.unwrap();
        let stored = store.get(&rehash.record_key()).await.unwrap().unwrap();
        assert_eq!(Rehash::decode(&stored.value).unwrap(), rehash);
    }
}
