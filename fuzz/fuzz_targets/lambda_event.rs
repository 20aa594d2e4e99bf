//! Events of the Lambda function's triggers: any text is read or refused without a panic; what an
//! event says of method, path, query, fields and body is what the request has; and a path that an
//! authorizer allows is one that nobody reads as another.

#![no_main]

use std::cell::RefCell;

use arbitrary::{Arbitrary, Unstructured};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::PathAndQuery;
use latchkey_gateway::config::{ConfigCompiler, HeaderNames};
use latchkey_gateway::gateway::{Authorization, Gateway, GatewaySettings};
use latchkey_gateway::request::{Headers as _, Now};
use latchkey_published::feed::{FeedReply, Format, Shown};
use latchkey_published::keys::{Pepper, Peppers};
use latchkey_published::snapshot::{ConfigKind, Piece, PieceId};
use latchkey_router::normalise_path;
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::event::Event;
use crate::fields::Fields;
use crate::request::Request;
use crate::trigger::{Kind, is_path_ambiguous};

// The files themselves: the crate has AWS's clients beside them, which take minutes to build.
#[path = "../../lambda-adapter/src/answer.rs"]
mod answer;
#[path = "../../lambda-adapter/src/event.rs"]
#[allow(dead_code, reason = "the rest of the adapter uses it")]
mod event;
#[path = "../../lambda-adapter/src/fields.rs"]
mod fields;
#[path = "../../lambda-adapter/src/request.rs"]
#[allow(dead_code, reason = "the rest of the adapter uses it")]
mod request;
#[path = "../../lambda-adapter/src/text.rs"]
mod text;
#[path = "../../lambda-adapter/src/trigger/mod.rs"]
#[allow(dead_code, reason = "the rest of the adapter uses it")]
mod trigger;

const NOW: Now = Now { unix_ms: 1_000_000, monotonic_ms: 1_000_000 };

fuzz_target!(|input: &[u8]| {
    // Either the text of an event, or what to make one of that its trigger could make.
    match input.split_first() {
        Some((0, made_of)) => {
            if let Ok(sent) = Sent::arbitrary(&mut Unstructured::new(made_of)) {
                check_as_sent(&sent);
            }
        }
        _ => drop(check(&String::from_utf8_lossy(input))),
    }
});

/// Reads an event, and checks what holds of any.
fn check(text: &str) -> Option<Request> {
    let event = Event::parse(text).ok()?;
    let kind = Kind::of(&event)?;
    let request = match kind {
        Kind::Request(trigger) => trigger.request(&event),
        Kind::Authorize(authorizer) => authorizer.request(&event),
        // What is called by the schedule is no request, and no request is taken for it.
        Kind::Scheduled => {
            assert!(event.http_method.is_none() || event.path.is_none(), "{text}");
            return None;
        }
    };
    let request = request.ok()?;
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    assert!(request.path.starts_with('/'));
    let target = [request.path.as_bytes(), query.as_bytes()].concat();
    assert!(target.iter().all(u8::is_ascii_graphic), "{target:?}");
    assert!(PathAndQuery::try_from(format!("/{query}")).is_ok(), "{query}");
    read_fields(&request);
    if matches!(kind, Kind::Authorize(_)) && !is_path_ambiguous(&event) && is_allowed(&request) {
        let told = event.raw_path.as_ref().or(event.path.as_ref()).map_or("", |path| &path.0);
        check_allowed(told, &request.path);
    }
    Some(request)
}

fn read_fields(request: &Request) {
    let set = |name: &str| std::iter::once(name.to_owned()).collect();
    let names = HeaderNames { keys: set("apikey"), routing: set("a") };
    let fields = Fields::new(&request.headers, request.is_joined.then_some(&names));
    for name in ["apikey", "a", "b"] {
        let lines = request.headers.get_all(name).iter().count();
        assert!(fields.values(name).count() >= lines, "{name}");
    }
}

