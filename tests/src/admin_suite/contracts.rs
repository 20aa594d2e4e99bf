//! Contracts between applications and services.

use serde_json::{Value, json};

use super::Api;
use super::applications::{make_application, with_developer};
use super::ask::{
    NOBODY, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put, text,
};

tests!("contracts":
    contracts_go_through_their_states,
    automatic_approval,
    a_contract_is_reached_from_every_side,
    a_contract_keeps_its_two_sides,
    a_new_contract_has_the_first_state,
    registration_must_be_open,
    automatic_approval_is_for_new_contracts,
    a_contract_may_be_made_again,
    what_is_said_of_a_contract,
    the_queue_of_a_service_is_paged,
    many_contracts_are_decided_at_once,
);

fn open_registration(api: &dyn Api, auto_approve: bool) -> Value {
    let plugin = json!({"name": "application-registration",
        "config": {"display_name": "S", "auto_approve": auto_approve}});
    expect(post(api, "/services/s/plugins", plugin), 201, json!({}))
}

/// The body that asks for a contract with the service of that name.
fn with(api: &dyn Api, service: &str) -> Value {
    json!({"service": {"id": get(api, &format!("/services/{service}")).1["id"]}})
}

fn contracts_go_through_their_states(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let path = format!("/developers/a@b.test/applications/{}/application_instances", id(&application));
    let body = with(api, "s");
    let closed = expect(post(api, &path, body.clone()), 400, json!({"code": 2}));
    assert!(text(&closed, "message").contains("application-registration"));
    open_registration(api, false);
    let composite = format!("{}_{}", id(&application), text(&body["service"], "id"));
    let made = expect(
        post(api, &path, body.clone()),
        201,
        json!({"status": 1, "suspended": false, "composite_id": composite}),
    );
    expect(post(api, &path, body), 409, json!({"code": 5, "fields": {"composite_id": composite}}));
    let contract = format!("/services/s/application_instances/{}", id(&made));
    for (status, answer) in
        [(3, 400), (1, 200), (0, 200), (1, 400), (2, 400), (3, 200), (2, 400), (0, 200), (3, 200), (4, 400)]
    {
        let answered = patch(api, &contract, json!({"status": status}));
        assert_eq!(answered.0, answer, "to {status}: {}", answered.1);
    }
    let refused = patch(api, &contract, json!({"status": 2})).1;
    assert_eq!(
        refused["fields"]["status"],
        "cannot go from 3 (revoked) to 2 (rejected); it can go to 0 (approved)"
    );
    expect(patch(api, &contract, json!({"suspended": true})), 200, json!({"suspended": true, "status": 3}));
    expect(
        get(api, &path),
        200,
        json!({"total": 1, "data": [{"application": {"name": "app", "developer": {"email": "a@b.test"}}}]}),
    );
    expect(get(api, "/services/s/applications"), 200, json!({"data": [{"name": "app"}], "total": 1}));
    expect_gone(delete(api, &format!("{path}/{}", id(&made))));
    expect(get(api, "/services/s/application_instances"), 200, json!({"data": []}));
}

fn automatic_approval(api: &dyn Api) {
    with_developer(api);
    open_registration(api, true);
    let application = make_application(api);
    let path = format!("/applications/{}/application_instances", id(&application));
    expect(post(api, &path, with(api, "s")), 201, json!({"status": 0}));
    expect_gone(delete(api, "/services/s"));
    expect(get(api, &path), 200, json!({"data": []}));
}

