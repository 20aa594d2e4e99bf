//! Validation of an entity against its table.

use std::collections::HashSet;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Check, Entity, EntityCheck, EntityKind, Fallback, Field, FieldFaults, FieldKind, Object, Occasion,
    Violation, plugins, service_url,
};

/// What the entity given is meant for.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'a> {
    /// A whole entity: absent fields take their defaults.
    Whole,
    /// Changes to an entity: records merge, everything else is replaced, null clears.
    Changes(&'a Object),
}

impl EntityKind {
    /// Checks what a caller sent and makes the entity of it: every field present, defaults filled
    /// in. Write-only fields are there only when they were sent.
    pub fn validate(self, mode: Mode<'_>, input: &Object) -> Result<Object, Violation> {
        let schema = self.schema();
        let mut input = input.clone();
        if self == EntityKind::Services {
            service_url::expand(&mut input)?;
        }
        let (whole, occasion) = match mode {
            Mode::Whole => (input, Occasion::Whole),
            Mode::Changes(current) => (merge(schema.fields, current, &input), Occasion::Update),
        };
        let validation = Validation::of(self, &whole)?;
        let mut faults = FieldFaults::default();
        let mut entity = validation.record(schema.fields, schema.checks, &whole, occasion, &mut faults);
        if let Mode::Changes(current) = mode {
            keep_ours(schema, current, &mut entity);
        }
        if faults.is_empty() { Ok(entity) } else { Err(Violation { fields: faults }) }
    }
}

/// The same for a record that is no entity, by the table of its fields.
pub(crate) fn validate_record(fields: &[Field], mode: Mode<'_>, input: &Object) -> Result<Object, Violation> {
    let whole = match mode {
        Mode::Whole => input.clone(),
        Mode::Changes(current) => merge(fields, current, input),
    };
    let mut faults = FieldFaults::default();
    let record =
        Validation { overrides: &[], plugin: None }.record(fields, &[], &whole, Occasion::Whole, &mut faults);
    if faults.is_empty() { Ok(record) } else { Err(Violation { fields: faults }) }
}

/// The plugin whose settings an entity has.
pub(super) fn plugin_of(kind: EntityKind, whole: &Object) -> Option<&'static plugins::PluginSchema> {
    let name = (kind == EntityKind::Plugins).then(|| whole.get("name")?.as_str()).flatten()?;
    plugins::plugin(name)
}

/// What a change cannot take away: what only the registry sets, and what is made when it is absent.
fn keep_ours(schema: &Entity, current: &Object, entity: &mut Object) {
    let is_cleared = |field: &Field| entity.get(field.name).is_some_and(Value::is_null);
    let kept = |field: &&Field| field.read_only || (field.auto && is_cleared(field));
    for field in schema.fields.iter().filter(kept).collect::<Vec<_>>() {
        let value = current.get(field.name).cloned().unwrap_or_default();
        entity.insert(field.name.to_owned(), value);
    }
}

/// `changes` laid over `current`.
fn merge(fields: &[Field], current: &Object, changes: &Object) -> Object {
    let mut merged = current.clone();
    merged.retain(|name, _| !name.starts_with('_'));
    for (name, value) in changes {
        let field = fields.iter().find(|field| field.name == name);
        let merged_value = match (field.map(|field| field.kind), merged.get(name), value) {
            (Some(FieldKind::Record(inner)), Some(Value::Object(old)), Value::Object(new)) => {
                Value::Object(merge(inner, old, new))
            }
            (Some(FieldKind::PluginConfig), Some(Value::Object(old)), Value::Object(new)) => {
                Value::Object(merge(&[], old, new))
            }
            _ => value.clone(),
        };
        merged.insert(name.clone(), merged_value);
    }
    merged
}

/// What one entity is validated by.
struct Validation {
    /// Take the place of its kind's fields of the same name.
    overrides: &'static [Field],
    plugin: Option<&'static plugins::PluginSchema>,
}

impl Validation {
    /// What an entity with these members is validated by. Where it cannot be told, nothing else is
    /// said of the entity, as in Kong.
    fn of(kind: EntityKind, members: &Object) -> Result<Self, Violation> {
        if kind == EntityKind::Plugins {
            let plugin = named_plugin(members.get("name").unwrap_or(&Value::Null));
            let plugin = plugin.map_err(|sentence| Violation::of("name", sentence))?;
            return Ok(Validation { overrides: plugin.scope.fields(), plugin: Some(plugin) });
        }
        let schema = kind.schema();
        let Some(variants) = &schema.variants else {
            return Ok(Validation { overrides: &[], plugin: None });
        };
        let default = schema.field(variants.key).map(|field| field.default.value()).unwrap_or_default();
        let key = members.get(variants.key).cloned().unwrap_or(default);
        let decided = Object::from_iter([(variants.key.to_owned(), key)]);
        match (schema.variant(&decided), unknown_variant(&decided[variants.key])) {
            (Some(variant), _) => Ok(Validation { overrides: variant.fields, plugin: None }),
            (None, Some(sentence)) => Err(Violation::of(variants.key, sentence)),
            (None, None) => Ok(Validation { overrides: &[], plugin: None }),
        }
    }

