//! docs/verify.md: four proxies, as they are, ask Latchkey about their requests; and a program asks about a
//! key.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options};
use latchkey_tests::fixtures::{consumer_with_key, create, create_service, id_of};
use latchkey_tests::proxies::{Kind, Proxy};
use latchkey_tests::raw_http::{Request, Response, exchange};
use latchkey_tests::upstream::{Recorded, Upstream};
use serde_json::{Value, json};

const KEY: &str = "key-of-bob";
const TOKEN: &str = "a-token-of-more-than-thirty-two-bytes";

/// A gateway that knows `/orders` (with a key), `/writes` (with a key, POST alone), `/free` (without) and
/// `/open`, which is for another host; a proxy that asks it; and the service behind the proxy.
struct Chain {
    gateway: Local,
    upstream: Upstream,
    proxy: Proxy,
}

impl Chain {
    fn new(kind: Kind) -> Self {
        let gateway = Local::spawn(Options::in_memory());
        let upstream = Upstream::recording();
        let service = |name: &str, routes: &[Value]| {
            // Where it leads is nobody's business here.
            create_service(&gateway, &upstream, &json!({"name": name, "url": "http://nowhere.invalid"}));
            for route in routes {
                create(&gateway, &format!("/services/{name}/routes"), route);
            }
        };
        service(
            "orders",
            &[json!({"paths": ["/orders"]}), json!({"paths": ["/writes"], "methods": ["POST"]})],
        );
        service("free", &[json!({"paths": ["/free"]}), json!({"paths": ["/open"], "hosts": ["open.test"]})]);
        let config = json!({"hide_credentials": true, "key_in_bearer": true, "key_in_query": false});
        create(&gateway, "/services/orders/plugins", &json!({"name": "key-auth", "config": config}));
        consumer_with_key(&gateway, "bob", KEY);
        let proxy = Proxy::start(kind, gateway.authority(), &upstream.authority());
        Chain { gateway, upstream, proxy }
    }

    /// Through the proxy.
    fn send(&self, request: &Request) -> Response {
        let answer = exchange(&self.proxy.authority(), request);
        answer.unwrap_or_else(|error| panic!("{:?}: {error}\n{}", self.proxy.kind, self.proxy.output()))
    }

    /// What the service was sent, if the request came there.
    #[track_caller]
    fn passes(&self, request: &Request) -> Recorded {
        let answer = self.send(request);
        let target = String::from_utf8_lossy(&request.target).into_owned();
        assert_eq!(answer.status, 200, "{target}: {}\n{}", answer.text(), self.proxy.output());
        let mut recorded = self.upstream.take();
        assert_eq!(recorded.len(), 1, "{target}");
        recorded.remove(0)
    }

    #[track_caller]
    fn is_refused(&self, request: &Request, status: u16) -> Response {
        let answer = self.send(request);
        let target = String::from_utf8_lossy(&request.target).into_owned();
        assert_eq!(answer.status, status, "{target}: {}\n{}", answer.text(), self.proxy.output());
        assert!(self.upstream.take().is_empty(), "{target} came to the service");
        answer
    }

    /// nginx takes no refusal but 401 and 403.
    fn status(&self, status: u16) -> u16 {
        if self.proxy.kind == Kind::Nginx { 403 } else { status }
    }
}

fn of_bob(target: &str) -> Request {
    Request::get(target).header("apikey", KEY)
}

fn check(kind: Kind) {
    let mut chain = Chain::new(kind);
    keys_are_asked_about(&chain);
    methods_and_hosts_are_those_of_the_request(&chain);
    what_other_proxies_tell_is_not_believed(&chain);
    nobody_else_says_who_calls(&chain);
    paths_are_not_taken_for_others(&chain);
    what_cannot_be_asked_about_does_not_pass(&mut chain);
}

