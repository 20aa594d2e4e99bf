//! Log-in links: a mailed token that logs in, without a password and without a hash.
//!
//! It does so in the browser that asked for it alone, by a cookie. Opened elsewhere, it shows a code to be typed
//! there: whoever is talked into opening a link does not log anybody else in by that.

use uuid::Uuid;

use super::super::attempts::transact_once;
use super::super::entity_transaction::EntityTransaction;
use super::super::error::{AccountFault, Error};
use super::super::jobs::Job;
use super::super::outbox::{Cause, Posted};
use super::super::{Minted, Registry, records};
use super::sessions::NewSession;
use super::tokens::{NewToken, TokenFor, void};
use super::{ACCOUNTS, APPROVED, Known, REQUESTED};
use crate::accounts::{AskedLink, LinkOf, MailToken, TokenUse};
use crate::audit::{Did, Line};
use crate::mail::{Letter, Mail};
use crate::ports::{Clock, Random};
use latchkey_published::keys::{KeyDigest, PlainKey, generate_secret};
use latchkey_published::limits;
use latchkey_store::Store;

/// What comes of the token of a link.
#[derive(Clone, Debug)]
pub(crate) enum SpentLink {
    /// A session is open, and the browser is known: its developer's id.
    LoggedIn(Uuid),
    /// It was opened elsewhere: the code for the browser that asked.
    Code(String),
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Whether links are open.
    pub(crate) async fn refuse_unless_links(&self) -> Result<(), Error> {
        let is_open = self.has_mail && self.read_settings().await?.log_in_links;
        if is_open { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Mails a link to whoever may log in with this address, and to nobody else. Answers the cookie for the
    /// browser that asks.
    pub(crate) async fn ask_for_link(&self, address: &str) -> Result<PlainKey, Error> {
        let (cookie, token) = (generate_secret(|bytes| self.random.fill(bytes)), self.new_token());
        let browser = self.peppers.current.digest_key(&cookie);
        transact_once!(self, |transaction| self.ask_for_link_in(&mut transaction, address, &token, browser));
        Ok(cookie)
    }

    async fn ask_for_link_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        address: &str,
        token: &NewToken,
        browser: KeyDigest,
    ) -> Result<(), Error> {
        let settings = self.settings_in(transaction).await?;
        let known = self.known_at(transaction, address).await?;
        let known = known.filter(|known| self.may_have_link(known));
        let mailbox = self.mailbox(address);
        let mail = Mail {
            to: known.as_ref().map(|known| known.email().to_owned()),
            developer: known.as_ref().map(|known| known.id),
            language: known.as_ref().map_or(settings.language, |known| self.language(known, &settings)),
            letter: Letter::LogInLink { token: token.seed },
        };
        if self.post(transaction, &mail, token.mail_id, Cause::Stranger(mailbox)).await? == Posted::Withheld {
            return Ok(());
        }
        let Some(mut known) = known else {
            transaction.is_there(&records::decoy(&mailbox, 0)).await?;
            transaction.put_decoys(&mailbox, 5);
            return Ok(());
        };
        // The link of before: its token, and what it has left for its browser.
        if !self.forget_link(transaction, &known).await? {
            transaction.is_there(&records::decoy(&mailbox, 0)).await?;
            transaction.put_decoys(&mailbox, 2);
        }
        let link = Some(LinkOf { browser, shown: false, tries: 0 });
        let made_for = TokenFor { link, ..TokenFor::new(TokenUse::LogIn, mail.to) };
        self.put_token(transaction, &mut known, token, made_for);
        transaction.put_json(records::asked_link(&browser), &AskedLink { token: token.digest() });
        transaction.put_account(&known);
        Ok(())
    }

    /// Who waits for confirmation confirms the address by the link.
    fn may_have_link(&self, known: &Known) -> bool {
        matches!(known.status(), Some(APPROVED | REQUESTED))
    }

    /// Removes what the link before has left for its browser. Answers whether there was one.
    async fn forget_link(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &Known,
    ) -> Result<bool, Error> {
        let Some(digest) = known.account.tokens.get(&TokenUse::LogIn) else { return Ok(false) };
        let before: Option<MailToken> = transaction.read_json(&records::mail_token(digest)).await?;
        if let Some(link) = before.and_then(|token| token.link) {
            transaction.delete(records::asked_link(&link.browser));
        }
        Ok(true)
    }

    /// Logs in by the token of a link in the browser that asked for it; elsewhere it shows the code.
    pub(crate) async fn spend_link(
        &self,
        shown: &str,
        asked: Option<&str>,
        new: &NewSession,
        before: Option<KeyDigest>,
    ) -> Result<SpentLink, Error> {
        let minted = self.minted();
        let spend =
            async |transaction: &mut EntityTransaction<'_, S>| -> Result<(SpentLink, Option<Job>), Error> {
                let (_, mut token) = self.good_token(transaction, shown, TokenUse::LogIn).await?;
                let wrong = Error::Account(AccountFault::WrongToken);
                let digest = self.account_tags.recognise_mail_token(shown.as_bytes()).ok_or(wrong)?;
                let is_here = token.link.as_ref().is_some_and(|link| self.is_browser(asked, &link.browser));
                if is_here {
                    let (id, job) = self.log_in_by_link(transaction, &digest, new, before, &minted).await?;
                    return Ok((SpentLink::LoggedIn(id), job));
                }
                if let Some(link) = token.link.as_mut().filter(|link| !link.shown) {
                    link.shown = true;
                    transaction.put_json(records::mail_token(&digest), &token);
                    transaction.note(Line::new(ACCOUNTS, Some(token.developer), Did::CodeShown));
                }
                Ok((SpentLink::Code(self.account_tags.code(&digest)), None))
            };
        let (spent, job) = transact_once!(self, |transaction| spend(&mut transaction));
        self.finish_job(job).await?;
        Ok(spent)
    }

