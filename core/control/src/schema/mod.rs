//! Entities as tables: one per kind, from which validation, `/schemas/…` and documents are made.

mod absent_kinds;
pub(crate) mod account_calls;
mod addresses;
mod check;
mod checks;
mod contract_calls;
mod describe;
mod entities;
mod entity_check;
mod entity_checks;
pub mod json_schema;
mod key_calls;
mod match_request;
mod named_token;
mod plugins;
pub(crate) mod portal_calls;
mod service_url;
mod settings;
mod texts;
mod validate;
mod violation;

pub(crate) use account_calls::REGISTER;
pub use check::{Check, Pattern};
pub(crate) use checks::{email as check_email, tag as check_tag, uuid as parse_uuid};
pub(crate) use contract_calls::DECISION;
pub use describe::{describe, describe_entity, describe_plugin};
pub use entity_check::{AtLeastOne, EntityCheck, Occasion, Then};
pub(crate) use key_calls::{FIND_KEY, ROTATION};
pub(crate) use match_request::MATCH_REQUEST;
pub(crate) use named_token::NAMED_TOKEN;
pub use plugins::{PLUGINS, PluginSchema, Scope, WholeRule, plugin};
pub(crate) use settings::{SETTINGS, TEST_MAIL};
pub use texts::{Input, Texts};
pub use validate::Mode;
pub(crate) use validate::{validate_record, whole_number};
pub use violation::{FieldFaults, Violation};

use serde_json::{Map, Value};

/// Latest time that a field takes, in seconds since the Unix epoch: the end of the year 9999.
const UNIX_SECONDS_MAX: i64 = 253_402_300_799;

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
    /// Fields, in the order they are answered in.
    pub fields: &'static [Field],
    /// Fields that stand for others in what a caller sends, and are never answered.
    pub shorthands: &'static [Field],
    /// How entities of this kind differ.
    pub variants: Option<Variants>,
    /// Field that names an entity in a path, besides its id.
    pub endpoint_key: Option<&'static str>,
    /// Fields that no two entities may share the values of, taken together.
    pub unique_together: &'static [&'static str],
    /// Rules over several fields.
    pub checks: &'static [EntityCheck],
}

/// Entities of a kind differ by the values of one field: Kong's subschemas.
#[derive(Debug)]
pub struct Variants {
    /// A field with a set of texts; the first of them that a variant has decides.
    pub key: &'static str,
    /// The variants.
    pub of: &'static [Variant],
}

/// What holds for entities with some values.
#[derive(Debug)]
pub struct Variant {
    /// The values.
    pub values: &'static [&'static str],
    /// Take the place of the fields of the same name.
    pub fields: &'static [Field],
}

impl Entity {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// What holds for an entity with these members alone.
    pub fn variant(&self, members: &Object) -> Option<&'static Variant> {
        let variants = self.variants.as_ref()?;
        let values = members.get(variants.key)?;
        let of = |value: &str| variants.of.iter().find(|variant| variant.values.contains(&value));
        match values {
            Value::Array(values) => values.iter().filter_map(Value::as_str).find_map(of),
            value => of(value.as_str()?),
        }
    }

    /// The field that refers to an entity of `kind`.
    pub fn reference_to(&self, kind: EntityKind) -> Option<&'static Field> {
        self.fields.iter().find(|field| matches!(field.kind, FieldKind::Foreign(to, _) if to == kind))
    }

    /// Fields that refer to other entities.
    pub fn references(&self) -> impl Iterator<Item = (&'static Field, EntityKind)> {
        self.fields.iter().filter_map(|field| match field.kind {
            FieldKind::Foreign(to, _) => Some((field, to)),
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
    /// Kept by a PUT that does not name it, where Kong's fields take their defaults: what is ours alone
    /// no file of Kong's clients names.
    pub kept: bool,
    /// Told to gateways only where it is not at its default: those of before it know nothing of it, and
    /// block what they do not know.
    pub published_late: bool,
    /// May only be null; what is said of anything else.
    pub forbidden: Option<&'static str>,
    /// What values must satisfy.
    pub checks: &'static [Check],
    /// Rules over several fields of a record.
    pub entity_checks: &'static [EntityCheck],
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
    /// A number.
    Number,
    /// The same, and whole: to Kong a number all the same.
    WholeNumber,
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
    /// Another entity, by its id.
    Foreign(EntityKind, OnDelete),
    /// An entity of a kind of this name, of which there can be none here.
    Absent(&'static str),
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
    /// Several numbers.
    Integers(&'static [i64]),
    /// Null, as Kong says it of a field that would be null anyway.
    Null,
}

impl Fallback {
    /// As JSON; null for none.
    pub fn value(self) -> Value {
        match self {
            Fallback::None | Fallback::Null => Value::Null,
            Fallback::Boolean(value) => value.into(),
            Fallback::Integer(value) => value.into(),
            Fallback::Text(value) => value.into(),
            Fallback::Texts(values) => values.to_vec().into(),
            Fallback::Integers(values) => values.to_vec().into(),
        }
    }
}

/// What Kong says of a value where there may be none.
pub const MUST_BE_NULL: &str = "value must be null";

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
            kept: false,
            published_late: false,
            forbidden: None,
            checks: &[],
            entity_checks: &[],
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

    /// Kept by a PUT that does not name it.
    pub const fn kept(self) -> Self {
        Field { kept: true, ..self }
    }

    /// Told to gateways only where it is not at its default.
    pub const fn published_late(self) -> Self {
        Field { published_late: true, ..self }
    }

    /// What is wrong with a text for this field, however long.
    pub(crate) fn check_text(&self, text: &str) -> Result<(), String> {
        let text = Value::from(text);
        let checks = self.checks.iter().filter(|check| !matches!(check, Check::LengthMax(_)));
        checks.copied().try_for_each(|check| check.judge(&text))
    }

    /// Null only.
    pub const fn forbidden(self, sentence: &'static str) -> Self {
        Field { forbidden: Some(sentence), ..self }
    }

    /// A record with rules over several of its fields.
    pub const fn entity_checks(self, entity_checks: &'static [EntityCheck]) -> Self {
        Field { entity_checks, ..self }
    }

    /// With checks.
    pub const fn checks(self, checks: &'static [Check]) -> Self {
        Field { checks, ..self }
    }
}
