//! The outbox: mails are written in the commit that causes them, and sent by an adapter afterwards.

use super::Registry;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use crate::mail::{Mail, MailOutcome, OutgoingMail};
use crate::ports::{Clock, Random};
use latchkey_store::Store;
use uuid::Uuid;

/// Who has caused a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Whoever knows an address: counted for the mailbox.
    Stranger,
    /// The owner of the account, an administrator, or time.
    Known,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Posted {
    /// It is in the outbox.
    Written,
    /// The mailbox has had too many: nothing is written, and no token is to be made or voided.
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

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Writes a mail, to be sent at once. `id`: drawn before the first attempt of the change.
    /// `Error::TooManyMails` where the installation has sent as many as it may in an hour.
    pub(super) async fn post(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        mail: &Mail,
        id: Uuid,
        cause: Cause,
    ) -> Result<Posted, Error> {
        let _ = (transaction, mail, id, cause);
        todo!()
    }

    /// Writes a mail to be sent at a time, in milliseconds since the Unix epoch.
    pub(super) async fn post_at(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        mail: &Mail,
        id: Uuid,
        due_ms: u64,
    ) -> Result<(), Error> {
        let _ = (transaction, mail, id, due_ms);
        todo!()
    }

    /// Takes what is due, a bounded number, each to be followed by [`Registry::mail_outcome`].
    /// `from`: the sender; `origin`: what links begin with.
    pub async fn due_mails(&self, from: &str, origin: &str) -> Result<DueMails, Error> {
        let _ = (from, origin);
        todo!()
    }

    /// Says what came of sending one.
    pub async fn mail_outcome(&self, id: &str, outcome: MailOutcome) -> Result<(), Error> {
        let _ = (id, outcome);
        todo!()
    }
}
