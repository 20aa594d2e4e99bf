//! The tables of all entities.

use super::checks;
use super::entity_checks;
use super::{Check, Entity, EntityCheck, EntityKind, Fallback, Field, FieldKind, OnDelete};
use latchkey_published::limits;
use latchkey_published::setting::Setting;
use latchkey_published::{plugins, routes, services};
use latchkey_router as router;

const ID: Field = Field::new("id", FieldKind::Uuid).auto();
const CREATED_AT: Field = Field::new("created_at", FieldKind::Integer).auto();
const UPDATED_AT: Field = Field::new("updated_at", FieldKind::Integer).auto();
const TAG: Field = Field::new("tag", FieldKind::String).checks(&[Check::Text(checks::tag)]);
const TAGS: Field = Field::new("tags", FieldKind::Set(&TAG)).checks(&[Check::LengthMax(limits::TAGS_MAX)]);
const NAME: Field =
    Field::new("name", FieldKind::String).unique().checks(&[Check::Text(checks::name), NAME_LENGTH]);
const NAME_LENGTH: Check = Check::LengthMax(limits::NAME_BYTES_MAX);
const ANY_ID: Field = Field::new("id", FieldKind::Uuid);

const PROTOCOLS: &[&str] = &["grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"];
const PROTOCOL: Field = Field::new("protocol", FieldKind::String).checks(&[Check::OneOf(PROTOCOLS)]);

pub(super) static SERVICES: Entity = Entity {
    name: "services",
    endpoint_key: Some("name"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        NAME,
        number(services::RETRIES).checks(&[Check::Between(0, 32767)]),
        PROTOCOL.required().default(Fallback::Text(services::PROTOCOL.default)),
        Field::new("host", FieldKind::String).required().checks(&[Check::Text(checks::host)]),
        number(services::PORT).required().checks(&[Check::Between(0, 65535)]),
        Field::new("path", FieldKind::String).checks(&[Check::Text(checks::path)]),
        number(services::CONNECT_TIMEOUT).checks(TIMEOUT),
        number(services::WRITE_TIMEOUT).checks(TIMEOUT),
        number(services::READ_TIMEOUT).checks(TIMEOUT),
        TAGS,
        Field::new("client_certificate", FieldKind::Foreign(None, OnDelete::Restrict)),
        Field::new("tls_verify", FieldKind::Boolean),
        Field::new("tls_verify_depth", FieldKind::Integer).checks(&[Check::Between(0, 64)]),
        Field::new("ca_certificates", FieldKind::Array(&ANY_ID)),
        flag(services::ENABLED),
    ],
    checks: &[
        EntityCheck {
            name: "conditional",
            fields: &["protocol", "path"],
            check: entity_checks::service_path,
        },
        EntityCheck {
            name: "conditional",
            fields: &["protocol", "client_certificate", "tls_verify", "tls_verify_depth", "ca_certificates"],
            check: entity_checks::service_tls,
        },
    ],
};

/// Of milliseconds. As in Kong they may be null, which the gateway takes for the default.
const TIMEOUT: &[Check] = &[Check::Between(1, 2_147_483_646)];

const fn number(setting: Setting<i64>) -> Field {
    Field::new(setting.name, FieldKind::Integer).default(Fallback::Integer(setting.default))
}

const fn flag(setting: Setting<bool>) -> Field {
    Field::new(setting.name, FieldKind::Boolean).required().default(Fallback::Boolean(setting.default))
}

const METHOD: Field = Field::new("method", FieldKind::String).checks(&[Check::Text(router::check_method)]);
const HOST: Field = Field::new("host", FieldKind::String).checks(&[Check::Text(router::check_host)]);
const PATH: Field = Field::new("path", FieldKind::String).checks(&[Check::Text(router::check_path)]);
const SNI: Field = Field::new("sni", FieldKind::String).checks(&[Check::Text(router::check_sni)]);
const HEADER_NAME: Field =
    Field::new("name", FieldKind::String).checks(&[Check::Text(router::check_header_name)]);
const HEADER_VALUE: Field =
    Field::new("value", FieldKind::String).checks(&[Check::Text(router::check_header_value)]);
