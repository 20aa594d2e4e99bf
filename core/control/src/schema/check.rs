//! What single values must satisfy: in Kong's words, and as `/schemas` shows it.

use serde_json::{Value, json};

/// What a value must satisfy. Kong looks at it in the order of a field's list.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// This truth value.
    Is(bool),
    /// Not this truth value; what is said otherwise.
    Not(bool, &'static str),
    /// None of some texts.
    NotOneOf(&'static [&'static str]),
    /// One of some texts.
    OneOf(&'static [&'static str]),
    /// One of some numbers.
    OneOfIntegers(&'static [i64]),
    /// Seconds since the Unix epoch, after it.
    Timestamp,
    /// A number in a range, both ends included.
    Between(i64, i64),
    /// Exactly so many bytes or elements.
    LengthEq(usize),
    /// At least so many bytes or elements.
    LengthMin(usize),
    /// At most so many bytes or elements.
    LengthMax(usize),
    /// Text of at most so many characters.
    CharactersMax(usize),
    /// Text that begins so.
    StartsWith(&'static str),
    /// Text that is like this.
    Match(Pattern),
    /// Text that is like none of these; what is said of one that is.
    MatchNone(&'static [(Pattern, &'static str)]),
    /// Text that is like all of these; what is said of one that is not.
    MatchAll(&'static [(Pattern, &'static str)]),
    /// Text that is like one of these; what is said otherwise.
    MatchAny(&'static [Pattern], &'static str),
    /// Elements among which is this one.
    Contains(&'static str),
    /// Elements that all satisfy this.
    Elements(&'static Check),
    /// Elements of at most one of some sets.
    ExclusiveSubsets(&'static [&'static [&'static str]]),
    /// Text that passes; what is wrong with it otherwise. `/schemas` cannot show it.
    Text(fn(&str) -> Result<(), String>),
}

/// A Lua pattern, as `/schemas` shows it, and whether a text is like it.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// As Kong writes it.
    pub lua: &'static str,
    /// Whether a text is like it.
    pub holds: fn(&str) -> bool,
}

impl Check {
    /// Whether a value that is not null, and of its field's type, passes; the sentence of Kong's if
    /// it does not. What a check says nothing of passes.
    pub fn judge(self, value: &Value) -> Result<(), String> {
        match value {
            Value::Bool(value) => self.judge_truth(*value),
            Value::Number(_) => self.judge_number(value),
            Value::String(text) => self.judge_text(text),
            Value::Array(elements) => self.judge_elements(elements),
            Value::Object(members) => self.judge_length(members.len()),
            Value::Null => Ok(()),
        }
    }

    fn judge_truth(self, value: bool) -> Result<(), String> {
        match self {
            Check::Is(wanted) if value != wanted => Err(format!("value must be {wanted}")),
            Check::Not(unwanted, sentence) if value == unwanted => Err(sentence.to_owned()),
            _ => Ok(()),
        }
    }

    fn judge_number(self, value: &Value) -> Result<(), String> {
        let number = value.as_f64().unwrap_or(f64::NAN);
        match self {
            Check::Timestamp if number <= 0.0 => Err("expected a valid timestamp".to_owned()),
            Check::Between(from, to) if number < from as f64 || number > to as f64 => {
                Err(format!("value should be between {from} and {to}"))
            }
            Check::OneOfIntegers(choices) if !choices.iter().any(|choice| number == *choice as f64) => {
                let choices: Vec<String> = choices.iter().map(i64::to_string).collect();
                Err(format!("expected one of: {}", choices.join(", ")))
            }
            _ => Ok(()),
        }
    }

    fn judge_text(self, text: &str) -> Result<(), String> {
        match self {
            Check::NotOneOf(choices) if choices.contains(&text) => {
                Err(format!("must not be one of: {}", choices.join(", ")))
            }
            Check::OneOf(choices) if !choices.contains(&text) => {
                Err(format!("expected one of: {}", choices.join(", ")))
            }
            Check::StartsWith(start) if !text.starts_with(start) => {
                Err(format!("should start with: {start}"))
            }
            Check::Match(pattern) if !(pattern.holds)(text) => Err(format!("invalid value: {text}")),
            Check::MatchNone(patterns) => refused_by(patterns, |pattern| (pattern.holds)(text)),
            Check::MatchAll(patterns) => refused_by(patterns, |pattern| !(pattern.holds)(text)),
            Check::MatchAny(patterns, sentence) if !patterns.iter().any(|pattern| (pattern.holds)(text)) => {
                Err(sentence.to_owned())
            }
            Check::Text(judge) => judge(text),
            Check::CharactersMax(most) => Check::LengthMax(most).judge_length(text.chars().count()),
            _ => self.judge_length(text.len()),
        }
    }

    fn judge_elements(self, elements: &[Value]) -> Result<(), String> {
        match self {
            Check::Contains(wanted) if !elements.iter().any(|element| element == wanted) => {
                Err(format!("expected to contain: {wanted}"))
            }
            Check::Elements(check) => elements.iter().try_for_each(|element| check.judge(element)),
            Check::ExclusiveSubsets(subsets) => exclusive(subsets, elements),
            _ => self.judge_length(elements.len()),
        }
    }

    fn judge_length(self, length: usize) -> Result<(), String> {
        match self {
            Check::LengthEq(wanted) if length != wanted => Err(format!("length must be {wanted}")),
            Check::LengthMin(least) if length < least => Err(format!("length must be at least {least}")),
            Check::LengthMax(most) if length > most => Err(format!("length must be at most {most}")),
            _ => Ok(()),
        }
    }

    /// The members that `/schemas` has for it.
    pub fn describe(self) -> Vec<(&'static str, Value)> {
        let one = |name, value: Value| vec![(name, value)];
        let with_sentence =
            |(pattern, sentence): &(Pattern, &str)| json!({"pattern": pattern.lua, "err": sentence});
        match self {
            Check::Is(wanted) => one("eq", wanted.into()),
            Check::Not(unwanted, sentence) => vec![("ne", unwanted.into()), ("err", sentence.into())],
            Check::NotOneOf(choices) => one("not_one_of", json!(choices)),
            Check::OneOf(choices) => one("one_of", json!(choices)),
            Check::OneOfIntegers(choices) => one("one_of", json!(choices)),
            Check::Timestamp => one("timestamp", true.into()),
            Check::Between(from, to) => one("between", json!([from, to])),
            Check::LengthEq(length) => one("len_eq", json!(length)),
            Check::LengthMin(least) => one("len_min", json!(least)),
            Check::LengthMax(most) | Check::CharactersMax(most) => one("len_max", json!(most)),
            Check::StartsWith(start) => one("starts_with", start.into()),
            Check::Match(pattern) => one("match", pattern.lua.into()),
            Check::MatchNone(patterns) => one("match_none", patterns.iter().map(with_sentence).collect()),
            Check::MatchAll(patterns) => one("match_all", patterns.iter().map(with_sentence).collect()),
            Check::MatchAny(patterns, sentence) => {
                let patterns: Vec<&str> = patterns.iter().map(|pattern| pattern.lua).collect();
                one("match_any", json!({"patterns": patterns, "err": sentence}))
            }
            Check::Contains(wanted) => one("contains", wanted.into()),
            Check::Elements(check) => {
                let members = check.describe().into_iter().chain([("type", "string".into())]);
                one("elements", members.map(|(name, value)| (name.to_owned(), value)).collect())
            }
            Check::ExclusiveSubsets(subsets) => one("mutually_exclusive_subsets", json!(subsets)),
            Check::Text(_) => Vec::new(),
        }
    }
}

/// The sentence of the first pattern that refuses.
fn refused_by(
    patterns: &[(Pattern, &'static str)],
    refuses: impl Fn(&Pattern) -> bool,
) -> Result<(), String> {
    match patterns.iter().find(|(pattern, _)| refuses(pattern)) {
        Some((_, sentence)) => Err((*sentence).to_owned()),
        None => Ok(()),
    }
}

fn exclusive(subsets: &[&'static [&'static str]], elements: &[Value]) -> Result<(), String> {
    let mut met: Vec<&[&str]> = Vec::new();
    for element in elements.iter().filter_map(Value::as_str) {
        let subset = subsets.iter().find(|subset| subset.contains(&element));
        met.extend(subset.filter(|subset| !met.contains(subset)));
    }
    if met.len() <= 1 {
        return Ok(());
    }
    let sets: Vec<String> = met.iter().map(|set| format!("({})", quoted(set))).collect();
    Err(format!("these sets are mutually exclusive: {}", sets.join(", ")))
}

/// `'a', 'b', 'c'`
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(checks: &[(Check, Value, Value, &str, Value)]) {
        for (check, good, bad, sentence, shown) in checks {
            assert_eq!(check.judge(good), Ok(()), "{check:?}");
            assert_eq!(check.judge(bad), Err((*sentence).to_owned()), "{check:?}");
            let described: serde_json::Map<String, Value> =
                check.describe().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            assert_eq!(Value::Object(described), *shown, "{check:?}");
        }
    }

    #[test]
    fn values_are_refused_in_kongs_words_and_checks_shown() {
        check(&[
            (Check::Is(true), json!(true), json!(false), "value must be true", json!({"eq": true})),
            (Check::Not(true, "e"), json!(false), json!(true), "e", json!({"ne": true, "err": "e"})),
            (
                Check::NotOneOf(&["a", "b"]),
                json!("c"),
                json!("b"),
                "must not be one of: a, b",
                json!({"not_one_of": ["a", "b"]}),
            ),
            (Check::OneOf(&["a"]), json!("a"), json!("b"), "expected one of: a", json!({"one_of": ["a"]})),
            (
                Check::OneOfIntegers(&[1, 2]),
                json!(2),
                json!(3),
                "expected one of: 1, 2",
                json!({"one_of": [1, 2]}),
            ),
            (Check::Timestamp, json!(1), json!(0), "expected a valid timestamp", json!({"timestamp": true})),
            (
                Check::Between(0, 9),
                json!(9),
                json!(1e300),
                "value should be between 0 and 9",
                json!({"between": [0, 9]}),
            ),
        ]);
    }

    #[test]
    fn lists_and_lengths_are_refused_in_kongs_words() {
        check(&[
            (Check::LengthEq(0), json!([]), json!(["a"]), "length must be 0", json!({"len_eq": 0})),
            (
                Check::LengthMin(1),
                json!(["a"]),
                json!([]),
                "length must be at least 1",
                json!({"len_min": 1}),
            ),
            (Check::LengthMax(1), json!("a"), json!("ab"), "length must be at most 1", json!({"len_max": 1})),
            (
                Check::CharactersMax(1),
                json!("é"),
                json!("éa"),
                "length must be at most 1",
                json!({"len_max": 1}),
            ),
            (
                Check::Contains("a"),
                json!(["b", "a"]),
                json!(["b"]),
                "expected to contain: a",
                json!({"contains": "a"}),
            ),
            (
                Check::Elements(&Check::OneOf(&["a"])),
                json!(["a"]),
                json!(["a", "b"]),
                "expected one of: a",
                json!({"elements": {"type": "string", "one_of": ["a"]}}),
            ),
            (
                Check::ExclusiveSubsets(&[&["a", "b"], &["c"]]),
                json!(["b", "a", "x"]),
                json!(["c", "a"]),
                "these sets are mutually exclusive: ('c'), ('a', 'b')",
                json!({"mutually_exclusive_subsets": [["a", "b"], ["c"]]}),
            ),
        ]);
    }

    #[test]
    fn texts_are_refused_in_kongs_words() {
        const UPPER: Pattern =
            Pattern { lua: "^%u+$", holds: |text| text.bytes().all(|byte| byte.is_ascii_uppercase()) };
        const SLASHES: Pattern = Pattern { lua: "//", holds: |text| text.contains("//") };
        let shown_pattern = json!([{"pattern": "//", "err": "e"}]);
        check(&[
            (
                Check::StartsWith("/"),
                json!("/a"),
                json!("a"),
                "should start with: /",
                json!({"starts_with": "/"}),
            ),
            (Check::Match(UPPER), json!("A"), json!("a"), "invalid value: a", json!({"match": "^%u+$"})),
            (
                Check::MatchNone(&[(SLASHES, "e")]),
                json!("/"),
                json!("//"),
                "e",
                json!({"match_none": shown_pattern}),
            ),
            (
                Check::MatchAll(&[(SLASHES, "e")]),
                json!("//"),
                json!("/"),
                "e",
                json!({"match_all": shown_pattern}),
            ),
            (
                Check::MatchAny(&[SLASHES, UPPER], "e"),
                json!("A"),
                json!("a"),
                "e",
                json!({"match_any": {"patterns": ["//", "^%u+$"], "err": "e"}}),
            ),
        ]);
    }
}
