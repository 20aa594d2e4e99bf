//! Mails that follow from what becomes of developers, contracts and keys; and what administrators are told.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, reference};
use super::error::Error;
use super::grants::text;
use super::outbox::Cause;
use super::records;
use super::stored_credential::expires_at_ms;
use crate::accounts::Account;
use crate::mail::{Letter, Mail};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use crate::settings::Settings;
use latchkey_published::limits;
use latchkey_store::{RecordKey, Store};

const DAY_MS: u64 = 86_400_000;
/// When administrators get their mail of the day, in milliseconds after midnight (UTC): in the morning of
/// Europe, in the afternoon of Japan.
const DIGEST_AT_MS: u64 = 6 * 3_600_000;
/// Days that the record of a day stays: as long as its mail may be tried, and more.
const DIGEST_KEPT_DAYS: u64 = 7;
/// Of those that wait, so many are named in the mail of a day.
const NAMED_MAX: usize = 20;

/// Which of the mails of a change tells of the end of a key; those before are to administrators.
const KEY_END: u32 = 1 + limits::ADMIN_MAILS_MAX as u32;

/// What waits for an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Waiting {
    /// A developer, whose address is confirmed, for approval.
    Developer(Uuid),
    /// A contract that was asked for.
    Contract(Uuid),
}

/// What began to wait in a day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct WaitingDay {
    pub(super) developers: u32,
    pub(super) contracts: u32,
    /// The first of them.
    pub(super) some: Vec<Waiting>,
}

/// Id of one of the mails of a change. `base`: drawn before its first attempt.
pub(super) fn mail_id(base: Uuid, number: u32) -> Uuid {
    Uuid::from_u128(base.as_u128() ^ u128::from(number))
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Writes to a developer, in the language of the account. `base`: drawn before the first attempt.
    pub(super) async fn write_to_developer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        developer_id: Uuid,
        letter: Letter,
        base: Uuid,
    ) -> Result<(), Error> {
        if self.has_mail
            && let Some(mail) = self.mail_to_developer(transaction, developer_id, letter).await?
        {
            self.post(transaction, &mail, mail_id(base, 0), Cause::Known).await?;
        }
        Ok(())
    }

    /// Tells administrators that something waits, at once or with the mail of the day, as they have set.
    /// `base`: drawn before the first attempt.
    pub(super) async fn tell_administrators(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        waiting: Waiting,
        base: Uuid,
    ) -> Result<(), Error> {
        if !self.has_mail {
            return Ok(());
        }
        let settings = self.settings_in(transaction).await?;
        if settings.admin_mails.to.is_empty() {
            return Ok(());
        }
        if settings.admin_mails.daily {
            return self.add_to_digest(transaction, waiting, &settings, base).await;
        }
        let (developer, letter) = match waiting {
            Waiting::Developer(developer) => (Some(developer), Letter::DeveloperWaits { developer }),
            Waiting::Contract(contract) => (None, Letter::ContractWaits { contract }),
        };
        for (id, to) in to_administrators(&settings, base) {
            let (letter, language) = (letter.clone(), settings.language);
            let mail = Mail { to: Some(to), developer, language, letter };
            self.post(transaction, &mail, id, Cause::Known).await?;
        }
        Ok(())
    }

    /// Tells a developer whose state has changed.
    pub(super) async fn note_developer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        developer: &Object,
    ) -> Result<(), Error> {
        let Some(before) = change.old.map(status) else { return Ok(()) };
        let letter = match status(developer) {
            after if after == before => return Ok(()),
            Some(0) => Letter::Approved,
            Some(1) => Letter::Waiting,
            Some(2) => Letter::Rejected,
            Some(3) => Letter::Revoked,
            _ => return Ok(()),
        };
        self.write_to_developer(transaction, change.id, letter, change.minted.mails).await
    }

    /// Tells the developer of a contract whose state has changed, and administrators of one that waits.
    pub(super) async fn note_contract(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        contract: &Object,
    ) -> Result<(), Error> {
        let (contract_id, after) = (change.id, status(contract));
        let letter = match after {
            _ if !self.has_mail || change.old.map(status) == Some(after) => return Ok(()),
            Some(0) => Letter::AccessApproved { contract: contract_id },
            Some(1) => Letter::AccessRequested { contract: contract_id },
            Some(2) => Letter::AccessRejected { contract: contract_id },
            Some(3) => Letter::AccessRevoked { contract: contract_id },
            _ => return Ok(()),
        };
        if let Some(developer_id) = self.owner(transaction, contract).await? {
            self.write_to_developer(transaction, developer_id, letter, change.minted.mails).await?;
        }
        if after == Some(1) {
            let waiting = Waiting::Contract(contract_id);
            self.tell_administrators(transaction, waiting, change.minted.mails).await?;
        }
        Ok(())
    }

    /// Tells the developer of an application's key a week before it ends, once a new end is that far away.
    pub(super) async fn note_key_end(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        credential: &Object,
    ) -> Result<(), Error> {
        let (before, end_ms) = (change.old.and_then(expires_at_ms), expires_at_ms(credential));
        let due_ms = end_ms.map(notice_at).filter(|due_ms| *due_ms > transaction.now_ms && end_ms != before);
        let Some(due_ms) = due_ms.filter(|_| self.has_mail) else { return Ok(()) };
        let Some(developer_id) = self.owner(transaction, credential).await? else { return Ok(()) };
        let letter = Letter::KeyEnds { credential: change.id };
        if let Some(mail) = self.mail_to_developer(transaction, developer_id, letter).await? {
            self.post_later(transaction, &mail, mail_id(change.minted.mails, KEY_END), due_ms);
        }
        Ok(())
    }

    /// A mail to a developer, in the language of the account; `None`: there is no such developer.
    pub(super) async fn mail_to_developer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        developer_id: Uuid,
        letter: Letter,
    ) -> Result<Option<Mail>, Error> {
        let developer = transaction.load(EntityKind::Developers, developer_id).await?;
        let account: Option<Account> = transaction.read_json(&records::account(developer_id)).await?;
        let language = match account.and_then(|account| account.language) {
            Some(language) => language,
            None => self.settings_in(transaction).await?.language,
        };
        let to = developer.and_then(|developer| text(&developer, "email"));
        Ok(to.map(|to| Mail { to: Some(to), developer: Some(developer_id), language, letter }))
    }

    /// The developer whose application something is of.
    pub(super) async fn owner(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        of_application: &Object,
    ) -> Result<Option<Uuid>, Error> {
        let Some(application_id) = reference(of_application, "application") else { return Ok(None) };
        let application = transaction.load(EntityKind::Applications, application_id).await?;
        Ok(application.and_then(|application| reference(&application, "developer")))
    }

    async fn add_to_digest(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        waiting: Waiting,
        settings: &Settings,
        base: Uuid,
    ) -> Result<(), Error> {
        let day = transaction.now_ms.saturating_sub(DIGEST_AT_MS) / DAY_MS + 1;
        let key = records::digest(day);
        let known: Option<WaitingDay> = transaction.read_json(&key).await?;
        let is_first = known.is_none();
        let mut waits = known.unwrap_or_default();
        // An attempt before may have written it.
        if waits.some.contains(&waiting) {
            return Ok(());
        }
        match waiting {
            Waiting::Developer(_) => waits.developers += 1,
            Waiting::Contract(_) => waits.contracts += 1,
        }
        if waits.some.len() < NAMED_MAX {
            waits.some.push(waiting);
        }
        transaction.put_json(key, &waits);
        if !is_first {
            return Ok(());
        }
        for (id, to) in to_administrators(settings, base) {
            let (letter, language) = (Letter::Digest { day }, settings.language);
            let mail = Mail { to: Some(to), developer: None, language, letter };
            self.post_later(transaction, &mail, id, day * DAY_MS + DIGEST_AT_MS);
        }
        self.drop_old_digests(transaction, day).await
    }

    async fn drop_old_digests(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        day: u64,
    ) -> Result<(), Error> {
        let first_kept = records::digest(day.saturating_sub(DIGEST_KEPT_DAYS)).sort;
        let page = transaction.transaction.scan(records::DIGESTS, "", None, NAMED_MAX).await?;
        for (sort, _) in page.records.into_iter().filter(|(sort, _)| *sort < first_kept) {
            transaction.delete(RecordKey::new(records::DIGESTS, sort));
        }
        Ok(())
    }
}