fn a_contract_is_reached_from_every_side(api: &dyn Api) {
    let developer = with_developer(api);
    open_registration(api, false);
    make(api, "/services", json!({"name": "t", "host": "a"}));
    let application = make_application(api);
    let body = json!({"application": {"id": application["id"]}});
    let made = expect(post(api, "/services/s/application_instances", body), 201, json!({"status": 1}));
    let (contract, application) = (id(&made), id(&application));
    let sides = [
        format!("/services/s/application_instances/{contract}"),
        format!("/applications/{application}/application_instances/{contract}"),
        format!("/developers/a@b.test/applications/{application}/application_instances/{contract}"),
        format!("/developers/{}/applications/{application}/application_instances/{contract}", id(&developer)),
    ];
    for (side, status) in sides.iter().zip([0, 3, 0, 3]) {
        expect(patch(api, side, json!({"status": status})), 200, json!({"status": status}));
    }
    for side in &sides {
        let found = expect(get(api, side), 200, json!({"status": 3}));
        assert_eq!(id(&found), contract);
    }
    for side in [
        format!("/services/t/application_instances/{contract}"),
        format!("/services/none/application_instances/{contract}"),
        format!("/applications/{NOBODY}/application_instances/{contract}"),
        format!("/services/s/application_instances/{NOBODY}"),
    ] {
        expect_not_found(get(api, &side));
        expect(patch(api, &side, json!({"status": 0})), 404, json!({}));
        expect_not_found(delete(api, &side));
    }
    expect(put(api, &sides[0], json!({"status": 0})), 405, json!({}));
    expect_gone(delete(api, &sides[1]));
    expect_not_found(get(api, &sides[0]));
    expect_not_found(delete(api, &sides[0]));
}

fn a_contract_keeps_its_two_sides(api: &dyn Api) {
    with_developer(api);
    open_registration(api, false);
    let other = make(api, "/services", json!({"name": "t", "host": "a"}));
    let application = make_application(api);
    let path = format!("/applications/{}/application_instances", id(&application));
    let made = make(api, &path, with(api, "s"));
    let contract = format!("{path}/{}", id(&made));
    expect(
        patch(api, &contract, json!({"service": {"id": other["id"]}})),
        400,
        json!({"fields": {"service": "cannot be changed: make another contract"}}),
    );
    // The side in the path is what the path says.
    expect(
        patch(api, &contract, json!({"application": {"id": NOBODY}, "service": made["service"]})),
        200,
        json!({"application": {"id": application["id"]}, "composite_id": made["composite_id"]}),
    );
    for wrong in
        [json!({"service": null}), json!({"service": {"id": "s"}}), json!({"suspended": 1}), json!({"x": 1})]
    {
        let (status, body) = patch(api, &contract, wrong.clone());
        assert_eq!((status, &body["code"]), (400, &json!(2)), "{wrong}: {body}");
    }
    // All but the time of the change above.
    let mut same = made;
    same.as_object_mut().expect("a contract is an object").remove("updated_at");
    expect(get(api, &contract), 200, same);
}

fn a_new_contract_has_the_first_state(api: &dyn Api) {
    with_developer(api);
    open_registration(api, false);
    let application = make_application(api);
    let path = format!("/applications/{}/application_instances", id(&application));
    let mut body = with(api, "s");
    for status in [0, 2, 3] {
        body["status"] = json!(status);
        expect(
            post(api, &path, body.clone()),
            400,
            json!({"fields": {"status": "a new contract has 1; change it afterwards"}}),
        );
    }
    body["status"] = json!(4);
    expect(post(api, &path, body.clone()), 400, json!({"code": 2}));
    expect(get(api, &path), 200, json!({"data": [], "total": 0}));
    body["status"] = json!(1);
    let made = expect(post(api, &path, body), 201, json!({"status": 1}));
    // Rejected, and then approved after all.
    let contract = format!("{path}/{}", id(&made));
    for (status, answer) in [(2, 200), (1, 400), (3, 400), (0, 200)] {
        expect(patch(api, &contract, json!({"status": status})), answer, json!({}));
    }
}

fn registration_must_be_open(api: &dyn Api) {
    with_developer(api);
    let plugin = open_registration(api, false);
    let application = make_application(api);
    let path = format!("/applications/{}/application_instances", id(&application));
    expect(post(api, &path, json!({})), 400, json!({"fields": {"service": "required field missing"}}));
    expect(
        post(api, &path, json!({"service": {"id": NOBODY}})),
        400,
        json!({"code": 4, "fields": {"service": {"id": NOBODY}}}),
    );
    expect(
        post(api, "/services/s/application_instances", json!({"application": {"id": NOBODY}})),
        400,
        json!({"code": 4, "fields": {"application": {"id": NOBODY}}}),
    );
    let plugin = format!("/plugins/{}", id(&plugin));
    expect(patch(api, &plugin, json!({"enabled": false})), 200, json!({}));
    expect(post(api, &path, with(api, "s")), 400, json!({"code": 2}));
    expect(patch(api, &plugin, json!({"enabled": true})), 200, json!({}));
    let made = expect(post(api, &path, with(api, "s")), 201, json!({}));
    // What is there stays when it is closed.
    expect_gone(delete(api, &plugin));
    expect(get(api, &format!("{path}/{}", id(&made))), 200, json!({"status": 1}));
    expect(patch(api, &format!("{path}/{}", id(&made)), json!({"status": 2})), 200, json!({"status": 2}));
}

