//! Imports: parts that are sent, checked whole, then written.

use serde_json::{Value, json};

use super::Api;
use super::ask::{NOBODY, call, data, delete, expect, expect_not_found, get, id, make, post, put};

tests!("imports":
    an_import_is_checked_whole_then_written,
    a_second_import_of_the_same_changes_nothing,
    a_faulty_part_is_refused_by_place,
    an_import_with_faults_writes_nothing,
    a_dry_run_tells_the_difference,
    what_an_import_does_not_have_is_pruned,
    an_import_is_gone_on_with_as_it_was_begun,
    an_import_is_in_the_audit,
);

const IMPORT: &str = "/imports/4c1d3f7e-8a52-4f5b-9a0e-6f1f5d0f3b21";

/// Sends parts, and answers how the import ends.
#[track_caller]
fn import(api: &dyn Api, parts: &[Value], options: Value) -> Value {
    for (number, entities) in parts.iter().enumerate() {
        let sent = put(api, &format!("{IMPORT}/parts/{number}"), json!({"entities": entities}));
        let count = entities.as_array().unwrap().len();
        expect(sent, 200, json!({"part": number, "entities": count}));
    }
    let report = advance(api, parts.len(), options);
    assert_eq!(delete(api, IMPORT), (204, Value::Null));
    report
}

/// Goes on until all is done or refused; with all differences and faults.
#[track_caller]
fn advance(api: &dyn Api, parts: usize, mut options: Value) -> Value {
    options["parts"] = parts.into();
    let (mut differences, mut faults) = (Vec::new(), Vec::new());
    for _ in 0..1000 {
        let mut report = expect(post(api, IMPORT, options.clone()), 200, json!({}));
        differences.extend(report["differences"].as_array().unwrap().clone());
        faults.extend(report["faults"].as_array().unwrap().clone());
        if report["state"] == "done" || report["state"] == "refused" {
            report["differences"] = differences.into();
            report["faults"] = faults.into();
            return report;
        }
    }
    panic!("it does not end");
}

fn everything() -> [Value; 2] {
    [
        json!([
            {"kind": "plugins", "entity": {"name": "key-auth", "service": {"name": "imported"}}},
            {"kind": "keyauth_credentials", "entity": {"consumer": {"username": "bob"}, "key": "imported-key"}},
            {"kind": "routes", "entity": {"paths": ["/imported"], "service": {"name": "imported"}}},
        ]),
        json!([
            {"kind": "consumers", "entity": {"username": "bob", "tags": ["imported"]}},
            {"kind": "services", "entity": {"name": "imported", "url": "http://a.test/x"}},
        ]),
    ]
}