    /// What the fields are of what was sent; what is wrong is added to `faults`. A faulty field is as
    /// it was sent: rules over several fields look at that.
    fn record(
        &self,
        fields: &[Field],
        checks: &[EntityCheck],
        input: &Object,
        occasion: Occasion,
        faults: &mut FieldFaults,
    ) -> Object {
        for name in input.keys() {
            if !fields.iter().any(|field| field.name == name) {
                faults.add(name, "unknown field");
            }
        }
        let mut record = Map::new();
        for field in fields {
            let overriding = self.overrides.iter().find(|overriding| overriding.name == field.name);
            let sent = input.get(field.name);
            let value = match self.field(overriding.unwrap_or(field), sent) {
                Ok(value) => value,
                Err(sentence) => {
                    faults.add(field.name, sentence);
                    sent.cloned()
                }
            };
            record.extend(value.map(|value| (field.name.to_owned(), value)));
        }
        checks.iter().for_each(|check| check.run(&record, occasion, faults));
        record
    }

    /// The value of a field; `None` leaves it out.
    fn field(&self, field: &Field, value: Option<&Value>) -> Result<Option<Value>, Value> {
        if field.read_only {
            return Ok(Some(Value::Null));
        }
        let value = match value {
            None if matches!(field.kind, FieldKind::PluginConfig) => &Value::Object(Map::new()),
            None if !matches!(field.default, Fallback::None | Fallback::Null) => {
                return Ok(Some(field.default.value()));
            }
            None | Some(Value::Null) if field.write_only => return Ok(None),
            None | Some(Value::Null) if field.required && !field.auto => {
                return Err("required field missing".into());
            }
            None | Some(Value::Null) => return Ok(Some(Value::Null)),
            Some(value) => value,
        };
        if let Some(sentence) = field.forbidden {
            return Err(sentence.into());
        }
        let value = self.value(field, value)?;
        field.checks.iter().try_for_each(|check| check.judge(&value))?;
        Ok(Some(value))
    }

    fn value(&self, field: &Field, value: &Value) -> Result<Value, Value> {
        match field.kind {
            FieldKind::String => match value {
                Value::String(text) if text.is_empty() => Err("length must be at least 1".into()),
                Value::String(_) => Ok(value.clone()),
                _ => Err("expected a string".into()),
            },
            FieldKind::Uuid => match value {
                Value::String(text) if text.is_empty() => Err("length must be at least 1".into()),
                Value::String(text) => parse_uuid(text).map(|id| id.to_string().into()),
                _ => Err("expected a string".into()),
            },
            FieldKind::Integer => integer(field, value),
            FieldKind::Number | FieldKind::WholeNumber if !value.is_number() => {
                Err("expected a number".into())
            }
            FieldKind::WholeNumber => integer(field, value),
            FieldKind::Number => Ok(value.clone()),
            FieldKind::Boolean => match value {
                Value::Bool(_) => Ok(value.clone()),
                _ => Err("expected a boolean".into()),
            },
            FieldKind::Array(element) => self.elements(element, elements(value, "expected an array")?),
            FieldKind::Set(element) => {
                let elements = elements(value, "expected a set")?;
                // Not by comparing each with all before: a body has room for 100,000 of them.
                let mut seen = HashSet::new();
                let distinct =
                    elements.iter().filter(|element| element.is_object() || seen.insert(element.to_string()));
                self.elements(element, &distinct.cloned().collect::<Vec<_>>())
            }
            FieldKind::Map(keys, values) => self.map(keys, values, value),
            FieldKind::Record(fields) => self.nested(fields, field.entity_checks, value),
            FieldKind::PluginConfig => self.config(value),
            FieldKind::Foreign(to, _) => reference(Some(to), value),
            FieldKind::Absent(_) => reference(None, value),
        }
    }

    fn elements(&self, element: &Field, values: &[Value]) -> Result<Value, Value> {
        let required = Field { required: true, ..*element };
        let mut elements = Vec::with_capacity(values.len());
        let mut faults = Vec::new();
        for (at, value) in values.iter().enumerate() {
            match self.field(&required, Some(value)) {
                Ok(value) => elements.extend(value),
                Err(sentence) => {
                    faults.resize(at, Value::Null);
                    faults.push(sentence);
                }
            }
        }
        if faults.is_empty() { Ok(Value::Array(elements)) } else { Err(Value::Array(faults)) }
    }

