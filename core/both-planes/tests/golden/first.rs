//! What a gateway of commit bf3644a makes of a store: its readers, frozen.
//!
//! Nothing here follows the program. What it writes today must be read here without an error and to
//! the same meaning, because such gateways serve beside a newer control plane during an upgrade, and
//! alone after a roll-back.

#![allow(dead_code, reason = "fields are here because they must be there")]

use std::collections::BTreeMap;
use std::io::Read;

use latchkey_control::registry::testing::Records;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, Deserialize)]
pub(crate) struct Grant {
    pub(crate) epoch: u64,
    pub(crate) digest: String,
    pub(crate) pepper_id: Value,
    pub(crate) credential_id: Uuid,
    pub(crate) consumer: Consumer,
    #[serde(default)]
    pub(crate) application_id: Option<Uuid>,
    #[serde(default)]
    pub(crate) service_ids: Vec<Uuid>,
    #[serde(default)]
    pub(crate) expires_at_ms: Option<u64>,
    pub(crate) enabled: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Consumer {
    pub(crate) id: Uuid,
    #[serde(default)]
    pub(crate) username: Option<String>,
    #[serde(default)]
    pub(crate) custom_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    pub(crate) epoch: u64,
    pub(crate) at_ms: u64,
    #[serde(default)]
    pub(crate) digests: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Head {
    pub(crate) epoch: u64,
    pub(crate) floor: u64,
    pub(crate) pieces: BTreeMap<u8, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Services,
    Routes,
    Plugins,
    Consumers,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Piece {
    #[serde(default)]
    pub(crate) entities: BTreeMap<Kind, BTreeMap<Uuid, Value>>,
    #[serde(default)]
    pub(crate) settings: Option<Settings>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Settings {
    #[serde(default)]
    pub(crate) tag_keys: Vec<String>,
    #[serde(default)]
    pub(crate) has_imported_keys: bool,
}

/// The epoch of a piece's record, and the piece.
pub(crate) fn piece(record: &[u8]) -> (u64, Piece) {
    let (epoch, packed) = record.split_first_chunk().expect("a piece has an epoch");
    let json = match packed.split_first() {
        Some((6, json)) => json.to_vec(),
        _ => {
            let mut json = Vec::new();
            flate2::read::DeflateDecoder::new(packed).read_to_end(&mut json).expect("a piece unpacks");
            json
        }
    };
    (u64::from_be_bytes(*epoch), serde_json::from_slice(&json).expect("a piece parses"))
}

/// A field that must be there, and not null.
fn required<T>(entity: &Value, field: &str, read: impl FnOnce(&Value) -> Option<T>) -> T {
    let value = &entity[field];
    read(value).unwrap_or_else(|| panic!("'{field}' is not what it must be in {entity}"))
}

/// A field that may be absent or null, but not anything else.
fn optional<T>(entity: &Value, field: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
    let value = &entity[field];
    (!value.is_null()).then(|| read(value).unwrap_or_else(|| panic!("'{field}' is not readable in {entity}")))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(text).collect()
}

fn reference(value: &Value) -> Option<Uuid> {
    Uuid::try_parse(value.get("id")?.as_str()?).ok()
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64()
}

fn service(entity: &Value) -> Value {
    json!({
        "enabled": optional(entity, "enabled", Value::as_bool).unwrap_or(true),
        "protocol": required(entity, "protocol", text),
        "host": required(entity, "host", text),
        "port": required(entity, "port", number),
        "path": optional(entity, "path", text),
        "retries": required(entity, "retries", number),
        "connect_timeout": required(entity, "connect_timeout", number),
        "write_timeout": required(entity, "write_timeout", number),
        "read_timeout": required(entity, "read_timeout", number),
        "tls_verify": optional(entity, "tls_verify", Value::as_bool).unwrap_or(true),
    })
}

fn route(entity: &Value) -> Value {
    let headers = |value: &Value| {
        let members = value.as_object()?.iter();
        members.map(|(name, values)| Some((name.clone(), texts(values)?))).collect::<Option<BTreeMap<_, _>>>()
    };
    json!({
        "name": optional(entity, "name", text),
        "service": optional(entity, "service", reference),
        "protocols": optional(entity, "protocols", texts),
        "methods": optional(entity, "methods", texts),
        "hosts": optional(entity, "hosts", texts),
        "paths": optional(entity, "paths", texts),
        "headers": optional(entity, "headers", headers),
        "snis": optional(entity, "snis", texts),
        "https_redirect_status_code": optional(entity, "https_redirect_status_code", number).unwrap_or(426),
        "regex_priority": optional(entity, "regex_priority", number).unwrap_or(0),
        "strip_path": optional(entity, "strip_path", Value::as_bool).unwrap_or(true),
        "preserve_host": optional(entity, "preserve_host", Value::as_bool).unwrap_or(false),
    })
}

fn plugin(entity: &Value) -> Value {
    let config = required(entity, "config", |config| config.is_object().then(|| config.clone()));
    let settings = match required(entity, "name", text).as_str() {
        "key-auth" => {
            let flag = |field| required(&config, field, Value::as_bool);
            json!({
                "key_names": required(&config, "key_names", texts),
                "key_in_header": flag("key_in_header"),
                "key_in_query": flag("key_in_query"),
                "key_in_body": flag("key_in_body"),
                "hide_credentials": flag("hide_credentials"),
                "run_on_preflight": flag("run_on_preflight"),
                "anonymous": optional(&config, "anonymous", text),
                "realm": optional(&config, "realm", text),
            })
        }
        "application-registration" => {
            let passes = optional(&config, "enable_proxy_with_consumer_credential", Value::as_bool);
            json!({"passes_plain_consumers": passes.unwrap_or_default()})
        }
        // It lets everybody pass: nothing that refuses may reach it under such a name.
        other => panic!("this gateway ignores plugin '{other}'"),
    };
    json!({
        "enabled": optional(entity, "enabled", Value::as_bool).unwrap_or(true),
        "route": optional(entity, "route", reference),
        "service": optional(entity, "service", reference),
        "settings": settings,
    })
}

fn consumer(entity: &Value) -> Value {
    let consumer: Consumer = serde_json::from_value(entity.clone()).expect("a consumer");
    json!([consumer.id, consumer.username, consumer.custom_id])
}

/// What a grant is good for. Ids that are drawn anew each time are left out, unless `given`.
fn grant(grant: &Grant, given: &[String]) -> Value {
    let known = |id: Uuid| given.contains(&id.to_string()).then_some(id);
    json!({
        "credential": known(grant.credential_id),
        "consumer": [known(grant.consumer.id), grant.consumer.username, grant.consumer.custom_id],
        "application": grant.application_id,
        "services": grant.service_ids,
        "ends": grant.expires_at_ms.is_some(),
        "enabled": grant.enabled,
    })
}

/// All that a gateway decides by, without times and without what is drawn anew each time.
pub(crate) fn meaning(records: &Records, given: &[String]) -> Value {
    let published = |sort: &str| {
        let found = records.iter().find(|(key, _)| key.partition == "published" && key.sort == sort);
        found.unwrap_or_else(|| panic!("no {sort}")).1
    };
    let head: Head = serde_json::from_slice(published("config")).expect("the head parses");
    let mut kinds: BTreeMap<&str, BTreeMap<Uuid, Value>> = BTreeMap::new();
    let mut settings = Settings::default();
    for (number, epoch) in &head.pieces {
        let (written, piece) = piece(published(&format!("config/{number:02x}")));
        assert!(written >= *epoch, "piece {number}");
        for (kind, entities) in piece.entities {
            let (name, read): (_, fn(&Value) -> Value) = match kind {
                Kind::Services => ("services", service),
                Kind::Routes => ("routes", route),
                Kind::Plugins => ("plugins", plugin),
                Kind::Consumers => ("consumers", consumer),
            };
            kinds.entry(name).or_default().extend(entities.iter().map(|(id, entity)| (*id, read(entity))));
        }
        settings = piece.settings.unwrap_or(settings);
    }
    for epoch in head.floor + 1..=head.epoch {
        let change: Change =
            serde_json::from_slice(published(&format!("log/{epoch:020}"))).expect("a change");
        assert_eq!(change.epoch, epoch);
    }
    let of_grants = records.iter().filter(|(key, _)| key.partition.starts_with("grant/"));
    let mut grants: Vec<Value> = Vec::new();
    for (key, record) in of_grants {
        let read: Grant = serde_json::from_slice(record).expect("a grant");
        assert_eq!(key.partition, format!("grant/{}", read.digest));
        assert!(read.epoch <= head.epoch && !read.pepper_id.is_null());
        grants.push(grant(&read, given));
    }
    grants.sort_by_key(Value::to_string);
    json!({
        "kinds": kinds, "grants": grants,
        "tag_keys": settings.tag_keys, "has_imported_keys": settings.has_imported_keys,
    })
}
