//! OAuth2 clients of consumers and applications: what the data plane is told, and tokens that are taken back.

use super::publication::feed;
use super::*;
use crate::registry::testing::audit;
use crate::registry::{Error, KeyFault, Revoked};
use latchkey_published::grant::OAuth2Client;
use latchkey_published::keys::PlainKey;
use latchkey_published::limits::DENIED_TOKENS_MAX;
use latchkey_published::snapshot::{Piece, PieceId};
use latchkey_published::token::{AccessToken, TokenId, TokenKeys};

const CLIENTS: EntityKind = EntityKind::Oauth2Credentials;
const SECRET: &str = "a-secret-of-32-characters-at-least";

async fn with_client(registry: &TestRegistry<'_>, more: Value) -> Object {
    make(registry, EntityKind::Consumers, json!({"username": "bob"})).await;
    let mut client = json!({"name": "shop", "client_id": "shop-id", "client_secret": SECRET});
    client.as_object_mut().unwrap().extend(object(more));
    registry.create(CLIENTS, &[step(EntityKind::Consumers, "bob")], &object(client)).await.unwrap()
}

async fn client(store: &TestStore, client_id: &str) -> (bool, OAuth2Client) {
    let grant = grant(store, client_id).await.unwrap();
    (grant.enabled, grant.oauth2.unwrap())
}

#[tokio::test]
async fn a_client_id_of_a_consumer_is_no_key_unless_it_is_asked_for() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let made = with_client(&registry, json!({})).await;
    let (enabled, told) = client(&store, "shop-id").await;
    assert!(!enabled && told.token_enabled && !told.is_public);
    assert_eq!(told.secret.unwrap().digest, digest(SECRET));
    assert_eq!(made["key_use"], false);
    let of_key = |found: Vec<KeyFault>| found.contains(&KeyFault::NoKey);
    let found = registry.find_key(&object(json!({"key": "shop-id"}))).await.unwrap();
    assert!(of_key(found.faults));

    patch(&registry, CLIENTS, "shop-id", json!({"key_use": true})).await;
    let (enabled, told) = client(&store, "shop-id").await;
    assert!(enabled && !told.token_enabled);
    let found = registry.find_key(&object(json!({"key": "shop-id"}))).await.unwrap();
    assert!(!of_key(found.faults));
    patch(&registry, EntityKind::Consumers, "bob", json!({"enabled": false})).await;
    let suspended = grant(&store, "shop-id").await.unwrap();
    assert!(!suspended.enabled && suspended.token_client().is_none());
    patch(&registry, CLIENTS, "shop-id", json!({"key_use": false})).await;
    let suspended = grant(&store, "shop-id").await.unwrap();
    assert!(!suspended.enabled && suspended.token_client().is_none());
    patch(&registry, EntityKind::Consumers, "bob", json!({"enabled": true, "custom_id": "42"})).await;
    let again = grant(&store, "shop-id").await.unwrap();
    assert!(!again.enabled && again.token_client().is_some());
    assert_eq!(again.consumer.custom_id.as_deref(), Some("42"));
    patch(&registry, CLIENTS, "shop-id", json!({"enabled": false})).await;
    assert!(grant(&store, "shop-id").await.unwrap().token_client().is_none());
    audit(&store.records()).await;
    registry.delete(&[step(EntityKind::Consumers, "bob")]).await.unwrap();
    assert_eq!(grant(&store, "shop-id").await, None);
    audit(&store.records()).await;
}

#[tokio::test]
async fn a_public_client_has_no_secret_that_is_told() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_client(&registry, json!({"client_type": "public"})).await;
    let (_, told) = client(&store, "shop-id").await;
    assert!(told.is_public && told.secret.is_none());
    patch(&registry, CLIENTS, "shop-id", json!({"client_type": "confidential"})).await;
    assert_eq!(client(&store, "shop-id").await.1.secret.unwrap().digest, digest(SECRET));
}

#[tokio::test]
async fn each_client_id_of_a_rotation_has_its_own_secret() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_client(&registry, json!({})).await;
    let rotation = object(json!({"grace_seconds": 60}));
    let rotated = registry.rotate(&[step(CLIENTS, "shop-id")], &rotation).await.unwrap();
    let text = |name: &str| rotated[name].as_str().unwrap().to_owned();
    let secret_of = async |client_id: &str| client(&store, client_id).await.1.secret.unwrap().digest;
    assert_eq!(secret_of("shop-id").await, digest(SECRET));
    assert_eq!(secret_of(&text("client_id")).await, digest(&text("client_secret")));
    assert_eq!(grant(&store, "shop-id").await.unwrap().expires_at_ms, Some(START_MS + 60_000));
    audit(&store.records()).await;
}

