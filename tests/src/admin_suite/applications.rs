//! Developers' applications.

use serde_json::{Value, json};

use super::Api;
use super::ask::{
    NOBODY, data, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, text,
};

tests!("applications":
    application_comes_with_a_credential_shown_once,
    application_has_a_hidden_consumer,
    an_application_is_changed_by_its_parts,
    applications_belong_to_their_developer,
    names_of_hidden_consumers_are_taken,
    redirect_uris_are_checked,
);

/// A developer and a service `s`.
pub(super) fn with_developer(api: &dyn Api) -> Value {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    make(api, "/developers", json!({"email": "a@b.test", "meta": "{}", "status": 0}))
}

pub(super) fn make_application(api: &dyn Api) -> Value {
    let body = json!({"name": "app", "redirect_uri": "https://e.test", "custom_id": "c1"});
    expect(
        post(api, "/developers/a@b.test/applications", body),
        201,
        json!({"name": "app", "custom_id": "c1"}),
    )
}

fn application_comes_with_a_credential_shown_once(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let credential = &application["credential"];
    assert!(text(credential, "client_id").starts_with("lk_"));
    assert_eq!(text(credential, "client_secret").len(), 43);
    let path = format!("/developers/a@b.test/applications/{}", id(&application));
    let found = expect(get(api, &path), 200, json!({"name": "app"}));
    assert!(found.get("credential").is_none());
    expect(
        get(api, &format!("{path}/credentials/oauth2")),
        200,
        json!({"total": 1, "next": null, "data": [{
            "id": credential["id"], "client_id": null, "client_secret": null, "name": "app",
            "client_id_start": &text(credential, "client_id")[..7], "client_type": "confidential",
            "redirect_uris": ["https://e.test"], "consumer": application["consumer"],
        }]}),
    );
    let credentials = format!("{path}/credentials/oauth2");
    expect(post(api, &credentials, json!({"client_id": "mine"})), 201, json!({"client_id": "mine"}));
    expect(
        post(api, &credentials, json!({"client_id": "mine"})),
        409,
        json!({"fields": {"client_id": "<hidden>"}}),
    );
    expect_gone(delete(api, &format!("{credentials}/mine")));
    expect_gone(delete(api, &format!("{credentials}/{}", id(credential))));
    expect(get(api, &credentials), 200, json!({"data": [], "total": 0}));
}

fn application_has_a_hidden_consumer(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    expect(get(api, "/consumers"), 200, json!({"data": []}));
    let path = format!("/applications/{}", id(&application));
    let expected =
        json!({"id": application["consumer"]["id"], "custom_id": "c1", "username": application["id"]});
    expect(get(api, &format!("{path}/consumer")), 200, expected);
    for body in [json!({"custom_id": "c1"}), json!({"username": application["id"]})] {
        expect(post(api, "/consumers", body), 409, json!({"code": 5}));
    }
    let same_id = json!({"id": application["consumer"]["id"], "username": "x"});
    expect(post(api, "/consumers", same_id), 400, json!({"code": 3}));
    expect(get(api, &format!("{path}/developer")), 200, json!({"email": "a@b.test"}));
    expect(patch(api, &path, json!({"custom_id": "c2"})), 200, json!({"custom_id": "c2"}));
    expect(post(api, "/consumers", json!({"custom_id": "c1"})), 201, json!({}));
    expect_gone(delete(api, &path));
    expect(post(api, "/consumers", json!({"custom_id": "c2"})), 201, json!({}));
}

fn an_application_is_changed_by_its_parts(api: &dyn Api) {
    with_developer(api);
    let application = make_application(api);
    let path = format!("/applications/{}", id(&application));
    let changed = expect(
        patch(api, &path, json!({"name": "other", "redirect_uri": "app:callback"})),
        200,
        json!({"name": "other", "redirect_uri": "app:callback", "custom_id": "c1",
               "consumer": application["consumer"], "developer": application["developer"]}),
    );
    assert!(changed.get("credential").is_none(), "{changed}");
    let cleared = expect(patch(api, &path, json!({"custom_id": null})), 200, json!({}));
    assert!(cleared.get("custom_id").is_none(), "left out when unset: {cleared}");
    expect(
        patch(api, &path, json!({"name": null})),
        400,
        json!({"fields": {"name": "required field missing"}}),
    );
    expect(patch(api, &path, json!({"x": 1})), 400, json!({"fields": {"x": "unknown field"}}));
    expect(patch(api, &path, json!({"id": NOBODY})), 400, json!({"fields": {"id": "cannot be changed"}}));
    expect(super::ask::put(api, &path, json!({})), 405, json!({}));
    expect(get(api, &path), 200, json!({"name": "other"}));
    // Through it, its developer.
    expect(
        patch(api, &format!("{path}/developer"), json!({"meta": "{\"full_name\":\"A\"}"})),
        200,
        json!({"developer": {"email": "a@b.test", "meta": "{\"full_name\":\"A\"}"}}),
    );
}

