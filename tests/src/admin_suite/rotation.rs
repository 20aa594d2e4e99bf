//! Rotation of credentials.

use std::time::Duration;

use serde_json::{Value, json};

use super::Api;
use super::applications::{make_application, with_developer};
use super::ask::{
    Answer, NOBODY, answer, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put,
    request, text,
};
use crate::fixtures::shown_key;

tests!("rotation":
    a_credential_gets_another_key,
    a_key_in_its_grace_cannot_be_brought,
    a_grace_ends,
    credentials_of_applications_are_rotated,
    a_rotation_is_checked,
    keys_in_their_grace_count,
);

fn with_key(api: &dyn Api) -> Value {
    make(api, "/consumers", json!({"username": "bob"}));
    make(api, "/consumers/bob/key-auth", json!({"key": "one", "tags": ["t"], "name": "phone"}))
}

/// That there is an end, so many seconds from now, give or take what a busy machine takes.
#[track_caller]
fn expect_end(api: &dyn Api, shown: &Value, seconds: u64) {
    let end = shown["previous_key_ends_at"].as_u64().unwrap_or_else(|| panic!("no end in {shown}"));
    let expected = api.unix_s() + seconds;
    assert!(end <= expected + 60 && end + 100 >= expected, "{end} instead of {expected} in {shown}");
}

fn a_credential_gets_another_key(api: &dyn Api) {
    let made = with_key(api);
    let path = format!("/consumers/bob/key-auth/{}", id(&made));
    let rotated = expect(
        post(api, &format!("{path}/rotate"), json!({"grace_seconds": 3600})),
        201,
        json!({"id": made["id"], "tags": ["t"], "name": "phone", "ttl": null, "enabled": true}),
    );
    let key = text(&rotated, "key");
    assert!(key.starts_with("lk_") && key.starts_with(&text(&rotated, "key_start")), "{rotated}");
    assert!(rotated["rotated_at"].is_u64(), "{rotated}");
    expect_end(api, &rotated, 3600);
    // Shown this once.
    let shown =
        expect(get(api, &path), 200, json!({"key": shown_key(&key), "created_at": made["created_at"]}));
    expect_end(api, &shown, 3600);
    for name in ["one", &shown_key("one")] {
        expect_not_found(get(api, &format!("/key-auths/{name}")));
    }
    expect(get(api, &format!("/key-auths/{key}")), 200, json!({"id": made["id"]}));
    // Two at most.
    let refused = post(api, &format!("{path}/rotate"), json!({}));
    let refused = expect(refused, 400, json!({"code": 2, "name": "schema violation"}));
    assert!(text(&refused, "message").contains("still good"), "{refused}");
    // By its key, without a body, at the top.
    expect_gone(delete(api, &format!("/key-auths/{key}/rotate")));
    expect_not_found(delete(api, &format!("/key-auths/{key}/rotate")));
    let again = request(api, "POST", &format!("/key-auths/{key}/rotate"));
    let again = expect(answer(&api.send(&again)), 201, json!({"previous_key_ends_at": null}));
    assert_ne!(again["key"], rotated["key"]);
    expect_not_found(get(api, &format!("/key-auths/{key}")));
    // What is rotated away without a grace is free at once.
    for free in ["one", &key] {
        expect(post(api, "/consumers/bob/key-auth", json!({"key": free})), 201, json!({}));
    }
}

/// A file, or decK, that has the key of before the rotation.
fn a_key_in_its_grace_cannot_be_brought(api: &dyn Api) {
    let made = with_key(api);
    make(api, "/consumers", json!({"username": "eve"}));
    let path = format!("/consumers/bob/key-auth/{}", id(&made));
    let rotated = post(api, &format!("{path}/rotate"), json!({"grace_seconds": 3600}));
    let key = shown_key(&text(&expect(rotated, 201, json!({})), "key"));
    let taken = json!({"code": 5, "fields": {"key": "<hidden>"}});
    for form in ["one", &shown_key("one")] {
        let body = || json!({"key": form});
        for refused in [
            put(api, &path, body()),
            patch(api, &path, body()),
            put(api, &format!("/consumers/bob/key-auth/{NOBODY}"), body()),
            put(api, &format!("/consumers/bob/key-auth/{form}"), json!({})),
            post(api, "/consumers/bob/key-auth", body()),
            post(api, "/consumers/eve/key-auth", body()),
        ] {
            expect(refused, 409, taken.clone());
        }
    }
    let shown = expect(get(api, &path), 200, json!({"key": key}));
    expect_end(api, &shown, 3600);
    // With the key of now all is as it was, at a new id too.
    let moved = put(api, &format!("/consumers/bob/key-auth/{NOBODY}"), json!({"key": key}));
    expect_end(api, &expect(moved, 200, json!({"id": NOBODY, "key": key})), 3600);
    expect(post(api, "/consumers/eve/key-auth", json!({"key": "one"})), 409, taken);
    expect_gone(delete(api, &format!("/key-auths/{NOBODY}")));
    expect(post(api, "/consumers/eve/key-auth", json!({"key": "one"})), 201, json!({}));
}

