//! The revocation bound with the data plane over this store, through faults.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use http::HeaderMap;
use latchkey_control::ports::testing::SeededRandom;
use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{Decision, GrantRequest, Need, Source};
use latchkey_gateway::gateway::{Gateway, GatewaySettings, GrantAnswer, Learned};
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_lambda::store::{DynamoStore, Patience};
use latchkey_published::feed::FeedRequest;
use latchkey_published::grant::Grant;
use latchkey_store::Store;
use latchkey_store::feed::read_feed;
use serde_json::{Value, json};

use crate::support::admin::{TestAdmin, call, id, make, open, peppers};
use crate::support::dynamodb::{Table, address, client};
use crate::support::fault_proxy::{Fault, FaultProxy, mixture};

const BOUND: Duration = Duration::from_millis(300);
const GIVE_UP: Duration = Duration::from_millis(100);
const PATIENCE: Patience = Patience {
    attempt: GIVE_UP,
    total: Duration::from_millis(250),
    attempts_max: 4,
    pause_first: Duration::from_millis(2),
    pause_max: Duration::from_millis(10),
};

/// Where nothing is slow by intent: an attempt that is given up would be one call more.
pub(crate) const PATIENT: Patience =
    Patience { attempt: Duration::from_secs(20), total: Duration::from_secs(20), ..PATIENCE };

/// One instance of the data plane, as a Lambda's environment has it.
pub(crate) struct Instance {
    gateway: RefCell<Gateway>,
    compiler: RefCell<ConfigCompiler>,
    store: DynamoStore,
    origin: Instant,
}

impl Instance {
    fn new(store: DynamoStore, bound: Duration, outage_grace: Duration) -> Rc<Self> {
        let settings = GatewaySettings {
            revocation_bound_ms: bound.as_millis() as u64,
            outage_grace_ms: outage_grace.as_millis() as u64,
            ..GatewaySettings::default()
        };
        Rc::new(Instance {
            gateway: RefCell::new(Gateway::new(settings, peppers())),
            compiler: RefCell::default(),
            store,
            origin: Instant::now(),
        })
    }

    fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Now { unix_ms: unix.as_millis() as u64, monotonic_ms: self.origin.elapsed().as_millis() as u64 }
    }

    /// Status of a request; 200 when it would be sent to the upstream.
    pub(crate) async fn request(self: &Rc<Self>, key: &str) -> u16 {
        let mut headers = HeaderMap::new();
        headers.insert("apikey", key.parse().unwrap());
        let head = RequestHead {
            method: "GET",
            scheme: Scheme::Http,
            host: b"gateway.test",
            path: b"/",
            query: None,
            headers: &headers,
            client_ip: None,
            server_port: 80,
            forwarded: None,
            started: self.now(),
            request_id: 1,
        };
        loop {
            let decision = self.gateway.borrow_mut().decide(&head, Body::Unread, self.now());
            match decision {
                Decision::Need(Need::Grant(request)) => {
                    if !self.learn_grant(request).await {
                        return 503;
                    }
                }
                Decision::Need(Need::Feed(request)) => self.poll(request).await,
                Decision::Need(Need::Wait { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Decision::Need(Need::Body { .. }) => panic!("keys are in a header"),
                Decision::Forward(_) => return self.end(200),
                Decision::Respond(response) => return self.end(response.status().as_u16()),
            }
        }
    }

    /// Polls beside the request when it is due.
    fn end(self: &Rc<Self>, status: u16) -> u16 {
        let due = self.gateway.borrow_mut().refresh_due(self.now());
        if let Some(request) = due {
            let instance = self.clone();
            tokio::task::spawn_local(async move { instance.poll(request).await });
        }
        status
    }

    async fn poll(&self, request: FeedRequest) {
        let asked = self.now();
        let reply = read_feed(&self.store, request, None).await.ok();
        let mut compiler = self.compiler.borrow_mut();
        self.gateway.borrow_mut().learn_feed(asked, self.now(), reply, &mut compiler).unwrap();
    }

    async fn learn_grant(&self, mut request: GrantRequest) -> bool {
        loop {
            let answer = match self.store.get(&Grant::record_key(&request.digest)).await {
                Ok(None) => GrantAnswer::Missing,
                Ok(Some(record)) => GrantAnswer::Found(Grant::decode(&record.value).unwrap()),
                Err(_) => GrantAnswer::Failed,
            };
            match self.gateway.borrow_mut().learn_grant(request, answer, self.now()) {
                Learned::Decide => return true,
                Learned::Ask(again) if request.source == Source::Replica => request = again,
                Learned::Ask(_) | Learned::Unavailable => return false,
            }
        }
    }
}

/// What is known of a contract or a credential.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    /// Revoked or deleted, which was acknowledged then.
    Gone(Instant),
    /// There, or a change is on its way.
    Other,
}