const HEADER_VALUES: Field = Field::new("values", FieldKind::Array(&HEADER_VALUE));
const PEER: Field = Field::new(
    "peer",
    FieldKind::Record(&[
        Field::new("ip", FieldKind::String),
        Field::new("port", FieldKind::Integer).checks(&[Check::Between(0, 65535)]),
    ]),
);

pub(super) static ROUTES: Entity = Entity {
    name: "routes",
    endpoint_key: Some("name"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        NAME,
        Field::new(routes::PROTOCOLS.name, FieldKind::Set(&PROTOCOL))
            .required()
            .default(Fallback::Texts(routes::PROTOCOLS.default)),
        Field::new("methods", FieldKind::Set(&METHOD)),
        Field::new("hosts", FieldKind::Array(&HOST)),
        Field::new("paths", FieldKind::Array(&PATH)),
        Field::new("headers", FieldKind::Map(&HEADER_NAME, &HEADER_VALUES)),
        Field::new("snis", FieldKind::Set(&SNI)),
        Field::new("sources", FieldKind::Set(&PEER)),
        Field::new("destinations", FieldKind::Set(&PEER)),
        number(routes::HTTPS_REDIRECT_STATUS_CODE)
            .required()
            .checks(&[Check::OneOfIntegers(&[426, 301, 302, 307, 308])]),
        number(routes::REGEX_PRIORITY),
        flag(routes::STRIP_PATH),
        Field::new("path_handling", FieldKind::String)
            .default(Fallback::Text("v0"))
            .checks(&[Check::OneOf(&["v0", "v1"])]),
        flag(routes::PRESERVE_HOST),
        Field::new("request_buffering", FieldKind::Boolean).required().default(Fallback::Boolean(true)),
        Field::new("response_buffering", FieldKind::Boolean).required().default(Fallback::Boolean(true)),
        TAGS,
        Field::new("service", FieldKind::Foreign(Some(EntityKind::Services), OnDelete::Restrict)),
    ],
    checks: &[
        EntityCheck {
            name: "conditional_at_least_one_of",
            fields: &["protocols", "methods", "hosts", "headers", "paths", "snis", "sources", "destinations"],
            check: entity_checks::route_conditions,
        },
        EntityCheck {
            name: "custom_entity_check",
            fields: &["paths", "headers"],
            check: entity_checks::route_patterns,
        },
    ],
};

pub(super) static CONSUMERS: Entity = Entity {
    name: "consumers",
    endpoint_key: Some("username"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        Field::new("username", FieldKind::String).unique().checks(&[NAME_LENGTH]),
        Field::new("custom_id", FieldKind::String).unique().checks(&[NAME_LENGTH]),
        TAGS,
    ],
    checks: &[EntityCheck {
        name: "at_least_one_of",
        fields: &["custom_id", "username"],
        check: entity_checks::consumer_names,
    }],
};

pub(super) static PLUGINS: Entity = Entity {
    name: "plugins",
    endpoint_key: Some("instance_name"),
    unique_together: &["consumer", "name", "route", "service"],
    fields: &[
        ID,
        Field::new("name", FieldKind::String).required().checks(&[Check::Text(entity_checks::plugin_name)]),
        Field::new("instance_name", FieldKind::String)
            .unique()
            .checks(&[Check::Text(checks::name), NAME_LENGTH]),
        CREATED_AT,
        UPDATED_AT,
        Field::new("route", FieldKind::Foreign(Some(EntityKind::Routes), OnDelete::Cascade)),
        Field::new("service", FieldKind::Foreign(Some(EntityKind::Services), OnDelete::Cascade)),
        Field::new("consumer", FieldKind::Foreign(Some(EntityKind::Consumers), OnDelete::Cascade)),
        Field::new("config", FieldKind::PluginConfig).required(),
        Field::new("protocols", FieldKind::Set(&PLUGIN_PROTOCOL))
            .required()
            .default(Fallback::Texts(PLUGIN_PROTOCOLS)),
        flag(plugins::ENABLED),
        TAGS,
    ],
    checks: &[EntityCheck {
        name: "scope",
        fields: &["name", "service", "route", "consumer"],
        check: entity_checks::plugin_scope,
    }],
};

const PLUGIN_PROTOCOLS: &[&str] = &["grpc", "grpcs", "http", "https"];
const PLUGIN_PROTOCOL: Field =
    Field::new("protocol", FieldKind::String).checks(&[Check::OneOf(PLUGIN_PROTOCOLS)]);