/// When the end of a key is told.
pub(super) fn notice_at(end_ms: u64) -> u64 {
    end_ms.saturating_sub(limits::KEY_END_NOTICE_MS)
}

/// The addresses of administrators, each with the id of its mail.
fn to_administrators(settings: &Settings, base: Uuid) -> impl Iterator<Item = (Uuid, String)> {
    (1..).map(move |number| mail_id(base, number)).zip(settings.admin_mails.to.clone())
}

fn status(object: &Object) -> Option<i64> {
    object.get("status").and_then(Value::as_i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first program with a mail of the day stored it (`core/published/golden`).
    #[test]
    fn what_waits_reads_as_it_was_stored() {
        let golden = include_str!("../../../published/golden/1/waiting-day.json");
        let [developer, contract] = [1, 2].map(Uuid::from_u128);
        let some = vec![Waiting::Developer(developer), Waiting::Contract(contract)];
        let day = WaitingDay { developers: 1, contracts: 2, some };
        assert_eq!(serde_json::from_str::<WaitingDay>(golden).unwrap(), day);
        assert_eq!(serde_json::to_string(&day).unwrap(), golden, "programs of before read it");
    }

    #[test]
    fn mails_of_a_change_have_ids_of_their_own() {
        let base = Uuid::from_u128(7 << 64);
        let ids: std::collections::BTreeSet<Uuid> =
            (0..=KEY_END).map(|number| mail_id(base, number)).collect();
        assert_eq!(ids.len(), KEY_END as usize + 1);
    }
}
