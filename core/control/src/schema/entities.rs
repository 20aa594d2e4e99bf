//! The tables of all entities.

use super::checks;
use super::entity_checks;
use super::{
    AtLeastOne, Check, Entity, EntityCheck, EntityKind, Fallback, Field, FieldKind, OnDelete, Pattern, Then,
    UNIX_SECONDS_MAX, Variant, Variants, service_url,
};
use latchkey_published::limits;
use latchkey_published::setting::Setting;
use latchkey_published::{plugins, routes, services};
use latchkey_router as router;

pub(super) const ID: Field =
    Field::new("id", FieldKind::Uuid, "Identifies the entity; made when it is not given.").auto();
pub(super) const CREATED_AT: Field = Field::new(
    "created_at",
    FieldKind::Integer,
    "When the entity was made, in seconds since the Unix epoch.",
)
.auto()
.checks(&[Check::Timestamp]);
pub(super) const UPDATED_AT: Field = Field::new(
    "updated_at",
    FieldKind::Integer,
    "When the entity was last changed, in seconds since the Unix epoch.",
)
.auto()
.checks(&[Check::Timestamp]);
const TAG: Field = Field::new("tag", FieldKind::String, "A word to find entities by.")
    .required()
    .checks(&[Check::Text(checks::tag)]);
pub(super) const TAGS: Field =
    Field::new("tags", FieldKind::Set(&TAG), "Words to group entities and to filter lists by.")
        .checks(&[Check::LengthMax(limits::TAGS_MAX)]);
const NAME: Field =
    Field::new("name", FieldKind::String, "A name of its own, which may stand in paths instead of the id.")
        .unique()
        .checks(&[Check::Text(checks::name), NAME_LENGTH]);
const NAME_LENGTH: Check = Check::LengthMax(limits::NAME_BYTES_MAX);
/// Ours: suspends without deleting.
const ENABLED: Field =
    Field::new("enabled", FieldKind::Boolean, "Whether it may be used; false suspends it.")
        .required()
        .default(Fallback::Boolean(true))
        .kept();
pub(super) const CREDENTIAL_NAME: Field =
    Field::new("name", FieldKind::String, "What the credential is called.").checks(&[NAME_LENGTH]).kept();
const CREDENTIAL_ENABLED: Field = Field {
    description: "Whether its keys may be used; false suspends them, that in its grace too.",
    ..ENABLED
};
pub(super) const TTL: Field = Field::new(
    "ttl",
    FieldKind::Integer,
    "How long the key is good from now on, in seconds; null for ever; not beside `expires_at`.",
)
.write_only()
.checks(&[Check::Between(0, limits::TTL_SECONDS_MAX)]);
pub(super) const EXPIRES_AT: Field = Field::new(
    "expires_at",
    FieldKind::Integer,
    "When the key ends, in seconds since the Unix epoch; null: never; not beside `ttl`.",
)
.write_only()
.checks(&[Check::Between(0, UNIX_SECONDS_MAX)]);
const ROTATED_AT: Field = Field::new(
    "rotated_at",
    FieldKind::Integer,
    "Since when the key is the one of now, in seconds since the Unix epoch; null: since it was made.",
)
.read_only();
const PREVIOUS_KEY_ENDS_AT: Field = Field::new(
    "previous_key_ends_at",
    FieldKind::Integer,
    "When the key before the last rotation ends, in seconds since the Unix epoch; null: it is good no more.",
)
.read_only();
/// One end, given in one way.
const ONE_END: EntityCheck =
    EntityCheck::Custom { field_sources: &["ttl", "expires_at"], check: entity_checks::one_end };
const ANY_ID: Field = Field::new("id", FieldKind::Uuid, "Identifies an entity.");

const PROTOCOLS: &[&str] = &["grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"];
const PROTOCOL: Field =
    Field::new("protocol", FieldKind::String, "A protocol, as the scheme of a URL has it.")
        .checks(&[Check::OneOf(PROTOCOLS)]);

