//! What the installation says of itself, as tables: the shapes of answers that are no entities.

use crate::registry::{Decided, KeyFault, NoMatch};
use crate::schema::{Check, Fallback, Field, FieldKind, check_tag};
use latchkey_published::limits;

const TEXT: Field = Field::new("text", FieldKind::String, "A text.").required();
const NAME: Field = Field::new("name", FieldKind::String, "A name.").required();
const NOTHING: &[Field] = &[];

const fn text(name: &'static str, description: &'static str) -> Field {
    Field::new(name, FieldKind::String, description).required()
}

const fn record(name: &'static str, fields: &'static [Field], description: &'static str) -> Field {
    Field::new(name, FieldKind::Record(fields), description).required()
}

/// Whether the door answers.
pub(super) const HEALTH: &[Field] =
    &[text("status", "That the door answers.").checks(&[Check::OneOf(&["ok"])])];

const AVAILABLE_PLUGIN: Field = record(
    "plugin",
    &[
        text("version", "The version of Latchkey that it comes with."),
        Field::new("priority", FieldKind::Integer, "Plugins with a higher one run first.").required(),
    ],
    "A plugin that can be configured.",
);

const fn flag(name: &'static str, description: &'static str) -> Field {
    Field::new(name, FieldKind::Boolean, description).required()
}

const LISTENER: Field = record(
    "listener",
    &[
        text("listener", "Host and port, and `ssl` where it speaks TLS."),
        text("ip", "The host: a name or an address."),
        Field::new("port", FieldKind::Integer, "The port.").required().checks(&[Check::Between(0, 65535)]),
        flag("ssl", "Whether it speaks TLS."),
        flag("http2", "Whether it is known to speak HTTP/2."),
        flag("proxy_protocol", "Never: as Kong has it."),
        flag("deferred", "Never: as Kong has it."),
        flag("bind", "Never: as Kong has it."),
        flag("reuseport", "Never: as Kong has it."),
    ],
    "Where a door is reached.",
);

const TAG_KEY: Field = text("tag_key", "64 hex digits.");

/// The keys of the tags of the keys that are taken for genuine.
pub(super) const TAG_KEYS: &[Field] = &[Field::new(
    "data",
    FieldKind::Array(&TAG_KEY),
    "The keys of the tags that keys made here end with, and of those that were brought: an import elsewhere \
     takes them, so that the keys stay good there.",
)
.required()];

/// What this installation is.
pub(super) const INFORMATION: &[Field] = &[
    text("version", "The version of Kong whose conventions are kept."),
    text("edition", "The edition of Kong whose conventions are kept."),
    text("tagline", "A greeting."),
    text("hostname", "The name of this installation."),
    Field::new("node_id", FieldKind::Uuid, "Identifies this installation.").required(),
    record("latchkey", &[text("version", "The version of Latchkey.")], "Latchkey itself."),
    record(
        "plugins",
        &[
            Field::new(
                "available_on_server",
                FieldKind::Map(&NAME, &AVAILABLE_PLUGIN),
                "The plugins that there are, by name.",
            )
            .required(),
            Field::new(
                "enabled_in_cluster",
                FieldKind::Set(&NAME),
                "Names of the plugins that are configured somewhere.",
            )
            .required(),
        ],
        "The plugins that there are, and those that are in use.",
    ),
    record(
        "configuration",
        &[
            text("database", "What keeps the entities."),
            text("router_flavor", "The router of Kong's whose rules are followed."),
            Field::new("proxy_listeners", FieldKind::Array(&LISTENER), "Where the gateway is reached.")
                .required(),
            Field::new("admin_listeners", FieldKind::Array(&LISTENER), "Where the control door is reached.")
                .required(),
        ],
        "Settings of this installation.",
    ),
];

/// Whether it works.
pub(super) const STATUS: &[Field] = &[
    record(
        "database",
        &[Field::new("reachable", FieldKind::Boolean, "Whether the store answers.").required()],
        "What keeps the entities.",
    ),
    record("memory", NOTHING, "Nothing is told of memory."),
    record("server", NOTHING, "Nothing is told of connections."),
];

/// The paths there are.
pub(super) const ENDPOINTS: &[Field] =
    &[Field::new("data", FieldKind::Set(&TEXT), "The paths of the Admin API, with variables in braces.")
        .required()];

/// That an entity would be taken.
pub(super) const VALIDATED: &[Field] = &[text("message", "That nothing is wrong, in Kong's words.")];

