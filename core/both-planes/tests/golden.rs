//! Stored forms: what earlier programs stored is read to the same rules, and what is written today is
//! read by them.
//!
//! `core/published/golden/<format>` has every form as it was stored. A file there never changes; a form that
//! changes gets a new one beside it, and the old one is read for ever.

#![allow(clippy::unwrap_used)]

#[path = "golden/first.rs"]
mod first;

use std::path::{Path, PathBuf};

use http::HeaderMap;
use latchkey_control::ports::testing::{ManualClock, SeededRandom};
use latchkey_control::registry::testing::{Records, audit, copied};
use latchkey_control::registry::{Error, Registry, Step};
use latchkey_control::schema::{EntityKind, Mode, Object, PLUGINS};
use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{Decision, Need};
use latchkey_gateway::gateway::{Gateway, GatewaySettings, GrantAnswer, Learned};
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_published::feed::{Change, Epoch, FeedRequest, Format, Head, PieceRecord, Shown};
use latchkey_published::grant::{Consumer, Grant};
use latchkey_published::key_sha256::{ImportedDigests, KeySha256};
use latchkey_published::keys::{KeyDigest, Pepper, PepperId, Peppers};
use latchkey_published::plugins::KeyAuthSettings;
use latchkey_published::snapshot::{ConfigKind, Piece};
use latchkey_published::stored::Stored;
use latchkey_store::feed::read_feed;
use latchkey_store::memory::MemoryStore;
use latchkey_store::replica::Progress;
use latchkey_store::{Batch, RecordKey, Store, StoreError, Write};
use serde_json::{Value, json};
use uuid::Uuid;

const PEPPER: &[u8] = b"golden pepper of at least 32 bytes, fixed";
/// After the golden store was written, before anything in it ends but what ended at once.
const NOW_MS: u64 = 1_800_000_000_000;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../published/golden/1").join(name)
}

#[expect(clippy::disallowed_methods, reason = "stored forms are files")]
fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(golden(name)).unwrap_or_else(|error| panic!("golden/1/{name}: {error}"))
}

fn json_of(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap_or_else(|error| panic!("golden/1/{name}: {error}"))
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.trim().as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The store of the old program, record by record.
fn old_records() -> Records {
    let lines = String::from_utf8(bytes("store.jsonl")).unwrap();
    let record = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        let value = match line.get("hex") {
            Some(hex) => unhex(hex.as_str().unwrap()),
            None => text("text").into_bytes(),
        };
        (RecordKey::new(text("partition"), text("sort")), value)
    };
    lines.lines().map(record).collect()
}

fn peppers() -> Peppers {
    Peppers { current: Pepper::new(PEPPER), previous: None }
}

type OverMemory = Registry<MemoryStore, ManualClock, SeededRandom>;

async fn open(store: MemoryStore) -> OverMemory {
    let registry =
        Registry::open(store, ManualClock::at(NOW_MS), SeededRandom::new(7), peppers()).await.unwrap();
    assert_eq!(registry.resume_jobs().await.unwrap(), Vec::<String>::new());
    registry
}

/// A file for each kind of entity: a kind without one does not compile, a missing file fails.
fn file_of_kind(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Services => "entity-services.jsonl",
        EntityKind::Routes => "entity-routes.jsonl",
        EntityKind::Consumers => "entity-consumers.jsonl",
        EntityKind::Plugins => "entity-plugins.jsonl",
        EntityKind::KeyauthCredentials => "entity-keyauth_credentials.jsonl",
        EntityKind::Developers => "entity-developers.jsonl",
        EntityKind::Applications => "entity-applications.jsonl",
        EntityKind::ApplicationInstances => "entity-application_instances.jsonl",
        EntityKind::Oauth2Credentials => "entity-oauth2_credentials.jsonl",
    }
}

/// Where in a piece the entities of a kind are.
fn name_of_kind(kind: ConfigKind) -> &'static str {
    match kind {
        ConfigKind::Services => "services",
        ConfigKind::Routes => "routes",
        ConfigKind::Plugins => "plugins",
        ConfigKind::Consumers => "consumers",
    }
}

fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

fn objects(name: &str) -> Vec<Object> {
    let lines = String::from_utf8(bytes(name)).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Whether what is there now says all that was stored; a plugin has more settings since.
fn says(now: &Value, stored: &Value) -> bool {
    match (now, stored) {
        (Value::Object(now), Value::Object(stored)) => {
            stored.iter().all(|(name, stored)| now.get(name).is_some_and(|now| says(now, stored)))
        }
        _ => now == stored,
    }
}

#[test]
fn every_kind_of_entity_is_valid_as_it_was_stored() {
    for kind in EntityKind::ALL {
        let stored = objects(file_of_kind(kind));
        assert!(!stored.is_empty(), "{kind:?}");
        for entity in stored {
            let now = kind.validate(Mode::Changes(&entity), &Object::new());
            let now = now.unwrap_or_else(|violation| panic!("{kind:?} {entity:?}: {}", violation.message()));
            // Write-only members are kept apart, and the registry's own begin so.
            let schema = kind.schema();
            let is_kept =
                |name: &str| !name.starts_with('_') && !schema.field(name).is_some_and(|f| f.write_only);
            for (name, value) in entity.iter().filter(|(name, _)| is_kept(name)) {
                let now = now.get(name).unwrap_or_else(|| panic!("{kind:?}.{name}"));
                assert!(says(now, value), "{kind:?}.{name}: {now} of {value}");
            }
        }
    }
}

#[test]
fn every_plugin_has_a_file_with_its_settings() {
    for plugin in &PLUGINS {
        let config = json_of(&format!("plugin-{}.json", plugin.name));
        let input = json!({"name": plugin.name, "service": {"id": Uuid::nil()}, "config": config});
        let whole = EntityKind::Plugins.validate(Mode::Whole, input.as_object().unwrap()).unwrap();
        for (name, value) in config.as_object().unwrap() {
            assert_eq!(&whole["config"][name], value, "{}.{name}", plugin.name);
        }
    }
}

/// Gateways from before a setting block what has it.
#[tokio::test]
async fn a_later_setting_is_published_only_where_it_says_something() {
    let set = json_of("plugin-key-auth-bearer.json");
    for (config, expected) in
        [(json!({}), None), (json!({"key_in_bearer": false}), None), (set.clone(), Some(json!(true)))]
    {
        let registry = open(MemoryStore::default()).await;
        let plugin = object(json!({"name": "key-auth", "config": config}));
        let made = registry.create(EntityKind::Plugins, &[], &plugin).await.unwrap();
        assert_eq!(made["config"]["key_in_bearer"], json!(expected.is_some()), "what is answered is whole");
        let reply = read_feed(registry.store(), FeedRequest { since: None }, None).await.unwrap();
        let pieces = reply.pieces.iter().map(|(_, packed)| Piece::decode(packed).unwrap());
        let plugins = pieces.flat_map(|piece| piece.entities.get(&ConfigKind::Plugins).cloned());
        let published = plugins.flatten().next().expect("the plugin is published").1;
        assert_eq!(published["config"].get("key_in_bearer").cloned(), expected);
        assert_eq!(published["config"]["key_names"], json!(["apikey"]));
    }
    assert!(KeyAuthSettings::read(Stored::new(&set).unwrap()).unwrap().key_in_bearer);
}

#[test]
fn what_is_published_reads_as_it_was_meant() {
    let digest = KeyDigest::from_bytes([3; 32]);
    let consumer = Consumer { id: Uuid::from_u128(2), username: Some("bob".to_owned()), custom_id: None };
    let grant = Grant {
        epoch: 7,
        digest,
        pepper_id: Pepper::new(PEPPER).id(),
        credential_id: Uuid::from_u128(1),
        consumer,
        application_id: None,
        service_ids: vec![],
        expires_at_ms: None,
        enabled: true,
        oauth2: None,
    };
    assert_eq!(Grant::decode(&bytes("grant-consumer.json")).unwrap(), grant);
    let of_application = Grant {
        consumer: Consumer { id: Uuid::from_u128(2), username: None, custom_id: Some("é".to_owned()) },
        application_id: Some(Uuid::from_u128(3)),
        service_ids: vec![Uuid::from_u128(4), Uuid::from_u128(5)],
        expires_at_ms: Some(9),
        enabled: false,
        ..grant
    };
    assert_eq!(Grant::decode(&bytes("grant-application.json")).unwrap(), of_application);
    let change: Change = serde_json::from_slice(&bytes("change.json")).unwrap();
    assert_eq!(change, Change { epoch: 6, at_ms: 5, digests: vec![digest], made: 0 });
    let change: Change = serde_json::from_slice(&bytes("change-of-configuration.json")).unwrap();
    assert_eq!(change, Change { epoch: 7, at_ms: 5, digests: vec![], made: 0 });
    let change: Change = serde_json::from_slice(&bytes("change-made.json")).unwrap();
    assert_eq!(change.replaced_and_made(), (&[KeyDigest::from_bytes([4; 32])][..], &[digest][..]));
    assert_eq!(serde_json::to_vec(&change).unwrap(), bytes("change-made.json"));
    let head = Head::decode(&bytes("head.json")).unwrap();
    let pieces: Vec<(String, Epoch)> =
        head.pieces.iter().map(|(id, epoch)| (id.to_string(), *epoch)).collect();
    assert_eq!((head.format, head.epoch, head.floor), (Format(1), 7, 3));
    assert_eq!(pieces, [("00".to_owned(), 7), ("40".to_owned(), 1)]);
    let progress: Progress = serde_json::from_slice(&bytes("progress.json")).unwrap();
    assert_eq!((progress.published, progress.settled(0, 20)), (3, 3));
    let progress: Progress = serde_json::from_slice(&bytes("progress-ahead.json")).unwrap();
    let shown = |now_ms| progress.shown(10, now_ms);
    assert_eq!(shown(30), Shown { settled: 3, current: 7 });
    assert_eq!((progress.published, shown(40)), (3, Shown { settled: 3, current: 9 }));
    assert_eq!(serde_json::to_vec(&progress).unwrap(), bytes("progress-ahead.json"));
    let rehash = json_of("rehash.json");
    let pepper_id: PepperId = serde_json::from_value(rehash["pepper_id"].clone()).unwrap();
    assert_eq!(pepper_id, Pepper::new(PEPPER).id());
    assert_eq!(KeyDigest::from_hex(rehash["old"].as_str().unwrap()), Some(digest));
}

/// Keys whose SHA-256 is kept sealed, and one that was brought as that: its grant is where a gateway looks
/// for it.
#[test]
fn keys_kept_by_their_sha256_read_as_they_were_stored() {
    let [clear, brought]: [Object; 2] =
        objects("entity-keyauth_credentials-sealed.jsonl").try_into().expect("two credentials");
    for credential in [&clear, &brought] {
        EntityKind::KeyauthCredentials.validate(Mode::Changes(credential), &Object::new()).unwrap();
    }
    let pepper = peppers().current;
    let place = |key: &str| ImportedDigests::new(&pepper).digest(&KeySha256::of(key.as_bytes()));
    assert_eq!(clear["_digest"], json!(pepper.digest(b"golden-sealed-key")));
    assert_eq!(clear["_sha256"]["claim"], json!(place("golden-sealed-key")));
    assert_eq!(brought["_digest"], json!(place("golden-brought-key")));
    let grant = Grant::decode(&bytes("grant-brought.json")).unwrap();
    assert_eq!((grant.digest, grant.pepper_id), (place("golden-brought-key"), pepper.id()));
    assert_eq!(json!(grant.credential_id), brought["id"]);
    assert_eq!(grant.encode(), bytes("grant-brought.json").trim_ascii());
}

/// A gateway of before knows no such key, and everything else as it was.
#[tokio::test]
async fn the_first_gateway_goes_on_where_keys_are_brought_as_their_sha256() {
    let registry = open(copied(&old_records()).await).await;
    let before = first::meaning(&registry.store().dump(), &[]);
    let key = object(json!({"key": KeySha256::of(b"golden-brought-key").to_text()}));
    let bob = [Step { kind: EntityKind::Consumers, key: "bob" }];
    let made = registry.create(EntityKind::KeyauthCredentials, &bob, &key).await.unwrap();
    audit(&registry.store().dump()).await;
    let known = |meaning: &Value| meaning["grants"].as_array().unwrap().len();
    let after = first::meaning(&registry.store().dump(), &[]);
    assert_eq!(known(&after), known(&before) + 1);
    let path = [Step { kind: EntityKind::KeyauthCredentials, key: made["id"].as_str().unwrap() }];
    registry.delete(&path).await.unwrap();
    assert_eq!(first::meaning(&registry.store().dump(), &[]), before);
}

/// Of the golden store no SHA-256 is known: lists show the ids of the credentials, and what is written
/// back is no change.
#[tokio::test]
async fn keys_from_before_their_sha256_was_kept_are_shown_by_their_ids() {
    let registry = open(copied(&old_records()).await).await;
    let kind = EntityKind::KeyauthCredentials;
    let listed = registry.list(kind, &[], Default::default()).await.unwrap().data;
    assert!(!listed.is_empty());
    for shown in listed {
        let id = shown["id"].as_str().unwrap();
        assert_eq!(shown["key"], format!("unknown:{id}"));
        let input = object(json!({"key": shown["key"]}));
        let same = registry.update(&[Step { kind, key: id }], &input).await.unwrap();
        assert_eq!((&same["key"], &same["key_start"]), (&shown["key"], &shown["key_start"]));
    }
    // Given in clear, it is known from then on.
    let path = [Step { kind, key: "golden-bob-key" }];
    registry.update(&path, &object(json!({"key": "golden-bob-key"}))).await.unwrap();
    let shown = registry.read(&path).await.unwrap();
    assert_eq!(shown["key"], KeySha256::of(b"golden-bob-key").to_text());
    audit(&registry.store().dump()).await;
}

#[test]
fn pieces_read_the_same_packed_and_plain() {
    let packed = PieceRecord::decode(&unhex(&String::from_utf8(bytes("piece-packed.hex")).unwrap())).unwrap();
    let plain = PieceRecord::decode(&unhex(&String::from_utf8(bytes("piece-plain.hex")).unwrap())).unwrap();
    assert_eq!((packed.epoch, plain.epoch), (7, 7));
    let piece = Piece::decode(&packed.packed).unwrap();
    assert_eq!(piece, Piece::decode(&plain.packed).unwrap());
    let expected = json_of("piece.json");
    for kind in ConfigKind::ALL {
        let name = name_of_kind(kind);
        let entities = &piece.entities[&kind];
        assert_eq!(json!(entities), expected["entities"][name], "{name}");
    }
    let settings = piece.settings.unwrap();
    assert_eq!(json!(settings.tag_keys), expected["settings"]["tag_keys"]);
    assert!(settings.has_imported_keys);
}

/// A gateway over a store, as the Lambda has one: every read is of the authority.
struct World {
    store: MemoryStore,
    gateway: Gateway,
    compiler: ConfigCompiler,
}

impl World {
    async fn over(records: &Records) -> Self {
        let gateway = Gateway::new(GatewaySettings::default(), peppers());
        World { store: copied(records).await, gateway, compiler: ConfigCompiler::default() }
    }

    async fn decide(&mut self, method: &str, target: &str, headers: &[(&'static str, &str)]) -> Decision {
        let mut fields = HeaderMap::new();
        for (name, value) in headers {
            fields.append(*name, value.parse().unwrap());
        }
        let now = Now { unix_ms: NOW_MS, monotonic_ms: 1_000 };
        let host = fields.get("host").map(|host| host.as_bytes().to_vec()).unwrap_or_default();
        let head = RequestHead {
            method,
            scheme: Scheme::Http,
            host: &host,
            path: target.as_bytes(),
            query: None,
            headers: &fields,
            client_ip: None,
            server_port: 80,
            forwarded: None,
            started: now,
            request_id: 1,
        };
        loop {
            match self.gateway.decide(&head, Body::Whole(b""), now) {
                Decision::Need(Need::Feed(request)) => {
                    let reply = read_feed(&self.store, request, None).await.unwrap();
                    self.gateway.learn_feed(now, now, Some(reply), &mut self.compiler).unwrap();
                }
                Decision::Need(Need::Grant(mut request)) => loop {
                    let record = self.store.get(&Grant::record_key(&request.digest)).await.unwrap();
                    let found = record.map(|record| Grant::decode(&record.value).unwrap());
                    let answer = found.map_or(GrantAnswer::Missing, GrantAnswer::Found);
                    match self.gateway.learn_grant(request, answer, now) {
                        Learned::Ask(again) => request = again,
                        learned => break assert_eq!(learned, Learned::Decide),
                    }
                },
                decided => return decided,
            }
        }
    }

    async fn status(&mut self, method: &str, target: &str, headers: &[(&'static str, &str)]) -> u16 {
        match self.decide(method, target, headers).await {
            Decision::Forward(_) => 200,
            Decision::Respond(response) => response.status().as_u16(),
            Decision::Need(need) => panic!("{need:?}"),
        }
    }
}

#[tokio::test]
async fn the_old_store_is_compiled_to_the_same_rules() {
    let mut world = World::over(&old_records()).await;
    let keys = json_of("keys.json");
    let made = keys["e1000000-0000-4000-8000-000000000002"].as_str().unwrap();
    let pattern = ("host", "a.golden.test");
    for (expected, target, headers) in [
        (200, "/open", vec![]),
        (503, "/nowhere", vec![]),
        (404, "/gone", vec![]),
        (308, "/beta", vec![("host", "golden.test")]),
        (401, "/alpha", vec![]),
        (200, "/alpha", vec![("apikey", "golden-bob-key")]),
        (200, "/alpha", vec![("x-api_key", "golden-bob-key")]),
        (200, "/alpha", vec![("apikey", made)]),
        (401, "/alpha", vec![("apikey", "golden-no-key")]),
        (401, "/alpha", vec![("apikey", "golden-ended-key")]),
        (401, "/alpha", vec![("apikey", "golden-shop-key")]),
        (200, "/alpha/42", vec![pattern, ("x-plan", "gold")]),
        (200, "/alpha/42", vec![pattern, ("x-plan", "SILVER-7")]),
        (401, "/alpha/42", vec![pattern, ("x-plan", "bronze")]),
        (401, "/gamma", vec![]),
        (401, "/gamma", vec![("apikey", "golden-bob-key")]),
        (200, "/gamma", vec![("apikey", "golden-shop-key")]),
        (401, "/gamma", vec![("apikey", "golden-spy-key")]),
    ] {
        assert_eq!(world.status("GET", target, &headers).await, expected, "{target} {headers:?}");
    }
    assert_eq!(world.status("OPTIONS", "/alpha", &[]).await, 200);
    let config = world.gateway.config();
    assert_eq!((config.unusable(), config.routes_count()), (&[][..], 6));
    let names = config.header_names();
    assert_eq!(names.keys, ["apikey", "x-api-key", "x-api_key"]);
    assert_eq!(names.routing, ["x-plan"]);
}

/// What a path of the Admin API names, as the registry takes it.
fn steps(path: &str) -> Vec<(EntityKind, Option<String>)> {
    let mut steps: Vec<(EntityKind, Option<String>)> = Vec::new();
    for segment in path.trim_start_matches('/').split('/').filter(|segment| *segment != "credentials") {
        match steps.last_mut().filter(|(_, key)| key.is_none()) {
            Some((_, key)) => *key = Some(segment.to_owned()),
            None => {
                let kind = match segment {
                    "oauth2" => EntityKind::Oauth2Credentials,
                    "key-auth" => EntityKind::KeyauthCredentials,
                    name => EntityKind::parse(name).unwrap(),
                };
                steps.push((kind, None));
            }
        }
    }
    steps
}

/// Tells the registry all of `calls.json`.
async fn tell(registry: &OverMemory) -> Result<(), Error> {
    for call in json_of("calls.json").as_array().unwrap() {
        let steps = steps(call[1].as_str().unwrap());
        let named = steps.iter().filter_map(|(kind, key)| Some(Step { kind: *kind, key: key.as_deref()? }));
        let named: Vec<Step<'_>> = named.collect();
        let mut input = call[2].as_object().unwrap().clone();
        // A secret that is chosen has to be longer today.
        if let Some(secret) = input.get_mut("client_secret") {
            *secret = format!("{:-<32}", secret.as_str().unwrap()).into();
        }
        match steps.last().unwrap() {
            (kind, None) => registry.create(*kind, &named, &input).await?,
            (_, Some(_)) => registry.update(&named, &input).await?,
        };
    }
    Ok(())
}

#[tokio::test]
async fn the_first_gateway_reads_what_is_written_today_to_the_same_meaning() {
    let registry = open(MemoryStore::default()).await;
    tell(&registry).await.unwrap();
    let given: Vec<String> = json_of("calls.json")
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|call| Some(call[2]["id"].as_str()?.to_owned()))
        .collect();
    let (now, then) =
        (first::meaning(&registry.store().dump(), &given), first::meaning(&old_records(), &given));
    assert_eq!(now, then);
    // Null where there is a default is published as the default: it knows no null there.
    let nulls =
        json!({"connect_timeout": null, "write_timeout": null, "read_timeout": null, "retries": null});
    let alpha = Step { kind: EntityKind::Services, key: "alpha" };
    let shown = registry.update(&[alpha], nulls.as_object().unwrap()).await.unwrap();
    assert!(shown["connect_timeout"].is_null(), "{shown:?}");
    assert_eq!(first::meaning(&registry.store().dump(), &given), then);
}

#[tokio::test]
async fn the_first_gateway_reads_an_old_store_that_is_changed_today() {
    let registry = open(copied(&old_records()).await).await;
    audit(&registry.store().dump()).await;
    let given: Vec<String> = vec![];
    let before = first::meaning(&registry.store().dump(), &given);
    let gamma = Step { kind: EntityKind::Services, key: "gamma" };
    for tags in [json!(["a"]), json!(null)] {
        registry.update(&[gamma], json!({"tags": tags}).as_object().unwrap()).await.unwrap();
    }
    assert_eq!(first::meaning(&registry.store().dump(), &given), before);
    let bob = Step { kind: EntityKind::Consumers, key: "bob" };
    registry.delete(&[bob]).await.unwrap();
    let ann = Step { kind: EntityKind::Developers, key: "ann@example.com" };
    registry.delete(&[ann]).await.unwrap();
    audit(&registry.store().dump()).await;
    let after = first::meaning(&registry.store().dump(), &given);
    assert_eq!(after["grants"].as_array().unwrap().len(), 2, "eve's two are left: {after}");
    assert_eq!(after["kinds"], before["kinds"]);
}

#[tokio::test]
async fn entities_from_before_a_field_have_its_default_in_answers_and_rules() {
    let mut records = old_records();
    let mut drop_fields = |kind: EntityKind, dropped: &[&str]| {
        for (key, value) in records.iter_mut() {
            let is_copy =
                key.partition.starts_with("children/") && key.sort.starts_with(&format!("{}/", kind.name()));
            if key.partition == format!("entity/{}", kind.name()) || is_copy {
                let mut entity: Object = serde_json::from_slice(value).unwrap();
                entity.retain(|name, _| !dropped.contains(&name.as_str()));
                if let Some(Value::Object(config)) = entity.get_mut("config") {
                    config.retain(|name, _| !dropped.contains(&name.as_str()));
                }
                *value = serde_json::to_vec(&entity).unwrap();
            }
        }
    };
    drop_fields(EntityKind::Services, &["retries", "enabled", "read_timeout"]);
    drop_fields(EntityKind::Plugins, &["run_on_preflight", "auto_approve", "protocols"]);
    drop_fields(EntityKind::ApplicationInstances, &["suspended"]);
    let registry = open(copied(&records).await).await;
    let alpha = [Step { kind: EntityKind::Services, key: "alpha" }];
    let service = registry.read(&alpha).await.unwrap();
    assert_eq!(
        (&service["retries"], &service["enabled"], &service["read_timeout"]),
        (&json!(5), &json!(true), &json!(60000))
    );
    let plugin = registry.read(&[Step { kind: EntityKind::Plugins, key: "alpha-keys" }]).await.unwrap();
    assert_eq!(
        (&plugin["config"]["run_on_preflight"], &plugin["config"]["hide_credentials"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(plugin["protocols"], json!(["grpc", "grpcs", "http", "https"]));
    let changed = registry.update(&alpha, json!({"path": "/other"}).as_object().unwrap()).await.unwrap();
    assert_eq!((&changed["retries"], &changed["path"]), (&json!(5), &json!("/other")));
    // The contract, made again from what is stored, is in force as before.
    let ann = [Step { kind: EntityKind::Developers, key: "ann@example.com" }];
    registry.update(&ann, json!({"meta": "{}"}).as_object().unwrap()).await.unwrap();
    let mut world = World::over(&registry.store().dump()).await;
    assert_eq!(world.status("GET", "/gamma", &[("apikey", "golden-shop-key")]).await, 200);
}

#[tokio::test]
async fn what_a_newer_program_published_is_neither_served_nor_written_over() {
    let mut records = old_records();
    let head = Head::record_key();
    // Of a newer form no more is sure than where its number stands.
    for newer in
        [json!({"format": 2, "epoch": "later"}), json!({"format": 2, "epoch": 99, "floor": 0, "pieces": {}})]
    {
        records.insert(head.clone(), newer.to_string().into_bytes());
        let store = copied(&records).await;
        for since in [None, Some(3)] {
            let reply = read_feed(&store, FeedRequest { since }, None).await.unwrap();
            assert_eq!((reply.format, reply.pieces.len()), (Format(2), 0));
            assert!(reply.format.is_newer());
        }
        let registry = open(store).await;
        let refused =
            registry.create(EntityKind::Services, &[], json!({"host": "a"}).as_object().unwrap()).await;
        let Err(Error::Store(StoreError::Failed(reason))) = refused else { panic!("{refused:?}") };
        assert!(reason.contains("published by a newer version"), "{reason}");
        assert!(registry.read(&[Step { kind: EntityKind::Services, key: "alpha" }]).await.is_ok());
    }
    // The number of the first format may stand there or not; what is no number is broken.
    let mut with_format = |format: Value| {
        let mut value: Object = serde_json::from_slice(&old_records()[&head]).unwrap();
        value.insert("format".to_owned(), format);
        records.insert(head.clone(), serde_json::to_vec(&value).unwrap());
        records.clone()
    };
    let mut world = World::over(&with_format(json!(1))).await;
    assert_eq!(world.status("GET", "/open", &[]).await, 200);
    for broken in [json!("2"), json!(null), json!(-1)] {
        let store = copied(&with_format(broken)).await;
        assert!(read_feed(&store, FeedRequest { since: None }, None).await.is_err());
    }
}

#[tokio::test]
async fn a_job_that_only_a_newer_program_knows_is_left_to_it() {
    let registry = open(copied(&old_records()).await).await;
    let put = |sort: &str, text: &str| Write::Put(RecordKey::new("job", sort), text.as_bytes().to_vec());
    let known = "{\"after\":null,\"id\":\"c0000000-0000-4000-8000-000000000001\",\"job\":\"republish-consumer\",\"kind\":null}";
    let writes = vec![
        put("recount/1", "{\"job\":\"recount\",\"from\":1}"),
        put("republish-consumer/c0000000-0000-4000-8000-000000000001", known),
    ];
    registry.store().commit(Batch { checks: vec![], writes }).await.unwrap();
    assert_eq!(registry.resume_jobs().await.unwrap(), ["recount/1"]);
    let jobs = registry.store().scan("job", "", None, 10).await.unwrap().records;
    assert_eq!(jobs.iter().map(|(sort, _)| sort.as_str()).collect::<Vec<_>>(), ["recount/1"]);
}
