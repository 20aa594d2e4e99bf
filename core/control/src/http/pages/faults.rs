//! What is wrong with what was typed, as endpoints say it, beside the fields of a form.

use std::collections::BTreeMap;

use serde_json::Value;

use super::form::Form;
use crate::http::problem::{self, Refusal};
use crate::registry::Error;
use latchkey_pages::parts::Typed;

/// What is wrong.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Sentences by the names of fields, with dots between those of records.
    fields: BTreeMap<String, String>,
    /// What is said of the whole, where no field is named.
    whole: Option<String>,
}

impl Faults {
    /// What an endpoint says of what it was sent; `Err`: that is not why it refused.
    pub(super) fn of(refusal: Refusal) -> Result<Self, Refusal> {
        if !refusal.is_of_what_was_sent() {
            return Err(refusal);
        }
        // Beside these stands the value that was sent, which says nothing.
        match &refusal {
            Refusal::Registry { error: Error::NotUnique(fields), .. } => {
                let taken = |name: &String| (name.clone(), "is in use already".to_owned());
                return Ok(Faults { fields: fields.keys().map(taken).collect(), whole: None });
            }
            Refusal::Registry { error: Error::NoSuchReference { field, .. }, .. } => {
                return Ok(Faults::one(field, "there is none of this id"));
            }
            // Of a kind of entities, which is no field.
            Refusal::Registry { error: error @ Error::Referenced { .. }, .. } => {
                return Ok(Faults { fields: BTreeMap::new(), whole: Some(error.to_string()) });
            }
            _ => {}
        }
        let response = problem::response(&refusal);
        let said: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let mut faults = Faults::default();
        if let Some(fields) = said.get("fields") {
            faults.add("", fields);
        }
        if faults.fields.is_empty() {
            faults.whole = said.get("message").and_then(Value::as_str).map(str::to_owned);
        }
        Ok(faults)
    }

    /// One that a page finds itself.
    pub(super) fn one(name: &str, sentence: &str) -> Self {
        let fields = BTreeMap::from([(name.to_owned(), sentence.to_owned())]);
        Faults { fields, whole: None }
    }

    fn add(&mut self, name: &str, said: &Value) {
        let below =
            |member: &str| if name.is_empty() { member.to_owned() } else { format!("{name}.{member}") };
        match said {
            Value::Object(members) => {
                members.iter().for_each(|(member, said)| self.add(&below(member), said));
            }
            // Of a list of records, by their places; of others the places say nothing.
            Value::Array(said) if said.iter().any(Value::is_object) => {
                (0..).zip(said).for_each(|(at, said): (usize, _)| self.add(&below(&at.to_string()), said));
            }
            Value::Array(said) => said.iter().for_each(|said| self.add(name, said)),
            Value::String(sentence) => {
                let known = self.fields.entry(name.to_owned()).or_default();
                let separator = if known.is_empty() { "" } else { "; " };
                *known = format!("{known}{separator}{sentence}");
            }
            _ => {}
        }
    }

    /// Says beside one field what is wrong with those that it stands for.
    pub(super) fn gathered(mut self, name: &str, parts: &[&str]) -> Self {
        for part in parts {
            if let Some(sentence) = self.fields.remove(*part) {
                self.add(name, &format!("{part}: {sentence}").into());
            }
        }
        self
    }

    /// Says beside one field, in a sentence of the page, that something is wrong with a part of it.
    pub(super) fn said_of(mut self, part: &str, name: &str, sentence: &str) -> Self {
        if self.fields.remove(part).is_some() {
            self.add(name, &sentence.into());
        }
        self
    }

    /// Says beside one field what is wrong with anything below it.
    pub(super) fn gathered_below(self, name: &str) -> Self {
        let begin = format!("{name}.");
        let below: Vec<String> = self.fields.keys().filter(|of| of.starts_with(&begin)).cloned().collect();
        let below: Vec<&str> = below.iter().map(String::as_str).collect();
        self.gathered(name, &below)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.whole.is_none()
    }

    /// What is wrong with a field.
    pub(super) fn of_field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// What is wrong with no field of these, in one sentence.
    pub(super) fn of_others(&self, shown: &[&str]) -> Option<String> {
        self.of_others_than(|name| shown.contains(&name))
    }

    /// What is wrong with no field whose fault is shown beside it, in one sentence. What is said of the whole
    /// stands under a name that begins with `@`, which people need not read.
    pub(super) fn of_others_than(&self, is_shown: impl Fn(&str) -> bool) -> Option<String> {
        let others = self.fields.iter().filter(|(name, _)| !is_shown(name));
        let sentence = |(name, said): (&String, &String)| match name.starts_with('@') {
            true => said.clone(),
            false => format!("{name}: {said}"),
        };
        let mut sentences: Vec<String> = others.map(sentence).collect();
        sentences.extend(self.whole.clone());
        (!sentences.is_empty()).then(|| sentences.join("; "))
    }

    /// What was typed in a field of a form, and what is wrong with it.
    pub(super) fn typed<'a>(&'a self, form: &'a Form, name: &str) -> Typed<'a> {
        Typed { value: form.text(name), fault: self.of_field(name) }
    }

    /// The same of a field that endpoints know by another name.
    pub(super) fn typed_as<'a>(&'a self, form: &'a Form, name: &str, known_as: &str) -> Typed<'a> {
        Typed { value: form.text(name), fault: self.of_field(name).or(self.of_field(known_as)) }
    }
}