pub(super) static KEYAUTH_CREDENTIALS: Entity = Entity {
    name: "keyauth_credentials",
    endpoint_key: Some("key"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        Field::new("consumer", FieldKind::Foreign(Some(EntityKind::Consumers), OnDelete::Cascade)).required(),
        Field::new("key", FieldKind::String)
            .auto()
            .write_only()
            .checks(&[Check::LengthMax(limits::KEY_BYTES_MAX)]),
        Field::new("key_start", FieldKind::String).read_only(),
        TAGS,
        Field::new("ttl", FieldKind::Integer)
            .write_only()
            .checks(&[Check::Between(0, limits::TTL_SECONDS_MAX)]),
    ],
    checks: &[],
};

const STATUS: Field = Field::new("status", FieldKind::Integer).checks(&[Check::OneOfIntegers(&[0, 1, 2, 3])]);

pub(super) static DEVELOPERS: Entity = Entity {
    name: "developers",
    endpoint_key: Some("email"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        Field::new("email", FieldKind::String).required().unique().checks(&[Check::Text(checks::email)]),
        STATUS.required().default(Fallback::Integer(1)),
        Field::new("meta", FieldKind::String)
            .checks(&[Check::Text(checks::json_object), Check::LengthMax(limits::META_BYTES_MAX)]),
        Field::new("custom_id", FieldKind::String).unique().omit_null().checks(&[NAME_LENGTH]),
    ],
    checks: &[],
};

pub(super) static APPLICATIONS: Entity = Entity {
    name: "applications",
    endpoint_key: None,
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        Field::new("name", FieldKind::String).required().checks(&[NAME_LENGTH]),
        Field::new("redirect_uri", FieldKind::String).required().checks(&[Check::Text(checks::absolute_uri)]),
        Field::new("custom_id", FieldKind::String).unique().omit_null().checks(&[NAME_LENGTH]),
        Field::new("developer", FieldKind::Foreign(Some(EntityKind::Developers), OnDelete::Cascade))
            .required(),
        Field::new("consumer", FieldKind::Record(&[ANY_ID])).read_only(),
    ],
    checks: &[],
};

pub(super) static APPLICATION_INSTANCES: Entity = Entity {
    name: "application_instances",
    endpoint_key: None,
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        Field::new("composite_id", FieldKind::String).unique().read_only(),
        STATUS,
        Field::new("suspended", FieldKind::Boolean).required().default(Fallback::Boolean(false)),
        Field::new("application", FieldKind::Foreign(Some(EntityKind::Applications), OnDelete::Cascade))
            .required(),
        Field::new("service", FieldKind::Foreign(Some(EntityKind::Services), OnDelete::Cascade)).required(),
    ],
    checks: &[],
};

const REDIRECT_URI: Field =
    Field::new("redirect_uri", FieldKind::String).checks(&[Check::Text(checks::absolute_uri)]);
const SECRET_CHECKS: &[Check] = &[Check::LengthMax(limits::KEY_BYTES_MAX)];

pub(super) static OAUTH2_CREDENTIALS: Entity = Entity {
    name: "oauth2_credentials",
    endpoint_key: Some("client_id"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        Field::new("name", FieldKind::String).checks(&[NAME_LENGTH]),
        Field::new("client_id", FieldKind::String).auto().write_only().checks(SECRET_CHECKS),
        Field::new("client_id_start", FieldKind::String).read_only(),
        Field::new("client_secret", FieldKind::String).auto().write_only().checks(SECRET_CHECKS),
        Field::new("client_type", FieldKind::String)
            .required()
            .default(Fallback::Text("confidential"))
            .checks(&[Check::OneOf(&["confidential"])]),
        Field::new("hash_secret", FieldKind::Boolean).required().default(Fallback::Boolean(true)),
        Field::new("redirect_uris", FieldKind::Array(&REDIRECT_URI)),
        Field::new("consumer", FieldKind::Record(&[ANY_ID])).read_only(),
        Field::new("application", FieldKind::Foreign(Some(EntityKind::Applications), OnDelete::Cascade))
            .required(),
        TAGS,
    ],
    checks: &[],
};