    /// A map. In Kong what is wrong with a member stands in the place of the whole map; here that of
    /// the first one, by name.
    fn map(&self, keys: &Field, values: &Field, value: &Value) -> Result<Value, Value> {
        let members = match value {
            Value::Object(members) => members,
            Value::Array(elements) if elements.is_empty() => &Map::new(),
            // Its names would be numbers.
            Value::Array(_) => return Err("expected a string".into()),
            _ => return Err("expected a map".into()),
        };
        let required = Field { required: true, ..*values };
        let mut names: Vec<&String> = members.keys().collect();
        names.sort();
        let mut map = Map::new();
        for name in names {
            self.field(keys, Some(&Value::String(name.clone())))?;
            let value = self.field(&required, Some(&members[name]))?;
            map.extend(value.map(|value| (name.clone(), value)));
        }
        Ok(Value::Object(map))
    }

    fn config(&self, value: &Value) -> Result<Value, Value> {
        let Some(plugin) = self.plugin else { return self.nested(&[], &[], value) };
        let config = self.nested(plugin.config, plugin.checks, value)?;
        if let (Some(judge), Value::Object(config)) = (plugin.whole, &config) {
            judge(config)?;
        }
        Ok(config)
    }

    fn nested(&self, fields: &[Field], checks: &[EntityCheck], value: &Value) -> Result<Value, Value> {
        let members = match value {
            Value::Object(members) => members,
            Value::Array(elements) if elements.is_empty() => &Map::new(),
            _ => return Err("expected a record".into()),
        };
        let inner = Validation { overrides: &[], plugin: self.plugin };
        let mut faults = FieldFaults::default();
        let record = inner.record(fields, checks, members, Occasion::Whole, &mut faults);
        if faults.is_empty() { Ok(Value::Object(record)) } else { Err(faults.into_value()) }
    }
}

fn named_plugin(name: &Value) -> Result<&'static plugins::PluginSchema, String> {
    match name {
        Value::Null => Err("required field missing".to_owned()),
        Value::String(name) => plugins::plugin(name).ok_or_else(|| {
            format!("plugin '{name}' not enabled; add it to the 'plugins' configuration property")
        }),
        _ => Err("expected a string".to_owned()),
    }
}

/// What is said of a key that no variant has; `None`: that it is of the wrong type is said by its field.
fn unknown_variant(key: &Value) -> Option<String> {
    match key {
        Value::Null => Some("required field missing".to_owned()),
        Value::String(value) => Some(format!("unknown type: {value}")),
        Value::Array(values) => match values.first() {
            None => Some("length must be at least 1".to_owned()),
            Some(Value::String(value)) => Some(format!("unknown type: {value}")),
            Some(_) => None,
        },
        _ => None,
    }
}

/// A JSON object without members counts as an empty list: Lua cannot tell them apart.
fn elements<'a>(value: &'a Value, otherwise: &str) -> Result<&'a [Value], Value> {
    match value {
        Value::Array(elements) => Ok(elements),
        Value::Object(members) if members.is_empty() => Ok(&[]),
        _ => Err(otherwise.into()),
    }
}

/// A whole number; one too large for any field is out of its field's range, where it has one.
fn integer(field: &Field, value: &Value) -> Result<Value, Value> {
    if let Some(number) = whole_number(value) {
        return Ok(number.into());
    }
    let is_whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let range = field.checks.iter().filter(|check| is_whole && matches!(check, Check::Between(..)));
    range.copied().try_for_each(|check| check.judge(value))?;
    Err("expected an integer".into())
}

/// A reference to an entity of a kind: of what was sent only the id counts. Without a good one, what
/// is wrong with the rest of it is told, if anything is, as in Kong.
fn reference(to: Option<EntityKind>, value: &Value) -> Result<Value, Value> {
    let none = Object::new();
    let members = value.as_object().unwrap_or(&none);
    let id = match members.get("id") {
        None => Err("missing primary key"),
        Some(Value::Null) => Err("required field missing"),
        Some(Value::String(id)) => super::checks::uuid(id).ok_or("expected a valid UUID"),
        Some(_) => Err("expected a string"),
    };
    let sentence = match id {
        Ok(id) => return Ok(Object::from_iter([("id".to_owned(), id.to_string().into())]).into()),
        Err(sentence) => sentence,
    };
    let mut faults = to.map(|kind| faults_of_part(kind, members)).unwrap_or_default();
    if faults.is_empty() {
        faults.add("id", sentence);
    }
    Err(faults.into_value())
}

/// What is wrong with the members of an entity that is not sent whole.
fn faults_of_part(kind: EntityKind, members: &Object) -> FieldFaults {
    let mut faults = FieldFaults::default();
    let Ok(validation) = Validation::of(kind, members) else { return faults };
    let schema = kind.schema();
    for (name, value) in members {
        match schema.field(name) {
            None => faults.add(name, "unknown field"),
            Some(field) => {
                if let Err(sentence) = validation.field(field, Some(value)) {
                    faults.add(name, sentence);
                }
            }
        }
    }
    faults
}

/// Any 8-4-4-4-12 hex digits.
fn parse_uuid(text: &str) -> Result<Uuid, Value> {
    super::checks::uuid(text).ok_or_else(|| "expected a valid UUID".into())
}

/// Whole numbers, also when written as `5.0`, as far as a double holds them exactly.
pub(crate) fn whole_number(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
    })
}
