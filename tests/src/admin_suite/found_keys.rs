//! Whose a key is that was found somewhere.

use serde_json::{Value, json};

use super::Api;
use super::applications::{make_application, with_developer};
use super::ask::{Answer, NOBODY, call, expect, expect_gone, get, id, make, patch, post, text};
use crate::fixtures::shown_key;

tests!("found_keys":
    a_consumers_key_is_found,
    the_key_before_a_rotation_is_found,
    an_applications_key_is_found,
    nobodys_keys_are_told_from_forged_ones,
    nothing_of_the_key_comes_back,
);

fn find(api: &dyn Api, key: &str) -> Answer {
    post(api, "/keys/find", json!({"key": key}))
}

/// Makes the call that ends a key, as it is given.
#[track_caller]
fn end(api: &dyn Api, found: &Value) {
    let path = text(&found["ended_by"], "path");
    let target = path.strip_prefix("/admin").unwrap_or_else(|| panic!("{path} is not of the Admin API"));
    let method = text(&found["ended_by"], "method");
    expect_gone(call(api, &method, target, &json!({})));
}

fn a_consumers_key_is_found(api: &dyn Api) {
    let [service, _] =
        ["alpha", "beta"].map(|name| make(api, "/services", json!({"name": name, "host": "a"})));
    let route = json!({"name": "r", "paths": ["/r"], "service": {"name": "beta"}});
    let route = make(api, "/routes", route);
    let bob = make(api, "/consumers", json!({"username": "bob", "custom_id": "7"}));
    let made = make(api, "/consumers/bob/key-auth", json!({"key": "one", "name": "phone"}));
    expect(find(api, "one"), 200, json!({"good": false, "faults": ["nowhere"], "services": []}));
    make(api, "/services/alpha/plugins", json!({"name": "key-auth"}));
    make(api, "/routes/r/plugins", json!({"name": "key-auth"}));
    for form in ["one", &shown_key("one")] {
        let found = json!({
            "kind": "keyauth_credentials", "credential": {"id": made["id"], "name": "phone", "enabled": true},
            "consumer": {"id": bob["id"], "username": "bob", "custom_id": "7"},
            "application": null, "developer": null,
            "which": "current", "brought": false, "since": made["created_at"], "ends_at": null,
            "good": true, "faults": [], "everywhere": false,
            "services": [{"id": service["id"], "name": "alpha"}], "routes": [{"id": route["id"], "name": "r"}],
        });
        expect(find(api, form), 200, found);
    }
    make(api, "/plugins", json!({"name": "key-auth"}));
    expect(find(api, "one"), 200, json!({"everywhere": true}));
    expect(patch(api, "/consumers/bob", json!({"enabled": false})), 200, json!({}));
    expect(patch(api, "/key-auths/one", json!({"enabled": false, "ttl": 1000})), 200, json!({}));
    let faults = json!(["credential_suspended", "consumer_suspended"]);
    let found = expect(find(api, "one"), 200, json!({"good": false, "faults": faults}));
    assert!(found["ends_at"].is_u64(), "{found}");
    end(api, &found);
    expect(find(api, "one"), 404, json!({"message": "no credential has this key"}));
    make(api, "/consumers/bob/key-auth", json!({"key": shown_key("two")}));
    expect(find(api, "two"), 200, json!({"brought": true}));
}

fn the_key_before_a_rotation_is_found(api: &dyn Api) {
    make(api, "/plugins", json!({"name": "key-auth"}));
    make(api, "/consumers", json!({"username": "bob"}));
    let made = make(api, "/consumers/bob/key-auth", json!({"key": "one"}));
    let path = format!("/key-auths/{}/rotate", id(&made));
    let rotated = expect(post(api, &path, json!({"grace_seconds": 3600})), 201, json!({}));
    let old = json!({"which": "previous", "good": true, "since": made["created_at"],
                     "ends_at": rotated["previous_key_ends_at"]});
    let found = expect(find(api, "one"), 200, old);
    let new = json!({"which": "current", "good": true, "since": rotated["rotated_at"], "ends_at": null});
    expect(find(api, &text(&rotated, "key")), 200, new);
    end(api, &found);
    expect(find(api, "one"), 404, json!({}));
    let found = expect(find(api, &text(&rotated, "key")), 200, json!({}));
    end(api, &found);
    expect(get(api, "/key-auths"), 200, json!({"data": []}));
}

