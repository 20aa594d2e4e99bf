//! How far an import has come: its record, and what is answered of it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::FAULTS_MAX;
use crate::schema::EntityKind;

/// The record of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ImportState {
    /// When it was last called, in milliseconds since the Unix epoch.
    pub(super) touched_ms: u64,
    /// One more than the highest part that was sent.
    pub(super) parts_end: u32,
    /// Keys of the tags of keys made elsewhere, as lower-case hex.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tag_keys: Vec<String>,
    /// How often it was begun: what an earlier run has left beside does not count.
    pub(super) run: u32,
    /// `None`: it was not begun, or not again since a part was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) work: Option<Work>,
    /// Whether it is forgotten, and only its records have still to go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_dropped: bool,
}

/// How an import was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOptions {
    /// How many parts it has.
    pub parts: u32,
    /// Whether what it does not have is deleted.
    pub prune: bool,
    /// Whether nothing is written but what it would do is told.
    pub dry_run: bool,
    /// Tags that an entity must have all of to be deleted.
    pub select_tags: Vec<String>,
}

/// An import that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Work {
    pub(super) options: ImportOptions,
    /// Which beginning it is, from 1.
    pub(super) run: u32,
    pub(super) phase: Phase,
    /// Entities so far in this phase.
    pub(super) done: u64,
    /// Entities of all parts.
    pub(super) total: u64,
    pub(super) created: u64,
    pub(super) changed: u64,
    pub(super) unchanged: u64,
    pub(super) deleted: u64,
    /// Faults so far.
    pub(super) faulty: u64,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) faults: Vec<Fault>,
}

/// What an import does now, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// Parts are compared with each other, by the hashes of this bucket next.
    Compare { bucket: u8 },
    /// Entities are tried.
    Check(Position),
    /// Entities are written.
    Write(Position),
    /// What is stored of a kind, by its place in the order of deletion, and was not brought is deleted, after
    /// the entity named.
    Prune { kind: u8, after: Option<Uuid> },
    /// All is done.
    Done,
    /// It has faults: nothing was written.
    Refused,
}

/// An entity of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Position {
    /// Its kind, by its place in the order of writing.
    pub(super) kind: u8,
    pub(super) part: u32,
    /// Which of its part's records of the kind it is in.
    pub(super) chunk: u32,
    /// Its place there.
    pub(super) entity: u32,
}

impl Position {
    pub(super) const START: Position = Position { kind: 0, part: 0, chunk: 0, entity: 0 };

    pub(super) fn plus(self, entities: usize) -> Self {
        Position { entity: self.entity + u32::try_from(entities).unwrap_or(u32::MAX), ..self }
    }
}

/// What is wrong with an entity of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The part it is in; `None`: it is in none, but stored.
    pub part: Option<u32>,
    /// Its place there, from 0.
    pub entity: Option<u32>,
    /// Name of its kind.
    pub kind: String,
    /// What it is called, as far as that is no secret.
    pub name: Option<String>,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// What an import does to an entity, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its kind.
    pub kind: EntityKind,
    /// Its id.
    pub id: Uuid,
    /// What it is called, as far as that is no secret.
    pub name: Option<String>,
    /// `create`, `change` or `delete`.
    pub does: &'static str,
    /// Names of the fields that change.
    pub fields: Vec<String>,
}

/// How an import stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// The import.
    pub id: Uuid,
    /// `receiving`, `checking`, `writing`, `pruning`, `done` or `refused`.
    pub state: &'static str,
    /// Entities so far in this state.
    pub done: u64,
    /// Entities in all.
    pub total: u64,
    /// Entities that were made, or would be.
    pub created: u64,
    /// Entities that were changed, or would be.
    pub changed: u64,
    /// Entities that are as they were.
    pub unchanged: u64,
    /// Entities that were deleted, or would be.
    pub deleted: u64,
    /// What this call did, or would do.
    pub differences: Vec<Difference>,
    /// What this call found wrong; where it had nothing to do, the first faults of all.
    pub faults: Vec<Fault>,
}

/// What a bit of work has come to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) done: u64,
    pub(super) created: u64,
    pub(super) changed: u64,
    pub(super) unchanged: u64,
    pub(super) deleted: u64,
    pub(super) differences: Vec<Difference>,
    pub(super) faults: Vec<Fault>,
    /// Faults besides these.
    pub(super) unnamed: u64,
}

