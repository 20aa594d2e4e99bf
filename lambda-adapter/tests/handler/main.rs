//! Recorded events of each trigger, fed to the handler over DynamoDB Local and a real upstream.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../store/support/dynamodb.rs"]
#[allow(dead_code, reason = "shared with the tests of the store")]
mod dynamodb;
mod mail;
mod secrets;
mod upstream;

use std::time::Duration;

use lambda_runtime::{Diagnostic, FunctionResponse};
use latchkey_lambda::aws::AwsEnvironment;
use latchkey_lambda::config::Settings;
use latchkey_lambda::environment::Environment;
use latchkey_lambda::handler::{Reply, handle};
use latchkey_lambda::secrets::{Secrets, SecretsFrom};
use latchkey_lambda::store::DynamoStore;
use latchkey_published::rehash;
use latchkey_store::Store as _;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio_stream::StreamExt as _;
use upstream::Upstream;

const TOKEN: &str = "token-of-the-administrator-of-the-tests";
const PEPPER: &str = "pepper-of-thirty-two-bytes-or-more";
const HELLO: &str = "HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 5\r\n\r\nhello";
const PROXIED: [&str; 5] = [
    include_str!("../events/function_url.json"),
    include_str!("../events/http_api.json"),
    include_str!("../events/rest_api.json"),
    include_str!("../events/alb.json"),
    include_str!("../events/alb_multi_value.json"),
];

/// Makes a change act on the next request already.
const AT_ONCE: (&str, &str) = ("LATCHKEY_REVOCATION_BOUND_MS", "1");
const SCHEDULE: &str = include_str!("../events/schedule.json");

/// Environments over one table.
struct World {
    table: dynamodb::Table,
}

impl World {
    async fn new() -> Self {
        World { table: dynamodb::Table::create() }
    }

    /// A gateway and a control plane.
    async fn start(&self, variables: &[(&'static str, &'static str)]) -> Function<'_> {
        let control: Vec<_> = [("LATCHKEY_MODE", "control")].iter().chain(variables).copied().collect();
        let control = self.environment(&control).await;
        Function { world: self, variables: variables.to_vec(), gateway: OnceCell::new(), control }
    }

    async fn environment(&self, variables: &[(&str, &str)]) -> Environment {
        let variable = |name: &str| {
            let fixed = [
                ("LATCHKEY_PEPPER", PEPPER),
                ("LATCHKEY_ADMIN_TOKEN", TOKEN),
                ("LATCHKEY_UPSTREAM_ALLOW", "127.0.0.1"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
            ];
            let mut all = variables.iter().chain(&fixed);
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let settings = Settings::read(variable).unwrap();
        let aws = AwsEnvironment::read(variable).unwrap();
        let secrets = Secrets::get(&SecretsFrom::Environment, settings.mode, variable, &aws).await.unwrap();
        let store = DynamoStore::new(dynamodb::client(dynamodb::address()), &self.table.name);
        Environment::start(settings, secrets, store, &aws)
    }
}

/// The two functions of a deployment.
struct Function<'w> {
    world: &'w World,
    variables: Vec<(&'static str, &'static str)>,
    /// Started by the first event, so that it reads what was set up before.
    gateway: OnceCell<Environment>,
    control: Environment,
}

impl Function<'_> {
    async fn invoke(&self, event: &impl Serialize) -> Result<Reply, Diagnostic> {
        let gateway = self.gateway.get_or_init(|| self.world.environment(&self.variables)).await;
        handle(gateway, &to_raw_value(event).unwrap()).await
    }

    async fn whole(&self, event: &impl Serialize) -> Value {
        whole(self.invoke(event).await)
    }

    /// The same of the control plane.
    async fn control(&self, event: &impl Serialize) -> Value {
        whole(handle(&self.control, &to_raw_value(event).unwrap()).await)
    }

    /// What the schedule calls.
    async fn do_what_is_due(&self) -> Result<Reply, Diagnostic> {
        handle(&self.control, &RawValue::from_string(SCHEDULE.trim().to_owned()).unwrap()).await
    }

    /// One call of the Admin API; what it answers.
    async fn admin(&self, method: &str, path: &str, body: Value) -> Value {
        let event = json!({
            "version": "2.0",
            "rawPath": format!("/admin{path}"),
            "headers": {"content-type": "application/json", "kong-admin-token": TOKEN},
            "requestContext": {"http": {"method": method, "sourceIp": "192.0.2.7"}},
            "body": body.to_string(),
        });
        let answer = self.control(&event).await;
        assert!(answer["statusCode"].as_u64().unwrap() < 300, "{method} {path}: {answer}");
        serde_json::from_str(answer["body"].as_str().unwrap()).unwrap_or_default()
    }

    /// A service at the upstream, a route to it with key-auth, and a key.
    async fn set_up(&self, upstream: &str, key_auth: Value) -> String {
        let service = json!({"name": "up", "url": upstream, "retries": 1, "read_timeout": 500});
        self.admin("POST", "/services", service).await;
        self.admin("POST", "/services/up/routes", json!({"paths": ["/"], "strip_path": false})).await;
        self.admin("POST", "/plugins", json!({"name": "key-auth", "config": key_auth})).await;
        self.admin("POST", "/consumers", json!({"username": "bob", "custom_id": "42"})).await;
        let credential = self.admin("POST", "/consumers/bob/key-auth", json!({})).await;
        credential["key"].as_str().unwrap().to_owned()
    }
}