pub(super) static SERVICES: Entity = Entity {
    name: "services",
    shorthands: &[service_url::URL],
    variants: None,
    endpoint_key: Some("name"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        NAME,
        number(
            services::RETRIES,
            "How many more times a request is tried at the upstream when no connection comes about.",
        )
        .checks(&[Check::Between(0, 32767)]),
        PROTOCOL.required().default(Fallback::Text(services::PROTOCOL.default)),
        Field::new("host", FieldKind::String, "The name or address of the upstream, without a port.")
            .required()
            .checks(&[Check::Text(checks::host)]),
        number(services::PORT, "The port of the upstream.").required().checks(&[Check::Between(0, 65535)]),
        Field::new("path", FieldKind::String, "What every path sent to the upstream begins with.").checks(&[
            Check::StartsWith("/"),
            NO_EMPTY_SEGMENTS,
            Check::Text(checks::path),
        ]),
        number(services::CONNECT_TIMEOUT, "How long connecting to the upstream may take, in milliseconds.")
            .checks(TIMEOUT),
        number(
            services::WRITE_TIMEOUT,
            "How long the upstream may leave between two reads of a request, in milliseconds.",
        )
        .checks(TIMEOUT),
        number(
            services::READ_TIMEOUT,
            "How long the upstream may leave between two parts of its response, in milliseconds.",
        )
        .checks(TIMEOUT),
        TAGS,
        Field::new(
            "client_certificate",
            FieldKind::Absent("certificates"),
            "The certificate shown to the upstream; none can be stored here.",
        ),
        Field::new(
            "tls_verify",
            FieldKind::Boolean,
            "Whether the certificate of the upstream is checked; only false turns the check off.",
        ),
        Field::new(
            "tls_verify_depth",
            FieldKind::Integer,
            "How many certificates may stand between that of the upstream and a trusted one.",
        )
        .checks(&[Check::Between(0, 64)]),
        Field::new(
            "ca_certificates",
            FieldKind::Array(&ANY_ID),
            "The authorities that the certificate of the upstream is checked against; none can be stored here.",
        ),
        flag(services::ENABLED, "Whether the service is served; the routes of one that is not are left out."),
    ],
    checks: &[
        EntityCheck::Conditional {
            if_field: "protocol",
            if_match: Check::OneOf(&["tcp", "tls", "udp", "grpc", "grpcs"]),
            then_field: "path",
            then_match: Then::Null,
            then_err: None,
        },
        only_with_tls("client_certificate"),
        only_with_tls("tls_verify"),
        only_with_tls("tls_verify_depth"),
        only_with_tls("ca_certificates"),
        EntityCheck::Custom { field_sources: &["ca_certificates"], check: entity_checks::no_certificates },
    ],
};

const fn only_with_tls(field: &'static str) -> EntityCheck {
    EntityCheck::Conditional {
        if_field: "protocol",
        if_match: Check::NotOneOf(&["https", "tls"]),
        then_field: field,
        then_match: Then::Null,
        then_err: None,
    }
}

pub(super) const NO_EMPTY_SEGMENTS: Check = Check::MatchNone(&[(
    Pattern { lua: "//", holds: |text| text.contains("//") },
    "must not have empty segments",
)]);

/// Of milliseconds. As in Kong they may be null, which the gateway takes for the default.
const TIMEOUT: &[Check] = &[Check::Between(1, 2_147_483_646)];

const fn number(setting: Setting<i64>, description: &'static str) -> Field {
    Field::new(setting.name, FieldKind::Integer, description).default(Fallback::Integer(setting.default))
}

const fn flag(setting: Setting<bool>, description: &'static str) -> Field {
    Field::new(setting.name, FieldKind::Boolean, description)
        .required()
        .default(Fallback::Boolean(setting.default))
}

const METHOD: Field =
    Field::new("method", FieldKind::String, "A method, in upper case.").checks(&[Check::Match(UPPER_CASE)]);
const UPPER_CASE: Pattern =
    Pattern { lua: "^%u+$", holds: |text| text.bytes().all(|byte| byte.is_ascii_uppercase()) };

const HOST: Field = Field::new(
    "host",
    FieldKind::String,
    "A host name, with an asterisk as the first or last label for any, and a port if need be.",
)
.checks(&[
    Check::MatchAll(&[(ONE_WILDCARD, "invalid wildcard: must have at most one wildcard")]),
    Check::MatchAny(
        &[
            Pattern { lua: "^%*%.", holds: |text| text.starts_with("*.") },
            Pattern { lua: "%.%*$", holds: |text| text.ends_with(".*") },
            Pattern { lua: "^[^*]*$", holds: |text| !text.contains('*') },
        ],
        "invalid wildcard: must be placed at leftmost or rightmost label",
    ),
    Check::Text(checks::route_host),
]);
const ONE_WILDCARD: Pattern =
    Pattern { lua: "^[^*]*%*?[^*]*$", holds: |text| text.matches('*').count() <= 1 };