const NEXT: Field =
    Field::new("next", FieldKind::String, "Path of the next page, below `/admin`; null on the last.");

/// Tags, each with who has it.
pub(super) const TAGS: &[Field] = &[
    Field::new("data", FieldKind::Array(&TAGGED), "Tags, each with an entity that has it.").required(),
    NEXT,
    Field::new("offset", FieldKind::String, "What to ask the next page with; absent on the last.")
        .omit_null(),
];

const TAGGED: Field = record(
    "tagged",
    &[
        text("entity_name", "The kind of the entity."),
        Field::new("entity_id", FieldKind::Uuid, "Identifies the entity.").required(),
        text("tag", "The tag."),
    ],
    "A tag of an entity.",
);

/// What a client is answered that has taken a token back.
pub(super) const REVOKED: &[Field] =
    &[Field::new("message", FieldKind::String, "What was taken back besides; absent: nothing.").omit_null()];

/// A list of what there is none of.
pub(super) const NOTHING_LISTED: &[Field] = &[
    Field::new("data", FieldKind::Array(&TEXT), "Always empty.").required().checks(&[Check::LengthMax(0)]),
    NEXT,
];

/// Names of the plugins there are.
pub(super) const ENABLED_PLUGINS: &[Field] =
    &[Field::new("enabled_plugins", FieldKind::Set(&NAME), "Names of the plugins that can be configured.")
        .required()];

const fn optional(name: &'static str, fields: &'static [Field], description: &'static str) -> Field {
    Field::new(name, FieldKind::Record(fields), description)
}

const ITS_ID: Field = Field::new("id", FieldKind::Uuid, "Its id.").required();
const ITS_NAME: Field = Field::new("name", FieldKind::String, "Its name, if it has one.");
const NAMED: Field = record("entity", &[ITS_ID, ITS_NAME], "A service or a route.");

/// Whose a key is.
pub(super) const FOUND_KEY: &[Field] = &[
    text("kind", "The kind of the credential.")
        .checks(&[Check::OneOf(&["keyauth_credentials", "oauth2_credentials"])]),
    record(
        "credential",
        &[
            ITS_ID,
            ITS_NAME,
            flag("enabled", "Whether it is not suspended."),
            Field::new(
                "created_at",
                FieldKind::Integer,
                "When it was made, in seconds since the Unix epoch.",
            ),
        ],
        "The credential that the key belongs to.",
    ),
    optional(
        "consumer",
        &[
            ITS_ID,
            Field::new("username", FieldKind::String, "Its name, if it has one."),
            Field::new("custom_id", FieldKind::String, "The id that it has elsewhere."),
        ],
        "The consumer whose it is; null: an application's.",
    ),
    optional("application", &[ITS_ID, ITS_NAME], "The application whose it is; null: a consumer's."),
    optional(
        "developer",
        &[ITS_ID, text("email", "The e-mail address of the developer.")],
        "The developer of the application.",
    ),
    text(
        "which",
        "Whether it is the `current` key of the credential or the `previous` one, before a rotation.",
    )
    .checks(&[Check::OneOf(&["current", "previous"])]),
    flag("brought", "Whether it was brought as its SHA-256, and never seen here before it was used."),
    Field::new(
        "since",
        FieldKind::Integer,
        "Since when it is the credential's, in seconds since the Unix epoch.",
    )
    .required(),
    Field::new(
        "ends_at",
        FieldKind::Integer,
        "When it ends or has ended, in seconds since the Unix epoch; null: never.",
    ),
    flag("good", "Whether it is good now."),
    Field::new("faults", FieldKind::Set(&FAULT), "Why it is not good; empty: it is.").required(),
    flag("everywhere", "Whether a plugin for all routes asks for keys, so that it is good on every one."),
    Field::new("services", FieldKind::Array(&NAMED), "The services that it is good for.").required(),
    Field::new("routes", FieldKind::Array(&NAMED), "The routes that it is good for besides.").required(),
    optional(
        "ended_by",
        &[text("method", "The method."), text("path", "The path, at the control door.")],
        "The call that ends it now; null: it has ended.",
    ),
];

const FAULT: Field = Field::new("fault", FieldKind::String, "Why a key is not good.")
    .checks(&[Check::OneOf(&KeyFault::NAMES)]);

