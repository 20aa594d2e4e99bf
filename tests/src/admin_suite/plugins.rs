//! Plugins and their scopes.

use serde_json::{Value, json};

use super::Api;
use super::ask::{
    NOBODY, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put, text,
};

tests!("plugins":
    plugins_are_unique_in_their_scope_and_go_with_it,
    every_scope_has_one_of_a_name,
    bad_key_names_are_refused,
    patch_merges_the_configuration,
    nested_plugins_belong_to_their_parent,
    key_auth_is_not_for_a_consumer,
    application_registration_is_for_a_service,
);

fn plugins_are_unique_in_their_scope_and_go_with_it(api: &dyn Api) {
    let service = put(api, "/services/s", json!({"host": "a"})).1;
    let path = "/services/s/plugins";
    let made = expect(
        post(api, path, json!({"name": "key-auth", "instance_name": "ka"})),
        201,
        json!({"config": {"key_names": ["apikey"], "hide_credentials": false, "key_in_header": true,
                           "key_in_query": true, "key_in_body": false, "run_on_preflight": true, "realm": null,
                           "key_in_bearer": false,
                           "anonymous": null},
               "protocols": ["grpc", "grpcs", "http", "https"], "enabled": true, "route": null}),
    );
    let message = format!(
        "UNIQUE violation detected on '{{consumer=null,name=\"key-auth\",route=null,service={{id={}}}}}'",
        service["id"]
    );
    expect(post(api, path, json!({"name": "key-auth"})), 409, json!({"message": message}));
    expect(post(api, "/plugins", json!({"name": "key-auth"})), 201, json!({"service": null}));
    expect(
        patch(api, "/plugins/ka", json!({"config": {"key_in_body": true}})),
        200,
        json!({"config": {"key_in_body": true, "key_names": ["apikey"]}}),
    );
    expect(get(api, "/plugins/ka/service"), 200, service);
    expect(get(api, "/plugins/ka/route"), 404, json!({}));
    expect(get(api, "/plugins/ka/consumer"), 404, json!({}));
    expect_gone(delete(api, "/services/s"));
    expect(get(api, &format!("/plugins/{}", id(&made))), 404, json!({}));
}

fn every_scope_has_one_of_a_name(api: &dyn Api) {
    let service = make(api, "/services", json!({"name": "s", "host": "a"}));
    let route = make(api, "/services/s/routes", json!({"name": "r", "paths": ["/"]}));
    let (service, route) = (json!({"id": service["id"]}), json!({"id": route["id"]}));
    for (service, route) in [
        (Value::Null, Value::Null),
        (service.clone(), Value::Null),
        (Value::Null, route.clone()),
        (service, route),
    ] {
        let body = json!({"name": "key-auth", "service": service, "route": route});
        make(api, "/plugins", body.clone());
        let taken = expect(post(api, "/plugins", body), 409, json!({"code": 5}));
        assert_eq!(taken["fields"]["name"], "key-auth");
    }
    expect(get(api, "/plugins"), 200, json!({"data": [{}, {}, {}, {}]}));
    expect(get(api, "/services/s/plugins"), 200, json!({"data": [{}, {}]}));
    expect(get(api, "/routes/r/plugins"), 200, json!({"data": [{}, {}]}));
    // Instance names are of another kind, and unique by themselves.
    let plugins = get(api, "/plugins").1["data"].clone();
    let paths = [0, 1].map(|at| format!("/plugins/{}", id(&plugins[at])));
    expect(patch(api, &paths[0], json!({"instance_name": "x"})), 200, json!({"instance_name": "x"}));
    expect(
        patch(api, &paths[1], json!({"instance_name": "x"})),
        409,
        json!({"fields": {"instance_name": "x"}}),
    );
    expect_gone(delete(api, "/routes/r"));
    expect(get(api, "/plugins"), 200, json!({"data": [{}, {}]}));
}

/// Of Kong's own suite.
fn bad_key_names_are_refused(api: &dyn Api) {
    let route =
        expect(post(api, "/routes", json!({"name": "r1", "hosts": ["a.test"]})), 201, json!({"name": "r1"}));
    let body = |name: &str| json!({"name": "key-auth", "route": {"id": route["id"]}, "config": {"key_names": [name]}});
    let sentence = "bad header name 'hello\\world', allowed characters are A-Z, a-z, 0-9, '_', and '-'";
    expect(
        post(api, "/plugins", body("hello\\world")),
        400,
        json!({"fields": {"config": {"key_names": [sentence]}}}),
    );
    expect(
        post(api, "/plugins", body("hello-world")),
        201,
        json!({"config": {"key_names": ["hello-world"]}}),
    );
}

