//! Plugins and their settings, each plugin a struct of its own.
//!
//! A plugin, or a setting of one, that is not listed here was stored by a newer program and may
//! refuse where this one would not: it is an error, which blocks what the plugin applies to.
//! So a newer program publishes a new setting only where it differs from its default.
#![expect(missing_docs, reason = "fields are called as in Kong, and mean what they mean there")]

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
pub struct KeyAuthSettings {
    pub key_names: Vec<String>,
    pub key_in_header: bool,
    pub key_in_query: bool,
    pub key_in_body: bool,
    pub hide_credentials: bool,
    pub run_on_preflight: bool,
    pub anonymous: Option<String>,
    pub realm: Option<String>,
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
pub struct ApplicationRegistrationSettings {
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
