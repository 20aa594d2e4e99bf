//! What administrators ask developers for besides an address: fields of forms, and `meta` of accounts.

use serde_json::{Number, Value};

use crate::http::pages::desk::Desk;
use crate::http::pages::faults::Faults;
use crate::http::pages::form::Form;
use crate::http::pages::meta_field::MetaField as Asked;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::schema::Object;
use latchkey_pages::parts::Typed;
use latchkey_pages::portal::{MetaField, MetaKind};
use latchkey_store::Store;

/// A field with what it holds.
#[derive(Debug)]
pub(super) struct Filled {
    asked: Asked,
    /// Its name in the form.
    name: String,
    value: String,
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn meta_fields(&self) -> Result<Vec<Asked>, Refusal> {
        self.get(&["developer", "meta_fields"], "").await
    }
}

impl Asked {
    fn kind(&self) -> MetaKind {
        match self.validator.r#type.as_str() {
            "number" => MetaKind::Number,
            "boolean" => MetaKind::Tick,
            _ if self.is_email => MetaKind::Email,
            _ => MetaKind::Text,
        }
    }

    fn filled(self, value: impl FnOnce(&str) -> String) -> Filled {
        let name = format!("meta.{}", self.title);
        Filled { value: value(&name), name, asked: self }
    }
}

/// With what was typed.
pub(super) fn typed(asked: Vec<Asked>, form: &Form) -> Vec<Filled> {
    asked.into_iter().map(|asked| asked.filled(|name| form.text(name).to_owned())).collect()
}

/// With what is stored.
pub(super) fn stored(asked: Vec<Asked>, meta: &Object) -> Vec<Filled> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let value = |title: &str| meta.get(title).filter(|value| !value.is_null()).map(text).unwrap_or_default();
    asked
        .into_iter()
        .map(|asked| {
            let value = value(&asked.title);
            asked.filled(|_| value)
        })
        .collect()
}

impl Filled {
    /// As a page shows it.
    pub(super) fn view<'a>(&'a self, faults: &'a Faults) -> MetaField<'a> {
        MetaField {
            name: &self.name,
            label: &self.asked.label,
            kind: self.asked.kind(),
            is_required: self.asked.validator.required,
            typed: Typed { value: &self.value, fault: faults.of_field(&self.name) },
        }
    }

    /// As an account holds it. A number that is none stays a text, of which the endpoint says so.
    fn member(&self) -> Value {
        let number =
            || self.value.parse::<Number>().map_or_else(|_| self.value.as_str().into(), Value::Number);
        match self.asked.kind() {
            MetaKind::Tick if self.value == "true" => true.into(),
            // A box that must be ticked and is not is missing.
            MetaKind::Tick if self.asked.validator.required => Value::Null,
            MetaKind::Tick => false.into(),
            _ if self.value.is_empty() => Value::Null,
            MetaKind::Number => number(),
            MetaKind::Text | MetaKind::Email => self.value.as_str().into(),
        }
    }
}

/// `meta` of an account, as text, with what is stored in it besides.
pub(super) fn text(filled: &[Filled], mut stored: Object) -> String {
    for field in filled {
        match field.member() {
            Value::Null => drop(stored.remove(&field.asked.title)),
            value => drop(stored.insert(field.asked.title.clone(), value)),
        }
    }
    Value::Object(stored).to_string()
}

/// What is wrong with `meta` as a whole.
pub(super) fn whole_fault(faults: &Faults) -> Option<&str> {
    faults.of_field("meta")
}
