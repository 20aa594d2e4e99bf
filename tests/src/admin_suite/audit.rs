//! The audit: who changed what. What other tests have left is there too: each looks for its own.

use serde_json::{Value, json};

use super::Api;
use super::ask::{data, delete, expect, expect_gone, get, id, make, patch, put, request, text, with_json};
use crate::raw_http::Request;

tests!("audit":
    every_change_has_its_line,
    what_goes_along_has_its_line,
    a_refused_change_has_none,
    named_tokens_sign_what_they_change,
    filters_choose,
    pages_follow_each_other,
    bad_filters_are_told,
    nothing_secret_is_told,
);

/// The records that a query finds, the newest first.
fn records(api: &dyn Api, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut target = format!("/audit?{query}");
    loop {
        let page = expect(get(api, &target), 200, json!({}));
        found.extend(data(&page).iter().cloned());
        match page["next"].as_str() {
            Some(next) => target = next.to_owned(),
            None => return found,
        }
    }
}

/// What became of an entity, the newest first: what was done, and the fields.
fn story(api: &dyn Api, entity: &Value) -> Vec<(String, Value)> {
    let lines = |record: Value| record["changes"].as_array().unwrap().clone();
    let lines = records(api, &format!("entity_id={}", id(entity))).into_iter().flat_map(lines);
    let own = lines.filter(|line| line["entity_id"] == entity["id"]);
    own.map(|line| (text(&line, "did"), line["fields"].clone())).collect()
}

fn every_change_has_its_line(api: &dyn Api) {
    let service = make(api, "/services", json!({"name": "s", "host": "a"}));
    let path = format!("/services/{}", id(&service));
    expect(patch(api, &path, json!({"host": "b", "retries": 1})), 200, json!({}));
    let replaced = json!({"name": "t", "host": "b", "retries": 1, "created_at": service["created_at"]});
    expect(put(api, &path, replaced), 200, json!({}));
    let plugin = json!({"name": "key-auth", "service": {"id": service["id"]}});
    let plugin = make(api, "/plugins", plugin);
    let changed = json!({"config": {"key_names": ["k"], "hide_credentials": true}});
    expect(patch(api, &format!("/plugins/{}", id(&plugin)), changed), 200, json!({}));
    expect_gone(delete(api, &format!("/plugins/{}", id(&plugin))));
    expect_gone(delete(api, &path));
    let line = |did: &str, fields: Value| (did.to_owned(), fields);
    assert_eq!(
        story(api, &service),
        [
            line("deleted", json!([])),
            line("changed", json!(["name"])),
            line("changed", json!(["host", "retries"])),
            line("created", json!([])),
        ]
    );
    assert_eq!(
        story(api, &plugin),
        [
            line("deleted", json!([])),
            line("changed", json!(["config.hide_credentials", "config.key_names"])),
            line("created", json!([])),
        ]
    );
    let record = &records(api, &format!("entity_id={}", id(&service)))[0];
    assert_eq!(record["who"], json!({"kind": "admin_token", "id": null, "name": null}));
    assert_eq!(record["job"], json!(false));
    assert!(record["created_at"].as_u64().unwrap().abs_diff(api.unix_s()) < 120, "{record}");
}

fn what_goes_along_has_its_line(api: &dyn Api) {
    let consumer = make(api, "/consumers", json!({"username": "bob"}));
    let keys: Vec<Value> = (0..40).map(|_| make(api, "/consumers/bob/key-auth", json!({}))).collect();
    expect_gone(delete(api, "/consumers/bob"));
    for key in &keys {
        let dids: Vec<String> = story(api, key).into_iter().map(|(did, _)| did).collect();
        assert_eq!(dids, ["deleted", "created"]);
    }
    // More than fits one commit: hidden by the first, gone with the last, and all by the same caller.
    let dids: Vec<String> = story(api, &consumer).into_iter().map(|(did, _)| did).collect();
    assert_eq!(dids, ["deleted", "deleting", "created"]);
    let found = records(api, &format!("entity_id={}&did=deleted", id(&consumer)));
    assert_eq!((found.len(), &found[0]["job"]), (1, &json!(true)));
    assert_eq!(found[0]["who"]["kind"], "admin_token");
}

fn a_refused_change_has_none(api: &dyn Api) {
    let service = make(api, "/services", json!({"name": "s", "host": "a"}));
    let path = format!("/services/{}", id(&service));
    make(api, "/routes", json!({"paths": ["/"], "service": {"id": service["id"]}}));
    assert_eq!(patch(api, &path, json!({"retries": -1})).0, 400);
    assert_eq!(delete(api, &path).0, 400);
    assert_eq!(story(api, &service).len(), 1);
}

fn named_tokens_sign_what_they_change(api: &dyn Api) {
    let made = make(api, "/tokens", json!({"name": "ci"}));
    let asked = Request::new("POST", "/consumers").header("Kong-Admin-Token", text(&made, "token"));
    let consumer = api.send(&with_json(asked, "{\"username\":\"bob\"}")).json().unwrap();
    expect(patch(api, "/tokens/ci", json!({"name": "robot"})), 200, json!({}));
    expect_gone(delete(api, "/tokens/robot"));
    let found = records(api, &format!("entity_id={}", id(&consumer)));
    // The name that it had then.
    assert_eq!(found[0]["who"], json!({"kind": "named_token", "id": made["id"], "name": "ci"}));
    let told: Vec<(String, Value)> = story(api, &made);
    let line = |did: &str, fields: Value| (did.to_owned(), fields);
    assert_eq!(
        told,
        [line("deleted", json!([])), line("changed", json!(["name"])), line("created", json!([]))]
    );
    for who in ["ci", &id(&made)] {
        let by = records(api, &format!("who={who}&entity_id={}", id(&consumer)));
        assert_eq!(by.len(), 1, "{who}");
    }
    assert!(records(api, &format!("who=robot&entity_id={}", id(&consumer))).is_empty());
}

