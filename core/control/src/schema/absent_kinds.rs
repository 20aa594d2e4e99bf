//! Kinds of Kong's that are not here, described because clients read their tables: decK for the defaults,
//! before it compares. No entity is of them.

use super::entities::{CREATED_AT, HEADERS, ID, NO_EMPTY_SEGMENTS, TAGS, UPDATED_AT};
use super::{Check, EntityCheck, Fallback, Field, FieldKind, Pattern, Then, checks};

/// The fields of a kind that is described alone, and its rules over several of them.
pub(super) fn table(name: &str) -> Option<(&'static [Field], &'static [EntityCheck])> {
    match name {
        "upstreams" => Some((UPSTREAMS, UPSTREAM_CHECKS)),
        "targets" => Some((TARGETS, &[])),
        "certificates" => Some((CERTIFICATES, &[])),
        "ca_certificates" => Some((CA_CERTIFICATES, &[])),
        "snis" => Some((SNIS, &[])),
        "tags" => Some((TAGGED, &[])),
        _ => None,
    }
}

const fn text(name: &'static str, description: &'static str) -> Field {
    Field::new(name, FieldKind::String, description)
}

const fn count(name: &'static str, description: &'static str) -> Field {
    Field::new(name, FieldKind::Integer, description)
        .default(Fallback::Integer(0))
        .checks(&[Check::Between(0, 255)])
}

const fn seconds(name: &'static str, default: i64, description: &'static str) -> Field {
    Field::new(name, FieldKind::Number, description)
        .default(Fallback::Integer(default))
        .checks(&[Check::Between(0, 65535)])
}

const fn statuses(default: &'static [i64], description: &'static str) -> Field {
    Field::new("http_statuses", FieldKind::Array(&STATUS), description).default(Fallback::Integers(default))
}

const STATUS: Field =
    Field::new("status", FieldKind::Integer, "A status of HTTP.").checks(&[Check::Between(100, 999)]);

const HASH_INPUTS: &[&str] =
    &["none", "consumer", "ip", "header", "cookie", "path", "query_arg", "uri_capture"];

const fn hash_input(name: &'static str, description: &'static str) -> Field {
    text(name, description).default(Fallback::Text("none")).checks(&[Check::OneOf(HASH_INPUTS)])
}

const fn header(name: &'static str, description: &'static str) -> Field {
    text(name, description).checks(&[Check::Text(latchkey_router::check_field_name)])
}

const PROBE: Field = text("type", "How a probe is made.")
    .default(Fallback::Text("http"))
    .checks(&[Check::OneOf(&["tcp", "http", "https", "grpc", "grpcs"])]);

const ACTIVE: &[Field] = &[
    PROBE,
    seconds("timeout", 1, "How long a probe may take, in seconds."),
    Field::new("concurrency", FieldKind::Integer, "How many targets are probed at once.")
        .default(Fallback::Integer(10))
        .checks(&[Check::Between(1, 2_147_483_648)]),
    text("http_path", "The path that a probe asks for.").default(Fallback::Text("/")).checks(&[
        Check::StartsWith("/"),
        NO_EMPTY_SEGMENTS,
        Check::Text(checks::path),
    ]),
    text("https_sni", "The server name that a probe asks for."),
    Field::new(
        "https_verify_certificate",
        FieldKind::Boolean,
        "Whether a probe checks the certificate of the target.",
    )
    .required()
    .default(Fallback::Boolean(true)),
    HEADERS,
    Field::new(
        "healthy",
        FieldKind::Record(&[
            seconds("interval", 0, "How often a healthy target is probed, in seconds; 0 for never."),
            statuses(&[200, 302], "The statuses by which a probe finds a target healthy."),
            count("successes", "How many good probes make a target healthy; 0 for none."),
        ]),
        "What finds a target healthy.",
    ),
    Field::new(
        "unhealthy",
        FieldKind::Record(&[
            seconds("interval", 0, "How often an unhealthy target is probed, in seconds; 0 for never."),
            statuses(
                &[429, 404, 500, 501, 502, 503, 504, 505],
                "The statuses by which a probe finds a target unhealthy.",
            ),
            count("tcp_failures", "How many failed connections make a target unhealthy; 0 for none."),
            count("timeouts", "How many late answers make a target unhealthy; 0 for none."),
            count("http_failures", "How many bad statuses make a target unhealthy; 0 for none."),
        ]),
        "What finds a target unhealthy.",
    ),
];

