//! A schema of a document as a tree of lines. A schema with a name is shown in full once on a page, and linked
//! to from wherever else it stands: recursion ends so.

use std::collections::HashMap;

use serde_json::Value;

use super::left::Left;
use super::node::Node;
use super::openapi::{Document, Referred, text};
use super::words::Words;
use super::write::json;
use crate::parts::schema::{Line, Schema};

/// Levels that are shown: more do not fit on a page, nor on a stack of 1 MiB.
const DEPTH_MAX: usize = 10;
/// Values of an `enum` that are shown.
const ENUM_MAX: usize = 20;
/// Bytes of a name, and of a value.
const TEXT_MAX: usize = 300;
/// Bytes of a description.
const DESCRIPTION_MAX: usize = 2 << 10;
/// Numbers and patterns that a value keeps to (JSON Schema 2020-12, validation §6.2 to §6.5).
const BOUNDS: [&str; 13] = [
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

/// What has schemas within it.
const WITHIN: [&str; 9] = [
    "properties",
    "patternProperties",
    "items",
    "additionalProperties",
    "prefixItems",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
];

/// Makes lines of the schemas of one page.
#[derive(Debug)]
pub(super) struct Schemas<'d> {
    pub(super) document: &'d Document,
    pub(super) words: &'static Words,
    pub(super) left: Left,
    /// Schemas with a name that are on the page, and their number there.
    shown: HashMap<*const Node, usize>,
}

impl<'d> Schemas<'d> {
    pub(super) fn new(document: &'d Document, words: &'static Words) -> Self {
        Schemas { document, words, left: Left::whole(), shown: HashMap::new() }
    }

    /// A whole schema.
    pub(super) fn tree(&mut self, node: &'d Node) -> Schema<'d> {
        let mut line = Line::default();
        if self.left.line() {
            self.fill(&mut line, node, 0);
        } else {
            line.left_out = Some((self.words.left_out)(1));
        }
        Schema { lines: vec![line] }
    }

    /// Type and format in short, as a parameter has it.
    pub(super) fn kind(&mut self, node: &'d Node) -> std::borrow::Cow<'d, str> {
        let kind = match self.document.followed(node) {
            Referred::To(node, name) => kind(self.document, node, name),
            Referred::Nowhere(reference) => reference.to_owned(),
        };
        self.left.made(kind, TEXT_MAX)
    }

    fn fill(&mut self, line: &mut Line<'d>, node: &'d Node, depth: usize) {
        let (node, name) = match self.document.followed(node) {
            Referred::To(node, name) => (node, name),
            Referred::Nowhere(reference) => {
                line.kind = self.left.text(reference, TEXT_MAX);
                return;
            }
        };
        line.kind = self.left.made(kind(self.document, node, name), TEXT_MAX);
        if let Some(name) = name {
            if let Some(id) = self.shown.get(&std::ptr::from_ref(node)) {
                line.kind = "".into();
                line.same = Some((*id, self.left.text(name, TEXT_MAX)));
                return;
            }
            if depth < DEPTH_MAX {
                line.id = Some(self.shown.len() + 1);
                self.shown.insert(node, self.shown.len() + 1);
            }
        }
        self.describe(line, node);
        if depth >= DEPTH_MAX {
            let has_more = WITHIN.into_iter().any(|name| node.get(name).is_some());
            line.left_out = has_more.then(|| self.words.deeper.to_owned());
            return;
        }
        self.within(line, node, depth);
    }

    fn describe(&mut self, line: &mut Line<'d>, node: &'d Node) {
        let words = self.words;
        let marks = [
            ("deprecated", words.deprecated),
            ("readOnly", words.read_only),
            ("writeOnly", words.write_only),
        ];
        let is_marked = |(name, _): &(&str, _)| node.get(name).is_some_and(Node::is_true);
        line.marks.extend(marks.into_iter().filter(is_marked).map(|(_, word)| word));
        line.description = self.left.prose(text(node, "description"), 6, DESCRIPTION_MAX);
        line.facts = self.facts(node);
    }

    /// What values a schema allows.
    pub(super) fn facts(&mut self, node: &'d Node) -> Vec<(&'static str, std::borrow::Cow<'d, str>)> {
        let words = self.words;
        let mut facts = Vec::new();
        if let Some(values) = node.get("enum").map(Node::list).filter(|values| !values.is_empty()) {
            let mut shown: Vec<String> =
                values.iter().take(ENUM_MAX).map(|value| json(value, false, 60)).collect();
            if values.len() > ENUM_MAX {
                shown.push((words.more)(values.len() - ENUM_MAX));
            }
            facts.push((words.values, self.left.made(shown.join(", "), 4 * TEXT_MAX)));
        }
        let first = |name| node.get(name).map(Node::list).and_then(<[Node]>::first);
        let values = [
            (words.value, node.get("const")),
            (words.default, node.get("default")),
            (words.example, node.get("example").or_else(|| first("examples"))),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                facts.push((name, self.left.made(json(value, false, TEXT_MAX), TEXT_MAX)));
            }
        }
        let bound = |name: &&str| node.get(name).map(|value| format!("{name} {}", json(value, false, 100)));
        let bounds: Vec<String> = BOUNDS.iter().filter_map(bound).collect();
        if !bounds.is_empty() {
            facts.push((words.bounds, self.left.made(bounds.join(", "), 2 * TEXT_MAX)));
        }
        facts
    }

    /// Properties, elements, and schemas that it is put together from.
    fn within(&mut self, line: &mut Line<'d>, node: &'d Node, depth: usize) {
        let words = self.words;
        let required = required(node);
        let mut parts = Vec::new();
        for (name, part) in members(node, "properties") {
            parts.push(Part { name, role: "", is_required: required.contains_key(name), node: part });
        }
        for (name, part) in members(node, "patternProperties") {
            parts.push(Part { name, role: words.named_like, is_required: false, node: part });
        }
        let roles = [("items", words.element), ("additionalProperties", words.other_properties)];
        for (name, role) in roles {
            if let Some(part) = node.get(name).filter(|part| part.mapping().is_some()) {
                parts.push(Part { name: "", role, is_required: false, node: part });
            }
        }
        let several = [
            ("prefixItems", words.element),
            ("allOf", words.all_of),
            ("oneOf", words.one_of),
            ("anyOf", words.any_of),
        ];
        for (name, role) in several {
            let of = node.get(name).map_or(&[][..], Node::list);
            parts.extend(of.iter().map(|node| Part { name: "", role, is_required: false, node }));
        }
        if let Some(node) = node.get("not") {
            parts.push(Part { name: "", role: words.not, is_required: false, node });
        }
        self.lines(line, &parts, depth);
    }

    fn lines(&mut self, line: &mut Line<'d>, parts: &[Part<'d>], depth: usize) {
        let mut shown = 0;
        for part in parts {
            if !self.left.line() {
                break;
            }
            let mut within = Line { role: part.role, ..Line::default() };
            if !part.name.is_empty() || part.role.is_empty() {
                within.name = self.left.text(part.name, TEXT_MAX);
            }
            if part.is_required {
                within.marks.push(self.words.required);
            }
            self.fill(&mut within, part.node, depth + 1);
            line.within.lines.push(within);
            shown += 1;
        }
        if shown < parts.len() {
            line.left_out = Some((self.words.left_out)(parts.len() - shown));
        }
    }
}

