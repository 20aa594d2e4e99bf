//! The plugin oauth2, OAuth2 clients of consumers, and tokens that are taken back.

use std::time::Duration;

use serde_json::{Value, json};

use super::Api;
use super::applications::{make_application, with_developer};
use super::ask::{
    NOBODY, data, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put, text,
};
use crate::fixtures::shown_key;

tests!("oauth2":
    a_plugin_has_kongs_fields_and_defaults,
    what_a_plugin_made_stays,
    grants_that_are_not_here_are_refused,
    clients_are_made_as_in_kong,
    what_is_wrong_with_a_client_is_told_in_kongs_words,
    clients_are_found_below_their_consumer,
    clients_are_found_by_their_client_id,
    a_client_id_and_a_key_are_one_thing,
    a_client_is_shown_without_its_secrets,
    a_put_replaces_and_keeps_the_secret,
    a_patch_takes_secret_and_hash_together,
    secrets_that_are_chosen_are_long,
    a_client_is_rotated,
    the_list_of_clients_has_no_credentials_of_applications,
    clients_are_imported,
    tokens_are_not_kept,
);

fn clients(api: &dyn Api, path: &str) -> Vec<Value> {
    data(&expect(get(api, path), 200, json!({"next": null}))).to_vec()
}

/// Long enough to be chosen.
const SECRET: &str = "a-secret-of-32-characters-at-least";

fn plugin(api: &dyn Api, config: Value) -> super::ask::Answer {
    post(api, "/plugins", json!({"name": "oauth2", "config": config}))
}

fn a_plugin_has_kongs_fields_and_defaults(api: &dyn Api) {
    let made = expect(plugin(api, json!({"enable_client_credentials": true})), 201, json!({}));
    let mut config = made["config"].clone();
    let key = config["provision_key"].take();
    let key = key.as_str().unwrap();
    assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{key}");
    let expected = json!({
        "scopes": null, "mandatory_scope": false, "provision_key": null, "token_expiration": 7200,
        "enable_authorization_code": false, "enable_implicit_grant": false,
        "enable_client_credentials": true, "enable_password_grant": false, "hide_credentials": false,
        "accept_http_if_already_terminated": false, "anonymous": null, "global_credentials": false,
        "auth_header_name": "authorization", "refresh_token_ttl": 1_209_600, "reuse_refresh_token": false,
        "pkce": "lax", "realm": null, "token_in_query": true, "required_scopes": null,
    });
    assert_eq!(config, expected);
    let enabled = expect(get(api, "/plugins/enabled"), 200, json!({}));
    assert!(enabled["enabled_plugins"].as_array().unwrap().contains(&json!("oauth2")), "{enabled}");
    expect(get(api, "/schemas/plugins/oauth2"), 200, json!({}));
}

fn what_a_plugin_made_stays(api: &dyn Api) {
    let config = json!({"enable_client_credentials": true});
    let made = expect(plugin(api, config.clone()), 201, json!({}));
    let path = format!("/plugins/{}", id(&made));
    let made_key = json!({"config": {"provision_key": made["config"]["provision_key"]}});
    expect(put(api, &path, json!({"name": "oauth2", "config": config})), 200, made_key.clone());
    expect(patch(api, &path, json!({"config": {"realm": "r", "provision_key": null}})), 200, made_key);
    let given = json!({"enable_client_credentials": true, "provision_key": "mine"});
    let given = put(api, &path, json!({"name": "oauth2", "config": given}));
    expect(given, 200, json!({"config": {"provision_key": "mine", "realm": null}}));
}

