//! Cases of Kong's own suite for the Admin API.

use serde_json::json;

use super::*;

async fn with_bob() -> (TestAdmin, Value) {
    let admin = new_admin().await;
    let bob = expect(call(&admin, "POST", "/consumers", "{\"username\":\"bob\"}").await, 201, json!({}));
    (admin, bob)
}

#[tokio::test]
async fn bad_key_name_is_refused() {
    let (admin, _) = with_bob().await;
    let route = call(&admin, "POST", "/routes", "{\"name\":\"r1\",\"hosts\":[\"a.test\"]}").await;
    let route = expect(route, 201, json!({"name": "r1"}));
    let body = |name: &str| {
        json!({"name": "key-auth", "route": {"id": route["id"]}, "config": {"key_names": [name]}}).to_string()
    };
    let sentence = "bad header name 'hello\\world', allowed characters are A-Z, a-z, 0-9, '_', and '-'";
    expect(
        call(&admin, "POST", "/plugins", &body("hello\\world")).await,
        400,
        json!({"fields": {"config": {"key_names": [sentence]}}}),
    );
    expect(
        call(&admin, "POST", "/plugins", &body("hello-world")).await,
        201,
        json!({"config": {"key_names": ["hello-world"]}}),
    );
}

#[tokio::test]
async fn keys_are_made_and_listed() {
    let (admin, bob) = with_bob().await;
    let path = "/consumers/bob/key-auth";
    let given = call(&admin, "POST", path, "{\"key\":\"1234\",\"tags\":[\"tag1\",\"tag2\"]}").await;
    expect(given, 201, json!({"key": "1234", "consumer": {"id": bob["id"]}, "tags": ["tag1", "tag2"]}));
    let first = expect(call(&admin, "POST", path, "{}").await, 201, json!({"ttl": null}));
    let second = expect(call(&admin, "POST", path, "").await, 201, json!({}));
    assert_ne!(text(&first, "key"), text(&second, "key"));
    assert!(text(&first, "key").starts_with("lk_"));

    let list = expect(call(&admin, "GET", path, "").await, 200, json!({"next": null}));
    assert_eq!(list["data"].as_array().unwrap().len(), 3);
    assert!(list.get("offset").is_none());
    expect(call(&admin, "GET", "/key-auths/", "").await, 200, json!({"data": [{}, {}, {}]}));
    let page = expect(call(&admin, "GET", "/key-auths?size=2", "").await, 200, json!({"data": [{}, {}]}));
    let next = text(&page, "next");
    let rest = expect(call(&admin, "GET", &next, "").await, 200, json!({"data": [{}], "next": null}));
    assert!(rest.get("offset").is_none());
    assert!(!page["data"].as_array().unwrap().contains(&rest["data"][0]));
}

#[tokio::test]
async fn ttl_ends_a_key() {
    let (admin, _) = with_bob().await;
    let made = call(&admin, "POST", "/consumers/bob/key-auth", "{\"ttl\":2,\"key\":\"k\"}").await;
    let made = expect(made, 201, json!({"ttl": 2}));
    let path = format!("/consumers/bob/key-auth/{}", text(&made, "id"));
    admin.registry().clock().advance(1000);
    expect(call(&admin, "GET", &path, "").await, 200, json!({"ttl": 1, "key": null}));
    admin.registry().clock().advance(1000);
    for path in [&path, "/key-auths/k"] {
        expect(call(&admin, "GET", path, "").await, 404, json!({"message": "Not found"}));
    }
    expect(call(&admin, "GET", "/key-auths", "").await, 200, json!({"data": []}));
    expect(call(&admin, "DELETE", &path, "").await, 404, json!({}));
    // The key may be given again.
    expect(
        call(&admin, "POST", "/consumers/bob/key-auth", "{\"key\":\"k\"}").await,
        201,
        json!({"ttl": null}),
    );
    expect(call(&admin, "GET", "/key-auths/k", "").await, 200, json!({"ttl": null}));
    expect(call(&admin, "GET", &path, "").await, 404, json!({}));
}

#[tokio::test]
async fn keys_need_a_consumer() {
    let (admin, bob) = with_bob().await;
    let without = call(&admin, "POST", "/key-auths", "{\"key\":\"1234\"}").await;
    expect(without, 400, json!({"message": "schema violation (consumer: required field missing)"}));
    let body = json!({"key": "1234", "consumer": {"id": bob["id"]}}).to_string();
    expect(call(&admin, "POST", "/key-auths", &body).await, 201, json!({"key": "1234"}));
    let body = json!({"consumer": {"id": Uuid::nil()}}).to_string();
    let message = "the foreign key '{id=\"00000000-0000-0000-0000-000000000000\"}' does not reference an existing \
                   'consumers' entity.";
    expect(call(&admin, "POST", "/key-auths", &body).await, 400, json!({"code": 4, "message": message}));
}