const PATH: Field =
    Field::new("path", FieldKind::String, "What a path begins with, or a regular expression behind a tilde.")
        .checks(&[
            NO_EMPTY_SEGMENTS,
            Check::MatchAny(
                &[
                    Pattern { lua: "^/", holds: |text| text.starts_with('/') },
                    Pattern { lua: "^~/", holds: |text| text.starts_with("~/") },
                ],
                "should start with: / (fixed path) or ~/ (regex path)",
            ),
            Check::Text(router::check_path),
        ]);

const SNI: Field = Field::new(
    "sni",
    FieldKind::String,
    "A server name, as TLS clients ask for it, with an asterisk as the first or last character for any.",
)
.checks(&[Check::Text(checks::sni)]);

const HEADER_NAME: Field = Field::new("name", FieldKind::String, "The name of a header field.").checks(&[
    Check::MatchNone(&[(
        Pattern { lua: "^[Hh][Oo][Ss][Tt]$", holds: |text| text.eq_ignore_ascii_case("host") },
        "cannot contain 'host' header, which must be specified in the 'hosts' attribute",
    )]),
    Check::Text(latchkey_router::check_field_name),
]);
const HEADER_VALUE: Field = Field::new(
    "value",
    FieldKind::String,
    "A value of the header field, or a regular expression behind a tilde and an asterisk.",
)
.checks(&[Check::Text(router::check_header_value)]);
const HEADER_VALUES: Field = Field::new(
    "values",
    FieldKind::Array(&HEADER_VALUE),
    "The values of which the header field must have one.",
);
const PEER: Field = Field::new(
    "peer",
    FieldKind::Record(&[
        Field::new("ip", FieldKind::String, "An address, or a range of addresses in CIDR notation.")
            .checks(&[Check::Text(checks::address_or_range)]),
        Field::new("port", FieldKind::Integer, "A TCP or UDP port.").checks(&[Check::Between(0, 65535)]),
    ]),
    "One end of a stream.",
)
.entity_checks(&[EntityCheck::AtLeastOneOf(&["ip", "port"])]);

const METHODS: Field =
    Field::new("methods", FieldKind::Set(&METHOD), "The methods of which a request must have one.");
const HOSTS: Field =
    Field::new("hosts", FieldKind::Array(&HOST), "The hosts of which a request must name one.");
const PATHS: Field =
    Field::new("paths", FieldKind::Array(&PATH), "The paths of which one must match the path of a request.");
pub(super) const HEADERS: Field = Field::new(
    "headers",
    FieldKind::Map(&HEADER_NAME, &HEADER_VALUES),
    "The header fields that a request must have, each with its values.",
);
const SOURCES: Field = Field::new(
    "sources",
    FieldKind::Set(&PEER),
    "The addresses and ports of which a stream must come from one.",
);
const DESTINATIONS: Field = Field::new(
    "destinations",
    FieldKind::Set(&PEER),
    "The addresses and ports of which a stream must go to one.",
);
const STRIP_PATH: Field = flag(
    routes::STRIP_PATH,
    "Whether the part of the path that matched is cut off before the request is sent on.",
);

/// As Kong has them in `routes_subschemas.lua`.
const ROUTE_VARIANTS: Variants = Variants {
    key: "protocols",
    of: &[
        Variant {
            values: &["http", "https"],
            fields: &[
                SOURCES.forbidden("cannot set 'sources' when 'protocols' is 'http' or 'https'"),
                DESTINATIONS.forbidden("cannot set 'destinations' when 'protocols' is 'http' or 'https'"),
            ],
        },
        Variant {
            values: &["tcp", "tls", "udp", "tls_passthrough"],
            fields: &[
                METHODS.forbidden(
                    "cannot set 'methods' when 'protocols' is 'tcp', 'tls', 'tls_passthrough' or 'udp'",
                ),
                HOSTS.forbidden(
                    "cannot set 'hosts' when 'protocols' is 'tcp', 'tls', 'tls_passthrough' or 'udp'",
                ),
                PATHS.forbidden(
                    "cannot set 'paths' when 'protocols' is 'tcp', 'tls', 'tls_passthrough' or 'udp'",
                ),
                HEADERS.forbidden(
                    "cannot set 'headers' when 'protocols' is 'tcp', 'tls', 'tls_passthrough' or 'udp'",
                ),
            ],
        },
        Variant {
            values: &["grpc", "grpcs"],
            fields: &[
                STRIP_PATH.default(Fallback::Boolean(false)).checks(&[Check::Not(
                    true,
                    "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'",
                )]),
                METHODS.forbidden("cannot set 'methods' when 'protocols' is 'grpc' or 'grpcs'"),
                SOURCES.forbidden("cannot set 'sources' when 'protocols' is 'grpc' or 'grpcs'"),
                DESTINATIONS.forbidden("cannot set 'destinations' when 'protocols' is 'grpc' or 'grpcs'"),
            ],
        },
    ],
};

