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

/// It passes while the pepper that it was made under is the one before, says so, and does not pass when
/// that is gone: its tag can no longer be told from a forged one.
#[tokio::test]
async fn a_named_token_is_good_as_long_as_its_pepper() {
    let open = async |store: MemoryStore, current: &[u8], previous: Option<&[u8]>| {
        let peppers = Peppers { current: Pepper::new(current), previous: previous.map(Pepper::new) };
        let token = peppers.current.digest(TOKEN.as_bytes());
        let (clock, random) = (ManualClock::at(START_MS), SeededRandom::new(9));
        let registry = Registry::open(store, clock, random, peppers).await.unwrap();
        Control::new(registry, settings(Some(token)))
    };
    let first = open(MemoryStore::default(), b"a", None).await;
    let made = expect(call(&first, "POST", "/tokens", "{\"name\":\"ci\"}").await, 201, json!({}));
    let headers =
        HeaderMap::from_iter([("kong-admin-token".parse().unwrap(), text(&made, "token").parse().unwrap())]);
    let mut store = first.registry().store().dump();
    for (current, previous, status, pepper) in [
        (&b"a"[..], None, 200, "current"),
        (b"b", Some(&b"a"[..]), 200, "previous"),
        (b"c", Some(b"b"), 401, "withdrawn"),
    ] {
        let copy = crate::registry::testing::copied(&store).await;
        let control = open(copy, current, previous).await;
        let answer = control.serve(&head("GET", "/admin/services", None, &headers), b"").await;
        assert_eq!(answer.status(), status, "{pepper}");
        expect(call(&control, "GET", "/tokens/ci", "").await, 200, json!({"pepper": pepper}));
        store = control.registry().store().dump();
    }
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
