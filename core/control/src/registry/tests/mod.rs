//! The registry's rules over a store in memory, with faults.

mod access;
mod accounts;
mod audit;
mod backups;
mod clients;
mod concurrency;
mod decisions;
mod digests;
mod imports;
mod jobs;
mod mails;
mod publication;
mod rotation;
mod secrets;
mod suspension;
mod totals;
mod trail;
mod transfers;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use uuid::Uuid;

use super::testing::{Comparable, Records, comparable};
use super::{Registry, Step, testing};
use crate::audit::{AuditRecord, Line};
use crate::ports::testing::{ManualClock, SeededRandom};
use crate::schema::{EntityKind, Object};
use latchkey_published::feed::{CHANGE_PREFIX, Change};
use latchkey_published::grant::Grant;
use latchkey_published::keys::{KeyDigest, Pepper, Peppers};
use latchkey_store::memory::MemoryStore;
use latchkey_store::{AllPage, Batch, Commit, Page, RecordKey, Store, StoreError, Versioned};

const START_MS: u64 = 1_700_000_000_000;

/// A store that can be made to fail, and bounds batches as DynamoDB does, unless it is told otherwise.
#[derive(Default)]
struct TestStore {
    inner: MemoryStore,
    commits: AtomicI64,
    /// The commit at which the process dies: nothing works after it.
    dies_at: AtomicI64,
    /// Whether that last commit is applied, with its reply lost.
    applies_last: std::sync::atomic::AtomicBool,
    /// The commit that is applied but whose reply is lost; all goes on after it.
    reply_lost_at: AtomicI64,
    /// The head of the feed is not checked: publications no longer wait for each other, and the
    /// guards alone must keep what is published right.
    ignores_head: std::sync::atomic::AtomicBool,
    /// All records as a back-up began.
    at_backup: std::sync::Mutex<Option<Records>>,
    /// Records that scans have answered.
    scanned: std::sync::atomic::AtomicUsize,
    /// Records that were read or written.
    operations: std::sync::atomic::AtomicUsize,
    /// Records that a batch may have; `None`: as many as DynamoDB takes.
    batch_records_max: Option<usize>,
}

impl TestStore {
    /// Another store with the same records.
    async fn copy(&self) -> TestStore {
        TestStore { inner: testing::copied(&self.records()).await, ..TestStore::default() }
    }

    fn is_dead(&self) -> bool {
        let dies_at = self.dies_at.load(Ordering::Relaxed);
        dies_at > 0 && self.commits.load(Ordering::Relaxed) >= dies_at
    }

    fn revive(&self) {
        self.dies_at.store(0, Ordering::Relaxed);
    }

    fn die_in(&self, commits: i64, applies_last: bool) {
        self.applies_last.store(applies_last, Ordering::Relaxed);
        self.dies_at.store(self.commits.load(Ordering::Relaxed) + commits, Ordering::Relaxed);
    }

    fn batch_max(&self) -> usize {
        self.batch_records_max.unwrap_or(latchkey_published::limits::BATCH_RECORDS_MAX)
    }

    async fn apply(&self, batch: Batch) -> Result<Commit, StoreError> {
        let mut touched: BTreeSet<&RecordKey> = batch.writes.iter().map(latchkey_store::Write::key).collect();
        assert_eq!(touched.len(), batch.writes.len(), "one write per record");
        touched.extend(batch.checks.iter().map(|check| match check {
            latchkey_store::Check::Absent(key) | latchkey_store::Check::VersionIs(key, _) => key,
        }));
        assert!(touched.len() <= self.batch_max(), "{} records in a batch", touched.len());
        // A restore writes and removes whatever there is, checking its own record alone.
        let run = crate::whole_store::run_key();
        let restores =
            matches!(batch.checks.as_slice(), [latchkey_store::Check::VersionIs(key, _)] if *key == run);
        if !restores {
            assert_recorded(&batch);
        }
        let mut held = Vec::new();
        for place in made(&batch).iter().map(Grant::record_key) {
            if self.inner.get(&place).await?.is_some() {
                held.push(place);
            }
        }
        let begins = batch.writes.iter().any(|write| match write {
            latchkey_store::Write::Put(key, _) => *key == run,
            latchkey_store::Write::Delete(_) => false,
        });
        let outcome = self.inner.commit(batch).await?;
        assert!(outcome == Commit::Conflict || held.is_empty(), "there was a grant at {held:?}");
        if begins && outcome == Commit::Committed {
            *self.at_backup.lock().unwrap() = Some(self.records());
        }
        Ok(outcome)
    }

