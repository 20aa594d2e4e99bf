//! An answer of the feed lists the newest changes alone, and not many others are read for it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::cell::Cell;

use latchkey_published::feed::{Change, FeedReply, FeedRequest, Head, Shown};
use latchkey_published::keys::KeyDigest;
use latchkey_store::feed::{read_bounded_feed, read_feed};
use latchkey_store::memory::MemoryStore;
use latchkey_store::{AllPage, Batch, Commit, Page, RecordKey, Store, StoreError, Versioned, Write};

const DIGESTS_MAX: usize = 4_096;
const EPOCH: u64 = 20_000;

/// Counts what is read of a store.
#[derive(Default)]
struct Counting {
    inner: MemoryStore,
    scans: Cell<usize>,
    records: Cell<usize>,
}

impl Store for Counting {
    async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        self.inner.get(key).await
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.inner.commit(batch).await
    }

    async fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let page = self.inner.scan(partition, prefix, after, limit).await?;
        self.scans.set(self.scans.get() + 1);
        self.records.set(self.records.get() + page.records.len());
        Ok(page)
    }

    async fn scan_all(&self, after: Option<&RecordKey>, limit: usize) -> Result<AllPage, StoreError> {
        self.inner.scan_all(after, limit).await
    }
}

/// A store with changes of so many digests each.
async fn store(digests: usize) -> Counting {
    let change =
        |epoch| Change { epoch, digests: vec![KeyDigest::from_bytes([1; 32]); digests], ..Change::default() };
    let record = |epoch| Write::Put(Change::record_key(epoch), serde_json::to_vec(&change(epoch)).unwrap());
    let head = Head { epoch: EPOCH, ..Head::default() };
    let mut writes: Vec<Write> = (1..=EPOCH).map(record).collect();
    writes.push(Write::Put(Head::record_key(), serde_json::to_vec(&head).unwrap()));
    let store = Counting::default();
    store.commit(Batch { checks: vec![], writes }).await.unwrap();
    store
}

async fn ask(store: &Counting, since: Option<u64>, shown: Option<Shown>) -> (FeedReply, usize, usize) {
    store.scans.set(0);
    store.records.set(0);
    let reply = read_bounded_feed(store, FeedRequest { since }, shown, DIGESTS_MAX).await.unwrap();
    (reply, store.scans.get(), store.records.get())
}

fn epochs(reply: &FeedReply) -> (Option<u64>, u64, usize) {
    let first = reply.changes.first().map(|change| change.epoch);
    assert!(reply.changes.is_sorted_by_key(|change| change.epoch));
    (first, reply.unlisted, reply.changes.len())
}

#[tokio::test]
async fn the_newest_are_listed_and_few_others_are_read() {
    for (digests, listed, scans_max, read_max) in
        [(1, 4_096, 8, 4_960), (0, 4_096, 8, 4_960), (95, 43, 1, 64)]
    {
        let store = store(digests).await;
        let (reply, scans, read) = ask(&store, Some(5), None).await;
        let unlisted = EPOCH - listed as u64;
        assert_eq!(epochs(&reply), (Some(unlisted + 1), unlisted, listed), "{digests} digests each");
        assert!(!reply.reset);
        assert!(scans <= scans_max && read <= read_max, "{scans} scans of {read} records");
        // An instance that starts is told of what the replicas may not show.
        let shown = Shown { settled: 3, current: EPOCH - 10 };
        let (reply, ..) = ask(&store, None, Some(shown)).await;
        assert_eq!((epochs(&reply), reply.shown), ((Some(EPOCH - 9), 0, 10), shown));
        let (reply, ..) = ask(&store, None, Some(Shown::all(3))).await;
        assert_eq!((epochs(&reply), reply.reset), ((Some(unlisted + 1), unlisted, listed), true));
    }
}

#[tokio::test]
async fn who_is_hardly_behind_costs_one_scan() {
    let store = store(1).await;
    for behind in [1, 2, 64] {
        let (reply, scans, read) = ask(&store, Some(EPOCH - behind), None).await;
        assert_eq!(epochs(&reply), (Some(EPOCH - behind + 1), 0, behind as usize));
        assert_eq!((scans, read as u64), (1, behind));
    }
    let (reply, scans, _) = ask(&store, Some(EPOCH), None).await;
    assert_eq!((epochs(&reply), scans), ((None, 0, 0), 0));
}

#[tokio::test]
async fn programs_from_before_are_told_everything() {
    let store = store(1).await;
    let reply = read_feed(&store, FeedRequest { since: Some(5) }, Some(3)).await.unwrap();
    assert_eq!(epochs(&reply), (Some(6), 0, EPOCH as usize - 5));
    assert_eq!(reply.shown, Shown::all(3));
}
