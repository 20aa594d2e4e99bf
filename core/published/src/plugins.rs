//! Plugins and their settings, each plugin a struct of its own.
//!
//! A plugin, or a setting of one, that is not listed here was stored by a newer program and may
//! refuse where this one would not: it is an error, which blocks what the plugin applies to.
//! So a newer program publishes a new setting only where it differs from its default.
#![expect(missing_docs, reason = "fields are called as in Kong, and mean what they mean there")]

use serde::Deserialize;

use crate::setting::{Setting, Texts};
use crate::stored::{Stored, Unreadable};

pub const ENABLED: Setting<bool> = Setting::new("enabled", true);

/// Members of a stored plugin besides its settings, as `schema` has them.
pub const MEMBERS: Texts = &[
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
pub enum PluginSettings {
    KeyAuth(KeyAuthSettings),
    ApplicationRegistration(ApplicationRegistrationSettings),
}

impl PluginSettings {
    /// Reads `config`.
    pub fn read(name: &str, config: Stored<'_>) -> Result<Self, Unreadable> {
        match name {
            KeyAuthSettings::PLUGIN => config.read().map(PluginSettings::KeyAuth),
            ApplicationRegistrationSettings::PLUGIN => {
                config.read().map(PluginSettings::ApplicationRegistration)
            }
            _ => Err(Unreadable::unknown("plugin", name)),
        }
    }
}

/// key-auth.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyAuthSettings {
    pub key_names: Vec<String>,
    pub key_in_header: bool,
    pub key_in_query: bool,
    pub key_in_body: bool,
    pub hide_credentials: bool,
    pub run_on_preflight: bool,
    pub anonymous: Option<String>,
    pub realm: Option<String>,
    /// Ours: a key may come as `Authorization: Bearer <key>`.
    pub key_in_bearer: bool,
}

impl KeyAuthSettings {
    pub const PLUGIN: &'static str = "key-auth";
    pub const KEY_NAMES: Setting<Texts> = Setting::new("key_names", &["apikey"]);
    pub const KEY_IN_HEADER: Setting<bool> = Setting::new("key_in_header", true);
    pub const KEY_IN_QUERY: Setting<bool> = Setting::new("key_in_query", true);
    pub const KEY_IN_BODY: Setting<bool> = Setting::new("key_in_body", false);
    pub const HIDE_CREDENTIALS: Setting<bool> = Setting::new("hide_credentials", false);
    pub const RUN_ON_PREFLIGHT: Setting<bool> = Setting::new("run_on_preflight", true);
    pub const ANONYMOUS: &'static str = "anonymous";
    pub const REALM: &'static str = "realm";
    pub const KEY_IN_BEARER: Setting<bool> = Setting::new("key_in_bearer", false);
}

impl Default for KeyAuthSettings {
    fn default() -> Self {
        KeyAuthSettings {
            key_names: Self::KEY_NAMES.default_texts(),
            key_in_header: Self::KEY_IN_HEADER.default,
            key_in_query: Self::KEY_IN_QUERY.default,
            key_in_body: Self::KEY_IN_BODY.default,
            hide_credentials: Self::HIDE_CREDENTIALS.default,
            run_on_preflight: Self::RUN_ON_PREFLIGHT.default,
            anonymous: None,
            realm: None,
            key_in_bearer: Self::KEY_IN_BEARER.default,
        }
    }
}

/// application-registration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApplicationRegistrationSettings {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub auto_approve: bool,
    pub show_issuer: bool,
    pub enable_proxy_with_consumer_credential: bool,
}

impl ApplicationRegistrationSettings {
    pub const PLUGIN: &'static str = "application-registration";
    pub const DISPLAY_NAME: &'static str = "display_name";
    pub const DESCRIPTION: &'static str = "description";
    pub const AUTO_APPROVE: Setting<bool> = Setting::new("auto_approve", false);
    pub const SHOW_ISSUER: Setting<bool> = Setting::new("show_issuer", false);
    pub const ENABLE_PROXY_WITH_CONSUMER_CREDENTIAL: Setting<bool> =
        Setting::new("enable_proxy_with_consumer_credential", false);
}

impl Default for ApplicationRegistrationSettings {
    fn default() -> Self {
        ApplicationRegistrationSettings {
            display_name: None,
            description: None,
            auto_approve: Self::AUTO_APPROVE.default,
            show_issuer: Self::SHOW_ISSUER.default,
            enable_proxy_with_consumer_credential: Self::ENABLE_PROXY_WITH_CONSUMER_CREDENTIAL.default,
        }
    }
}
