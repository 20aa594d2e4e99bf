//! What a decision of the data plane costs: time, allocations and memory.
//!
//! `cargo bench -p latchkey-gateway --bench decide -- [--write] [--rounds N] [part of a name]`
//!
//! `--write` puts the tables into docs/benchmarks.md; a part of a name runs only what contains it.
//! Every case is timed in many short rounds, in turn with the others, so that other work on the
//! machine falls on all alike; requests are made afresh, 64 at a time, as a server has just read
//! them. A decision's time includes letting go of its plan or response.

#![allow(unsafe_code)]
#![allow(clippy::print_stdout)]
#![expect(clippy::disallowed_methods, reason = "measures time and memory, presents keys, writes its tables")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use latchkey_gateway::config::{Compiled, ConfigCompiler};
use latchkey_gateway::decision::{Decision, Need};
use latchkey_gateway::gateway::{FeedNews, Gateway, GatewaySettings, GrantAnswer, Learned};
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_published::feed::{FeedReply, Shown};
use latchkey_published::grant::{ClientSecret, Consumer, Grant, OAuth2Client};
use latchkey_published::keys::{Pepper, Peppers, generate_key, hex};
use latchkey_published::snapshot::{ConfigKind, Piece, PieceId, WorkspaceSettings};
use latchkey_published::testing::SeededRandom;
use latchkey_published::token::{AccessToken, TokenKeys};
use serde_json::json;
use uuid::Uuid;

const NOW: Now = Now { unix_ms: 1_000_000, monotonic_ms: 50_000 };
/// Requests made and timed together.
const BATCH: usize = 64;
const BATCHES_PER_ROUND: usize = 16;
const ROUNDS: usize = 40;
const ROUTE_COUNTS: [usize; 3] = [1, 100, 10_000];
const CREDENTIALS: usize = 1_000_000;
const BODY_BYTES: usize = 2_048;

fn main() {
    let options = Options::parse();
    hold_on_to_memory();
    let mut report = String::new();
    report_decisions(&options, &mut report);
    report_edits(&options, &mut report);
    if options.runs("1,000,000 credentials") {
        report_many_credentials(&options, &mut report);
    }
    println!("{report}");
    if options.write {
        write_report(&report);
    }
}

/// Lets go of something large: from then on glibc keeps what is freed, up to twice that, as in a
/// process that has served for a while. Else every batch of requests may get its memory from the
/// system and give it back, or not, by what was freed before it.
fn hold_on_to_memory() {
    const LARGE_BYTES: usize = 16 << 20;
    drop(black_box(Vec::<u8>::with_capacity(LARGE_BYTES)));
}

struct Options {
    write: bool,
    rounds: usize,
    only: String,
}

impl Options {
    fn parse() -> Self {
        let mut options = Options { write: false, rounds: ROUNDS, only: String::new() };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bench" => {}
                "--write" => options.write = true,
                "--rounds" => {
                    let rounds = arguments.next().and_then(|rounds| rounds.parse().ok());
                    options.rounds = rounds.expect("--rounds wants a number");
                }
                _ => options.only = argument,
            }
        }
        options
    }

    fn runs(&self, name: &str) -> bool {
        name.contains(&self.only)
    }
}

// What is asked.