    /// Logs in by the code, in the browser that asked for the link. After some wrong ones the link is void.
    pub(crate) async fn spend_code(
        &self,
        code: &str,
        asked: &str,
        new: &NewSession,
        before: Option<KeyDigest>,
    ) -> Result<Uuid, Error> {
        let minted = self.minted();
        let spend =
            async |transaction: &mut EntityTransaction<'_, S>| -> Result<(Option<Uuid>, Option<Job>), Error> {
                let wrong = || Error::Account(AccountFault::WrongToken);
                let mut found = None;
                for pepper in
                    [Some(&self.peppers.current), self.peppers.previous.as_ref()].into_iter().flatten()
                {
                    let key = records::asked_link(&pepper.digest(asked.as_bytes()));
                    found = found.or(transaction.read_json::<AskedLink>(&key).await?);
                }
                let digest = found.ok_or_else(wrong)?.token;
                let (mut known, mut token) =
                    self.good_token_at(transaction, &digest, TokenUse::LogIn).await?;
                let link = token.link.as_mut().filter(|link| link.shown).ok_or_else(wrong)?;
                if self.account_tags.code(&digest) == code {
                    let (id, job) = self.log_in_by_link(transaction, &digest, new, before, &minted).await?;
                    return Ok((Some(id), job));
                }
                link.tries += 1;
                if link.tries >= limits::LINK_TRIES_MAX {
                    transaction.delete(records::asked_link(&link.browser));
                    void(transaction, &mut known.account, TokenUse::LogIn);
                    transaction.put_account(&known);
                } else {
                    transaction.put_json(records::mail_token(&digest), &token);
                }
                transaction.note(Line::new(ACCOUNTS, Some(known.id), Did::CodeRefused));
                Ok((None, None))
            };
        let (id, job) = transact_once!(self, |transaction| spend(&mut transaction));
        self.finish_job(job).await?;
        id.ok_or(Error::Account(AccountFault::WrongToken))
    }

    async fn log_in_by_link(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        digest: &KeyDigest,
        new: &NewSession,
        before: Option<KeyDigest>,
        minted: &Minted,
    ) -> Result<(Uuid, Option<Job>), Error> {
        let (mut known, token) = self.good_token_at(transaction, digest, TokenUse::LogIn).await?;
        void(transaction, &mut known.account, TokenUse::LogIn);
        if let Some(link) = &token.link {
            transaction.delete(records::asked_link(&link.browser));
        }
        if !self.may_have_link(&known) {
            return Err(Error::Account(AccountFault::WrongToken));
        }
        let settings = self.settings_in(transaction).await?;
        self.open_in(transaction, &mut known, new, before, &settings).await?;
        let (_, job) = self.verified(transaction, &known, minted).await?;
        Ok((known.id, job))
    }

    /// The token of a link that the local program prints, and its digest.
    pub(crate) fn new_start_link(&self) -> (PlainKey, KeyDigest) {
        self.account_tags.make_start_link(|bytes| self.random.fill(bytes))
    }

    /// Logs in the approved developer whom such a link names. Who prints it vouches for the address.
    pub(crate) async fn log_in_by_start_link(
        &self,
        developer: Uuid,
        new: &NewSession,
        before: Option<KeyDigest>,
    ) -> Result<(), Error> {
        let minted = self.minted();
        let log_in = async |transaction: &mut EntityTransaction<'_, S>| -> Result<Option<Job>, Error> {
            let known = self.known(transaction, developer).await?;
            let known = known.filter(|known| known.status() == Some(APPROVED));
            let mut known = known.ok_or(Error::Account(AccountFault::WrongToken))?;
            let settings = self.settings_in(transaction).await?;
            self.open_in(transaction, &mut known, new, before, &settings).await?;
            Ok(self.verified(transaction, &known, &minted).await?.1)
        };
        let job = transact_once!(self, |transaction| log_in(&mut transaction));
        self.finish_job(job).await
    }

    /// Whether a browser's cookie is the one that a link is bound to.
    fn is_browser(&self, asked: Option<&str>, browser: &KeyDigest) -> bool {
        let Some(asked) = asked else { return false };
        let peppers = [Some(&self.peppers.current), self.peppers.previous.as_ref()];
        peppers.into_iter().flatten().any(|pepper| pepper.digest(asked.as_bytes()).matches(browser))
    }
}