fn an_import_is_checked_whole_then_written(api: &dyn Api) {
    let report = import(api, &everything(), json!({}));
    let expected = json!({"state": "done", "total": 5, "created": 5, "changed": 0, "unchanged": 0, "deleted": 0, "faults": []});
    let report = expect((200, report), 200, expected);
    let differences = report["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 5);
    for difference in differences {
        assert_eq!((&difference["does"], &difference["fields"]), (&json!("create"), &json!([])));
    }
    let bob = expect(get(api, "/consumers/bob"), 200, json!({"tags": ["imported"]}));
    expect(get(api, "/services/imported"), 200, json!({"host": "a.test", "path": "/x"}));
    expect(
        get(api, "/key-auths/imported-key"),
        200,
        json!({"consumer": {"id": id(&bob)}, "key_start": "imp"}),
    );
    assert_eq!(data(&get(api, "/services/imported/routes").1).len(), 1);
    assert_eq!(data(&get(api, "/services/imported/plugins").1).len(), 1);
    expect_not_found(get(api, IMPORT));
}

fn a_second_import_of_the_same_changes_nothing(api: &dyn Api) {
    import(api, &everything(), json!({}));
    let before = get(api, "/services/imported/routes");
    let report = import(api, &everything(), json!({}));
    let expected =
        json!({"state": "done", "created": 0, "changed": 0, "unchanged": 5, "differences": [], "faults": []});
    expect((200, report), 200, expected);
    assert_eq!(get(api, "/services/imported/routes"), before);

    let mut other = everything();
    other[1][1]["entity"]["url"] = json!("http://b.test/x");
    let report = import(api, &other, json!({}));
    expect((200, report.clone()), 200, json!({"state": "done", "created": 0, "changed": 1, "unchanged": 4}));
    let difference = &report["differences"][0];
    assert_eq!((&difference["does"], &difference["name"]), (&json!("change"), &json!("imported")));
    assert_eq!(difference["fields"], json!(["host"]));
}

fn a_faulty_part_is_refused_by_place(api: &dyn Api) {
    let part = format!("{IMPORT}/parts/3");
    let entities = json!([
        {"kind": "services", "entity": {"name": "good", "host": "a.test"}},
        {"kind": "services", "entity": {"name": "bad"}},
    ]);
    let refused = expect(
        put(api, &part, json!({"entities": entities})),
        400,
        json!({"code": 2, "name": "schema violation", "fields": {"entities": {"1": {"host": "required field missing"}}}}),
    );
    let message = "part 3, entity 1 (services 'bad'): schema violation (host: required field missing)";
    assert_eq!(refused["message"], message);
    expect(
        put(api, &part, json!({})),
        400,
        json!({"code": 2, "fields": {"entities": "required field missing"}}),
    );
    expect(put(api, &part, json!({"entities": [1]})), 400, json!({"code": 2}));
    expect(put(api, "/imports/none/parts/3", json!({"entities": []})), 400, json!({"code": 1}));
    expect(put(api, &format!("{IMPORT}/parts/x"), json!({"entities": []})), 404, json!({}));
    expect_not_found(get(api, IMPORT));
    assert_eq!(data(&get(api, "/imports").1), &[] as &[Value]);
}

fn an_import_with_faults_writes_nothing(api: &dyn Api) {
    let bob = make(api, "/consumers", json!({"username": "bob"}));
    make(api, "/consumers/bob/key-auth", json!({"key": "taken"}));
    let parts = [json!([
        {"kind": "consumers", "entity": {"username": "eve"}},
        {"kind": "consumers", "entity": {"username": "eve"}},
        {"kind": "consumers", "entity": {"username": "bob", "id": NOBODY}},
        {"kind": "routes", "entity": {"paths": ["/"], "service": {"name": "nowhere"}}},
        {"kind": "keyauth_credentials", "entity": {"consumer": {"username": "eve"}, "key": "taken"}},
    ])];
    let report = import(api, &parts, json!({}));
    let report = expect((200, report), 200, json!({"state": "refused", "total": 5}));
    let mut places: Vec<_> = report["faults"].as_array().unwrap().iter().collect();
    places.sort_by_key(|fault| fault["entity"].as_u64());
    let told: Vec<_> =
        places.iter().map(|fault| (fault["part"].as_u64(), fault["entity"].as_u64())).collect();
    assert_eq!(told, [1, 2, 3, 4].map(|entity| (Some(0), Some(entity))));
    assert_eq!(places[0]["message"], "its username is also that of part 0, entity 0");
    assert!(!report.to_string().contains("taken"), "{report}");
    assert_eq!(data(&get(api, "/consumers").1).len(), 1);
    expect(get(api, &format!("/consumers/{}", id(&bob))), 200, json!({"username": "bob"}));
}

fn a_dry_run_tells_the_difference(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    make(api, "/consumers", json!({"username": "eve"}));
    let report = import(api, &everything(), json!({"dry_run": true, "prune": true}));
    let expected = json!({"state": "done", "created": 4, "changed": 1, "deleted": 1, "faults": []});
    let report = expect((200, report), 200, expected);
    let differences = report["differences"].as_array().unwrap();
    let does = |what| differences.iter().filter(move |difference| difference["does"] == what);
    assert_eq!(does("create").count(), 4);
    assert_eq!(does("change").next().unwrap()["fields"], json!(["tags"]));
    assert_eq!(does("delete").next().unwrap()["name"], "eve");
    assert_eq!(data(&get(api, "/services").1), &[] as &[Value]);
    assert_eq!(data(&get(api, "/consumers").1).len(), 2);
}

fn what_an_import_does_not_have_is_pruned(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "eve", "tags": ["old"]}));
    make(api, "/consumers/eve/key-auth", json!({"key": "old", "tags": ["old"]}));
    make(api, "/consumers", json!({"username": "tim"}));
    let report = import(api, &everything(), json!({"prune": true, "select_tags": ["old"]}));
    expect((200, report), 200, json!({"state": "done", "created": 5, "deleted": 2, "faults": []}));
    expect_not_found(get(api, "/consumers/eve"));
    expect(get(api, "/consumers/tim"), 200, json!({}));
    let report = import(api, &everything(), json!({"prune": true}));
    expect((200, report), 200, json!({"state": "done", "unchanged": 5, "deleted": 1, "faults": []}));
    expect_not_found(get(api, "/consumers/tim"));
}

fn an_import_is_gone_on_with_as_it_was_begun(api: &dyn Api) {
    expect(post(api, IMPORT, json!({"parts": 1})), 404, json!({}));
    expect(put(api, &format!("{IMPORT}/parts/0"), json!({"entities": []})), 200, json!({"entities": 0}));
    expect(get(api, IMPORT), 200, json!({"state": "receiving", "differences": [], "faults": []}));
    expect(post(api, IMPORT, json!({"parts": 2})), 400, json!({"code": 2}));
    expect(post(api, IMPORT, json!({})), 400, json!({"fields": {"parts": "required field missing"}}));
    expect(post(api, IMPORT, json!({"parts": 1})), 200, json!({"state": "done"}));
    expect(post(api, IMPORT, json!({"parts": 1})), 200, json!({"state": "done"}));
    expect(post(api, IMPORT, json!({"parts": 1, "prune": true})), 409, json!({}));
    expect(put(api, &format!("{IMPORT}/parts/0"), json!({"entities": []})), 409, json!({}));
    assert_eq!(data(&get(api, "/imports").1).len(), 1);
    assert_eq!(delete(api, IMPORT).0, 204);
    assert_eq!(delete(api, IMPORT).0, 404);
}

fn an_import_is_in_the_audit(api: &dyn Api) {
    import(api, &everything(), json!({}));
    let (status, page) = call(api, "GET", "/audit?entity=consumers&did=created", &Value::Null);
    assert_eq!(status, 200);
    let record = &data(&page)[0];
    assert_eq!(record["who"]["kind"], "admin_token");
}