fn grants_that_are_not_here_are_refused(api: &dyn Api) {
    const NONE: &str = "at least one of these fields must be true: enable_authorization_code, \
                        enable_implicit_grant, enable_client_credentials, enable_password_grant";
    for config in [json!({}), json!({"enable_password_grant": false})] {
        let refused = expect(plugin(api, config), 400, json!({"fields": {"config": NONE}}));
        assert_eq!(text(&refused, "message"), format!("schema violation (config: {NONE})"));
    }
    for grant in ["enable_authorization_code", "enable_implicit_grant", "enable_password_grant"] {
        let refused = plugin(api, json!({"enable_client_credentials": true, grant: true}));
        let refused = expect(refused, 400, json!({"code": 2}));
        assert!(text(&refused["fields"]["config"], grant).contains("not here"), "{refused}");
    }
    for (more, field, sentence) in [
        (json!({"mandatory_scope": true}), "scopes", "required field missing"),
        (
            json!({"refresh_token_ttl": 252_979_200}),
            "refresh_token_ttl",
            "value should be between 0 and 100000000",
        ),
        (json!({"token_expiration": 1.5}), "token_expiration", "expected an integer"),
        (json!({"token_expiration": "a"}), "token_expiration", "expected a number"),
        (json!({"refresh_token_ttl": "1"}), "refresh_token_ttl", "expected a number"),
        (json!({"pkce": "maybe"}), "pkce", "expected one of: none, lax, strict"),
    ] {
        let mut config = json!({"enable_client_credentials": true});
        for (name, value) in more.as_object().unwrap() {
            config[name] = value.clone();
        }
        expect(plugin(api, config), 400, json!({"fields": {"config": {field: sentence}}}));
    }
    let consumer = make(api, "/consumers", json!({"username": "bob"}));
    let body = json!({"name": "oauth2", "consumer": {"id": id(&consumer)},
                      "config": {"enable_client_credentials": true}});
    expect(post(api, "/plugins", body), 400, json!({"fields": {"consumer": "value must be null"}}));
    let config = json!({"enable_client_credentials": true, "mandatory_scope": true, "scopes": ["a", "b.c"],
        "token_expiration": 60.0});
    expect(plugin(api, config), 201, json!({"config": {"scopes": ["a", "b.c"], "token_expiration": 60}}));
}

fn clients_are_made_as_in_kong(api: &dyn Api) {
    let bob = make(api, "/consumers", json!({"username": "bob"}));
    let body = json!({"name": "App", "redirect_uris": ["https://a.test/", "https://b.test/cb?x=1"]});
    let made = expect(post(api, "/consumers/bob/oauth2", body.clone()), 201, body);
    expect(
        (201, made.clone()),
        201,
        json!({"consumer": {"id": id(&bob)}, "application": null, "client_type": "confidential",
               "hash_secret": false, "tags": null, "key_use": false, "tokens_not_before": null,
               "enabled": true}),
    );
    assert!(text(&made, "client_id").starts_with("lk_") && text(&made, "client_secret").len() == 43);
    let bare = expect(post(api, "/consumers/bob/oauth2", json!({"name": "App"})), 201, json!({}));
    assert_eq!(bare["redirect_uris"], json!(null));
    let body = json!({"name": "test", "hash_secret": true, "client_type": "public", "tags": ["t"],
                      "client_id": "given", "client_secret": SECRET, "consumer": {"username": "bob"}});
    let made = expect(post(api, "/oauth2", body), 201, json!({"consumer": {"id": id(&bob)}}));
    expect(
        (201, made),
        201,
        json!({"client_id": "given", "client_secret": SECRET, "hash_secret": true, "client_type": "public",
               "client_id_start": "g"}),
    );
    expect(get(api, "/oauth2/given/consumer"), 200, json!({"id": id(&bob), "username": "bob"}));
    assert_eq!(clients(api, "/consumers/bob/oauth2").len(), 3);
}

