//! The control door: whatever is sent, to whatever path, with whatever query, in JSON, a form or
//! multipart, is answered without a panic and without a server error, by a status that
//! `/openapi.json` lists for the call.

#![no_main]

use std::fmt::Write as _;

use arbitrary::Arbitrary;
use http::{HeaderMap, HeaderValue};
use latchkey_control::http::endpoints::{ENDPOINTS, Endpoint};
use latchkey_control::http::routing::{find, surface};
use latchkey_control::http::openapi::statuses;
use latchkey_control::http::{Control, ControlSettings, Head};
use latchkey_control::ports::testing::{ManualClock, SeededRandom};
use latchkey_control::registry::Registry;
use latchkey_control::schema::{EntityKind, PLUGINS};
use latchkey_published::keys::{Pepper, Peppers};
use latchkey_store::memory::MemoryStore;
use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

const TOKEN: &str = "sesame";
const BOUNDARY: &str = "b";

/// Several calls, since most are refused where nothing is.
#[derive(Arbitrary, Debug)]
struct Input {
    calls: Vec<Sent>,
}

#[derive(Arbitrary, Debug)]
struct Sent {
    path: Path,
    query: Query,
    body: Body,
}

#[derive(Arbitrary, Debug)]
enum Path {
    /// A method of an endpoint, and what stands in the places of its braces.
    Of {
        endpoint: u8,
        method: u8,
        keys: [Text; 4],
    },
    Any {
        method: String,
        path: String,
    },
}

#[derive(Arbitrary, Debug)]
enum Query {
    None,
    Page { size: Option<String>, offset: Option<String>, tags: Option<String>, custom_id: Option<String> },
    Any(String),
}

#[derive(Arbitrary, Debug)]
enum Body {
    Members(MediaType, Vec<(u16, Member)>),
    Any(MediaType, Vec<u8>),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum MediaType {
    Json,
    Form,
    Multipart,
}

/// A text that means something here, or any.
#[derive(Arbitrary, Debug)]
enum Text {
    Known(u8),
    Any(String),
}

#[derive(Arbitrary, Debug)]
enum Member {
    Text(Text),
    Number(i64),
    Fraction(f64),
    Boolean(bool),
    Null,
    List(Vec<Text>),
    Record(Vec<(u16, Text)>),
}

const KNOWN: [&str; 18] = [
    "s",
    "r",
    "s@t",
    "key-auth",
    "application-registration",
    "https",
    "grpc",
    "tls_passthrough",
    "/a",
    "~/a(b|c)",
    "http://u.test:80/v1",
    "*.a.test",
    "10.0.0.0/8",
    "GET",
    "lk_x",
    "{}",
    "00000000-0000-0000-0000-000000000000",
    "a,b/c",
];

impl Text {
    fn as_str(&self) -> &str {
        match self {
            Text::Known(at) => KNOWN[usize::from(*at) % KNOWN.len()],
            Text::Any(text) => text,
        }
    }
}

impl Member {
    fn json(&self, names: &[String]) -> Value {
        match self {
            Member::Text(text) => text.as_str().into(),
            Member::Number(number) => (*number).into(),
            Member::Fraction(number) => json!(number),
            Member::Boolean(value) => (*value).into(),
            Member::Null => Value::Null,
            Member::List(texts) => texts.iter().map(Text::as_str).collect::<Vec<_>>().into(),
            Member::Record(members) => {
                let member = |(at, text): &(u16, Text)| (name(*at, names).to_owned(), text.as_str().into());
                Value::Object(members.iter().map(member).collect())
            }
        }
    }