fn whole(reply: Result<Reply, Diagnostic>) -> Value {
    match reply.unwrap() {
        FunctionResponse::BufferedResponse(json) => serde_json::from_str(json.get()).unwrap(),
        FunctionResponse::StreamingResponse(_) => panic!("streamed"),
    }
}

/// As text: a value would not keep the order of members.
fn recorded(event: &str, key: &str) -> Box<RawValue> {
    RawValue::from_string(event.trim().replace("KEY", key)).unwrap()
}

fn get(path: &str, headers: Value) -> Value {
    json!({
        "version": "2.0",
        "rawPath": path,
        "headers": headers,
        "requestContext": {"http": {"method": "GET", "sourceIp": "192.0.2.7"}},
    })
}

fn check_status(answer: &Value, status: u16) {
    assert_eq!(answer["statusCode"], status, "{answer}");
}

#[tokio::test]
async fn every_trigger_is_proxied() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let function = world.start(&[]).await;
    let hiding = json!({"hide_credentials": true});
    let key = function.set_up(&format!("http://{}", upstream.address), hiding).await;
    for event in PROXIED {
        let event = recorded(event, &key);
        let answer = function.whole(&event).await;
        check_status(&answer, 201);
        assert_eq!((&answer["body"], &answer["isBase64Encoded"]), (&json!("hello"), &json!(false)));
        let sent = upstream.take();
        let [sent] = sent.as_slice() else { panic!("{sent:?}") };
        assert!(sent.starts_with("POST /orders/a%20b?b=2&a=%2"), "{sent}");
        assert!(sent.ends_with("\r\n\r\n{\"hello\":1}"), "{sent}");
        for line in [
            "content-length: 11",
            "cookie: one=1; two=2",
            "x-forwarded-for: 203.0.113.9, 192.0.2.7",
            "x-real-ip: 192.0.2.7",
            "x-forwarded-proto: https",
            "x-consumer-username: bob",
        ] {
            assert!(sent.lines().any(|sent| sent == line), "{line} is not in {sent}");
        }
        assert!(!sent.contains(&key), "{sent}");
    }
}

/// The event of a trigger with these fields besides its own, in the form it has them.
fn with_fields(event: &str, key: &str, fields: &[(&str, &str)]) -> Value {
    let mut event: Value = serde_json::from_str(&event.replace("KEY", key)).unwrap();
    for (name, value) in fields {
        for (member, value) in [("headers", json!(value)), ("multiValueHeaders", json!([value]))] {
            if let Some(headers) = event[member].as_object_mut() {
                headers.retain(|own, _| !own.eq_ignore_ascii_case(name));
                headers.insert((*name).to_owned(), value);
            }
        }
    }
    event
}

#[tokio::test]
async fn a_host_that_is_none_is_refused() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let function = world.start(&[]).await;
    let key = function.set_up(&format!("http://{}", upstream.address), json!({})).await;
    for event in PROXIED {
        for host in ["k.test/evil", "user@k.test", "a b", "[::1", "a..b", "k.test:99999", "a.test,a.test"] {
            let answer = function.whole(&with_fields(event, &key, &[("host", host)])).await;
            check_status(&answer, 400);
            let mut event = get("/-/health", json!({"host": host}));
            check_status(&function.whole(&event).await, 400);
            event["headers"]["host"] = json!("k.test");
            check_status(&function.whole(&event).await, 200);
            for path in ["/", "/health", "/admin/services"] {
                let mut event = get(path, json!({"host": host, "kong-admin-token": TOKEN}));
                check_status(&function.control(&event).await, 400);
                event["headers"]["host"] = json!("k.test");
                check_status(&function.control(&event).await, 200);
            }
        }
    }
    let mut event = get("/", json!({"apikey": key}));
    event["requestContext"]["domainName"] = json!("user@k.test");
    check_status(&function.whole(&event).await, 400);
    assert!(upstream.take().is_empty());
    for host in ["a_b.test", "xn--bcher-kva.example", "1.2.3.4:80", "[2001:db8::1]:80", "k.test.", ""] {
        for event in PROXIED {
            check_status(&function.whole(&with_fields(event, &key, &[("host", host)])).await, 201);
        }
    }
}

