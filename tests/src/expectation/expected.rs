//! Values wanted of a JSON answer: exact ones, and matchers.

use std::collections::BTreeMap;
use std::fmt;

use regex_lite::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Value, json};

use crate::nullable::given;
use crate::placeholders::look_up;

/// A value as a case has it, read.
#[derive(Debug)]
pub(super) struct Expected {
    json: Value,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Exact,
    List(Vec<Expected>),
    /// With these members and no others.
    Object(BTreeMap<String, Expected>),
    Matching(Box<Matchers>),
}

/// All that are given must match.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Matchers {
    #[serde(rename = "$type")]
    kind: Option<Kind>,
    #[serde(rename = "$len")]
    length: Option<usize>,
    #[serde(rename = "$absent")]
    absent: Option<bool>,
    #[serde(rename = "$in")]
    any_of: Option<Vec<Value>>,
    #[serde(rename = "$same", default, deserialize_with = "given")]
    same: Option<Value>,
    #[serde(rename = "$not", default, deserialize_with = "given")]
    not: Option<Expected>,
    #[serde(rename = "$contains", default, deserialize_with = "given")]
    contains: Option<Value>,
    #[serde(rename = "$each", default, deserialize_with = "given")]
    each: Option<Each>,
    /// A regular expression that fits the whole text.
    #[serde(rename = "$match")]
    pattern: Option<Pattern>,
}

#[derive(Debug)]
struct Pattern(Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pattern = String::deserialize(deserializer)?;
        Regex::new(&format!("^(?:{pattern})$")).map(Pattern).map_err(D::Error::custom)
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    String,
    Number,
    Integer,
    Boolean,
    Array,
    #[serde(alias = "table")]
    Object,
    Null,
}

/// Of every element of a list.
#[derive(Debug)]
enum Each {
    /// By dotted paths into it.
    Paths(BTreeMap<String, Expected>),
    Whole(Expected),
}

fn is_matcher(name: &str) -> bool {
    name.starts_with('$')
}

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        let form = match &json {
            Value::Object(members) if !members.is_empty() && members.keys().all(|name| is_matcher(name)) => {
                Matchers::deserialize(&json).map(|matchers| Form::Matching(Box::new(matchers)))
            }
            Value::Object(_) => BTreeMap::deserialize(&json).map(Form::Object),
            Value::Array(_) => Vec::deserialize(&json).map(Form::List),
            _ => Ok(Form::Exact),
        };
        Ok(Self { form: form.map_err(D::Error::custom)?, json })
    }
}

impl<'de> Deserialize<'de> for Each {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        match &json {
            Value::Object(paths) if !paths.keys().any(|name| is_matcher(name)) => {
                BTreeMap::deserialize(&json).map(Self::Paths)
            }
            _ => Expected::deserialize(&json).map(Self::Whole),
        }
        .map_err(D::Error::custom)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.json.fmt(f)
    }
}

/// One answer, and how it differs from what is wanted.
pub(super) struct Comparison<'a> {
    pub(super) answer: &'a Value,
    /// A stored key is never shown again in clear, whatever the case expects at `key`.
    pub(super) hides_keys: bool,
    pub(super) differences: Vec<String>,
}

