//! Random histories of calls of the Admin API with faults in between, against a model without.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use latchkey_control::ports::testing::SeededRandom;
use latchkey_control::registry::testing::{
    AnyImport, Call, Verb, assert_trail, audit, comparable, copied, without_seals,
};
use latchkey_control::schema::EntityKind;
use latchkey_lambda::store::{DynamoStore, Patience};
use latchkey_store::StoreError;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::admin::{Answer, TestAdmin, call, make, open, persist};
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
/// As long as a test goes on.
const TIME: Duration = Duration::from_secs(15);

/// Method, target and body of a call.
fn as_request(made: &Call, random: &SeededRandom) -> (&'static str, String, Value) {
    let application = any_application(random);
    let collection = match made.kind {
        EntityKind::KeyauthCredentials => "/key-auths".to_owned(),
        EntityKind::ApplicationInstances => format!("/applications/{application}/application_instances"),
        EntityKind::Oauth2Credentials => format!("/applications/{application}/credentials/oauth2"),
        kind => format!("/{}", kind.name()),
    };
    let mut body = Value::Object(made.input.clone());
    // The path says it.
    if matches!(made.kind, EntityKind::ApplicationInstances | EntityKind::Oauth2Credentials)
        && let Some(members) = body.as_object_mut()
    {
        members.remove("application");
    }
    let item = format!("{collection}/{}", made.id);
    match made.verb {
        Verb::Create => ("POST", collection, body),
        Verb::Update => ("PATCH", item, body),
        Verb::Replace => ("PUT", item, body),
        Verb::Delete => ("DELETE", item, Value::Null),
        Verb::Rotate => ("POST", format!("{item}/rotate"), body),
        Verb::EndGrace => ("DELETE", format!("{item}/rotate"), Value::Null),
    }
}

/// One of those that [`Call::any`] makes.
fn any_application(random: &SeededRandom) -> String {
    loop {
        let made = Call::any(random);
        if made.kind == EntityKind::Applications {
            return made.id;
        }
    }
}

/// The Admin API newly started, which may take a few attempts.
async fn start(store: &DynamoStore, seed: u64, unix_ms: u64) -> TestAdmin<DynamoStore> {
    for _ in 0..50 {
        match open(store.clone(), seed, unix_ms).await {
            Ok(admin) => return admin,
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    panic!("the Admin API does not start")
}

/// One caller: every answer and every state is that of a model in memory that has no faults; after
/// an answer that leaves it open, either the call was made or it was not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_caller_sees_no_fault() {
    let end = Instant::now() + TIME;
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut rotated = 0;
    for seed in 0..50 {
        if Instant::now() > end {
            break;
        }
        let proxy = FaultProxy::start(address()).await;
        let table = Table::create();
        let store = DynamoStore::with_patience(client(proxy.address), &table.name, PATIENCE);
        let direct = DynamoStore::new(client(address()), &table.name);
        let random = SeededRandom::new(seed);
        for number in 0..40 {
            let made = Call::any(&random);
            let (method, target, body) = as_request(&made, &random);
            let (unique, now_ms) = (seed * 1_000 + number, START_MS + number * 700);
            let before = table.dump().await;
            let model = open(copied(&before).await, unique, now_ms).await.unwrap();
            let expected = call(&model, method, &target, body.clone()).await;
            let after = model.registry().store().dump();

            let late = proxy.faults().get("Late").copied();
            proxy.plan(mixture(unique, 12, GIVE_UP));
            let admin = start(&store, unique, now_ms).await;
            let found = call(&admin, method, &target, body).await;
            if proxy.faults().get("Late") > late.as_ref() {
                // What is still on its way arrives.
                tokio::time::sleep(GIVE_UP + Duration::from_millis(100)).await;
            }
            proxy.heal();
            start(&direct, unique + 500, now_ms).await.registry().resume_jobs().await.unwrap();

            let words = format!("seed {seed}, call {number}: {method} {target}");
            let state = comparable(&table.dump().await);
            let was_made = state == comparable(&after);
            rotated += u32::from(made.verb == Verb::Rotate && found.status == 201);
            *seen.entry(format!("{method} {}", found.status)).or_default() += 1;
            match &found {
                Answer {
                    status: 503,
                    cause: Some(StoreError::Unavailable(_) | StoreError::Unknown(_)),
                    ..
                } => {
                    assert!(was_made || state == comparable(&before), "{words}: neither before nor after");
                }
                _ => {
                    assert_eq!(found, expected, "{words}");
                    assert!(was_made, "{words}: another state than the model's");
                }
            }
            let records = table.dump().await;
            audit(&records).await;
            assert_trail(&records);
        }
    }
    let answered =
        |status: &str| seen.iter().filter(|(key, _)| key.ends_with(status)).map(|(_, n)| n).sum::<u32>();
    println!("{seen:?}, {rotated} rotations");
    assert!(answered("201") + answered("200") > 3, "{seen:?}");
}

/// Imports through faults, each call by a program newly started: whoever goes on comes to where a model in
/// memory comes that has no faults.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_end_as_without_faults() {
    let end = Instant::now() + TIME;
    let (mut done, mut refused) = (0, 0);
    // However slow the machine is, one is done.
    let is_over = |done| Instant::now() > end && done > 0;
    for seed in 200..250 {
        if is_over(done) {
            break;
        }
        let proxy = FaultProxy::start(address()).await;
        let table = Table::create();
        let store = DynamoStore::with_patience(client(proxy.address), &table.name, PATIENCE);
        let random = SeededRandom::new(seed);
        for number in 0..4 {
            if is_over(done) {
                break;
            }
            let (import, id) = (AnyImport::any(&random), Uuid::from_u128(u128::from(number) + 1));
            let (unique, now_ms) = (seed * 1_000 + number, START_MS + number * 7);
            let model = open(copied(&table.dump().await).await, unique, now_ms).await.unwrap();
            let expected = import.run(model.registry(), id, false).await.unwrap();
            proxy.plan(mixture(unique, 12, GIVE_UP));
            let found = through_faults(&store, &import, id, unique, now_ms).await;
            // What is still on its way arrives.
            tokio::time::sleep(GIVE_UP + Duration::from_millis(100)).await;
            proxy.heal();
            start(&store, unique + 500, now_ms).await.registry().resume_jobs().await.unwrap();
            let words = format!("seed {seed}, import {number}");
            assert_eq!(found, expected, "{words}");
            let records = table.dump().await;
            let normal = |records| without_seals(comparable(records));
            assert_eq!(normal(&records), normal(&model.registry().store().dump()), "{words}");
            audit(&records).await;
            assert_trail(&records);
            done += u32::from(found);
            refused += u32::from(!found);
        }
    }
    println!("{done} imports were done, {refused} refused");
    assert!(done > 0, "{done} imports were done, {refused} refused");
}

