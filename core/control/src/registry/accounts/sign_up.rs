//! Sign-up, and the confirmation of its address.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::attempts::transact_once;
use super::super::entity_transaction::EntityTransaction;
use super::super::error::Error;
use super::super::jobs::Job;
use super::super::notices::Waiting;
use super::super::outbox::{Cause, Posted};
use super::super::sealed::Nonce;
use super::super::{Minted, Registry, Step};
use super::sessions::end_all;
use super::tokens::{NewToken, TokenFor, void_all};
use super::{ACCOUNTS, APPROVED, Known, REQUESTED};
use crate::accounts::{Account, TokenUse};
use crate::audit::{Did, Line};
use crate::mail::{Language, Letter, Mail};
use crate::passwords::PhcString;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Input, Object};
use crate::settings::Settings;
use latchkey_store::Store;

/// Records that making a developer writes, or making one anew, and that are written as decoys otherwise: the
/// developer, the address, the account and the token.
const WRITTEN: usize = 4;

/// A sign-up whose password is hashed.
pub(crate) struct SignUp<'a> {
    pub(crate) email: &'a str,
    pub(crate) meta: Option<&'a str>,
    pub(crate) phc: &'a PhcString,
    pub(crate) language: Option<Language>,
}

/// What a sign-up needs that is drawn.
struct Drawn {
    minted: Minted,
    token: NewToken,
    nonce: Nonce,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    fn drawn(&self) -> Drawn {
        Drawn { minted: self.minted(), token: self.new_token(), nonce: Nonce::draw(&self.random) }
    }

    /// Makes a developer who waits for confirmation, approval or both. Where the address is somebody's already,
    /// they are told by mail, and nothing else comes of it.
    pub(crate) async fn sign_up(&self, sign_up: &SignUp<'_>) -> Result<(), Error> {
        let drawn = self.drawn();
        let job = transact_once!(self, |transaction| self.sign_up_in(&mut transaction, sign_up, &drawn));
        self.finish_job(job).await
    }

    /// The state that a sign-up is answered with.
    pub(crate) fn status_of_sign_up(&self, settings: &Settings) -> u64 {
        if settings.auto_approve_developers && !self.verifies(settings) { APPROVED } else { REQUESTED }
    }

