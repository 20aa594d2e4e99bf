//! Named admin tokens: made, used, revoked, ended.

use std::time::Duration;

use serde_json::{Value, json};

use super::Api;
use super::ask::{
    Answer, NOBODY, answer, data, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post,
    request, text, with_json,
};
use crate::raw_http::Request;

tests!("tokens":
    a_token_is_shown_once_and_opens_the_admin_api,
    a_revoked_token_is_refused_at_once,
    a_read_only_token_changes_nothing,
    tag_keys_are_shown_to_who_may_change,
    a_token_ends,
    a_token_makes_none_that_outlives_it,
    names_are_unique_and_lead_to_their_token,
    what_is_no_token_is_told,
    tokens_are_listed_in_pages,
    a_forged_token_is_refused,
);

/// Asks with another token than the installation's.
fn ask(api: &dyn Api, token: &str, method: &str, target: &str, body: Option<Value>) -> Answer {
    let request = Request::new(method, target).header("Kong-Admin-Token", token);
    let request = body.iter().fold(request, |request, body| with_json(request, &body.to_string()));
    answer(&api.send(&request))
}

fn refused() -> Answer {
    (401, json!({"message": "Invalid admin token"}))
}

fn a_token_is_shown_once_and_opens_the_admin_api(api: &dyn Api) {
    let made = expect(
        post(api, "/tokens", json!({"name": "ci"})),
        201,
        json!({"name": "ci", "read_only": false, "expires_at": null, "pepper": "current"}),
    );
    let token = text(&made, "token");
    assert!(token.starts_with("lka_") && token.len() == 42, "{} characters", token.len());
    assert_eq!(text(&made, "start"), &token[..7]);
    let created_at = made["created_at"].as_u64().unwrap();
    assert!(created_at.abs_diff(api.unix_s()) < 120);
    for target in ["/tokens", "/tokens/ci", &format!("/tokens/{}", id(&made))] {
        let (status, body) = get(api, target);
        assert_eq!(status, 200, "{target}");
        assert!(!body.to_string().contains(&token[7..]), "{target} shows the token");
        assert!(!body.to_string().contains("digest"), "{target}: {body}");
    }
    let consumer = ask(api, &token, "POST", "/consumers", Some(json!({"username": "bob"})));
    expect(consumer, 201, json!({"username": "bob"}));
    let bearer = Request::get("/consumers/bob").header("Authorization", format!("Bearer {token}"));
    assert_eq!(api.send(&bearer).status, 200);
    assert_eq!(ask(api, &token, "GET", "/nowhere", None).0, 404);
    assert_eq!(ask(api, &token, "PURGE", "/consumers", None).0, 405);
    assert_eq!(ask(api, &token, "OPTIONS", "/consumers", None), (204, Value::Null));
}

fn a_revoked_token_is_refused_at_once(api: &dyn Api) {
    let made = make(api, "/tokens", json!({"name": "ci"}));
    let other = make(api, "/tokens", json!({"name": "other"}));
    let token = text(&made, "token");
    assert_eq!(ask(api, &token, "GET", "/services", None).0, 200);
    // By itself, too.
    expect_gone(ask(api, &token, "DELETE", "/tokens/ci", None));
    for (method, target) in [("GET", "/services"), ("GET", "/nowhere"), ("OPTIONS", "/"), ("PUT", "/tokens")]
    {
        assert_eq!(ask(api, &token, method, target, None).0, 401, "{method} {target}");
    }
    assert_eq!(ask(api, &token, "GET", "/services", None), refused());
    expect_not_found(get(api, "/tokens/ci"));
    // As Kong has it: there is nothing to remove.
    expect_gone(delete(api, "/tokens/ci"));
    expect_gone(delete(api, &format!("/tokens/{NOBODY}")));
    assert_eq!(ask(api, &text(&other, "token"), "GET", "/services", None).0, 200);
    // The name is free, for another token.
    let again = make(api, "/tokens", json!({"name": "ci"}));
    assert_ne!(text(&again, "token"), token);
    assert_eq!(ask(api, &token, "GET", "/services", None), refused());
}

