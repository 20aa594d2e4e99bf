//! Services.

use serde_json::{Value, json};

use super::Api;
use super::ask::{
    NOBODY, data, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put, text,
};

tests!("services":
    service_lives,
    urls_are_taken_apart,
    put_replaces_whole,
    patch_changes_what_it_names,
    ids_are_given_or_made,
    times_are_kept,
    names_are_unique,
);

fn service_lives(api: &dyn Api) {
    let made = expect(
        post(api, "/services", json!({"name": "s", "url": "https://u.test/v1"})),
        201,
        json!({
            "name": "s", "protocol": "https", "host": "u.test", "port": 443, "path": "/v1", "retries": 5,
            "connect_timeout": 60000, "tags": null, "enabled": true,
        }),
    );
    assert!(made.get("url").is_none());
    let id = id(&made);
    let path = format!("/services/{}", id.to_uppercase());
    expect(get(api, &path), 200, made.clone());
    expect(
        patch(api, "/services/s", json!({"path": null, "retries": 1})),
        200,
        json!({"id": id, "path": null, "retries": 1, "port": 443, "created_at": made["created_at"]}),
    );
    expect(
        put(api, "/services/s", json!({"host": "v.test"})),
        200,
        json!({"id": id, "name": "s", "host": "v.test", "retries": 5, "protocol": "http", "port": 80}),
    );
    expect(put(api, "/services/new", json!({"host": "v.test"})), 200, json!({"name": "new"}));
    expect(
        post(api, "/services", json!({"name": "s", "host": "a"})),
        409,
        json!({"code": 5, "name": "unique constraint violation", "fields": {"name": "s"},
               "message": "UNIQUE violation detected on '{name=\"s\"}'"}),
    );
    expect(
        post(api, "/services", json!({"id": id, "host": "a"})),
        400,
        json!({"code": 3, "message": format!("primary key violation on key '{{id=\"{id}\"}}'")}),
    );
    for _ in 0..2 {
        expect_gone(delete(api, "/services/s"));
    }
    expect_not_found(get(api, "/services/s"));
    expect(
        patch(api, "/services/s", json!({})),
        404,
        json!({"code": 6, "name": "not found", "message": "could not find the entity with '{name=\"s\"}'"}),
    );
    expect(
        patch(api, &format!("/services/{id}"), json!({})),
        404,
        json!({"message": format!("could not find the entity with primary key '{{id=\"{id}\"}}'")}),
    );
    expect(post(api, "/services", json!({"name": "s", "host": "a"})), 201, json!({}));
}

fn urls_are_taken_apart(api: &dyn Api) {
    for (url, protocol, host, port, path) in [
        ("http://a.test", "http", "a.test", 80, Value::Null),
        ("https://a.test", "https", "a.test", 443, Value::Null),
        ("http://a.test:8080/v1/x", "http", "a.test", 8080, json!("/v1/x")),
        ("https://10.0.0.1/", "https", "10.0.0.1", 443, json!("/")),
    ] {
        let made = make(api, "/services", json!({"url": url}));
        for (field, value) in
            [("protocol", json!(protocol)), ("host", json!(host)), ("port", json!(port)), ("path", path)]
        {
            assert_eq!(made[field], value, "{field} of {url}");
        }
    }
    for url in ["", "a.test", "http://", "http:///x", "ftp:", "http://a.test:x"] {
        let (status, body) = post(api, "/services", json!({"url": url}));
        assert_eq!((status, &body["code"]), (400, &json!(2)), "{url}: {body}");
    }
    make(api, "/services", json!({"name": "s", "host": "a", "port": 1}));
    expect(
        patch(api, "/services/s", json!({"url": "https://b.test/p"})),
        200,
        json!({"protocol": "https", "host": "b.test", "port": 443, "path": "/p"}),
    );
}

fn put_replaces_whole(api: &dyn Api) {
    let path = format!("/services/{NOBODY}");
    let full = json!({"name": "s", "host": "a", "path": "/p", "retries": 0, "tags": ["t"], "enabled": false});
    let made = expect(put(api, &path, full), 200, json!({"id": NOBODY, "retries": 0, "enabled": false}));
    expect(get(api, "/services/s"), 200, made);
    expect(
        put(api, &path, json!({"host": "b"})),
        200,
        json!({"id": NOBODY, "name": null, "host": "b", "path": null, "retries": 5, "tags": null, "enabled": true}),
    );
    expect_not_found(get(api, "/services/s"));
    // A refused PUT changes nothing.
    expect(
        put(api, &path, json!({"path": "/x"})),
        400,
        json!({"fields": {"host": "required field missing"}}),
    );
    expect(get(api, &path), 200, json!({"host": "b", "path": null}));
    // The path decides, whatever the body says.
    make(api, "/services", json!({"name": "t", "host": "a"}));
    expect(put(api, "/services/t", json!({"host": "c", "name": "other"})), 200, json!({"name": "t"}));
    assert_eq!(data(&get(api, "/services").1).len(), 2);
}

