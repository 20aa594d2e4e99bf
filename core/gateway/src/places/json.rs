//! JSON bodies (RFC 8259), scanned where they lie: the whole document is checked,
//! only the members of a top-level object are looked at, and nothing is built.
//!
//! `NaN`, `Infinity` with or without a sign, and a byte order mark are read, since many readers do.
//! What else `serde_json` refuses is unreadable here too: broken UTF-8, a lone surrogate in an escape,
//! anything behind the document, comments, another kind of quotes. Numbers may have any size.
//! A document of nothing but blanks holds nothing.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use super::{Found, Names, Scanned, Unreadable, byte_order_mark_len, hex_byte};
use latchkey_published::limits::JSON_DEPTH_MAX;

/// What the top-level object holds under `names`, and the ranges to delete so that no member has one of
/// them, the document stays valid, and every other byte stays; another top-level value holds nothing.
///
/// A number, `true` or `null` is a flag, `false` is nothing, an array or object is many whatever its length.
/// A member goes with the comma before it and what is between; with the comma behind it if none is kept before.
/// `Err`: broken, or nested deeper than [`JSON_DEPTH_MAX`].
pub fn scan<'a>(input: &'a [u8], names: &Names) -> Result<Scanned<'a>, Unreadable> {
    let mut scanned = Scanned::default();
    let mut has_kept = false;
    each_member(input, |member| {
        let Some(place) = find_name(member.name, names) else {
            has_kept = true;
            return Ok(());
        };
        scanned.add(place, member.value.found()?);
        let Range { start, end } = member.span;
        scanned.cut(match (has_kept, member.comma_before, member.comma_after) {
            (true, Some(comma), _) => comma..end,
            (_, _, Some(comma)) => start..comma + 1,
            _ => start..end,
        });
        Ok(())
    })?;
    Ok(scanned)
}

/// One member of the top-level object. Texts are what stands between the quotes, not decoded.
struct Member<'a> {
    /// From the quote that opens the name to the end of the value.
    span: Range<usize>,
    comma_before: Option<usize>,
    comma_after: Option<usize>,
    name: &'a [u8],
    value: Value<'a>,
}

enum Value<'a> {
    Text(&'a [u8]),
    /// A number, `true` or `null`.
    Bare,
    False,
    Container,
}

impl<'a> Value<'a> {
    fn found(self) -> Result<Found<'a>, Unreadable> {
        Ok(match self {
            Value::Text(raw) => Found::One(decode(raw)?),
            Value::Bare => Found::Flag,
            Value::False => Found::Nothing,
            Value::Container => Found::Many,
        })
    }
}

/// Shows every member to `visit`, in order. On `Err` some may have been shown.
fn each_member<'a>(
    input: &'a [u8],
    mut visit: impl FnMut(Member<'a>) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    std::str::from_utf8(input).map_err(|_| Unreadable)?;
    let mut scanner = Scanner { input, at: byte_order_mark_len(input) };
    scanner.skip_whitespace();
    if scanner.peek().is_none() {
        return Ok(());
    }
    if !scanner.take(b'{') {
        scanner.value(0)?;
        return scanner.end();
    }
    scanner.skip_whitespace();
    if scanner.take(b'}') {
        return scanner.end();
    }
    let mut comma_before = None;
    loop {
        scanner.skip_whitespace();
        let start = scanner.at;
        let name = scanner.member_name()?;
        scanner.skip_whitespace();
        let value = scanner.value(1)?;
        let span = start..scanner.at;
        scanner.skip_whitespace();
        let comma_at = scanner.at;
        let comma_after = scanner.take(b',').then_some(comma_at);
        visit(Member { span, comma_before, comma_after, name, value })?;
        if comma_after.is_none() {
            scanner.expect(b'}')?;
            return scanner.end();
        }
        comma_before = comma_after;
    }
}

