//! What entities must satisfy, and the sentences that say so.

use serde_json::{Value, json};

use super::Api;
use super::ask::{expect, get, make, post};

tests!("schemas":
    services,
    routes,
    plugins,
    consumers_developers_and_applications,
    names_and_tags,
    schemas_are_served,
    every_kind_has_a_schema,
    odd_bodies_break_nothing,
);

#[track_caller]
fn check_refused(api: &dyn Api, path: &str, body: Value, message: &str, fields: Value) {
    expect(
        post(api, path, body),
        400,
        json!({"code": 2, "name": "schema violation", "message": message, "fields": fields}),
    );
}

fn services(api: &dyn Api) {
    let check = |body, message, fields| check_refused(api, "/services", body, message, fields);
    check(
        json!({}),
        "schema violation (host: required field missing)",
        json!({"host": "required field missing"}),
    );
    check(
        json!({"host": 1, "port": 70000, "x": 1}),
        "3 schema violations (host: expected a string; port: value should be between 0 and 65535; x: unknown field)",
        json!({"host": "expected a string", "x": "unknown field"}),
    );
    check(
        json!({"host": "a", "protocol": "ftp"}),
        "schema violation (protocol: expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp)",
        json!({}),
    );
    check(
        json!({"host": "a", "path": "x"}),
        "schema violation (path: should start with: /)",
        json!({"path": "should start with: /"}),
    );
    check(
        json!({"host": "a", "path": "/a//b"}),
        "schema violation (path: must not have empty segments)",
        json!({"path": "must not have empty segments"}),
    );
    check(
        json!({"host": "a", "name": ""}),
        "schema violation (name: length must be at least 1)",
        json!({"name": "length must be at least 1"}),
    );
    check(
        json!({"host": "a", "id": "x"}),
        "schema violation (id: expected a valid UUID)",
        json!({"id": "expected a valid UUID"}),
    );
    check(
        json!({"host": "a", "tags": ["a", "b,c", 3], "retries": 1.5}),
        "3 schema violations (retries: expected an integer; tags.2: invalid tag 'b,c': expected printable ascii \
         (except `,` and `/`) or valid utf-8 sequences; tags.3: expected a string)",
        json!({"tags": [null, "invalid tag 'b,c': expected printable ascii (except `,` and `/`) or valid utf-8 sequences", "expected a string"]}),
    );
    check(
        json!({"host": "a", "protocol": "grpc", "path": "/x"}),
        "2 schema violations (failed conditional validation given value of field 'protocol'; path: value must be null)",
        json!({"@entity": ["failed conditional validation given value of field 'protocol'"]}),
    );
    check(
        json!({"url": "nonsense"}),
        "schema violation (url: expected <protocol>://<host>[:<port>][/<path>])",
        json!({}),
    );
    check(
        json!({"host": "a", "connect_timeout": 0, "read_timeout": 2_147_483_647_u32}),
        "2 schema violations (connect_timeout: value should be between 1 and 2147483646; read_timeout: value should \
         be between 1 and 2147483646)",
        json!({}),
    );
    expect(get(api, "/services"), 200, json!({"data": []}));
}

fn routes(api: &dyn Api) {
    let check = |body, message, fields| check_refused(api, "/routes", body, message, fields);
    check(
        json!({}),
        "schema violation (must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https')",
        json!({"@entity": ["must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"]}),
    );
    check(
        json!({"protocols": ["http"], "snis": ["a.test"]}),
        "schema violation (must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http')",
        json!({}),
    );
    check(
        json!({"paths": ["/a/../b"], "methods": ["get"], "headers": {"Host": ["x"], "y": "z"}}),
        "4 schema violations (headers.Host: cannot contain 'host' header, which must be specified in the 'hosts' \
         attribute; headers.y: expected an array; methods.1: invalid value: get; paths.1: non-normalized path, \
         consider use '/b' instead)",
        json!({"paths": ["non-normalized path, consider use '/b' instead"]}),
    );
    check(
        json!({"paths": "/a", "headers": [], "strip_path": 1, "service": 5}),
        "4 schema violations (headers: expected a map; paths: expected an array; service: expected a record; \
         strip_path: expected a boolean)",
        json!({}),
    );
    check(
        json!({"paths": ["/a"], "https_redirect_status_code": 303, "path_handling": "v2"}),
        "2 schema violations (https_redirect_status_code: expected one of: 426, 301, 302, 307, 308; path_handling: \
         expected one of: v0, v1)",
        json!({}),
    );
    expect(get(api, "/routes"), 200, json!({"data": []}));
}

