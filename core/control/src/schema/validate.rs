//! Validation of an entity against its table.

use std::collections::HashSet;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Check, Entity, EntityKind, Fallback, Field, FieldFaults, FieldKind, Object, Violation, plugins,
    service_url,
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
        let mut fields = FieldFaults::default();
        let mut input = input.clone();
        if self == EntityKind::Services {
            service_url::expand(&mut input, &mut fields);
        }
        let whole = match mode {
            Mode::Whole => input,
            Mode::Changes(current) => merge(schema.fields, current, &input),
        };
        let validation = Validation { plugin: plugin_of(self, &whole) };
        let mut entity = validation.record(schema.fields, &whole, &mut fields);
        if let Mode::Changes(current) = mode {
            keep_read_only(schema, current, &mut entity);
        }
        run_entity_checks(schema, &entity, &mut fields);
        if fields.is_empty() { Ok(entity) } else { Err(Violation { fields }) }
    }
}

/// The same for a record that is no entity, by the table of its fields.
pub(crate) fn validate_record(fields: &[Field], mode: Mode<'_>, input: &Object) -> Result<Object, Violation> {
    let whole = match mode {
        Mode::Whole => input.clone(),
        Mode::Changes(current) => merge(fields, current, input),
    };
    let mut faults = FieldFaults::default();
    let record = Validation { plugin: None }.record(fields, &whole, &mut faults);
    if faults.is_empty() { Ok(record) } else { Err(Violation { fields: faults }) }
}

/// The plugin whose settings an entity has.
pub(super) fn plugin_of(kind: EntityKind, whole: &Object) -> Option<&'static plugins::PluginSchema> {
    let name = (kind == EntityKind::Plugins).then(|| whole.get("name")?.as_str()).flatten()?;
    plugins::plugin(name)
}

fn keep_read_only(schema: &Entity, current: &Object, entity: &mut Object) {
    for field in schema.fields.iter().filter(|field| field.read_only) {
        let value = current.get(field.name).cloned().unwrap_or_default();
        entity.insert(field.name.to_owned(), value);
    }
}

