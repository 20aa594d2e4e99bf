//! Regexes on bytes, knowing ASCII only: crate `regex` with `unicode(false)`, so that a Worker needs
//! no Unicode tables.
//!
//! What one adapter takes every other takes: `(?u)` is refused, because whether tables are there for it
//! depends on what else a program is built of.

use regex_syntax::ast::{self, Ast, Flag, Flags, GroupKind};
use regex_syntax::hir::{Class, Hir, HirKind, Repetition, translate::TranslatorBuilder};

/// A compiled regex.
#[derive(Debug)]
pub struct Regex {
    compiled: regex::bytes::Regex,
    prefix: Box<[u8]>,
    steps_per_byte: usize,
}

/// Where a match of a [`Regex`] may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the start of the haystack, letters as they are written: of a path.
    Start,
    /// Anywhere in the haystack, letters in either case: of a header field's value.
    Anywhere,
}

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not in order.
    Syntax {
        /// In the words of crate `regex-syntax`.
        reason: String,
        /// Where, in bytes from the start.
        offset: usize,
    },
    /// It cannot stand in a group: it ends within a comment.
    NotInGroup,
    /// It takes more than [`BYTES_MAX`].
    TooBig,
}

/// Largest compiled regex, in bytes: far above what a path needs, and a bound on memory.
/// A pattern of [`PATTERN_STEPS_PER_BYTE_MAX`](latchkey_published::limits::PATTERN_STEPS_PER_BYTE_MAX)
/// steps takes less.
pub const BYTES_MAX: usize = 256 * 1024;

/// Longest pattern: one of letters alone takes more than [`BYTES_MAX`] long before, and what does not,
/// comments and `{0}`, would take its time to be read.
const PATTERN_BYTES_MAX: usize = BYTES_MAX / 16;

/// How deep expressions may stand in each other, as `regex-syntax` counts them and has it by default.
const NESTING_MAX: u32 = 250;

/// What a group counts for: crate `regex` keeps room for its ends in every state.
const GROUP_STEPS: usize = 4;

/// Ranges of a class that are compared with a byte in the time of one step.
const RANGES_PER_STEP: usize = 4;

impl Regex {
    /// Compiles `pattern`.
    pub fn new(pattern: &str, place: Place) -> Result<Regex, Refusal> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(Refusal::TooBig);
        }
        let hir = parse(pattern, place)?;
        let (text, added_nesting) = match place {
            Place::Start => (format!(r"\A(?:{pattern})"), 2),
            Place::Anywhere => (pattern.to_owned(), 0),
        };
        let compiled = regex::bytes::RegexBuilder::new(&text)
            .unicode(false)
            .case_insensitive(place == Place::Anywhere)
            .nest_limit(NESTING_MAX + added_nesting)
            .size_limit(BYTES_MAX)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => Refusal::TooBig,
                _ => Refusal::NotInGroup,
            })?;
        let mut prefix = Vec::new();
        push_prefix(&hir, &mut prefix);
        Ok(Regex { compiled, prefix: prefix.into(), steps_per_byte: steps(&hir) })
    }

    /// Where the leftmost-first match ends, as Perl has it, in bytes from the start of `haystack`.
    pub fn match_end(&self, haystack: &[u8]) -> Option<usize> {
        self.compiled.find(haystack).map(|found| found.end())
    }

    /// Whether there is a match in `haystack`.
    pub fn is_match(&self, haystack: &[u8]) -> bool {
        self.compiled.is_match(haystack)
    }

    /// Bytes that every match begins with; may be fewer than there are.
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Steps that a search takes for each byte of a haystack, and for its end, at most.
    ///
    /// Crate `regex` has time linear in the haystack for every pattern: at a byte it passes each state
    /// of the pattern's automaton once at most. So steps are states, those of a counted repetition
    /// as often as it may be taken, and more for a state that takes longer.
    pub fn steps_per_byte(&self) -> usize {
        self.steps_per_byte
    }
}

