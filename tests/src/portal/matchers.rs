//! Values wanted of an answer: objects by the members named, all else whole; matchers stand for values.

use regex_lite::Regex;
use serde_json::{Map, Value};

const MATCHERS: [&str; 9] = ["$type", "$any", "$absent", "$re", "$len", "$not", "$in", "$has", "$lacks"];
const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];

fn as_matchers(wanted: &Value) -> Option<&Map<String, Value>> {
    let members = wanted.as_object()?;
    let is_matcher = !members.is_empty() && members.keys().all(|name| name.starts_with('$'));
    is_matcher.then_some(members)
}

/// Refuses a matcher that there is not.
pub(super) fn check_matchers(wanted: &Value) -> Result<(), String> {
    match wanted {
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            if name.starts_with('$') && !MATCHERS.contains(&name.as_str()) {
                return Err(format!("unknown matcher {name}"));
            }
            if name == "$type" && !value.as_str().is_some_and(|name| TYPES.contains(&name)) {
                return Err(format!("unknown type {value}"));
            }
            check_matchers(value)
        }),
        Value::Array(items) => items.iter().try_for_each(check_matchers),
        _ => Ok(()),
    }
}

/// What differs, each with its path; nothing where all is as wanted.
pub(super) fn differences(path: &str, wanted: &Value, got: Option<&Value>) -> Vec<String> {
    if let Some(matchers) = as_matchers(wanted) {
        let missed = matchers.iter().filter(|(name, argument)| !holds(name, argument, got));
        return missed.map(|(name, argument)| differs(path, &format!("{name} {argument}"), got)).collect();
    }
    match (wanted, got) {
        (Value::Object(wanted), Some(Value::Object(members))) => wanted
            .iter()
            .flat_map(|(name, wanted)| differences(&format!("{path}.{name}"), wanted, members.get(name)))
            .collect(),
        (Value::Array(wanted), Some(Value::Array(items))) if wanted.len() == items.len() => (0..)
            .zip(wanted.iter().zip(items))
            .flat_map(|(at, (wanted, item))| differences(&format!("{path}.{at}"), wanted, Some(item)))
            .collect(),
        (wanted, Some(got)) if wanted == got => Vec::new(),
        (Value::Null, None) => vec![differs(path, "null", got)],
        _ => vec![differs(path, &wanted.to_string(), got)],
    }
}

/// The same of a text.
pub(super) fn text_differences(path: &str, wanted: &Value, got: Option<&str>) -> Vec<String> {
    differences(path, wanted, got.map(Value::from).as_ref())
}

fn differs(path: &str, wanted: &str, got: Option<&Value>) -> String {
    format!("{path}: wanted {wanted}, got {}", got.map_or_else(|| "nothing".to_owned(), Value::to_string))
}

fn is_like(wanted: &Value, got: &Value) -> bool {
    differences("", wanted, Some(got)).is_empty()
}

fn holds(matcher: &str, argument: &Value, got: Option<&Value>) -> bool {
    let has = |wanted: &Value| {
        got.and_then(Value::as_array).map(|items| items.iter().any(|item| is_like(wanted, item)))
    };
    match matcher {
        "$type" => got.is_some_and(|got| is_of_type(argument.as_str().unwrap_or_default(), got)),
        "$any" => got.is_some(),
        "$absent" => got.is_none_or(Value::is_null) == (argument != false),
        "$re" => got.and_then(Value::as_str).is_some_and(|text| finds(argument, text)),
        "$len" => got.and_then(length).is_some_and(|length| is_length(argument, length)),
        "$not" => got.is_none_or(|got| !is_like(argument, got)),
        "$in" => got.is_some_and(|got| {
            argument.as_array().is_some_and(|any| any.iter().any(|wanted| is_like(wanted, got)))
        }),
        "$has" => has(argument) == Some(true),
        "$lacks" => has(argument) == Some(false),
        _ => false,
    }
}

/// Whether a regular expression finds something in a text.
pub(super) fn finds(pattern: &Value, text: &str) -> bool {
    let pattern = pattern.as_str().unwrap_or_default();
    Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).is_match(text)
}

fn is_of_type(name: &str, got: &Value) -> bool {
    match name {
        "string" => got.is_string(),
        "number" => got.is_number(),
        "integer" => got.is_i64() || got.is_u64(),
        "boolean" => got.is_boolean(),
        "array" => got.is_array(),
        "object" => got.is_object(),
        _ => got.is_null(),
    }
}

fn length(got: &Value) -> Option<u64> {
    let length = match got {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        Value::String(text) => text.chars().count(),
        _ => return None,
    };
    Some(length as u64)
}

/// A number, or least and most.
fn is_length(argument: &Value, length: u64) -> bool {
    match argument.as_array().map(Vec::as_slice) {
        Some([least, most]) => {
            least.as_u64().is_none_or(|least| least <= length)
                && most.as_u64().is_none_or(|most| length <= most)
        }
        _ => argument.as_u64() == Some(length),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn matchers_hold_or_not() {
        let got = json!({"a": 1, "t": "abc", "l": [{"id": 1, "x": 2}, {"id": 2}], "n": null});
        for (wanted, is_like_it) in [
            (json!({}), true),
            (json!({"a": 1, "l": [{"id": 1}, {}]}), true),
            (json!({"l": [{"id": 1}]}), false),
            (json!({"a": {"$type": "integer"}, "t": {"$type": "string"}}), true),
            (json!({"t": {"$type": "integer"}}), false),
            (json!({"n": {"$absent": true}, "z": {"$absent": true}, "a": {"$absent": false}}), true),
            (json!({"a": {"$absent": true}}), false),
            (json!({"n": null}), true),
            (json!({"z": null}), false),
            (json!({"t": {"$re": "^a(?i:B)c"}}), true),
            (json!({"t": {"$re": "^b"}}), false),
            (json!({"l": {"$len": 2}, "t": {"$len": [1, 3]}}), true),
            (json!({"l": {"$len": [3, 4]}}), false),
            (json!({"a": {"$not": 2}, "z": {"$not": 1}}), true),
            (json!({"a": {"$not": 1}}), false),
            (json!({"a": {"$in": [0, 1]}}), true),
            (json!({"a": {"$in": [0]}}), false),
            (json!({"l": {"$has": {"id": 2}, "$lacks": {"id": 3}}}), true),
            (json!({"l": {"$has": {"id": 3}}}), false),
            (json!({"l": {"$lacks": {"id": 1}}}), false),
            (json!({"z": {"$lacks": 1}}), false),
            (json!({"a": {"$any": true}}), true),
            (json!({"z": {"$any": true}}), false),
        ] {
            let found = differences("json", &wanted, Some(&got));
            assert_eq!(found.is_empty(), is_like_it, "{wanted}: {found:?}");
        }
    }
}