/// The place of the name that the checked text `raw` is when decoded.
fn find_name(raw: &[u8], names: &Names) -> Option<usize> {
    let mut candidates = names.candidates();
    let mut scanner = Scanner { input: raw, at: 0 };
    while let Some(byte) = scanner.peek() {
        let goes_on = if byte == b'\\' {
            let escaped = scanner.escape().ok()?;
            escaped.encode_utf8(&mut [0; 4]).bytes().all(|byte| candidates.go_on_with(byte))
        } else {
            scanner.at += 1;
            candidates.go_on_with(byte)
        };
        if !goes_on {
            return None;
        }
    }
    candidates.whole()
}

fn decode(raw: &[u8]) -> Result<Cow<'_, [u8]>, Unreadable> {
    if memchr(b'\\', raw).is_none() {
        return Ok(Cow::Borrowed(raw));
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut scanner = Scanner { input: raw, at: 0 };
    while let Some(byte) = scanner.peek() {
        if byte == b'\\' {
            text.extend_from_slice(scanner.escape()?.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            text.push(byte);
            scanner.at += 1;
        }
    }
    Ok(Cow::Owned(text))
}

/// Those of JSON, and those that Python, Jackson, Gson and JSON5 read besides.
const BARE_WORDS: [&str; 7] = ["true", "false", "null", "NaN", "Infinity", "-Infinity", "+Infinity"];

/// A place in a document; each method reads one thing there and moves behind it.
struct Scanner<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, Unreadable> {
        let byte = self.peek().ok_or(Unreadable)?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.take(byte) { Ok(()) } else { Err(Unreadable) }
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Only whitespace is left.
    fn end(&mut self) -> Result<(), Unreadable> {
        self.skip_whitespace();
        if self.peek().is_none() { Ok(()) } else { Err(Unreadable) }
    }

    /// A name and the colon behind it.
    fn member_name(&mut self) -> Result<&'a [u8], Unreadable> {
        let name = self.text()?;
        self.skip_whitespace();
        self.expect(b':')?;
        Ok(name)
    }

    /// A whole value, inside as many open containers as `outer` says.
    fn value(&mut self, outer: usize) -> Result<Value<'a>, Unreadable> {
        match self.peek() {
            Some(b'"') => self.text().map(Value::Text),
            Some(b'{' | b'[') => self.container(outer).map(|()| Value::Container),
            Some(b'f') => self.bare().map(|()| Value::False),
            _ => self.bare().map(|()| Value::Bare),
        }
    }

    /// An object or array with all it holds, without recursion.
    fn container(&mut self, outer: usize) -> Result<(), Unreadable> {
        let mut open = OpenContainers::default();
        loop {
            self.skip_whitespace();
            let is_value_over = match self.peek() {
                Some(first @ (b'{' | b'[')) => {
                    open.push(first == b'{');
                    if outer + open.depth > JSON_DEPTH_MAX {
                        return Err(Unreadable);
                    }
                    self.at += 1;
                    self.skip_whitespace();
                    self.peek() == Some(open.closing_byte())
                }
                Some(b'"') => self.text().map(|_| true)?,
                _ => self.bare().map(|()| true)?,
            };
            if is_value_over && self.close(&mut open)? {
                return Ok(());
            }
            if open.innermost_is_object() {
                self.skip_whitespace();
                self.member_name()?;
            }
        }
    }

    /// Behind a value: closes what ends here, up to a comma. True when all is closed.
    fn close(&mut self, open: &mut OpenContainers) -> Result<bool, Unreadable> {
        while open.depth > 0 {
            self.skip_whitespace();
            if self.take(b',') {
                return Ok(false);
            }
            self.expect(open.closing_byte())?;
            open.pop();
        }
        Ok(true)
    }

    /// A number, or a word that stands for a value.
    fn bare(&mut self) -> Result<(), Unreadable> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        if matches!(rest, [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..]) {
            return self.number();
        }
        let word = BARE_WORDS.iter().find(|word| rest.starts_with(word.as_bytes())).ok_or(Unreadable)?;
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), Unreadable> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _signed = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    /// One or more.
    fn digits(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Unreadable) }
    }

    /// A text in quotes; what is between them.
    fn text(&mut self) -> Result<&'a [u8], Unreadable> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => drop(self.escape()?),
                None | Some(..0x20) => return Err(Unreadable),
                Some(_) => self.at += 1,
            }
        }
        let raw = self.input.get(start..self.at).ok_or(Unreadable)?;
        self.at += 1;
        Ok(raw)
    }

    /// A backslash and what it stands for with what follows it.
    fn escape(&mut self) -> Result<char, Unreadable> {
        self.expect(b'\\')?;
        Ok(match self.next()? {
            plain @ (b'"' | b'\\' | b'/') => char::from(plain),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            _ => return Err(Unreadable),
        })
    }

    /// Four digits, or a surrogate pair: four, `\u`, and four.
    fn code_point(&mut self) -> Result<char, Unreadable> {
        let first = self.code_unit()?;
        if !matches!(first, 0xD800..=0xDBFF) {
            return char::from_u32(first).ok_or(Unreadable);
        }
        self.expect(b'\\')?;
        self.expect(b'u')?;
        match self.code_unit()? {
            second @ 0xDC00..=0xDFFF => {
                char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)).ok_or(Unreadable)
            }
            _ => Err(Unreadable),
        }
    }

    fn code_unit(&mut self) -> Result<u32, Unreadable> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let (high, low) = rest.split_at_checked(2).ok_or(Unreadable)?;
        let (high, low) = hex_byte(high).zip(hex_byte(low)).ok_or(Unreadable)?;
        self.at += 4;
        Ok(u32::from(high) << 8 | u32::from(low))
    }
}

