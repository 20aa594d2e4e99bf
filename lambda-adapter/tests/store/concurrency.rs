//! Thirty-two writers at once, each with a client and connections of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use latchkey_control::registry::testing::{assert_trail, audit};
use latchkey_lambda::store::{DynamoStore, Patience};
use latchkey_published::feed::FeedRequest;
use latchkey_published::limits::APPLICATION_KEYS_MAX;
use latchkey_store::feed::read_feed;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::admin::{Answer, TestAdmin, id, make, open, persist};
use crate::support::dynamodb::{Table, address, client};

const WRITERS: u64 = 32;
const NOW_MS: u64 = 1_700_000_000_000;
/// So long that no answer is missed on a busy machine: each call then is one change or none.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(30),
    total: Duration::from_secs(30),
    attempts_max: 1_000,
    pause_first: Duration::from_millis(25),
    pause_max: Duration::from_millis(800),
};

/// A service that takes registrations, a developer, an application with a first credential, and
/// its contract.
struct Portal {
    table: Table,
    admin: TestAdmin<DynamoStore>,
    developer_id: String,
    application_id: String,
    contract_id: String,
}

impl Portal {
    async fn new() -> Self {
        let table = Table::create();
        let store = DynamoStore::new(client(address()), &table.name);
        let admin = open(store, 1, NOW_MS).await.unwrap();
        let service = make(&admin, "/services", json!({"name": "s", "host": "h"})).await;
        let plugin = json!({"name": "application-registration", "service": {"id": id(&service)},
            "config": {"display_name": "S", "auto_approve": true}});
        make(&admin, "/plugins", plugin).await;
        let developer = make(&admin, "/developers", json!({"email": "a@b", "status": 0})).await;
        let application = json!({"name": "app", "redirect_uri": "https://e.test",
            "developer": {"id": id(&developer)}});
        let application = make(&admin, "/applications", application).await;
        let contracts = format!("/applications/{}/application_instances", id(&application));
        let contract = make(&admin, &contracts, json!({"service": {"id": id(&service)}})).await;
        let ids = [&developer, &application, &contract].map(|entity| id(entity).to_owned());
        let [developer_id, application_id, contract_id] = ids;
        Portal { table, admin, developer_id, application_id, contract_id }
    }

    /// Makes one call in each of the writers, all at once, and returns the answers.
    async fn all_at_once(&self, request: impl Fn(u64) -> (&'static str, String, Value)) -> Vec<Answer> {
        let start = Arc::new(Barrier::new(WRITERS as usize));
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let (method, target, body) = request(writer);
            let (start, table) = (start.clone(), self.table.name.clone());
            writers.spawn(async move {
                let store = DynamoStore::with_patience(client(address()), table, PATIENCE);
                let admin = open(store, 1_000 + writer, NOW_MS).await.unwrap();
                start.wait().await;
                persist(&admin, method, &target, body).await
            });
        }
        let answers = writers.join_all().await;
        assert_eq!(answers.len() as u64, WRITERS);
        let records = self.table.dump().await;
        audit(&records).await;
        assert_trail(&records);
        answers
    }

    fn credentials(&self) -> String {
        format!("/applications/{}/credentials/oauth2", self.application_id)
    }
}

fn counted(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_has_no_more_credentials_than_it_may() {
    let portal = Portal::new().await;
    let path = portal.credentials();
    // One came with the application. There is room for some of the writers.
    let free = 18;
    for _ in 0..APPLICATION_KEYS_MAX - 1 - free {
        make(&portal.admin, &path, json!({})).await;
    }
    let answers = portal.all_at_once(|_| ("POST", path.clone(), json!({}))).await;
    let expected = BTreeMap::from([(201, free), (400, WRITERS as usize - free)]);
    assert_eq!(counted(&answers), expected, "{:?}", answers.last());
    let list = persist(&portal.admin, "GET", &format!("{path}?size=1000"), Value::Null).await;
    assert_eq!(list.body["data"].as_array().unwrap().len(), APPLICATION_KEYS_MAX);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_id_is_given_once() {
    let portal = Portal::new().await;
    let path = portal.credentials();
    let body = json!({"client_id": "the-same"});
    let answers = portal.all_at_once(|_| ("POST", path.clone(), body.clone())).await;
    assert_eq!(counted(&answers), BTreeMap::from([(201, 1), (409, 31)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_given_once() {
    let portal = Portal::new().await;
    let answers = portal.all_at_once(|_| ("POST", "/consumers".to_owned(), json!({"username": "bob"}))).await;
    assert_eq!(counted(&answers), BTreeMap::from([(201, 1), (409, 31)]));
    let developer = json!({"id": portal.developer_id});
    let answers = portal
        .all_at_once(|writer| {
            let application = json!({"name": format!("app{writer}"), "redirect_uri": "https://e.test",
                "custom_id": "the-same", "developer": developer});
            ("POST", "/applications".to_owned(), application)
        })
        .await;
    assert_eq!(counted(&answers), BTreeMap::from([(201, 1), (409, 31)]));
}

/// Every approval and revocation is made on the state that the one before left, and told in a
/// change of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_is_changed_by_one_at_a_time() {
    let portal = Portal::new().await;
    let contract =
        format!("/applications/{}/application_instances/{}", portal.application_id, portal.contract_id);
    let store = portal.admin.registry().store();
    let before = read_feed(store, FeedRequest { since: None }, None).await.unwrap().epoch;
    let answers = portal
        .all_at_once(|writer| {
            let status = if writer.is_multiple_of(2) { 0 } else { 3 };
            ("PATCH", contract.clone(), json!({"status": status}))
        })
        .await;
    assert_eq!(counted(&answers), BTreeMap::from([(200, 32)]));
    let feed = read_feed(store, FeedRequest { since: Some(before) }, None).await.unwrap();
    let epochs: Vec<u64> = feed.changes.iter().map(|change| change.epoch).collect();
    assert_eq!(epochs, (before + 1..=feed.epoch).collect::<Vec<_>>());
    assert_eq!(feed.epoch - before, WRITERS, "each answer is one change");
}