    /// Makes these all the records that there are.
    async fn replace(&self, records: &Records) {
        let gone = self.records().into_keys().map(latchkey_store::Write::Delete);
        self.inner.commit(Batch { checks: vec![], writes: gone.collect() }).await.unwrap();
        let made = records.iter().map(|(key, value)| latchkey_store::Write::Put(key.clone(), value.clone()));
        self.inner.commit(Batch { checks: vec![], writes: made.collect() }).await.unwrap();
    }

    /// Every record.
    fn records(&self) -> Records {
        self.inner.dump()
    }

    /// Every record, without what differs between two ways to the same state.
    async fn dump(&self) -> Comparable {
        comparable(&self.records())
    }

    /// The grants there are, by digest.
    async fn grants(&self) -> BTreeMap<String, Grant> {
        testing::grants(&self.records())
    }
}

/// Keys that a commit says it makes: there must be no grant at any of them.
fn made(batch: &Batch) -> Vec<KeyDigest> {
    let changes = batch.writes.iter().filter_map(|write| match write {
        latchkey_store::Write::Put(key, value) if key.sort.starts_with(CHANGE_PREFIX) => {
            Some(serde_json::from_slice::<Change>(value).unwrap())
        }
        _ => None,
    });
    changes.flat_map(|change| change.replaced_and_made().1.to_vec()).collect()
}

/// Each commit that writes or removes an entity, or who may change them, has one record of the audit,
/// with a line for each; a record without such a commit there is not.
fn assert_recorded(batch: &Batch) {
    let records = batch.writes.iter().filter_map(|write| match write {
        latchkey_store::Write::Put(key, value) if key.partition == crate::audit::PARTITION => {
            Some(serde_json::from_slice::<AuditRecord>(value).unwrap())
        }
        _ => None,
    });
    let records: Vec<AuditRecord> = records.collect();
    assert!(records.len() <= 1, "{records:?}");
    let lines: Vec<&Line> = records.iter().flat_map(|record| &record.changes).collect();
    for key in batch.writes.iter().map(latchkey_store::Write::key) {
        if let Some(kind) = key.partition.strip_prefix("entity/") {
            let id: Uuid = key.sort.parse().unwrap();
            let is_told = |line: &&Line| line.entity == kind && line.entity_id == Some(id);
            assert!(lines.iter().any(is_told), "{key:?} is changed and not told: {lines:?}");
        }
    }
    for (at, line) in lines.iter().enumerate() {
        assert!(!lines[..at].contains(line), "{line:?} is told twice");
    }
}

/// Lets others go on, as waiting for a real store does.
async fn let_others_go_on() {
    tokio::task::yield_now().await;
}

impl Store for &TestStore {
    fn batch_records_max(&self) -> usize {
        self.batch_max()
    }

    async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        let_others_go_on().await;
        if self.is_dead() {
            return Err(StoreError::Unavailable("dead".into()));
        }
        self.operations.fetch_add(1, Ordering::Relaxed);
        self.inner.get(key).await
    }

    async fn commit(&self, mut batch: Batch) -> Result<Commit, StoreError> {
        let_others_go_on().await;
        self.operations.fetch_add(batch.writes.len(), Ordering::Relaxed);
        if self.ignores_head.load(Ordering::Relaxed) {
            let head = latchkey_published::feed::Head::record_key();
            batch.checks.retain(|check| match check {
                latchkey_store::Check::Absent(key) | latchkey_store::Check::VersionIs(key, _) => *key != head,
            });
        }
        if self.is_dead() {
            return Err(StoreError::Unavailable("dead".into()));
        }
        let number = self.commits.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_dead() {
            if self.applies_last.load(Ordering::Relaxed) {
                let _ = self.apply(batch).await;
            }
            return Err(StoreError::Unknown("died".into()));
        }
        let outcome = self.apply(batch).await?;
        if number == self.reply_lost_at.load(Ordering::Relaxed) {
            return Err(StoreError::Unknown("reply lost".into()));
        }
        Ok(outcome)
    }

    async fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let_others_go_on().await;
        if self.is_dead() {
            return Err(StoreError::Unavailable("dead".into()));
        }
        let page = self.inner.scan(partition, prefix, after, limit).await?;
        self.scanned.fetch_add(page.records.len(), Ordering::Relaxed);
        Ok(page)
    }

    async fn scan_all(&self, after: Option<&RecordKey>, limit: usize) -> Result<AllPage, StoreError> {
        let_others_go_on().await;
        if self.is_dead() {
            return Err(StoreError::Unavailable("dead".into()));
        }
        self.inner.scan_all(after, limit).await
    }
}

