//! Regexes on bytes, knowing ASCII only: the syntax and the meaning of crate `regex` with `unicode(false)`,
//! in a small part of its size.
//!
//! [`parse`] reads a pattern into a tree, [`program`] makes instructions of it, [`search`] runs them in time
//! that grows with the haystack alone.
//! Two things differ knowingly: `(?u)` is refused, and a group's name may have any character beyond ASCII.

mod byte_set;
mod class;
mod escape;
mod look;
mod node;
mod parse;
mod prefix;
mod program;
mod search;

use node::Ahead;
use program::Instruction;

pub(super) use byte_set::ByteSet;

/// A compiled regex.
#[derive(Debug)]
pub struct Regex {
    instructions: Box<[Instruction]>,
    sets: Box<[ByteSet]>,
    /// The bytes of all literals.
    literals: Box<[u8]>,
    /// How many instructions a search remembers having passed, by position.
    checkpoints: usize,
    /// What every match begins with.
    ahead: Ahead,
    /// Literal bytes that every match begins with.
    prefix: Box<[u8]>,
    ends_in_comment: bool,
}

/// Why a pattern is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not in order.
    Syntax {
        /// In the words of crate `regex-syntax`.
        reason: &'static str,
        /// Where, in bytes from the start.
        offset: usize,
    },
    /// It takes more than [`BYTES_MAX`].
    TooBig,
}

/// Largest compiled regex, in bytes: far above what a path needs, and a bound on the time one match takes.
pub const BYTES_MAX: usize = 256 * 1024;

impl Regex {
    /// Compiles `pattern`; `ignore_case` as `(?i)` before it.
    pub fn new(pattern: &str, ignore_case: bool) -> Result<Regex, Refusal> {
        if pattern.len() > BYTES_MAX {
            return Err(Refusal::TooBig);
        }
        program::compile(parse::parse(pattern, ignore_case)?)
    }

    /// Where the match ends that begins at the start of `haystack`: the leftmost-first one, as Perl has it.
    pub fn match_end(&self, haystack: &[u8]) -> Option<usize> {
        search::match_end(self, haystack)
    }

    /// Whether there is a match anywhere in `haystack`.
    pub fn is_match(&self, haystack: &[u8]) -> bool {
        search::is_match(self, haystack)
    }

    /// Bytes that every match begins with; may be fewer than there are.
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether matches begin at the start of a haystack only.
    fn is_anchored(&self) -> bool {
        matches!(self.instructions.first(), Some(Instruction::Look(look::Look::Start)))
    }

    /// Whether the pattern ends within a comment, which would take in what is written behind it.
    pub fn ends_in_comment(&self) -> bool {
        self.ends_in_comment
    }
}

#[cfg(test)]
mod tests;