fn a_read_only_token_changes_nothing(api: &dyn Api) {
    let made = make(api, "/tokens", json!({"name": "eye", "read_only": true}));
    let token = text(&made, "token");
    make(api, "/consumers", json!({"username": "bob"}));
    for target in ["/", "/consumers/bob", "/tokens", "/audit", "/schemas/services"] {
        assert_eq!(ask(api, &token, "GET", target, None).0, 200, "{target}");
        assert_eq!(ask(api, &token, "HEAD", target, None).0, 200, "{target}");
        assert_eq!(ask(api, &token, "OPTIONS", target, None).0, 204, "{target}");
    }
    // Not every POST changes something.
    make(api, "/consumers/bob/key-auth", json!({"key": "bobs"}));
    let found = ask(api, &token, "POST", "/keys/find", Some(json!({"key": "bobs"})));
    expect(found, 200, json!({"consumer": {"username": "bob"}}));
    let matched = ask(api, &token, "POST", "/router/match", Some(json!({"path": "/"})));
    expect(matched, 200, json!({"route": null}));
    let validated = ask(api, &token, "POST", "/schemas/consumers/validate", Some(json!({"username": "eve"})));
    assert_eq!(validated.0, 200);
    let body = json!({"username": "rob", "name": "rob"});
    for (method, target) in [
        ("POST", "/key-auths/bobs/rotate"),
        ("DELETE", "/key-auths/bobs/rotate"),
        ("POST", "/consumers"),
        ("PATCH", "/consumers/bob"),
        ("PUT", "/consumers/bob"),
        ("DELETE", "/consumers/bob"),
        ("POST", "/tokens"),
        ("PATCH", "/tokens/eye"),
        ("DELETE", "/tokens/eye"),
    ] {
        let found = ask(api, &token, method, target, Some(body.clone()));
        let message = "This admin token is read-only: it cannot change anything";
        assert_eq!(found, (403, json!({"message": message})), "{method} {target}");
    }
    assert_eq!(ask(api, &token, "DELETE", "/nowhere", None).0, 404);
    assert_eq!(ask(api, &token, "DELETE", "/consumers", None).0, 405);
    let list = expect(get(api, "/consumers"), 200, json!({}));
    assert_eq!(data(&list).len(), 1);
    // It stays what it was made as.
    let refusal = patch(api, "/tokens/eye", json!({"read_only": false}));
    expect(refusal, 400, json!({"fields": {"read_only": "cannot be changed"}}));
}