/// The containers a scanner is in, the innermost in the lowest bit: 1 is an object, 0 an array.
#[derive(Default)]
struct OpenContainers {
    are_objects: u64,
    depth: usize,
}

/// One bit more is pushed before the depth is refused, and falls out at the top unharmed.
const _: () = assert!(JSON_DEPTH_MAX <= 64, "one bit for each open container");

impl OpenContainers {
    fn push(&mut self, is_object: bool) {
        self.are_objects = self.are_objects << 1 | u64::from(is_object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.are_objects >>= 1;
        self.depth = self.depth.saturating_sub(1);
    }

    fn innermost_is_object(&self) -> bool {
        self.are_objects & 1 == 1
    }

    fn closing_byte(&self) -> u8 {
        if self.innermost_is_object() { b'}' } else { b']' }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use proptest::prelude::*;
    use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
    use serde_json::Value as Tree;

    use super::super::apply_cuts;
    use super::super::testing::{assert_cuts_fit, show};
    use super::*;

    fn find<'a>(input: &'a [u8], name: &str) -> Result<Found<'a>, Unreadable> {
        scan(input, &Names::new(&[name])).map(|mut scanned| scanned.take(0))
    }

    fn left(input: &[u8], names: &[&str]) -> Result<Vec<u8>, Unreadable> {
        let cuts = scan(input, &Names::new(names))?.into_cuts().into_vec();
        assert_cuts_fit(input, &cuts);
        Ok(apply_cuts(input, &cuts))
    }

    /// `found` is `=value`, or the name of the variant; `rest` is what stays after the cut.
    fn check(input: &str, found: &str, rest: &str) {
        assert_eq!(show(&find(input.as_bytes(), "apikey").unwrap()), found, "found in {input}");
        let kept = left(input.as_bytes(), &["apikey"]).unwrap();
        assert_eq!(String::from_utf8_lossy(&kept), rest, "left of {input}");
    }

    fn check_unreadable(input: impl AsRef<[u8]>) {
        let input = input.as_ref();
        let text = String::from_utf8_lossy(input);
        assert_eq!(find(input, "apikey"), Err(Unreadable), "find in {text}");
        assert_eq!(left(input, &["apikey"]), Err(Unreadable), "cut of {text}");
    }

