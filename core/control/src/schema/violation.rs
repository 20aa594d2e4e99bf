//! What is wrong with an entity, in Kong's form.

use serde_json::{Map, Value};

/// What is wrong, by field; mirrors the shape of the entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldFaults(Map<String, Value>);

/// Member with what is wrong with the entity as a whole.
const ENTITY: &str = "@entity";

impl FieldFaults {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something is wrong with a field already.
    pub fn contains(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// Adds a sentence about a field; the first one stays.
    pub fn add(&mut self, field: &str, sentence: impl Into<Value>) {
        self.0.entry(field).or_insert_with(|| sentence.into());
    }

    /// Adds a sentence about a field in the place of what was said of it before.
    pub fn replace(&mut self, field: &str, sentence: impl Into<Value>) {
        self.0.insert(field.to_owned(), sentence.into());
    }

    /// Adds a sentence about the entity as a whole.
    pub fn add_entity(&mut self, sentence: impl Into<String>) {
        let all = self.0.entry(ENTITY).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(all) = all {
            all.push(Value::String(sentence.into()));
        }
    }

    /// As JSON.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// An entity that breaks its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What is wrong; not empty.
    pub fields: FieldFaults,
}

impl Violation {
    /// One sentence about one field.
    pub fn of(field: &str, sentence: impl Into<Value>) -> Self {
        let mut fields = FieldFaults::default();
        fields.add(field, sentence);
        Violation { fields }
    }

    /// One sentence about the entity as a whole.
    pub fn of_entity(sentence: impl Into<String>) -> Self {
        let mut fields = FieldFaults::default();
        fields.add_entity(sentence);
        Violation { fields }
    }

    /// Kong's sentence: `schema violation (a: b)`, `2 schema violations (a: b; c: d)`.
    pub fn message(&self) -> String {
        let mut sentences = Vec::new();
        if let Some(Value::Array(all)) = self.fields.0.get(ENTITY) {
            sentences.extend(all.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        let mut names: Vec<&String> = self.fields.0.keys().filter(|name| *name != ENTITY).collect();
        names.sort();
        for name in names {
            flatten(name, &self.fields.0[name], &mut sentences);
        }
        match sentences.as_slice() {
            [one] => format!("schema violation ({one})"),
            several => format!("{} schema violations ({})", several.len(), several.join("; ")),
        }
    }
}

/// Adds `path: sentence` for every sentence below `value`. Positions count from 1, as in Kong.
fn flatten(path: &str, value: &Value, sentences: &mut Vec<String>) {
    match value {
        Value::String(sentence) => sentences.push(format!("{path}: {sentence}")),
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            names.iter().for_each(|name| flatten(&format!("{path}.{name}"), &members[*name], sentences));
        }
        Value::Array(elements) => {
            let numbered = elements.iter().enumerate().filter(|(_, element)| !element.is_null());
            numbered.for_each(|(at, element)| flatten(&format!("{path}.{}", at + 1), element, sentences));
        }
        _ => {}
    }
}
