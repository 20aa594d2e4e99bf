//! Consumers.

use serde_json::json;

use super::Api;
use super::ask::{NOBODY, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put};

tests!("consumers":
    consumers_are_found_by_custom_id,
    both_names_are_unique,
    one_name_must_stay,
    names_are_free_again,
);

fn consumers_are_found_by_custom_id(api: &dyn Api) {
    let bob = make(api, "/consumers", json!({"username": "bob", "custom_id": "42"}));
    expect(get(api, "/consumers?custom_id=42"), 200, json!({"data": [bob], "next": null}));
    expect(get(api, "/consumers?custom_id=43"), 200, json!({"data": []}));
    expect(get(api, "/consumers?custom_id="), 400, json!({"message": "custom_id must be an unempty string"}));
    expect(put(api, "/consumers/eve", json!({})), 200, json!({"username": "eve"}));
    expect(
        patch(api, "/consumers/eve", json!({"custom_id": "42"})),
        409,
        json!({"fields": {"custom_id": "42"}}),
    );
    expect(get(api, "/consumers/eve"), 200, json!({"custom_id": null}));
    // Not a name for a path.
    expect_not_found(get(api, "/consumers/42"));
}

fn both_names_are_unique(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob", "custom_id": "1"}));
    expect(
        post(api, "/consumers", json!({"username": "bob"})),
        409,
        json!({"code": 5, "message": "UNIQUE violation detected on '{username=\"bob\"}'",
               "fields": {"username": "bob"}}),
    );
    expect(post(api, "/consumers", json!({"custom_id": "1"})), 409, json!({"fields": {"custom_id": "1"}}));
    // One's username may be another's custom_id.
    make(api, "/consumers", json!({"username": "1", "custom_id": "bob"}));
    expect(put(api, &format!("/consumers/{NOBODY}"), json!({"username": "bob"})), 409, json!({"code": 5}));
    expect_not_found(get(api, &format!("/consumers/{NOBODY}")));
}

fn one_name_must_stay(api: &dyn Api) {
    let made = make(api, "/consumers", json!({"username": "bob", "custom_id": "1"}));
    expect(
        patch(api, "/consumers/bob", json!({"username": null})),
        200,
        json!({"username": null, "custom_id": "1"}),
    );
    let path = format!("/consumers/{}", id(&made));
    expect(
        patch(api, &path, json!({"custom_id": null})),
        400,
        json!({"code": 2, "fields": {"@entity": [
        "when updating, at least one of these fields must be non-empty: 'custom_id', 'username'"]}}),
    );
    expect(patch(api, &path, json!({"custom_id": ""})), 400, json!({"code": 2}));
    expect(put(api, &path, json!({})), 400, json!({"code": 2}));
    expect(put(api, &path, json!({"username": "eve"})), 200, json!({"username": "eve", "custom_id": null}));
}

fn names_are_free_again(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob", "custom_id": "1"}));
    expect(patch(api, "/consumers/bob", json!({"username": "bobby", "custom_id": "2"})), 200, json!({}));
    make(api, "/consumers", json!({"username": "bob", "custom_id": "1"}));
    expect_gone(delete(api, "/consumers/bobby"));
    make(api, "/consumers", json!({"username": "bobby", "custom_id": "2"}));
    // A refused change keeps both names.
    expect(patch(api, "/consumers/bob", json!({"username": "x", "custom_id": "2"})), 409, json!({}));
    expect(get(api, "/consumers/bob"), 200, json!({"custom_id": "1"}));
    expect(post(api, "/consumers", json!({"username": "x"})), 201, json!({}));
}