/// `decided` is the path that was decided by, `told` what the event has.
fn check_allowed(told: &str, decided: &str) {
    assert!(normalise_path(decided.as_bytes()).eq_ignore_ascii_case(decided.as_bytes()), "{decided}");
    assert!(!told.contains(['?', '#', '\\', '\0']), "{told}");
    // Under a stage with a name, only the end of it is decided by.
    let once: String = percent_decode_str(decided).decode_utf8_lossy().into_owned();
    let is_dots = |segment: &str| segment == "." || segment == "..";
    for reading in [decided, &once] {
        assert!(!reading.split(['/', '\\']).any(is_dots), "{reading}");
        assert!(
            !reading.split(['/', '\\']).any(|segment| is_dots(segment.split(';').next().unwrap_or_default()))
        );
    }
    assert!(!decided.contains("//"));
}

fn is_allowed(request: &Request) -> bool {
    thread_local! {
        static OPEN: RefCell<Gateway> = RefCell::new(open_gateway());
    }
    let fields = Fields::new(&request.headers, None);
    OPEN.with_borrow_mut(|gateway| {
        let decided = gateway.authorize(&request.head(&fields, NOW, 1), NOW);
        matches!(decided.expect("it knows all there is"), Authorization::Allow(_))
    })
}

/// With a route for every path, where nobody is asked for a key.
fn open_gateway() -> Gateway {
    let (service, route) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let mut pieces = std::collections::BTreeMap::<PieceId, Piece>::new();
    let mut put = |kind, id, entity| pieces.entry(PieceId::of(id)).or_default().set(kind, id, Some(entity));
    put(
        ConfigKind::Services,
        service,
        json!({"protocol": "http", "host": "up.test", "port": 80, "retries": 5,
        "connect_timeout": 1, "write_timeout": 1, "read_timeout": 1}),
    );
    put(ConfigKind::Routes, route, json!({"id": route, "service": {"id": service}, "paths": ["/"]}));
    let pieces = pieces.iter().map(|(id, piece)| (*id, piece.encode())).collect();
    let reply =
        FeedReply { format: Format::default(), epoch: 1, reset: true, shown: Shown::all(1), changes: vec![], unlisted: 0, pieces };
    let peppers = Peppers { current: Pepper::new(b"pepper"), previous: None };
    let mut gateway = Gateway::new(GatewaySettings::default(), peppers);
    gateway.learn_feed(NOW, NOW, Some(reply), &mut ConfigCompiler::default()).expect("it is made above");
    gateway
}

/// What a client sent, and through which trigger.
#[derive(Arbitrary, Debug)]
struct Sent {
    trigger: Made,
    method: u8,
    path: String,
    query: Vec<(String, String)>,
    fields: Vec<(u8, String)>,
    body: Vec<u8>,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    Payload2,
    RestApi,
    LoadBalancer,
    AuthorizerOfHttpApi,
    AuthorizerOfRestApi,
}

const METHODS: [&str; 5] = ["GET", "POST", "OPTIONS", "PURGE", "M-SEARCH"];
const FIELDS: [&str; 4] = ["apikey", "x-a", "Content-Type", "X-B"];

fn check_as_sent(sent: &Sent) {
    let event = sent.event();
    let request = check(&event.to_string()).expect("every trigger's event is understood");
    assert_eq!(request.method.as_str(), sent.method());
    check_path(&sent.path, &request.path);
    check_query(sent, request.query.as_deref());
    for name in FIELDS {
        let received = request.headers.get_all(name).iter().map(|value| value.as_bytes().to_vec());
        assert_eq!(received.collect::<Vec<_>>(), sent.values(name), "{name}");
    }
    assert_eq!(request.body, sent.body);
}

/// Each character is there, as itself or escaped, and none besides but a slash in front.
fn check_path(sent: &str, path: &str) {
    let received = path.strip_prefix('/').filter(|_| !sent.starts_with('/')).unwrap_or(path);
    let mut rest = received;
    for character in sent.chars() {
        let escaped: String = character.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
        let plain = rest.strip_prefix(character).filter(|_| character.is_ascii_graphic());
        rest = plain.or_else(|| rest.strip_prefix(&escaped)).unwrap_or_else(|| panic!("{sent:?} {path:?}"));
    }
    assert!(rest.is_empty(), "{sent:?} {path:?}");
}

