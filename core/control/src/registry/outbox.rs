//! The outbox: mails are written in the commit that causes them, and sent by an adapter afterwards.
//!
//! A record lies at the time it is due, so that the first of a scan is the next. Whoever takes a mail moves
//! its record on to its next try before it is given, so that nobody else takes it meanwhile, and whatever
//! becomes of the sender it is tried again. Sent once at least, then, and not twice within a minute.
//!
//! What is written ahead of its time lies apart and comes into the outbox then: back-ups hold it, while no
//! mail of the past is sent again after a restore.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Registry;
use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::records;
use crate::audit::{Did, Line};
use crate::mail::{Mail, MailOutcome, OutgoingMail};
use crate::ports::{Clock, Random};
use latchkey_published::keys::KeyDigest;
use latchkey_published::limits;
use latchkey_store::{RecordKey, Store};

/// What the audit calls mails.
pub(crate) const MAILS: &str = "mails";

const HOUR_S: u64 = 3600;
const DAY_S: u64 = 24 * HOUR_S;

/// Who has caused a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Whoever knows an address: counted for the mailbox ([`Registry::mailbox`]).
    Stranger(KeyDigest),
    /// The owner of the account, an administrator, or time.
    Known,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Posted {
    /// It is in the outbox.
    Written,
    /// The mailbox has had too many, or there is no mail here: nothing is written, and no token is to be
    /// made or voided.
    Withheld,
}

/// Mails to be sent now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueMails {
    /// Each is not given again within a minute.
    pub mails: Vec<OutgoingMail>,
    /// When the next one is due, in milliseconds since the Unix epoch.
    pub next_ms: Option<u64>,
}

/// A mail in the outbox, as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Posting {
    pub(super) mail: Mail,
    /// When it was due first, in milliseconds since the Unix epoch.
    pub(super) due_ms: u64,
    /// How often it has been given to a sender.
    #[serde(default)]
    pub(super) tries: u32,
}

/// A mail that was due, now that it is moved on to its next try.
enum Taken {
    /// It is to be sent.
    Mail(Box<OutgoingMail>),
    /// It is written to nobody: it only takes as long.
    ToNobody {
        /// Its name.
        id: String,
    },
    /// It is of a newer program, which may come back.
    Left,
}

/// Who sends mails, and what their links begin with.
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) from: &'a str,
    pub(super) origin: &'a str,
}

/// When mails were sent, as far as it counts: seconds since the Unix epoch, and how many then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Recent(Vec<(u64, u32)>);

impl Recent {
    /// How many there were in the last `seconds`.
    fn within(&self, now_s: u64, seconds: u64) -> u32 {
        self.0.iter().filter(|(at_s, _)| at_s + seconds > now_s).map(|(_, count)| count).sum()
    }

    /// Adds one, and forgets those that are older than `seconds`.
    fn add(&mut self, now_s: u64, seconds: u64) {
        self.0.retain(|(at_s, _)| at_s + seconds > now_s);
        match self.0.last_mut() {
            Some((at_s, count)) if *at_s == now_s => *count += 1,
            _ => self.0.push((now_s, 1)),
        }
    }

