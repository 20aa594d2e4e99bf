//! What stands in a path, however it is written.

use serde_json::json;

use super::Api;
use super::ask::{
    NOBODY, answer, data, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put,
    request, segment,
};

tests!("paths":
    unknown_paths_are_not_found,
    trailing_slashes_are_taken,
    letters_may_be_escaped,
    paths_that_are_no_utf8_are_not_found needs "encoded-path",
    names_may_hold_slashes needs "encoded-path",
    names_may_hold_what_ends_a_path needs "encoded-path",
    odd_names_are_found,
    names_are_told_apart_by_every_byte,
    long_names_are_found,
    ids_are_found_in_either_case,
    an_id_is_never_taken_for_a_name,
);

fn unknown_paths_are_not_found(api: &dyn Api) {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    for path in [
        "/nowhere",
        "/service",
        "/services/s/nothing",
        "/services/s/routes/r/plugins",
        "/Services",
        "/services/s/s",
        "//services",
        "/services//",
        "/services//routes",
        "/certificates/x",
        "/workspaces/default/services",
    ] {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            let (status, body) = answer(&api.send(&request(api, method, path)));
            assert_eq!((status, body), (404, json!({"message": "Not found"})), "{method} {path}");
        }
    }
}

fn paths_that_are_no_utf8_are_not_found(api: &dyn Api) {
    for path in ["/services/%ff", "/consumers/b%c3", "/%ff"] {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            let (status, body) = answer(&api.send(&request(api, method, path)));
            assert_eq!((status, body), (404, json!({"message": "Not found"})), "{method} {path}");
        }
    }
}

fn trailing_slashes_are_taken(api: &dyn Api) {
    let service = expect(post(api, "/services/", json!({"name": "s", "host": "a"})), 201, json!({}));
    make(api, "/services/s/routes/", json!({"name": "r", "paths": ["/"]}));
    expect(get(api, "/services/s/"), 200, service.clone());
    expect(get(api, "/services/?size=1"), 200, json!({"data": [service]}));
    expect(get(api, "/services/s/routes/r/"), 200, json!({"name": "r"}));
    expect(get(api, "/routes/r/service/"), 200, json!({"name": "s"}));
    expect(patch(api, "/services/s/", json!({"retries": 1})), 200, json!({"retries": 1}));
    expect(put(api, "/consumers/bob/", json!({})), 200, json!({"username": "bob"}));
    expect(get(api, "/status/"), 200, json!({}));
    expect(get(api, "/schemas/services/"), 200, json!({}));
    expect_gone(delete(api, "/services/s/routes/r/"));
    expect_gone(delete(api, "/services/s/"));
    expect(get(api, "/services"), 200, json!({"data": []}));
}

fn letters_may_be_escaped(api: &dyn Api) {
    let service = make(api, "/services", json!({"name": "s", "host": "a"}));
    for path in ["/%73ervices/s", "/services/%73", "/%73%65%72%76%69%63%65%73/%73"] {
        expect(get(api, path), 200, service.clone());
    }
}

fn names_may_hold_slashes(api: &dyn Api) {
    for name in ["eve/1", "/", "//", "a/b/c", "/a", "a/", "key-auth/x"] {
        let path = format!("/consumers/{}", segment(name));
        let made = expect(put(api, &path, json!({})), 200, json!({"username": name}));
        expect(get(api, &path), 200, made.clone());
        expect(
            post(api, &format!("{path}/key-auth"), json!({})),
            201,
            json!({"consumer": {"id": made["id"]}}),
        );
        expect(get(api, &format!("{path}/key-auth?size=1")), 200, json!({"data": [{}]}));
        expect_gone(delete(api, &path));
        expect_not_found(get(api, &path));
    }
}

fn names_may_hold_what_ends_a_path(api: &dyn Api) {
    for name in ["100%", "%", "%41", "b%6fb", "a?b#c", "?", "#", "%2F"] {
        check_name(api, name);
    }
}

/// Consumers may have any name, keys may be any text.
fn odd_names_are_found(api: &dyn Api) {
    for name in [
        "ü",
        "u\u{308}",
        "日本語",
        "🗝️",
        "a b",
        " a ",
        "a+b",
        "a;b=c,d",
        "a\\b",
        "\"quoted\"",
        "<tag>",
        "{services}",
        "null",
        "O'Brien",
        "tab\tbed",
        "two\nlines",
        "\u{7f}\u{80}",
        "\u{feff}bom",
        "\u{202e}right to left",
        "\u{ffff}\u{10ffff}",
        "...",
    ] {
        check_name(api, name);
    }
    expect(get(api, "/consumers"), 200, json!({"data": []}));
}

