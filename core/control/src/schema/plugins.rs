//! The plugins there are, and the tables of their configuration.

use super::entities::{PLUGIN_CONSUMER, PLUGIN_ROUTE, PLUGIN_SERVICE};
use super::{Check, EntityCheck, Fallback, Field, FieldKind, MUST_BE_NULL, Object, Then};
use latchkey_published::limits;
use latchkey_published::plugins::{
    ApplicationRegistrationSettings as Registration, KeyAuthSettings as KeyAuth, OAuth2Settings as OAuth2,
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
    /// Rules over several of them.
    pub checks: &'static [EntityCheck],
    /// A rule over all of them, once each is as it must be: the sentence stands in the place of `config`.
    pub whole: Option<WholeRule>,
}

/// A rule over all settings of a plugin: what is wrong with them, in a sentence.
pub type WholeRule = fn(&Object) -> Result<(), String>;

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
pub static PLUGINS: [PluginSchema; 3] = [
    PluginSchema {
        name: KeyAuth::PLUGIN,
        priority: 1250,
        scope: Scope::Any,
        config: KEY_AUTH,
        checks: &[],
        whole: None,
    },
    PluginSchema {
        name: Registration::PLUGIN,
        priority: 995,
        scope: Scope::Service,
        config: APPLICATION_REGISTRATION,
        checks: &[],
        whole: None,
    },
    PluginSchema {
        name: OAuth2::PLUGIN,
        priority: 1400,
        scope: Scope::Any,
        config: OAUTH2,
        checks: OAUTH2_CHECKS,
        whole: Some(has_grant),
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

const SCOPE: Field = Field::new("scope", FieldKind::String, "The name of a scope.")
    .checks(&[Check::Text(scope), Check::LengthMax(limits::NAME_BYTES_MAX)]);

const OAUTH2: &[Field] = &[
    Field::new(OAuth2::SCOPES, FieldKind::Array(&SCOPE), "The scopes that a client may ask for.")
        .checks(&[Check::LengthMax(limits::SCOPES_MAX)]),
    flag(OAuth2::MANDATORY_SCOPE, "Whether a client must ask for a scope."),
    Field::new(
        OAuth2::PROVISION_KEY,
        FieldKind::String,
        "What lets a client name a user on whose behalf it acts; made when it is not given.",
    )
    .auto()
    .checks(&[Check::LengthMax(limits::KEY_BYTES_MAX)]),
    Field::new(
        OAuth2::TOKEN_EXPIRATION.name,
        FieldKind::WholeNumber,
        "How long an access token is good, in seconds; 0: it has no end of its own.",
    )
    .required()
    .default(Fallback::Integer(OAuth2::TOKEN_EXPIRATION.default))
    .checks(&[Check::Between(0, limits::TOKEN_EXPIRATION_SECONDS_MAX)]),
    absent_grant(OAuth2::ENABLE_AUTHORIZATION_CODE, "The authorization code grant, which is not here."),
    absent_grant(OAuth2::ENABLE_IMPLICIT_GRANT, "The implicit grant, which is not here."),
    flag(OAuth2::ENABLE_CLIENT_CREDENTIALS, "Whether clients get tokens by their own id and secret."),
    absent_grant(OAuth2::ENABLE_PASSWORD_GRANT, "The password grant, which is not here."),
    flag(OAuth2::HIDE_CREDENTIALS, "Whether the token is cut out of a request before it is sent on."),
    flag(
        OAuth2::ACCEPT_HTTP_IF_ALREADY_TERMINATED,
        "Whether a trusted peer is believed that a request for a token came to it by HTTPS.",
    ),
    Field::new(
        OAuth2::ANONYMOUS,
        FieldKind::String,
        "The id or username of the consumer as whom a request without a good token is let through.",
    )
    .checks(&[Check::LengthMax(limits::NAME_BYTES_MAX)]),
    flag(
        OAuth2::GLOBAL_CREDENTIALS,
        "Whether tokens are good wherever this is set, and not for one service alone.",
    ),
    Field::new(
        OAuth2::AUTH_HEADER_NAME.name,
        FieldKind::String,
        "The header field with the token, and at the token endpoint with id and secret of the client.",
    )
    .required()
    .default(Fallback::Text(OAuth2::AUTH_HEADER_NAME.default))
    .checks(&[Check::Text(latchkey_router::check_field_name)]),
    Field::new(
        OAuth2::REFRESH_TOKEN_TTL.name,
        FieldKind::WholeNumber,
        "How long any token is good at most, in seconds; 0: it has no end.",
    )
    .required()
    .default(Fallback::Integer(OAuth2::REFRESH_TOKEN_TTL.default))
    .checks(&[Check::Between(0, limits::TTL_SECONDS_MAX)]),
    flag(OAuth2::REUSE_REFRESH_TOKEN, "Of refresh tokens, of which there are none."),
    Field::new(OAuth2::PKCE.name, FieldKind::String, "Of the authorization code grant, which is not here.")
        .default(Fallback::Text(OAuth2::PKCE.default))
        .checks(&[Check::OneOf(&["none", "lax", "strict"])]),
    Field::new(
        OAuth2::REALM,
        FieldKind::String,
        "The realm that WWW-Authenticate names where a token is refused.",
    )
    .checks(&[Check::Text(realm)]),
    flag(OAuth2::TOKEN_IN_QUERY, "Whether a token is looked for in the query; ours."),
    Field::new(
        OAuth2::REQUIRED_SCOPES,
        FieldKind::Array(&SCOPE),
        "The scopes that a token must have, all of them, or it is refused with 403; ours.",
    )
    .checks(&[Check::LengthMax(limits::SCOPES_MAX)]),
];

const OAUTH2_CHECKS: &[EntityCheck] = &[EntityCheck::Conditional {
    if_field: OAuth2::MANDATORY_SCOPE.name,
    if_match: Check::Is(true),
    then_field: OAuth2::SCOPES,
    then_match: Then::Required,
    then_err: None,
}];

/// A grant that is not here: who relies on it learns so when it is saved.
const fn absent_grant(setting: Setting<bool>, description: &'static str) -> Field {
    flag(setting, description)
        .checks(&[Check::Not(true, "this grant is not here: only enable_client_credentials may be true")])
}

/// As Kong asks, and in its words.
fn has_grant(config: &Object) -> Result<(), String> {
    const GRANTS: [&str; 4] = [
        OAuth2::ENABLE_AUTHORIZATION_CODE.name,
        OAuth2::ENABLE_IMPLICIT_GRANT.name,
        OAuth2::ENABLE_CLIENT_CREDENTIALS.name,
        OAuth2::ENABLE_PASSWORD_GRANT.name,
    ];
    match GRANTS.iter().any(|grant| config.get(*grant).is_some_and(|value| value == true)) {
        true => Ok(()),
        false => Err(format!("at least one of these fields must be true: {}", GRANTS.join(", "))),
    }
}

/// RFC 6749 §3.3; what has a space could never be asked for.
fn scope(text: &str) -> Result<(), String> {
    match text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
        true => Ok(()),
        false => Err("must be printable ASCII without spaces, quotes and backslashes".to_owned()),
    }
}

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