fn filters_choose(api: &dyn Api) {
    let service = make(api, "/services", json!({"name": "s", "host": "a"}));
    let consumer = make(api, "/consumers", json!({"username": "bob"}));
    expect(patch(api, "/consumers/bob", json!({"username": "rob"})), 200, json!({}));
    let of_consumer = format!("entity_id={}", id(&consumer));
    let now = api.unix_s();
    for (query, expected) in [
        (of_consumer.clone(), 2),
        (format!("{of_consumer}&entity=consumers"), 2),
        (format!("{of_consumer}&entity=services"), 0),
        (format!("{of_consumer}&did=created"), 1),
        (format!("{of_consumer}&did=changed&who=admin_token"), 1),
        (format!("{of_consumer}&did=deleted"), 0),
        (format!("{of_consumer}&who=gateway"), 0),
        (format!("{of_consumer}&since={}", now - 120), 2),
        (format!("{of_consumer}&since={}", now + 120), 0),
        (format!("{of_consumer}&until={}", now + 120), 2),
        (format!("{of_consumer}&until={}", now - 120), 0),
        (format!("{of_consumer}&since={}&until={}", now - 120, now + 120), 2),
        (format!("{of_consumer}&since=0&until=18446744073709551615"), 2),
        ("entity_id=00000000-0000-4000-8000-00000000feed".to_owned(), 0),
        (format!("entity=services&entity_id={}&did=created", id(&service)), 1),
    ] {
        assert_eq!(records(api, &query).len(), expected, "{query}");
    }
}

fn pages_follow_each_other(api: &dyn Api) {
    let consumer = make(api, "/consumers", json!({"username": "n0"}));
    for number in 1..7 {
        let (old, new) = (format!("/consumers/n{}", number - 1), format!("n{number}"));
        expect(patch(api, &old, json!({"username": new})), 200, json!({}));
    }
    let whole = records(api, &format!("entity_id={}&size=1000", id(&consumer)));
    assert_eq!(whole.len(), 7);
    for size in [1, 2, 7] {
        let paged = records(api, &format!("size={size}&entity_id={}", id(&consumer)));
        assert_eq!(paged, whole, "pages of {size}");
    }
    let times: Vec<u64> = whole.iter().map(|record| record["created_at"].as_u64().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    let first = expect(get(api, "/audit?size=2"), 200, json!({}));
    assert_eq!(data(&first).len(), 2);
    let next = text(&first, "next");
    assert!(next.starts_with("/audit?offset=") && next.ends_with("&size=2"), "{next}");
}

fn bad_filters_are_told(api: &dyn Api) {
    for (query, option, sentence) in [
        ("since=soon", "since", "must be a whole number of seconds since the Unix epoch"),
        ("until=-1", "until", "must be a whole number of seconds since the Unix epoch"),
        ("entity_id=x", "entity_id", "must be a valid UUID"),
        ("entity=things", "entity", "must be the name of an entity"),
        (
            "did=painted",
            "did",
            "must be one of: created, changed, moved, deleting, deleted, restoring, restored, given_up, sent, \
             refused, limit_reached, logged_in, logged_out, sessions_ended, reset_started, code_shown, \
             code_refused, log_ins_failed, log_ins_held",
        ),
        ("who=", "who", "must not be empty"),
    ] {
        let message = format!("invalid option ({option}: {sentence})");
        let expected = json!({"code": 11, "message": message, "options": {option: sentence}});
        expect(get(api, &format!("/audit?{query}")), 400, expected);
    }
    expect(get(api, "/audit?size=1001"), 400, json!({"code": 9}));
    for offset in ["x", "WyJhIl0", "W10=", "MQ=="] {
        expect(get(api, &format!("/audit?offset={offset}")), 400, json!({"code": 7}));
    }
    let read = request(api, "POST", "/audit");
    assert_eq!(api.send(&with_json(read, "{}")).status, 405);
}

fn nothing_secret_is_told(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob", "custom_id": "canary-custom"}));
    let made = make(api, "/consumers/bob/key-auth", json!({}));
    let key = text(&made, "key");
    let path = format!("/consumers/bob/key-auth/{}", id(&made));
    expect(patch(api, &path, json!({"key": "canary-of-the-key"})), 200, json!({}));
    let token = text(&make(api, "/tokens", json!({"name": "ci"})), "token");
    let told = Value::from(records(api, &format!("since={}", api.unix_s() - 120))).to_string();
    for secret in [key.as_str(), "canary-of-the-key", "canary-custom", token.as_str(), api.token()] {
        assert!(!told.contains(secret), "the audit tells a value");
    }
    let changed = story(api, &made).into_iter().next().unwrap();
    let fields: Vec<String> = serde_json::from_value(changed.1).unwrap();
    assert!(fields.contains(&"key".to_owned()), "{fields:?}");
}
