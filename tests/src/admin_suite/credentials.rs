//! Keys of consumers.

use serde_json::{Value, json};

use super::Api;
use super::ask::{
    Answer, NOBODY, answer, data, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post,
    put, request, text,
};
use crate::fixtures::shown_key;

tests!("credentials":
    keys_are_made_and_listed,
    keys_need_a_consumer,
    keys_are_shown_once_and_found_by_themselves,
    used_keys_are_not_echoed,
    given_keys_are_checked,
    put_never_changes_a_key_silently,
    put_never_moves_a_credential,
    a_credential_goes_to_another_consumer_by_name_only,
    keys_are_unique_over_all_credentials,
    a_changed_key_frees_the_old_one,
    a_body_may_be_left_out,
    keys_may_be_brought_as_digests,
    a_digest_written_back_is_no_change,
    what_only_looks_like_another_form_is_refused,
);

fn with_consumers(api: &dyn Api) -> [Value; 2] {
    ["bob", "eve"].map(|name| make(api, "/consumers", json!({"username": name})))
}

/// POST without body and type.
fn post_nothing(api: &dyn Api, path: &str) -> Answer {
    answer(&api.send(&request(api, "POST", path)))
}

/// Of Kong's own suite.
fn keys_are_made_and_listed(api: &dyn Api) {
    let [bob, _] = with_consumers(api);
    let path = "/consumers/bob/key-auth";
    expect(
        post(api, path, json!({"key": "1234", "tags": ["tag1", "tag2"]})),
        201,
        json!({"key": "1234", "consumer": {"id": bob["id"]}, "tags": ["tag1", "tag2"]}),
    );
    let first = expect(post(api, path, json!({})), 201, json!({"ttl": null}));
    let second = expect(post_nothing(api, path), 201, json!({}));
    assert_ne!(text(&first, "key"), text(&second, "key"));
    assert!(text(&first, "key").starts_with("lk_"));
    assert_eq!(text(&first, "key").len(), 41);

    let list = expect(get(api, path), 200, json!({"next": null, "data": [{}, {}, {}]}));
    let mut shown: Vec<String> = data(&list).iter().map(|shown| text(shown, "key")).collect();
    let mut given = [shown_key("1234"), shown_key(&text(&first, "key")), shown_key(&text(&second, "key"))];
    shown.sort();
    given.sort();
    assert_eq!(shown, given);
    assert!(list.get("offset").is_none());
    expect(get(api, "/key-auths/"), 200, json!({"data": [{}, {}, {}]}));
    let page = expect(get(api, "/key-auths?size=2"), 200, json!({"data": [{}, {}]}));
    let rest = expect(get(api, &text(&page, "next")), 200, json!({"data": [{}], "next": null}));
    assert!(rest.get("offset").is_none());
    assert!(!data(&page).contains(&rest["data"][0]));
}

/// Of Kong's own suite.
fn keys_need_a_consumer(api: &dyn Api) {
    let [bob, _] = with_consumers(api);
    expect(
        post(api, "/key-auths", json!({"key": "1234"})),
        400,
        json!({"message": "schema violation (consumer: required field missing)"}),
    );
    let body = json!({"key": "1234", "consumer": {"id": bob["id"]}});
    expect(post(api, "/key-auths", body), 201, json!({"key": "1234"}));
    let message =
        format!("the foreign key '{{id=\"{NOBODY}\"}}' does not reference an existing 'consumers' entity.");
    expect(
        post(api, "/key-auths", json!({"consumer": {"id": NOBODY}})),
        400,
        json!({"code": 4, "message": message}),
    );
    expect(put(api, &format!("/key-auths/{NOBODY}"), json!({})), 400, json!({"code": 2}));
    expect_not_found(post(api, "/consumers/none/key-auth", json!({})));
    expect_not_found(get(api, "/consumers/none/key-auth"));
}