#[tokio::test]
async fn applications_tell_their_secret_and_may_give_up_the_key() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[2]).await;
    let (enabled, told) = client(&store, "key-0-1").await;
    assert!(enabled && told.secret.is_some() && !told.token_enabled);
    let credential = patch(&registry, CLIENTS, "key-0-1", json!({"key_use": false})).await;
    assert_eq!(credential["key_use"], false);
    let told = grant(&store, "key-0-1").await.unwrap();
    assert!(!told.enabled && told.token_client().is_some() && told.application_id.is_some());
    patch(&registry, EntityKind::Developers, "a@b", json!({"status": 3})).await;
    assert!(grant(&store, "key-0-1").await.unwrap().token_client().is_none());
    audit(&store.records()).await;
}

/// A store of a program from before the data plane was told of secrets.
#[tokio::test]
async fn secrets_from_before_are_told_of() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[3, 1, 2]).await;
    let mut records = store.records();
    records.retain(|key, _| key.sort != "secrets_published");
    for (key, value) in records.iter_mut().filter(|(key, _)| key.partition.starts_with("grant/")) {
        let mut grant = Grant::decode(value).unwrap();
        assert!(grant.oauth2.take().is_some(), "{key:?}");
        *value = grant.encode();
    }
    let before = TestStore { inner: testing::copied(&records).await, ..TestStore::default() };
    let registry = open(&before, 2).await;
    assert_eq!(registry.resume_jobs().await.unwrap(), Vec::<String>::new());
    audit(&before.records()).await;
    assert!(before.grants().await.values().all(|grant| grant.oauth2.is_some()));
    // Once is enough.
    let (commits, registry) = (before.commits.load(Ordering::Relaxed), open(&before, 3).await);
    registry.resume_jobs().await.unwrap();
    assert_eq!(before.commits.load(Ordering::Relaxed), commits);
}

#[expect(clippy::disallowed_methods, reason = "a token to be taken back")]
fn token(client: &Object, number: u128, ends_at_s: Option<u64>) -> (String, TokenId) {
    let keys = TokenKeys::new(&peppers());
    let id = keys.id_from(number);
    let token = AccessToken {
        grant: digest("shop-id"),
        service_id: None,
        credential_id: uuid(client),
        issued_at_s: START_MS / 1000,
        ends_at_s,
        id,
        scope: "",
        user: "",
    };
    let text: PlainKey = keys.issue(&token).unwrap();
    (text.reveal().to_owned(), id)
}

async fn denied(store: &TestStore, id: TokenId) -> Vec<(TokenId, u64)> {
    let reply = feed(store, None).await;
    let mut pieces = reply.pieces.iter().filter(|(piece, _)| *piece == PieceId::of_denied(id));
    pieces.next().map_or(Vec::new(), |(_, packed)| {
        let piece = Piece::decode(packed).unwrap();
        piece.denied_tokens.iter().map(|(id, end)| (*id, *end)).collect()
    })
}

#[tokio::test]
async fn a_token_is_denied_until_its_end() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let client = with_client(&registry, json!({})).await;
    let end = START_MS / 1000 + 60;
    let (text, one) = token(&client, 1, Some(end));
    assert_eq!(registry.revoke_token(&text, Some(uuid(&client))).await, Ok(Revoked::Token));
    assert_eq!(denied(&store, one).await, [(one, end)]);
    let commits = store.commits.load(Ordering::Relaxed);
    assert_eq!(registry.revoke_token(&text, None).await, Ok(Revoked::Token));
    for other in ["", "lkt_", "x", &text[..text.len() - 1]] {
        assert_eq!(registry.revoke_token(other, None).await, Ok(Revoked::Nothing), "{other}");
    }
    assert_eq!(registry.revoke_token(&text, Some(Uuid::nil())).await, Ok(Revoked::NotTheirs));
    let (ended, _) = token(&client, 2, Some(START_MS / 1000));
    assert_eq!(registry.revoke_token(&ended, None).await, Ok(Revoked::Nothing));
    assert_eq!(store.commits.load(Ordering::Relaxed), commits, "nothing was written");

    registry.drop_ended_denials().await.unwrap();
    assert_eq!(denied(&store, one).await, [(one, end)]);
    // A gateway's clock may be behind.
    registry.clock().advance(64_999);
    registry.drop_ended_denials().await.unwrap();
    assert_eq!(denied(&store, one).await.len(), 1);
    registry.clock().advance(1);
    registry.drop_ended_denials().await.unwrap();
    assert_eq!(denied(&store, one).await, []);
    assert!(!store.records().keys().any(|key| key.partition == "denied-tokens"));
}

