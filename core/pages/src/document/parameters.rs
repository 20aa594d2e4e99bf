//! Parameters of an operation: as a table, and filled in as an example.

use super::node::Node;
use super::openapi::text;
use super::operations::Operation;
use super::schema::Schemas;
use super::write::json;
use crate::parts::blocks::{Block, Text};
use crate::parts::table::{Cell, Row, Table};

/// Parameters that are shown.
const PARAMETERS_MAX: usize = 100;
/// Bytes of a name.
const NAME_MAX: usize = 300;
/// Bytes of a description.
const DESCRIPTION_MAX: usize = 2 << 10;
/// What is around a row of a table, in bytes: measured, and generous.
const AROUND_ROW: usize = 600;
/// Bytes of a path, or of a query, that is filled in.
const FILLED_MAX: usize = 2 << 10;
/// Bytes of a body that is filled in.
const BODY_MAX: usize = 16 << 10;

/// The table, and how many are not in it.
pub(super) fn table<'d>(schemas: &mut Schemas<'d>, operation: &Operation<'d>) -> Vec<Block<'d>> {
    let words = schemas.words;
    let parameters = operation.parameters(schemas.document);
    if parameters.is_empty() {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for parameter in parameters.iter().take(PARAMETERS_MAX) {
        if !schemas.left.around(AROUND_ROW) {
            break;
        }
        rows.push(row(schemas, parameter));
    }
    let left_out = parameters.len() - rows.len();
    let table = Table {
        caption: words.parameters.into(),
        columns: vec![words.name, words.place, words.kind, words.description],
        rows,
        pick: None,
    };
    let note = (left_out > 0).then(|| Block::Paragraph((words.left_out)(left_out).into()));
    [Block::Heading(words.parameters.into()), Block::Table(table)].into_iter().chain(note).collect()
}

fn row<'d>(schemas: &mut Schemas<'d>, parameter: &'d Node) -> Row<'d> {
    let words = schemas.words;
    let mut lines: Vec<Text<'d>> = Vec::new();
    if let Some(schema) = schema(parameter) {
        lines.push(schemas.kind(schema));
        let schema = schemas.document.found(schema).unwrap_or(schema);
        let facts = schemas.facts(schema).into_iter();
        lines.extend(facts.map(|(name, value)| Text::from(format!("{name}: {value}"))));
    }
    if let Some(example) = own_example(schemas, parameter) {
        lines.push(schemas.left.made(format!("{}: {}", words.example, json(example, false, 200)), NAME_MAX));
    }
    let marks = [("required", words.required), ("deprecated", words.deprecated)];
    let is_marked = |(name, _): &(&str, _)| parameter.get(name).is_some_and(Node::is_true);
    lines.extend(marks.into_iter().filter(is_marked).map(|(_, word)| Text::from(word)));
    vec![
        Cell::Code(schemas.left.text(text(parameter, "name"), NAME_MAX)),
        Cell::Text(schemas.left.text(text(parameter, "in"), 20)),
        Cell::Lines(lines),
        schemas
            .left
            .prose(text(parameter, "description"), 6, DESCRIPTION_MAX)
            .map_or(Cell::text(""), Cell::Prose),
    ]
    .into()
}

/// A parameter's schema: its own, or that of its one media type.
fn schema(parameter: &Node) -> Option<&Node> {
    let of_media = || parameter.get("content")?.mapping()?.iter().next()?.1.get("schema");
    parameter.get("schema").or_else(of_media)
}

fn own_example<'d>(schemas: &Schemas<'d>, node: &'d Node) -> Option<&'d Node> {
    node.get("example").or_else(|| {
        let (_, first) = node.get("examples")?.mapping()?.iter().next()?;
        schemas.document.found(first)?.get("value")
    })
}

/// What a parameter may be: its example, its schema's, the default, the first of its values.
fn filled(schemas: &Schemas<'_>, parameter: &Node) -> Option<String> {
    let schema = schema(parameter).and_then(|schema| schemas.document.found(schema));
    let first = |name: &str| schema?.get(name)?.list().first();
    let of_schema = |name: &str| schema?.get(name);
    let own = own_example(schemas, parameter);
    let value = own
        .or_else(|| of_schema("example"))
        .or_else(|| first("examples"))
        .or_else(|| of_schema("default"))
        .or_else(|| first("enum"))?;
    match value {
        Node::Scalar(serde_json::Value::String(text)) => {
            Some(text.get(..text.floor_char_boundary(FILLED_MAX)).unwrap_or_default().to_owned())
        }
        Node::Scalar(value) => Some(value.to_string()),
        Node::List(_) | Node::Mapping(_) => None,
    }
}

/// What stands for a parameter of the path of which the document shows none, where its type says enough.
fn made_up(schemas: &Schemas<'_>, parameter: &Node) -> Option<&'static str> {
    let schema = schema(parameter).and_then(|schema| schemas.document.found(schema))?;
    match (text(schema, "type"), text(schema, "format")) {
        ("integer" | "number", _) => Some("1"),
        ("boolean", _) => Some("true"),
        ("string", "uuid") => Some("00000000-0000-0000-0000-000000000000"),
        ("string", "date") => Some("2000-01-01"),
        _ => None,
    }
}

/// The path and the query of a call, as far as the document says what may stand there; of the query, what is
/// required or has an example.
pub(super) fn call(schemas: &Schemas<'_>, operation: &Operation<'_>) -> (String, String) {
    let (mut path, mut query) = (operation.path.to_owned(), String::new());
    for parameter in operation.parameters(schemas.document).into_iter().take(PARAMETERS_MAX) {
        let name = text(parameter, "name");
        let shown = filled(schemas, parameter);
        let value = shown.or_else(|| made_up(schemas, parameter).map(str::to_owned));
        match text(parameter, "in") {
            "path" if path.len() <= FILLED_MAX => {
                if let Some(value) = value {
                    path = path.replacen(&format!("{{{name}}}"), &encoded(&value), 1);
                }
            }
            "query" if query.len() + name.len() <= FILLED_MAX => {
                let is_required = parameter.get("required").is_some_and(Node::is_true);
                let is_shown = is_required || own_example(schemas, parameter).is_some();
                if is_shown {
                    let and = if query.is_empty() { "" } else { "&" };
                    query += &format!("{and}{}={}", encoded(name), encoded(&value.unwrap_or_default()));
                }
            }
            _ => {}
        }
    }
    let cut =
        |text: String| text.get(..text.floor_char_boundary(2 * FILLED_MAX)).unwrap_or_default().to_owned();
    (cut(path), cut(query))
}

fn encoded(text: &str) -> String {
    crate::portal::paths::segment(text)
}

/// The example of a body that a call is tried out with: the first of JSON, or else of whatever type, with its
/// media type.
pub(super) fn call_body(schemas: &Schemas<'_>, operation: &Operation<'_>) -> Option<(String, String)> {
    let body = schemas.document.found(operation.node.get("requestBody")?)?;
    let types = body.get("content")?.mapping()?;
    let examples = types.iter().filter_map(|(name, media)| Some((name, body_example(schemas, media)?)));
    let examples: Vec<(&str, &Node)> = examples.collect();
    let of_json = examples.iter().find(|(name, _)| name.contains("json"));
    let (name, example) = of_json.or_else(|| examples.first())?;
    let text = match example.text() {
        Some(text) => text.to_owned(),
        None => json(example, true, BODY_MAX),
    };
    let is_whole = name.len() <= NAME_MAX && text.len() <= BODY_MAX;
    is_whole.then(|| ((*name).to_owned(), text))
}

/// An example of a body: its own, else its schema's.
pub(super) fn body_example<'d>(schemas: &Schemas<'d>, media: &'d Node) -> Option<&'d Node> {
    let schema = || media.get("schema").and_then(|schema| schemas.document.found(schema));
    let of_schema = || schema()?.get("example").or_else(|| schema()?.get("examples")?.list().first());
    own_example(schemas, media).or_else(of_schema)
}
