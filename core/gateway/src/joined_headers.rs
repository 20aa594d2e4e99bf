//! Header fields on platforms that hand out a repeated one as a single value, its lines joined.

use std::iter::FusedIterator;

use crate::config::HeaderNames;

/// How a platform joins the lines of a field.
#[derive(Clone, Copy, Debug)]
pub struct JoinedHeaders {
    separator: &'static [u8],
}

/// What a joined value is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// One value: a list in any case.
    One,
    /// Several: a key has no comma, so that twice the key is a duplicate here as elsewhere.
    Several,
    /// Several, and the whole: a route may want one of several values, or a value with a comma.
    SeveralAndWhole,
}

impl Reading {
    /// Of the field called `name`, in any case, when `configured` are those that matter.
    pub fn of(configured: &HeaderNames, name: &str) -> Self {
        let is_among = |names: &[String]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is_among(&configured.keys) {
            Reading::Several
        } else if is_among(&configured.routing) {
            Reading::SeveralAndWhole
        } else {
            Reading::One
        }
    }
}

impl JoinedHeaders {
    /// `separator`: what stands between the values of two lines; not empty.
    pub const fn by(separator: &'static str) -> Self {
        JoinedHeaders { separator: separator.as_bytes() }
    }

    /// The values that `value` is taken for, without white space around those that were joined.
    pub fn values(self, value: &[u8], reading: Reading) -> JoinedValues<'_> {
        let splits = reading != Reading::One && self.find_in(value).is_some();
        let whole = (splits && reading == Reading::SeveralAndWhole).then_some(value);
        JoinedValues { separator: self, rest: Some(value), splits, whole }
    }

    fn find_in(self, value: &[u8]) -> Option<usize> {
        value.windows(self.separator.len()).position(|window| window == self.separator)
    }
}

/// Values of one joined value.
#[derive(Clone, Debug)]
pub struct JoinedValues<'a> {
    separator: JoinedHeaders,
    /// Not yet given out.
    rest: Option<&'a [u8]>,
    splits: bool,
    /// Given out last.
    whole: Option<&'a [u8]>,
}

impl<'a> Iterator for JoinedValues<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let Some(rest) = self.rest.take() else { return self.whole.take() };
        if !self.splits {
            return Some(rest);
        }
        let Some(at) = self.separator.find_in(rest) else { return Some(rest.trim_ascii()) };
        self.rest = rest.get(at + self.separator.separator.len()..);
        rest.get(..at).map(<[u8]>::trim_ascii)
    }
}

impl FusedIterator for JoinedValues<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(separator: &'static str, value: &str, reading: Reading, expected: &[&str]) {
        let values = JoinedHeaders::by(separator).values(value.as_bytes(), reading);
        let text = |value| std::str::from_utf8(value).unwrap();
        assert_eq!(values.map(text).collect::<Vec<_>>(), expected, "{separator:?} {value:?} {reading:?}");
    }

    #[test]
    fn a_key_is_known_from_two() {
        let check = |separator, value, expected: &[&str]| check(separator, value, Reading::Several, expected);
        check(",", "", &[""]);
        check(",", "k1", &["k1"]);
        check(",", "k1,k2", &["k1", "k2"]);
        check(",", "k1, k1", &["k1", "k1"]);
        check(",", "k1,", &["k1", ""]);
        check(",", ",,", &["", "", ""]);
        check(", ", "k,1", &["k,1"]);
        check(", ", "k1, k,1", &["k1", "k,1"]);
        check(", ", "k1, ", &["k1", ""]);
        check(", ", "k1,  k2", &["k1", "k2"]);
    }

    #[test]
    fn a_condition_of_a_route_sees_parts_and_whole() {
        let whole = Reading::SeveralAndWhole;
        check(",", "a,b", whole, &["a", "b", "a,b"]);
        check(", ", "a, b", whole, &["a", "b", "a, b"]);
        check(",", "a", whole, &["a"]);
        check(", ", "a,b", whole, &["a,b"]);
    }

    #[test]
    fn other_fields_stay_as_they_are() {
        check(",", "text/html, */*", Reading::One, &["text/html, */*"]);
        // What was not joined is not trimmed.
        check(",", " k ", Reading::Several, &[" k "]);
    }

    #[test]
    fn names_say_how_a_field_is_read() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let configured =
            HeaderNames { keys: names(&["apikey", "x-both"]), routing: names(&["x-v", "x-both"]) };
        for (name, expected) in [
            ("apikey", Reading::Several),
            ("ApiKey", Reading::Several),
            ("x-both", Reading::Several),
            ("X-V", Reading::SeveralAndWhole),
            ("accept", Reading::One),
        ] {
            assert_eq!(Reading::of(&configured, name), expected, "{name}");
        }
    }
}
