//! Whole decisions of the data plane: request in, response or edited request out.

#![allow(clippy::unwrap_used)]
#![expect(clippy::disallowed_methods, reason = "made-up keys are presented")]

use std::collections::HashMap;
use std::net::IpAddr;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{BodyEdit, Decision, GrantRequest, Need, Plan, Source};
use latchkey_gateway::gateway::{
    Authorization, Gateway, GatewaySettings, GrantAnswer, Learned, Right, Standing, Unfit,
};
use latchkey_gateway::places::apply_cuts;
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_published::feed::{FeedReply, Format, Shown};
use latchkey_published::grant::{Consumer, Grant};
use latchkey_published::key_sha256::{ImportedDigests, KeySha256};
use latchkey_published::keys::{KeyDigest, Pepper, Peppers, generate_key, hex};
use latchkey_published::snapshot::{ConfigKind, Piece, PieceId, WorkspaceSettings};
use latchkey_published::testing::SeededRandom;
use latchkey_published::try_token::{TRIED_FIELD, TRY_TOKEN_FIELD, Tried, TryKeys};
use latchkey_request::authority::Authority;
use latchkey_request::client::Forwarded;
use latchkey_router::{OwnPaths, normalise_path};
use serde_json::{Value, json};
use uuid::Uuid;

const SERVICE: Uuid = Uuid::from_u128(0x51);
const ROUTE: Uuid = Uuid::from_u128(0x52);
const OTHER_SERVICE: Uuid = Uuid::from_u128(0x53);
const OTHER_ROUTE: Uuid = Uuid::from_u128(0x54);
const BOB: Uuid = Uuid::from_u128(0x61);
const NOBODY: Uuid = Uuid::from_u128(0x62);
const KEY_AUTH: Uuid = Uuid::from_u128(0x81);
const CREDENTIAL: Uuid = Uuid::from_u128(0x71);
const NOW: Now = Now { unix_ms: 1_000_000, monotonic_ms: 50_000 };

/// One gateway with its configuration and grants, answering its needs and counting the reads.
struct World {
    gateway: Gateway,
    peppers: Peppers,
    pieces: HashMap<PieceId, Piece>,
    grants: HashMap<KeyDigest, Grant>,
    grant_reads: usize,
    /// Whether part of the configuration may be unusable.
    lenient: bool,
}

impl World {
    fn new() -> Self {
        let peppers = Peppers { current: Pepper::new(b"pepper"), previous: None };
        let mut world = World {
            gateway: Gateway::new(GatewaySettings::default(), peppers.clone()),
            pieces: HashMap::new(),
            grants: HashMap::new(),
            grant_reads: 0,
            lenient: false,
            peppers,
        };
        world.put(ConfigKind::Services, SERVICE, service(json!({})));
        world.put(
            ConfigKind::Routes,
            ROUTE,
            json!({"id": ROUTE, "service": {"id": SERVICE}, "paths": ["/"], "strip_path": false}),
        );
        let tag_key = hex(&world.peppers.current.tag_key().to_bytes());
        let settings = WorkspaceSettings {
            tag_keys: vec![tag_key],
            has_imported_keys: true,
            ..WorkspaceSettings::default()
        };
        world.pieces.insert(PieceId::SETTINGS, Piece { settings: Some(settings), ..Piece::default() });
        world.add_key("kong", |_| {});
        world
    }

    fn with_key_auth(config: Value) -> Self {
        let mut world = World::new();
        world.put(ConfigKind::Plugins, KEY_AUTH, key_auth(config));
        world
    }

    fn put(&mut self, kind: ConfigKind, id: Uuid, entity: Value) {
        self.pieces.entry(PieceId::of(id)).or_default().set(kind, id, Some(entity));
    }

    fn add_key(&mut self, key: &str, change: impl FnOnce(&mut Grant)) {
        let pepper = &self.peppers.current;
        let mut grant = Grant {
            epoch: 1,
            digest: pepper.digest(key.as_bytes()),
            pepper_id: pepper.id(),
            credential_id: CREDENTIAL,
            consumer: Consumer { id: BOB, username: Some("bob".into()), custom_id: Some("42".into()) },
            application_id: None,
            service_ids: vec![],
            expires_at_ms: None,
            enabled: true,
            oauth2: None,
        };
        change(&mut grant);
        self.grants.insert(grant.digest, grant);
    }

    fn decide(&mut self, request: &Request) -> Decision {
        let mut body = Body::Unread;
        loop {
            match self.gateway.decide(&request.head(), body, NOW) {
                Decision::Need(Need::Feed(_)) => {
                    let pieces = self.pieces.iter().map(|(id, piece)| (*id, piece.encode())).collect();
                    let reply = FeedReply {
                        epoch: 1,
                        reset: true,
                        shown: Shown::all(1),
                        changes: vec![],
                        pieces,
                        ..FeedReply::default()
                    };
                    let mut compiler = ConfigCompiler::default();
                    self.gateway.learn_feed(NOW, NOW, Some(reply.clone()), &mut compiler).unwrap();
                    let unusable = compiler.apply(&reply).unwrap().config;
                    assert!(self.lenient || unusable.unusable().is_empty(), "{:?}", unusable.unusable());
                }
                Decision::Need(Need::Grant(wanted)) => {
                    self.grant_reads += 1;
                    let answer = self.grants.get(&wanted.digest).cloned();
                    let answer = answer.map_or(GrantAnswer::Missing, GrantAnswer::Found);
                    let mut learned = self.gateway.learn_grant(wanted, answer.clone(), NOW);
                    while let Learned::Ask(again) = learned {
                        learned = self.gateway.learn_grant(again, answer.clone(), NOW);
                    }
                    assert_eq!(learned, Learned::Decide);
                }
                Decision::Need(Need::Body { bytes_max }) => {
                    assert!(matches!(body, Body::Unread), "asked for the body twice");
                    let whole = Body::Whole(&request.body);
                    body = if request.body.len() > bytes_max { Body::TooLarge } else { whole };
                }
                Decision::Need(Need::Wait { .. }) => panic!("nobody else is fetching"),
                decided => return decided,
            }
        }
    }