    /// When the oldest of the last `seconds` is that no more, in seconds from now.
    fn free_in_s(&self, now_s: u64, seconds: u64) -> u64 {
        let oldest = self.0.iter().map(|(at_s, _)| at_s + seconds).find(|end_s| *end_s > now_s);
        oldest.map_or(1, |end_s| end_s - now_s)
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Whom mails that strangers cause are counted for: an address, in whatever case it is written, of an
    /// account or not.
    pub(crate) fn mailbox(&self, address: &str) -> KeyDigest {
        self.peppers.current.digest(address.to_lowercase().as_bytes())
    }

    /// Writes a mail, to be sent at once. `id`: drawn before the first attempt of the change.
    ///
    /// [`Error::TooManyMails`] where a stranger causes it and the installation has sent as many as it may in
    /// an hour. Mails to nobody count for their mailbox, and take as many reads and writes as others.
    pub(super) async fn post(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        mail: &Mail,
        id: Uuid,
        cause: Cause,
    ) -> Result<Posted, Error> {
        let due_ms = transaction.now_ms;
        if !self.has_mail {
            return Ok(Posted::Withheld);
        }
        if transaction.may_be_applied() && transaction.is_there(&records::outbox(due_ms, id)).await? {
            return Ok(Posted::Written);
        }
        if self.count_mail(transaction, cause, mail.to.is_some()).await? == Posted::Withheld {
            return Ok(Posted::Withheld);
        }
        write(transaction, records::outbox(due_ms, id), mail, due_ms);
        Ok(Posted::Written)
    }

    /// Writes a mail ahead of its time, in milliseconds since the Unix epoch.
    pub(super) fn post_later(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        mail: &Mail,
        id: Uuid,
        due_ms: u64,
    ) {
        if self.has_mail {
            write(transaction, records::later_mail(due_ms, id), mail, due_ms);
        }
    }

    /// Counts a mail, or says that it is one too many.
    async fn count_mail(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        cause: Cause,
        is_sent: bool,
    ) -> Result<Posted, Error> {
        let settings = self.settings_in(transaction).await?;
        let (now_s, key) = (transaction.now_ms / 1000, records::mails_sent());
        // By the minute, so that the record stays small.
        let minute_s = now_s / 60 * 60;
        let mut sent: Recent = transaction.read_json(&key).await?.unwrap_or_default();
        let is_full = |sent: &Recent| sent.within(minute_s, HOUR_S) >= settings.mails_per_hour;
        if let Cause::Stranger(mailbox) = cause {
            if is_full(&sent) {
                return Err(Error::TooManyMails { retry_after_s: sent.free_in_s(minute_s, HOUR_S) });
            }
            if !self.count_for_mailbox(transaction, mailbox, settings.mails_per_mailbox).await? {
                return Ok(Posted::Withheld);
            }
        }
        if is_sent {
            let was_full = is_full(&sent);
            sent.add(minute_s, HOUR_S);
            if is_full(&sent) && !was_full {
                transaction.note(Line::new(MAILS, None, Did::LimitReached));
            }
        }
        transaction.put_json(key, &sent);
        Ok(Posted::Written)
    }

    /// Whether a mailbox may have another mail of a stranger's; then it is counted.
    async fn count_for_mailbox(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        mailbox: KeyDigest,
        per_hour: u32,
    ) -> Result<bool, Error> {
        let (now_s, key) = (transaction.now_ms / 1000, records::mailbox(&mailbox));
        let mut recent: Recent = transaction.read_json(&key).await?.unwrap_or_default();
        // Ten a day where there are three an hour.
        let per_day = (per_hour * 10).div_ceil(3);
        if recent.within(now_s, HOUR_S) >= per_hour || recent.within(now_s, DAY_S) >= per_day {
            return Ok(false);
        }
        recent.add(now_s, DAY_S);
        transaction.put_json(key, &recent);
        Ok(true)
    }

    /// Removes counters of mailboxes that no longer count, some of them: each call looks at others.
    pub async fn drop_old_mailboxes(&self) -> Result<(), Error> {
        let mut at = [0; 32];
        self.random.fill(&mut at);
        let after = KeyDigest::from_bytes(at).to_hex();
        let now_s = self.clock.unix_ms() / 1000;
        let page = self.store.scan(records::MAILBOXES, "", Some(&after), limits::JOB_CHUNK_MAX).await?;
        let drop = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
            for (sort, _) in &page.records {
                let key = RecordKey::new(records::MAILBOXES, sort.as_str());
                let recent: Option<Recent> = transaction.read_json(&key).await?;
                if recent.is_some_and(|recent| recent.within(now_s, DAY_S) == 0) {
                    transaction.delete(key);
                }
            }
            Ok(())
        };
        transact!(self, attempts, |transaction| drop(&mut transaction));
        Ok(())
    }

