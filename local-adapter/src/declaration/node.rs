//! A declaration's text as a tree that knows its lines: YAML as decK reads it, or JSON.
//!
//! decK reads YAML 1.1, but for dates and sexagesimal numbers, which are texts: `yes` is true, `017` is 15.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Number, Value};

/// Mappings and lists within each other, at most: three times what a declaration needs.
const DEPTH_MAX: usize = 64;
/// What aliases may bring besides what is written, in nodes and bytes of texts: room for a dozen
/// settings on a hundred thousand routes, and none for a billion laughs.
const ALIASED_MAX: usize = 8 << 20;

/// A value, and where it is written. Copies share what is in them.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) content: Content,
    /// Counted from 1; 0: not known, in JSON.
    pub(crate) line: usize,
    /// In characters. Of a mapping or list up to its closing bracket or, in the block style, to what comes
    /// next.
    pub(crate) span: Range<usize>,
    /// Where the beginning of a mapping or list ends: behind its opening bracket, if it has one.
    pub(crate) opened: usize,
    /// Nodes and bytes of texts in it, those of aliases counted again.
    weight: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Null,
    Boolean(bool),
    Number(Number),
    Text(Rc<str>),
    List(Rc<[Node]>),
    Mapping(Rc<[Member]>),
}

/// A name in a mapping, with its value.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: Rc<str>,
    /// Of the name.
    pub(crate) line: usize,
    /// Of the name, in characters.
    pub(crate) span: Range<usize>,
    pub(crate) value: Node,
    /// The name is in no quotes.
    is_plain: bool,
}

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) line: usize,
    pub(crate) why: &'static str,
}

