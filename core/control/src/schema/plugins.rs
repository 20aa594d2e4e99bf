//! The plugins there are, and the tables of their configuration.

use super::checks;
use super::{Check, Fallback, Field, FieldKind};
use latchkey_published::limits;
use latchkey_published::plugins::{
    ApplicationRegistrationSettings as Registration, KeyAuthSettings as KeyAuth,
};
use latchkey_published::setting::Setting;

/// A plugin that can be configured.
#[derive(Debug)]
pub struct PluginSchema {
    /// Its name.
    pub name: &'static str,
    /// As Kong has it; the higher runs first.
    pub priority: u32,
    /// Which entities an instance may or must belong to.
    pub scope: Scope,
    /// FieldFaults of `config`.
    pub config: &'static [Field],
}

/// Which entities an instance of a plugin may or must belong to. None to a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any of service and route, both or none.
    Any,
    /// A service, and no route.
    Service,
}

/// Every plugin.
pub static PLUGINS: [PluginSchema; 2] = [
    PluginSchema { name: KeyAuth::PLUGIN, priority: 1250, scope: Scope::Any, config: KEY_AUTH },
    PluginSchema {
        name: Registration::PLUGIN,
        priority: 995,
        scope: Scope::Service,
        config: APPLICATION_REGISTRATION,
    },
];

/// The plugin of that name.
pub fn plugin(name: &str) -> Option<&'static PluginSchema> {
    PLUGINS.iter().find(|plugin| plugin.name == name)
}

const KEY_NAME: Field = Field::new("key_name", FieldKind::String).checks(&[Check::Text(checks::key_name)]);

const KEY_AUTH: &[Field] = &[
    Field::new(KeyAuth::KEY_NAMES.name, FieldKind::Array(&KEY_NAME))
        .required()
        .default(Fallback::Texts(KeyAuth::KEY_NAMES.default))
        .checks(&[Check::LengthMax(limits::KEY_NAMES_MAX)]),
    flag(KeyAuth::HIDE_CREDENTIALS),
    Field::new(KeyAuth::ANONYMOUS, FieldKind::String).checks(&[Check::LengthMax(limits::NAME_BYTES_MAX)]),
    flag(KeyAuth::KEY_IN_HEADER),
    flag(KeyAuth::KEY_IN_QUERY),
    flag(KeyAuth::KEY_IN_BODY),
    flag(KeyAuth::RUN_ON_PREFLIGHT),
    Field::new(KeyAuth::REALM, FieldKind::String).checks(&[Check::Text(realm)]),
];

const APPLICATION_REGISTRATION: &[Field] = &[
    Field::new(Registration::DISPLAY_NAME, FieldKind::String).required(),
    Field::new(Registration::DESCRIPTION, FieldKind::String),
    flag(Registration::AUTO_APPROVE),
    flag(Registration::SHOW_ISSUER),
    flag(Registration::ENABLE_PROXY_WITH_CONSUMER_CREDENTIAL),
];

const fn flag(setting: Setting<bool>) -> Field {
    Field::new(setting.name, FieldKind::Boolean).required().default(Fallback::Boolean(setting.default))
}

/// The realm stands in a header field as it is (RFC 9110 §5.5).
fn realm(text: &str) -> Result<(), String> {
    if text.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err("must not contain quotes, backslashes or control characters".to_owned());
    }
    Ok(())
}
