//! Named admin tokens: made, listed, changed, revoked; and found when a request shows one.

use serde_json::json;
use uuid::Uuid;

use super::Registry;
use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::pages::{RecordPage, offset_after};
use super::records;
use crate::audit::{Did, Line};
use crate::named_token::NamedToken;
use crate::ports::{Clock, Random};
use crate::schema::{Mode, NAMED_TOKEN, Object, parse_uuid, validate_record};
use latchkey_published::keys::{KeyDigest, Pepper, Peppers, PlainKey};
use latchkey_store::Store;
use latchkey_store::feed::decode;

/// What the audit calls them.
pub(crate) const NAMED_TOKENS: &str = "named_tokens";

/// A page of named tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenList {
    /// The tokens.
    pub data: Vec<NamedToken>,
    /// What to ask the next page with; `None` on the last.
    pub offset: Option<String>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Makes a token. `ends_by`: when the token ends by which this is asked, and so this one at the
    /// latest, in seconds since the Unix epoch. The token itself is answered this once.
    pub async fn make_named_token(
        &self,
        input: &Object,
        ends_by: Option<u64>,
    ) -> Result<(NamedToken, PlainKey), Error> {
        self.make_named_token_once(input, ends_by, None).await
    }

    /// The same, by an id that was drawn for it, and refused by [`Error::IdInUse`] where a token has that: what
    /// is sent twice makes one.
    pub(crate) async fn make_named_token_once(
        &self,
        input: &Object,
        ends_by: Option<u64>,
        id: Option<Uuid>,
    ) -> Result<(NamedToken, PlainKey), Error> {
        let plain = self.token_tags.make(|bytes| self.random.fill(bytes));
        let id = id.unwrap_or_else(|| self.random.uuid());
        let made = transact!(self, attempts, |transaction| self.make_token_in(
            &mut transaction,
            input,
            ends_by,
            id,
            &plain
        ));
        Ok((made, plain))
    }

    /// The token of this id or name.
    pub async fn read_named_token(&self, key: &str) -> Result<NamedToken, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        find(&mut transaction, key).await?.ok_or(Error::NotFound)
    }

    /// A page of the tokens, in order of their ids; those that have ended too.
    pub async fn list_named_tokens(&self, page: &RecordPage) -> Result<TokenList, Error> {
        let after = page.after.as_deref();
        let found = self.store.scan(records::NAMED_TOKENS, "", after, page.size).await?;
        let last = found.records.last().filter(|_| found.more).map(|(sort, _)| offset_after(sort));
        let data = found.records.iter().map(|(_, record)| decode(&record.value)).collect::<Result<_, _>>()?;
        Ok(TokenList { data, offset: last })
    }

    /// Changes name and end of the token of this id or name; `ends_by` as for a new one.
    pub async fn change_named_token(
        &self,
        key: &str,
        input: &Object,
        ends_by: Option<u64>,
    ) -> Result<NamedToken, Error> {
        // The change itself may give it another name.
        let id = self.read_named_token(key).await?.id;
        let change = async |transaction: &mut EntityTransaction<'_, S>| {
            let old = load(transaction, id).await?.ok_or(Error::NotFound)?;
            let checked = checked(Mode::Changes(&shown(&old)), input, transaction.now_ms, ends_by)?;
            if checked.read_only != old.read_only {
                return Err(Error::field("read_only", "cannot be changed"));
            }
            let new = NamedToken { name: checked.name, expires_at: checked.expires_at, ..old.clone() };
            save(transaction, Some(&old), &new).await?;
            Ok(new)
        };
        Ok(transact!(self, attempts, |transaction| change(&mut transaction)))
    }

    /// Revokes the token of this id or name, if there is one: from this commit on it is refused.
    pub async fn revoke_named_token(&self, key: &str) -> Result<(), Error> {
        let revoke = async |transaction: &mut EntityTransaction<'_, S>| -> Result<(), Error> {
            let Some(token) = find(transaction, key).await? else { return Ok(()) };
            transaction.delete(records::named_token(token.id));
            transaction.delete(records::named_token_name(&token.name));
            transaction.delete(records::named_token_digest(&token.digest));
            transaction.note(Line::new(NAMED_TOKENS, Some(token.id), Did::Deleted));
            Ok(())
        };
        transact!(self, attempts, |transaction| revoke(&mut transaction));
        Ok(())
    }

    /// The token of this digest; `None`: it was revoked, or has ended.
    pub async fn named_token(&self, digest: &KeyDigest) -> Result<Option<NamedToken>, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let id = transaction.read_json(&records::named_token_digest(digest)).await?;
        let Some(id) = id else { return Ok(None) };
        let token = load(&mut transaction, id).await?;
        Ok(token.filter(|token| token.digest.matches(digest) && !token.is_expired(transaction.now_ms)))
    }

    async fn make_token_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        input: &Object,
        ends_by: Option<u64>,
        id: Uuid,
        plain: &PlainKey,
    ) -> Result<NamedToken, Error> {
        let Checked { name, read_only, expires_at } =
            checked(Mode::Whole, input, transaction.now_ms, ends_by)?;
        let pepper = &self.peppers.current;
        let token = NamedToken {
            id,
            name,
            read_only,
            start: plain.start(),
            created_at: transaction.now_ms / 1000,
            expires_at,
            digest: pepper.digest_key(plain),
            pepper_id: pepper.id(),
        };
        // Made by an attempt whose reply was lost: only the answer is left to give.
        match load(transaction, id).await? {
            Some(made) if made == token => return Ok(token),
            Some(_) => return Err(Error::IdInUse(id)),
            None => {}
        }
        transaction.put_json(records::named_token_digest(&token.digest), &id);
        save(transaction, None, &token).await?;
        Ok(token)
    }
}

