//! Back-ups of one platform restored on another, through faults.

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey_control::ports::testing::SeededRandom;
use latchkey_control::registry::testing::{Call, audit, comparable};
use latchkey_lambda::store::{DynamoStore, Patience};
use latchkey_published::feed::{FeedRequest, PARTITION};
use latchkey_store::feed::read_feed;
use latchkey_store::memory::MemoryStore;
use latchkey_store::{RecordKey, Store};
use serde_json::{Value, json};

use crate::support::admin::{TestAdmin, call, make, open, persist};
use crate::support::dynamodb::{Table, address, client};
use crate::support::fault_proxy::{FaultProxy, mixture};

const START_MS: u64 = 1_700_000_000_000;
const GIVE_UP: Duration = Duration::from_millis(120);
const PATIENCE: Patience = Patience {
    attempt: GIVE_UP,
    total: Duration::from_millis(500),
    attempts_max: 5,
    pause_first: Duration::from_millis(2),
    pause_max: Duration::from_millis(10),
};

/// What a back-up says of itself, and its pages.
struct Taken {
    description: Value,
    pages: Vec<Value>,
}

/// Takes a back-up, with something done before each page.
async fn back_up<S: Store>(admin: &TestAdmin<S>, mut between: impl AsyncFnMut()) -> Taken {
    let description = loop {
        let begun = call(admin, "POST", "/backups", json!({})).await;
        match begun.status {
            201 => break begun.body,
            // Begun by a call whose answer was lost.
            409 => {
                let running = persist(admin, "GET", "/backups", Value::Null).await;
                let id = running.body["data"][0]["id"].as_str().map(str::to_owned);
                if let Some(id) = id {
                    persist(admin, "DELETE", &format!("/backups/{id}"), Value::Null).await;
                }
            }
            status => assert_eq!(status, 503, "{begun:?}"),
        }
    };
    let id = description["id"].as_str().unwrap().to_owned();
    let mut pages = Vec::new();
    let mut next = Some(format!("/backups/{id}/pages?size=25"));
    while let Some(target) = next {
        between().await;
        let page = persist(admin, "GET", &target, Value::Null).await;
        assert_eq!(page.status, 200, "{page:?}");
        next = page.body["next"].as_str().map(str::to_owned);
        pages.push(page.body["data"].clone());
    }
    let ended = persist(admin, "DELETE", &format!("/backups/{id}"), Value::Null).await;
    assert_eq!(ended.status, 204, "{ended:?}");
    Taken { description, pages }
}

async fn restore<S: Store>(admin: &TestAdmin<S>, taken: &Taken, replace: bool) {
    let mut asked = taken.description.clone();
    let members = asked.as_object_mut().unwrap();
    members.retain(|name, _| ["id", "format", "peppers", "published_format", "epoch"].contains(&&**name));
    members.insert("replace".to_owned(), replace.into());
    let restore = loop {
        let answer = persist(admin, "POST", "/restores", asked.clone()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        if answer.body["stage"] == "loading" {
            break answer.body;
        }
    };
    let id = restore["id"].as_str().unwrap();
    for (number, page) in taken.pages.iter().enumerate() {
        let part = format!("/restores/{id}/parts/{number}");
        let answer = persist(admin, "PUT", &part, json!({"data": page})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let finish = format!("/restores/{id}/finish");
    let answer = persist(admin, "POST", &finish, json!({"parts": taken.pages.len()})).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

/// The Admin API newly started, which may take a few attempts.
async fn started(store: DynamoStore, seed: u64, unix_ms: u64) -> TestAdmin<DynamoStore> {
    for _ in 0..50 {
        match open(store.clone(), seed, unix_ms).await {
            Ok(admin) => return admin,
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    panic!("the Admin API does not start")
}

/// What is alike in two stores of the same.
fn alike(records: &BTreeMap<RecordKey, Vec<u8>>) -> BTreeMap<RecordKey, String> {
    let mut alike = comparable(records);
    alike.retain(|key, _| !matches!(key.partition.as_str(), "whole-store" | PARTITION));
    alike
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_moves_there_and_back_is_the_same() {
    for seed in 0..2 {
        let home = open(MemoryStore::default(), seed, START_MS).await.unwrap();
        let random = SeededRandom::new(seed);
        for _ in 0..60 {
            let _ = Call::any(&random).run(home.registry()).await;
        }
        make(&home, "/consumers", json!({"username": "kept"})).await;
        let moved = back_up(&home, async || {}).await;
        let before = alike(&home.registry().store().dump());

        let proxy = FaultProxy::start(address()).await;
        let table = Table::create();
        let store = DynamoStore::with_patience(client(proxy.address), &table.name, PATIENCE);
        let away = started(store, seed + 10, START_MS + 1_000).await;
        proxy.plan(mixture(seed, 30, GIVE_UP));
        restore(&away, &moved, false).await;
        proxy.heal();
        tokio::time::sleep(GIVE_UP + Duration::from_millis(100)).await;
        assert_eq!(alike(&table.dump().await), before, "seed {seed}");
        audit(&table.dump().await).await;

        // Writes go on there, while it is backed up.
        let mut calls = 0;
        let direct = DynamoStore::new(client(address()), &table.name);
        let writer = started(direct, seed + 20, START_MS + 2_000).await;
        proxy.plan(mixture(seed + 5, 20, GIVE_UP));
        let back = back_up(&away, async || {
            calls += 1;
            if calls < 12 {
                let _ = Call::any(&random).run(writer.registry()).await;
            }
        })
        .await;
        proxy.heal();
        audit(&table.dump().await).await;
        let again = open(MemoryStore::default(), seed + 30, START_MS + 3_000).await.unwrap();
        restore(&again, &back, false).await;
        assert_eq!(alike(&again.registry().store().dump()), before, "seed {seed}: of the moment it began");
        audit(&again.registry().store().dump()).await;
        let feed = read_feed(again.registry().store(), FeedRequest { since: None }, None).await.unwrap();
        assert!(feed.epoch >= START_MS + 3_000, "{}", feed.epoch);

        // Over what is there.
        restore(&away, &moved, true).await;
        assert_eq!(alike(&table.dump().await), before, "seed {seed}: replaced");
        audit(&table.dump().await).await;
    }
}