    /// Takes what is due, a bounded number, each to be followed by [`Registry::mail_outcome`].
    /// `from`: the sender; `origin`: what links begin with.
    pub async fn due_mails(&self, from: &str, origin: &str) -> Result<DueMails, Error> {
        let (sender, now_ms) = (Sender { from, origin }, self.clock.unix_ms());
        let mut due = DueMails { next_ms: self.take_up_later_mails(now_ms).await?, ..DueMails::default() };
        let (mails, next_ms) = self.due_in(records::OUTBOX, now_ms).await?;
        next_ms.into_iter().for_each(|next_ms| due.is_next(next_ms));
        for (due_ms, id) in mails {
            let taken =
                transact!(self, attempts, |transaction| self.take(&mut transaction, due_ms, id, sender));
            match taken {
                Some((Taken::Mail(mail), next_ms)) => {
                    due.mails.push(*mail);
                    due.is_next(next_ms);
                }
                // As many commits as for others: who calls meanwhile waits as long.
                Some((Taken::ToNobody { id }, _)) => self.mail_outcome(&id, MailOutcome::Sent).await?,
                Some((Taken::Left, next_ms)) => due.is_next(next_ms),
                None => {}
            }
        }
        Ok(due)
    }

    /// Moves mails that were written ahead of their time into the outbox, a bounded number, once it has come.
    /// Answers when the next one's does.
    async fn take_up_later_mails(&self, now_ms: u64) -> Result<Option<u64>, Error> {
        let (mails, next_ms) = self.due_in(records::LATER_MAILS, now_ms).await?;
        let take_up = async |transaction: &mut EntityTransaction<'_, S>, due_ms, id| -> Result<(), Error> {
            let key = records::later_mail(due_ms, id);
            if let Some(record) = transaction.bytes(&key).await? {
                transaction.delete(key);
                transaction.put(records::outbox(due_ms, id), record);
            }
            Ok(())
        };
        for (due_ms, id) in mails {
            transact!(self, attempts, |transaction| take_up(&mut transaction, due_ms, id));
        }
        Ok(next_ms)
    }

    /// When the mails of a partition that are due were, and their ids, a bounded number; and when the next one
    /// is.
    async fn due_in(&self, partition: &str, now_ms: u64) -> Result<(Vec<(u64, Uuid)>, Option<u64>), Error> {
        let page = self.store.scan(partition, "", None, limits::MAILS_AT_ONCE + 1).await?;
        let mut mails: Vec<_> = page.records.iter().filter_map(|(sort, _)| records::mail_due(sort)).collect();
        let due =
            mails.iter().take(limits::MAILS_AT_ONCE).take_while(|(due_ms, _)| *due_ms <= now_ms).count();
        let next_ms = mails.get(due).map(|(due_ms, _)| *due_ms);
        mails.truncate(due);
        Ok((mails, next_ms))
    }

    /// Takes one mail, unless somebody else has. Answers when it is tried again, unless it is not.
    async fn take(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        due_ms: u64,
        id: Uuid,
        sender: Sender<'_>,
    ) -> Result<Option<(Taken, u64)>, Error> {
        let (key, now_ms) = (records::outbox(due_ms, id), transaction.now_ms);
        let Some(record) = transaction.bytes(&key).await? else { return Ok(None) };
        transaction.delete(key);
        let Ok(posting) = serde_json::from_slice::<Posting>(&record) else {
            let next_ms = now_ms + limits::MAIL_PAUSE_MS_MAX;
            transaction.put(records::outbox(next_ms, id), record);
            return Ok(Some((Taken::Left, next_ms)));
        };
        if posting.due_ms + limits::MAIL_KEPT_MS <= now_ms {
            transaction.note(line(&posting.mail, Did::GivenUp));
            return Ok(None);
        }
        let next_ms = now_ms + pause_ms(posting.tries);
        let next = records::outbox(next_ms, id);
        let taken = match posting.mail.to.clone() {
            None => Taken::ToNobody { id: next.sort.clone() },
            Some(to) => match self.mail_of(&posting, to, id, &next.sort, sender).await? {
                Some(mail) => Taken::Mail(Box::new(mail)),
                None => {
                    transaction.note(line(&posting.mail, Did::GivenUp));
                    return Ok(None);
                }
            },
        };
        transaction.put_json(next, &Posting { tries: posting.tries + 1, ..posting });
        Ok(Some((taken, next_ms)))
    }

    /// Says what came of sending one; nothing, where that is known already.
    pub async fn mail_outcome(&self, id: &str, outcome: MailOutcome) -> Result<(), Error> {
        let did = match outcome {
            MailOutcome::Sent => Did::Sent,
            MailOutcome::Refused => Did::Refused,
            // It is tried again in any case.
            MailOutcome::Later => return Ok(()),
        };
        let Some((due_ms, id)) = records::mail_due(id) else { return Ok(()) };
        let note = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
            let key = records::outbox(due_ms, id);
            if let Some(posting) = transaction.read_json::<Posting>(&key).await? {
                transaction.delete(key);
                if posting.mail.to.is_some() {
                    transaction.note(line(&posting.mail, did));
                }
            }
            Ok(())
        };
        transact!(self, attempts, |transaction| note(&mut transaction));
        Ok(())
    }
}

