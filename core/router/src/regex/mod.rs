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

/// What an instruction that takes no byte counts for: it is tried, noted, left behind and come back to.
const CONTROL_STEPS: usize = 4;

/// What a literal counts for: it is compared sixteen bytes at a time.
fn literal_steps(bytes: usize) -> usize {
    1 + bytes / 16
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

    /// Steps that a search takes for each byte of a haystack, and for its end, at most.
    ///
    /// Each [`Split`](Instruction::Split), [`Run`](Instruction::Run) and [`Join`](Instruction::Join)
    /// is passed once at a position, and what follows on it up to the next takes bytes in a row: so at
    /// each position all of them can be under way, and of those that take a byte the ones that take the
    /// byte before it.
    pub fn steps_per_byte(&self) -> usize {
        let mut controls = 1;
        let mut takers = [0; 256];
        for instruction in &self.instructions {
            match instruction {
                Instruction::Byte(byte) => takers[usize::from(*byte)] += 1,
                Instruction::Literal { start, end } => {
                    let literal = &self.literals[*start as usize..*end as usize];
                    takers[usize::from(literal[0])] += literal_steps(literal.len());
                }
                Instruction::Set(set) => {
                    let set = &self.sets[usize::from(*set)];
                    let bytes = (0..=u8::MAX).filter(|byte| set.contains(*byte));
                    bytes.for_each(|byte| takers[usize::from(byte)] += 1);
                }
                Instruction::Split(_)
                | Instruction::Run(_)
                | Instruction::Join { .. }
                | Instruction::Look(_)
                | Instruction::Jump(_)
                | Instruction::Match => controls += 1,
            }
        }
        takers.into_iter().max().unwrap_or_default() + CONTROL_STEPS * controls
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