#[tokio::test]
async fn names_that_servers_fold_into_one_are_one() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let function = world.start(&[]).await;
    let hiding = json!({"hide_credentials": true, "key_names": ["apikey", "x-api-key"]});
    let key = function.set_up(&format!("http://{}", upstream.address), hiding).await;
    let spoofed = [
        "x_consumer_id",
        "x.consumer.username",
        "x|consumer!groups",
        "x_authenticated_scope",
        "x-authenticated-userid",
        "x_forwarded_for",
        "x~forwarded~host",
        "x-forwarded-host",
        "x.forwarded-prefix",
        "x_real_ip",
        "forwarded",
        "content_length",
        "transfer_encoding",
        "x_api_key",
    ];
    let fields: Vec<_> = spoofed
        .iter()
        .map(|name| (*name, "evil"))
        .chain([("x-consumer-idx", "kept"), ("host", "")])
        .collect();
    for event in PROXIED {
        check_status(&function.whole(&with_fields(event, &key, &fields)).await, 201);
        let sent = upstream.take().concat();
        assert!(!sent.contains("evil"), "{sent}");
        assert!(!sent.contains("x-forwarded-host"), "{sent}");
        for line in ["x-consumer-idx: kept", "x-consumer-username: bob", "x-real-ip: 192.0.2.7"] {
            assert!(sent.lines().any(|sent| sent == line), "{line} is not in {sent}");
        }
    }
}

#[tokio::test]
async fn refusals_have_the_form_of_the_trigger() {
    let world = World::new().await;
    let function = world.start(&[]).await;
    function.set_up("http://127.0.0.1:9", json!({})).await;
    for (event, lists) in PROXIED.iter().zip([false, false, true, false, true]) {
        let answer = function.whole(&recorded(event, "wrong")).await;
        check_status(&answer, 401);
        let challenge = match lists {
            true => &answer["multiValueHeaders"]["www-authenticate"][0],
            false => &answer["headers"]["www-authenticate"],
        };
        assert_eq!(challenge, "Key", "{answer}");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["message"], "Unauthorized");
    }
}

#[tokio::test]
async fn streams_have_their_prelude_and_all_of_the_body() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let maker = world.start(&[]).await;
    let key = maker.set_up(&format!("http://{}", upstream.address), json!({})).await;
    let function = world.start(&[("LATCHKEY_RESPONSE_STREAMING", "true")]).await;
    for event in &PROXIED[..3] {
        let reply = function.invoke(&recorded(event, &key)).await.unwrap();
        let FunctionResponse::StreamingResponse(mut reply) = reply else { panic!("not streamed") };
        assert_eq!(reply.metadata_prelude.status_code, 201);
        assert_eq!(reply.metadata_prelude.headers["content-type"], "text/plain");
        assert_eq!(reply.metadata_prelude.cookies, ["a=1", "b=2"]);
        let mut body = Vec::new();
        while let Some(bytes) = reply.stream.next().await {
            body.extend_from_slice(&bytes.unwrap());
        }
        assert_eq!(body, b"hello");
    }
    // A load balancer takes no streams.
    check_status(&function.whole(&recorded(PROXIED[3], &key)).await, 201);
}

#[tokio::test]
async fn what_cannot_be_returned_is_a_clear_502() {
    let body = "x".repeat(7 << 20);
    let long = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (world, upstream) = (World::new().await, Upstream::answering(long).await);
    let function = world.start(&[]).await;
    let key = function.set_up(&format!("http://{}", upstream.address), json!({})).await;
    let answer = function.whole(&get("/", json!({"apikey": key}))).await;
    check_status(&answer, 502);
    assert!(answer["body"].as_str().unwrap().contains("does not fit into"), "{answer}");
}

#[tokio::test]
async fn failing_upstreams_have_their_statuses() {
    let (world, closing) = (World::new().await, Upstream::answering("").await);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let function = world.start(&[AT_ONCE]).await;
    let key = function.set_up("http://127.0.0.1:9", json!({})).await;
    let url = |address: std::net::SocketAddr| format!("http://{address}");
    for (upstream, status) in [
        ("http://127.0.0.1:9".to_owned(), 502),
        ("http://no-such-name.invalid".to_owned(), 503),
        (url(closing.address), 502),
        (url(silent.local_addr().unwrap()), 504),
    ] {
        function.admin("PATCH", "/services/up", json!({"url": upstream})).await;
        let answer = function.whole(&get("/", json!({"apikey": key}))).await;
        check_status(&answer, status);
    }
    // A connection that nobody answered on is not tried again.
    assert_eq!(closing.take().len(), 1);
}

/// What is on the function's own machine, and what every machine of a cloud can reach.
#[tokio::test]
async fn upstreams_are_not_where_the_platforms_services_are() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let function = world.start(&[("LATCHKEY_UPSTREAM_ALLOW", ""), AT_ONCE]).await;
    let key = function.set_up("http://127.0.0.1:9", json!({})).await;
    let port = upstream.address.port();
    let request = get("/", json!({"apikey": key}));
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "169.254.169.254",
        "0xa9fea9fe",
        "[fd00:ec2::254]",
        "[64:ff9b::a9fe:a9fe]",
    ] {
        function.admin("PATCH", "/services/up", json!({"url": format!("http://{host}:{port}")})).await;
        let answer = function.whole(&request).await;
        check_status(&answer, 503);
        assert!(answer["body"].as_str().unwrap().contains("currently unavailable"), "{host}: {answer}");
    }
    assert!(upstream.take().is_empty());
    function.admin("PATCH", "/services/up", json!({"url": format!("http://0x7f.1:{port}")})).await;
    let allowing = world.start(&[]).await;
    check_status(&allowing.whole(&request).await, 201);
}