/// What is known, and how often that has changed.
type Told = (Known, u32);

pub(crate) struct World {
    pub(crate) proxy: FaultProxy,
    patience: Patience,
    table: Table,
    pub(crate) writer: TestAdmin<DynamoStore>,
    pub(crate) contract_path: String,
    pub(crate) credentials_path: String,
    contract: Cell<Told>,
    keys: [Cell<Told>; 6],
    ended: Cell<bool>,
}

impl World {
    /// With a writer and instances that wait so long.
    pub(crate) async fn new(seed: u64, patience: Patience) -> Self {
        let proxy = FaultProxy::start(address()).await;
        let table = Table::create();
        let store = DynamoStore::with_patience(client(proxy.address), &table.name, PATIENT);
        let builder = open(store, seed, 1_700_000_000_000).await.unwrap();
        let service = make(&builder, "/services", json!({"name": "s", "host": "h"})).await;
        let service = json!({"id": id(&service)});
        make(&builder, "/routes", json!({"paths": ["/"], "service": service})).await;
        make(&builder, "/plugins", json!({"name": "key-auth", "service": service})).await;
        let plugin = json!({"name": "application-registration", "service": service,
            "config": {"display_name": "S", "auto_approve": true}});
        make(&builder, "/plugins", plugin).await;
        let developer = make(&builder, "/developers", json!({"email": "a@b", "status": 0})).await;
        let application = json!({"name": "app", "redirect_uri": "https://e.test",
            "developer": {"id": id(&developer)}});
        let application = make(&builder, "/applications", application).await;
        let path = format!("/applications/{}", id(&application));
        let contracts = format!("{path}/application_instances");
        let contract = make(&builder, &contracts, json!({"service": service})).await;
        let store = DynamoStore::with_patience(client(proxy.address), &table.name, patience);
        let writer = loop {
            if let Ok(writer) = open(store.clone(), seed + 1, 1_700_000_000_000).await {
                break writer;
            }
        };
        let world = World {
            patience,
            proxy,
            table,
            writer,
            contract_path: format!("{contracts}/{}", id(&contract)),
            credentials_path: format!("{path}/credentials/oauth2"),
            contract: Cell::new((Known::Other, 0)),
            keys: std::array::from_fn(|_| Cell::new((Known::Other, 0))),
            ended: Cell::new(false),
        };
        for number in 0..world.keys.len() {
            world.add_key(number).await;
        }
        world
    }

    pub(crate) fn instance(&self, bound: Duration, outage_grace: Duration) -> Rc<Instance> {
        let store = DynamoStore::with_patience(client(self.proxy.address), &self.table.name, self.patience);
        Instance::new(store, bound, outage_grace)
    }

    async fn add_key(&self, number: usize) {
        let body = json!({"client_id": key(number), "id": credential_id(number)});
        // Refused when a call before, whose answer left it open, was made.
        self.insist("POST", &self.credentials_path, body, &[201, 400, 409]).await;
    }

    async fn delete_key(&self, number: usize) {
        let path = format!("{}/{}", self.credentials_path, credential_id(number));
        self.insist("DELETE", &path, Value::Null, &[204, 404]).await;
    }

    /// Calls until the answer is not that it may succeed later.
    async fn insist(&self, method: &str, target: &str, body: Value, expected: &[u16]) {
        loop {
            let answer = call(&self.writer, method, target, body.clone()).await;
            if answer.status != 503 {
                assert!(expected.contains(&answer.status), "{method} {target}: {answer:?}");
                return;
            }
        }
    }

    /// Revokes and approves, deletes keys and makes them again, and notes when it is acknowledged.
    async fn keep_changing(&self, random: SeededRandom) -> u32 {
        let mut revocations = 0;
        while !self.ended.get() {
            let number = (random.next() % 6) as usize;
            let is_contract = random.next().is_multiple_of(2);
            let changed = if is_contract { &self.contract } else { &self.keys[number] };
            match is_contract {
                true => self.insist("PATCH", &self.contract_path, json!({"status": 3}), &[200]).await,
                false => self.delete_key(number).await,
            }
            told(changed, Known::Gone(Instant::now()));
            revocations += 1;
            pause(BOUND.mul_f64(1.0 + (random.next() % 100) as f64 / 80.0)).await;
            told(changed, Known::Other);
            match is_contract {
                true => self.insist("PATCH", &self.contract_path, json!({"status": 0}), &[200]).await,
                false => self.add_key(number).await,
            }
            pause(BOUND.mul_f64((random.next() % 100) as f64 / 60.0)).await;
        }
        revocations
    }

