//! Seals anew, under the pepper in use, what is sealed under the one before, so that that one can be
//! withdrawn: the SHA-256 of keys, and with it the claims, and the grants of keys that were brought so; and
//! the hashes of passwords.
//! Nobody has to show a key for it.
//!
//! It goes on beside everything else, a part in each commit, from where its record says.

use uuid::Uuid;

use super::Registry;
use super::accounts::ACCOUNTS;
use super::attempts::transact;
use super::entity_transaction::{EntityTransaction, id_of};
use super::error::Error;
use super::jobs::{Job, Position, ROOM};
use super::lookup::Holder;
use super::records;
use super::sealed::Nonce;
use super::stored_credential::{HeldKey, KnownSha256, PreviousKey};
use crate::accounts::Account;
use crate::audit::{Did, Line};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::keys::PepperId;
use latchkey_store::Store;
use latchkey_store::feed::decode;

/// Records that sealing anew for one credential touches, at most: itself, its copies under its parent and in a list, that
/// one's guard, two claims and two grants for each of its two keys, its consumer, and what a first
/// publication brings along.
const RESEALED_RECORDS: usize = 18;
/// Credentials looked at in one commit.
const LOOKED_AT_MAX: usize = 100;

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resealing {
    /// There is nothing to do: no pepper is set besides the one in use, or it was done before.
    NotDue,
    /// There is more to do.
    GoesOn,
    /// It was completed just now: for the log.
    Done,
}

impl Resealing {
    /// What the log says when it is done.
    pub const DONE: &str = "all that was sealed under the previous pepper is sealed under the current one: \
                            the previous one is needed only for keys and client secrets not used since, and for sessions \
                            and mailed tokens of before";
}

impl Position {
    fn start(pepper_id: PepperId) -> Self {
        Position { pepper_id, applications: false, accounts: false, after: None }
    }