/// Goes on with an import until it is over, by a program newly started after each failure.
async fn through_faults(store: &DynamoStore, import: &AnyImport, id: Uuid, unique: u64, now_ms: u64) -> bool {
    for attempt in 0..200 {
        let admin = start(store, unique + attempt, now_ms).await;
        let registry = admin.registry();
        let is_received = registry.read_import(id).await.is_ok_and(|report| report.state != "receiving");
        match import.run(registry, id, is_received).await {
            Ok(done) => return done,
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    panic!("the import does not end")
}

/// Three at once, each through faults of its own: what they leave is consistent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_leave_a_consistent_store() {
    let end = Instant::now() + TIME;
    let (mut done, mut left_open) = (0, 0);
    for seed in 100..150 {
        if Instant::now() > end {
            break;
        }
        let table = Table::create();
        let direct = DynamoStore::new(client(address()), &table.name);
        start(&direct, seed, START_MS).await;
        for round in 0..4 {
            let mut callers = tokio::task::JoinSet::new();
            for caller in 0..3 {
                let name = table.name.clone();
                let unique = seed * 1_000 + round * 10 + caller;
                callers.spawn(async move {
                    let proxy = FaultProxy::start(address()).await;
                    proxy.plan(mixture(unique, 10, GIVE_UP));
                    let store = DynamoStore::with_patience(client(proxy.address), name, PATIENCE);
                    let admin = start(&store, unique, START_MS + unique).await;
                    let random = SeededRandom::new(unique);
                    let mut answers = Vec::new();
                    for _ in 0..6 {
                        let made = Call::any(&random);
                        let (method, target, body) = as_request(&made, &random);
                        let answer = call(&admin, method, &target, body).await;
                        answers.push((format!("{method} {target}"), answer));
                    }
                    // What is still on its way arrives.
                    tokio::time::sleep(GIVE_UP + Duration::from_millis(100)).await;
                    answers
                });
            }
            while let Some(answers) = callers.join_next().await {
                for (words, answer) in answers.unwrap() {
                    assert!(answer.status != 500, "seed {seed}, {words}: {answer:?}");
                    done += u32::from(answer.status < 300);
                    left_open += u32::from(answer.status == 503);
                }
            }
            start(&direct, seed + 1, START_MS).await.registry().resume_jobs().await.unwrap();
            let records = table.dump().await;
            audit(&records).await;
            assert_trail(&records);
        }
    }
    println!("{done} calls made a change, {left_open} were left open");
    assert!(done > 10, "{done} calls made a change, {left_open} were left open");
}

/// A list is the same whatever its pages and whatever goes wrong while it is read.
#[tokio::test]
async fn lists_are_whole() {
    let proxy = FaultProxy::start(address()).await;
    let table = Table::create();
    let direct = start(&DynamoStore::new(client(address()), &table.name), 1, START_MS).await;
    for number in 0..25 {
        make(&direct, "/consumers", json!({"username": format!("c{number}")})).await;
    }
    let store = DynamoStore::with_patience(client(proxy.address), &table.name, PATIENCE);
    let admin = start(&store, 1, START_MS).await;
    proxy.plan(mixture(5, 20, GIVE_UP));
    let mut names = Vec::new();
    let mut target = "/consumers?size=4".to_owned();
    loop {
        let page = persist(&admin, "GET", &target, Value::Null).await;
        assert_eq!(page.status, 200);
        let data = page.body["data"].as_array().unwrap();
        names.extend(data.iter().map(|consumer| consumer["username"].as_str().unwrap().to_owned()));
        match page.body["offset"].as_str() {
            Some(offset) => target = format!("/consumers?size=4&offset={offset}"),
            None => break,
        }
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 25);
}
