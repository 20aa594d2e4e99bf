//! What entities must satisfy, and the sentences that say so.

use serde_json::{Value, json};

use super::Api;
use super::ask::{NOBODY, expect, get, make, patch, post, put};

tests!("schemas":
    services,
    urls_of_services,
    what_a_service_may_have_hangs_on_its_protocol,
    routes,
    headers_hosts_and_patterns_of_routes,
    what_a_route_may_have_hangs_on_its_protocols,
    grpc_routes_keep_the_path,
    streams_have_ends,
    several_faults_are_all_told,
    references,
    plugins,
    consumers_developers_and_applications,
    names_and_tags,
    schemas_are_served,
    entities_are_validated_and_not_kept,
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
        json!({"host": "a", "connect_timeout": 0, "read_timeout": 2_147_483_647_u32}),
        "2 schema violations (connect_timeout: value should be between 1 and 2147483646; read_timeout: value should \
         be between 1 and 2147483646)",
        json!({}),
    );
    expect(get(api, "/services"), 200, json!({"data": []}));
}

fn routes(api: &dyn Api) {
    let check = |body, message: &str, fields| check_refused(api, "/routes", body, message, fields);
    check(
        json!({}),
        "schema violation (must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https')",
        json!({"@entity": ["must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"]}),
    );
    check(
        json!({"protocols": ["http"], "snis": ["a.test"]}),
        "3 schema violations ('snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or \
         'tls_passthrough'; must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'; \
         snis: length must be 0)",
        json!({"snis": "length must be 0"}),
    );
    check(
        json!({"paths": ["/a/../b"], "methods": ["get"], "headers": {"Host": ["x"], "y": "z"}}),
        "3 schema violations (headers: cannot contain 'host' header, which must be specified in the 'hosts' \
         attribute; methods.1: invalid value: get; paths.1: non-normalized path, consider use '/b' instead)",
        json!({"paths": ["non-normalized path, consider use '/b' instead"]}),
    );
    check(
        json!({"paths": "/a", "headers": 1, "strip_path": 1, "service": 5}),
        "4 schema violations (headers: expected a map; paths: expected an array; service.id: missing primary key; \
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

fn headers_hosts_and_patterns_of_routes(api: &dyn Api) {
    let check = |body, message: &str, fields| check_refused(api, "/routes", body, message, fields);
    // A fault in a map stands in its own place; those of a list in it are told by position.
    for (headers, faults, told) in [
        (json!({"a": true}), json!("expected an array"), "headers: expected an array"),
        (json!(["a"]), json!("expected a string"), "headers: expected a string"),
        (
            json!({"a": ["b", ""]}),
            json!([null, "length must be at least 1"]),
            "headers.2: length must be at least 1",
        ),
        (json!({"a": [1]}), json!(["expected a string"]), "headers.1: expected a string"),
    ] {
        check(
            json!({"paths": ["/a"], "headers": headers}),
            &format!("schema violation ({told})"),
            json!({"headers": faults}),
        );
    }
    for (hosts, sentence) in [
        ("example-.org", "invalid hostname: example-.org"),
        ("example.org-", "invalid hostname: example.org-"),
        ("example:", "invalid hostname: example:"),
        ("example.com:1000000", "invalid port number"),
        ("1.2.3", "invalid ipv4 address: 1.2.3"),
        ("*.example.*", "invalid wildcard: must have at most one wildcard"),
        ("*example.com", "invalid wildcard: must be placed at leftmost or rightmost label"),
    ] {
        check(
            json!({"hosts": [hosts]}),
            &format!("schema violation (hosts.1: {sentence})"),
            json!({"hosts": [sentence]}),
        );
    }
    let (status, body) = post(api, "/routes", json!({"paths": ["~/users/(foo/profile"]}));
    assert!(
        status == 400
            && body["message"].as_str().unwrap().starts_with("schema violation (paths.1: invalid regex:"),
        "{body}"
    );
    expect(get(api, "/routes"), 200, json!({"data": []}));
}

fn urls_of_services(api: &dyn Api) {
    let refused =
        |url, message, fields| check_refused(api, "/services", json!({"url": url}), message, fields);
    refused(
        json!("nonsense"),
        "2 schema violations (host: required field missing; path: should start with: /)",
        json!({"host": "required field missing", "path": "should start with: /"}),
    );
    refused(json!(5), "schema violation (url: expected a string)", json!({"url": "expected a string"}));
    refused(json!(""), "schema violation (url: length must be at least 1)", json!({}));
    refused(json!("http://a:x/"), "schema violation (port: expected an integer)", json!({}));
    refused(json!("http://a/b//c"), "schema violation (path: must not have empty segments)", json!({}));
    for (url, parts) in [
        ("http://a.test", json!({"protocol": "http", "host": "a.test", "port": 80, "path": null})),
        ("https://a.test/v1", json!({"protocol": "https", "port": 443, "path": "/v1"})),
        ("//a.test:443/", json!({"protocol": "https", "port": 443, "path": "/"})),
        ("http://u:p@[::1]:8080/v1?x#y", json!({"host": "::1", "port": 8080, "path": "/v1"})),
    ] {
        // What it stands for is above what is sent beside it, and it is not answered.
        let made =
            expect(post(api, "/services", json!({"url": url, "host": "other", "port": 1})), 201, parts);
        assert_eq!(made.get("url"), None, "{made}");
    }
}

fn what_a_service_may_have_hangs_on_its_protocol(api: &dyn Api) {
    let entity = "failed conditional validation given value of field 'protocol'";
    for protocol in ["tcp", "tls", "udp", "grpc", "grpcs"] {
        check_refused(
            api,
            "/services",
            json!({"host": "a", "protocol": protocol, "path": "/x"}),
            &format!("2 schema violations ({entity}; path: value must be null)"),
            json!({"@entity": [entity], "path": "value must be null"}),
        );
    }
    check_refused(
        api,
        "/services",
        json!({"host": "a", "tls_verify": true, "tls_verify_depth": 1, "ca_certificates": []}),
        &format!(
            "6 schema violations ({entity}; {entity}; {entity}; ca_certificates: value must be null; tls_verify: \
             value must be null; tls_verify_depth: value must be null)"
        ),
        json!({"@entity": [entity, entity, entity]}),
    );
    for protocol in ["https", "tls"] {
        let body = json!({"host": "a", "protocol": protocol, "tls_verify": true, "tls_verify_depth": 1});
        expect(post(api, "/services", body), 201, json!({"tls_verify": true}));
    }
    // Nothing follows from a protocol that is none.
    check_refused(
        api,
        "/services",
        json!({"host": "a", "protocol": "ftp", "path": "/x", "tls_verify": true}),
        "schema violation (protocol: expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp)",
        json!({}),
    );
}

fn what_a_route_may_have_hangs_on_its_protocols(api: &dyn Api) {
    let check = |body, message: &str, fields| {
        check_refused(api, "/routes", body, &format!("schema violation ({message})"), fields);
    };
    for (protocols, sets) in [
        (json!(["http", "tcp"]), "('http', 'https'), ('tcp', 'tls', 'udp')"),
        (json!(["tls", "tls_passthrough"]), "('tcp', 'tls', 'udp'), ('tls_passthrough')"),
        (json!(["grpc", "https"]), "('grpc', 'grpcs'), ('http', 'https')"),
    ] {
        let sentence = format!("these sets are mutually exclusive: {sets}");
        let (status, body) = post(api, "/routes", json!({"protocols": protocols}));
        assert_eq!((status, &body["fields"]["protocols"]), (400, &json!(sentence)), "{body}");
    }
    check(json!({"protocols": ["ftp"], "x": 1}), "protocols: unknown type: ftp", json!({}));
    check(json!({"protocols": []}), "protocols: length must be at least 1", json!({}));
    check(json!({"protocols": null}), "protocols: required field missing", json!({}));
    check(
        json!({"protocols": ["foo", "http"], "methods": ["GET"]}),
        "protocols.1: expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp",
        json!({}),
    );
    let peer = json!([{"ip": "127.0.0.1"}]);
    for (protocol, others, fields) in [
        ("http", "'http' or 'https'", &["sources", "destinations"][..]),
        ("https", "'http' or 'https'", &["sources", "destinations"]),
        ("tcp", "'tcp', 'tls', 'tls_passthrough' or 'udp'", &["methods", "hosts", "paths", "headers"]),
        ("udp", "'tcp', 'tls', 'tls_passthrough' or 'udp'", &["methods", "hosts", "paths", "headers"]),
        ("grpc", "'grpc' or 'grpcs'", &["methods", "sources", "destinations"]),
        ("grpcs", "'grpc' or 'grpcs'", &["methods", "sources", "destinations"]),
    ] {
        for field in fields {
            let mut body = match protocol {
                "tcp" | "udp" => json!({"sources": peer}),
                _ => json!({"hosts": ["a.test"]}),
            };
            body["protocols"] = json!([protocol]);
            // Also where the value would be none.
            body[*field] = json!("x");
            let sentence = format!("cannot set '{field}' when 'protocols' is {others}");
            check(body, &format!("{field}: {sentence}"), json!({*field: sentence}));
        }
    }
    for (protocols, sentence) in [
        (json!(["grpc"]), "must set one of 'hosts', 'headers', 'paths' when 'protocols' is 'grpc'"),
        (json!(["grpcs"]), "must set one of 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'grpcs'"),
        (
            json!(["tcp"]),
            "must set one of 'sources', 'destinations', 'snis' when 'protocols' is 'tcp', 'tls' or 'udp'",
        ),
        (json!(["tls_passthrough"]), "must set snis when 'protocols' is 'tls_passthrough'"),
    ] {
        check(json!({"protocols": protocols}), sentence, json!({"@entity": [sentence]}));
    }
    for snis in ["a.test", "*.a.test", "a.*"] {
        expect(
            post(api, "/routes", json!({"protocols": ["tls_passthrough"], "snis": [snis]})),
            201,
            json!({}),
        );
    }
}

fn grpc_routes_keep_the_path(api: &dyn Api) {
    let sentence = "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'";
    let refused = json!({"code": 2, "fields": {"strip_path": sentence}});
    let made = make(api, "/routes", json!({"name": "g", "protocols": ["grpc"], "hosts": ["a.test"]}));
    assert_eq!(made["strip_path"], false);
    expect(patch(api, "/routes/g", json!({"strip_path": true})), 400, refused.clone());
    expect(patch(api, "/routes/g", json!({"strip_path": false, "hosts": ["b.test"]})), 200, json!({}));
    expect(patch(api, "/routes/g", json!({"protocols": ["http"], "strip_path": true})), 200, json!({}));
    expect(patch(api, "/routes/g", json!({"protocols": ["grpcs"]})), 400, refused.clone());
    expect(
        patch(api, "/routes/g", json!({"protocols": ["grpcs"], "strip_path": false})),
        200,
        json!({"strip_path": false}),
    );
    let whole = json!({"protocols": ["grpc"], "hosts": ["a.test"]});
    expect(put(api, "/routes/g", whole), 200, json!({"strip_path": false}));
    let whole = json!({"protocols": ["grpc"], "hosts": ["a.test"], "strip_path": true});
    expect(put(api, "/routes/g", whole), 400, refused);
    let whole = json!({"protocols": ["http"], "hosts": ["a.test"]});
    expect(put(api, "/routes/g", whole), 200, json!({"strip_path": true}));
}

fn streams_have_ends(api: &dyn Api) {
    let route = |field: &str, ends: Value| json!({"protocols": ["tcp"], field: ends});
    for field in ["sources", "destinations"] {
        for (ends, faults) in [
            (json!([{"ip": "localhost"}]), json!([{"ip": "invalid ip or cidr range: 'localhost'"}])),
            (
                json!([{"port": 1}, {"ip": "0.0.0.0/33"}]),
                json!([null, {"ip": "invalid ip or cidr range: '0.0.0.0/33'"}]),
            ),
            (json!([{"ip": "::1", "port": 65536}]), json!([{"port": "value should be between 0 and 65535"}])),
            (
                json!([{}]),
                json!([{"@entity": ["at least one of these fields must be non-empty: 'ip', 'port'"]}]),
            ),
            (json!([{"ip": "::1", "x": 1}]), json!([{"x": "unknown field"}])),
            (json!(["::1"]), json!(["expected a record"])),
            (json!({"ip": "::1"}), json!("expected a set")),
        ] {
            let body = route(field, ends);
            let (status, answer) = post(api, "/routes", body.clone());
            assert_eq!((status, &answer["fields"][field]), (400, &faults), "{body}: {answer}");
        }
        expect(
            post(
                api,
                "/routes",
                route(field, json!([{"ip": "10.1.2.3/8"}, {"ip": "::/0", "port": 8000}, {"port": 0}])),
            ),
            201,
            json!({field: [{"ip": "10.1.2.3/8", "port": null}, {"ip": "::/0", "port": 8000}, {"ip": null, "port": 0}]}),
        );
    }
}

/// Rules over several fields look at what was sent, faulty or not: nothing is told twice.
fn several_faults_are_all_told(api: &dyn Api) {
    check_refused(
        api,
        "/routes",
        json!({"name": "a b", "protocols": ["http"], "paths": ["x"], "tags": 1, "z": 1}),
        "4 schema violations (name: invalid value 'a b': the only accepted ascii characters are alphanumerics or ., -, \
         _, and ~; paths.1: should start with: / (fixed path) or ~/ (regex path); tags: expected a set; z: unknown \
         field)",
        json!({}),
    );
    check_refused(
        api,
        "/routes",
        json!({"protocols": ["http"], "regex_priority": "x"}),
        "2 schema violations (must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'; \
         regex_priority: expected an integer)",
        json!({}),
    );
    check_refused(
        api,
        "/consumers",
        json!({"username": 1}),
        "schema violation (username: expected a string)",
        json!({}),
    );
    check_refused(
        api,
        "/services",
        json!({"id": 5, "created_at": 0, "updated_at": "x", "port": null, "ca_certificates": ["x"], "protocol": "https"}),
        "6 schema violations (ca_certificates.1: expected a valid UUID; created_at: expected a valid timestamp; host: \
         required field missing; id: expected a string; port: required field missing; updated_at: expected an integer)",
        json!({}),
    );
}

/// Of what is sent only the id counts; without one, what is wrong with the rest is told.
fn references(api: &dyn Api) {
    let check = |service, fields: Value| {
        let (status, body) = post(api, "/routes", json!({"paths": ["/a"], "service": service}));
        assert_eq!((status, &body["fields"]), (400, &json!({"service": fields})), "{body}");
    };
    check(json!({}), json!({"id": "missing primary key"}));
    check(json!("x"), json!({"id": "missing primary key"}));
    check(json!({"id": null}), json!({"id": "required field missing"}));
    check(json!({"id": "x"}), json!({"id": "expected a valid UUID"}));
    check(json!({"id": 5}), json!({"id": "expected a string"}));
    check(json!({"x": 1}), json!({"x": "unknown field"}));
    check(
        json!({"protocol": "foo"}),
        json!({"protocol": "expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp"}),
    );
    let service = make(api, "/services", json!({"name": "s", "host": "a"}));
    let id = service["id"].clone();
    let route = expect(post(api, "/routes", json!({"paths": ["/a"], "service": service})), 201, json!({}));
    assert_eq!(route["service"], json!({"id": id}));
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
    let retries = json!({"type": "integer", "default": 5, "between": [0, 32767],
        "description": field("retries")["description"]});
    assert_eq!(field("retries"), retries);
    assert_eq!(field("host")["required"], true);
    let plugin = expect(get(api, "/schemas/plugins/key-auth"), 200, json!({}));
    let config = plugin["fields"].as_array().unwrap().iter().find_map(|field| field.get("config")).unwrap();
    assert_eq!(config["fields"][0]["key_names"]["default"], json!(["apikey"]));
    expect(get(api, "/schemas/none"), 404, json!({"message": "No entity named 'none'"}));
    expect(get(api, "/schemas/plugins/none"), 404, json!({"message": "No plugin named 'none'"}));
    expect(get(api, "/schemas/%C3%BC"), 404, json!({"message": "No entity named 'ü'"}));
}

fn entities_are_validated_and_not_kept(api: &dyn Api) {
    let service = json!({"id": NOBODY, "name": "s"});
    for (kind, body) in [
        ("services", json!({"name": "s", "url": "http://a.test"})),
        ("routes", json!({"paths": ["/a"], "service": service})),
        ("consumers", json!({"id": NOBODY, "username": "u", "custom_id": "c"})),
        ("plugins", json!({"name": "key-auth", "config": {"key_names": ["a"]}, "service": service})),
        ("keyauth_credentials", json!({"consumer": {"id": NOBODY, "username": "u"}, "key": "k", "ttl": 5})),
        ("developers", json!({"email": "a@b"})),
    ] {
        for _ in 0..2 {
            expect(
                post(api, &format!("/schemas/{kind}/validate"), body.clone()),
                200,
                json!({"message": "schema validation successful"}),
            );
        }
    }
    for path in ["/services", "/routes", "/consumers", "/plugins", "/key-auths", "/developers"] {
        expect(get(api, path), 200, json!({"data": []}));
    }
    let check = |kind: &str, body, message, fields| {
        check_refused(api, &format!("/schemas/{kind}/validate"), body, message, fields);
    };
    check("services", json!({}), "schema violation (host: required field missing)", json!({}));
    check(
        "plugins",
        json!({"name": "key-auth", "config": {"keys": "foo"}}),
        "schema violation (config.keys: unknown field)",
        json!({"config": {"keys": "unknown field"}}),
    );
    check("plugins", json!({}), "schema violation (name: required field missing)", json!({}));
    check("keyauth_credentials", json!({}), "schema violation (consumer: required field missing)", json!({}));
    check(
        "routes",
        json!({"paths": ["/-/health"]}),
        "schema violation (paths.1: is a path of the gateway itself)",
        json!({}),
    );
    let credential = json!({"consumer": {"id": NOBODY}, "ttl": -1});
    expect(post(api, "/schemas/keyauth_credentials/validate", credential), 400, json!({"code": 11}));
    for kind in ["none", "upstreams", "vaults"] {
        let message = format!("No entity named '{kind}'");
        expect(
            post(api, &format!("/schemas/{kind}/validate"), json!({"a": 1})),
            404,
            json!({"message": message}),
        );
    }
    expect(get(api, "/schemas/services/validate"), 405, json!({"message": "Method not allowed"}));
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
        "upstreams",
        "targets",
    ] {
        let schema = expect(get(api, &format!("/schemas/{kind}")), 200, json!({}));
        for field in schema["fields"].as_array().unwrap() {
            let (name, described) = field.as_object().unwrap().iter().next().unwrap();
            assert!(described["type"].is_string(), "{kind}.{name}: {described}");
        }
        assert!(schema["entity_checks"].is_array(), "{kind}");
    }
    for plugin in ["key-auth", "application-registration", "oauth2"] {
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
        "/consumers/s/oauth2",
        "/consumers/s/oauth2/s",
        "/oauth2",
        "/oauth2/s",
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