const ROUTE_CHECKS: &[EntityCheck] = &[
    EntityCheck::Conditional {
        if_field: "protocols",
        if_match: Check::Elements(&Check::NotOneOf(&["grpcs", "https", "tls", "tls_passthrough"])),
        then_field: "snis",
        then_match: Then::Is(Check::LengthEq(0)),
        then_err: Some(
            "'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'",
        ),
    },
    EntityCheck::Custom { field_sources: &["paths", "headers"], check: entity_checks::route_patterns },
    EntityCheck::ConditionalAtLeastOneOf {
        if_field: "protocols",
        then: AtLeastOne {
            when: Check::Contains("https"),
            fields: &["methods", "hosts", "headers", "paths", "snis"],
            sentence: "must set one of %s when 'protocols' is 'https'",
        },
        otherwise: Some(AtLeastOne {
            when: Check::Contains("http"),
            fields: &["methods", "hosts", "headers", "paths"],
            sentence: "must set one of %s when 'protocols' is 'http'",
        }),
    },
    EntityCheck::ConditionalAtLeastOneOf {
        if_field: "protocols",
        then: AtLeastOne {
            when: Check::Elements(&Check::OneOf(&["tcp", "tls", "udp"])),
            fields: &["sources", "destinations", "snis"],
            sentence: "must set one of %s when 'protocols' is 'tcp', 'tls' or 'udp'",
        },
        otherwise: None,
    },
    EntityCheck::ConditionalAtLeastOneOf {
        if_field: "protocols",
        then: AtLeastOne {
            when: Check::Elements(&Check::OneOf(&["tls_passthrough"])),
            fields: &["snis"],
            sentence: "must set snis when 'protocols' is 'tls_passthrough'",
        },
        otherwise: None,
    },
    EntityCheck::ConditionalAtLeastOneOf {
        if_field: "protocols",
        then: AtLeastOne {
            when: Check::Contains("grpcs"),
            fields: &["hosts", "headers", "paths", "snis"],
            sentence: "must set one of %s when 'protocols' is 'grpcs'",
        },
        otherwise: Some(AtLeastOne {
            when: Check::Contains("grpc"),
            fields: &["hosts", "headers", "paths"],
            sentence: "must set one of %s when 'protocols' is 'grpc'",
        }),
    },
];

