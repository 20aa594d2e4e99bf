//! Mailed tokens: each works once, for its use alone, and not when another was made or what it was made for has
//! changed since.

use uuid::Uuid;

use super::super::Registry;
use super::super::entity_transaction::EntityTransaction;
use super::super::error::{AccountFault, Error};
use super::super::records;
use super::Known;
use crate::accounts::{Account, LinkOf, MailToken, TokenSeed, TokenUse};
use crate::ports::{Clock, Random};
use latchkey_published::keys::{KeyDigest, PlainKey};
use latchkey_published::limits;
use latchkey_store::Store;

/// A token to be, drawn before the first attempt of the change that makes it.
pub(in crate::registry) struct NewToken {
    pub(super) seed: TokenSeed,
    pub(super) plain: PlainKey,
    digest: KeyDigest,
    /// Id of the mail that brings it.
    pub(super) mail_id: Uuid,
}

impl NewToken {
    pub(super) fn digest(&self) -> KeyDigest {
        self.digest
    }
}

/// What a token is made for.
pub(super) struct TokenFor {
    pub(super) of: TokenUse,
    /// Where it is mailed to, or what it takes back.
    pub(super) email: Option<String>,
    pub(super) life_ms: u64,
    pub(super) link: Option<LinkOf>,
}

impl TokenFor {
    pub(super) fn new(of: TokenUse, email: Option<String>) -> Self {
        let life_ms = match of {
            TokenUse::Verify | TokenUse::ConfirmAddress => limits::VERIFY_TOKEN_MS,
            TokenUse::Reset => limits::RESET_TOKEN_MS,
            TokenUse::LogIn => limits::LOG_IN_LINK_MS,
            TokenUse::RevertAddress => limits::REVERT_TOKEN_MS,
        };
        TokenFor { of, email, life_ms, link: None }
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) fn new_token(&self) -> NewToken {
        let seed = self.account_tags.seed(|bytes| self.random.fill(bytes));
        let made = self.account_tags.mail_token(&seed);
        let (plain, digest) = made.expect("its seed is of the pepper in use");
        NewToken { seed, plain, digest, mail_id: self.random.uuid() }
    }

    /// Makes the one token of its use, in the place of the one before. The account is to be written.
    pub(super) fn put_token(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        known: &mut Known,
        new: &NewToken,
        made_for: TokenFor,
    ) {
        let TokenFor { of, email, life_ms, link } = made_for;
        void(transaction, &mut known.account, of);
        known.account.tokens.insert(of, new.digest);
        let (developer, state) = (known.id, known.account.state);
        let ends_ms = transaction.now_ms + life_ms;
        let token = MailToken { of, developer, state, ends_ms, email, link };
        transaction.put_json(records::mail_token(&new.digest), &token);
    }

    /// A token as it was shown, and whose it is, while it is good for this use.
    pub(super) async fn good_token(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        shown: &str,
        of: TokenUse,
    ) -> Result<(Known, MailToken), Error> {
        // A forged one costs no read.
        let digest = self.account_tags.recognise_mail_token(shown.as_bytes()).ok_or(WRONG)?;
        self.good_token_at(transaction, &digest, of).await
    }

    pub(super) async fn good_token_at(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        digest: &KeyDigest,
        of: TokenUse,
    ) -> Result<(Known, MailToken), Error> {
        let token: Option<MailToken> = transaction.read_json(&records::mail_token(digest)).await?;
        let token =
            token.filter(|token| token.of == of && token.ends_ms > transaction.now_ms).ok_or(WRONG)?;
        let known = self.known(transaction, token.developer).await?.ok_or(WRONG)?;
        let is_named = known.account.tokens.get(&of) == Some(digest);
        match is_named && known.account.state == token.state {
            true => Ok((known, token)),
            false => Err(WRONG),
        }
    }

    /// The same, once: it is good no more. The account is to be written.
    pub(super) async fn spend_token(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        shown: &str,
        of: TokenUse,
    ) -> Result<(Known, MailToken), Error> {
        let (mut known, token) = self.good_token(transaction, shown, of).await?;
        void(transaction, &mut known.account, of);
        if let Some(link) = &token.link {
            transaction.delete(records::asked_link(&link.browser));
        }
        Ok((known, token))
    }
}

const WRONG: Error = Error::Account(AccountFault::WrongToken);

/// Ends the token of a use, if there is one.
pub(super) fn void<S: Store>(
    transaction: &mut EntityTransaction<'_, S>,
    account: &mut Account,
    of: TokenUse,
) {
    if let Some(digest) = account.tokens.remove(&of) {
        transaction.delete(records::mail_token(&digest));
    }
}

/// Ends all tokens: what they were made for has changed.
pub(super) fn void_all<S: Store>(transaction: &mut EntityTransaction<'_, S>, account: &mut Account) {
    TokenUse::ALL.into_iter().for_each(|of| void(transaction, account, of));
    account.state += 1;
}