fn what_is_wrong_with_a_client_is_told_in_kongs_words(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    make(api, "/consumers/bob/oauth2", json!({"name": "App", "client_id": "taken"}));
    let path = "/consumers/bob/oauth2";
    let missing = "required field missing";
    expect(post(api, path, json!({})), 400, json!({"fields": {"name": missing}}));
    let refused = post(api, "/oauth2", json!({"name": "A"}));
    expect(
        refused,
        400,
        json!({"message": "schema violation (consumer: required field missing)", "fields": {"consumer": missing}}),
    );
    expect(
        post(api, "/oauth2", json!({})),
        400,
        json!({"message": "2 schema violations (consumer: required field missing; name: required field missing)"}),
    );
    for (uris, faults) in [
        (json!(["not-valid"]), json!(["cannot parse 'not-valid'"])),
        (json!(["https:x"]), json!(["cannot parse 'https:x'"])),
        (json!(["https://a.test", "app:cb"]), json!([null, "cannot parse 'app:cb'"])),
        (json!(["https://a.test/#x"]), json!(["fragment not allowed in 'https://a.test/#x'"])),
    ] {
        let refused = post(api, path, json!({"name": "A", "redirect_uris": uris}));
        expect(refused, 400, json!({"fields": {"redirect_uris": faults}}));
    }
    for (body, field) in [
        (json!({"name": "A", "client_type": "secret"}), "client_type"),
        (json!({"name": "A", "client_id": "lk_forged"}), "client_id"),
        (json!({"name": "A", "client_id": "latchkey key tag v1"}), "client_id"),
        (json!({"name": "A", "client_secret": "$pbkdf2-sha512$i=10000,l=32$c2FsdA$aGFzaA"}), "client_secret"),
        (json!({"name": "A", "tokens_not_before": -1}), "tokens_not_before"),
        (json!({"name": "A", "x": 1}), "x"),
    ] {
        let refused = expect(post(api, path, body), 400, json!({"code": 2}));
        assert!(refused["fields"].get(field).is_some(), "{refused}");
    }
    expect(post(api, path, json!({"name": "A", "client_id": "taken"})), 409, json!({"code": 5}));
    expect(post(api, "/consumers/bob/key-auth", json!({"key": "taken"})), 409, json!({"code": 5}));
    expect_not_found(post(api, &format!("/consumers/{NOBODY}/oauth2"), json!({"name": "A"})));
}

fn clients_are_found_below_their_consumer(api: &dyn Api) {
    for name in ["bob", "ann"] {
        make(api, "/consumers", json!({"username": name}));
    }
    let client = make(api, "/consumers/bob/oauth2", json!({"name": "app", "client_id": "app-id"}));
    for name in [id(&client), "app-id".to_owned(), shown_key("app-id")] {
        expect(get(api, &format!("/consumers/bob/oauth2/{name}")), 200, json!({"id": id(&client)}));
        expect(get(api, &format!("/oauth2/{name}")), 200, json!({"id": id(&client)}));
        expect_not_found(get(api, &format!("/consumers/ann/oauth2/{name}")));
        expect_not_found(delete(api, &format!("/consumers/ann/oauth2/{name}")));
        expect_not_found(patch(api, &format!("/consumers/ann/oauth2/{name}"), json!({"name": "x"})));
    }
    for name in ["blah", NOBODY] {
        expect_not_found(get(api, &format!("/consumers/bob/oauth2/{name}")));
        expect_not_found(delete(api, &format!("/consumers/bob/oauth2/{name}")));
        expect_gone(delete(api, &format!("/oauth2/{name}")));
    }
    expect_gone(delete(api, "/consumers/bob/oauth2/app-id"));
    expect_not_found(get(api, "/oauth2/app-id"));
    make(api, "/consumers/bob/oauth2", json!({"name": "app", "client_id": "app-id"}));
    expect_gone(delete(api, "/consumers/bob"));
    expect_not_found(get(api, "/oauth2/app-id"));
    expect(get(api, "/oauth2"), 200, json!({"data": [], "next": null}));
}

