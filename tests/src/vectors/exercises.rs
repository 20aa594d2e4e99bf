//! What of a request and its answer a case exercises beyond what any case does.
//!
//! It is read off the case, so that none can be forgotten. A form that is behind the same translation
//! as another (six triggers of one function) need not run what exercises nothing of it: that a route
//! is found or a key is refused does not depend on who made an event of the request.

use std::collections::BTreeSet;

use super::case::{Asked, Case, FieldValue, Step, Target};

/// Something that a platform can change on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Path and query, where they are more than plain segments and one or two plain pairs.
    Target,
    /// Fields, where names come twice, values are odd, or a connection or a proxy is told of.
    Fields,
    /// Bytes of a body that are not printable text and line ends.
    Body,
    /// An answer without the body that its head tells of, one whose bytes count, a redirect.
    Answer,
    /// By what scheme the client came.
    Scheme,
}

/// Fields that connections and proxies use, in lower case.
const OF_THE_WAY: [&str; 12] = [
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-real-ip",
];

impl Case {
    /// Empty: nothing that another case does not exercise too.
    pub fn exercises(&self) -> BTreeSet<Part> {
        let mut parts: BTreeSet<Part> = self.steps.iter().flat_map(parts_of).collect();
        if self.names_scheme {
            parts.insert(Part::Scheme);
        }
        parts
    }
}

fn parts_of(step: &Step) -> impl Iterator<Item = Part> {
    let asked = &step.request;
    let proxied = step.target == Target::Proxy;
    let parts = [
        (is_odd_path(&asked.path) || asked.query.as_deref().is_some_and(is_odd_query), Part::Target),
        (are_odd_fields(asked, proxied), Part::Fields),
        (is_odd_body(asked), Part::Body),
        (asked.method == "HEAD" || step.expect.as_written().is_about_form(), Part::Answer),
    ];
    parts.into_iter().filter_map(|(exercised, part)| exercised.then_some(part))
}

fn is_odd_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~@".contains(&byte);
    let path = without_placeholders(path);
    path.contains("//") || path.contains("/.") || !path.bytes().all(plain)
}

/// Pairs beyond two have an order to lose.
fn is_odd_query(query: &str) -> bool {
    let query = without_placeholders(query);
    let pairs: Vec<_> = query.split('&').map(|pair| pair.split_once('=')).collect();
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let names: BTreeSet<_> = pairs.iter().flatten().map(|(name, _)| *name).collect();
    pairs.len() > 2
        || names.len() < pairs.len()
        || !pairs.iter().flatten().all(|(name, value)| plain(name) && plain(value))
}

fn are_odd_fields(asked: &Asked, proxied: bool) -> bool {
    let mut names = BTreeSet::new();
    asked.headers.iter().any(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let is_odd_value = match value {
            FieldValue::Raw(_) => true,
            FieldValue::Text(text) => is_odd_value(&name, &without_placeholders(text), proxied),
        };
        let of_the_way = OF_THE_WAY.contains(&name.as_str()) || name.starts_with("x-forwarded");
        is_odd_value || of_the_way || name.contains('_') || !names.insert(name)
    })
}

fn is_odd_value(name: &str, value: &str, proxied: bool) -> bool {
    let plain_host = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    value.is_empty()
        || !value.is_ascii()
        || (proxied && value.contains(','))
        || (name == "host" && !value.bytes().all(plain_host))
}

fn is_odd_body(asked: &Asked) -> bool {
    let printable = |byte: u8| byte.is_ascii_graphic() || b" \r\n".contains(&byte);
    asked.body_base64.is_some() || asked.body.as_ref().is_some_and(|body| !body.bytes().all(printable))
}

/// Each placeholder replaced by a plain letter.
fn without_placeholders(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) =
        rest.split_once("{{").and_then(|(before, inner)| Some((before, inner.split_once("}}")?.1)))
    {
        plain.push_str(before);
        plain.push('x');
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::load_all;

    #[test]
    fn odd_targets_are_told_from_plain_ones() {
        for path in ["/", "/request", "/consumers/{{consumer:bob.id}}/key-auth", "/developers/a@b.test"] {
            assert!(!is_odd_path(path), "{path}");
        }
        for path in ["//", "/a/../b", "/a%20b", "/a//b", "/caf\u{e9}", "/a;b"] {
            assert!(is_odd_path(path), "{path}");
        }
        for query in ["apikey=kong", "apikey=kong&a=1", "size={{saved:size}}"] {
            assert!(!is_odd_query(query), "{query}");
        }
        for query in ["", "a", "a=", "a=1&a=2", "a=%41", "a=1&&b=2", "a=1&b=2&c=3", "a=b+c"] {
            assert!(is_odd_query(query), "{query}");
        }
    }

    /// Enough to show that a translation is faithful, and no more.
    #[test]
    fn each_part_is_exercised_by_some_and_no_part_by_most() {
        let cases = load_all();
        let marked: Vec<_> = cases.iter().map(Case::exercises).filter(|parts| !parts.is_empty()).collect();
        for part in [Part::Target, Part::Fields, Part::Body, Part::Answer, Part::Scheme] {
            assert!(marked.iter().filter(|parts| parts.contains(&part)).count() >= 3, "{part:?}");
        }
        println!("{} of {} exercise a part of their own", marked.len(), cases.len());
        assert!(marked.len() * 3 < cases.len());
    }
}
