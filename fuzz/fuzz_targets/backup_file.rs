//! Files of back-ups: any bytes; lines that were packed whole; and records under a right SHA-256, sent to a
//! gateway as `latchkey restore` sends them. What is refused has changed nothing, and nothing is answered
//! with a server error.
//!
//! The reader is the local program's own, which is no library.
#![no_main]
#![allow(dead_code)]

#[path = "../../local-adapter/src/backup_file.rs"]
mod backup_file;

use std::io::Write as _;

use arbitrary::Arbitrary;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue};
use latchkey_control::http::{Control, ControlSettings, Head};
use latchkey_control::ports::testing::{ManualClock, SeededRandom};
use latchkey_control::registry::Registry;
use latchkey_published::keys::{Pepper, Peppers};
use latchkey_store::memory::MemoryStore;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::backup_file::{Fault, Reader, Writer};

const TOKEN: &str = "sesame";

#[derive(Arbitrary, Debug)]
enum Input {
    Bytes(Vec<u8>),
    Lines(Vec<String>),
    Pages { description: Description, pages: Vec<Vec<Record>> },
}

#[derive(Arbitrary, Debug)]
enum Description {
    Right,
    With(String, String),
}

#[derive(Arbitrary, Debug)]
struct Record {
    partition: Partition,
    sort: String,
    value: Value_,
}

#[derive(Arbitrary, Debug)]
enum Partition {
    Known(u8, String),
    Any(String),
}

#[derive(Arbitrary, Debug)]
enum Value_ {
    Text(String),
    Object(Vec<(String, String)>),
    Base64(Vec<u8>),
    Wrong(String),
    Absent,
}

const KNOWN: [&str; 10] = [
    "entity/consumers",
    "children/consumers/",
    "grant/",
    "published",
    "job",
    "setting",
    "audit",
    "whole-store",
    "named_token",
    "unique/consumers/username",
];

impl Record {
    fn json(&self) -> Value {
        let partition = match &self.partition {
            Partition::Known(at, more) => format!("{}{more}", KNOWN[usize::from(*at) % KNOWN.len()]),
            Partition::Any(text) => text.clone(),
        };
        let mut record = json!({"partition": partition, "sort": self.sort});
        match &self.value {
            Value_::Text(text) => record["text"] = text.as_str().into(),
            Value_::Object(members) => {
                let members = members.iter().map(|(name, text)| (name.clone(), text.as_str().into()));
                record["text"] = Value::Object(members.collect()).to_string().into();
            }
            Value_::Base64(bytes) => {
                use base64::Engine as _;
                record["base64"] = base64::engine::general_purpose::STANDARD.encode(bytes).into();
            }
            Value_::Wrong(text) => record["base64"] = text.as_str().into(),
            Value_::Absent => {}
        }
        record
    }
}

fn packed(text: &str) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text.as_bytes()).expect("memory takes it");
    out.finish().expect("memory takes it")
}

/// What the back-up says of itself, and its pages; no file that is not whole has any.
fn read(file: &[u8]) -> Result<(Value, Vec<String>), Fault> {
    let mut reader = Reader::open(file)?;
    let mut pages = Vec::new();
    while let Some(page) = reader.page()? {
        pages.push(page);
    }
    Ok((reader.description().clone(), pages))
}

struct Gateway {
    runtime: Runtime,
    control: Control<MemoryStore, ManualClock, SeededRandom>,
}

impl Gateway {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let pepper = Pepper::new(b"pepper");
        let token = Some(pepper.digest(TOKEN.as_bytes()));
        let peppers = Peppers { current: pepper, previous: None };
        let (clock, random) = (ManualClock::at(1_700_000_000_000), SeededRandom::new(1));
        let registry = Registry::open(MemoryStore::default(), clock, random, peppers);
        let registry = runtime.block_on(registry).expect("an empty store opens");
        Gateway { runtime, control: Control::new(registry, ControlSettings::new(token, "fuzz", Uuid::nil())) }
    }

    fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut headers = HeaderMap::new();
        headers.insert("kong-admin-token", HeaderValue::from_static(TOKEN));
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let path = format!("/admin{path}");
        let (path, query) = path.split_once('?').map_or((&*path, None), |(path, query)| (path, Some(query)));
        let head =
            Head { method, host: b"", path, query, headers: &headers, client_ip: None, request_id: None };
        let answer = self.runtime.block_on(self.control.serve(&head, body.as_bytes()));
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }
}

fn restore(gateway: &Gateway, description: &Value, pages: &[String]) {
    let before = gateway.control.registry().store().dump();
    let mut asked = json!({"replace": false});
    for member in ["id", "format", "peppers", "published_format", "epoch"] {
        asked[member] = description[member].clone();
    }
    let (status, begun) = gateway.call("POST", "/restores", &asked.to_string());
    assert!(matches!(status, 201 | 400 | 409), "{status} {begun}");
    if status != 201 {
        assert_eq!(gateway.control.registry().store().dump(), before);
        return;
    }
    let id = begun["id"].as_str().expect("it has an id").to_owned();
    for (number, page) in pages.iter().enumerate() {
        let before = gateway.control.registry().store().dump();
        let body = format!("{{\"data\":{page}}}");
        let (status, answer) = gateway.call("PUT", &format!("/restores/{id}/parts/{number}"), &body);
        match status {
            200 => {}
            400 => {
                assert_eq!(gateway.control.registry().store().dump(), before);
                assert_eq!(gateway.call("DELETE", &format!("/restores/{id}"), "").0, 204);
                assert_eq!(gateway.call("GET", "/consumers", "").1["data"], json!([]));
                return;
            }
            other => panic!("{other} {answer}"),
        }
    }
}

fuzz_target!(|input: Input| {
    let gateway = Gateway::new();
    match input {
        Input::Bytes(bytes) => drop(read(&bytes)),
        Input::Lines(lines) => {
            if let Ok((description, pages)) = read(&packed(&(lines.join("\n") + "\n"))) {
                restore(&gateway, &description, &pages);
            }
        }
        Input::Pages { description, pages } => {
            let (_, mut said) = gateway.call("POST", "/backups", "{}");
            let id = said["id"].as_str().expect("it has an id").to_owned();
            assert_eq!(gateway.call("DELETE", &format!("/backups/{id}"), "").0, 204);
            if let Description::With(name, text) = description {
                said[name] = serde_json::from_str(&text).unwrap_or(Value::String(text));
            }
            let mut writer = Writer::new(Vec::new(), &said).expect("memory takes it");
            for page in &pages {
                let records: Vec<Value> = page.iter().map(Record::json).collect();
                writer.page(&records).expect("memory takes it");
            }
            let file = writer.finish().expect("memory takes it");
            let (description, read) = read(&file).expect("what was written is read");
            assert_eq!((&description, read.len()), (&said, pages.len()));
            restore(&gateway, &description, &read);
        }
    }
});