fn clients_are_found_by_their_client_id(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    for name in ["bob", "eve"] {
        make(api, "/consumers", json!({"username": name}));
        let path = format!("/consumers/{name}/oauth2");
        make(api, &path, json!({"name": "app", "client_id": format!("of {name}")}));
    }
    let all = clients(api, "/oauth2");
    let of_bob = clients(api, "/oauth2?client_id=of+bob");
    assert_eq!(of_bob.len(), 1, "{of_bob:?}");
    assert!(all.contains(&of_bob[0]), "{all:?}");
    assert_eq!(clients(api, "/consumers/bob/oauth2?client_id=of+bob"), of_bob);
    let applications = text(&application["credential"], "client_id");
    for nobodys in ["of", "", &applications] {
        assert_eq!(clients(api, &format!("/oauth2?client_id={nobodys}")), [] as [Value; 0], "{nobodys}");
    }
    assert_eq!(clients(api, "/consumers/eve/oauth2?client_id=of+bob"), [] as [Value; 0]);
    expect_not_found(get(api, "/consumers/nobody/oauth2?client_id=of+bob"));
    let path = format!("/applications/{}/credentials/oauth2", id(&application));
    let found = expect(get(api, &format!("{path}?client_id={applications}")), 200, json!({"total": 1}));
    assert_eq!(data(&found).len(), 1);
    expect(get(api, &format!("{path}?client_id=of+bob")), 200, json!({"total": 0, "data": []}));
}

fn a_client_id_and_a_key_are_one_thing(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    make(api, "/consumers/bob/key-auth", json!({"key": "a-key"}));
    make(api, "/consumers/bob/oauth2", json!({"name": "app", "client_id": "a-client"}));
    let taken = json!({"code": 5});
    expect(
        post(api, "/consumers/bob/oauth2", json!({"name": "app", "client_id": "a-key"})),
        409,
        taken.clone(),
    );
    expect(post(api, "/consumers/bob/key-auth", json!({"key": "a-client"})), 409, taken);
}

fn a_client_is_shown_without_its_secrets(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    let body = json!({"name": "app", "client_id": "app-id-in-clear", "client_secret": SECRET});
    let made = make(api, "/consumers/bob/oauth2", body);
    let shown = json!({"client_id": shown_key("app-id-in-clear"), "client_secret": null});
    for path in ["/consumers/bob/oauth2/app-id-in-clear", "/oauth2/app-id-in-clear"] {
        let found = expect(get(api, path), 200, shown.clone()).to_string();
        assert!(!found.contains(SECRET) && !found.contains("app-id-in-clear"), "{found}");
    }
    for path in ["/consumers/bob/oauth2", "/oauth2", "/oauth2?size=1000"] {
        let list = expect(get(api, path), 200, json!({}));
        assert_eq!(list["data"][0]["client_id"], shown["client_id"], "{list}");
        assert!(!list.to_string().contains(SECRET), "{list}");
    }
    let kept = expect(patch(api, &format!("/oauth2/{}", id(&made)), json!({"name": "n"})), 200, shown);
    assert_eq!(kept["name"], "n");
}

fn a_put_replaces_and_keeps_the_secret(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    let missing = json!({"fields": {"name": "required field missing"}});
    expect(put(api, "/consumers/bob/oauth2/two", json!({})), 400, missing.clone());
    let made = put(api, "/consumers/bob/oauth2/two", json!({"name": "n", "key_use": true}));
    let made = expect(made, 200, json!({"client_id": "two", "key_use": true}));
    assert_eq!(text(&made, "client_secret").len(), 43);
    let path = format!("/consumers/bob/oauth2/{}", id(&made));
    expect(put(api, &path, json!({"hash_secret": true})), 400, missing);
    let kept = put(api, &path, json!({"name": "m", "redirect_uris": ["https://a.test"]}));
    expect(
        kept,
        200,
        json!({"id": id(&made), "name": "m", "client_id": shown_key("two"), "client_secret": null,
               "key_use": true, "hash_secret": false}),
    );
    let changed = put(api, &path, json!({"name": "m", "client_id": "three", "client_secret": SECRET}));
    expect(changed, 200, json!({"client_id": "three", "client_secret": SECRET}));
    expect_not_found(get(api, "/oauth2/two"));

    // decK, with the client id in clear: a new id, and then the old one is deleted.
    let new = "11111111-2222-4333-8444-555555555555";
    let moved = put(api, &format!("/consumers/bob/oauth2/{new}"), json!({"name": "m", "client_id": "three"}));
    expect(moved, 200, json!({"id": new}));
    expect_gone(delete(api, &path));
    assert_eq!(clients(api, "/oauth2").len(), 1);
    expect(get(api, "/oauth2/three"), 200, json!({"id": new}));
}

