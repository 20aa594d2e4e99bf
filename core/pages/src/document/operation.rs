//! An operation: its parameters, what is sent and what is answered.

use super::Described;
use super::node::Node;
use super::openapi::{Document, text};
use super::operations::Operation;
use super::page::prose;
use super::parameters::{body_example, call, call_body, table};
use super::schema::Schemas;
use super::words::Words;
use super::write::json;
use crate::parts::blocks::{Block, Button, Look, Main, Text};
use crate::parts::table::{Cell, Table};
use crate::portal::paths;
use crate::{Frame, Language};

/// Bytes of the HTML of what a document says of an operation, and of a part of it.
const DESCRIPTION_MAX: usize = 32 << 10;
const PART_MAX: usize = 4 << 10;
/// Bytes of an example of a body.
const EXAMPLE_MAX: usize = 8 << 10;
/// Bytes of a line.
const LINE_MAX: usize = 1 << 10;
/// Answers, media types of a body, fields of an answer, and lines of security, that are shown of each.
const PARTS_MAX: usize = 30;
/// What is around a part of a page, in bytes: measured, and generous.
const AROUND: usize = 500;

/// An operation.
#[derive(Debug)]
pub struct OperationPage<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The service that it is of.
    pub service: Described<'a>,
    /// The document.
    pub document: &'a Document,
    /// The operation: [`Document::operation`].
    pub operation: Operation<'a>,
}

impl Operation<'_> {
    /// The body that the document shows for it, and its media type.
    pub fn body_example(&self, document: &Document) -> Option<(String, String)> {
        call_body(&Schemas::new(document, Words::of(Language::En)), self)
    }
}

impl OperationPage<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let mut schemas = Schemas::new(self.document, words);
        let path = schemas.left.text(self.operation.path, LINE_MAX);
        let main = Main::new(format!("{} {path}", self.operation.verb()));
        let main = match self.operation.text("summary") {
            "" => main,
            summary => main.lead(schemas.left.text(summary, LINE_MAX)),
        };
        let main = self.buttons(&schemas).into_iter().fold(main, Main::button);
        let deprecated = self.operation.is_deprecated();
        let main = main.blocks(deprecated.then(|| Block::Note(words.is_deprecated.into())));
        let said = self.operation.text("description");
        let main = main.blocks(prose(words, &mut schemas.left, said, 1, DESCRIPTION_MAX));
        main.block(Block::Facts(self.facts(&mut schemas)))
            .blocks(table(&mut schemas, &self.operation))
            .blocks(self.request(&mut schemas))
            .blocks(self.answers(&mut schemas))
    }

    fn buttons(&self, schemas: &Schemas<'_>) -> Vec<Button<'_>> {
        let words = Words::of(self.frame.language);
        let back = Button::link(paths::specification(self.service.id), words.back, Look::Ordinary);
        let how = Button::link(paths::service(self.service.id), words.how_to_call, Look::Ordinary);
        if self.service.address.is_none() || !self.service.can_try {
            return vec![back, how];
        }
        let (path, query) = call(schemas, &self.operation);
        let path = format!("{}{path}", self.service.route());
        let operation = self.operation.id();
        let call = paths::try_call(self.service.id, &self.operation.verb(), &path, &query, &operation);
        vec![back, how, Button::link(call, words.try_it, Look::Primary)]
    }

    fn facts<'s>(&'s self, schemas: &mut Schemas<'s>) -> Vec<(Text<'s>, Cell<'s>)> {
        let words = schemas.words;
        let mut facts: Vec<(Text<'s>, Cell<'s>)> = Vec::new();
        if let Some(address) = self.service.address {
            let path = schemas.left.text(self.operation.path, LINE_MAX);
            let url = format!("{}{path}", address.trim_end_matches('/'));
            facts.push((words.address.into(), Cell::Code(url.into())));
        }
        match self.operation.text("operationId") {
            "" => {}
            id => facts.push((words.operation_id.into(), Cell::Code(schemas.left.text(id, LINE_MAX)))),
        }
        let tags = self.operation.node.get("tags").map_or(&[][..], Node::list);
        let tags = tags.iter().take(PARTS_MAX).filter_map(Node::text);
        let tags: Vec<Text<'s>> = tags.map(|tag| schemas.left.text(tag, LINE_MAX)).collect();
        if !tags.is_empty() {
            facts.push((words.tags.into(), Cell::Lines(tags)));
        }
        facts.push((words.security.into(), Cell::Lines(self.security(schemas))));
        facts
    }

    /// Each way to be let in, on a line: schemes that are needed together.
    fn security<'s>(&'s self, schemas: &mut Schemas<'s>) -> Vec<Text<'s>> {
        let words = schemas.words;
        let own = self.operation.node.get("security");
        let ways = own.or_else(|| self.document.tree().get("security")).map_or(&[][..], Node::list);
        let mut lines = Vec::new();
        for way in ways.iter().take(PARTS_MAX) {
            let names = way.mapping().into_iter().flat_map(|names| names.iter());
            let names: Vec<String> =
                names.take(PARTS_MAX).map(|(name, _)| self.scheme(schemas, name)).collect();
            lines.push(match names.is_empty() {
                true => words.no_security.into(),
                false => names.join(words.and).into(),
            });
        }
        if lines.is_empty() {
            lines.push(words.no_security.into());
        }
        lines
    }

    /// A scheme's name, with its type and place.
    fn scheme<'s>(&'s self, schemas: &mut Schemas<'s>, name: &'s str) -> String {
        let components = self.document.tree().get("components");
        let scheme = components.and_then(|components| components.get("securitySchemes")?.get(name));
        let name = schemas.left.text(name, LINE_MAX);
        let Some(scheme) = scheme.and_then(|scheme| self.document.found(scheme)) else {
            return name.into_owned();
        };
        let parts = ["type", "scheme", "in", "name"].map(|part| text(scheme, part));
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        let parts: Vec<Text<'_>> = parts.map(|part| schemas.left.text(part, LINE_MAX)).collect();
        format!("{name} ({})", parts.join(" "))
    }

    fn request<'s>(&'s self, schemas: &mut Schemas<'s>) -> Vec<Block<'s>> {
        let words = schemas.words;
        let body = self.operation.node.get("requestBody").and_then(|body| self.document.found(body));
        let Some(body) = body else { return Vec::new() };
        let mut blocks = vec![Block::Heading(words.request_body.into())];
        if body.get("required").is_some_and(Node::is_true) {
            blocks.push(Block::Paragraph(words.is_required.into()));
        }
        blocks.extend(prose(words, &mut schemas.left, text(body, "description"), 2, PART_MAX));
        blocks.extend(content(schemas, body, ""));
        blocks
    }

    fn answers<'s>(&'s self, schemas: &mut Schemas<'s>) -> Vec<Block<'s>> {
        let words = schemas.words;
        let answers = self.operation.node.get("responses").and_then(Node::mapping);
        let Some(answers) = answers.filter(|answers| answers.iter().len() > 0) else { return Vec::new() };
        let mut blocks = vec![Block::Heading(words.answers.into())];
        let mut shown = 0;
        for (status, answer) in answers.iter().take(PARTS_MAX) {
            if !schemas.left.around(AROUND) {
                break;
            }
            shown += 1;
            blocks.push(Block::Subheading(schemas.left.text(status, LINE_MAX)));
            let Some(answer) = self.document.found(answer) else { continue };
            blocks.extend(prose(words, &mut schemas.left, text(answer, "description"), 3, PART_MAX));
            blocks.extend(fields(schemas, answer));
            blocks.extend(content(schemas, answer, status));
        }
        let left_out = answers.iter().len() - shown;
        blocks.extend((left_out > 0).then(|| Block::Paragraph((words.left_out)(left_out).into())));
        blocks
    }
}