fn check_name(api: &dyn Api, name: &str) {
    let path = format!("/consumers/{}", segment(name));
    let made = expect(post(api, "/consumers", json!({"username": name, "custom_id": name})), 201, json!({}));
    expect(get(api, &path), 200, made.clone());
    let by_custom_id = format!("/consumers?custom_id={}", segment(name));
    expect(get(api, &by_custom_id), 200, json!({"data": [made], "next": null}));
    expect(put(api, &path, json!({"tags": ["t"]})), 200, json!({"id": made["id"], "username": name}));
    expect(
        post(api, "/consumers", json!({"username": name})),
        409,
        json!({"code": 5, "fields": {"username": name}}),
    );
    let key = expect(post(api, &format!("{path}/key-auth"), json!({"key": name})), 201, json!({"key": name}));
    let by_key = format!("{path}/key-auth/{}", segment(name));
    expect(get(api, &by_key), 200, json!({"id": key["id"], "consumer": {"id": made["id"]}}));
    expect_gone(delete(api, &by_key));
    expect_not_found(get(api, &by_key));
    expect_gone(delete(api, &path));
    expect_not_found(get(api, &path));
}

fn names_are_told_apart_by_every_byte(api: &dyn Api) {
    let names = ["bob", "Bob", "bob ", "bob+", "bo", "bobb", "b\u{f6}b", "bo\u{308}b", "bob\u{200b}"];
    for name in names {
        make(api, "/consumers", json!({"username": name}));
    }
    for name in names {
        expect(get(api, &format!("/consumers/{}", segment(name))), 200, json!({"username": name}));
    }
    assert_eq!(data(&get(api, "/consumers").1).len(), names.len());
    // A plus is a space in a query alone.
    make(api, "/consumers", json!({"custom_id": "a b"}));
    make(api, "/consumers", json!({"custom_id": "a+b"}));
    expect(get(api, "/consumers?custom_id=a+b"), 200, json!({"data": [{"custom_id": "a b"}]}));
    expect(get(api, "/consumers?custom_id=a%2Bb"), 200, json!({"data": [{"custom_id": "a+b"}]}));
    expect(get(api, "/consumers/bob+"), 200, json!({"username": "bob+"}));
}

fn long_names_are_found(api: &dyn Api) {
    // 512 bytes; escaped, three times as many.
    let longest = "ü".repeat(256);
    let path = format!("/consumers/{}", segment(&longest));
    expect(put(api, &path, json!({})), 200, json!({"username": longest}));
    expect(get(api, &path), 200, json!({"username": longest}));
    let made = make(api, &format!("{path}/key-auth"), json!({"key": longest}));
    expect(get(api, &format!("/key-auths/{}", segment(&longest))), 200, json!({"id": made["id"]}));

    let longer = format!("{longest}x");
    let refused = json!({"code": 2, "fields": {"username": "length must be at most 512"}});
    expect(put(api, &format!("/consumers/{}", segment(&longer)), json!({})), 400, refused.clone());
    expect(post(api, "/consumers", json!({"username": longer})), 400, refused);
    expect_not_found(get(api, &format!("/consumers/{}", segment(&"x".repeat(4000)))));
    expect_not_found(get(api, &format!("/key-auths/{}", segment(&"x".repeat(4000)))));
}

fn ids_are_found_in_either_case(api: &dyn Api) {
    let given = "ABCDEFAB-CDEF-4ABC-8DEF-ABCDEFABCDEF";
    let lower = given.to_lowercase();
    let made =
        expect(post(api, "/consumers", json!({"id": given, "username": "bob"})), 201, json!({"id": lower}));
    for spelling in [given, &lower, "%61bcdefab-cdef-4abc-8def-abcdefabcdef"] {
        expect(get(api, &format!("/consumers/{spelling}")), 200, made.clone());
    }
    expect(put(api, &format!("/consumers/{given}"), json!({"username": "eve"})), 200, json!({"id": lower}));
    expect(post(api, "/consumers", json!({"id": given, "username": "x"})), 400, json!({"code": 3}));
    // Other spellings of ids are names.
    let without_hyphens = lower.replace('-', "");
    expect_not_found(get(api, &format!("/consumers/{without_hyphens}")));
    expect_not_found(get(api, &format!("/consumers/%7B{lower}%7D")));
    expect(
        put(api, &format!("/consumers/{without_hyphens}"), json!({})),
        200,
        json!({"username": without_hyphens}),
    );
}

fn an_id_is_never_taken_for_a_name(api: &dyn Api) {
    let bob = id(&make(api, "/consumers", json!({"username": "bob"})));
    let made = make(api, "/consumers", json!({"username": bob}));
    expect(get(api, &format!("/consumers/{bob}")), 200, json!({"username": "bob"}));
    make(api, "/consumers", json!({"username": NOBODY}));
    expect_not_found(get(api, &format!("/consumers/{NOBODY}")));
    expect_gone(delete(api, &format!("/consumers/{NOBODY}")));
    assert_eq!(data(&get(api, "/consumers").1).len(), 3);
    expect(get(api, &format!("/consumers/{}", id(&made))), 200, json!({"username": bob}));
}
