//! What entities must satisfy, and the sentences that say so.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::admin::endpoints::ENDPOINTS;

async fn check_refused(path: &str, body: Value, message: &str, fields: Value) {
    let admin = new_admin().await;
    let answer = call(&admin, "POST", path, &body.to_string()).await;
    expect(answer, 400, json!({"code": 2, "name": "schema violation", "message": message, "fields": fields}));
}

#[tokio::test]
async fn services() {
    let check = |body, message, fields| check_refused("/services", body, message, fields);
    check(
        json!({}),
        "schema violation (host: required field missing)",
        json!({"host": "required field missing"}),
    )
    .await;
    check(
        json!({"host": 1, "port": 70000, "x": 1}),
        "3 schema violations (host: expected a string; port: value should be between 0 and 65535; x: unknown field)",
        json!({"host": "expected a string", "x": "unknown field"}),
    )
    .await;
    check(
        json!({"host": "a", "protocol": "ftp"}),
        "schema violation (protocol: expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp)",
        json!({}),
    )
    .await;
    check(
        json!({"host": "a", "path": "x"}),
        "schema violation (path: should start with: /)",
        json!({"path": "should start with: /"}),
    )
    .await;
    check(
        json!({"host": "a", "path": "/a//b"}),
        "schema violation (path: must not have empty segments)",
        json!({"path": "must not have empty segments"}),
    )
    .await;
    check(
        json!({"host": "a", "name": ""}),
        "schema violation (name: length must be at least 1)",
        json!({"name": "length must be at least 1"}),
    )
    .await;
    check(
        json!({"host": "a", "id": "x"}),
        "schema violation (id: expected a valid UUID)",
        json!({"id": "expected a valid UUID"}),
    )
    .await;
    check(
        json!({"host": "a", "tags": ["a", "b,c", 3], "retries": 1.5}),
        "3 schema violations (retries: expected an integer; tags.2: invalid tag 'b,c': expected printable ascii \
         (except `,` and `/`) or valid utf-8 sequences; tags.3: expected a string)",
        json!({"tags": [null, "invalid tag 'b,c': expected printable ascii (except `,` and `/`) or valid utf-8 sequences", "expected a string"]}),
    )
    .await;
    check(
        json!({"host": "a", "protocol": "grpc", "path": "/x"}),
        "2 schema violations (failed conditional validation given value of field 'protocol'; path: value must be null)",
        json!({"@entity": ["failed conditional validation given value of field 'protocol'"]}),
    )
    .await;
    check(
        json!({"url": "nonsense"}),
        "schema violation (url: expected <protocol>://<host>[:<port>][/<path>])",
        json!({}),
    )
    .await;
}

#[tokio::test]
async fn routes() {
    let check = |body, message, fields| check_refused("/routes", body, message, fields);
    check(
        json!({}),
        "schema violation (must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https')",
        json!({"@entity": ["must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"]}),
    )
    .await;
    check(
        json!({"protocols": ["http"], "snis": ["a.test"]}),
        "schema violation (must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http')",
        json!({}),
    )
    .await;
    check(
        json!({"paths": ["/a/../b"], "methods": ["get"], "headers": {"Host": ["x"], "y": "z"}}),
        "4 schema violations (headers.Host: cannot contain 'host' header, which must be specified in the 'hosts' \
         attribute; headers.y: expected an array; methods.1: invalid value: get; paths.1: non-normalized path, \
         consider use '/b' instead)",
        json!({"paths": ["non-normalized path, consider use '/b' instead"]}),
    )
    .await;
    check(
        json!({"paths": "/a", "headers": [], "strip_path": 1, "service": 5}),
        "4 schema violations (headers: expected a map; paths: expected an array; service: expected a record; \
         strip_path: expected a boolean)",
        json!({}),
    )
    .await;
}

#[tokio::test]
async fn plugins() {
    let check = |body, message, fields| check_refused("/plugins", body, message, fields);
    check(
        json!({"name": "x"}),
        "schema violation (name: plugin 'x' not enabled; add it to the 'plugins' configuration property)",
        json!({}),
    )
    .await;
    check(
        json!({"name": "key-auth", "config": {"key_names": ["a", "", "b c"], "x": 1}}),
        "3 schema violations (config.key_names.2: length must be at least 1; config.key_names.3: bad header name \
         'b c', allowed characters are A-Z, a-z, 0-9, '_', and '-'; config.x: unknown field)",
        json!({"config": {"x": "unknown field"}}),
    )
    .await;
    check(
        json!({"name": "key-auth", "consumer": {"id": Uuid::nil()}}),
        "schema violation (consumer: value must be null)",
        json!({"consumer": "value must be null"}),
    )
    .await;
    check(
        json!({"name": "application-registration"}),
        "2 schema violations (config.display_name: required field missing; service: required field missing)",
        json!({"config": {"display_name": "required field missing"}}),
    )
    .await;
    check(
        json!({"name": "key-auth", "config": {"key_names": vec!["a"; 17]}}),
        "schema violation (config.key_names: length must be at most 16)",
        json!({}),
    )
    .await;
}