fn keys_are_shown_once_and_found_by_themselves(api: &dyn Api) {
    with_consumers(api);
    let made = make(api, "/consumers/bob/key-auth", json!({}));
    let key = text(&made, "key");
    for path in [format!("/key-auths/{key}"), format!("/consumers/bob/key-auth/{key}")] {
        let found = expect(get(api, &path), 200, json!({"id": made["id"], "key": shown_key(&key)}));
        assert_eq!(text(&found, "key_start"), key[..7]);
    }
    expect(get(api, &format!("/consumers/eve/key-auth/{key}")), 404, json!({}));
    expect(get(api, &format!("/key-auths/{key}/consumer")), 200, json!({"username": "bob"}));
    let id = id(&made);
    for name in [&key, &id, &shown_key(&key)] {
        let path = format!("/consumers/eve/key-auth/{name}");
        expect(patch(api, &path, json!({"tags": ["t"]})), 404, json!({}));
        expect(delete(api, &path), 404, json!({}));
    }
    expect_gone(delete(api, &format!("/consumers/bob/key-auth/{key}")));
    expect(get(api, &format!("/key-auths/{id}")), 404, json!({}));
    expect_gone(delete(api, &format!("/key-auths/{id}")));
    expect_gone(delete(api, "/key-auths/never-was"));
    // decK deletes what a PUT at another id has taken along already.
    for name in [&key, &id] {
        expect_gone(delete(api, &format!("/consumers/bob/key-auth/{name}")));
    }
    expect_not_found(delete(api, &format!("/consumers/none/key-auth/{id}")));
}

fn used_keys_are_not_echoed(api: &dyn Api) {
    with_consumers(api);
    make(api, "/consumers/bob/key-auth", json!({"key": "canary-key"}));
    let other = make(api, "/consumers/eve/key-auth", json!({}));
    let hidden = json!({"code": 5, "message": "UNIQUE violation detected on '{key=\"<hidden>\"}'",
                        "fields": {"key": "<hidden>"}});
    let path = format!("/consumers/eve/key-auth/{}", id(&other));
    for (taken, status) in [
        (post(api, "/consumers/eve/key-auth", json!({"key": "canary-key"})), 409),
        (post(api, "/consumers/bob/key-auth", json!({"key": "canary-key"})), 409),
        (patch(api, &path, json!({"key": "canary-key"})), 409),
        (put(api, &path, json!({"key": "canary-key"})), 409),
    ] {
        assert!(!taken.1.to_string().contains("canary"), "{}", taken.1);
        expect(taken, status, hidden.clone());
    }
    let missing = expect(patch(api, "/key-auths/canary-other", json!({})), 404, json!({"code": 6}));
    assert!(!missing.to_string().contains("canary"), "{missing}");
    expect_not_found(patch(api, "/consumers/bob/key-auth/canary-other", json!({})));
    for path in ["/key-auths", "/consumers/bob/key-auth", "/key-auths/canary-key", "/key-auths/canary-other"]
    {
        let found = get(api, path).1;
        // A quarter of it at most.
        assert!(!found.to_string().contains("canary-"), "{found}");
    }
}

fn given_keys_are_checked(api: &dyn Api) {
    with_consumers(api);
    for (key, sentence) in [
        (json!(""), "length must be at least 1"),
        (json!(123), "expected a string"),
        (json!(["a"]), "expected a string"),
        (json!("x".repeat(513)), "length must be at most 512"),
        (json!("ü".repeat(257)), "length must be at most 512"),
    ] {
        let refused = post(api, "/consumers/bob/key-auth", json!({"key": key}));
        expect(refused, 400, json!({"code": 2, "fields": {"key": sentence}}));
    }
    // Whose digests are secrets.
    let reserved = json!({"key": "this text is reserved: bring another, or leave it out to have one made"});
    for text in ["latchkey key tag v1", "latchkey pepper id v1"] {
        let refused = post(api, "/consumers/bob/key-auth", json!({"key": text}));
        expect(refused, 400, json!({"code": 2, "fields": reserved}));
        let path = format!("/consumers/bob/key-auth/{}", text.replace(' ', "%20"));
        expect(put(api, &path, json!({})), 400, json!({"code": 2, "fields": reserved}));
        expect(post(api, "/consumers/bob/key-auth", json!({"key": format!("{text} ")})), 201, json!({}));
    }
    // One of the form that is made here must be made here.
    let genuine = text(&make(api, "/consumers/bob/key-auth", json!({})), "key");
    let last = if genuine.ends_with('a') { "b" } else { "a" };
    let mistyped = format!("{}{last}", &genuine[..genuine.len() - 1]);
    for forged in ["lk_forged", "lk_", &mistyped] {
        let refused =
            expect(post(api, "/consumers/bob/key-auth", json!({"key": forged})), 400, json!({"code": 2}));
        assert!(text(&refused["fields"], "key").contains("lk_"));
    }
    // It may be brought back.
    expect_gone(delete(api, &format!("/key-auths/{genuine}")));
    expect(post(api, "/consumers/eve/key-auth", json!({"key": genuine})), 201, json!({"key": genuine}));
    let made = expect(post_nothing(api, "/consumers/bob/key-auth"), 201, json!({}));
    let path = format!("/key-auths/{}", id(&made));
    expect(patch(api, &path, json!({"key": 123})), 400, json!({"fields": {"key": "expected a string"}}));
    for unknown in ["_digest", "_expires_at_ms", "x"] {
        let refused = post(api, "/consumers/bob/key-auth", json!({unknown: "x"}));
        expect(refused, 400, json!({"fields": {unknown: "unknown field"}}));
    }
    // It says what the key begins with, whatever is sent.
    let made = expect(post(api, "/consumers/bob/key-auth", json!({"key_start": "x"})), 201, json!({}));
    assert!(text(&made, "key").starts_with(&text(&made, "key_start")), "{made}");
}

