//! Makes instructions of a pattern's tree.

use super::byte_set::ByteSet;
use super::look::Look;
use super::node::{Ahead, Node, NodeKind};
use super::parse::Parsed;
use super::prefix::push_prefix;
use super::{BYTES_MAX, Refusal, Regex};

/// One step of a match. The next one is behind it unless it says otherwise.
///
/// Each instruction follows on one other alone, but for [`Instruction::Split`], [`Instruction::Run`] and
/// [`Instruction::Join`]: a search that passes none of those twice at one position is linear.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instruction {
    /// The end of the pattern.
    Match,
    Byte(u8),
    /// A range of the pattern's literals.
    Literal {
        start: u32,
        end: u32,
    },
    /// One byte of a set.
    Set(u16),
    Look(Look),
    /// Bytes of `set`, as many as there are, or else fewer.
    Run(Run),
    /// Goes on behind it or at a target.
    Split(Split),
    Jump(u16),
    /// Where several come together.
    Join {
        checkpoint: u16,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) set: u16,
    /// What may come behind it: bytes of a set, or the end of the haystack.
    pub(super) follow: u16,
    pub(super) follow_end: bool,
    /// Whether fewer bytes never help.
    pub(super) is_final: bool,
    pub(super) checkpoint: u16,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    pub(super) target: u16,
    pub(super) prefers_target: bool,
    /// What may come on each way, as in [`Run`].
    pub(super) next_set: u16,
    pub(super) next_end: bool,
    pub(super) target_set: u16,
    pub(super) target_end: bool,
    pub(super) checkpoint: u16,
}

/// What an instruction counts for.
const INSTRUCTION_BYTES: usize = size_of::<Instruction>();
/// What a checkpoint counts for beside it: a search may need a bit of it for every position,
/// and shall take less than 6 MiB for 16 KiB of path.
const CHECKPOINT_BYTES: usize = 96;

pub(super) fn compile(parsed: Parsed) -> Result<Regex, Refusal> {
    let Parsed { root, literals, ends_in_comment } = parsed;
    let mut compiler = Compiler {
        literals: &literals,
        instructions: Vec::new(),
        sets: Vec::new(),
        checkpoints: 0,
        bytes: literals.len(),
    };
    compiler.push_node(&root, &Ahead::ANYTHING)?;
    if let Some(Instruction::Run(run)) = compiler.instructions.last_mut() {
        run.is_final = true;
    }
    compiler.push(Instruction::Match)?;
    let mut prefix = Vec::new();
    push_prefix(&root, &literals, &mut prefix);
    let Compiler { instructions, sets, checkpoints, .. } = compiler;
    Ok(Regex {
        instructions: instructions.into(),
        sets: sets.into(),
        checkpoints: usize::from(checkpoints),
        literals: literals.into(),
        ahead: root.before(&Ahead::ANYTHING),
        prefix: prefix.into(),
        ends_in_comment,
    })
}

struct Compiler<'p> {
    literals: &'p [u8],
    instructions: Vec<Instruction>,
    sets: Vec<ByteSet>,
    checkpoints: u16,
    /// What all this takes, at most [`BYTES_MAX`]: so all the indices fit their types.
    bytes: usize,
}

