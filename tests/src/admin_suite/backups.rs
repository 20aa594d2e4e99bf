//! Back-ups and restores. One goes on at a time: each test ends what others have left.

use serde_json::{Value, json};

use super::Api;
use super::ask::{
    Answer, NOBODY, answer, data, delete, expect, expect_gone, get, id, make, post, put, text, with_json,
};
use crate::raw_http::Request;

tests!("backups":
    a_back_up_is_of_the_moment_that_it_began,
    one_goes_on_at_a_time,
    what_was_backed_up_is_restored,
    nothing_else_is_answered_while_a_restore_goes_on,
    a_restore_that_cannot_be_changes_nothing,
    a_restore_can_be_given_up,
    read_only_tokens_see_none_and_named_ones_restore_none,
);

/// Ends what goes on.
fn end_all(api: &dyn Api) {
    for path in ["/backups", "/restores"] {
        let list = expect(get(api, path), 200, json!({"next": null}));
        data(&list).iter().for_each(|run| expect_gone(delete(api, &format!("{path}/{}", id(run)))));
    }
}

fn begin(api: &dyn Api) -> Value {
    end_all(api);
    make(api, "/backups", json!({}))
}

/// The pages that are left from `target` on.
fn pages(api: &dyn Api, target: String) -> Vec<Value> {
    let (mut pages, mut next) = (Vec::new(), Some(target));
    while let Some(target) = next {
        let page = expect(get(api, &target), 200, json!({}));
        next = page["next"].as_str().map(str::to_owned);
        pages.push(page["data"].clone());
    }
    pages
}

fn take(api: &dyn Api) -> (Value, Vec<Value>) {
    let backup = begin(api);
    let pages = pages(api, format!("/backups/{}/pages?size=20", id(&backup)));
    expect_gone(delete(api, &format!("/backups/{}", id(&backup))));
    (backup, pages)
}

/// How a record was, by what the pages say last of it; `Null`: it was not there.
fn record<'p>(pages: &'p [Value], partition: &str, sort: &str) -> &'p Value {
    let all = pages.iter().flat_map(|page| page.as_array().unwrap());
    let found = all.rev().find(|record| record["partition"] == partition && record["sort"] == sort);
    found
        .filter(|record| record.get("text").is_some() || record.get("base64").is_some())
        .unwrap_or(&Value::Null)
}

fn asked(backup: &Value, replace: bool) -> Value {
    let mut asked = json!({"replace": replace});
    for member in ["id", "format", "peppers", "published_format", "epoch"] {
        asked[member] = backup[member].clone();
    }
    asked
}

fn begin_restore(api: &dyn Api, backup: &Value) -> Value {
    loop {
        let restore =
            expect(post(api, "/restores", asked(backup, true)), 201, json!({"backup": backup["id"]}));
        match text(&restore, "stage").as_str() {
            "clearing" => {}
            "loading" => return restore,
            other => panic!("{other}"),
        }
    }
}

fn restore(api: &dyn Api, backup: &Value, pages: &[Value]) {
    let restore = begin_restore(api, backup);
    for (number, page) in pages.iter().enumerate() {
        let target = format!("/restores/{}/parts/{number}", id(&restore));
        expect(put(api, &target, json!({"data": page})), 200, json!({"next_part": number + 1}));
    }
    finish(api, &restore, pages.len());
}

fn finish(api: &dyn Api, restore: &Value, parts: usize) {
    expect_gone(post(api, &format!("/restores/{}/finish", id(restore)), json!({"parts": parts})));
}

fn a_back_up_is_of_the_moment_that_it_began(api: &dyn Api) {
    let [kept, renamed, gone] =
        ["kept", "renamed", "gone"].map(|name| make(api, "/consumers", json!({"username": name})));
    let backup = begin(api);
    for member in ["format", "version", "hostname", "peppers", "published_format", "epoch", "created_at"] {
        assert!(!backup[member].is_null(), "{member}: {backup}");
    }
    let first = expect(get(api, &format!("/backups/{}/pages?size=1", id(&backup))), 200, json!({}));
    assert_eq!(data(&first).len(), 1);
    let late = make(api, "/consumers", json!({"username": "late"}));
    expect(
        super::ask::patch(api, &format!("/consumers/{}", id(&renamed)), json!({"username": "new"})),
        200,
        json!({}),
    );
    expect_gone(delete(api, &format!("/consumers/{}", id(&gone))));
    let next = text(&first, "next");
    let mut found = vec![first["data"].clone()];
    found.extend(pages(api, next));
    let username = |consumer: &Value| {
        let stored = record(&found, "entity/consumers", &id(consumer))["text"].as_str()?;
        Some(text(&serde_json::from_str(stored).unwrap(), "username"))
    };
    assert_eq!(username(&kept).as_deref(), Some("kept"));
    assert_eq!(username(&renamed).as_deref(), Some("renamed"));
    assert_eq!(username(&gone).as_deref(), Some("gone"));
    assert_eq!(username(&late), None);
    expect_gone(delete(api, &format!("/backups/{}", id(&backup))));
    let ended = get(api, &format!("/backups/{}/pages", id(&backup)));
    expect(ended, 404, json!({"message": "Not found"}));
    expect_gone(delete(api, &format!("/backups/{}", id(&backup))));
}

