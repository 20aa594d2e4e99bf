//! oauth2 in whole decisions: token endpoints, requests with tokens, and what is told of tokens.

#![allow(clippy::unwrap_used)]
#![expect(clippy::disallowed_methods, reason = "made-up keys and tokens are presented")]

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{BodyEdit, Decision, Need, Plan};
use latchkey_gateway::gateway::{
    Authorization, Gateway, GatewaySettings, GrantAnswer, Learned, MemoryUse, Standing, Unfit,
};
use latchkey_gateway::places::apply_cuts;
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_published::feed::{Change, FeedReply, Shown};
use latchkey_published::grant::{ClientSecret, Consumer, Grant, OAuth2Client};
use latchkey_published::keys::{KeyDigest, Pepper, Peppers, generate_key, hex};
use latchkey_published::rehash::MovedSecret;
use latchkey_published::snapshot::{ConfigKind, Piece, PieceId, WorkspaceSettings};
use latchkey_published::testing::SeededRandom;
use latchkey_published::token::{AccessToken, TokenBuffer, TokenId, TokenKeys};
use latchkey_request::client::Forwarded;
use latchkey_request::origin::Origin;
use serde_json::{Value, json};
use uuid::Uuid;

const SERVICE: Uuid = Uuid::from_u128(0x51);
const ROUTE: Uuid = Uuid::from_u128(0x52);
const OTHER_SERVICE: Uuid = Uuid::from_u128(0x53);
const OTHER_ROUTE: Uuid = Uuid::from_u128(0x54);
const BOB: Uuid = Uuid::from_u128(0x61);
const NOBODY: Uuid = Uuid::from_u128(0x62);
const PLUGIN: Uuid = Uuid::from_u128(0x81);
const OTHER_PLUGIN: Uuid = Uuid::from_u128(0x82);
const KEY_AUTH: Uuid = Uuid::from_u128(0x83);
const REGISTRATION: Uuid = Uuid::from_u128(0x84);
const CREDENTIAL: Uuid = Uuid::from_u128(0x71);
const APPLICATION: Uuid = Uuid::from_u128(0x72);
const NOW: Now = Now { unix_ms: 1_700_000_000_000, monotonic_ms: 5_000_000 };

const ID: &str = "shop-id";
const SECRET: &str = "shop-secret-0123456789abcdefghijklmnop";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MISSING: &str = "The access token is missing";
const INVALID: &str = "The access token is invalid or has expired";

/// One gateway with its configuration and grants, answering its needs and counting the reads.
struct World {
    gateway: Gateway,
    peppers: Peppers,
    pieces: HashMap<PieceId, Piece>,
    grants: HashMap<KeyDigest, Grant>,
    grant_reads: usize,
    now: Now,
    epoch: u64,
    request_id: u128,
}

fn peppers() -> Peppers {
    Peppers { current: Pepper::new(b"pepper"), previous: None }
}

impl World {
    fn new(config: Value) -> Self {
        let peppers = peppers();
        let settings = GatewaySettings {
            control_origin: Origin::parse("https://portal.test").ok(),
            ..GatewaySettings::default()
        };
        let mut world = World {
            gateway: Gateway::new(settings, peppers.clone()),
            pieces: HashMap::new(),
            grants: HashMap::new(),
            grant_reads: 0,
            now: NOW,
            epoch: 1,
            request_id: 0,
            peppers,
        };
        for (service, route, paths) in [(SERVICE, ROUTE, "/a"), (OTHER_SERVICE, OTHER_ROUTE, "/b")] {
            let of_service = json!({"protocol": "http", "host": "up.test", "port": 80, "retries": 5,
                "connect_timeout": 60000, "write_timeout": 60000, "read_timeout": 60000});
            world.put(ConfigKind::Services, service, of_service);
            let route_of = json!({"id": route, "service": {"id": service}, "paths": [paths],
                "strip_path": false});
            world.put(ConfigKind::Routes, route, route_of);
        }
        let settings = WorkspaceSettings {
            tag_keys: vec![hex(&world.peppers.current.tag_key().to_bytes())],
            has_imported_keys: true,
            ..WorkspaceSettings::default()
        };
        world.pieces.insert(PieceId::SETTINGS, Piece { settings: Some(settings), ..Piece::default() });
        let nobody = json!({"id": NOBODY, "username": "no-body"});
        world.put(ConfigKind::Consumers, NOBODY, nobody);
        world.put(ConfigKind::Plugins, PLUGIN, oauth2(SERVICE, config));
        world.add(ID, |_| {});
        world
    }

    fn put(&mut self, kind: ConfigKind, id: Uuid, entity: Value) {
        self.pieces.entry(PieceId::of(id)).or_default().set(kind, id, Some(entity));
    }

    fn key_auth(mut self, config: Value) -> Self {
        let plugin = json!({"name": "key-auth", "service": {"id": SERVICE}, "config": config});
        self.put(ConfigKind::Plugins, KEY_AUTH, plugin);
        self
    }

    fn registration(mut self) -> Self {
        let plugin = json!({"name": "application-registration", "service": {"id": SERVICE}, "config": {}});
        self.put(ConfigKind::Plugins, REGISTRATION, plugin);
        self
    }

    /// A client that is a key too.
    fn add(&mut self, id: &str, change: impl FnOnce(&mut Grant)) {
        let pepper = &self.peppers.current;
        let secret = ClientSecret { digest: pepper.digest(SECRET.as_bytes()), pepper_id: pepper.id() };
        let mut grant = Grant {
            epoch: self.epoch,
            digest: pepper.digest(id.as_bytes()),
            pepper_id: pepper.id(),
            credential_id: CREDENTIAL,
            consumer: Consumer { id: BOB, username: Some("bob".into()), custom_id: None },
            application_id: None,
            service_ids: vec![],
            expires_at_ms: None,
            enabled: true,
            oauth2: Some(OAuth2Client { secret: Some(secret), ..OAuth2Client::default() }),
        };
        change(&mut grant);
        self.grants.insert(grant.digest, grant);
    }

    /// Changes what is stored, and lets the gateway learn of it.
    fn change(&mut self, id: &str, change: impl FnOnce(&mut Grant)) {
        self.add(id, change);
        self.publish(vec![self.peppers.current.digest(id.as_bytes())]);
    }

    fn publish(&mut self, digests: Vec<KeyDigest>) {
        self.epoch += 1;
        let change = Change { epoch: self.epoch, at_ms: 0, digests, made: 0 };
        let pieces = self.pieces.iter().map(|(id, piece)| (*id, piece.encode())).collect();
        let reply = FeedReply {
            epoch: self.epoch,
            shown: Shown::all(self.epoch),
            changes: vec![change],
            pieces,
            ..FeedReply::default()
        };
        let mut compiler = ConfigCompiler::default();
        self.gateway.learn_feed(self.now, self.now, Some(reply), &mut compiler).unwrap();
    }

    fn pass_s(&mut self, seconds: u64) {
        self.now.unix_ms += seconds * 1_000;
        self.now.monotonic_ms += seconds * 1_000;
    }

    fn learn(&mut self, need: Need) {
        match need {
            Need::Feed(_) => {
                let pieces = self.pieces.iter().map(|(id, piece)| (*id, piece.encode())).collect();
                let (epoch, shown) = (self.epoch, Shown::all(self.epoch));
                let reply = FeedReply { epoch, reset: true, shown, pieces, ..FeedReply::default() };
                let mut compiler = ConfigCompiler::default();
                self.gateway.learn_feed(self.now, self.now, Some(reply.clone()), &mut compiler).unwrap();
                assert_eq!(compiler.apply(&reply).unwrap().config.unusable(), []);
            }
            Need::Grant(wanted) => {
                self.grant_reads += 1;
                let answer = self.grants.get(&wanted.digest).cloned();
                let answer = answer.map_or(GrantAnswer::Missing, GrantAnswer::Found);
                let mut learned = self.gateway.learn_grant(wanted, answer.clone(), self.now);
                while let Learned::Ask(again) = learned {
                    learned = self.gateway.learn_grant(again, answer.clone(), self.now);
                }
                assert_eq!(learned, Learned::Decide);
            }
            Need::Body { .. } | Need::Wait { .. } => panic!("{need:?}"),
        }
    }

    fn decide(&mut self, request: &Request) -> Decision {
        let mut body = Body::Unread;
        self.request_id += 1;
        loop {
            match self.gateway.decide(&request.head(self.now, self.request_id), body, self.now) {
                Decision::Need(Need::Body { bytes_max }) => {
                    assert!(matches!(body, Body::Unread), "asked for the body twice");
                    let whole = Body::Whole(&request.body);
                    body = if request.body.len() > bytes_max { Body::TooLarge } else { whole };
                }
                Decision::Need(need) => self.learn(need),
                decided => return decided,
            }
        }
    }