fn a_patch_takes_secret_and_hash_together(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    make(api, "/consumers/bob/oauth2", json!({"name": "app", "client_id": "app-id"}));
    let path = "/consumers/bob/oauth2/app-id";
    let both = "all or none of these fields must be set: 'hash_secret', 'client_secret'";
    for body in [json!({"client_secret": SECRET}), json!({"hash_secret": true})] {
        let refused = expect(patch(api, path, body), 400, json!({"fields": {"@entity": [both]}}));
        assert_eq!(text(&refused, "message"), format!("schema violation ({both})"));
    }
    let changed = patch(api, path, json!({"client_secret": SECRET, "hash_secret": true}));
    expect(changed, 200, json!({"client_secret": SECRET, "hash_secret": true}));
    expect(patch(api, path, json!({"name": "n"})), 200, json!({"client_secret": null, "hash_secret": true}));
    let before = api.unix_s() - 60;
    expect(patch(api, path, json!({"tokens_not_before": before})), 200, json!({"tokens_not_before": before}));
    let to_come = patch(api, path, json!({"tokens_not_before": before + 3600}));
    expect(to_come, 400, json!({"fields": {"tokens_not_before": "must not be in the future"}}));
    expect(patch(api, path, json!({"client_id": "other"})), 200, json!({"client_id": "other"}));
    expect_not_found(get(api, path));
}

fn secrets_that_are_chosen_are_long(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    with_developer(api);
    let application = make_application(api);
    let of_application = format!("/applications/{}/credentials/oauth2", id(&application));
    for (path, body) in
        [("/consumers/bob/oauth2", json!({"name": "a"})), (of_application.as_str(), json!({}))]
    {
        let mut short = body.clone();
        short["client_secret"] = json!("x".repeat(31));
        let refused = expect(post(api, path, short), 400, json!({"code": 2}));
        assert!(text(&refused["fields"], "client_secret").contains("at least 32"), "{refused}");
        let mut long = body;
        long["client_secret"] = json!("x".repeat(32));
        expect(post(api, path, long), 201, json!({}));
    }
}

fn a_client_is_rotated(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    let made = make(api, "/consumers/bob/oauth2", json!({"name": "app", "client_id": "app-id"}));
    let path = format!("/oauth2/{}/rotate", id(&made));
    let rotated = expect(post(api, &path, json!({"grace_seconds": 60})), 201, json!({"id": id(&made)}));
    assert!(text(&rotated, "client_id").starts_with("lk_"));
    assert_ne!(text(&rotated, "client_secret"), text(&made, "client_secret"));
    assert!(rotated["previous_key_ends_at"].is_u64(), "{rotated}");
    expect_gone(delete(api, &format!("/consumers/bob/oauth2/{}/rotate", id(&made))));
    let rotated = post(api, &format!("/consumers/bob/oauth2/{}/rotate", id(&made)), json!({}));
    expect(rotated, 201, json!({"previous_key_ends_at": null}));
}

