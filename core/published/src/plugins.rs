//! Plugins and their settings, each plugin a struct of its own.
//!
//! A plugin, or a setting of one, that is not listed here was stored by a newer program and may
//! refuse where this one would not: it is an error, which blocks what the plugin applies to.
//! So a newer program publishes a new setting only where it differs from its default.
#![expect(missing_docs, reason = "fields are called as in Kong, and mean what they mean there")]

use std::fmt;

use subtle::ConstantTimeEq;

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
    OAuth2(Box<OAuth2Settings>),
}

impl PluginSettings {
    /// Reads `config`.
    pub fn read(name: &str, config: Stored<'_>) -> Result<Self, Unreadable> {
        match name {
            KeyAuthSettings::PLUGIN => KeyAuthSettings::read(config).map(PluginSettings::KeyAuth),
            ApplicationRegistrationSettings::PLUGIN => {
                ApplicationRegistrationSettings::read(config).map(PluginSettings::ApplicationRegistration)
            }
            OAuth2Settings::PLUGIN => {
                OAuth2Settings::read(config).map(|settings| PluginSettings::OAuth2(Box::new(settings)))
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

impl KeyAuthSettings {
    /// Every setting.
    const NAMES: Texts = &[
        Self::KEY_NAMES.name,
        Self::KEY_IN_HEADER.name,
        Self::KEY_IN_QUERY.name,
        Self::KEY_IN_BODY.name,
        Self::HIDE_CREDENTIALS.name,
        Self::RUN_ON_PREFLIGHT.name,
        Self::ANONYMOUS,
        Self::REALM,
        Self::KEY_IN_BEARER.name,
    ];

    /// Reads `config`.
    pub fn read(config: Stored<'_>) -> Result<Self, Unreadable> {
        config.has_only(Self::NAMES)?;
        Ok(KeyAuthSettings {
            key_names: config.texts(&Self::KEY_NAMES)?,
            key_in_header: config.flag(&Self::KEY_IN_HEADER)?,
            key_in_query: config.flag(&Self::KEY_IN_QUERY)?,
            key_in_body: config.flag(&Self::KEY_IN_BODY)?,
            hide_credentials: config.flag(&Self::HIDE_CREDENTIALS)?,
            run_on_preflight: config.flag(&Self::RUN_ON_PREFLIGHT)?,
            anonymous: config.member(Self::ANONYMOUS)?,
            realm: config.member(Self::REALM)?,
            key_in_bearer: config.flag(&Self::KEY_IN_BEARER)?,
        })
    }
}

/// application-registration.
#[derive(Debug)]
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
}

impl ApplicationRegistrationSettings {
    /// Every setting.
    const NAMES: Texts = &[
        Self::DISPLAY_NAME,
        Self::DESCRIPTION,
        Self::AUTO_APPROVE.name,
        Self::SHOW_ISSUER.name,
        Self::ENABLE_PROXY_WITH_CONSUMER_CREDENTIAL.name,
    ];

    /// Reads `config`; the others say nothing of a request.
    pub fn read(config: Stored<'_>) -> Result<Self, Unreadable> {
        config.has_only(Self::NAMES)?;
        let enable_proxy_with_consumer_credential =
            config.flag(&Self::ENABLE_PROXY_WITH_CONSUMER_CREDENTIAL)?;
        Ok(ApplicationRegistrationSettings { enable_proxy_with_consumer_credential })
    }
}

/// oauth2. Of the grants there is that of client credentials; the fields of the others are there
/// because Kong has them.
#[derive(Debug)]
pub struct OAuth2Settings {
    pub scopes: Option<Vec<String>>,
    pub mandatory_scope: bool,
    pub provision_key: Option<ProvisionKey>,
    /// In seconds; 0: tokens have no end of their own.
    pub token_expiration: u64,
    pub enable_authorization_code: bool,
    pub enable_implicit_grant: bool,
    pub enable_client_credentials: bool,
    pub enable_password_grant: bool,
    pub hide_credentials: bool,
    pub accept_http_if_already_terminated: bool,
    pub anonymous: Option<String>,
    pub global_credentials: bool,
    pub auth_header_name: String,
    /// In seconds: no token outlives it, 0 aside.
    pub refresh_token_ttl: u64,
    pub realm: Option<String>,
    /// Ours: whether a token is looked for in the query.
    pub token_in_query: bool,
    /// Ours: a token must have all of them.
    pub required_scopes: Option<Vec<String>>,
}

impl OAuth2Settings {
    pub const PLUGIN: &'static str = "oauth2";
    pub const SCOPES: &'static str = "scopes";
    pub const MANDATORY_SCOPE: Setting<bool> = Setting::new("mandatory_scope", false);
    pub const PROVISION_KEY: &'static str = "provision_key";
    pub const TOKEN_EXPIRATION: Setting<i64> = Setting::new("token_expiration", 7200);
    pub const ENABLE_AUTHORIZATION_CODE: Setting<bool> = Setting::new("enable_authorization_code", false);
    pub const ENABLE_IMPLICIT_GRANT: Setting<bool> = Setting::new("enable_implicit_grant", false);
    pub const ENABLE_CLIENT_CREDENTIALS: Setting<bool> = Setting::new("enable_client_credentials", false);
    pub const ENABLE_PASSWORD_GRANT: Setting<bool> = Setting::new("enable_password_grant", false);
    pub const HIDE_CREDENTIALS: Setting<bool> = Setting::new("hide_credentials", false);
    pub const ACCEPT_HTTP_IF_ALREADY_TERMINATED: Setting<bool> =
        Setting::new("accept_http_if_already_terminated", false);
    pub const ANONYMOUS: &'static str = "anonymous";
    pub const GLOBAL_CREDENTIALS: Setting<bool> = Setting::new("global_credentials", false);
    pub const AUTH_HEADER_NAME: Setting<&'static str> = Setting::new("auth_header_name", "authorization");
    pub const REFRESH_TOKEN_TTL: Setting<i64> = Setting::new("refresh_token_ttl", 1_209_600);
    pub const REUSE_REFRESH_TOKEN: Setting<bool> = Setting::new("reuse_refresh_token", false);
    pub const PKCE: Setting<&'static str> = Setting::new("pkce", "lax");
    pub const REALM: &'static str = "realm";
    pub const TOKEN_IN_QUERY: Setting<bool> = Setting::new("token_in_query", true);
    pub const REQUIRED_SCOPES: &'static str = "required_scopes";
}

impl OAuth2Settings {
    /// Every setting.
    const NAMES: Texts = &[
        Self::SCOPES,
        Self::MANDATORY_SCOPE.name,
        Self::PROVISION_KEY,
        Self::TOKEN_EXPIRATION.name,
        Self::ENABLE_AUTHORIZATION_CODE.name,
        Self::ENABLE_IMPLICIT_GRANT.name,
        Self::ENABLE_CLIENT_CREDENTIALS.name,
        Self::ENABLE_PASSWORD_GRANT.name,
        Self::HIDE_CREDENTIALS.name,
        Self::ACCEPT_HTTP_IF_ALREADY_TERMINATED.name,
        Self::ANONYMOUS,
        Self::GLOBAL_CREDENTIALS.name,
        Self::AUTH_HEADER_NAME.name,
        Self::REFRESH_TOKEN_TTL.name,
        Self::REUSE_REFRESH_TOKEN.name,
        Self::PKCE.name,
        Self::REALM,
        Self::TOKEN_IN_QUERY.name,
        Self::REQUIRED_SCOPES,
    ];

    /// Reads `config`; what only other grants use is passed over.
    pub fn read(config: Stored<'_>) -> Result<Self, Unreadable> {
        config.has_only(Self::NAMES)?;
        Ok(OAuth2Settings {
            scopes: config.member(Self::SCOPES)?,
            mandatory_scope: config.flag(&Self::MANDATORY_SCOPE)?,
            provision_key: config.member(Self::PROVISION_KEY)?.map(ProvisionKey),
            token_expiration: config.number(&Self::TOKEN_EXPIRATION)?,
            enable_authorization_code: config.flag(&Self::ENABLE_AUTHORIZATION_CODE)?,
            enable_implicit_grant: config.flag(&Self::ENABLE_IMPLICIT_GRANT)?,
            enable_client_credentials: config.flag(&Self::ENABLE_CLIENT_CREDENTIALS)?,
            enable_password_grant: config.flag(&Self::ENABLE_PASSWORD_GRANT)?,
            hide_credentials: config.flag(&Self::HIDE_CREDENTIALS)?,
            accept_http_if_already_terminated: config.flag(&Self::ACCEPT_HTTP_IF_ALREADY_TERMINATED)?,
            anonymous: config.member(Self::ANONYMOUS)?,
            global_credentials: config.flag(&Self::GLOBAL_CREDENTIALS)?,
            auth_header_name: config.text(&Self::AUTH_HEADER_NAME)?.to_owned(),
            refresh_token_ttl: config.number(&Self::REFRESH_TOKEN_TTL)?,
            realm: config.member(Self::REALM)?,
            token_in_query: config.flag(&Self::TOKEN_IN_QUERY)?,
            required_scopes: config.member(Self::REQUIRED_SCOPES)?,
        })
    }
}

/// With it a backend may say on whose behalf it asks for a token. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ProvisionKey(String);

impl ProvisionKey {
    /// Whether it is this text; compared in constant time.
    pub fn is(&self, text: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(text).into()
    }
}

impl fmt::Debug for ProvisionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProvisionKey")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn oauth2(config: &Value) -> Result<OAuth2Settings, Unreadable> {
        match PluginSettings::read("oauth2", Stored::new(config)?)? {
            PluginSettings::OAuth2(settings) => Ok(*settings),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn oauth2_has_the_defaults_of_kong() {
        let settings = oauth2(&json!({"provision_key": "secret", "realm": null})).unwrap();
        assert_eq!((settings.token_expiration, settings.refresh_token_ttl), (7200, 1_209_600));
        assert_eq!(settings.auth_header_name, "authorization");
        assert!(settings.token_in_query && !settings.hide_credentials);
        let key = settings.provision_key.as_ref().unwrap();
        assert!(key.is(b"secret") && !key.is(b"secre") && !key.is(b""));
        assert!(!format!("{settings:?}").contains("\"secret\""));
    }

    #[test]
    fn what_a_newer_program_set_of_oauth2_blocks() {
        assert!(oauth2(&json!({"sender_constrained": true})).is_err());
        // A fraction would have to be rounded, and 0 has no end.
        assert!(oauth2(&json!({"token_expiration": 0.5})).is_err());
        assert!(oauth2(&json!({"token_expiration": -1})).is_err());
    }
}