impl DueMails {
    fn is_next(&mut self, due_ms: u64) {
        self.next_ms = Some(self.next_ms.map_or(due_ms, |next_ms| next_ms.min(due_ms)));
    }
}

fn write<S: Store>(transaction: &mut EntityTransaction<'_, S>, key: RecordKey, mail: &Mail, due_ms: u64) {
    transaction.put_json(key, &Posting { mail: mail.clone(), due_ms, tries: 0 });
    transaction.note(line(mail, Did::Created));
}

/// A mail as the audit has it: whom it is about, and in the place of fields what it says.
fn line(mail: &Mail, did: Did) -> Line {
    Line { fields: vec![mail.letter.name().to_owned()], ..Line::new(MAILS, mail.developer, did) }
}

/// How long after a try the next one is, in milliseconds; `tries`: those before.
fn pause_ms(tries: u32) -> u64 {
    (limits::MAIL_PAUSE_MS << tries.min(16)).min(limits::MAIL_PAUSE_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Language, Letter};

    /// As the first program with an outbox stored them (`core/published/golden`).
    #[test]
    fn records_read_as_they_were_stored() {
        let golden = include_str!("../../../published/golden/1/outbox-mail.json");
        let letter = Letter::KeyEnds { credential: Uuid::from_u128(2) };
        let (to, developer) = (Some("Dee@Example.org".to_owned()), Some(Uuid::from_u128(1)));
        let mail = Mail { to, developer, language: Language::Ja, letter };
        let posting = Posting { mail, due_ms: 1_700_000_000_000, tries: 3 };
        assert_eq!(serde_json::from_str::<Posting>(golden).unwrap(), posting);
        assert_eq!(serde_json::to_string(&posting).unwrap(), golden, "programs of before read it");
        let golden = include_str!("../../../published/golden/1/mails-sent.json");
        let recent = Recent(vec![(1_700_000_000, 2), (1_700_000_060, 1)]);
        assert_eq!(serde_json::from_str::<Recent>(golden).unwrap(), recent);
        assert_eq!(serde_json::to_string(&recent).unwrap(), golden);
    }

    #[test]
    fn pauses_double_up_to_some_hours() {
        let minutes = [0, 1, 2, 7, 8, 99].map(|tries| pause_ms(tries) / 60_000);
        assert_eq!(minutes, [1, 2, 4, 128, 240, 240]);
    }
}