fn put_never_changes_a_key_silently(api: &dyn Api) {
    with_consumers(api);
    let id = "00000000-0000-0000-0000-00000000004d";
    let path = format!("/consumers/bob/key-auth/{id}");
    let made = expect(put(api, &path, json!({})), 200, json!({"id": id}));
    let key = text(&made, "key");
    let again = put(api, &path, json!({"tags": ["t"]}));
    expect(again, 200, json!({"id": id, "key": shown_key(&key), "tags": ["t"], "key_start": &key[..7]}));
    expect(get(api, &format!("/key-auths/{key}")), 200, json!({"id": id}));
    // By key: the path gives it.
    let by_key = expect(put(api, "/consumers/bob/key-auth/abcd", json!({})), 200, json!({"key": "abcd"}));
    expect(
        put(api, "/consumers/bob/key-auth/abcd", json!({"tags": ["u"]})),
        200,
        json!({"id": by_key["id"], "tags": ["u"]}),
    );
    // As decK does: another id, the same key, in either form. The credential takes that id.
    for (number, form) in [(1, "abcd".to_owned()), (2, shown_key("abcd"))] {
        let new = format!("00000000-0000-0000-0000-00000000005{number}");
        let other = format!("/consumers/bob/key-auth/{new}");
        expect(
            put(api, &other, json!({"key": form, "tags": ["v"]})),
            200,
            json!({"id": new, "key": form, "tags": ["v"]}),
        );
        expect(get(api, "/key-auths/abcd"), 200, json!({"id": new, "key": shown_key("abcd")}));
        expect_gone(delete(api, &format!("/consumers/bob/key-auth/{}", text(&by_key, "id"))));
    }
    // An id that another credential has is not to be had with it.
    expect(put(api, &path, json!({"key": "abcd"})), 409, json!({"code": 5}));
    // But never another consumer's.
    let eve = "/consumers/eve/key-auth/00000000-0000-0000-0000-00000000004f";
    expect(put(api, eve, json!({"key": "abcd"})), 409, json!({"code": 5}));
    expect(get(api, "/consumers/bob/key-auth"), 200, json!({"data": [{}, {}]}));
}

fn put_never_moves_a_credential(api: &dyn Api) {
    let [bob, _] = with_consumers(api);
    let made = make(api, "/consumers/bob/key-auth", json!({"key": "abcd"}));
    for name in [id(&made).as_str(), "abcd"] {
        expect(put(api, &format!("/consumers/eve/key-auth/{name}"), json!({})), 404, json!({}));
        expect(put(api, &format!("/consumers/eve/key-auth/{name}"), json!({"key": "abcd"})), 404, json!({}));
    }
    expect(get(api, "/key-auths/abcd"), 200, json!({"id": made["id"], "consumer": {"id": bob["id"]}}));
    expect(get(api, "/consumers/eve/key-auth"), 200, json!({"data": []}));
}