const PASSIVE: &[Field] = &[
    PROBE,
    Field::new(
        "healthy",
        FieldKind::Record(&[
            statuses(
                &[
                    200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307,
                    308,
                ],
                "The statuses of responses by which a target is healthy.",
            ),
            count("successes", "How many good responses make a target healthy; 0 for none."),
        ]),
        "What makes a target healthy.",
    ),
    Field::new(
        "unhealthy",
        FieldKind::Record(&[
            statuses(&[429, 500, 503], "The statuses of responses by which a target is unhealthy."),
            count("tcp_failures", "How many failed connections make a target unhealthy; 0 for none."),
            count("timeouts", "How many late responses make a target unhealthy; 0 for none."),
            count("http_failures", "How many bad responses make a target unhealthy; 0 for none."),
        ]),
        "What makes a target unhealthy.",
    ),
];

const UPSTREAMS: &[Field] = &[
    ID,
    CREATED_AT,
    text("name", "The host of the services whose requests are spread.").required().unique(),
    UPDATED_AT,
    text("algorithm", "How requests are spread.")
        .default(Fallback::Text("round-robin"))
        .checks(&[Check::OneOf(&["consistent-hashing", "least-connections", "round-robin", "latency"])]),
    hash_input("hash_on", "What of a request chooses its target."),
    hash_input("hash_fallback", "What chooses the target where that is not there."),
    header("hash_on_header", "The header field that chooses the target."),
    header("hash_fallback_header", "The header field that chooses the target where the first does not."),
    text("hash_on_cookie", "The cookie that chooses the target."),
    text("hash_on_cookie_path", "The path of the cookie where one is set.")
        .default(Fallback::Text("/"))
        .checks(&[Check::StartsWith("/"), NO_EMPTY_SEGMENTS, Check::Text(checks::path)]),
    text("hash_on_query_arg", "The query argument that chooses the target.").checks(&[Check::LengthMin(1)]),
    text("hash_fallback_query_arg", "The query argument that chooses the target where the first does not.")
        .checks(&[Check::LengthMin(1)]),
    text("hash_on_uri_capture", "The group of a path's pattern that chooses the target.")
        .checks(&[Check::LengthMin(1)]),
    text("hash_fallback_uri_capture", "The group of a path's pattern that does where the first does not.")
        .checks(&[Check::LengthMin(1)]),
    Field::new("slots", FieldKind::Integer, "Into how many parts the load is divided.")
        .default(Fallback::Integer(10_000))
        .checks(&[Check::Between(10, 65536)]),
    Field::new(
        "healthchecks",
        FieldKind::Record(&[
            Field::new("active", FieldKind::Record(ACTIVE), "How targets are probed."),
            Field::new("passive", FieldKind::Record(PASSIVE), "What is concluded from their responses."),
            Field::new("threshold", FieldKind::Number, "The least part of healthy targets, in percent.")
                .default(Fallback::Integer(0))
                .checks(&[Check::Between(0, 100)]),
        ]),
        "How targets are found healthy.",
    ),
    TAGS,
    text("host_header", "The host that targets are asked for, in the place of the service's."),
    Field::new("client_certificate", FieldKind::Absent("certificates"), "The certificate shown to targets."),
    Field::new(
        "use_srv_name",
        FieldKind::Boolean,
        "Whether targets are asked for by the name of an SRV record.",
    )
    .default(Fallback::Boolean(false)),
];