/// A body by its media types; `of` says of which answer, where there are several.
fn content<'s>(schemas: &mut Schemas<'s>, of: &'s Node, status: &'s str) -> Vec<Block<'s>> {
    let words = schemas.words;
    let Some(types) = of.get("content").and_then(Node::mapping) else { return Vec::new() };
    let (mut blocks, mut shown) = (Vec::new(), 0);
    for (name, media) in types.iter().take(PARTS_MAX) {
        if !schemas.left.around(AROUND) {
            break;
        }
        shown += 1;
        let name = schemas.left.text(name, LINE_MAX);
        blocks.push(match status {
            "" => Block::Subheading(name),
            _ => Block::Paragraph(name),
        });
        if let Some(schema) = media.get("schema") {
            blocks.push(Block::Schema(schemas.tree(schema)));
        }
        if let Some(example) = body_example(schemas, media) {
            let example = match example.text() {
                Some(text) => schemas.left.text(text, EXAMPLE_MAX),
                None => schemas.left.made(json(example, true, EXAMPLE_MAX), EXAMPLE_MAX),
            };
            blocks.push(Block::Paragraph(words.example.into()));
            blocks.push(Block::Code(example));
        }
    }
    let left_out = types.iter().len() - shown;
    blocks.extend((left_out > 0).then(|| Block::Paragraph((words.left_out)(left_out).into())));
    blocks
}

/// Header fields of an answer.
fn fields<'s>(schemas: &mut Schemas<'s>, answer: &'s Node) -> Option<Block<'s>> {
    let words = schemas.words;
    let headers = answer.get("headers").and_then(Node::mapping)?;
    let mut rows = Vec::new();
    for (name, header) in headers.iter().take(PARTS_MAX) {
        let Some(header) = schemas.document.found(header).filter(|_| schemas.left.around(AROUND)) else {
            continue;
        };
        let kind = header.get("schema").map(|schema| schemas.kind(schema)).unwrap_or_default();
        let said = schemas.left.prose(text(header, "description"), 6, PART_MAX);
        let name = Cell::Code(schemas.left.text(name, LINE_MAX));
        rows.push(vec![name, Cell::Text(kind), said.map_or(Cell::text(""), Cell::Prose)].into());
    }
    let columns = vec![words.name, words.kind, words.description];
    let table = Table { caption: words.header_fields.into(), columns, rows, pick: None };
    (!table.rows.is_empty()).then_some(Block::Table(table))
}