type TestRegistry<'s> = Registry<&'s TestStore, ManualClock, SeededRandom>;

fn peppers() -> Peppers {
    Peppers { current: Pepper::new(b"pepper"), previous: Some(Pepper::new(b"before")) }
}

async fn open(store: &TestStore, seed: u64) -> TestRegistry<'_> {
    let (clock, random) = (ManualClock::at(START_MS), SeededRandom::new(seed));
    Registry::open(store, clock, random, peppers()).await.unwrap()
}

fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

fn step(kind: EntityKind, key: &str) -> Step<'_> {
    Step { kind, key }
}

async fn make(registry: &TestRegistry<'_>, kind: EntityKind, value: Value) -> Object {
    registry.create(kind, &[], &object(value)).await.unwrap()
}

async fn patch(registry: &TestRegistry<'_>, kind: EntityKind, key: &str, value: Value) -> Object {
    registry.update(&[step(kind, key)], &object(value)).await.unwrap()
}

fn id(object: &Object) -> String {
    object["id"].as_str().unwrap().to_owned()
}

fn digest(key: &str) -> KeyDigest {
    peppers().current.digest(key.as_bytes())
}

async fn grant(store: &TestStore, key: &str) -> Option<Grant> {
    let record = store.inner.get(&Grant::record_key(&digest(key))).await.unwrap();
    record.map(|record| Grant::decode(&record.value).unwrap())
}

/// A developer with applications of so many credentials each, all with an approved contract for
/// the service `s`.
async fn with_applications(registry: &TestRegistry<'_>, credentials: &[usize]) {
    let service = make(registry, EntityKind::Services, json!({"name": "s", "host": "a"})).await;
    let plugin = json!({"name": "application-registration", "service": {"id": id(&service)},
        "config": {"display_name": "S", "auto_approve": true}});
    make(registry, EntityKind::Plugins, plugin).await;
    let developer = make(registry, EntityKind::Developers, json!({"email": "a@b", "status": 0})).await;
    for (number, credentials) in credentials.iter().enumerate() {
        let application = json!({"name": format!("app{number}"), "redirect_uri": "https://e.test",
            "developer": {"id": id(&developer)}});
        let application = make(registry, EntityKind::Applications, application).await;
        let application = json!({"id": id(&application)});
        let contract = json!({"application": application, "service": {"id": id(&service)}});
        make(registry, EntityKind::ApplicationInstances, contract).await;
        for more in 1..*credentials {
            let credential = json!({"application": application, "client_id": format!("key-{number}-{more}")});
            make(registry, EntityKind::Oauth2Credentials, credential).await;
        }
    }
}

/// The credentials of applications, in the order of their ids.
async fn client_ids(registry: &TestRegistry<'_>) -> Vec<Object> {
    let mut found = Vec::new();
    let applications = registry.list(EntityKind::Applications, &[], Default::default()).await.unwrap();
    for application in applications.data {
        let own = id(&application);
        let scope = [step(EntityKind::Applications, &own)];
        let kind = EntityKind::Oauth2Credentials;
        found.extend(registry.list(kind, &scope, Default::default()).await.unwrap().data);
    }
    found.sort_by_key(id);
    found
}

/// A consumer `bob` with so many keys: `key-0`, `key-1`, …
async fn with_keys(registry: &TestRegistry<'_>, keys: usize) {
    let consumer = make(registry, EntityKind::Consumers, json!({"username": "bob"})).await;
    for number in 0..keys {
        let credential = json!({"consumer": {"id": id(&consumer)}, "key": format!("key-{number}")});
        make(registry, EntityKind::KeyauthCredentials, credential).await;
    }
}

fn uuid(object: &Object) -> Uuid {
    id(object).parse().unwrap()
}
