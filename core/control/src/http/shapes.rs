//! What the installation says of itself, as tables: the shapes of answers that are no entities.

use crate::schema::{Check, Field, FieldKind};

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
        &[text("database", "What keeps the entities.")],
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
pub(super) const ENDPOINTS: &[Field] = &[
    Field::new("data", FieldKind::Set(&TEXT), "The paths of the Admin API, with variables in braces.")
        .required(),
    Field::new("next", FieldKind::String, "Always null: there is one page."),
];

/// Names of the plugins there are.
pub(super) const ENABLED_PLUGINS: &[Field] =
    &[Field::new("enabled_plugins", FieldKind::Set(&NAME), "Names of the plugins that can be configured.")
        .required()];
