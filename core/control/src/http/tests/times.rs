//! What is answered follows the clock to the second.

use serde_json::json;

use super::*;
use latchkey_tests::fixtures::shown_key;

#[tokio::test]
async fn entities_have_the_times_of_the_clock() {
    let control = new_control().await;
    let made = call(&control, "POST", "/services", "{\"name\":\"s\",\"host\":\"a\"}").await;
    let (created, updated) = (START_MS / 1000, START_MS / 1000 + 5);
    expect(made, 201, json!({"created_at": created, "updated_at": created}));
    control.registry().clock().advance(5000);
    let changed = call(&control, "PATCH", "/services/s", "{\"retries\":1}").await;
    expect(changed, 200, json!({"created_at": created, "updated_at": updated}));
}

#[tokio::test]
async fn ttl_ends_a_key_in_its_second() {
    let control = new_control().await;
    call(&control, "POST", "/consumers", "{\"username\":\"bob\"}").await;
    let made = call(&control, "POST", "/consumers/bob/key-auth", "{\"ttl\":2,\"key\":\"k\"}").await;
    let made = expect(made, 201, json!({"ttl": 2}));
    let path = format!("/consumers/bob/key-auth/{}", text(&made, "id"));
    control.registry().clock().advance(1000);
    expect(call(&control, "GET", &path, "").await, 200, json!({"ttl": 1, "key": shown_key("k")}));
    control.registry().clock().advance(999);
    expect(call(&control, "GET", &path, "").await, 200, json!({"ttl": 1}));
    control.registry().clock().advance(1);
    for path in [&path, "/key-auths/k"] {
        expect(call(&control, "GET", path, "").await, 404, json!({"message": "Not found"}));
    }
}
