//! Entities as callers see them.

use serde_json::Value;

use super::Registry;
use super::client::{KEY_USE, is_key, is_of_application};
use super::entity_transaction::{DELETING, id_of, public};
use super::given_key::GivenKey;
use super::stored_credential::{HeldKey, PreviousKey, expires_at_ms, key_member};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_store::Store;

/// Whether an entity is there for callers: it is neither being deleted nor has it ended.
pub(super) fn is_visible(object: &Object, now_ms: u64) -> bool {
    !object.contains_key(DELETING) && !is_expired(object, now_ms)
}

/// Whether entities of a kind have a key.
pub(super) fn is_credential(kind: EntityKind) -> bool {
    matches!(kind, EntityKind::KeyauthCredentials | EntityKind::Oauth2Credentials)
}

/// Whether a credential has ended.
pub(super) fn is_expired(object: &Object, now_ms: u64) -> bool {
    expires_at_ms(object).is_some_and(|end| end <= now_ms)
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// An entity as answered, with its key as its SHA-256 where it has one to show.
    pub(super) fn present(
        &self,
        kind: EntityKind,
        stored: &Object,
        disclosed: &Object,
        now_ms: u64,
    ) -> Object {
        let mut shown = present(kind, stored, disclosed, now_ms);
        let key = key_member(kind);
        if is_credential(kind) && !is_of_application(stored) && !disclosed.contains_key(key) {
            shown.insert(key.to_owned(), self.shown_key(stored).into());
        }
        shown
    }

    /// The key of a credential, as lists show it: as its SHA-256, or by the credential's id where that is
    /// not known, so that no two are alike.
    fn shown_key(&self, credential: &Object) -> Option<String> {
        let id = id_of(credential).ok()?;
        let known = HeldKey::of(credential).and_then(|held| held.known);
        let sha256 = known.and_then(|known| self.key_ring.open(id, &known));
        Some(sha256.map_or_else(|| GivenKey::unknown_text(&id.to_string()), |sha256| sha256.to_text()))
    }
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
    match kind {
        EntityKind::Plugins => fill_settings(&mut shown),
        EntityKind::Oauth2Credentials => {
            drop(shown.insert(KEY_USE.to_owned(), is_key(stored).into()));
        }
        _ => {}
    }
    show_ends(stored, &mut shown, now_ms);
    shown.extend(disclosed.clone());
    shown
}

/// When a credential ends, and the key before its last rotation. What is left is rounded up: 0 would be
/// endless if it were written back. Times are rounded down: nothing ends later than is shown.
fn show_ends(stored: &Object, shown: &mut Object, now_ms: u64) {
    if let Some(end_ms) = expires_at_ms(stored) {
        shown.insert("ttl".to_owned(), end_ms.saturating_sub(now_ms).div_ceil(1000).into());
        shown.insert("expires_at".to_owned(), (end_ms / 1000).into());
    }
    if let Some(previous) = PreviousKey::live(stored, now_ms) {
        shown.insert("previous_key_ends_at".to_owned(), (previous.end_ms(stored) / 1000).into());
    }
}

/// A plugin from before a setting has its default.
fn fill_settings(plugin: &mut Object) {
    let schema = plugin.get("name").and_then(Value::as_str).and_then(crate::schema::plugin);
    let (Some(schema), Some(Value::Object(config))) = (schema, plugin.get_mut("config")) else { return };
    for field in schema.config.iter().filter(|field| !config.contains_key(field.name)).collect::<Vec<_>>() {
        config.insert(field.name.to_owned(), field.default.value());
    }
}
