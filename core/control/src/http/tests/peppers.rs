//! Digests under the current and the previous pepper.

use serde_json::json;

use super::*;
use latchkey_published::keys::{KeyDigest, generate_key};

#[tokio::test]
async fn token_under_the_previous_pepper_still_works() {
    let mut control = new_control().await;
    control.set_token(Some(Pepper::new(b"before").digest(TOKEN.as_bytes())));
    expect(call(&control, "GET", "/services", "").await, 200, json!({"data": []}));
    control.set_token(Some(KeyDigest::from_bytes([0; 32])));
    expect(call(&control, "GET", "/services", "").await, 401, json!({"message": "Invalid admin token"}));
    control.set_token(None);
    expect(call(&control, "GET", "/services", "").await, 503, json!({}));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a key to bring")]
async fn a_key_of_the_previous_pepper_is_genuine() {
    let control = new_control().await;
    call(&control, "POST", "/consumers", "{\"username\":\"bob\"}").await;
    let genuine = generate_key(&Pepper::new(b"before"), |bytes| SeededRandom::new(99).fill(bytes));
    let body = json!({"key": genuine.reveal()}).to_string();
    expect(call(&control, "POST", "/consumers/bob/key-auth", &body).await, 201, json!({}));
}