fn parse(pattern: &str, place: Place) -> Result<Hir, Refusal> {
    let parsed = ast::parse::ParserBuilder::new().nest_limit(NESTING_MAX).build().parse(pattern);
    let ast = parsed.map_err(|error| refusal(error.kind(), error.span()))?;
    ast::visit(&ast, NoUnicode)?;
    let mut translator = TranslatorBuilder::new()
        .unicode(false)
        .utf8(false)
        .case_insensitive(place == Place::Anywhere)
        .build();
    translator.translate(pattern, &ast).map_err(|error| refusal(error.kind(), error.span()))
}

fn refusal(reason: &impl ToString, at: &ast::Span) -> Refusal {
    Refusal::Syntax { reason: reason.to_string(), offset: at.start.offset }
}

/// Refuses the flag `u`, unless it is turned off.
struct NoUnicode;

impl ast::Visitor for NoUnicode {
    type Output = ();
    type Err = Refusal;

    fn finish(self) -> Result<(), Refusal> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Refusal> {
        match ast {
            Ast::Flags(set) => no_unicode(&set.flags),
            Ast::Group(group) => match &group.kind {
                GroupKind::NonCapturing(flags) => no_unicode(flags),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn no_unicode(flags: &Flags) -> Result<(), Refusal> {
    match flags.flag_state(Flag::Unicode) {
        Some(true) => Err(refusal(&"Unicode not allowed here", &flags.span)),
        _ => Ok(()),
    }
}

/// Appends bytes that every match of `hir` starts with. Answers whether a match is exactly those bytes,
/// so that what follows `hir` may be appended too.
fn push_prefix(hir: &Hir, prefix: &mut Vec<u8>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            prefix.extend_from_slice(&literal.0);
            true
        }
        HirKind::Class(_) => false,
        HirKind::Repetition(repetition) => {
            if repetition.min >= 1 {
                push_prefix(&repetition.sub, prefix);
            }
            false
        }
        HirKind::Capture(capture) => push_prefix(&capture.sub, prefix),
        HirKind::Concat(parts) => parts.iter().all(|part| push_prefix(part, prefix)),
        HirKind::Alternation(branches) => {
            prefix.extend(common_prefix(branches));
            false
        }
    }
}

fn common_prefix(branches: &[Hir]) -> Vec<u8> {
    let prefixes = branches.iter().map(|branch| {
        let mut prefix = Vec::new();
        push_prefix(branch, &mut prefix);
        prefix
    });
    let common = prefixes.reduce(|mut common, other| {
        let shared = common.iter().zip(&other).take_while(|(left, right)| left == right).count();
        common.truncate(shared);
        common
    });
    common.unwrap_or_default()
}

/// States of the automaton of `hir`, in the time that a usual one takes.
fn steps(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(class)) => 1 + class.ranges().len() / RANGES_PER_STEP,
        HirKind::Class(Class::Unicode(class)) => 1 + class.ranges().len() / RANGES_PER_STEP,
        HirKind::Repetition(Repetition { min, max, sub, .. }) => {
            // Where it may be left there is a state more, and one where it may be gone through again.
            let (times, ways_out) = match max {
                Some(max) => (*max, max - min),
                None => (*min.max(&1), 1),
            };
            steps(sub).saturating_mul(times as usize).saturating_add(ways_out as usize)
        }
        HirKind::Capture(capture) => steps(&capture.sub).saturating_add(GROUP_STEPS),
        HirKind::Concat(parts) => sum(parts, 0),
        HirKind::Alternation(branches) => sum(branches, 1),
    }
}

/// Steps of all `parts`, and `more` with each.
fn sum(parts: &[Hir], more: usize) -> usize {
    parts.iter().fold(0, |total, part| total.saturating_add(steps(part)).saturating_add(more))
}

#[cfg(test)]
mod tests;
