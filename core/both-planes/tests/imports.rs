//! Keys that were made by one Latchkey stay good at another, under another pepper, once they are imported as
//! an export shows them.

#![allow(clippy::unwrap_used)]

use http::HeaderMap;
use latchkey_control::ports::testing::{ManualClock, SeededRandom};
use latchkey_control::registry::testing::audit;
use latchkey_control::registry::{ImportOptions, ImportReport, Registry, Step};
use latchkey_control::schema::{EntityKind, Object};
use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{Decision, Need};
use latchkey_gateway::gateway::{Gateway, GatewaySettings, GrantAnswer, Learned};
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_published::grant::Grant;
use latchkey_published::keys::{Pepper, Peppers, hex};
use latchkey_store::Store;
use latchkey_store::feed::read_feed;
use latchkey_store::memory::MemoryStore;
use serde_json::{Value, json};
use uuid::Uuid;

const NOW_MS: u64 = 1_800_000_000_000;
const IMPORT: Uuid = Uuid::from_u128(1);

type OverMemory = Registry<MemoryStore, ManualClock, SeededRandom>;

fn peppers(secret: &str) -> Peppers {
    Peppers { current: Pepper::new(secret.as_bytes()), previous: None }
}

async fn open(secret: &str) -> OverMemory {
    let (clock, random) = (ManualClock::at(NOW_MS), SeededRandom::new(secret.len() as u64));
    Registry::open(MemoryStore::default(), clock, random, peppers(secret)).await.unwrap()
}

fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

async fn make(registry: &OverMemory, kind: EntityKind, entity: Value) -> Object {
    registry.create(kind, &[], &object(entity)).await.unwrap()
}

async fn import(registry: &OverMemory, part: Value) -> ImportReport {
    registry.receive_part(IMPORT, 0, &object(part)).await.unwrap();
    let options = ImportOptions { parts: 1, prune: false, dry_run: false, select_tags: Vec::new() };
    loop {
        let report = registry.advance_import(IMPORT, &options).await.unwrap();
        if ["done", "refused"].contains(&report.state) {
            return report;
        }
    }
}

/// What a gateway that knows nothing yet answers to a key, and how many grants it reads for it.
async fn ask(registry: &OverMemory, secret: &str, key: &str) -> (u16, usize) {
    let mut gateway = Gateway::new(GatewaySettings::default(), peppers(secret));
    let mut compiler = ConfigCompiler::default();
    let mut fields = HeaderMap::new();
    fields.insert("apikey", key.parse().unwrap());
    let now = Now { unix_ms: NOW_MS, monotonic_ms: 1_000 };
    let head = RequestHead {
        method: "GET",
        scheme: Scheme::Http,
        host: b"gateway.test",
        path: b"/",
        query: None,
        headers: &fields,
        client_ip: None,
        server_port: 80,
        forwarded: None,
        started: now,
        request_id: 1,
    };
    let mut reads = 0;
    loop {
        match gateway.decide(&head, Body::Whole(b""), now) {
            Decision::Need(Need::Feed(request)) => {
                let reply = read_feed(registry.store(), request, None).await.unwrap();
                gateway.learn_feed(now, now, Some(reply), &mut compiler).unwrap();
            }
            Decision::Need(Need::Grant(mut request)) => loop {
                reads += 1;
                let record = registry.store().get(&Grant::record_key(&request.digest)).await.unwrap();
                let found = record.map(|record| Grant::decode(&record.value).unwrap());
                let answer = found.map_or(GrantAnswer::Missing, GrantAnswer::Found);
                match gateway.learn_grant(request, answer, now) {
                    Learned::Ask(again) => request = again,
                    learned => break assert_eq!(learned, Learned::Decide),
                }
            },
            Decision::Forward(_) => return (200, reads),
            Decision::Respond(response) => return (response.status().as_u16(), reads),
            Decision::Need(need) => panic!("{need:?}"),
        }
    }
}

#[tokio::test]
async fn a_key_made_under_another_pepper_is_good_once_it_is_imported() {
    let (old, new) = (open("old pepper").await, open("the new pepper").await);
    let consumer = make(&old, EntityKind::Consumers, json!({"username": "bob"})).await;
    let made = make(&old, EntityKind::KeyauthCredentials, json!({"consumer": {"id": consumer["id"]}})).await;
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("lk_"));
    let id = made["id"].as_str().unwrap();
    let shown = old.read(&[Step { kind: EntityKind::KeyauthCredentials, key: id }]).await.unwrap();

    let guarded = json!({"entities": [
        {"kind": "routes", "entity": {"paths": ["/"], "service": {"name": "s"}}},
        {"kind": "services", "entity": {"name": "s", "host": "a.test"}},
        {"kind": "plugins", "entity": {"name": "key-auth"}},
    ]});
    assert_eq!(import(&new, guarded).await.created, 3);
    assert_eq!(ask(&new, "the new pepper", key).await, (401, 0), "forged, as far as it is known");

    let mut exported = json!({"entities": [
        {"kind": "consumers", "entity": {"username": "bob"}},
        {"kind": "keyauth_credentials", "entity": {"consumer": {"username": "bob"}, "key": shown["key"]}},
    ]});
    exported["tag_keys"] = json!([hex(&peppers("old pepper").current.tag_key().to_bytes())]);
    new.forget_import(IMPORT).await.unwrap();
    let report = import(&new, exported.clone()).await;
    assert_eq!((report.state, report.created), ("done", 2), "{:?}", report.faults);
    // Its own place in the replica and at the authority, since it is genuine; then that of its SHA-256.
    assert_eq!(ask(&new, "the new pepper", key).await, (200, 3));
    assert_eq!(ask(&new, "the new pepper", shown["key"].as_str().unwrap()).await.0, 401);
    assert_eq!(ask(&new, "the new pepper", "lk_forged").await, (401, 0));
    audit(&new.store().dump()).await;

    new.forget_import(IMPORT).await.unwrap();
    let again = import(&new, exported).await;
    assert_eq!((again.created, again.changed, again.unchanged), (0, 0, 2));
}