    #[test]
    fn finds_one_value() {
        check(r#"{"apikey":"k","foo":1}"#, "=k", r#"{"foo":1}"#);
        check(r#"{"apikey":""}"#, "=", "{}");
        check(" \r\n\t{ \"apikey\" : \"k\" } \n", "=k", " \r\n\t{  } \n");
        check(
            r#"{"apikey":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀"}"#,
            "=a\"\\/\u{8}\u{c}\n\r\té😀é😀",
            "{}",
        );
    }

    #[test]
    fn other_values_are_not_strings() {
        for flag in ["1", "-0.5e+3", "1e999", "0", "true", "null"] {
            check(&format!(r#"{{"apikey":{flag}}}"#), "Flag", "{}");
        }
        check(r#"{"apikey":false}"#, "Nothing", "{}");
        for container in ["[]", "{}", r#"["kong"]"#, r#"{"a":[{}]}"#] {
            check(&format!(r#"{{"apikey":{container}}}"#), "Many", "{}");
        }
    }

    #[test]
    fn a_repeated_name_is_many() {
        check(r#"{"apikey":"k","apikey":"k"}"#, "Many", "{}");
        check(r#"{"apikey":false,"a":1,"\u0061pikey":"k"}"#, "Many", r#"{"a":1}"#);
    }

    #[test]
    fn only_top_level_members_count() {
        for input in [
            "{}",
            "[]",
            r#""apikey""#,
            "1",
            "null",
            r#"[{"apikey":"k"}]"#,
            r#"["apikey","k"]"#,
            r#"{"a":{"apikey":"k"}}"#,
            r#"{"a":[{"apikey":"k"}],"b":"apikey"}"#,
            r#"{"APIKEY":"k","apike":"k","apikeys":"k","":"k"}"#,
        ] {
            check(input, "Nothing", input);
        }
    }

    #[test]
    fn names_are_decoded() {
        check(r#"{"\u0061pi\u006Bey":"k"}"#, "=k", "{}");
        check(r#"{"\\u0061pikey":"k"}"#, "Nothing", r#"{"\\u0061pikey":"k"}"#);
        check(r#"{"apikey\u0000":"k"}"#, "Nothing", r#"{"apikey\u0000":"k"}"#);
        let smile = br#"{"\ud83D\uDe00":"k"}"#;
        assert_eq!(find(smile, "😀"), Ok(Found::One(Cow::Borrowed(b"k"))));
        assert_eq!(find("{\"😀\":\"k\"}".as_bytes(), "😀"), Ok(Found::One(Cow::Borrowed(b"k"))));
        assert_eq!(find("{\"😀\":\"k\"}".as_bytes(), "😁"), Ok(Found::Nothing));
    }

    #[test]
    fn each_member_goes_with_one_comma() {
        check(r#"{"a":1, "apikey":"k"}"#, "=k", r#"{"a":1}"#);
        check(r#"{"a":1 , "apikey":"k" , "b":2}"#, "=k", r#"{"a":1  , "b":2}"#);
        check(r#"{ "apikey":"k" , "b":2}"#, "=k", r#"{  "b":2}"#);
        check("{\n  \"a\": 1,\n  \"apikey\": \"k\",\n  \"b\": 2\n}", "=k", "{\n  \"a\": 1,\n  \"b\": 2\n}");
    }

    #[test]
    fn runs_of_members_go() {
        check(r#"{"apikey":1,"apikey":2,"a":3}"#, "Many", r#"{"a":3}"#);
        check(r#"{"a":3,"apikey":1,"apikey":2}"#, "Many", r#"{"a":3}"#);
        check(r#"{"a":3,"apikey":1,"apikey":2,"b":4}"#, "Many", r#"{"a":3,"b":4}"#);
        check(r#"{"apikey":1,"a":3,"apikey":2,"b":4,"apikey":5}"#, "Many", r#"{"a":3,"b":4}"#);
        check(r#"{ "apikey":1 , "apikey":2 }"#, "Many", r#"{   }"#);
        let both = left(br#"{"key":1,"a":2,"apikey":3}"#, &["apikey", "key"]);
        assert_eq!(both, Ok(br#"{"a":2}"#.to_vec()));
    }

    #[test]
    fn broken_documents_are_unreadable() {
        for input in [
            "{",
            "}",
            r#"{"apikey""#,
            r#"{"apikey":"#,
            r#"{"apikey":"k"#,
            r#"{"apikey":"k""#,
            r#"{"apikey":"k",}"#,
            r#"{,"apikey":"k"}"#,
            r#"{"apikey":"k"]"#,
            r#"{"apikey":"k"}}"#,
            r#"{"apikey":"k"} x"#,
            r#"{"apikey":"k"}{}"#,
            r#"{"apikey" "k"}"#,
            r#"{apikey:"k"}"#,
            r#"{'apikey':'k'}"#,
            r#"{"apikey":"k" "a":1}"#,
            r#"{"apikey":"k","a":[1,]}"#,
            r#"{"apikey":"k","a":[1}}"#,
            r#"{"apikey":"k","a":{"b"}}"#,
            r#"{"apikey":"k","a":01}"#,
            r#"{"apikey":"k","a":1.}"#,
            r#"{"apikey":"k","a":.1}"#,
            r#"{"apikey":"k","a":1e}"#,
            r#"{"apikey":"k","a":-}"#,
            r#"{"apikey":"k","a":+1}"#,
            r#"{"apikey":"k","a":+1}"#,
            r#"{"apikey":"k","a":0x1}"#,
            r#"{"apikey":"k","a":nan}"#,
            r#"{"apikey":"k","a":NaN1}"#,
            r#"{"apikey":"k","a":-NaN}"#,
            r#"{"apikey":"k","a":Infinit}"#,
            r#"{"apikey":"k","a":inf}"#,
            r#"{"apikey":"k","a":undefined}"#,
            r#"{"apikey":"k","a":'b'}"#,
            r#"{"apikey":"k","a":"b",/**/"c":1}"#,
            r#"[1,]"#,
            r#"[NaN"#,
            r#"{"apikey":"k","a":nul}"#,
            r#"{"apikey":"k","a":truee}"#,
            r#"{"apikey":"k","a":"\x"}"#,
            r#"{"apikey":"k","a":"\u12"}"#,
            r#"{"apikey":"k","a":"\u+123"}"#,
            "{\"apikey\":\"k\",\"a\":\"\n\"}",
            "{\"apikey\":\"k\"\u{c}}",
            "{\"apikey\":\"k\"}\0",
            "{\"apikey\":\"k\" // comment\n}",
            " \u{feff}{\"apikey\":\"k\"}",
            "\u{feff}\u{feff}{\"apikey\":\"k\"}",
            "{\0\"\0a\0",
            "\0{\0\"",
        ] {
            check_unreadable(input);
        }
        check_unreadable(b"{\"apikey\":\"k\",\"a\":\"\xff\"}");
        check_unreadable(b"{\"apikey\":\"k\",\"a\":\"\xed\xa0\x80\"}");
    }

    #[test]
    fn what_many_readers_read_besides_is_read() {
        for value in ["NaN", "Infinity", "-Infinity", "+Infinity"] {
            check(&format!(r#"{{"a":{value},"apikey":"k"}}"#), "=k", &format!(r#"{{"a":{value}}}"#));
            check(
                &format!(r#"{{"apikey":"k","a":[1,{{"b": {value} }}]}}"#),
                "=k",
                &format!(r#"{{"a":[1,{{"b": {value} }}]}}"#),
            );
            check(&format!(r#"{{"apikey":{value}}}"#), "Flag", "{}");
            check(value, "Nothing", value);
        }
        check("\u{feff}{\"apikey\":\"k\"}", "=k", "\u{feff}{}");
        check("\u{feff} {\"a\":1, \"apikey\":\"k\"}", "=k", "\u{feff} {\"a\":1}");
        for blank in ["", " ", "\r\n", "\u{feff}"] {
            check(blank, "Nothing", blank);
        }
    }

    #[test]
    fn each_name_has_its_own_value() {
        let input = br#"{"k":1,"b":"x","apikey":"y","b":"z","c":false}"#;
        let mut scanned = scan(input, &Names::new(&["apikey", "b", "k", "c", "d"])).unwrap();
        let found = [0, 1, 2, 3, 4].map(|place| show(&scanned.take(place)));
        assert_eq!(found, ["=y", "Many", "Flag", "Nothing", "Nothing"]);
        assert_eq!(apply_cuts(input, &scanned.into_cuts().into_vec()), b"{}");
    }

    #[test]
    fn lone_surrogates_are_unreadable() {
        for text in [r"\ud800", r"\udc00", r"\ud800x", r"\ud800\n", r"\ud800\ud800", r"\udc00\ud800"] {
            check_unreadable(format!(r#"{{"apikey":"k","a":"{text}"}}"#));
            check_unreadable(format!(r#"{{"apikey":"k","{text}":1}}"#));
        }
    }

    #[test]
    fn depth_is_bounded() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = |depth: usize| {
                let value = format!("{}1{}", open.repeat(depth - 1), close.repeat(depth - 1));
                format!(r#"{{"apikey":"k","a":{value}}}"#)
            };
            check(&nested(JSON_DEPTH_MAX), "=k", &nested(JSON_DEPTH_MAX).replace(r#""apikey":"k","#, ""));
            check_unreadable(nested(JSON_DEPTH_MAX + 1));
        }
        check_unreadable("[".repeat(100_000));
        let arrays = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        check(&arrays(JSON_DEPTH_MAX), "Nothing", &arrays(JSON_DEPTH_MAX));
        check_unreadable(arrays(JSON_DEPTH_MAX + 1));
    }

    #[test]
    fn what_needs_no_decoding_is_borrowed() {
        assert!(matches!(find(br#"{"apikey":"k"}"#, "apikey"), Ok(Found::One(Cow::Borrowed(_)))));
    }

    /// A document as `serde_json` reads it, with the members of the outermost object in order, doubles too.
    #[derive(Debug, PartialEq)]
    enum Document {
        Object(Vec<(String, Tree)>),
        Other,
    }

    impl<'de> Deserialize<'de> for Document {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
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
            from.deserialize_any(Outermost)
        }
    }

    /// What `serde_json` does not read, as what it does: no byte order mark, 1 for each word of ours.
    fn strict(input: &[u8]) -> Vec<u8> {
        let mut rest = input.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input);
        let (mut strict, mut in_text) = (Vec::new(), false);
        while let Some((byte, after)) = rest.split_first() {
            let word = BARE_WORDS[3..].iter().find(|word| !in_text && rest.starts_with(word.as_bytes()));
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

    /// Every way a document must agree with `serde_json`.
    fn check_against_serde_json(input: &[u8]) {
        let strict = self::strict(input);
        if strict.iter().all(|byte| b" \t\r\n".contains(byte)) {
            return assert_eq!(find(input, "apikey"), Ok(Found::Nothing));
        }
        let document = match serde_json::from_slice::<Document>(&strict) {
            Ok(document) => document,
            // Numbers too big for an `f64` are the one thing we read and it does not.
            Err(error) if error.to_string().starts_with("number out of range") => return,
            Err(_) => return check_unreadable(input),
        };
        if find(input, "apikey").is_err() {
            assert!(nests_deeper_than_the_limit(input));
            return;
        }
        let members = match document {
            Document::Object(members) => members,
            Document::Other => Vec::new(),
        };
        let values: Vec<_> = members.iter().filter(|(name, _)| name == "apikey").map(|(_, v)| v).collect();
        let expected = match values.as_slice() {
            [] | [Tree::Bool(false)] => Found::Nothing,
            [Tree::String(text)] => Found::One(Cow::Borrowed(text.as_bytes())),
            [Tree::Array(_) | Tree::Object(_)] => Found::Many,
            [_] => Found::Flag,
            _ => Found::Many,
        };
        assert_eq!(find(input, "apikey"), Ok(expected));

        let kept = left(input, &["apikey", "a"]).unwrap();
        let expected: Vec<_> =
            members.into_iter().filter(|(name, _)| name != "apikey" && name != "a").collect();
        match serde_json::from_slice::<Document>(&self::strict(&kept)).unwrap() {
            Document::Object(members) => assert_eq!(members, expected),
            Document::Other => assert_eq!(kept, input),
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

    fn whitespace() -> impl Strategy<Value = &'static str> {
        prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t")]
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(r#""apikey""#.to_owned()),
            Just(r#""\u0061pike\u0079""#.to_owned()),
            Just(r#""a""#.to_owned()),
            Just(r#""\ud83d\ude00\"\\""#.to_owned()),
            any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        ]
    }

    fn objects(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        let member = (whitespace(), texts(), whitespace(), whitespace(), values, whitespace())
            .prop_map(|(a, name, b, c, value, d)| format!("{a}{name}{b}:{c}{value}{d}"));
        (whitespace(), prop::collection::vec(member, 0..6))
            .prop_map(|(space, members)| format!("{{{space}{}}}", members.join(",")))
    }

    fn values() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            texts(),
            any::<f64>().prop_map(|number| serde_json::to_string(&number).unwrap()),
            any::<i64>().prop_map(|number| number.to_string()),
            prop::sample::select(BARE_WORDS.to_vec()).prop_map(str::to_owned),
        ];
        scalar.prop_recursive(3, 24, 4, |inner| {
            let array =
                prop::collection::vec(inner.clone(), 0..4).prop_map(|v| format!("[{}]", v.join(", ")));
            prop_oneof![array, objects(inner)]
        })
    }

    /// Pieces of JSON in any order: nearly valid, mostly not.
    fn scraps() -> impl Strategy<Value = Vec<u8>> {
        let known = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"apikey\"",
            "\"a\"",
            "\"",
            "\\",
            "\\u",
            "d800",
            "dc00",
            "0",
            "1",
            "-",
            ".",
            "e",
            "+",
            "true",
            "false",
            "null",
            "NaN",
            "Infinity",
            "\u{feff}",
            " ",
            "\n",
        ];
        let piece = prop_oneof![
            8 => prop::sample::select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..3),
        ];
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn documents_agree_with_serde_json(document in objects(values())) {
            check_against_serde_json(document.as_bytes());
        }

        #[test]
        fn damaged_documents_agree_with_serde_json(
            document in objects(values()),
            at in any::<prop::sample::Index>(),
            with in any::<u8>(),
        ) {
            let mut damaged = document.into_bytes();
            let at = at.index(damaged.len());
            damaged[at] = with;
            check_against_serde_json(&damaged);
            damaged.truncate(at);
            check_against_serde_json(&damaged);
        }

        #[test]
        fn scraps_agree_with_serde_json(scraps in scraps()) {
            check_against_serde_json(&scraps);
            check_against_serde_json(&[b"{\"a\":", scraps.as_slice(), b"}"].concat());
        }
    }

    #[test]
    fn the_oracle_refuses_what_follows_a_document() {
        assert!(serde_json::from_slice::<Document>(b"{} {}").is_err());
        assert!(serde_json::from_slice::<IgnoredAny>(b"{} ").is_ok());
    }
}