/// Which route a request would match.
pub(super) const ROUTE_MATCH: &[Field] = &[
    flag("answered_by_gateway", "Whether the gateway answers itself, since the path is its own."),
    optional("route", &[ITS_ID, ITS_NAME], "The route that matches; null: none does."),
    optional("service", &[ITS_ID, ITS_NAME], "Its service, if it has one."),
    flag("needs_https", "Whether the route serves HTTPS alone and the request does not come by it."),
    Field::new("sent_to", FieldKind::String, "URL that the request would be sent to, without its query."),
    Field::new("plugins", FieldKind::Array(&APPLIED_PLUGIN), "The plugins that apply.").required(),
    Field::new("others", FieldKind::Array(&OTHER_ROUTE), "The other routes, those first that come closest.")
        .required(),
    Field::new("others_left_out", FieldKind::Integer, "How many more routes there are.").required(),
];

const APPLIED_PLUGIN: Field = record(
    "plugin",
    &[
        ITS_ID,
        text("name", "What it does."),
        text("scope", "What it is configured on.").checks(&[Check::OneOf(&["route", "service", "global"])]),
    ],
    "A plugin that applies.",
);

const OTHER_ROUTE: Field = record(
    "other",
    &[
        record("route", &[ITS_ID, ITS_NAME], "The route."),
        optional("service", &[ITS_ID, ITS_NAME], "Its service, if it has one."),
        Field::new("why", FieldKind::Array(&NO_MATCH), "Why it is not the one.").required(),
    ],
    "A route that is not the one.",
);

const NO_MATCH: Field = record(
    "reason",
    &[
        text("reason", "A condition that does not hold, or why another route that matches goes first.")
            .checks(&[Check::OneOf(&NoMatch::REASONS)]),
        Field::new("header", FieldKind::String, "The name of the header field, where it is about one."),
    ],
    "Why a route is not the one.",
);

/// A record of the audit.
pub(super) const AUDIT_RECORD: &[Field] = &[
    Field::new("id", FieldKind::Uuid, "Identifies the record.").required(),
    Field::new(
        "created_at",
        FieldKind::Integer,
        "When the change was begun, in seconds since the Unix epoch.",
    )
    .required(),
    record(
        "who",
        &[
            text(
                "kind",
                "`program`, `gateway`, `admin_token` (the installation's), `named_token`, `developer`, `visitor` or \
                 `client` (of OAuth 2.0, by its credential).",
            ),
            Field::new("id", FieldKind::Uuid, "Its id, where there are several."),
            Field::new("name", FieldKind::String, "The name that it had then."),
        ],
        "Who made the change.",
    ),
    Field::new("address", FieldKind::String, "Address of the client, where the platform says it."),
    Field::new("request_id", FieldKind::String, "Id of the request, where the platform gives one."),
    Field::new(
        "job",
        FieldKind::Boolean,
        "Whether it is a further part of a change that did not fit one commit.",
    )
    .required(),
    Field::new("changes", FieldKind::Array(&AUDIT_LINE), "What became of the entities.").required(),
];

const AUDIT_LINE: Field = record(
    "change",
    &[
        text("entity", "Name of the kind of entity."),
        Field::new("entity_id", FieldKind::Uuid, "Its id; null: there is only one."),
        text(
            "did",
            "`created`, `changed`, `moved`, `deleting` or `deleted`; of a back-up `created`, `deleted`, \
             `restoring`, `restored` or `given_up`; of a mail `created`, `sent`, `refused` or `given_up`, and of \
             all mails `limit_reached`; of an account `logged_in`, `logged_out`, `sessions_ended`, `reset_started`, \
             `code_shown` or `code_refused`, and of all accounts `log_ins_failed` and `log_ins_held`, one sum a \
             minute and address.",
        ),
        Field::new(
            "fields",
            FieldKind::Set(&NAME),
            "Names of the fields that changed, and no value; empty unless it was changed. Of a mail: which it is.",
        )
        .required(),
        Field::new("count", FieldKind::Integer, "How many, of what is told as a sum."),
    ],
    "What became of an entity.",
);

const WHO: Field = record(
    "who",
    &[
        text("kind", "`admin_token` (the installation's) or `named_token`."),
        Field::new("id", FieldKind::Uuid, "Its id, where there are several."),
        Field::new("name", FieldKind::String, "The name that it had then."),
    ],
    "Who has begun it.",
);
const ID: Field = Field::new("id", FieldKind::Uuid, "Identifies it.").required();
const BEGAN: Field =
    Field::new("created_at", FieldKind::Integer, "When it was begun, in seconds since the Unix epoch.")
        .required();
const FORMAT: Field =
    Field::new("format", FieldKind::Integer, "The form of what it says of itself and of its records.")
        .required();