impl Node {
    pub(crate) fn members(&self) -> Option<&[Member]> {
        match &self.content {
            Content::Mapping(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Node> {
        let members = self.members()?.iter();
        members.rev().find(|member| &*member.name == name).map(|member| &member.value)
    }

    pub(crate) fn elements(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(elements) => Some(elements),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Boolean(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.to_string()),
            Content::List(elements) => elements.iter().map(Node::to_json).collect(),
            Content::Mapping(members) => {
                let members = members.iter().map(|member| (member.name.to_string(), member.value.to_json()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

/// Reads a text: JSON where it is JSON, else YAML.
pub(crate) fn read(text: &str) -> Result<Node, Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        return Ok(of_json(value));
    }
    read_yaml(text)
}

fn of_json(value: Value) -> Node {
    let content = match value {
        Value::Null => Content::Null,
        Value::Bool(value) => Content::Boolean(value),
        Value::Number(number) => Content::Number(number),
        Value::String(text) => Content::Text(text.into()),
        Value::Array(elements) => Content::List(elements.into_iter().map(of_json).collect()),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| Member {
                name: name.into(),
                line: 0,
                span: 0..0,
                value: of_json(value),
                is_plain: false,
            };
            Content::Mapping(members.into_iter().map(member).collect())
        }
    };
    Node { content, line: 0, span: 0..0, opened: 0, weight: 0 }
}

/// Reads YAML, which JSON nearly is. Lines and places are known.
pub(crate) fn read_yaml(text: &str) -> Result<Node, Unreadable> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Unreadable {
            line: error.marker().line().max(1),
            why: "cannot be read as YAML or JSON",
        })?;
        tree.take(&event, span)?;
    }
    tree.root.ok_or(Unreadable { line: 1, why: "has nothing in it" })
}

/// A mapping or list that is not at its end.
struct Open {
    inside: Inside,
    anchor: usize,
    line: usize,
    start: usize,
    opened: usize,
    weight: usize,
}

enum Inside {
    List(Vec<Node>),
    Mapping(Vec<Member>, Option<Name>),
}

/// A name whose value comes next.
struct Name {
    text: Rc<str>,
    line: usize,
    span: Range<usize>,
    is_plain: bool,
}

#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    documents: usize,
    root: Option<Node>,
}

impl Tree {
    fn take(&mut self, event: &Event<'_>, span: Span) -> Result<(), Unreadable> {
        let line = span.start.line();
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                let is_second = self.documents > 1;
                if is_second {
                    return Err(Unreadable { line, why: "begins a second document; a declaration is one" });
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = *style == ScalarStyle::Plain && tag.is_none();
                let content = scalar(text, *style, tag.as_deref()).map_err(|why| Unreadable { line, why })?;
                let span = span.start.index()..span.end.index();
                let node = Node { content, line, span, opened: 0, weight: 1 + text.len() };
                self.keep(*anchor, &node);
                self.put(node, Some((text, is_plain)))?;
            }
            Event::SequenceStart(anchor, _) => self.open(Inside::List(Vec::new()), *anchor, span)?,
            Event::MappingStart(anchor, _) => self.open(Inside::Mapping(Vec::new(), None), *anchor, span)?,
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            Event::Alias(anchor) => {
                let within = Unreadable { line, why: "has an alias for what it stands in" };
                let node = Node { line, ..self.anchors.get(anchor).ok_or(within)?.clone() };
                self.aliased += node.weight;
                if self.aliased > ALIASED_MAX {
                    return Err(Unreadable {
                        line,
                        why: "has an alias too many: write out what it stands for",
                    });
                }
                let text = node.text().map(str::to_owned);
                self.put(node, text.as_deref().map(|text| (text, false)))?;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn keep(&mut self, anchor: usize, node: &Node) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn open(&mut self, inside: Inside, anchor: usize, span: Span) -> Result<(), Unreadable> {
        let line = span.start.line();
        if self.open.len() >= DEPTH_MAX {
            return Err(Unreadable { line, why: "is nested too deeply" });
        }
        self.open.push(Open {
            inside,
            anchor,
            line,
            start: span.start.index(),
            opened: span.end.index(),
            weight: 1,
        });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Unreadable> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let content = match open.inside {
            Inside::List(elements) => Content::List(elements.into()),
            Inside::Mapping(members, _) => Content::Mapping(merged(members)?.into()),
        };
        let span = open.start..span.start.index();
        let node = Node { content, line: open.line, span, opened: open.opened, weight: open.weight };
        self.keep(open.anchor, &node);
        self.put(node, None)
    }

    /// Puts a node that is complete where it belongs. `scalar`: its text, which may be a name, and
    /// whether it is in no quotes.
    fn put(&mut self, node: Node, scalar: Option<(&str, bool)>) -> Result<(), Unreadable> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.weight = open.weight.saturating_add(node.weight);
        match &mut open.inside {
            Inside::List(elements) => elements.push(node),
            Inside::Mapping(members, name) => match name.take() {
                Some(Name { text, line, span, is_plain }) => {
                    members.push(Member { name: text, line, span, value: node, is_plain });
                }
                None => {
                    let no_name = Unreadable { line: node.line, why: "has a name that is no text" };
                    let (text, is_plain) = scalar.ok_or(no_name)?;
                    *name = Some(Name { text: text.into(), line: node.line, span: node.span, is_plain });
                }
            },
        }
        Ok(())
    }
}

/// Merges another mapping, or a list of them, into the one that it stands in; what is there already stays.
const MERGE: &str = "<<";

fn merged(mut members: Vec<Member>) -> Result<Vec<Member>, Unreadable> {
    let mut names = HashSet::new();
    if let Some(twice) = members.iter().find(|member| !names.insert(Rc::clone(&member.name))) {
        return Err(Unreadable { line: twice.line, why: "has a name that its mapping has already" });
    }
    let merge = |member: &Member| member.is_plain && &*member.name == MERGE;
    let Some(at) = members.iter().position(merge) else { return Ok(members) };
    let Member { value, line, .. } = members.remove(at);
    let sources = match &value.content {
        Content::List(sources) => sources,
        _ => std::slice::from_ref(&value),
    };
    for source in sources {
        let no_mapping = Unreadable { line, why: "merges what is no mapping" };
        let more = source.members().ok_or(no_mapping)?.iter();
        members.extend(more.filter(|member| names.insert(Rc::clone(&member.name))).cloned());
    }
    Ok(members)
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Content, &'static str> {
    let kind = match tag {
        None if style == ScalarStyle::Plain => return plain(text),
        None => return Ok(Content::Text(text.into())),
        Some(tag) if tag.is_yaml_core_schema() => tag.suffix.as_str(),
        Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => "str",
        Some(_) => "",
    };
    match kind {
        "str" => Ok(Content::Text(text.into())),
        "int" | "float" | "bool" | "null" => plain(text),
        _ => Err("has a tag that means nothing in a declaration"),
    }
}

/// A scalar in no quotes.
fn plain(text: &str) -> Result<Content, &'static str> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Content::Boolean(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Content::Boolean(false)
        }
        ".nan" | ".NaN" | ".NAN" => return Err("has a number that is none"),
        _ => match text.trim_start_matches(['-', '+']) {
            ".inf" | ".Inf" | ".INF" => return Err("has a number that is none"),
            _ => number(text).map_or_else(|| Content::Text(text.into()), Content::Number),
        },
    })
}

/// Whether a text can stand in no quotes and is a text, for whichever YAML it is read as.
pub(crate) fn is_plain_text(text: &str) -> bool {
    let is_ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:-".contains(&byte) || byte == b' ';
    text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_'))
        && text.bytes().all(is_ordinary)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && matches!(plain(text), Ok(Content::Text(_)))
}