fn keys_are_asked_about(chain: &Chain) {
    for request in [
        of_bob("/orders/7?x=1"),
        Request::get("/orders/7?x=1").header("Authorization", format!("Bearer {KEY}")),
    ] {
        let sent = chain.passes(&request);
        assert_eq!(sent.target, "/orders/7?x=1");
        assert_eq!(sent.headers.values("x-consumer-username"), ["bob"]);
        assert_eq!(sent.headers.values("x-credential-identifier").len(), 1);
        assert!(!sent.headers.contains("apikey"), "{:?}", sent.headers);
        // It does as it is told; the others' configurations name fields, and leave this one.
        assert_eq!(
            sent.headers.contains("authorization"),
            request.headers.contains("authorization") && chain.proxy.kind != Kind::Envoy
        );
    }
    let refused = chain.is_refused(&Request::get("/orders/7"), 401);
    assert_eq!(refused.headers.values("www-authenticate"), ["Key"]);
    if chain.proxy.kind != Kind::Nginx {
        assert_eq!(refused.message().as_deref(), Some("No API key found in request"));
    }
    chain.is_refused(&Request::get("/orders/7").header("apikey", "wrong"), 401);
    chain.is_refused(&Request::get("/nowhere").header("apikey", KEY), chain.status(404));
    let sent = chain.passes(&Request::get("/free"));
    assert!(!sent.headers.contains("x-consumer-username"));
}

fn methods_and_hosts_are_those_of_the_request(chain: &Chain) {
    let posted = Request::new("POST", "/writes").header("apikey", KEY).body("what is written");
    let sent = chain.passes(&posted);
    assert_eq!((sent.method.as_str(), sent.body.as_slice()), ("POST", &b"what is written"[..]));
    chain.is_refused(&of_bob("/writes"), chain.status(404));
    chain.passes(&Request::get("/open").header("Host", "open.test"));
    chain.is_refused(&Request::get("/open"), chain.status(404));
    // Two hosts in one request are one to each of the three.
    let absolute = Request::get("http://open.test/orders").header("Host", "open.test");
    chain.is_refused(&absolute, 401);
}

/// Each proxy passes on what the others set, and a client can set it.
fn what_other_proxies_tell_is_not_believed(chain: &Chain) {
    const TOLD: [&str; 12] = [
        "X-Forwarded-Uri",
        "X-Forwarded-Method",
        "X-Forwarded-Host",
        "X-Forwarded-Path",
        "X-Forwarded-Prefix",
        "X-Original-URI",
        "X-Original-URL",
        "X-Original-Method",
        "X-Original-Host",
        "X-Envoy-Original-Path",
        "X-Rewrite-URL",
        "X-Auth-Request-Redirect",
    ];
    let lie = |name: &str| match name {
        name if name.ends_with("Method") => "OPTIONS",
        name if name.ends_with("Host") => "open.test",
        _ => "/free",
    };
    let all = TOLD.iter().fold(Request::get("/orders"), |request, name| request.header(name, lie(name)));
    chain.is_refused(&all, 401);
    for name in TOLD {
        let lying = Request::get("/orders").header(name, lie(name));
        chain.is_refused(&lying.clone(), 401);
        chain.is_refused(&lying.header(name, lie(name)), 401);
        let folded = Request::get("/orders").header(&name.replace('-', "_"), lie(name));
        chain.is_refused(&folded, 401);
        // What `Connection` names is taken away on the way: that must not be what the proxy tells.
        let named = Request::get("/orders").header("Connection", format!("close, {name}"));
        let answer = chain.send(&named);
        assert!(answer.status != 200 && chain.upstream.take().is_empty(), "{name}: {}", answer.status);
    }
    let open = TOLD.iter().fold(Request::get("/open"), |request, name| request.header(name, lie(name)));
    chain.is_refused(&open, chain.status(404));
}

fn nobody_else_says_who_calls(chain: &Chain) {
    const NAMES: [&str; 8] = [
        "X-Consumer-ID",
        "X-Consumer-Username",
        "X-Consumer-Custom-ID",
        "X-Credential-Identifier",
        "X-Anonymous-Consumer",
        "X-Authenticated-Scope",
        "X-Authenticated-UserId",
        "X-Consumer-Groups",
    ];
    let spellings = NAMES.iter().flat_map(|name| {
        [(*name).to_owned(), name.replace('-', "_"), name.replace('-', "."), name.replacen('-', "_", 1)]
    });
    let lies = |request: Request| {
        spellings.clone().fold(request, |request, name| request.header(&name, "evil")).header("Accept", "*/*")
    };
    for request in [lies(of_bob("/orders")), lies(Request::get("/free"))] {
        let sent = chain.passes(&request);
        let evil: Vec<_> = sent.headers.0.iter().filter(|(_, value)| value == b"evil").collect();
        assert!(evil.is_empty(), "{evil:?}");
        let names = sent.headers.values("x-consumer-username");
        assert_eq!(names, if sent.path() == "/orders" { vec!["bob"] } else { vec![] });
    }
}

