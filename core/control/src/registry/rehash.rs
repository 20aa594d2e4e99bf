//! Moves a key, and a client secret, from the pepper before to the one in use: at once, or because a gateway
//! has asked for it that may not write credentials itself.

use super::Registry;
use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::lookup::Holder;
use super::present::is_expired;
use super::records;
use super::stored_credential::{HeldKey, HeldSecret, PreviousKey};
use crate::audit::{Actor, Did, Line, Who};
use crate::ports::{Clock, Random};
use crate::schema::Object;
use latchkey_published::keys::{KeyDigest, PepperId};
use latchkey_published::rehash::{self, MovedSecret, Rehash};
use latchkey_store::{Batch, RecordKey, Store, Write};

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Makes `new` the digest of the key found by `old`: a credential's own, or the one in its grace; and
    /// likewise of the secret that belongs to it.
    ///
    /// For what was shown: only its owner can give both. Nothing happens when the credential
    /// is gone, or has moved already.
    pub async fn rehash(&self, asked: Rehash) -> Result<(), Error> {
        let gateway = self.acting_as(Actor { who: Who::gateway(), ..Actor::program() });
        transact!(gateway, attempts, |transaction| self.rehash_in(&mut transaction, asked));
        Ok(())
    }

    /// Carries out up to `max` moves that gateways have asked for.
    ///
    /// Whoever can ask could move a key that they know to the digest of another's. So they are
    /// believed only as gateways are: to the current pepper and none else, and nothing else can be
    /// asked for. What is carried out, or cannot be, is asked for no longer.
    pub async fn carry_out_rehashes(&self, max: usize) -> Result<(), Error> {
        let carried_out = self.carry_out_each(max).await;
        self.unless_restoring(carried_out, ()).await
    }

    async fn carry_out_each(&self, max: usize) -> Result<(), Error> {
        let page = self.store.scan(rehash::PARTITION, "", None, max).await?;
        for (sort, record) in page.records {
            let asked = Rehash::decode(&record.value).ok();
            if let Some(asked) = asked.filter(|asked| self.may_carry_out(&sort, asked)) {
                self.rehash(asked).await?;
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
        asked: Rehash,
    ) -> Result<(), Error> {
        let Rehash { old, new, .. } = asked;
        let Some(holder) = transaction.read_json::<Holder>(&records::credential(&old)).await? else {
            return Ok(());
        };
        let taken = transaction.read_json::<Holder>(&records::credential(&new)).await?.is_some();
        let kind = holder.kind();
        let before = transaction.load(kind, holder.id).await?;
        let before = before.filter(|before| !is_expired(before, transaction.now_ms));
        let Some(before) = before else { return Ok(()) };
        let mut credential = before.clone();
        if let Some(secret) = asked.secret {
            move_secret(&mut credential, old, secret, asked.pepper_id, transaction.now_ms);
        }
        if !taken && old != new {
            self.move_key(transaction, holder, &mut credential, asked).await?;
        }
        if credential == before {
            return Ok(());
        }
        let line = Line::new(kind.name(), Some(holder.id), Did::Moved);
        transaction.save_as(line, kind, Some(&before), &credential).await?;
        self.publish_credential_of(transaction, kind, &credential).await
    }

    async fn move_key(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        holder: Holder,
        credential: &mut Object,
        Rehash { old, new, pepper_id, .. }: Rehash,
    ) -> Result<(), Error> {
        let moved = |held: &HeldKey| HeldKey { digest: new, pepper_id, known: self.renewed(holder.id, held) };
        let is_at_old = |held: &HeldKey| held.digest == old && !held.was_brought();
        let own = HeldKey::of(credential).filter(is_at_old);
        let previous = PreviousKey::live(credential, transaction.now_ms);
        let (held, moved) = match (own, previous.filter(|previous| is_at_old(&previous.held))) {
            (Some(held), _) => {
                let moved = moved(&held);
                moved.put_into(credential);
                (held, moved)
            }
            (None, Some(previous)) => {
                let moved = moved(&previous.held);
                previous.held_as(moved.clone()).put_into(credential);
                (previous.held, moved)
            }
            (None, None) => return Ok(()),
        };
        self.hold(transaction, Some((holder, held)), holder, &moved).await
    }
}

/// Moves the secret that belongs to the key at a digest, the credential's own or the one in its grace.
fn move_secret(
    credential: &mut Object,
    key: KeyDigest,
    MovedSecret { old, new }: MovedSecret,
    pepper_id: PepperId,
    now_ms: u64,
) {
    let moved = HeldSecret { digest: new, pepper_id };
    let is_old = |secret: &HeldSecret| secret.digest == old;
    if HeldKey::of(credential).is_some_and(|held| held.digest == key) {
        if HeldSecret::of(credential).as_ref().is_some_and(is_old) {
            moved.put_into(credential);
        }
    } else if let Some(previous) = PreviousKey::live(credential, now_ms)
        && previous.held.digest == key
        && previous.secret.as_ref().is_some_and(is_old)
    {
        previous.with_secret(moved).put_into(credential);
    }
}