pub(super) static ROUTES: Entity = Entity {
    name: "routes",
    shorthands: &[],
    variants: Some(ROUTE_VARIANTS),
    endpoint_key: Some("name"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        NAME,
        Field::new(
            routes::PROTOCOLS.name,
            FieldKind::Set(&PROTOCOL),
            "The protocols that requests may come by.",
        )
        .required()
        .default(Fallback::Texts(routes::PROTOCOLS.default))
        .checks(&[
            Check::LengthMin(1),
            Check::ExclusiveSubsets(&[
                &["http", "https"],
                &["tcp", "tls", "udp"],
                &["tls_passthrough"],
                &["grpc", "grpcs"],
            ]),
        ]),
        METHODS,
        HOSTS,
        PATHS,
        HEADERS,
        Field::new("snis", FieldKind::Set(&SNI), "The server names of which a TLS client must ask for one."),
        SOURCES,
        DESTINATIONS,
        number(
            routes::HTTPS_REDIRECT_STATUS_CODE,
            "The status answered to a plain request where only HTTPS is taken.",
        )
        .required()
        .checks(&[Check::OneOfIntegers(&[426, 301, 302, 307, 308])]),
        number(routes::REGEX_PRIORITY, "Among routes with regular expressions the higher is tried first."),
        STRIP_PATH,
        Field::new(
            "path_handling",
            FieldKind::String,
            "How the path of the service and that of the request are joined.",
        )
        .default(Fallback::Text("v0"))
        .checks(&[Check::OneOf(&["v0", "v1"])]),
        flag(
            routes::PRESERVE_HOST,
            "Whether the upstream gets the host that the client named, and not that of the service.",
        ),
        Field::new(
            "request_buffering",
            FieldKind::Boolean,
            "Whether a request is read whole before it is sent on; here bodies always stream.",
        )
        .required()
        .default(Fallback::Boolean(true)),
        Field::new(
            "response_buffering",
            FieldKind::Boolean,
            "Whether a response is read whole before it is sent on; here bodies always stream.",
        )
        .required()
        .default(Fallback::Boolean(true)),
        TAGS,
        Field::new(
            "service",
            FieldKind::Foreign(EntityKind::Services, OnDelete::Restrict),
            "The service that requests are sent to.",
        ),
    ],
    checks: ROUTE_CHECKS,
};

pub(super) static CONSUMERS: Entity = Entity {
    name: "consumers",
    shorthands: &[],
    variants: None,
    endpoint_key: Some("username"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        Field::new(
            "username",
            FieldKind::String,
            "A name of its own, which may stand in paths instead of the id.",
        )
        .unique()
        .checks(&[NAME_LENGTH]),
        Field::new("custom_id", FieldKind::String, "The id that the consumer has elsewhere.")
            .unique()
            .checks(&[NAME_LENGTH]),
        Field {
            description: "Whether its keys may be used; false suspends them all, and with them what passes \
                          as this consumer where it is the anonymous one.",
            ..ENABLED
        },
        TAGS,
    ],
    checks: &[EntityCheck::AtLeastOneOf(&["custom_id", "username"])],
};

pub(super) static PLUGINS: Entity = Entity {
    name: "plugins",
    shorthands: &[],
    variants: None,
    endpoint_key: Some("instance_name"),
    unique_together: &["consumer", "name", "route", "service"],
    fields: &[
        ID,
        Field::new("name", FieldKind::String, "Which plugin it is.").required(),
        Field::new(
            "instance_name",
            FieldKind::String,
            "A name of its own, which may stand in paths instead of the id.",
        )
        .unique()
        .checks(&[Check::Text(checks::name), NAME_LENGTH]),
        CREATED_AT,
        UPDATED_AT,
        PLUGIN_ROUTE.default(Fallback::Null),
        PLUGIN_SERVICE.default(Fallback::Null),
        PLUGIN_CONSUMER.default(Fallback::Null),
        Field::new("config", FieldKind::PluginConfig, "The settings of the plugin.").required(),
        Field::new(
            "protocols",
            FieldKind::Set(&PLUGIN_PROTOCOL),
            "The protocols of requests that the plugin runs for.",
        )
        .required()
        .default(Fallback::Texts(PLUGIN_PROTOCOLS)),
        flag(plugins::ENABLED, "Whether the plugin runs."),
        TAGS,
    ],
    checks: &[],
};

pub(super) const PLUGIN_ROUTE: Field = Field::new(
    "route",
    FieldKind::Foreign(EntityKind::Routes, OnDelete::Cascade),
    "The route whose requests the plugin runs for; null for any.",
);
pub(super) const PLUGIN_SERVICE: Field = Field::new(
    "service",
    FieldKind::Foreign(EntityKind::Services, OnDelete::Cascade),
    "The service whose requests the plugin runs for; null for any.",
);
pub(super) const PLUGIN_CONSUMER: Field = Field::new(
    "consumer",
    FieldKind::Foreign(EntityKind::Consumers, OnDelete::Cascade),
    "The consumer whose requests the plugin runs for; null for any.",
);

const PLUGIN_PROTOCOLS: &[&str] = &["grpc", "grpcs", "http", "https"];
const PLUGIN_PROTOCOL: Field =
    Field::new("protocol", FieldKind::String, "A protocol, as the scheme of a URL has it.")
        .checks(&[Check::OneOf(PLUGIN_PROTOCOLS)]);