fn a_grace_ends(api: &dyn Api) {
    let made = with_key(api);
    make(api, "/consumers", json!({"username": "eve"}));
    let path = format!("/key-auths/{}", id(&made));
    expect(post(api, &format!("{path}/rotate"), json!({"grace_seconds": 2})), 201, json!({}));
    api.pass(Duration::from_millis(2_200));
    expect(get(api, &path), 200, json!({"previous_key_ends_at": null}));
    expect_not_found(delete(api, &format!("{path}/rotate")));
    expect(post(api, "/consumers/eve/key-auth", json!({"key": "one"})), 201, json!({}));
    // And never later than the credential.
    expect(patch(api, &path, json!({"ttl": 1000})), 200, json!({}));
    let rotated = post(api, &format!("{path}/rotate"), json!({"grace_seconds": 5000}));
    expect_end(api, &expect(rotated, 201, json!({})), 1000);
}

fn credentials_of_applications_are_rotated(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let first = &application["credential"];
    let nested = format!("/developers/a@b.test/applications/{}/credentials/oauth2", id(&application));
    let path = format!("/applications/{}/credentials/oauth2/{}", id(&application), id(first));
    let rotate = |path: &str, grace: u64| -> Answer {
        post(api, &format!("{path}/rotate"), json!({"grace_seconds": grace}))
    };
    let rotated = expect(
        rotate(&path, 3600),
        201,
        json!({"id": first["id"], "name": "app", "redirect_uris": ["https://e.test"]}),
    );
    let client_id = text(&rotated, "client_id");
    assert_ne!(
        (&rotated["client_id"], &rotated["client_secret"]),
        (&first["client_id"], &first["client_secret"])
    );
    assert_eq!(text(&rotated, "client_id_start"), &client_id[..7]);
    assert_eq!(text(&rotated, "client_secret").len(), 43);
    expect_end(api, &rotated, 3600);
    let shown = expect(get(api, &path), 200, json!({"client_id": null, "client_secret": null}));
    expect_end(api, &shown, 3600);
    expect(rotate(&path, 0), 400, json!({"code": 2}));
    let old = text(first, "client_id");
    expect_not_found(get(api, &format!("{nested}/{old}")));
    expect(post(api, &nested, json!({"client_id": old})), 409, json!({"fields": {"client_id": "<hidden>"}}));
    expect_gone(delete(api, &format!("{nested}/{client_id}/rotate")));
    expect(rotate(&format!("{nested}/{client_id}"), 0), 201, json!({"previous_key_ends_at": null}));
    expect(post(api, &nested, json!({"client_id": old})), 201, json!({"client_id": old}));
    expect_not_found(rotate(&format!("/applications/{NOBODY}/credentials/oauth2/{}", id(first)), 0));
}

fn a_rotation_is_checked(api: &dyn Api) {
    let made = with_key(api);
    make(api, "/consumers", json!({"username": "eve"}));
    let path = format!("/key-auths/{}/rotate", id(&made));
    let range = "value should be between 0 and 2592000";
    for (body, field, sentence) in [
        (json!({"grace_seconds": -1}), "grace_seconds", range),
        (json!({"grace_seconds": 2_592_001}), "grace_seconds", range),
        (json!({"grace_seconds": 1.5}), "grace_seconds", "expected an integer"),
        (json!({"grace_seconds": "x"}), "grace_seconds", "expected an integer"),
        (json!({"key": "mine"}), "key", "unknown field"),
    ] {
        expect(post(api, &path, body), 400, json!({"code": 2, "fields": {field: sentence}}));
    }
    for path in [
        format!("/key-auths/{NOBODY}/rotate"),
        "/key-auths/two/rotate".to_owned(),
        format!("/consumers/eve/key-auth/{}/rotate", id(&made)),
        format!("/consumers/{NOBODY}/key-auth/one/rotate"),
    ] {
        expect_not_found(post(api, &path, json!({})));
        expect_not_found(delete(api, &path));
    }
    expect(get(api, "/key-auths/one"), 200, json!({"rotated_at": null, "previous_key_ends_at": null}));
    expect(post(api, &path, json!({"grace_seconds": 2_592_000})), 201, json!({}));
}

fn keys_in_their_grace_count(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let path = format!("/applications/{}/credentials/oauth2", id(&application));
    let made: Vec<Value> = (1..49).map(|_| make(api, &path, json!({}))).collect();
    let rotate = |of: &Value, grace: u64| {
        post(api, &format!("{path}/{}/rotate", id(of)), json!({"grace_seconds": grace}))
    };
    expect(rotate(&made[0], 3600), 201, json!({}));
    for refused in [post(api, &path, json!({})), rotate(&made[1], 3600)] {
        let refused = expect(refused, 400, json!({"code": 2}));
        assert!(text(&refused["fields"], "application").contains("50 credentials"), "{refused}");
    }
    expect(rotate(&made[1], 0), 201, json!({}));
    expect_gone(delete(api, &format!("{path}/{}/rotate", id(&made[0]))));
    expect(rotate(&made[2], 3600), 201, json!({}));
    // All at once.
    expect(
        patch(api, &format!("/applications/{}", id(&application)), json!({"enabled": false})),
        200,
        json!({"enabled": false}),
    );
    expect_gone(delete(api, &format!("/applications/{}", id(&application))));
}