    async fn sign_up_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        sign_up: &SignUp<'_>,
        drawn: &Drawn,
    ) -> Result<Option<Job>, Error> {
        let settings = self.settings_in(transaction).await?;
        match self.known_at(transaction, sign_up.email).await? {
            None => self.make_developer(transaction, sign_up, drawn, &settings).await,
            Some(known) if self.is_unconfirmed(&known, &settings) => {
                self.replace_sign_up(transaction, known, sign_up, drawn, &settings).await
            }
            Some(known) => self.tell_of_sign_up(transaction, &known, sign_up, drawn, &settings).await,
        }
    }

    /// Whether somebody has signed up with an address that nobody has confirmed: it may be another who has it.
    /// Whom an administrator has made sets a password by mail alone.
    fn is_unconfirmed(&self, known: &Known, settings: &Settings) -> bool {
        self.verifies(settings) && !known.is_verified() && known.account.password.is_some()
    }

    async fn make_developer(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        sign_up: &SignUp<'_>,
        drawn: &Drawn,
        settings: &Settings,
    ) -> Result<Option<Job>, Error> {
        let id = drawn.minted.id;
        let (developer, account) = (Object::new(), Account::default());
        let mut known = Known { id, developer, account };
        known.account.language = sign_up.language;
        if self.post_verification(transaction, &known, sign_up.email, drawn, settings).await? {
            return Ok(None);
        }
        let status = self.status_of_sign_up(settings);
        let mut input = Object::from_iter([
            ("email".to_owned(), sign_up.email.into()),
            ("status".to_owned(), status.into()),
        ]);
        input.extend(sign_up.meta.map(|meta| ("meta".to_owned(), meta.into())));
        let (kind, input) = (EntityKind::Developers, Input::Object(&input));
        let made = self.create_in(transaction, kind, &[], input, &drawn.minted, false).await?;
        known.account.password = Some(self.seal_password(id, sign_up.phc, drawn.nonce));
        self.put_verification(transaction, &mut known, sign_up.email, drawn, settings);
        transaction.put_account(&known);
        if !self.verifies(settings) && status == REQUESTED {
            self.tell_administrators(transaction, Waiting::Developer(id), drawn.minted.mails).await?;
        }
        Ok(made.job)
    }

    /// Takes the place of a sign-up that was not confirmed: nobody is to confirm a stranger's password.
    async fn replace_sign_up(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        mut known: Known,
        sign_up: &SignUp<'_>,
        drawn: &Drawn,
        settings: &Settings,
    ) -> Result<Option<Job>, Error> {
        known.account.language = sign_up.language;
        if self.post_verification(transaction, &known, sign_up.email, drawn, settings).await? {
            return Ok(None);
        }
        void_all(transaction, &mut known.account);
        end_all(transaction, &mut known.account);
        known.account.password = Some(self.seal_password(known.id, sign_up.phc, drawn.nonce));
        self.put_verification(transaction, &mut known, sign_up.email, drawn, settings);
        transaction.put_account(&known);
        let mut new = known.developer.clone();
        new.insert("email".to_owned(), sign_up.email.into());
        new.insert("meta".to_owned(), sign_up.meta.map_or(Value::Null, Value::from));
        let job = self.save_developer(transaction, &known, new, &drawn.minted).await?;
        // The address leads to the developer already, and is written where it does not.
        let mailbox = self.mailbox(sign_up.email);
        transaction.put_decoys(&mailbox, 1);
        Ok(job)
    }

    async fn tell_of_sign_up(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &Known,
        sign_up: &SignUp<'_>,
        drawn: &Drawn,
        settings: &Settings,
    ) -> Result<Option<Job>, Error> {
        if settings.portal_reveal_accounts {
            let taken = json!({"email": sign_up.email});
            return Err(Error::NotUnique(taken.as_object().cloned().unwrap_or_default()));
        }
        let mailbox = self.mailbox(sign_up.email);
        let mail = Mail {
            to: Some(known.email().to_owned()),
            developer: Some(known.id),
            language: self.language(known, settings),
            letter: Letter::AlreadyRegistered,
        };
        let posted = self.post(transaction, &mail, drawn.token.mail_id, Cause::Stranger(mailbox)).await?;
        if posted == Posted::Written || !self.has_mail {
            transaction.put_decoys(&mailbox, WRITTEN);
        }
        Ok(None)
    }

    /// Writes the mail that asks for confirmation. Answers whether it is withheld, and nothing may change then.
    async fn post_verification(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &Known,
        email: &str,
        drawn: &Drawn,
        settings: &Settings,
    ) -> Result<bool, Error> {
        if !self.verifies(settings) {
            return Ok(false);
        }
        let mail = Mail {
            to: Some(email.to_owned()),
            developer: Some(known.id),
            language: self.language(known, settings),
            letter: Letter::Verify { token: drawn.token.seed },
        };
        let cause = Cause::Stranger(self.mailbox(email));
        Ok(self.post(transaction, &mail, drawn.token.mail_id, cause).await? == Posted::Withheld)
    }

    fn put_verification(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &mut Known,
        email: &str,
        drawn: &Drawn,
        settings: &Settings,
    ) {
        if self.verifies(settings) {
            let made_for = TokenFor::new(TokenUse::Verify, Some(email.to_owned()));
            self.put_token(transaction, known, &drawn.token, made_for);
        }
    }

    /// Sends the mail once more to whoever has to confirm the address, and to nobody else.
    pub(crate) async fn resend_verification(&self, address: &str) -> Result<(), Error> {
        let drawn = self.drawn();
        transact_once!(self, |transaction| self.resend_in(&mut transaction, address, &drawn));
        Ok(())
    }

    async fn resend_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        address: &str,
        drawn: &Drawn,
    ) -> Result<(), Error> {
        let settings = self.settings_in(transaction).await?;
        let known = self.known_at(transaction, address).await?;
        let known = known.filter(|known| self.is_unconfirmed(known, &settings));
        let (letter, of) = (Letter::Verify { token: drawn.token.seed }, TokenUse::Verify);
        self.mail_token_to(transaction, address, known, letter, &drawn.token, of, &settings).await
    }

    /// Confirms the address of a sign-up. Answers the state of the developer, who is not logged in by it.
    pub(crate) async fn verify_account(&self, shown: &str) -> Result<u64, Error> {
        let minted = self.minted();
        let verify = async |transaction: &mut EntityTransaction<'_, S>| {
            let (known, _) = self.spend_token(transaction, shown, TokenUse::Verify).await?;
            transaction.put_account(&known);
            self.verified(transaction, &known, &minted).await
        };
        let (status, job) = transact_once!(self, |transaction| verify(&mut transaction));
        self.finish_job(job).await?;
        Ok(status)
    }

    /// Notes that somebody who reads mail at the address has said so; approves where nobody else has to. Answers
    /// the state.
    pub(super) async fn verified(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &Known,
        minted: &Minted,
    ) -> Result<(u64, Option<Job>), Error> {
        let settings = self.settings_in(transaction).await?;
        let before = known.status().unwrap_or(REQUESTED);
        if known.is_verified() {
            return Ok((before, None));
        }
        let mut new = known.developer.clone();
        new.insert("email_verified".to_owned(), true.into());
        let waits = before == REQUESTED;
        let status = if waits && settings.auto_approve_developers { APPROVED } else { before };
        new.insert("status".to_owned(), status.into());
        let job = self.save_developer(transaction, known, new, minted).await?;
        if status == REQUESTED {
            self.write_to_developer(transaction, known.id, Letter::Waiting, minted.mails).await?;
            self.tell_administrators(transaction, Waiting::Developer(known.id), minted.mails).await?;
        }
        Ok((status, job))
    }

    /// Takes back a sign-up that somebody else has made with this address: the token is void, and who only waits
    /// goes.
    pub(crate) async fn invalidate_verification(&self, shown: &str) -> Result<(), Error> {
        let invalidate = async |transaction: &mut EntityTransaction<'_, S>| {
            let (known, _) = self.spend_token(transaction, shown, TokenUse::Verify).await?;
            transaction.put_account(&known);
            if known.status() != Some(REQUESTED) {
                transaction.note(Line::new(ACCOUNTS, Some(known.id), Did::Changed));
                return Ok(None);
            }
            let id = known.id.to_string();
            let step = Step { kind: EntityKind::Developers, key: &id };
            self.delete_in(transaction, &[step], false).await
        };
        let job: Option<Job> = transact_once!(self, |transaction| invalidate(&mut transaction));
        self.finish_job(job).await
    }

    /// Mails a token of a use to a developer, or to nobody, which takes as long.
    #[expect(clippy::too_many_arguments, reason = "what one mail with a token is made of")]
    pub(super) async fn mail_token_to(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        address: &str,
        known: Option<Known>,
        letter: Letter,
        token: &NewToken,
        of: TokenUse,
        settings: &Settings,
    ) -> Result<(), Error> {
        let mailbox = self.mailbox(address);
        let to = known.as_ref().map(|known| known.email().to_owned());
        let language = known.as_ref().map_or(settings.language, |known| self.language(known, settings));
        let developer: Option<Uuid> = known.as_ref().map(|known| known.id);
        let mail = Mail { to: to.clone(), developer, language, letter };
        if self.post(transaction, &mail, token.mail_id, Cause::Stranger(mailbox)).await? == Posted::Withheld {
            return Ok(());
        }
        match known {
            Some(mut known) => {
                // Where there was none before, none is removed.
                let decoys = usize::from(!known.account.tokens.contains_key(&of));
                self.put_token(transaction, &mut known, token, TokenFor::new(of, to));
                transaction.put_account(&known);
                transaction.put_decoys(&mailbox, decoys);
            }
            None => transaction.put_decoys(&mailbox, 3),
        }
        Ok(())
    }
}