/// A client may have sent them as they are, and an upstream is sent no such bytes.
#[tokio::test]
async fn what_cannot_stand_in_a_query_is_escaped() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let function = world.start(&[]).await;
    let key = function.set_up(&format!("http://{}", upstream.address), json!({})).await;
    let mut request = get("/a", json!({"apikey": key}));
    request["rawQueryString"] = json!("b=<c>\"d\"#e f&g={h}|^`\\");
    check_status(&function.whole(&request).await, 201);
    let sent = upstream.take().concat();
    assert!(sent.starts_with("GET /a?b=%3Cc%3E%22d%22%23e%20f&g={h}|^`\\ HTTP/1.1\r\n"), "{sent}");
}

#[tokio::test]
async fn a_handshake_is_refused() {
    let world = World::new().await;
    let function = world.start(&[]).await;
    let key = function.set_up("http://127.0.0.1:9", json!({})).await;
    let handshake = json!({"apikey": key, "connection": "upgrade", "upgrade": "websocket",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13"});
    check_status(&function.whole(&get("/", handshake)).await, 501);
}

#[tokio::test]
async fn an_upstreams_unknown_coding_is_502() {
    const CODED: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let (world, upstream) = (World::new().await, Upstream::answering(CODED).await);
    let function = world.start(&[]).await;
    let key = function.set_up(&format!("http://{}", upstream.address), json!({})).await;
    check_status(&function.whole(&get("/", json!({"apikey": key}))).await, 502);
}

/// Where the platform hands such fields over: what they name was not undone by us.
#[tokio::test]
async fn codings_and_lengths_that_say_something_else_are_refused() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let function = world.start(&[]).await;
    let key = function.set_up(&format!("http://{}", upstream.address), json!({})).await;
    for (name, value, status) in [
        ("transfer-encoding", "gzip, chunked", 501),
        ("transfer-encoding", "gzip,chunked,chunked", 400),
        ("transfer-encoding", "identity, chunked", 400),
        ("content-length", "0, 0", 400),
        ("content-length", "+0", 400),
    ] {
        let answer = function.whole(&get("/", json!({"apikey": key, name: value}))).await;
        check_status(&answer, status);
    }
    assert!(upstream.take().is_empty());
    for (name, value) in [
        ("transfer-encoding", "chunked"),
        ("content-length", "0"),
        ("upgrade", "websocket, h2c"),
        ("http2-settings", "AAMAAABk"),
        ("transfer_encoding", "gzip"),
    ] {
        let fields = json!({"apikey": key, "connection": "upgrade", name: value});
        check_status(&function.whole(&get("/", fields)).await, 201);
    }
    for request in upstream.take() {
        let head = request.to_ascii_lowercase();
        for name in ["upgrade", "settings", "transfer"] {
            assert!(!head.contains(name), "{head}");
        }
    }
}

#[tokio::test]
async fn a_joined_field_is_a_duplicate_key() {
    let world = World::new().await;
    let function = world.start(&[]).await;
    let key = function.set_up("http://127.0.0.1:9", json!({})).await;
    let answer = function.whole(&get("/", json!({"apikey": format!("{key},{key}")}))).await;
    check_status(&answer, 401);
    assert!(answer["body"].as_str().unwrap().contains("Duplicate API key found"), "{answer}");
}

#[tokio::test]
async fn two_types_of_a_body_are_refused_where_keys_are_hidden() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let function = world.start(&[]).await;
    let config = json!({"key_in_body": true, "hide_credentials": true});
    let key = function.set_up(&format!("http://{}", upstream.address), config).await;
    let body = json!({"apikey": "other"}).to_string();
    let post = |mut event: Value, types: Value| {
        event["body"] = body.clone().into();
        match event["headers"].as_object_mut() {
            Some(headers) => headers.insert("content-type".into(), types),
            None => event["multiValueHeaders"].as_object_mut().unwrap().insert("content-type".into(), types),
        };
        event
    };
    let payload_2 =
        || get("/", json!({"apikey": key, "referer": format!("http://a.test/?x=1&apikey={key}")}));
    let payload_1 = || {
        json!({"path": "/", "httpMethod": "POST", "requestContext": {"identity": {"sourceIp": "192.0.2.7"}},
            "multiValueHeaders": {"apikey": [key]}})
    };
    for event in [
        post(payload_2(), json!("application/json,text/plain")),
        post(payload_2(), json!("text/plain,application/json")),
        post(payload_1(), json!(["application/json", "text/plain"])),
        post(payload_1(), json!(["text/plain", "application/json"])),
    ] {
        let answer = function.whole(&event).await;
        check_status(&answer, 400);
        assert!(answer["body"].as_str().unwrap().contains("cannot be read"), "{answer}");
    }
    assert!(upstream.take().is_empty());
    for event in [
        post(payload_2(), json!("application/json")),
        post(payload_1(), json!(["application/json"])),
        post(payload_2(), json!("text/plain,text/csv")),
    ] {
        check_status(&function.whole(&event).await, 201);
    }
    let sent = upstream.take();
    assert!(sent[0].ends_with("\r\n\r\n{}") && sent[1].ends_with("\r\n\r\n{}"), "{sent:?}");
    assert!(sent[2].ends_with(&body), "{sent:?}");
    assert!(sent[0].contains("referer: http://a.test/?x=1\r\n"), "{sent:?}");
    assert!(!sent.concat().contains(&key), "{sent:?}");
}