impl Compiler<'_> {
    /// `follow`: what may come behind the node.
    fn push_node(&mut self, node: &Node, follow: &Ahead) -> Result<(), Refusal> {
        match &node.kind {
            NodeKind::Empty | NodeKind::Flags => Ok(()),
            NodeKind::Literal { bytes, .. } if bytes.len() == 1 => {
                self.push(Instruction::Byte(self.literals[bytes.start]))
            }
            NodeKind::Literal { bytes, .. } => {
                self.push(Instruction::Literal { start: bytes.start as u32, end: bytes.end as u32 })
            }
            NodeKind::Set => {
                let set = self.set(&node.first)?;
                self.push(Instruction::Set(set))
            }
            NodeKind::Look(look) => self.push(Instruction::Look(*look)),
            NodeKind::Repeat { part, min, max, greedy } => {
                self.push_repeat(part, *min, *max, *greedy, follow)
            }
            NodeKind::Concat(parts) => {
                let follows = parts.iter().rev().scan(*follow, |follow, part| {
                    let own = *follow;
                    *follow = part.before(&own);
                    Some(own)
                });
                let follows: Vec<Ahead> = follows.collect();
                parts
                    .iter()
                    .zip(follows.iter().rev())
                    .try_for_each(|(part, follow)| self.push_node(part, follow))
            }
            NodeKind::Alternate(branches) => self.push_alternate(branches, follow),
        }
    }

    fn push_alternate(&mut self, branches: &[Node], follow: &Ahead) -> Result<(), Refusal> {
        let rests = branches.iter().rev().scan(Ahead::NOTHING, |rest, branch| {
            let own = *rest;
            *rest = rest.or(&branch.before(follow));
            Some(own)
        });
        let mut rests: Vec<Ahead> = rests.collect();
        let mut jumps = Vec::new();
        for branch in branches {
            let rest = rests.pop().unwrap_or(Ahead::NOTHING);
            if rests.is_empty() {
                self.push_node(branch, follow)?;
                break;
            }
            let split = self.push_split(&branch.before(follow), &rest, false)?;
            self.push_node(branch, follow)?;
            jumps.push(self.instructions.len());
            self.push(Instruction::Jump(0))?;
            self.aim(split);
        }
        self.push_join(&jumps)
    }

    fn push_repeat(
        &mut self,
        part: &Node,
        min: u32,
        max: Option<u32>,
        greedy: bool,
        follow: &Ahead,
    ) -> Result<(), Refusal> {
        // What may come where the part may be repeated or left.
        let again =
            if max == Some(min) { *follow } else { follow.or(&Ahead { end: false, bytes: part.first }) };
        let Some(max) = max else {
            if let Some(set) = part.as_set().filter(|_| greedy) {
                self.push_times(part, min, &again)?;
                return self.push_run(set, follow);
            }
            return self.push_unbounded(part, min, greedy, &again, follow);
        };
        self.push_times(part, min, &again)?;
        let mut exits = Vec::new();
        for _ in min..max {
            exits.push(self.push_split(&part.before(&again), follow, !greedy)?);
            self.push_node(part, &again)?;
        }
        if exits.is_empty() { Ok(()) } else { self.push_join(&exits) }
    }

    /// `times` times `part`, then what `follow` allows.
    fn push_times(&mut self, part: &Node, times: u32, follow: &Ahead) -> Result<(), Refusal> {
        for left in (0..times).rev() {
            let own = if left == 0 { *follow } else { part.before(follow) };
            self.push_node(part, &own)?;
        }
        Ok(())
    }

    fn push_unbounded(
        &mut self,
        part: &Node,
        min: u32,
        greedy: bool,
        again: &Ahead,
        follow: &Ahead,
    ) -> Result<(), Refusal> {
        let way_in = part.before(again);
        if min == 0 && !part.passes_bytes && !part.passes_end {
            let split = self.push_split(&way_in, follow, !greedy)?;
            self.push_node(part, again)?;
            self.push(Instruction::Jump(split as u16))?;
            self.aim(split);
            return Ok(());
        }
        // A part that can match nothing is left alone or taken once and more,
        // not taken as often as may be: else what is preferred goes wrong.
        let skip = if min == 0 { Some(self.push_split(&way_in, follow, !greedy)?) } else { None };
        self.push_times(part, min.saturating_sub(1), &way_in)?;
        let start = self.instructions.len();
        // The way back comes in here too.
        let join = self.checkpoint()?;
        self.push(Instruction::Join { checkpoint: join })?;
        self.push_node(part, again)?;
        let back = self.push_split(follow, &way_in, greedy)?;
        if let Instruction::Split(split) = &mut self.instructions[back] {
            split.target = start as u16;
        }
        match skip {
            Some(skip) => self.push_join(&[skip]),
            None => Ok(()),
        }
    }

    fn push_run(&mut self, set: &ByteSet, follow: &Ahead) -> Result<(), Refusal> {
        let apart = set.intersection(&follow.bytes) == ByteSet::NONE;
        let run = Run {
            set: self.set(set)?,
            follow: self.set(&follow.bytes)?,
            follow_end: follow.end,
            is_final: apart,
            checkpoint: self.checkpoint()?,
        };
        self.push(Instruction::Run(run))
    }

    /// Pushes a split whose target is still to be set, and answers with its place.
    fn push_split(&mut self, next: &Ahead, target: &Ahead, prefers_target: bool) -> Result<usize, Refusal> {
        let split = Split {
            target: 0,
            prefers_target,
            next_set: self.set(&next.bytes)?,
            next_end: next.end,
            target_set: self.set(&target.bytes)?,
            target_end: target.end,
            checkpoint: self.checkpoint()?,
        };
        self.push(Instruction::Split(split))?;
        Ok(self.instructions.len() - 1)
    }

    /// Pushes the place where `exits` go on.
    fn push_join(&mut self, exits: &[usize]) -> Result<(), Refusal> {
        exits.iter().for_each(|exit| self.aim(*exit));
        let checkpoint = self.checkpoint()?;
        self.push(Instruction::Join { checkpoint })
    }

    /// Lets the instruction at `place` go on at the next one to be pushed.
    fn aim(&mut self, place: usize) {
        let here = self.instructions.len() as u16;
        match &mut self.instructions[place] {
            Instruction::Split(Split { target, .. }) | Instruction::Jump(target) => *target = here,
            _ => {}
        }
    }

    fn push(&mut self, instruction: Instruction) -> Result<(), Refusal> {
        self.take(INSTRUCTION_BYTES)?;
        self.instructions.push(instruction);
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<u16, Refusal> {
        self.take(CHECKPOINT_BYTES)?;
        self.checkpoints += 1;
        Ok(self.checkpoints - 1)
    }

    fn set(&mut self, set: &ByteSet) -> Result<u16, Refusal> {
        // The same few come again and again.
        let known = self.sets.iter().rposition(|known| known == set);
        let index = match known {
            Some(index) => index,
            None => {
                self.take(size_of::<ByteSet>())?;
                self.sets.push(*set);
                self.sets.len() - 1
            }
        };
        Ok(index as u16)
    }

    fn take(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.bytes += bytes;
        if self.bytes > BYTES_MAX { Err(Refusal::TooBig) } else { Ok(()) }
    }
}