/// Where requests carry their key.
#[derive(Clone, Copy)]
enum Place {
    Header,
    Query,
    /// The token of its client, in `Authorization`.
    Token,
    /// Asks for a token.
    Endpoint,
    Body(fn(key: &str) -> (&'static str, Vec<u8>)),
    Nowhere,
}

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    place: Place,
    key: Key,
    plugin: Plugin,
}

#[derive(Clone, Copy, PartialEq)]
enum Key {
    Good,
    Forged,
    Unknown,
}

/// How key-auth is configured on every service.
#[derive(Clone, Copy, PartialEq)]
enum Plugin {
    None,
    KeyAuth { in_body: bool, hides: bool },
    OAuth2 { hides: bool },
}

const SHOWN: Plugin = Plugin::KeyAuth { in_body: false, hides: false };
const HIDDEN: Plugin = Plugin::KeyAuth { in_body: false, hides: true };
const SHOWN_BODY: Plugin = Plugin::KeyAuth { in_body: true, hides: false };
const HIDDEN_BODY: Plugin = Plugin::KeyAuth { in_body: true, hides: true };

const TOKEN: Plugin = Plugin::OAuth2 { hides: false };
const TOKEN_HIDDEN: Plugin = Plugin::OAuth2 { hides: true };

const fn good(name: &'static str, place: Place, plugin: Plugin) -> Case {
    Case { name, place, key: Key::Good, plugin }
}

const CASES: [Case; 18] = [
    good("header key", Place::Header, SHOWN),
    good("header key, hidden", Place::Header, HIDDEN),
    good("query key", Place::Query, SHOWN),
    good("query key, hidden", Place::Query, HIDDEN),
    good("form body, 2 KB", Place::Body(form), SHOWN_BODY),
    good("form body, 2 KB, hidden", Place::Body(form), HIDDEN_BODY),
    good("JSON body, 2 KB", Place::Body(json), SHOWN_BODY),
    good("JSON body, 2 KB, hidden", Place::Body(json), HIDDEN_BODY),
    good("multipart body, 2 KB", Place::Body(multipart), SHOWN_BODY),
    good("multipart body, 2 KB, hidden", Place::Body(multipart), HIDDEN_BODY),
    Case { name: "forged key: 401", place: Place::Header, key: Key::Forged, plugin: SHOWN },
    Case { name: "unknown key, remembered: 401", place: Place::Header, key: Key::Unknown, plugin: SHOWN },
    Case { name: "no key: 401", place: Place::Nowhere, key: Key::Good, plugin: SHOWN },
    good("token", Place::Token, TOKEN),
    good("token, hidden", Place::Token, TOKEN_HIDDEN),
    Case { name: "forged token: 401", place: Place::Token, key: Key::Forged, plugin: TOKEN },
    good("a token is issued", Place::Endpoint, TOKEN),
    Case { name: "no plugin", place: Place::Nowhere, key: Key::Good, plugin: Plugin::None },
];

fn form(key: &str) -> (&'static str, Vec<u8>) {
    let mut body = format!("apikey={key}");
    for number in 0.. {
        let pair = format!("&field{number}=some+text+with+%C3%A9scapes+{number}");
        if body.len() + pair.len() > BODY_BYTES {
            break;
        }
        body += &pair;
    }
    ("application/x-www-form-urlencoded", body.into_bytes())
}

fn json(key: &str) -> (&'static str, Vec<u8>) {
    let mut body = format!("{{\"apikey\": \"{key}\", \"items\": [");
    for number in 0.. {
        let item = format!(
            "{{\"id\": {number}, \"name\": \"item \\\"{number}\\\"\", \"price\": 12.50, \"tags\": [\"new\", null]}}, "
        );
        if body.len() + item.len() > BODY_BYTES - 8 {
            break;
        }
        body += &item;
    }
    body += "true]}";
    ("application/json", body.into_bytes())
}

fn multipart(key: &str) -> (&'static str, Vec<u8>) {
    let mut body = format!(
        "--XyZ\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\n{key}\r\n\
         --XyZ\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\n\
         Content-Type: image/png\r\n\r\n"
    )
    .into_bytes();
    let random = SeededRandom::new(3);
    while body.len() < BODY_BYTES - 11 {
        body.push(random.next() as u8);
    }
    body.extend_from_slice(b"\r\n--XyZ--\r\n");
    ("multipart/form-data; boundary=XyZ", body)
}

struct Request {
    path: String,
    query: String,
    headers: HeaderMap,
    body: Arc<[u8]>,
}

impl Request {
    fn new(place: Place, route: usize, key: &str, body: &Arc<[u8]>) -> Self {
        let mut headers = HeaderMap::with_capacity(12);
        for (name, value) in [
            ("host", "api.example.com"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            ("accept", "application/json, text/plain, */*"),
            ("accept-language", "en-US,en;q=0.5"),
            ("accept-encoding", "gzip, deflate, br, zstd"),
            ("x-forwarded-for", "203.0.113.7"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("connection", "keep-alive"),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let mut query = "page=2&sort=name".to_owned();
        match place {
            Place::Header => {
                headers.append("apikey", HeaderValue::from_str(key).expect("a key without controls"));
            }
            Place::Query => query += &format!("&apikey={key}"),
            Place::Token | Place::Endpoint => {
                let value = HeaderValue::from_str(key).expect("a token without controls");
                headers.append("authorization", value);
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                headers.extend(matches!(place, Place::Endpoint).then_some((CONTENT_TYPE, form)));
            }
            Place::Body(make) => {
                headers.append("content-type", HeaderValue::from_static(make("").0));
                headers.append("content-length", body.len().into());
            }
            Place::Nowhere => {}
        }
        let end = if matches!(place, Place::Endpoint) { "oauth2/token" } else { "orders/42" };
        Request { path: format!("/api/v1/service-{route}/{end}"), query, headers, body: body.clone() }
    }

    fn head(&self) -> RequestHead<'_, HeaderMap> {
        RequestHead {
            method: "POST",
            scheme: Scheme::Https,
            host: b"api.example.com",
            path: self.path.as_bytes(),
            query: Some(self.query.as_bytes()),
            headers: &self.headers,
            client_ip: Some([198, 51, 100, 23].into()),
            server_port: 443,
            forwarded: None,
            started: NOW,
            request_id: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
        }
    }
}

// Who is asked.

fn pepper() -> Pepper {
    Pepper::new(b"the pepper of the benchmark")
}

/// So many services, each with its route and its plugin.
fn configuration(routes: usize, plugin: Plugin) -> Compiled {
    let mut pieces = std::collections::BTreeMap::<PieceId, Piece>::new();
    let random = SeededRandom::new(1);
    let mut put = |kind, entity: serde_json::Value| {
        let id = Uuid::from_u64_pair(random.next(), random.next());
        pieces.entry(PieceId::of(id)).or_default().set(kind, id, Some(entity));
        id
    };
    for number in 0..routes {
        let service = put(
            ConfigKind::Services,
            json!({"protocol": "http", "host": format!("service-{number}.internal"), "port": 8080,
                "path": "/base", "retries": 5, "connect_timeout": 60000, "write_timeout": 60000,
                "read_timeout": 60000}),
        );
        put(
            ConfigKind::Routes,
            json!({"id": Uuid::from_u128(number as u128), "service": {"id": service},
                "paths": [format!("/api/v1/service-{number}/")], "strip_path": true}),
        );
        if let Plugin::OAuth2 { hides } = plugin {
            put(
                ConfigKind::Plugins,
                json!({"name": "oauth2", "service": {"id": service}, "config": {
                    "enable_client_credentials": true, "global_credentials": true,
                    "scopes": ["email"], "hide_credentials": hides}}),
            );
        }
        if let Plugin::KeyAuth { in_body, hides } = plugin {
            put(
                ConfigKind::Plugins,
                json!({"name": "key-auth", "service": {"id": service}, "config": {
                    "key_names": ["apikey"], "key_in_header": true, "key_in_query": true,
                    "key_in_body": in_body, "hide_credentials": hides, "run_on_preflight": true}}),
            );
        }
    }
    let settings = WorkspaceSettings {
        tag_keys: vec![hex(&pepper().tag_key().to_bytes())],
        has_imported_keys: true,
        ..WorkspaceSettings::default()
    };
    pieces.insert(PieceId::SETTINGS, Piece { settings: Some(settings), ..Piece::default() });
    let pieces = pieces.into_iter().map(|(id, piece)| (id, piece.encode())).collect();
    let compiled = ConfigCompiler::default().apply(&feed_reply(pieces)).expect("pieces just made");
    assert_eq!(compiled.config.unusable(), []);
    compiled
}

fn feed_reply(pieces: Vec<(PieceId, Vec<u8>)>) -> FeedReply {
    FeedReply { epoch: 1, reset: true, shown: Shown::all(1), changes: vec![], pieces, ..FeedReply::default() }
}

fn gateway(compiled: Compiled) -> Gateway {
    let settings = GatewaySettings { grant_cache_bytes: 4 << 30, ..GatewaySettings::default() };
    let mut gateway = Gateway::new(settings, Peppers { current: pepper(), previous: None });
    gateway.refresh_due(NOW);
    gateway.learn_feed_news(NOW, NOW, Some(FeedNews::new(feed_reply(vec![]), compiled)));
    gateway
}

fn grant(pepper: &Pepper, key: &str, number: u64) -> Grant {
    Grant {
        epoch: 1,
        digest: pepper.digest(key.as_bytes()),
        pepper_id: pepper.id(),
        credential_id: Uuid::from_u64_pair(1, number),
        consumer: Consumer {
            id: Uuid::from_u64_pair(2, number),
            username: Some(format!("customer-{number}")),
            custom_id: Some(format!("crm-{number:08}")),
        },
        application_id: None,
        service_ids: vec![],
        expires_at_ms: None,
        enabled: true,
        oauth2: None,
    }
}

/// The same of a client with a secret.
fn client(pepper: &Pepper, id: &str) -> Grant {
    let secret = ClientSecret { digest: pepper.digest(SECRET), pepper_id: pepper.id() };
    let oauth2 = Some(OAuth2Client { secret: Some(secret), ..OAuth2Client::default() });
    Grant { oauth2, ..grant(pepper, id, 1) }
}

const SECRET: &[u8] = b"aSecretOf43CharactersAsTheyAreGeneratedHere";

/// A token of the client with this Client ID, for every service, under a pepper.
fn token(pepper: &Pepper, id: &str) -> String {
    let keys = TokenKeys::new(&Peppers { current: pepper.clone(), previous: None });
    let token = AccessToken {
        grant: self::pepper().digest(id.as_bytes()),
        service_id: None,
        credential_id: Uuid::from_u64_pair(1, 1),
        issued_at_s: 900,
        ends_at_s: Some(8_100),
        id: keys.id_from(1),
        scope: "email",
        user: "",
    };
    format!("Bearer {}", keys.issue(&token).expect("a short scope").reveal())
}

/// What a request shows in `Authorization` whose key is the Client ID.
fn shown(case: Case, id: &str) -> String {
    match (case.place, case.key) {
        (Place::Token, Key::Forged) => token(&Pepper::new(b"another"), id),
        (Place::Token, _) => token(&pepper(), id),
        (Place::Endpoint, _) => {
            let secret = std::str::from_utf8(SECRET).expect("ASCII");
            format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
        }
        _ => id.to_owned(),
    }
}

/// Asks until decided, answering needs: `good` keys have a grant.
fn warm(gateway: &mut Gateway, request: &Request, answer: impl Fn() -> GrantAnswer) {
    loop {
        match gateway.decide(&request.head(), Body::Whole(&request.body), NOW) {
            Decision::Need(Need::Grant(wanted)) => {
                let mut learned = gateway.learn_grant(wanted, answer(), NOW);
                while let Learned::Ask(again) = learned {
                    learned = gateway.learn_grant(again, answer(), NOW);
                }
                assert_eq!(learned, Learned::Decide);
            }
            Decision::Need(need) => panic!("{need:?}"),
            Decision::Respond(_) | Decision::Forward(_) => return,
        }
    }
}

// How it is measured.

/// A case ready to be asked.
struct Subject {
    name: &'static str,
    routes: usize,
    case: Case,
    gateway: Gateway,
    key: String,
    body: Arc<[u8]>,
    random: SeededRandom,
    measured: Measured,
}

#[derive(Default)]
struct Measured {
    /// Nanoseconds per decision, of each round.
    rounds: Vec<f64>,
    decisions: u64,
    allocations: u64,
    bytes: u64,
}

impl Measured {
    /// Times `each` over what `make` makes.
    fn round<T>(&mut self, mut make: impl FnMut() -> T, mut each: impl FnMut(&mut T)) {
        let mut nanoseconds = 0;
        for _ in 0..BATCHES_PER_ROUND {
            let mut batch: Vec<T> = (0..BATCH).map(|_| make()).collect();
            let before = (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
            let started = Instant::now();
            batch.iter_mut().for_each(&mut each);
            nanoseconds += started.elapsed().as_nanos();
            self.allocations += ALLOCATIONS.load(Ordering::Relaxed) - before.0;
            self.bytes += BYTES.load(Ordering::Relaxed) - before.1;
        }
        let decisions = (BATCHES_PER_ROUND * BATCH) as u64;
        self.decisions += decisions;
        self.rounds.push(nanoseconds as f64 / decisions as f64);
    }

    /// Median and best, in nanoseconds.
    fn times(&mut self) -> (f64, f64) {
        self.rounds.sort_by(f64::total_cmp);
        (self.rounds[self.rounds.len() / 2], self.rounds[0])
    }

    fn row(&mut self) -> String {
        let (median, best) = self.times();
        let each = |sum: u64| sum as f64 / self.decisions as f64;
        format!("{median:.0} | {best:.0} | {:.1} | {:.0}", each(self.allocations), each(self.bytes))
    }
}

impl Subject {
    fn new(case: Case, routes: usize, compiled: &Compiled) -> Self {
        let pepper = pepper();
        let key = match case.key {
            Key::Good => generate_key(&pepper, |bytes| SeededRandom::new(7).fill(bytes)).reveal().to_owned(),
            Key::Forged => generate_key(&Pepper::new(b"another"), |bytes| SeededRandom::new(7).fill(bytes))
                .reveal()
                .to_owned(),
            Key::Unknown => "e7b1f0c2-9a53-4d0e-8f4b-2d1c6a5b9e70".to_owned(),
        };
        let body: Arc<[u8]> = match case.place {
            Place::Body(make) => make(&key).1.into(),
            Place::Endpoint => (*b"grant_type=client_credentials&scope=email").into(),
            _ => Arc::default(),
        };
        let mut gateway = gateway(compiled.clone());
        let answer = |key: &str| match case.key {
            Key::Good if matches!(case.plugin, Plugin::OAuth2 { .. }) => {
                GrantAnswer::Found(client(&pepper, key))
            }
            Key::Good => GrantAnswer::Found(grant(&pepper, key, 1)),
            Key::Forged | Key::Unknown => GrantAnswer::Missing,
        };
        let id = key.clone();
        let key = shown(case, &id);
        warm(&mut gateway, &Request::new(case.place, 0, &key, &body), || answer(&id));
        let random = SeededRandom::new(11);
        Subject { name: case.name, routes, case, gateway, key, body, random, measured: Measured::default() }
    }

    fn round(&mut self) {
        let Subject { case, gateway, key, body, random, routes, measured, .. } = self;
        let answered_here = matches!(case.place, Place::Nowhere | Place::Endpoint);
        let forwards = case.plugin == Plugin::None || (case.key == Key::Good && !answered_here);
        let mut decide = |request: &mut Request| {
            let decision = gateway.decide(&black_box(request.head()), Body::Whole(&request.body), NOW);
            assert_eq!(matches!(black_box(&decision), Decision::Forward(_)), forwards);
        };
        // The other cases have taken the processor's caches: every route has its turn first.
        (0..*routes).for_each(|route| decide(&mut Request::new(case.place, route, key, body)));
        measured.round(|| Request::new(case.place, random.next() as usize % *routes, key, body), decide);
    }
}

fn report_decisions(options: &Options, report: &mut String) {
    let mut subjects = Vec::new();
    for routes in ROUTE_COUNTS {
        for plugin in [Plugin::None, SHOWN, HIDDEN, SHOWN_BODY, HIDDEN_BODY, TOKEN, TOKEN_HIDDEN] {
            let named = |case: &&Case| options.runs(&format!("{}, {routes} routes", case.name));
            let cases: Vec<&Case> = CASES.iter().filter(|case| case.plugin == plugin).filter(named).collect();
            if !cases.is_empty() {
                let compiled = configuration(routes, plugin);
                subjects.extend(cases.into_iter().map(|case| Subject::new(*case, routes, &compiled)));
            }
        }
    }
    for _ in 0..options.rounds {
        subjects.iter_mut().for_each(Subject::round);
    }
    line(
        report,
        "One decision (`Gateway::decide`), each service with its own route and plugin, requests to random routes:\n",
    );
    line(report, "| request | routes | median ns | best ns | allocations | bytes allocated |");
    line(report, "| --- | ---: | ---: | ---: | ---: | ---: |");
    for case in &CASES {
        for subject in subjects.iter_mut().filter(|subject| subject.name == case.name) {
            line(report, &format!("| {} | {} | {} |", subject.name, subject.routes, subject.measured.row()));
        }
    }
}

/// `Plan::edit_headers`, and what adapters ask besides.
fn report_edits(options: &Options, report: &mut String) {
    line(report, "\nBesides, for each forwarded request:\n");
    line(report, "| | median ns | best ns | allocations | bytes allocated |");
    line(report, "| --- | ---: | ---: | ---: | ---: |");
    for (name, plugin) in [("edit headers", SHOWN), ("edit headers, hidden", HIDDEN)] {
        if !options.runs(name) {
            continue;
        }
        let mut subject = Subject::new(good(name, Place::Header, plugin), 1, &configuration(1, plugin));
        let request = Request::new(Place::Header, 0, &subject.key, &subject.body);
        let Decision::Forward(plan) = subject.gateway.decide(&request.head(), Body::Unread, NOW) else {
            panic!("a good key is forwarded")
        };
        for _ in 0..options.rounds {
            let make = || Request::new(Place::Header, 0, &subject.key, &subject.body).headers;
            subject.measured.round(make, |headers| black_box(&plan).edit_headers(black_box(headers)));
        }
        line(report, &format!("| {name} | {} |", subject.measured.row()));
    }
    if options.runs("ask whether a refresh is due") {
        let mut gateway = gateway(Compiled::default());
        let mut measured = Measured::default();
        for _ in 0..options.rounds {
            measured.round(|| NOW, |now| assert!(gateway.refresh_due(black_box(*now)).is_none()));
        }
        line(report, &format!("| ask whether a refresh is due | {} |", measured.row()));
    }
}

fn report_many_credentials(options: &Options, report: &mut String) {
    let pepper = pepper();
    let random = SeededRandom::new(5);
    let config = configuration(100, SHOWN);
    let body: Arc<[u8]> = Arc::default();
    let keys: Vec<Box<str>> =
        (0..CREDENTIALS).map(|_| generate_key(&pepper, |bytes| random.fill(bytes)).reveal().into()).collect();
    let mut gateway = gateway(config);
    let before = (resident_bytes(), LIVE_BYTES.load(Ordering::Relaxed));
    for (number, key) in keys.iter().enumerate() {
        let request = Request::new(Place::Header, 0, key, &body);
        warm(&mut gateway, &request, || GrantAnswer::Found(grant(&pepper, key, number as u64)));
    }
    let resident = resident_bytes().saturating_sub(before.0);
    let heap = LIVE_BYTES.load(Ordering::Relaxed).saturating_sub(before.1);
    let accounted = gateway.memory_use().grant_bytes as u64;
    assert_eq!(gateway.memory_use().grants, CREDENTIALS);

    let (mut anyone, mut one) = (Measured::default(), Measured::default());
    for _ in 0..options.rounds {
        for (measured, among) in [(&mut anyone, CREDENTIALS), (&mut one, 1)] {
            let key = || &keys[random.next() as usize % among];
            let make = || Request::new(Place::Header, random.next() as usize % 100, key(), &body);
            measured.round(make, |request| {
                let decision = gateway.decide(&black_box(request.head()), Body::Unread, NOW);
                assert!(matches!(black_box(&decision), Decision::Forward(_)));
            });
        }
    }
    line(report, "\nHeader key, 100 routes, 1,000,000 credentials in memory:\n");
    line(report, "| key | median ns | best ns | allocations | bytes allocated |");
    line(report, "| --- | ---: | ---: | ---: | ---: |");
    line(report, &format!("| any of them, at random | {} |", anyone.row()));
    line(report, &format!("| always the same | {} |", one.row()));
    let each = |bytes: u64| bytes / CREDENTIALS as u64;
    line(report, "\n| memory per credential | bytes |\n| --- | ---: |");
    line(report, &format!("| as accounted | {} |", each(accounted)));
    line(report, &format!("| asked of the allocator | {} |", each(heap)));
    line(report, &format!("| resident | {} |", each(resident)));
}

fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096
}

/// Counts what is asked of the system's allocator. The bench has one thread: plain loads and
/// stores do, and cost next to nothing.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE_BYTES: AtomicU64 = AtomicU64::new(0);

fn add(counter: &AtomicU64, number: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(number), Ordering::Relaxed);
}

impl Counting {
    fn count(allocated: usize, freed: usize) {
        add(&ALLOCATIONS, 1);
        add(&BYTES, allocated as u64);
        add(&LIVE_BYTES, (allocated as u64).wrapping_sub(freed as u64));
    }
}

// SAFETY: hands every call on to the system's allocator, unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Counting::count(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Counting::count(layout.size(), 0);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        add(&LIVE_BYTES, (layout.size() as u64).wrapping_neg());
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        Counting::count(bytes, layout.size());
        unsafe { System.realloc(block, layout, bytes) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// What is told.

const BEGIN: &str = "<!-- core:begin -->";
const END: &str = "<!-- core:end -->";

fn line(report: &mut String, text: &str) {
    writeln!(report, "{text}").expect("a String takes whatever is written");
}

/// Puts the report between its markers in docs/benchmarks.md.
fn write_report(report: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
    let old = std::fs::read_to_string(&path).expect("docs/benchmarks.md can be read");
    let (before, after) = match (old.find(BEGIN), old.find(END)) {
        (Some(begin), Some(end)) if begin < end => (&old[..begin], &old[end + END.len()..]),
        _ => (&*format!("{old}\n## Core\n\n"), "\n"),
    };
    let new = format!("{before}{BEGIN}\n\n{report}\n{END}{after}");
    std::fs::write(&path, new).expect("docs/benchmarks.md can be written");
}
