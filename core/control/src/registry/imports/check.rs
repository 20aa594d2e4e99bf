//! Tries entities: by the code that writes them, in a transaction that is thrown away.

use uuid::Uuid;

use super::bring::{Brought, fault, is_fault};
use super::facts;
use super::reader::{Reader, Unprovided};
use super::staged::Staged;
use super::state::{Phase, Position, Tally, Work};
use super::{FAULTS_MAX, Stepped, after_check, places};
use crate::ports::{Clock, Random};
use crate::registry::entity_transaction::EntityTransaction;
use crate::registry::{Error, Minted, Registry, records};
use crate::schema::{EntityKind, Object};
use latchkey_store::{Store, Write};

/// Entities that are tried in one transaction: it holds all of them.
const TRIED_AT_ONCE: usize = 40;
/// Entities that are tried before that is written down.
const TRIED_PER_STEP: usize = 250;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn check_step(
        &self,
        id: Uuid,
        work: &Work,
        from: Position,
        reader: &mut Reader,
    ) -> Result<(Stepped, Tally, usize), Error> {
        let parts = work.options.parts;
        let Some(batch) = reader.entities_at(&self.store, id, parts, from, TRIED_PER_STEP).await? else {
            let stepped = self.move_on(id, work, work.after(&Tally::default(), after_check(work))).await?;
            return Ok((stepped, Tally::default(), 1));
        };
        let (kind, at) = (batch.kind, batch.position);
        let unprovided = reader.unprovided(&self.store, id, at.part, work.run).await?;
        let mut tally = Tally::default();
        let (mut kept, mut tried) = (Vec::new(), 0);
        while tried < batch.entities.len() && tally.faults.len() < FAULTS_MAX {
            let until = batch.entities.len().min(tried + TRIED_AT_ONCE);
            let some = &batch.entities[tried..until];
            tried += self.try_some(kind, at.part, some, unprovided, &mut tally, &mut kept).await?;
        }
        if !work.options.dry_run {
            // What is done is told as it is done.
            tally.differences.clear();
        }
        if work.options.prune && work.options.dry_run {
            let put = |brought: Uuid| Write::Put(places::kept(id, work.run, kind, brought), Vec::new());
            self.write_beside(kept.into_iter().map(put).collect()).await?;
        }
        let after = work.after(&tally, Phase::Check(at.plus(tried)));
        Ok((self.move_on(id, work, after).await?, tally, tried))
    }

    /// Tries entities up to the first that has a fault. Answers how many.
    async fn try_some(
        &self,
        kind: EntityKind,
        part: u32,
        some: &[Staged],
        unprovided: &Unprovided,
        tally: &mut Tally,
        kept: &mut Vec<Uuid>,
    ) -> Result<usize, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let minted = self.minted();
        self.read_ahead(&mut transaction, kind, some).await?;
        for (at, staged) in some.iter().enumerate() {
            match self.try_one(&mut transaction, kind, staged, unprovided, &minted).await {
                Ok(brought) => {
                    kept.push(brought.id);
                    brought.count(kind, staged, tally);
                }
                Err(error) if is_fault(&error) => {
                    tally.done += 1;
                    tally.faults.push(fault(kind, part, staged, &error));
                    // What it has left in the transaction would speak against the next.
                    return Ok(at + 1);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(some.len())
    }

    async fn try_one(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        kind: EntityKind,
        staged: &Staged,
        unprovided: &Unprovided,
        minted: &Minted,
    ) -> Result<Brought, Error> {
        let mut sent = staged.object.clone();
        for (field, to, need) in facts::needs(kind, &staged.object) {
            let Some(need) = need.filter(|need| !unprovided.contains(&(staged.entity, need.field))) else {
                continue;
            };
            let stored = match need.id {
                Some(id) => Some(id),
                None => transaction.find(to, need.field.field(), &need.value).await?,
            };
            let is_stored = match stored {
                Some(stored) => transaction.load(to, stored).await?.is_some(),
                None => false,
            };
            // It is in the import, and will be stored when this is written.
            if !is_stored {
                let id = need.stand_in();
                let stand_in = Object::from_iter([("id".to_owned(), id.to_string().into())]);
                transaction.put_json(records::entity(to, id), &stand_in);
                sent.insert(field.to_owned(), serde_json::json!({"id": id}));
            }
        }
        self.bring(transaction, kind, staged, sent, minted).await
    }
}
