//! Stands in for decK, which no package registry has, where a document's commands are run: asks what decK
//! was recorded asking (tests/vectors/deck.json), in its order, and stops at what decK stops at.
//!
//! `gateway ping`, `dump -o FILE`, `sync FILE` and `diff FILE`, with `--kong-addr` and `--headers`. It knows
//! the kinds of which Latchkey has more than an empty list, nested as decK dumps them. There is no Kong to
//! dump: that is the file that `STAND_IN_KONG` names.
#![allow(clippy::unwrap_used, missing_docs, clippy::print_stdout)]

use std::fs;
use std::io::Read as _;

use latchkey_tests::base::fresh_id;
use latchkey_tests::raw_http::{Request, exchange};
use serde_json::{Value, json};

/// In the order in which decK writes them, and by what it takes two for the same.
const KINDS: [(&str, &[&str]); 5] = [
    ("consumers", &["username", "custom_id"]),
    ("services", &["name"]),
    ("key-auths", &["key"]),
    ("routes", &["name"]),
    ("plugins", &["name", "service", "route", "consumer"]),
];
/// Lists that must be there, whatever is in them.
const OTHERS: [&str; 3] = ["certificates", "snis", "upstreams"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let gateway = || Gateway::of(&arguments);
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["gateway", "ping", ..] => gateway().ping(),
        ["gateway", "dump", ..] => dump(&arguments),
        ["gateway", "sync", file, ..] => gateway().meet(&read(file), true),
        ["gateway", "diff", file, ..] => gateway().meet(&read(file), false),
        other => panic!("no such command: {other:?}"),
    }
}

fn dump(arguments: &[String]) {
    let kong = std::env::var_os("STAND_IN_KONG").expect("STAND_IN_KONG names what Kong has");
    fs::copy(kong, option(arguments, "-o")).unwrap();
}

fn option<'a>(arguments: &'a [String], name: &str) -> &'a str {
    let at = arguments.iter().position(|argument| argument == name);
    let value = at.and_then(|at| arguments.get(at + 1));
    value.unwrap_or_else(|| panic!("no {name} in {arguments:?}"))
}

fn read(file: &str) -> Value {
    let mut text = String::new();
    match file {
        "-" => drop(std::io::stdin().read_to_string(&mut text).unwrap()),
        _ => text = fs::read_to_string(file).unwrap(),
    }
    serde_yaml_ng::from_str(&text).unwrap()
}

/// An entity that is wanted, or there.
struct Entity {
    kind: usize,
    value: Value,
}

impl Entity {
    /// Whether decK takes them for the same.
    fn is(&self, other: &Entity) -> bool {
        let (_, names) = KINDS[self.kind];
        self.kind == other.kind && names.iter().all(|name| self.value[name] == other.value[name])
    }

    /// Whether all that is wanted is there.
    fn is_met_by(&self, there: &Entity) -> bool {
        let wanted = self.value.as_object().unwrap().iter();
        wanted.filter(|(name, _)| *name != "id").all(|(name, value)| contains(&there.value[name], value))
    }

    /// Where decK puts it.
    fn path(&self) -> String {
        let (kind, id) = (KINDS[self.kind].0, self.value["id"].as_str().unwrap());
        match self.value["consumer"]["id"].as_str() {
            Some(consumer) if kind == "key-auths" => format!("/consumers/{consumer}/key-auth/{id}"),
            _ => format!("/{kind}/{id}"),
        }
    }
}

/// Records by the members that are wanted, lists whole.
fn contains(there: &Value, wanted: &Value) -> bool {
    match wanted.as_object() {
        Some(wanted) => wanted.iter().all(|(name, value)| contains(&there[name], value)),
        None => there == wanted,
    }
}

/// All that a file wants, each with the id of what is there already or a new one.
struct Wanted<'t> {
    there: &'t [Entity],
    entities: Vec<Entity>,
}

impl Wanted<'_> {
    /// Adds an entity below its parent, and what is nested in it.
    fn add(&mut self, kind: &str, mut value: Value, parent: Option<(&str, &Value)>) {
        let kind = KINDS.iter().position(|(name, _)| *name == kind).unwrap();
        let members = value.as_object_mut().unwrap();
        let nested = [("routes", "routes"), ("plugins", "plugins"), ("keyauth_credentials", "key-auths")];
        let nested = nested.map(|(member, kind)| (kind, members.remove(member)));
        if let Some((name, id)) = parent {
            members.insert(name.to_owned(), json!({"id": id}));
        }
        let mut entity = Entity { kind, value };
        let same = self.there.iter().find(|there| there.is(&entity));
        let id = same.map_or_else(|| json!(fresh_id()), |same| same.value["id"].clone());
        entity.value["id"] = id.clone();
        self.entities.push(entity);
        let own = KINDS[kind].0.trim_end_matches('s').to_owned();
        for (kind, entities) in nested {
            for value in entities.iter().flat_map(|list| list.as_array().unwrap()) {
                self.add(kind, value.clone(), Some((&own, &id)));
            }
        }
    }
}

