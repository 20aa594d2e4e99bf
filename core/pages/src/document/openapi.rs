//! An OpenAPI document: what of it is relied on, found in its tree. Nothing is copied; references are followed
//! within the document alone.

use super::node::{Node, Unreadable};
use super::tree::read;

/// References that lead to references are followed so far.
const REFERENCES_MAX: usize = 16;
/// The format of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// OpenAPI 2.0: downloaded, not shown.
    V2,
    /// OpenAPI 3.0.
    V3_0,
    /// OpenAPI 3.1.
    V3_1,
    /// Another, which is shown as 3.1.
    Other,
}

/// Why a document is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It cannot be read.
    Unreadable(Unreadable),
    /// It has neither `openapi` nor `swagger`.
    NoVersion,
    /// Its `paths` are no mapping.
    NoPaths,
}

/// A document.
#[derive(Clone, Debug)]
pub struct Document {
    tree: Node,
    version: Version,
}

/// Where a reference leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Referred<'d> {
    /// To what is there; with the last name on the way, where it was one.
    To(&'d Node, Option<&'d str>),
    /// To another document, or to nothing in this one: the reference itself.
    Nowhere(&'d str),
}

impl Document {
    /// Reads a text: JSON or YAML.
    pub fn read(text: &str) -> Result<Self, Refused> {
        let tree = read(text).map_err(Refused::Unreadable)?;
        let version = version(&tree).ok_or(Refused::NoVersion)?;
        let has_paths = match tree.get("paths") {
            Some(paths) => paths.mapping().is_some(),
            None => matches!(version, Version::V3_1 | Version::Other),
        };
        match has_paths {
            true => Ok(Document { tree, version }),
            false => Err(Refused::NoPaths),
        }
    }

    /// Its format.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The version of the format, as it says it: `3.0.3`.
    pub fn format(&self) -> &str {
        let named = ["openapi", "swagger"].into_iter().find_map(|name| self.tree.get(name)?.text());
        named.unwrap_or_default()
    }

    /// `info.title`; empty where there is none.
    pub fn title(&self) -> &str {
        self.info("title")
    }

    /// `info.version`; empty where there is none.
    pub fn release(&self) -> &str {
        self.info("version")
    }

    pub(super) fn info(&self, name: &str) -> &str {
        self.tree.get("info").map_or("", |info| text(info, name))
    }

    pub(super) fn tree(&self) -> &Node {
        &self.tree
    }

    /// `servers[].url`.
    pub(super) fn servers(&self) -> impl Iterator<Item = &str> {
        let servers = self.tree.get("servers").map_or(&[][..], Node::list);
        servers.iter().map(|server| text(server, "url")).filter(|url| !url.is_empty())
    }

    /// The tags, in order, each with its description.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.tree.get("tags").map_or(&[][..], Node::list);
        tags.iter().map(|tag| (text(tag, "name"), text(tag, "description")))
    }

    /// What a node stands for: itself, or what it refers to.
    pub(super) fn followed<'d>(&'d self, node: &'d Node) -> Referred<'d> {
        let (mut node, mut name) = (node, None);
        for _ in 0..REFERENCES_MAX {
            let Some(reference) = node.get("$ref").and_then(Node::text) else {
                return Referred::To(node, name);
            };
            match self.pointed(reference) {
                Some(pointed) => (node, name) = (pointed, reference.rsplit('/').next()),
                None => return Referred::Nowhere(reference),
            }
        }
        Referred::Nowhere(name.unwrap_or_default())
    }

    /// What a node stands for, if it is there.
    pub(super) fn found<'d>(&'d self, node: &'d Node) -> Option<&'d Node> {
        match self.followed(node) {
            Referred::To(node, _) => Some(node),
            Referred::Nowhere(_) => None,
        }
    }

    /// What a fragment with a JSON pointer (RFC 6901 §6) leads to in this document.
    pub(super) fn pointed(&self, reference: &str) -> Option<&Node> {
        let pointer = percent_decoded(reference.strip_prefix('#')?);
        let Some(names) = pointer.strip_prefix('/') else {
            return pointer.is_empty().then_some(&self.tree);
        };
        names.split('/').try_fold(&self.tree, |node, name| match node {
            Node::Mapping(members) => members.get(&name.replace("~1", "/").replace("~0", "~")),
            Node::List(elements) => elements.get(name.parse::<usize>().ok()?),
            Node::Scalar(_) => None,
        })
    }
}

/// A text among the members of a node; empty where there is none.
pub(super) fn text<'d>(node: &'d Node, name: &str) -> &'d str {
    node.get(name).and_then(Node::text).unwrap_or_default()
}

fn version(tree: &Node) -> Option<Version> {
    let version = |name| match tree.get(name)? {
        Node::Scalar(value) => Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        _ => None,
    };
    if let Some(version) = version("openapi") {
        let is = |minor: &str| version == minor || version.starts_with(&format!("{minor}."));
        return Some(match (is("3.0"), is("3.1")) {
            (true, _) => Version::V3_0,
            (_, true) => Version::V3_1,
            _ => Version::Other,
        });
    }
    version("swagger").map(|_| Version::V2)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => (bytes.push(byte), rest = after.get(2..).unwrap_or_default()),
            _ => (bytes.push(*first), rest = after),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart() {
        let version = |text: &str| Document::read(&format!("{text}\npaths: {{}}")).map(|read| read.version());
        assert_eq!(version("openapi: 3.0.3"), Ok(Version::V3_0));
        assert_eq!(version("openapi: 3.0"), Ok(Version::V3_0));
        assert_eq!(version("openapi: 3.1.1"), Ok(Version::V3_1));
        assert_eq!(version("openapi: 3.10.0"), Ok(Version::Other));
        assert_eq!(version("swagger: '2.0'"), Ok(Version::V2));
        assert_eq!(version("a: b"), Err(Refused::NoVersion));
        assert_eq!(Document::read("openapi: 3.0.0").err(), Some(Refused::NoPaths));
        assert_eq!(Document::read("openapi: 3.1.0\npaths: []").err(), Some(Refused::NoPaths));
        assert!(Document::read("openapi: 3.1.0").is_ok());
    }

    #[test]
    fn references_stay_in_the_document() {
        let document = Document::read(
            r##"{"openapi": "3.0.0", "paths": {"/a b": 1}, "x": {"$ref": "#/y"}, "y": {"$ref": "#/x"},
            "z": {"$ref": "#/paths/~1a%20b"}, "far": {"$ref": "https://a.example/b.json#/c"}}"##,
        )
        .unwrap();
        let followed = |name: &str| document.followed(document.tree().get(name).unwrap());
        assert!(matches!(followed("x"), Referred::Nowhere(_)));
        assert!(matches!(followed("z"), Referred::To(Node::Scalar(_), Some("~1a%20b"))));
        assert_eq!(followed("far"), Referred::Nowhere("https://a.example/b.json#/c"));
        assert_eq!(document.pointed("#"), Some(document.tree()));
    }
}
