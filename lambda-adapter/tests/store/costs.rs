//! What calls cost: reads, and DynamoDB's units.

use std::rc::Rc;
use std::time::Duration;

use latchkey_control::http::Step;
use latchkey_control::log_in::{PasswordAnswer, PasswordOutcome};
use latchkey_control::passwords::{Hashed, Hasher, Parameters};
use serde_json::{Value, json};

use crate::revocation::{Instance, PATIENT, World, credential_id, key};
use crate::support::admin::{call, call_portal};
use crate::support::fault_proxy::Call;

const ONE_READ: &str = "GetItem";

#[tokio::test]
async fn a_cold_key_is_one_read_and_a_warm_one_none() {
    let check = async || {
        let world = World::new(10, PATIENT).await;
        let ask = async |instance: &Rc<Instance>, key: &str| {
            world.proxy.take_calls();
            world.proxy.take_units();
            let status = instance.request(key).await;
            let actions: Vec<String> = world.proxy.take_calls().into_iter().map(|call| call.action).collect();
            (status, actions, world.proxy.take_units())
        };
        let one_read = vec![ONE_READ.to_owned()];
        let instance = world.instance(Duration::from_secs(600), Duration::ZERO);
        // The first request reads the configuration.
        let first = ask(&instance, &key(0)).await;
        assert_eq!((first.0, first.1), (200, vec!["Query".to_owned(), ONE_READ.to_owned()]));
        assert_eq!(ask(&instance, &key(1)).await, (200, one_read.clone(), 1.0));
        assert_eq!(ask(&instance, &key(1)).await, (200, vec![], 0.0));
        assert_eq!(ask(&instance, "unknown").await, (401, one_read.clone(), 1.0));
        assert_eq!(ask(&instance, "unknown").await, (401, vec![], 0.0));
        assert_eq!(ask(&instance, "lk_forged").await, (401, vec![], 0.0));
        // The second request is too late for what is known, so it polls; neither is late enough for
        // a poll beside it, whose units would count with the next.
        let bound = Duration::from_secs(2);
        let instance = world.instance(bound, Duration::ZERO);
        assert_eq!(ask(&instance, &key(1)).await.0, 200);
        tokio::time::sleep(bound + Duration::from_millis(10)).await;
        assert_eq!(ask(&instance, &key(1)).await, (200, one_read, 1.0));
    };
    tokio::task::LocalSet::new().run_until(check()).await;
}

/// Reads and records in the one commit, as docs/platforms.md has them. DynamoDB Local does not
/// reckon the units of transactions as DynamoDB does, so records are counted.
#[tokio::test]
async fn changes_cost_what_the_documentation_says() {
    let world = World::new(11, PATIENT).await;
    let contract = world.contract_path.as_str();
    let credentials = world.credentials_path.as_str();
    let rotation = format!("{credentials}/{}/rotate", credential_id(0));
    for (words, method, target, body, reads, records) in [
        ("a consumer", "POST", "/consumers", json!({"username": "bob"}), 6, 7),
        ("a consumer's key", "POST", "/consumers/bob/key-auth", json!({}), 7, 12),
        ("an application's credential", "POST", credentials, json!({}), 11, 19),
        ("revoking a contract of 8 credentials", "PATCH", contract, json!({"status": 3}), 9, 21),
        (
            "rotating an application's credential, with a grace",
            "POST",
            rotation.as_str(),
            json!({"grace_seconds": 60}),
            9,
            20,
        ),
        ("finding whose a key is", "POST", "/keys/find", json!({"key": key(3)}), 8, 0),
        ("reading a contract", "GET", contract, Value::Null, 3, 0),
    ] {
        world.proxy.take_calls();
        let answer = call(&world.writer, method, target, body).await;
        assert!(answer.status < 300, "{words}: {answer:?}");
        assert_eq!(counted(&world, words), (reads, records), "{words}");
    }
}

/// What a log-in costs besides its counting and its hash, which are elsewhere, and what a session costs then.
#[tokio::test]
async fn sessions_cost_what_the_documentation_says() {
    let world = World::new(12, PATIENT).await;
    let (nobody, mut hasher) = (Value::Null, Hasher::new(Parameters::SMALL));
    let known = json!({"email": "dee@example.org", "password": "violet harbour tulip 93"});
    let mut account = known.clone();
    account["meta"] = json!("{\"full_name\":\"Dee\"}");
    let mut passed = |step: Step| match step {
        Step::Password(need) => {
            let outcome = match hasher.work(&need.work, [7; 16]) {
                Hashed::Made(phc) => PasswordOutcome::Made(phc),
                Hashed::Right { renewed } => PasswordOutcome::Right { renewed, failures_before: 0 },
                Hashed::Wrong => PasswordOutcome::Wrong,
            };
            PasswordAnswer { state: need.state, outcome }
        }
        Step::Answer(answer) => panic!("{answer:?}"),
        Step::Call(call) => panic!("{call:?}"),
    };
    let (register, log_in) = (("POST", "/register"), ("POST", "/auth"));
    let password = passed(call_portal(&world.writer, register, "", &account, None).await);
    answered(call_portal(&world.writer, register, "", &account, Some(&password)).await, 200);
    world.proxy.take_calls();
    let password = passed(call_portal(&world.writer, log_in, "", &known, None).await);
    assert_eq!(counted(&world, "before the hash"), (5, 0));
    let step = call_portal(&world.writer, log_in, "", &known, Some(&password)).await;
    let cookie = answered(step, 204);
    assert_eq!(counted(&world, "after it"), (6, 7));
    answered(call_portal(&world.writer, ("GET", "/session"), &cookie, &nobody, None).await, 200);
    assert_eq!(counted(&world, "a session"), (5, 0));
    answered(
        call_portal(&world.writer, ("GET", "/session"), "lk_portal=lks_forged", &nobody, None).await,
        401,
    );
    assert_eq!(counted(&world, "a forged cookie"), (0, 0));
}

/// The cookies that are set, as a browser sends them back.
fn answered(step: Step, status: u16) -> String {
    let Step::Answer(answer) = step else { panic!("{step:?}") };
    assert_eq!(answer.status(), status, "{answer:?}");
    let set = answer.headers().get_all("set-cookie").iter().map(|set| set.to_str().unwrap());
    set.filter_map(|set| set.split(';').next()).collect::<Vec<_>>().join("; ")
}

/// Reads, and records in the one commit if there is one.
fn counted(world: &World, words: &str) -> (usize, usize) {
    let calls = world.proxy.take_calls();
    let (commits, reads): (Vec<&Call>, Vec<&Call>) =
        calls.iter().partition(|call| call.action == "TransactWriteItems");
    let items = |call: &&Call| call.input["TransactItems"].as_array().map_or(0, Vec::len);
    assert!(commits.len() <= 1, "{words}: {} commits", commits.len());
    (reads.len(), commits.iter().map(items).sum())
}