/// A token as callers see it. One whose pepper is the one before must be made anew before that goes.
pub(crate) fn present_token(token: &NamedToken, peppers: &Peppers) -> Object {
    let is_of = |pepper: &Pepper| pepper.id() == token.pepper_id;
    let pepper = match (is_of(&peppers.current), peppers.previous.as_ref().is_some_and(is_of)) {
        (true, _) => "current",
        (false, true) => "previous",
        (false, false) => "withdrawn",
    };
    let mut shown = shown(token);
    shown.insert("pepper".to_owned(), pepper.into());
    shown
}

/// What there is to say of a token but for its secret.
fn shown(token: &NamedToken) -> Object {
    let NamedToken { id, name, read_only, start, created_at, expires_at, digest: _, pepper_id: _ } = token;
    [
        ("id", json!(id)),
        ("name", json!(name)),
        ("read_only", json!(read_only)),
        ("start", json!(start)),
        ("created_at", json!(created_at)),
        ("expires_at", json!(expires_at)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// What a caller may say of a token.
struct Checked {
    name: String,
    read_only: bool,
    expires_at: Option<u64>,
}

fn checked(mode: Mode<'_>, input: &Object, now_ms: u64, ends_by: Option<u64>) -> Result<Checked, Error> {
    let record = validate_record(NAMED_TOKEN, mode, input).map_err(Error::Schema)?;
    let number = |name: &str| record.get(name).and_then(serde_json::Value::as_u64);
    let is_given = |name: &str| input.get(name).is_some_and(|value| !value.is_null());
    if is_given("ttl") && is_given("expires_at") {
        return Err(Error::field("ttl", "cannot be given beside 'expires_at'"));
    }
    let now_s = now_ms / 1000;
    let expires_at = number("ttl").map(|ttl| now_s + ttl).or_else(|| number("expires_at"));
    // An end that stays as it is may have passed.
    if input.contains_key("ttl") || input.contains_key("expires_at") || matches!(mode, Mode::Whole) {
        if expires_at.is_some_and(|end| end <= now_s) {
            return Err(Error::field("expires_at", "must be in the future"));
        }
        if ends_by.is_some_and(|most| expires_at.is_none_or(|end| end > most)) {
            return Err(Error::field(
                "expires_at",
                "must not be after the end of the token that asks for it",
            ));
        }
    }
    let name = record.get("name").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let read_only = record.get("read_only").and_then(serde_json::Value::as_bool).unwrap_or_default();
    Ok(Checked { name, read_only, expires_at })
}

async fn load<S: Store>(
    transaction: &mut EntityTransaction<'_, S>,
    id: Uuid,
) -> Result<Option<NamedToken>, Error> {
    transaction.read_json(&records::named_token(id)).await
}

async fn find<S: Store>(
    transaction: &mut EntityTransaction<'_, S>,
    key: &str,
) -> Result<Option<NamedToken>, Error> {
    let id = match parse_uuid(key) {
        Some(id) => Some(id),
        None => transaction.read_json(&records::named_token_name(key)).await?,
    };
    match id {
        Some(id) => load(transaction, id).await,
        None => Ok(None),
    }
}

/// Writes a token and its name, which no other may have.
async fn save<S: Store>(
    transaction: &mut EntityTransaction<'_, S>,
    old: Option<&NamedToken>,
    new: &NamedToken,
) -> Result<(), Error> {
    if old.is_none_or(|old| old.name != new.name) {
        let key = records::named_token_name(&new.name);
        if transaction.read_json::<Uuid>(&key).await?.is_some_and(|holder| holder != new.id) {
            return Err(Error::NotUnique(Object::from_iter([("name".to_owned(), json!(new.name))])));
        }
        transaction.put_json(key, &new.id);
        if let Some(old) = old {
            transaction.delete(records::named_token_name(&old.name));
        }
    }
    transaction.put_json(records::named_token(new.id), new);
    transaction.note(Line::of_change(NAMED_TOKENS, new.id, old.map(shown).as_ref(), &shown(new)));
    Ok(())
}
