//! Header fields as core asks for them.

use http::header::{HeaderMap, HeaderName, HeaderValue, ValueIter};
use latchkey_gateway::config::HeaderNames;
use latchkey_gateway::request::Headers;

/// The fields of a request. Payload 2.0 joins repeated ones with commas; those that a key or a
/// route is looked for in are taken apart again.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    headers: &'a HeaderMap,
    /// Names that matter, where fields have been joined.
    joined: Option<&'a HeaderNames>,
}

/// What a value with commas in it is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeated {
    /// One value: a list in any case.
    Joined,
    /// Several: a key has no comma, so that twice the key is a duplicate here as elsewhere.
    Split,
    /// Several, and the whole: a route may want one of several values, or a value with a comma.
    SplitAndWhole,
}

impl<'a> Fields<'a> {
    /// `names`: those that the configuration makes matter; `None`: no fields have been joined.
    pub(crate) fn new(headers: &'a HeaderMap, names: Option<&'a HeaderNames>) -> Self {
        Fields { headers, joined: names }
    }

    fn repeated(&self, name: &str) -> Repeated {
        let Some(names) = self.joined else { return Repeated::Joined };
        let lower = name.to_ascii_lowercase();
        match (names.keys.contains(&lower), names.routing.contains(&lower)) {
            (true, _) => Repeated::Split,
            (false, true) => Repeated::SplitAndWhole,
            (false, false) => Repeated::Joined,
        }
    }
}

impl Headers for Fields<'_> {
    type Values<'a>
        = Values<'a>
    where
        Self: 'a;

    fn values<'a>(&'a self, name: &str) -> Values<'a> {
        let lines = self.headers.get_all(name).iter();
        Values { lines, rest: None, whole: None, repeated: self.repeated(name) }
    }

    fn values_of<'a>(&'a self, name: &HeaderName) -> Values<'a> {
        let lines = self.headers.get_all(name).iter();
        Values { lines, rest: None, whole: None, repeated: self.repeated(name.as_str()) }
    }
}

/// Values of one field.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    lines: ValueIter<'a, HeaderValue>,
    rest: Option<&'a [u8]>,
    whole: Option<&'a [u8]>,
    repeated: Repeated,
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if let Some(rest) = self.rest.take() {
            return Some(self.part(rest));
        }
        if let Some(whole) = self.whole.take() {
            return Some(whole);
        }
        let line = self.lines.next()?.as_bytes();
        if self.repeated == Repeated::Joined {
            return Some(line);
        }
        if self.repeated == Repeated::SplitAndWhole && line.contains(&b',') {
            self.whole = Some(line);
        }
        Some(self.part(line))
    }
}

impl<'a> Values<'a> {
    /// Up to the next comma; what follows is left for later.
    fn part(&mut self, text: &'a [u8]) -> &'a [u8] {
        match text.iter().position(|byte| *byte == b',') {
            Some(at) => {
                self.rest = Some(&text[at + 1..]);
                text[..at].trim_ascii()
            }
            None => text.trim_ascii(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], is_joined: bool, name: &str, expected: &[&str]) {
        let set = |name: &str| std::iter::once(name.to_owned()).collect();
        let names = HeaderNames { keys: set("apikey"), routing: set("x-v") };
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, HeaderValue::from_str(line).unwrap());
        }
        let fields = Fields::new(&headers, is_joined.then_some(&names));
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        assert_eq!(fields.values_of(&name).map(text).collect::<Vec<_>>(), expected, "{lines:?}");
        let upper = name.as_str().to_ascii_uppercase();
        assert_eq!(fields.values(&upper).map(text).collect::<Vec<_>>(), expected, "{lines:?}");
    }

    #[test]
    fn joined_fields_are_taken_apart() {
        check(&[], true, "apikey", &[]);
        check(&[""], true, "apikey", &[""]);
        check(&["k1"], true, "apikey", &["k1"]);
        check(&["k1,k2"], true, "apikey", &["k1", "k2"]);
        check(&["k1, k1"], true, "apikey", &["k1", "k1"]);
        check(&["k1,"], true, "apikey", &["k1", ""]);
        check(&["a,b"], true, "x-v", &["a", "b", "a,b"]);
        check(&["a"], true, "x-v", &["a"]);
        check(&["text/html, */*"], true, "accept", &["text/html, */*"]);
    }

    #[test]
    fn lists_of_values_stay_as_they_are() {
        check(&["k1", "k2"], false, "apikey", &["k1", "k2"]);
        check(&["k,1"], false, "apikey", &["k,1"]);
    }
}
