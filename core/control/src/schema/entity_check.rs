//! Rules over several fields, as data: what validation follows is what `/schemas` shows.

use serde_json::{Map, Value, json};

use super::check::quoted;
use super::{Check, FieldFaults, MUST_BE_NULL, Object};

/// A rule over several fields. Rules see what was sent, defaults filled in, also where single
/// fields of it are at fault.
#[derive(Clone, Copy, Debug)]
pub enum EntityCheck {
    /// One of the fields must be set.
    AtLeastOneOf(&'static [&'static str]),
    /// If one field is so, another must be so.
    Conditional {
        /// The field that decides; where it is at fault itself, nothing follows from it.
        if_field: &'static str,
        /// What decides.
        if_match: Check,
        /// The field that must be so.
        then_field: &'static str,
        /// How it must be.
        then_match: Then,
        /// What is said of the entity instead of Kong's general sentence.
        then_err: Option<&'static str>,
    },
    /// If one field is so, one of some others must be set.
    ConditionalAtLeastOneOf {
        /// The field that decides; where it is at fault itself, nothing follows from it.
        if_field: &'static str,
        /// What must be set when.
        then: AtLeastOne,
        /// The same where that does not hold.
        otherwise: Option<AtLeastOne>,
    },
    /// Set fields must have different values.
    Distinct(&'static [&'static str]),
    /// What no data says. Not looked at where one of the fields is at fault.
    Custom {
        /// The fields that it looks at.
        field_sources: &'static [&'static str],
        /// Adds what is wrong with an entity.
        check: fn(&Object, &mut FieldFaults),
    },
}

/// How a field must be where another one asks for it.
#[derive(Clone, Copy, Debug)]
pub enum Then {
    /// Null.
    Null,
    /// Not null.
    Required,
    /// As this says, unless it is null.
    Is(Check),
}

/// Of which fields one must be set, and when.
#[derive(Clone, Copy, Debug)]
pub struct AtLeastOne {
    /// When.
    pub when: Check,
    /// The fields.
    pub fields: &'static [&'static str],
    /// What is said otherwise; `%s` stands for the fields.
    pub sentence: &'static str,
}

/// Which sentences a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// An entity is made or replaced.
    Whole,
    /// One that was there is changed.
    Update,
}

impl EntityCheck {
    /// Adds what is wrong with an entity.
    pub(super) fn run(&self, entity: &Object, occasion: Occasion, faults: &mut FieldFaults) {
        match self {
            EntityCheck::AtLeastOneOf(fields) => {
                if !fields.iter().any(|field| is_set(entity, field)) {
                    let prefix = if occasion == Occasion::Update { "when updating, " } else { "" };
                    let fields = quoted(fields);
                    let sentence =
                        format!("{prefix}at least one of these fields must be non-empty: {fields}");
                    faults.add_entity(sentence);
                }
            }
            EntityCheck::Conditional { if_field, if_match, then_field, then_match, then_err } => {
                if holds(entity, if_field, *if_match, faults)
                    && then_match.is_breached(entity, then_field, faults)
                {
                    let general =
                        || format!("failed conditional validation given value of field '{if_field}'");
                    faults.add_entity(then_err.map_or_else(general, str::to_owned));
                }
            }
            EntityCheck::ConditionalAtLeastOneOf { if_field, then, otherwise } => {
                let cases = [Some(then), otherwise.as_ref()];
                let case = cases.into_iter().flatten().find(|of| holds(entity, if_field, of.when, faults));
                if let Some(AtLeastOne { fields, sentence, .. }) = case
                    && !fields.iter().any(|field| is_set(entity, field))
                {
                    faults.add_entity(sentence.replace("%s", &quoted(fields)));
                }
            }
            EntityCheck::Distinct(fields) => {
                let set: Vec<&Value> = fields
                    .iter()
                    .filter(|field| is_set(entity, field))
                    .map(|field| &entity[*field])
                    .collect();
                if set.iter().enumerate().any(|(at, value)| set[..at].contains(value)) {
                    faults.add_entity(format!("values of these fields must be distinct: {}", quoted(fields)));
                }
            }
            EntityCheck::Custom { field_sources, check } => {
                if !field_sources.iter().any(|field| faults.contains(field)) {
                    check(entity, faults);
                }
            }
        }
    }

    /// The member of `entity_checks` in `/schemas`.
    pub(super) fn describe(&self) -> Value {
        match self {
            EntityCheck::AtLeastOneOf(fields) => json!({"at_least_one_of": fields}),
            EntityCheck::Distinct(fields) => json!({"distinct": fields}),
            EntityCheck::Custom { field_sources, .. } => {
                json!({"custom_entity_check": {"field_sources": field_sources}})
            }
            EntityCheck::Conditional { if_field, if_match, then_field, then_match, then_err } => {
                let mut rule = json!({
                    "if_field": if_field,
                    "if_match": members(*if_match),
                    "then_field": then_field,
                    "then_match": then_match.describe(),
                });
                if let Some(sentence) = then_err {
                    rule["then_err"] = (*sentence).into();
                }
                json!({"conditional": rule})
            }
            EntityCheck::ConditionalAtLeastOneOf { if_field, then, otherwise } => {
                let mut rule = json!({
                    "if_field": if_field,
                    "if_match": members(then.when),
                    "then_at_least_one_of": then.fields,
                    "then_err": then.sentence,
                });
                if let Some(otherwise) = otherwise {
                    rule["else_match"] = members(otherwise.when);
                    rule["else_then_at_least_one_of"] = json!(otherwise.fields);
                    rule["else_then_err"] = otherwise.sentence.into();
                }
                json!({"conditional_at_least_one_of": rule})
            }
        }
    }
}

impl Then {
    /// Whether a field is not so, and what is wrong with it is added. What was wrong with it before
    /// stays, but where it must be null.
    fn is_breached(self, entity: &Object, field: &str, faults: &mut FieldFaults) -> bool {
        let value = entity.get(field).unwrap_or(&Value::Null);
        let sentence = match self {
            Then::Null if !value.is_null() => MUST_BE_NULL.to_owned(),
            Then::Required if value.is_null() => "required field missing".to_owned(),
            Then::Is(check) => match check.judge(value) {
                Err(sentence) if !faults.contains(field) => sentence,
                Err(_) => return true,
                Ok(()) => return false,
            },
            Then::Null | Then::Required => return false,
        };
        faults.replace(field, sentence);
        true
    }

    fn describe(self) -> Value {
        match self {
            Then::Null => json!({"eq": null}),
            Then::Required => json!({"required": true}),
            Then::Is(check) => members(check),
        }
    }
}

fn members(check: Check) -> Value {
    let members = check.describe().into_iter().map(|(name, value)| (name.to_owned(), value));
    Value::Object(Map::from_iter(members))
}

fn holds(entity: &Object, field: &str, check: Check, faults: &FieldFaults) -> bool {
    let value = entity.get(field).filter(|value| !value.is_null());
    !faults.contains(field) && value.is_some_and(|value| check.judge(value).is_ok())
}

/// Whether a field is neither null nor empty.
pub(super) fn is_set(entity: &Object, field: &str) -> bool {
    match entity.get(field) {
        None | Some(Value::Null) => false,
        Some(Value::Array(elements)) => !elements.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}