    /// Sends requests with one key or another and counts the answers.
    async fn keep_asking(&self, instance: Rc<Instance>, random: SeededRandom) -> BTreeMap<u16, u32> {
        let mut answers = BTreeMap::new();
        while !self.ended.get() {
            let number = (random.next() % 6) as usize;
            let watched = [&self.contract, &self.keys[number]];
            let before = watched.map(Cell::get);
            let started = Instant::now();
            let status = instance.request(&key(number)).await;
            for (before, now) in before.into_iter().zip(watched.map(Cell::get)) {
                if let Known::Gone(at) = before.0 {
                    let passed_late = status == 200 && started > at + BOUND && before == now;
                    assert!(!passed_late, "{} passed {:?} after it was gone", key(number), started - at);
                }
            }
            *answers.entry(status).or_default() += 1;
            pause(Duration::from_millis(random.next() % 8)).await;
        }
        answers
    }
}

fn told(about: &Cell<Told>, known: Known) {
    about.set((known, about.get().1 + 1));
}

pub(crate) fn key(number: usize) -> String {
    format!("key-{number}")
}

pub(crate) fn credential_id(number: usize) -> uuid::Uuid {
    uuid::Uuid::from_u128(1_000 + number as u128)
}

async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

async fn run(seed: u64, percent: u64) {
    let world = Box::pin(World::new(seed, PATIENCE)).await;
    let instances = [world.instance(BOUND, Duration::ZERO), world.instance(BOUND, Duration::ZERO)];
    world.proxy.plan(mixture(seed, percent, GIVE_UP));
    let ask = |which: usize, more: u64| {
        world.keep_asking(instances[which].clone(), SeededRandom::new(seed * 10 + more))
    };
    let end = async {
        pause(Duration::from_secs(7)).await;
        world.ended.set(true);
    };
    let (revocations, a, b, c, ()) =
        tokio::join!(world.keep_changing(SeededRandom::new(seed)), ask(0, 1), ask(0, 2), ask(1, 3), end);
    let mut answers: BTreeMap<u16, u32> = BTreeMap::new();
    for (status, count) in [a, b, c].into_iter().flatten() {
        *answers.entry(status).or_default() += count;
    }
    let count = |status| answers.get(&status).copied().unwrap_or_default();
    assert!(
        revocations >= 3 && count(200) >= 50 && count(401) >= 50,
        "seed {seed} tried too little: {revocations} revocations, answers {answers:?}, faults {:?}",
        world.proxy.faults()
    );
}

/// No request that starts more than the bound after an acknowledged revocation passes.
#[tokio::test]
async fn the_bound_holds_through_faults() {
    for (seed, percent) in [(1, 0), (2, 15), (3, 30)] {
        tokio::task::LocalSet::new().run_until(Box::pin(run(seed, percent))).await;
    }
}

/// When the table is out of reach, what is in memory serves for bound and grace, and no longer.
#[tokio::test]
async fn an_outage_ends_in_503_after_bound_and_grace() {
    let grace = Duration::from_millis(400);
    tokio::task::LocalSet::new()
        .run_until(async {
            let world = World::new(9, PATIENT).await;
            let instance = world.instance(BOUND, grace);
            assert_eq!(instance.request(&key(0)).await, 200);
            world.proxy.plan(|_| Some(Fault::Closed));
            let began = Instant::now();
            let (mut in_grace, mut refused) = (0, 0);
            while began.elapsed() < BOUND + grace + Duration::from_millis(600) {
                let since = began.elapsed();
                match instance.request(&key(0)).await {
                    200 => {
                        assert!(since <= BOUND + grace, "passed {since:?} into the outage");
                        in_grace += u32::from(since > BOUND);
                    }
                    503 => {
                        assert!(since > BOUND, "refused {since:?} into the outage");
                        refused += 1;
                    }
                    status => panic!("answered {status}"),
                }
                pause(Duration::from_millis(10)).await;
            }
            assert!(in_grace > 0 && refused > 5, "{in_grace} in grace, {refused} refused");
            world.proxy.heal();
            let healed = Instant::now();
            while instance.request(&key(0)).await != 200 {
                assert!(healed.elapsed() < Duration::from_secs(5), "it does not recover");
                pause(Duration::from_millis(20)).await;
            }
        })
        .await;
}