fn check_query(sent: &Sent, query: Option<&str>) {
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let received: Vec<_> = query.iter().flat_map(|query| query.split('&')).collect();
    match sent.trigger {
        Made::Payload2 | Made::AuthorizerOfHttpApi => {
            let raw = sent.raw_query();
            assert_eq!(query.is_some(), !raw.is_empty());
            check_path(&format!("/{raw}"), &format!("/{}", query.unwrap_or_default()));
        }
        Made::RestApi | Made::AuthorizerOfRestApi => {
            let pairs: Vec<_> = received
                .iter()
                .map(|pair| pair.split_once('=').expect("every pair has one"))
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect();
            let expected: Vec<_> = sent
                .pairs()
                .into_iter()
                .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
                .collect();
            assert_eq!(pairs, expected);
        }
        // As they were sent: what decodes to itself tells no more than how many there are.
        Made::LoadBalancer => assert_eq!(received.len(), sent.pairs().len()),
    }
}

impl Sent {
    fn method(&self) -> &'static str {
        METHODS[usize::from(self.method) % METHODS.len()]
    }

    /// Values of a field that can stand in one.
    fn values(&self, name: &str) -> Vec<Vec<u8>> {
        let of_name = self.fields().into_iter().filter(|(it, _)| *it == name);
        let values: Vec<Vec<u8>> = of_name.map(|(_, value)| value.into_bytes()).collect();
        match self.trigger {
            // A trigger joins them.
            Made::Payload2 | Made::AuthorizerOfHttpApi if !values.is_empty() => vec![values.join(&b","[..])],
            _ => values,
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let fields = self.fields.iter().map(|(name, value)| {
            let value = value.chars().filter(|c| !c.is_ascii_control()).collect();
            (FIELDS[usize::from(*name) % FIELDS.len()], value)
        });
        fields.collect()
    }

    fn raw_query(&self) -> String {
        let pairs = self.query.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// As a trigger takes them apart: values of one name together.
    fn pairs(&self) -> Vec<(&str, &str)> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in &self.query {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        // A JSON object made here is in this order.
        names.sort_unstable();
        let of = |name| self.query.iter().filter(move |(it, _)| it == name);
        names.iter().flat_map(|name| of(*name).map(|(name, value)| (name.as_str(), value.as_str()))).collect()
    }

    fn event(&self) -> Value {
        let mut lists = Map::new();
        let mut parameters = Map::new();
        let append = |map: &mut Map<String, Value>, name: &str, value: &str| {
            let values = map.entry(name).or_insert_with(|| json!([]));
            values.as_array_mut().expect("a list").push(value.into());
        };
        for (name, value) in self.fields() {
            append(&mut lists, name, &value);
        }
        for (name, value) in self.pairs() {
            append(&mut parameters, name, value);
        }
        let text = |name: &&str| {
            let values = self.values(name);
            (!values.is_empty()).then(|| (name.to_string(), String::from_utf8_lossy(&values[0]).into()))
        };
        let joined: Map<String, Value> = FIELDS.iter().filter_map(text).collect();
        let mut event = match self.trigger {
            Made::Payload2 | Made::AuthorizerOfHttpApi => json!({
                "version": "2.0", "rawPath": self.path, "rawQueryString": self.raw_query(), "headers": joined,
                "requestContext": {"stage": "$default", "http": {"method": self.method()}},
            }),
            Made::RestApi | Made::LoadBalancer | Made::AuthorizerOfRestApi => json!({
                "httpMethod": self.method(), "path": self.path, "multiValueHeaders": lists,
                "multiValueQueryStringParameters": parameters, "requestContext": {},
            }),
        };
        match self.trigger {
            Made::LoadBalancer => event["requestContext"]["elb"] = json!({}),
            Made::AuthorizerOfHttpApi => {
                event["type"] = "REQUEST".into();
                event["routeArn"] = "arn".into();
            }
            Made::AuthorizerOfRestApi => {
                event["type"] = "REQUEST".into();
                event["methodArn"] = "arn".into();
            }
            Made::Payload2 | Made::RestApi => {}
        }
        event["body"] = STANDARD.encode(&self.body).into();
        event["isBase64Encoded"] = true.into();
        event
    }
}
