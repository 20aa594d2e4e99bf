//! The admin token that the local program makes at its first start: its digest only.

use super::Registry;
use super::attempts::Attempts;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::records;
use crate::ports::{Clock, Random};
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Digest of the stored admin token.
    pub async fn admin_token_digest(&self) -> Result<Option<KeyDigest>, Error> {
        EntityTransaction::new(&self.store, self.clock.unix_ms()).read_json(&records::admin_token()).await
    }

    /// Stores the digest of the admin token, or none.
    pub async fn set_admin_token_digest(&self, digest: Option<KeyDigest>) -> Result<(), Error> {
        let mut attempts = Attempts::new(self.clock.unix_ms());
        loop {
            let mut transaction = EntityTransaction::new(&self.store, attempts.now_ms);
            match digest {
                Some(digest) => transaction.put_json(records::admin_token(), &digest),
                None => transaction.delete(records::admin_token()),
            }
            if attempts.commit(transaction).await? {
                return Ok(());
            }
        }
    }
}