const UPSTREAM_CHECKS: &[EntityCheck] = &[
    needs("hash_on", HEADER, "hash_on_header"),
    needs("hash_fallback", HEADER, "hash_fallback_header"),
    needs("hash_on", COOKIE, "hash_on_cookie"),
    needs("hash_fallback", COOKIE, "hash_on_cookie"),
    falls_back_to(NONE, &["none"]),
    falls_back_to(COOKIE, &["none"]),
    falls_back_to(
        Pattern { lua: "^consumer$", holds: |text| text == "consumer" },
        &["none", "ip", "header", "cookie", "path", "query_arg", "uri_capture"],
    ),
    falls_back_to(
        Pattern { lua: "^ip$", holds: |text| text == "ip" },
        &["none", "consumer", "header", "cookie", "path", "query_arg", "uri_capture"],
    ),
    falls_back_to(
        Pattern { lua: "^path$", holds: |text| text == "path" },
        &["none", "consumer", "header", "cookie", "query_arg", "ip", "uri_capture"],
    ),
    EntityCheck::Distinct(&["hash_on_header", "hash_fallback_header"]),
    needs("hash_on", QUERY_ARGUMENT, "hash_on_query_arg"),
    needs("hash_fallback", QUERY_ARGUMENT, "hash_fallback_query_arg"),
    EntityCheck::Distinct(&["hash_on_query_arg", "hash_fallback_query_arg"]),
    needs("hash_on", CAPTURE, "hash_on_uri_capture"),
    needs("hash_fallback", CAPTURE, "hash_fallback_uri_capture"),
    EntityCheck::Distinct(&["hash_on_uri_capture", "hash_fallback_uri_capture"]),
];

const HEADER: Pattern = Pattern { lua: "^header$", holds: |text| text == "header" };
const COOKIE: Pattern = Pattern { lua: "^cookie$", holds: |text| text == "cookie" };
const NONE: Pattern = Pattern { lua: "^none$", holds: |text| text == "none" };
const QUERY_ARGUMENT: Pattern = Pattern { lua: "^query_arg$", holds: |text| text == "query_arg" };
const CAPTURE: Pattern = Pattern { lua: "^uri_capture$", holds: |text| text == "uri_capture" };

const fn needs(if_field: &'static str, pattern: Pattern, then_field: &'static str) -> EntityCheck {
    EntityCheck::Conditional {
        if_field,
        if_match: Check::Match(pattern),
        then_field,
        then_match: Then::Required,
        then_err: None,
    }
}

const fn falls_back_to(pattern: Pattern, choices: &'static [&'static str]) -> EntityCheck {
    EntityCheck::Conditional {
        if_field: "hash_on",
        if_match: Check::Match(pattern),
        then_field: "hash_fallback",
        then_match: Then::Is(Check::OneOf(choices)),
        then_err: None,
    }
}

/// With fractions of a second, unlike those of all other kinds.
const fn time(name: &'static str, description: &'static str) -> Field {
    Field::new(name, FieldKind::Number, description).auto().checks(&[Check::Timestamp])
}

const TARGETS: &[Field] = &[
    ID,
    time("created_at", "When the target was made, in seconds since the Unix epoch, with fractions."),
    time("updated_at", "When the target was last changed, in seconds since the Unix epoch, with fractions."),
    Field::new("upstream", FieldKind::Absent("upstreams"), "The upstream whose target it is.").required(),
    text("target", "Where the target is: a host, and a port.").required(),
    Field::new("weight", FieldKind::Integer, "How much of the load the target gets, beside the others.")
        .default(Fallback::Integer(100))
        .checks(&[Check::Between(0, 65535)]),
    TAGS,
];

const CERTIFICATES: &[Field] = &[
    ID,
    CREATED_AT,
    UPDATED_AT,
    text("cert", "The chain of certificates, in PEM.").required(),
    text("key", "The private key of the certificate, in PEM.").required(),
    text("cert_alt", "Another chain for the same names, with a key of another algorithm, in PEM."),
    text("key_alt", "The private key of the other certificate, in PEM."),
    TAGS,
];

const CA_CERTIFICATES: &[Field] = &[
    ID,
    CREATED_AT,
    UPDATED_AT,
    text("cert", "The certificate of the authority, in PEM.").required(),
    text("cert_digest", "The SHA-256 of the certificate, in hex.").unique(),
    TAGS,
];

const SNIS: &[Field] = &[
    ID,
    CREATED_AT,
    UPDATED_AT,
    text("name", "The server name that TLS clients ask for.")
        .required()
        .unique()
        .checks(&[Check::Text(checks::sni)]),
    Field::new("certificate", FieldKind::Absent("certificates"), "The certificate shown for the name.")
        .required(),
    TAGS,
];

/// What `/tags` lists.
const TAGGED: &[Field] = &[
    text("tag", "The tag.").required().checks(&[Check::Text(checks::tag)]),
    text("entity_name", "The kind of the entity that has the tag.").required(),
    text("entity_id", "Identifies the entity that has the tag.").required(),
];
