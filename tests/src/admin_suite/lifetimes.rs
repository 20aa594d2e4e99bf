//! Credentials that end.

use std::time::Duration;

use serde_json::{Value, json};

use super::Api;
use super::ask::{delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put};

tests!("lifetimes":
    a_key_ends,
    ttl_is_changed,
    ttl_has_bounds,
    put_by_an_ended_key_makes_a_new_credential,
);

/// Longer than what is given a ttl of two seconds lives.
const PAST_THE_END: Duration = Duration::from_millis(2200);

fn with_bob(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
}

/// The seconds left, which may have become one less on the way.
#[track_caller]
fn expect_ttl(answer: (u16, Value), status: u16, ttl: u64) -> Value {
    let body = expect(answer, status, json!({}));
    let left = body["ttl"].as_u64().unwrap_or_else(|| panic!("no ttl in {body}"));
    assert!(left == ttl || left + 1 == ttl, "{left} instead of {ttl} in {body}");
    body
}

/// Of Kong's own suite.
fn a_key_ends(api: &dyn Api) {
    with_bob(api);
    let made = expect_ttl(post(api, "/consumers/bob/key-auth", json!({"ttl": 2, "key": "k"})), 201, 2);
    let lasting = make(api, "/consumers/bob/key-auth", json!({}));
    let path = format!("/consumers/bob/key-auth/{}", id(&made));
    let found = expect(get(api, &path), 200, json!({"key": null}));
    assert!(matches!(found["ttl"].as_u64(), Some(1 | 2)), "{found}");
    api.pass(PAST_THE_END);
    for path in [&path, "/key-auths/k", "/key-auths/k/consumer", "/consumers/bob/key-auth/k"] {
        expect_not_found(get(api, path));
    }
    for list in ["/key-auths", "/consumers/bob/key-auth"] {
        expect(get(api, list), 200, json!({"data": [{"id": lasting["id"], "ttl": null}]}));
    }
    expect(patch(api, &path, json!({"ttl": 100})), 404, json!({"code": 6}));
    expect_not_found(delete(api, &path));
    // The key may be given again.
    expect(post(api, "/consumers/bob/key-auth", json!({"key": "k"})), 201, json!({"ttl": null}));
    expect(get(api, "/key-auths/k"), 200, json!({"ttl": null}));
    expect_not_found(get(api, &path));
    expect_gone(delete(api, "/consumers/bob"));
}

fn ttl_is_changed(api: &dyn Api) {
    with_bob(api);
    let made = expect_ttl(post(api, "/consumers/bob/key-auth", json!({"key": "one", "ttl": 100})), 201, 100);
    let path = format!("/key-auths/{}", id(&made));
    expect_ttl(patch(api, &path, json!({"tags": ["t"]})), 200, 100);
    expect_ttl(patch(api, &path, json!({"key": "two"})), 200, 100);
    expect_ttl(get(api, "/key-auths/two"), 200, 100);
    expect(patch(api, &path, json!({"ttl": 0})), 200, json!({"ttl": null}));
    expect_ttl(patch(api, &path, json!({"ttl": 7})), 200, 7);
    expect(patch(api, &path, json!({"ttl": null})), 200, json!({"ttl": null}));
    expect_ttl(patch(api, &path, json!({"ttl": 50})), 200, 50);
    // Whole: what is not sent goes back to its default.
    let nested = format!("/consumers/bob/key-auth/{}", id(&made));
    expect(put(api, &nested, json!({})), 200, json!({"ttl": null}));
    expect_ttl(put(api, &nested, json!({"ttl": 30})), 200, 30);
}

fn ttl_has_bounds(api: &dyn Api) {
    with_bob(api);
    expect(post(api, "/consumers/bob/key-auth", json!({"ttl": 0})), 201, json!({"ttl": null}));
    expect_ttl(post(api, "/consumers/bob/key-auth", json!({"ttl": 100_000_000})), 201, 100_000_000);
    let range = "value should be between 0 and 100000000";
    for (ttl, sentence) in [
        (json!(-1), range),
        (json!(100_000_001), range),
        (json!(1.5), "expected an integer"),
        (json!("60"), "expected an integer"),
    ] {
        let refused = post(api, "/consumers/bob/key-auth", json!({"ttl": ttl}));
        expect(refused, 400, json!({"code": 2, "fields": {"ttl": sentence}}));
    }
}

fn put_by_an_ended_key_makes_a_new_credential(api: &dyn Api) {
    with_bob(api);
    let made = make(api, "/consumers/bob/key-auth", json!({"key": "k", "ttl": 2, "tags": ["old"]}));
    let by_id = make(api, "/consumers/bob/key-auth", json!({"key": "l", "ttl": 2}));
    api.pass(PAST_THE_END);
    let again = expect(
        put(api, "/consumers/bob/key-auth/k", json!({})),
        200,
        json!({"key": "k", "ttl": null, "tags": null}),
    );
    assert_ne!(again["id"], made["id"]);
    let path = format!("/consumers/bob/key-auth/{}", id(&by_id));
    let fresh = expect(put(api, &path, json!({})), 200, json!({"id": by_id["id"], "ttl": null}));
    assert_ne!(fresh["key"], "l");
    expect_not_found(get(api, "/key-auths/l"));
    expect(get(api, "/consumers/bob/key-auth"), 200, json!({"data": [{}, {}]}));
}
