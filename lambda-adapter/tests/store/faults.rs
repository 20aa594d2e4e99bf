//! What the store makes of DynamoDB's errors, of silence and of lost replies.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use latchkey_control::ports::testing::SeededRandom;
use latchkey_lambda::store::{DynamoStore, Patience};
use latchkey_store::{Batch, Check, Commit, RecordKey, Store, StoreError, Write};

use crate::support::dynamodb::{Table, address, client};
use crate::support::fault_proxy::{Fault, FaultProxy, mixture};

const COMMIT: &str = "TransactWriteItems";
/// Short, but long enough for DynamoDB Local on a busy machine.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_millis(800),
    total: Duration::from_millis(2_500),
    attempts_max: 4,
    pause_first: Duration::from_millis(5),
    pause_max: Duration::from_millis(20),
};

/// How much later a call may end on a busy machine.
const SLACK: Duration = Duration::from_secs(1);

struct Bench {
    proxy: FaultProxy,
    table: Table,
    /// Through the proxy.
    store: DynamoStore,
    /// Past it.
    direct: DynamoStore,
}

impl Bench {
    async fn new() -> Self {
        let proxy = FaultProxy::start(address()).await;
        let table = Table::create();
        let store = DynamoStore::with_patience(client(proxy.address), &table.name, PATIENCE);
        let direct = DynamoStore::new(client(address()), &table.name);
        Bench { proxy, table, store, direct }
    }

    async fn value(&self, name: &str) -> Option<Vec<u8>> {
        self.direct.get(&key(name)).await.unwrap().map(|record| record.value)
    }
}

fn key(name: &str) -> RecordKey {
    RecordKey::new("p", name)
}

fn put(name: &str, value: u8) -> Batch {
    Batch { checks: Vec::new(), writes: vec![Write::Put(key(name), vec![value])] }
}

fn put_if(check: Check, value: u8) -> Batch {
    let (Check::Absent(key) | Check::VersionIs(key, _)) = check.clone();
    Batch { checks: vec![check], writes: vec![Write::Put(key, vec![value])] }
}

/// What happens to a commit, and whether DynamoDB applies it when all attempts end so.
const FAULTS_OF_COMMITS: [(Fault, Applied); 14] = [
    (Fault::Refused("ThrottlingException"), Applied::No),
    (Fault::Refused("ProvisionedThroughputExceededException"), Applied::No),
    (Fault::Refused("RequestLimitExceeded"), Applied::No),
    (Fault::Cancelled("TransactionConflict"), Applied::No),
    (Fault::Cancelled("ThrottlingError"), Applied::No),
    (Fault::Cancelled("ProvisionedThroughputExceeded"), Applied::No),
    (Fault::Refused("TransactionInProgressException"), Applied::Unclear),
    (Fault::ServerError, Applied::Unclear),
    (Fault::ServerErrorAfter, Applied::Unclear),
    (Fault::Closed, Applied::Unclear),
    (Fault::ReplyLost, Applied::Unclear),
    (Fault::Silence, Applied::Unclear),
    (Fault::Late(Duration::from_millis(850)), Applied::Unclear),
    (Fault::Slow(Duration::from_millis(900)), Applied::Unclear),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applied {
    No,
    Unclear,
}

#[tokio::test]
async fn one_fault_is_not_noticed() {
    let bench = Bench::new().await;
    for (number, (fault, _)) in FAULTS_OF_COMMITS.into_iter().enumerate() {
        let name = number.to_string();
        bench.proxy.fail_next(1, COMMIT, fault);
        let outcome = bench.store.commit(put_if(Check::Absent(key(&name)), 1)).await;
        assert_eq!(outcome, Ok(Commit::Committed), "{fault:?}");
        assert_eq!(bench.value(&name).await, Some(vec![1]), "{fault:?}");
        let commits = bench.proxy.take_calls();
        assert_eq!(commits.len(), 2, "{fault:?}");
        let token = &commits[0].input["ClientRequestToken"];
        assert!(token.as_str().is_some_and(|token| token.len() == 32), "{token}");
        assert_eq!(commits[0].input, commits[1].input, "a repeat is the same request");
    }
}

#[tokio::test]
async fn lasting_faults_end_in_time_and_say_what_is_known() {
    let bench = Bench::new().await;
    for (number, (fault, applied)) in FAULTS_OF_COMMITS.into_iter().enumerate() {
        let name = number.to_string();
        bench.proxy.plan(move |_| Some(fault));
        let started = Instant::now();
        let outcome = bench.store.commit(put_if(Check::Absent(key(&name)), 1)).await;
        assert!(started.elapsed() < PATIENCE.total + PATIENCE.attempt + SLACK);
        let attempts = bench.proxy.take_calls().len();
        let quick = !matches!(fault, Fault::Silence | Fault::Late(_) | Fault::Slow(_));
        assert!(attempts <= 4 && (attempts == 4 || !quick), "{fault:?}: {attempts} attempts");
        match applied {
            Applied::No => {
                assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{fault:?}: {outcome:?}");
                assert_eq!(bench.value(&name).await, None, "{fault:?}");
            }
            Applied::Unclear => {
                assert!(matches!(outcome, Err(StoreError::Unknown(_))), "{fault:?}: {outcome:?}");
            }
        }
    }
}

/// Both ends of the ambiguity are real.
#[tokio::test]
async fn an_unknown_commit_may_be_applied_or_not() {
    let bench = Bench::new().await;
    bench.proxy.plan(|_| Some(Fault::ReplyLost));
    assert!(matches!(bench.store.commit(put("a", 1)).await, Err(StoreError::Unknown(_))));
    bench.proxy.plan(|_| Some(Fault::Closed));
    assert!(matches!(bench.store.commit(put("b", 1)).await, Err(StoreError::Unknown(_))));
    assert_eq!((bench.value("a").await, bench.value("b").await), (Some(vec![1]), None));
}

/// Once unclear, always unclear: that a later attempt is refused does not undo an earlier one.
#[tokio::test]
async fn a_refusal_after_a_lost_reply_leaves_it_unknown() {
    let bench = Bench::new().await;
    for last in ["ThrottlingException", "AccessDeniedException"] {
        let first = std::sync::atomic::AtomicBool::new(true);
        bench.proxy.plan(move |_| match first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => Some(Fault::ReplyLost),
            false => Some(Fault::Refused(last)),
        });
        let outcome = bench.store.commit(put(last, 1)).await;
        assert!(matches!(outcome, Err(StoreError::Unknown(_))), "{outcome:?}");
        assert_eq!(bench.value(last).await, Some(vec![1]));
    }
    bench.proxy.plan(|_| Some(Fault::Refused("AccessDeniedException")));
    let outcome = bench.store.commit(put("a", 1)).await;
    assert!(matches!(outcome, Err(StoreError::Failed(_))), "{outcome:?}");
}

