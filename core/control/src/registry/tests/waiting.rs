//! The queue of contracts that wait: of copies, without reading the others.

use super::*;
use crate::registry::testing::audit_records;
use crate::registry::{PageRequest, Search};

const CONTRACTS: EntityKind = EntityKind::ApplicationInstances;

/// Takes the copies away, as if a program from before had written everything.
async fn without_copies(store: &TestStore) {
    let is_copy = |key: &&RecordKey| key.partition == "waiting" || key.sort == "waiting_copied";
    let copies: Vec<RecordKey> = store.records().keys().filter(is_copy).cloned().collect();
    for keys in copies.chunks(50) {
        let writes = keys.iter().cloned().map(latchkey_store::Write::Delete).collect();
        store.inner.commit(Batch { checks: vec![], writes }).await.unwrap();
    }
}

/// Ids of those that wait, over pages of three.
async fn waiting(registry: &TestRegistry<'_>) -> BTreeSet<String> {
    let search = Search::parse(CONTRACTS, |name| (name == "status").then_some("1")).unwrap().unwrap();
    let (mut ids, mut offset) = (BTreeSet::new(), None::<String>);
    loop {
        let page = PageRequest::parse(Some("3"), offset.as_deref(), None).unwrap();
        let list = registry.search(&[], &page, &search).await.unwrap();
        assert!(list.data.len() <= 3);
        ids.extend(list.data.iter().map(id));
        offset = list.offset;
        if offset.is_none() {
            return ids;
        }
    }
}

/// Ten contracts, of which every other one waits: their ids.
async fn with_waiting(registry: &TestRegistry<'_>) -> BTreeSet<String> {
    with_applications(registry, &[1; 5]).await;
    let service = make(registry, EntityKind::Services, json!({"name": "asked", "host": "a"})).await;
    let plugin = json!({"name": "application-registration", "service": {"id": id(&service)},
        "config": {"display_name": "Asked"}});
    make(registry, EntityKind::Plugins, plugin).await;
    let applications = registry.list(EntityKind::Applications, &[], PageRequest::default()).await.unwrap();
    let mut waiting = BTreeSet::new();
    for application in &applications.data {
        let contract = json!({"application": {"id": id(application)}, "service": {"id": id(&service)}});
        waiting.insert(id(&make(registry, CONTRACTS, contract).await));
    }
    waiting
}

#[tokio::test]
async fn the_queue_is_read_without_the_other_contracts() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let mut expected = with_waiting(&registry).await;
    store.scanned.store(0, Ordering::Relaxed);
    assert_eq!(registry.count_waiting_contracts().await.unwrap().count, 5);
    assert_eq!(store.scanned.load(Ordering::Relaxed), 5);
    assert_eq!(waiting(&registry).await, expected);
    // Each way out of the queue.
    let ids: Vec<String> = expected.iter().cloned().collect();
    let one = |at: usize| [step(CONTRACTS, &ids[at])];
    for (at, status) in [(0, 0), (1, 2)] {
        registry.update(&one(at), &object(json!({"status": status}))).await.unwrap();
    }
    registry.delete(&one(2)).await.unwrap();
    let application = registry.read(&one(3)).await.unwrap()["application"]["id"].as_str().unwrap().to_owned();
    registry.delete(&[step(EntityKind::Applications, &application)]).await.unwrap();
    // A change that leaves it waiting.
    registry.update(&one(4), &object(json!({"suspended": true}))).await.unwrap();
    expected.retain(|id| *id == ids[4]);
    assert_eq!(waiting(&registry).await, expected);
    audit_records(&store.records());
}

#[tokio::test]
async fn what_waited_before_there_were_copies_is_copied() {
    let store = TestStore::default();
    let expected = with_waiting(&open(&store, 1).await).await;
    let known = store.dump().await;
    without_copies(&store).await;
    let registry = open(&store, 2).await;
    registry.resume_jobs().await.unwrap();
    assert_eq!(waiting(&registry).await, expected);
    assert_eq!(store.dump().await, known);
}