impl Comparison<'_> {
    /// At a dotted path within a value of the answer.
    pub(super) fn path(&mut self, path: &str, shown: &str, expected: &Expected, within: &Value) {
        let member = path.rsplit('.').next().unwrap_or_default();
        let is_key = ["key", "client_id", "client_secret"].contains(&member) && !path.starts_with("fields");
        if !(self.hides_keys && is_key) {
            self.value(shown, expected, look_up(within, path));
        }
    }

    fn value(&mut self, shown: &str, expected: &Expected, got: Option<&Value>) {
        match (&expected.form, got) {
            (Form::Matching(matchers), _) => self.matchers(shown, matchers, got),
            (Form::Object(wanted), Some(Value::Object(members))) => {
                for (name, expected) in wanted {
                    self.value(&format!("{shown}.{name}"), expected, members.get(name));
                }
                for name in members.keys().filter(|name| !wanted.contains_key(*name)) {
                    self.differences
                        .push(format!("{shown}: unexpected member {name:?} in {}", json!(members)));
                }
            }
            (Form::List(wanted), Some(Value::Array(items))) if items.len() == wanted.len() => {
                for (at, (wanted, item)) in wanted.iter().zip(items).enumerate() {
                    self.value(&format!("{shown}.{at}"), wanted, Some(item));
                }
            }
            (Form::Exact, Some(got)) if equal(&expected.json, got) => {}
            _ => self.differs(shown, expected, got),
        }
    }

    fn matchers(&mut self, shown: &str, wanted: &Matchers, got: Option<&Value>) {
        if let Some(kind) = wanted.kind {
            self.unless(got.is_some_and(|got| kind.is_of(got)), shown, "$type", &format!("{kind:?}"), got);
        }
        if let Some(length) = wanted.length {
            self.unless(got.and_then(length_of) == Some(length), shown, "$len", &length, got);
        }
        if let Some(absent) = wanted.absent {
            self.unless(absent == got.is_none(), shown, "$absent", &absent, got);
        }
        if let Some(any) = &wanted.any_of {
            let found = got.is_some_and(|got| any.iter().any(|one| equal(one, got)));
            self.unless(found, shown, "$in", &json!(any), got);
        }
        if let Some(same) = &wanted.same {
            let found = got.is_some_and(|got| is_same(same, got, self.answer));
            self.unless(found, shown, "$same", same, got);
        }
        if let Some(not) = &wanted.not {
            let mut inner = Comparison { differences: Vec::new(), ..*self };
            inner.value(shown, not, got);
            // An absent member is not a member with another value.
            let other = !inner.differences.is_empty() && (got.is_some() || not.json.is_object());
            self.unless(other, shown, "$not", not, got);
        }
        if let Some(contained) = &wanted.contains {
            self.unless(got.is_some_and(|got| holds(got, contained)), shown, "$contains", contained, got);
        }
        if let Some(Pattern(pattern)) = &wanted.pattern {
            let fits = got.and_then(Value::as_str).is_some_and(|text| pattern.is_match(text));
            self.unless(fits, shown, "$match", pattern, got);
        }
        if let Some(each) = &wanted.each {
            self.each(shown, each, got);
        }
    }

    fn each(&mut self, shown: &str, wanted: &Each, got: Option<&Value>) {
        let Some(Value::Array(items)) = got else {
            return self.differences.push(format!("{shown}: wanted a list, got {}", text_of(got)));
        };
        for (at, item) in items.iter().enumerate() {
            match wanted {
                Each::Whole(expected) => self.value(&format!("{shown}.{at}"), expected, Some(item)),
                Each::Paths(paths) => {
                    for (path, expected) in paths {
                        self.path(path, &format!("{shown}.{at}.{path}"), expected, item);
                    }
                }
            }
        }
    }

    fn differs(&mut self, shown: &str, wanted: &dyn fmt::Display, got: Option<&Value>) {
        self.differences.push(format!("{shown}: wanted {wanted}, got {}", text_of(got)));
    }

    fn unless(
        &mut self,
        matched: bool,
        shown: &str,
        matcher: &str,
        wanted: &dyn fmt::Display,
        got: Option<&Value>,
    ) {
        if !matched {
            self.differs(shown, &format_args!("{matcher} {wanted}"), got);
        }
    }
}

impl Kind {
    fn is_of(self, got: &Value) -> bool {
        match self {
            Self::String => got.is_string(),
            Self::Number => got.is_number(),
            Self::Integer => got.is_i64() || got.is_u64(),
            Self::Boolean => got.is_boolean(),
            Self::Array => got.is_array(),
            Self::Object => got.is_object(),
            Self::Null => got.is_null(),
        }
    }
}

fn length_of(got: &Value) -> Option<usize> {
    match got {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}

/// Equal, lists in any order; or equal to the value at the path that the argument names in the same answer.
fn is_same(argument: &Value, got: &Value, answer: &Value) -> bool {
    if let (Value::Array(a), Value::Array(b)) = (argument, got) {
        return sorted(a) == sorted(b);
    }
    let named = argument.as_str().filter(|path| !path.is_empty()).and_then(|path| look_up(answer, path));
    equal(argument, got) || named == Some(got)
}

fn sorted(items: &[Value]) -> Vec<String> {
    let mut texts: Vec<_> = items.iter().map(Value::to_string).collect();
    texts.sort();
    texts
}

fn holds(got: &Value, argument: &Value) -> bool {
    match got {
        Value::String(text) => argument.as_str().is_some_and(|needle| text.contains(needle)),
        Value::Array(items) => items.contains(argument),
        Value::Object(members) => argument.as_str().is_some_and(|name| members.contains_key(name)),
        _ => false,
    }
}

/// 1 and 1.0 are one number.
fn equal(a: &Value, b: &Value) -> bool {
    a == b || matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a.to_bits() == b.to_bits())
}

fn text_of(got: Option<&Value>) -> String {
    got.map_or_else(|| "nothing".to_owned(), Value::to_string)
}
