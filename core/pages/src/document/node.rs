//! A value of a document, and what bounds a tree of them.

use serde_json::Value;

/// Bytes of a text, at most.
pub(super) const BYTES_MAX: usize = 1 << 20;
/// Values in a tree, at most: eight times as many as the fullest of real documents of 1 MiB has.
pub(super) const NODES_MAX: usize = 250_000;
/// Mappings and lists within each other, at most: below serde_json's own 128, and so shallow that walking
/// and dropping the tree cannot overflow the 1 MiB stack of a Wasm module.
pub(super) const DEPTH_MAX: usize = 100;

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Whatever is neither list nor mapping.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A mapping.
    Mapping(Members),
}

/// The members of a mapping; names are texts, as `200:` is among responses.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Members {
    members: Vec<(String, Node)>,
    /// Positions in the order of names: a member is found without looking at all of them.
    sorted: Vec<u32>,
}

impl From<Vec<(String, Node)>> for Members {
    fn from(members: Vec<(String, Node)>) -> Self {
        let mut sorted: Vec<u32> = (0..).take(members.len()).collect();
        sorted.sort_by_key(|at| members.get(*at as usize).map(|(name, _)| name.as_str()));
        Members { members, sorted }
    }
}

impl Members {
    /// The first member of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        let named = |at: &u32| self.members.get(*at as usize);
        let first =
            self.sorted.partition_point(|at| named(at).is_some_and(|(other, _)| other.as_str() < name));
        let (found, node) = named(self.sorted.get(first)?)?;
        (found == name).then_some(node)
    }

    /// All of them, as they are written.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Node)> {
        self.members.iter().map(|(name, node)| (name.as_str(), node))
    }
}

impl Node {
    /// A member of a mapping.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.mapping()?.get(name)
    }

    /// The members, of a mapping.
    pub(super) fn mapping(&self) -> Option<&Members> {
        match self {
            Node::Mapping(members) => Some(members),
            _ => None,
        }
    }

    /// The elements; none of what is no list.
    pub(super) fn list(&self) -> &[Node] {
        match self {
            Node::List(elements) => elements,
            _ => &[],
        }
    }

    /// The text, of a text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Node::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub(super) fn is_true(&self) -> bool {
        matches!(self, Node::Scalar(Value::Bool(true)))
    }
}

/// Why a text cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is neither JSON nor YAML; the line, counted from 1.
    Syntax(usize),
    /// It is nested deeper than [`DEPTH_MAX`].
    Depth,
    /// Its aliases bring more than is allowed, or stand in what they stand for.
    Aliases,
    /// There is nothing in it, or more than one document.
    Number,
    /// It has more than [`BYTES_MAX`] bytes or [`NODES_MAX`] values.
    Size,
}