impl Phase {
    /// The beginning of pruning.
    pub(super) const PRUNE: Phase = Phase::Prune { kind: 0, after: None };

    /// Whether nothing is left to do.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Phase::Done | Phase::Refused)
    }

    fn name(self) -> &'static str {
        match self {
            Phase::Compare { .. } | Phase::Check(_) => "checking",
            Phase::Write(_) => "writing",
            Phase::Prune { .. } => "pruning",
            Phase::Done => "done",
            Phase::Refused => "refused",
        }
    }
}

impl Work {
    pub(super) fn new(options: ImportOptions, run: u32, total: u64) -> Self {
        Work {
            options,
            run,
            phase: Phase::Compare { bucket: 0 },
            done: 0,
            total,
            created: 0,
            changed: 0,
            unchanged: 0,
            deleted: 0,
            faulty: 0,
            faults: Vec::new(),
        }
    }

    /// Whether it has changed anything, or may have.
    pub(super) fn has_written(&self) -> bool {
        let phase = matches!(self.phase, Phase::Write(_) | Phase::Prune { .. } | Phase::Done);
        phase && !self.options.dry_run
    }

    /// How it stands after this. What was found in checking is counted anew while it is written.
    pub(super) fn after(&self, tally: &Tally, phase: Phase) -> Self {
        let mut work = self.clone();
        work.done += tally.done;
        work.created += tally.created;
        work.changed += tally.changed;
        work.unchanged += tally.unchanged;
        work.deleted += tally.deleted;
        work.faulty += tally.faults.len() as u64 + tally.unnamed;
        let room = FAULTS_MAX.saturating_sub(work.faults.len());
        work.faults.extend(tally.faults.iter().take(room).cloned());
        if work.phase.name() != phase.name() && !phase.is_over() {
            work.done = 0;
        }
        if matches!((work.phase, phase), (Phase::Check(_), Phase::Write(_))) {
            (work.created, work.changed, work.unchanged) = (0, 0, 0);
        }
        work.phase = phase;
        work
    }
}

impl ImportState {
    pub(super) fn report(&self, id: Uuid) -> ImportReport {
        match &self.work {
            Some(work) => ImportReport::of(id, work),
            None => ImportReport::received(id),
        }
    }
}

impl ImportReport {
    /// How the work stands, with the first faults.
    pub(super) fn of(id: Uuid, work: &Work) -> Self {
        // How many there will be to look through is not known before.
        let is_pruning = matches!(work.phase, Phase::Prune { .. });
        ImportReport {
            state: work.phase.name(),
            done: work.done,
            total: if is_pruning { work.done } else { work.total },
            created: work.created,
            changed: work.changed,
            unchanged: work.unchanged,
            deleted: work.deleted,
            faults: work.faults.clone(),
            ..ImportReport::received(id)
        }
    }

    fn received(id: Uuid) -> Self {
        ImportReport {
            id,
            state: "receiving",
            done: 0,
            total: 0,
            created: 0,
            changed: 0,
            unchanged: 0,
            deleted: 0,
            differences: Vec::new(),
            faults: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first program with imports stored them (`core/published/golden`): programs of before read what is
    /// written today.
    #[test]
    fn states_read_as_they_were_stored() {
        let golden = include_str!("../../../../published/golden/1/import-states.jsonl");
        let states: Vec<ImportState> =
            golden.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for (line, state) in golden.lines().zip(&states) {
            assert_eq!(serde_json::to_string(state).unwrap(), line);
        }
        let phases: Vec<Option<Phase>> =
            states.iter().map(|state| state.work.as_ref().map(|work| work.phase)).collect();
        let position = Position { kind: 3, part: 1, chunk: 2, entity: 7 };
        assert_eq!(
            phases,
            [
                None,
                Some(Phase::Write(position)),
                Some(Phase::Prune { kind: 1, after: Some(Uuid::from_u128(2)) }),
                Some(Phase::Compare { bucket: 3 }),
                Some(Phase::Done),
                None,
            ]
        );
        let names: Vec<&str> = states.iter().map(|state| state.report(Uuid::nil()).state).collect();
        assert_eq!(names, ["receiving", "writing", "pruning", "checking", "done", "receiving"]);
        assert!(states[5].is_dropped && states[1].work.as_ref().unwrap().has_written());
    }
}