    fn answer(&mut self, request: &Request) -> Answer {
        match self.decide(request) {
            Decision::Respond(response) => Answer {
                status: response.status().as_u16(),
                json: serde_json::from_slice(response.body()).unwrap(),
                headers: response.headers().clone(),
            },
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn forward(&mut self, request: &Request) -> Sent {
        match self.decide(request) {
            Decision::Forward(plan) => Sent::new(&plan, request),
            other => panic!("{other:?}"),
        }
    }

    /// Refused by the plugin.
    #[track_caller]
    fn check_refused(&mut self, request: &Request, status: u16, error: &str, description: &str) -> HeaderMap {
        let answer = self.answer(request);
        let body = json!({"error": error, "error_description": description});
        assert_eq!((answer.status, answer.json), (status, body));
        answer.headers
    }

    /// Refused as bytes that no reason can be read from.
    #[track_caller]
    fn check_invalid(&mut self, request: &Request) {
        self.check_refused(request, 401, "invalid_token", INVALID);
    }

    #[track_caller]
    fn token(&mut self) -> String {
        self.token_for("/a/oauth2/token", &format!("grant_type=client_credentials&client_id={ID}"))
    }

    #[track_caller]
    fn token_for(&mut self, path: &str, parameters: &str) -> String {
        let request = post(path).body(FORM, &format!("{parameters}&client_secret={SECRET}"));
        let answer = self.answer(&request);
        assert_eq!(answer.status, 200, "{}", answer.json);
        answer.json["access_token"].as_str().unwrap().to_owned()
    }
}

struct Answer {
    status: u16,
    json: Value,
    headers: HeaderMap,
}

fn oauth2(service: Uuid, config: Value) -> Value {
    let mut whole = json!({"enable_client_credentials": true, "provision_key": "prov-1",
        "scopes": ["email", "profile", "user.email"]});
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({"name": "oauth2", "service": {"id": service}, "config": whole})
}

#[derive(Clone)]
struct Request {
    method: &'static str,
    scheme: Scheme,
    forwarded: Option<Forwarded<'static>>,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn get(target: &str) -> Request {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    Request {
        method: "GET",
        scheme: Scheme::Https,
        forwarded: None,
        path: path.to_owned(),
        query: query.map(str::to_owned),
        headers: HeaderMap::new(),
        body: vec![],
    }
}

fn post(target: &str) -> Request {
    get(target).method("POST")
}

/// A call with a token in the usual field.
fn call(token: &str) -> Request {
    get("/a").with("authorization", &format!("Bearer {token}"))
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

impl Request {
    fn method(self, method: &'static str) -> Self {
        Request { method, ..self }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    fn body(self, media_type: &str, body: &str) -> Self {
        let body = body.as_bytes().to_vec();
        Request { body, ..self.with("content-type", media_type) }
    }

    fn head(&self, started: Now, request_id: u128) -> RequestHead<'_, HeaderMap> {
        RequestHead {
            method: self.method,
            scheme: self.scheme,
            host: b"api.test",
            path: self.path.as_bytes(),
            query: self.query.as_deref().map(str::as_bytes),
            headers: &self.headers,
            client_ip: Some([198, 51, 100, 9].into()),
            server_port: 443,
            forwarded: self.forwarded,
            started,
            request_id,
        }
    }
}

/// What the upstream gets.
struct Sent {
    target: String,
    headers: HeaderMap,
    body: String,
}

impl Sent {
    fn new(plan: &Plan, request: &Request) -> Self {
        let mut headers = request.headers.clone();
        plan.edit_headers(&mut headers);
        let body = match &plan.body {
            BodyEdit::Untouched => request.body.clone(),
            BodyEdit::Cut(cuts) => apply_cuts(&request.body, cuts),
        };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Sent { target: text(plan.target.to_vec()), headers, body: text(body) }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    fn check_is_bob(&self) {
        assert_eq!(self.header("x-consumer-username"), Some("bob"));
        assert_eq!(self.header("x-credential-identifier"), Some(CREDENTIAL.to_string().as_str()));
        assert_eq!(self.header("x-anonymous-consumer"), None);
        let shown = format!("{:?}", self.headers);
        assert!(!shown.contains(ID), "the Client ID is a key: {shown}");
    }
}

// The token endpoint.

#[test]
fn clients_get_tokens_however_they_authenticate() {
    let mut world = World::new(json!({"token_expiration": 60}));
    let multipart = format!(
        "--b\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n\
         --b\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\n{ID}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\n{SECRET}\r\n--b--\r\n"
    );
    let pair = format!("client_id={ID}&client_secret={SECRET}");
    for request in [
        post("/a/oauth2/token").body(FORM, &format!("{pair}&grant_type=client_credentials")),
        post("/a/oauth2/token/")
            .body(FORM, &format!("{pair}&grant_type=client_credentials&unknown=1&unknown=2")),
        post("/a/7/oauth2/token?grant_type=client_credentials").body(FORM, &pair),
        post("/a/oauth2/token").body("multipart/form-data; boundary=b", &multipart),
        post("/a/oauth2/token").body(
            JSON,
            &json!({"grant_type": "client_credentials", "client_id": ID, "client_secret": SECRET})
                .to_string(),
        ),
        post("/a/oauth2/token")
            .with("authorization", &basic(ID, SECRET))
            .body(FORM, &format!("grant_type=client_credentials&client_id={ID}")),
        post("/a/oauth2/token")
            .with("authorization", &basic(ID, SECRET))
            .body(FORM, &format!("grant_type=client_credentials&{pair}")),
        post("/a/oauth2/token")
            .with("authorization", &basic("shop%2Did", SECRET))
            .body(JSON, r#"{"grant_type": "client_credentials", "redirect_uri": 7}"#),
    ] {
        let answer = world.answer(&request);
        assert_eq!(answer.status, 200, "{}", answer.json);
        assert_eq!(answer.json.as_object().unwrap().len(), 3, "{}", answer.json);
        assert_eq!((&answer.json["token_type"], &answer.json["expires_in"]), (&json!("bearer"), &json!(60)));
        for (name, value) in [
            ("content-type", "application/json; charset=utf-8"),
            ("cache-control", "no-store"),
            ("pragma", "no-cache"),
        ] {
            assert_eq!(answer.headers[name], value);
        }
        let token = answer.json["access_token"].as_str().unwrap();
        assert!(token.starts_with("lkt_") && !token.contains(ID));
        world.forward(&call(token)).check_is_bob();
    }
    // The last Client ID was looked up as it stands there, too.
    assert_eq!(world.grant_reads, 2, "issuing and checking read nothing when warm");
}

#[test]
fn the_endpoint_refuses_in_the_order_and_the_words_of_kong() {
    let mut world = World::new(json!({"mandatory_scope": true}));
    world.add("open-id", |grant| {
        grant.oauth2 = Some(OAuth2Client { is_public: true, ..OAuth2Client::default() });
    });
    world.add("off-id", |grant| grant.enabled = false);
    world.add("key-only", |grant| grant.oauth2 = None);
    world.add("no-secret", |grant| grant.oauth2 = Some(OAuth2Client::default()));
    let good = format!("grant_type=client_credentials&client_id={ID}&client_secret={SECRET}&scope=email");
    let client = "Invalid client authentication";
    let as_client = |id: &str| good.replace(ID, id);
    for (body, error, description) in [
        (String::new(), "invalid_client", client),
        (good.replace("client_credentials", "password"), "unsupported_grant_type", "Invalid grant_type"),
        ("grant_type=client_credentials".to_owned(), "invalid_client", client),
        ("grant_type=client_credentials&client_id=&client_secret=".to_owned(), "invalid_client", client),
        (as_client("nobody"), "invalid_client", client),
        (as_client("off-id"), "invalid_client", client),
        (as_client("key-only"), "invalid_client", client),
        (as_client("no-secret"), "invalid_client", client),
        (good.replace(SECRET, "bogus"), "invalid_client", client),
        (good.replace(&format!("&client_secret={SECRET}"), ""), "invalid_client", client),
        (good.replace(SECRET, "").replace("client_credentials", "foo"), "invalid_client", client),
        (as_client("nobody").replace("client_credentials", "foo"), "invalid_client", client),
        (good.replace("grant_type=client_credentials&", ""), "unsupported_grant_type", "Invalid grant_type"),
        (as_client("nobody") + "&authenticated_userid=u", "invalid_provision_key", "Invalid provision_key"),
        (as_client("open-id"), "invalid_request", "client_secret is disallowed for public clients"),
        (
            as_client("open-id").replace(SECRET, "+"),
            "unauthorized_client",
            "A public client cannot use this grant",
        ),
        (good.clone() + "&authenticated_userid=u", "invalid_provision_key", "Invalid provision_key"),
        (
            good.clone() + "&authenticated_userid=u&provision_key=prov-2",
            "invalid_provision_key",
            "Invalid provision_key",
        ),
        (good.replace("email", "email+wot"), "invalid_scope", "\"wot\" is an invalid scope"),
        (good.replace("&scope=email", ""), "invalid_scope", "You must specify a scope"),
        (good.replace("scope=email", "scope"), "invalid_scope", "scope must be a string"),
        (good.clone() + "&scope=email", "invalid_request", "scope was sent more than once"),
    ] {
        let request = post("/a/oauth2/token").body(FORM, &body);
        let headers = world.check_refused(&request, 400, error, description);
        assert_eq!(headers["cache-control"], "no-store", "{body}");
        assert_eq!(headers["pragma"], "no-cache", "{body}");
        assert!(!headers.contains_key("www-authenticate"), "{body}");
    }
    for scope in ["7", "false", "null", "[\"email\"]", "{}"] {
        let body = format!(
            r#"{{"grant_type":"client_credentials","client_id":"{ID}","client_secret":"{SECRET}","scope":{scope}}}"#
        );
        let request = post("/a/oauth2/token").body(JSON, &body);
        world.check_refused(&request, 400, "invalid_scope", "scope must be a string");
    }
}

#[test]
fn who_authenticates_in_the_field_is_challenged_there() {
    let mut world = World::new(json!({}));
    let grant = "grant_type=client_credentials";
    for field in [
        basic(ID, "bogus"),
        basic("nobody", SECRET),
        basic(ID, ""),
        "Basic".to_owned(),
        "Basic !".to_owned(),
        format!("basic {}", STANDARD.encode("no colon")),
    ] {
        for body in [grant, "grant_type=foo"] {
            let request = post("/a/oauth2/token").with("authorization", &field).body(FORM, body);
            let client = "Invalid client authentication";
            let headers = world.check_refused(&request, 401, "invalid_client", client);
            assert_eq!(headers["www-authenticate"], "Basic realm=\"OAuth2.0\"");
            assert_eq!(headers["cache-control"], "no-store");
        }
    }
    let other_scheme = post("/a/oauth2/token").with("authorization", "Bearer x").body(FORM, grant);
    world.check_refused(&other_scheme, 400, "invalid_client", "Invalid client authentication");
    let mut renamed = World::new(json!({"auth_header_name": "x-auth"}));
    let usual = post("/a/oauth2/token").with("authorization", &basic(ID, SECRET)).body(FORM, grant);
    renamed.check_refused(&usual, 400, "invalid_client", "Invalid client authentication");
    let named = post("/a/oauth2/token").with("x-auth", &basic(ID, SECRET)).body(FORM, grant);
    assert_eq!(renamed.answer(&named).status, 200);
}

#[test]
fn credentials_in_the_query_or_in_two_ways_that_differ_are_refused() {
    let mut world = World::new(json!({}));
    let grant = "grant_type=client_credentials";
    for (query, refused) in [
        (format!("client_id={ID}&client_secret={SECRET}&{grant}"), "client_id must not be sent in the query"),
        (format!("client_secret={SECRET}&{grant}"), "client_secret must not be sent in the query"),
    ] {
        let request = post(&format!("/a/oauth2/token?{query}")).with("authorization", &basic(ID, SECRET));
        world.check_refused(&request, 400, "invalid_request", refused);
    }
    for other in ["client_id=other", "client_secret=other", "client_id=other&client_secret=other"] {
        let request = post("/a/oauth2/token").with("authorization", &basic(ID, SECRET));
        let request = request.body(FORM, &format!("{grant}&{other}"));
        let description = "The client authenticates in two ways that differ";
        world.check_refused(&request, 400, "invalid_request", description);
    }
    let twice = post(&format!("/a/oauth2/token?{grant}")).body(FORM, grant);
    world.check_refused(&twice, 400, "invalid_request", "grant_type was sent more than once");
    for name in ["client_id", "client_secret", "grant_type", "scope", "state"] {
        let body = format!(
            r#"{{"{name}":"x","grant_type":"client_credentials","client_id":"{ID}","client_secret":"{SECRET}","scope":"email","state":"x"}}"#
        );
        let twice = post("/a/oauth2/token").body(JSON, &body);
        world.check_refused(&twice, 400, "invalid_request", &format!("{name} was sent more than once"));
    }
}

#[test]
fn the_endpoint_wants_post_over_https_and_a_short_body() {
    let mut world = World::new(json!({"realm": "test"}));
    for method in ["GET", "PUT", "OPTIONS", "HEAD"] {
        let description = format!("The HTTP method {method} is invalid for the token endpoint");
        let request = get("/a/oauth2/token").method(method);
        let headers = world.check_refused(&request, 405, "invalid_method", &description);
        let challenge =
            format!("Bearer realm=\"test\", error=\"invalid_method\", error_description=\"{description}\"");
        assert_eq!(headers["www-authenticate"], challenge);
        assert!(!headers.contains_key("cache-control"));
    }
    let plain = Request { scheme: Scheme::Http, ..post("/a/oauth2/token") };
    world.check_refused(&plain, 400, "access_denied", "You must use HTTPS");
    let long = post("/a/oauth2/token").body(FORM, &"x".repeat(20_000));
    world.check_refused(&long, 413, "invalid_request", "The request body is too long");
    let declared = post("/a/oauth2/token").with("content-length", "20000");
    world.check_refused(&declared, 413, "invalid_request", "The request body is too long");
}

#[test]
fn a_trusted_peer_is_believed_about_https_where_the_plugin_says_so() {
    let body = format!("grant_type=client_credentials&client_id={ID}&client_secret={SECRET}");
    let by_peer = |scheme, protos: &[&str]| {
        let forwarded = Some(Forwarded { peer_ip: [10, 0, 0, 1].into(), authority: None });
        let request = Request { scheme, forwarded, ..post("/a/oauth2/token").body(FORM, &body) };
        protos.iter().fold(request, |request, proto| request.with("x-forwarded-proto", proto))
    };
    let mut world = World::new(json!({}));
    let https = by_peer(Scheme::Https, &["https"]);
    world.check_refused(&https, 400, "access_denied", "You must use HTTPS");
    let mut world = World::new(json!({"accept_http_if_already_terminated": true}));
    assert_eq!(world.answer(&https).status, 200);
    world.check_refused(&by_peer(Scheme::Http, &["http"]), 400, "access_denied", "You must use HTTPS");
    for protos in [&["https, http"][..], &["http, https"], &["https", "https"]] {
        let description = "Only one X-Forwarded-Proto header allowed";
        world.check_refused(&by_peer(Scheme::Https, protos), 400, "access_denied", description);
    }
    // Nobody else is.
    let claimed = Request { scheme: Scheme::Http, ..post("/a/oauth2/token").body(FORM, &body) };
    let claimed = claimed.with("x-forwarded-proto", "https");
    world.check_refused(&claimed, 400, "access_denied", "You must use HTTPS");
}

#[test]
fn scope_state_and_user_go_into_the_answer_and_to_the_upstream() {
    let mut world = World::new(json!({}));
    let good = format!("grant_type=client_credentials&client_id={ID}&client_secret={SECRET}");
    for (parameters, scope, state, user) in [
        ("scope=email++profile&state=a%22b", Some("email profile"), Some("a\"b"), None),
        ("scope=user.email", Some("user.email"), None, None),
        ("scope=++", None, None, None),
        (
            "authenticated_userid=ada%0D%0AX-Evil:1&provision_key=prov-1",
            None,
            None,
            Some("ada%0D%0AX-Evil:1"),
        ),
        ("authenticated_userid=&provision_key=prov-1", None, None, None),
    ] {
        let answer = world.answer(&post("/a/oauth2/token").body(FORM, &format!("{good}&{parameters}")));
        assert_eq!(answer.status, 200, "{}", answer.json);
        assert_eq!(answer.json.get("scope").and_then(Value::as_str), scope, "{parameters}");
        assert_eq!(answer.json.get("state").and_then(Value::as_str), state, "{parameters}");
        let request = call(answer.json["access_token"].as_str().unwrap());
        let request = request.with("x-authenticated-scope", "evil").with("x_authenticated_userid", "evil");
        let sent = world.forward(&request);
        sent.check_is_bob();
        assert_eq!(sent.header("x-authenticated-scope"), scope, "{parameters}");
        assert_eq!(sent.header("x-authenticated-userid"), user, "{parameters}");
        assert_eq!(sent.header("x_authenticated_userid"), None);
    }
    // Where the plugin has no scopes, none is given, and none is wrong.
    let mut without = World::new(json!({"scopes": null}));
    let answer = without.answer(&post("/a/oauth2/token").body(FORM, &format!("{good}&scope=x")));
    assert_eq!((answer.status, answer.json.get("scope")), (200, None));
}

#[test]
fn what_is_said_of_a_user_has_a_bound() {
    let mut world = World::new(json!({}));
    let good = format!("grant_type=client_credentials&client_id={ID}&client_secret={SECRET}");
    let as_user = |user: &str| {
        let body = format!("{good}&scope=email&provision_key=prov-1&authenticated_userid={user}");
        post("/a/oauth2/token").body(FORM, &body)
    };
    assert_eq!(world.answer(&as_user(&"u".repeat(500))).status, 200);
    let too_long = "scope and authenticated_userid are too long together";
    world.check_refused(&as_user(&"u".repeat(600)), 400, "invalid_request", too_long);
    let no_text = format!(
        r#"{{"grant_type":"client_credentials","client_id":"{ID}","client_secret":"{SECRET}","provision_key":"prov-1","authenticated_userid":7}}"#
    );
    let no_text = post("/a/oauth2/token").body(JSON, &no_text);
    world.check_refused(&no_text, 400, "invalid_request", "authenticated_userid must be a string");
}

#[test]
fn wrong_secrets_are_slowed_and_a_right_one_is_not() {
    let mut world = World::new(json!({}));
    let wrong = post("/a/oauth2/token").with("authorization", &basic(ID, "bogus"));
    let wrong = wrong.body(FORM, "grant_type=client_credentials");
    for _ in 0..10 {
        assert_eq!(world.answer(&wrong).status, 401);
    }
    let headers =
        world.check_refused(&wrong, 429, "invalid_client", "Too many failed client authentications");
    assert_eq!(headers["retry-after"], "60");
    world.token();
    let unknown = post("/a/oauth2/token").with("authorization", &basic("nobody", "bogus"));
    assert_eq!(world.answer(&unknown.body(FORM, "grant_type=client_credentials")).status, 401);
    world.pass_s(60);
    assert_eq!(world.answer(&wrong).status, 401);
}

#[test]
fn issuing_when_warm_needs_nothing_and_grows_nothing() {
    issue_and_check(2_000);
}

#[test]
#[ignore = "takes a minute: `cargo xtask test --long` runs it"]
fn issuing_two_hundred_thousand_needs_nothing_and_grows_nothing() {
    issue_and_check(200_000);
}

/// A gateway can write nothing, and reads what it says it needs: neither to issue nor to check.
fn issue_and_check(tokens: u64) {
    let mut world = World::new(json!({}));
    world.token();
    let (reads, memory) = (world.grant_reads, world.gateway.memory_use());
    let mut ids = std::collections::HashSet::new();
    let (keys, mut buffer) = (TokenKeys::new(&peppers()), TokenBuffer::default());
    for _ in 0..tokens {
        let token = world.token();
        world.forward(&call(&token)).check_is_bob();
        ids.insert(keys.open(token.as_bytes(), &mut buffer).unwrap().id);
    }
    assert_eq!(ids.len() as u64, tokens);
    assert_eq!((world.grant_reads, world.gateway.memory_use()), (reads, memory));
    assert_eq!(world.gateway.take_rehash(), None);
}

// Requests with tokens.

#[test]
fn a_token_is_found_in_every_place() {
    let mut world = World::new(json!({}));
    let token = &world.token();
    let part =
        format!("--b\r\nContent-Disposition: form-data; name=\"access_token\"\r\n\r\n{token}\r\n--b--\r\n");
    for request in [
        call(token),
        get("/a").with("authorization", &format!("bEARER {token}")),
        get("/a").with("authorization", &format!("token  {token}")),
        get("/a").with("authorization", token),
        get("/a").with("authorization", &format!("Bearer {token}")).with("authorization", "Bearer other"),
        get(&format!("/a?x=1&access_token={token}")),
        post("/a").body(FORM, &format!("access_token={token}&a=1")),
        post("/a").method("PUT").body(JSON, &json!({"access_token": token}).to_string()),
        post("/a").method("PATCH").body("multipart/form-data; boundary=b", &part),
    ] {
        world.forward(&request).check_is_bob();
    }
    let mut renamed = World::new(json!({"auth_header_name": "custom_header_name"}));
    renamed.forward(&get("/a").with("custom_header_name", &format!("Bearer {token}"))).check_is_bob();
    renamed.check_refused(&call(token), 401, "invalid_request", MISSING);
}

#[test]
fn refusals_have_the_bytes_of_kong() {
    for realm in [None, Some("a \"b\"")] {
        let mut world = World::new(json!({"realm": realm}));
        let token = &world.token();
        let with_realm = |rest: &str| match (realm, rest) {
            (None, "") => "Bearer".to_owned(),
            (None, rest) => format!("Bearer {rest}"),
            (Some(_), "") => "Bearer realm=\"a \\\"b\\\"\"".to_owned(),
            (Some(_), rest) => format!("Bearer realm=\"a \\\"b\\\"\", {rest}"),
        };
        for request in [
            get("/a"),
            get("/a").with("authorization", ""),
            get(&format!("/a?access_token={token}")).with("authorization", " "),
            get("/a?access_token"),
            get("/a?access_token="),
            get(&format!("/a?access_token={token}&access_token={token}")),
            get("/a").body(FORM, &format!("access_token={token}")),
            post("/a").body(JSON, ""),
            post("/a").body(JSON, "{\"access_token\": 7}"),
            post("/a").body(JSON, &format!("{{\"access_token\": [\"{token}\"]}}")),
            post("/a").body("text/plain", &format!("access_token={token}")),
            post("/a").body(FORM, "a=1").with("content-length", "9999999"),
        ] {
            let headers = world.check_refused(&request, 401, "invalid_request", MISSING);
            assert_eq!(headers["www-authenticate"], with_realm(""));
            assert_eq!(headers["content-type"], "application/json; charset=utf-8");
        }
        let error = format!("error=\"invalid_token\", error_description=\"{INVALID}\"");
        for request in [
            call("x"),
            call(ID),
            call(SECRET),
            call(&format!("{token}A")),
            get("/a").with("authorization", &basic(ID, SECRET)),
            get("/a").with("authorization", &format!("Bearer {token} more")),
            get("/a").with("authorization", "Bearer"),
            get("/a?access_token=x"),
        ] {
            let headers = world.check_refused(&request, 401, "invalid_token", INVALID);
            assert_eq!(headers["www-authenticate"], with_realm(&error));
        }
    }
}

#[test]
fn two_places_are_an_error_and_the_query_may_be_no_place() {
    let mut world = World::new(json!({}));
    let token = &world.token();
    let query = format!("/a?access_token={token}");
    for request in [
        get(&query).with("authorization", &format!("Bearer {token}")),
        get(&format!("{query}&access_token=x")).with("authorization", &format!("Bearer {token}")),
        post(&query).body(FORM, &format!("access_token={token}")),
        post(&query).body(FORM, "access_token=x&access_token=y"),
        post(&format!("{query}&access_token=x")).body(FORM, &format!("access_token={token}")),
    ] {
        let description = "The access token was sent in two places";
        let headers = world.check_refused(&request, 400, "invalid_request", description);
        assert!(
            headers["www-authenticate"].to_str().unwrap().starts_with("Bearer error=\"invalid_request\"")
        );
    }
    // A body that is too long to be searched does not keep a token in the query from being one.
    world.forward(&post(&query).body(FORM, "a=1").with("content-length", "9999999")).check_is_bob();
    let mut world = World::new(json!({"token_in_query": false}));
    world.check_refused(&get(&query), 401, "invalid_request", MISSING);
    world.forward(&get(&query).with("authorization", &format!("Bearer {token}"))).check_is_bob();
}

#[test]
fn forged_tokens_cost_no_read_and_no_memory() {
    forge_and_check(10_000);
}

#[test]
#[ignore = "takes a minute: `cargo xtask test --long` runs it"]
fn a_million_forged_tokens_cost_no_read_and_no_memory() {
    forge_and_check(1_000_000);
}

/// Half of them are a good one with another character, half are made under another pepper.
fn forge_and_check(tokens: u64) {
    let mut world = World::new(json!({}));
    let token = world.token();
    world.forward(&call(&token));
    let (reads, memory) = (world.grant_reads, world.gateway.memory_use());
    let random = SeededRandom::new(7);
    let other = TokenKeys::new(&Peppers { current: Pepper::new(b"other"), previous: None });
    let digits = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for number in 0..tokens / 2 {
        let mut forged = token.clone().into_bytes();
        let at = 4 + (random.next() as usize) % (forged.len() - 4);
        let digit = digits.iter().position(|digit| *digit == forged[at]).unwrap() as u64;
        forged[at] = digits[((digit + 1 + random.next() % 63) % 64) as usize];
        world.check_invalid(&call(std::str::from_utf8(&forged).unwrap()));
        let mut digest = [0; 32];
        random.fill(&mut digest);
        let said = AccessToken {
            grant: KeyDigest::from_bytes(digest),
            service_id: Some(SERVICE),
            credential_id: CREDENTIAL,
            issued_at_s: number,
            ends_at_s: None,
            id: other.id_from(number.into()),
            scope: "",
            user: "",
        };
        world.check_invalid(&call(other.issue(&said).unwrap().reveal()));
    }
    assert_eq!((world.grant_reads, world.gateway.memory_use()), (reads, memory));
    assert_eq!(memory, MemoryUse { grants: 1, misses: 0, ..memory });
}

#[test]
fn a_token_ends_with_its_own_time() {
    let mut world = World::new(json!({"token_expiration": 60}));
    let token = world.token();
    world.pass_s(59);
    world.forward(&call(&token));
    world.pass_s(1);
    world.check_invalid(&call(&token));
    let mut endless = World::new(json!({"token_expiration": 0}));
    let answer = endless.answer(
        &post("/a/oauth2/token")
            .with("authorization", &basic(ID, SECRET))
            .body(FORM, "grant_type=client_credentials"),
    );
    assert_eq!(answer.json.get("expires_in"), None);
    endless.pass_s(1 << 30);
    endless.forward(&call(answer.json["access_token"].as_str().unwrap()));
    // As in Kong no token outlives a refresh token; the answer says so.
    let mut short = World::new(json!({"refresh_token_ttl": 30}));
    let request = post("/a/oauth2/token").with("authorization", &basic(ID, SECRET));
    let answer = short.answer(&request.body(FORM, "grant_type=client_credentials"));
    assert_eq!(answer.json["expires_in"], 30);
}

/// What is done to a client after its token was issued.
type Done = fn(&mut Grant);

#[test]
fn a_token_is_never_worth_more_than_its_credential_is_now() {
    let done: [(&str, Done); 5] = [
        ("suspended", |grant| grant.enabled = false),
        ("expired", |grant| grant.expires_at_ms = Some(NOW.unix_ms)),
        ("made anew", |grant| grant.credential_id = Uuid::from_u128(0x99)),
        ("no client", |grant| grant.oauth2 = None),
        ("without contract", |grant| grant.application_id = Some(APPLICATION)),
    ];
    for (what, change) in done {
        let mut world = World::new(json!({}));
        let token = world.token();
        world.forward(&call(&token)).check_is_bob();
        world.change(ID, change);
        let answer = world.answer(&call(&token));
        assert_eq!((answer.status, &answer.json["error"]), (401, &json!("invalid_token")), "{what}");
        world.change(ID, |_| {});
        world.forward(&call(&token)).check_is_bob();
        let digest = world.peppers.current.digest(ID.as_bytes());
        world.grants.remove(&digest);
        world.publish(vec![digest]);
        world.check_invalid(&call(&token));
    }
}

#[test]
fn a_client_id_may_be_no_key_and_still_have_tokens() {
    let mut world = World::new(json!({"anonymous": "no-body"})).key_auth(json!({"anonymous": "no-body"}));
    world.add(ID, |grant| {
        grant.enabled = false;
        grant.oauth2.as_mut().unwrap().token_enabled = true;
    });
    let token = world.token();
    world.forward(&call(&token)).check_is_bob();
    assert_eq!(world.answer(&get("/a").with("apikey", ID)).status, 401, "a disabled key is no anonymous one");
}

#[test]
fn all_tokens_of_a_credential_are_taken_back_and_later_ones_are_good() {
    let mut world = World::new(json!({}));
    let before = world.token();
    world.change(ID, |grant| {
        grant.oauth2.as_mut().unwrap().tokens_not_before_ms = Some(NOW.unix_ms + 5_000);
    });
    world.check_invalid(&call(&before));
    // Whoever issues knows of it, so that the token is from after it, whatever the clock says.
    let after = world.token();
    world.forward(&call(&after)).check_is_bob();
    let mut buffer = TokenBuffer::default();
    let said = TokenKeys::new(&peppers()).open(after.as_bytes(), &mut buffer).unwrap();
    assert_eq!(said.issued_at_s, NOW.unix_ms / 1_000 + 5);
}

#[test]
fn one_token_is_denied_and_others_are_not() {
    let mut world = World::new(json!({}));
    let (denied, other) = (world.token(), world.token());
    world.forward(&call(&denied)).check_is_bob();
    let mut buffer = TokenBuffer::default();
    let id = TokenKeys::new(&peppers()).open(denied.as_bytes(), &mut buffer).unwrap().id;
    let piece = world.pieces.entry(PieceId::of_denied(id)).or_default();
    piece.denied_tokens.insert(id, NOW.unix_ms / 1_000 + 7_200);
    world.publish(vec![]);
    world.check_invalid(&call(&denied));
    world.forward(&call(&other)).check_is_bob();
}

/// The secret moves when it is shown, alone or with its Client ID.
#[test]
fn a_secret_under_the_previous_pepper_works_and_is_moved() {
    let (old, new) = (Pepper::new(b"old pepper"), Pepper::new(b"new pepper"));
    for (key_pepper, moves_key) in [(&new, false), (&old, true)] {
        let peppers = Peppers { current: new.clone(), previous: Some(old.clone()) };
        let mut world = World::new(json!({}));
        world.gateway = Gateway::new(GatewaySettings::default(), peppers);
        let kept = ClientSecret { digest: old.digest(SECRET.as_bytes()), pepper_id: old.id() };
        let place = key_pepper.digest(ID.as_bytes());
        let client = |grant: &mut Grant| {
            (grant.digest, grant.pepper_id) = (place, key_pepper.id());
            grant.oauth2 = Some(OAuth2Client { secret: Some(kept), ..OAuth2Client::default() });
        };
        world.grants.clear();
        world.add(ID, client);
        let wrong = format!("grant_type=client_credentials&client_id={ID}&client_secret=wrong");
        assert_eq!(world.answer(&post("/a/oauth2/token").body(FORM, &wrong)).status, 400);
        let of_wrong = world.gateway.take_rehash();
        assert!(of_wrong.is_none_or(|rehash| rehash.secret.is_none()), "{of_wrong:?}");
        world.token();
        let rehash = world.gateway.take_rehash().unwrap();
        assert_eq!((rehash.old, rehash.new), (place, new.digest(ID.as_bytes())));
        assert_eq!((rehash.old != rehash.new, rehash.pepper_id), (moves_key, new.id()));
        let secret = MovedSecret { old: old.digest(SECRET.as_bytes()), new: new.digest(SECRET.as_bytes()) };
        assert_eq!(rehash.secret, Some(secret));
    }
    let mut world = World::new(json!({}));
    world.token();
    assert_eq!(world.gateway.take_rehash(), None, "it is under the pepper in use");
}

#[test]
fn taking_back_a_token_compiles_no_configuration() {
    let mut pieces = World::new(json!({})).pieces;
    let mut compiler = ConfigCompiler::default();
    let mut apply = |reset, pieces: &HashMap<PieceId, Piece>| {
        let pieces = pieces.iter().map(|(id, piece)| (*id, piece.encode())).collect();
        compiler.apply(&FeedReply { epoch: 1, reset, pieces, ..FeedReply::default() }).unwrap()
    };
    let before = apply(true, &pieces);
    let again = apply(false, &pieces);
    assert!(Arc::ptr_eq(&before.config, &again.config));
    assert!(Arc::ptr_eq(&before.denied_tokens, &again.denied_tokens));
    let id = TokenId::from_bytes([7; 12]);
    pieces.entry(PieceId::of_denied(id)).or_default().denied_tokens.insert(id, 1);
    let denied = apply(false, &pieces);
    assert!(Arc::ptr_eq(&before.config, &denied.config));
    assert!(!Arc::ptr_eq(&before.denied_tokens, &denied.denied_tokens));
    let piece = pieces.entry(PieceId::of(OTHER_PLUGIN)).or_default();
    piece.set(ConfigKind::Plugins, OTHER_PLUGIN, Some(oauth2(OTHER_SERVICE, json!({}))));
    let changed = apply(false, &pieces);
    assert!(!Arc::ptr_eq(&denied.config, &changed.config));
    assert!(Arc::ptr_eq(&denied.denied_tokens, &changed.denied_tokens));
}

#[test]
fn tokens_are_for_one_service_or_for_all_that_take_such() {
    let with_other = |config: Value, other: Value| {
        let mut world = World::new(config);
        world.put(ConfigKind::Plugins, OTHER_PLUGIN, oauth2(OTHER_SERVICE, other));
        world
    };
    let at_b = |token: &str| get("/b").with("authorization", &format!("Bearer {token}"));
    let mut world = with_other(json!({}), json!({}));
    let token = world.token();
    let reads = world.grant_reads;
    world.check_invalid(&at_b(&token));
    assert_eq!(world.grant_reads, reads);
    world.forward(&call(&token)).check_is_bob();
    let mut world = with_other(json!({}), json!({"global_credentials": true}));
    let token = world.token();
    world.check_invalid(&at_b(&token));
    let mut world = with_other(json!({"global_credentials": true}), json!({"global_credentials": true}));
    let token = world.token();
    world.forward(&at_b(&token)).check_is_bob();
    // As in Kong, whether or not there is an anonymous consumer.
    let mut world =
        with_other(json!({"global_credentials": true}), json!({"anonymous": "no-body", "realm": "r"}));
    let token = world.token();
    let special =
        "The access token is global, but the current plugin is configured without 'global_credentials'";
    let headers = world.check_refused(&at_b(&token), 401, "invalid_token", special);
    let challenge = format!("Bearer realm=\"r\", error=\"invalid_token\", error_description=\"{INVALID}\"");
    assert_eq!(headers["www-authenticate"], challenge);
}

#[test]
fn applications_need_a_contract_for_the_token_and_with_it() {
    let mut world = World::new(json!({})).registration();
    let of_application = |services: Vec<Uuid>| {
        move |grant: &mut Grant| {
            grant.application_id = Some(APPLICATION);
            grant.service_ids = services;
        }
    };
    world.add(ID, of_application(vec![SERVICE]));
    let token = world.token();
    world.forward(&call(&token)).check_is_bob();
    world.change(ID, of_application(vec![OTHER_SERVICE]));
    world.check_invalid(&call(&token));
    let good = format!("grant_type=client_credentials&client_id={ID}&client_secret={SECRET}");
    let request = post("/a/oauth2/token").body(FORM, &good);
    world.check_refused(&request, 400, "invalid_client", "Invalid client authentication");
    let request = post("/a/oauth2/token").with("authorization", &basic(ID, SECRET));
    let request = request.body(FORM, "grant_type=client_credentials");
    world.check_refused(&request, 401, "invalid_client", "Invalid client authentication");
    // Plain consumers may not use a service that applications register for.
    world.change(ID, |_| {});
    world.check_invalid(&call(&token));
}

#[test]
fn required_scopes_are_asked_for_and_named() {
    let mut world = World::new(json!({"required_scopes": ["email", "profile"], "realm": "r"}));
    let good = format!("grant_type=client_credentials&client_id={ID}");
    let token = world.token_for("/a/oauth2/token", &format!("{good}&scope=profile+user.email+email"));
    world.forward(&call(&token)).check_is_bob();
    for scope in ["", "&scope=email", "&scope=user.email+profile"] {
        let token = world.token_for("/a/oauth2/token", &format!("{good}{scope}"));
        let description = "The access token lacks a scope that is required here";
        let headers = world.check_refused(&call(&token), 403, "insufficient_scope", description);
        let challenge = format!(
            "Bearer realm=\"r\", error=\"insufficient_scope\", error_description=\"{description}\", \
             scope=\"email profile\""
        );
        assert_eq!(headers["www-authenticate"], challenge);
    }
}

// Hiding.

#[test]
fn a_token_that_is_hidden_is_gone_from_every_place_and_nothing_else_is() {
    let mut world = World::new(json!({"hide_credentials": true}));
    let token = &world.token();
    let sent = world.forward(&call(token));
    assert_eq!(sent.header("authorization"), None);
    let sent = world.forward(&get("/a").with("authorization", token));
    assert_eq!(sent.header("authorization"), None);
    for (target, expected) in [
        (format!("/a?access_token={token}"), "/a"),
        (format!("/a?x=%7e&access%5Ftoken={token}&y=+"), "/a?x=%7e&y=+"),
    ] {
        assert_eq!(world.forward(&get(&target)).target, expected);
    }
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    for (media_type, body, expected) in [
        (FORM, format!("a=1&access_token={token}&b=%20"), "a=1&b=%20".to_owned()),
        (JSON, format!("{{ \"access_token\" : \"{token}\" , \"a\": 1.0 }}"), "{  \"a\": 1.0 }".to_owned()),
        (JSON, format!("{{\"a\": [1,  2], \"access_token\":\"{token}\"}}"), "{\"a\": [1,  2]}".to_owned()),
        (
            "multipart/form-data; boundary=b",
            format!("{}{}--b--\r\n", part("a", "1"), part("access_token", token)),
            format!("{}--b--\r\n", part("a", "1")),
        ),
    ] {
        let sent = world.forward(&post("/a").body(media_type, &body));
        sent.check_is_bob();
        assert_eq!(sent.body, expected, "{media_type}");
        // Also where it is not the one that counts.
        let sent = world
            .forward(&Request { body: body.into_bytes(), ..call(token) }.with("content-type", media_type));
        assert_eq!(sent.body, expected, "{media_type}");
    }
    let request = call(token).with("referer", &format!("https://x.test/?access_token={token}&a=1"));
    assert_eq!(world.forward(&request).header("referer"), Some("https://x.test/?a=1"));
    let unreadable = post("/a").with("authorization", token).body(JSON, "{");
    assert_eq!(world.answer(&unreadable).status, 400);
}

#[test]
fn long_bodies_go_by_a_token_that_stands_elsewhere() {
    let mut world = World::new(json!({"hide_credentials": true}));
    let token = &world.token();
    let long = |request: Request| request.body(FORM, "a=1").with("content-length", "9999999");
    let by_field = long(post("/a").with("authorization", &format!("Bearer {token}")));
    let sent = world.forward(&by_field);
    assert_eq!((sent.header("authorization"), sent.body.as_str()), (None, "a=1"));
    assert_eq!(world.forward(&long(post(&format!("/a?access_token={token}")))).target, "/a");
    // What is no token is refused before anything is asked of the body.
    let forged = long(post("/a").with("authorization", &format!("Bearer {token}x")));
    world.check_refused(&forged, 401, "invalid_token", INVALID);
    world.check_refused(&long(post("/a")), 401, "invalid_request", MISSING);
    let keys = json!({"key_in_body": true, "hide_credentials": true});
    let mut world = World::new(json!({"hide_credentials": true})).key_auth(keys);
    let token = &world.token();
    let by_field = long(post("/a").with("authorization", &format!("Bearer {token}")).with("apikey", ID));
    assert_eq!(world.answer(&by_field).status, 413, "a key may be in it");
}

#[test]
fn a_token_stays_where_it_is_unless_it_is_hidden() {
    let mut world = World::new(json!({}));
    let token = &world.token();
    let field = format!("Bearer {token}");
    assert_eq!(world.forward(&call(token)).header("authorization"), Some(field.as_str()));
    let target = format!("/a?access_token={token}");
    assert_eq!(world.forward(&get(&target)).target, target);
    let body = format!("access_token={token}");
    assert_eq!(world.forward(&post("/a").body(FORM, &body)).body, body);
}

#[test]
fn key_and_token_are_hidden_together_and_apart() {
    let both = |oauth2_hides: bool, keys_hide: bool| {
        let keys = json!({"key_in_body": true, "hide_credentials": keys_hide});
        World::new(json!({"hide_credentials": oauth2_hides})).key_auth(keys)
    };
    for (oauth2_hides, keys_hide, target, body) in [
        (true, true, "/a?x=1", "{\"x\":1}"),
        (true, false, "/a?apikey=shop-id&x=1", "{\"apikey\":\"shop-id\",\"x\":1}"),
        (false, true, "/a?x=1&access_token=T", "{\"x\":1,\"access_token\":\"T\"}"),
    ] {
        let mut world = both(oauth2_hides, keys_hide);
        let token = &world.token();
        let request = post(&format!("/a?apikey={ID}&x=1&access_token={token}"));
        let sent = world.forward(&request);
        assert_eq!(sent.target, target.replace('T', token), "{oauth2_hides} {keys_hide}");
        let json = format!("{{\"apikey\":\"{ID}\",\"x\":1,\"access_token\":\"{token}\"}}");
        let sent = world.forward(&post("/a").body(JSON, &json));
        assert_eq!(sent.body, body.replace('T', token), "{oauth2_hides} {keys_hide}");
        let request = call(token).with("apikey", ID);
        let sent = world.forward(&request);
        assert_eq!(sent.header("authorization").is_none(), oauth2_hides);
        assert_eq!(sent.header("apikey").is_none(), keys_hide);
    }
}

#[test]
fn a_redirect_to_https_does_not_repeat_the_token() {
    let mut world = World::new(json!({}));
    let route = json!({"id": ROUTE, "service": {"id": SERVICE}, "paths": ["/a"], "protocols": ["https"],
        "https_redirect_status_code": 301});
    world.put(ConfigKind::Routes, ROUTE, route);
    let request = Request { scheme: Scheme::Http, ..get("/a?x=1&access_token=t&y=2") };
    assert_eq!(world.answer(&request).headers["location"], "https://api.test/a?x=1&y=2");
}

// With key-auth, and with an anonymous consumer.

#[test]
fn without_anonymous_both_token_and_key_are_asked_for() {
    let mut world = World::new(json!({})).key_auth(json!({}));
    world.add("Mouse", |grant| {
        grant.credential_id = Uuid::from_u128(0x99);
        grant.consumer = Consumer { id: NOBODY, username: Some("mouse".into()), custom_id: None };
        grant.oauth2 = None;
    });
    let parameters = format!("grant_type=client_credentials&client_id={ID}&scope=email");
    let token = &world.token_for("/a/oauth2/token", &parameters);
    let sent = world.forward(&call(token).with("apikey", "Mouse"));
    assert_eq!(sent.header("x-consumer-username"), Some("mouse"), "of the last to run");
    assert_eq!(sent.header("x-credential-identifier"), Some(Uuid::from_u128(0x99).to_string().as_str()));
    assert_eq!(sent.header("x-authenticated-scope"), Some("email"));
    let headers = world.check_refused(&get("/a").with("apikey", "Mouse"), 401, "invalid_request", MISSING);
    assert_eq!(headers["www-authenticate"], "Bearer");
    for (request, message) in
        [(call(token), "No API key found in request"), (call(token).with("apikey", "other"), "Unauthorized")]
    {
        let answer = world.answer(&request);
        assert_eq!((answer.status, &answer.json["message"]), (401, &json!(message)));
        assert_eq!(answer.headers["www-authenticate"], "Key");
    }
    // Neither may be worth less than the other.
    world.change("Mouse", |grant| grant.enabled = false);
    assert_eq!(world.answer(&call(token).with("apikey", "Mouse")).status, 401);
    world.change("Mouse", |_| {});
    world.change(ID, |grant| grant.enabled = false);
    world.check_invalid(&call(token).with("apikey", "Mouse"));
}

#[test]
fn with_anonymous_either_is_enough_and_the_token_counts_first() {
    let mut world = World::new(json!({"anonymous": NOBODY})).key_auth(json!({"anonymous": "no-body"}));
    world.add("Mouse", |grant| {
        grant.credential_id = Uuid::from_u128(0x99);
        grant.consumer = Consumer { id: NOBODY, username: Some("mouse".into()), custom_id: None };
        grant.oauth2 = None;
    });
    let token = &world.token();
    world.forward(&call(token)).check_is_bob();
    world.forward(&call(token).with("apikey", "Mouse")).check_is_bob();
    world.forward(&call(token).with("apikey", "other")).check_is_bob();
    for request in [get("/a").with("apikey", "Mouse"), call("x").with("apikey", "Mouse")] {
        assert_eq!(world.forward(&request).header("x-consumer-username"), Some("mouse"));
    }
    for request in [get("/a"), call("x"), call("x").with("apikey", "other")] {
        let sent = world.forward(&request);
        assert_eq!(sent.header("x-consumer-username"), Some("no-body"));
        assert_eq!(sent.header("x-anonymous-consumer"), Some("true"));
        for name in ["x-credential-identifier", "x-authenticated-scope", "x-authenticated-userid"] {
            assert_eq!(sent.header(name), None);
        }
    }
}

#[test]
fn an_anonymous_consumer_that_is_not_there_is_told() {
    let mut world = World::new(json!({"anonymous": "ghost"}));
    let answer = world.answer(&get("/a"));
    let message = "anonymous consumer ghost is configured but doesn't exist";
    assert_eq!((answer.status, &answer.json["message"]), (500, &json!(message)));
    let token = world.token();
    world.forward(&call(&token)).check_is_bob();
}

// Pepper, tunnels, authorizers.

#[test]
fn who_asks_once_more_never_fails_when_the_pepper_changes() {
    let old = Pepper::new(b"old");
    let mut world = World::new(json!({}));
    world.peppers = Peppers { current: old.clone(), previous: None };
    world.grants.clear();
    world.add(ID, |_| {});
    world.gateway = Gateway::new(GatewaySettings::default(), world.peppers.clone());
    let token = world.token();
    let new = Peppers { current: Pepper::new(b"new"), previous: Some(old) };
    world.gateway = Gateway::new(GatewaySettings::default(), new.clone());
    world.forward(&call(&token)).check_is_bob();
    // A key of this client is shown, or its Client ID at the endpoint: its grant is to be moved.
    let second = world.token();
    let rehash = world.gateway.take_rehash().unwrap();
    assert_eq!(rehash.new, new.current.digest(ID.as_bytes()));
    let grant = world.grants.remove(&rehash.old).unwrap();
    world.grants.insert(rehash.new, Grant { digest: rehash.new, pepper_id: rehash.pepper_id, ..grant });
    world.publish(vec![rehash.old, rehash.new]);
    for token in [&token, &second] {
        world.check_invalid(&call(token));
    }
    let again = world.token();
    world.forward(&call(&again)).check_is_bob();
}

#[test]
fn a_tunnel_closes_with_its_token() {
    let mut world = World::new(json!({"token_expiration": 60}));
    let token = world.token();
    let request = call(&token)
        .with("connection", "Upgrade")
        .with("upgrade", "websocket")
        .with("sec-websocket-key", "x3JJHMbDL1EzLkh9GBhXDw==")
        .with("sec-websocket-version", "13");
    let Decision::Forward(plan) = world.decide(&request) else { panic!() };
    let right = plan.upgrade.unwrap();
    let stands = |world: &mut World| loop {
        match world.gateway.stands(&request.head(world.now, 1), &right, world.now) {
            Ok(standing) => return standing,
            Err(need) => world.learn(need),
        }
    };
    assert!(matches!(stands(&mut world), Standing::Holds { .. }));
    world.pass_s(59);
    assert!(matches!(stands(&mut world), Standing::Holds { ms: 1..=1_000 }));
    world.pass_s(1);
    assert_eq!(stands(&mut world), Standing::Lost);
}

#[test]
fn an_authorizer_takes_tokens_and_leaves_what_it_cannot_do() {
    let authorize = |world: &mut World, request: &Request| loop {
        match world.gateway.authorize(&request.head(world.now, 1), world.now) {
            Ok(authorization) => return authorization,
            Err(need) => world.learn(need),
        }
    };
    let mut world = World::new(json!({}));
    let parameters = format!("grant_type=client_credentials&client_id={ID}&scope=email");
    let token = world.token_for("/a/oauth2/token", &parameters);
    let Authorization::Allow(authorized) = authorize(&mut world, &call(&token)) else { panic!() };
    let fields: HashMap<_, _> = authorized.fields().map(|(name, value)| (name.as_str(), value)).collect();
    assert_eq!(fields["x-authenticated-scope"], b"email");
    assert_eq!(fields["x-consumer-username"], b"bob");
    let in_body = post("/a").body(FORM, &format!("access_token={token}"));
    for (request, status) in [
        (get("/a"), 401),
        (call("x"), 401),
        (in_body, 401),
        (Request { path: "/a/oauth2/token".to_owned(), ..call(&token) }, 404),
    ] {
        match authorize(&mut world, &request) {
            Authorization::Refuse(problem) => assert_eq!(problem.status().as_u16(), status),
            other => panic!("{other:?}"),
        }
    }
    let mut hiding = World::new(json!({"hide_credentials": true}));
    assert!(matches!(authorize(&mut hiding, &call(&token)), Authorization::Unfit(Unfit::HideCredentials)));
}

// What is told of tokens.

#[test]
fn introspection_tells_of_good_tokens_and_of_nothing_else() {
    let mut world = World::new(json!({}));
    let parameters = format!(
        "grant_type=client_credentials&client_id={ID}&scope=email&authenticated_userid=ada&provision_key=prov-1"
    );
    let token = &world.token_for("/a/oauth2/token", &parameters);
    let ask = |token: &str| {
        let request = post("/a/oauth2/introspect").with("authorization", &basic(ID, SECRET));
        request.body(FORM, &format!("token={token}&token_type_hint=access_token"))
    };
    let answer = world.answer(&ask(token));
    assert_eq!(answer.headers["cache-control"], "no-store");
    let told = answer.json;
    assert_eq!(told["active"], true);
    for (name, value) in [
        ("scope", json!("email")),
        ("sub", json!("ada")),
        ("username", json!("bob")),
        ("token_type", json!("bearer")),
        ("iat", json!(NOW.unix_ms / 1_000)),
        ("exp", json!(NOW.unix_ms / 1_000 + 7_200)),
        ("consumer_id", json!(BOB)),
        ("credential_id", json!(CREDENTIAL)),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    assert!(!told.to_string().contains(ID), "the Client ID is a key: {told}");
    for bad in ["x", ID, &format!("{token}A"), "lkt_"] {
        assert_eq!(world.answer(&ask(bad)).json, json!({"active": false}));
    }
    let missing = post("/a/oauth2/introspect").with("authorization", &basic(ID, SECRET)).body(FORM, "");
    world.check_refused(&missing, 400, "invalid_request", "token is missing");
    let stranger = post("/a/oauth2/introspect").body(FORM, &format!("token={token}"));
    let headers = world.check_refused(&stranger, 401, "invalid_client", "Invalid client authentication");
    assert_eq!(headers["www-authenticate"], "Basic realm=\"OAuth2.0\"");
    let in_query = post(&format!("/a/oauth2/introspect?token={token}"));
    world.check_refused(&in_query, 400, "invalid_request", "token must not be sent in the query");
    world.change(ID, |grant| grant.expires_at_ms = Some(NOW.unix_ms));
    world.change("second", |_| {});
    let request = post("/a/oauth2/introspect").with("authorization", &basic("second", SECRET));
    let answer = world.answer(&request.body(FORM, &format!("token={token}")));
    assert_eq!(answer.json, json!({"active": false}));
}

#[test]
fn metadata_is_there_for_each_route_with_the_plugin_unless_a_route_has_its_path() {
    let mut world = World::new(json!({}));
    let well_known = "/.well-known/oauth-authorization-server/a";
    let answer = world.answer(&get(well_known));
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("issuer", json!("https://api.test/a")),
        ("token_endpoint", json!("https://api.test/a/oauth2/token")),
        ("introspection_endpoint", json!("https://api.test/a/oauth2/introspect")),
        ("revocation_endpoint", json!("https://portal.test/oauth2/revoke")),
        ("grant_types_supported", json!(["client_credentials"])),
        ("response_types_supported", json!([])),
        ("scopes_supported", json!(["email", "profile", "user.email"])),
        ("token_endpoint_auth_methods_supported", json!(["client_secret_basic", "client_secret_post"])),
    ] {
        assert_eq!(answer.json[name], value, "{name}");
    }
    for other in [
        get("/.well-known/oauth-authorization-server/b"),
        get("/.well-known/oauth-authorization-server"),
        get("/.well-known/oauth-authorization-servers/a"),
        post(well_known),
    ] {
        let answer = world.answer(&other);
        assert_eq!(
            (answer.status, &answer.json["message"]),
            (404, &json!("no Route matched with those values"))
        );
    }
    let route = json!({"id": OTHER_ROUTE, "service": {"id": OTHER_SERVICE}, "paths": ["/.well-known"],
        "strip_path": false});
    let mut world = World::new(json!({}));
    world.put(ConfigKind::Routes, OTHER_ROUTE, route);
    assert_eq!(world.forward(&get(well_known)).target, well_known);
}

#[test]
fn a_key_made_here_is_a_client_id_and_a_forged_one_costs_no_read() {
    let mut world = World::new(json!({}));
    let random = SeededRandom::new(3);
    let key = generate_key(&world.peppers.current, |bytes| random.fill(bytes)).reveal().to_owned();
    world.add(&key, |_| {});
    world.token_for("/a/oauth2/token", &format!("grant_type=client_credentials&client_id={key}"));
    assert_eq!(world.grant_reads, 1);
    let forged = key[..40].to_owned() + "x";
    let body = format!("grant_type=client_credentials&client_id={forged}&client_secret={SECRET}");
    let request = post("/a/oauth2/token").body(FORM, &body);
    world.check_refused(&request, 400, "invalid_client", "Invalid client authentication");
    assert_eq!(world.grant_reads, 1);
}

#[test]
fn a_grant_that_is_not_here_blocks_the_route() {
    for config in [json!({"enable_password_grant": true}), json!({"auth_header_name": "a b"})] {
        let mut world = World::new(json!({}));
        world.token();
        world.put(ConfigKind::Plugins, PLUGIN, oauth2(SERVICE, config));
        world.publish(vec![]);
        let answer = world.answer(&get("/a"));
        assert_eq!((answer.status, &answer.json["message"]), (500, &json!("Invalid plugin configuration")));
    }
}

// Verifying.

const VERIFY_TOKEN: &str = "a-token-of-more-than-thirty-two-bytes";

/// A world that answers whoever has the token.
fn verifying(config: Value) -> World {
    let mut world = World::new(config);
    let verify_token = Some(world.peppers.current.digest(VERIFY_TOKEN.as_bytes()));
    let settings = GatewaySettings { verify_token, ..GatewaySettings::default() };
    world.gateway = Gateway::new(settings, world.peppers.clone());
    world
}

#[track_caller]
fn verified(world: &mut World, shown: Value, service: Uuid) -> Value {
    let mut question = json!({"service": service});
    question.as_object_mut().unwrap().extend(shown.as_object().unwrap().clone());
    let request = post("/-/verify").body(JSON, &question.to_string());
    let answer = world.answer(&request.with("authorization", &format!("Bearer {VERIFY_TOKEN}")));
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer.json
}

#[track_caller]
fn check_reason(world: &mut World, token: &str, service: Uuid, reason: Value) {
    let answer = verified(world, json!({"token": token}), service);
    assert_eq!((&answer["reason"], &answer["valid"]), (&reason, &json!(reason.is_null())), "{answer}");
}

#[test]
fn whoever_has_the_token_is_told_of_tokens() {
    let mut world = verifying(json!({"required_scopes": ["email"]}));
    let good = format!("grant_type=client_credentials&client_id={ID}");
    let token = world.token_for("/a/oauth2/token", &format!("{good}&scope=email+profile"));
    let expected = json!({"valid": true, "reason": null, "application": null,
        "consumer": {"id": BOB, "username": "bob", "custom_id": null}, "credential": {"id": CREDENTIAL},
        "expires_at": NOW.unix_ms / 1_000 + 7_200, "scopes": ["email", "profile"]});
    assert_eq!(verified(&mut world, json!({"token": token}), SERVICE), expected);
    let weak = world.token_for("/a/oauth2/token", &good);
    check_reason(&mut world, &weak, SERVICE, json!("insufficient_scope"));
    check_reason(&mut world, &token, OTHER_SERVICE, json!("not_permitted"));
    for forged in ["lkt_forged", ID, "", &token[1..]] {
        check_reason(&mut world, forged, SERVICE, json!("unknown"));
    }
    // Where tokens alone are asked for, a Client ID is no key.
    let answer = verified(&mut world, json!({"key": ID}), SERVICE);
    assert_eq!((&answer["reason"], &answer["scopes"]), (&json!("not_permitted"), &json!(null)));
    world.change(ID, |grant| {
        grant.oauth2.as_mut().unwrap().tokens_not_before_ms = Some(NOW.unix_ms + 5_000);
    });
    check_reason(&mut world, &token, SERVICE, json!("revoked"));
    world.pass_s(7_200);
    check_reason(&mut world, &token, SERVICE, json!("expired"));
}

#[test]
fn a_proxy_asks_about_requests_with_tokens() {
    let mut world = World::new(json!({"hide_credentials": true, "required_scopes": ["email"]}));
    let good = format!("grant_type=client_credentials&client_id={ID}");
    let token = world.token_for("/a/oauth2/token", &format!("{good}&scope=email"));
    let asked = |path: &str, token: &str| {
        let request = get("/-/verify/nginx").with("x-original-method", "GET").with("x-original-uri", path);
        let request = request.with("x-original-host", "a.test").with("x-original-proto", "https");
        request.with("authorization", &format!("Bearer {token}"))
    };
    let Decision::Respond(response) = world.decide(&asked("/a", &token)) else { panic!("not answered") };
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-authenticated-scope"]),
        (200, &HeaderValue::from_static("email"))
    );
    let removed = response.headers()["lk-remove-fields"].to_str().unwrap();
    assert!(removed.contains("authorization") && !removed.contains("x-authenticated-scope"), "{removed}");
    let headers = world.check_refused(&asked("/a", "lkt_x"), 401, "invalid_token", INVALID);
    assert!(headers["www-authenticate"].to_str().unwrap().starts_with("Bearer error=\"invalid_token\""));
    let weak = world.token_for("/a/oauth2/token", &good);
    assert_eq!(world.answer(&asked("/a", &weak)).status, 403);
    // The proxy cannot answer what is answered here: to nginx that is 403.
    assert_eq!(world.answer(&asked("/a/oauth2/token", &token)).status, 403);
}

#[test]
fn a_token_behind_bearer_is_no_key() {
    let config = json!({"key_in_bearer": true, "hide_credentials": true});
    let mut world = World::new(json!({"hide_credentials": false})).key_auth(config);
    let token = world.token();
    let both = call(&token);
    let sent = world.forward(&Request { query: Some(format!("apikey={ID}")), ..both });
    sent.check_is_bob();
    assert_eq!(sent.header("authorization"), Some(format!("Bearer {token}").as_str()));
}