#[tokio::test]
async fn changes_act_when_the_bound_has_passed() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let function = world.start(&[AT_ONCE]).await;
    let key = function.set_up(&format!("http://{}", upstream.address), json!({})).await;
    let request = get("/", json!({"apikey": key}));
    for _ in 0..3 {
        check_status(&function.whole(&request).await, 201);
    }
    function.admin("DELETE", "/consumers/bob", json!({})).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    check_status(&function.whole(&request).await, 401);
}

const LATER: [(&str, &str); 2] =
    [("LATCHKEY_PEPPER", "a later pepper, of thirty-two bytes"), ("LATCHKEY_PEPPER_PREVIOUS", PEPPER)];

/// The digests that gateways ask to be moved.
async fn asked_to_move(world: &World) -> usize {
    let store = DynamoStore::new(dynamodb::client(dynamodb::address()), &world.table.name);
    store.scan(rehash::PARTITION, "", None, 10).await.unwrap().records.len()
}

/// The gateway asks beside the request; the control plane moves the key by its schedule.
#[tokio::test]
async fn keys_move_to_the_current_pepper_by_the_schedule() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let key = world.start(&[]).await.set_up(&format!("http://{}", upstream.address), json!({})).await;
    let request = get("/", json!({"apikey": key}));
    let both = world.start(&LATER).await;
    for attempt in 1.. {
        check_status(&both.whole(&request).await, 201);
        if asked_to_move(&world).await == 1 {
            break;
        }
        // What takes too long beside a request is given up and begun again with the next.
        assert!(attempt < 20, "the gateway does not ask");
    }
    // Without the previous pepper only a key that has moved is found.
    check_status(&world.start(&LATER[..1]).await.whole(&request).await, 401);
    assert!(both.do_what_is_due().await.is_ok());
    check_status(&world.start(&LATER[..1]).await.whole(&request).await, 201);
    assert_eq!(asked_to_move(&world).await, 0);
}

#[tokio::test]
async fn keys_move_to_the_current_pepper_before_a_call() {
    let (world, upstream) = (World::new().await, Upstream::answering(HELLO).await);
    let key = world.start(&[]).await.set_up(&format!("http://{}", upstream.address), json!({})).await;
    let request = get("/", json!({"apikey": key}));
    let both = world.start(&LATER).await;
    for attempt in 1.. {
        check_status(&both.whole(&request).await, 201);
        both.admin("GET", "/consumers/bob", Value::Null).await;
        if world.start(&LATER[..1]).await.whole(&request).await["statusCode"] == 201 {
            break;
        }
        assert!(attempt < 20, "the key does not move");
    }
}

#[tokio::test]
async fn a_schedule_that_fails_is_an_error_and_a_gateways_is_refused() {
    let world = World { table: dynamodb::Table { name: "no-such-table".to_owned() } };
    let failure = world.start(&[]).await.do_what_is_due().await.err().unwrap();
    assert!(failure.error_message.starts_with("what is due could not be done"), "{}", failure.error_message);
    let world = World::new().await;
    let function = world.start(&[]).await;
    assert_eq!(whole(function.do_what_is_due().await), Value::Null);
    let schedule: Value = serde_json::from_str(SCHEDULE).unwrap();
    check_status(&function.whole(&schedule).await, 400);
}

/// An event of a trigger, with this method and path in place of its own.
fn asking_control(event: &str, method: &str, path: &str) -> Value {
    let mut event = with_fields(event, "", &[("kong-admin-token", TOKEN)]);
    match event["rawPath"].is_string() {
        true => {
            event["rawPath"] = json!(path);
            event["requestContext"]["http"]["method"] = json!(method);
        }
        false => {
            event["path"] = json!(path);
            event["httpMethod"] = json!(method);
        }
    }
    event
}

#[tokio::test]
async fn every_trigger_reaches_the_control_door_and_nothing_is_proxied_there() {
    let world = World::new().await;
    let function = world.start(&[]).await;
    function.set_up("http://127.0.0.1:9", json!({})).await;
    for event in PROXIED {
        let answer = function.control(&asking_control(event, "GET", "/admin/services/up")).await;
        check_status(&answer, 200);
        let service: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(service["name"], "up");
        check_status(&function.control(&asking_control(event, "GET", "/health")).await, 200);
        for path in ["/orders", "/-/health", "/-/admin/services"] {
            check_status(&function.control(&asking_control(event, "GET", path)).await, 404);
        }
    }
    let authorizer: Value = serde_json::from_str(AUTHORIZERS[0]).unwrap();
    for event in [json!({}), json!("lk_secret"), authorizer] {
        check_status(&function.control(&event).await, 400);
    }
    for (name, value, status) in
        [("transfer-encoding", "gzip, chunked", 501), ("content-length", "0, 0", 400)]
    {
        let answer = function.control(&get("/health", json!({name: value}))).await;
        check_status(&answer, status);
    }
}