/// At top level, where the body alone says whose it is.
fn a_credential_goes_to_another_consumer_by_name_only(api: &dyn Api) {
    let [bob, eve] = with_consumers(api);
    let made = make(api, "/consumers/bob/key-auth", json!({"key": "abcd"}));
    let to_eve = json!({"consumer": {"id": eve["id"]}});
    // Under a consumer the path says it.
    let nested = format!("/consumers/bob/key-auth/{}", id(&made));
    expect(patch(api, &nested, to_eve.clone()), 200, json!({"consumer": {"id": bob["id"]}}));
    let path = format!("/key-auths/{}", id(&made));
    expect(patch(api, &path, json!({"consumer": null})), 400, json!({"code": 2}));
    expect(patch(api, &path, json!({"consumer": {"id": NOBODY}})), 400, json!({"code": 4}));
    expect(patch(api, &path, to_eve), 200, json!({"consumer": {"id": eve["id"]}, "key": shown_key("abcd")}));
    expect(get(api, "/consumers/bob/key-auth"), 200, json!({"data": []}));
    expect(get(api, "/consumers/eve/key-auth"), 200, json!({"data": [{"id": made["id"]}]}));
    expect(get(api, "/key-auths/abcd/consumer"), 200, json!({"username": "eve"}));
    expect_gone(delete(api, "/consumers/bob"));
    expect(get(api, "/key-auths/abcd"), 200, json!({"id": made["id"]}));
}

fn keys_are_unique_over_all_credentials(api: &dyn Api) {
    with_consumers(api);
    make(api, "/developers", json!({"email": "a@b.test", "status": 0}));
    let body = json!({"name": "app", "redirect_uri": "https://e.test"});
    let application = make(api, "/developers/a@b.test/applications", body);
    let credentials = format!("/applications/{}/credentials/oauth2", id(&application));
    make(api, &credentials, json!({"client_id": "of-an-application"}));
    make(api, "/consumers/bob/key-auth", json!({"key": "of-a-consumer"}));

    let taken = json!({"code": 5, "fields": {"key": "<hidden>"}});
    expect(post(api, "/consumers/bob/key-auth", json!({"key": "of-an-application"})), 409, taken.clone());
    let first = text(&application["credential"], "client_id");
    expect(post(api, "/consumers/bob/key-auth", json!({"key": first})), 409, taken);
    let taken = json!({"code": 5, "fields": {"client_id": "<hidden>"}});
    expect(post(api, &credentials, json!({"client_id": "of-a-consumer"})), 409, taken);
    // Neither is found under the other's paths.
    expect_not_found(get(api, "/key-auths/of-an-application"));
    expect_not_found(get(api, &format!("{credentials}/of-a-consumer")));
    expect_gone(delete(api, "/key-auths/of-an-application"));
    expect(get(api, &format!("{credentials}/of-an-application")), 200, json!({}));
    // One that is gone may go to the other.
    expect_gone(delete(api, "/key-auths/of-a-consumer"));
    expect(post(api, &credentials, json!({"client_id": "of-a-consumer"})), 201, json!({}));
}

fn a_changed_key_frees_the_old_one(api: &dyn Api) {
    with_consumers(api);
    let made = make(api, "/consumers/bob/key-auth", json!({"key": "one"}));
    let path = format!("/key-auths/{}", id(&made));
    expect(
        patch(api, &path, json!({"key": "two", "tags": ["t"]})),
        200,
        json!({"key": "two", "tags": ["t"]}),
    );
    expect_not_found(get(api, "/key-auths/one"));
    expect(get(api, "/key-auths/two"), 200, json!({"id": made["id"]}));
    expect(post(api, "/consumers/eve/key-auth", json!({"key": "one"})), 201, json!({}));
    expect(patch(api, &path, json!({"key": "one"})), 409, json!({"code": 5}));
    // The same key again is no change.
    expect(patch(api, &path, json!({"key": "two"})), 200, json!({"id": made["id"], "key": "two"}));
    let nested = format!("/consumers/bob/key-auth/{}", id(&made));
    expect(
        put(api, &nested, json!({"key": "three"})),
        200,
        json!({"id": made["id"], "key": "three", "tags": null}),
    );
    expect_not_found(get(api, "/key-auths/two"));
    expect(get(api, "/key-auths/three"), 200, json!({"id": made["id"]}));
}

fn a_body_may_be_left_out(api: &dyn Api) {
    with_consumers(api);
    let made = expect(post_nothing(api, "/consumers/bob/key-auth"), 201, json!({}));
    for method in ["PUT", "PATCH"] {
        let path = format!("/consumers/bob/key-auth/{}", id(&made));
        let request = request(api, method, &path);
        expect(
            answer(&api.send(&request)),
            200,
            json!({"id": made["id"], "key": shown_key(&text(&made, "key"))}),
        );
    }
    expect(get(api, &format!("/key-auths/{}", text(&made, "key"))), 200, json!({"id": made["id"]}));
}