fn applications_belong_to_their_developer(api: &dyn Api) {
    with_developer(api);
    make(api, "/developers", json!({"email": "c@d.test"}));
    let application = make_application(api);
    let id = id(&application);
    let elsewhere = format!("/developers/c@d.test/applications/{id}");
    expect_not_found(get(api, &elsewhere));
    expect(patch(api, &elsewhere, json!({"name": "x"})), 404, json!({}));
    expect_not_found(delete(api, &elsewhere));
    expect_not_found(get(api, &format!("{elsewhere}/credentials/oauth2")));
    expect_not_found(post(api, &format!("{elsewhere}/credentials/oauth2"), json!({})));
    expect_not_found(get(api, &format!("{elsewhere}/application_instances")));
    expect_not_found(get(api, "/developers/none@d.test/applications"));
    expect(get(api, "/developers/c@d.test/applications"), 200, json!({"data": [], "total": 0}));
    expect(get(api, "/applications"), 200, json!({"data": [{"id": id}], "total": 1}));
    // A name is not for a path: names are not unique.
    for refused in [get(api, "/applications/app"), delete(api, "/applications/app")] {
        expect(refused, 400, json!({"code": 1, "name": "invalid primary key"}));
    }
    let body = json!({"name": "app", "redirect_uri": "https://e.test", "developer": {"id": NOBODY}});
    expect(post(api, "/applications", body.clone()), 400, json!({"code": 4}));
    // The path says whose it is.
    let second = expect(post(api, "/developers/c@d.test/applications", body), 201, json!({"name": "app"}));
    assert_ne!(second["developer"], application["developer"]);
    assert_eq!(data(&get(api, "/applications").1).len(), 2);
    expect_gone(delete(api, &format!("/developers/a@b.test/applications/{id}")));
    expect_not_found(delete(api, &format!("/developers/a@b.test/applications/{id}")));
}

fn names_of_hidden_consumers_are_taken(api: &dyn Api) {
    with_developer(api);
    make(api, "/consumers", json!({"username": "bob", "custom_id": "taken"}));
    let body = json!({"name": "app", "redirect_uri": "https://e.test", "custom_id": "taken"});
    let taken = json!({"code": 5, "fields": {"custom_id": "taken"}});
    expect(post(api, "/developers/a@b.test/applications", body), 409, taken.clone());
    expect(get(api, "/applications"), 200, json!({"data": [], "total": 0}));
    let application = make_application(api);
    let path = format!("/applications/{}", id(&application));
    expect(patch(api, &path, json!({"custom_id": "taken"})), 409, taken);
    expect(get(api, &path), 200, json!({"custom_id": "c1"}));
    expect(patch(api, "/consumers/bob", json!({"custom_id": "c1"})), 409, json!({"code": 5}));
    expect(get(api, "/consumers?custom_id=c1"), 200, json!({"data": []}));
    // It cannot be reached as a consumer.
    let consumer = text(&application["consumer"], "id");
    for path in [format!("/consumers/{consumer}"), format!("/consumers/{}", id(&application))] {
        expect_not_found(get(api, &path));
        expect_not_found(post(api, &format!("{path}/key-auth"), json!({})));
    }
    expect(post(api, "/key-auths", json!({"consumer": {"id": consumer}})), 400, json!({"code": 4}));
}

fn redirect_uris_are_checked(api: &dyn Api) {
    with_developer(api);
    for (uri, is_good) in [
        ("https://e.test/cb?x=1", true),
        ("http://localhost:8080", true),
        ("com.example.app:/cb", true),
        ("https://\u{fc}.test", true),
        ("/cb", false),
        ("e.test", false),
        ("https://e.test/#fragment", false),
        ("https://e.test/a b", false),
        ("https:", false),
        ("", false),
    ] {
        let (status, body) =
            post(api, "/developers/a@b.test/applications", json!({"name": "app", "redirect_uri": uri}));
        assert_eq!(status, if is_good { 201 } else { 400 }, "{uri}: {body}");
    }
}
