//! Header fields as core asks for them.

use http::header::{HeaderMap, HeaderName, HeaderValue, ValueIter};
use latchkey_gateway::config::HeaderNames;
use latchkey_gateway::joined_headers::{JoinedHeaders, JoinedValues, Reading};
use latchkey_gateway::request::Headers;

/// The fields of a request. Payload 2.0 joins repeated ones with commas; those that a key or a
/// route is looked for in are taken apart again.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    headers: &'a HeaderMap,
    /// Names that matter, where fields have been joined.
    joined: Option<&'a HeaderNames>,
}

/// How payload 2.0 joins the values of repeated fields.
const JOINED: JoinedHeaders = JoinedHeaders::by(",");

impl<'a> Fields<'a> {
    /// `names`: those that the configuration makes matter; `None`: no fields have been joined.
    pub(crate) fn new(headers: &'a HeaderMap, names: Option<&'a HeaderNames>) -> Self {
        Fields { headers, joined: names }
    }

    fn read<'h>(&'h self, name: &str, lines: ValueIter<'h, HeaderValue>) -> Values<'h> {
        let reading = self.joined.map_or(Reading::One, |names| Reading::of(names, name));
        Values { lines, reading, line: None }
    }
}

impl Headers for Fields<'_> {
    type Values<'a>
        = Values<'a>
    where
        Self: 'a;

    fn values<'a>(&'a self, name: &str) -> Values<'a> {
        self.read(name, self.headers.get_all(name).iter())
    }

    fn values_of<'a>(&'a self, name: &HeaderName) -> Values<'a> {
        self.read(name.as_str(), self.headers.get_all(name).iter())
    }
}

/// Values of one field, line by line.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    lines: ValueIter<'a, HeaderValue>,
    reading: Reading,
    line: Option<JoinedValues<'a>>,
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(value) = self.line.as_mut().and_then(Iterator::next) {
                return Some(value);
            }
            self.line = Some(JOINED.values(self.lines.next()?.as_bytes(), self.reading));
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
        check(&["k1,k1"], true, "apikey", &["k1", "k1"]);
        check(&["k1,k2", "k3"], true, "apikey", &["k1", "k2", "k3"]);
        check(&["a,b"], true, "x-v", &["a", "b", "a,b"]);
        check(&["text/html, */*"], true, "accept", &["text/html, */*"]);
    }

    #[test]
    fn lists_of_values_stay_as_they_are() {
        check(&["k1", "k2"], false, "apikey", &["k1", "k2"]);
        check(&["k,1"], false, "apikey", &["k,1"]);
    }
}
