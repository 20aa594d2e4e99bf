//! The plugins there are, and the tables of their configuration.

use super::entities::{PLUGIN_CONSUMER, PLUGIN_ROUTE, PLUGIN_SERVICE};
use super::{Check, Fallback, Field, FieldKind, MUST_BE_NULL};
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

impl Scope {
    /// The fields that take the place of those that all plugins have.
    pub fn fields(self) -> &'static [Field] {
        const NO_CONSUMER: Field = PLUGIN_CONSUMER.forbidden(MUST_BE_NULL);
        const NO_ROUTE: Field = PLUGIN_ROUTE.forbidden(MUST_BE_NULL);
        const A_SERVICE: Field = PLUGIN_SERVICE.required();
        match self {
            Scope::Any => &[NO_CONSUMER],
            Scope::Service => &[NO_CONSUMER, A_SERVICE, NO_ROUTE],
        }
    }
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

const KEY_NAME: Field = Field::new(
    "key_name",
    FieldKind::String,
    "The name of a header field, a query argument or a field of a body.",
)
.checks(&[Check::Text(latchkey_router::check_field_name)]);

const KEY_AUTH: &[Field] = &[
    Field::new(
        KeyAuth::KEY_NAMES.name,
        FieldKind::Array(&KEY_NAME),
        "Under which names a key is looked for, in this order.",
    )
    .required()
    .default(Fallback::Texts(KeyAuth::KEY_NAMES.default))
    .checks(&[Check::LengthMax(limits::KEY_NAMES_MAX)]),
    flag(KeyAuth::HIDE_CREDENTIALS, "Whether the key is cut out of a request before it is sent on."),
    Field::new(
        KeyAuth::ANONYMOUS,
        FieldKind::String,
        "The id or username of the consumer as whom a request without a good key is let through.",
    )
    .checks(&[Check::LengthMax(limits::NAME_BYTES_MAX)]),
    flag(KeyAuth::KEY_IN_HEADER, "Whether a key is looked for in header fields."),
    flag(KeyAuth::KEY_IN_QUERY, "Whether a key is looked for in the query."),
    flag(KeyAuth::KEY_IN_BODY, "Whether a key is looked for in the body: a form, multipart or JSON."),
    flag(KeyAuth::RUN_ON_PREFLIGHT, "Whether OPTIONS requests, by which browsers ask first, need a key too."),
    Field::new(
        KeyAuth::REALM,
        FieldKind::String,
        "The realm that WWW-Authenticate names where a key is refused.",
    )
    .checks(&[Check::Text(realm)]),
    flag(KeyAuth::KEY_IN_BEARER, "Whether a key is looked for in Authorization, behind the word Bearer.")
        .published_late(),
];

const APPLICATION_REGISTRATION: &[Field] = &[
    Field::new(Registration::DISPLAY_NAME, FieldKind::String, "What the service is called in the portal.")
        .required(),
    Field::new(Registration::DESCRIPTION, FieldKind::String, "What the portal says of the service."),
    flag(Registration::AUTO_APPROVE, "Whether new contracts are approved at once."),
    flag(Registration::SHOW_ISSUER, "Whether the portal shows who issues tokens for the service."),
    flag(
        Registration::ENABLE_PROXY_WITH_CONSUMER_CREDENTIAL,
        "Whether keys of consumers that are no applications are taken as well.",
    ),
];

const fn flag(setting: Setting<bool>, description: &'static str) -> Field {
    Field::new(setting.name, FieldKind::Boolean, description)
        .required()
        .default(Fallback::Boolean(setting.default))
}

/// The realm stands in a header field as it is (RFC 9110 §5.5).
fn realm(text: &str) -> Result<(), String> {
    if text.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err("must not contain quotes, backslashes or control characters".to_owned());
    }
    Ok(())
}
