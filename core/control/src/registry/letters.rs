//! What a mail says when it is sent: read then, so that it is of then.

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::entity_transaction::{EntityTransaction, reference};
use super::error::Error;
use super::grants::text;
use super::notices::{Waiting, WaitingDay, notice_at};
use super::outbox::{Posting, Sender};
use super::records;
use super::stored_credential::expires_at_ms;
use crate::accounts::Account;
use crate::mail::{Facts, Letter, Mail, OutgoingMail, write};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// The mail as it goes out, to this address or the one that a developer has since, under the name that it
    /// has in the outbox; `None`: what it is about is gone.
    pub(super) async fn mail_of(
        &self,
        posting: &Posting,
        mut to: String,
        message_id: Uuid,
        name: &str,
        sender: Sender<'_>,
    ) -> Result<Option<OutgoingMail>, Error> {
        // Of its own: nothing hangs on whether this changes meanwhile.
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let mail = &posting.mail;
        if let Some(developer_id) = mail.developer {
            let developer = transaction.load(EntityKind::Developers, developer_id).await?;
            let Some(developer) = developer else { return Ok(None) };
            // Written long before it is sent.
            if matches!(mail.letter, Letter::KeyEnds { .. }) {
                to = text(&developer, "email").unwrap_or(to);
            }
        }
        let Some(facts) = self.facts(&mut transaction, posting).await? else { return Ok(None) };
        let Some(path) = self.path_of_link(&mut transaction, mail).await? else { return Ok(None) };
        let written = write(&mail.letter, mail.language, &facts, &format!("{}{path}", sender.origin));
        Ok(Some(OutgoingMail {
            id: name.to_owned(),
            message_id,
            from: sender.from.to_owned(),
            to,
            subject: written.subject,
            text: written.text,
            html: written.html,
        }))
    }

    /// Where its link leads to; `None`: the token in it works no more (its pepper is set no more, another was
    /// made since, or the account has changed), and the mail is no notice besides.
    #[expect(clippy::disallowed_methods, reason = "the one mail that shows the token")]
    async fn path_of_link(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        mail: &Mail,
    ) -> Result<Option<String>, Error> {
        let path = mail.letter.path();
        let Some(seed) = mail.letter.token() else { return Ok(Some(path.into_owned())) };
        let Some((token, digest)) = self.account_tags.mail_token(seed) else { return Ok(None) };
        let is_notice = matches!(mail.letter, Letter::AddressChanges { .. });
        if !is_notice && !self.names_token(transaction, mail.developer, digest).await? {
            return Ok(None);
        }
        Ok(Some(format!("{path}?token={}", token.reveal())))
    }

    /// Whether an account names a token, and so may it still be spent.
    async fn names_token(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        developer_id: Option<Uuid>,
        digest: KeyDigest,
    ) -> Result<bool, Error> {
        let Some(developer_id) = developer_id else { return Ok(false) };
        let account: Option<Account> = transaction.read_json(&records::account(developer_id)).await?;
        Ok(account.is_some_and(|account| account.tokens.values().any(|token| *token == digest)))
    }

    /// What a letter names; `None`: it is not there any more.
    async fn facts(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        posting: &Posting,
    ) -> Result<Option<Facts>, Error> {
        let settings = self.settings_in(transaction).await?;
        let mut facts = Facts { portal: settings.portal_name, ..Facts::default() };
        let names = settings.admin_mails.names;
        let is_there = match &posting.mail.letter {
            Letter::AccessRequested { contract }
            | Letter::AccessApproved { contract }
            | Letter::AccessRejected { contract }
            | Letter::AccessRevoked { contract } => {
                self.add_contract(transaction, *contract, false, &mut facts).await?
            }
            Letter::ContractWaits { contract } => {
                self.add_contract(transaction, *contract, names, &mut facts).await?
            }
            Letter::DeveloperWaits { developer } => {
                self.add_developer(transaction, *developer, names, &mut facts).await?
            }
            Letter::KeyEnds { credential } => {
                self.add_key(transaction, *credential, posting.due_ms, &mut facts).await?
            }
            Letter::Digest { day } => self.add_day(transaction, *day, names, &mut facts).await?,
            _ => true,
        };
        Ok(is_there.then_some(facts))
    }

    async fn add_contract(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        contract_id: Uuid,
        is_named: bool,
        facts: &mut Facts,
    ) -> Result<bool, Error> {
        let contract = transaction.load(EntityKind::ApplicationInstances, contract_id).await?;
        let Some(contract) = contract else { return Ok(false) };
        facts.service = self.service_name(transaction, &contract).await?;
        if let Some(developer_id) = self.owner(transaction, &contract).await?.filter(|_| is_named) {
            self.add_developer(transaction, developer_id, true, facts).await?;
        }
        Ok(true)
    }

    async fn add_developer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        developer_id: Uuid,
        is_named: bool,
        facts: &mut Facts,
    ) -> Result<bool, Error> {
        let developer = transaction.load(EntityKind::Developers, developer_id).await?;
        let Some(developer) = developer else { return Ok(false) };
        facts.named.extend(text(&developer, "email").filter(|_| is_named));
        Ok(true)
    }

    /// Whether the key still ends a week after the mail was to be sent.
    async fn add_key(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        credential_id: Uuid,
        due_ms: u64,
        facts: &mut Facts,
    ) -> Result<bool, Error> {
        let credential = transaction.load(EntityKind::Oauth2Credentials, credential_id).await?;
        let Some(credential) = credential else { return Ok(false) };
        let end_ms = expires_at_ms(&credential).filter(|end_ms| notice_at(*end_ms) == due_ms);
        facts.key_start = text(&credential, "client_id_start").unwrap_or_default();
        facts.ends_ms = end_ms.unwrap_or_default();
        Ok(facts.ends_ms > transaction.now_ms)
    }

    /// What began to wait in a day; of what is named, what is still there.
    async fn add_day(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        day: u64,
        is_named: bool,
        facts: &mut Facts,
    ) -> Result<bool, Error> {
        let waits: Option<WaitingDay> = transaction.read_json(&records::digest(day)).await?;
        let Some(waits) = waits else { return Ok(false) };
        (facts.developers, facts.contracts) = (waits.developers, waits.contracts);
        for waiting in waits.some.iter().filter(|_| is_named) {
            match waiting {
                Waiting::Developer(id) => drop(self.add_developer(transaction, *id, true, facts).await?),
                Waiting::Contract(id) => drop(self.add_contract(transaction, *id, true, facts).await?),
            }
        }
        facts.named.sort_unstable();
        facts.named.dedup();
        Ok(true)
    }

    /// What a contract's service is called in the portal.
    async fn service_name(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        contract: &Object,
    ) -> Result<String, Error> {
        let Some(service_id) = reference(contract, "service") else { return Ok(String::new()) };
        let plugins = transaction.children(EntityKind::Services, service_id, EntityKind::Plugins).await?;
        let is_registration =
            |plugin: &&Object| plugin.get("name").and_then(Value::as_str) == Some("application-registration");
        let config = plugins.iter().find(is_registration).and_then(|plugin| plugin.get("config"));
        let shown = config.and_then(|config| config.get("display_name")).and_then(Value::as_str);
        if let Some(shown) = shown {
            return Ok(shown.to_owned());
        }
        let service = transaction.load(EntityKind::Services, service_id).await?;
        Ok(service.and_then(|service| text(&service, "name")).unwrap_or_else(|| service_id.to_string()))
    }
}
