//! Moves a key from the pepper before to the one in use.

use serde_json::json;

use super::Registry;
use super::attempts::transact;
use super::credentials::{DIGEST, PEPPER_ID, digest_of};
use super::error::Error;
use super::lookup::Holder;
use super::records;
use super::work::{Work, reference};
use crate::ports::{Clock, Random};
use crate::schema::EntityKind;
use latchkey_published::keys::{KeyDigest, PepperId};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Makes `new` the digest of the credential found by `old`.
    ///
    /// For a key that was shown: only its owner can give both. Nothing happens when the credential
    /// is gone, or has moved already.
    pub async fn rehash(&self, old: KeyDigest, new: KeyDigest, pepper_id: PepperId) -> Result<(), Error> {
        transact!(self, attempts, |work| self.rehash_in(&mut work, old, new, pepper_id));
        Ok(())
    }

    async fn rehash_in(
        &self,
        work: &mut Work<'_, S>,
        old: KeyDigest,
        new: KeyDigest,
        pepper_id: PepperId,
    ) -> Result<(), Error> {
        let Some(holder) = work.read_json::<Holder>(&records::credential(&old)).await? else { return Ok(()) };
        let taken = work.read_json::<Holder>(&records::credential(&new)).await?.is_some();
        let kind = holder.kind();
        let before = work.load(kind, holder.id).await?.filter(|found| digest_of(found) == Some(old));
        let Some(before) = before.filter(|_| !taken && old != new) else { return Ok(()) };
        let mut credential = before.clone();
        credential.insert(DIGEST.to_owned(), new.to_hex().into());
        credential.insert(PEPPER_ID.to_owned(), json!(pepper_id));
        work.delete(records::credential(&old));
        work.publish_grant(old, None);
        work.put_json(records::credential(&new), &holder);
        work.save(kind, Some(&before), &credential).await?;
        match (kind, reference(&credential, "application")) {
            (EntityKind::Oauth2Credentials, Some(id)) => self.republish_application(work, id).await,
            _ => self.publish_credential(work, &credential).await,
        }
    }
}
