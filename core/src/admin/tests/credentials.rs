//! Keys of consumers.

use serde_json::json;

use super::*;
use crate::keys::generate_key;

async fn with_consumers() -> TestAdmin {
    let admin = new_admin().await;
    for name in ["bob", "eve"] {
        call(&admin, "POST", "/consumers", &json!({"username": name}).to_string()).await;
    }
    admin
}

#[tokio::test]
async fn keys_are_shown_once_and_found_by_themselves() {
    let admin = with_consumers().await;
    let made = call(&admin, "POST", "/consumers/bob/key-auth", "{}").await.1;
    let key = text(&made, "key");
    for path in [format!("/key-auths/{key}"), format!("/consumers/bob/key-auth/{key}")] {
        let found = expect(call(&admin, "GET", &path, "").await, 200, json!({"id": made["id"], "key": null}));
        assert_eq!(text(&found, "key_start"), key[..7]);
    }
    expect(call(&admin, "GET", &format!("/consumers/eve/key-auth/{key}"), "").await, 404, json!({}));
    expect(
        call(&admin, "GET", &format!("/key-auths/{key}/consumer"), "").await,
        200,
        json!({"username": "bob"}),
    );
    expect(call(&admin, "DELETE", &format!("/consumers/eve/key-auth/{key}"), "").await, 404, json!({}));
    let id = text(&made, "id");
    expect(call(&admin, "DELETE", &format!("/consumers/eve/key-auth/{id}"), "").await, 404, json!({}));
    expect(call(&admin, "DELETE", &format!("/consumers/bob/key-auth/{key}"), "").await, 204, Value::Null);
    expect(call(&admin, "GET", &format!("/key-auths/{id}"), "").await, 404, json!({}));
    expect(call(&admin, "DELETE", &format!("/key-auths/{id}"), "").await, 204, Value::Null);
    expect(call(&admin, "DELETE", &format!("/consumers/bob/key-auth/{id}"), "").await, 404, json!({}));
}

#[tokio::test]
async fn used_key_is_not_echoed() {
    let admin = with_consumers().await;
    call(&admin, "POST", "/consumers/bob/key-auth", "{\"key\":\"canary-key\"}").await;
    let taken = call(&admin, "POST", "/consumers/eve/key-auth", "{\"key\":\"canary-key\"}").await;
    assert!(!taken.1.to_string().contains("canary"), "{}", taken.1);
    expect(
        taken,
        409,
        json!({"code": 5, "message": "UNIQUE violation detected on '{key=\"<hidden>\"}'", "fields": {"key": "<hidden>"}}),
    );
    let missing = call(&admin, "PATCH", "/key-auths/canary-other", "{}").await;
    assert!(!missing.1.to_string().contains("canary"), "{}", missing.1);
    expect(missing, 404, json!({"code": 6}));
}

#[tokio::test]
async fn given_keys_are_checked() {
    let admin = with_consumers().await;
    for (key, sentence) in [
        (json!(""), "length must be at least 1"),
        (json!(123), "expected a string"),
        (json!("x".repeat(513)), "length must be at most 512"),
    ] {
        let body = json!({"key": key}).to_string();
        let refused = call(&admin, "POST", "/consumers/bob/key-auth", &body).await;
        expect(refused, 400, json!({"code": 2, "fields": {"key": sentence}}));
    }
    let forged = call(&admin, "POST", "/consumers/bob/key-auth", "{\"key\":\"lk_forged\"}").await;
    assert!(text(&expect(forged, 400, json!({}))["fields"], "key").contains("lk_"));
    let genuine = generate_key(&Pepper::new(b"before"), &SeededRandom::new(99));
    let body = json!({"key": genuine.reveal()}).to_string();
    expect(call(&admin, "POST", "/consumers/bob/key-auth", &body).await, 201, json!({}));
    let made = call(&admin, "POST", "/consumers/bob/key-auth", "").await.1;
    let path = format!("/key-auths/{}", text(&made, "id"));
    expect(
        call(&admin, "PATCH", &path, "{\"key\":123}").await,
        400,
        json!({"fields": {"key": "expected a string"}}),
    );
}

#[tokio::test]
async fn put_never_changes_a_key_silently() {
    let admin = with_consumers().await;
    let id = Uuid::from_u128(77).to_string();
    let path = format!("/consumers/bob/key-auth/{id}");
    let made = expect(call(&admin, "PUT", &path, "{}").await, 200, json!({"id": id}));
    let key = text(&made, "key");
    let again = call(&admin, "PUT", &path, "{\"tags\":[\"t\"]}").await;
    expect(again, 200, json!({"id": id, "key": null, "tags": ["t"], "key_start": &key[..7]}));
    expect(call(&admin, "GET", &format!("/key-auths/{key}"), "").await, 200, json!({"id": id}));
    // By key: the path gives it.
    let by_key =
        expect(call(&admin, "PUT", "/consumers/bob/key-auth/abcd", "{}").await, 200, json!({"key": "abcd"}));
    expect(
        call(&admin, "PUT", "/consumers/bob/key-auth/abcd", "{\"tags\":[\"u\"]}").await,
        200,
        json!({"id": by_key["id"], "tags": ["u"]}),
    );
    // As decK does: another id, the same key.
    let other = format!("/consumers/bob/key-auth/{}", Uuid::from_u128(78));
    expect(
        call(&admin, "PUT", &other, "{\"key\":\"abcd\"}").await,
        200,
        json!({"id": by_key["id"], "key": null}),
    );
    // But never another consumer's.
    let eve = format!("/consumers/eve/key-auth/{}", Uuid::from_u128(79));
    expect(call(&admin, "PUT", &eve, "{\"key\":\"abcd\"}").await, 409, json!({"code": 5}));
    expect(call(&admin, "PUT", &format!("/consumers/eve/key-auth/{id}"), "{}").await, 404, json!({}));
    expect(call(&admin, "PUT", "/consumers/eve/key-auth/abcd", "{}").await, 404, json!({}));
    expect(call(&admin, "GET", "/consumers/bob/key-auth", "").await, 200, json!({"data": [{}, {}]}));
}

#[tokio::test]
async fn patched_key_and_ttl() {
    let admin = with_consumers().await;
    let made = call(&admin, "POST", "/consumers/bob/key-auth", "{\"key\":\"one\",\"ttl\":100}").await.1;
    let path = format!("/key-auths/{}", text(&made, "id"));
    expect(call(&admin, "PATCH", &path, "{\"key\":\"two\"}").await, 200, json!({"key": null, "ttl": 100}));
    expect(call(&admin, "GET", "/key-auths/one", "").await, 404, json!({}));
    expect(call(&admin, "GET", "/key-auths/two", "").await, 200, json!({"ttl": 100}));
    expect(call(&admin, "POST", "/consumers/eve/key-auth", "{\"key\":\"one\"}").await, 201, json!({}));
    expect(call(&admin, "PATCH", &path, "{\"ttl\":0}").await, 200, json!({"ttl": null}));
    expect(call(&admin, "PATCH", &path, "{\"ttl\":7}").await, 200, json!({"ttl": 7}));
    expect(call(&admin, "PATCH", &path, "{\"ttl\":null}").await, 200, json!({"ttl": null}));
}
