//! What is looked at alike in an answer and in what reached the upstream.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::Deserializer;

use crate::raw_http::Headers;

/// Written as one text or a list.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            One(String),
            More(Vec<String>),
        }
        Ok(Self(match Form::deserialize(deserializer)? {
            Form::One(text) => vec![text],
            Form::More(texts) => texts,
        }))
    }
}

pub(super) fn check_fields(
    whose: &str,
    wanted: &BTreeMap<String, String>,
    headers: &Headers,
    differences: &mut Vec<String>,
) {
    for (name, value) in wanted {
        let got = headers.values(name);
        if got != [value.as_str()] {
            differences.push(format!("{whose} header {name}: wanted {value:?}, got {got:?}"));
        }
    }
}

pub(super) fn check_absent(whose: &str, names: &[String], headers: &Headers, differences: &mut Vec<String>) {
    for name in names {
        let got = headers.values(name);
        if !got.is_empty() {
            differences.push(format!("{whose} header {name}: wanted none, got {got:?}"));
        }
    }
}

pub(super) fn check_contain(
    whose: &str,
    wanted: &BTreeMap<String, String>,
    headers: &Headers,
    differences: &mut Vec<String>,
) {
    for (name, part) in wanted {
        let got = headers.values(name);
        if !got.iter().any(|value| value.contains(part)) {
            differences.push(format!("{whose} header {name}: wanted one with {part:?} in it, got {got:?}"));
        }
    }
}

pub(super) fn check_text(what: &str, wanted: Option<&str>, got: &[u8], differences: &mut Vec<String>) {
    if wanted.is_some_and(|wanted| wanted.as_bytes() != got) {
        differences.push(format!("{what}: wanted {wanted:?}, got {:?}", String::from_utf8_lossy(got)));
    }
}

impl Texts {
    pub(super) fn check_in(&self, what: &str, got: &[u8], differences: &mut Vec<String>) {
        for part in self.0.iter().filter(|part| !contains(got, part.as_bytes())) {
            let got = String::from_utf8_lossy(got);
            differences.push(format!("{what}: wanted {part:?} in it, got {got:?}"));
        }
    }

    pub(super) fn check_not_in(&self, what: &str, got: &[u8], differences: &mut Vec<String>) {
        for part in self.0.iter().filter(|part| contains(got, part.as_bytes())) {
            let got = String::from_utf8_lossy(got);
            differences.push(format!("{what}: {part:?} must not be in it: {got:?}"));
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}
