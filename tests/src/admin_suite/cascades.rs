//! What goes along with what is deleted, also when it is more than one commit takes.

use serde_json::{Value, json};

use super::Api;
use super::ask::{delete, expect, expect_gone, expect_not_found, get, id, make, post};

tests!("cascades":
    a_consumer_takes_its_keys_along,
    a_consumer_with_many_keys_goes_whole,
    a_service_takes_plugins_and_contracts_along,
    a_route_takes_its_plugins_along,
    an_application_takes_everything_along,
    a_developer_with_many_applications_goes_whole,
);

fn a_consumer_takes_its_keys_along(api: &dyn Api) {
    for name in ["bob", "eve"] {
        make(api, "/consumers", json!({"username": name}));
        make(api, &format!("/consumers/{name}/key-auth"), json!({"key": format!("{name}-1")}));
        make(api, &format!("/consumers/{name}/key-auth"), json!({"key": format!("{name}-2")}));
    }
    expect_gone(delete(api, "/consumers/bob"));
    expect_not_found(get(api, "/key-auths/bob-1"));
    expect_not_found(get(api, "/consumers/bob/key-auth"));
    expect(get(api, "/key-auths"), 200, json!({"data": [{}, {}]}));
    // Name and keys are free.
    make(api, "/consumers", json!({"username": "bob"}));
    expect(get(api, "/consumers/bob/key-auth"), 200, json!({"data": []}));
    make(api, "/consumers/eve/key-auth", json!({"key": "bob-1"}));
}

fn a_consumer_with_many_keys_goes_whole(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    make(api, "/consumers", json!({"username": "eve"}));
    for number in 0..70 {
        make(api, "/consumers/bob/key-auth", json!({"key": format!("many-{number}")}));
    }
    make(api, "/consumers/eve/key-auth", json!({"key": "eves"}));
    expect_gone(delete(api, "/consumers/bob"));
    expect(get(api, "/key-auths"), 200, json!({"data": [{}]}));
    expect_not_found(get(api, "/consumers/bob"));
    for number in [0, 35, 69] {
        expect_not_found(get(api, &format!("/key-auths/many-{number}")));
        make(api, "/consumers/eve/key-auth", json!({"key": format!("many-{number}")}));
    }
}

/// Developer, application and a contract with service `s`; the path of the application.
fn with_contract(api: &dyn Api) -> (String, Value) {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    let plugin = json!({"name": "application-registration", "config": {"display_name": "S"}});
    make(api, "/services/s/plugins", plugin);
    make(api, "/developers", json!({"email": "a@b.test", "status": 0}));
    let body = json!({"name": "app", "redirect_uri": "https://e.test", "custom_id": "c1"});
    let application = make(api, "/developers/a@b.test/applications", body);
    let path = format!("/applications/{}", id(&application));
    let service = get(api, "/services/s").1;
    make(api, &format!("{path}/application_instances"), json!({"service": {"id": service["id"]}}));
    (path, application)
}

fn a_service_takes_plugins_and_contracts_along(api: &dyn Api) {
    let (application, _) = with_contract(api);
    make(api, "/services/s/plugins", json!({"name": "key-auth"}));
    make(api, "/services/s/routes", json!({"name": "r", "paths": ["/"]}));
    // Refused, and then nothing may be missing.
    expect(delete(api, "/services/s"), 400, json!({"code": 4}));
    expect(get(api, "/services/s/plugins"), 200, json!({"data": [{}, {}]}));
    expect(get(api, "/services/s/application_instances"), 200, json!({"total": 1}));
    expect_gone(delete(api, "/routes/r"));
    expect_gone(delete(api, "/services/s"));
    expect(get(api, "/plugins"), 200, json!({"data": []}));
    expect(get(api, &format!("{application}/application_instances")), 200, json!({"data": [], "total": 0}));
    expect(get(api, &application), 200, json!({"name": "app"}));
    expect(get(api, &format!("{application}/credentials/oauth2")), 200, json!({"total": 1}));
}

fn a_route_takes_its_plugins_along(api: &dyn Api) {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    make(api, "/services/s/routes", json!({"name": "r", "paths": ["/"]}));
    make(api, "/routes/r/plugins", json!({"name": "key-auth"}));
    make(api, "/services/s/plugins", json!({"name": "key-auth"}));
    expect_gone(delete(api, "/services/s/routes/r"));
    expect(get(api, "/plugins"), 200, json!({"data": [{"route": null}]}));
    make(api, "/services/s/routes", json!({"name": "r", "paths": ["/"]}));
    expect(get(api, "/routes/r/plugins"), 200, json!({"data": []}));
}

fn an_application_takes_everything_along(api: &dyn Api) {
    let (path, application) = with_contract(api);
    make(api, &format!("{path}/credentials/oauth2"), json!({"client_id": "mine"}));
    expect_gone(delete(api, &path));
    for gone in [
        path.clone(),
        format!("{path}/consumer"),
        format!("{path}/developer"),
        format!("{path}/credentials/oauth2"),
        format!("{path}/application_instances"),
    ] {
        expect_not_found(get(api, &gone));
    }
    expect(get(api, "/services/s/applications"), 200, json!({"data": [], "total": 0}));
    expect(get(api, "/services/s/application_instances"), 200, json!({"data": [], "total": 0}));
    expect(get(api, "/developers/a@b.test/applications"), 200, json!({"data": [], "total": 0}));
    // Its names, its consumer's id and its keys are free.
    let consumer =
        json!({"id": application["consumer"]["id"], "username": application["id"], "custom_id": "c1"});
    expect(post(api, "/consumers", consumer), 201, json!({}));
    let key = application["credential"]["client_id"].clone();
    let bob = format!("/consumers/{}/key-auth", application["consumer"]["id"].as_str().unwrap());
    expect(post(api, &bob, json!({"key": key})), 201, json!({}));
    expect(post(api, &bob, json!({"key": "mine"})), 201, json!({}));
}

fn a_developer_with_many_applications_goes_whole(api: &dyn Api) {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    let plugin =
        json!({"name": "application-registration", "config": {"display_name": "S", "auto_approve": true}});
    make(api, "/services/s/plugins", plugin);
    let service = get(api, "/services/s").1;
    for email in ["a@b.test", "c@d.test"] {
        make(api, "/developers", json!({"email": email, "status": 0}));
        for number in 0..12 {
            let body = json!({"name": format!("app {number}"), "redirect_uri": "https://e.test",
                              "custom_id": format!("{email} {number}")});
            let application = make(api, &format!("/developers/{email}/applications"), body);
            let path = format!("/applications/{}", id(&application));
            make(api, &format!("{path}/application_instances"), json!({"service": {"id": service["id"]}}));
            make(
                api,
                &format!("{path}/credentials/oauth2"),
                json!({"client_id": format!("{email}-{number}")}),
            );
        }
    }
    expect(get(api, "/services/s/application_instances?size=1"), 200, json!({"total": 24}));
    expect_gone(delete(api, "/developers/a@b.test"));
    expect_not_found(get(api, "/developers/a@b.test"));
    expect(get(api, "/applications?size=1"), 200, json!({"total": 12}));
    expect(get(api, "/services/s/application_instances?size=1"), 200, json!({"total": 12}));
    expect(get(api, "/developers/c@d.test/applications?size=1"), 200, json!({"total": 12}));
    make(api, "/consumers", json!({"username": "bob", "custom_id": "a@b.test 11"}));
    make(api, "/consumers/bob/key-auth", json!({"key": "a@b.test-0"}));
}