/// A schema within another.
struct Part<'d> {
    name: &'d str,
    role: &'static str,
    is_required: bool,
    node: &'d Node,
}

fn members<'d>(node: &'d Node, name: &str) -> impl Iterator<Item = (&'d str, &'d Node)> {
    node.get(name).and_then(Node::mapping).into_iter().flat_map(|members| members.iter())
}

fn required(node: &Node) -> HashMap<&str, ()> {
    let names = node.get("required").map_or(&[][..], Node::list);
    names.iter().filter_map(|name| Some((name.text()?, ()))).collect()
}

/// Type and format, with the schema's name where it has one: `Pets: array<Pet> | null`.
fn kind(document: &Document, node: &Node, name: Option<&str>) -> String {
    let mut types: Vec<&str> = match node.get("type") {
        Some(Node::List(types)) => types.iter().take(8).filter_map(Node::text).collect(),
        Some(node) => node.text().into_iter().collect(),
        None if node.get("properties").is_some() => vec!["object"],
        None if node.get("items").is_some() => vec!["array"],
        None => Vec::new(),
    };
    if node.get("nullable").is_some_and(Node::is_true) {
        types.push("null");
    }
    let of = node.get("items").map_or("", |items| match document.followed(items) {
        Referred::To(_, Some(name)) => name,
        Referred::To(items, None) => text(items, "type"),
        Referred::Nowhere(_) => "",
    });
    let shown = types.iter().map(|kind| match (*kind, of) {
        ("array", "") => "array".to_owned(),
        ("array", of) => format!("array<{}>", short(of)),
        (kind, _) => short(kind).to_owned(),
    });
    let mut kind = shown.collect::<Vec<_>>().join(" | ");
    if let Some(format) = node.get("format").and_then(Node::text) {
        kind.push_str(&format!(" ({})", short(format)));
    }
    match (name.map(short), node) {
        (_, Node::Scalar(Value::Bool(is_any))) => is_any.to_string(),
        (Some(name), _) if kind.is_empty() => name.to_owned(),
        (Some(name), _) => format!("{name}: {kind}"),
        (None, _) => kind,
    }
}

fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_MAX)).unwrap_or_default()
}
