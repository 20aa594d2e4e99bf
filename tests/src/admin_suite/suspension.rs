//! What is suspended without being deleted. That it acts on requests is shown by the vectors `LIFE-…`.

use serde_json::json;

use super::Api;
use super::applications::{make_application, with_developer};
use super::ask::{expect, get, id, make, patch, post, put};

tests!("suspension":
    everything_that_has_keys_is_suspended_and_resumed,
    a_replacement_keeps_what_it_does_not_name,
    whether_it_is_suspended_is_a_truth_value,
);

fn everything_that_has_keys_is_suspended_and_resumed(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    make(api, "/consumers", json!({"username": "bob"}));
    let key = make(api, "/consumers/bob/key-auth", json!({}));
    let application = format!("/applications/{}", id(&application));
    let credential = get(api, &format!("{application}/credentials/oauth2")).1["data"][0].clone();
    for (path, field, wrapped) in [
        ("/consumers/bob".to_owned(), "enabled", false),
        (format!("/consumers/bob/key-auth/{}", id(&key)), "enabled", false),
        (format!("/key-auths/{}", id(&key)), "enabled", false),
        ("/developers/a@b.test".to_owned(), "applications_enabled", true),
        (application.clone(), "enabled", false),
        (format!("{application}/credentials/oauth2/{}", id(&credential)), "enabled", false),
    ] {
        expect(get(api, &path), 200, json!({field: true}));
        for enabled in [false, false, true] {
            let shown = json!({field: enabled});
            let expected = if wrapped { json!({"developer": shown}) } else { shown.clone() };
            expect(patch(api, &path, shown.clone()), 200, expected);
            expect(get(api, &path), 200, shown);
        }
    }
    let suspended = json!({"username": "eve", "enabled": false});
    expect(post(api, "/consumers", suspended.clone()), 201, suspended);
    expect(post(api, "/consumers/eve/key-auth", json!({})), 201, json!({"enabled": true}));
    let one = json!({"enabled": false, "name": "phone"});
    expect(post(api, "/consumers/bob/key-auth", one.clone()), 201, one.clone());
    expect(post(api, &format!("{application}/credentials/oauth2"), one.clone()), 201, one);
    let body = json!({"email": "c@d.test", "applications_enabled": false});
    expect(post(api, "/developers", body.clone()), 200, body);
}

/// Kong's clients send what they know of, whole.
fn a_replacement_keeps_what_it_does_not_name(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob", "enabled": false, "tags": ["t"]}));
    let replaced = put(api, "/consumers/bob", json!({"custom_id": "7"}));
    expect(replaced, 200, json!({"enabled": false, "tags": null, "custom_id": "7"}));
    expect(put(api, "/consumers/bob", json!({"enabled": true})), 200, json!({"enabled": true}));
    let own = json!({"key": "one", "name": "phone", "enabled": false, "tags": ["t"], "ttl": 1000});
    let made = make(api, "/consumers/bob/key-auth", own);
    let path = format!("/consumers/bob/key-auth/{}", id(&made));
    let kept = json!({"name": "phone", "enabled": false, "expires_at": made["expires_at"], "tags": null});
    expect(put(api, &path, json!({"key": "one"})), 200, kept.clone());
    expect(put(api, &path, json!({"key": "two"})), 200, kept.clone());
    expect(put(api, "/consumers/bob/key-auth/two", json!({})), 200, kept.clone());
    let new = "/consumers/bob/key-auth/00000000-0000-0000-0000-00000000004e";
    expect(put(api, new, json!({"key": "two"})), 200, kept);
    let named = json!({"name": "desk", "enabled": true, "expires_at": null});
    expect(put(api, new, named.clone()), 200, named);
}

fn whether_it_is_suspended_is_a_truth_value(api: &dyn Api) {
    with_developer(api);
    make(api, "/consumers", json!({"username": "bob"}));
    make(api, "/consumers/bob/key-auth", json!({"key": "one"}));
    for (path, field) in [
        ("/consumers/bob", "enabled"),
        ("/key-auths/one", "enabled"),
        ("/developers/a@b.test", "applications_enabled"),
    ] {
        for (value, sentence) in [
            (json!("no"), "expected a boolean"),
            (json!(0), "expected a boolean"),
            (json!(null), "required field missing"),
        ] {
            let refused = patch(api, path, json!({field: value}));
            expect(refused, 400, json!({"code": 2, "fields": {field: sentence}}));
        }
    }
}
