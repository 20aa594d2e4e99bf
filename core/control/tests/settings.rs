//! What validation fills in is what is read where a setting is absent.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::{Map, Value, json};

use latchkey_control::schema::{EntityKind, Field, Mode, PLUGINS, PluginSchema};
use latchkey_published::plugins::{MEMBERS, OAuth2Settings, PluginSettings};
use latchkey_published::stored::Stored;

/// What validation makes of no setting at all, and then of each setting in some value.
fn stored_by_validation(plugin: &PluginSchema) -> Vec<Value> {
    let service = json!({"id": uuid::Uuid::nil()});
    let mut least = Map::new();
    for field in plugin.config.iter().filter(|field| field.required && field.default.value().is_null()) {
        least.insert(field.name.to_owned(), json!("text"));
    }
    // One of its grants must be on.
    if plugin.name == OAuth2Settings::PLUGIN {
        least.insert(OAuth2Settings::ENABLE_CLIENT_CREDENTIALS.name.to_owned(), true.into());
    }
    let validate = |config: &Map<String, Value>| {
        let input = json!({"name": plugin.name, "service": service, "config": config});
        let whole = EntityKind::Plugins.validate(Mode::Whole, input.as_object().unwrap());
        whole.unwrap()["config"].clone()
    };
    vec![validate(&least), Value::Object(least)]
}

#[test]
fn every_plugin_of_the_table_is_read_whole_and_by_its_defaults() {
    for plugin in &PLUGINS {
        let configs = stored_by_validation(plugin);
        let read = |config: &Value| {
            let settings = PluginSettings::read(plugin.name, Stored::new(config).unwrap());
            format!("{:?}", settings.unwrap_or_else(|error| panic!("{}: {error}", plugin.name)))
        };
        assert_eq!(read(&configs[0]), read(&configs[1]), "{}: filled in and absent", plugin.name);
        let is_left_out =
            |field: &&Field| configs[1].get(field.name).is_none() && !field.default.value().is_null();
        for field in plugin.config.iter().filter(is_left_out) {
            let mut config = configs[0].clone();
            config.as_object_mut().unwrap().remove(field.name);
            assert_eq!(read(&config), read(&configs[0]), "{}: without {}", plugin.name, field.name);
        }
    }
    let members: Vec<&str> = EntityKind::Plugins.schema().fields.iter().map(|field| field.name).collect();
    let unlisted = |name: &&&str| !MEMBERS.contains(*name);
    assert_eq!(members.iter().filter(unlisted).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert_eq!(members.len(), MEMBERS.len());
}