/// A number of YAML 1.1, as decK's library reads it.
fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return None;
    }
    let digits = text.replace('_', "");
    let (is_negative, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let (radix, rest) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    let is_number = !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix));
    if is_number && let Ok(whole) = u64::from_str_radix(rest, radix) {
        return match is_negative {
            false => Some(whole.into()),
            true => Some(0_i64.checked_sub_unsigned(whole)?.into()),
        };
    }
    is_decimal(unsigned).then(|| digits.parse().ok().and_then(Number::from_f64))?
}

/// `1.5`, `.5`, `1e9`; not `1.e`, `.`.
fn is_decimal(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_exponent = |text: &str| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        !digits.is_empty() && all_digits(digits)
    };
    all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(is_exponent)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Value) {
        assert_eq!(read(text).map(|node| node.to_json()), Ok(expected), "{text}");
    }

    #[track_caller]
    fn check_refused(text: &str, line: usize, words: &str) {
        let Unreadable { line: found, why } = read(text).expect_err(text);
        assert_eq!(found, line, "{text}");
        assert!(why.contains(words), "{why}");
    }

    #[test]
    fn plain_scalars_are_what_deck_takes_them_for() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("Null", json!(null)),
            ("nulls", json!("nulls")),
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("n", json!(false)),
            ("no!", json!("no!")),
            ("3.0", json!(3.0)),
            ("60000", json!(60000)),
            ("-7", json!(-7)),
            ("+7", json!(7)),
            ("1_000", json!(1000)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("017", json!(15)),
            ("0b101", json!(5)),
            ("08", json!(8.0)),
            ("0", json!(0)),
            ("1e3", json!(1000.0)),
            (".5", json!(0.5)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1e999", json!("1e999")),
            ("1.2.3", json!("1.2.3")),
            ("-", json!(["x"])),
            ("1:30", json!("1:30")),
            ("2026-11-27", json!("2026-11-27")),
            ("'12'", json!("12")),
            ("\"yes\"", json!("yes")),
            ("!!str 12", json!("12")),
            ("! 12", json!("12")),
            ("!!int \"12\"", json!(12)),
        ] {
            let text = if text == "-" { "- x" } else { text };
            check(&format!("a:\n  {text}\n"), json!({"a": value}));
        }
        check_refused("a: .inf", 1, "number that is none");
        check_refused("a:\n- .NaN", 2, "number that is none");
        check_refused("a: !!binary aGk=", 1, "a tag");
        check_refused("a: !x b", 1, "a tag");
    }

    #[test]
    fn json_is_read_as_json() {
        check(r#"{"a": "\ud83d\ude00", "<<": {"b": 1}}"#, json!({"a": "😀", "<<": {"b": 1}}));
        check("\u{feff} {\"a\": 1e2}", json!({"a": 100.0}));
        check("{a: [1, {b: c}]}", json!({"a": [1, {"b": "c"}]}));
    }

    #[test]
    fn anchors_are_followed_and_mappings_merged() {
        check("a: &x {b: 1}\nc: *x\nd: [*x]", json!({"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}]}));
        check(
            "a: &x {b: 1, c: 2}\nd:\n  c: 3\n  <<: *x\n",
            json!({"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        );
        check("<<: [{a: 1}, {a: 2, b: 2}]\nb: 3", json!({"a": 1, "b": 3}));
        check("'<<': {a: 1}", json!({"<<": {"a": 1}}));
        check_refused("<<: 1", 1, "merges what is no mapping");
        check_refused("a: &x\n  - *x", 2, "alias for what it stands in");
    }

    #[test]
    fn what_is_no_declaration_of_ours_is_refused_with_its_line() {
        check_refused("", 1, "nothing in it");
        check_refused("a: 1\n---\nb: 2", 2, "second document");
        check_refused("a: 1\nb: [", 3, "cannot be read");
        check_refused("a: 1\nb: 2\na: 3", 3, "already");
        check_refused("? [a]\n: b", 1, "no text");
        check_refused(&"[".repeat(65), 1, "nested too deeply");
        check(
            &format!("{}{}", "[".repeat(64), "]".repeat(64)),
            read(&format!("{}{}", "[".repeat(64), "]".repeat(64))).unwrap().to_json(),
        );
    }

    #[test]
    fn a_billion_laughs_end() {
        let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for level in 1..20 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            text += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        check_refused(&text, 7, "alias too many");
    }

    #[test]
    fn lines_and_places_are_known() {
        let node = read("# x\nservices:\n- name: é\n  url: http://a.test\n").unwrap();
        let service = &node.member("services").unwrap().elements().unwrap()[0];
        let members = service.members().unwrap();
        assert_eq!((service.line, members[1].line, &*members[1].name), (3, 4, "url"));
        assert_eq!((members[0].span.clone(), members[0].value.span.clone()), (16..20, 22..23));
    }
}