fn one_goes_on_at_a_time(api: &dyn Api) {
    let backup = begin(api);
    let (status, body) = post(api, "/backups", json!({}));
    assert_eq!(status, 409, "{body}");
    let sentence = text(&body, "message");
    assert!(sentence.contains(&format!("DELETE /admin/backups/{} ends it", id(&backup))), "{sentence}");
    let list = expect(get(api, "/backups"), 200, json!({"next": null}));
    let who = json!({"kind": "admin_token", "id": null, "name": null});
    assert_eq!(data(&list), [json!({"id": backup["id"], "created_at": backup["created_at"], "who": who})]);
    assert_eq!(post(api, "/restores", asked(&backup, true)).0, 409);
    expect(get(api, &format!("/backups/{NOBODY}/pages")), 404, json!({}));
    let target = format!("/backups/{}/pages?offset=x", id(&backup));
    expect(get(api, &target), 400, json!({"code": 7, "name": "invalid offset"}));
    expect_gone(delete(api, &format!("/backups/{}", id(&backup))));
    let told = expect(get(api, &format!("/audit?entity_id={}", id(&backup))), 200, json!({}));
    let did = |record: &Value| text(&record["changes"][0], "did");
    assert_eq!(data(&told).iter().map(did).collect::<Vec<_>>(), ["deleted", "created"]);
}

fn what_was_backed_up_is_restored(api: &dyn Api) {
    let service = make(api, "/services", json!({"name": "s", "host": "a.test"}));
    make(api, "/services/s/routes", json!({"paths": ["/s"]}));
    make(api, "/consumers", json!({"username": "bob", "tags": ["t"]}));
    let key = make(api, "/consumers/bob/key-auth", json!({}));
    let (backup, pages) = take(api);
    expect_gone(delete(api, "/consumers/bob"));
    make(api, "/consumers", json!({"username": "lost"}));
    restore(api, &backup, &pages);
    expect(get(api, "/consumers/lost"), 404, json!({}));
    let listed = expect(get(api, "/consumers/bob/key-auth"), 200, json!({}));
    assert_eq!(data(&listed)[0]["id"], key["id"]);
    expect(get(api, "/consumers?tags=t"), 200, json!({"data": [{"username": "bob"}]}));
    expect(get(api, &format!("/services/{}", id(&service))), 200, json!({"name": "s"}));
    // The audit says so, and nothing of it is lost.
    let told = expect(get(api, &format!("/audit?entity=backups&entity_id={}", id(&backup))), 200, json!({}));
    let did = |record: &Value| text(&record["changes"][0], "did");
    let did: Vec<String> = data(&told).iter().map(did).collect();
    assert_eq!(did, ["restored", "restoring", "deleted", "created"]);
    let lost = expect(get(api, "/audit?entity=consumers&did=created"), 200, json!({}));
    assert!(data(&lost).len() >= 2);
    make(api, "/consumers", json!({"username": "after"}));
}

fn nothing_else_is_answered_while_a_restore_goes_on(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    let (backup, pages) = take(api);
    let started = begin_restore(api, &backup);
    let refused = |(status, body): Answer| {
        let sentence = text(&body, "message");
        assert_eq!(status, 503, "{body}");
        assert!(sentence.contains("is being restored") && sentence.contains(&id(&started)), "{sentence}");
    };
    refused(get(api, "/consumers"));
    refused(get(api, "/consumers/bob"));
    refused(get(api, "/audit"));
    refused(get(api, "/tokens"));
    refused(post(api, "/consumers", json!({"username": "new"})));
    refused(post(api, "/services", json!({"host": "a.test"})));
    refused(super::ask::patch(api, "/consumers/bob", json!({"username": "new"})));
    refused(delete(api, "/consumers/bob"));
    expect(get(api, "/status"), 200, json!({}));
    assert_eq!(post(api, "/backups", json!({})).0, 409);
    let list = expect(get(api, "/restores"), 200, json!({"next": null}));
    assert_eq!(data(&list), std::slice::from_ref(&started));
    // In order, and once more where the reply was lost.
    let part = |number: usize| format!("/restores/{}/parts/{number}", id(&started));
    assert_eq!(put(api, &part(1), json!({"data": []})).0, 409);
    assert_eq!(post(api, &format!("/restores/{}/finish", id(&started)), json!({"parts": 1})).0, 409);
    for (number, page) in pages.iter().enumerate() {
        expect(put(api, &part(number), json!({"data": page})), 200, json!({"next_part": number + 1}));
        expect(put(api, &part(number), json!({"data": []})), 200, json!({"next_part": number + 1}));
    }
    // The same back-up goes on.
    assert_eq!(begin_restore(api, &backup)["next_part"], json!(pages.len()));
    finish(api, &started, pages.len());
    finish(api, &started, pages.len());
    expect(get(api, "/consumers/bob"), 200, json!({"username": "bob"}));
}

