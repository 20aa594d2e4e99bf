//! A mail that an administrator sends to see whether mails arrive.

use uuid::Uuid;

use super::Registry;
use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::notices::mail_id;
use super::outbox::Cause;
use crate::mail::{Letter, Mail};
use crate::ports::{Clock, Random};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Writes it to `to`, else to each administrator who is told by mail. Answers to whom.
    pub async fn send_test_mail(&self, to: Option<&str>) -> Result<Vec<String>, Error> {
        if !self.has_mail {
            return Err(Error::field("to", "there is no mail here: set its sender first"));
        }
        let base = self.random.uuid();
        Ok(transact!(self, attempts, |transaction| self.send_test_mail_in(&mut transaction, to, base)))
    }

    async fn send_test_mail_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        to: Option<&str>,
        base: Uuid,
    ) -> Result<Vec<String>, Error> {
        let settings = self.settings_in(transaction).await?;
        let addresses = to.map_or_else(|| settings.admin_mails.to.clone(), |to| vec![to.to_owned()]);
        if addresses.is_empty() {
            return Err(Error::field("to", "required: no administrator is told by mail"));
        }
        for (number, to) in (0..).zip(&addresses) {
            let (to, language) = (Some(to.clone()), settings.language);
            let mail = Mail { to, developer: None, language, letter: Letter::Test };
            self.post(transaction, &mail, mail_id(base, number), Cause::Known).await?;
        }
        Ok(addresses)
    }
}