/// An attempt that arrives after its repeat, and after others have written, changes nothing.
#[tokio::test]
async fn a_late_attempt_does_not_undo_what_came_after() {
    let bench = Bench::new().await;
    bench.proxy.fail_next(1, COMMIT, Fault::Late(Duration::from_millis(1_200)));
    assert_eq!(bench.store.commit(put("a", 1)).await, Ok(Commit::Committed));
    assert_eq!(bench.direct.commit(put("a", 2)).await, Ok(Commit::Committed));
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert_eq!(bench.value("a").await, Some(vec![2]));
}

/// The repeat of a commit that took effect is answered as the commit was, though its checks no
/// longer hold.
#[tokio::test]
async fn a_repeat_is_the_same_commit() {
    let bench = Bench::new().await;
    bench.direct.commit(put("a", 1)).await.unwrap();
    let version = bench.direct.get(&key("a")).await.unwrap().unwrap().version;
    bench.proxy.fail_next(2, COMMIT, Fault::ReplyLost);
    let outcome = bench.store.commit(put_if(Check::VersionIs(key("a"), version), 2)).await;
    assert_eq!(outcome, Ok(Commit::Committed));
    assert_eq!(bench.value("a").await, Some(vec![2]));
}

#[tokio::test]
async fn conflicts_are_certain() {
    let bench = Bench::new().await;
    bench.direct.commit(put("a", 1)).await.unwrap();
    let old = bench.direct.get(&key("a")).await.unwrap().unwrap().version;
    bench.direct.commit(put("a", 2)).await.unwrap();
    assert_eq!(bench.store.commit(put_if(Check::Absent(key("a")), 3)).await, Ok(Commit::Conflict));
    // The version is gone for good, so an attempt that is still on its way cannot succeed.
    bench.proxy.fail_next(1, COMMIT, Fault::Closed);
    let outcome = bench.store.commit(put_if(Check::VersionIs(key("a"), old), 3)).await;
    assert_eq!(outcome, Ok(Commit::Conflict));
    // What is there now may be deleted by the time that such an attempt arrives, ...
    bench.proxy.fail_next(1, COMMIT, Fault::Late(Duration::from_millis(1_600)));
    let outcome = bench.store.commit(put_if(Check::Absent(key("a")), 3)).await;
    assert!(matches!(outcome, Err(StoreError::Unknown(_))), "{outcome:?}");
    let delete = Batch { checks: Vec::new(), writes: vec![Write::Delete(key("a"))] };
    bench.direct.commit(delete).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_400)).await;
    // ... as here.
    assert_eq!(bench.value("a").await, Some(vec![3]));
}