#[tokio::test]
async fn a_token_without_an_end_takes_all_of_its_credential_along() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let made = with_client(&registry, json!({})).await;
    let (text, one) = token(&made, 1, None);
    assert_eq!(registry.revoke_token(&text, None).await, Ok(Revoked::AllOfItsCredential));
    assert_eq!(denied(&store, one).await, []);
    assert_eq!(client(&store, "shop-id").await.1.tokens_not_before_ms, Some(START_MS + 5_000));
    let shown = registry.read(&[step(CLIENTS, "shop-id")]).await.unwrap();
    assert_eq!(shown["tokens_not_before"], START_MS / 1000);
    assert_eq!(registry.revoke_token(&text, None).await, Ok(Revoked::Nothing));
    audit(&store.records()).await;
}

/// The first of a piece that is full makes room, and all tokens of its credential go.
#[tokio::test]
async fn a_full_list_takes_back_too_much_rather_than_too_little() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let first = with_client(&registry, json!({})).await;
    let scope = [step(EntityKind::Consumers, "bob")];
    let second = object(json!({"name": "two", "client_id": "two-id"}));
    let second = registry.create(CLIENTS, &scope, &second).await.unwrap();
    let end = Some(START_MS / 1000 + 60);
    let piece = PieceId::of_denied(token(&first, 0, end).1);
    let mut fill = (0..).map(|number| token(if number == 0 { &first } else { &second }, number, end));
    let mut of_piece = fill.by_ref().filter(|(_, id)| PieceId::of_denied(*id) == piece);
    for number in 0..DENIED_TOKENS_MAX / PieceId::DENIED {
        let (text, _) = of_piece.next().unwrap();
        assert_eq!(registry.revoke_token(&text, None).await, Ok(Revoked::Token), "{number}");
        registry.clock().advance(1);
    }
    let (text, id) = of_piece.next().unwrap();
    assert_eq!(registry.revoke_token(&text, None).await, Ok(Revoked::AllOfAnother));
    let list = denied(&store, id).await;
    assert_eq!(list.len(), DENIED_TOKENS_MAX / PieceId::DENIED);
    assert!(list.iter().any(|(denied, _)| *denied == id));
    assert!(client(&store, "shop-id").await.1.tokens_not_before_ms.is_some());
    assert_eq!(client(&store, "two-id").await.1.tokens_not_before_ms, None);
    audit(&store.records()).await;
}

/// decK makes a new id for each client whose id is in clear, and deletes the old one.
#[tokio::test]
async fn a_client_takes_the_id_that_a_put_gives_it() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let made = with_client(&registry, json!({})).await;
    let new = Uuid::from_u128(7).to_string();
    let path = [step(EntityKind::Consumers, "bob"), step(CLIENTS, &new)];
    let input = object(json!({"name": "shop", "client_id": "shop-id"}));
    let put = registry.replace(&path, &input).await.unwrap();
    assert_eq!((&put["id"], &put["client_id"]), (&json!(new), &json!("shop-id")));
    assert_eq!(client(&store, "shop-id").await.1.secret.unwrap().digest, digest(SECRET), "it is kept");
    let old = id(&made);
    registry.delete(&[step(EntityKind::Consumers, "bob"), step(CLIENTS, &old)]).await.unwrap();
    assert!(grant(&store, "shop-id").await.is_some());
    let unknown = Uuid::from_u128(8).to_string();
    let gone = registry.delete(&[step(EntityKind::Consumers, "bob"), step(CLIENTS, &unknown)]).await;
    assert_eq!(gone, Err(Error::NotFound));
    audit(&store.records()).await;
}
