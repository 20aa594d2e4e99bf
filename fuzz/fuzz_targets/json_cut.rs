//! JSON, against `serde_json`.

#![no_main]

use std::borrow::Cow;
use std::fmt;

use latchkey_core::limits::JSON_DEPTH_MAX;
use latchkey_core::places::{Found, Unreadable, json};
use latchkey_fuzz::{NAMES, kept};
use libfuzzer_sys::fuzz_target;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Tree;

fuzz_target!(|input: &[u8]| {
    let mut cuts = Vec::new();
    let outcome = json::cut(input, &NAMES, &mut cuts);
    assert_eq!(json::find(input, NAMES[0]).err(), outcome.err());

    let members = match serde_json::from_slice::<Document>(input) {
        Ok(Document::Object(members)) => members,
        Ok(Document::Other) => Vec::new(),
        // Numbers too big for an `f64` are the one thing we read and it does not.
        Err(error) if error.to_string().starts_with("number out of range") => return,
        Err(_) => return assert_eq!((outcome, cuts.len()), (Err(Unreadable), 0)),
    };
    if outcome.is_err() {
        assert!(cuts.is_empty() && nests_deeper_than_the_limit(input));
        return;
    }
    for name in NAMES {
        assert_eq!(json::find(input, name), Ok(expected(&members, name)));
    }
    let expected: Vec<_> = members.into_iter().filter(|(name, _)| !NAMES.contains(&name.as_str())).collect();
    let kept = kept(input, &cuts);
    match serde_json::from_slice(&kept).expect("what is left is valid") {
        Document::Object(members) => assert_eq!(members, expected),
        Document::Other => assert_eq!(kept, input),
    }
});

fn expected<'a>(members: &'a [(String, Tree)], name: &str) -> Found<'a> {
    let values: Vec<_> = members.iter().filter(|(it, _)| it == name).map(|(_, value)| value).collect();
    match values.as_slice() {
        [] | [Tree::Bool(false)] => Found::Nothing,
        [Tree::String(text)] => Found::One(Cow::Borrowed(text.as_bytes())),
        [Tree::Array(_) | Tree::Object(_)] => Found::Many,
        [_] => Found::Flag,
        _ => Found::Many,
    }
}

/// Counts brackets outside texts; good enough for a valid document.
fn nests_deeper_than_the_limit(input: &[u8]) -> bool {
    let (mut depth, mut deepest, mut in_text, mut is_escaped) = (0, 0, false, false);
    for byte in input {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth -= 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest > JSON_DEPTH_MAX
}

/// A document with the members of the outermost object in order, repeated ones too.
#[derive(Debug, PartialEq)]
enum Document {
    Object(Vec<(String, Tree)>),
    Other,
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Outermost)
    }
}

struct Outermost;

impl<'de> Visitor<'de> for Outermost {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Document::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Document, A::Error> {
        while seq.next_element::<Tree>()?.is_some() {}
        Ok(Document::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Document, E> {
        Ok(Document::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Document, E> {
        Ok(Document::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Document, E> {
        Ok(Document::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Document, E> {
        Ok(Document::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Document, E> {
        Ok(Document::Other)
    }

    fn visit_unit<E>(self) -> Result<Document, E> {
        Ok(Document::Other)
    }
}
