//! Credentials of applications: the client id is the key.

use serde_json::json;

use super::Api;
use super::applications::{make_application, with_developer};
use super::ask::{
    NOBODY, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put, text,
};

tests!("client_ids":
    credentials_are_limited,
    secrets_are_shown_once,
    what_is_given_is_taken,
    credentials_belong_to_their_application,
    keys_and_secrets_are_not_changed,
    only_digests_are_kept,
);

fn credentials_are_limited(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let path = format!("/applications/{}/credentials/oauth2", id(&application));
    for _ in 1..50 {
        expect(post(api, &path, json!({})), 201, json!({}));
    }
    let refused = expect(post(api, &path, json!({})), 400, json!({"code": 2}));
    assert!(text(&refused, "message").contains("50 credentials"));
    expect(get(api, &format!("{path}?size=1")), 200, json!({"total": 50}));
    expect_gone(delete(api, &format!("{path}/{}", text(&application["credential"], "client_id"))));
    expect(post(api, &path, json!({})), 201, json!({}));
    expect_gone(delete(api, &format!("/applications/{}", id(&application))));
}

fn secrets_are_shown_once(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let path = format!("/applications/{}/credentials/oauth2", id(&application));
    let made = make(api, &path, json!({}));
    let (client_id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    assert_ne!(client_id, text(&application["credential"], "client_id"));
    assert_ne!(secret, text(&application["credential"], "client_secret"));
    for path in [path.clone(), format!("{path}/{}", id(&made)), format!("{path}/{client_id}")] {
        let shown = expect(get(api, &path), 200, json!({})).to_string();
        assert!(!shown.contains(&client_id) && !shown.contains(&secret), "{path}");
    }
    expect(
        get(api, &format!("{path}/{client_id}")),
        200,
        json!({"id": made["id"], "client_id": null, "client_secret": null, "client_id_start": &client_id[..7]}),
    );
}

fn what_is_given_is_taken(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let path = format!("/applications/{}/credentials/oauth2", id(&application));
    let secret = "s".repeat(32);
    let body = json!({"client_id": "mine-0123456789-0123456789-0123456789", "client_secret": secret, "name": "n",
                      "redirect_uris": ["https://f.test", "app:cb"], "tags": ["t"]});
    expect(post(api, &path, body.clone()), 201, body);
    for field in ["client_id", "client_secret"] {
        let refused = post(api, &path, json!({field: "latchkey key tag v1"}));
        let refused = expect(refused, 400, json!({"code": 2}));
        assert!(text(&refused["fields"], field).contains("reserved"), "{refused}");
    }
    for (body, field) in [
        (json!({"client_id": ""}), "client_id"),
        (json!({"client_id": 1}), "client_id"),
        (json!({"client_id": "lk_forged"}), "client_id"),
        (json!({"client_id": "sha256:k"}), "client_id"),
        (json!({"client_id": format!("sha256:{}", "0".repeat(64))}), "client_id"),
        (json!({"client_id": "unknown:k"}), "client_id"),
        (json!({"client_id": "x".repeat(513)}), "client_id"),
        (json!({"client_secret": "x".repeat(513)}), "client_secret"),
        (json!({"redirect_uris": ["x"]}), "redirect_uris"),
        (json!({"redirect_uris": "https://e.test"}), "redirect_uris"),
        (json!({"client_type": "public"}), "client_type"),
        (json!({"x": 1}), "x"),
    ] {
        let refused = expect(post(api, &path, body), 400, json!({"code": 2}));
        assert!(refused["fields"].get(field).is_some(), "{refused}");
    }
    expect(get(api, &path), 200, json!({"total": 2}));
}

fn credentials_belong_to_their_application(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let other = make(
        api,
        "/developers/a@b.test/applications",
        json!({"name": "other", "redirect_uri": "https://e.test"}),
    );
    let credential = &application["credential"];
    let elsewhere = format!("/applications/{}/credentials/oauth2", id(&other));
    for name in [id(credential), text(credential, "client_id")] {
        expect_not_found(get(api, &format!("{elsewhere}/{name}")));
        expect_not_found(delete(api, &format!("{elsewhere}/{name}")));
    }
    let own = format!("/applications/{}/credentials/oauth2/{}", id(&application), id(credential));
    expect(get(api, &own), 200, json!({"application": {"id": application["id"]}}));
    expect_not_found(get(api, &format!("/applications/{NOBODY}/credentials/oauth2")));
    // The path says whose it is.
    let body = json!({"application": {"id": other["id"]}});
    let path = format!("/applications/{}/credentials/oauth2", id(&application));
    expect(post(api, &path, body), 201, json!({"application": {"id": application["id"]}}));
}

fn keys_and_secrets_are_not_changed(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let own =
        format!("/applications/{}/credentials/oauth2/{}", id(&application), id(&application["credential"]));
    for (field, value) in [
        ("client_id", json!("x")),
        ("client_id", json!(null)),
        ("client_secret", json!("x")),
        ("client_type", json!("confidential")),
        ("redirect_uris", json!(["https://f.test"])),
        ("tags", json!(["t"])),
    ] {
        let refused = patch(api, &own, json!({"name": "x", field: value}));
        let sentence = "cannot be changed: rotate the credential, or make another";
        expect(refused, 400, json!({"code": 2, "fields": {field: sentence}}));
    }
    expect(put(api, &own, json!({"name": "x"})), 405, json!({"message": "Method not allowed"}));
    expect(get(api, &own), 200, json!({"name": "app", "enabled": true, "expires_at": null}));
    let changed = patch(api, &own, json!({"name": "phone", "enabled": false}));
    expect(
        changed,
        200,
        json!({"name": "phone", "enabled": false, "client_id": null, "client_secret": null}),
    );
    expect(get(api, &format!("{own}?x")), 200, json!({"name": "phone", "enabled": false}));
    let by_key = format!("/applications/{}/credentials/oauth2", id(&application));
    let by_key = format!("{by_key}/{}", text(&application["credential"], "client_id"));
    expect(patch(api, &by_key, json!({"name": null})), 200, json!({"name": null, "enabled": false}));
}

fn only_digests_are_kept(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let path = format!("/applications/{}/credentials/oauth2", id(&application));
    expect(post(api, &path, json!({"hash_secret": false})), 201, json!({"hash_secret": true}));
}