    #[track_caller]
    fn forward(&mut self, request: &Request) -> Sent {
        match self.decide(request) {
            Decision::Forward(plan) => Sent::new(&plan, request),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn check_refused(&mut self, request: &Request, status: u16, message: &str) -> HeaderMap {
        match self.decide(request) {
            Decision::Respond(response) => {
                let body: Value = serde_json::from_slice(response.body()).unwrap();
                assert_eq!((response.status().as_u16(), body["message"].as_str()), (status, Some(message)));
                response.headers().clone()
            }
            other => panic!("{other:?}"),
        }
    }
}

impl World {
    /// Decided by the head alone. What it needs is fetched by `decide` first.
    fn authorize(&mut self, request: &Request) -> Authorization {
        self.decide(request);
        self.gateway.authorize(&request.head(), NOW).unwrap()
    }

    /// Who is allowed, by the name of the field that tells of them.
    #[track_caller]
    fn check_allowed(&mut self, request: &Request, expected: &[(&str, &str)]) {
        match self.authorize(request) {
            Authorization::Allow(authorized) => {
                let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
                let found: HashMap<_, _> =
                    authorized.fields().map(|(name, value)| (name.as_str(), text(value))).collect();
                for (name, value) in expected {
                    assert_eq!(found.get(name).map(String::as_str), Some(*value), "{found:?}");
                }
                assert_eq!(found.is_empty(), expected.is_empty(), "{found:?}");
            }
            other => panic!("{other:?}"),
        }
    }

    /// About a tunnel that a request has opened. What is needed is fetched by `decide` first.
    fn stands(&mut self, request: &Request, right: &Right) -> Standing {
        self.decide(request);
        self.gateway.stands(&request.head(), right, NOW).unwrap()
    }

    #[track_caller]
    fn check_not_authorized(&mut self, request: &Request, status: u16) {
        match self.authorize(request) {
            Authorization::Refuse(problem) => assert_eq!(problem.status().as_u16(), status),
            other => panic!("{other:?}"),
        }
    }
}

fn service(changes: Value) -> Value {
    let defaults = json!({"protocol": "http", "host": "up.test", "port": 80, "retries": 5,
        "connect_timeout": 60000, "write_timeout": 60000, "read_timeout": 60000});
    merge(defaults, changes)
}

fn key_auth(changes: Value) -> Value {
    let defaults = json!({"key_names": ["apikey"], "key_in_header": true, "key_in_query": true,
        "key_in_body": false, "hide_credentials": false, "run_on_preflight": true});
    json!({"name": "key-auth", "route": {"id": ROUTE}, "config": merge(defaults, changes)})
}

fn registration(config: Value) -> Value {
    json!({"name": "application-registration", "service": {"id": SERVICE}, "config": config})
}

fn merge(mut into: Value, from: Value) -> Value {
    into.as_object_mut().unwrap().extend(from.as_object().unwrap().clone());
    into
}

struct Request {
    method: &'static str,
    scheme: Scheme,
    host: &'static str,
    client_ip: Option<IpAddr>,
    forwarded: Option<Forwarded<'static>>,
    path: &'static str,
    query: Option<&'static str>,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn get(target: &'static str) -> Request {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    Request {
        method: "GET",
        scheme: Scheme::Http,
        host: "API.test:8080",
        client_ip: Some([127, 0, 0, 9].into()),
        forwarded: None,
        path,
        query,
        headers: HeaderMap::new(),
        body: vec![],
    }
}

impl Request {
    fn method(self, method: &'static str) -> Self {
        Request { method, ..self }
    }

    fn host(self, host: &'static str) -> Self {
        Request { host, ..self }
    }

    fn with_every_spelling(mut self, names: &[&str]) -> Self {
        for (name, other) in names.iter().flat_map(|name| SEPARATORS.chars().map(move |other| (name, other)))
        {
            let name = HeaderName::from_bytes(name.replace('-', &other.to_string()).as_bytes()).unwrap();
            self.headers.insert(name, HeaderValue::from_static("evil"));
        }
        self
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    fn body(self, media_type: &'static str, body: &str) -> Self {
        let body = body.as_bytes().to_vec();
        Request { body, ..self.with("content-type", media_type) }
    }

    fn head(&self) -> RequestHead<'_, HeaderMap> {
        RequestHead {
            method: self.method,
            scheme: self.scheme,
            host: self.host.as_bytes(),
            path: self.path.as_bytes(),
            query: self.query.map(str::as_bytes),
            headers: &self.headers,
            client_ip: self.client_ip,
            server_port: 8080,
            forwarded: self.forwarded,
            started: NOW,
            request_id: 0xfeed,
        }
    }
}

/// What a name may have in it besides letters and digits (RFC 9110 §5.6.2).
const SEPARATORS: &str = "!#$%&'*+-.^_`|~";

/// The other way to apply a plan comes to the same.
#[track_caller]
fn check_each_field(plan: &Plan, headers: &HeaderMap, edited: &HeaderMap) {
    let mut written = HeaderMap::new();
    plan.each_field(headers, |name, value| {
        written.append(name, HeaderValue::from_bytes(value).unwrap());
    });
    if plan.upgrade.is_none() {
        assert_eq!(&written, edited);
    }
}

/// What the upstream gets.
struct Sent {
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    fn new(plan: &Plan, request: &Request) -> Self {
        let mut headers = request.headers.clone();
        plan.edit_headers(&mut headers);
        check_each_field(plan, &request.headers, &headers);
        let body = match &plan.body {
            BodyEdit::Untouched => request.body.clone(),
            BodyEdit::Cut(cuts) => apply_cuts(&request.body, cuts),
        };
        Sent { target: String::from_utf8(plan.target.to_vec()).unwrap(), headers, body }
    }

    #[track_caller]
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    #[track_caller]
    fn check_is_bob(&self) {
        assert_eq!(self.header("x-consumer-id"), Some(BOB.to_string().as_str()));
        assert_eq!(self.header("x-consumer-username"), Some("bob"));
        assert_eq!(self.header("x-consumer-custom-id"), Some("42"));
        assert_eq!(self.header("x-credential-identifier"), Some(CREDENTIAL.to_string().as_str()));
        assert_eq!(self.header("x-anonymous-consumer"), None);
    }
}

const NO_KEY: &str = "No API key found in request";
const DUPLICATE: &str = "Duplicate API key found";
const UNAUTHORIZED: &str = "Unauthorized";
const UNREADABLE: &str = "Request body is searched for an API key and cannot be read";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn key_is_found_in_every_place_and_upstream_learns_who_calls() {
    let mut world = World::with_key_auth(json!({"key_in_body": true}));
    for request in [
        get("/a").with("apikey", "kong"),
        get("/a?apikey=kong"),
        get("/a?api%6Bey=k%6Fng"),
        get("/a").body(FORM, "x=1&apikey=kong"),
        get("/a").body(JSON, r#"{"\u0061pikey":"kong"}"#),
        get("/a").body(JSON, r#"{"apikey":false,"apike":"x"}"#).with("apikey", "kong"),
        get("/a?apikey=wrong").with("apikey", "kong"),
    ] {
        world.forward(&request).check_is_bob();
    }
    assert_eq!(world.grant_reads, 1, "a warm key is read again");
}

#[test]
fn refusals_are_kongs() {
    let mut world = World::with_key_auth(json!({"key_in_body": true, "realm": "a \"b\""}));
    for (request, message) in [
        (get("/"), NO_KEY),
        (get("/").with("apikey", ""), NO_KEY),
        (get("/?apikey=kong").with("apikey", ""), NO_KEY),
        (get("/?apikey"), NO_KEY),
        (get("/?apikey").body(FORM, "apikey=kong"), NO_KEY),
        (get("/?apikey=kong&apikey=kong"), DUPLICATE),
        (get("/").with("apikey", "kong").with("apikey", "kong"), DUPLICATE),
        (get("/").body(JSON, r#"{"apikey":["kong"]}"#), DUPLICATE),
        (get("/").body(JSON, r#"{"apikey":1}"#), NO_KEY),
        (get("/").body(JSON, r#"{"apikey":"#), NO_KEY),
        (get("/").body("text/plain", "apikey=kong"), NO_KEY),
        (get("/").body(FORM, "apikey=kong").with("content-encoding", "gzip"), NO_KEY),
        (get("/").with("apikey", "kong "), UNAUTHORIZED),
        (get("/").with("apikey", "wrong"), UNAUTHORIZED),
        (get("/?apikey=%ff"), UNAUTHORIZED),
        (get("/").method("OPTIONS"), NO_KEY),
    ] {
        let headers = world.check_refused(&request, 401, message);
        assert_eq!(headers["www-authenticate"], r#"Key realm="a \"b\"""#);
    }
}

#[test]
fn a_flag_ends_the_search_for_its_name_only() {
    let mut world = World::with_key_auth(json!({"key_names": ["first", "second"]}));
    world.forward(&get("/?first&second=kong")).check_is_bob();
    world.check_refused(&get("/?first=wrong&second=kong"), 401, UNAUTHORIZED);
}

#[test]
fn underscore_also_matches_hyphen() {
    let mut world = World::with_key_auth(json!({"key_names": ["api_key"], "hide_credentials": true}));
    for name in ["api_key", "api-key"] {
        let sent = world.forward(&get("/").with(name, "kong"));
        sent.check_is_bob();
        assert_eq!((sent.header("api_key"), sent.header("api-key")), (None, None));
    }
    let mut world = World::with_key_auth(json!({"key_names": ["api-key"]}));
    world.check_refused(&get("/").with("api_key", "kong"), 401, NO_KEY);
}

#[test]
fn places_can_be_switched_off() {
    let mut world = World::with_key_auth(json!({"key_in_header": false}));
    world.check_refused(&get("/").with("apikey", "kong"), 401, NO_KEY);
    let mut world = World::with_key_auth(json!({"key_in_query": false}));
    world.check_refused(&get("/?apikey=kong"), 401, NO_KEY);
}

const BEARER: &str = "authorization";

#[test]
fn a_key_behind_bearer_is_taken_after_header_and_before_query() {
    let mut world = World::with_key_auth(json!({"key_in_bearer": true, "key_in_body": true}));
    for value in ["Bearer kong", "bearer kong", "BEARER   kong", "Bearer\tkong", "Bearer kong "] {
        world.forward(&get("/").with(BEARER, value)).check_is_bob();
    }
    world.forward(&get("/?apikey=wrong").with(BEARER, "Bearer kong")).check_is_bob();
    world.forward(&get("/").with(BEARER, "Bearer kong").body(FORM, "apikey=wrong")).check_is_bob();
    world.forward(&get("/").with("apikey", "kong").with(BEARER, "Bearer wrong")).check_is_bob();
    for (request, message) in [
        (get("/?apikey=kong").with(BEARER, "Bearer wrong"), UNAUTHORIZED),
        (get("/").with("apikey", "wrong").with(BEARER, "Bearer kong"), UNAUTHORIZED),
        (get("/?apikey=kong").with(BEARER, "Bearer kong").with(BEARER, "Bearer kong"), DUPLICATE),
        (get("/").with(BEARER, "Bearer kong").with(BEARER, "Basic a29uZw=="), DUPLICATE),
        (get("/").with(BEARER, "Basic a29uZw==").with(BEARER, "Bearer kong"), DUPLICATE),
        (get("/"), NO_KEY),
    ] {
        world.check_refused(&request, 401, message);
    }
    // What is no key leaves the other places to be looked at.
    for value in
        ["Bearer", "Bearer ", "Bearer kong kong", "Bearerkong", "Basic kong", "kong", "", "Token kong"]
    {
        world.check_refused(&get("/").with(BEARER, value), 401, NO_KEY);
        world.forward(&get("/?apikey=kong").with(BEARER, value)).check_is_bob();
    }
    world.check_refused(&get("/").with(BEARER, "Basic kong").with(BEARER, "Basic kong"), 401, NO_KEY);
}

#[test]
fn a_key_behind_bearer_is_looked_for_where_that_is_set() {
    let request = get("/").with(BEARER, "Bearer kong");
    World::with_key_auth(json!({})).check_refused(&request, 401, NO_KEY);
    let sent = World::with_key_auth(json!({"hide_credentials": true}))
        .forward(&get("/?apikey=kong").with(BEARER, "Bearer kong"));
    assert_eq!(sent.header(BEARER), Some("Bearer kong"));
    let alone = json!({"key_names": [], "key_in_bearer": true});
    World::with_key_auth(alone.clone()).forward(&request).check_is_bob();
    World::with_key_auth(alone).check_refused(&get("/"), 401, NO_KEY);
    let nowhere_else = json!({"key_in_header": false, "key_in_query": false, "key_in_bearer": true});
    World::with_key_auth(nowhere_else).forward(&request).check_is_bob();
    let second = json!({"key_names": ["a", "b"], "key_in_bearer": true});
    World::with_key_auth(second)
        .forward(&get("/").with("b", "wrong").with(BEARER, "Bearer kong"))
        .check_is_bob();
}

#[test]
fn a_key_behind_bearer_is_hidden_with_its_field_and_nothing_else_is() {
    let mut world = World::with_key_auth(json!({"key_in_bearer": true, "hide_credentials": true}));
    for value in ["Bearer kong", "bearer wrong"] {
        let sent = world.forward(&get("/p?x=1").with("apikey", "kong").with(BEARER, value));
        assert_eq!(
            (sent.header(BEARER), sent.header("apikey"), sent.target.as_str()),
            (None, None, "/p?x=1")
        );
    }
    for value in ["Basic kong", "Bearer", "Bearer kong kong", "Digest a=\"Bearer kong\""] {
        let sent = world.forward(&get("/?apikey=kong").with(BEARER, value));
        assert_eq!((sent.header(BEARER), sent.target.as_str()), (Some(value), "/"));
    }
    let shown =
        World::with_key_auth(json!({"key_in_bearer": true})).forward(&get("/").with(BEARER, "Bearer kong"));
    assert_eq!(shown.header(BEARER), Some("Bearer kong"));
    // Also where nobody is asked.
    let mut world = World::with_key_auth(
        json!({"key_in_bearer": true, "hide_credentials": true, "run_on_preflight": false}),
    );
    let sent = world.forward(&get("/").method("OPTIONS").with(BEARER, "Bearer kong"));
    assert_eq!(sent.header(BEARER), None);
}

#[test]
fn fields_that_carry_keys_are_named_for_platforms() {
    let names = |config: Value| {
        let mut world = World::with_key_auth(config);
        world.decide(&get("/"));
        world.gateway.config().header_names().keys
    };
    assert_eq!(names(json!({})), ["apikey"]);
    assert_eq!(names(json!({"key_in_bearer": true})), ["apikey", "authorization"]);
    assert_eq!(names(json!({"key_in_bearer": true, "key_in_header": false})), ["authorization"]);
}

#[test]
fn hidden_credentials_leave_every_other_byte() {
    let mut world = World::with_key_auth(
        json!({"hide_credentials": true, "key_in_body": true, "key_names": ["apikey", "k2"]}),
    );
    let request = get("/p?c=valu%651&api%6B%65%79=kong&=&b&k2=x&a=%zz");
    let sent = world.forward(&request.with("k2", "y").body(FORM, "k2=z&a=1+2&apikey"));
    sent.check_is_bob();
    assert_eq!(sent.target, "/p?c=valu%651&=&b&a=%zz");
    assert_eq!((sent.header("k2"), sent.header("apikey")), (None, None));
    assert_eq!(sent.body, b"a=1+2");
    assert_eq!(world.forward(&get("/?apikey=kong")).target, "/");
    assert_eq!(world.forward(&get("/?").with("apikey", "kong")).target, "/?");
    let sent = world.forward(&get("/").body(JSON, "{\"apikey\":\"kong\", \"n\":1.0e2 }"));
    assert_eq!(sent.body, br#"{ "n":1.0e2 }"#);
}

#[test]
fn hidden_fields_go_in_every_spelling() {
    let settings = |hides: bool| json!({"hide_credentials": hides, "key_names": ["x-api-key", "my_key"]});
    let mut request = get("/?x-api-key=kong").with_every_spelling(&["x-api-key", "my-key"]);
    // These the key would be looked for in.
    for found in ["x-api-key", "my-key", "my_key"] {
        request.headers.remove(found);
    }
    let request = request.with("x-api-keys", "kept").with("x-apikey", "kept");
    let sent = World::with_key_auth(settings(true)).forward(&request);
    sent.check_is_bob();
    assert!(sent.headers.values().all(|value| value != "evil"));
    assert_eq!((sent.header("x-api-keys"), sent.header("x-apikey")), (Some("kept"), Some("kept")));
    let sent = World::with_key_auth(settings(false)).forward(&request);
    assert_eq!((sent.header("x_api_key"), sent.header("my.key")), (Some("evil"), Some("evil")));
}

#[test]
fn a_body_that_cannot_be_read_does_not_pass_where_keys_are_hidden() {
    let multipart = "--b\r\nContent-Disposition: form-data; name=apikey\r\n\r\nkong\r\n--b--\r\n";
    let utf_16 = "{\0\"\0a\0p\0i\0k\0e\0y\0\"\0:\0\"\0k\0o\0n\0g\0\"\0}\0";
    let deep = "[".repeat(65) + &"]".repeat(65);
    let long_boundary: &'static str = format!("multipart/form-data; boundary={}", "b".repeat(71)).leak();
    let requests = || {
        vec![
            get("/").body(JSON, r#"{"apikey":"kong""#),
            get("/").body(JSON, r#"{"a":0x1,"apikey":"kong"}"#),
            get("/").body(JSON, r#"{"a":1,/**/"apikey":"kong"}"#),
            get("/").body(JSON, r#"{'apikey':'kong'}"#),
            get("/").body(JSON, r#"{"apikey":"kong",}"#),
            get("/").body(JSON, r#"{"a":"\ud800","apikey":"kong"}"#),
            get("/").body(JSON, "{\"a\":\"\n\",\"apikey\":\"kong\"}"),
            get("/").body(JSON, r#"{"a":1} {"apikey":"kong"}"#),
            get("/").body(JSON, utf_16),
            get("/").body(JSON, &deep),
            get("/").body("application/json; charset=utf-16", "{}"),
            get("/").body("application/x-www-form-urlencoded; charset=utf-7", "apikey=kong"),
            get("/").body(long_boundary, multipart),
            get("/").body("multipart/form-data", multipart),
            get("/").body("multipart/form-data; boundary=b", &multipart.replace("--b--", "")),
            get("/").body("multipart/form-data; boundary=b; boundary=c", multipart),
            get("/").body("application/json, text/plain", r#"{"apikey":"kong"}"#),
            get("/").body("text/plain", r#"{"apikey":"kong"}"#).with("content-type", JSON),
            get("/").body(JSON, r#"{"apikey":"kong"}"#).with("content-type", JSON),
            get("/").body(FORM, "apikey=kong").with("content-encoding", "gzip"),
            get("/").body(FORM, "apikey=kong").with("content-encoding", "identity, br"),
        ]
    };
    let hiding = json!({"key_in_body": true, "hide_credentials": true, "anonymous": NOBODY});
    let mut world = World::with_key_auth(hiding);
    world.put(ConfigKind::Consumers, NOBODY, json!({"id": NOBODY, "username": "nobody"}));
    for request in requests() {
        world.check_refused(&request, 400, UNREADABLE);
        let mut in_query = request;
        in_query.query = Some("apikey=kong");
        world.check_refused(&in_query, 400, UNREADABLE);
        world.check_refused(&in_query.with("apikey", "kong"), 400, UNREADABLE);
    }

    // Nothing is to be hidden: as in Kong there is no key in it, and it passes.
    for config in [json!({"key_in_body": true}), json!({"hide_credentials": true})] {
        let mut world = World::with_key_auth(config);
        for request in requests() {
            let body = request.body.clone();
            let sent = world.forward(&request.with("apikey", "kong"));
            sent.check_is_bob();
            assert_eq!(sent.body, body);
        }
    }
    let mut world = World::with_key_auth(json!({"key_in_body": true}));
    for request in requests() {
        world.check_refused(&request, 401, NO_KEY);
    }
}

#[test]
fn a_body_that_can_be_read_passes_where_keys_are_hidden() {
    let mut world = World::with_key_auth(json!({"key_in_body": true, "hide_credentials": true}));
    for (media_type, body, left) in [
        (JSON, "", ""),
        (JSON, " \r\n", " \r\n"),
        (JSON, "[{\"apikey\":\"k\"}]", "[{\"apikey\":\"k\"}]"),
        (JSON, "\"apikey\"", "\"apikey\""),
        (JSON, "{\"a\":NaN,\"apikey\":\"k\"}", "{\"a\":NaN}"),
        (JSON, "{\"apikey\":\"k\",\"a\":[-Infinity]}", "{\"a\":[-Infinity]}"),
        (JSON, "\u{feff}{\"apikey\":\"k\"}", "\u{feff}{}"),
        ("application/json; charset=ISO-8859-1", "{\"apikey\":\"k\"}", "{}"),
        ("application/www-form-urlencoded", "a=1&apikey=k", "a=1"),
        ("multipart/form-data", "", ""),
        ("text/plain", "{\"apikey\":", "{\"apikey\":"),
        ("text/plain, text/html", "apikey=k", "apikey=k"),
        ("application/octet-stream", "apikey=k", "apikey=k"),
    ] {
        let sent = world.forward(&get("/").with("apikey", "kong").body(media_type, body));
        sent.check_is_bob();
        assert_eq!(String::from_utf8(sent.body).unwrap(), left, "{media_type}");
    }
    let coded = get("/").with("apikey", "kong").with("content-encoding", "gzip");
    assert_eq!(world.forward(&coded.body("application/pdf", "apikey=k")).body, b"apikey=k");
    let plain = get("/").with("apikey", "kong").with("content-encoding", "Identity,");
    assert_eq!(world.forward(&plain.body(FORM, "apikey=k")).body, b"");
    world.forward(&get("/").body("application/www-form-urlencoded", "apikey=kong")).check_is_bob();
    world.forward(&get("/").body(JSON, "\u{feff}{\"a\":NaN,\"apikey\":\"kong\"}")).check_is_bob();
}

#[test]
fn keys_are_hidden_where_authentication_is_skipped() {
    let config = json!({"key_in_body": true, "hide_credentials": true, "run_on_preflight": false,
        "key_names": ["apikey", "api_key"]});
    let mut world = World::with_key_auth(config);
    let sent = world.forward(
        &get("/p?apikey=a&x=1&api_key=b")
            .method("OPTIONS")
            .with("apikey", "c")
            .with("api-key", "d")
            .with("referer", "http://a.test/?apikey=e&y=2")
            .with("origin", "http://a.test")
            .body(JSON, r#"{"apikey":"f","z":3}"#),
    );
    assert_eq!(sent.target, "/p?x=1");
    assert_eq!((sent.header("apikey"), sent.header("api-key")), (None, None));
    assert_eq!(sent.header("referer"), Some("http://a.test/?y=2"));
    assert_eq!(sent.header("origin"), Some("http://a.test"));
    assert_eq!(sent.header("x-consumer-id"), None);
    assert_eq!(sent.body, br#"{"z":3}"#);
    world.check_refused(&get("/").method("OPTIONS").body(JSON, "{'apikey':'k'}"), 400, UNREADABLE);
    assert_eq!(world.forward(&get("/?x").method("OPTIONS")).target, "/?x");
    assert_eq!(world.grant_reads, 0, "a key is looked up");

    let mut world = World::with_key_auth(json!({"run_on_preflight": false}));
    let sent = world.forward(&get("/?apikey=a").method("OPTIONS").with("apikey", "b"));
    assert_eq!((sent.target.as_str(), sent.header("apikey")), ("/?apikey=a", Some("b")));
}

#[test]
fn the_key_goes_from_referer_as_from_the_query() {
    let mut world = World::with_key_auth(json!({"hide_credentials": true, "key_names": ["apikey", "k2"]}));
    world.put(ConfigKind::Consumers, NOBODY, json!({"id": NOBODY, "username": "nobody"}));
    for (referer, left) in [
        ("http://a.test/p?apikey=kong", "http://a.test/p"),
        ("http://a.test/p?c=%651&api%6Bey=kong&=&k2=x&b#top", "http://a.test/p?c=%651&=&b#top"),
        ("?apikey=kong", ""),
        ("/p?x=1,/q?apikey=kong", "/p?x=1,/q"),
        ("http://a.test/p?x=1&apikeys=1", "http://a.test/p?x=1&apikeys=1"),
        ("about:blank", "about:blank"),
    ] {
        let sent = world.forward(&get("/?apikey=kong").with("referer", referer));
        assert_eq!(sent.header("referer"), Some(left), "{referer}");
    }
    let two = get("/?apikey=kong").with("referer", "/p?x=1").with("referer", "/q?apikey=kong");
    assert_eq!(world.forward(&two).header("referer"), Some("/p?x=1, /q"));
    let two = get("/?apikey=kong").with("referer", "/p").with("referer", "/q");
    assert_eq!(world.forward(&two).headers.get_all("referer").iter().count(), 2);
    assert_eq!(world.forward(&get("/?apikey=kong")).header("referer"), None);

    let mut world = World::with_key_auth(json!({}));
    let sent = world.forward(&get("/?apikey=kong").with("referer", "/?apikey=kong"));
    assert_eq!(sent.header("referer"), Some("/?apikey=kong"));
    let mut world = World::with_key_auth(json!({"hide_credentials": true, "key_names": ["referer"]}));
    assert_eq!(world.forward(&get("/").with("referer", "kong")).header("referer"), None);
}

#[test]
fn body_over_the_bound_is_413_not_a_silent_miss() {
    let mut world = World::with_key_auth(json!({"key_in_body": true, "hide_credentials": true}));
    let large = "a".repeat((1 << 20) + 1);
    let message = "Request body is searched for an API key and must not exceed 1048576 bytes";
    world.check_refused(&get("/").body(FORM, &large), 413, message);
    world.check_refused(&get("/").body(FORM, "a=1").with("content-length", "1048577"), 413, message);
    world.forward(&get("/").with("apikey", "kong").body("text/plain", &large)).check_is_bob();
    // Without hiding, a key in the header spares the body.
    let mut world = World::with_key_auth(json!({"key_in_body": true}));
    world.forward(&get("/").with("apikey", "kong").body(FORM, &large)).check_is_bob();
}

#[test]
fn anonymous_takes_the_place_of_every_refusal() {
    for value in [NOBODY.to_string(), "no-body".into()] {
        let mut world = World::with_key_auth(json!({"anonymous": value}));
        world.put(ConfigKind::Consumers, NOBODY, json!({"id": NOBODY, "username": "no-body"}));
        for request in [get("/"), get("/?apikey=wrong"), get("/?apikey=1&apikey=2")] {
            let sent = world.forward(&request.with("x-credential-identifier", "spoofed"));
            assert_eq!(sent.header("x-anonymous-consumer"), Some("true"));
            assert_eq!(sent.header("x-consumer-username"), Some("no-body"));
            assert_eq!(sent.header("x-consumer-custom-id"), None);
            assert_eq!(sent.header("x-credential-identifier"), None);
        }
        world.forward(&get("/?apikey=kong")).check_is_bob();
    }
    let mut world = World::with_key_auth(json!({"anonymous": "gone"}));
    world.check_refused(&get("/"), 500, "anonymous consumer gone is configured but doesn't exist");
}

#[test]
fn identity_fields_never_come_from_the_client() {
    let spoofed = |request: Request| {
        request
            .with_every_spelling(&[
                "x-consumer-id",
                "x-consumer-custom-id",
                "x-consumer-username",
                "x-credential-identifier",
                "x-anonymous-consumer",
                "x-consumer-groups",
                "x-authenticated-groups",
                "x-authenticated-scope",
                "x-authenticated-userid",
                TRIED_FIELD,
                TRY_TOKEN_FIELD,
            ])
            .with("x-consumer-language", "kept")
            .with("x_consumer_idx", "kept")
            .with("xxconsumerxid", "kept")
            .with("authenticated-scope", "kept")
    };
    let check = |sent: Sent| {
        let evil = sent.headers.iter().find(|(_, value)| *value == "evil");
        assert_eq!(evil, None);
        for name in ["x-consumer-language", "x_consumer_idx", "xxconsumerxid", "authenticated-scope"] {
            assert_eq!(sent.header(name), Some("kept"), "{name}");
        }
        sent
    };
    check(World::new().forward(&spoofed(get("/"))));
    let mut world = World::with_key_auth(json!({"run_on_preflight": false}));
    check(world.forward(&spoofed(get("/").method("OPTIONS"))));
    check(world.forward(&spoofed(get("/?apikey=kong")))).check_is_bob();
}

#[test]
fn what_a_plan_is_in_charge_of_never_stays_the_clients() {
    let names = [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-path",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-proto",
        "x-real-ip",
        "x-kong-request-id",
    ];
    let spoofed = |request: Request| {
        request
            .with_every_spelling(&names)
            .with_every_spelling(&[
                "transfer-encoding",
                "proxy-authorization",
                "keep-alive",
                "proxy-connection",
            ])
            .with("content_length", "evil")
            .with("content.length", "evil")
            .with("content-length", "0")
            .with("x-forwarded-server", "kept")
            .with("x-real-ipx", "kept")
    };
    let check = |request: Request, there: &[(&str, &str)]| {
        let sent = World::new().forward(&spoofed(request));
        for (name, value) in &sent.headers {
            let is_own = there.iter().any(|(own, _)| name == own);
            assert!(is_own || value != "evil", "{name}");
        }
        for name in names {
            let expected = there.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
            let always = ["x-kong-request-id", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-path"];
            if !always.contains(&name) {
                assert_eq!(sent.header(name), expected, "{name}");
            }
        }
        assert_eq!(sent.header("content-length"), Some("0"));
        assert_eq!(sent.header("x-forwarded-server"), Some("kept"));
        assert_eq!(sent.header("x-real-ipx"), Some("kept"));
    };
    let nobody = || Request { client_ip: None, ..get("/").host("") };
    check(nobody(), &[]);
    check(get("/").host(""), &[("x-forwarded-for", "evil, 127.0.0.9"), ("x-real-ip", "127.0.0.9")]);
    check(Request { client_ip: None, ..get("/") }, &[("x-forwarded-host", "api.test")]);
}

#[test]
fn a_trusted_peer_says_whom_the_client_asked() {
    let peer_ip = [10, 0, 0, 1].into();
    let authority = Authority::parse(b"Shop.example:8443").ok();
    let request = |authority| {
        let forwarded = Some(Forwarded { peer_ip, authority });
        Request { scheme: Scheme::Https, forwarded, ..get("/").with("x-forwarded-for", "203.0.113.1") }
    };
    let check = |authority, host| {
        let sent = World::new().forward(&request(authority));
        assert_eq!(sent.header("x-forwarded-host"), Some(host));
        assert_eq!(sent.header("x-forwarded-proto"), Some("https"));
        assert_eq!(sent.header("x-forwarded-for"), Some("203.0.113.1, 10.0.0.1"));
        assert_eq!(sent.header("x-real-ip"), Some("127.0.0.9"));
    };
    check(authority, "Shop.example:8443");
    check(None, "api.test");

    // Routes go by `Host`, redirects to where the client is; TLS ended before us.
    let route = json!({"id": ROUTE, "service": {"id": SERVICE}, "hosts": ["api.test"], "snis": ["a.test"],
        "protocols": ["https"], "https_redirect_status_code": 308});
    let mut world = World::new();
    world.put(ConfigKind::Routes, ROUTE, route);
    world.forward(&request(authority).host("api.test"));
    let plain = Request { scheme: Scheme::Http, ..request(authority) };
    let headers = world.check_refused(&plain, 308, "Please use HTTPS protocol");
    assert_eq!(headers["location"], "https://Shop.example/");
}

#[test]
fn what_is_no_host_is_refused() {
    let mut world = World::with_key_auth(json!({}));
    let message = "Host is not a host name or address with at most a port";
    for host in
        ["k.test/evil", "user@k.test", "a b", "[::1", "a..b", "k.test:99999", "k.test:abc", "k%2etest"]
    {
        world.check_refused(&get("/?apikey=kong").host(host), 400, message);
        world.check_refused(&get("/?apikey=kong").with("host", host), 400, message);
    }
    world.check_refused(&get("/?apikey=kong").with("host", "a.test").with("host", "a.test"), 400, message);
    for (host, forwarded) in [
        ("a_b.test", "a_b.test"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("1.2.3.4:80", "1.2.3.4"),
        ("[2001:DB8::1]:80", "[2001:db8::1]"),
        ("K.test:", "k.test"),
        ("k.test.", "k.test."),
    ] {
        let sent = world.forward(&get("/?apikey=kong").host(host).with("host", host));
        assert_eq!(sent.header("x-forwarded-host"), Some(forwarded), "{host}");
    }
    assert_eq!(world.forward(&get("/?apikey=kong").host("")).header("x-forwarded-host"), None);
}

#[test]
fn expired_or_disabled_key_is_refused() {
    let mut world = World::with_key_auth(json!({}));
    world.add_key("expired", |grant| grant.expires_at_ms = Some(NOW.unix_ms));
    world.add_key("lasting", |grant| grant.expires_at_ms = Some(NOW.unix_ms + 1));
    world.add_key("disabled", |grant| grant.enabled = false);
    world.check_refused(&get("/?apikey=expired"), 401, UNAUTHORIZED);
    world.check_refused(&get("/?apikey=disabled"), 401, UNAUTHORIZED);
    world.forward(&get("/?apikey=lasting")).check_is_bob();
}

#[test]
fn contracts_are_checked_where_applications_register() {
    let application = |services: &[Uuid]| {
        let services = services.to_vec();
        move |grant: &mut Grant| {
            grant.application_id = Some(Uuid::from_u128(0x91));
            grant.service_ids = services;
        }
    };
    let mut world = World::with_key_auth(json!({}));
    world.add_key("approved", application(&[SERVICE]));
    world.check_refused(&get("/?apikey=approved"), 401, UNAUTHORIZED);

    let mut world = World::with_key_auth(json!({"anonymous": "no-body"}));
    world.put(ConfigKind::Consumers, NOBODY, json!({"id": NOBODY, "username": "no-body"}));
    world.put(ConfigKind::Plugins, Uuid::from_u128(0x82), registration(json!({})));
    world.add_key("approved", application(&[SERVICE]));
    world.add_key("other", application(&[Uuid::nil()]));
    world.forward(&get("/?apikey=approved")).check_is_bob();
    world.check_refused(&get("/?apikey=other"), 401, UNAUTHORIZED);
    world.check_refused(&get("/?apikey=kong"), 401, UNAUTHORIZED);

    let passing = registration(json!({"enable_proxy_with_consumer_credential": true}));
    let mut world = World::with_key_auth(json!({}));
    world.put(ConfigKind::Plugins, Uuid::from_u128(0x82), passing);
    world.forward(&get("/?apikey=kong")).check_is_bob();
}

#[test]
fn registration_without_authentication_lets_nobody_pass() {
    let mut world = World::new();
    world.put(ConfigKind::Plugins, Uuid::from_u128(0x82), registration(json!({})));
    world.check_refused(&get("/?apikey=kong"), 401, UNAUTHORIZED);
}

#[test]
fn forged_keys_cost_no_read_and_no_memory() {
    let mut world = World::with_key_auth(json!({}));
    let genuine = generate_key(&world.peppers.current, |bytes| SeededRandom::new(5).fill(bytes));
    world.add_key(genuine.reveal(), |_| {});
    let mut request = get("/");
    for number in 0..10_000_u32 {
        let forged = format!("lk_{:0>32}{:06}", number, number % 7);
        request.headers.insert("apikey", forged.parse().unwrap());
        world.check_refused(&request, 401, UNAUTHORIZED);
    }
    assert_eq!((world.grant_reads, world.gateway.memory_use().misses), (0, 0));
    request.headers.insert("apikey", genuine.reveal().parse().unwrap());
    world.forward(&request).check_is_bob();

    // Without imported keys, no other key is looked up either.
    let mut world = World::with_key_auth(json!({}));
    let settings = world.pieces.get_mut(&PieceId::SETTINGS).unwrap().settings.as_mut().unwrap();
    settings.has_imported_keys = false;
    world.check_refused(&get("/?apikey=kong"), 401, UNAUTHORIZED);
    assert_eq!(world.grant_reads, 0);
}

/// What a replica shows of the time before a restore may be of a past, or a future, that is no more: a key
/// that was revoked, or none where one was brought back.
#[test]
fn no_replica_is_believed_of_the_time_before_a_restore() {
    for (restored_at, copy, is_believed) in [
        (0, Some(1), true),
        (0, None, true),
        (7, Some(6), false),
        (7, None, false),
        (7, Some(7), true),
        (7, Some(8), true),
    ] {
        let mut world = World::with_key_auth(json!({}));
        let settings = world.pieces.get_mut(&PieceId::SETTINGS).unwrap().settings.as_mut().unwrap();
        settings.restored_at = restored_at;
        world.check_refused(&get("/?apikey=other"), 401, UNAUTHORIZED);
        let request = get("/?apikey=kong");
        let Decision::Need(Need::Grant(wanted)) = world.gateway.decide(&request.head(), Body::Unread, NOW)
        else {
            panic!("it is known already")
        };
        let grant = world.grants.values().next().unwrap().clone();
        let found = |epoch| GrantAnswer::Found(Grant { epoch, ..grant.clone() });
        let learned = world.gateway.learn_grant(wanted, copy.map_or(GrantAnswer::Missing, found), NOW);
        let is_asked = matches!(learned, Learned::Ask(GrantRequest { source: Source::Authority, .. }));
        assert_eq!(
            (learned == Learned::Decide, is_asked),
            (is_believed, !is_believed),
            "{restored_at} {copy:?}"
        );
    }
}

/// Their digests are the secrets that tags and ids of peppers are made of.
#[test]
fn reserved_texts_are_no_keys() {
    let mut world = World::with_key_auth(json!({}));
    for (text, target) in [
        ("latchkey key tag v1", "/?apikey=latchkey%20key%20tag%20v1"),
        ("latchkey pepper id v1", "/?apikey=latchkey+pepper+id+v1"),
    ] {
        world.add_key(text, |_| {});
        world.check_refused(&get(target), 401, UNAUTHORIZED);
    }
    assert_eq!((world.grant_reads, world.gateway.memory_use().misses), (0, 0));
    world.add_key("latchkey key tag v2", |_| {});
    world.forward(&get("/?apikey=latchkey%20key%20tag%20v2")).check_is_bob();
}

#[test]
fn key_under_the_previous_pepper_works_and_is_moved() {
    let mut world = World::with_key_auth(json!({}));
    let old = world.peppers.current.clone();
    let new = Pepper::new(b"new pepper");
    let peppers = Peppers { current: new.clone(), previous: Some(old.clone()) };
    world.gateway = Gateway::new(GatewaySettings::default(), peppers);
    world.forward(&get("/?apikey=kong")).check_is_bob();
    let rehash = world.gateway.take_rehash().unwrap();
    assert!(rehash.old == old.digest(b"kong") && rehash.new == new.digest(b"kong"));
    assert_eq!(rehash.pepper_id, new.id());
}

/// A world with a key of which only the SHA-256 was brought, under `pepper`.
fn with_digest_key(key: &str, pepper: &Pepper) -> World {
    let mut world = World::with_key_auth(json!({}));
    let settings = world.pieces.get_mut(&PieceId::SETTINGS).unwrap().settings.as_mut().unwrap();
    (settings.has_imported_keys, settings.has_digest_keys) = (false, true);
    let place = ImportedDigests::new(pepper).digest(&KeySha256::of(key.as_bytes()));
    world.add_key(key, |grant| (grant.digest, grant.pepper_id) = (place, pepper.id()));
    world
}

#[test]
fn a_key_brought_as_its_digest_works_and_the_digest_itself_does_not() {
    let mut world = with_digest_key("hashed", &Pepper::new(b"pepper"));
    world.forward(&get("/?apikey=hashed")).check_is_bob();
    assert_eq!(world.grant_reads, 1);
    world.forward(&get("/?apikey=hashed")).check_is_bob();
    assert_eq!(world.grant_reads, 1, "remembered");
    let sha256 = KeySha256::of(b"hashed");
    for shown in [sha256.to_text(), sha256.to_text()["sha256:".len()..].to_owned(), "other".to_owned()] {
        let mut request = get("/");
        request.headers.insert("apikey", shown.parse().unwrap());
        world.check_refused(&request, 401, UNAUTHORIZED);
    }
    assert_eq!(world.gateway.take_rehash(), None);
}

#[test]
fn a_genuine_key_may_be_brought_as_its_digest_and_a_forged_one_costs_nothing() {
    let pepper = Pepper::new(b"pepper");
    let genuine = generate_key(&pepper, |bytes| SeededRandom::new(5).fill(bytes));
    let mut world = with_digest_key(genuine.reveal(), &pepper);
    let mut request = get("/");
    request.headers.insert("apikey", genuine.reveal().parse().unwrap());
    world.forward(&request).check_is_bob();
    let reads = world.grant_reads;
    request.headers.insert("apikey", "lk_forged".parse().unwrap());
    world.check_refused(&request, 401, UNAUTHORIZED);
    assert_eq!((world.grant_reads, world.gateway.memory_use().misses > 0), (reads, true));
}

#[test]
fn where_no_key_was_brought_as_its_digest_none_is_looked_for() {
    let mut world = with_digest_key("hashed", &Pepper::new(b"pepper"));
    let settings = world.pieces.get_mut(&PieceId::SETTINGS).unwrap().settings.as_mut().unwrap();
    settings.has_digest_keys = false;
    world.check_refused(&get("/?apikey=hashed"), 401, UNAUTHORIZED);
    assert_eq!(world.grant_reads, 0);
}

#[test]
fn a_key_brought_as_its_digest_works_under_the_previous_pepper() {
    let old = Pepper::new(b"pepper");
    let mut world = with_digest_key("hashed", &old);
    let peppers = Peppers { current: Pepper::new(b"new pepper"), previous: Some(old) };
    world.gateway = Gateway::new(GatewaySettings::default(), peppers);
    world.forward(&get("/?apikey=hashed")).check_is_bob();
    assert_eq!(world.gateway.take_rehash(), None, "it moves without being shown");
}

#[test]
fn a_plugin_that_cannot_be_read_lets_nothing_pass() {
    let broken = [
        json!({"name": "key-auth", "route": {"id": ROUTE}, "config": {"key_names": "apikey"}}),
        json!({"name": "key-auth", "config": {"key_in_body": "yes"}}),
        json!({"name": "key-auth", "config": []}),
        json!({"name": "key-auth", "enabled": "yes", "config": {}}),
        json!({"name": "key-auth", "route": ROUTE, "config": {}}),
        json!({"name": "application-registration", "service": {"id": SERVICE}, "config": 1}),
        json!({"unreadable": true}),
        json!("rubbish"),
    ];
    for plugin in broken {
        let mut world = World::with_key_auth(json!({}));
        world.lenient = true;
        world.put(ConfigKind::Plugins, Uuid::from_u128(0x99), plugin);
        world.check_refused(&get("/?apikey=kong"), 500, "Invalid plugin configuration");
    }
    let mut world = World::with_key_auth(json!({}));
    world.lenient = true;
    let elsewhere = json!({"name": "key-auth", "route": {"id": BOB}, "config": {"key_names": 1}});
    world.put(ConfigKind::Plugins, Uuid::from_u128(0x99), elsewhere);
    world.forward(&get("/?apikey=kong")).check_is_bob();
}

/// A world with the route `/` and, on a service of its own, the route `/free`.
/// Answered by a gateway that knows nothing, without any need.
fn ask_unfed(settings: GatewaySettings, request: &Request) -> (u16, String) {
    let peppers = Peppers { current: Pepper::new(b"pepper"), previous: None };
    match Gateway::new(settings, peppers).decide(&request.head(), Body::Unread, NOW) {
        Decision::Respond(response) => {
            (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
        }
        other => panic!("{}: {other:?}", request.path),
    }
}

#[test]
fn own_paths_are_answered_without_feed_and_route() {
    let ask = |request: &Request| ask_unfed(GatewaySettings::default(), request);
    for method in ["GET", "HEAD"] {
        assert_eq!(ask(&get("/-/health").method(method)), (200, r#"{"status":"ok"}"#.to_owned()));
    }
    assert_eq!(ask(&get("/-/health").method("POST")).0, 405);
    assert_eq!(ask(&get("/-/health").host("a b")).0, 400);
    for path in ["/-/health/", "/-/health/x", "/-/verify", "/-/verify/x", "/-/verify/envoy"] {
        let (status, body) = ask(&get(path));
        assert!(status == 404 && body.contains("no Route matched with those values"), "{path}: {body}");
    }
    let own_paths = OwnPaths::new("/own").unwrap();
    let moved = GatewaySettings { own_paths, ..GatewaySettings::default() };
    assert_eq!(ask_unfed(moved, &get("/own/health")).0, 200);
}

#[test]
fn every_other_path_under_the_prefix_is_a_routes() {
    let mut world = World::new();
    for path in ["/-/healthz", "/-/ready", "/-/admin/services", "/-/", "/-", "/%2D/health", "/x/-/health"] {
        world.forward(&get(path));
    }
    world.check_refused(&get("/-/verify"), 404, "no Route matched with those values");
    assert!(matches!(world.decide(&get("/-/health")), Decision::Respond(_)));
}

fn world_with_two_routes() -> World {
    let mut world = World::with_key_auth(json!({}));
    world.lenient = true;
    world.put(ConfigKind::Services, OTHER_SERVICE, service(json!({})));
    let free = json!({"id": OTHER_ROUTE, "service": {"id": OTHER_SERVICE}, "paths": ["/free"]});
    world.put(ConfigKind::Routes, OTHER_ROUTE, free);
    world
}

/// Blocks `/`, and also `/free` where it is for all, and is named in what the log gets.
#[track_caller]
fn check_blocks(world: &mut World, all: bool, named: &str) {
    world.check_refused(&get("/?apikey=kong"), 500, "Invalid plugin configuration");
    match all {
        true => drop(world.check_refused(&get("/free"), 500, "Invalid plugin configuration")),
        false => drop(world.forward(&get("/free"))),
    }
    let reasons = world.gateway.config().unusable().iter().map(|(_, reason)| reason);
    let reasons: Vec<_> = reasons.filter(|reason| reason.contains(named)).collect();
    assert_eq!(reasons.len(), 1, "{:?}", world.gateway.config().unusable());
}

#[test]
fn what_only_a_newer_program_knows_blocks_what_it_applies_to_and_is_named() {
    let key_auth = |settings: Value| json!({"name": "key-auth", "config": settings});
    let on_route = |plugin: Value| merge(plugin, json!({"route": {"id": ROUTE}}));
    let on_service = |plugin: Value| merge(plugin, json!({"service": {"id": SERVICE}}));
    let quota = || json!({"name": "rate-limiting-v2", "config": {"minute": 5}});
    let registration = || json!({"name": "application-registration", "config": {"display_name": "d"}});
    for (plugin, all, named) in [
        (on_route(quota()), false, "plugin 'rate-limiting-v2'"),
        (on_service(quota()), false, "plugin 'rate-limiting-v2'"),
        (on_route(on_service(quota())), false, "plugin 'rate-limiting-v2'"),
        (quota(), true, "plugin 'rate-limiting-v2'"),
        (merge(quota(), json!({"consumer": {"id": BOB}})), true, "plugin 'rate-limiting-v2'"),
        (on_route(json!({"name": "Key-Auth", "config": {}})), false, "plugin 'Key-Auth'"),
        (on_route(key_auth(json!({"only_from": ["10.0.0.0/8"]}))), false, "setting 'only_from'"),
        (on_route(key_auth(json!({"require_tls": false}))), false, "setting 'require_tls'"),
        (
            on_service(merge(registration(), json!({"config": {"display_name": "d", "x": 1}}))),
            false,
            "setting 'x'",
        ),
        (on_route(merge(key_auth(json!({})), json!({"condition": "false"}))), false, "setting 'condition'"),
        (on_route(merge(key_auth(json!({})), json!({"consumer": {"id": BOB}}))), false, "scope 'consumer'"),
        (on_route(registration()), false, "scope 'route'"),
        (registration(), true, "scope 'global'"),
    ] {
        let mut world = world_with_two_routes();
        world.put(ConfigKind::Plugins, Uuid::from_u128(0x99), plugin.clone());
        check_blocks(&mut world, all, named);
        let mut world = world_with_two_routes();
        world.put(ConfigKind::Plugins, Uuid::from_u128(0x99), merge(plugin, json!({"enabled": false})));
        world.forward(&get("/?apikey=kong")).check_is_bob();
        world.check_refused(&get("/"), 401, NO_KEY);
    }
    // Nothing is meant by a member that is null.
    let mut world = world_with_two_routes();
    let plugin = on_route(merge(key_auth(json!({"only_from": null})), json!({"partials": null})));
    world.put(ConfigKind::Plugins, Uuid::from_u128(0x99), plugin);
    world.forward(&get("/?apikey=kong")).check_is_bob();
}

/// The same pieces with more put into one.
fn add_to_piece(world: &mut World, id: Uuid, more: Value) {
    let piece = world.pieces.entry(PieceId::of(id)).or_default();
    let encoded = piece.encode_plain();
    let mut json: Value = serde_json::from_slice(&encoded[1..]).unwrap();
    for (member, more) in more.as_object().unwrap() {
        match json.get_mut(member).and_then(Value::as_object_mut) {
            Some(there) => there.extend(more.as_object().unwrap().clone()),
            None => drop(json.as_object_mut().unwrap().insert(member.clone(), more.clone())),
        }
    }
    *piece = Piece::decode(&[&encoded[..1], json.to_string().as_bytes()].concat()).unwrap();
}

#[test]
fn a_kind_that_only_a_newer_program_knows_blocks_what_it_may_concern() {
    let id = Uuid::from_u128(0x77).to_string();
    let of_kind = |entity: Value| json!({"entities": {"guards": {&id: entity}}});
    for (more, all) in [
        (of_kind(json!({"id": id, "route": {"id": ROUTE}})), false),
        (of_kind(json!({"id": id, "service": {"id": SERVICE}})), false),
        (of_kind(json!({"id": id})), true),
        (of_kind(json!("anything")), true),
        (json!({"entities": {"guards": [1]}}), true),
        (json!({"guards": {"of": "all"}}), true),
    ] {
        let mut world = world_with_two_routes();
        add_to_piece(&mut world, ROUTE, more);
        check_blocks(&mut world, all, "kind 'guards'");
    }
    for more in [
        of_kind(json!({"id": id, "route": {"id": BOB}})),
        of_kind(json!({"id": id, "enabled": false})),
        json!({"entities": {"guards": {}}}),
        json!({"settings": {"has_sealed_keys": true}}),
    ] {
        let mut world = world_with_two_routes();
        add_to_piece(&mut world, ROUTE, more);
        world.forward(&get("/?apikey=kong")).check_is_bob();
        world.check_refused(&get("/"), 401, NO_KEY);
    }
}

#[test]
fn a_setting_from_after_a_plugin_was_stored_has_its_default() {
    let whole = json!({"key_names": ["apikey"], "key_in_header": true, "key_in_query": true,
        "key_in_body": false, "hide_credentials": false, "run_on_preflight": true});
    let settings: Vec<&String> = whole.as_object().unwrap().keys().collect();
    let with = |config: Value| {
        let mut world = World::new();
        let plugin = json!({"name": "key-auth", "route": {"id": ROUTE}, "config": config});
        world.put(ConfigKind::Plugins, Uuid::from_u128(0x81), plugin);
        world
    };
    let mut configs = vec![json!({}), whole.clone()];
    for setting in settings {
        let mut config = whole.clone();
        config.as_object_mut().unwrap().remove(setting);
        configs.push(config);
        configs.push(merge(whole.clone(), json!({setting: null})));
    }
    for config in configs {
        let mut world = with(config);
        world.forward(&get("/?apikey=kong")).check_is_bob();
        world.forward(&get("/").with("apikey", "kong")).check_is_bob();
        world.check_refused(&get("/"), 401, NO_KEY);
        let preflight = Request { method: "OPTIONS", ..get("/") };
        world.check_refused(&preflight, 401, NO_KEY);
        assert!(world.forward(&get("/").with("apikey", "kong")).header("apikey").is_some());
    }
    // What is not at its default stays as it was stored.
    let mut world = with(json!({"key_in_query": false, "hide_credentials": true}));
    world.check_refused(&get("/?apikey=kong"), 401, NO_KEY);
    assert!(world.forward(&get("/").with("apikey", "kong")).header("apikey").is_none());
    // And without any settings at all.
    let mut world = World::new();
    let plugin = json!({"name": "key-auth", "route": {"id": ROUTE}});
    world.put(ConfigKind::Plugins, Uuid::from_u128(0x81), plugin);
    world.check_refused(&get("/"), 401, NO_KEY);
}

#[test]
fn services_and_routes_from_before_a_field_have_its_default() {
    let mut world = World::new();
    world.put(ConfigKind::Services, SERVICE, json!({"host": "up.test"}));
    world.put(ConfigKind::Routes, ROUTE, json!({"id": ROUTE, "service": {"id": SERVICE}, "paths": ["/"]}));
    let Decision::Forward(plan) = world.decide(&get("/")) else { panic!("refused") };
    let upstream = &plan.upstream;
    assert_eq!((upstream.port, upstream.retries, upstream.tls_verify), (80, 5, true));
    let timeouts = [upstream.connect_timeout_ms, upstream.write_timeout_ms, upstream.read_timeout_ms];
    assert_eq!(timeouts, [60_000; 3]);
    for broken in
        [json!({"retries": "5"}), json!({"port": 70_000}), json!({"protocol": "h3"}), json!({"host": null})]
    {
        let mut world = world_with_two_routes();
        world.put(ConfigKind::Services, SERVICE, service(broken));
        world.check_refused(&get("/?apikey=kong"), 500, "Invalid plugin configuration");
        drop(world.forward(&get("/free")));
    }
}

#[test]
fn what_a_newer_version_published_is_not_served_and_nothing_from_before_either() {
    let mut world = World::with_key_auth(json!({}));
    world.forward(&get("/?apikey=kong")).check_is_bob();
    let mut compiler = ConfigCompiler::default();
    let error =
        world.gateway.learn_feed(NOW, NOW, Some(FeedReply::newer(Format(2), 2)), &mut compiler).unwrap_err();
    assert!(error.to_string().contains("published by a newer version"), "{error}");
    let stale = "The gateway cannot confirm its state, please try again";
    world.check_refused(&get("/?apikey=kong"), 503, stale);
    world.check_refused(&get("/"), 503, stale);
    // The feed is asked again after a while, as after any failure; what it says then counts.
    let later = Now { unix_ms: NOW.unix_ms + 2_000, monotonic_ms: NOW.monotonic_ms + 2_000 };
    let request = get("/?apikey=kong");
    let head = RequestHead { started: later, ..request.head() };
    let asked = world.gateway.decide(&head, Body::Unread, later);
    assert!(matches!(asked, Decision::Need(Need::Feed(_))), "{asked:?}");
    let reply = FeedReply { epoch: 1, shown: Shown::all(1), ..FeedReply::default() };
    world.gateway.learn_feed(later, later, Some(reply), &mut compiler).unwrap();
    let decided = world.gateway.decide(&head, Body::Unread, later);
    assert!(matches!(decided, Decision::Forward(_)), "{decided:?}");
}

#[test]
fn forwarding_fields_tell_of_the_original_request() {
    let mut world = World::new();
    world.put(ConfigKind::Services, SERVICE, service(json!({"path": "/base", "port": 8081})));
    let route = json!({"id": ROUTE, "service": {"id": SERVICE}, "paths": ["/v1"]});
    world.put(ConfigKind::Routes, ROUTE, route);
    let request = get("/v1/%7euser//x?q=%20")
        .with("x-forwarded-for", "10.0.0.1")
        .with("x-forwarded-host", "evil.test")
        .with("x-forwarded-prefix", "/evil")
        .with("connection", "close, x-hop")
        .with("x-hop", "1")
        .with("te", "trailers, deflate")
        .with("proxy", "evil")
        .with("keep-alive", "timeout=5");
    let sent = world.forward(&request);
    assert_eq!(sent.target, "/base/~user/x?q=%20");
    for (name, value) in [
        ("host", Some("up.test:8081")),
        ("x-forwarded-for", Some("10.0.0.1, 127.0.0.9")),
        ("x-real-ip", Some("127.0.0.9")),
        ("x-forwarded-proto", Some("http")),
        ("x-forwarded-host", Some("api.test")),
        ("x-forwarded-port", Some("8080")),
        ("x-forwarded-path", Some("/v1/%7euser//x")),
        ("x-forwarded-prefix", Some("/v1")),
        ("x-kong-request-id", Some("0000000000000000000000000000feed")),
        ("via", Some(concat!("1.1 latchkey/", env!("CARGO_PKG_VERSION")))),
        ("te", Some("trailers")),
        ("connection", None),
        ("x-hop", None),
        ("proxy", None),
        ("keep-alive", None),
    ] {
        assert_eq!(sent.header(name), value, "{name}");
    }
}

#[test]
fn host_is_kept_where_the_route_says_so() {
    let mut world = World::new();
    let route = json!({"id": ROUTE, "service": {"id": SERVICE}, "paths": ["/"], "preserve_host": true});
    world.put(ConfigKind::Routes, ROUTE, route);
    assert_eq!(world.forward(&get("/")).header("host"), Some("API.test:8080"));
}

#[test]
fn routes_that_lead_nowhere_say_so() {
    let mut world = World::new();
    world.put(ConfigKind::Routes, ROUTE, json!({"id": ROUTE, "paths": ["/only"]}));
    world.check_refused(&get("/other"), 404, "no Route matched with those values");
    world.check_refused(&get("/only"), 503, "no Service found with those values");
    let mut world = World::new();
    world.put(ConfigKind::Services, SERVICE, service(json!({"enabled": false})));
    world.check_refused(&get("/"), 404, "no Route matched with those values");
}

#[test]
fn https_only_routes_ask_for_https() {
    let route = |status: u16| {
        json!({"id": ROUTE, "service": {"id": SERVICE}, "paths": ["/"], "protocols": ["https"],
            "https_redirect_status_code": status})
    };
    let mut world = World::new();
    world.put(ConfigKind::Routes, ROUTE, route(426));
    let headers = world.check_refused(&get("/"), 426, "Please use HTTPS protocol");
    assert_eq!(headers["upgrade"], "TLS/1.2, HTTP/1.1");
    let mut world = World::new();
    world.put(ConfigKind::Routes, ROUTE, route(308));
    let headers = world.check_refused(&get("/x?a=1"), 308, "Please use HTTPS protocol");
    assert_eq!(headers["location"], "https://API.test/x?a=1");
    assert!(!headers.contains_key("upgrade"));
}

#[test]
fn a_redirect_to_https_carries_no_key() {
    let route = json!({"id": ROUTE, "service": {"id": SERVICE}, "paths": ["/"], "protocols": ["https"],
        "https_redirect_status_code": 301});
    let names = json!(["apikey", "k2"]);
    for (config, left) in [
        (json!({"key_names": names}), "?a=%zz&b"),
        (json!({"key_names": names, "hide_credentials": true, "key_in_query": false}), "?a=%zz&b"),
        (json!({"key_names": names, "run_on_preflight": false}), "?a=%zz&b"),
        (json!({"key_names": names, "key_in_query": false}), "?a=%zz&api%6Bey=kong&b&k2=x"),
    ] {
        let mut world = World::with_key_auth(config);
        world.put(ConfigKind::Routes, ROUTE, route.clone());
        let message = "Please use HTTPS protocol";
        let headers = world.check_refused(&get("/x?a=%zz&api%6Bey=kong&b&k2=x"), 301, message);
        assert_eq!(headers["location"], format!("https://API.test/x{left}"));
        let headers = world.check_refused(&get("/x?").method("OPTIONS"), 301, message);
        assert_eq!(headers["location"], "https://API.test/x?");
    }
    let mut world = World::with_key_auth(json!({}));
    world.put(ConfigKind::Routes, ROUTE, route);
    let headers = world.check_refused(&get("/x?apikey=kong"), 301, "Please use HTTPS protocol");
    assert_eq!(headers["location"], "https://API.test/x");
}

fn handshake() -> Request {
    get("/").with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").with("sec-websocket-version", "13")
}

#[test]
fn a_handshake_passes_in_our_words() {
    let mut world = World::new();
    for (connection, upgrade) in [
        ("Upgrade", "websocket"),
        ("upgrade", "WebSocket"),
        ("keep-alive, Upgrade", "websocket"),
        ("Upgrade, keep-alive, http2-settings", "websocket"),
        ("upgrade", "websocket, h2c"),
        ("upgrade", "h2c,websocket"),
    ] {
        let request = handshake().with("connection", connection).with("upgrade", upgrade);
        let sent = world.forward(&request.with("http2-settings", "AAMAAABk"));
        let fields = ["connection", "upgrade", "http2-settings"].map(|name| sent.header(name));
        assert_eq!(fields, [Some("Upgrade"), Some("websocket"), None], "{connection:?} {upgrade:?}");
    }
    let two_lines = handshake().with("connection", "keep-alive").with("connection", "Upgrade");
    let sent = world.forward(&two_lines.with("upgrade", "h2c").with("upgrade", "websocket"));
    assert_eq!((sent.header("connection"), sent.header("upgrade")), (Some("Upgrade"), Some("websocket")));
}

#[test]
fn what_is_no_handshake_is_an_ordinary_request() {
    let mut world = World::new();
    let asks = |request: Request| request.with("connection", "Upgrade").with("upgrade", "websocket");
    let without = |name: &str| {
        let mut request = asks(handshake());
        request.headers.remove(name);
        request
    };
    for (what, request) in [
        ("another protocol", without("upgrade").with("upgrade", "h2c")),
        ("a protocol called alike", without("upgrade").with("upgrade", "websocket2, xwebsocket")),
        ("nothing in Upgrade", without("upgrade").with("upgrade", "")),
        ("not named in Connection", without("connection")),
        ("another name in Connection", without("connection").with("connection", "upgrades")),
        ("no key", without("sec-websocket-key")),
        ("an empty key", without("sec-websocket-key").with("sec-websocket-key", "")),
        ("two keys", asks(handshake()).with("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==")),
        ("two keys in one", without("sec-websocket-key").with("sec-websocket-key", "a, b")),
        ("no version", without("sec-websocket-version")),
        ("two versions", asks(handshake()).with("sec-websocket-version", "8")),
        ("a body", asks(handshake()).with("content-length", "5")),
        ("chunks", asks(handshake()).with("transfer-encoding", "chunked")),
        ("POST", asks(handshake()).method("POST")),
        ("OPTIONS", asks(handshake()).method("OPTIONS")),
        ("HEAD", asks(handshake()).method("HEAD")),
        ("get", asks(handshake()).method("get")),
    ] {
        let sent = world.forward(&request.with("http2-settings", "AAMAAABk"));
        let fields = ["connection", "upgrade", "http2-settings"].map(|name| sent.header(name));
        assert_eq!(fields, [None, None, None], "{what}");
    }
    let sent = world.forward(&get("/").with("http2-settings", "AAMAAABk"));
    assert_eq!(sent.header("http2-settings"), None);
}

#[test]
fn a_tunnel_stands_while_its_request_would_pass_as_the_same_caller() {
    let request =
        || handshake().with("connection", "upgrade").with("upgrade", "websocket").with("apikey", "kong");
    let mut world = World::with_key_auth(json!({}));
    let Decision::Forward(plan) = world.decide(&request()) else { panic!("no tunnel") };
    let right = *plan.upgrade.unwrap();
    assert_eq!(world.stands(&request(), &right), Standing::Holds { ms: 2_500 });

    type Change = fn(&mut World);
    let is_lost: [(&str, Change); 7] = [
        ("key revoked", |world| world.grants.clear()),
        ("key disabled", |world| world.add_key("kong", |grant| grant.enabled = false)),
        ("key expired", |world| world.add_key("kong", |grant| grant.expires_at_ms = Some(NOW.unix_ms))),
        ("key of another credential", |world| {
            world.add_key("kong", |grant| grant.credential_id = Uuid::from_u128(0x77));
        }),
        ("contracts are asked for", |world| {
            world.put(ConfigKind::Plugins, Uuid::from_u128(0x99), registration(json!({})));
        }),
        ("keys go elsewhere", |world| {
            world.put(ConfigKind::Plugins, KEY_AUTH, key_auth(json!({"key_in_header": false})));
        }),
        ("another service", |world| {
            let other = Uuid::from_u128(0x55);
            world.put(ConfigKind::Services, other, merge(service(json!({})), json!({"id": other})));
            let route = json!({"id": ROUTE, "service": {"id": other}, "paths": ["/"]});
            world.put(ConfigKind::Routes, ROUTE, route);
        }),
    ];
    for (what, change) in is_lost {
        let mut world = World::with_key_auth(json!({}));
        change(&mut world);
        assert_eq!(world.stands(&request(), &right), Standing::Lost, "{what}");
    }
    let is_kept: [(&str, Change); 3] = [
        ("a new name", |world| world.add_key("kong", |grant| grant.consumer.username = Some("rob".into()))),
        ("other times to wait", |world| {
            world.put(ConfigKind::Services, SERVICE, service(json!({"read_timeout": 7})));
        }),
        ("a plugin that asks for less", |world| {
            let off = merge(key_auth(json!({})), json!({"enabled": false}));
            world.put(ConfigKind::Plugins, KEY_AUTH, off);
        }),
    ];
    for (what, change) in is_kept {
        let mut world = World::with_key_auth(json!({}));
        change(&mut world);
        assert_eq!(world.stands(&request(), &right), Standing::Holds { ms: 2_500 }, "{what}");
    }
    let mut world = World::with_key_auth(json!({}));
    world.add_key("kong", |grant| grant.expires_at_ms = Some(NOW.unix_ms + 900));
    assert_eq!(world.stands(&request(), &right), Standing::Holds { ms: 900 });
}

/// The upstream was told that bob calls: a revoked key is not made up for by an anonymous consumer.
#[test]
fn a_tunnel_does_not_outlive_its_caller_as_the_anonymous_consumer() {
    let request =
        |key| handshake().with("connection", "upgrade").with("upgrade", "websocket").with("apikey", key);
    let mut world = World::with_key_auth(json!({"anonymous": "bob"}));
    world.put(ConfigKind::Consumers, BOB, json!({"id": BOB, "username": "bob"}));
    let mut opened = |key| match world.decide(&request(key)) {
        Decision::Forward(plan) => *plan.upgrade.unwrap(),
        other => panic!("{other:?}"),
    };
    let (known, anonymous) = (opened("kong"), opened("wrong"));
    world.grants.clear();
    let mut later = World::with_key_auth(json!({"anonymous": "bob"}));
    later.put(ConfigKind::Consumers, BOB, json!({"id": BOB, "username": "bob"}));
    later.grants.clear();
    assert_eq!(later.stands(&request("kong"), &known), Standing::Lost);
    assert_eq!(later.stands(&request("wrong"), &anonymous), Standing::Holds { ms: 2_500 });
}

#[test]
fn methods_that_send_fields_back_are_passed_on_for_nobody() {
    let mut world = World::new();
    for method in ["TRACE", "TRACK", "trace"] {
        let headers = world.check_refused(&get("/").method(method), 405, "Method not allowed");
        assert_eq!(headers["allow"], "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        world.check_not_authorized(&get("/").method(method), 405);
    }
    for method in ["GET", "HEAD", "PROPFIND", "PURGE", "TRACES", "QUERY"] {
        world.forward(&get("/").method(method));
    }
}

#[test]
fn a_request_that_goes_in_circles_is_refused() {
    let mut world = World::new();
    let check = |world: &mut World, via: &[&'static str], refused: bool| {
        let request = via.iter().fold(get("/"), |request, via| request.with("via", via));
        match refused {
            true => {
                world.check_refused(&request, 508, "The request has passed this gateway too often");
                world.check_not_authorized(&request, 508);
            }
            false => drop(world.forward(&request)),
        }
    };
    let own = "1.1 latchkey/0.1.0";
    check(&mut world, &[own], false);
    check(&mut world, &[own; 4], false);
    check(&mut world, &[own; 5], true);
    check(
        &mut world,
        &[
            "1.1 latchkey/0.1.0, 1.1 latchkey/9.9.9,HTTP/1.1 Latchkey/2",
            "1.1 latchkey/0.1.0 (x), 1.1 latchkey/1",
        ],
        true,
    );
    check(
        &mut world,
        &["1.1 a, 1.1 b, 1.1 c, 1.1 d, 1.1 e, 1.1 f, 1.1 latchkeys, 1.1 xlatchkey/1, latchkey/1"],
        false,
    );
}

#[test]
fn max_forwards_is_counted_down_and_answered_where_it_ends() {
    let mut world = World::with_key_auth(json!({}));
    let options = |value| get("/").method("OPTIONS").with("apikey", "kong").with("max-forwards", value);
    for value in ["0", "00"] {
        let Decision::Respond(response) = world.decide(&options(value)) else { panic!("{value} went on") };
        assert_eq!((response.status().as_u16(), response.body().len()), (200, 0));
        assert_eq!(response.headers()["allow"], "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    }
    for (sent, expected) in [
        ("1", "0"),
        ("10", "9"),
        ("99999999999999999999", "18446744073709551614"),
        // Not to be understood: none of ours.
        ("-1", "-1"),
        ("x", "x"),
        ("", ""),
    ] {
        assert_eq!(world.forward(&options(sent)).header("max-forwards"), Some(expected), "{sent:?}");
    }
    let others = get("/").with("apikey", "kong").with("max-forwards", "0");
    assert_eq!(world.forward(&others).header("max-forwards"), Some("0"));
    // The answer is no way round the key.
    let without_key = get("/").method("OPTIONS").with("max-forwards", "0");
    world.check_refused(&without_key, 401, NO_KEY);
}

#[test]
fn more_specific_plugin_applies_whole() {
    let scopes = [
        (json!({}), "global"),
        (json!({"service": {"id": SERVICE}}), "service"),
        (json!({"route": {"id": ROUTE}}), "route"),
        (json!({"route": {"id": ROUTE}, "service": {"id": SERVICE}}), "both"),
    ];
    for applied in 1..=scopes.len() {
        let mut world = World::new();
        for (number, (scope, name)) in scopes[..applied].iter().enumerate() {
            let config = key_auth(json!({"key_names": [name]}))["config"].clone();
            let plugin = merge(json!({"name": "key-auth", "config": config}), scope.clone());
            world.put(ConfigKind::Plugins, Uuid::from_u128(0x90 + number as u128), plugin);
        }
        for (number, (_, name)) in scopes.iter().enumerate() {
            let request = get("/").with(name, "kong");
            if number + 1 == applied {
                world.forward(&request).check_is_bob();
            } else {
                world.check_refused(&request, 401, NO_KEY);
            }
        }
    }
}

#[test]
fn authorizing_decides_as_proxying_does() {
    let bob = BOB.to_string();
    let mut world = World::with_key_auth(json!({}));
    world.check_allowed(
        &get("/").with("apikey", "kong"),
        &[("x-consumer-id", &bob), ("x-consumer-username", "bob"), ("x-consumer-custom-id", "42")],
    );
    world.check_allowed(&get("/?apikey=kong"), &[("x-consumer-id", &bob)]);
    world.check_not_authorized(&get("/"), 401);
    world.check_not_authorized(&get("/").with("apikey", "wrong"), 401);
    world.check_not_authorized(&get("/").with("apikey", "kong").with("apikey", "kong"), 401);
    World::new().check_allowed(&get("/"), &[]);
    let mut world = World::with_key_auth(json!({"run_on_preflight": false}));
    world.check_allowed(&get("/").method("OPTIONS"), &[]);
    let mut world = World::with_key_auth(json!({"anonymous": NOBODY}));
    world.put(ConfigKind::Consumers, NOBODY, json!({"id": NOBODY, "username": "nobody"}));
    world.check_allowed(&get("/"), &[("x-consumer-username", "nobody"), ("x-anonymous-consumer", "true")]);
}

/// Whoever passes the request on passes on the path as it came, and serves what that is to them.
#[test]
fn authorizing_refuses_a_path_that_others_may_read_otherwise() {
    // Nobody is asked here, so that only the path decides.
    let mut world = World::new();
    for path in ["/", "/private/a%20b", "/a%2fb/%c3%a9", "/%252e%252e/public", "/a;b=1/...", "/a%3fb?c=/../d"]
    {
        world.check_allowed(&get(path), &[]);
    }
    for path in [
        "/private/../public",
        "/private/%2e%2e/public",
        "/private/.%2E/public",
        "/private/%2e%2e%2fpublic",
        "/private/..%5cpublic",
        "/private/..;/public",
        "//public",
        "/public//",
        "/public/.",
        "/%70ublic",
        "/a\\b",
        "/a b",
        "/a\0b",
        "public",
        "",
    ] {
        world.check_not_authorized(&get(path), 400);
        // To proxy it is no risk: the upstream is sent what was decided.
        assert!(matches!(world.decide(&get(path)), Decision::Forward(_)), "{path}");
    }
}

proptest::proptest! {
    #[test]
    fn whoever_is_authorized_came_by_a_normal_path(pieces in proptest::collection::vec(
        proptest::sample::select(vec![
            "/", "/", ".", "..", "%2e", "%2E", "%2f", "%5C", "%25", "%3f", "%00", "\\", ";", "a", "%61", "?", "é",
        ]),
        0..8,
    )) {
        let path: &'static str = pieces.concat().leak();
        let request = Request { path, ..get("/") };
        if let Authorization::Allow(_) = World::new().authorize(&request) {
            let normal = normalise_path(path.as_bytes());
            proptest::prop_assert!(normal.eq_ignore_ascii_case(path.as_bytes()), "{}", path);
        }
        // A proxy tells of path and query together.
        let mut asked = get("/-/verify/nginx").with("x-original-method", "GET").with("x-original-host", "a.test");
        asked.headers.insert("x-original-uri", HeaderValue::from_bytes(path.as_bytes()).unwrap());
        if World::new().answered(&asked).status() == 200 {
            let path = path.split_once('?').map_or(path, |(path, _)| path);
            let normal = normalise_path(path.as_bytes());
            proptest::prop_assert!(normal.eq_ignore_ascii_case(path.as_bytes()), "{}", path);
        }
    }
}

#[test]
fn authorizing_asks_for_the_contract_and_tells_the_application() {
    let application = Uuid::from_u128(0x55);
    let mut world = World::with_key_auth(json!({}));
    world.put(ConfigKind::Plugins, Uuid::from_u128(0x82), registration(json!({})));
    world.add_key("with", |grant| {
        grant.application_id = Some(application);
        grant.service_ids = vec![SERVICE];
    });
    world.add_key("without", |grant| grant.application_id = Some(application));
    match world.authorize(&get("/?apikey=with")) {
        Authorization::Allow(authorized) => assert_eq!(authorized.application_id(), Some(application)),
        other => panic!("{other:?}"),
    }
    world.check_not_authorized(&get("/?apikey=without"), 401);
    world.check_not_authorized(&get("/?apikey=kong"), 401);
}

#[test]
fn authorizing_needs_what_it_does_not_know() {
    let request = get("/?apikey=kong");
    let mut world = World::with_key_auth(json!({}));
    assert!(matches!(world.gateway.authorize(&request.head(), NOW), Err(Need::Feed(_))));
    let mut world = World::with_key_auth(json!({}));
    world.decide(&get("/"));
    assert!(matches!(world.gateway.authorize(&request.head(), NOW), Err(Need::Grant(_))));
}

#[test]
fn what_needs_more_than_the_head_cannot_be_authorized() {
    for (setting, expected) in
        [("key_in_body", Unfit::KeyInBody), ("hide_credentials", Unfit::HideCredentials)]
    {
        let mut world = World::with_key_auth(json!({setting: true}));
        for request in [get("/").with("apikey", "kong"), get("/"), get("/").method("OPTIONS")] {
            match world.authorize(&request) {
                Authorization::Unfit(unfit) => assert_eq!(unfit, expected),
                other => panic!("{other:?}"),
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn fields_are_written_as_they_are_edited(chosen in proptest::collection::vec(0_usize..32, 0..12)) {
        const FIELDS: [(&str, &str); 16] = [
            ("accept", "*/*"),
            ("connection", "close, x-hop, via, accept, x-forwarded-for"),
            ("connection", "keep-alive"),
            ("te", "gzip, trailers"),
            ("te", "gzip"),
            ("x.real_ip", "spoofed"),
            ("via", "1.0 fred"),
            ("x-hop", "1"),
            ("x-real-ip", "1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-prefix", "/spoofed"),
            ("x-forwarded-path", "/spoofed"),
            ("x_consumer_id", "spoofed"),
            ("x-consumer-username", "spoofed"),
            ("proxy", "spoofed"),
            ("cookie", "a=1"),
        ];
        let mut world = World::with_key_auth(json!({"hide_credentials": true}));
        let fields = chosen.into_iter().map(|index| FIELDS[index % FIELDS.len()]);
        // Compared in `Sent::new`.
        let request = get("/").with("apikey", "kong").with("host", "other.test");
        world.forward(&fields.fold(request, |request, (name, value)| request.with(name, value)));
    }
}

const ENVOY: &str = "x-envoy-auth-headers-to-remove";
const REMOVE: &str = "lk-remove-fields";

/// A question of each proxy about the same request, whose target is `target`.
fn asked_by_all(target: &'static str) -> [(&'static str, Request); 4] {
    let told = |path, prefix: [&'static str; 4], target| {
        let [method, uri, host, scheme] = prefix;
        get(path)
            .host("gateway")
            .with(method, "GET")
            .with(uri, target)
            .with(host, "API.test")
            .with(scheme, "http")
    };
    let forwarded = ["x-forwarded-method", "x-forwarded-uri", "x-forwarded-host", "x-forwarded-proto"];
    let original = ["x-original-method", "x-original-uri", "x-original-host", "x-original-proto"];
    let below: &'static str = Box::leak(format!("/-/verify/envoy{target}").into_boxed_str());
    [
        ("traefik", told("/-/verify/traefik", forwarded, target)),
        ("caddy", told("/-/verify/caddy", forwarded, target)),
        ("nginx", told("/-/verify/nginx", original, target)),
        ("envoy", get(below).host("API.test").with("x-forwarded-proto", "http")),
    ]
}

impl World {
    #[track_caller]
    fn answered(&mut self, request: &Request) -> http::Response<bytes::Bytes> {
        match self.decide(request) {
            Decision::Respond(response) => response,
            other => panic!("{other:?}"),
        }
    }
}

fn text_of<'r>(response: &'r http::Response<bytes::Bytes>, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn a_proxy_is_told_who_calls_and_what_to_remove() {
    for (proxy, request) in asked_by_all("/a?apikey=kong") {
        let mut world = World::with_key_auth(json!({}));
        let response = world.answered(&request);
        assert_eq!((response.status().as_u16(), response.body().len()), (200, 0), "{proxy}");
        let bob = BOB.to_string();
        for (name, value) in
            [("x-consumer-username", "bob"), ("x-consumer-custom-id", "42"), ("x-consumer-id", bob.as_str())]
        {
            assert_eq!(text_of(&response, name), Some(value), "{proxy}");
        }
        assert_eq!(text_of(&response, "x-anonymous-consumer"), None);
        assert_eq!(text_of(&response, "cache-control"), Some("no-store"));
        let removed: Vec<&str> = text_of(&response, REMOVE).unwrap().split(", ").collect();
        assert!(removed.contains(&"x-anonymous-consumer") && removed.contains(&"x-authenticated-userid"));
        assert!(!removed.contains(&"x-consumer-username") && !removed.contains(&"apikey"), "{removed:?}");
        let of_envoy = text_of(&response, ENVOY);
        assert_eq!(of_envoy, (proxy == "envoy").then_some(removed.join(", ").as_str()));
    }
}

#[test]
fn a_proxy_is_told_what_hides_a_key() {
    let hiding = json!({"hide_credentials": true, "key_in_bearer": true, "key_names": ["apikey", "k2"]});
    for (_, request) in asked_by_all("/a?x=1&apikey=kong") {
        let mut world = World::with_key_auth(hiding.clone());
        let response = world.answered(&request);
        let removed = text_of(&response, REMOVE).unwrap();
        assert!(removed.ends_with("apikey, k2") && !removed.contains("authorization"), "{removed}");
        assert_eq!(text_of(&response, "lk-remove-arguments"), Some("apikey, k2"));
    }
    for (_, request) in asked_by_all("/a?x=1") {
        let mut world = World::with_key_auth(hiding.clone());
        let request = request.with(BEARER, "Bearer kong").with("referer", "http://a.test/?apikey=kong");
        let response = world.answered(&request);
        let removed = text_of(&response, REMOVE).unwrap();
        assert!(removed.ends_with("apikey, k2, authorization, referer"), "{removed}");
        assert_eq!(text_of(&response, "lk-remove-arguments"), None);
    }
    for (_, request) in asked_by_all("/a") {
        let mut world = World::with_key_auth(json!({"hide_credentials": true, "key_names": ["my_key"]}));
        let response = world.answered(&request.with("my-key", "kong"));
        assert!(text_of(&response, REMOVE).unwrap().ends_with("my_key, my-key"));
    }
    // What does not come along cannot be looked at: without hiding, the other places are.
    for (_, request) in asked_by_all("/a?apikey=kong") {
        let mut world = World::with_key_auth(json!({"key_in_body": true}));
        assert_eq!(world.answered(&request).status(), 200);
        let mut world = World::with_key_auth(json!({"key_in_body": true, "hide_credentials": true}));
        world.check_refused(&request, 500, "Keys cannot be hidden in bodies that do not pass here");
    }
}

#[test]
fn a_proxy_is_refused_as_its_client_would_be() {
    let mut world = World::with_key_auth(json!({"realm": "a"}));
    for (proxy, request) in asked_by_all("/a") {
        let fields = world.check_refused(&request, 401, NO_KEY);
        assert_eq!(
            (&fields["www-authenticate"], &fields["cache-control"]),
            (&HeaderValue::from_static("Key realm=\"a\""), &HeaderValue::from_static("no-store"),),
            "{proxy}"
        );
    }
    for (_, request) in asked_by_all("/a?apikey=wrong") {
        world.check_refused(&request, 401, UNAUTHORIZED);
    }
    let mut none = World::new();
    none.put(ConfigKind::Routes, ROUTE, json!({"id": ROUTE, "service": {"id": SERVICE}, "paths": ["/b"]}));
    let mut secure = World::new();
    let https = json!({"id": ROUTE, "service": {"id": SERVICE}, "paths": ["/"], "protocols": ["https"]});
    secure.put(ConfigKind::Routes, ROUTE, https);
    for (world, status) in [(&mut none, 404), (&mut secure, 426)] {
        for (proxy, request) in asked_by_all("/a") {
            // nginx takes no other refusal for one.
            let status = if proxy == "nginx" { 403 } else { status };
            assert_eq!(world.answered(&request).status().as_u16(), status, "{proxy}");
        }
    }
    for (proxy, mut request) in asked_by_all("/a") {
        let field = if proxy == "nginx" { "x-original-proto" } else { "x-forwarded-proto" };
        request.headers.insert(field, HeaderValue::from_static("https"));
        assert_eq!(secure.answered(&request).status(), 200, "{proxy}");
    }
}

#[test]
fn a_path_that_the_proxy_may_read_otherwise_is_refused() {
    let mut world = World::new();
    for target in ["/a/../b", "//a", "/a/..%2fb", "/%61", "/a/..;/b", "/a/%2e%2e/b"] {
        for (proxy, request) in asked_by_all(target) {
            let status = if proxy == "nginx" { 403 } else { 400 };
            assert_eq!(world.answered(&request).status().as_u16(), status, "{proxy} {target}");
        }
    }
    for (proxy, mut request) in asked_by_all("/a") {
        if proxy == "envoy" {
            continue;
        }
        let field = if proxy == "nginx" { "x-original-uri" } else { "x-forwarded-uri" };
        for target in ["a", "http://b/a", "/a b", "/a#b", "/a?x#b", "*", ""] {
            request.headers.insert(field, HeaderValue::from_static(target));
            let status = if proxy == "nginx" { 403 } else { 400 };
            assert_eq!(world.answered(&request).status().as_u16(), status, "{proxy} {target}");
        }
    }
}

#[test]
fn a_proxy_is_believed_by_its_own_fields_alone() {
    let mut world = World::with_key_auth(json!({}));
    world.put(ConfigKind::Services, OTHER_SERVICE, service(json!({})));
    let free = json!({"id": OTHER_ROUTE, "service": {"id": OTHER_SERVICE}, "paths": ["/free"]});
    world.put(ConfigKind::Routes, OTHER_ROUTE, free);
    for (proxy, request) in asked_by_all("/free") {
        assert_eq!(world.answered(&request).status(), 200, "{proxy}");
    }
    let forged = ["x-forwarded-method", "x-forwarded-uri", "x-forwarded-host"];
    let forged_for_nginx = ["x-original-method", "x-original-uri", "x-original-host"];
    for (proxy, mut request) in asked_by_all("/a") {
        let of_others: &[&'static str] = match proxy {
            "nginx" => &forged,
            "envoy" => &["x-forwarded-uri", "x-original-uri", "x-envoy-original-path", "x-forwarded-host"],
            _ => &forged_for_nginx,
        };
        for name in of_others.iter().copied().chain(["x-original-url", "x-rewrite-url"]) {
            request = request.with(name, "/free");
        }
        world.check_refused(&request, 401, NO_KEY);
        if proxy == "envoy" {
            continue;
        }
        // Two values are not the proxy's, and none is not either.
        let scheme = if proxy == "nginx" { "x-original-proto" } else { "x-forwarded-proto" };
        let twice = world.answered(
            &asked_by_all("/free").into_iter().find(|(p, _)| *p == proxy).unwrap().1.with(scheme, "http"),
        );
        assert_ne!(twice.status(), 200, "{proxy}");
        let own = if proxy == "nginx" { forged_for_nginx } else { forged };
        let status = if proxy == "nginx" { 403 } else { 400 };
        for name in own {
            let value = request.headers[name].clone();
            request.headers.append(name, value.clone());
            assert_eq!(world.answered(&request).status().as_u16(), status, "{proxy} {name}");
            request.headers.remove(name);
            assert_eq!(world.answered(&request).status().as_u16(), status, "{proxy} {name}");
            request.headers.insert(name, value);
        }
    }
}

const VERIFY_TOKEN: &str = "a-token-of-more-than-thirty-two-bytes";

/// A world whose gateway answers whoever has the token.
fn verifying() -> World {
    let mut world = World::with_key_auth(json!({}));
    let verify_token = Some(world.peppers.current.digest(VERIFY_TOKEN.as_bytes()));
    let settings = GatewaySettings { verify_token, ..GatewaySettings::default() };
    world.gateway = Gateway::new(settings, world.peppers.clone());
    world.put(ConfigKind::Services, SERVICE, service(json!({"name": "orders"})));
    let route = json!({"id": ROUTE, "name": "all", "service": {"id": SERVICE}, "paths": ["/"]});
    world.put(ConfigKind::Routes, ROUTE, route);
    world
}

fn question(body: &Value) -> Request {
    let token = HeaderValue::try_from(format!("Bearer {VERIFY_TOKEN}")).unwrap();
    let mut request = get("/-/verify").method("POST").body(JSON, &body.to_string());
    request.headers.insert(BEARER, token);
    request
}

#[track_caller]
fn check_answer(world: &mut World, question_of: Value, expected: Value) {
    let response = world.answered(&question(&question_of));
    assert_eq!(response.status(), 200, "{question_of}");
    let answer: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(answer, expected, "{question_of}");
}

fn answer_of_bob(valid: bool, reason: Value) -> Value {
    let consumer = json!({"id": BOB, "username": "bob", "custom_id": "42"});
    json!({"valid": valid, "reason": reason, "consumer": consumer, "application": null,
        "credential": {"id": CREDENTIAL}, "expires_at": null, "scopes": null})
}

#[test]
fn whoever_has_the_token_is_told_of_a_key() {
    let mut world = verifying();
    for target in [
        json!({"service": "orders"}),
        json!({"service": SERVICE}),
        json!({"route": "all"}),
        json!({"route": ROUTE}),
    ] {
        check_answer(
            &mut world,
            merge(json!({"key": "kong"}), target.clone()),
            answer_of_bob(true, json!(null)),
        );
        let nothing = json!({"valid": false, "reason": "unknown", "consumer": null, "application": null,
            "credential": null, "expires_at": null, "scopes": null});
        for key in ["wrong", "", "lk_forged"] {
            check_answer(&mut world, merge(json!({"key": key}), target.clone()), nothing.clone());
        }
    }
    assert_eq!(world.grant_reads, 2, "a key is read once, a forged one and an empty one never");
    let expired = |grant: &mut Grant| grant.expires_at_ms = Some(NOW.unix_ms);
    world.add_key("expired", expired);
    world.add_key("suspended", |grant| grant.enabled = false);
    let ends = |mut answer: Value| {
        answer["expires_at"] = json!(NOW.unix_ms / 1_000);
        answer
    };
    let asked = |key: &str| json!({"key": key, "service": "orders"});
    check_answer(&mut world, asked("expired"), ends(answer_of_bob(false, json!("expired"))));
    check_answer(&mut world, asked("suspended"), answer_of_bob(false, json!("suspended")));
}

#[test]
fn whoever_has_the_token_is_told_of_contracts() {
    let mut world = verifying();
    world.put(ConfigKind::Plugins, Uuid::from_u128(0x82), registration(json!({})));
    let application = Uuid::from_u128(0x91);
    world.add_key("with", |grant| {
        grant.application_id = Some(application);
        grant.service_ids = vec![SERVICE];
    });
    world.add_key("without", |grant| grant.application_id = Some(application));
    let answer =
        |valid, reason| merge(answer_of_bob(valid, reason), json!({"application": {"id": application}}));
    for target in [json!({"service": "orders"}), json!({"route": "all"})] {
        let asked = |key: &str| merge(json!({"key": key}), target.clone());
        check_answer(&mut world, asked("with"), answer(true, json!(null)));
        check_answer(&mut world, asked("without"), answer(false, json!("not_permitted")));
        check_answer(&mut world, asked("kong"), answer_of_bob(false, json!("not_permitted")));
    }
    world.lenient = true;
    let unknown = json!({"name": "quotas", "service": {"id": SERVICE}, "config": {}});
    let mut blocked = verifying();
    blocked.lenient = true;
    blocked.put(ConfigKind::Plugins, Uuid::from_u128(0x83), unknown);
    let asked = json!({"key": "kong", "service": "orders"});
    check_answer(&mut blocked, asked, answer_of_bob(false, json!("blocked")));
}

#[test]
fn nobody_is_told_of_keys_without_the_token() {
    let asked = json!({"key": "kong", "service": "orders"});
    let with_token = |value: &'static str| {
        let mut request = question(&asked);
        request.headers.insert(BEARER, HeaderValue::from_static(value));
        request
    };
    let mut world = verifying();
    for value in ["Bearer wrong", "Bearer", "a-token-of-more-than-thirty-two-bytes", "Bearer kong", ""] {
        let fields = world.check_refused(&with_token(value), 401, UNAUTHORIZED);
        assert_eq!(fields["www-authenticate"], "Bearer");
    }
    assert_eq!(world.grant_reads, 0);
    let fields = world.check_refused(&question(&asked).method("GET"), 405, "Method not allowed");
    assert_eq!(fields["allow"], "POST");
    // Where no token is set there is nothing.
    World::with_key_auth(json!({})).check_refused(
        &question(&asked),
        404,
        "no Route matched with those values",
    );
}

#[test]
fn what_is_no_question_is_refused() {
    let mut world = verifying();
    let unreadable = "The body must be JSON with a key or a token, and a service or a route";
    for body in [
        json!({"key": "kong"}),
        json!({"service": "orders"}),
        json!({"key": "kong", "service": "orders", "route": "all"}),
        json!({"key": 7, "service": "orders"}),
        json!({"key": "kong", "token": "lkt_", "service": "orders"}),
        json!({"key": "kong", "service": "orders", "more": true}),
        json!([]),
    ] {
        world.check_refused(&question(&body), 400, unreadable);
    }
    let twice = r#"{"service": "others", "key": "kong", "service": "orders"}"#;
    world.check_refused(&Request { body: twice.into(), ..question(&json!({})) }, 400, unreadable);
    for target in [json!({"service": "others"}), json!({"route": SERVICE}), json!({"service": "all"})] {
        let asked = merge(json!({"key": "kong"}), target);
        world.check_refused(&question(&asked), 400, "There is no such service or route");
    }
    let long = json!({"key": "k".repeat(9_000), "service": "orders"});
    let message = "Request body is searched for an API key and must not exceed 8192 bytes";
    world.check_refused(&question(&long), 413, message);
}

/// A request that shows a token of the portal's for Bob's key.
fn tried(world: &World, request: Request, tried: &Tried<'_>) -> Request {
    let digest = world.peppers.current.digest(b"kong");
    let token = TryKeys::new(&world.peppers).make(&digest, tried, NOW.unix_ms);
    let mut request = request;
    request.headers.insert(TRY_TOKEN_FIELD, HeaderValue::from_str(token.reveal()).unwrap());
    request
}

const TRIED: Tried<'static> = Tried { method: "GET", path: b"/orders/7", service_id: SERVICE };

#[test]
fn the_portals_call_passes_as_the_credential_and_leaves_its_token_here() {
    let mut world = World::with_key_auth(json!({}));
    let request = tried(&world, get("/orders/7?x=1"), &TRIED);
    let sent = world.forward(&request);
    sent.check_is_bob();
    assert_eq!((sent.target.as_str(), sent.header(TRIED_FIELD)), ("/orders/7?x=1", Some("1")));
    assert_eq!(sent.header(TRY_TOKEN_FIELD), None);
    world.forward(&request);
    assert_eq!(world.grant_reads, 1, "it is remembered as the key's grant is");
    // Whoever shows the key is not the portal.
    let by_key = world.forward(&get("/orders/7?apikey=kong"));
    by_key.check_is_bob();
    assert_eq!(by_key.header(TRIED_FIELD), None);
    // The path in normal form is what the token is for, and a body is searched first.
    let normal = Tried { method: "POST", ..TRIED };
    let mut world = World::with_key_auth(json!({"key_in_body": true}));
    let form = get("/x/../orders/%37").method("POST").body("application/x-www-form-urlencoded", "a=1");
    let request = tried(&world, form, &normal);
    world.forward(&request).check_is_bob();
}

#[test]
fn a_token_is_worth_nothing_elsewhere() {
    for (request, of) in [
        (get("/orders/8"), TRIED),
        (get("/orders/7/"), TRIED),
        (get("/orders/7").method("POST"), TRIED),
        (get("/orders/7"), Tried { service_id: OTHER_SERVICE, ..TRIED }),
    ] {
        let mut world = World::with_key_auth(json!({}));
        let request = tried(&world, request, &of);
        world.check_refused(&request, 401, "No API key found in request");
        assert_eq!(world.grant_reads, 0, "{of:?}");
    }
    let mut world = World::with_key_auth(json!({}));
    world.check_refused(&get("/").with(TRY_TOKEN_FIELD, "lk_forged"), 401, "No API key found in request");
    // Where nobody is asked for a key, it says nothing either.
    let mut open = World::new();
    let request = tried(&open, get("/orders/7"), &TRIED);
    let sent = open.forward(&request);
    assert_eq!((sent.header("x-consumer-id"), sent.header(TRIED_FIELD)), (None, None));
    assert_eq!(sent.header(TRY_TOKEN_FIELD), None);
}

#[test]
fn who_passes_requests_on_as_they_are_gets_none_with_a_token() {
    let mut world = World::with_key_auth(json!({}));
    let request = tried(&world, get("/orders/7"), &TRIED);
    world.check_not_authorized(&request, 401);
    let mut open = World::new();
    open.check_not_authorized(&request, 401);
}

#[test]
fn a_token_is_worth_no_more_than_its_credential() {
    let refused = |change: fn(&mut Grant)| {
        let mut world = World::with_key_auth(json!({}));
        world.add_key("kong", change);
        let request = tried(&world, get("/orders/7"), &TRIED);
        world.check_refused(&request, 401, "Unauthorized");
    };
    refused(|grant| grant.enabled = false);
    refused(|grant| grant.expires_at_ms = Some(NOW.unix_ms));
    // Of an application, without a contract with the service.
    refused(|grant| grant.application_id = Some(Uuid::from_u128(0x91)));
    let mut world = World::with_key_auth(json!({}));
    world.grants.clear();
    let request = tried(&world, get("/orders/7"), &TRIED);
    world.check_refused(&request, 401, "Unauthorized");
    // As with a key that is not good, the anonymous consumer takes its place.
    let mut world = World::with_key_auth(json!({"anonymous": NOBODY.to_string()}));
    world.put(ConfigKind::Consumers, NOBODY, json!({"id": NOBODY, "username": "nobody"}));
    world.grants.clear();
    let request = tried(&world, get("/orders/7"), &TRIED);
    assert_eq!(world.forward(&request).header("x-consumer-username"), Some("nobody"));
}
