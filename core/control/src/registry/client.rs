//! What a stored credential is as an OAuth2 client.

use serde_json::{Value, json};

use super::entity_transaction::{id_of, reference};
use super::error::Error;
use super::stored_credential::{FORMER_ID, HeldSecret};
use crate::schema::{EntityKind, Object, Violation};
use latchkey_published::grant::OAuth2Client;

/// What the clocks of gateways may differ by: tokens are refused that were issued before the time that is
/// asked for, by whichever clock.
pub(super) const CLOCK_SKEW_MS: u64 = 5_000;
pub(super) const KEY_USE: &str = "key_use";
pub(super) const TOKENS_NOT_BEFORE: &str = "tokens_not_before";

/// Whether a credential of the kind that both have is an application's.
pub(super) fn is_of_application(credential: &Object) -> bool {
    reference(credential, "application").is_some()
}

/// Whether the client id of a credential is a key too; those of before know no other.
pub(super) fn is_key(credential: &Object) -> bool {
    let said = credential.get(KEY_USE).and_then(Value::as_bool);
    said.unwrap_or_else(|| is_of_application(credential))
}

/// What the data plane is told of a client. `secret`: that of the client id concerned.
pub(super) fn published_client(credential: &Object, secret: Option<&HeldSecret>) -> OAuth2Client {
    let kind = EntityKind::Oauth2Credentials;
    let is_public = kind.value_of(credential, "client_type") == "public";
    let not_before = credential.get(TOKENS_NOT_BEFORE).and_then(Value::as_u64);
    OAuth2Client {
        secret: secret.filter(|_| !is_public).map(HeldSecret::published),
        is_public,
        token_enabled: !is_key(credential),
        tokens_not_before_ms: not_before.map(|seconds| seconds * 1000 + CLOCK_SKEW_MS),
    }
}

/// Kong asks for both or neither of what belongs together, where an entity is changed.
pub(super) fn check_changes(old: &Object, input: &Object) -> Result<(), Error> {
    let is_given = |field| input.get(field).is_some_and(|value| !value.is_null());
    match is_of_application(old) || is_given("hash_secret") == is_given("client_secret") {
        true => Ok(()),
        false => Err(Error::Schema(Violation::of_entity(
            "all or none of these fields must be set: 'hash_secret', 'client_secret'",
        ))),
    }
}

/// Keeps by which id a client was known that takes another.
pub(super) fn keep_former_id(kind: EntityKind, old: &Object, entity: &mut Object) -> Result<(), Error> {
    if kind == EntityKind::Oauth2Credentials {
        entity.insert(FORMER_ID.to_owned(), json!(id_of(old)?));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first program with clients of consumers stored them (`core/published/golden`).
    #[test]
    fn clients_read_as_they_were_stored() {
        let golden = include_str!("../../../published/golden/1/entity-oauth2_credentials-consumer.jsonl");
        let read = |line| serde_json::from_str(line).unwrap();
        let clients: Vec<Object> = golden.lines().map(read).collect();
        for client in &clients {
            let kind = EntityKind::Oauth2Credentials;
            kind.validate(crate::schema::Mode::Changes(client), &Object::new()).unwrap();
            assert!(!is_of_application(client));
        }
        let told = |client: &Object| published_client(client, HeldSecret::of(client).as_ref());
        let [shop, bare] = [told(&clients[0]), told(&clients[1])];
        assert!(shop.secret.is_some() && shop.token_enabled && !shop.is_public);
        assert_eq!(shop.tokens_not_before_ms, Some(1_700_000_105_000));
        assert!(bare.secret.is_none() && !bare.token_enabled && bare.is_public);
        assert_eq!(clients[0].get(FORMER_ID), Some(&json!("00000000-0000-0000-0000-000000000020")));
    }
}