fn automatic_approval_is_for_new_contracts(api: &dyn Api) {
    with_developer(api);
    let plugin = open_registration(api, false);
    let application = make_application(api);
    let path = format!("/applications/{}/application_instances", id(&application));
    let waiting = make(api, &path, with(api, "s"));
    expect(
        patch(api, &format!("/plugins/{}", id(&plugin)), json!({"config": {"auto_approve": true}})),
        200,
        json!({}),
    );
    expect(get(api, &format!("{path}/{}", id(&waiting))), 200, json!({"status": 1}));
    let body = json!({"name": "second", "redirect_uri": "https://e.test"});
    let second = make(api, "/developers/a@b.test/applications", body);
    let path = format!("/applications/{}/application_instances", id(&second));
    expect(post(api, &path, with(api, "s")), 201, json!({"status": 0}));
}

fn a_contract_may_be_made_again(api: &dyn Api) {
    with_developer(api);
    open_registration(api, false);
    let application = make_application(api);
    let path = format!("/applications/{}/application_instances", id(&application));
    let first = make(api, &path, with(api, "s"));
    let contract = format!("{path}/{}", id(&first));
    expect(patch(api, &contract, json!({"status": 2})), 200, json!({}));
    expect_gone(delete(api, &contract));
    let again = expect(
        post(api, &path, with(api, "s")),
        201,
        json!({"status": 1, "composite_id": first["composite_id"]}),
    );
    assert_ne!(again["id"], first["id"]);
}

/// The longest `note` and `reason`, in characters.
const SAID_MAX: usize = 500;

fn what_is_said_of_a_contract(api: &dyn Api) {
    with_developer(api);
    open_registration(api, false);
    let application = make_application(api);
    let path = format!("/applications/{}/application_instances", id(&application));
    // Of more bytes than characters.
    let (longest, too_long) = ("é".repeat(SAID_MAX), "é".repeat(SAID_MAX + 1));
    let with_note = |note: &str| {
        let mut body = with(api, "s");
        body["note"] = json!(note);
        post(api, &path, body)
    };
    let refusal = |field: &str| json!({"code": 2, "fields": {field: "length must be at most 500"}});
    expect(with_note(&too_long), 400, refusal("note"));
    let made = expect(with_note(&longest), 201, json!({"note": longest, "reason": null}));
    let contract = format!("{path}/{}", id(&made));
    for (change, answer) in [
        (json!({"note": "for our shop"}), json!({"note": "for our shop", "status": 1, "reason": null})),
        (json!({"status": 2, "reason": "who are you?"}), json!({"status": 2, "reason": "who are you?"})),
        (json!({"suspended": true}), json!({"reason": "who are you?"})),
        (json!({"status": 2}), json!({"reason": "who are you?"})),
        (json!({"reason": longest}), json!({"status": 2, "reason": longest})),
        (json!({"status": 0}), json!({"status": 0, "reason": null, "note": "for our shop"})),
        (json!({"reason": "welcome"}), json!({"status": 0, "reason": "welcome"})),
        (json!({"reason": null}), json!({"status": 0, "reason": null})),
        (json!({"status": 3, "reason": "abuse"}), json!({"status": 3, "reason": "abuse"})),
    ] {
        expect(patch(api, &contract, change), 200, answer);
    }
    for (field, change) in
        [("reason", json!({"status": 0, "reason": too_long})), ("note", json!({"note": too_long}))]
    {
        expect(patch(api, &contract, change), 400, refusal(field));
    }
    let said = json!({"status": 3, "note": "for our shop", "reason": "abuse"});
    let of_service = format!("/services/s/application_instances/{}", id(&made));
    for side in [&contract, &of_service] {
        expect(get(api, side), 200, said.clone());
    }
    for list in [path.as_str(), "/services/s/application_instances"] {
        expect(get(api, list), 200, json!({"data": [said], "total": 1}));
    }
}

