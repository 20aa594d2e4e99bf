//! Rotation: a credential gets a new key, and the one before stays good for its grace.

use serde_json::Value;
use uuid::Uuid;

use super::attempts::transact;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of, reference};
use super::error::Error;
use super::given_key::GivenKey;
use super::lookup::{Holder, Step};
use super::stored_credential::{HeldKey, PREVIOUS, PreviousKey, expires_at_ms, start_member};
use super::{Minted, Registry};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Mode, Object, ROTATION, Violation, validate_record};
use latchkey_published::key_sha256::KeySha256;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Gives the credential at the end of a path a new key, shown this once, and one of an application a
    /// new secret. `input`: [`ROTATION`]. The key before ends with its grace or with the credential,
    /// whichever is first; with it goes the secret that belongs to it.
    ///
    /// Refused while the key before is still in its grace, so that a credential has two at most.
    pub async fn rotate(&self, path: &[Step<'_>], input: &Object) -> Result<Object, Error> {
        self.rotate_once(path, input, None).await
    }

    /// The same, refused by [`Error::Conflict`] unless the key of now begins with `start`: what is sent twice
    /// rotates once.
    pub(crate) async fn rotate_once(
        &self,
        path: &[Step<'_>],
        input: &Object,
        start: Option<&str>,
    ) -> Result<Object, Error> {
        let rotation = validate_record(ROTATION, Mode::Whole, input).map_err(Error::Schema)?;
        let grace_ms = rotation.get("grace_seconds").and_then(Value::as_u64).unwrap_or_default() * 1000;
        let (minted, mut found_id) = (self.minted(), None);
        Ok(transact!(self, attempts, |transaction| self.rotate_in(
            &mut transaction,
            path,
            (grace_ms, start),
            &minted,
            attempts.may_be_applied(),
            &mut found_id
        )))
    }

    /// Ends the grace of the key before the last rotation of the credential at the end of a path.
    /// [`Error::NotFound`] where there is none.
    pub async fn end_grace(&self, path: &[Step<'_>]) -> Result<(), Error> {
        let mut found_id = None;
        transact!(self, attempts, |transaction| self.end_grace_in(
            &mut transaction,
            path,
            attempts.may_be_applied(),
            &mut found_id
        ));
        Ok(())
    }

    async fn rotate_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
        (grace_ms, start): (u64, Option<&str>),
        minted: &Minted,
        may_be_applied: bool,
        found_id: &mut Option<Uuid>,
    ) -> Result<Object, Error> {
        let (kind, before) = self.credential_at(transaction, path, may_be_applied, found_id).await?;
        let (id, now_ms) = (id_of(&before)?, transaction.now_ms);
        let new = self.held_of_made(id, minted);
        if may_be_applied && HeldKey::of(&before).is_some_and(|own| own.digest == new.digest) {
            // Made by an attempt whose reply was lost: only the answer is left to give.
            return Ok(self.present(kind, &before, &disclosed(kind, minted), now_ms));
        }
        let start_of_now = before.get(start_member(kind)).and_then(Value::as_str).unwrap_or_default();
        if start.is_some_and(|start| start != start_of_now) {
            return Err(Error::conflict("the key was rotated meanwhile"));
        }
        if PreviousKey::live(&before, now_ms).is_some() {
            let sentence = "the key before is still good: end its grace first, by DELETE of the same path";
            return Err(Error::Schema(Violation::of_entity(sentence)));
        }
        let end_ms = now_ms + grace_ms;
        let end_ms = expires_at_ms(&before).map_or(end_ms, |own_ms| own_ms.min(end_ms));
        let previous = PreviousKey::of_rotated(&before, end_ms).filter(|_| end_ms > now_ms);
        if let Some(application_id) = reference(&before, "application").filter(|_| previous.is_some()) {
            self.make_room(transaction, application_id, id, 2).await?;
        }
        let credential = self.rotated(transaction, kind, &before, previous, new, minted).await?;
        transaction.save(kind, Some(&before), &credential).await?;
        self.publish_credential_of(transaction, kind, &credential).await?;
        Ok(self.present(kind, &credential, &disclosed(kind, minted), now_ms))
    }

    /// The credential with its new key, and the records that lead from it. `previous`: what becomes of the
    /// key of now.
    async fn rotated(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        before: &Object,
        previous: Option<PreviousKey>,
        new: HeldKey,
        minted: &Minted,
    ) -> Result<Object, Error> {
        let holder = Holder::of(kind, id_of(before)?);
        let mut credential = before.clone();
        credential.remove(PREVIOUS);
        if let Some(ended) = PreviousKey::of(before) {
            self.let_go(transaction, holder, &ended.held).await?;
        }
        match previous {
            Some(previous) => {
                previous.put_into(&mut credential);
                self.hold(transaction, None, holder, &new).await?;
            }
            None => {
                let own = HeldKey::of(before).map(|own| (holder, own));
                self.hold(transaction, own, holder, &new).await?;
            }
        }
        new.put_into(&mut credential);
        credential.insert("rotated_at".to_owned(), (transaction.now_ms / 1000).into());
        credential.insert(start_member(kind).to_owned(), minted.key.start().into());
        if kind == EntityKind::Oauth2Credentials {
            self.hold_secret(&minted.secret, &mut credential);
        }
        Ok(credential)
    }

    async fn end_grace_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
        may_be_applied: bool,
        found_id: &mut Option<Uuid>,
    ) -> Result<(), Error> {
        let (kind, credential) = self.credential_at(transaction, path, may_be_applied, found_id).await?;
        match PreviousKey::live(&credential, transaction.now_ms) {
            Some(_) => {
                let holder = Holder::of(kind, id_of(&credential)?);
                self.forget_previous(transaction, holder, &credential).await
            }
            None if may_be_applied => Ok(()),
            None => Err(Error::NotFound),
        }
    }

    /// The credential at the end of a path. An attempt before may have given it another key, and so
    /// another name: then it is known by its id.
    async fn credential_at(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
        may_be_applied: bool,
        found_id: &mut Option<Uuid>,
    ) -> Result<(EntityKind, Object), Error> {
        let kind = path.last().map(|step| step.kind).ok_or(Error::NotFound)?;
        let found = match found_id.filter(|_| may_be_applied) {
            Some(id) => transaction.load(kind, id).await?,
            None => self.resolve(transaction, path).await?.and_then(|mut found| found.pop()),
        };
        let credential = found.ok_or(Error::NotFound)?;
        *found_id = Some(id_of(&credential)?);
        Ok((kind, credential))
    }

    /// Takes the key before the last rotation along into an entity that takes the place of a credential:
    /// not once its grace is over, and under the new id where that changes.
    pub(super) async fn carry_previous(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        entity: &mut Object,
    ) -> Result<(), Error> {
        let Some(old) = change.old else { return Ok(()) };
        let Some(previous) = PreviousKey::of(old) else { return Ok(()) };
        let (before, holder) = (Holder::of(change.kind, id_of(old)?), Holder::of(change.kind, change.id));
        if PreviousKey::live(old, transaction.now_ms).is_none() {
            entity.remove(PREVIOUS);
            return self.let_go(transaction, before, &previous.held).await;
        }
        if before == holder {
            return Ok(());
        }
        let known = previous.held.known.as_ref();
        let opened = known.and_then(|known| self.key_ring.open(before.id, known));
        let renewed = opened.map(|key| self.key_ring.keep(holder.id, &key, change.minted.previous_nonce));
        let held = renewed.map_or_else(|| previous.held.clone(), |known| previous.held.with_known(known));
        self.hold(transaction, Some((before, previous.held.clone())), holder, &held).await?;
        previous.held_as(held).put_into(entity);
        Ok(())
    }

    /// How a credential holds the key that was made for a change.
    fn held_of_made(&self, id: Uuid, minted: &Minted) -> HeldKey {
        let pepper = &self.peppers.current;
        let sha256 = KeySha256::of_key(&minted.key);
        let known = self.key_ring.keep(id, &sha256, minted.nonce);
        HeldKey { digest: pepper.digest_key(&minted.key), pepper_id: pepper.id(), known: Some(known) }
    }
}

/// What the answer to a rotation shows this once.
fn disclosed(kind: EntityKind, minted: &Minted) -> Object {
    match kind {
        EntityKind::Oauth2Credentials => super::applications::secrets(Some(&minted.key), &minted.secret),
        _ => {
            let key = GivenKey::Clear(minted.key.clone()).answered();
            key.map(|key| ("key".to_owned(), key.into())).into_iter().collect()
        }
    }
}
