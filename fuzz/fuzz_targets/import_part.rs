//! Parts of imports: whatever is sent is answered without a panic and without a server error; what is
//! refused changes nothing, and what is stored at the end is consistent.

#![no_main]

use arbitrary::Arbitrary;
use http::{HeaderMap, HeaderValue};
use latchkey_control::http::{Control, ControlSettings, Head};
use latchkey_control::ports::testing::{ManualClock, SeededRandom};
use latchkey_control::registry::{Registry, testing};
use latchkey_published::keys::{Pepper, Peppers};
use latchkey_store::memory::MemoryStore;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

const TOKEN: &str = "sesame";
const IMPORT: &str = "/admin/imports/00000000-0000-0000-0000-00000000004d";

#[derive(Arbitrary, Debug)]
struct Input {
    parts: Vec<Part>,
    prune: bool,
    dry_run: bool,
    select_tags: Vec<Text>,
}

#[derive(Arbitrary, Debug)]
enum Part {
    Entities { entities: Vec<Entity>, tag_keys: Option<Vec<Text>> },
    Bytes(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
struct Entity {
    kind: u8,
    /// What is right for its kind, before `members` are laid over it.
    is_whole: bool,
    name: Text,
    other: Text,
    members: Vec<(u8, Member)>,
}

#[derive(Arbitrary, Debug)]
enum Text {
    Known(u8),
    Any(String),
}

#[derive(Arbitrary, Debug)]
enum Member {
    Text(Text),
    Reference(u8, Text),
    Texts(Vec<Text>),
    Number(i64),
    Boolean(bool),
    Null,
}

const KINDS: [&str; 7] =
    ["services", "routes", "consumers", "keyauth_credentials", "plugins", "developers", "x"];

const FIELDS: [&str; 18] = [
    "id", "name", "username", "custom_id", "instance_name", "key", "ttl", "tags", "host", "url", "paths",
    "service", "route", "consumer", "config", "enabled", "created_at", "hosts",
];

const KNOWN: [&str; 14] = [
    "s",
    "r",
    "bob",
    "eve",
    "k1",
    "k2",
    "lk_x",
    "/a",
    "unknown:00000000-0000-0000-0000-000000000005",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "00000000-0000-0000-0000-000000000005",
    "00000000-0000-0000-0000-000000000006",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "key-auth",
];

impl Text {
    fn as_str(&self) -> &str {
        match self {
            Text::Known(at) => KNOWN[usize::from(*at) % KNOWN.len()],
            Text::Any(text) => text,
        }
    }
}

fn picked(names: &[&'static str], at: u8) -> &'static str {
    names[usize::from(at) % names.len()]
}

impl Member {
    fn json(&self) -> Value {
        match self {
            Member::Text(text) => text.as_str().into(),
            Member::Reference(by, text) => json!({picked(&["id", "name", "username", "custom_id"], *by): text.as_str()}),
            Member::Texts(texts) => texts.iter().map(Text::as_str).collect::<Vec<_>>().into(),
            Member::Number(number) => (*number).into(),
            Member::Boolean(value) => (*value).into(),
            Member::Null => Value::Null,
        }
    }
}

impl Entity {
    fn json(&self) -> Value {
        let kind = picked(&KINDS, self.kind);
        let (name, other) = (self.name.as_str(), self.other.as_str());
        let mut entity = match (self.is_whole, kind) {
            (false, _) => json!({}),
            (true, "services") => json!({"name": name, "host": "a.test"}),
            (true, "routes") => json!({"paths": ["/a"], "service": {"name": other}}),
            (true, "consumers") => json!({"username": name}),
            (true, "keyauth_credentials") => json!({"key": name, "consumer": {"username": other}}),
            (true, "plugins") => json!({"name": "key-auth", "service": {"name": other}}),
            (true, _) => json!({"email": "a@b"}),
        };
        for (field, member) in &self.members {
            entity[picked(&FIELDS, *field)] = member.json();
        }
        json!({"kind": kind, "entity": entity})
    }
}

impl Part {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Part::Bytes(bytes) => bytes.clone(),
            Part::Entities { entities, tag_keys } => {
                let entities: Vec<Value> = entities.iter().map(Entity::json).collect();
                let tag_keys = tag_keys.as_ref().map(|keys| keys.iter().map(Text::as_str).collect::<Vec<_>>());
                json!({"entities": entities, "tag_keys": tag_keys}).to_string().into_bytes()
            }
        }
    }
}

type MemoryControl = Control<MemoryStore, ManualClock, SeededRandom>;

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
        ("/admin/consumers", json!({"username": "bob"})),
        ("/admin/consumers/bob/key-auth", json!({"key": "k1"})),
    ] {
        let (status, _) = serve(&control, "POST", path, body.to_string().as_bytes()).await;
        assert_eq!(status, 201, "{path}");
    }
    control
}

async fn serve(control: &MemoryControl, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
    let mut headers = HeaderMap::new();
    headers.insert("kong-admin-token", HeaderValue::from_static(TOKEN));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let head = Head {
        method,
        host: b"control.test",
        path,
        query: None,
        headers: &headers,
        client_ip: None,
        request_id: None,
    };
    let answer = control.serve(&head, body).await;
    let status = answer.status().as_u16();
    assert!(status < 500, "{method} {path}: {status}");
    (status, serde_json::from_slice(answer.body()).unwrap_or_default())
}

/// Goes on until all is done or refused; `None`: it cannot be begun.
async fn advance(control: &MemoryControl, options: &Value) -> Option<Value> {
    for _ in 0..100 {
        let (status, answer) = serve(control, "POST", IMPORT, options.to_string().as_bytes()).await;
        if status != 200 {
            return None;
        }
        if answer["state"] == "done" || answer["state"] == "refused" {
            return Some(answer);
        }
    }
    panic!("it does not end");
}

async fn check(input: &Input) {
    let control = new_control().await;
    let dump = || control.registry().store().dump();
    let before = testing::comparable(&dump());
    for (part, sent) in input.parts.iter().take(8).enumerate() {
        let stored = dump();
        let (status, _) = serve(&control, "PUT", &format!("{IMPORT}/parts/{part}"), &sent.bytes()).await;
        if status != 200 {
            assert_eq!(dump(), stored, "a part that is refused has changed something");
        }
    }
    let tags: Vec<&str> = input.select_tags.iter().map(Text::as_str).collect();
    let parts = input.parts.len().min(8);
    let options = json!({"parts": parts, "prune": input.prune, "dry_run": input.dry_run, "select_tags": tags});
    let Some(answer) = advance(&control, &options).await else {
        assert_eq!(testing::comparable(&dump()), before);
        return;
    };
    if answer["state"] == "refused" || input.dry_run {
        assert_eq!(testing::comparable(&dump()), before);
    }
    testing::audit(&dump()).await;
}

fuzz_target!(|input: Input| {
    thread_local! {
        static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(check(&input)));
});