#[tokio::test]
async fn others() {
    check_refused(
        "/consumers",
        json!({}),
        "schema violation (at least one of these fields must be non-empty: 'custom_id', 'username')",
        json!({"@entity": ["at least one of these fields must be non-empty: 'custom_id', 'username'"]}),
    )
    .await;
    check_refused(
        "/developers",
        json!({"email": "x", "meta": "[]", "status": 4}),
        "3 schema violations (email: expected an e-mail address; meta: expected a JSON object, as a string; status: \
         expected one of: 0, 1, 2, 3)",
        json!({}),
    )
    .await;
    check_refused(
        "/applications",
        json!({"name": "a", "redirect_uri": "x"}),
        "2 schema violations (developer: required field missing; redirect_uri: cannot parse 'x')",
        json!({}),
    )
    .await;
}

#[tokio::test]
async fn schemas_are_served() {
    let admin = new_admin().await;
    let services = expect(call(&admin, "GET", "/schemas/services", "").await, 200, json!({}));
    let field = |name: &str| {
        services["fields"].as_array().unwrap().iter().find_map(|field| field.get(name).cloned()).unwrap()
    };
    assert_eq!(field("retries"), json!({"type": "integer", "default": 5, "between": [0, 32767]}));
    assert_eq!(field("host")["required"], true);
    let plugin = expect(call(&admin, "GET", "/schemas/plugins/key-auth", "").await, 200, json!({}));
    let config = plugin["fields"].as_array().unwrap().iter().find_map(|field| field.get("config")).unwrap();
    assert_eq!(config["fields"][0]["key_names"]["default"], json!(["apikey"]));
    let none = call(&admin, "GET", "/schemas/none", "").await;
    expect(none, 404, json!({"message": "No entity named 'none'"}));
    let none = call(&admin, "GET", "/schemas/plugins/none", "").await;
    expect(none, 404, json!({"message": "No plugin named 'none'"}));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z/~.*:@%\u{0}é-]{0,8}".prop_map(Value::from),
        Just(json!("https")),
        Just(json!("key-auth")),
        Just(json!("application-registration")),
        Just(json!(Uuid::nil())),
        Just(json!("lk_x")),
        Just(json!("a@b")),
        Just(json!("{}")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field_name(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Names of real fields, mostly.
fn field_name() -> impl Strategy<Value = String> {
    let mut names: Vec<String> =
        vec!["config".into(), "key_names".into(), "anonymous".into(), "_digest".into()];
    for kind in crate::schema::EntityKind::ALL {
        names.extend(kind.schema().fields.iter().map(|field| field.name.to_owned()));
    }
    names.push("url".into());
    prop::sample::select(names)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_breaks_anything(members in prop::collection::vec((field_name(), any_json()), 0..8)) {
        let body = Value::Object(members.into_iter().collect()).to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let admin = new_admin().await;
            call(&admin, "POST", "/services", "{\"name\":\"s\",\"host\":\"a\"}").await;
            call(&admin, "POST", "/consumers", "{\"username\":\"s\"}").await;
            call(&admin, "POST", "/developers", "{\"email\":\"s@t\"}").await;
            for endpoint in ENDPOINTS {
                let path: Vec<&str> = endpoint.path.split('/')
                    .map(|segment| match segment { "{developers}" => "s@t", _ if segment.starts_with('{') => "s", _ => segment })
                    .collect();
                let path = path.join("/");
                for method in endpoint.methods.iter().filter(|method| !matches!(**method, "GET" | "DELETE")) {
                    let (status, answer) = call(&admin, method, &path, &body).await;
                    assert!(status < 500, "{method} {path} {body}: {status} {answer}");
                }
            }
        });
    }

    #[test]
    fn no_query_breaks_anything(query in "[a-z=&%0-9+é]{0,20}", size in any::<f64>(), offset in "[A-Za-z0-9+/=]{0,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let admin = new_admin().await;
            for query in [query, format!("size={size}"), format!("offset={offset}")] {
                let (status, answer) = call(&admin, "GET", &format!("/services?{query}"), "").await;
                assert!(status < 500, "{query}: {status} {answer}");
            }
        });
    }
}
