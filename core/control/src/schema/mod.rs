//! Entities as tables: one per kind, from which validation, `/schemas/…` and documents are made.

mod checks;
mod describe;
mod entities;
mod entity_checks;
pub mod json_schema;
mod named_token;
mod plugins;
mod service_url;
mod texts;
mod validate;
mod violation;

pub(crate) use checks::{tag as check_tag, uuid as parse_uuid};
pub use describe::{describe_entity, describe_plugin};
pub(crate) use named_token::NAMED_TOKEN;
pub use plugins::{PLUGINS, PluginSchema, Scope, plugin};
pub use texts::{Input, Texts};
pub use validate::Mode;
pub(crate) use validate::{validate_record, whole_number};
pub use violation::{FieldFaults, Violation};

use serde_json::{Map, Value};

/// An entity or a part of one, as JSON has it.
pub type Object = Map<String, Value>;

/// Kinds of entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// Upstream services.
    Services,
    /// Routes to services.
    Routes,
    /// Those whom keys are given to.
    Consumers,
    /// Plugins, configured.
    Plugins,
    /// Keys of consumers.
    KeyauthCredentials,
    /// Developers of the portal.
    Developers,
    /// Developers' applications.
    Applications,
    /// Contracts: one application's access to one service.
    ApplicationInstances,
    /// Credentials of applications.
    Oauth2Credentials,
}

impl EntityKind {
    /// Every kind.
    pub const ALL: [EntityKind; 9] = [
        EntityKind::Services,
        EntityKind::Routes,
        EntityKind::Consumers,
        EntityKind::Plugins,
        EntityKind::KeyauthCredentials,
        EntityKind::Developers,
        EntityKind::Applications,
        EntityKind::ApplicationInstances,
        EntityKind::Oauth2Credentials,
    ];

    /// Its table.
    pub fn schema(self) -> &'static Entity {
        match self {
            EntityKind::Services => &entities::SERVICES,
            EntityKind::Routes => &entities::ROUTES,
            EntityKind::Consumers => &entities::CONSUMERS,
            EntityKind::Plugins => &entities::PLUGINS,
            EntityKind::KeyauthCredentials => &entities::KEYAUTH_CREDENTIALS,
            EntityKind::Developers => &entities::DEVELOPERS,
            EntityKind::Applications => &entities::APPLICATIONS,
            EntityKind::ApplicationInstances => &entities::APPLICATION_INSTANCES,
            EntityKind::Oauth2Credentials => &entities::OAUTH2_CREDENTIALS,
        }
    }

    /// Kong's name of the kind.
    pub fn name(self) -> &'static str {
        self.schema().name
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        EntityKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// A field of a stored entity; its default where the entity is from before the field.
    pub fn value_of(self, stored: &Object, field: &str) -> Value {
        let default = || self.schema().field(field).map(|field| field.default.value()).unwrap_or_default();
        stored.get(field).cloned().unwrap_or_else(default)
    }

    /// Kinds that refer to this one, and what deleting an entity of this kind does to them.
    /// In the order in which they are taken along.
    pub fn referrers(self) -> impl Iterator<Item = (EntityKind, OnDelete)> {
        EntityKind::ALL.into_iter().rev().filter_map(move |kind| {
            let field = kind.schema().reference_to(self)?;
            match field.kind {
                FieldKind::Foreign(_, on_delete) => Some((kind, on_delete)),
                _ => None,
            }
        })
    }
}

/// The table of one kind of entity.
#[derive(Debug)]
pub struct Entity {
    /// Kong's name, plural.
    pub name: &'static str,
    /// FieldFaults, in the order they are answered in.
    pub fields: &'static [Field],
    /// Field that names an entity in a path, besides its id.
    pub endpoint_key: Option<&'static str>,
    /// FieldFaults that no two entities may share the values of, taken together.
    pub unique_together: &'static [&'static str],
    /// Rules over several fields.
    pub checks: &'static [EntityCheck],
}

/// A rule over several fields: how `/schemas` describes it, and what finds breaches of it.
#[derive(Debug)]
pub struct EntityCheck {
    /// Kong's name for the kind of rule.
    pub name: &'static str,
    /// FieldFaults it concerns.
    pub fields: &'static [&'static str],
    /// Adds what is wrong with a normalised entity.
    pub check: fn(&Object, &mut FieldFaults),
}

