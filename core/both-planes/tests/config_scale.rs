//! Ten thousand routes: what is stored, what an instance reads, and what a change costs.

#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use latchkey_control::ports::Random;
use latchkey_control::ports::testing::SeededRandom;
use latchkey_control::transaction::Transaction;
use latchkey_gateway::config::ConfigCompiler;
use latchkey_published::feed::{FeedReply, FeedRequest};
use latchkey_published::snapshot::ConfigKind;
use latchkey_store::feed::read_feed;
use latchkey_store::memory::MemoryStore;
use latchkey_store::{AllPage, Batch, Commit, Page, RecordKey, Store, StoreError, Versioned, Write};
use serde_json::{Value, json};
use uuid::Uuid;

const ROUTES: usize = 10_000;
/// DynamoDB's cap on an item, in bytes.
const RECORD_BYTES_MAX: usize = 400 << 10;

/// Counts what is read, and notes the largest value written.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    gets: Cell<usize>,
    scans: Cell<usize>,
    largest: Cell<usize>,
}

impl Counting {
    fn reads(&self) -> (usize, usize) {
        (self.gets.take(), self.scans.take())
    }
}

impl Store for Counting {
    async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        self.gets.set(self.gets.get() + 1);
        self.store.get(key).await
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        for write in &batch.writes {
            if let Write::Put(_, value) = write {
                self.largest.set(self.largest.get().max(value.len()));
            }
        }
        self.store.commit(batch).await
    }

    async fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.scans.set(self.scans.get() + 1);
        self.store.scan(partition, prefix, after, limit).await
    }

    async fn scan_all(&self, after: Option<&RecordKey>, limit: usize) -> Result<AllPage, StoreError> {
        self.store.scan_all(after, limit).await
    }
}

/// A route as the Admin API stores it.
fn route(id: Uuid, number: usize) -> Value {
    json!({"id": id, "name": format!("route-{number}"), "paths": [format!("/api/v1/resource-{number}")],
        "hosts": null, "methods": ["GET", "POST"], "headers": null, "snis": null, "protocols": ["http", "https"],
        "https_redirect_status_code": 426, "regex_priority": 0, "strip_path": true, "preserve_host": false,
        "path_handling": "v0", "request_buffering": true, "response_buffering": true, "tags": null,
        "service": null, "created_at": 1_700_000_000 + number, "updated_at": 1_700_000_000 + number})
}

async fn store_routes(store: &Counting) -> Vec<Uuid> {
    let random = SeededRandom::new(1);
    let ids: Vec<Uuid> = (0..ROUTES).map(|_| random.uuid()).collect();
    for (number, id) in ids.iter().enumerate() {
        publish(store, *id, route(*id, number)).await;
    }
    ids
}

async fn publish(store: &Counting, id: Uuid, route: Value) {
    let mut transaction = Transaction::new(store);
    transaction.publish_config(ConfigKind::Routes, id, Some(route));
    assert_eq!(transaction.commit(0).await, Ok(Commit::Committed));
}

fn packed_bytes(reply: &FeedReply) -> usize {
    reply.pieces.iter().map(|(_, packed)| packed.len()).sum()
}

#[tokio::test]
async fn ten_thousand_routes_are_read_at_once_and_changed_one_by_one() {
    let store = Counting::default();
    let ids = store_routes(&store).await;
    assert!(store.largest.get() < RECORD_BYTES_MAX, "a piece of {} bytes", store.largest.get());

    store.reads();
    let all = read_feed(&store, FeedRequest { since: None }, None).await.unwrap();
    assert_eq!(store.reads(), (0, 1), "(gets, scans) of a cold start");
    // In one answer of DynamoDB, which ends a page at 1 MB.
    assert!(packed_bytes(&all) < 1 << 20, "{} bytes", packed_bytes(&all));
    let mut compiler = ConfigCompiler::default();
    assert_eq!(compiler.apply(&all).unwrap().config.routes_count(), ROUTES);

    let changed = json!({"id": ids[7], "paths": ["/changed"]});
    publish(&store, ids[7], changed).await;
    store.reads();
    let news = read_feed(&store, FeedRequest { since: Some(all.epoch) }, None).await.unwrap();
    let (gets, scans) = store.reads();
    assert!(gets + scans <= 3, "{gets} gets and {scans} scans for one changed route");
    assert_eq!((news.reset, news.pieces.len()), (false, 1));
    assert_eq!(compiler.apply(&news).unwrap().config.routes_count(), ROUTES);

    let nothing = read_feed(&store, FeedRequest { since: Some(news.epoch) }, None).await.unwrap();
    assert_eq!(store.reads(), (1, 0), "(gets, scans) of a poll without news");
    assert!(nothing.pieces.is_empty() && nothing.changes.is_empty());
    println!(
        "{ROUTES} routes: {} KiB packed, largest piece {} bytes",
        packed_bytes(&all) >> 10,
        store.largest.get()
    );
}
