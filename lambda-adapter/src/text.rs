//! Texts of an event, borrowed from it where that can be, and lenient: an odd header or query must
//! not cost the whole request.
//!
//! The types of `aws_lambda_events` put header fields into an `http::HeaderMap` while they are
//! parsed, where one value that cannot be a field fails the event, and queries into a hash map,
//! where the order is lost.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text; a number or a truth value counts as the text it is written as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'e>(pub(crate) Cow<'e, str>);

impl<'de: 'e, 'e> Deserialize<'de> for Text<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

/// The text; nothing where there is none.
pub(crate) fn as_str<'e>(text: &'e Option<Text<'_>>) -> &'e str {
    text.as_ref().map_or("", |text| &text.0)
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Text<'de>, E> {
        Ok(Text(value.to_string().into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Text<'de>, E> {
        Ok(Text(value.to_string().into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Text<'de>, E> {
        Ok(Text(value.to_string().into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Text<'de>, E> {
        Ok(Text(value.to_string().into()))
    }
}

/// Names and values of an object, in the order of the event. A list of values counts as so many
/// members of that name; what is neither text nor list is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pairs<'e>(pub(crate) Vec<(Text<'e>, Text<'e>)>);

impl Pairs<'_> {
    /// Names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&*name.0, &*value.0))
    }
}

impl<'de: 'e, 'e> Deserialize<'de> for Pairs<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts, or of lists of texts")
    }

    fn visit_unit<E: Error>(self) -> Result<Pairs<'de>, E> {
        Ok(Pairs::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
        let mut pairs = Vec::with_capacity(16);
        while let Some(name) = map.next_key::<Text<'de>>()? {
            match map.next_value::<Values<'de>>()? {
                Values::One(value) => pairs.push((name, value)),
                Values::Many(values) => pairs.extend(values.into_iter().map(|value| (name.clone(), value))),
            }
        }
        Ok(Pairs(pairs))
    }
}

enum Values<'e> {
    One(Text<'e>),
    Many(Vec<Text<'e>>),
}

impl<'de: 'e, 'e> Deserialize<'de> for Values<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValuesVisitor)
    }
}

struct ValuesVisitor;

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = Values<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a list of texts")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Values<'de>, E> {
        TextVisitor.visit_borrowed_str(text).map(Values::One)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Values<'de>, E> {
        TextVisitor.visit_str(text).map(Values::One)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Values<'de>, E> {
        TextVisitor.visit_bool(value).map(Values::One)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Values<'de>, E> {
        TextVisitor.visit_u64(value).map(Values::One)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Values<'de>, E> {
        TextVisitor.visit_i64(value).map(Values::One)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Values<'de>, E> {
        TextVisitor.visit_f64(value).map(Values::One)
    }

    fn visit_unit<E: Error>(self) -> Result<Values<'de>, E> {
        Ok(Values::Many(Vec::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Values<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element::<Values<'de>>()? {
            match value {
                Values::One(text) => values.push(text),
                Values::Many(texts) => values.extend(texts),
            }
        }
        Ok(Values::Many(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Values::Many(Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &[(&str, &str)]) {
        let pairs: Pairs<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(pairs.iter().collect::<Vec<_>>(), expected, "{json}");
    }

    #[test]
    fn members_keep_their_order_and_odd_ones_are_left_out() {
        check("null", &[]);
        check("{}", &[]);
        check(r#"{"b": "1", "a": "2"}"#, &[("b", "1"), ("a", "2")]);
        check(r#"{"a": ["1", "2"], "b": []}"#, &[("a", "1"), ("a", "2")]);
        check(
            r#"{"a": 7, "b": true, "c": null, "d": {"e": "f"}, "g": ["h", null]}"#,
            &[("a", "7"), ("b", "true"), ("g", "h")],
        );
        check(r#"{"\u0061": "\u00e4\n"}"#, &[("a", "\u{e4}\n")]);
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for json in ["[]", "7", "\"a\"", "{\"a\": \"\\ud800\"}"] {
            assert!(serde_json::from_str::<Pairs<'_>>(json).is_err(), "{json}");
        }
    }
}