impl Entity {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field that refers to an entity of `kind`.
    pub fn reference_to(&self, kind: EntityKind) -> Option<&'static Field> {
        self.fields.iter().find(|field| matches!(field.kind, FieldKind::Foreign(Some(to), _) if to == kind))
    }

    /// FieldFaults that refer to other entities.
    pub fn references(&self) -> impl Iterator<Item = (&'static Field, EntityKind)> {
        self.fields.iter().filter_map(|field| match field.kind {
            FieldKind::Foreign(Some(to), _) => Some((field, to)),
            _ => None,
        })
    }
}

/// One field of an entity or a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// What it is for: one sentence in English.
    pub description: &'static str,
    /// Never null.
    pub required: bool,
    /// Taken when the field is absent.
    pub default: Fallback,
    /// No two entities have the same value.
    pub unique: bool,
    /// Never answered, but by the call that set it.
    pub write_only: bool,
    /// Set by the registry alone; what a caller sends is not looked at.
    pub read_only: bool,
    /// Left out of answers while null.
    pub omit_null: bool,
    /// Made when the field is absent.
    pub auto: bool,
    /// What values must satisfy.
    pub checks: &'static [Check],
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum FieldKind {
    /// Text, not empty.
    String,
    /// An id.
    Uuid,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Values in order.
    Array(&'static Field),
    /// Values, each once.
    Set(&'static Field),
    /// Any names, each with a value.
    Map(&'static Field, &'static Field),
    /// Given names.
    Record(&'static [Field]),
    /// A record whose fields depend on the plugin's name.
    PluginConfig,
    /// Another entity, by its id. `None`: of a kind that cannot exist here (certificates).
    Foreign(Option<EntityKind>, OnDelete),
}

/// What deleting an entity does to those that refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// They go along.
    Cascade,
    /// It is refused while there are any.
    Restrict,
}

/// What an absent field is taken for.
#[derive(Clone, Copy, Debug)]
pub enum Fallback {
    /// Null.
    None,
    /// A truth value.
    Boolean(bool),
    /// A number.
    Integer(i64),
    /// Text.
    Text(&'static str),
    /// Several texts.
    Texts(&'static [&'static str]),
}

impl Fallback {
    /// As JSON; null for none.
    pub fn value(self) -> Value {
        match self {
            Fallback::None => Value::Null,
            Fallback::Boolean(value) => value.into(),
            Fallback::Integer(value) => value.into(),
            Fallback::Text(value) => value.into(),
            Fallback::Texts(values) => values.to_vec().into(),
        }
    }
}

/// What values must satisfy.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// A number in a range, both ends included.
    Between(i64, i64),
    /// One of some texts.
    OneOf(&'static [&'static str]),
    /// One of some numbers.
    OneOfIntegers(&'static [i64]),
    /// At most so many bytes or elements.
    LengthMax(usize),
    /// Text that passes; what is wrong with it otherwise.
    Text(fn(&str) -> Result<(), String>),
}

impl Field {
    /// An optional field without a default. The description is one sentence.
    pub const fn new(name: &'static str, kind: FieldKind, description: &'static str) -> Self {
        Field {
            name,
            kind,
            description,
            required: false,
            default: Fallback::None,
            unique: false,
            write_only: false,
            read_only: false,
            omit_null: false,
            auto: false,
            checks: &[],
        }
    }

    /// Never null.
    pub const fn required(self) -> Self {
        Field { required: true, ..self }
    }

    /// With a default.
    pub const fn default(self, default: Fallback) -> Self {
        Field { default, ..self }
    }

    /// Unlike in every other entity.
    pub const fn unique(self) -> Self {
        Field { unique: true, ..self }
    }

    /// Not answered.
    pub const fn write_only(self) -> Self {
        Field { write_only: true, ..self }
    }

    /// Set by the registry alone.
    pub const fn read_only(self) -> Self {
        Field { read_only: true, ..self }
    }

    /// Left out of answers while null.
    pub const fn omit_null(self) -> Self {
        Field { omit_null: true, ..self }
    }

    /// Made when absent.
    pub const fn auto(self) -> Self {
        Field { auto: true, ..self }
    }

    /// What is wrong with a text for this field, however long.
    pub(crate) fn check_text(&self, text: &str) -> Result<(), String> {
        let checks = self.checks.iter();
        checks
            .filter_map(|check| if let Check::Text(check) = check { Some(check(text)) } else { None })
            .collect()
    }

    /// With checks.
    pub const fn checks(self, checks: &'static [Check]) -> Self {
        Field { checks, ..self }
    }
}
