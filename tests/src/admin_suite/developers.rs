//! Developers.

use serde_json::json;

use super::Api;
use super::ask::{delete, expect, expect_gone, expect_not_found, get, id, make, patch, post};

tests!("developers":
    developers_are_found_by_address,
    addresses_are_unique,
    addresses_are_checked,
    a_developer_has_states,
    a_custom_id_is_left_out_when_unset,
    developers_are_not_replaced,
    an_address_is_the_same_in_whatever_case,
    nobody_else_sets_a_password,
);

fn developers_are_found_by_address(api: &dyn Api) {
    expect(
        post(api, "/developers", json!({"email": "a@b.test", "meta": "{}", "status": 0})),
        200,
        json!({"email": "a@b.test", "status": 0, "meta": "{}"}),
    );
    let changed = expect(
        patch(api, "/developers/a@b.test", json!({"status": 3})),
        200,
        json!({"developer": {"status": 3}}),
    );
    let id = id(&changed["developer"]);
    expect(get(api, &format!("/developers/{id}")), 200, json!({"status": 3}));
    expect(get(api, "/developers/a%40b.test"), 200, json!({"id": id}));
    expect(get(api, "/developers"), 200, json!({"total": 1, "data": [{}]}));
    let body = json!({"name": "app", "redirect_uri": "https://e.test"});
    let application = make(api, "/developers/a@b.test/applications", body);
    expect_gone(delete(api, "/developers/a@b.test"));
    expect_not_found(get(api, &format!("/applications/{}", super::ask::id(&application))));
    expect(post(api, "/developers", json!({"email": "a@b.test"})), 200, json!({"status": 1}));
    expect_gone(delete(api, "/developers/nobody@b.test"));
}

fn addresses_are_unique(api: &dyn Api) {
    make(api, "/developers", json!({"email": "a@b.test"}));
    make(api, "/developers", json!({"email": "c@d.test"}));
    let taken = json!({"code": 5, "message": "UNIQUE violation detected on '{email=\"a@b.test\"}'",
                       "fields": {"email": "a@b.test"}});
    expect(post(api, "/developers", json!({"email": "a@b.test"})), 409, taken.clone());
    expect(patch(api, "/developers/c@d.test", json!({"email": "a@b.test"})), 409, taken);
    expect(
        patch(api, "/developers/c@d.test", json!({"email": "e@f.test"})),
        200,
        json!({"developer": {"email": "e@f.test"}}),
    );
    expect_not_found(get(api, "/developers/c@d.test"));
    expect(post(api, "/developers", json!({"email": "c@d.test"})), 200, json!({}));
}

fn an_address_is_the_same_in_whatever_case(api: &dyn Api) {
    let made = make(api, "/developers", json!({"email": "Dee@Example.test"}));
    for path in ["/developers/dee@example.test", "/developers/DEE@EXAMPLE.TEST"] {
        expect(get(api, path), 200, json!({"id": id(&made), "email": "Dee@Example.test"}));
    }
    expect(post(api, "/developers", json!({"email": "dee@example.test"})), 409, json!({"code": 5}));
    let changed = json!({"email": "dee@example.test"});
    expect(patch(api, "/developers/dee@example.test", changed), 200, json!({"developer": {"id": id(&made)}}));
    expect_gone(delete(api, "/developers/DEE@example.test"));
    expect_not_found(get(api, "/developers/Dee@Example.test"));
}

/// A link does, which is mailed, or where there is no mail answered.
fn nobody_else_sets_a_password(api: &dyn Api) {
    let with_password = json!({"email": "a@b.test", "password": "violet harbour tulip 93"});
    let refused = json!({"code": 2, "fields": {"password": "unknown field"}});
    expect(post(api, "/developers", with_password), 400, refused);
    expect(post(api, "/developers", json!({"email": "a@b.test"})), 200, json!({"email_verified": false}));
    let changed = patch(api, "/developers/a@b.test", json!({"email_verified": true}));
    expect(changed, 200, json!({"developer": {"email_verified": false}}));
    let (status, body) = post(api, "/developers/a@b.test/reset-password", json!({}));
    let link = body["link"].as_str().unwrap_or_default();
    assert!(status == 204 || (status == 200 && link.contains("/portal/reset?token=lkm_")), "{status} {body}");
    expect_not_found(post(api, "/developers/nobody@b.test/reset-password", json!({})));
}

fn addresses_are_checked(api: &dyn Api) {
    for email in ["a@b", "o'brien+tag@sub.example.test", "\u{fc}@b\u{fc}cher.test", "a@[10.0.0.1]"] {
        expect(post(api, "/developers", json!({"email": email})), 200, json!({"email": email}));
        let path = format!("/developers/{}", super::ask::segment(email));
        expect(get(api, &path), 200, json!({"email": email}));
    }
    let long = format!("{}@b.test", "x".repeat(250));
    for email in ["", "a", "@b", "a@", "a b@c", "a/b@c", "a@b\n", &long] {
        let (status, body) = post(api, "/developers", json!({"email": email}));
        assert_eq!((status, body["fields"]["email"].is_string()), (400, true), "{email}: {body}");
    }
    expect(post(api, "/developers", json!({})), 400, json!({"fields": {"email": "required field missing"}}));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(16 << 10));
    for meta in [json!("x"), json!("[]"), json!({}), json!(long)] {
        let (status, body) = post(api, "/developers", json!({"email": "m@b", "meta": meta}));
        assert_eq!((status, body["fields"]["meta"].is_string()), (400, true), "{body}");
    }
}

fn a_developer_has_states(api: &dyn Api) {
    make(api, "/developers", json!({"email": "a@b.test"}));
    for status in [0, 3, 1, 2, 0] {
        expect(
            patch(api, "/developers/a@b.test", json!({"status": status})),
            200,
            json!({"developer": {"status": status}}),
        );
    }
    for status in [json!(4), json!(-1), json!("0"), json!(null)] {
        let (code, body) = patch(api, "/developers/a@b.test", json!({"status": status}));
        assert_eq!(code, 400, "{status}: {body}");
    }
    expect(get(api, "/developers/a@b.test"), 200, json!({"status": 0}));
}

fn a_custom_id_is_left_out_when_unset(api: &dyn Api) {
    let without = make(api, "/developers", json!({"email": "a@b.test"}));
    assert!(without.get("custom_id").is_none(), "{without}");
    let made = make(api, "/developers", json!({"email": "c@d.test", "custom_id": "42"}));
    expect(get(api, "/developers?custom_id=42"), 200, json!({"data": [made], "next": null}));
    expect(get(api, "/developers?custom_id=43"), 200, json!({"data": []}));
    expect(
        get(api, "/developers?custom_id="),
        400,
        json!({"message": "custom_id must be an unempty string"}),
    );
    expect(patch(api, "/developers/a@b.test", json!({"custom_id": "42"})), 409, json!({"code": 5}));
}

fn developers_are_not_replaced(api: &dyn Api) {
    make(api, "/developers", json!({"email": "a@b.test"}));
    expect(
        super::ask::put(api, "/developers/a@b.test", json!({"email": "a@b.test"})),
        405,
        json!({"message": "Method not allowed"}),
    );
    let missing = "could not find the entity with '{email=\"x@y.test\"}'";
    expect(patch(api, "/developers/x@y.test", json!({})), 404, json!({"code": 6, "message": missing}));
}