const PEPPER: Field = Field::new("pepper", FieldKind::Integer, "The id of a pepper.").required();
const PEPPERS: Field =
    Field::new("peppers", FieldKind::Array(&PEPPER), "Ids of the peppers that it is worth nothing without.")
        .required();
const PUBLISHED_FORMAT: Field =
    Field::new("published_format", FieldKind::Integer, "The form of what is published in it.").required();
const EPOCH: Field = Field::new("epoch", FieldKind::Integer, "Number of the newest change in it.").required();

/// A back-up that goes on.
pub(super) const RUN: &[Field] = &[ID, BEGAN, WHO];

/// A back-up that has begun.
pub(super) const BACKUP: &[Field] = &[
    ID,
    BEGAN,
    FORMAT,
    text("version", "The version of Latchkey that made it."),
    text("hostname", "The name of the installation that it is of."),
    PEPPERS,
    PUBLISHED_FORMAT,
    EPOCH,
];

const MAYBE_EMPTY: &[Check] = &[Check::LengthMin(0)];

/// A record of a back-up.
pub(super) const BACKUP_RECORD: &[Field] = &[
    text("partition", "First part of its name."),
    text("sort", "Second part of its name, maybe empty.").checks(MAYBE_EMPTY),
    Field::new("text", FieldKind::String, "Its bytes, if they are a text.").omit_null().checks(MAYBE_EMPTY),
    Field::new("base64", FieldKind::String, "Its bytes, if they are none. With neither it was not there.")
        .omit_null()
        .checks(MAYBE_EMPTY),
];

/// A restore.
pub(crate) const RESTORE: &[Field] = &[
    ID,
    BEGAN,
    WHO,
    Field::new("backup", FieldKind::Uuid, "The back-up that is restored.").required(),
    text(
        "stage",
        "What is done now: what was there is removed; what the back-up holds is written; all is removed.",
    )
    .checks(&[Check::OneOf(&["clearing", "loading", "giving_up"])]),
    Field::new("next_part", FieldKind::Integer, "Number of the part that comes next.").required(),
];

/// Larger numbers are not kept exactly by every reader of JSON.
const NUMBER_MAX: i64 = 1 << 52;

/// What is said of a back-up that is to be restored: what it said when it was begun.
pub(crate) const RESTORE_ASKED: &[Field] = &[
    ID,
    FORMAT.checks(&[Check::Between(0, NUMBER_MAX)]),
    PEPPERS,
    PUBLISHED_FORMAT.checks(&[Check::Between(0, NUMBER_MAX)]),
    EPOCH.checks(&[Check::Between(0, NUMBER_MAX)]),
    Field::new("replace", FieldKind::Boolean, "Whether all that is stored may be removed for it.")
        .required()
        .default(Fallback::Boolean(false)),
];

/// A part of what a back-up holds.
pub(crate) const RESTORE_PART: &[Field] =
    &[Field::new("data", FieldKind::Array(&RESTORE_RECORD), "Records, as the back-up's pages show them.")
        .required()];

const RESTORE_RECORD: Field = record("record", BACKUP_RECORD, "A record.");

/// What is said at the end of a restore.
pub(crate) const RESTORE_FINISHED: &[Field] =
    &[Field::new("parts", FieldKind::Integer, "How many parts there were.")
        .required()
        .checks(&[Check::Between(0, NUMBER_MAX)])];

const fn count(name: &'static str, description: &'static str) -> Field {
    Field::new(name, FieldKind::Integer, description).required()
}

/// How an import stands.
pub(super) const IMPORT: &[Field] = &[
    Field::new("id", FieldKind::Uuid, "Identifies the import; the caller has drawn it.").required(),
    text("state", "`receiving`, `checking`, `writing`, `pruning`, `done` or `refused`."),
    count("done", "Entities so far in this state."),
    count("total", "Entities of all parts; while it prunes, as many as are done."),
    count("created", "Entities that were made, or would be."),
    count("changed", "Entities that were changed, or would be."),
    count("unchanged", "Entities that are as they were."),
    count("deleted", "Entities that were deleted, or would be."),
    Field::new("differences", FieldKind::Array(&IMPORT_DIFFERENCE), "What this call did, or would do.")
        .required(),
    Field::new(
        "faults",
        FieldKind::Array(&IMPORT_FAULT),
        "What this call found wrong; where it had nothing to do, the first faults of all.",
    )
    .required(),
];

