//! Compares the parts of an import with each other.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::facts::{self, BUCKETS, FieldCode};
use super::reader::{Unresolved, get_all};
use super::state::{Fault, Phase, Position, Tally, Work};
use super::{FAULTS_MAX, Stepped, places};
use crate::ports::{Clock, Random};
use crate::registry::{Error, Registry};
use latchkey_published::limits;
use latchkey_store::{Batch, Store, Write};

/// Facts that count for one unit of work.
const FACTS_PER_UNIT: usize = 500;
/// Facts that are compared before that is written down, and those of one bucket more.
const FACTS_PER_STEP: usize = 20_000;

/// A fact and the part that it is from. Those of one value are together, who has it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    hash: u128,
    is_needed: bool,
    part: u32,
    entity: u32,
    field: FieldCode,
}

/// What comparing has found.
#[derive(Default)]
struct Compared {
    /// Entities with a value that another has, with that one.
    clashes: Vec<(Placed, Placed)>,
    /// References that no part provides, by part.
    unresolved: BTreeMap<u32, Vec<(u32, u8)>>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Compares what falls into the next buckets: into several at once where that is little.
    pub(super) async fn compare_step(
        &self,
        id: Uuid,
        work: &Work,
        from: u8,
    ) -> Result<(Stepped, Tally, usize), Error> {
        let (mut tally, mut bucket, mut count) = (Tally::default(), from, 0);
        while bucket < BUCKETS && count < FACTS_PER_STEP && tally.faults.len() < FAULTS_MAX {
            let facts = self.facts_of(id, work.options.parts, bucket).await?;
            let compared = compared(&facts);
            self.leave_unresolved(id, work.run, bucket, compared.unresolved).await?;
            self.tell_clashes(id, &compared.clashes, &mut tally).await?;
            (bucket, count) = (bucket + 1, count + facts.len());
        }
        let phase = match bucket < BUCKETS {
            true => Phase::Compare { bucket },
            false => Phase::Check(Position::START),
        };
        let stepped = self.move_on(id, work, work.after(&tally, phase)).await?;
        Ok((stepped, tally, 1 + count / FACTS_PER_UNIT))
    }

    /// Adds entities that have a value of another to the faults, as far as there is room for them.
    async fn tell_clashes(
        &self,
        id: Uuid,
        clashes: &[(Placed, Placed)],
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let room = FAULTS_MAX - tally.faults.len().min(FAULTS_MAX);
        for (fault, first) in clashes.iter().take(room) {
            tally.faults.extend(self.clash(id, fault, first).await?);
        }
        tally.unnamed += clashes.len().saturating_sub(room) as u64;
        Ok(())
    }

    /// The facts of all parts in a bucket, in order.
    async fn facts_of(&self, id: Uuid, parts: u32, bucket: u8) -> Result<Vec<Placed>, Error> {
        let keys: Vec<_> = (0..parts).map(|part| places::facts(id, part, bucket)).collect();
        let mut all = Vec::new();
        for (part, record) in (0..).zip(get_all(&self.store, &keys).await?) {
            let Some(record) = record else { continue };
            all.extend(facts::decode(&record.value).map(|fact| Placed {
                hash: fact.hash,
                is_needed: fact.is_needed,
                part,
                entity: fact.entity,
                field: fact.field,
            }));
        }
        all.sort_unstable();
        Ok(all)
    }

    async fn leave_unresolved(
        &self,
        id: Uuid,
        run: u32,
        bucket: u8,
        unresolved: BTreeMap<u32, Vec<(u32, u8)>>,
    ) -> Result<(), Error> {
        let put = |(part, needs)| {
            let record = serde_json::to_vec(&Unresolved { run, needs }).expect("numbers only");
            Write::Put(places::unresolved(id, part, bucket), record)
        };
        let writes: Vec<Write> = unresolved.into_iter().map(put).collect();
        self.write_beside(writes).await
    }

    /// Writes records of an import that nobody relies on before its own is moved on.
    pub(super) async fn write_beside(&self, writes: Vec<Write>) -> Result<(), Error> {
        for some in writes.chunks(limits::BATCH_RECORDS_MAX) {
            self.store.commit(Batch { checks: Vec::new(), writes: some.to_vec() }).await?;
        }
        Ok(())
    }

    /// What is said of an entity that has a value of another.
    async fn clash(&self, id: Uuid, fault: &Placed, first: &Placed) -> Result<Option<Fault>, Error> {
        let Some((kind, staged)) = self.find_received(id, fault.part, fault.entity).await? else {
            return Ok(None);
        };
        let field = fault.field.field();
        let message = format!("its {field} is also that of part {}, entity {}", first.part, first.entity);
        Ok(Some(Fault {
            part: Some(fault.part),
            entity: Some(fault.entity),
            kind: kind.name().to_owned(),
            name: staged.name(kind),
            message,
        }))
    }
}

fn compared(facts: &[Placed]) -> Compared {
    let mut found = Compared::default();
    for same in facts.chunk_by(|one, other| one.hash == other.hash) {
        let have = same.partition_point(|fact| !fact.is_needed);
        let (having, needing) = same.split_at(have);
        match having.split_first() {
            Some((first, others)) => found.clashes.extend(others.iter().map(|other| (*other, *first))),
            None => {
                for need in needing {
                    found.unresolved.entry(need.part).or_default().push((need.entity, need.field.0));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_value_is_told_from_who_asks_for_it() {
        let fact =
            |hash, is_needed, part, entity| Placed { hash, is_needed, part, entity, field: FieldCode(5) };
        let mut facts = vec![
            fact(1, true, 0, 0),
            fact(1, false, 1, 0),
            fact(2, true, 3, 4),
            fact(3, false, 2, 0),
            fact(3, false, 0, 9),
        ];
        facts.sort_unstable();
        let found = compared(&facts);
        let clashes: Vec<_> = found.clashes.iter().map(|(one, first)| (one.part, first.part)).collect();
        assert_eq!(clashes, [(2, 0)]);
        assert_eq!(found.unresolved, BTreeMap::from([(3, vec![(4, 5)])]));
    }
}
