//! Another address: asked for by its developer, confirmed by mail there, and taken back by mail at the old one.

use super::super::attempts::transact_once;
use super::super::entity_transaction::{EntityTransaction, id_of};
use super::super::error::{AccountFault, Error};
use super::super::jobs::Job;
use super::super::outbox::{Cause, Posted};
use super::super::{Minted, Registry, records};
use super::sessions::end_all;
use super::tokens::{NewToken, TokenFor, void_all};
use super::{ACCOUNTS, Known};
use crate::accounts::{MailToken, TokenUse};
use crate::audit::{Did, Line};
use crate::mail::{Letter, Mail};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use crate::settings::Settings;
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Asks for another address, which counts once it is confirmed. Where it is somebody's, they are told, and
    /// the caller does not learn it. Answers the developer, who has the address of before.
    pub(crate) async fn ask_for_address(&self, session: &KeyDigest, email: &str) -> Result<Object, Error> {
        let (confirm, revert) = (self.new_token(), self.new_token());
        let known = transact_once!(self, |transaction| self.ask_for_address_in(
            &mut transaction,
            session,
            email,
            &confirm,
            &revert
        ));
        Ok(known)
    }

    async fn ask_for_address_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        session: &KeyDigest,
        email: &str,
        confirm: &NewToken,
        revert: &NewToken,
    ) -> Result<Object, Error> {
        let mut known = self.recent_session(transaction, session).await?;
        let settings = self.settings_in(transaction).await?;
        if !self.has_mail {
            return Err(Error::field("email", "cannot be changed: this portal sends no mail"));
        }
        let owner = self.known_at(transaction, email).await?.filter(|owner| owner.id != known.id);
        let is_free = owner.is_none();
        let mail = match owner {
            Some(owner) => Mail {
                to: Some(owner.email().to_owned()),
                developer: Some(owner.id),
                language: self.language(&owner, &settings),
                letter: Letter::AlreadyRegistered,
            },
            None => Mail {
                to: Some(email.to_owned()),
                developer: Some(known.id),
                language: self.language(&known, &settings),
                letter: Letter::ConfirmAddress { token: confirm.seed },
            },
        };
        let mailbox = self.mailbox(email);
        let posted = self.post(transaction, &mail, confirm.mail_id, Cause::Stranger(mailbox)).await?;
        if posted == Posted::Written {
            if is_free {
                let made_for = TokenFor::new(TokenUse::ConfirmAddress, Some(email.to_owned()));
                self.put_token(transaction, &mut known, confirm, made_for);
            } else {
                transaction.put_decoys(&mailbox, 1);
            }
            self.warn_old_address(transaction, &mut known, revert, &settings).await?;
            transaction.put_account(&known);
        }
        transaction.note(Line {
            fields: vec!["email".to_owned()],
            ..Line::new(ACCOUNTS, Some(known.id), Did::Changed)
        });
        Ok(self.shown(&known, transaction.now_ms))
    }

    async fn warn_old_address(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &mut Known,
        revert: &NewToken,
        settings: &Settings,
    ) -> Result<(), Error> {
        let old = known.email().to_owned();
        let mail = Mail {
            to: Some(old.clone()),
            developer: Some(known.id),
            language: self.language(known, settings),
            letter: Letter::AddressChanges { token: revert.seed },
        };
        self.post(transaction, &mail, revert.mail_id, Cause::Known).await?;
        self.put_token(transaction, known, revert, TokenFor::new(TokenUse::RevertAddress, Some(old)));
        Ok(())
    }

    /// Gives the developer the address that the token was mailed to. All sessions end.
    pub(crate) async fn confirm_address(&self, shown: &str) -> Result<Object, Error> {
        self.give_address(shown, TokenUse::ConfirmAddress).await
    }

    /// Gives the developer the old address back, or takes back that another was asked for. All sessions end.
    pub(crate) async fn revert_address(&self, shown: &str) -> Result<Object, Error> {
        self.give_address(shown, TokenUse::RevertAddress).await
    }

    async fn give_address(&self, shown: &str, of: TokenUse) -> Result<Object, Error> {
        let minted = self.minted();
        let (developer, job) =
            transact_once!(self, |transaction| self.give_address_in(&mut transaction, shown, of, &minted));
        self.finish_job(job).await?;
        Ok(developer)
    }

    async fn give_address_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        shown: &str,
        of: TokenUse,
        minted: &Minted,
    ) -> Result<(Object, Option<Job>), Error> {
        let (mut known, token) = self.spend_token(transaction, shown, of).await?;
        let wrong = || Error::Account(AccountFault::WrongToken);
        let email = token.email.ok_or_else(wrong)?;
        // Somebody else may have it meanwhile.
        let holder = transaction.find(EntityKind::Developers, "email", &email).await?;
        if holder.is_some_and(|holder| holder != known.id) {
            return Err(wrong());
        }
        let revert = match of {
            TokenUse::ConfirmAddress => self.revert_token(transaction, &known).await?,
            _ => None,
        };
        void_all(transaction, &mut known.account);
        end_all(transaction, &mut known.account);
        if let Some((digest, token)) = revert {
            let token = MailToken { state: known.account.state, ..token };
            transaction.put_json(records::mail_token(&digest), &token);
            known.account.tokens.insert(TokenUse::RevertAddress, digest);
        }
        transaction.put_account(&known);
        let mut new = known.developer.clone();
        new.insert("email".to_owned(), email.into());
        new.insert("email_verified".to_owned(), true.into());
        let job = self.save_developer(transaction, &known, new.clone(), minted).await?;
        let id = id_of(&new)?;
        let given = Known { id, developer: new, account: known.account };
        Ok((self.shown(&given, transaction.now_ms), job))
    }

    /// The token that takes the old address back: it outlives the change of the address.
    async fn revert_token(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &Known,
    ) -> Result<Option<(KeyDigest, MailToken)>, Error> {
        let Some(digest) = known.account.tokens.get(&TokenUse::RevertAddress).copied() else {
            return Ok(None);
        };
        let token: Option<MailToken> = transaction.read_json(&records::mail_token(&digest)).await?;
        Ok(token.map(|token| (digest, token)))
    }
}
