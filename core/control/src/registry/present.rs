//! Entities as callers see them.

use serde_json::Value;

use super::entity_transaction::{DELETING, public};
use crate::schema::{EntityKind, Object};

/// Member of a stored credential: when it ends, in milliseconds since the Unix epoch.
pub(super) const EXPIRES_AT_MS: &str = "_expires_at_ms";

/// Whether an entity is there for callers: it is neither being deleted nor has it ended.
pub(super) fn is_visible(object: &Object, now_ms: u64) -> bool {
    !object.contains_key(DELETING) && !is_expired(object, now_ms)
}

/// Whether a credential has ended.
pub(super) fn is_expired(object: &Object, now_ms: u64) -> bool {
    expires_at_ms(object).is_some_and(|end| end <= now_ms)
}

/// When a credential ends.
pub(super) fn expires_at_ms(object: &Object) -> Option<u64> {
    object.get(EXPIRES_AT_MS).and_then(Value::as_u64)
}

/// An entity as answered: without what only the registry knows, with `disclosed` members shown
/// this once, and write-only fields null.
pub(super) fn present(kind: EntityKind, stored: &Object, disclosed: &Object, now_ms: u64) -> Object {
    let mut shown = public(stored);
    for field in kind.schema().fields {
        if field.write_only {
            shown.insert(field.name.to_owned(), Value::Null);
        } else if !shown.contains_key(field.name) {
            shown.insert(field.name.to_owned(), field.default.value());
        }
        if field.omit_null && shown.get(field.name).is_some_and(Value::is_null) {
            shown.remove(field.name);
        }
    }
    if kind == EntityKind::Plugins {
        fill_settings(&mut shown);
    }
    if kind == EntityKind::KeyauthCredentials
        && let Some(end) = expires_at_ms(stored)
    {
        shown.insert("ttl".to_owned(), end.saturating_sub(now_ms).div_ceil(1000).into());
    }
    shown.extend(disclosed.clone());
    shown
}

/// A plugin from before a setting has its default.
fn fill_settings(plugin: &mut Object) {
    let schema = plugin.get("name").and_then(Value::as_str).and_then(crate::schema::plugin);
    let (Some(schema), Some(Value::Object(config))) = (schema, plugin.get_mut("config")) else { return };
    for field in schema.config.iter().filter(|field| !config.contains_key(field.name)).collect::<Vec<_>>() {
        config.insert(field.name.to_owned(), field.default.value());
    }
}