fn tag_keys_are_shown_to_who_may_change(api: &dyn Api) {
    let tag_keys = expect(get(api, "/tag-keys"), 200, json!({}));
    assert!(!data(&tag_keys).is_empty());
    for tag_key in data(&tag_keys) {
        let digits = tag_key.as_str().unwrap();
        assert!(digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{digits}");
    }
    let reader = text(&make(api, "/tokens", json!({"name": "reader", "read_only": true})), "token");
    assert_eq!(ask(api, &reader, "GET", "/tag-keys", None).0, 403);
    let changer = text(&make(api, "/tokens", json!({"name": "changer"})), "token");
    assert_eq!(ask(api, &changer, "GET", "/tag-keys", None), (200, tag_keys));
}

fn a_token_ends(api: &dyn Api) {
    let short = make(api, "/tokens", json!({"name": "short", "ttl": 3}));
    let end = api.unix_s() + 86_400;
    let long = make(api, "/tokens", json!({"name": "long", "expires_at": end}));
    assert_eq!(long["expires_at"], json!(end));
    assert_eq!(short["expires_at"].as_u64().unwrap(), short["created_at"].as_u64().unwrap() + 3);
    let (short, long) = (text(&short, "token"), text(&long, "token"));
    assert_eq!(ask(api, &short, "GET", "/services", None).0, 200);
    api.pass(Duration::from_secs(4));
    assert_eq!(ask(api, &short, "GET", "/services", None), refused());
    assert_eq!(ask(api, &long, "GET", "/services", None).0, 200);
    // Another end makes it good again; none at all, too.
    expect(patch(api, "/tokens/short", json!({"ttl": 1000})), 200, json!({"name": "short"}));
    assert_eq!(ask(api, &short, "GET", "/services", None).0, 200);
    expect(patch(api, "/tokens/short", json!({"expires_at": null})), 200, json!({"expires_at": null}));
    assert_eq!(ask(api, &short, "GET", "/services", None).0, 200);
}

fn a_token_makes_none_that_outlives_it(api: &dyn Api) {
    let end = api.unix_s() + 86_400;
    let made = make(api, "/tokens", json!({"name": "guest", "expires_at": end}));
    let token = text(&made, "token");
    let sentence = "must not be after the end of the token that asks for it";
    for input in [
        json!({"name": "x"}),
        json!({"name": "x", "expires_at": end + 1}),
        json!({"name": "x", "ttl": 90_000_000}),
    ] {
        let found = ask(api, &token, "POST", "/tokens", Some(input));
        expect(found, 400, json!({"fields": {"expires_at": sentence}}));
    }
    let found = ask(api, &token, "POST", "/tokens", Some(json!({"name": "x", "expires_at": end})));
    expect(found, 201, json!({"expires_at": end}));
    for change in [json!({"expires_at": null}), json!({"expires_at": end + 1})] {
        let found = ask(api, &token, "PATCH", "/tokens/guest", Some(change));
        expect(found, 400, json!({"fields": {"expires_at": sentence}}));
    }
    let found = ask(api, &token, "PATCH", "/tokens/guest", Some(json!({"name": "visitor"})));
    expect(found, 200, json!({"name": "visitor", "expires_at": end}));
}

fn names_are_unique_and_lead_to_their_token(api: &dyn Api) {
    let first = make(api, "/tokens", json!({"name": "a"}));
    let second = make(api, "/tokens", json!({"name": "b"}));
    let taken = json!({"name": "unique constraint violation", "code": 5, "fields": {"name": "a"}});
    expect(post(api, "/tokens", json!({"name": "a"})), 409, taken.clone());
    expect(patch(api, "/tokens/b", json!({"name": "a"})), 409, taken);
    expect(patch(api, "/tokens/b", json!({"name": "c"})), 200, json!({"name": "c", "id": id(&second)}));
    expect_not_found(get(api, "/tokens/b"));
    expect(get(api, "/tokens/c"), 200, json!({"id": id(&second)}));
    expect(get(api, "/tokens/a"), 200, json!({"id": id(&first)}));
    // Under its new name it is the same token.
    assert_eq!(ask(api, &text(&second, "token"), "GET", "/services", None).0, 200);
    expect(patch(api, "/tokens/nobody", json!({"name": "d"})), 404, json!({"message": "Not found"}));
}

fn what_is_no_token_is_told(api: &dyn Api) {
    let past = api.unix_s() - 1000;
    for (input, field, sentence) in [
        (json!({}), "name", "required field missing"),
        (json!({"name": ""}), "name", "length must be at least 1"),
        (json!({"name": 1}), "name", "expected a string"),
        (json!({"name": "a", "read_only": "perhaps"}), "read_only", "expected a boolean"),
        (json!({"name": "a", "read_only": null}), "read_only", "required field missing"),
        (json!({"name": "a", "ttl": 0}), "ttl", "value should be between 1 and 100000000"),
        (json!({"name": "a", "ttl": "x"}), "ttl", "expected an integer"),
        (json!({"name": "a", "expires_at": past}), "expires_at", "must be in the future"),
        (json!({"name": "a", "ttl": 1, "expires_at": 1}), "ttl", "cannot be given beside 'expires_at'"),
        (json!({"name": "a", "scope": "x"}), "scope", "unknown field"),
    ] {
        let found = post(api, "/tokens", input.clone());
        let body = expect(found, 400, json!({"name": "schema violation", "code": 2}));
        assert_eq!(body["fields"], json!({field: sentence}), "{input}");
    }
    let slash = post(api, "/tokens", json!({"name": "a/b"}));
    expect(slash, 400, json!({"name": "schema violation"}));
    let list = expect(get(api, "/tokens"), 200, json!({"next": null}));
    assert!(data(&list).is_empty(), "{list}");
}

fn tokens_are_listed_in_pages(api: &dyn Api) {
    let mut made: Vec<String> =
        (0..5).map(|number| id(&make(api, "/tokens", json!({"name": format!("t{number}")})))).collect();
    made.sort_unstable();
    let mut found = Vec::new();
    let mut target = "/tokens?size=2".to_owned();
    loop {
        let page = expect(get(api, &target), 200, json!({}));
        assert!(data(&page).len() <= 2);
        found.extend(data(&page).iter().map(id));
        match page["next"].as_str() {
            Some(next) => target = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(found, made);
    expect(get(api, "/tokens?size=0"), 400, json!({"code": 9}));
    expect(get(api, "/tokens?offset=x"), 400, json!({"code": 7}));
}

fn a_forged_token_is_refused(api: &dyn Api) {
    let token = text(&make(api, "/tokens", json!({"name": "ci"})), "token");
    for at in [4, 20, 41] {
        let mut forged = token.clone().into_bytes();
        forged[at] = if forged[at] == b'x' { b'y' } else { b'x' };
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(ask(api, &forged, "GET", "/services", None), refused(), "character {at}");
    }
    assert_eq!(ask(api, &token[..41], "GET", "/services", None), refused());
    assert_eq!(ask(api, &format!("{token}x"), "GET", "/services", None), refused());
    assert_eq!(api.send(&request(api, "GET", "/services")).status, 200);
}