/// Without a key nothing comes to the service that could be anything but `/free` to it.
fn paths_are_not_taken_for_others(chain: &Chain) {
    for path in [
        "/free/../orders",
        "/free/%2e%2e/orders",
        "/free/..%2forders",
        "/free/..%2Forders",
        "/free/..%5corders",
        "/free/..;/orders",
        "/free/.%2e;/orders",
        "/free//../orders",
        "//orders",
        "/./orders",
        "/%6frders",
        "/orders%2f..%2ffree",
        "/orders/..%2ffree",
        "/free\\..\\orders",
        "/free%00/../orders",
        "/../../-/verify/nginx",
        "/free?/../../orders",
    ] {
        let answer = chain.send(&Request::get(path));
        for sent in chain.upstream.take() {
            let is_free = sent.path().starts_with("/free") && !sent.path().contains("..");
            assert!(is_free, "{path} came as {}: {}", sent.target, answer.status);
        }
    }
    assert_eq!(chain.passes(&Request::get("/free/a%20b/%C3%A9;c=1?/../orders")).query(), Some("/../orders"));
}

fn what_cannot_be_asked_about_does_not_pass(chain: &mut Chain) {
    chain.gateway.kill();
    let answer = chain.send(&Request::get("/free"));
    assert!(answer.status >= 403, "{}", answer.status);
    assert!(chain.upstream.take().is_empty());
}

#[test]
fn traefik_asks() {
    check(Kind::Traefik);
}

#[test]
fn nginx_asks() {
    check(Kind::Nginx);
}

#[test]
fn caddy_asks() {
    check(Kind::Caddy);
}

#[test]
fn envoy_asks() {
    check(Kind::Envoy);
}

fn ask(gateway: &Local, token: &str, question: &Value) -> Response {
    let request = Request::new("POST", "/-/verify").header("Authorization", format!("Bearer {token}"));
    gateway.send(&request.body(question.to_string()))
}

#[test]
fn a_program_asks_about_a_key() {
    let gateway = Local::spawn(Options::in_memory().env("LATCHKEY_VERIFY_TOKEN", TOKEN));
    let service = create(&gateway, "/services", &json!({"name": "orders", "url": "http://nowhere.invalid"}));
    let (bob, credential) = consumer_with_key(&gateway, "bob", KEY);
    let question = json!({"key": KEY, "service": "orders"});
    let answer = ask(&gateway, TOKEN, &question);
    assert_eq!(answer.headers.values("cache-control"), ["no-store"]);
    let expected = json!({"valid": true, "reason": null, "application": null, "expires_at": null, "scopes": null,
        "consumer": {"id": bob["id"], "username": "bob", "custom_id": null},
        "credential": {"id": credential["id"]}});
    assert_eq!(answer.json(), Some(expected));
    let by_id = json!({"key": KEY, "service": id_of(&service)});
    assert_eq!(ask(&gateway, TOKEN, &by_id).json().unwrap()["valid"], true);
    for (token, status) in [("wrong", 401), (gateway.admin_token(), 401)] {
        assert_eq!(ask(&gateway, token, &question).status, status);
    }
    // The token is good for nothing else.
    let list = Request::get("/admin/services").header("Kong-Admin-Token", TOKEN);
    assert_eq!(gateway.send_to(&gateway.admin_authority(), &list).status, 401);
    // Revoked, it is told within the bound.
    let path = format!("/consumers/bob/key-auth/{}", id_of(&credential));
    assert_eq!(gateway.admin("DELETE", &path, None).status, 204);
    latchkey_tests::base::wait_until("the key is refused", Duration::from_secs(5), || {
        ask(&gateway, TOKEN, &question).json().unwrap()["reason"] == "unknown"
    });
    let unset = Local::spawn(Options::in_memory());
    assert_eq!(ask(&unset, TOKEN, &question).status, 404);
    assert!(!gateway.log().contains(TOKEN) && !gateway.log().contains(KEY));
}
