//! Runs a program: one way at a time, the preferred first, coming back to others when it fails.
//!
//! Most patterns never come back: at every split the next byte says which way alone can succeed.
//! Where more than one can, it is noted from then on which instruction was passed at which position:
//! what has failed once is not tried again, so the time is bounded by the program's length
//! times the haystack's.

use super::Regex;
use super::program::{Instruction, Run, Split};

pub(super) fn match_end(regex: &Regex, haystack: &[u8]) -> Option<usize> {
    if !regex.ahead.allows(haystack.first()) {
        return None;
    }
    Search::new(regex, haystack).run(0)
}

pub(super) fn is_match(regex: &Regex, haystack: &[u8]) -> bool {
    search_anywhere(&mut Search::new(regex, haystack))
}

/// Steps that it takes to tell whether there is a match.
#[cfg(test)]
pub(super) fn steps(regex: &Regex, haystack: &[u8]) -> usize {
    let mut search = Search::new(regex, haystack);
    search_anywhere(&mut search);
    search.steps
}

fn search_anywhere(search: &mut Search<'_>) -> bool {
    let Search { regex, haystack, .. } = *search;
    let last = if regex.is_anchored() { 0 } else { haystack.len() };
    let mut starts = (0..=last).filter(|start| regex.ahead.allows(haystack.get(*start)));
    let Some(first) = starts.next() else { return false };
    if search.run(first).is_some() {
        return true;
    }
    // What failed from there would come up again, from other starts.
    search.notes_passed = true;
    starts.any(|start| search.run(start).is_some())
}

/// Room for the checkpoints of a haystack like most: three in 300 bytes.
const FEW_WORDS: usize = 16;
/// More than most searches leave.
const MANY_WAYS: usize = 16;

struct Search<'a> {
    regex: &'a Regex,
    haystack: &'a [u8],
    /// Ways to come back to, the preferred last.
    ways: Vec<Way>,
    notes_passed: bool,
    /// A bit for every checkpoint and position, in `many_passed` when there are many.
    few_passed: [u64; FEW_WORDS],
    many_passed: Vec<u64>,
    is_short: bool,
    #[cfg(test)]
    steps: usize,
}

struct Way {
    /// Where to go on; a run stays where it is and goes on behind it.
    place: usize,
    is_run: bool,
    /// Lowest and highest position from which to go on.
    low: usize,
    high: usize,
}

impl<'a> Search<'a> {
    fn new(regex: &'a Regex, haystack: &'a [u8]) -> Self {
        Search {
            regex,
            haystack,
            ways: Vec::new(),
            notes_passed: false,
            few_passed: [0; FEW_WORDS],
            many_passed: Vec::new(),
            is_short: words(regex, haystack) <= FEW_WORDS,
            #[cfg(test)]
            steps: 0,
        }
    }

    /// Where the match ends that begins at `start`.
    fn run(&mut self, start: usize) -> Option<usize> {
        let regex = self.regex;
        let mut at = start;
        let mut place = 0;
        loop {
            self.count(1);
            // Where to go on, and from which position.
            let next = match &regex.instructions[place] {
                Instruction::Match => return Some(at),
                Instruction::Byte(byte) => {
                    (self.haystack.get(at) == Some(byte)).then_some((place + 1, at + 1))
                }
                Instruction::Literal { start, end } => {
                    let literal = &regex.literals[*start as usize..*end as usize];
                    let is_next = self.haystack[at..].starts_with(literal);
                    self.count(if is_next { super::literal_steps(literal.len()) } else { 0 });
                    is_next.then_some((place + 1, at + literal.len()))
                }
                Instruction::Set(set) => {
                    let is_next = self.haystack.get(at).is_some_and(|byte| self.has(*set, *byte));
                    is_next.then_some((place + 1, at + 1))
                }
                Instruction::Look(look) => look.holds(self.haystack, at).then_some((place + 1, at)),
                Instruction::Jump(target) => Some((usize::from(*target), at)),
                Instruction::Join { checkpoint } => {
                    (!self.notes_passed || self.pass(*checkpoint, at)).then_some((place + 1, at))
                }
                Instruction::Split(split) => self.split(split, place, at),
                Instruction::Run(run) => self.run_on(run, place, at),
            };
            (place, at) = match next {
                Some(next) => next,
                None => self.come_back()?,
            };
        }
    }