fn run_entity_checks(schema: &Entity, entity: &Object, fields: &mut FieldFaults) {
    for rule in schema.checks {
        if !rule.fields.iter().any(|field| fields.contains(field)) {
            (rule.check)(entity, fields);
        }
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

struct Validation {
    plugin: Option<&'static plugins::PluginSchema>,
}

impl Validation {
    fn record(&self, fields: &[Field], input: &Object, errors: &mut FieldFaults) -> Object {
        for name in input.keys() {
            if !fields.iter().any(|field| field.name == name) {
                errors.add(name, "unknown field");
            }
        }
        let mut record = Map::new();
        for field in fields {
            match self.field(field, input.get(field.name)) {
                Ok(Some(value)) => {
                    record.insert(field.name.to_owned(), value);
                }
                Ok(None) => {}
                Err(sentence) => errors.add(field.name, sentence),
            }
        }
        record
    }

    /// The value of a field; `None` leaves it out.
    fn field(&self, field: &Field, value: Option<&Value>) -> Result<Option<Value>, Value> {
        if field.read_only {
            return Ok(Some(Value::Null));
        }
        let value = match value {
            None if matches!(field.kind, FieldKind::PluginConfig) => &Value::Object(Map::new()),
            None if !matches!(field.default, Fallback::None) => return Ok(Some(field.default.value())),
            None | Some(Value::Null) if field.write_only => return Ok(None),
            None | Some(Value::Null) if field.required && !field.auto => {
                return Err("required field missing".into());
            }
            None | Some(Value::Null) => return Ok(Some(Value::Null)),
            Some(value) => value,
        };
        let value = self.value(field.kind, value)?;
        field.checks.iter().try_for_each(|check| satisfies(*check, &value))?;
        Ok(Some(value))
    }

    fn value(&self, kind: FieldKind, value: &Value) -> Result<Value, Value> {
        match kind {
            FieldKind::String => match value {
                Value::String(text) if text.is_empty() => Err("length must be at least 1".into()),
                Value::String(_) => Ok(value.clone()),
                _ => Err("expected a string".into()),
            },
            FieldKind::Uuid => match value {
                Value::String(text) => parse_uuid(text).map(|id| id.to_string().into()),
                _ => Err("expected a string".into()),
            },
            FieldKind::Integer => {
                whole_number(value).map(Value::from).ok_or_else(|| "expected an integer".into())
            }
            FieldKind::Boolean => match value {
                Value::Bool(_) => Ok(value.clone()),
                _ => Err("expected a boolean".into()),
            },
            FieldKind::Array(element) => self.elements(element, value, "expected an array").map(Value::Array),
            FieldKind::Set(element) => {
                let mut elements = self.elements(element, value, "expected a set")?;
                // Not by comparing each with all before: a body has room for 100,000 of them.
                let mut seen = HashSet::new();
                elements.retain(|element| seen.insert(element.to_string()));
                Ok(Value::Array(elements))
            }
            FieldKind::Map(keys, values) => self.map(keys, values, value),
            FieldKind::Record(fields) => self.nested(fields, value),
            FieldKind::PluginConfig => match self.plugin {
                Some(plugin) => self.nested(plugin.config, value),
                // The name is refused: there is nothing to check its configuration against.
                None => Ok(value.clone()),
            },
            FieldKind::Foreign(..) => self.reference(value),
        }
    }

    /// A reference may be given as the whole entity: only its id counts.
    fn reference(&self, value: &Value) -> Result<Value, Value> {
        let Value::Object(members) = value else { return Err("expected a record".into()) };
        let id = members.get("id").filter(|id| !id.is_null());
        let id = id.map_or_else(|| Err("missing primary key".into()), |id| self.value(FieldKind::Uuid, id));
        let member = |value| Value::Object(Map::from_iter([("id".to_owned(), value)]));
        id.map(member).map_err(member)
    }

    fn elements(&self, element: &Field, value: &Value, otherwise: &str) -> Result<Vec<Value>, Value> {
        let Value::Array(values) = value else { return Err(otherwise.into()) };
        let required = Field { required: true, ..*element };
        let mut elements = Vec::with_capacity(values.len());
        let mut errors = Vec::new();
        for (at, value) in values.iter().enumerate() {
            match self.field(&required, Some(value)) {
                Ok(value) => elements.extend(value),
                Err(sentence) => {
                    errors.resize(at, Value::Null);
                    errors.push(sentence);
                }
            }
        }
        if errors.is_empty() { Ok(elements) } else { Err(Value::Array(errors)) }
    }

    fn map(&self, keys: &Field, values: &Field, value: &Value) -> Result<Value, Value> {
        let Value::Object(members) = value else { return Err("expected a map".into()) };
        let required = Field { required: true, ..*values };
        let mut errors = FieldFaults::default();
        let mut map = Map::new();
        for (name, value) in members {
            let checked = self
                .field(keys, Some(&Value::String(name.clone())))
                .and_then(|_| self.field(&required, Some(value)));
            match checked {
                Ok(value) => map.extend(value.map(|value| (name.clone(), value))),
                Err(sentence) => errors.add(name, sentence),
            }
        }
        if errors.is_empty() { Ok(Value::Object(map)) } else { Err(errors.into_value()) }
    }

    fn nested(&self, fields: &[Field], value: &Value) -> Result<Value, Value> {
        let Value::Object(members) = value else { return Err("expected a record".into()) };
        let mut errors = FieldFaults::default();
        let record = self.record(fields, members, &mut errors);
        if errors.is_empty() { Ok(Value::Object(record)) } else { Err(errors.into_value()) }
    }
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

fn satisfies(check: Check, value: &Value) -> Result<(), Value> {
    let sentence = match (check, value) {
        (Check::Between(from, to), _) => match value.as_i64() {
            Some(number) if (from..=to).contains(&number) => return Ok(()),
            _ => format!("value should be between {from} and {to}"),
        },
        (Check::OneOf(choices), _) => match value.as_str() {
            Some(text) if choices.contains(&text) => return Ok(()),
            _ => format!("expected one of: {}", choices.join(", ")),
        },
        (Check::OneOfIntegers(choices), _) => match value.as_i64() {
            Some(number) if choices.contains(&number) => return Ok(()),
            _ => {
                let choices: Vec<String> = choices.iter().map(i64::to_string).collect();
                format!("expected one of: {}", choices.join(", "))
            }
        },
        (Check::LengthMax(most), Value::String(text)) if text.len() > most => {
            format!("length must be at most {most}")
        }
        (Check::LengthMax(most), Value::Array(elements)) if elements.len() > most => {
            format!("length must be at most {most}")
        }
        (Check::Text(check), Value::String(text)) => return check(text).map_err(Value::String),
        (Check::LengthMax(_) | Check::Text(_), _) => return Ok(()),
    };
    Err(Value::String(sentence))
}