#[tokio::test]
async fn what_is_not_understood_is_answered_and_the_next_is_served() {
    let world = World::new().await;
    let function = world.start(&[]).await;
    for event in [
        json!({}),
        json!([]),
        json!("lk_secret"),
        json!({"Records": []}),
        serde_json::from_str(include_str!("../events/authorizer_rest_api.json")).unwrap(),
    ] {
        check_status(&function.whole(&event).await, 400);
    }
    let mut broken: Value = serde_json::from_str(PROXIED[1]).unwrap();
    broken["body"] = json!("no base64");
    check_status(&function.whole(&broken).await, 400);
    check_status(&function.whole(&recorded(include_str!("../events/alb_health_check.json"), "")).await, 200);
    check_status(&function.whole(&get("/-/nothing", json!({}))).await, 404);
    check_status(&function.whole(&get("/-/admin/services", json!({"kong-admin-token": TOKEN}))).await, 404);
    check_status(&function.whole(&get("/", json!({}))).await, 404);
}

#[tokio::test]
async fn proxies_and_programs_ask_whether_a_key_is_good() {
    let world = World::new().await;
    let token = "a-token-of-more-than-thirty-two-bytes";
    let function = world.start(&[("LATCHKEY_VERIFY_TOKEN", token)]).await;
    let key = function.set_up("http://127.0.0.1:9", json!({})).await;
    let told = |key: &str| json!({"x-original-method": "GET", "x-original-uri": "/a", "x-original-host": "a.test", "apikey": key});
    let answer = function.whole(&get("/-/verify/nginx", told(&key))).await;
    check_status(&answer, 200);
    assert_eq!(answer["headers"]["x-consumer-username"], "bob", "{answer}");
    check_status(&function.whole(&get("/-/verify/nginx", told("wrong"))).await, 401);
    check_status(&function.whole(&get("/-/verify/envoy/a", json!({"apikey": key}))).await, 200);
    let ask = |shown: &str| {
        let mut event = get("/-/verify", json!({"authorization": format!("Bearer {shown}")}));
        event["requestContext"]["http"]["method"] = json!("POST");
        event["body"] = json!(json!({"key": key, "service": "up"}).to_string());
        event
    };
    let answer = function.whole(&ask(token)).await;
    check_status(&answer, 200);
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!((&body["valid"], &body["consumer"]["custom_id"]), (&json!(true), &json!("42")));
    check_status(&function.whole(&ask("wrong")).await, 401);
}

#[tokio::test]
async fn a_table_that_is_not_there_is_503() {
    let world = World { table: dynamodb::Table { name: "no-such-table".to_owned() } };
    let function = world.start(&[]).await;
    check_status(&function.whole(&get("/", json!({}))).await, 503);
    check_status(&function.whole(&get("/-/health", json!({}))).await, 200);
}

#[tokio::test]
async fn without_a_token_the_admin_api_is_503() {
    let world = World::new().await;
    let function = world.start(&[("LATCHKEY_ADMIN_TOKEN", "")]).await;
    check_status(&function.control(&get("/admin", json!({"kong-admin-token": TOKEN}))).await, 503);
}

fn admin_call(token: Option<&str>, address: &str, method: &str, body: &str) -> Value {
    let mut event = json!({
        "version": "2.0",
        "rawPath": "/admin/consumers",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": method, "sourceIp": address}},
        "body": body,
    });
    if let Some(token) = token {
        event["headers"]["kong-admin-token"] = json!(token);
    }
    event
}

#[tokio::test]
async fn wrong_admin_tokens_of_one_address_are_slowed_and_right_ones_never() {
    let world = World::new().await;
    let function = world.start(&[]).await;
    let mut statuses = Vec::new();
    for _ in 0..30 {
        let answer = function.control(&admin_call(Some("wrong"), "192.0.2.7", "GET", "")).await;
        if answer["statusCode"] == 429 {
            assert_eq!(answer["headers"]["retry-after"], "1", "{answer}");
        }
        statuses.push(answer["statusCode"].as_u64().unwrap());
        // Whoever guesses beside the administrator, at the same address or another.
        for address in ["192.0.2.7", "192.0.2.8"] {
            check_status(&function.control(&admin_call(Some(TOKEN), address, "GET", "")).await, 200);
        }
        // Who shows no token does not guess.
        check_status(&function.control(&admin_call(None, "192.0.2.9", "GET", "")).await, 401);
    }
    assert!(statuses[..10].iter().all(|status| *status == 401), "{statuses:?}");
    let others = world.start(&[("LATCHKEY_ADMIN_GUESSES_PER_SECOND", "1")]).await;
    check_status(&others.control(&admin_call(Some("wrong"), "2001:db8::1", "GET", "")).await, 401);
    check_status(&others.control(&admin_call(Some("wrong"), "2001:db8::2", "GET", "")).await, 429);
    check_status(&others.control(&admin_call(Some("wrong"), "2001:db9::2", "GET", "")).await, 401);
    let without = world.start(&[("LATCHKEY_ADMIN_GUESSES_PER_SECOND", "0")]).await;
    for _ in 0..30 {
        check_status(&without.control(&admin_call(Some("wrong"), "192.0.2.7", "GET", "")).await, 401);
    }
}

