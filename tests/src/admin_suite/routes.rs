//! Routes, alone and under their services.

use serde_json::json;

use super::Api;
use super::ask::{
    NOBODY, data, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put,
};

tests!("routes":
    routes_belong_to_services,
    a_route_may_be_without_service,
    a_route_may_go_to_another_service,
    references_must_exist,
    references_may_be_by_name_or_whole,
    what_is_not_there_is_made_through_a_reference,
    a_service_is_changed_through_its_route,
    what_a_path_says_wins_over_the_body,
    fields_come_back_as_given,
    no_route_takes_a_path_of_the_gateway,
);

fn routes_belong_to_services(api: &dyn Api) {
    let service = put(api, "/services/s", json!({"host": "a"})).1;
    let route = expect(
        post(api, "/services/s/routes", json!({"name": "r", "paths": ["/a"]})),
        201,
        json!({"service": {"id": service["id"]}, "protocols": ["http", "https"]}),
    );
    expect(get(api, "/services/s/routes/r"), 200, route.clone());
    expect(get(api, "/routes/r/service"), 200, service);
    expect(patch(api, "/routes/r/service", json!({"retries": 9})), 200, json!({"retries": 9}));
    expect(delete(api, "/routes/r/service"), 405, json!({}));
    expect(
        delete(api, "/services/s"),
        400,
        json!({"code": 4, "message": "an existing 'routes' entity references this 'services' entity",
               "fields": {"@referenced_by": "routes"}}),
    );
    put(api, "/services/other", json!({"host": "a"}));
    expect(get(api, "/services/other/routes/r"), 404, json!({}));
    expect(delete(api, "/services/other/routes/r"), 404, json!({}));
    expect_not_found(patch(api, "/services/other/routes/r", json!({"paths": ["/"]})));
    expect_not_found(get(api, "/services/none/routes"));
    expect(post(api, "/services/none/routes", json!({"paths": ["/"]})), 404, json!({}));
    expect(put(api, "/services/none/routes/x", json!({"paths": ["/"]})), 404, json!({}));
    expect(get(api, "/routes/r"), 200, route);
    // A PUT takes it there.
    expect(put(api, "/services/other/routes/r", json!({"paths": ["/"]})), 200, json!({"name": "r"}));
    expect(get(api, "/services/s/routes"), 200, json!({"data": []}));
    expect(put(api, "/services/s/routes/r", json!({"paths": ["/"]})), 200, json!({"name": "r"}));
    expect_gone(delete(api, "/services/s/routes/r"));
    expect(delete(api, "/services/s/routes/r"), 404, json!({}));
    expect_gone(delete(api, "/services/s"));
}

fn a_route_may_be_without_service(api: &dyn Api) {
    let route = make(api, "/routes", json!({"name": "r", "hosts": ["a.test"]}));
    assert!(route["service"].is_null());
    expect_not_found(get(api, "/routes/r/service"));
    expect(patch(api, "/routes/r/service", json!({"retries": 1})), 404, json!({}));
    let service = put(api, "/services/s", json!({"host": "a"})).1;
    expect(
        patch(api, "/routes/r", json!({"service": {"id": service["id"]}})),
        200,
        json!({"service": {"id": service["id"]}}),
    );
    expect(get(api, "/services/s/routes"), 200, json!({"data": [{"name": "r"}]}));
    expect(patch(api, "/routes/r", json!({"service": null})), 200, json!({"service": null}));
    expect(get(api, "/services/s/routes"), 200, json!({"data": []}));
    expect_gone(delete(api, "/services/s"));
    expect(get(api, "/routes/r"), 200, json!({"service": null, "hosts": ["a.test"]}));
}

fn a_route_may_go_to_another_service(api: &dyn Api) {
    let services = ["a", "b"].map(|name| put(api, &format!("/services/{name}"), json!({"host": "h"})).1);
    let route = make(api, "/services/a/routes", json!({"name": "r", "paths": ["/"]}));
    let path = format!("/routes/{}", id(&route));
    expect(patch(api, &path, json!({"service": {"id": services[1]["id"]}})), 200, json!({"name": "r"}));
    expect(get(api, "/services/a/routes"), 200, json!({"data": []}));
    expect(get(api, "/services/b/routes"), 200, json!({"data": [{"id": route["id"]}]}));
    expect_not_found(get(api, "/services/a/routes/r"));
    expect_gone(delete(api, "/services/a"));
    expect(delete(api, "/services/b"), 400, json!({"code": 4}));
    expect(put(api, &path, json!({"paths": ["/x"]})), 200, json!({"name": null, "service": null}));
    expect_gone(delete(api, "/services/b"));
}

