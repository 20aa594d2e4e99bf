//! Which entities of a list there are: ids in order, from one index or from several at once.

use std::collections::VecDeque;

use futures_util::future::try_join_all;
use uuid::Uuid;

use super::Registry;
use super::error::Error;
use super::present::is_visible;
use super::records;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_store::feed::decode;
use latchkey_store::{Store, StoreError};

/// Ids read from an index at once.
const READ_AT_ONCE: usize = 200;
/// Entities read at the same time.
const LOADED_AT_ONCE: usize = 32;

/// The ids in one index, in order.
pub(super) struct Ids<'s, S> {
    store: &'s S,
    partition: String,
    prefix: String,
    after: Option<Uuid>,
    read: VecDeque<Uuid>,
    ended: bool,
}

impl<'s, S: Store> Ids<'s, S> {
    /// Those after `after`.
    pub(super) fn new(store: &'s S, partition: String, prefix: String, after: Option<Uuid>) -> Self {
        Ids { store, partition, prefix, after, read: VecDeque::new(), ended: false }
    }

    /// The first of those that are left.
    pub(super) async fn first(&mut self) -> Result<Option<Uuid>, Error> {
        if self.read.is_empty() && !self.ended {
            let after = self.after.map(|id| format!("{}{id}", self.prefix));
            let page = self.store.scan(&self.partition, &self.prefix, after.as_deref(), READ_AT_ONCE).await?;
            for (sort, _) in &page.records {
                self.read.push_back(parse(&sort[self.prefix.len()..])?);
            }
            self.after = self.read.back().copied().or(self.after);
            self.ended = !page.more || page.records.is_empty();
        }
        Ok(self.read.front().copied())
    }

    /// Leaves out what comes before `id`, most of it unread.
    pub(super) fn skip_to(&mut self, id: Uuid) {
        while self.read.front().is_some_and(|first| *first < id) {
            self.read.pop_front();
        }
        if self.read.is_empty() {
            self.after = self.after.max(before(id));
        }
    }
}

fn parse(sort: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(sort).map_err(|_| Error::Store(StoreError::Failed(format!("no id in an index: {sort}"))))
}

/// The id before; `None` before the first.
pub(super) fn before(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_sub(1).map(Uuid::from_u128)
}

/// The ids that are in any of several indexes, or in all of them.
pub(super) struct Selection<'s, S> {
    pub(super) indexes: Vec<Ids<'s, S>>,
    pub(super) in_all: bool,
}

impl<S: Store> Selection<'_, S> {
    /// Up to `limit` more; fewer at the end alone.
    pub(super) async fn next(&mut self, limit: usize) -> Result<Vec<Uuid>, Error> {
        let mut ids = Vec::new();
        while ids.len() < limit {
            let Some(id) = self.next_one().await? else { break };
            ids.push(id);
        }
        Ok(ids)
    }

    async fn next_one(&mut self) -> Result<Option<Uuid>, Error> {
        loop {
            let mut firsts = Vec::with_capacity(self.indexes.len());
            for index in &mut self.indexes {
                firsts.extend(index.first().await?);
            }
            let (Some(least), Some(most)) = (firsts.iter().min(), firsts.iter().max()) else {
                return Ok(None);
            };
            if self.in_all && firsts.len() < self.indexes.len() {
                return Ok(None);
            }
            let found = if self.in_all { (least == most).then_some(*least) } else { Some(*least) };
            let next = match found {
                Some(found) => after(found),
                None => Some(*most),
            };
            match next {
                Some(next) => self.indexes.iter_mut().for_each(|index| index.skip_to(next)),
                // There is none after the last id of all.
                None => self.indexes.clear(),
            }
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}

fn after(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_add(1).map(Uuid::from_u128)
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Those of some entities that are there to be seen, in the same order.
    pub(super) async fn load_all(
        &self,
        kind: EntityKind,
        ids: &[Uuid],
        now_ms: u64,
    ) -> Result<Vec<Object>, Error> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(LOADED_AT_ONCE) {
            let keys: Vec<_> = some.iter().map(|id| records::entity(kind, *id)).collect();
            let records = try_join_all(keys.iter().map(|key| self.store.get(key))).await?;
            for record in records.into_iter().flatten() {
                found.push(decode(&record.value)?);
            }
        }
        found.retain(|object| is_visible(object, now_ms));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_store::memory::MemoryStore;
    use latchkey_store::{Batch, RecordKey, Write};

    async fn store(indexes: &[&[u128]]) -> MemoryStore {
        let store = MemoryStore::default();
        for (at, ids) in indexes.iter().enumerate() {
            for ids in ids.chunks(50) {
                let put = |id: &u128| {
                    let sort = format!("x/{}", Uuid::from_u128(*id));
                    Write::Put(RecordKey::new(format!("p{at}"), sort), Vec::new())
                };
                let writes = ids.iter().map(put).collect();
                store.commit(Batch { checks: vec![], writes }).await.unwrap();
            }
        }
        store
    }

    async fn select(indexes: &[&[u128]], in_all: bool, after: Option<u128>) -> Vec<u128> {
        let store = store(indexes).await;
        let after = after.map(Uuid::from_u128);
        let ids = |at| Ids::new(&store, format!("p{at}"), "x/".to_owned(), after);
        let mut selection = Selection { indexes: (0..indexes.len()).map(ids).collect(), in_all };
        let mut found = Vec::new();
        loop {
            let some = selection.next(3).await.unwrap();
            found.extend(some.iter().map(Uuid::as_u128));
            if some.len() < 3 {
                return found;
            }
        }
    }

    #[tokio::test]
    async fn ids_of_several_indexes_come_once_and_in_order() {
        let indexes: [&[u128]; 3] = [&[1, 3, 5, u128::MAX], &[2, 3, 4, 5, u128::MAX], &[3, 5, 9, u128::MAX]];
        assert_eq!(select(&indexes, false, None).await, [1, 2, 3, 4, 5, 9, u128::MAX]);
        assert_eq!(select(&indexes, true, None).await, [3, 5, u128::MAX]);
        assert_eq!(select(&indexes, true, Some(3)).await, [5, u128::MAX]);
        assert_eq!(select(&indexes, false, Some(u128::MAX)).await, [0_u128; 0]);
        assert_eq!(select(&[&[0, 1], &[]], true, None).await, [0_u128; 0]);
        assert_eq!(select(&[&[0, 1], &[]], false, None).await, [0, 1]);
        assert_eq!(select(&[], true, None).await, [0_u128; 0]);
    }

    #[tokio::test]
    async fn indexes_longer_than_what_is_read_at_once_are_gone_through() {
        let (even, third): (Vec<u128>, Vec<u128>) =
            ((0..2000).map(|n| n * 2).collect(), (0..2000).map(|n| n * 3).collect());
        let both: Vec<u128> = (0..4000).filter(|n| n % 6 == 0).collect();
        assert_eq!(select(&[&even, &third], true, None).await, both);
        let any: Vec<u128> = (0..6000).filter(|n| (n % 2 == 0 && *n < 4000) || n % 3 == 0).collect();
        assert_eq!(select(&[&even, &third], false, None).await, any);
        // A short index spares reading a long one.
        assert_eq!(select(&[&even, &[3000, 3001]], true, None).await, [3000]);
    }
}