fn a_restore_that_cannot_be_changes_nothing(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    let (backup, _) = take(api);
    let with = |member: &str, value: Value| {
        let mut asked = asked(&backup, true);
        asked[member] = value;
        asked
    };
    for (member, value, sentence) in [
        ("format", json!(2), "this program reads back-ups of format 1"),
        ("published_format", json!(2), "this program reads what is published up to format 1"),
        ("peppers", json!([1]), "the back-up needs the pepper of id 1, and this installation has "),
        ("epoch", json!(-1), "value should be between 0 and 4503599627370496"),
        ("id", json!("x"), "expected a valid UUID"),
        ("id", Value::Null, "required field missing"),
    ] {
        let (status, body) = post(api, "/restores", with(member, value));
        let told = body["fields"][member].as_str().unwrap_or_default();
        assert!(status == 400 && told.starts_with(sentence), "{member}: {status} {body}");
    }
    let (status, body) = post(api, "/restores", with("replace", json!(false)));
    assert_eq!(status, 409, "{body}");
    assert!(text(&body, "message").starts_with("this installation is in use"), "{body}");
    expect(get(api, "/consumers/bob"), 200, json!({}));
    expect(put(api, &format!("/restores/{NOBODY}/parts/0"), json!({"data": []})), 404, json!({}));
    expect(post(api, &format!("/restores/{NOBODY}/finish"), json!({"parts": 0})), 404, json!({}));
    expect_gone(delete(api, &format!("/restores/{NOBODY}")));
    // A part is taken whole or not at all.
    let started = begin_restore(api, &backup);
    let part = format!("/restores/{}/parts/0", id(&started));
    let good = json!({"partition": "entity/consumers", "sort": "x", "text": "{}"});
    for bad in [
        json!({"partition": "entity/consumers", "sort": "y", "text": "[]"}),
        json!({"partition": "setting", "sort": "admin_token", "text": "\"00\""}),
        json!({"partition": "whole-store", "sort": "run"}),
        json!({"partition": "", "sort": "y", "text": ""}),
        json!({"partition": "grant/00", "sort": "", "base64": "e30="}),
        json!({"partition": "p", "sort": "", "base64": "e30"}),
        json!({"partition": "p"}),
    ] {
        let refused = put(api, &part, json!({"data": [good, bad]}));
        expect(refused, 400, json!({"code": 2, "name": "schema violation"}));
    }
    expect(put(api, &part, json!({"data": {}})), 400, json!({}));
    expect_gone(delete(api, &format!("/restores/{}", id(&started))));
    expect(get(api, "/consumers"), 200, json!({"data": []}));
}

fn a_restore_can_be_given_up(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    let (backup, pages) = take(api);
    let started = begin_restore(api, &backup);
    expect(
        put(api, &format!("/restores/{}/parts/0", id(&started)), json!({"data": pages[0]})),
        200,
        json!({"next_part": 1}),
    );
    expect_gone(delete(api, &format!("/restores/{}", id(&started))));
    expect(get(api, "/consumers"), 200, json!({"data": []}));
    expect(get(api, "/restores"), 200, json!({"data": []}));
    // Nothing is there that would have to be replaced.
    let restored = expect(post(api, "/restores", asked(&backup, false)), 201, json!({}));
    restore(api, &backup, &pages);
    expect(get(api, "/consumers/bob"), 200, json!({}));
    assert_ne!(restored["id"], started["id"]);
}

fn read_only_tokens_see_none_and_named_ones_restore_none(api: &dyn Api) {
    let backup = begin(api);
    let tokens = [true, false].map(|read_only| {
        text(&make(api, "/tokens", json!({"name": format!("t{read_only}"), "read_only": read_only})), "token")
    });
    let ask = |token: &str, method: &str, target: &str, body: &Value| {
        let request = Request::new(method, target).header("Kong-Admin-Token", token);
        answer(&api.send(&with_json(request, &body.to_string()))).0
    };
    let pages = format!("/backups/{}/pages", id(&backup));
    let part = format!("/restores/{NOBODY}/parts/0");
    for (method, target, read_only, named) in [
        ("GET", "/backups", 200, 200),
        ("GET", pages.as_str(), 403, 200),
        ("GET", "/restores", 200, 200),
        ("POST", "/restores", 403, 403),
        ("PUT", part.as_str(), 403, 403),
    ] {
        let found = [&tokens[0], &tokens[1]].map(|token| ask(token, method, target, &json!({})));
        assert_eq!(found, [read_only, named], "{method} {target}");
    }
    for name in ["ttrue", "tfalse"] {
        expect_gone(delete(api, &format!("/tokens/{name}")));
    }
    end_all(api);
}
