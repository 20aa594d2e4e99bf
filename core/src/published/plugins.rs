//! Plugins and their settings, each plugin a struct of its own.
//!
//! A plugin, or a setting of one, that is not listed here was stored by a newer program and may
//! refuse where this one would not: it is an error, which blocks what the plugin applies to.
//! So a newer program publishes a new setting only where it differs from its default.

use super::{Setting, Texts};
use crate::stored::{Stored, Unreadable};

pub(crate) const ENABLED: Setting<bool> = Setting::new("enabled", true);

/// Members of a stored plugin besides its settings, as `schema` has them.
pub(crate) const MEMBERS: Texts = &[
    "id",
    "name",
    "instance_name",
    "created_at",
    "updated_at",
    "route",
    "service",
    "consumer",
    "config",
    "protocols",
    "enabled",
    "tags",
];

/// The settings of a plugin, by its name.
#[derive(Debug)]
pub(crate) enum PluginSettings {
    KeyAuth(KeyAuthSettings),
    ApplicationRegistration(ApplicationRegistrationSettings),
}

impl PluginSettings {
    /// Reads `config`.
    pub(crate) fn read(name: &str, config: Stored<'_>) -> Result<Self, Unreadable> {
        match name {
            KeyAuthSettings::PLUGIN => KeyAuthSettings::read(config).map(PluginSettings::KeyAuth),
            ApplicationRegistrationSettings::PLUGIN => {
                ApplicationRegistrationSettings::read(config).map(PluginSettings::ApplicationRegistration)
            }
            _ => Err(Unreadable::unknown("plugin", name)),
        }
    }
}

/// key-auth.
#[derive(Debug)]
pub(crate) struct KeyAuthSettings {
    pub(crate) key_names: Vec<String>,
    pub(crate) key_in_header: bool,
    pub(crate) key_in_query: bool,
    pub(crate) key_in_body: bool,
    pub(crate) hide_credentials: bool,
    pub(crate) run_on_preflight: bool,
    pub(crate) anonymous: Option<String>,
    pub(crate) realm: Option<String>,
}

impl KeyAuthSettings {
    pub(crate) const PLUGIN: &'static str = "key-auth";
    pub(crate) const KEY_NAMES: Setting<Texts> = Setting::new("key_names", &["apikey"]);
    pub(crate) const KEY_IN_HEADER: Setting<bool> = Setting::new("key_in_header", true);
    pub(crate) const KEY_IN_QUERY: Setting<bool> = Setting::new("key_in_query", true);
    pub(crate) const KEY_IN_BODY: Setting<bool> = Setting::new("key_in_body", false);
    pub(crate) const HIDE_CREDENTIALS: Setting<bool> = Setting::new("hide_credentials", false);
    pub(crate) const RUN_ON_PREFLIGHT: Setting<bool> = Setting::new("run_on_preflight", true);
    pub(crate) const ANONYMOUS: &'static str = "anonymous";
    pub(crate) const REALM: &'static str = "realm";

    fn read(stored: Stored<'_>) -> Result<Self, Unreadable> {
        let known = [
            Self::KEY_NAMES.name,
            Self::KEY_IN_HEADER.name,
            Self::KEY_IN_QUERY.name,
            Self::KEY_IN_BODY.name,
            Self::HIDE_CREDENTIALS.name,
            Self::RUN_ON_PREFLIGHT.name,
            Self::ANONYMOUS,
            Self::REALM,
        ];
        stored.has_only(&known)?;
        Ok(KeyAuthSettings {
            key_names: stored.texts_or(Self::KEY_NAMES)?,
            key_in_header: stored.flag_or(Self::KEY_IN_HEADER)?,
            key_in_query: stored.flag_or(Self::KEY_IN_QUERY)?,
            key_in_body: stored.flag_or(Self::KEY_IN_BODY)?,
            hide_credentials: stored.flag_or(Self::HIDE_CREDENTIALS)?,
            run_on_preflight: stored.flag_or(Self::RUN_ON_PREFLIGHT)?,
            anonymous: stored.text(Self::ANONYMOUS)?.map(str::to_owned),
            realm: stored.text(Self::REALM)?.map(str::to_owned),
        })
    }
}

/// application-registration, as far as the gateway looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApplicationRegistrationSettings {
    pub(crate) enable_proxy_with_consumer_credential: bool,
}

impl ApplicationRegistrationSettings {
    pub(crate) const PLUGIN: &'static str = "application-registration";
    pub(crate) const DISPLAY_NAME: &'static str = "display_name";
    pub(crate) const DESCRIPTION: &'static str = "description";
    pub(crate) const AUTO_APPROVE: Setting<bool> = Setting::new("auto_approve", false);
    pub(crate) const SHOW_ISSUER: Setting<bool> = Setting::new("show_issuer", false);
    pub(crate) const ENABLE_PROXY_WITH_CONSUMER_CREDENTIAL: Setting<bool> =
        Setting::new("enable_proxy_with_consumer_credential", false);

    fn read(stored: Stored<'_>) -> Result<Self, Unreadable> {
        let known = [
            Self::DISPLAY_NAME,
            Self::DESCRIPTION,
            Self::AUTO_APPROVE.name,
            Self::SHOW_ISSUER.name,
            Self::ENABLE_PROXY_WITH_CONSUMER_CREDENTIAL.name,
        ];
        stored.has_only(&known)?;
        let enable_proxy_with_consumer_credential =
            stored.flag_or(Self::ENABLE_PROXY_WITH_CONSUMER_CREDENTIAL)?;
        Ok(ApplicationRegistrationSettings { enable_proxy_with_consumer_credential })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::schema::{EntityKind, PLUGINS};

    /// What validation makes of no setting at all, and then of each setting in some value.
    fn stored_by_validation(plugin: &crate::schema::PluginSchema) -> Vec<Value> {
        let service = json!({"id": uuid::Uuid::nil()});
        let mut least = Map::new();
        for field in plugin.config.iter().filter(|field| field.required && field.default.value().is_null()) {
            least.insert(field.name.to_owned(), json!("text"));
        }
        let validate = |config: &Map<String, Value>| {
            let input = json!({"name": plugin.name, "service": service, "config": config});
            let whole = EntityKind::Plugins.validate(crate::schema::Mode::Whole, input.as_object().unwrap());
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
            for field in plugin.config.iter().filter(|field| !field.default.value().is_null()) {
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
}
