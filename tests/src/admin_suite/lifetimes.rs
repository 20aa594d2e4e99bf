//! Credentials that end.

use std::time::Duration;

use serde_json::{Value, json};

use super::Api;
use super::applications::{make_application, with_developer};
use super::ask::{delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put};

tests!("lifetimes":
    a_key_ends,
    ttl_is_changed,
    an_end_is_a_time_too,
    credentials_of_applications_end,
    ttl_has_bounds,
    put_by_an_ended_key_makes_a_new_credential,
);

/// Seconds that a key lives in which it is asked for.
const SHORT_S: u64 = 5;
/// Seconds that a test may have taken on a busy machine.
const SLACK_S: u64 = 40;

/// Waits until what was given so many seconds before has ended.
fn pass_the_end(api: &dyn Api, ttl_s: u64) {
    api.pass(Duration::from_millis(ttl_s * 1000 + 200));
}

fn with_bob(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
}

/// Checks for the seconds left, some of which the calls before have used up.
#[track_caller]
fn expect_ttl(answer: (u16, Value), status: u16, ttl_s: u64) -> Value {
    let body = expect(answer, status, json!({}));
    let left = body["ttl"].as_u64().unwrap_or_else(|| panic!("no ttl in {body}"));
    assert!(left <= ttl_s && left + SLACK_S > ttl_s, "{left} instead of {ttl_s} in {body}");
    body
}

/// Of Kong's own suite.
fn a_key_ends(api: &dyn Api) {
    with_bob(api);
    let made =
        expect_ttl(post(api, "/consumers/bob/key-auth", json!({"ttl": SHORT_S, "key": "k"})), 201, SHORT_S);
    let lasting = make(api, "/consumers/bob/key-auth", json!({}));
    let path = format!("/consumers/bob/key-auth/{}", id(&made));
    expect_ttl(get(api, &path), 200, SHORT_S);
    pass_the_end(api, SHORT_S);
    for path in [&path, "/key-auths/k", "/key-auths/k/consumer", "/consumers/bob/key-auth/k"] {
        expect_not_found(get(api, path));
    }
    for list in ["/key-auths", "/consumers/bob/key-auth"] {
        expect(get(api, list), 200, json!({"data": [{"id": lasting["id"], "ttl": null}]}));
    }
    expect_not_found(patch(api, &path, json!({"ttl": 1000})));
    expect_not_found(delete(api, &path));
    // The key may be given again.
    expect(post(api, "/consumers/bob/key-auth", json!({"key": "k"})), 201, json!({"ttl": null}));
    expect(get(api, "/key-auths/k"), 200, json!({"ttl": null}));
    expect_not_found(get(api, &path));
    expect_gone(delete(api, "/consumers/bob"));
}

fn ttl_is_changed(api: &dyn Api) {
    with_bob(api);
    let made =
        expect_ttl(post(api, "/consumers/bob/key-auth", json!({"key": "one", "ttl": 1000})), 201, 1000);
    let path = format!("/key-auths/{}", id(&made));
    expect_ttl(patch(api, &path, json!({"tags": ["t"]})), 200, 1000);
    expect_ttl(patch(api, &path, json!({"key": "two"})), 200, 1000);
    expect_ttl(get(api, "/key-auths/two"), 200, 1000);
    expect(patch(api, &path, json!({"ttl": 0})), 200, json!({"ttl": null}));
    expect_ttl(patch(api, &path, json!({"ttl": 700})), 200, 700);
    expect(patch(api, &path, json!({"ttl": null})), 200, json!({"ttl": null}));
    expect_ttl(patch(api, &path, json!({"ttl": 500})), 200, 500);
    // Whoever knows of no ends makes no key endless, as Kong would.
    let nested = format!("/consumers/bob/key-auth/{}", id(&made));
    expect_ttl(put(api, &nested, json!({})), 200, 500);
    expect_ttl(put(api, &nested, json!({"ttl": 300})), 200, 300);
    expect(put(api, &nested, json!({"ttl": null})), 200, json!({"ttl": null}));
}