fn patch_changes_what_it_names(api: &dyn Api) {
    let made = make(api, "/services", json!({"name": "s", "host": "a", "path": "/p", "tags": ["t", "u"]}));
    let same = expect(
        patch(api, "/services/s", json!({})),
        200,
        json!({"host": "a", "path": "/p", "tags": ["t", "u"]}),
    );
    assert_eq!(same["created_at"], made["created_at"]);
    expect(patch(api, "/services/s", json!({"tags": ["v"]})), 200, json!({"tags": ["v"], "path": "/p"}));
    expect(patch(api, "/services/s", json!({"tags": null})), 200, json!({"tags": null}));
    expect(
        patch(api, "/services/s", json!({"host": null})),
        400,
        json!({"fields": {"host": "required field missing"}}),
    );
    expect(patch(api, "/services/s", json!({"x": 1})), 400, json!({"fields": {"x": "unknown field"}}));
    // What does not fit what is there is refused.
    expect(patch(api, "/services/s", json!({"protocol": "tcp"})), 400, json!({"code": 2}));
    expect(
        patch(api, "/services/s", json!({"name": "renamed"})),
        200,
        json!({"id": made["id"], "name": "renamed"}),
    );
    expect_not_found(get(api, "/services/s"));
    expect(patch(api, "/services/renamed", json!({"name": null})), 200, json!({"name": null}));
    expect(get(api, &format!("/services/{}", id(&made))), 200, json!({"name": null, "host": "a"}));
}

fn ids_are_given_or_made(api: &dyn Api) {
    let made = make(api, "/services", json!({"host": "a"}));
    let other = make(api, "/services", json!({"host": "a"}));
    assert_ne!(made["id"], other["id"]);
    expect(post(api, "/services", json!({"id": NOBODY, "host": "a"})), 201, json!({"id": NOBODY}));
    expect(
        post(api, "/services", json!({"id": NOBODY, "host": "a"})),
        400,
        json!({"code": 3, "name": "primary key violation", "fields": {"id": NOBODY}}),
    );
    let path = format!("/services/{NOBODY}");
    expect(
        patch(api, &path, json!({"id": made["id"]})),
        400,
        json!({"code": 2, "fields": {"id": "cannot be changed"}}),
    );
    expect(patch(api, &path, json!({"id": NOBODY, "retries": 1})), 200, json!({"retries": 1}));
    for wrong in [json!("x"), json!(5), json!("0f5e7d0e6c0c4e4e9d7e0a0b0c0d0e0f")] {
        let (status, body) = post(api, "/services", json!({"id": wrong, "host": "a"}));
        assert_eq!(status, 400, "{wrong}: {body}");
    }
}

fn times_are_kept(api: &dyn Api) {
    let made = make(api, "/services", json!({"name": "s", "host": "a"}));
    let now = api.unix_s();
    let time = |service: &Value, field: &str| service[field].as_u64().unwrap();
    for field in ["created_at", "updated_at"] {
        assert!(time(&made, field).abs_diff(now) <= 60, "{field} in {made}, at {now}");
    }
    api.pass(std::time::Duration::from_millis(1100));
    let changed = patch(api, "/services/s", json!({"retries": 1})).1;
    assert_eq!(changed["created_at"], made["created_at"]);
    assert!(time(&changed, "updated_at") > time(&made, "updated_at"), "{changed}");
    // What is made when it is absent is not cleared.
    let cleared = patch(api, "/services/s", json!({"id": null, "created_at": null, "updated_at": null})).1;
    assert_eq!((&cleared["id"], &cleared["created_at"]), (&made["id"], &made["created_at"]), "{cleared}");
    assert!(time(&cleared, "updated_at") >= time(&changed, "updated_at"), "{cleared}");
    let replaced = put(api, "/services/s", json!({"host": "a"})).1;
    assert!(time(&replaced, "created_at") > time(&made, "created_at"), "renewed unless sent: {replaced}");
    expect(
        put(api, "/services/s", json!({"host": "a", "created_at": 1_600_000_000})),
        200,
        json!({"created_at": 1_600_000_000}),
    );
    expect(get(api, "/services/s"), 200, json!({"created_at": 1_600_000_000}));
}

fn names_are_unique(api: &dyn Api) {
    let first = make(api, "/services", json!({"name": "first", "host": "a"}));
    make(api, "/services", json!({"name": "second", "host": "a"}));
    // Without a name there may be many.
    for _ in 0..2 {
        make(api, "/services", json!({"host": "a"}));
    }
    let taken = json!({"code": 5, "fields": {"name": "first"}});
    expect(post(api, "/services", json!({"name": "first", "host": "a"})), 409, taken.clone());
    expect(patch(api, "/services/second", json!({"name": "first"})), 409, taken.clone());
    expect(put(api, &format!("/services/{NOBODY}"), json!({"name": "first", "host": "a"})), 409, taken);
    // Its own name is no obstacle.
    let path = format!("/services/{}", id(&first));
    expect(put(api, &path, json!({"name": "first", "host": "b"})), 200, json!({"host": "b"}));
    expect(patch(api, &path, json!({"name": "First"})), 200, json!({"name": "First"}));
    expect(patch(api, "/services/second", json!({"name": "first"})), 200, json!({"name": "first"}));
    expect_gone(delete(api, "/services/First"));
    let again = make(api, "/services", json!({"name": "First", "host": "a"}));
    assert_ne!(text(&again, "id"), id(&first));
}
