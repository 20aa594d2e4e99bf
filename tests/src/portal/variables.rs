//! `{name}` in the texts of a case.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

#[derive(Clone, Debug, Default)]
pub(super) struct Variables(BTreeMap<String, Value>);

impl Variables {
    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// A text with what its variables stand for.
    pub(super) fn text(&self, written: &str) -> String {
        match self.value(written) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    pub(super) fn texts(&self, written: &[String]) -> Vec<String> {
        written.iter().map(|text| self.text(text)).collect()
    }

    /// The same in all the texts of a value. A text that is nothing but a variable takes its type.
    pub(super) fn fill(&self, written: &Value) -> Value {
        match written {
            Value::String(text) => self.value(text),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => Value::Object(self.fill_object(members)),
            other => other.clone(),
        }
    }

    pub(super) fn fill_object(&self, written: &Map<String, Value>) -> Map<String, Value> {
        written.iter().map(|(name, value)| (self.text(name), self.fill(value))).collect()
    }

    fn value(&self, written: &str) -> Value {
        let whole = written.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        if let Some(value) = whole.and_then(|name| self.0.get(name)) {
            return value.clone();
        }
        let mut filled = String::with_capacity(written.len());
        let mut rest = written;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let named = after.split_once('}').and_then(|(name, after)| Some((self.0.get(name)?, after)));
            match named {
                Some((value, after)) => {
                    filled.push_str(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                    rest = after;
                }
                // A brace of JSON, or of a regular expression.
                None => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        filled.push_str(rest);
        Value::String(filled)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_stand_anywhere() {
        let mut variables = Variables::default();
        variables.set("r", "x1");
        variables.set("n", 7);
        let written = json!({"a": "{n}", "b{r}": ["{\"c\":\"{r}\"}", "^[0-9a-f-]{36}$", "{gone}", 1]});
        let filled = json!({"a": 7, "bx1": ["{\"c\":\"x1\"}", "^[0-9a-f-]{36}$", "{gone}", 1]});
        assert_eq!(variables.fill(&written), filled);
        assert_eq!(variables.text("/s{r}/{n}"), "/sx1/7");
    }
}
