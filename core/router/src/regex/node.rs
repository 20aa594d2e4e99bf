//! The tree of a pattern, and what is known of its parts.

use std::ops::Range;

use super::byte_set::ByteSet;
use super::look::Look;

/// A part of a pattern.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// How it can begin, if something of it is matched.
    pub(super) first: ByteSet,
    /// Whether it can match nothing before some byte.
    pub(super) passes_bytes: bool,
    /// Whether it can match nothing at the end of the haystack.
    pub(super) passes_end: bool,
    /// Whether it always matches nothing.
    pub(super) is_empty: bool,
    /// Levels of nesting, as `regex-syntax` counts them.
    pub(super) height: usize,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Empty,
    /// `(?i)` and the like: nothing to match, nothing to repeat.
    Flags,
    /// A range of the pattern's literal bytes. A repetition written behind it is of those from `last` on.
    Literal {
        bytes: Range<usize>,
        last: usize,
    },
    /// One byte of [`Node::first`].
    Set,
    Look(Look),
    Repeat {
        part: Box<Node>,
        min: u32,
        max: Option<u32>,
        greedy: bool,
    },
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
}

/// What may come next where a match is to go on: bytes, or the end of the haystack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ahead {
    pub(super) bytes: ByteSet,
    pub(super) end: bool,
}

impl Ahead {
    pub(super) const ANYTHING: Ahead = Ahead { bytes: ByteSet::ALL, end: true };
    pub(super) const NOTHING: Ahead = Ahead { bytes: ByteSet::NONE, end: false };

    pub(super) fn or(self, other: &Ahead) -> Ahead {
        Ahead { bytes: self.bytes.union(&other.bytes), end: self.end || other.end }
    }

    #[inline]
    pub(super) fn allows(&self, next: Option<&u8>) -> bool {
        next.map_or(self.end, |byte| self.bytes.contains(*byte))
    }
}

impl Node {
    pub(super) fn empty() -> Node {
        Node::nothing(NodeKind::Empty)
    }

    pub(super) fn flags() -> Node {
        Node::nothing(NodeKind::Flags)
    }

    pub(super) fn look(look: Look) -> Node {
        Node { passes_bytes: look != Look::End, ..Node::nothing(NodeKind::Look(look)) }
    }

    fn nothing(kind: NodeKind) -> Node {
        let first = ByteSet::NONE;
        Node { kind, first, passes_bytes: true, passes_end: true, is_empty: true, height: 0 }
    }

    /// `bytes`: not empty, the first of them being `first`.
    pub(super) fn literal(bytes: Range<usize>, last: usize, first: u8) -> Node {
        Node { kind: NodeKind::Literal { bytes, last }, ..Node::set(ByteSet::of(&[first])) }
    }

    pub(super) fn set(first: ByteSet) -> Node {
        let kind = NodeKind::Set;
        Node { kind, first, passes_bytes: false, passes_end: false, is_empty: false, height: 0 }
    }

    pub(super) fn repeat(part: Node, mut min: u32, mut max: Option<u32>, greedy: bool) -> Node {
        let height = part.height + 1;
        if part.is_empty {
            // Once is as often as any: this bounds what `(?:(?:){1000}){1000}` takes.
            min = min.min(1);
            max = Some(max.map_or(1, |max| max.min(1)));
        }
        if max == Some(0) {
            return Node { height, ..Node::empty() };
        }
        Node {
            first: part.first,
            passes_bytes: min == 0 || part.passes_bytes,
            passes_end: min == 0 || part.passes_end,
            is_empty: part.is_empty,
            height,
            kind: NodeKind::Repeat { part: Box::new(part), min, max, greedy },
        }
    }

    /// `written`: how many expressions the pattern has here.
    pub(super) fn concat(mut parts: Vec<Node>, written: usize) -> Node {
        let levels = usize::from(written > 1);
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return Node { height: only.height + levels, ..only };
        }
        let mut whole = Node::empty();
        for part in parts.iter().rev() {
            if part.passes_bytes {
                whole.first = whole.first.union(&part.first);
            } else {
                whole.first = part.first;
            }
            whole.passes_bytes &= part.passes_bytes;
            whole.passes_end &= part.passes_end;
            whole.is_empty &= part.is_empty;
            whole.height = whole.height.max(part.height);
        }
        whole.height += levels;
        whole.kind = NodeKind::Concat(parts);
        whole
    }

    /// `branches`: two or more.
    pub(super) fn alternate(branches: Vec<Node>) -> Node {
        let mut whole = Node { passes_bytes: false, passes_end: false, ..Node::empty() };
        for branch in &branches {
            whole.first = whole.first.union(&branch.first);
            whole.passes_bytes |= branch.passes_bytes;
            whole.passes_end |= branch.passes_end;
            whole.is_empty &= branch.is_empty;
            whole.height = whole.height.max(branch.height);
        }
        whole.height += 1;
        let are_sets = branches.iter().all(|branch| branch.as_set().is_some());
        whole.kind = if are_sets { NodeKind::Set } else { NodeKind::Alternate(branches) };
        whole
    }

    /// What may come next where this is to be matched, and then what `follow` allows.
    pub(super) fn before(&self, follow: &Ahead) -> Ahead {
        let passed = if self.passes_bytes { follow.bytes } else { ByteSet::NONE };
        Ahead { bytes: passed.union(&self.first), end: self.passes_end && follow.end }
    }

    /// The bytes of which it matches one, if that is what it does.
    pub(super) fn as_set(&self) -> Option<&ByteSet> {
        match &self.kind {
            NodeKind::Set => Some(&self.first),
            NodeKind::Literal { bytes, .. } if bytes.len() == 1 => Some(&self.first),
            _ => None,
        }
    }
}
