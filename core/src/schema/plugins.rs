//! The plugins there are, and the tables of their configuration.

use super::checks;
use super::{Check, Fallback, Field, FieldKind};
use crate::limits;

/// A plugin that can be configured.
#[derive(Debug)]
pub struct PluginSchema {
    /// Its name.
    pub name: &'static str,
    /// As Kong has it; the higher runs first.
    pub priority: u32,
    /// Which entities an instance may or must belong to.
    pub scope: Scope,
    /// Fields of `config`.
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
    PluginSchema { name: "key-auth", priority: 1250, scope: Scope::Any, config: KEY_AUTH },
    PluginSchema {
        name: "application-registration",
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
    Field::new("key_names", FieldKind::Array(&KEY_NAME))
        .required()
        .default(Fallback::Texts(&["apikey"]))
        .checks(&[Check::LengthMax(limits::KEY_NAMES_MAX)]),
    flag("hide_credentials", false),
    Field::new("anonymous", FieldKind::String).checks(&[Check::LengthMax(limits::NAME_BYTES_MAX)]),
    flag("key_in_header", true),
    flag("key_in_query", true),
    flag("key_in_body", false),
    flag("run_on_preflight", true),
    Field::new("realm", FieldKind::String).checks(&[Check::Text(realm)]),
];

const APPLICATION_REGISTRATION: &[Field] = &[
    Field::new("display_name", FieldKind::String).required(),
    Field::new("description", FieldKind::String),
    flag("auto_approve", false),
    flag("show_issuer", false),
    flag("enable_proxy_with_consumer_credential", false),
];

const fn flag(name: &'static str, default: bool) -> Field {
    Field::new(name, FieldKind::Boolean).required().default(Fallback::Boolean(default))
}

/// The realm stands in a header field as it is (RFC 9110 §5.5).
fn realm(text: &str) -> Result<(), String> {
    if text.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err("must not contain quotes, backslashes or control characters".to_owned());
    }
    Ok(())
}