#[tokio::test]
async fn reads_survive_a_fault_and_give_up_in_time() {
    let bench = Bench::new().await;
    bench.direct.commit(put("a", 1)).await.unwrap();
    let faults = [
        Fault::Refused("ThrottlingException"),
        Fault::Refused("ProvisionedThroughputExceededException"),
        Fault::ServerError,
        Fault::Closed,
        Fault::ReplyLost,
        Fault::Silence,
    ];
    for fault in faults {
        bench.proxy.fail_next(1, "GetItem", fault);
        let read = bench.store.get(&key("a")).await.unwrap().map(|record| record.value);
        assert_eq!(read, Some(vec![1]), "{fault:?}");
        bench.proxy.fail_next(1, "Query", fault);
        assert_eq!(bench.store.scan("p", "", None, 5).await.unwrap().records.len(), 1, "{fault:?}");
        bench.proxy.take_calls();
        bench.proxy.plan(move |_| Some(fault));
        let started = Instant::now();
        let read = bench.store.get(&key("a")).await;
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{fault:?}: {read:?}");
        assert!(started.elapsed() < PATIENCE.total + PATIENCE.attempt + SLACK);
        assert!(bench.proxy.take_calls().len() <= 4, "retries are multiplied");
    }
    bench.proxy.plan(|_| Some(Fault::Refused("AccessDeniedException")));
    assert!(matches!(bench.store.get(&key("a")).await, Err(StoreError::Failed(_))));
}

#[tokio::test]
async fn without_a_connection_nothing_is_applied() {
    let bench = Bench::new().await;
    let Bench { proxy, table, .. } = bench;
    let address = proxy.address;
    drop(proxy);
    tokio::task::yield_now().await;
    let store = DynamoStore::with_patience(client(address), &table.name, PATIENCE);
    let outcome = store.commit(put("a", 1)).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    let read = store.get(&key("a")).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
}

/// Writers who each add a record of their own and count it, in one commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_stays_and_nothing_is_done_twice() {
    for seed in 0..4 {
        let bench = Bench::new().await;
        let give_up = Duration::from_millis(150);
        let patience = Patience { attempt: give_up, total: Duration::from_millis(600), ..PATIENCE };
        bench.proxy.plan(mixture(seed, 40, give_up));
        let writers = (0..4).map(|writer| {
            let store = DynamoStore::with_patience(client(bench.proxy.address), &bench.table.name, patience);
            tokio::spawn(count_up(store, writer, seed))
        });
        let mut outcomes = BTreeMap::new();
        for writer in writers.collect::<Vec<_>>() {
            outcomes.extend(writer.await.unwrap());
        }
        bench.proxy.heal();
        // What is still on its way arrives.
        tokio::time::sleep(give_up + Duration::from_millis(200)).await;
        let records = bench.table.dump().await;
        let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
        for (name, outcome) in &outcomes {
            let is_there = records.contains_key(&key(name));
            let (kind, as_expected) = match outcome {
                Ok(Commit::Committed) => ("committed", is_there),
                Ok(Commit::Conflict) => ("conflict", !is_there),
                Err(StoreError::Unavailable(_)) => ("unavailable", !is_there),
                Err(StoreError::Unknown(_)) => ("unknown", true),
                Err(StoreError::Failed(text)) => panic!("seed {seed}: {text}"),
            };
            assert!(as_expected, "seed {seed}, {name}: {outcome:?}");
            *kinds.entry(kind).or_default() += 1;
        }
        let counted = records
            .get(&key("count"))
            .map_or(0, |count| u64::from_be_bytes(count.as_slice().try_into().unwrap()));
        assert_eq!(counted, records.len() as u64 - 1, "seed {seed}");
        assert!(kinds["committed"] > 20, "seed {seed}: {kinds:?}, faults {:?}", bench.proxy.faults());
    }
}

async fn count_up(
    store: DynamoStore,
    writer: u32,
    seed: u64,
) -> BTreeMap<String, Result<Commit, StoreError>> {
    let random = SeededRandom::new(seed * 100 + u64::from(writer));
    let mut outcomes = BTreeMap::new();
    for number in 0..25 {
        let Ok(count) = store.get(&key("count")).await else { continue };
        let name = format!("w{writer}/{number}/{}", random.next());
        let next =
            count.as_ref().map_or(0, |count| u64::from_be_bytes(count.value.as_slice().try_into().unwrap()))
                + 1;
        let check = match count {
            Some(count) => Check::VersionIs(key("count"), count.version),
            None => Check::Absent(key("count")),
        };
        let writes =
            vec![Write::Put(key("count"), next.to_be_bytes().to_vec()), Write::Put(key(&name), vec![1])];
        outcomes.insert(name, store.commit(Batch { checks: vec![check], writes }).await);
    }
    outcomes
}
