//! JSON and what is read besides, against `serde_json`.

#![no_main]

use std::borrow::Cow;
use std::fmt;

use latchkey_fuzz::{NAMES, kept};
use latchkey_gateway::places::{Found, Names, Scanned, Unreadable, json};
use latchkey_published::limits::JSON_DEPTH_MAX;
use libfuzzer_sys::fuzz_target;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Tree;

fuzz_target!(|input: &[u8]| {
    let outcome = json::scan(input, &Names::new(&NAMES));
    for name in NAMES {
        assert_eq!(json::scan(input, &Names::new(&[name])).is_ok(), outcome.is_ok());
    }
    let strict = strict(input);
    if strict.iter().all(|byte| b" \t\r\n".contains(byte)) {
        return assert_eq!(outcome, Ok(Scanned::default()));
    }
    let members = match serde_json::from_slice::<Document>(&strict) {
        Ok(Document::Object(members)) => members,
        Ok(Document::Other) => Vec::new(),
        // Numbers too big for an `f64` are the one thing we read and it does not.
        Err(error) if error.to_string().starts_with("number out of range") => return,
        Err(_) => return assert_eq!(outcome, Err(Unreadable)),
    };
    let Ok(mut scanned) = outcome else { return assert!(nests_deeper_than_the_limit(input)) };
    for (place, name) in NAMES.into_iter().enumerate() {
        assert_eq!(scanned.take(place), expected(&members, name));
    }
    let expected: Vec<_> = members.into_iter().filter(|(name, _)| !NAMES.contains(&name.as_str())).collect();
    let kept = kept(input, &scanned.into_cuts().into_vec());
    match serde_json::from_slice(&self::strict(&kept)).expect("what is left is valid") {
        Document::Object(members) => assert_eq!(members, expected),
        Document::Other => assert_eq!(kept, input),
    }
});

/// What is read besides JSON, as JSON: without a byte order mark, and with 1 for each word.
fn strict(input: &[u8]) -> Vec<u8> {
    const WORDS: [&[u8]; 4] = [b"NaN", b"Infinity", b"-Infinity", b"+Infinity"];
    let mut rest = input.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input);
    let (mut strict, mut in_text) = (Vec::new(), false);
    while let Some((byte, after)) = rest.split_first() {
        let word = WORDS.iter().find(|word| !in_text && rest.starts_with(word));
        let piece = match word {
            Some(word) => &rest[..word.len()],
            None if in_text && *byte == b'\\' && !after.is_empty() => &rest[..2],
            None => &rest[..1],
        };
        in_text ^= piece == b"\"";
        strict.extend_from_slice(if word.is_some() { b" 1 " } else { piece });
        rest = &rest[piece.len()..];
    }
    strict
}

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