pub(super) static KEYAUTH_CREDENTIALS: Entity = Entity {
    name: "keyauth_credentials",
    shorthands: &[],
    variants: None,
    endpoint_key: Some("key"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        Field::new(
            "consumer",
            FieldKind::Foreign(EntityKind::Consumers, OnDelete::Cascade),
            "The consumer who shows the key.",
        )
        .required(),
        Field::new("key", FieldKind::String, "The key; made when it is not given.")
            .auto()
            .write_only()
            .checks(&[Check::LengthMax(limits::KEY_BYTES_MAX)]),
        Field::new(
            "key_start",
            FieldKind::String,
            "The first characters of the key as it was given, to recognise it by.",
        )
        .read_only(),
        CREDENTIAL_NAME,
        CREDENTIAL_ENABLED,
        TAGS,
        TTL,
        EXPIRES_AT,
        ROTATED_AT,
        PREVIOUS_KEY_ENDS_AT,
    ],
    checks: &[ONE_END],
};

const STATUS: Field =
    Field::new("status", FieldKind::Integer, "0 approved, 1 pending, 2 rejected, 3 revoked.")
        .checks(&[Check::OneOfIntegers(&[0, 1, 2, 3])]);

pub(super) static DEVELOPERS: Entity = Entity {
    name: "developers",
    shorthands: &[],
    variants: None,
    endpoint_key: Some("email"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        Field::new("email", FieldKind::String, "The e-mail address of the developer.")
            .required()
            .unique()
            .checks(&[Check::Text(checks::email)]),
        Field::new(
            "email_verified",
            FieldKind::Boolean,
            "Whether somebody who reads mail at the address has confirmed it.",
        )
        .required()
        .default(Fallback::Boolean(false))
        .read_only(),
        STATUS.required().default(Fallback::Integer(1)),
        Field {
            name: "applications_enabled",
            description: "Whether the keys of the developer's applications may be used; false suspends them all.",
            ..ENABLED
        },
        Field::new("meta", FieldKind::String, "What else is known of the developer, a JSON object as text.")
            .checks(&[Check::Text(checks::json_object), Check::LengthMax(limits::META_BYTES_MAX)]),
        Field::new("custom_id", FieldKind::String, "The id that the developer has elsewhere.")
            .unique()
            .omit_null()
            .checks(&[NAME_LENGTH]),
    ],
    checks: &[],
};

pub(super) const APPLICATION_NAME: Field =
    Field::new("name", FieldKind::String, "What the application is called.").checks(&[NAME_LENGTH]);

pub(super) static APPLICATIONS: Entity = Entity {
    name: "applications",
    shorthands: &[],
    variants: None,
    endpoint_key: None,
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        APPLICATION_NAME.required(),
        REDIRECT_URI.required(),
        Field::new("custom_id", FieldKind::String, "The id that the application has elsewhere.")
            .unique()
            .omit_null()
            .checks(&[NAME_LENGTH]),
        Field {
            description: "Whether the keys of the application may be used; false suspends them all.",
            ..ENABLED
        },
        Field::new(
            "developer",
            FieldKind::Foreign(EntityKind::Developers, OnDelete::Cascade),
            "The developer whose application it is.",
        )
        .required(),
        Field::new(
            "consumer",
            FieldKind::Record(&[ANY_ID]),
            "The consumer that upstreams see the application as.",
        )
        .read_only(),
    ],
    checks: &[],
};

const CONTRACT_TEXT: &[Check] = &[Check::CharactersMax(limits::CONTRACT_TEXT_CHARACTERS_MAX)];
pub(super) const NOTE: Field = Field::new(
    "note",
    FieldKind::String,
    "What the developer says to the request for access; shown to administrators.",
)
.checks(CONTRACT_TEXT)
.kept();

pub(super) const REASON: Field = Field::new(
    "reason",
    FieldKind::String,
    "What an administrator says of the state of the contract, shown to the developer; a change of \
     `status` without one takes it away.",
)
.checks(CONTRACT_TEXT)
.kept();