/// Without the token neither the body nor the store is looked at.
#[tokio::test]
async fn the_admin_token_is_judged_before_all_else() {
    let world = World { table: dynamodb::Table { name: "no-such-table".to_owned() } };
    let function = world.start(&[]).await;
    let too_long = "x".repeat((1 << 20) + 1);
    for body in ["", "{", &too_long] {
        check_status(&function.control(&admin_call(Some("wrong"), "192.0.2.7", "POST", body)).await, 401);
        check_status(&function.control(&admin_call(None, "192.0.2.7", "POST", body)).await, 401);
    }
    check_status(&function.control(&admin_call(Some(TOKEN), "192.0.2.7", "POST", &too_long)).await, 413);
    check_status(&function.control(&admin_call(Some(TOKEN), "192.0.2.7", "POST", "{}")).await, 500);
}

const AUTHORIZERS: [&str; 3] = [
    include_str!("../events/authorizer_http_api_2.json"),
    include_str!("../events/authorizer_http_api_1.json"),
    include_str!("../events/authorizer_rest_api.json"),
];

/// Policy and context of an answer that allows.
fn check_policy(answer: &Value) {
    let statement = &answer["policyDocument"]["Statement"][0];
    let stage = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/*";
    assert_eq!(answer["policyDocument"]["Version"], "2012-10-17");
    assert_eq!(
        (&statement["Effect"], &statement["Resource"][0]),
        (&json!("Allow"), &json!(stage)),
        "{answer}"
    );
    assert_eq!(answer["principalId"], answer["context"]["consumerId"]);
    assert_eq!(answer["context"]["consumerUsername"], "bob");
    assert_eq!(answer["context"]["consumerCustomId"], "42");
    assert!(answer["context"]["credentialId"].is_string());
}

#[tokio::test]
async fn authorizers_allow_and_refuse_in_their_forms() {
    let world = World::new().await;
    let maker = world.start(&[]).await;
    let key = maker.set_up("http://127.0.0.1:9", json!({})).await;
    let mode = ("LATCHKEY_MODE", "authorizer");
    let simple = world.start(&[mode]).await;
    let policy = world.start(&[mode, ("LATCHKEY_AUTHORIZER_RESPONSE", "iam")]).await;
    let allowed = simple.whole(&recorded(AUTHORIZERS[0], &key)).await;
    assert_eq!(
        (&allowed["isAuthorized"], &allowed["context"]["consumerUsername"]),
        (&json!(true), &json!("bob"))
    );
    let refused = simple.whole(&recorded(AUTHORIZERS[0], "wrong")).await;
    assert_eq!(refused, json!({"isAuthorized": false, "context": {}}));
    for (function, event) in [(&policy, 0), (&policy, 1), (&policy, 2), (&simple, 1), (&simple, 2)] {
        check_policy(&function.whole(&recorded(AUTHORIZERS[event], &key)).await);
        let refused = function.invoke(&recorded(AUTHORIZERS[event], "wrong")).await;
        assert_eq!(refused.err().unwrap().error_message, "Unauthorized");
    }
    assert!(simple.invoke(&recorded(PROXIED[0], &key)).await.is_err());
}

/// The recorded event with another path, in all the fields that tell of it.
fn asking_for(event: &str, path: &str, key: &str) -> Value {
    let path = json!(path).to_string();
    let event = event.replace("/test/orders", "/orders").replace("/orders", path.trim_matches('"'));
    serde_json::from_str(&event.replace("KEY", key)).unwrap()
}

/// Whether an answer, in either form, lets the request pass; an error does not.
fn is_allowed(answer: Result<Reply, Diagnostic>) -> bool {
    let Ok(FunctionResponse::BufferedResponse(answer)) = answer else { return false };
    let answer: Value = serde_json::from_str(answer.get()).unwrap();
    let effect = &answer["policyDocument"]["Statement"][0]["Effect"];
    assert!(answer["isAuthorized"].is_boolean() || *effect == "Allow" || *effect == "Deny", "{answer}");
    answer["isAuthorized"] == true || *effect == "Allow"
}

/// API Gateway does not serve the path in the normal form that is decided by.
#[tokio::test]
async fn authorizers_deny_paths_that_can_be_read_as_others() {
    let world = World::new().await;
    let maker = world.start(&[]).await;
    let key = maker.set_up("http://127.0.0.1:9", json!({})).await;
    // Whoever comes as this path needs no key.
    maker.admin("POST", "/services/up/routes", json!({"name": "open", "paths": ["/public"]})).await;
    let anonymous = maker.admin("POST", "/consumers", json!({"username": "anybody"})).await;
    let config = json!({"anonymous": anonymous["id"]});
    maker.admin("POST", "/routes/open/plugins", json!({"name": "key-auth", "config": config})).await;
    let function = world.start(&[("LATCHKEY_MODE", "authorizer")]).await;
    let policy = [("LATCHKEY_MODE", "authorizer"), ("LATCHKEY_AUTHORIZER_RESPONSE", "iam")];
    let policy = world.start(&policy).await;
    for event in AUTHORIZERS {
        for path in [
            "/private/../public",
            "/private/%2e%2e/public",
            "/private/%2E./public",
            "/private/.%2e/public",
            "/private/..%2fpublic",
            "/private%2f..%2Fpublic",
            "/private%5c..%5cpublic",
            "/private\\..\\public",
            "/public/..;/private",
            "//public",
            "/private//../public",
            "/./public",
            "/public/.",
            "/%70ublic",
            "/public?/private",
            "/public#/private",
            "/public\0",
            "/public\n",
            "public",
        ] {
            for (key, function) in [("none", &function), (&key, &function), (&key, &policy)] {
                let answer = function.invoke(&asking_for(event, path, key)).await;
                assert!(!is_allowed(answer), "{path} {event}");
            }
        }
        for path in [
            "/public",
            "/public/",
            "/public/a%20b/%C3%A9/%c3%a9",
            "/public/a b/é",
            "/public%2fa%3fb%3B",
            "/public/%252e%252e/a",
            "/public;v=1/...",
        ] {
            assert!(is_allowed(function.invoke(&asking_for(event, path, "none")).await), "{path} {event}");
        }
        for path in ["/", "/private", "/private%2fpublic", "/private/%252e%252e/public", "/private;/public"] {
            assert!(!is_allowed(function.invoke(&asking_for(event, path, "none")).await), "{path} {event}");
            assert!(is_allowed(function.invoke(&asking_for(event, path, &key)).await), "{path} {event}");
        }
    }
}

/// `/public%2fsecret`, or `/public%3f/secret`, of an HTTP API.
#[tokio::test]
async fn an_http_api_that_decoded_another_path_is_denied() {
    let world = World::new().await;
    let maker = world.start(&[]).await;
    let key = maker.set_up("http://127.0.0.1:9", json!({})).await;
    let function = world.start(&[("LATCHKEY_MODE", "authorizer")]).await;
    for event in &AUTHORIZERS[..2] {
        let mut asked = asking_for(event, "/public/secret", &key);
        for (route, parameters, allowed) in [
            ("/public/{id}", json!({"id": "secret"}), true),
            ("/public/{rest+}", json!({"rest": "secret"}), true),
            ("/{all+}", json!({"all": "public/secret"}), true),
            ("/{id}", json!({"id": "public/secret"}), false),
            ("/{id}", json!({"id": "public%2Fsecret"}), false),
            ("/{all+}", json!({"all": "public/secret?/x"}), false),
        ] {
            asked["routeKey"] = json!(format!("GET {route}"));
            asked["resource"] = json!(route);
            asked["pathParameters"] = parameters;
            let answer = function.invoke(&asked).await;
            assert_eq!(is_allowed(answer), allowed, "{asked}");
        }
    }
}

#[tokio::test]
async fn what_an_authorizer_cannot_do_is_refused() {
    for setting in ["hide_credentials", "key_in_body"] {
        let world = World::new().await;
        let maker = world.start(&[]).await;
        let key = maker.set_up("http://127.0.0.1:9", json!({setting: true})).await;
        let function = world.start(&[("LATCHKEY_MODE", "authorizer")]).await;
        for event in AUTHORIZERS {
            let failure = function.invoke(&recorded(event, &key)).await.err().unwrap();
            assert!(failure.error_message.contains(setting), "{}", failure.error_message);
        }
    }
}

#[tokio::test]
async fn applications_are_in_the_context() {
    let world = World::new().await;
    let maker = world.start(&[]).await;
    maker.set_up("http://127.0.0.1:9", json!({})).await;
    let registration =
        json!({"name": "application-registration", "config": {"display_name": "up", "auto_approve": true}});
    maker.admin("POST", "/services/up/plugins", registration).await;
    let developer = json!({"email": "dev@example.test", "meta": "{\"full_name\": \"Dev\"}", "status": 0});
    let developer = maker.admin("POST", "/developers", developer).await;
    let applications = format!(
        "/developers/{}/applications",
        developer["developer"]["id"].as_str().or(developer["id"].as_str()).unwrap()
    );
    let application = json!({"name": "app", "redirect_uri": "https://example.test/"});
    let application = maker.admin("POST", &applications, application).await;
    let id = application["id"].as_str().unwrap();
    // An application comes with its first credential, and the client id is the key.
    let key = application["credential"]["client_id"].as_str().unwrap();
    let service = maker.admin("GET", "/services/up", Value::Null).await;
    let instance = json!({"service": {"id": service["id"]}});
    maker.admin("POST", &format!("{applications}/{id}/application_instances"), instance).await;
    let function = world.start(&[("LATCHKEY_MODE", "authorizer")]).await;
    let allowed = function.whole(&recorded(AUTHORIZERS[0], key)).await;
    assert_eq!(allowed["context"]["applicationId"], id, "{allowed}");
}
