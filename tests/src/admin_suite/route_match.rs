//! Which route a request would match, and why not another.

use serde_json::{Value, json};

use super::Api;
use super::ask::{Answer, expect, make, patch, post, text};

tests!("route_match":
    a_request_finds_its_route_and_what_applies,
    why_others_do_not_match_is_told,
    a_route_out_of_use_is_none,
    the_gateways_own_paths_are_no_routes,
    what_is_no_request_is_refused,
);

fn ask(api: &dyn Api, asked: Value) -> Answer {
    post(api, "/router/match", asked)
}

fn named(entity: &Value) -> Value {
    json!({"id": entity["id"], "name": entity["name"]})
}

fn reasons(answer: &Value) -> Value {
    let of =
        |other: &Value| json!([other["route"]["name"], other["why"][0]["reason"], other["why"][0]["header"]]);
    answer["others"].as_array().unwrap().iter().map(of).collect()
}

fn a_request_finds_its_route_and_what_applies(api: &dyn Api) {
    expect(
        ask(api, json!({"path": "/orders/7"})),
        200,
        json!({
            "answered_by_gateway": false, "route": null, "service": null, "needs_https": false, "sent_to": null,
            "plugins": [], "others": [], "others_left_out": 0,
        }),
    );
    let service = make(api, "/services", json!({"name": "orders", "url": "http://a.test:8080/v1"}));
    let route =
        json!({"name": "r", "paths": ["/orders"], "protocols": ["https"], "service": {"name": "orders"}});
    let route = make(api, "/routes", route);
    let everywhere = make(api, "/plugins", json!({"name": "key-auth"}));
    let asked = json!({"path": "/orders/7?x=1", "scheme": "https"});
    let found = json!({
        "route": named(&route), "service": named(&service), "needs_https": false,
        "sent_to": "http://a.test:8080/v1/7",
        "plugins": [{"id": everywhere["id"], "name": "key-auth", "scope": "global"}],
    });
    expect(ask(api, asked.clone()), 200, found);
    let of_service = make(api, "/services/orders/plugins", json!({"name": "key-auth"}));
    let registration = json!({"name": "application-registration", "config": {"display_name": "Orders"}});
    let registration = make(api, "/services/orders/plugins", registration);
    let applied = json!([
        {"id": registration["id"], "name": "application-registration", "scope": "service"},
        {"id": of_service["id"], "name": "key-auth", "scope": "service"},
    ]);
    expect(ask(api, asked.clone()), 200, json!({"plugins": applied}));
    let of_route = make(api, "/routes/r/plugins", json!({"name": "key-auth"}));
    let found = expect(ask(api, asked.clone()), 200, json!({}));
    assert_eq!(found["plugins"][1], json!({"id": of_route["id"], "name": "key-auth", "scope": "route"}));
    // One that is switched off applies nowhere, and does not hide a wider one.
    let id = text(&of_route, "id");
    expect(patch(api, &format!("/plugins/{id}"), json!({"enabled": false})), 200, json!({}));
    assert_eq!(expect(ask(api, asked), 200, json!({}))["plugins"], applied);
    let plain = json!({"path": "/orders", "scheme": "http"});
    expect(ask(api, plain), 200, json!({"route": named(&route), "needs_https": true}));
}

fn why_others_do_not_match_is_told(api: &dyn Api) {
    for (name, conditions) in [
        ("post", json!({"paths": ["/a"], "methods": ["POST"]})),
        ("host", json!({"paths": ["/a"], "hosts": ["b.test", "*.c.test"]})),
        ("path", json!({"paths": ["/b", "~/c$"]})),
        ("plan", json!({"paths": ["/a"], "headers": {"X-Plan": ["gold"]}})),
        ("sni", json!({"paths": ["/a"], "snis": ["a.test"], "protocols": ["https"]})),
        ("long", json!({"paths": ["/a/b"]})),
        ("short", json!({"paths": ["/a"]})),
    ] {
        let mut route = conditions;
        route["name"] = name.into();
        make(api, "/routes", route);
    }
    let headers = json!({"x-plan": ["silver", "tin"]});
    let asked = json!({"path": "/a/b", "host": "a.test:8000", "headers": headers});
    let found = expect(ask(api, asked), 200, json!({"route": {"name": "long"}, "others_left_out": 0}));
    let mut told = reasons(&found);
    assert_eq!(told[0], json!(["short", "shorter_path", null]), "{found}");
    told.as_array_mut().unwrap().sort_by_key(ToString::to_string);
    let expected = json!([
        ["host", "host", null],
        ["path", "path", null],
        ["plan", "header", "x-plan"],
        ["post", "method", null],
        ["short", "shorter_path", null],
        ["sni", "sni", null],
    ]);
    assert_eq!(told, expected);
    let asked =
        json!({"path": "/a/b", "host": "x.C.test", "method": "POST", "headers": {"x-plan": ["GOLD"]}});
    let found = expect(ask(api, asked), 200, json!({"route": {"name": "plan"}}));
    // Of these two the older goes first, and both may be of one second.
    let told = reasons(&found);
    for name in ["post", "host"] {
        let is_told = told.as_array().unwrap()[..2].contains(&json!([name, "fewer_headers", null]));
        assert!(is_told, "{name}: {found}");
    }
}

fn a_route_out_of_use_is_none(api: &dyn Api) {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    make(api, "/routes", json!({"name": "r", "paths": ["/"], "service": {"name": "s"}}));
    make(api, "/routes", json!({"name": "t", "protocols": ["tcp"], "destinations": [{"port": 1}]}));
    expect(ask(api, json!({"path": "/"})), 200, json!({"route": {"name": "r"}, "sent_to": "http://a/"}));
    expect(patch(api, "/services/s", json!({"enabled": false})), 200, json!({}));
    let found = expect(ask(api, json!({"path": "/"})), 200, json!({"route": null}));
    let mut told = reasons(&found);
    told.as_array_mut().unwrap().sort_by_key(ToString::to_string);
    assert_eq!(told, json!([["r", "service_disabled", null], ["t", "streams_only", null]]));
}

fn the_gateways_own_paths_are_no_routes(api: &dyn Api) {
    make(api, "/routes", json!({"name": "r", "paths": ["/"]}));
    for (path, is_own) in
        [("/-/health", true), ("/-/health?x", true), ("/-/healthy", false), ("/%2D/health", false)]
    {
        let expected = json!({"answered_by_gateway": is_own});
        let found = expect(ask(api, json!({"path": path})), 200, expected);
        assert_eq!(found["route"].is_null(), is_own, "{path}");
    }
}

fn what_is_no_request_is_refused(api: &dyn Api) {
    for (wrong, field) in [
        (json!({}), "path"),
        (json!({"path": "a"}), "path"),
        (json!({"path": format!("/{}", "a".repeat(8192))}), "path"),
        (json!({"path": "/", "scheme": "ftp"}), "scheme"),
        (json!({"path": "/", "method": "get"}), "method"),
        (json!({"path": "/", "host": "a b"}), "host"),
        (json!({"path": "/", "headers": {"a b": ["c"]}}), "headers"),
        (json!({"path": "/", "headers": {"a": ["c\nd"]}}), "headers"),
        (json!({"path": "/", "query": "a"}), "query"),
    ] {
        let refused = expect(ask(api, wrong.clone()), 400, json!({"code": 2}));
        assert!(!refused["fields"][field].is_null(), "{wrong}: {refused}");
    }
}