/// The gateway that the arguments name.
struct Gateway<'a> {
    authority: &'a str,
    /// Before every path.
    prefix: String,
    header: (&'a str, &'a str),
}

impl<'a> Gateway<'a> {
    fn of(arguments: &'a [String]) -> Self {
        let url = option(arguments, "--kong-addr").strip_prefix("http://").expect("plain HTTP");
        let (authority, prefix) = url.split_once('/').unwrap_or((url, ""));
        let header = option(arguments, "--headers").split_once(':').expect("a name and a value");
        Gateway { authority, prefix: format!("/{prefix}"), header }
    }

    /// What it answers, if with success; else decK ends, and tells no more than the message.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (name, value) = self.header;
        let mut request = Request::new(method, format!("{}{path}", self.prefix)).header(name, value);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = exchange(self.authority, &request).unwrap();
        let json = answer.json().unwrap_or_default();
        assert!(
            (200..400).contains(&answer.status),
            "{method} {path}: {}: {}",
            answer.status,
            json["message"]
        );
        json
    }

    fn ping(&self) {
        let root = self.call("GET", "/", None);
        println!("Successfully connected to Kong!\nKong version:  {}", root["version"].as_str().unwrap());
    }

    /// Every entity of a list, page by page.
    fn list(&self, kind: &str) -> Vec<Value> {
        let (mut all, mut page) = (Vec::new(), format!("/{kind}?size=1000"));
        loop {
            let list = self.call("GET", &page, None);
            all.extend(list["data"].as_array().unwrap().iter().cloned());
            match list["offset"].as_str() {
                Some(offset) => page = format!("/{kind}?size=1000&offset={offset}"),
                None => return all,
            }
        }
    }

    fn state(&self) -> Vec<Entity> {
        self.call("GET", "/", None);
        assert!(OTHERS.iter().all(|kind| self.list(kind).is_empty()));
        let of_kind = |(kind, (name, _)): (usize, &(&str, _))| {
            self.list(name).into_iter().map(move |value| Entity { kind, value }).collect::<Vec<_>>()
        };
        KINDS.iter().enumerate().flat_map(of_kind).collect()
    }

    /// Writes what the file has and the gateway has not or otherwise, and deletes what the file has not;
    /// tells what there is to do.
    fn meet(&self, file: &Value, writes: bool) {
        let there = self.state();
        for kind in ["services", "routes", "upstreams", "targets", "consumer_group_plugins"] {
            self.call_if_there(&format!("/schemas/{kind}"));
        }
        let mut wanted = Wanted { there: &there, entities: Vec::new() };
        for kind in ["services", "consumers", "plugins"] {
            for value in file[kind].as_array().into_iter().flatten() {
                wanted.add(kind, value.clone(), None);
            }
        }
        let mut wanted = wanted.entities;
        wanted.sort_by_key(|entity| entity.kind);
        let (mut created, mut updated, mut deleted) = (0, 0, 0);
        for entity in &wanted {
            match there.iter().find(|there| there.is(entity)) {
                Some(there) if entity.is_met_by(there) => continue,
                Some(_) => updated += 1,
                None => created += 1,
            }
            if writes {
                self.call("PUT", &entity.path(), Some(&entity.value));
            }
        }
        for entity in there.iter().rev().filter(|there| !wanted.iter().any(|wanted| wanted.is(there))) {
            deleted += 1;
            if writes {
                self.call("DELETE", &entity.path(), None);
            }
        }
        println!("Summary:\n  Created: {created}\n  Updated: {updated}\n  Deleted: {deleted}");
    }

    /// 404 is none.
    fn call_if_there(&self, path: &str) {
        let (name, value) = self.header;
        let request = Request::get(&format!("{}{path}", self.prefix)).header(name, value);
        let status = exchange(self.authority, &request).unwrap().status;
        assert!(matches!(status, 200 | 404), "GET {path}: {status}");
    }
}