const IMPORT_DIFFERENCE: Field = record(
    "difference",
    &[
        text("kind", "Name of the kind of entity."),
        Field::new("id", FieldKind::Uuid, "Its id.").required(),
        Field::new("name", FieldKind::String, "What it is called, as far as that is no secret."),
        text("does", "`create`, `change` or `delete`."),
        Field::new("fields", FieldKind::Array(&NAME), "Names of the fields that change, and no value.")
            .required(),
    ],
    "What an import does to an entity.",
);

const IMPORT_FAULT: Field = record(
    "fault",
    &[
        Field::new("part", FieldKind::Integer, "The part it is in, from 0; null: it is stored."),
        Field::new("entity", FieldKind::Integer, "Its place in the part, from 0."),
        text("kind", "Name of the kind of entity."),
        Field::new("name", FieldKind::String, "What it is called, as far as that is no secret."),
        text("message", "What is wrong, in a sentence."),
    ],
    "What is wrong with an entity.",
);

/// A part that was received.
pub(super) const IMPORT_PART: &[Field] =
    &[count("part", "Its number, from 0."), count("entities", "How many entities it has.")];

const TAG: Field =
    Field::new("tag", FieldKind::String, "A tag.").required().checks(&[Check::Text(check_tag)]);

/// How an import is asked for.
pub(super) const IMPORT_OPTIONS: &[Field] = &[
    Field::new("parts", FieldKind::Integer, "How many parts it has.")
        .required()
        .checks(&[Check::Between(1, limits::IMPORT_PARTS_MAX as i64)]),
    Field::new("prune", FieldKind::Boolean, "Whether what it does not have is deleted.")
        .required()
        .default(Fallback::Boolean(false)),
    Field::new("dry_run", FieldKind::Boolean, "Whether nothing is written, but told what would be.")
        .required()
        .default(Fallback::Boolean(false)),
    Field::new("select_tags", FieldKind::Set(&TAG), "Only what has all of these tags is deleted.")
        .checks(&[Check::LengthMax(limits::TAGS_MAX)]),
];

/// A service that is open for registration.
pub(super) const OPEN_SERVICE: &[Field] = &[
    ITS_ID,
    ITS_NAME,
    record(
        "app_registration_config",
        &[
            text("display_name", "What the service is called."),
            Field::new("description", FieldKind::String, "What is said of it."),
            flag("auto_approve", "Whether access is given at once."),
            flag("show_issuer", "Whether it is shown who issues tokens for the service."),
        ],
        "How it is registered for.",
    ),
];

const EMAIL: Field = text("email", "The e-mail address.");
const STATUS_OF_DEVELOPER: Field =
    Field::new("status", FieldKind::Integer, "0 approved, 1 pending, 2 rejected, 3 revoked.")
        .required()
        .checks(&[Check::OneOfIntegers(&[0, 1, 2, 3])]);
const META: Field =
    Field::new("meta", FieldKind::String, "What else is known of the developer, a JSON object as text.");

/// What a sign-up comes to: the same whether or not somebody has the address.
pub(super) const REGISTERED: &[Field] = &[
    record(
        "developer",
        &[EMAIL, META, STATUS_OF_DEVELOPER],
        "The developer, without what tells one from another.",
    ),
    record(
        "email",
        &[flag(
            "accepted",
            "Whether a mail will be sent where one is due; of whether it was nothing is told.",
        )],
        "The mail that confirms the address, or that tells whose it is already.",
    ),
];

/// What the developer is once the address is confirmed.
pub(super) const VERIFIED: &[Field] = &[STATUS_OF_DEVELOPER];

const fn time(name: &'static str, description: &'static str) -> Field {
    Field::new(name, FieldKind::Integer, description).required()
}

/// The session of the caller.
pub(super) const PORTAL_SESSION: &[Field] = &[
    time("created_at", "When it was opened, in seconds since the Unix epoch."),
    time("authenticated_at", "When password or link was last shown, in seconds since the Unix epoch."),
    time("ends_at", "When it ends unless it is used, in seconds since the Unix epoch."),
];

/// A session, as its owner sees it among the others.
pub(super) const SESSION_IN_LIST: &[Field] = &[
    ITS_ID,
    time("created_at", "When it was opened, in seconds since the Unix epoch."),
    time("last_seen", "When it was last used, give or take some minutes, in seconds since the Unix epoch."),
    Field::new("browser", FieldKind::String, "The family of the browser."),
    flag("current", "Whether it is the one of this call."),
];