fn references_must_exist(api: &dyn Api) {
    let message =
        format!("the foreign key '{{id=\"{NOBODY}\"}}' does not reference an existing 'services' entity.");
    let refused = json!({"code": 4, "name": "foreign key violation", "message": message,
                         "fields": {"service": {"id": NOBODY}}});
    let body = json!({"paths": ["/"], "service": {"id": NOBODY}});
    expect(post(api, "/routes", body.clone()), 400, refused.clone());
    expect(put(api, "/routes/r", body), 400, refused.clone());
    make(api, "/routes", json!({"name": "r", "paths": ["/"]}));
    expect(patch(api, "/routes/r", json!({"service": {"id": NOBODY}})), 400, refused);
    for wrong in [json!({}), json!({"id": null}), json!({"id": "s"}), json!({"x": "s"}), json!(NOBODY)] {
        let (status, body) = post(api, "/routes", json!({"paths": ["/"], "service": wrong}));
        assert_eq!((status, &body["code"]), (400, &json!(2)), "{wrong}: {body}");
    }
    assert_eq!(data(&get(api, "/routes").1).len(), 1);
}

fn a_service_is_changed_through_its_route(api: &dyn Api) {
    let service = put(api, "/services/s", json!({"host": "a"})).1;
    make(api, "/services/s/routes", json!({"name": "r", "paths": ["/"]}));
    expect(
        put(api, "/routes/r/service", json!({"name": "t", "host": "b"})),
        200,
        json!({"id": service["id"], "name": "t", "host": "b"}),
    );
    expect(get(api, "/services/t"), 200, json!({"id": service["id"]}));
    expect(patch(api, "/routes/r/service", json!({"host": 1})), 400, json!({"code": 2}));
    expect(get(api, "/routes/r/service"), 200, json!({"host": "b"}));
    expect_not_found(get(api, "/routes/none/service"));
}

fn what_a_path_says_wins_over_the_body(api: &dyn Api) {
    let s = put(api, "/services/s", json!({"host": "a"})).1;
    let t = put(api, "/services/t", json!({"host": "a"})).1;
    let elsewhere = json!({"id": t["id"]});
    expect(
        post(api, "/services/s/routes", json!({"name": "r", "paths": ["/"], "service": elsewhere})),
        201,
        json!({"service": {"id": s["id"]}}),
    );
    expect(
        put(api, "/services/s/routes/new", json!({"name": "x", "paths": ["/"], "service": elsewhere})),
        200,
        json!({"name": "new", "service": {"id": s["id"]}}),
    );
    expect(get(api, "/services/t/routes"), 200, json!({"data": []}));
    // But not for a PATCH, which may take the route elsewhere or off.
    expect(
        patch(api, "/services/s/routes/r", json!({"service": elsewhere})),
        200,
        json!({"service": {"id": t["id"]}}),
    );
    expect(patch(api, "/services/t/routes/r", json!({"service": null})), 200, json!({"service": null}));
    expect_not_found(get(api, "/services/t/routes/r"));
}

fn fields_come_back_as_given(api: &dyn Api) {
    let body = json!({
        "name": "r", "protocols": ["https"], "methods": ["GET", "PURGE"], "hosts": ["*.a.test", "b.test:8080"],
        "paths": ["/a", "~/b/(?<id>\\d+)$"], "headers": {"x-y": ["1", "~*^v[0-9]$"]}, "snis": ["c.test"],
        "https_redirect_status_code": 308, "regex_priority": -3, "strip_path": false, "path_handling": "v1",
        "preserve_host": true, "request_buffering": false, "response_buffering": false, "tags": ["t"],
    });
    let made = expect(post(api, "/routes", body.clone()), 201, body);
    expect(get(api, "/routes/r"), 200, made.clone());
    // Lists are replaced, maps too.
    expect(
        patch(api, "/routes/r", json!({"paths": ["/c"], "headers": {"z": ["2"]}})),
        200,
        json!({"paths": ["/c"], "headers": {"z": ["2"]}, "hosts": made["hosts"]}),
    );
    let headers = get(api, "/routes/r").1["headers"].clone();
    assert_eq!(headers, json!({"z": ["2"]}));
}