fn an_applications_key_is_found(api: &dyn Api) {
    let developer = with_developer(api);
    make(api, "/services/s/plugins", json!({"name": "key-auth"}));
    let registration = json!({"name": "application-registration",
                              "config": {"display_name": "S", "auto_approve": true}});
    make(api, "/services/s/plugins", registration);
    let application = make_application(api);
    let first = &application["credential"];
    let key = text(first, "client_id");
    let expected = json!({
        "kind": "oauth2_credentials", "credential": {"id": first["id"], "name": "app"}, "consumer": null,
        "application": {"id": application["id"], "name": "app"},
        "developer": {"id": developer["id"], "email": "a@b.test"},
        "good": false, "faults": ["nowhere"], "services": [], "routes": [], "everywhere": false,
    });
    expect(find(api, &key), 200, expected);
    let path = format!("/applications/{}", id(&application));
    make(api, &format!("{path}/application_instances"), json!({"service": {"name": "s"}}));
    let found = expect(find(api, &key), 200, json!({"good": true, "services": [{"name": "s"}]}));
    expect(patch(api, &path, json!({"enabled": false})), 200, json!({}));
    let body = json!({"applications_enabled": false, "status": 3});
    expect(patch(api, "/developers/a@b.test", body), 200, json!({}));
    let faults = json!(["application_suspended", "developer_suspended", "developer_not_approved"]);
    expect(find(api, &key), 200, json!({"good": false, "faults": faults}));
    end(api, &found);
    expect(find(api, &key), 404, json!({}));
}

fn nobodys_keys_are_told_from_forged_ones(api: &dyn Api) {
    let unknown = json!({"message": "no credential has this key"});
    for key in ["nobody's", &shown_key("nobody's")] {
        assert_eq!(find(api, key), (404, unknown.clone()));
    }
    let forged = "this key was not made here: it begins with 'lk_', and its tag is wrong";
    assert_eq!(find(api, "lk_forged"), (404, json!({"message": forged})));
    // A genuine one that is gone.
    make(api, "/consumers", json!({"username": "bob"}));
    let key = text(&make(api, "/consumers/bob/key-auth", json!({})), "key");
    let found = expect(find(api, &key), 200, json!({}));
    end(api, &found);
    assert_eq!(find(api, &key), (404, unknown));
    for wrong in [
        json!({}),
        json!({"key": ""}),
        json!({"key": 1}),
        json!({"key": null}),
        json!({"key": "sha256:x"}),
        json!({"key": format!("unknown:{NOBODY}")}),
        json!({"key": "x".repeat(513)}),
        json!({"key": "one", "x": 1}),
    ] {
        expect(post(api, "/keys/find", wrong), 400, json!({"code": 2}));
    }
    expect(get(api, "/keys/find"), 405, json!({}));
}

fn nothing_of_the_key_comes_back(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    let secret = "a-key-that-is-not-to-be-seen";
    make(api, "/consumers/bob/key-auth", json!({"key": secret}));
    let told = get(api, "/audit").1["data"].clone();
    for asked in [secret.to_owned(), shown_key(secret), format!("{secret}x"), format!("lk_{secret}")] {
        let (_, answer) = find(api, &asked);
        for part in [secret, &shown_key(secret)[7..]] {
            assert!(!answer.to_string().contains(part), "{answer}");
        }
    }
    assert_eq!(get(api, "/audit").1["data"], told, "a search changes nothing");
}