    /// Chooses a way at the split at `place`; answers with the next place and position, as `run` goes on.
    fn split(&mut self, split: &Split, place: usize, at: usize) -> Option<(usize, usize)> {
        let (next, target) = match self.haystack.get(at) {
            Some(byte) => (self.has(split.next_set, *byte), self.has(split.target_set, *byte)),
            None => (split.next_end, split.target_end),
        };
        self.notes_passed |= next && target;
        if !(next || target) || self.notes_passed && !self.pass(split.checkpoint, at) {
            return None;
        }
        let (next_place, target_place) = (place + 1, usize::from(split.target));
        let goes_to_target = if next && target { split.prefers_target } else { target };
        if next && target {
            let other = if goes_to_target { next_place } else { target_place };
            self.leave(Way { place: other, is_run: false, low: at, high: at });
        }
        Some((if goes_to_target { target_place } else { next_place }, at))
    }

    /// Takes what the run at `place` can of the haystack from `start`.
    fn run_on(&mut self, run: &Run, place: usize, start: usize) -> Option<(usize, usize)> {
        let set = &self.regex.sets[usize::from(run.set)];
        let ends = |byte: &u8| !set.contains(*byte);
        self.notes_passed |= !run.is_final;
        if !self.notes_passed {
            let rest = &self.haystack[start..];
            let end = start + rest.iter().position(ends).unwrap_or(rest.len());
            self.count(end - start);
            return Some((place + 1, end));
        }
        let mut end = start;
        // From a position passed before, that and all that follow have been tried.
        while self.pass(run.checkpoint, end) {
            self.count(1);
            if self.haystack.get(end).is_none_or(ends) {
                return if run.is_final {
                    Some((place + 1, end))
                } else {
                    self.end_run(run, place, start, end)
                };
            }
            end += 1;
        }
        if run.is_final { None } else { self.end_run(run, place, start, end.checked_sub(1)?) }
    }

    /// Ends a run as late as may be, from `low` to `high`.
    fn end_run(&mut self, run: &Run, place: usize, low: usize, high: usize) -> Option<(usize, usize)> {
        let can_end = |at: &usize| match self.haystack.get(*at) {
            Some(byte) => self.has(run.follow, *byte),
            None => run.follow_end,
        };
        let found = (low..=high).rev().find(can_end);
        self.count(high + 1 - found.unwrap_or(low));
        let at = found?;
        if at > low {
            self.leave(Way { place, is_run: true, low, high: at - 1 });
        }
        Some((place + 1, at))
    }

    /// Goes on at the way left last.
    fn come_back(&mut self) -> Option<(usize, usize)> {
        loop {
            self.count(1);
            let Way { place, is_run, low, high } = self.ways.pop()?;
            let next = match self.regex.instructions[place] {
                Instruction::Run(run) if is_run => self.end_run(&run, place, low, high),
                _ => Some((place, low)),
            };
            if next.is_some() {
                return next;
            }
        }
    }

    /// Leaves a way, to be come back to.
    fn leave(&mut self, way: Way) {
        if self.ways.capacity() == 0 {
            self.ways.reserve(MANY_WAYS);
        }
        self.ways.push(way);
    }

    /// Counts steps, for the test of their bound.
    #[inline]
    fn count(&mut self, steps: usize) {
        #[cfg(test)]
        {
            self.steps += steps;
        }
        #[cfg(not(test))]
        let _ = steps;
    }

    #[inline]
    fn has(&self, set: u16, byte: u8) -> bool {
        self.regex.sets[usize::from(set)].contains(byte)
    }

    /// Notes that a checkpoint is passed; false when it was before.
    #[inline]
    fn pass(&mut self, checkpoint: u16, at: usize) -> bool {
        let positions = self.haystack.len() + 1;
        let bit = usize::from(checkpoint) * positions + at;
        let words = if self.is_short { &mut self.few_passed[..] } else { self.many_passed() };
        let (word, mask) = (&mut words[bit / 64], 1 << (bit % 64));
        let is_first = *word & mask == 0;
        *word |= mask;
        is_first
    }

    fn many_passed(&mut self) -> &mut [u64] {
        if self.many_passed.is_empty() {
            self.many_passed = vec![0; words(self.regex, self.haystack)];
        }
        &mut self.many_passed
    }
}

/// Words with a bit for every checkpoint and position.
fn words(regex: &Regex, haystack: &[u8]) -> usize {
    (regex.checkpoints * (haystack.len() + 1)).div_ceil(64)
}
