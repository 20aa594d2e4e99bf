//! Who holds a key: records that lead from a key, in whatever form it is given, to its one credential.

use uuid::Uuid;

use super::Registry;
use super::entity_transaction::{DELETING, EntityTransaction, id_of};
use super::error::Error;
use super::given_key::GivenKey;
use super::lookup::Holder;
use super::present;
use super::records;
use super::sealed::Nonce;
use super::stored_credential::{HeldKey, PREVIOUS, PreviousKey};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;

/// What stands in an answer in the place of a key.
const HIDDEN: &str = "<hidden>";

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// The credential of a kind whose own key this is, as a path names it; also while it is being deleted,
    /// or expired. A key in its grace names nothing: who writes by it would undo the rotation.
    pub(super) async fn find_by_key(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        text: &str,
    ) -> Result<Option<Object>, Error> {
        let Ok(key) = GivenKey::parse(text) else { return Ok(None) };
        if let GivenKey::Unknown(id) = key {
            return transaction.load_marked(kind, id).await;
        }
        self.find_by_given(transaction, kind, &key).await
    }

    /// The credential of a kind that has a key, by where records lead from it.
    pub(super) async fn find_by_given(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        key: &GivenKey,
    ) -> Result<Option<Object>, Error> {
        for place in self.places(key) {
            if let Some(found) = self.holder_at(transaction, place).await?
                && found.holder.kind() == kind
                && found.which == Which::Current
            {
                return Ok(Some(found.credential));
            }
        }
        Ok(None)
    }

    /// Whose key this is, its own or the one before, that in its grace alone; also while the credential is
    /// being deleted, or has ended.
    pub(super) async fn find_holder(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        key: &GivenKey,
    ) -> Result<Option<FoundHolder>, Error> {
        for place in self.places(key) {
            if let Some(found) = self.holder_at(transaction, place).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Makes a key the credential's, and no other's: its digest goes into `entity`, and the records that
    /// lead from the key lead to it. `field`: where it stands in what the caller sent.
    ///
    /// A key that the credential before has already stays where its grant is, in whatever form it comes.
    pub(super) async fn claim_key(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        claim: &Claim<'_>,
        key: &GivenKey,
        entity: &mut Object,
    ) -> Result<Claimed, Error> {
        let places = self.places(key);
        let (before, old) = (claim.before(), claim.old.and_then(HeldKey::of));
        let mut there_before = Vec::new();
        for place in &places {
            if transaction.read_json::<Holder>(&records::credential(place)).await?.is_some() {
                there_before.push(*place);
            }
            let Some(found) = self.holder_at(transaction, *place).await? else { continue };
            let is_own = Some(found.holder) == before || found.holder == claim.holder;
            // The credential's own key before, in its grace, is no more to be had than another's.
            if !is_own || found.which == Which::Previous {
                self.release_ended(transaction, &found, claim.field).await?;
            }
        }
        let same = old.as_ref().filter(|old| old.places().any(|place| places.contains(&place)));
        let (held, is_same) = (self.held(claim, same, key)?, same.is_some());
        self.hold(transaction, before.zip(old), claim.holder, &held).await?;
        // A grant is nowhere without a record that leads to its credential.
        if places.contains(&held.digest) && !there_before.contains(&held.digest) {
            transaction.note_made(held.digest);
        }
        held.put_into(entity);
        Ok(Claimed { held, is_same })
    }

    /// Moves the records that lead from a credential's key.
    pub(super) async fn hold(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        before: Option<(Holder, HeldKey)>,
        holder: Holder,
        held: &HeldKey,
    ) -> Result<(), Error> {
        if let Some((before, old)) = before {
            if old.digest != held.digest {
                transaction.publish_grant(old.digest, None);
            }
            for place in old.places().filter(|place| held.places().all(|kept| kept != *place)) {
                self.leave(transaction, before, place).await?;
            }
        }
        for place in held.places() {
            transaction.put_json(records::credential(&place), &holder);
        }
        Ok(())
    }

    /// Makes a credential's keys unknown.
    pub(super) async fn revoke_keys(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        credential: &Object,
    ) -> Result<(), Error> {
        let holder = Holder::of(kind, id_of(credential)?);
        let previous = PreviousKey::of(credential).map(|previous| previous.held);
        for held in HeldKey::of(credential).into_iter().chain(previous) {
            self.let_go(transaction, holder, &held).await?;
        }
        Ok(())
    }

    /// Makes a key unknown that is a credential's no more.
    pub(super) async fn let_go(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        holder: Holder,
        held: &HeldKey,
    ) -> Result<(), Error> {
        transaction.publish_grant(held.digest, None);
        for place in held.places() {
            self.leave(transaction, holder, place).await?;
        }
        Ok(())
    }

    /// Where records may lead from a key to its credential, the current pepper's first.
    pub(super) fn places(&self, key: &GivenKey) -> Vec<KeyDigest> {
        let mut places = match key {
            GivenKey::Clear(key) => self.digests(key),
            GivenKey::Seen(seen) => std::iter::once(seen.digest).chain(seen.previous).collect(),
            GivenKey::Sha256(_) | GivenKey::Unknown(_) => Vec::new(),
        };
        if let Some(sha256) = key.sha256() {
            places.extend(self.key_ring.claims(&sha256));
        }
        places
    }

    /// How a credential is to hold a key. `same`: how it does so already, if it does.
    fn held(&self, claim: &Claim<'_>, same: Option<&HeldKey>, key: &GivenKey) -> Result<HeldKey, Error> {
        let pepper = &self.peppers.current;
        let id = claim.holder.id;
        let sha256 = key.sha256().ok_or(Error::NotFound)?;
        let stays = claim.before() == Some(claim.holder);
        let known = same.and_then(|same| same.known.clone());
        let known = known.filter(|known| stays && known.pepper_id == pepper.id());
        let known = known.unwrap_or_else(|| self.key_ring.keep(id, &sha256, claim.nonce));
        let (digest, pepper_id) = match (key, same) {
            (GivenKey::Clear(_) | GivenKey::Sha256(_) | GivenKey::Seen(_), Some(same))
                if same.was_brought() =>
            {
                (known.claim, known.pepper_id)
            }
            (GivenKey::Clear(key), _) => (pepper.digest_key(key), pepper.id()),
            (GivenKey::Seen(seen), _) => (seen.digest, seen.pepper_id),
            (_, Some(same)) => (same.digest, same.pepper_id),
            (_, None) => (known.claim, known.pepper_id),
        };
        Ok(HeldKey { digest, pepper_id, known: Some(known) })
    }

    /// Who holds the key that belongs at a place, with the credential. A record that no credential
    /// agrees with leads nowhere: programs from before do not take claims along.
    async fn holder_at(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        place: KeyDigest,
    ) -> Result<Option<FoundHolder>, Error> {
        let Some(holder) = transaction.read_json::<Holder>(&records::credential(&place)).await? else {
            return Ok(None);
        };
        let Some(credential) = transaction.load_marked(holder.kind(), holder.id).await? else {
            return Ok(None);
        };
        let is_there = |held: HeldKey| held.places().any(|held| held == place);
        let previous = || PreviousKey::of(&credential).map(|previous| previous.held);
        let which = match HeldKey::of(&credential).is_some_and(is_there) {
            true => Some(Which::Current),
            false => previous().is_some_and(is_there).then_some(Which::Previous),
        };
        Ok(which.map(|which| FoundHolder { holder, credential, which }))
    }

    /// A key that has ended, with its credential or with its grace, may be given again.
    async fn release_ended(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        found: &FoundHolder,
        field: &str,
    ) -> Result<(), Error> {
        let FoundHolder { holder, credential, which } = found;
        if credential.contains_key(DELETING) {
            return Err(taken(field));
        }
        if present::is_expired(credential, transaction.now_ms) {
            return self.withdraw(transaction, holder.kind(), credential).await;
        }
        let is_in_grace = PreviousKey::live(credential, transaction.now_ms).is_some();
        match which {
            Which::Previous if !is_in_grace => self.forget_previous(transaction, *holder, credential).await,
            Which::Previous | Which::Current => Err(taken(field)),
        }
    }

    /// Saves a credential without the key before its last rotation, which is unknown from then on.
    pub(super) async fn forget_previous(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        holder: Holder,
        credential: &Object,
    ) -> Result<(), Error> {
        let Some(previous) = PreviousKey::of(credential) else { return Ok(()) };
        self.let_go(transaction, holder, &previous.held).await?;
        let mut without = credential.clone();
        without.remove(PREVIOUS);
        transaction.save(holder.kind(), Some(credential), &without).await
    }

    /// Removes the record at a place if it leads to this holder.
    async fn leave(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        holder: Holder,
        place: KeyDigest,
    ) -> Result<(), Error> {
        let key = records::credential(&place);
        if transaction.read_json::<Holder>(&key).await? == Some(holder) {
            transaction.delete(key);
        }
        Ok(())
    }
}

fn taken(field: &str) -> Error {
    Error::NotUnique(Object::from_iter([(field.to_owned(), HIDDEN.into())]))
}

/// Which of a credential's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Its own.
    Current,
    /// The one before its last rotation.
    Previous,
}

/// Whose a key is.
pub(super) struct FoundHolder {
    pub(super) holder: Holder,
    pub(super) credential: Object,
    pub(super) which: Which,
}

/// A key that is to be a credential's.
pub(super) struct Claim<'a> {
    /// Field that the key was given in.
    pub(super) field: &'a str,
    /// Who is to have it.
    pub(super) holder: Holder,
    /// The credential before, which may have had another id; `None`: it is new.
    pub(super) old: Option<&'a Object>,
    /// To seal the key's SHA-256 with.
    pub(super) nonce: Nonce,
}

/// A key that is a credential's now.
pub(super) struct Claimed {
    /// How it is held.
    pub(super) held: HeldKey,
    /// Whether it was the credential's before.
    pub(super) is_same: bool,
}

impl Claim<'_> {
    /// The holder before.
    fn before(&self) -> Option<Holder> {
        let id = self.old.and_then(|old| id_of(old).ok())?;
        Some(Holder::of(self.holder.kind(), id))
    }
}

impl Holder {
    /// A credential of this kind.
    pub(super) fn of(kind: EntityKind, id: Uuid) -> Self {
        Holder { application: kind == EntityKind::Oauth2Credentials, id }
    }
}