fn patch_merges_the_configuration(api: &dyn Api) {
    let config = json!({"key_names": ["a", "b"], "realm": "r", "hide_credentials": true});
    let made = make(api, "/plugins", json!({"name": "key-auth", "config": config, "tags": ["t"]}));
    let path = format!("/plugins/{}", id(&made));
    expect(
        patch(api, &path, json!({"config": {"key_names": ["c"], "realm": null}})),
        200,
        json!({"config": {"key_names": ["c"], "realm": null, "hide_credentials": true}, "tags": ["t"]}),
    );
    expect(
        patch(api, &path, json!({"enabled": false})),
        200,
        json!({"enabled": false, "config": {"key_names": ["c"]}}),
    );
    expect(
        patch(api, &path, json!({"config": {"x": 1}})),
        400,
        json!({"fields": {"config": {"x": "unknown field"}}}),
    );
    expect(patch(api, &path, json!({"config": {"key_names": null}})), 400, json!({"code": 2}));
    expect(patch(api, &path, json!({"name": "other"})), 400, json!({"code": 2}));
    // PUT goes back to the defaults, and needs the name.
    expect(put(api, &path, json!({})), 400, json!({"fields": {"name": "required field missing"}}));
    expect(
        put(api, &path, json!({"name": "key-auth"})),
        200,
        json!({"id": made["id"], "enabled": true, "tags": null, "config": {"key_names": ["apikey"], "hide_credentials": false}}),
    );
}

fn nested_plugins_belong_to_their_parent(api: &dyn Api) {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    make(api, "/services", json!({"name": "t", "host": "a"}));
    let route = make(api, "/services/s/routes", json!({"name": "r", "paths": ["/"]}));
    let made = make(api, "/routes/r/plugins", json!({"name": "key-auth", "instance_name": "ka"}));
    assert_eq!(made["route"]["id"], route["id"]);
    let id = id(&made);
    for path in
        ["/routes/r/plugins/ka", "/plugins/ka", &format!("/routes/r/plugins/{id}"), &format!("/plugins/{id}")]
    {
        expect(get(api, path), 200, made.clone());
    }
    expect(get(api, "/plugins/ka/route"), 200, route);
    expect(patch(api, "/plugins/ka/route", json!({"strip_path": false})), 200, json!({"strip_path": false}));
    for path in ["/services/s/plugins/ka", "/services/t/plugins/ka", "/routes/none/plugins/ka"] {
        expect_not_found(get(api, path));
        expect(patch(api, path, json!({"enabled": false})), 404, json!({}));
        expect_not_found(delete(api, path));
    }
    let other = format!("/services/s/plugins/{NOBODY}");
    expect(put(api, &other, json!({"name": "key-auth"})), 200, json!({"id": NOBODY}));
    expect_not_found(get(api, &format!("/services/t/plugins/{NOBODY}")));
    expect(patch(api, "/routes/r/plugins/ka", json!({"enabled": false})), 200, json!({"enabled": false}));
    // A PUT takes it there; a PATCH may take it off.
    let moved = put(api, "/services/t/plugins/ka", json!({"name": "key-auth"}));
    expect(moved, 200, json!({"id": id, "route": null}));
    expect_not_found(get(api, "/routes/r/plugins/ka"));
    let off = json!({"service": null, "route": {"name": "r"}});
    expect(patch(api, "/services/t/plugins/ka", off), 200, json!({"service": null}));
    expect_gone(delete(api, "/routes/r/plugins/ka"));
    expect_not_found(delete(api, "/routes/r/plugins/ka"));
    expect(get(api, "/plugins"), 200, json!({"data": [{"id": NOBODY}]}));
}

fn key_auth_is_not_for_a_consumer(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    let refused = json!({"code": 2, "fields": {"consumer": "value must be null"}});
    expect(post(api, "/consumers/bob/plugins", json!({"name": "key-auth"})), 400, refused);
    expect(get(api, "/consumers/bob/plugins"), 200, json!({"data": []}));
    expect_not_found(get(api, "/consumers/bob/plugins/x"));
    expect_not_found(get(api, "/consumers/none/plugins"));
}

fn application_registration_is_for_a_service(api: &dyn Api) {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    make(api, "/services/s/routes", json!({"name": "r", "paths": ["/"]}));
    let body = json!({"name": "application-registration", "config": {"display_name": "S"}});
    expect(
        post(api, "/routes/r/plugins", body.clone()),
        400,
        json!({"fields": {"route": "value must be null", "service": "required field missing"}}),
    );
    let made = expect(
        post(api, "/services/s/plugins", body.clone()),
        201,
        json!({"config": {"display_name": "S", "description": null, "auto_approve": false, "show_issuer": false,
                          "enable_proxy_with_consumer_credential": false}}),
    );
    expect(post(api, "/services/s/plugins", body), 409, json!({"code": 5}));
    expect(get(api, &format!("/plugins/{}/service", text(&made, "id"))), 200, json!({"name": "s"}));
}