    fn kind(&self) -> EntityKind {
        if self.applications { EntityKind::Oauth2Credentials } else { EntityKind::KeyauthCredentials }
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Whether [`Registry::reseal`] has something to do.
    pub async fn is_reseal_due(&self) -> Result<bool, Error> {
        if self.peppers.previous.is_none() {
            return Ok(false);
        }
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let done: Option<PepperId> = transaction.read_json(&records::resealed()).await?;
        Ok(done != Some(self.peppers.current.id()))
    }

    /// Does up to `parts_max` commits of it. To be called again and again while a pepper is set besides
    /// the one in use, until it is not due.
    pub async fn reseal(&self, parts_max: usize) -> Result<Resealing, Error> {
        let resealed = self.reseal_parts(parts_max).await;
        self.unless_restoring(resealed, Resealing::NotDue).await
    }

    async fn reseal_parts(&self, parts_max: usize) -> Result<Resealing, Error> {
        if !self.is_reseal_due().await? {
            return Ok(Resealing::NotDue);
        }
        for _ in 0..parts_max {
            if transact!(self, attempts, |transaction| self.reseal_part(&mut transaction)) {
                return Ok(Resealing::Done);
            }
        }
        Ok(Resealing::GoesOn)
    }

    /// Answers whether that was the last.
    async fn reseal_part(&self, transaction: &mut EntityTransaction<'_, S>) -> Result<bool, Error> {
        let pepper_id = self.peppers.current.id();
        if transaction.read_json(&records::resealed()).await? == Some(pepper_id) {
            return Ok(true);
        }
        let begun = self.left_position(transaction).await?.filter(|begun| begun.pepper_id == pepper_id);
        let from = begun.unwrap_or(Position::start(pepper_id));
        match self.reseal_from(transaction, from).await? {
            Some(next) => {
                self.leave_job(transaction, Job::Reseal(next));
                Ok(false)
            }
            None => {
                transaction.put_json(records::resealed(), &pepper_id);
                transaction.delete(Job::Reseal(from).key());
                Ok(true)
            }
        }
    }

    async fn left_position(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
    ) -> Result<Option<Position>, Error> {
        let key = Job::Reseal(Position::start(self.peppers.current.id()));
        let record = transaction.read_json(&key.key()).await?;
        Ok(match record.as_ref().and_then(Job::from_record) {
            Some(Job::Reseal(position)) => Some(position),
            _ => None,
        })
    }

    /// Seals anew for the next credentials, as many as fit. Answers where to go on.
    async fn reseal_from(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        from: Position,
    ) -> Result<Option<Position>, Error> {
        if from.accounts {
            return self.reseal_accounts(transaction, from).await;
        }
        let kind = from.kind();
        let page = transaction.entities_page(kind, from.after, LOOKED_AT_MAX).await?;
        let mut after = from.after;
        for seen in &page.objects {
            if transaction.size() + RESEALED_RECORDS > ROOM {
                return Ok(Some(Position { after, ..from }));
            }
            self.reseal_credential(transaction, kind, seen).await?;
            after = Some(id_of(seen)?);
        }
        Ok(match (page.more, from.applications) {
            (true, _) => Some(Position { after, ..from }),
            (false, false) => Some(Position { applications: true, after: None, ..from }),
            (false, true) => Some(Position { accounts: true, after: None, ..from }),
        })
    }

    /// The same for the next passwords.
    async fn reseal_accounts(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        from: Position,
    ) -> Result<Option<Position>, Error> {
        let after = from.after.map(|after| after.to_string());
        let page = self.store.scan(records::ACCOUNTS, "", after.as_deref(), LOOKED_AT_MAX).await?;
        let mut after = from.after;
        for (sort, seen) in &page.records {
            let seen: Account = decode(&seen.value)?;
            let developer = Uuid::try_parse(sort).unwrap_or_default();
            let nonce = Nonce::draw(&self.random);
            if self.resealed_password(developer, &seen, nonce).is_some() {
                if transaction.size() + 1 > ROOM {
                    return Ok(Some(Position { after, ..from }));
                }
                let key = records::account(developer);
                let account: Account = transaction.read_json(&key).await?.unwrap_or_default();
                if let Some(resealed) = self.resealed_password(developer, &account, nonce) {
                    transaction.put_json(key, &Account { password: Some(resealed), ..account });
                    transaction.note(Line::new(ACCOUNTS, Some(developer), Did::Moved));
                }
            }
            after = Some(developer);
        }
        Ok(page.more.then_some(Position { after, ..from }))
    }

    /// `seen`: the credential as a scan showed it.
    async fn reseal_credential(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        seen: &Object,
    ) -> Result<(), Error> {
        let id = id_of(seen)?;
        if !self.is_to_be_resealed(id, seen) {
            return Ok(());
        }
        let Some(before) = transaction.load(kind, id).await? else { return Ok(()) };
        let (holder, mut credential) = (Holder::of(kind, id), before.clone());
        let mut moved = false;
        if let Some(held) = HeldKey::of(&before)
            && let Some(resealed) = self.resealed(id, &held)
        {
            moved |= resealed.was_brought();
            resealed.put_into(&mut credential);
            self.hold(transaction, Some((holder, held)), holder, &resealed).await?;
        }
        if let Some(previous) = PreviousKey::of(&before)
            && let Some(resealed) = self.resealed(id, &previous.held)
        {
            moved |= resealed.was_brought();
            self.hold(transaction, Some((holder, previous.held.clone())), holder, &resealed).await?;
            previous.held_as(resealed).put_into(&mut credential);
        }
        if credential == before {
            return Ok(());
        }
        let line = Line::new(kind.name(), Some(id), Did::Moved);
        transaction.save_as(line, kind, Some(&before), &credential).await?;
        match moved {
            true => self.publish_credential_of(transaction, kind, &credential).await,
            false => Ok(()),
        }
    }

    fn is_to_be_resealed(&self, id: Uuid, credential: &Object) -> bool {
        let previous = PreviousKey::of(credential).map(|previous| previous.held);
        let mut keys = HeldKey::of(credential).into_iter().chain(previous);
        keys.any(|held| self.resealed(id, &held).is_some())
    }

    /// How a key is held with what is known of it sealed under the pepper in use; `None`: as it is.
    fn resealed(&self, credential: Uuid, held: &HeldKey) -> Option<HeldKey> {
        let known = self.renewed(credential, held).filter(|known| held.known.as_ref() != Some(known));
        known.map(|known| held.with_known(known))
    }

    /// What is known of a key's SHA-256, sealed under the pepper in use; as it is where it is so already,
    /// or cannot be opened.
    pub(super) fn renewed(&self, credential: Uuid, held: &HeldKey) -> Option<KnownSha256> {
        let known = held.known.as_ref()?;
        if known.pepper_id == self.peppers.current.id() {
            return Some(known.clone());
        }
        let opened = self.key_ring.open(credential, known);
        let renewed = opened.map(|key| self.key_ring.keep(credential, &key, Nonce::draw(&self.random)));
        Some(renewed.unwrap_or_else(|| known.clone()))
    }
}