fn the_queue_of_a_service_is_paged(api: &dyn Api) {
    with_developer(api);
    open_registration(api, false);
    for number in 0..5 {
        let body = json!({"name": format!("app {number}"), "redirect_uri": "https://e.test"});
        let application = make(api, "/developers/a@b.test/applications", body);
        make(api, &format!("/applications/{}/application_instances", id(&application)), with(api, "s"));
    }
    for list in ["/services/s/application_instances", "/services/s/applications"] {
        let page = expect(get(api, &format!("{list}?size=2")), 200, json!({"total": 5, "data": [{}, {}]}));
        let next = text(&page, "next");
        expect(get(api, &next), 200, json!({"total": 5, "data": [{}, {}, {}], "next": null}));
    }
    let applications = get(api, "/services/s/applications").1;
    for application in super::ask::data(&applications) {
        assert!(text(application, "name").starts_with("app "));
        assert!(application.get("credential").is_none());
    }
    expect_not_found(get(api, "/services/none/applications"));
    expect_not_found(get(api, "/services/none/application_instances"));
}

fn many_contracts_are_decided_at_once(api: &dyn Api) {
    with_developer(api);
    open_registration(api, false);
    let ids: Vec<String> = (0..20)
        .map(|number| {
            let application = json!({"name": format!("app {number}"), "redirect_uri": "https://e.test"});
            let application = make(api, "/developers/a@b.test/applications", application);
            let path = format!("/applications/{}/application_instances", id(&application));
            id(&make(api, &path, with(api, "s")))
        })
        .collect();
    let decide = "/application_instances/decide";
    let became = |ids: &[&str], status: u8| -> Value {
        let sent = json!({"contracts": ids, "status": status, "reason": "by the dozen"});
        let answer = expect(post(api, decide, sent), 200, json!({}));
        let data = answer["data"].as_array().unwrap();
        assert!(data.iter().map(|one| text(one, "id")).eq(ids.iter().map(|id| (*id).to_owned())), "{answer}");
        data.iter().map(|one| json!([one["became"], one["status"]])).collect()
    };
    let [first, second] = [&ids[0], &ids[1]].map(String::as_str);
    assert_eq!(became(&[first], 2), json!([["done", 2]]));
    assert_eq!(became(&[second], 3), json!([["left", 1]]));
    let all: Vec<&str> = ids.iter().map(String::as_str).chain([NOBODY, "no id", second]).collect();
    let mut expected = vec![json!(["done", 0]); 23];
    (expected[0], expected[20], expected[21]) =
        (json!(["left", 2]), json!(["gone", null]), json!(["gone", null]));
    expected[22] = json!(["already", 0]);
    assert_eq!(became(&all, 0), json!(expected));
    let path = format!("/application_instances/{second}");
    expect(get(api, &path), 200, json!({"status": 0, "reason": "by the dozen"}));
    assert_eq!(became(&[first, second], 3), json!([["left", 2], ["done", 3]]));
    let many = vec![NOBODY; 501];
    for (wrong, field) in [
        (json!({"contracts": [], "status": 0}), "contracts"),
        (json!({"contracts": many, "status": 0}), "contracts"),
        (json!({"contracts": [7], "status": 0}), "contracts"),
        (json!({"status": 0}), "contracts"),
        (json!({"contracts": [second]}), "status"),
        (json!({"contracts": [second], "status": 1}), "status"),
        (json!({"contracts": [second], "status": 0, "reason": "é".repeat(501)}), "reason"),
    ] {
        let refused = expect(post(api, decide, wrong), 400, json!({"code": 2}));
        assert!(refused["fields"][field] != json!(null), "{field}: {refused}");
    }
    expect(get(api, decide), 405, json!({}));
}