fn no_route_takes_a_path_of_the_gateway(api: &dyn Api) {
    make(api, "/routes", json!({"name": "r", "paths": ["/-/ready", "/-/healthz", "/-/admin", "/"]}));
    for path in ["/-/health", "/-/verify/nginx", "~/-/health$"] {
        let paths = json!({"paths": ["/a", path]});
        let refused = json!({"code": 2, "fields": {"paths": [null, "is a path of the gateway itself"]}});
        expect(post(api, "/routes", paths.clone()), 400, refused.clone());
        expect(patch(api, "/routes/r", paths.clone()), 400, refused.clone());
        expect(put(api, "/routes/r", paths), 400, refused);
    }
}

fn references_may_be_by_name_or_whole(api: &dyn Api) {
    let s = make(api, "/services", json!({"name": "s", "host": "a"}));
    let t = make(api, "/services", json!({"name": "t", "host": "a"}));
    make(api, "/routes", json!({"name": "r", "paths": ["/"], "service": {"name": "s"}}));
    for (service, expected) in [
        (json!({"name": "t"}), &t),
        (s.clone(), &s),
        (json!({"id": t["id"], "name": "s", "nothing": 1}), &t),
        (json!({"id": "none", "name": "s"}), &s),
    ] {
        let tied = json!({"service": {"id": expected["id"]}});
        expect(patch(api, "/routes/r", json!({"service": service})), 200, tied.clone());
        let body = json!({"paths": ["/"], "service": service});
        assert_eq!(expect(put(api, "/routes/r", body), 200, tied)["service"], json!({"id": expected["id"]}));
    }
    let sentence = "the foreign key cannot be resolved with '{name=\"x\"}' for an existing 'services' entity";
    let unresolved = json!({
        "code": 13, "name": "foreign keys unresolved",
        "message": format!("foreign key unresolved (service.name: {sentence})"),
        "fields": {"service": {"name": sentence}},
    });
    let refused = patch(api, "/routes/r", json!({"service": {"name": "x"}, "paths": []}));
    assert_eq!(refused, (400, unresolved), "before the entity is looked at");
    let missing = "missing primary key";
    for (reference, sentence) in [
        (json!({}), missing),
        (json!({"id": null}), "required field missing"),
        (json!({"name": null}), missing),
        (json!({"host": "a"}), missing),
    ] {
        let refusal = json!({"message": format!("schema violation (service.id: {sentence})"),
                             "fields": {"service": {"id": sentence}}});
        expect(patch(api, "/routes/r", json!({"service": reference})), 400, refusal);
    }
    make(api, "/consumers", json!({"username": "bob", "custom_id": "1"}));
    for reference in [json!({"username": "bob"}), json!({"custom_id": "1"})] {
        expect(post(api, "/key-auths", json!({"consumer": reference})), 201, json!({}));
    }
    let neither = json!({"consumer": {"username": "eve", "custom_id": "2"}});
    let refused = expect(post(api, "/key-auths", neither), 400, json!({"code": 13}));
    assert!(
        refused["message"].as_str().unwrap().starts_with("2 foreign keys unresolved (consumer.custom_id: ")
    );
}

fn what_is_not_there_is_made_through_a_reference(api: &dyn Api) {
    make(api, "/routes", json!({"name": "r", "paths": ["/"]}));
    expect_not_found(get(api, "/routes/r/service"));
    expect_not_found(patch(api, "/routes/r/service", json!({"host": "a"})));
    expect(put(api, "/routes/r/service", json!({"port": 1})), 400, json!({"code": 2}));
    expect(get(api, "/services"), 200, json!({"data": []}));
    let made =
        expect(put(api, "/routes/r/service", json!({"url": "http://a.test/x"})), 200, json!({"path": "/x"}));
    expect(get(api, "/routes/r"), 200, json!({"service": {"id": made["id"]}}));
    expect(put(api, "/routes/r/service", json!({"host": "b"})), 200, json!({"id": made["id"], "host": "b"}));
    assert_eq!(data(&get(api, "/services").1).len(), 1);

    let plugin = id(&make(api, "/plugins", json!({"name": "key-auth"})));
    let consumer = put(api, &format!("/plugins/{plugin}/consumer"), json!({"username": "bob"}));
    expect(consumer, 400, json!({"fields": {"consumer": "value must be null"}}));
    expect(get(api, "/consumers"), 200, json!({"data": []}));
    let service =
        expect(put(api, &format!("/plugins/{plugin}/service"), json!({"host": "c"})), 200, json!({}));
    let path = format!("/services/{}/plugins", id(&service));
    expect(get(api, &path), 200, json!({"data": [{"id": plugin}]}));
}