/// What is asked for at a sign-up besides address and password.
pub(super) const META_FIELD: &[Field] = &[
    text("title", "Its name in `meta`."),
    text("label", "What people read."),
    flag("is_email", "Whether it must be an e-mail address."),
    record(
        "validator",
        &[
            text("type", "What it must be.").checks(&[Check::OneOf(&["string", "number", "boolean"])]),
            flag("required", "Whether it must be there."),
        ],
        "What it must be.",
    ),
];

/// What a log-in link shows that is opened in another browser than asked for it.
pub(super) const LINK_CODE: &[Field] =
    &[text("code", "Six digits, to be typed where the link was asked for.")];

/// What is known of a specification of a service.
pub(super) const DOCUMENT: &[Field] = &[
    Field::new("name", FieldKind::String, "What its file was called, or its title."),
    Field::new("version", FieldKind::String, "Its own version (`info.version`)."),
    Field::new("format", FieldKind::String, "The version of OpenAPI or Swagger that it says."),
    text("media_type", "What it is sent as when it is read.")
        .checks(&[Check::OneOf(&["application/json", "application/yaml"])]),
    Field::new("size", FieldKind::Integer, "In bytes.").required(),
    text("sha256", "SHA-256 of its bytes, in hex."),
    time("uploaded_at", "When it was uploaded, in seconds since the Unix epoch."),
    Field::new("problems", FieldKind::Array(&TEXT), "What is wrong with it, each in a sentence.").required(),
];

const PIXELS: &[Check] = &[Check::Between(1, limits::LOGO_PIXELS_MAX as i64)];

/// What is known of the portal's logo.
pub(super) const LOGO: &[Field] = &[
    text("hash", "The beginning of its SHA-256, in hex."),
    Field::new("size", FieldKind::Integer, "In bytes.").required(),
    Field::new("width", FieldKind::Integer, "In pixels.").required().checks(PIXELS),
    Field::new("height", FieldKind::Integer, "In pixels.").required().checks(PIXELS),
];

/// Whom a test mail was written to.
pub(super) const TEST_MAIL_SENT: &[Field] =
    &[Field::new("to", FieldKind::Array(&TEXT), "The addresses that a mail was written to.").required()];

const TALLY: &[Field] = &[
    Field::new("count", FieldKind::Integer, "So many at least.").required(),
    flag("or_more", "Whether there may be more: not all were looked at."),
];

const ENDING_KEY: Field = record(
    "key",
    &[
        ITS_ID,
        Field::new("start", FieldKind::String, "How it begins, where that is known."),
        time("expires_at", "When it ends, in seconds since the Unix epoch."),
        record(
            "owner",
            &[
                text("kind", "The kind of its owner.")
                    .checks(&[Check::OneOf(&["consumers", "applications"])]),
                ITS_ID,
                Field::new("name", FieldKind::String, "What its owner is called."),
            ],
            "Whose it is.",
        ),
    ],
    "A key that ends within a week.",
);

/// What an administrator looks at first.
pub(super) const OVERVIEW: &[Field] = &[
    record("requests_waiting", TALLY, "Contracts that wait to be approved."),
    record("developers_waiting", TALLY, "Developers who wait to be approved."),
    Field::new("keys_ending", FieldKind::Array(&ENDING_KEY), "Keys that end within a week, the first 20.")
        .required(),
    flag("more_keys_ending", "Whether there may be more of them."),
];

/// What became of contracts that were decided about.
pub(super) const DECISIONS: &[Field] =
    &[Field::new("data", FieldKind::Array(&DECIDED), "What became of each, in the order of the ids.")
        .required()];

const DECIDED: Field = record(
    "decided",
    &[
        text("id", "The id, as it was sent."),
        text(
            "became",
            "`done`; `already`: it was so before; `left`: it is in another state and stays in it; `gone`: there \
             is none; `not_reached`: the store failed before, decide it again.",
        )
        .checks(&[Check::OneOf(&Decided::NAMES)]),
        Field::new("status", FieldKind::Integer, "Its state now, where that is known.")
            .checks(&[Check::OneOfIntegers(&[0, 1, 2, 3])]),
    ],
    "What became of a contract.",
);

/// What would stop without an entity.
pub(super) const IMPACT: &[Field] = &[
    record("applications", TALLY, "Applications that could not call something any more."),
    record("credentials", TALLY, "Credentials that would be good for less."),
    Field::new("within_s", FieldKind::Integer, "Within how many seconds, everywhere.").required(),
];
