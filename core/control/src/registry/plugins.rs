//! Plugins: what of their settings is made when it is not given.

use serde_json::Value;

use super::Registry;
use super::entity_change::EntityChange;
use crate::ports::{Clock, Random};
use crate::schema::{Object, PluginSchema, plugin};
use latchkey_store::Store;

/// Characters of a setting that is made, as in Kong.
const MADE_CHARACTERS: usize = 32;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Fills in what is made: as it was, or anew.
    pub(super) fn prepare_plugin(&self, change: &EntityChange<'_>, plugin: &mut Object) {
        if let Some(old) = change.old {
            keep_made(old, plugin);
        }
        #[expect(clippy::disallowed_methods, reason = "what is made is a text, and shown as Kong shows it")]
        let made: String = change.minted.secret.reveal().chars().take(MADE_CHARACTERS).collect();
        fill(plugin, |_| Value::String(made.clone()));
    }
}

/// Gives a plugin what was made for the one that it takes the place of.
pub(super) fn keep_made(old: &Object, plugin: &mut Object) {
    if old.get("name") == plugin.get("name") {
        fill(plugin, |name| {
            old.get("config").and_then(|config| config.get(name)).cloned().unwrap_or_default()
        });
    }
}

fn fill(plugin: &mut Object, made: impl Fn(&str) -> Value) {
    let schema = schema_of(plugin);
    let (Some(schema), Some(Value::Object(config))) = (schema, plugin.get_mut("config")) else { return };
    for field in schema.config.iter().filter(|field| field.auto) {
        if config.get(field.name).is_none_or(Value::is_null) {
            config.insert(field.name.to_owned(), made(field.name));
        }
    }
}

fn schema_of(object: &Object) -> Option<&'static PluginSchema> {
    plugin(object.get("name")?.as_str()?)
}