fn keys_may_be_brought_as_digests(api: &dyn Api) {
    with_consumers(api);
    let digest = shown_key("brought");
    let upper = format!("sha256:{}", digest["sha256:".len()..].to_uppercase());
    let made = expect(
        post(api, "/consumers/bob/key-auth", json!({"key": upper, "tags": ["t"]})),
        201,
        json!({"key": digest, "key_start": "sha256:", "tags": ["t"]}),
    );
    for name in [id(&made), digest.clone(), upper, "brought".to_owned(), format!("unknown:{}", id(&made))] {
        expect(get(api, &format!("/key-auths/{name}")), 200, json!({"id": made["id"], "key": digest}));
    }
    // The same key in whatever form, whosever it is to be.
    let hidden = json!({"code": 5, "fields": {"key": "<hidden>"}});
    for consumer in ["bob", "eve"] {
        for form in ["brought", &digest] {
            let path = format!("/consumers/{consumer}/key-auth");
            expect(post(api, &path, json!({"key": form})), 409, hidden.clone());
        }
    }
    make(api, "/developers", json!({"email": "a@b.test", "status": 0}));
    let body = json!({"name": "app", "redirect_uri": "https://e.test"});
    let application = make(api, "/developers/a@b.test/applications", body);
    let credentials = format!("/applications/{}/credentials/oauth2", id(&application));
    let taken = json!({"code": 5, "fields": {"client_id": "<hidden>"}});
    expect(post(api, &credentials, json!({"client_id": "brought"})), 409, taken);
    let client_id = text(&application["credential"], "client_id");
    expect(post(api, "/consumers/bob/key-auth", json!({"key": shown_key(&client_id)})), 409, hidden);

    // By the path, and gone with it.
    let by_path = format!("/consumers/bob/key-auth/{}", shown_key("other"));
    let other = expect(put(api, &by_path, json!({})), 200, json!({"key": shown_key("other")}));
    expect(put(api, &by_path, json!({"tags": ["u"]})), 200, json!({"id": other["id"], "tags": ["u"]}));
    expect_gone(delete(api, &by_path));
    expect_not_found(get(api, "/key-auths/other"));
    expect(patch(api, "/key-auths/brought", json!({"key": "in-clear"})), 200, json!({"key": "in-clear"}));
    expect_not_found(get(api, &format!("/key-auths/{digest}")));
}

fn a_digest_written_back_is_no_change(api: &dyn Api) {
    with_consumers(api);
    let made = make(api, "/consumers/bob/key-auth", json!({}));
    let (key, path) = (text(&made, "key"), format!("/consumers/bob/key-auth/{}", id(&made)));
    for shown in [shown_key(&key), format!("unknown:{}", id(&made))] {
        for (answer, tags) in [
            (put(api, &path, json!({"key": shown})), json!(null)),
            (patch(api, &path, json!({"key": shown, "tags": ["t"]})), json!(["t"])),
        ] {
            let expected =
                json!({"id": made["id"], "key": shown_key(&key), "tags": tags, "key_start": &key[..7]});
            expect(answer, 200, expected);
        }
        expect(get(api, &format!("/key-auths/{key}")), 200, json!({"id": made["id"]}));
    }
}

fn what_only_looks_like_another_form_is_refused(api: &dyn Api) {
    with_consumers(api);
    let made = make(api, "/consumers/bob/key-auth", json!({}));
    let path = format!("/consumers/bob/key-auth/{}", id(&made));
    let digest = shown_key("k");
    for shown in [
        "sha256:",
        "sha256:k",
        &digest[..70],
        &format!("{digest}0"),
        "unknown:",
        "unknown:k",
        &format!("unknown:{NOBODY}"),
    ] {
        for refused in [
            post(api, "/consumers/bob/key-auth", json!({"key": shown})),
            patch(api, &path, json!({"key": shown})),
            put(api, &path, json!({"key": shown})),
        ] {
            let refused = expect(refused, 400, json!({"code": 2}));
            assert!(refused["fields"]["key"].is_string(), "{refused}");
        }
        expect_not_found(get(api, &format!("/key-auths/{shown}")));
    }
    expect(get(api, &path), 200, json!({"key": shown_key(&text(&made, "key"))}));
}
