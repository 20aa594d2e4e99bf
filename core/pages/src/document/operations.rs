//! The operations of a document.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use super::node::Node;
use super::openapi::{Document, Referred, Version, text};

/// Methods that a path has operations for (OpenAPI 3.1 §4.8.9).
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// Bytes of an `operationId` that serves as a segment of a path, at most.
const ID_MAX: usize = 100;

/// An operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'d> {
    /// In small letters, as it is written.
    pub(super) method: &'static str,
    pub(super) path: &'d str,
    pub(super) item: &'d Node,
    pub(super) node: &'d Node,
    /// Whether its `operationId` is its alone, and fit for a path.
    has_own_id: bool,
}

impl Document {
    /// Its operations, as they are written; none of a document that is not shown.
    pub fn operations(&self) -> Vec<Operation<'_>> {
        if self.version() == Version::V2 {
            return Vec::new();
        }
        let paths = self.tree().get("paths").and_then(Node::mapping);
        let mut operations = Vec::new();
        let mut ids = HashSet::new();
        for (path, item) in paths.into_iter().flat_map(|paths| paths.iter()) {
            let Referred::To(item, _) = self.followed(item) else { continue };
            for (name, node) in item.mapping().into_iter().flat_map(|item| item.iter()) {
                let Some(method) = METHODS.into_iter().find(|method| *method == name) else { continue };
                if node.mapping().is_some() {
                    let id = text(node, "operationId");
                    let has_own_id = is_segment(id) && ids.insert(id);
                    operations.push(Operation { method, path, item, node, has_own_id });
                }
            }
        }
        operations
    }

    /// The operation that [`Operation::id`] names.
    pub fn operation(&self, id: &str) -> Option<Operation<'_>> {
        self.operations().into_iter().find(|operation| operation.id() == id)
    }
}

impl<'d> Operation<'d> {
    /// Names it in a path of ours: its `operationId`, or its method and what its path hashes to, which stay
    /// the same when others come and go.
    pub fn id(&self) -> String {
        if self.has_own_id {
            return text(self.node, "operationId").to_owned();
        }
        let digest = Sha256::digest(self.path);
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{digest}", self.method)
    }

    /// In capitals.
    pub(super) fn verb(&self) -> String {
        self.method.to_ascii_uppercase()
    }

    pub(super) fn text(&self, name: &str) -> &'d str {
        text(self.node, name)
    }

    /// The tag that it is listed under.
    pub(super) fn tag(&self) -> Option<&'d str> {
        self.node.get("tags").and_then(|tags| tags.list().first()?.text())
    }

    pub(super) fn is_deprecated(&self) -> bool {
        self.node.get("deprecated").is_some_and(Node::is_true)
    }

    /// Its parameters and those of its path that it does not replace: one of the same name and place.
    pub(super) fn parameters(&self, document: &'d Document) -> Vec<&'d Node> {
        let of = |node: &'d Node| node.get("parameters").map_or(&[][..], Node::list);
        let mut at: HashMap<(&str, &str), usize> = HashMap::new();
        let mut parameters = Vec::new();
        for parameter in of(self.item).iter().chain(of(self.node)) {
            let Some(parameter) = document.found(parameter).filter(|node| node.mapping().is_some()) else {
                continue;
            };
            match at.get(&(text(parameter, "name"), text(parameter, "in"))) {
                Some(at) => parameters[*at] = parameter,
                None => {
                    at.insert((text(parameter, "name"), text(parameter, "in")), parameters.len());
                    parameters.push(parameter);
                }
            }
        }
        parameters
    }
}

/// Whether a text stands in a path as it is.
fn is_segment(text: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (1..=ID_MAX).contains(&text.len()) && text.bytes().all(is_fit) && text.bytes().any(|byte| byte != b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_paths(paths: &str) -> Document {
        Document::read(&format!("openapi: 3.1.0\npaths:\n{paths}")).unwrap()
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let document = with_paths(
            " /a: {get: {operationId: list}, parameters: [], post: {operationId: list}}\n /b: {get: {operationId: a/b}, put: 1}",
        );
        let ids: Vec<String> = document.operations().iter().map(Operation::id).collect();
        assert_eq!(ids.len(), 3);
        assert_eq!(ids.first().map(String::as_str), Some("list"));
        assert!(ids.iter().skip(1).all(|id| id.len() < 25 && !id.contains('/')), "{ids:?}");
        assert_eq!(document.operation(&ids[2]).map(|found| found.path), Some("/b"));
        assert!(document.operation("none").is_none());
    }

    #[test]
    fn parameters_of_a_path_are_replaced_by_those_of_an_operation() {
        let document = with_paths(
            " /a: {parameters: [{name: n, in: query, x: 1}, {name: n, in: path}], get: {parameters: [{name: n, in: query, x: 2}]}}",
        );
        let operation = document.operations()[0];
        let parameters = operation.parameters(&document);
        assert_eq!(parameters.len(), 2);
        assert_eq!(parameters[0].get("x"), Some(&Node::Scalar(2.into())));
    }
}