    /// As forms have it: each name with its text.
    fn fields(&self, name: &str, names: &[String]) -> Vec<(String, String)> {
        match self.json(names) {
            Value::String(text) => vec![(name.to_owned(), text)],
            Value::Null => vec![(name.to_owned(), String::new())],
            Value::Array(texts) => {
                let text = |text: &Value| text.as_str().unwrap_or_default().to_owned();
                texts.iter().map(|it| (format!("{name}[]"), text(it))).collect()
            }
            Value::Object(members) => {
                let text = |text: &Value| text.as_str().unwrap_or_default().to_owned();
                members.iter().map(|(inner, it)| (format!("{name}.{inner}"), text(it))).collect()
            }
            other => vec![(name.to_owned(), other.to_string())],
        }
    }
}

/// Every name of a field, and some of what is in one.
fn names() -> Vec<String> {
    let fields = EntityKind::ALL.iter().flat_map(|kind| kind.schema().fields);
    let mut names: Vec<String> = fields.map(|field| field.name.to_owned()).collect();
    let settings = PLUGINS.iter().flat_map(|plugin| plugin.config);
    names.extend(settings.map(|field| format!("config.{}", field.name)));
    names.extend(
        [
            "url",
            "config",
            "service.id",
            "service.name",
            "headers.x",
            "headers[x]",
            "sources[1].ip",
            "tags[2]",
        ]
        .map(str::to_owned),
    );
    names
}

fn name(at: u16, names: &[String]) -> &str {
    &names[usize::from(at) % names.len()]
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

impl Body {
    fn media_type(&self) -> MediaType {
        let (Body::Members(media_type, _) | Body::Any(media_type, _)) = self;
        *media_type
    }

    fn bytes(&self, names: &[String]) -> Vec<u8> {
        let (media_type, members) = match self {
            Body::Any(_, bytes) => return bytes.clone(),
            Body::Members(media_type, members) => (media_type, members),
        };
        let fields = || members.iter().flat_map(|(at, member)| member.fields(name(*at, names), names));
        let mut text = String::new();
        match media_type {
            MediaType::Json => {
                let member = |(at, member): &(u16, Member)| (name(*at, names).to_owned(), member.json(names));
                text = Value::Object(members.iter().map(member).collect()).to_string();
            }
            MediaType::Form => {
                for (name, value) in fields() {
                    let _ = write!(text, "&{}={}", escaped(&name), escaped(&value));
                }
            }
            MediaType::Multipart => {
                for (name, value) in fields() {
                    let head = format!("Content-Disposition: form-data; name=\"{name}\"");
                    let _ = write!(text, "--{BOUNDARY}\r\n{head}\r\n\r\n{value}\r\n");
                }
                let _ = write!(text, "--{BOUNDARY}--\r\n");
            }
        }
        text.into_bytes()
    }
}

impl Sent {
    fn method(&self) -> String {
        match &self.path {
            Path::Of { endpoint, method, .. } => {
                let methods = chosen(*endpoint).methods();
                methods[usize::from(*method) % methods.len()].to_owned()
            }
            Path::Any { method, .. } => method.clone(),
        }
    }

    fn path(&self) -> String {
        match &self.path {
            Path::Of { endpoint, keys, .. } => {
                let endpoint = chosen(*endpoint);
                let path = format!("{}{}", endpoint.surface.prefix(), endpoint.path);
                endpoint.variables().zip(keys).fold(path, |path, (name, key)| {
                    path.replacen(&format!("{{{name}}}"), &escaped(key.as_str()), 1)
                })
            }
            Path::Any { path, .. } => path.clone(),
        }
    }

    fn query(&self) -> Option<String> {
        match &self.query {
            Query::None => None,
            Query::Any(query) => Some(query.clone()),
            Query::Page { size, offset, tags, custom_id } => {
                let pairs = [("size", size), ("offset", offset), ("tags", tags), ("custom_id", custom_id)];
                let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
                Some(
                    given
                        .map(|(name, value)| format!("{name}={}", escaped(value)))
                        .collect::<Vec<_>>()
                        .join("&"),
                )
            }
        }
    }
}

fn headers(media_type: MediaType) -> HeaderMap {
    let media_type = match media_type {
        MediaType::Json => "application/json".to_owned(),
        MediaType::Form => "application/x-www-form-urlencoded".to_owned(),
        MediaType::Multipart => format!("multipart/form-data; boundary={BOUNDARY}"),
    };
    let mut headers = HeaderMap::new();
    headers.insert("kong-admin-token", HeaderValue::from_static(TOKEN));
    headers.insert("content-type", HeaderValue::try_from(media_type).expect("a media type"));
    headers
}

fn chosen(endpoint: u8) -> &'static Endpoint {
    &ENDPOINTS[usize::from(endpoint) % ENDPOINTS.len()]
}

type MemoryControl = Control<MemoryStore, ManualClock, SeededRandom>;

/// With one entity of most kinds.
async fn new_control() -> MemoryControl {
    let peppers = Peppers { current: Pepper::new(b"pepper"), previous: None };
    let token = peppers.current.digest(TOKEN.as_bytes());
    let clock = ManualClock::at(1_700_000_000_000);
    let opened = Registry::open(MemoryStore::default(), clock, SeededRandom::new(7), peppers).await;
    let registry = opened.expect("the store is empty");
    let control = Control::new(registry, ControlSettings::new(Some(token), "fuzz", Uuid::nil()));
    for (path, body) in [
        ("/admin/services", json!({"name": "s", "host": "a"})),
        ("/admin/services/s/routes", json!({"name": "r", "paths": ["/r"]})),
        ("/admin/consumers", json!({"username": "s"})),
        ("/admin/consumers/s/key-auth", json!({"key": "s"})),
        ("/admin/developers", json!({"email": "s@t"})),
    ] {
        let headers = headers(MediaType::Json);
        let status = serve(&control, "POST", path, None, &headers, body.to_string().as_bytes()).await;
        assert!(status < 300, "{path}: {status}");
    }
    control
}

async fn serve(
    control: &MemoryControl,
    method: &str,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> u16 {
    let head = Head { method, host: b"control.test", path, query, headers, client_ip: None, request_id: None };
    control.serve(&head, body).await.status().as_u16()
}

async fn check(input: &Input) {
    let control = new_control().await;
    let names = names();
    for sent in &input.calls {
        let (method, path, query) = (sent.method(), sent.path(), sent.query());
        let body = sent.body.bytes(&names);
        let status =
            serve(&control, &method, &path, query.as_deref(), &headers(sent.body.media_type()), &body).await;
        assert!(status < 500, "{method} {path} {query:?}: {status}");
        let Some((surface, below)) = surface(&path) else { continue };
        let Some(matched) = find(surface, below) else { continue };
        let listed = match matched.endpoint.call(&method) {
            Some(call) => statuses(matched.endpoint, call).contains(&status),
            None => status == 405,
        };
        assert!(listed, "{method} {path} {query:?}: {status} is not listed");
    }
}

fuzz_target!(|input: Input| {
    thread_local! {
        static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(check(&input)));
});
