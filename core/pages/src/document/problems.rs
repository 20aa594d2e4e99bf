//! What is wrong with a document that is taken all the same.

use std::collections::HashSet;

use super::node::Node;
use super::openapi::{Document, Version, text};

/// So many are named.
const PROBLEMS_MAX: usize = 50;

/// What is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem<'d> {
    /// The format is 2.0: it is downloaded, and not shown.
    OnlyDownload,
    /// The format is known to be none that is shown right.
    VersionUnknown,
    /// `info.title` is missing.
    NoTitle,
    /// `info.version` is missing.
    NoRelease,
    /// A path that does not begin with `/`.
    PathWithoutSlash(&'d str),
    /// An `operationId` that two operations have.
    IdTwice(&'d str),
    /// An operation of this method and path has no answers.
    NoAnswers(&'static str, &'d str),
    /// A parameter of this operation has no name or no place.
    ParameterUnnamed(&'static str, &'d str),
    /// A reference that leads out of the document.
    ReferenceOutside(&'d str),
    /// A reference that leads to nothing.
    ReferenceNowhere(&'d str),
    /// So many more.
    More(usize),
}

impl Document {
    /// What is wrong with it, though it is taken.
    pub fn problems(&self) -> Vec<Problem<'_>> {
        problems(self)
    }
}

fn problems(document: &Document) -> Vec<Problem<'_>> {
    let mut found = Vec::new();
    match document.version() {
        Version::V2 => return vec![Problem::OnlyDownload],
        Version::Other => found.push(Problem::VersionUnknown),
        Version::V3_0 | Version::V3_1 => {}
    }
    if document.title().is_empty() {
        found.push(Problem::NoTitle);
    }
    if document.release().is_empty() {
        found.push(Problem::NoRelease);
    }
    of_operations(document, &mut found);
    let mut seen = HashSet::new();
    of_references(document, document.tree(), &mut seen, &mut found);
    if found.len() > PROBLEMS_MAX {
        let more = found.len() - PROBLEMS_MAX;
        found.truncate(PROBLEMS_MAX);
        found.push(Problem::More(more));
    }
    found
}

fn of_operations<'d>(document: &'d Document, found: &mut Vec<Problem<'d>>) {
    let paths = document.tree().get("paths").and_then(Node::mapping);
    let paths = paths.into_iter().flat_map(|paths| paths.iter()).map(|(path, _)| path);
    let is_wrong = |path: &&str| !path.starts_with('/') && !path.starts_with("x-");
    found.extend(paths.filter(is_wrong).map(Problem::PathWithoutSlash));
    let (mut ids, mut seen) = (HashSet::new(), HashSet::new());
    for operation in document.operations() {
        // Many paths may refer to the operations of one.
        if !seen.insert(std::ptr::from_ref(operation.node)) {
            continue;
        }
        let id = operation.text("operationId");
        if !id.is_empty() && !ids.insert(id) {
            found.push(Problem::IdTwice(id));
        }
        let answers = operation.node.get("responses").and_then(Node::mapping);
        if answers.is_none_or(|answers| answers.iter().len() == 0) && document.version() == Version::V3_0 {
            found.push(Problem::NoAnswers(operation.method, operation.path));
        }
        let own = operation.node.get("parameters").map_or(&[][..], Node::list).iter();
        let is_unnamed = |node: &Node| text(node, "name").is_empty() || text(node, "in").is_empty();
        if own.filter_map(|node| document.found(node)).any(is_unnamed) {
            found.push(Problem::ParameterUnnamed(operation.method, operation.path));
        }
    }
}

/// References, each once, but in what is an example and no part of the document.
fn of_references<'d>(
    document: &'d Document,
    node: &'d Node,
    seen: &mut HashSet<&'d str>,
    found: &mut Vec<Problem<'d>>,
) {
    if let Some(reference) = node.get("$ref").and_then(Node::text)
        && seen.insert(reference)
    {
        match (reference.starts_with('#'), document.pointed(reference)) {
            (false, _) => found.push(Problem::ReferenceOutside(reference)),
            (true, None) => found.push(Problem::ReferenceNowhere(reference)),
            (true, Some(_)) => {}
        }
    }
    for element in node.list() {
        of_references(document, element, seen, found);
    }
    for (name, member) in node.mapping().into_iter().flat_map(|members| members.iter()) {
        if !matches!(name, "example" | "examples" | "default" | "enum" | "const") {
            of_references(document, member, seen, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_listed_and_nothing_refused() {
        let document = Document::read(
            "openapi: 3.0.0\npaths:\n a: {get: {operationId: x, parameters: [{}]}, put: {operationId: x, responses: {200: {$ref: 'a.yaml'}}}}\nexample: {$ref: b}\nx: [{$ref: '#/n'}, {$ref: '#/n'}]",
        )
        .unwrap();
        assert_eq!(
            document.problems(),
            [
                Problem::NoTitle,
                Problem::NoRelease,
                Problem::PathWithoutSlash("a"),
                Problem::NoAnswers("get", "a"),
                Problem::ParameterUnnamed("get", "a"),
                Problem::IdTwice("x"),
                Problem::ReferenceOutside("a.yaml"),
                Problem::ReferenceNowhere("#/n"),
            ]
        );
        assert_eq!(Document::read("swagger: '2.0'\npaths: {}").unwrap().problems(), [Problem::OnlyDownload]);
    }

    #[test]
    fn problems_are_so_many_at_most() {
        let paths: String = (0..200).map(|at| format!(" p{at}: {{}}\n")).collect();
        let document = Document::read(&format!("openapi: 3.1.0\npaths:\n{paths}")).unwrap();
        let problems = document.problems();
        assert_eq!((problems.len(), problems.last()), (PROBLEMS_MAX + 1, Some(&Problem::More(152))));
    }
}