fn an_end_is_a_time_too(api: &dyn Api) {
    with_bob(api);
    let path = "/consumers/bob/key-auth";
    let end = api.unix_s() + 10_000;
    let made = expect(post(api, path, json!({"expires_at": end})), 201, json!({"expires_at": end}));
    let path = format!("{path}/{}", id(&made));
    expect_ttl(get(api, &path), 200, 10_000);
    expect(patch(api, &path, json!({"tags": ["t"]})), 200, json!({"expires_at": end}));
    expect(put(api, &path, json!({})), 200, json!({"expires_at": end}));
    expect(patch(api, &path, json!({"expires_at": end + 1})), 200, json!({"expires_at": end + 1}));
    expect(patch(api, &path, json!({"expires_at": null})), 200, json!({"expires_at": null, "ttl": null}));
    for (body, field, sentence) in [
        (json!({"ttl": 5, "expires_at": end}), "ttl", "cannot be given beside 'expires_at'"),
        (json!({"expires_at": api.unix_s() - 1_000}), "expires_at", "must be in the future"),
        (json!({"expires_at": 0}), "expires_at", "must be in the future"),
        (json!({"expires_at": -1}), "expires_at", "value should be between 0 and 253402300799"),
        (json!({"expires_at": 1.5}), "expires_at", "expected an integer"),
        (json!({"expires_at": "soon"}), "expires_at", "expected an integer"),
    ] {
        for refused in [
            post(api, "/consumers/bob/key-auth", body.clone()),
            patch(api, &path, body.clone()),
            put(api, &path, body.clone()),
        ] {
            expect(refused, 400, json!({"code": 2, "fields": {field: sentence}}));
        }
    }
    expect(get(api, &path), 200, json!({"expires_at": null}));
}

fn credentials_of_applications_end(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let path = format!("/applications/{}/credentials/oauth2", id(&application));
    let made = expect_ttl(post(api, &path, json!({"ttl": 1000})), 201, 1000);
    let own = format!("{path}/{}", id(&made));
    expect_ttl(patch(api, &own, json!({"name": "phone"})), 200, 1000);
    let end = api.unix_s() + 10_000;
    expect(patch(api, &own, json!({"expires_at": end})), 200, json!({"expires_at": end, "name": "phone"}));
    expect(patch(api, &own, json!({"ttl": 0})), 200, json!({"expires_at": null, "ttl": null}));
    expect(patch(api, &own, json!({"ttl": -1})), 400, json!({"code": 11}));
    expect(patch(api, &own, json!({"ttl": 5, "expires_at": end})), 400, json!({"code": 2}));
    expect_ttl(patch(api, &own, json!({"ttl": 2})), 200, 2);
    pass_the_end(api, 2);
    expect_not_found(get(api, &own));
    expect_not_found(delete(api, &own));
    let first = &application["credential"];
    expect(get(api, &path), 200, json!({"data": [{"id": first["id"], "expires_at": null}]}));
}

fn ttl_has_bounds(api: &dyn Api) {
    with_bob(api);
    expect(post(api, "/consumers/bob/key-auth", json!({"ttl": 0})), 201, json!({"ttl": null}));
    expect_ttl(post(api, "/consumers/bob/key-auth", json!({"ttl": 100_000_000})), 201, 100_000_000);
    let path = "/consumers/bob/key-auth";
    let id = make(api, path, json!({"key": "k"}))["id"].as_str().unwrap().to_owned();
    let range = "must be an integer between 0 and 100000000";
    // An option of the call in Kong, looked at before the entity.
    for ttl in [json!(-1), json!(100_000_001), json!(1e300), json!(1.5), json!("60"), json!([]), json!(true)]
    {
        let wrong = || json!({"ttl": ttl, "nonsense": 1});
        let calls = [
            post(api, path, wrong()),
            patch(api, &format!("{path}/{id}"), wrong()),
            put(api, &format!("{path}/{id}"), wrong()),
        ];
        for refused in calls {
            let body = expect(
                refused,
                400,
                json!({"code": 11, "name": "invalid options",
                "message": format!("invalid option (ttl: {range})"), "options": {"ttl": range}}),
            );
            assert_eq!(body.get("fields"), None, "{body}");
        }
    }
    expect(get(api, "/key-auths/k"), 200, json!({"ttl": null}));
    expect_ttl(post(api, path, json!({"ttl": 60.0})), 201, 60);
    // Only where there is such an option.
    expect(post(api, "/consumers", json!({"username": "c", "ttl": -1})), 400, json!({"code": 2}));
}

fn put_by_an_ended_key_makes_a_new_credential(api: &dyn Api) {
    with_bob(api);
    let made = make(api, "/consumers/bob/key-auth", json!({"key": "k", "ttl": 2, "tags": ["old"]}));
    let by_id = make(api, "/consumers/bob/key-auth", json!({"key": "l", "ttl": 2}));
    pass_the_end(api, 2);
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