fn plugins(api: &dyn Api) {
    let check = |body, message, fields| check_refused(api, "/plugins", body, message, fields);
    check(
        json!({"name": "x"}),
        "schema violation (name: plugin 'x' not enabled; add it to the 'plugins' configuration property)",
        json!({}),
    );
    check(
        json!({"name": "key-auth", "config": {"key_names": ["a", "", "b c"], "x": 1}}),
        "3 schema violations (config.key_names.2: length must be at least 1; config.key_names.3: bad header name \
         'b c', allowed characters are A-Z, a-z, 0-9, '_', and '-'; config.x: unknown field)",
        json!({"config": {"x": "unknown field"}}),
    );
    check(
        json!({"name": "key-auth", "consumer": {"id": "00000000-0000-0000-0000-000000000000"}}),
        "schema violation (consumer: value must be null)",
        json!({"consumer": "value must be null"}),
    );
    check(
        json!({"name": "application-registration"}),
        "2 schema violations (config.display_name: required field missing; service: required field missing)",
        json!({"config": {"display_name": "required field missing"}}),
    );
    check(
        json!({"name": "key-auth", "config": {"key_names": vec!["a"; 17]}}),
        "schema violation (config.key_names: length must be at most 16)",
        json!({}),
    );
    check(
        json!({"name": "key-auth", "config": {"realm": "a\"b"}}),
        "schema violation (config.realm: must not contain quotes, backslashes or control characters)",
        json!({}),
    );
    check(
        json!({}),
        "schema violation (name: required field missing)",
        json!({"name": "required field missing"}),
    );
    check(
        json!({"name": "key-auth", "config": "x", "enabled": null}),
        "2 schema violations (config: expected a record; enabled: required field missing)",
        json!({}),
    );
    expect(get(api, "/plugins"), 200, json!({"data": []}));
}

fn consumers_developers_and_applications(api: &dyn Api) {
    check_refused(
        api,
        "/consumers",
        json!({}),
        "schema violation (at least one of these fields must be non-empty: 'custom_id', 'username')",
        json!({"@entity": ["at least one of these fields must be non-empty: 'custom_id', 'username'"]}),
    );
    check_refused(
        api,
        "/developers",
        json!({"email": "x", "meta": "[]", "status": 4}),
        "3 schema violations (email: expected an e-mail address; meta: expected a JSON object, as a string; status: \
         expected one of: 0, 1, 2, 3)",
        json!({}),
    );
    check_refused(
        api,
        "/applications",
        json!({"name": "a", "redirect_uri": "x"}),
        "2 schema violations (developer: required field missing; redirect_uri: cannot parse 'x')",
        json!({}),
    );
}

fn names_and_tags(api: &dyn Api) {
    for (name, is_good) in [
        ("a.b-c_d~e", true),
        ("Ünïcode-日本", true),
        ("a b", false),
        ("a/b", false),
        ("a:b", false),
        ("a\u{0}", false),
    ] {
        let (status, body) = post(api, "/services", json!({"name": name, "host": "a"}));
        assert_eq!(status, if is_good { 201 } else { 400 }, "{name}: {body}");
        if !is_good {
            let sentence = body["fields"]["name"].as_str().unwrap();
            assert!(
                sentence.starts_with("invalid value") && sentence.contains("the only accepted ascii"),
                "{body}"
            );
        }
    }
    // Tags are a set, in the order given.
    let tags = json!(["b", "a", "b", "with space", "ü:1"]);
    expect(
        post(api, "/consumers", json!({"username": "t", "tags": tags})),
        201,
        json!({"tags": ["b", "a", "with space", "ü:1"]}),
    );
    expect(post(api, "/consumers", json!({"username": "u", "tags": []})), 201, json!({"tags": []}));
    for tag in ["a,b", "a/b", "a\tb"] {
        expect(post(api, "/consumers", json!({"username": "v", "tags": [tag]})), 400, json!({"code": 2}));
    }
    expect(
        post(api, "/consumers", json!({"username": "v", "tags": "a"})),
        400,
        json!({"fields": {"tags": "expected a set"}}),
    );
}

