//! Moves a key from the pepper before to the one in use: at once, or because a gateway has asked for
//! it that may not write credentials itself.

use serde_json::json;

use super::Registry;
use super::attempts::transact;
use super::entity_transaction::{EntityTransaction, reference};
use super::error::Error;
use super::lookup::Holder;
use super::records;
use super::stored_credential::{DIGEST, PEPPER_ID, digest_of};
use crate::audit::{Actor, Did, Line, Who};
use crate::ports::{Clock, Random};
use crate::schema::EntityKind;
use latchkey_published::keys::{KeyDigest, PepperId};
use latchkey_published::rehash::{self, Rehash};
use latchkey_store::{Batch, RecordKey, Store, Write};

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Makes `new` the digest of the credential found by `old`.
    ///
    /// For a key that was shown: only its owner can give both. Nothing happens when the credential
    /// is gone, or has moved already.
    pub async fn rehash(&self, old: KeyDigest, new: KeyDigest, pepper_id: PepperId) -> Result<(), Error> {
        let gateway = self.acting_as(Actor { who: Who::gateway(), ..Actor::program() });
        transact!(gateway, attempts, |transaction| self.rehash_in(&mut transaction, old, new, pepper_id));
        Ok(())
    }

    /// Carries out up to `max` moves that gateways have asked for.
    ///
    /// Whoever can ask could move a key that they know to the digest of another's. So they are
    /// believed only as gateways are: to the current pepper and none else, and nothing else can be
    /// asked for. What is carried out, or cannot be, is asked for no longer.
    pub async fn carry_out_rehashes(&self, max: usize) -> Result<(), Error> {
        let page = self.store.scan(rehash::PARTITION, "", None, max).await?;
        for (sort, record) in page.records {
            let asked = Rehash::decode(&record.value).ok();
            if let Some(Rehash { old, new, pepper_id }) =
                asked.filter(|asked| self.may_carry_out(&sort, asked))
            {
                self.rehash(old, new, pepper_id).await?;
            }
            let done = Write::Delete(RecordKey::new(rehash::PARTITION, sort));
            self.store.commit(Batch { checks: vec![], writes: vec![done] }).await?;
        }
        Ok(())
    }

    fn may_carry_out(&self, sort: &str, asked: &Rehash) -> bool {
        asked.old.to_hex() == sort && asked.pepper_id == self.peppers.current.id()
    }

    async fn rehash_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        old: KeyDigest,
        new: KeyDigest,
        pepper_id: PepperId,
    ) -> Result<(), Error> {
        let Some(holder) = transaction.read_json::<Holder>(&records::credential(&old)).await? else {
            return Ok(());
        };
        let taken = transaction.read_json::<Holder>(&records::credential(&new)).await?.is_some();
        let kind = holder.kind();
        let before = transaction.load(kind, holder.id).await?.filter(|found| digest_of(found) == Some(old));
        let Some(before) = before.filter(|_| !taken && old != new) else { return Ok(()) };
        let mut credential = before.clone();
        credential.insert(DIGEST.to_owned(), new.to_hex().into());
        credential.insert(PEPPER_ID.to_owned(), json!(pepper_id));
        transaction.delete(records::credential(&old));
        transaction.publish_grant(old, None);
        transaction.put_json(records::credential(&new), &holder);
        let line = Line::new(kind.name(), Some(holder.id), Did::Moved);
        transaction.save_as(line, kind, Some(&before), &credential).await?;
        match (kind, reference(&credential, "application")) {
            (EntityKind::Oauth2Credentials, Some(id)) => self.republish_application(transaction, id).await,
            _ => self.publish_credential(transaction, &credential).await,
        }
    }
}
