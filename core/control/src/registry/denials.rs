//! Access tokens that are taken back before their end.
//!
//! No token is stored, so one that is taken back is: its id is on a list until its end, which is published in
//! pieces. A token without an end cannot be on a list that ends, and a piece has room for so many: then all
//! tokens of a credential are taken back, by the time before which they were issued. That is too much rather
//! than too little.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::attempts::transact;
use super::client::{CLOCK_SKEW_MS, TOKENS_NOT_BEFORE, published_client};
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::records;
use crate::audit::{Did, Line};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits::DENIED_TOKENS_MAX;
use latchkey_published::snapshot::PieceId;
use latchkey_published::token::{AccessToken, TokenBuffer, TokenId, TokenKeys};
use latchkey_store::Store;
use latchkey_store::feed::decode;

/// What the audit calls a token that was taken back, by the id of its credential.
pub(crate) const TOKENS: &str = "oauth2_tokens";

/// What came of taking a token back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// It was none, or good no more.
    Nothing,
    /// It alone.
    Token,
    /// It, and all tokens that its credential was issued before.
    AllOfItsCredential,
    /// It, and, to make room, all that the credential of another was issued before.
    AllOfAnother,
    /// Nothing: it is another client's than the one that asks.
    NotTheirs,
}

/// A token on the list, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Denied {
    id: String,
    /// Its credential.
    credential: Uuid,
    /// When it was taken back, in milliseconds since the Unix epoch.
    at_ms: u64,
    /// Its end, in seconds since the Unix epoch.
    ends_at_s: u64,
}

impl Denied {
    /// Whether no gateway takes the token any more, whatever its clock.
    fn is_over(&self, now_ms: u64) -> bool {
        self.ends_at_s.saturating_mul(1_000) + CLOCK_SKEW_MS <= now_ms
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Takes an access token back. `client`: the credential of the client that asks; `None`: an administrator
    /// does.
    pub async fn revoke_token(&self, text: &str, client: Option<Uuid>) -> Result<Revoked, Error> {
        let (keys, mut buffer) = (TokenKeys::new(&self.peppers), TokenBuffer::default());
        let Some(token) = keys.open(text.as_bytes(), &mut buffer) else { return Ok(Revoked::Nothing) };
        if client.is_some_and(|client| client != token.credential_id) {
            return Ok(Revoked::NotTheirs);
        }
        Ok(transact!(self, attempts, |transaction| self.revoke_token_in(&mut transaction, &token)))
    }

    async fn revoke_token_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        token: &AccessToken<'_>,
    ) -> Result<Revoked, Error> {
        let kind = EntityKind::Oauth2Credentials;
        let Some(credential) = transaction.load(kind, token.credential_id).await? else {
            return Ok(Revoked::Nothing);
        };
        let is_taken_back = token.is_taken_back(&published_client(&credential, None));
        // A repeated attempt may have done it: what it has come to is answered again.
        if token.has_ended(transaction.now_ms) || is_taken_back && !transaction.may_be_applied() {
            return Ok(Revoked::Nothing);
        }
        match token.ends_at_s {
            Some(ends_at_s) => self.deny(transaction, token, ends_at_s).await,
            None => {
                self.take_back_all(transaction, &credential).await?;
                Ok(Revoked::AllOfItsCredential)
            }
        }
    }

    async fn deny(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        token: &AccessToken<'_>,
        ends_at_s: u64,
    ) -> Result<Revoked, Error> {
        let (piece, id) = (PieceId::of_denied(token.id), token.id.to_text());
        let mut denied = self.denied_in(transaction, piece).await?;
        if denied.iter().any(|one| one.id == id) {
            return Ok(Revoked::Token);
        }
        let now_ms = transaction.now_ms;
        denied.retain(|one| !one.is_over(now_ms));
        let mut revoked = Revoked::Token;
        while denied.len() >= PIECE_MAX {
            let oldest = denied.iter().enumerate().min_by_key(|(_, one)| one.at_ms).map(|(at, _)| at);
            let oldest = denied.swap_remove(oldest.unwrap_or_default());
            let kind = EntityKind::Oauth2Credentials;
            if let Some(credential) = transaction.load(kind, oldest.credential).await? {
                self.take_back_all(transaction, &credential).await?;
                revoked = Revoked::AllOfAnother;
            }
        }
        denied.push(Denied { id, credential: token.credential_id, at_ms: now_ms, ends_at_s });
        publish_denied(transaction, piece, &denied);
        transaction.note(Line::new(TOKENS, Some(token.credential_id), Did::Deleted));
        Ok(revoked)
    }

    /// Takes all tokens back that a credential was issued until now.
    async fn take_back_all(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        credential: &Object,
    ) -> Result<(), Error> {
        let kind = EntityKind::Oauth2Credentials;
        let now_s = transaction.now_ms / 1_000;
        let before = credential.get(TOKENS_NOT_BEFORE).and_then(Value::as_u64);
        let mut changed = credential.clone();
        changed.insert(TOKENS_NOT_BEFORE.to_owned(), before.map_or(now_s, |before| before.max(now_s)).into());
        transaction.save(kind, Some(credential), &changed).await?;
        self.publish_credential_of(transaction, kind, &changed).await
    }

    async fn denied_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        piece: PieceId,
    ) -> Result<Vec<Denied>, Error> {
        Ok(transaction.read_json(&records::denied(piece)).await?.unwrap_or_default())
    }

    /// Removes from the list what has ended, where that is half of a piece of it: to be called every now and
    /// then.
    pub(crate) async fn drop_ended_denials(&self) -> Result<(), Error> {
        let page = self.store.scan(records::DENIED, "", None, usize::from(u8::MAX)).await?;
        for (sort, record) in page.records {
            let denied: Vec<Denied> = decode(&record.value)?;
            let now_ms = self.clock.unix_ms();
            let ended = denied.iter().filter(|one| one.is_over(now_ms)).count();
            let Some(piece) = PieceId::parse(&sort).filter(|_| ended > 0 && ended * 2 >= denied.len()) else {
                continue;
            };
            transact!(self, attempts, |transaction| self.drop_ended_in(&mut transaction, piece));
        }
        Ok(())
    }

    async fn drop_ended_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        piece: PieceId,
    ) -> Result<(), Error> {
        let mut denied = self.denied_in(transaction, piece).await?;
        let now_ms = transaction.now_ms;
        denied.retain(|one| !one.is_over(now_ms));
        publish_denied(transaction, piece, &denied);
        Ok(())
    }
}

/// Room of a piece: ids fall into pieces by chance, and so all of them take as many as there may be.
const PIECE_MAX: usize = DENIED_TOKENS_MAX / PieceId::DENIED;

fn publish_denied<S: Store>(transaction: &mut EntityTransaction<'_, S>, piece: PieceId, denied: &[Denied]) {
    let key = records::denied(piece);
    match denied {
        [] => transaction.delete(key),
        denied => transaction.put_json(key, &denied),
    }
    let ends = denied.iter().filter_map(|one| Some((TokenId::parse(&one.id)?, one.ends_at_s)));
    transaction.publish_denied(piece, ends.collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first program with a list stored it (`core/published/golden`).
    #[test]
    fn a_list_reads_as_it_was_stored() {
        let golden = include_str!("../../../published/golden/1/denied-tokens.json");
        let denied: Vec<Denied> = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_string(&denied).unwrap(), golden);
        assert_eq!(TokenId::parse(&denied[0].id), Some(TokenId::from_bytes([1; 12])));
        assert!(!denied[0].is_over(1_700_000_064_999) && denied[0].is_over(1_700_000_065_000));
    }
}