fn schemas_are_served(api: &dyn Api) {
    let services = expect(get(api, "/schemas/services"), 200, json!({}));
    let field = |name: &str| {
        services["fields"].as_array().unwrap().iter().find_map(|field| field.get(name).cloned()).unwrap()
    };
    assert_eq!(field("retries"), json!({"type": "integer", "default": 5, "between": [0, 32767]}));
    assert_eq!(field("host")["required"], true);
    let plugin = expect(get(api, "/schemas/plugins/key-auth"), 200, json!({}));
    let config = plugin["fields"].as_array().unwrap().iter().find_map(|field| field.get("config")).unwrap();
    assert_eq!(config["fields"][0]["key_names"]["default"], json!(["apikey"]));
    expect(get(api, "/schemas/none"), 404, json!({"message": "No entity named 'none'"}));
    expect(get(api, "/schemas/plugins/none"), 404, json!({"message": "No plugin named 'none'"}));
    expect(get(api, "/schemas/%C3%BC"), 404, json!({"message": "No entity named 'ü'"}));
}

/// decK asks for them before it compares.
fn every_kind_has_a_schema(api: &dyn Api) {
    for kind in [
        "services",
        "routes",
        "consumers",
        "plugins",
        "keyauth_credentials",
        "developers",
        "applications",
        "application_instances",
        "oauth2_credentials",
    ] {
        let schema = expect(get(api, &format!("/schemas/{kind}")), 200, json!({}));
        for field in schema["fields"].as_array().unwrap() {
            let (name, described) = field.as_object().unwrap().iter().next().unwrap();
            assert!(described["type"].is_string(), "{kind}.{name}: {described}");
        }
        assert!(schema["entity_checks"].is_array(), "{kind}");
    }
    for plugin in ["key-auth", "application-registration"] {
        expect(get(api, &format!("/schemas/plugins/{plugin}")), 200, json!({"entity_checks": []}));
    }
}

/// Refused or taken, never a failure; the properties in core try thousands more.
fn odd_bodies_break_nothing(api: &dyn Api) {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    make(api, "/consumers", json!({"username": "s"}));
    make(api, "/developers", json!({"email": "s@t"}));
    let bodies = [
        json!({"id": null, "created_at": null, "tags": null}),
        json!({"id": 5, "created_at": -1, "name": [], "tags": {}}),
        json!({"created_at": 1e15, "updated_at": "x", "_digest": "00", "_expires_at_ms": 1}),
        json!({"config": {"config": {"config": null}}, "name": "key-auth"}),
        json!({"service": {"id": "s"}, "route": {"name": "s"}, "consumer": null}),
        json!({"key": {"key": "a"}, "ttl": -1, "client_id": [], "client_secret": 1}),
        json!({"": "", "\u{0}": "\u{0}", "ü": ["ü"]}),
    ];
    for path in [
        "/services",
        "/services/s",
        "/services/s/routes",
        "/services/s/plugins",
        "/routes",
        "/routes/s",
        "/consumers",
        "/consumers/s",
        "/consumers/s/key-auth",
        "/consumers/s/key-auth/s",
        "/plugins",
        "/plugins/s",
        "/key-auths",
        "/key-auths/s",
        "/developers",
        "/developers/s@t",
        "/developers/s@t/applications",
        "/applications",
        "/services/s/application_instances",
    ] {
        for body in &bodies {
            for method in ["POST", "PUT", "PATCH"] {
                let (status, answer) = super::ask::call(api, method, path, body);
                assert!(status < 500, "{method} {path} {body}: {status} {answer}");
            }
        }
    }
}