pub(super) static APPLICATION_INSTANCES: Entity = Entity {
    name: "application_instances",
    shorthands: &[],
    variants: None,
    endpoint_key: None,
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        UPDATED_AT,
        Field::new("composite_id", FieldKind::String, "The ids of application and service in one.")
            .unique()
            .read_only(),
        STATUS,
        Field::new(
            "suspended",
            FieldKind::Boolean,
            "Whether the contract does not count for the time being.",
        )
        .required()
        .default(Fallback::Boolean(false)),
        NOTE,
        REASON,
        Field::new(
            "application",
            FieldKind::Foreign(EntityKind::Applications, OnDelete::Cascade),
            "The application that may use the service.",
        )
        .required(),
        Field::new(
            "service",
            FieldKind::Foreign(EntityKind::Services, OnDelete::Cascade),
            "The service that the application may use.",
        )
        .required(),
    ],
    checks: &[],
};

pub(super) const REDIRECT_URI: Field =
    Field::new("redirect_uri", FieldKind::String, "Where users of the application are sent back to.")
        .checks(&[Check::Text(checks::absolute_uri)]);
const SECRET_CHECKS: &[Check] = &[Check::LengthMax(limits::KEY_BYTES_MAX)];
const REDIRECT_URI_OF_CREDENTIAL: Field =
    Field::new("redirect_uri", FieldKind::String, "Where users of the client are sent back to.")
        .checks(&[Check::Text(checks::redirect_uri)]);

/// Of consumers and of applications; what differs is in [`entity_checks`] and in the registry.
pub(super) static OAUTH2_CREDENTIALS: Entity = Entity {
    name: "oauth2_credentials",
    shorthands: &[],
    variants: None,
    endpoint_key: Some("client_id"),
    unique_together: &[],
    fields: &[
        ID,
        CREATED_AT,
        Field {
            description: "What the client is called; that of an application by its name, if by no other.",
            kept: false,
            ..CREDENTIAL_NAME
        },
        Field {
            description: "Whether it may be used, as a key and for tokens; false suspends it, that in its \
                          grace too.",
            ..ENABLED
        },
        Field::new(
            "client_id",
            FieldKind::String,
            "By which the client is known; that of an application is its key; made when it is not given.",
        )
        .auto()
        .write_only()
        .checks(SECRET_CHECKS),
        Field::new(
            "client_id_start",
            FieldKind::String,
            "The first characters of the client id, to recognise it by.",
        )
        .read_only(),
        Field::new(
            "client_secret",
            FieldKind::String,
            "The secret that belongs to the client id; made when it is not given.",
        )
        .auto()
        .write_only()
        .checks(SECRET_CHECKS),
        Field::new(
            "client_type",
            FieldKind::String,
            "Whether the client can keep a secret; that of an application always can.",
        )
        .required()
        .default(Fallback::Text("confidential"))
        .checks(&[Check::OneOf(&["confidential", "public"])]),
        Field::new(
            "hash_secret",
            FieldKind::Boolean,
            "Whether only a digest of the secret is kept; whatever it says, none else ever is.",
        )
        .required()
        .default(Fallback::Boolean(false)),
        Field::new(
            "redirect_uris",
            FieldKind::Array(&REDIRECT_URI_OF_CREDENTIAL),
            "The addresses that users of the client may be sent back to.",
        ),
        Field::new(
            "key_use",
            FieldKind::Boolean,
            "Whether the client id is an API key too; null where it is made: for those of applications.",
        )
        .kept(),
        Field::new(
            "tokens_not_before",
            FieldKind::Integer,
            "Access tokens issued up to then are refused, in seconds since the Unix epoch; null: none for \
             its age.",
        )
        .checks(&[Check::Between(0, UNIX_SECONDS_MAX)])
        .kept(),
        Field::new(
            "consumer",
            FieldKind::Foreign(EntityKind::Consumers, OnDelete::Cascade),
            "The consumer that upstreams see the client as; that of an application follows from it.",
        ),
        Field::new(
            "application",
            FieldKind::Foreign(EntityKind::Applications, OnDelete::Cascade),
            "The application that the credential belongs to; null: a consumer's.",
        ),
        TAGS,
        TTL,
        EXPIRES_AT,
        ROTATED_AT,
        PREVIOUS_KEY_ENDS_AT,
    ],
    checks: &[
        ONE_END,
        EntityCheck::Custom { field_sources: &["name"], check: entity_checks::client_has_name },
        EntityCheck::Custom {
            field_sources: &["application", "consumer"],
            check: entity_checks::client_has_consumer,
        },
        EntityCheck::Custom {
            field_sources: &["redirect_uris"],
            check: entity_checks::redirect_uris_have_hosts,
        },
    ],
};
