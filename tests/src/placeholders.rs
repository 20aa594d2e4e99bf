//! `{{kind:rest}}` in a case, filled from what its set-up and earlier steps made.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::base::{fresh_id, fresh_text};

/// How a value is spelled where it is put in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    Plain,
    /// As one part of a path or query: everything but unreserved characters percent-encoded.
    Url,
}

/// Values by `kind` and name; a path after the name goes into the value.
#[derive(Default)]
pub struct Placeholders {
    known: BTreeMap<(String, String), Value>,
}

impl Placeholders {
    pub fn put(&mut self, kind: &str, name: &str, value: Value) {
        self.known.insert((kind.to_owned(), name.to_owned()), value);
    }

    /// The value that has this name.
    pub fn named(&mut self, kind: &str, name: &str) -> Result<Value, String> {
        self.resolve(&format!("{kind}:{name}"))
    }

    /// Every string in the value filled; one that is a placeholder and nothing else takes its whole value.
    pub fn fill(&mut self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.fill_string(text)?,
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.fill(item)).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let mut filled = Map::new();
                for (name, member) in members {
                    filled.insert(self.fill_text(name, Spelling::Plain)?, self.fill(member)?);
                }
                Value::Object(filled)
            }
            other => other.clone(),
        })
    }

    pub fn fill_text(&mut self, text: &str, spelling: Spelling) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, name, after)) = next_placeholder(rest) {
            out.push_str(before);
            let value = match self.resolve(name)? {
                Value::String(text) => text,
                other => other.to_string(),
            };
            out.push_str(&if spelling == Spelling::Url { percent_encode(&value) } else { value });
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn fill_string(&mut self, text: &str) -> Result<Value, String> {
        match next_placeholder(text) {
            Some(("", name, "")) => self.resolve(name),
            Some(_) => self.fill_text(text, Spelling::Plain).map(Value::String),
            None => Ok(Value::String(text.to_owned())),
        }
    }

    fn resolve(&mut self, placeholder: &str) -> Result<Value, String> {
        let (kind, name) = placeholder
            .split_once(':')
            .ok_or_else(|| format!("placeholder {{{{{placeholder}}}}} has no kind"))?;
        if matches!(kind, "uuid" | "random") {
            let key = (kind.to_owned(), name.to_owned());
            let fresh = || Value::String(if kind == "uuid" { fresh_id() } else { fresh_text("random") });
            return Ok(self.known.entry(key).or_insert_with(fresh).clone());
        }
        // A name may hold dots itself (an e-mail does): the longest known name wins.
        let mut end = name.len();
        loop {
            if let Some(value) = self.known.get(&(kind.to_owned(), name[..end].to_owned())) {
                let path = name[end..].trim_start_matches('.');
                return look_up(value, path)
                    .cloned()
                    .ok_or_else(|| format!("{{{{{placeholder}}}}}: no member {path:?} in {value}"));
            }
            end = name[..end].rfind('.').ok_or_else(|| format!("nothing known as {{{{{placeholder}}}}}"))?;
        }
    }
}

/// The value at a dotted path; numbers are array positions from 0; the empty path is the value itself.
pub fn look_up<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|part| !part.is_empty()).try_fold(value, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        Value::Object(members) => members.get(part),
        _ => None,
    })
}

fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("{{")?;
    let end = start + text[start..].find("}}")?;
    let name = &text[start + 2..end];
    // `{{` is also ordinary JSON; a placeholder starts with a kind.
    let kind_end = name.find(':').unwrap_or(0);
    let is_kind =
        kind_end > 0 && name[..kind_end].bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    is_kind.then(|| (&text[..start], name, &text[end + 2..]))
}

fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Placeholders {
        let mut placeholders = Placeholders::default();
        placeholders.put("consumer", "bob", json!({"id": "1", "tags": ["a"]}));
        placeholders.put("developer", "a@b.test", json!({"id": "2"}));
        placeholders.put("saved", "o", json!("a+b="));
        placeholders
    }

    #[test]
    fn whole_and_partial_values() {
        let mut p = known();
        assert_eq!(p.fill(&json!("{{consumer:bob}}")).unwrap(), json!({"id": "1", "tags": ["a"]}));
        assert_eq!(p.fill(&json!(["<{{consumer:bob.id}}>"])).unwrap(), json!(["<1>"]));
        assert_eq!(p.fill(&json!("{{consumer:bob.tags.0}}")).unwrap(), json!("a"));
        assert_eq!(p.fill(&json!("{{developer:a@b.test.id}}")).unwrap(), json!("2"));
        assert_eq!(p.fill_text("x={{saved:o}}", Spelling::Url).unwrap(), "x=a%2Bb%3D");
        assert_eq!(p.fill_text("{\"a\":{\"b\":1}}", Spelling::Plain).unwrap(), "{\"a\":{\"b\":1}}");
    }

    #[test]
    fn uuid_is_fresh_per_label_and_kept() {
        let mut p = known();
        let a = p.fill_text("{{uuid:a}}", Spelling::Plain).unwrap();
        assert_eq!(p.fill_text("{{uuid:a}}", Spelling::Plain).unwrap(), a);
        assert_ne!(p.fill_text("{{uuid:b}}", Spelling::Plain).unwrap(), a);
        assert_eq!(a.len(), 36);
    }

    #[test]
    fn unknown_names_are_errors() {
        let mut p = known();
        assert!(p.fill(&json!("{{consumer:eve.id}}")).is_err());
        assert!(p.fill(&json!("{{consumer:bob.nothing}}")).is_err());
        assert!(p.fill(&json!("{{nonsense:bob}}")).is_err());
    }
}