fn the_list_of_clients_has_no_credentials_of_applications(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let credential = &application["credential"];
    make(api, "/consumers", json!({"username": "bob"}));
    let own = make(api, "/consumers/bob/oauth2", json!({"name": "app", "tags": ["x"]}));
    make(api, "/consumers/bob/oauth2", json!({"name": "app", "tags": ["y"]}));
    let list = clients(api, "/oauth2");
    assert!(list.len() == 2 && list.iter().all(|client| id(client) != id(credential)), "{list:?}");
    let list = clients(api, "/oauth2?tags=x");
    assert_eq!((list.len(), id(&list[0])), (1, id(&own)));
    for name in [id(credential), text(credential, "client_id")] {
        let path = format!("/oauth2/{name}");
        expect_not_found(get(api, &path));
        expect_not_found(delete(api, &path));
        expect_not_found(patch(api, &path, json!({"name": "x"})));
        expect_not_found(get(api, &format!("{path}/consumer")));
        expect_not_found(post(api, &format!("{path}/rotate"), json!({})));
        expect_not_found(get(api, &format!("/consumers/bob/oauth2/{name}")));
    }
    let body = json!({"name": "x", "application": {"id": id(&application)}});
    expect(post(api, "/oauth2", body.clone()), 400, json!({"code": 2}));
    // The path says whose it is.
    expect(post(api, "/consumers/bob/oauth2", body), 201, json!({"application": null}));
    let path = format!("/applications/{}/credentials/oauth2/{}", id(&application), id(credential));
    expect(get(api, &path), 200, json!({"client_id": null, "key_use": true}));
    expect(patch(api, &path, json!({"key_use": false})), 200, json!({"key_use": false}));
}

/// A short secret is brought, since it is what clients have; a hash is none.
fn clients_are_imported(api: &dyn Api) {
    let import = "/imports/22222222-2222-4333-8444-555555555555";
    let client = |name: &str, secret: Value| {
        json!({"kind": "oauth2_credentials", "entity": {"name": name, "client_id": name,
               "client_secret": secret, "consumer": {"username": "bob"}}})
    };
    let consumer = json!({"kind": "consumers", "entity": {"username": "bob"}});
    let hash = "$pbkdf2-sha512$i=10000,l=32$c2FsdA$aGFzaA";
    for (entity, field) in [
        (client("a", json!(hash)), "client_secret"),
        (
            json!({"kind": "oauth2_credentials", "entity": {"name": "a", "consumer": {"username": "bob"}}}),
            "client_id",
        ),
        (
            json!({"kind": "oauth2_credentials", "entity": {"name": "a", "client_id": "x",
                "application": {"id": NOBODY}}}),
            "application",
        ),
    ] {
        let refused = put(api, &format!("{import}/parts/0"), json!({"entities": [consumer, entity]}));
        let refused = expect(refused, 400, json!({}));
        assert!(refused["fields"]["entities"]["1"].get(field).is_some(), "{refused}");
    }
    let entities = json!([client("shop", json!("short")), client("bare", json!(null)), consumer]);
    expect(put(api, &format!("{import}/parts/0"), json!({"entities": entities})), 200, json!({}));
    let done = run_import(api, import);
    expect((200, done), 200, json!({"state": "done", "created": 3, "faults": []}));
    assert_eq!(clients(api, "/oauth2").len(), 2);
    let again = "/imports/33333333-2222-4333-8444-555555555555";
    let entities = json!([client("shop", json!("short")), consumer]);
    expect(put(api, &format!("{again}/parts/0"), json!({"entities": entities})), 200, json!({}));
    let done = run_import(api, again);
    expect((200, done), 200, json!({"state": "done", "created": 0, "changed": 0, "unchanged": 2}));
}

fn run_import(api: &dyn Api, import: &str) -> Value {
    for _ in 0..20 {
        let (status, report) = post(api, import, json!({"parts": 1}));
        assert_eq!(status, 200, "{report}");
        if ["done", "refused"].contains(&text(&report, "state").as_str()) {
            return report;
        }
        api.pass(Duration::from_millis(10));
    }
    panic!("{import} comes to no end");
}

fn tokens_are_not_kept(api: &dyn Api) {
    expect(get(api, "/oauth2_tokens?size=1000"), 200, json!({"data": [], "next": null}));
    let refused = post(api, "/oauth2_tokens", json!({"expires_in": 1, "credential": {"id": NOBODY}}));
    let refused = expect(refused, 400, json!({"code": 2}));
    assert!(text(&refused["fields"], "access_token").contains("not stored"), "{refused}");
    expect_gone(delete(api, "/oauth2_tokens/foobar"));
    for call in [patch, put] {
        let (status, _) = call(api, "/oauth2_tokens/foobar", json!({}));
        assert_eq!(status, 405);
    }
}
